"""The Compare tab: one shared form, any number of models, a card for each result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from components.catalog.parameters import Role
from components.catalog.prices import price_list
from components.comparisons.comparison import Comparison
from components.comparisons.plan import draw_seed
from components.errors import DatabaseUnavailable, InputError, JobNotFound, PlaygroundError
from components.jobs.job import Job
from components.playground import Playground, Visit
from components.ui.compare.form import CompareForm, build_compare_form
from components.ui.compare.share import Share, build_share, offer_pin, publish, show_share, unpublish
from components.ui.events import DIRECT, LATEST, LONG, Updates, bind
from components.ui.header import Header, show_spending, visit_of
from components.ui.html import SEND_CLICKS, html
from components.ui.latest_only import LatestOnly
from components.views.compare_query import (
    SOURCE,
    ComparisonDraft,
    PublishedSource,
    choice_options,
    comparison_id_of,
    draft_of,
    read_choice,
    read_compare_query,
    write_compare_query,
)
from components.views.comparison import ORDERS, button_text, retry_text, show_cards, show_plan
from components.views.models import CHEAPEST, cheapest
from components.views.queries import Query, first
from components.views.templates import render
from components.views.words import plain

SCROLL_TO_CARDS = "() => document.querySelector('#cards-state')?.scrollIntoView({ block: 'start', behavior: 'smooth' })"
# Gradio hands a set of inputs over in the order in which the components were made, and `click` is made last.
NAME_CLICK = "(...values) => [...values.slice(0, -1), window.playground.clickName()]"
BEAT_S = 1.0
ANY_SEED = 1
UNPUBLISHED = (
    "The comparison behind this link is no longer published, so the prompt, which was too long for the link, is missing."
)


@dataclass(frozen=True)
class CompareTab:
    """The components of the tab.

    ``drawn`` holds the seed that was drawn last; ``source`` the published comparison that the form was opened from;
    ``click`` brings along what the browser calls the click on Compare, the same for two within a moment.
    """

    playground: Playground
    header: Header
    form: CompareForm
    plan: gr.HTML
    error: gr.HTML
    start: gr.Button
    order: gr.Radio
    retry: gr.Button
    stop: gr.Button
    cards: gr.HTML
    more: gr.Row
    another: gr.Dropdown
    add: gr.Button
    share: Share
    drawn: gr.State
    source: gr.State
    click: gr.Textbox
    latest: LatestOnly = field(default_factory=LatestOnly)

    @property
    def reads(self) -> set[Any]:
        """What the handlers read beside the form."""
        return {self.header.visit, self.header.payer, self.share.comparison, self.order}

    @property
    def follows(self) -> set[Any]:
        """What :func:`follow` reads."""
        return {*self.form.controls, self.source, self.header.visit}

    @property
    def shown(self) -> set[Any]:
        """What :func:`show_comparison` updates, and the error."""
        buttons = {self.order, self.retry, self.stop, self.more}
        return {self.cards, *buttons, self.share.comparison, *self.share.parts, self.error}

    @property
    def parts(self) -> set[Any]:
        """What :func:`open_compare` updates."""
        return {*self.form.controls, self.form.chosen, self.form.lock, self.plan, self.start, self.source, *self.shown}

    def watched(self, event: Any) -> None:
        """After this event, watch the comparison that is shown."""
        self._watch(event.then)

    def opened_by(self, tab: gr.Tab) -> None:
        """Look anew whenever the tab is opened: a card may have been deleted in the history meanwhile."""
        self._watch(tab.select)

    def _watch(self, event: Callable[..., Any]) -> None:
        reads, offered = {self.share.comparison, self.header.visit}, {self.share.pin}
        event(bind(watch, self), *self._watching, **LONG).then(bind(offer_pin, self.share), reads, offered, **DIRECT)

    @property
    def _watching(self) -> tuple[set[Any], set[Any]]:
        reads = self.reads | {self.share.left, self.share.right}
        return reads, (self.shown - {self.share.comparison}) | self.header.spending


def build_compare_tab(playground: Playground, header: Header) -> CompareTab:
    """Build and wire the tab."""
    with gr.Row(elem_id="compare", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_id="compare-ask"):
            form = build_compare_form(playground, default_draft(playground))
        with gr.Column(scale=7, min_width=320, elem_id="compare-plan"):
            plan = html(elem_id="mapping")
            error = html(elem_id="compare-trouble")
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
    cards = html(elem_id="cards", on_load=SEND_CLICKS)
    with gr.Row(elem_id="compare-more", visible=False) as more:
        another = gr.Dropdown(
            choice_options(playground.catalog), value=None, label="Add a model", elem_id="compare-another", scale=3
        )
        add = gr.Button("Add", size="sm", elem_id="compare-add", min_width=120, scale=1)
    share = build_share(playground, header)
    tab = CompareTab(
        playground, header, form, plan, error, start, order, retry, stop, cards, more, another, add, share,
        gr.State(None), gr.State(PublishedSource()), gr.Textbox(visible="hidden"),
    )  # fmt: skip
    beside_form = {plan, start, error, form.chosen}
    for change in header.changes:
        change.then(bind(follow, tab), tab.follows, beside_form, **DIRECT)
    # The line that says what was spent changes with everything that is spent, and with the key.
    changes = [part.change for part in form.controls] + [header.spend.change]
    gr.on(changes, bind(follow, tab), tab.follows, beside_form, **LATEST)
    reads = {*form.controls, form.lock, tab.drawn, tab.click, *tab.reads}
    started = start.click(bind(compare, tab), reads, {*tab.shown, form.roles[Role.SEED], tab.drawn}, js=NAME_CLICK, **DIRECT)
    started.then(None, None, None, js=SCROLL_TO_CARDS, **DIRECT)
    tab.watched(started)
    tab.watched(retry.click(bind(retry_failed, tab), tab.reads, tab.shown, **DIRECT))
    tab.watched(add.click(bind(add_model, tab), {*tab.reads, another}, {*tab.shown, another}, **DIRECT))
    another.change(bind(quote_model, tab), {*tab.reads, another}, {add, another}, **LATEST)
    shared = {share.publish, share.unpublish, share.public}
    tab.watched(share.publish.click(bind(publish, share), {share.comparison, header.visit}, shared, **DIRECT))
    tab.watched(share.unpublish.click(bind(unpublish, share), {share.comparison, header.visit}, shared, **DIRECT))
    stop.click(bind(stop_all, tab), tab.reads, tab.shown, **DIRECT)
    order.input(bind(arrange, tab), tab.reads, {cards}, **DIRECT)
    return tab


def default_draft(playground: Playground) -> ComparisonDraft:
    """What the form opens with: the prompt of the first model's example, and the models that are good for the same."""
    first = playground.catalog.first
    prompt = str(first.example.get(first.by_role(Role.PROMPT) or "", ""))
    purpose = first.good_for[0] if first.good_for else ""
    suited = [row.model.id for row in price_list(playground.catalog) if purpose and purpose in row.model.good_for]
    return ComparisonDraft(tuple(suited[:CHEAPEST] or cheapest(playground.catalog)), {"prompt": prompt})


