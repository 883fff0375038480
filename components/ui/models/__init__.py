"""The Models & prices tab."""
