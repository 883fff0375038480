"""What Compare shows: its components, the plan for the form, and the cards, which are updated until all have ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from components.comparisons.comparison import Comparison
from components.comparisons.plan import ComparisonPlan, plan_comparison
from components.errors import DatabaseUnavailable, InputError, NotFound, PlaygroundError
from components.jobs.job import HistoryEntry
from components.playground import Playground, Visit
from components.ui.compare.form import CompareForm
from components.ui.compare.share import Share, offer_pin, show_share
from components.ui.events import LATEST, LONG, Updates, bind
from components.ui.header import Header, show_spending, visit_of
from components.ui.latest_only import LatestOnly
from components.ui.picker import SeveralModels
from components.views.comparison import button_text, retry_text, show_cards, show_plan
from components.views.models.cards import show_planned
from components.views.queries.compare import ComparisonDraft, PublishedSource, settings_title, write_compare_query
from components.views.templates import render

BEAT_S = 1.0
ANY_SEED = 1
UNPUBLISHED = (
    "The comparison behind this link is no longer published, so the prompt, which was too long for the link, is missing."
)


@dataclass(frozen=True)
class CompareTab:
    """The components of the tab.

    ``source`` holds the published comparison that the form was opened from;
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
    planned: gr.HTML
    earlier: gr.HTML
    more: gr.Row
    another: SeveralModels
    add: gr.Button
    unfit: gr.HTML
    share: Share
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
    def beside_form(self) -> set[Any]:
        """What :func:`show_draft` updates, all of which follows from the form."""
        return {self.plan, self.planned, self.start, self.error, self.form.settings}

    @property
    def shown(self) -> set[Any]:
        """What :func:`show_comparison` updates, and the error."""
        buttons = {self.order, self.retry, self.stop, self.more, *self.adding}
        return {self.cards, *buttons, self.share.comparison, *self.share.parts, self.error}

    @property
    def adding(self) -> set[Any]:
        """What :func:`show_added` updates."""
        return {*self.another.parts, self.add, self.unfit}

    @property
    def parts(self) -> set[Any]:
        """What :func:`open_compare` updates."""
        form = {*self.form.controls, *self.form.models.parts, self.form.lock}
        return {*form, *self.beside_form, self.source, self.earlier, *self.shown}

    def watched(self, event: Any) -> None:
        """After this event, watch the comparison that is shown."""
        self._watch(event.then)

    def opened_by(self, tab: gr.Tab) -> None:
        """Update the cards whenever the tab is opened: a card may have been deleted in the history."""
        self._watch(tab.select)

    def _watch(self, event: Callable[..., Any]) -> None:
        reads, offered = {self.share.comparison, self.header.visit}, {self.share.pin}
        event(bind(watch, self), *self._watching, **LONG).then(bind(offer_pin, self.share), reads, offered, **LATEST)

    @property
    def _watching(self) -> tuple[set[Any], set[Any]]:
        reads = self.reads | {self.share.left, self.share.right}
        return reads, (self.shown - {self.share.comparison}) | self.header.spending


async def show_draft(tab: CompareTab, draft: ComparisonDraft, source: PublishedSource, visit: Visit) -> Updates:
    """How each model would read the form, what it costs, what fits the caps, its problems, and its address."""
    address = render("query", tab="compare", query=write_compare_query(draft, source))
    title = gr.update(label=settings_title(draft))
    lost = source.token and not source.shared and "prompt" not in draft.shared
    try:
        # A random seed is chosen when the requests are sent; which models ignore it is shown before.
        shared = {"seed": ANY_SEED, **draft.shared}
        plan = plan_comparison(tab.playground.catalog, draft.choices(tab.playground.catalog), shared, draft.samples)
    except InputError as error:
        start = gr.update(value="Compare", interactive=True)
        return {tab.form.settings: title, tab.plan: address, tab.start: start, tab.error: render("note", text=error.what)}
    plan = await tab.playground.fit_comparison(plan, visit)
    return {
        tab.form.settings: title,
        tab.plan: show_plan(tab.playground.catalog, plan) + address,
        tab.planned: show_planned(tab.playground, plan),
        tab.start: gr.update(value=button_text(plan), interactive=bool(plan.requests or not plan.unaffordable)),
        tab.error: render("note", text=UNPUBLISHED) if lost else "",
    }