# -- what an event shows --------------------------------------------------------------------------


async def show_draft(tab: CompareTab, draft: ComparisonDraft, source: PublishedSource, visit: Visit) -> Updates:
    """How each model would take the form, what of it fits the caps and costs, what is wrong with it, and its address."""
    address = render("query", tab="compare", query=write_compare_query(draft, source))
    lost = source.token and not source.shared and "prompt" not in draft.shared
    try:
        # A seed that is left open is drawn when the requests are sent: which models take none shows before.
        shared = {"seed": ANY_SEED, **draft.shared}
        plan = tab.playground.plan_comparison(draft.choices(tab.playground.catalog), shared, draft.samples)
    except InputError as error:
        start = gr.update(value="Compare", interactive=True)
        return {tab.plan: address, tab.start: start, tab.error: render("note", text=error.what)}
    plan = await tab.playground.fit_comparison(plan, visit)
    return {
        tab.plan: show_plan(tab.playground.catalog, plan) + address,
        tab.start: gr.update(value=button_text(plan), interactive=bool(plan.requests or not plan.unaffordable)),
        tab.error: render("note", text=UNPUBLISHED) if lost else "",
    }


async def show_comparison(
    tab: CompareTab, comparison: Comparison, jobs: Mapping[str, Job], order: str, visit: Visit, *, fresh: bool = False
) -> Updates:
    """The cards and what can be done about them. ``fresh``: another comparison was shown before."""
    active = any(not job.settled for job in jobs.values())
    again = None if active or comparison.token else await tab.playground.retries(comparison, jobs, visit)
    return {
        tab.cards: show_cards(tab.playground.catalog, comparison, jobs, tab.playground.jobs.timing, order),
        tab.order: gr.update(visible=True),
        tab.retry: gr.update(
            visible=bool(again and again.cards),
            value=retry_text(again) if again else "Retry",
            interactive=bool(again and again.requests),
        ),
        tab.stop: gr.update(visible=active),
        tab.more: gr.update(visible=not comparison.token),
        tab.share.comparison: comparison.id,
        **show_share(tab.share, comparison, jobs, fresh=fresh),
    }


