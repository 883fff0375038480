"""The History tab: every job of this visitor, a page of the list at a time, and what it all cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import gradio as gr

from components.errors import PlaygroundError
from components.jobs.job import HistoryPage, JobState
from components.playground import Playground
from components.ui.events import DIRECT, LATEST, Updates, bind, sent
from components.ui.header import Header, visit_of
from components.ui.history.panel import HistoryPanel, build_history_panel, choose, refresh, star
from components.ui.html import SEND_CLICKS, html
from components.ui.latest_only import LatestOnly
from components.views import history
from components.views.queries import HistoryFilters, first, read_history_query, write_history_query
from components.views.templates import render
from components.views.words import STATE_WORDS, plain

BEAT_S = 2.0
VIEWS = ("gallery", "table")
EMPTY = "Your requests and pictures will appear here. Only this browser can see them."
NO_MATCH = "No request matches these filters."
SCROLL_TO_PANEL = "() => window.playground.showChosen()"


@dataclass(frozen=True)
class HistoryTab:
    """The components of the tab. ``position`` holds where in the history the list stands, ``digest`` what it shows."""

    playground: Playground
    header: Header
    panel: HistoryPanel
    filters: Filters
    count: gr.HTML
    newer: gr.Button
    older: gr.Button
    entries: gr.HTML
    nothing: gr.HTML
    start: gr.Button
    clear: gr.Button
    files: gr.HTML
    spend: gr.HTML
    position: gr.State
    digest: gr.State
    ticker: gr.Timer
    latest: LatestOnly = field(default_factory=LatestOnly)

    @property
    def reads(self) -> set[Any]:
        """What the handlers read."""
        return {*self.filters.controls, self.filters.view, self.position, self.digest, *self.panel.reads}

    @property
    def opening(self) -> set[Any]:
        """What :func:`open_history` updates."""
        return {*self.filters.controls, self.filters.view}

    @property
    def listed(self) -> set[Any]:
        """What :func:`show_list` updates."""
        buttons = {self.start, self.clear, self.newer, self.older}
        return {
            self.entries,
            self.nothing,
            *buttons,
            self.files,
            self.count,
            self.position,
            self.digest,
            self.ticker,
            self.panel.error,
        }

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_all` updates."""
        return self.listed | self.panel.parts

    def opened_by(self, tab: gr.Tab) -> None:
        """Look anew whenever the tab is opened."""
        tab.select(bind(show_all, self), self.reads, self.parts, **DIRECT)


@dataclass(frozen=True)
class Filters:
    """What filters the list, and how it is shown."""

    text: gr.Textbox
    model: gr.Dropdown
    state: gr.Dropdown
    since: gr.DateTime
    until: gr.DateTime
    starred: gr.Checkbox
    view: gr.Radio

    @property
    def controls(self) -> set[Any]:
        """All but the view."""
        return {self.text, self.model, self.state, self.since, self.until, self.starred}

    def read(self, given: Mapping[Any, Any]) -> HistoryFilters:
        """What the controls hold; an emptied control may hold None."""
        return HistoryFilters(
            text=given[self.text] or "",
            model=given[self.model] or "",
            state=given[self.state] or "",
            starred=bool(given[self.starred]),
            since=given[self.since] or "",
            until=given[self.until] or "",
        )

    def show(self, filters: HistoryFilters) -> Updates:
        """Updates of ``controls``."""
        return {
            self.text: filters.text,
            self.model: filters.model,
            self.state: filters.state,
            self.starred: filters.starred,
            self.since: filters.since or None,
            self.until: filters.until or None,
        }


