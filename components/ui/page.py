"""The page, read as a table of contents: header, tabs, the wires between them, the public endpoints."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import gradio as gr

from components.errors import CapReached, DatabaseUnavailable, KeyRefused, OutOfCredits, PlaygroundError
from components.playground import Playground, Visit
from components.playground.visits import browser_visitor
from components.ui.compare.display import CompareTab
from components.ui.compare.opening import open_compare
from components.ui.compare.tab import build_compare_tab
from components.ui.endpoints import add_endpoints
from components.ui.evaluate.display import EvaluateTab, open_evaluate
from components.ui.evaluate.tab import build_evaluate_tab
from components.ui.events import DIRECT, EACH, LATEST, Updates, bind, sent
from components.ui.generate.display import GenerateTab, fill_form, read_form, show_example
from components.ui.generate.opening import open_form, open_last
from components.ui.generate.panel import show_job, shown_job, with_star
from components.ui.generate.tab import build_generate_tab, choose_model, follow
from components.ui.gradio_internals import event_values, open_page
from components.ui.header import Header, build_header, show_account, visit_of
from components.ui.history.display import HistoryTab, open_history, show_all
from components.ui.history.tab import build_history_tab
from components.ui.html import html
from components.ui.integrate.tab import IntegrateTab, build_integrate_tab, follow_generate, show_model
from components.ui.models.display import ModelsTab, open_models
from components.ui.models.tab import build_models_tab
from components.ui.picker import build_panels
from components.ui.result_actions import ResultActions, wire_result_actions
from components.views.account import NO_COOKIE
from components.views.queries.compare import comparison_query
from components.views.queries.generate import GenerateQuery, generate_query, read_generate_query
from components.views.queries.query import first_value
from components.views.recipe import read_recipe
from components.views.templates import render
from components.views.words import TITLE

# The values of `visit`, which only the server knows, and of `remembered`.
OPENING = "() => [null, window.playground.opening()]"
# For the part that receives the settings inside a dropped picture.
SEND_DROPPED = "window.playground = { ...window.playground, useSettings: (settings) => trigger('input', settings) }"
# For the part that is called when a stream to the server was cut and the server answers again.
RESUME = "window.playground = { ...window.playground, resume: () => trigger('input') }"
SOLVED_BY_ANOTHER_KEY = frozenset({KeyRefused.code, OutOfCredits.code, CapReached.code})
OPENED = "() => window.playground.opened()"
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
    """All that the wires between the tabs touch. ``remembered`` brings along the form from before a reload."""

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


def build_page(playground: Playground) -> gr.Blocks:
    """The whole page. Nothing is shared between visitors but ``playground``."""
    with open_page(TITLE) as page:
        add_endpoints(playground)  # first: Gradio names events after handlers, and none may take the name of an endpoint
        parts = build_parts(page, playground)
        wire_opening(page, parts)
        wire_tabs(parts)
        wire_history(parts)
    return page


def build_parts(page: gr.Blocks, playground: Playground) -> PageParts:
    """Header and tabs, each wired within itself."""
    html(render("skip"), elem_id="skip")
    header = build_header(playground)
    build_panels(playground.catalog)
    dropped = gr.HTML(visible="hidden", js_on_load=SEND_DROPPED)
    resumed = gr.HTML(visible="hidden", js_on_load=RESUME)
    with gr.Tabs(elem_id="tabs") as tabs:
        with gr.Tab(TABS["generate"], id="generate"):
            generate = build_generate_tab(playground, header)
        with gr.Tab(TABS["compare"], id="compare") as compare_tab:
            compare = build_compare_tab(playground, header)
        with gr.Tab(TABS["models"], id="models") as models_tab:
            models = build_models_tab(playground)
        with gr.Tab(TABS["evaluate"], id="evaluate") as evaluate_tab:
            evaluate = build_evaluate_tab(playground, header)
        with gr.Tab(TABS["history"], id="history") as history_tab:
            history = build_history_tab(playground, header)
        with gr.Tab(TABS["integrate"], id="integrate"):
            integrate = build_integrate_tab(playground)
    html(render("footer", storage=playground.storage_note, service=playground.catalog.endpoint.base_url), elem_id="storage")
    remembered = gr.Textbox(visible="hidden")
    actions = wire_result_actions(playground, header, tabs, generate, compare)
    compare.opened_by(compare_tab)
    models.opened_by(models_tab)
    evaluate.opened_by(evaluate_tab)
    history.opened_by(history_tab)
    return PageParts(
        playground=playground,
        header=header,
        tabs=tabs,
        generate=generate,
        compare=compare,
        models=models,
        evaluate=evaluate,
        history=history,
        integrate=integrate,
        actions=actions,
        remembered=remembered,
        dropped=dropped,
        resumed=resumed,
    )


def wire_opening(page: gr.Blocks, parts: PageParts) -> None:
    """A page that opens becomes a visit and shows what its address asks for."""
    header, generate, compare = parts.header, parts.generate, parts.compare
    filled = {*generate.parts, *generate.panel.parts, *compare.parts, *parts.history.opening, *parts.integrate.parts}
    filled |= {*parts.evaluate.parts, *parts.models.filters, *parts.models.parts}
    outputs = {header.visit, parts.tabs, *header.parts, *filled}
    opened = page.load(bind(arrive, parts), {header.visit, parts.remembered}, outputs, js=OPENING, **DIRECT)
    opened.then(None, None, None, js=OPENED, **DIRECT)
    generate.panel.watched(opened)
    compare.watched(opened)
    resumed = parts.resumed.input(bind(resume, parts), {header.visit, generate.panel.job}, generate.panel.parts, **LATEST)
    generate.panel.watched(resumed)
    compare.watched(resumed)


def wire_tabs(parts: PageParts) -> None:
    """From one tab to another: a key that changed, a model that was chosen, a job that was opened."""
    header, generate, integrate = parts.header, parts.generate, parts.integrate
    entered, forgotten = header.changes
    shown = {*generate.parts, *generate.panel.parts}
    for change in (entered, forgotten):
        generate.panel.watched(change.then(bind(show_with_key, parts), generate.reads, shown, **LATEST))
    # What was spent changes what fits the caps.
    header.spend.change(bind(follow, generate), generate.reads, generate.follows, **LATEST)
    chosen = [generate.model, integrate.generated]
    generate.model.change(bind(follow_generate, integrate), chosen, integrate.parts, **LATEST)
    outputs = {*generate.parts, *generate.panel.parts, parts.tabs}
    parts.models.prices.select(bind(open_model, parts), generate.reads, outputs, **EACH)
    parts.models.what_if.select(bind(open_model, parts), generate.reads, outputs, **EACH)
    parts.models.scatter.select(bind(open_model, parts), generate.reads, outputs, **EACH)
    parts.dropped.input(bind(use_dropped, parts), generate.reads, outputs | header.parts, **EACH)
    integrate.page.select(bind(open_example, parts), {header.visit}, outputs, **EACH)


def wire_history(parts: PageParts) -> None:
    """From a past job to its comparison; a list that is shown follows what is done with a result."""
    compare, history, panel = parts.compare, parts.history, parts.history.panel
    compared = {*compare.parts, parts.tabs, panel.error}
    reads = {panel.chosen, parts.header.visit}
    compare.watched(panel.comparison.click(bind(open_comparison, parts), reads, compared, **DIRECT))
    parts.actions.acted.then(bind(show_all, history), history.reads, history.listed | panel.parts, **LATEST)
    history.start.click(lambda: gr.update(selected="generate"), None, parts.tabs, **DIRECT)


# -- handlers -------------------------------------------------------------------------------------


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
    """The form that the address names with its result; without one the visitor's last job, else the example."""
    last = {} if opening.chosen else await open_last(tab, visit)
    return last or await open_form(tab, opening.model, opening.parameters, visit, opening.job)


async def show_with_key(parts: PageParts, given: Updates) -> Updates:
    """Show Generate with another key or none: the newest unfinished job, which may continue, else the form as it stands.

    An error whose cause was the key of before goes away.
    """
    tab, visit = parts.generate, given[parts.header.visit]
    with suppress(DatabaseUnavailable):
        if visit.key and await parts.playground.jobs.store.unfinished(visit.visitor):
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
