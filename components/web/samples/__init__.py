"""The cards of the models and the samples on them: ``routes`` serves and changes them, ``__main__`` is the host's command."""
