"""The Compare tab: one shared form, any number of models, a card for each result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.catalog import Role
from components.costs import Cost
from components.errors import InputError, JobNotFound, PlaygroundError, RecordsUnavailable
from components.jobs import Job
from components.jobs.batches import Batch
from components.jobs.comparisons import Plan, draw_seed, plan, retries
from components.ui.cards import ORDERS, show_cards
from components.ui.choices import cheapest, picker, read_choice
from components.ui.compare_extras import build_extras
from components.ui.compare_form import Asked, build_compare_form, button_text, read_asked, show_plan, write_asked
from components.ui.messages import plain
from components.ui.services import Services, Visit, arrived
from components.ui.templates import render

WATCH = "() => document.querySelector('#watch-compare')?.click()"
LOOK_DOWN = "() => document.querySelector('#cards-state')?.scrollIntoView({ block: 'start', behavior: 'smooth' })"
LOOK_S = 1.0
Updates = dict[Any, Any]


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
        event.then(None, None, None, js=WATCH, show_progress="hidden", api_visibility="private")


def build_compare_tab(services: Services, visit: gr.State) -> CompareTab:
    """Build and wire the tab. ``visit`` holds the page's :class:`Visit`."""
    catalog, comparisons = services.catalog, services.comparisons
    first = catalog.first.example.get(catalog.first.by_role(Role.PROMPT) or "", "")
    opens_with = Asked(tuple(cheapest(catalog)), {"prompt": str(first)})
    with gr.Row(elem_id="compare", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_id="compare-ask"):
            form = build_compare_form(services, opens_with)
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
        another = gr.Dropdown(picker(catalog), value=None, label="Add a model", elem_id="compare-another", scale=3)
        add = gr.Button("Add", size="sm", elem_id="compare-add", min_width=120, scale=1)
    extras = build_extras(services, visit)
    batch = extras.batch
    watch_bell = gr.Button(visible="hidden", elem_id="watch-compare")
    address = gr.Textbox(visible="hidden", elem_id="compare-address")
    news = gr.Textbox(visible="hidden", elem_id="compare-news")
    latest: dict[str, object] = {}
    parts = frozenset({cards, trouble, order, retry, stop, more, news, batch, *extras.parts})

    def planned(asked: Asked) -> Plan:
        return plan(catalog, asked.choices(catalog), asked.shared, asked.samples)

    def follow(given: Updates) -> Updates:
        """How each model would take the form, what all of it costs, and its address. Sends nothing."""
        asked = form.read(given)
        updates: Updates = {address: write_asked(asked)}
        try:
            drafted = planned(asked)
        except InputError as error:
            return updates | {mapping: "", start: "Compare", trouble: render("note", text=error.what)}
        return updates | {mapping: show_plan(catalog, drafted), start: button_text(drafted), trouble: ""}

    def shown(now: Batch, jobs: Mapping[str, Job], chosen: str) -> Updates:
        going = any(not job.settled for job in jobs.values())
        again = {} if going else retries(catalog, now, jobs)
        credits = sum(one.cost.credits for one in again.values())
        text = f"Retry {len(again)} that failed · {Cost(credits, catalog.usd(credits))}"
        return {
            cards: show_cards(services, now, jobs, chosen),
            order: gr.update(visible=True),
            retry: gr.update(visible=bool(again), value=text),
            stop: gr.update(visible=going),
            more: gr.update(visible=True),
            batch: now.id,
            news: f"{now.id} {sum(job.settled for job in jobs.values())}",
            **extras.shown(now, jobs),
        }

    async def changed(change: Awaitable[Batch], chosen: str, page: str) -> Updates:
        """A comparison after what its visitor asked for, or why it could not be done."""
        latest[page] = object()  # whatever the page watches now has nothing more to say
        try:
            return {trouble: "", **shown(*await comparisons.current(await change), chosen)}
        except PlaygroundError as error:
            return {trouble: render("note", text=plain(error))}

    async def begin(given: Updates, request: gr.Request) -> Updates:
        """Send the plan. A seed that is left open is drawn, shown, and used for every model that takes one."""
        asked, seed = form.read(given), form.roles[Role.SEED]
        visitor = arrived(given[visit], request.headers.get("cookie"))
        if "seed" not in asked.shared or not given[form.lock]:
            asked = replace(asked, shared={**asked.shared, "seed": draw_seed()})
        try:
            choices = asked.choices(catalog)
            if not any("seed" in one.request.parameters for one in planned(asked).cards if one.request):
                asked = replace(asked, shared={role: value for role, value in asked.shared.items() if role != "seed"})
            started = comparisons.start(choices, asked.shared, asked.samples, services.account(visitor), visitor.visitor)
        except InputError as error:
            return {trouble: render("note", text=plain(error))}
        updates = await changed(started, given[order], str(request.session_hash))
        return {seed: asked.shared.get("seed"), **updates}

    async def once_more(given: Updates, request: gr.Request) -> Updates:
        visitor = given[visit]
        again = comparisons.retry(given[batch], range(1000), services.account(visitor), visitor.visitor)
        return await changed(again, given[order], str(request.session_hash))

    async def one_more(given: Updates, request: gr.Request) -> Updates:
        visitor = given[visit]
        if not given[another]:
            return {trouble: gr.skip()}
        choice = read_choice(catalog, given[another])
        added = comparisons.add(given[batch], [choice], services.account(visitor), visitor.visitor)
        return await changed(added, given[order], str(request.session_hash))

    async def halt(given: Updates) -> Updates:
        visitor = given[visit].visitor
        try:
            now = await comparisons.find(given[batch], visitor)
            for job in (await comparisons.jobs(now)).values():
                if not job.settled:
                    await services.runner.stop(job.id, visitor)
            return shown(*await comparisons.current(now), given[order])
        except PlaygroundError as error:
            return {trouble: render("note", text=plain(error))}

    async def arrange(given: Updates) -> Updates:
        try:
            found = await comparisons.find(given[batch], given[visit].visitor)
            return {cards: show_cards(services, *await comparisons.current(found), given[order])}
        except PlaygroundError:
            return {cards: gr.skip()}

    async def watch(given: Updates, request: gr.Request) -> AsyncIterator[Updates]:
        """The cards once a second until every job is settled. A newer watch of the same page ends an older one."""
        page, turn = str(request.session_hash), object()
        visitor = arrived(given[visit], request.headers.get("cookie")).visitor
        latest[page] = turn
        try:
            going = True
            while going:
                try:
                    now, jobs = await comparisons.current(await comparisons.find(given[batch], visitor))
                except JobNotFound:
                    yield {cards: gr.skip()}
                    return
                except RecordsUnavailable:  # jobs outlive a database that is away for a while
                    await asyncio.sleep(LOOK_S)
                    continue
                if latest.get(page) is not turn:
                    yield {cards: gr.skip()}  # Gradio repeats the last yield of an event that ends
                    return
                going = any(not job.settled for job in jobs.values())
                yield {part: update for part, update in shown(now, jobs, given[order]).items() if part is not batch}
                await asyncio.sleep(LOOK_S if going else 0)
        finally:
            if latest.get(page) is turn:
                del latest[page]

    async def opened(query: Mapping[str, list[str]], now: Visit) -> Updates:
        """The form that the address asks for, and this visitor's comparison: the one it names, else the newest."""
        asked = read_asked(catalog, query, opens_with) if (query.get("tab") or [""])[0] == "compare" else opens_with
        updates = form.show(asked)
        for part, update in follow({**_plain(form.show(asked)), form.lock: False}).items():
            if part is not address:
                updates[part] = update
        try:
            named = (query.get("batch") or [""])[0]
            found = await comparisons.find(named, now.visitor) if named else await comparisons.newest(now.visitor)
            if found:
                updates |= shown(*await comparisons.current(found), ORDERS[0])
        except (JobNotFound, RecordsUnavailable):
            pass
        return updates

    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    long: dict[str, Any] = {"concurrency_limit": None, "show_progress": "hidden", "api_visibility": "private"}
    controls = {*form.controls, form.lock}
    tab = CompareTab(opened, frozenset({*form.controls, mapping, start, *parts}), news)
    gr.on([part.change for part in form.controls], follow, form.controls, {address, mapping, start, trouble},
          trigger_mode="always_last", **quiet)  # fmt: skip
    address.change(None, address, js="(query) => window.playground.address(query, 'compare')", **quiet)
    known = {visit, batch, order}
    started = start.click(begin, {*controls, visit, order}, {*parts, form.roles[Role.SEED]}, **quiet)
    tab.watched(started)
    started.then(None, None, None, js=LOOK_DOWN, **quiet)
    tab.watched(retry.click(once_more, known, set(parts), **quiet))
    tab.watched(add.click(one_more, {*known, another}, set(parts), **quiet))
    stop.click(halt, known, set(parts), **quiet)
    order.input(arrange, known, {cards}, **quiet)
    watch_bell.click(watch, known, set(parts) - {batch}, trigger_mode="multiple", **long)
    return tab


def _plain(updates: Updates) -> Updates:
    """The values that updates put into controls."""
    return {
        part: update.get("value") if isinstance(update, dict) and "__type__" in update else update
        for part, update in updates.items()
    }
