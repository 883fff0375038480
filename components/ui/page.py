"""The page, read as a table of contents: header, tabs, the wires between them, the public endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr

from components.errors import PlaygroundError
from components.jobs.job import Job
from components.playground import Playground, Visit
from components.ui.compare.tab import CompareTab, build_compare_tab
from components.ui.endpoints import add_endpoints
from components.ui.events import LATEST, QUIET
from components.ui.generate.tab import GenerateTab, build_generate_tab
from components.ui.header import Header, build_header, refreshed
from components.ui.history.tab import HistoryTab, build_history_tab
from components.ui.integrate.tab import IntegrateTab, build_integrate_tab
from components.ui.models.tab import ModelsTab, build_models_tab
from components.ui.slider_copies import COPIES_GO_S
from components.ui.visits import arrived
from components.views.forms import comparison_query, form_settings, other_models_query, read_settings
from components.views.queries import generate_query, read_generate_query
from components.views.templates import render
from components.views.words import TITLE, plain

FILES_GO = (600, COPIES_GO_S)  # seconds: how often Gradio looks for files of its own, and how old they may get
# What is typed before the first answer would be overwritten by it: until then, ten seconds at most, nothing is taken.
# A browser may keep a page from storing anything, and says so by an error.
OPENING = """() => {
  const parts = document.querySelectorAll('#header, #tabs');
  const inert = (on) => parts.forEach((part) => { part.inert = on; });
  window.playground = { ...window.playground, opened: () => inert(false) };
  inert(true);
  setTimeout(window.playground.opened, 10_000);
  try { return [sessionStorage.getItem('playground-form') ?? '', null]; } catch { return ['', null]; }
}"""
OPENED = "() => window.playground.opened()"
# Gradio 6.31 keeps about 0.7 MB for an open page. Of the one that was used longest ago it forgets the key first.
PAGES_REMEMBERED = 500
TABS = ("generate", "compare", "models", "history", "integrate")


class Page(gr.Blocks):  # type: ignore[misc]
    """Blocks whose files go again, and whose complaints do not repeat what a visitor typed: it may be a key."""

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Raises ValueError where a handler is sent too few values, as an older page may after an update."""
        try:
            super().validate_inputs(block_fn, inputs)
        except ValueError:
            told = f"{block_fn.name} takes {len(block_fn.inputs)} values and was sent {len(inputs)}"
            raise ValueError(told) from None


def build_page(playground: Playground) -> gr.Blocks:
    """The whole page. Nothing is shared between visitors but ``playground``."""
    with Page(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=FILES_GO) as page:
        page.state_session_capacity = PAGES_REMEMBERED
        visit = gr.State(Visit(visitor=""))
        header = build_header(playground, visit)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Generate", id="generate"):
                generate = build_generate_tab(playground, visit, header.paying)
            with gr.Tab("Compare", id="compare") as comparing:
                compare = build_compare_tab(playground, visit, header.paying)
            compare.inside(comparing)
            with gr.Tab("Models & prices", id="models") as comparison:
                models = build_models_tab(playground)
            comparison.select(models.narrow, list(models.filters), set(models.narrowing), **QUIET)
            with gr.Tab("History", id="history") as past:
                history = build_history_tab(playground, visit)
            past.select(history.show, set(history.asked), set(history.parts), **QUIET)
            with gr.Tab("Integrate", id="integrate"):
                integrate = build_integrate_tab(playground)
        gr.HTML(render("note", text=playground.storage), elem_id="storage")
        _open(page, playground, visit, header, tabs, generate, compare, history, integrate)
        _connect(playground, visit, header, tabs, generate, compare, models, integrate)
        _reuse(playground, visit, header, tabs, generate, compare, history)
        add_endpoints(playground)
    return page


def _open(
    page: gr.Blocks,
    playground: Playground,
    visit: gr.State,
    header: Header,
    tabs: gr.Tabs,
    generate: GenerateTab,
    compare: CompareTab,
    history: HistoryTab,
    integrate: IntegrateTab,
) -> None:
    """A page that opens becomes a visit and shows what its address asks for. Nothing is spent by opening one."""

    form = gr.Textbox(visible="hidden", elem_id="form-before")

    async def arrive(before: str, given: Visit, request: gr.Request) -> dict[Any, Any]:
        params = request.query_params
        query = {name: params.getlist(name) for name in params}
        opening = read_generate_query(playground.catalog, generate_query(query, before or ""))
        now = arrived(given, request)
        updates = generate.filled(opening.model, opening.parameters, now)
        described = read_generate_query(playground.catalog, query) if query.get("tab") == ["integrate"] else opening
        updates |= integrate.follow(opening.model.id, described.model.id if described.chosen else "")
        updates[visit] = now
        tab = (query.get("tab") or [""])[0]
        updates[tabs] = gr.update(selected=tab) if tab in TABS else gr.skip()
        updates |= await refreshed(playground, now, header, opening.notices)
        updates |= await generate.panel.resume(now)
        updates |= await compare.opened(query, now)
        updates |= history.opened(query)
        return updates

    outputs = {visit, tabs, *header.told, *generate.panel.parts, *generate.filling, *compare.filling, *history.filling}
    outputs |= integrate.following
    opened = page.load(arrive, [form, visit], outputs, js=OPENING, **QUIET)
    opened.then(None, None, None, js=OPENED, **QUIET)
    generate.panel.watched(opened)
    compare.watched(opened)


