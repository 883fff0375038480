"""The Gradio page. ``page`` reads as a table of contents; each tab is a folder, in which ``tab`` builds and wires it and
``display`` has its components and what they show.

``header`` has the key and who pays, ``picker`` the choice of models, ``result_actions`` what the buttons of a result do,
``endpoints`` the public API, ``theme`` the look with ``assets/``, ``gradio_internals`` every use of Gradio's private parts.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def no_stub_files() -> Iterator[None]:
    """Gradio writes no ``.pyi`` file, which only an editor reads, for component classes that are made meanwhile.

    It parses the source of each of them, which is two fifths of the time of its import. It leaves out classes without a
    source file, which all of them seem to be here.
    """
    getfile = inspect.getfile

    def without_components(object: Any) -> str:
        if type(object).__name__ == "ComponentMeta":
            raise OSError("not looked for")
        return getfile(object)

    inspect.getfile = without_components
    try:
        yield
    finally:
        inspect.getfile = getfile


with no_stub_files():
    import gradio  # noqa: F401  # every module of this package imports it after this
