"""The model picker: a text field with what is chosen, and the panel of cards that fills it. assets/picker.js opens the panel."""

from __future__ import annotations

import gradio as gr

from components.catalog.models import Catalog
from components.ui.html import html
from components.views.models.cards import show_panel


def build_panels(catalog: Catalog) -> None:
    """The panels, once for the page: for one model and for several."""
    html(show_panel(catalog, many=False) + show_panel(catalog, many=True), elem_id="pickers")


def chosen_box(value: str, elem_id: str) -> gr.Textbox:
    """The hidden field that holds what is chosen, one choice a line. A choice in the panel counts as typed into it."""
    return gr.Textbox(value, visible="hidden", elem_id=elem_id)
