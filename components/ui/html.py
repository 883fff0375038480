"""Our own HTML in the page: rendered by ``views.templates``, styled by assets/style/ alone."""

from __future__ import annotations

from typing import Any

import gradio as gr

# A click on an element with one of these attributes becomes an event that brings them along, ``input`` for a header
# that sorts, ``select`` for all others. Buttons and links inside such an element are their own.
SEND_CLICKS = """
const KEYS = ['job', 'entry', 'group', 'select', 'page', 'tag', 'sort', 'model', 'comparison'];
element.addEventListener('click', (event) => {
  const sender = event.target.closest(`button, a, code, ${KEYS.map((key) => `[data-${key}]`)}`);
  if (!sender || !element.contains(sender) || !KEYS.some((key) => key in sender.dataset)) return;
  trigger('sort' in sender.dataset ? 'input' : 'select', { ...sender.dataset });
});
"""
# The browser's name of a click, the same for two within a moment, as the last value: Gradio hands a set of inputs over in
# the order in which the components were made, and the component for the name is made last.
NAME_CLICK = "(...values) => [...values.slice(0, -1), window.playground.clickName()]"


def send_as(name: str) -> str:
    """The ``on_load`` script of a part: ``window.playground[name]()`` sends its ``input`` event. :func:`soon` calls it."""
    return f"window.playground = {{ ...window.playground, {name}: () => trigger('input') }}"


def soon(name: str) -> str:
    """The script of a change: it sends the event of :func:`send_as` once, a moment after the last change.

    The server may fill several controls, and an event for the first would carry the old values of the others.
    """
    return f"() => window.playground.soon('{name}')"


def html(value: str = "", *, elem_id: str | None = None, on_load: str | None = None, **properties: Any) -> gr.HTML:
    """A part of the page that shows HTML. ``on_load`` is its script, such as :data:`SEND_CLICKS`."""
    return gr.HTML(
        value,
        elem_id=elem_id,
        elem_classes="html",
        apply_default_css=False,
        js_on_load=on_load,
        **properties,
    )
