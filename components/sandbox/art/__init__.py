"""The sandbox's drawings, made from a request and nothing else; only the sandbox imports them.

``drawing`` reads a request, ``render`` makes the file; ``manners`` and ``shapes`` hold how each model draws.
"""
