"""What ``app.py`` imports when it starts, for :mod:`tests.starting`."""

import gc
from importlib import import_module

from app import prepare_gradio

gc.disable()  # as app.py does, until it serves
prepare_gradio()
for name in (
    "components.sandbox",
    "components.ui.mount",
    "components.web.guard",
    "components.web.server",
    "components.web.serving",
):
    import_module(name)
