"""An evaluation as HTML and files.

``plan`` before it starts, ``matrix`` while it runs, ``voting`` for voters, ``results`` with ``chart`` after votes, ``report``
and ``export`` for files.
"""
