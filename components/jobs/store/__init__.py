"""The database of jobs: engine, executor, schema, queries and migrations. Another database starts here."""
