"""The History tab: every job of this visitor, looked through a page at a time, and what it all cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import gradio as gr

from components.errors import PlaygroundError
from components.jobs.job import Page
from components.playground import Playground, Visit
from components.ui.events import LATEST, QUIET, Updates
from components.ui.history.panel import HistoryPanel, build_history_panel
from components.ui.latest_only import Turns
from components.ui.visits import arrived
from components.views import history
from components.views.models import model_title
from components.views.queries import HistoryFilters, read_history_query, write_history_query
from components.views.templates import render
from components.views.words import STATE_WORDS, plain

BEAT_S = 2.0
VIEWS = ("gallery", "table")
EMPTY = "Whatever you ask for is kept here, for this browser only. There is nothing yet."
NO_FIT = "Nothing fits."


@dataclass(frozen=True)
class HistoryTab:
    """``show`` turns ``asked`` into the list as it is now, and all else the tab shows, in ``parts``.

    ``opened`` gives the filters that the query of an address asks for, an update of ``filling``.
    """

    panel: HistoryPanel
    start: gr.Button
    show: Callable[[Updates, gr.Request], Any]
    asked: frozenset[Any]
    parts: frozenset[Any]
    opened: Callable[[Mapping[str, list[str]]], Updates]
    filling: frozenset[Any]


def build_history_tab(playground: Playground, visit: gr.State) -> HistoryTab:
    """Build and wire the tab. ``visit`` holds the page's :class:`Visit`."""
    runner = playground.jobs
    models = [("Any model", ""), *((model_title(model), model.id) for model in playground.catalog.models)]
    states = [("Any state", ""), *((word, str(state)) for state, word in STATE_WORDS.items())]
    dates: dict[str, Any] = {"include_time": False, "type": "string"}
    with gr.Row(elem_id="history-filters"):
        text = gr.Textbox(
            label="Search", placeholder="Prompt, note, #tag, model, task id", max_lines=1, elem_id="history-text"
        )
        model = gr.Dropdown(models, value="", label="Model", elem_id="history-model")
        state = gr.Dropdown(states, value="", label="State", elem_id="history-state")
        since = gr.DateTime(label="From (UTC)", elem_id="history-since", **dates)
        until = gr.DateTime(label="To (UTC)", elem_id="history-until", **dates)
    with gr.Row(elem_id="history-bar"):
        view = gr.Radio([(name.capitalize(), name) for name in VIEWS], value=VIEWS[0], label="View", show_label=False,
                        container=False, elem_id="history-view", min_width=160)  # fmt: skip
        starred = gr.Checkbox(label="Starred only", container=False, elem_id="history-starred", min_width=120)
        count = gr.HTML(elem_id="history-count")
        newer = gr.Button("Newer", size="sm", interactive=False, min_width=80, elem_id="history-newer")
        older = gr.Button("Older", size="sm", interactive=False, min_width=80, elem_id="history-older")
    told = gr.HTML(elem_id="history-told")
    with gr.Row(elem_id="history", equal_height=False):
        with gr.Column(scale=7, min_width=280, elem_id="history-list"):
            entries = gr.HTML(elem_id="history-entries")
            nothing = gr.HTML(elem_id="history-nothing")
            start = gr.Button("Make the first picture", visible=False, variant="primary", elem_id="history-start")
            clear = gr.Button("Clear filters", visible=False, elem_id="history-clear")
            files = gr.HTML(elem_id="history-files")
        panel = build_history_panel(playground, visit, told)
    with gr.Accordion("Spend by day and model, last 30 days", open=False, elem_id="history-spend") as fold:
        spend = gr.HTML()
    address = gr.Textbox(visible="hidden", elem_id="history-address")
    position = gr.State(history.Position())
    seen = gr.State("")
    ticker = gr.Timer(BEAT_S, active=False)

    filters = (text, model, state, starred, since, until)
    asked = frozenset({*filters, view, position, seen, visit, panel.chosen})
    listed = frozenset({entries, nothing, start, clear, files, count, newer, older, position, seen, told, ticker, address})
    parts = listed | panel.parts
    turns = Turns()

    def narrowed(given: Mapping[Any, Any]) -> HistoryFilters:
        """What the filters hold; a control that was emptied holds nothing."""
        words = {part: given[part] or "" for part in filters}
        return HistoryFilters(words[text], words[model], words[state], bool(words[starred]), words[since], words[until])

    def opened(query: Mapping[str, list[str]]) -> Updates:
        """The filters that an address asks for."""
        if (query.get("tab") or [""])[0] != "history":
            return {}
        asked_for = read_history_query(query, [value for _, value in models], [value for _, value in states])
        table = (query.get("view") or [""])[0] == VIEWS[1]
        return {
            text: asked_for.text,
            model: asked_for.model,
            state: asked_for.state,
            starred: asked_for.starred,
            since: asked_for.since or None,
            until: asked_for.until or None,
            view: VIEWS[table],
        }

    async def look(given: Mapping[Any, Any], where: history.Position, request: gr.Request) -> Updates:
        """The page of the list that begins there. An answer that a newer question has overtaken says nothing."""
        turn = turns.take(request)
        try:
            asked_for = narrowed(given)
            visitor = arrived(given[visit], request).visitor
            asks = asked_for.job_filter()
            found = await runner.search(visitor, asks, history.PAGE, where.before)
            while not found.jobs and where.behind:  # all of it was deleted
                where = where.newer()
                found = await runner.search(visitor, asks, history.PAGE, where.before)
            updates = listing(given, asked_for, found, where)
        except PlaygroundError as error:
            updates = {told: render("note", text=plain(error))}
        finally:
            newest = turns.has(request, turn)
            turns.leave(request, turn)
        return updates if newest else {told: gr.skip()}

    def listing(given: Mapping[Any, Any], asked_for: HistoryFilters, found: Page, where: history.Position) -> Updates:
        shown = history.Position(where.behind, found.jobs[-1].id if found.jobs else "")
        html = history.show_jobs(playground, found.jobs, given[view])
        digest = sha256(html.encode("utf-8", "replace")).hexdigest()
        anything = asked_for == HistoryFilters()
        first, unfit = not found.jobs and anything, not found.jobs and not anything
        return {
            # The same again would take the focus from what is being pressed in it.
            entries: gr.skip() if digest == given[seen] else html,
            seen: digest,
            position: shown,
            nothing: render("note", text=EMPTY if first else NO_FIT if unfit else ""),
            start: gr.update(visible=first),
            clear: gr.update(visible=unfit),
            count: render("note", text=history.count_text(found, shown)),
            files: history.files_links(found, asked_for),
            address: write_history_query(asked_for, "" if given[view] == VIEWS[0] else given[view]),
            newer: gr.update(interactive=bool(shown.behind)),
            older: gr.update(interactive=shown.first - 1 + len(found.jobs) < found.total),
            told: "",
            ticker: gr.update(active=any(not job.settled for job in found.jobs)),
        }

    async def narrow(given: Updates, request: gr.Request) -> Updates:
        """Other filters: the newest first."""
        return await look(given, history.Position(), request)

    async def show(given: Updates, request: gr.Request) -> Updates:
        """The page of the list that is shown, and the chosen job, as they are now."""
        return {**await look(given, given[position], request), **await panel.follow(given[panel.chosen], given[visit])}

    async def tick(given: Updates, request: gr.Request) -> Updates:
        if turns.taken(request):
            return {told: gr.skip()}
        return await show(given, request)

    async def go_older(given: Updates, request: gr.Request) -> Updates:
        return await look(given, given[position].older(), request)

    async def go_newer(given: Updates, request: gr.Request) -> Updates:
        return await look(given, given[position].newer(), request)

    async def account(now: Visit) -> str:
        """What the last days cost."""
        moment = time.time()
        try:
            spent = await runner.store.spend_by_day(now.visitor, history.spend_begins(moment))
        except PlaygroundError as error:
            return render("note", text=plain(error))
        return history.show_spend(playground, spent, moment)

    def forget() -> Updates:
        """Empty filters; that they change asks for the list."""
        return {text: "", model: "", state: "", starred: False, since: None, until: None}

    gr.on([part.change for part in filters], narrow, set(asked), set(listed), **LATEST)
    view.change(show, set(asked), set(parts), **QUIET)
    older.click(go_older, set(asked), set(listed), **QUIET)
    newer.click(go_newer, set(asked), set(listed), **QUIET)
    ticker.tick(tick, set(asked), set(parts), **QUIET)
    clear.click(forget, None, set(filters), **QUIET)
    address.change(None, address, js="(query) => window.playground.address(query, 'history')", **QUIET)
    fold.expand(account, visit, spend, **QUIET)
    for change in panel.changes:
        change.then(show, set(asked), set(parts), **QUIET)
    return HistoryTab(panel, start, show, asked, parts, opened, frozenset({*filters, view}))
