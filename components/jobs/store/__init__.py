"""The database of the whole product: engine, executor, schema, queries and migrations. Another database starts here."""
