"""From a Gradio request to the visit it belongs to."""

from __future__ import annotations

import gradio as gr

from components.playground import Visit
from components.web.visitors import read_visitor


def arrived(visit: Visit, request: gr.Request) -> Visit:
    """The visit, also where the page does not know yet, or never learnt, whose it is.

    The visitor of the browser, by its cookie, begins the visit; a caller without one becomes a new visitor: nobody
    shares the empty name.
    """
    if visit.visitor:
        return visit
    visitor = read_visitor(request.headers.get("cookie", ""))
    return Visit(visitor, visit.key) if visitor else Visit(key=visit.key)
