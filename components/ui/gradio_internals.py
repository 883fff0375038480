"""Every use of a Gradio detail that its documentation does not promise. The counterpart in the browser is assets/gradio.js.

Each has a test in tests/ui/test_gradio_internals.py or tests/browser/test_gradio.py that fails when Gradio changes it.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

# Gradio 6.31 keeps about 0.7 MB for each open page. Of the page that was used longest ago it drops the state first.
PAGES_REMEMBERED = 500


class Page(gr.Blocks):  # type: ignore[misc]
    """Blocks whose error for too few values does not repeat what a visitor typed, which may be a key."""

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Raises ValueError where a handler is sent too few values, as by a page from before an update."""
        try:
            super().validate_inputs(block_fn, inputs)
        except ValueError:
            counts = f"{block_fn.name} takes {len(block_fn.inputs)} values and was sent {len(inputs)}"
            raise ValueError(counts) from None


def open_page(title: str) -> Page:
    """An empty page, to be filled as a context."""
    page = Page(title=title, analytics_enabled=False, fill_width=True)
    page.state_session_capacity = PAGES_REMEMBERED
    return page


def event_values(event: gr.EventData) -> dict[str, Any]:
    """What an event has sent along. A caller can forge it: anything but an object is empty."""
    values = event._data
    return values if isinstance(values, dict) else {}
