"""The sandbox's drawings, made from a request and nothing else; only the sandbox imports them.

``drawing`` reads a request, ``render`` makes the file; ``subjects`` holds what a prompt can name,
``manners`` and ``shapes`` how each model draws.
"""