async def show_changed(tab: CompareTab, change: Awaitable[Comparison], given: Updates) -> Updates:
    """A comparison after what its visitor asked for, or why it could not be done."""
    try:
        visit = given[tab.header.visit]
        comparison, jobs = await tab.playground.comparison((await change).id, visit)
    except PlaygroundError as error:
        return {tab.error: render("note", text=plain(error))}
    return {tab.error: "", **await show_comparison(tab, comparison, jobs, given[tab.order], visit)}


async def open_compare(tab: CompareTab, query: Query, visit: Visit) -> Updates:
    """Updates of ``tab.parts``: the form that the address asks for, and the comparison that it names, else the newest.

    What is too long for an address is found in the published comparison that the address names, or in the
    visitor's own that it was used for.
    """
    draft = default_draft(tab.playground)
    found, source = await _named_comparison(tab, query, visit), PublishedSource()
    if first(query, "tab") == "compare":
        draft = read_compare_query(tab.playground.catalog, query, draft)
        source = await _published_source(tab, first(query, SOURCE))
        own = draft_of(found[0]) if found else draft
        if source.shared:
            draft = replace(draft, shared={**source.shared, **draft.shared})
        elif "prompt" not in query and ("models" not in query or draft.models == own.models):
            draft = own
    return {
        **tab.form.show(draft),
        tab.form.lock: False,
        tab.source: source,
        **(await show_comparison(tab, *found, ORDERS[0], visit, fresh=True) if found else {}),
        tab.order: gr.update(value=ORDERS[0], visible=bool(found)),
        **await show_draft(tab, draft, source, visit),
    }


async def _named_comparison(tab: CompareTab, query: Query, visit: Visit) -> tuple[Comparison, dict[str, Job]] | None:
    named = comparison_id_of(query)
    try:
        if named:
            return await tab.playground.comparison(named, visit)
        return await tab.playground.newest_comparison(visit)
    except (JobNotFound, DatabaseUnavailable):
        return None


async def _published_source(tab: CompareTab, token: str) -> PublishedSource:
    """What a published comparison asks for, without its visitor's pictures; nothing once it was taken back."""
    try:
        comparison, _ = await tab.playground.published_comparison(token)
    except (JobNotFound, DatabaseUnavailable):
        return PublishedSource(token)
    return PublishedSource(token, {role: value for role, value in comparison.shared.items() if role != "images"})


# -- handlers -------------------------------------------------------------------------------------


async def follow(tab: CompareTab, given: Updates) -> Updates:
    """The plan for the form as it stands. Sends nothing."""
    draft = tab.form.read(given)
    shown = await show_draft(tab, draft, given[tab.source], given[tab.header.visit])
    return {**shown, **tab.form.show_chosen(draft)}


async def compare(tab: CompareTab, given: Updates, request: gr.Request) -> Updates:
    """Send the requests. A seed that is left open is drawn, shown, and used for every model that takes one.

    A seed of the visitor's own is used as it is; one that was drawn is drawn anew unless it is to be kept.
    """
    tab.latest.start(request)
    playground, visit, draft = tab.playground, visit_of(tab.header, given, request), tab.form.read(given)
    if draft.shared.get("seed") == given[tab.drawn] and not given[tab.form.lock]:
        draft = draft.with_seed(None)
    key = f"{given[tab.click]} {write_compare_query(draft)}"  # another form is another comparison
    seeded = draft if "seed" in draft.shared else draft.with_seed(draw_seed())
    try:
        choices = draft.choices(playground.catalog)
        plan = playground.plan_comparison(choices, seeded.shared, draft.samples)
        if not any("seed" in card.request.parameters for card in plan.cards if card.request):
            seeded = draft.with_seed(None)
        payer = given[tab.header.payer]
        started = await playground.compare(choices, seeded.shared, draft.samples, visit, payer, key)
        comparison, jobs = await playground.comparison(started.id, visit)
    except PlaygroundError as error:
        return {tab.error: render("note", text=plain(error))}
    seed = comparison.shared.get("seed")
    return {
        **await show_comparison(tab, comparison, jobs, given[tab.order], visit, fresh=True),
        tab.form.roles[Role.SEED]: seed,
        tab.drawn: given[tab.drawn] if "seed" in draft.shared else seed,
        tab.error: "",
    }


