"""Keep only the newest watch of each open page. A watch is an event that runs for as long as what it shows changes."""

from __future__ import annotations

import gradio as gr
from cachetools import LRUCache

MOST_PAGES = 10_000


class LatestOnly:
    """The newest watch of each open page, by Gradio's session. Beyond MOST_PAGES the oldest page is dropped."""

    def __init__(self) -> None:
        self._newest: LRUCache[str, object] = LRUCache(MOST_PAGES)

    def start(self, request: gr.Request) -> object:
        """Begin a watch, or an event that is followed by one; the page's earlier ones are to end."""
        event = self._newest[str(request.session_hash)] = object()
        return event

    def is_newest(self, request: gr.Request, event: object) -> bool:
        """Whether no later event of this page has begun."""
        return self._newest.get(str(request.session_hash)) is event

    def finish(self, request: gr.Request, event: object) -> None:
        """End an event; a newer one continues."""
        if self.is_newest(request, event):
            del self._newest[str(request.session_hash)]
