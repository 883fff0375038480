"""How events are wired, the same everywhere: handlers bound to a tab's components, no progress overlay, no public endpoint."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

import gradio as gr

from components.ui.gradio_internals import event_values

# A component and its new value, or a ``gr.update``. Inputs have the same shape: a component and its value.
Updates = dict[Any, Any]

# ``show_progress_on`` names no component: at each event Gradio's script looks up every component in whose place any event
# could show progress, hidden or not, which took half of the browser's time to open the page.
PRIVATE: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
# Without Gradio's queue, which is for long events. The events of one page are handled in the order in which they arrive.
# A further one is dropped while the first is being answered: for what must not happen twice.
DIRECT: dict[str, Any] = {**PRIVATE, "queue": False}
# Of several events in a row only the last is handled: for events that show the current state. Not for events that carry
# data: Gradio would send the data of the first.
LATEST: dict[str, Any] = {**DIRECT, "trigger_mode": "always_last"}
# Every event is handled.
EACH: dict[str, Any] = {**DIRECT, "trigger_mode": "multiple"}
# A generator that runs as long as what it watches; another page's must not wait for it.
LONG: dict[str, Any] = {**PRIVATE, "concurrency_limit": None, "trigger_mode": "multiple"}


def bind(handler: Callable[..., Any], components: object) -> Callable[..., Any]:
    """A module-level handler with its first argument given: the dataclass of components that it reads and updates.

    A bound method and no ``functools.partial``: Gradio reads from a handler's type hints that it wants the request,
    and does not find the hints of a partial.
    """
    return MethodType(handler, components)


def sent(event: gr.EventData, name: str) -> str:
    """What a click in a ``gr.HTML`` brings along under ``data-name``; "" for anything else, for a caller can forge it."""
    value = event_values(event).get(name)
    return value if isinstance(value, str) else ""
