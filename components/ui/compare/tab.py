"""The Compare tab: one shared form, any number of models, a card for each result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.catalog.parameters import Role
from components.catalog.prices import Cost
from components.comparisons.comparison import Comparison
from components.comparisons.plan import ComparisonPlan, draw_seed, plan, retries
from components.errors import DatabaseUnavailable, InputError, JobNotFound, KeyRefused, PlaygroundError
from components.jobs.job import Job
from components.playground import Playground, Visit
from components.ui.compare.form import build_compare_form, button_text, show_plan
from components.ui.compare.share import build_extras
from components.ui.events import LATEST, LONG, QUIET, UNSEEN, Updates
from components.ui.latest_only import Turns
from components.ui.visits import arrived
from components.views.compare_query import (
    SOURCE,
    ComparisonDraft,
    PublishedSource,
    draft_of,
    read_choice,
    read_compare_query,
    write_compare_query,
)
from components.views.comparison import ORDERS, show_cards
from components.views.models import cheapest, choice_options
from components.views.queries import first as first_of
from components.views.templates import render
from components.views.words import plain

WATCH = "() => document.querySelector('#watch-compare')?.click()"
LOOK_DOWN = "() => document.querySelector('#cards-state')?.scrollIntoView({ block: 'start', behavior: 'smooth' })"
LOOK_S = 1.0
SOME_SEED = 1
TAKEN_BACK = "The comparison that this link leads to is not published any more: what was too long for the link is missing."


@dataclass(frozen=True)
class CompareTab:
    """``opened`` fills the tab for an address and a visit, an update of ``filling``; ``news`` changes when money may
    have moved. :meth:`watched` wires an event after which a comparison may be going.
    """

    opened: Callable[[Mapping[str, list[str]], Visit], Awaitable[Updates]]
    filling: frozenset[Any]
    news: gr.Textbox

    def watched(self, event: Any) -> None:
        """After this event watch the comparison that is shown."""
        event.then(None, None, None, js=WATCH, **UNSEEN)

    def inside(self, tab: gr.Tab) -> None:
        """Look anew whenever this tab is opened: a card may have been deleted in the history meanwhile."""
        tab.select(None, None, None, js=WATCH, **UNSEEN)


def build_compare_tab(playground: Playground, visit: gr.State, paying: gr.Textbox) -> CompareTab:
    """Build and wire the tab. ``visit`` holds the page's :class:`Visit`, ``paying`` who pays by what the page shows."""
    catalog, comparisons = playground.catalog, playground.comparisons
    first = catalog.first.example.get(catalog.first.by_role(Role.PROMPT) or "", "")
    opens_with = ComparisonDraft(tuple(cheapest(catalog)), {"prompt": str(first)})
    with gr.Row(elem_id="compare", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_id="compare-ask"):
            form = build_compare_form(playground, opens_with)
        with gr.Column(scale=7, min_width=320, elem_id="compare-plan"):
            mapping = gr.HTML(elem_id="mapping")
            trouble = gr.HTML(elem_id="compare-trouble")
            start = gr.Button("Compare", variant="primary", size="lg", elem_id="compare-button")
    with gr.Row(elem_id="compare-steps"):
        order = gr.Radio(
            list(ORDERS),
            value=ORDERS[0],
            label="Order",
            show_label=False,
            container=False,
            elem_id="compare-order",
            visible=False,
        )
        retry = gr.Button("Retry", visible=False, size="sm", elem_id="compare-retry", min_width=120)
        stop = gr.Button("Stop all", visible=False, size="sm", elem_id="compare-stop", min_width=120)
    cards = gr.HTML(elem_id="cards")
    with gr.Row(elem_id="compare-more", visible=False) as more:
        another = gr.Dropdown(choice_options(catalog), value=None, label="Add a model", elem_id="compare-another", scale=3)
        add = gr.Button("Add", size="sm", elem_id="compare-add", min_width=120, scale=1)
    extras = build_extras(playground, visit)
    batch = extras.batch
    watch_bell = gr.Button(visible="hidden", elem_id="watch-compare")
    address = gr.Textbox(visible="hidden", elem_id="compare-address")
    news = gr.Textbox(visible="hidden", elem_id="compare-news")
    drawn = gr.State(None)
    source = gr.State(PublishedSource())
    turns = Turns()
    parts = frozenset({cards, trouble, order, retry, stop, more, news, batch, *extras.parts})

    def planned(asked: ComparisonDraft) -> ComparisonPlan:
        return plan(catalog, asked.choices(catalog), asked.shared, asked.samples)

    def follow(given: Updates) -> Updates:
        """How each model would take the form, what all of it costs, and its address. Sends nothing."""
        asked = form.read(given)
        opened_from = given[source]
        updates: Updates = {address: write_compare_query(asked, opened_from)}
        taken_back = (
            render("note", text=TAKEN_BACK)
            if opened_from.token and not opened_from.shared and "prompt" not in asked.shared
            else ""
        )
        try:
            # A seed that is left open is drawn when the plan is sent: who takes none is to be known before.
            drafted = planned(replace(asked, shared={"seed": SOME_SEED, **asked.shared}))
        except InputError as error:
            return updates | {mapping: "", start: "Compare", trouble: render("note", text=error.what)}
        return updates | {mapping: show_plan(catalog, drafted), start: button_text(drafted), trouble: taken_back}

    def shown(now: Comparison, jobs: Mapping[str, Job], chosen: str) -> Updates:
        going = any(not job.settled for job in jobs.values())
        again = {} if going else retries(catalog, now, jobs)
        credits = sum(one.cost.credits for one in again.values())
        text = f"Retry {len(again)} that failed · {Cost(credits, catalog.usd(credits))}"
        return {
            cards: show_cards(playground, now, jobs, chosen),
            order: gr.update(visible=True),
            retry: gr.update(visible=bool(again) and not now.token, value=text),
            stop: gr.update(visible=going),
            more: gr.update(visible=not now.token),
            batch: now.id,
            news: f"{now.id} {sum(job.settled for job in jobs.values())}",
            **extras.shown(now, jobs),
        }

    async def changed(change: Callable[[], Awaitable[Comparison]], chosen: str, request: gr.Request) -> Updates:
        """A comparison after what its visitor asked for, or why it could not be done."""
        turns.take(request)  # whatever the page watches now has nothing more to say
        try:
            return {trouble: "", **shown(*await comparisons.current(await change()), chosen)}
        except PlaygroundError as error:
            return {trouble: render("note", text=plain(error))}

    async def begin(given: Updates, request: gr.Request) -> Updates:
        """Send the plan. A seed that is left open is drawn, shown, and used for every model that takes one.

        A seed of the visitor's own is used as it is; one that was drawn is drawn anew unless it is to be kept.
        """
        asked, seed, known_seed = form.read(given), form.roles[Role.SEED], given[drawn]
        visitor = arrived(given[visit], request)
        try:
            choices = asked.choices(catalog)
            if "seed" not in asked.shared or (asked.shared["seed"] == known_seed and not given[form.lock]):
                known_seed = draw_seed()
                asked = replace(asked, shared={**asked.shared, "seed": known_seed})
            if not any("seed" in one.request.parameters for one in planned(asked).cards if one.request):
                asked = replace(asked, shared={role: value for role, value in asked.shared.items() if role != "seed"})
            account = playground.account_shown(visitor, given[paying])
        except (InputError, KeyRefused) as error:
            return {trouble: render("note", text=plain(error))}
        updates = await changed(
            lambda: comparisons.start(choices, asked.shared, asked.samples, account, visitor.visitor), given[order], request
        )
        return {seed: asked.shared.get("seed"), drawn: known_seed, **extras.anew(updates)}

    async def once_more(given: Updates, request: gr.Request) -> Updates:
        def again() -> Awaitable[Comparison]:
            account = playground.account_shown(given[visit], given[paying])
            return comparisons.retry(given[batch], account, given[visit].visitor)

        return await changed(again, given[order], request)

    async def one_more(given: Updates, request: gr.Request) -> Updates:
        try:
            choice = read_choice(catalog, given[another] or "")
        except InputError:
            return {trouble: gr.skip()}

        def added() -> Awaitable[Comparison]:
            account = playground.account_shown(given[visit], given[paying])
            return comparisons.add(given[batch], [choice], account, given[visit].visitor)

        updates = await changed(added, given[order], request)
        return {another: None, **updates} if batch in updates else updates

    async def quote(given: Updates) -> Updates:
        """What the chosen model would cost in this comparison, or why it cannot draw it."""
        try:
            found = await comparisons.find(given[batch], given[visit].visitor)
            (one,) = plan(catalog, [read_choice(catalog, given[another] or "")], found.shared).cards
        except PlaygroundError:
            return {add: gr.update(value="Add", interactive=True), another: gr.update(info="")}
        text = f"Add · {one.cost}" if one.request else "Add"
        return {add: gr.update(value=text, interactive=one.request is not None), another: gr.update(info=one.card.refused)}

    async def halt(given: Updates) -> Updates:
        visitor = given[visit].visitor
        try:
            now = await comparisons.find(given[batch], visitor)
            for job in (await comparisons.jobs(now)).values():
                if not job.settled:
                    await playground.jobs.stop(job.id, visitor)
            return shown(*await comparisons.current(now), given[order])
        except PlaygroundError as error:
            return {trouble: render("note", text=plain(error))}

    async def arrange(given: Updates) -> Updates:
        try:
            found = await comparisons.find(given[batch], given[visit].visitor)
            return {cards: show_cards(playground, *await comparisons.current(found), given[order])}
        except PlaygroundError:
            return {cards: gr.skip()}

    async def watch(given: Updates, request: gr.Request) -> AsyncIterator[Updates]:
        """The cards once a second until every job is settled. A newer watch of the same page ends an older one."""
        turn = turns.take(request)
        visitor = arrived(given[visit], request).visitor
        beside = {given[side] for side in extras.sides} - {None}
        try:
            going = True
            while going:
                try:
                    now, jobs = await comparisons.current(await comparisons.find(given[batch], visitor))
                except JobNotFound:
                    yield {cards: gr.skip()}
                    return
                except DatabaseUnavailable:  # jobs outlive a database that is away for a while
                    await asyncio.sleep(LOOK_S)
                    continue
                if not turns.has(request, turn):
                    yield {cards: gr.skip()}  # Gradio repeats the last yield of an event that ends
                    return
                going = any(not job.settled for job in jobs.values())
                updates = {part: update for part, update in shown(now, jobs, given[order]).items() if part is not batch}
                names = {picture.name for job in jobs.values() for picture in job.pictures}
                if not beside <= names:
                    updates = extras.anew(updates)  # what is in the slider has been deleted in the history meanwhile
                    beside = set()
                yield updates
                await asyncio.sleep(LOOK_S if going else 0)
        finally:
            turns.leave(request, turn)

    async def published(token: str) -> Mapping[str, Any]:
        """What a published comparison asks for, by roles, without its visitor's pictures; nothing once it was taken back."""
        try:
            public, _ = await comparisons.published(token)
        except (JobNotFound, DatabaseUnavailable):
            return {}
        return {role: value for role, value in public.shared.items() if role != "images"}

    async def opened(query: Mapping[str, list[str]], now: Visit) -> Updates:
        """The form that the address asks for, and this visitor's comparison: the one it names, else the newest.

        What is too long for an address is found in the published comparison that the address names, or in the
        visitor's own that it was used for.
        """
        here, found, comparison = first_of(query, "tab") == "compare", None, {}
        try:
            named = first_of(query, "comparison")
            found = await comparisons.find(named, now.visitor) if named else await comparisons.newest(now.visitor)
            comparison = extras.anew(shown(*await comparisons.current(found), ORDERS[0])) if found else {}
        except (JobNotFound, DatabaseUnavailable):
            pass
        asked = read_compare_query(catalog, query, opens_with) if here else opens_with
        before = draft_of(found) if found else asked
        token = first_of(query, SOURCE) if here else ""
        theirs = await published(token) if token else {}
        if theirs:
            asked = replace(asked, shared={**theirs, **asked.shared})
        elif here and "prompt" not in query and ("models" not in query or asked.models == before.models):
            asked = before
        updates = form.show(asked)
        given = {**_plain(updates), form.lock: False, source: PublishedSource(token, theirs)}
        for part, update in follow(given).items():
            if part is not address:
                updates[part] = update
        return {**updates, source: given[source], **comparison}

    controls = {*form.controls, form.lock}
    tab = CompareTab(opened, frozenset({*form.controls, mapping, start, source, *parts}), news)
    following = {address, mapping, start, trouble}
    gr.on([part.change for part in form.controls], follow, {*form.controls, source}, following, **LATEST)
    address.change(None, address, js="(query) => window.playground.address(query, 'compare')", **QUIET)
    known = {visit, batch, order, paying}
    started = start.click(begin, {*controls, visit, order, drawn, paying}, {*parts, form.roles[Role.SEED], drawn}, **QUIET)
    tab.watched(started)
    started.then(None, None, None, js=LOOK_DOWN, **QUIET)
    tab.watched(retry.click(once_more, known, set(parts), **QUIET))
    tab.watched(add.click(one_more, {*known, another}, {*parts, another}, **QUIET))
    another.change(quote, {*known, another}, {add, another}, **LATEST)
    for change in extras.changes:
        tab.watched(change)
    stop.click(halt, known, set(parts), **QUIET)
    order.input(arrange, known, {cards}, **QUIET)
    watch_bell.click(watch, {*known, *extras.sides}, set(parts) - {batch}, trigger_mode="multiple", **LONG)
    return tab


def _plain(updates: Updates) -> Updates:
    """The values that updates put into controls."""
    return {
        part: update.get("value") if isinstance(update, dict) and "__type__" in update else update
        for part, update in updates.items()
    }