def build_history_tab(playground: Playground, header: Header) -> HistoryTab:
    """Build and wire the tab."""
    with gr.Row(elem_id="history-filters"):
        text = gr.Textbox(
            label="Search", placeholder="Prompt, note, #tag, model, task id", max_lines=1, elem_id="history-text"
        )
        model = gr.Dropdown(model_choices(playground), value="", label="Model", elem_id="history-model")
        state = gr.Dropdown(state_choices(), value="", label="State", elem_id="history-state")
        since = gr.DateTime(label="From (UTC)", elem_id="history-since", include_time=False, type="string")
        until = gr.DateTime(label="To (UTC)", elem_id="history-until", include_time=False, type="string")
    with gr.Row(elem_id="history-bar"):
        view = gr.Radio(
            [(name.capitalize(), name) for name in VIEWS],
            value=VIEWS[0],
            label="View",
            show_label=False,
            container=False,
            elem_id="history-view",
            min_width=160,
        )
        starred = gr.Checkbox(label="Starred only", container=False, elem_id="history-starred", min_width=120)
        count = html(elem_id="history-count")
        newer = gr.Button("Newer", size="sm", interactive=False, min_width=80, elem_id="history-newer")
        older = gr.Button("Older", size="sm", interactive=False, min_width=80, elem_id="history-older")
    error = html(elem_id="history-told")
    with gr.Row(elem_id="history", equal_height=False):
        with gr.Column(scale=7, min_width=280, elem_id="history-list"):
            entries = html(elem_id="history-entries", on_load=SEND_CLICKS)
            nothing = html(elem_id="history-nothing")
            start = gr.Button("Make the first picture", visible=False, variant="primary", elem_id="history-start")
            clear = gr.Button("Clear filters", visible=False, elem_id="history-clear")
            files = html(elem_id="history-files")
        panel = build_history_panel(playground, header, error)
    with gr.Accordion("Spend by day and model, last 30 days", open=False, elem_id="history-spend") as accordion:
        spend = html()
    filters = Filters(text, model, state, since, until, starred, view)
    tab = HistoryTab(
        playground, header, panel, filters, count, newer, older, entries, nothing, start, clear, files, spend,
        gr.State(history.Position()), gr.State(""), gr.Timer(BEAT_S, active=False),
    )  # fmt: skip
    gr.on([part.change for part in filters.controls], bind(filter_list, tab), tab.reads, tab.listed, **LATEST)
    view.change(bind(show_all, tab), tab.reads, tab.parts, **DIRECT)
    older.click(bind(go_older, tab), tab.reads, tab.listed, **DIRECT)
    newer.click(bind(go_newer, tab), tab.reads, tab.listed, **DIRECT)
    tab.ticker.tick(bind(tick, tab), tab.reads, tab.parts, **DIRECT)
    clear.click(bind(clear_filters, tab), None, filters.controls, **DIRECT)
    accordion.expand(bind(show_spend, tab), {header.visit}, {spend}, **DIRECT)
    clicked = {**DIRECT, "trigger_mode": "multiple"}
    outputs = panel.parts | {text}
    entered = entries.select(bind(click_entry, tab), tab.reads, outputs, **clicked)
    entered.then(None, None, None, js=SCROLL_TO_PANEL, **DIRECT)
    panel.asked.select(bind(click_entry, tab), tab.reads, outputs, **clicked)
    for change in (*panel.changes, entered):
        change.then(bind(show_all, tab), tab.reads, tab.parts, **DIRECT)
    return tab


def model_choices(playground: Playground) -> list[tuple[str, str]]:
    """(label, id) of every model, "" first."""
    return [("Any model", ""), *((model.name, model.id) for model in playground.catalog.models)]


def state_choices() -> list[tuple[str, str]]:
    """(word, state) of every state, "" first."""
    return [
        ("Any state", ""),
        *((word, str(state)) for state, word in STATE_WORDS.items() if state is not JobState.ABANDONED),
    ]


# -- what an event shows --------------------------------------------------------------------------


def open_history(tab: HistoryTab, query: Mapping[str, list[str]]) -> Updates:
    """Updates of the filters and the view for an address; none for the address of another tab."""
    if first(query, "tab") != "history":
        return {}
    models = [value for _, value in model_choices(tab.playground)]
    filters = read_history_query(query, models, [value for _, value in state_choices()])
    table = (query.get("view") or [""])[0] == VIEWS[1]
    return {**tab.filters.show(filters), tab.filters.view: VIEWS[table]}


