"""The History tab: every job of this visitor in groups, a page of the list at a time, and what it all cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import gradio as gr

from components.errors import PlaygroundError
from components.jobs.store.groups import HISTORY_SORTS, HistoryOrder
from components.playground import Playground
from components.ui.events import DIRECT, EACH, LATEST, Updates, bind, sent
from components.ui.header import Header
from components.ui.history.deletion import build_deletion, delete, undo, withdraw
from components.ui.history.display import HistoryTab, read_list, show_all
from components.ui.history.filters import build_filters
from components.ui.history.panel import build_history_panel, choose, close_panel
from components.ui.history.selection import build_selection, select_none, show_selection, toggled
from components.ui.history.spend import build_spend
from components.ui.html import SEND_CLICKS, html, send_as, soon
from components.views import history
from components.views.queries.history import HistoryFilters
from components.views.templates import render

BEAT_S = 2.0
SCROLL_TO_PANEL = "() => window.playground.showChosen()"


def build_history_tab(playground: Playground, header: Header) -> HistoryTab:
    """Build and wire the tab."""
    filters = build_filters(playground)
    with gr.Row(elem_id="history-bar"):
        filters.view.render()
        filters.starred.render()
        count = html(elem_id="history-count", on_load=send_as("filterHistory"))
        pages = html(elem_id="history-pages", on_load=SEND_CLICKS)
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
    gr.on([part.change for part in filters.controls], None, None, js=soon("filterHistory"), **DIRECT)
    count.input(bind(filter_list, tab), tab.reads, tab.listed, **LATEST)
    filters.view.input(bind(show_all, tab), tab.reads, tab.listed | panel.parts, **LATEST)
    entries.input(bind(sort_list, tab), tab.reads, tab.listed, **EACH)
    pages.select(bind(turn_page, tab), tab.reads, tab.listed, **EACH)
    tab.ticker.tick(bind(show_all, tab), tab.reads, tab.listed | panel.parts, **LATEST)
    clear.click(bind(clear_filters, tab), None, filters.controls, **DIRECT)
    wire_jobs(tab)
    return tab


def wire_jobs(tab: HistoryTab) -> None:
    """Clicks on jobs, and what is done with one or several of them; after each the list is as it is then."""
    selection, deletion, panel = tab.selection, tab.deletion, tab.panel
    outputs = tab.parts | {tab.filters.text}
    entered = tab.entries.select(bind(click_entry, tab), tab.reads, outputs, **EACH)
    entered.then(None, None, None, js=SCROLL_TO_PANEL, **DIRECT)
    panel.request.select(bind(click_entry, tab), tab.reads, outputs, **EACH)
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
        change.then(bind(show_all, tab), tab.reads, tab.listed | panel.parts, **LATEST)


# -- the list ------------------------------------------------------------------------------------


async def filter_list(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """Other filters: the first page."""
    return await read_list(tab, given, replace(given[tab.order], page=1), request)


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
    """Clear the filters. Their changes arrive as one event, which lists the jobs again."""
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
