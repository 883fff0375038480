"""The job panel: a job's state and pictures, and this visitor's other jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from components.errors import DatabaseUnavailable, NotFound, PlaygroundError
from components.jobs.job import HistoryEntry, Job, JobState
from components.playground import Playground, Visit
from components.ui.events import LONG, Updates, bind
from components.ui.header import Header, show_spending, visit_of
from components.ui.html import html
from components.ui.latest_only import LatestOnly
from components.views import job as result
from components.views.templates import render

OTHERS_EVERY = 3  # updates of the watched job
OTHERS_BEAT_S = 2.0
UNCERTAIN_S = 900.0  # so long a callback may still name the task of an uncertain job


@dataclass(frozen=True)
class JobPanel:
    """The components of the panel. ``job`` holds the id of the job that ``result`` shows, or "".

    ``changed`` is a mark on the picture while the form asks for something else.
    """

    playground: Playground
    header: Header
    result: gr.HTML
    changed: gr.HTML
    job: gr.State
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
        return {self.result, self.job, self.others, self.earlier}

    def watched(self, event: Any) -> None:
        """After this event, watch the job that it has put into the panel."""
        event.then(bind(watch, self), self.reads, self.parts | self.header.spending, **LONG)


def build_job_panel(playground: Playground, header: Header) -> tuple[gr.HTML, gr.HTML]:
    """Build the result, its "settings changed" mark, and what is shown while a request is sent, inside the current column."""
    with gr.Column(elem_id="result-panel"):
        html(render("pending"), elem_id="pending")
        return html(elem_id="result"), html(elem_id="settings-changed")


# -- what an event shows --------------------------------------------------------------------------


def show_job(panel: JobPanel, entry: HistoryEntry) -> Updates:
    """A job with its star."""
    job, timing = entry.job, panel.playground.jobs.timing(entry.job)
    return {panel.result: result.show_job(panel.playground.catalog, job, timing, starred=entry.starred), panel.job: job.id}


def show_error(panel: JobPanel, error: PlaygroundError) -> Updates:
    """Why there is no job to show."""
    return {panel.result: result.show_problem(panel.playground.catalog, error.problem)}


async def with_star(panel: JobPanel, job: Job, visit: Visit) -> HistoryEntry:
    """The job with its visitor's star; without one while the database is unavailable, or if the job is gone."""
    try:
        return await panel.playground.jobs.entry(job.id, visit.visitor) if job.settled else HistoryEntry(job)
    except PlaygroundError:
        return HistoryEntry(job)


async def show_others(panel: JobPanel, visit: Visit, job_id: str) -> tuple[Updates, bool]:
    """The visitor's other jobs and pictures, and whether any of those jobs is active.

    No updates, and perhaps, while the database is unavailable: the job in the panel goes on all the same.
    """
    try:
        others = [job for job in await panel.playground.jobs.unfinished(visit.visitor) if job.id != job_id]
        recent = await panel.playground.jobs.recent(visit.visitor, result.EARLIER + 1)
    except DatabaseUnavailable:
        return {}, True
    updates = {
        panel.others: result.show_others(panel.playground.catalog, others),
        panel.earlier: result.show_earlier(panel.playground.catalog, recent, job_id),
    }
    return updates, any(not job.settled for job in others)


async def shown_job(panel: JobPanel, given: Updates) -> Job | None:
    """The job that the panel shows; None for the example, or if the job cannot be read."""
    try:
        visitor = given[panel.header.visit].visitor
        return await panel.playground.jobs.find(given[panel.job], visitor) if given[panel.job] else None
    except PlaygroundError:
        return None


# -- handlers -------------------------------------------------------------------------------------


async def stop_job(panel: JobPanel, given: Updates) -> Updates:
    """Stop the job."""
    visit = given[panel.header.visit]
    try:
        stopped = await panel.playground.jobs.stop(given[panel.job], visit.visitor)
        return show_job(panel, await with_star(panel, stopped, visit))
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
    except NotFound:
        yield {panel.result: gr.skip()}
    except DatabaseUnavailable as error:
        yield show_error(panel, error)
    finally:
        panel.latest.finish(request, event)


async def _follow(panel: JobPanel, job_id: str, visit: Visit) -> AsyncGenerator[Updates, None]:
    """The job until it is settled; then the visitor's other jobs, while one of them is active."""
    count, job = 0, None
    async for job in panel.playground.jobs.watch(job_id, visit.visitor):
        updates = show_job(panel, await with_star(panel, job, visit))
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
        if uncertain and (await panel.playground.jobs.find(job.id, visit.visitor)).state is not JobState.UNCERTAIN:
            async for followed in _follow(panel, job.id, visit):
                yield followed
            return
        # Also when the last of them has just ended: it is among the pictures now, and its money has moved.
        if active or were_active:
            yield {**updates, **await show_spending(panel.header, visit)}
        else:
            yield {panel.result: gr.skip()}
