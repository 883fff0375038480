"""What can be run: loading the catalog, valid requests, and the models that ship."""
