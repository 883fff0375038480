"""Data as files: CSV for spreadsheets, and every fact of a job as CSV rows or JSON objects."""