async def retry_failed(tab: CompareTab, given: Updates, request: gr.Request) -> Updates:
    """Send again what failed."""
    tab.latest.start(request)
    visit, payer = given[tab.header.visit], given[tab.header.payer]
    return await show_changed(tab, tab.playground.retry(given[tab.share.comparison], visit, payer), given)


async def add_model(tab: CompareTab, given: Updates, request: gr.Request) -> Updates:
    """One more card, for the model that is chosen below the cards."""
    tab.latest.start(request)
    visit, payer = given[tab.header.visit], given[tab.header.payer]
    try:
        choice = read_choice(tab.playground.catalog, given[tab.another] or "")
    except InputError:
        return {tab.error: gr.skip()}
    adding = tab.playground.add_model(given[tab.share.comparison], choice, visit, payer)
    updates = await show_changed(tab, adding, given)
    return {**updates, tab.another: None} if tab.cards in updates else updates


async def quote_model(tab: CompareTab, given: Updates) -> Updates:
    """What the chosen model would cost in this comparison, or why it cannot draw it."""
    try:
        comparison, _ = await tab.playground.comparison(given[tab.share.comparison], given[tab.header.visit])
        choice = read_choice(tab.playground.catalog, given[tab.another] or "")
        plan = tab.playground.plan_comparison([choice], comparison.shared)
        (planned,) = (await tab.playground.fit_comparison(plan, given[tab.header.visit])).cards
    except PlaygroundError:
        return {tab.add: gr.update(value="Add", interactive=True), tab.another: gr.update(info="")}
    text = f"Add · {planned.cost}" if planned.request else "Add"
    return {
        tab.add: gr.update(value=text, interactive=planned.request is not None),
        tab.another: gr.update(info=planned.card.refused),
    }


async def stop_all(tab: CompareTab, given: Updates) -> Updates:
    """Stop every active job of the comparison."""
    stopping = tab.playground.stop_comparison(given[tab.share.comparison], given[tab.header.visit])
    return await show_changed(tab, stopping, given)


async def arrange(tab: CompareTab, given: Updates) -> Updates:
    """The cards in another order."""
    try:
        comparison, jobs = await tab.playground.comparison(given[tab.share.comparison], given[tab.header.visit])
    except PlaygroundError:
        return {tab.cards: gr.skip()}
    return {tab.cards: show_cards(tab.playground.catalog, comparison, jobs, tab.playground.jobs.timing, given[tab.order])}


async def watch(tab: CompareTab, given: Updates, request: gr.Request) -> AsyncIterator[Updates]:
    """The cards once a second until every job is settled. A newer watch of the same page ends an older one."""
    event, visit = tab.latest.start(request), visit_of(tab.header, given, request)
    chosen = {given[tab.share.left], given[tab.share.right]} - {None}
    active, ended = True, -1
    try:
        while active:
            try:
                comparison, jobs = await tab.playground.comparison(given[tab.share.comparison], visit)
            except DatabaseUnavailable:  # jobs outlive a database that is unavailable for a while
                await asyncio.sleep(BEAT_S)
                continue
            if not tab.latest.is_newest(request, event):
                break
            active = any(not job.settled for job in jobs.values())
            # What is in the slider may have been deleted in the history meanwhile.
            fresh = not chosen <= {picture.name for job in jobs.values() for picture in job.pictures}
            chosen = set() if fresh else chosen
            updates = await show_comparison(tab, comparison, jobs, given[tab.order], visit, fresh=fresh)
            del updates[tab.share.comparison]  # a page that shows another comparison would be brought back to this one
            before, ended = ended, sum(job.settled for job in jobs.values())
            yield updates if ended == before else {**updates, **await show_spending(tab.header, visit)}
            await asyncio.sleep(BEAT_S if active else 0)
    except JobNotFound:
        pass
    finally:
        tab.latest.finish(request, event)
    yield {tab.cards: gr.skip()}  # Gradio repeats the last yield of an event that ends