async def show_comparison(
    tab: CompareTab,
    comparison: Comparison,
    entries: Mapping[str, HistoryEntry],
    order: str,
    visit: Visit,
    *,
    fresh: bool = False,
) -> Updates:
    """The cards and what can be done about them. ``fresh``: another comparison was shown before."""
    jobs = {job_id: entry.job for job_id, entry in entries.items()}
    active = any(not job.settled for job in jobs.values())
    again = None if active or comparison.token else await tab.playground.plan_retries(comparison, jobs, visit)
    return {
        tab.cards: show_cards(tab.playground.catalog, comparison, entries, tab.playground.jobs.timing, order),
        tab.order: gr.update(visible=True),
        tab.retry: gr.update(
            visible=bool(again and again.cards),
            value=retry_text(again) if again else "Retry",
            interactive=bool(again and again.requests),
        ),
        tab.stop: gr.update(visible=active),
        tab.more: gr.update(visible=not comparison.token),
        **(show_added(tab, None) if fresh else {}),
        tab.share.comparison: comparison.id,
        **show_share(tab.share, comparison, jobs, fresh=fresh),
    }


def show_added(tab: CompareTab, plan: ComparisonPlan | None) -> Updates:
    """The button that adds the models of a plan to the comparison, and why some would not be sent; nothing for None."""
    if plan is None:
        return {**tab.another.show(()), tab.add: gr.update(visible=False), tab.unfit: ""}
    refusals = dict.fromkeys(planned.card.refused for planned in plan.cards if planned.card.refused)
    return {
        tab.add: gr.update(visible=bool(plan.cards), value=button_text(plan, "Add"), interactive=bool(plan.requests)),
        tab.unfit: render("note", text=" ".join(refusals)),
    }


async def show_changed(tab: CompareTab, change: Awaitable[Comparison], given: Updates) -> Updates:
    """The comparison after an action, or why the action failed."""
    try:
        visit = given[tab.header.visit]
        comparison, entries = await tab.playground.comparisons.with_entries((await change).id, visit.visitor)
    except PlaygroundError as error:
        return {tab.error: render("note", text=str(error.problem))}
    return {tab.error: "", **await show_comparison(tab, comparison, entries, given[tab.order], visit)}


async def watch(tab: CompareTab, given: Updates, request: gr.Request) -> AsyncIterator[Updates]:
    """The cards once a second until every job is settled. A newer watch of the same page ends an older one."""
    event, visit = tab.latest.start(request), visit_of(tab.header, given, request)
    chosen = {given[tab.share.left], given[tab.share.right]} - {None}
    active, ended = True, -1
    try:
        while active:
            try:
                comparison, entries = await tab.playground.comparisons.with_entries(
                    given[tab.share.comparison], visit.visitor
                )
            except DatabaseUnavailable:  # jobs outlive a database that is unavailable for a while
                await asyncio.sleep(BEAT_S)
                continue
            if not tab.latest.is_newest(request, event):
                break
            jobs = [entry.job for entry in entries.values()]
            active = any(not job.settled for job in jobs)
            # The pictures in the slider may have been deleted in the history.
            fresh = not chosen <= {picture.name for job in jobs for picture in job.pictures}
            chosen = set() if fresh else chosen
            updates = await show_comparison(tab, comparison, entries, given[tab.order], visit, fresh=fresh)
            del updates[tab.share.comparison]  # a page that shows another comparison would be brought back to this one
            before, ended = ended, sum(job.settled for job in jobs)
            yield updates if ended == before else {**updates, **await show_spending(tab.header, visit)}
            await asyncio.sleep(BEAT_S if active else 0)
    except NotFound:
        pass
    finally:
        tab.latest.finish(request, event)
    yield {tab.cards: gr.skip()}  # Gradio repeats the last yield of an event that ends
