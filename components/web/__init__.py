"""The FastAPI side: routes, middleware and the assembled application."""
