"""What ``app.py`` imports when it starts, for :mod:`tests.starting`."""

from importlib import import_module

from app import prepare_gradio

prepare_gradio()
for name in (
    "components.sandbox",
    "components.ui.mount",
    "components.web.guard",
    "components.web.server",
    "components.web.serving",
):
    import_module(name)