async def look(tab: HistoryTab, given: Updates, position: history.Position, request: gr.Request) -> Updates:
    """The page of the list that begins there; nothing where a newer event of this page has begun meanwhile."""
    event, visit = tab.latest.start(request), visit_of(tab.header, given, request)
    try:
        filters = tab.filters.read(given)
        wanted = filters.job_filter()
        page = await tab.playground.history(visit, wanted, history.PAGE, position.before)
        while not page.jobs and position.newer_pages:  # all of it was deleted
            position = position.newer()
            page = await tab.playground.history(visit, wanted, history.PAGE, position.before)
        updates = show_list(tab, given, filters, page, position)
    except PlaygroundError as error:
        updates = {tab.panel.error: render("note", text=plain(error))}
    finally:
        newest = tab.latest.is_newest(request, event)
        tab.latest.finish(request, event)
    return updates if newest else {tab.panel.error: gr.skip()}


def show_list(
    tab: HistoryTab, given: Updates, filters: HistoryFilters, page: HistoryPage, position: history.Position
) -> Updates:
    """Updates of ``tab.listed``."""
    view = given[tab.filters.view]
    position = history.Position(position.newer_pages, page.jobs[-1].id if page.jobs else "")
    shown = history.show_jobs(tab.playground.catalog, page.entries, view)
    digest = sha256(shown.encode("utf-8", "replace")).hexdigest()
    filtered = filters != HistoryFilters()
    empty = "" if page.jobs else NO_MATCH if filtered else EMPTY
    query = write_history_query(filters, "" if view == VIEWS[0] else view)
    return {
        # The same HTML again would take the focus from what is being pressed in it.
        tab.entries: gr.skip() if digest == given[tab.digest] else shown,
        tab.digest: digest,
        tab.position: position,
        tab.nothing: render("note", text=empty),
        tab.start: gr.update(visible=empty == EMPTY),
        tab.clear: gr.update(visible=empty == NO_MATCH),
        tab.count: render("note", text=history.count_text(page, position)) + render("query", tab="history", query=query),
        tab.files: history.download_links(page, filters),
        tab.newer: gr.update(interactive=bool(position.newer_pages)),
        tab.older: gr.update(interactive=position.first - 1 + len(page.jobs) < page.total),
        tab.panel.error: "",
        tab.ticker: gr.update(active=any(not job.settled for job in page.jobs)),
    }


# -- handlers -------------------------------------------------------------------------------------


async def filter_list(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """Other filters: the newest jobs first."""
    return await look(tab, given, history.Position(), request)


async def show_all(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """The page of the list that is shown, and the chosen job, as they are now."""
    return {**await look(tab, given, given[tab.position], request), **await refresh(tab.panel, given)}


async def tick(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """The same, unless another event is on its way: it may be about other filters."""
    return {tab.panel.error: gr.skip()} if tab.latest.busy(request) else await show_all(tab, given, request)


async def go_older(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """The next page."""
    return await look(tab, given, given[tab.position].older(), request)


async def go_newer(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """The page before."""
    return await look(tab, given, given[tab.position].newer(), request)


def clear_filters(tab: HistoryTab) -> Updates:
    """Empty filters; that they change asks for the list."""
    return tab.filters.show(HistoryFilters())


async def click_entry(tab: HistoryTab, given: Updates, event: gr.EventData) -> Updates:
    """An entry opens, its star turns, a tag is searched for."""
    if tag := sent(event, "tag"):
        return {tab.filters.text: tag}
    if starred := sent(event, "star"):
        return await star(tab.panel, starred, given)
    return await choose(tab.panel, sent(event, "entry"), given)


async def show_spend(tab: HistoryTab, given: Updates) -> Updates:
    """What the last days cost."""
    now = time.time()
    try:
        visit, since = given[tab.header.visit], history.spend_begins(now)
        spent = await tab.playground.spend_by_day(visit, since)
        differences = await tab.playground.charge_differences(visit, since)
    except PlaygroundError as error:
        return {tab.spend: render("note", text=plain(error))}
    return {tab.spend: history.show_spend(tab.playground.catalog, spent, now, differences)}
