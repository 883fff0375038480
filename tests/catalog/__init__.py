"""The catalog: its file, its parameters, its prices and the requests that it allows."""
