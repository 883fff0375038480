"""The FastAPI side: ``opening.py`` opens what the settings name, ``server.py`` puts the server together, ``serving.py`` runs it.

``guard.py`` and ``visitors.py`` are its middleware; ``requests.py`` and ``responses.py`` hold what routes share. The other
modules are the routes: ``pictures.py`` with downloads, ``published.py`` for comparisons, ``uploads.py``, ``downloads.py``
for CSV files, ``callbacks.py`` of the API, ``operations.py`` for health and metrics.
"""
