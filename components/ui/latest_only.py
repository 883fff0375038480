"""Whose turn it is to speak on a page: of two answers that are on their way to one place, the newer question's."""

from __future__ import annotations

from collections import OrderedDict

import gradio as gr

MOST_PAGES = 10_000


class Turns:
    """The newest event of each open page, by Gradio's session. What a page never ends is forgotten with the oldest."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, object] = OrderedDict()

    def take(self, request: gr.Request) -> object:
        """A turn of this page; whatever had one before has nothing more to say."""
        page, turn = str(request.session_hash), object()
        self._newest[page] = turn
        self._newest.move_to_end(page)
        if len(self._newest) > MOST_PAGES:
            self._newest.popitem(last=False)
        return turn

    def taken(self, request: gr.Request) -> bool:
        """Whether something has a turn on this page now."""
        return str(request.session_hash) in self._newest

    def has(self, request: gr.Request, turn: object) -> bool:
        """Whether this turn is the page's newest."""
        return self._newest.get(str(request.session_hash)) is turn

    def leave(self, request: gr.Request, turn: object) -> None:
        """The turn is over; a newer one stays."""
        if self.has(request, turn):
            del self._newest[str(request.session_hash)]
