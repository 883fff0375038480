"""Where picture files are stored. ``base`` is the interface; each backend is one file that implements it.

To add a backend, write a class beside ``folder`` and ``remote`` and return it from ``opening.open_storage``.
"""
