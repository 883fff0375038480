"""The Integrate tab: the call contract, parameters, prices and behaviour of the chosen model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from components.playground import Playground
from components.ui.events import LATEST, Updates, bind
from components.ui.html import SEND_CLICKS, html
from components.ui.picker import chosen_box
from components.views.integration import integration
from components.views.models.cards import show_chosen
from components.views.templates import render

INTO = "integrate-model"


@dataclass(frozen=True)
class IntegrateTab:
    """The components of the tab; a click on a model's "Try" is an event of ``page``. ``generated`` holds the model that Generate had when ``model`` was last set to follow it.

    The tab is told what to show instead of watching its own picker: a tab that is not open is not in the page, and a
    control that is not in the page reports no change.
    """

    playground: Playground
    model: gr.Textbox
    chosen: gr.HTML
    page: gr.HTML
    generated: gr.State

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_model` updates."""
        return {self.model, self.chosen, self.page, self.generated}


def build_integrate_tab(playground: Playground) -> IntegrateTab:
    """Build and wire the tab."""
    model, chosen = chosen_box(playground.catalog.first.id, INTO), html(elem_id="integrate-chosen")
    tab = IntegrateTab(playground, model, chosen, html(elem_id="integrate", on_load=SEND_CLICKS), gr.State(""))
    model.input(bind(choose_model, tab), {model}, {tab.chosen, tab.page}, **LATEST)
    return tab


def show_model(tab: IntegrateTab, generated: str, instead: str = "") -> Updates:
    """Updates of ``tab.parts``: the model that Generate has, or another one."""
    model = instead or generated
    return {tab.model: model, tab.generated: generated, **_describe(tab, model)}


def choose_model(tab: IntegrateTab, given: Updates) -> Updates:
    """Another model."""
    return _describe(tab, given[tab.model] or "")


def follow_generate(tab: IntegrateTab, generated: str, before: str) -> Updates:
    """Show the model of Generate, unless it is the one from ``before``.

    A form that is filled reports a change too, sooner or later, and would undo what an address asked for here.
    """
    return show_model(tab, generated) if generated != before else {tab.model: gr.skip()}


def _describe(tab: IntegrateTab, model_id: str) -> Updates:
    catalog = tab.playground.catalog
    model = catalog.find(model_id) or catalog.first
    query = render("query", tab="integrate", query=f"?{urlencode({'model': model.id})}")
    page = render("integrate", **integration(catalog, model)) + query
    return {tab.chosen: show_chosen(tab.playground, model, INTO), tab.page: page}
