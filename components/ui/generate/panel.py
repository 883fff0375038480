"""The job panel: a job's state and pictures, what can be done about it, and this visitor's other jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from components.errors import DatabaseUnavailable, JobNotFound, PlaygroundError
from components.jobs.job import Job, JobState
from components.playground import Playground, Visit
from components.ui.events import DIRECT, LONG, Updates, bind, sent
from components.ui.header import Header, show_spending, visit_of
from components.ui.html import SEND_CLICKS, html
from components.ui.latest_only import LatestOnly
from components.views import job as result

OTHERS_EVERY = 3  # updates of the watched job
OTHERS_BEAT_S = 2.0
UNCERTAIN_S = 900.0  # so long a callback may still name the task of an uncertain job


@dataclass(frozen=True)
class JobPanel:
    """The components of the panel. ``job`` holds the id of the job that ``result`` shows, or ""."""

    playground: Playground
    header: Header
    result: gr.HTML
    job: gr.State
    stop: gr.Button
    check: gr.Button
    again: gr.Button
    abandon: gr.Button
    others: gr.HTML
    earlier: gr.HTML
    latest: LatestOnly = field(default_factory=LatestOnly)

    @property
    def reads(self) -> set[Any]:
        """What the handlers read."""
        return {self.job, self.header.visit, self.header.payer}

    @property
    def parts(self) -> set[Any]:
        """What the handlers update."""
        return {self.result, self.job, self.stop, self.check, self.again, self.abandon, self.others, self.earlier}

    def watched(self, event: Any) -> None:
        """After this event, watch the job that it has put into the panel."""
        event.then(bind(watch, self), self.reads, self.parts | self.header.spending, **LONG)


def build_job_panel(playground: Playground, header: Header) -> JobPanel:
    """Build and wire the panel inside the current column."""
    with gr.Column(elem_id="outcome"):
        shown = html(elem_id="place")
        with gr.Row(elem_id="next-steps"):
            stop = gr.Button("Stop", visible=False, size="sm", elem_id="stop-button")
            check = gr.Button("Check again", visible=False, size="sm", elem_id="check-button")
            again = gr.Button("Send again", visible=False, size="sm", elem_id="again-button")
            abandon = gr.Button("Dismiss", visible=False, size="sm", elem_id="abandon-button")
        others = html(elem_id="others", on_load=SEND_CLICKS)
        earlier = html(elem_id="earlier")
    panel = JobPanel(playground, header, shown, gr.State(""), stop, check, again, abandon, others, earlier)
    panel.watched(again.click(bind(ask_again, panel), panel.reads, panel.parts, **DIRECT))
    panel.watched(check.click(bind(check_again, panel), panel.reads, panel.parts, **DIRECT))
    panel.watched(others.select(bind(open_other, panel), panel.reads, panel.parts, **DIRECT))
    stop.click(bind(stop_job, panel), panel.reads, panel.parts, **DIRECT)
    abandon.click(bind(abandon_job, panel), panel.reads, panel.parts | header.spending, **DIRECT)
    return panel


# -- what an event shows --------------------------------------------------------------------------


def show_job(panel: JobPanel, job: Job) -> Updates:
    """A job, with what can be done about it."""
    uncertain = job.state is JobState.UNCERTAIN
    return {
        panel.result: result.show_job(panel.playground.catalog, job, panel.playground.jobs.timing(job)),
        panel.job: job.id,
        panel.stop: gr.update(visible=not job.settled),
        panel.check: gr.update(visible=result.checkable(job)),
        panel.again: gr.update(visible=uncertain),
        panel.abandon: gr.update(visible=uncertain),
    }


def show_error(panel: JobPanel, error: PlaygroundError) -> Updates:
    """Why there is no job to show."""
    return {panel.result: result.show_problem(panel.playground.catalog, error.problem)}


async def show_others(panel: JobPanel, visit: Visit, job_id: str) -> tuple[Updates, bool]:
    """The visitor's other jobs and pictures, and whether any of those jobs is active.

    No updates, and perhaps, while the database is unavailable: the job in the panel goes on all the same.
    """
    try:
        others = [job for job in await panel.playground.unfinished(visit) if job.id != job_id]
        recent = await panel.playground.recent(visit, result.EARLIER + 1)
    except DatabaseUnavailable:
        return {}, True
    updates = {
        panel.others: result.show_others(panel.playground.catalog, others),
        panel.earlier: result.show_earlier(panel.playground.catalog, recent, job_id),
    }
    return updates, any(not job.settled for job in others)


async def open_job(panel: JobPanel, job_id: str, visit: Visit) -> Updates:
    """Another job of this visitor."""
    try:
        job = await panel.playground.job(job_id, visit)
    except PlaygroundError as error:
        return show_error(panel, error)
    return {**show_job(panel, job), **(await show_others(panel, visit, job_id))[0]}


async def open_newest(panel: JobPanel, visit: Visit) -> Updates:
    """This visitor's newest job that is active or waits for a decision; without one, the other jobs and pictures alone."""
    try:
        unfinished = await panel.playground.unfinished(visit)
    except DatabaseUnavailable:
        return {}
    shown = show_job(panel, unfinished[0]) if unfinished else {}
    others, _ = await show_others(panel, visit, shown.get(panel.job, ""))
    return {**others, **shown}


