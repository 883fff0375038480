"""Routes of evaluations: ``routes`` for the tab's script, ``voting`` for the voting page, ``exports`` for files out and in."""
