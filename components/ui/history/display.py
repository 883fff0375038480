"""The components of the History tab, and what they show: a page of the list, and the chosen job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import gradio as gr

from components.errors import PlaygroundError
from components.jobs.store.groups import HistoryGroups, HistoryOrder
from components.playground import Playground
from components.ui.events import LATEST, Updates, bind
from components.ui.header import Header, visit_of
from components.ui.history.deletion import Deletion
from components.ui.history.filters import VIEWS, Filters, model_choices, state_choices
from components.ui.history.panel import HistoryPanel, refresh
from components.ui.history.selection import Selection
from components.views import history
from components.views.queries.history import HistoryFilters, read_history_order, read_history_query, write_history_query
from components.views.queries.query import first_value
from components.views.templates import render

EMPTY = "Your requests and pictures will appear here. Only this browser can see them."
NO_MATCH = "No request matches these filters."


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
        tab.select(bind(show_all, self), self.reads, self.listed | self.panel.parts, **LATEST)


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
    """The list in this order."""
    visit, filters = visit_of(tab.header, given, request), tab.filters.read(given)
    try:
        wanted = filters.job_filter(tab.playground.catalog)
        page = await tab.playground.history.groups(visit.visitor, wanted, order, history.PAGE, given[tab.opened])
    except PlaygroundError as error:
        return {tab.nothing: render("note", text=str(error.problem))}
    return show_list(tab, given, filters, page, order)


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


async def show_all(tab: HistoryTab, given: Updates, request: gr.Request) -> Updates:
    """The list and the chosen job, as they are now."""
    return {**await read_list(tab, given, given[tab.order], request), **await refresh(tab.panel, given)}
