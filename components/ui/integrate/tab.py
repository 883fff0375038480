"""The Integrate tab: the call contract, parameters, prices and behaviour of the chosen model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from components.playground import Playground
from components.ui.events import LATEST, Updates, bind
from components.ui.html import html
from components.views.integration import integration
from components.views.models import model_options
from components.views.templates import render


@dataclass(frozen=True)
class IntegrateTab:
    """The components of the tab. ``generated`` holds the model that Generate had when ``model`` was last set to follow it.

    The tab is told what to show instead of watching its own picker: a tab that is not open is not in the page, and a
    control that is not in the page reports no change.
    """

    playground: Playground
    model: gr.Dropdown
    page: gr.HTML
    generated: gr.State

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_model` updates."""
        return {self.model, self.page, self.generated}


def build_integrate_tab(playground: Playground) -> IntegrateTab:
    """Build and wire the tab."""
    first = playground.catalog.first.id
    model = gr.Dropdown(model_options(playground.catalog), value=first, label="Model", elem_id="integrate-model")
    tab = IntegrateTab(playground, model, html(elem_id="integrate"), gr.State(""))
    model.input(bind(choose_model, tab), {model}, {tab.page}, **LATEST)
    return tab


def show_model(tab: IntegrateTab, generated: str, instead: str = "") -> Updates:
    """Updates of ``tab.parts``: the model that Generate has, or another one in its place."""
    model = instead or generated
    return {tab.model: model, tab.generated: generated, tab.page: _describe(tab, model)}


def choose_model(tab: IntegrateTab, given: Updates) -> Updates:
    """Another model."""
    return {tab.page: _describe(tab, given[tab.model] or "")}


def follow_generate(tab: IntegrateTab, generated: str, before: str) -> Updates:
    """Show the model of Generate, unless it is the one from ``before``.

    A form that is filled reports a change too, sooner or later, and would undo what an address asked for here.
    """
    return show_model(tab, generated) if generated != before else {tab.model: gr.skip()}


def _describe(tab: IntegrateTab, model_id: str) -> str:
    catalog = tab.playground.catalog
    model = catalog.find(model_id) or catalog.first
    query = render("query", tab="integrate", query=f"?{urlencode({'model': model.id})}")
    return render("integrate", **integration(catalog, model)) + query
