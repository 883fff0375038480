"""How the events of the page are wired, the same everywhere: without a progress bar over the parts, and no endpoint."""

from __future__ import annotations

from typing import Any

# A part of the page, and what becomes of it.
Updates = dict[Any, Any]

UNSEEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
# Answered at once: Gradio's queue is for what takes its time.
QUIET: dict[str, Any] = {**UNSEEN, "queue": False}
# Of several in a row the last one counts.
LATEST: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}
# A generator that lives as long as what it watches; one more page must not wait for the others.
LONG: dict[str, Any] = {**UNSEEN, "concurrency_limit": None}
