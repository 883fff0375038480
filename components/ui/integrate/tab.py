"""The Integrate tab: the call contract, parameters, prices and behaviour of the chosen model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.playground import Playground
from components.ui.events import LATEST, QUIET
from components.views.integration import integration
from components.views.models import model_options
from components.views.templates import render

ADDRESS = "(model) => window.playground.address(`?model=${encodeURIComponent(model)}`, 'integrate')"


@dataclass(frozen=True)
class IntegrateTab:
    """``follow`` gives the updates that show the model that Generate has, or another one in its place.

    ``changed`` gives them where Generate has another model than in ``beside``, for which the shown one was chosen;
    ``following`` is what is updated. The tab is told what to show instead of watching its own picker: a tab that is
    not open is not in the page, and a control that is not in the page reports no change.
    """

    follow: Callable[..., dict[Any, Any]]
    changed: Callable[[str, str], dict[Any, Any]]
    beside: gr.State
    following: frozenset[Any]


def build_integrate_tab(playground: Playground) -> IntegrateTab:
    """Build and wire the tab."""
    catalog = playground.catalog

    def describe(model_id: str | None) -> str:
        model = catalog.find(model_id or "") or catalog.first
        return render("integrate", **integration(catalog, model))

    model = gr.Dropdown(model_options(catalog), value=catalog.first.id, label="Model", elem_id="integrate-model")
    page = gr.HTML(describe(catalog.first.id), elem_id="integrate")
    model.input(describe, model, page, **LATEST)
    model.input(None, model, None, js=ADDRESS, **QUIET)
    beside = gr.State("")

    def follow(chosen: str, instead: str = "") -> dict[Any, Any]:
        return {model: instead or chosen, page: describe(instead or chosen), beside: chosen}

    def changed(chosen: str, before: str) -> dict[Any, Any]:
        # A form that is filled reports a change too, sooner or later, and would undo what an address asked for here.
        return follow(chosen) if chosen != before else {model: gr.skip()}

    return IntegrateTab(follow, changed, beside, frozenset({model, page, beside}))