def _connect(
    playground: Playground,
    visit: gr.State,
    header: Header,
    tabs: gr.Tabs,
    generate: GenerateTab,
    compare: CompareTab,
    models: ModelsTab,
    integrate: IntegrateTab,
) -> None:
    """The wires between tabs."""

    async def account(now: Visit) -> dict[Any, Any]:
        updates = await refreshed(playground, now, header)
        return {part: updates.get(part, gr.skip()) for part in (header.pill, header.spend)}

    def open_model(chosen: str) -> dict[Any, Any]:
        return {generate.model: chosen, tabs: gr.update(selected="generate")} if chosen else {generate.model: gr.skip()}

    async def again(now: Visit) -> dict[Any, Any]:
        return dict(await generate.panel.resume(now))

    for change in header.changes:
        change.then(generate.follow, set(generate.read), set(generate.following), **QUIET)
    # A key that is given again lets jobs go on that waited for it.
    entered = header.changes[0].then(again, [visit], list(generate.panel.parts), **QUIET)
    generate.panel.watched(entered)
    for news in (generate.panel.news, compare.news):
        news.change(account, [visit], [header.pill, header.spend], **QUIET)
    follows = [generate.model, integrate.beside]
    generate.model.change(integrate.changed, follows, set(integrate.following), **QUIET)
    models.table.select(models.choose, None, models.chosen, **QUIET).then(
        open_model, [models.chosen], [generate.model, tabs], **QUIET
    ).then(generate.choose, set(generate.choosing), set(generate.filling) - {generate.model}, **QUIET)


def _reuse(
    playground: Playground,
    visit: gr.State,
    header: Header,
    tabs: gr.Tabs,
    generate: GenerateTab,
    compare: CompareTab,
    history: HistoryTab,
) -> None:
    """What fills a form: a job that was chosen in the history, a picture that was dropped. Sends nothing."""
    panel, chosen = history.panel, [history.panel.chosen, visit]
    generating = gr.update(selected="generate")

    async def find(job_id: str, now: Visit) -> Job:
        return await playground.jobs.find(job_id, now.visitor)

    async def use(job_id: str, now: Visit) -> dict[Any, Any]:
        """Its settings in the form, and the job itself in the place beside it."""
        try:
            job = await find(job_id, now)
            model, parameters, notice = form_settings(playground.catalog, job.model, job.body)
        except PlaygroundError as error:
            return {panel.told: render("note", text=plain(error))}
        updates = {**generate.filled(model, parameters, now), generate.panel.job: job_id, tabs: generating}
        del updates[generate.panel.place]
        return updates | await refreshed(playground, now, header, (notice,))

    async def fill(text: str, job_id: str, now: Visit) -> dict[Any, Any]:
        """What a picture that was dropped says of itself. A job that is shown stays in its place."""
        try:
            model, parameters, notice = read_settings(playground.catalog, text)
        except PlaygroundError as error:
            return await refreshed(playground, now, header, (plain(error),))
        updates = {**generate.filled(model, parameters, now), tabs: generating}
        if job_id:
            del updates[generate.panel.place]
        return updates | await refreshed(playground, now, header, (notice,))

    def comparing(query_of: Callable[[Job], dict[str, list[str]]]) -> Callable[[str, Visit], Awaitable[dict[Any, Any]]]:
        async def show(job_id: str, now: Visit) -> dict[Any, Any]:
            """The Compare tab for the chosen job, as an address with this query opens it."""
            try:
                query = query_of(await find(job_id, now))
            except PlaygroundError as error:
                return {panel.told: render("note", text=plain(error))}
            return {**await compare.opened(query, now), tabs: gr.update(selected="compare")}

        return show

    def look(job_id: str) -> dict[Any, Any]:
        return {generate.panel.job: job_id, tabs: generating}

    dropped = gr.Textbox(visible="hidden", elem_id="dropped-settings")
    dropped.input(fill, [dropped, generate.panel.job, visit], {*generate.filling, tabs, *header.told}, **LATEST)
    place = {generate.panel.job, tabs}
    generate.panel.watched(panel.use.click(use, chosen, {*generate.filling, *place, *header.told, panel.told}, **QUIET))
    generate.panel.watched(panel.open.click(look, [panel.chosen], place, **QUIET))
    for button, query_of in (
        (panel.compare, lambda job: other_models_query(playground.catalog, job)),
        (panel.whole, comparison_query),
    ):
        compare.watched(button.click(comparing(query_of), chosen, {*compare.filling, tabs, panel.told}, **QUIET))
    history.start.click(lambda: generating, None, tabs, **QUIET)
