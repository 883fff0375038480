"""An evaluation as HTML: ``plan`` before it starts, ``matrix`` while it runs, ``results`` with ``chart`` after votes."""
