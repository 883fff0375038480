"""The FastAPI side: ``server.py`` puts the application together, ``serving.py`` runs it; ``guard.py`` and ``visitors.py`` are its middleware.

The other modules are its routes: ``pictures.py`` with downloads, ``published.py`` for comparisons, ``uploads.py``,
``downloads.py`` for CSV files, ``callbacks.py`` of the API, ``operations.py`` for health and metrics.
"""