# -- handlers -------------------------------------------------------------------------------------


async def submit(panel: JobPanel, model: str, parameters: dict[str, Any], given: Updates, request: gr.Request) -> Updates:
    """Send a request and show its job; while the same request of this visitor is active, show that one's."""
    visit = visit_of(panel.header, given, request)
    panel.latest.start(request)
    try:
        payer = given[panel.header.payer]
        job = await panel.playground.generate(model, parameters, visit, payer, deduplicate=True)
    except PlaygroundError as error:
        hidden = dict.fromkeys((panel.stop, panel.check, panel.again, panel.abandon), gr.update(visible=False))
        return {**show_error(panel, error), panel.job: "", **hidden}
    return {**show_job(panel, job), **(await show_others(panel, visit, job.id))[0]}


async def open_other(panel: JobPanel, given: Updates, event: gr.EventData, request: gr.Request) -> Updates:
    """The job that was clicked in the list of others."""
    panel.latest.start(request)
    return await open_job(panel, sent(event, "job"), visit_of(panel.header, given, request))


async def ask_again(panel: JobPanel, given: Updates, request: gr.Request) -> Updates:
    """Send the request of an uncertain job once more, whatever the form holds by now."""
    panel.latest.start(request)
    visit, payer = given[panel.header.visit], given[panel.header.payer]
    try:
        job = await panel.playground.resubmit(given[panel.job], visit, payer)
    except PlaygroundError as error:
        return show_error(panel, error)
    return {**show_job(panel, job), **(await show_others(panel, visit, job.id))[0]}


async def check_again(panel: JobPanel, given: Updates) -> Updates:
    """Continue a job that is overdue, stopped or unreadable, or needs its key. Sends no new request."""
    return await _changed(panel, panel.playground.check_again(given[panel.job], given[panel.header.visit]))


async def stop_job(panel: JobPanel, given: Updates) -> Updates:
    """Stop the job."""
    return await _changed(panel, panel.playground.stop(given[panel.job], given[panel.header.visit]))


async def abandon_job(panel: JobPanel, given: Updates) -> Updates:
    """Give an uncertain job up."""
    visit = given[panel.header.visit]
    updates = await _changed(panel, panel.playground.abandon(given[panel.job], visit))
    return {**updates, **await show_spending(panel.header, visit)}


async def _changed(panel: JobPanel, change: Awaitable[Job]) -> Updates:
    try:
        return show_job(panel, await change)
    except PlaygroundError as error:
        return show_error(panel, error)


async def watch(panel: JobPanel, given: Updates, request: gr.Request) -> AsyncIterator[Updates]:
    """Updates until the job in the panel is settled and no other job is active.

    A page shows one job: a newer watch of the same page ends an older one. Gradio's own ``cancels`` cannot be
    relied on for that, it fails while the event that it should end is still on its way.
    """
    event = panel.latest.start(request)
    visit = visit_of(panel.header, given, request)
    try:
        async with aclosing(_follow(panel, given[panel.job], visit)) as updates:
            async for update in updates:
                if not panel.latest.is_newest(request, event):
                    # Gradio repeats the last yield of an event that ends: without this one, the old job's end.
                    yield {panel.result: gr.skip()}
                    return
                yield update
    except JobNotFound:
        yield {panel.result: gr.skip()}
    except DatabaseUnavailable as error:
        yield show_error(panel, error)
    finally:
        panel.latest.finish(request, event)


async def _follow(panel: JobPanel, job_id: str, visit: Visit) -> AsyncGenerator[Updates, None]:
    """The job until it is settled; then the visitor's other jobs, while one of them is active."""
    count, job = 0, None
    async for job in panel.playground.watch(job_id, visit):
        updates = show_job(panel, job)
        del updates[panel.job]  # a page that shows another job by now would be brought back to this one
        if job.settled or count % OTHERS_EVERY == 0:
            # In the same yield: of two in one moment Gradio 6.31 loses what only the first one changed.
            updates |= (await show_others(panel, visit, job_id))[0]
        if job.settled or count == 1:
            updates |= await show_spending(panel.header, visit)
        count += 1
        yield updates
    if job is not None:
        async for updates in _follow_others(panel, job, visit):
            yield updates


async def _follow_others(panel: JobPanel, job: Job, visit: Visit) -> AsyncGenerator[Updates, None]:
    """The visitor's other jobs while one of them is active; an uncertain job too, until a callback names its task."""
    uncertain = job.state is JobState.UNCERTAIN
    waited_s, active = 0.0, True
    while active or (uncertain and waited_s < UNCERTAIN_S):
        await asyncio.sleep(OTHERS_BEAT_S)
        waited_s += OTHERS_BEAT_S
        were_active, (updates, active) = active, await show_others(panel, visit, job.id)
        if uncertain and (await panel.playground.job(job.id, visit)).state is not JobState.UNCERTAIN:
            async for found in _follow(panel, job.id, visit):
                yield found
            return
        # Also when the last of them has just ended: it is among the pictures now, and its money has moved.
        if active or were_active:
            yield {**updates, **await show_spending(panel.header, visit)}
        else:
            yield {panel.result: gr.skip()}
