"""Handlers of the page as a whole: it opens, another key is used, or one tab opens something in another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import gradio as gr

from components.errors import CapReached, DatabaseUnavailable, KeyRefused, OutOfCredits, PlaygroundError
from components.playground import Playground, Visit
from components.playground.visits import browser_visitor
from components.ui.compare.display import CompareTab
from components.ui.compare.opening import open_compare
from components.ui.evaluate.display import EvaluateTab, open_evaluate
from components.ui.events import Updates, sent
from components.ui.generate.display import GenerateTab, fill_form, read_form, show_example
from components.ui.generate.opening import open_form, open_last
from components.ui.generate.panel import show_job, shown_job, with_star
from components.ui.generate.tab import choose_model, follow
from components.ui.gradio_internals import event_values
from components.ui.header import Header, show_account, visit_of
from components.ui.history.display import HistoryTab, open_history
from components.ui.integrate.tab import IntegrateTab, show_model
from components.ui.models.display import ModelsTab, open_models
from components.ui.result_actions import ResultActions
from components.views.account import NO_COOKIE
from components.views.queries.compare import comparison_query
from components.views.queries.generate import GenerateQuery, generate_query, read_generate_query
from components.views.queries.query import first_value
from components.views.recipe import read_recipe
from components.views.templates import render

SOLVED_BY_ANOTHER_KEY = frozenset({KeyRefused.code, OutOfCredits.code, CapReached.code})
TABS = {
    "generate": "Generate",
    "compare": "Compare",
    "models": "Models & prices",
    "evaluate": "Evaluate",
    "history": "History",
    "integrate": "Integrate",
}


@dataclass(frozen=True)
class PageParts:
    """All parts that events between the tabs use. ``remembered`` holds the form from before a reload."""

    playground: Playground
    header: Header
    tabs: gr.Tabs
    generate: GenerateTab
    compare: CompareTab
    models: ModelsTab
    evaluate: EvaluateTab
    history: HistoryTab
    integrate: IntegrateTab
    actions: ResultActions
    remembered: gr.Textbox
    dropped: gr.HTML
    resumed: gr.HTML

    def select(self, tab: str) -> Updates:
        """Open this tab."""
        return {self.tabs: gr.update(selected=tab)}


async def arrive(parts: PageParts, given: Updates, request: gr.Request) -> Updates:
    """Show every tab as the address asks. Nothing is spent by opening a page."""
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    visit, catalog = visit_of(parts.header, given, request), parts.playground.catalog
    opening = read_generate_query(catalog, generate_query(query, given[parts.remembered] or ""))
    tab = first_value(query, "tab")
    named = read_generate_query(catalog, query) if tab == "integrate" else opening
    await parts.playground.resume_late(visit)
    notices = opening.notices if browser_visitor(request.cookies) else (*opening.notices, NO_COOKIE)
    return {
        parts.header.visit: visit,
        parts.tabs: gr.update(selected=tab) if tab in TABS else gr.skip(),
        **await show_account(parts.header, visit, notices),
        **await _open_generate(parts.generate, opening, visit),
        **await open_compare(parts.compare, query, visit),
        **await open_evaluate(parts.evaluate, query, visit),
        **open_history(parts.history, query),
        **(await open_models(parts.models, query) if tab == "models" else {}),
        **show_model(parts.integrate, opening.model.id, named.model.id if named.chosen else ""),
    }


async def _open_generate(tab: GenerateTab, opening: GenerateQuery, visit: Visit) -> Updates:
    """Open the form and result that the address names, else the visitor's last job, else the example."""
    last = {} if opening.chosen else await open_last(tab, visit)
    return last or await open_form(tab, opening.model, opening.parameters, visit, opening.job)


async def show_with_key(parts: PageParts, given: Updates) -> Updates:
    """Show Generate with another key or none: the newest unfinished job, which may continue, else the form as it stands.

    An error that the previous key caused disappears.
    """
    tab, visit = parts.generate, given[parts.header.visit]
    with suppress(DatabaseUnavailable):
        if visit.key and await parts.playground.jobs.unfinished(visit.visitor):
            return await open_last(tab, visit)
    job = await shown_job(tab.panel, given)
    if job and not (job.problem and job.problem.code in SOLVED_BY_ANOTHER_KEY):
        return await follow(tab, given)
    return {**await follow(tab, {**given, tab.panel.job: ""}), **show_example(tab, *read_form(tab, given))}


async def resume(parts: PageParts, given: Updates) -> Updates:
    """Show the panel's job as it is now: also one whose answer was lost on its way to the page."""
    panel, job = parts.generate.panel, await shown_job(parts.generate.panel, given)
    if job is None:
        return {panel.result: gr.skip()}
    return show_job(panel, await with_star(panel, job, given[parts.header.visit]))


async def open_model(parts: PageParts, given: Updates, event: gr.EventData) -> Updates:
    """Open the model of a row of the price list in Generate."""
    model = parts.playground.catalog.find(sent(event, "model"))
    if model is None:  # a header was clicked, to sort
        return {parts.tabs: gr.skip()}
    updates = await choose_model(parts.generate, {**given, parts.generate.model: model.id})
    return {**updates, parts.generate.model: model.id, **parts.select("generate")}


async def open_example(parts: PageParts, given: Updates, event: gr.EventData) -> Updates:
    """Open the example of a model in Generate."""
    model = parts.playground.catalog.find(sent(event, "model"))
    if model is None:
        return {parts.tabs: gr.skip()}
    opened = await open_form(parts.generate, model, model.example, given[parts.header.visit])
    return {**opened, **parts.select("generate")}


async def use_dropped(parts: PageParts, given: Updates, event: gr.EventData) -> Updates:
    """Fill the form with the settings that were found in a dropped picture. A job that is shown stays in the panel."""
    visit, tab = given[parts.header.visit], parts.generate
    try:
        model, parameters, notice = read_recipe(parts.playground.catalog, event_values(event))
    except PlaygroundError as error:
        return await show_account(parts.header, visit, (str(error.problem),))
    return {
        **await fill_form(tab, model, parameters, given),
        **await show_account(parts.header, visit, (notice,)),
        **parts.select("generate"),
    }


async def open_comparison(parts: PageParts, given: Updates) -> Updates:
    """Open the comparison that the chosen job was made in."""
    visit = given[parts.header.visit]
    try:
        query = comparison_query(await parts.playground.jobs.find(given[parts.history.panel.chosen], visit.visitor))
    except PlaygroundError as error:
        return {parts.history.panel.error: render("note", text=str(error.problem))}
    return {**await open_compare(parts.compare, query, visit), **parts.select("compare")}
