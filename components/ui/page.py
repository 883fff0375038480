"""The page, read as a table of contents: header, tabs, the wires between them, the public endpoints."""

from __future__ import annotations

import gradio as gr

from components.playground import Playground
from components.ui.compare.tab import build_compare_tab
from components.ui.endpoints import add_endpoints
from components.ui.evaluate.tab import build_evaluate_tab
from components.ui.events import DIRECT, EACH, LATEST, bind
from components.ui.generate.tab import build_generate_tab, follow
from components.ui.gradio_internals import open_page
from components.ui.header import build_header
from components.ui.history.display import show_all
from components.ui.history.tab import build_history_tab
from components.ui.html import html
from components.ui.integrate.tab import build_integrate_tab, follow_generate
from components.ui.models.tab import build_models_tab
from components.ui.page_events import (
    TABS,
    PageParts,
    arrive,
    open_comparison,
    open_example,
    open_model,
    resume,
    show_with_key,
    use_dropped,
)
from components.ui.picker import build_panels
from components.ui.result_actions import wire_result_actions
from components.views.templates import render
from components.views.words import TITLE

# The values of `visit`, which only the server knows, and of `remembered`.
OPENING = "() => [null, window.playground.opening()]"
# For the part that receives the settings inside a dropped picture.
SEND_DROPPED = "window.playground = { ...window.playground, useSettings: (settings) => trigger('input', settings) }"
# For the part that is called when a stream to the server was cut and the server answers again.
RESUME = "window.playground = { ...window.playground, resume: () => trigger('input') }"
OPENED = "() => window.playground.opened()"


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
