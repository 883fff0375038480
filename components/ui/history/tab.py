"""The History tab: every job of this visitor in groups, a page of the list at a time, and what it all cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import gradio as gr

from components.errors import PlaygroundError
from components.jobs.store.groups import HISTORY_SORTS, HistoryGroups, HistoryOrder
from components.playground import Playground
from components.ui.events import DIRECT, LATEST, Updates, bind, sent
from components.ui.header import Header, visit_of
from components.ui.history.deletion import Deletion, build_deletion, delete, undo, withdraw
from components.ui.history.filters import VIEWS, Filters, build_filters, model_choices, state_choices
from components.ui.history.panel import HistoryPanel, build_history_panel, choose, close_panel, refresh
from components.ui.history.selection import Selection, build_selection, select_none, show_selection, toggled
from components.ui.history.spend import build_spend
from components.ui.html import SEND_CLICKS, html
from components.ui.latest_only import LatestOnly
from components.views import history
from components.views.queries.history import HistoryFilters, read_history_order, read_history_query, write_history_query
from components.views.queries.query import first_value
from components.views.templates import render

BEAT_S = 2.0
EMPTY = "Your requests and pictures will appear here. Only this browser can see them."
NO_MATCH = "No request matches these filters."
SCROLL_TO_PANEL = "() => window.playground.showChosen()"


@dataclass(frozen=True)
class HistoryTab:
    """The components of the tab.

    ``order`` holds how the list is sorted and its page, ``opened`` the keys of the groups that are open, ``digest`` what
    the list shows.
    """

    playground: Playground
    header: Header
    panel: HistoryPanel
    filters: Filters
    selection: Selection
    deletion: Deletion
    count: gr.HTML
    pages: gr.HTML
    entries: gr.HTML
    nothing: gr.HTML
    start: gr.Button
    clear: gr.Button
    files: gr.HTML
    order: gr.State
    opened: gr.State
    digest: gr.State
    ticker: gr.Timer
    latest: LatestOnly = field(default_factory=LatestOnly)

    @property
    def reads(self) -> set[Any]:
        """What the handlers read."""
        states = {self.order, self.opened, self.digest, self.selection.jobs}
        return {*self.filters.controls, self.filters.view, *states, *self.panel.reads, *self.deletion.reads}

    @property
    def opening(self) -> set[Any]:
        """What :func:`open_history` updates."""
        return {*self.filters.controls, self.filters.view, self.order}

    @property
    def listed(self) -> set[Any]:
        """What :func:`show_list` updates."""
        shown = {self.entries, self.nothing, self.start, self.clear, self.pages, self.files, self.count}
        return {*shown, self.order, self.digest, self.ticker}

    @property
    def parts(self) -> set[Any]:
        """What the handlers update, but the filters."""
        return self.listed | self.panel.parts | self.selection.parts | self.deletion.parts | {self.opened}

    def opened_by(self, tab: gr.Tab) -> None:
        """Update the list whenever the tab is opened."""
        tab.select(bind(show_all, self), self.reads, self.listed | self.panel.parts, **DIRECT)


def build_history_tab(playground: Playground, header: Header) -> HistoryTab:
    """Build and wire the tab."""
    filters = build_filters(playground)
    with gr.Row(elem_id="history-bar"):
        filters.view.render()
        filters.starred.render()
        count, pages = html(elem_id="history-count"), html(elem_id="history-pages", on_load=SEND_CLICKS)
    selection, deletion = build_selection(), build_deletion(playground, header)
    error = html(elem_id="history-error")
    with gr.Row(elem_id="history", equal_height=False):
        with gr.Column(scale=7, min_width=280, elem_id="history-list"):
            entries = html(elem_id="history-entries", on_load=SEND_CLICKS)
            nothing = html(elem_id="history-nothing")
            start = gr.Button("Make the first picture", visible=False, variant="primary", elem_id="history-start")
            clear = gr.Button("Clear filters", visible=False, elem_id="history-clear")
            files = html(elem_id="history-files")
        panel = build_history_panel(playground, header, error)
    build_spend(playground, header)
    tab = HistoryTab(
        playground=playground,
        header=header,
        panel=panel,
        filters=filters,
        selection=selection,
        deletion=deletion,
        count=count,
        pages=pages,
        entries=entries,
        nothing=nothing,
        start=start,
        clear=clear,
        files=files,
        order=gr.State(HistoryOrder()),
        opened=gr.State(()),
        digest=gr.State(""),
        ticker=gr.Timer(BEAT_S, active=False),
    )
    gr.on([part.change for part in filters.controls], bind(filter_list, tab), tab.reads, tab.listed, **LATEST)
    filters.view.change(bind(show_all, tab), tab.reads, tab.listed | panel.parts, **DIRECT)
    entries.input(bind(sort_list, tab), tab.reads, tab.listed, **LATEST)
    pages.select(bind(turn_page, tab), tab.reads, tab.listed, **LATEST)
    tab.ticker.tick(bind(tick, tab), tab.reads, tab.listed | panel.parts, **DIRECT)
    clear.click(bind(clear_filters, tab), None, filters.controls, **DIRECT)
    wire_jobs(tab)
    return tab


def wire_jobs(tab: HistoryTab) -> None:
    """Clicks on jobs, and what is done with one or several of them; after each the list is as it is then."""
    selection, deletion, panel = tab.selection, tab.deletion, tab.panel
    clicked = {**DIRECT, "trigger_mode": "multiple"}
    outputs = tab.parts | {tab.filters.text}
    entered = tab.entries.select(bind(click_entry, tab), tab.reads, outputs, **clicked)
    entered.then(None, None, None, js=SCROLL_TO_PANEL, **DIRECT)
    panel.request.select(bind(click_entry, tab), tab.reads, outputs, **clicked)
    changes = (
        entered,
        selection.page.click(bind(select_page, tab), tab.reads, tab.parts, **DIRECT),
        selection.clear.click(bind(select_none, selection), None, selection.parts, **DIRECT),
        selection.star.click(bind(star_selected, tab), tab.reads, tab.parts, **DIRECT),
        selection.unstar.click(bind(unstar_selected, tab), tab.reads, tab.parts, **DIRECT),
        selection.delete.click(bind(delete_selected, tab), tab.reads, tab.parts, **DIRECT),
        panel.delete.click(bind(delete_chosen, tab), tab.reads, tab.parts, **DIRECT),
        deletion.undo.click(bind(undo, deletion), deletion.reads, deletion.parts, **DIRECT),
    )
    deletion.timer.tick(bind(withdraw, deletion), None, deletion.parts, **DIRECT)
    for change in (panel.noted, *changes):
        change.then(bind(show_all, tab), tab.reads, tab.listed | panel.parts, **DIRECT)


# -- what an event shows --------------------------------------------------------------------------


def open_history(tab: HistoryTab, query: Mapping[str, list[str]]) -> Updates:
    """Updates of ``tab.opening`` for an address; none for the address of another tab."""
    if first_value(query, "tab") != "history":
        return {}
    models = [value for _, value in model_choices(tab.playground)]
    filters = read_history_query(query, models, [value for _, value in state_choices()])
    view = first_value(query, "view")
    shown = view if view in VIEWS else VIEWS[0]
    return {**tab.filters.show(filters), tab.filters.view: shown, tab.order: read_history_order(query)}


async def read_list(tab: HistoryTab, given: Updates, order: HistoryOrder, request: gr.Request) -> Updates:
    """The list in this order; nothing if a newer event of this page has begun."""
    event, visit = tab.latest.start(request), visit_of(tab.header, given, request)
    try:
        filters = tab.filters.read(given)
        opened = given[tab.opened]
        page = await tab.playground.history.groups(
            visit.visitor, filters.job_filter(tab.playground.catalog), order, history.PAGE, opened
        )
        updates = show_list(tab, given, filters, page, order)
    except PlaygroundError as error:
        updates = {tab.nothing: render("note", text=str(error.problem))}
    finally:
        newest = tab.latest.is_newest(request, event)
        tab.latest.finish(request, event)
    return updates if newest else {tab.nothing: gr.skip()}


def show_list(tab: HistoryTab, given: Updates, filters: HistoryFilters, page: HistoryGroups, order: HistoryOrder) -> Updates:
    """Updates of ``tab.listed``."""
    view, order = given[tab.filters.view], replace(order, page=page.page)
    shown = history.show_groups(
        tab.playground.catalog, page, order, view, given[tab.opened], given[tab.selection.jobs]
    )  # fmt: skip
    digest = sha256(shown.encode("utf-8", "replace")).hexdigest()
    filtered = filters != HistoryFilters()
    empty = "" if page.groups else NO_MATCH if filtered else EMPTY
    query = write_history_query(filters, "" if view == VIEWS[0] else view, order)
    return {
        # Rendering the same HTML again would remove the focus from a pressed button.
        tab.entries: gr.skip() if digest == given[tab.digest] else shown,
        tab.digest: digest,
        tab.order: order,
        tab.nothing: render("note", text=empty),
        tab.start: gr.update(visible=empty == EMPTY),
        tab.clear: gr.update(visible=empty == NO_MATCH),
        tab.count: render("note", text=history.count_text(page)) + render("query", tab="history", query=query),
        tab.pages: history.show_pages(page),
        tab.files: history.download_links(page, filters),
        tab.ticker: gr.update(active=any(not entry.job.settled for entry in page.entries)),
    }


# -- the list ------------------------------------------------------------------------------------


async def filter_list(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """Other filters: the first page."""
    return await read_list(tab, given, replace(given[tab.order], page=1), request)


async def show_all(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """The list and the chosen job, as they are now."""
    return {**await read_list(tab, given, given[tab.order], request), **await refresh(tab.panel, given)}


async def tick(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """The same, unless another event is on its way: it may be about other filters."""
    return {tab.nothing: gr.skip()} if tab.latest.busy(request) else await show_all(tab, given, request)


async def turn_page(tab: HistoryTab, given: Updates, event: gr.EventData, request: gr.Request) -> Updates:
    """Another page of the list."""
    number = sent(event, "page")
    page = int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else 1
    return await read_list(tab, given, replace(given[tab.order], page=page), request)


async def sort_list(tab: HistoryTab, given: Updates, event: gr.EventData, request: gr.Request) -> Updates:
    """Sort by the column of a header; by the same one again the other way round."""
    sort, before = sent(event, "sort"), given[tab.order]
    descending = not before.descending if sort == before.sort else sort in history.DESCENDING_FIRST
    order = HistoryOrder(sort, descending) if sort in HISTORY_SORTS else before
    return await read_list(tab, given, order, request)


def clear_filters(tab: HistoryTab) -> Updates:
    """Empty filters; that they change asks for the list."""
    return tab.filters.show(HistoryFilters())


# -- jobs ----------------------------------------------------------------------------------------


async def click_entry(tab: HistoryTab, given: Updates, event: gr.EventData) -> Updates:
    """An entry opens, a group opens or closes, a box is ticked, a tag is searched for."""
    if tag := sent(event, "tag"):
        return {tab.filters.text: tag}
    if group := sent(event, "group"):
        opened = given[tab.opened]
        return {tab.opened: tuple(key for key in opened if key != group) if group in opened else (*opened, group)}
    if key := sent(event, "select"):
        return await _change_selection(tab, given, [key])
    return await choose(tab.panel, sent(event, "entry"), given)


async def select_page(tab: HistoryTab, given: Updates) -> Updates:
    """Tick all jobs of this page, those of closed groups too; none if they are all ticked."""
    wanted, visit = tab.filters.read(given).job_filter(tab.playground.catalog), given[tab.header.visit]
    page = await tab.playground.history.groups(visit.visitor, wanted, given[tab.order], history.PAGE)
    return await _change_selection(tab, given, [group.key for group in page.groups])


async def star_selected(tab: HistoryTab, given: Updates) -> Updates:
    """Star every ticked job."""
    return await _star(tab, given, starred=True)


async def unstar_selected(tab: HistoryTab, given: Updates) -> Updates:
    """Take the star of every ticked job away."""
    return await _star(tab, given, starred=False)


async def delete_selected(tab: HistoryTab, given: Updates) -> Updates:
    """Delete every ticked job."""
    return {**await _delete(tab, given, given[tab.selection.jobs]), **show_selection(tab.selection, ())}


async def delete_chosen(tab: HistoryTab, given: Updates) -> Updates:
    """Delete the job that is shown."""
    left = [job_id for job_id in given[tab.selection.jobs] if job_id != given[tab.panel.chosen]]
    return {**await _delete(tab, given, [given[tab.panel.chosen]]), **show_selection(tab.selection, left)}


async def _delete(tab: HistoryTab, given: Updates, job_ids: Sequence[str]) -> Updates:
    closed = close_panel(tab.panel) if given[tab.panel.chosen] in job_ids else {}
    return {**await delete(tab.deletion, job_ids, given[tab.header.visit]), **closed}


async def _star(tab: HistoryTab, given: Updates, *, starred: bool) -> Updates:
    try:
        visitor = given[tab.header.visit].visitor
        await tab.playground.history.star(visitor, given[tab.selection.jobs], starred=starred)
    except PlaygroundError as error:
        return {tab.panel.error: render("note", text=str(error.problem))}
    return {tab.panel.error: ""}


async def _change_selection(tab: HistoryTab, given: Updates, keys: Sequence[str]) -> Updates:
    """Tick or untick all jobs of these groups; a key may also be the id of one job."""
    wanted, visit = tab.filters.read(given).job_filter(tab.playground.catalog), given[tab.header.visit]
    try:
        members = await tab.playground.history.members(visit.visitor, wanted, keys)
    except PlaygroundError as error:
        return {tab.panel.error: render("note", text=str(error.problem))}
    return show_selection(tab.selection, toggled(given[tab.selection.jobs], members or keys))
