"""The model picker: a text field with what is chosen, and the panel of cards that fills it. assets/picker.js opens the panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.catalog.models import Catalog
from components.ui.events import LATEST, Updates, bind
from components.ui.html import html
from components.views.models.cards import show_panel, show_several
from components.views.models.facts import cheapest

PICKS: Mapping[str, Callable[[Catalog], list[str]]] = {
    "Cheapest four": cheapest,
    "Every model": lambda catalog: cheapest(catalog, most=None),
    "Those that take a picture": lambda catalog: cheapest(catalog, "image", most=None),
}


@dataclass(frozen=True)
class SeveralModels:
    """A field for several models with settings of their own: ``box`` holds one choice a line, ``chosen`` shows them.

    ``opener`` is the text of the button that opens the panel.
    """

    catalog: Catalog
    box: gr.Textbox
    chosen: gr.HTML
    opener: str

    @property
    def parts(self) -> set[Any]:
        """What :meth:`show` updates."""
        return {self.box, self.chosen}

    def read(self, given: Mapping[Any, Any]) -> tuple[str, ...]:
        """The choices as texts."""
        return tuple((given[self.box] or "").splitlines())

    def show(self, choices: Sequence[str]) -> Updates:
        """Updates of ``parts``; a field in a tab that is not open reports no change, so both are set."""
        return {self.box: "\n".join(choices), self.chosen: _show_several(self, choices)}


def build_panels(catalog: Catalog) -> None:
    """The panels, once for the page: for one model and for several."""
    html(show_panel(catalog, many=False) + show_panel(catalog, many=True), elem_id="pickers")


def chosen_box(value: str, elem_id: str) -> gr.Textbox:
    """The hidden field that holds what is chosen, one choice a line. A choice in the panel counts as typed into it."""
    # Gradio shows hidden components when their row is first shown, so the style sheet hides this one.
    return gr.Textbox(value, visible="hidden", elem_id=elem_id, elem_classes="picker-box")


def build_several(
    catalog: Catalog, choices: Sequence[str], elem_id: str, opener: str = "Choose models", *, picks: bool = True
) -> SeveralModels:
    """Build and wire the field, filled with ``choices``; with ``picks`` also buttons that choose a group at once."""
    box, chosen = chosen_box("\n".join(choices), elem_id), html(elem_id=f"{elem_id}-chosen")
    several = SeveralModels(catalog, box, chosen, opener)
    chosen.value = _show_several(several, choices)
    with gr.Row(elem_classes="button-row", visible=picks):
        for label, pick in PICKS.items() if picks else ():
            button = gr.Button(label, size="sm", min_width=60)
            button.click(lambda pick=pick: "\n".join(pick(catalog)), None, box, **LATEST)
    box.change(bind(_follow_box, several), {box}, {chosen}, **LATEST)
    return several


def _follow_box(several: SeveralModels, given: Updates) -> Updates:
    return {several.chosen: _show_several(several, several.read(given))}


def _show_several(several: SeveralModels, choices: Sequence[str]) -> str:
    return show_several(several.catalog, choices, str(several.box.elem_id), several.opener)
