"""The place where a job is seen: its state and pictures, what can be done about it, and this visitor's other jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.catalog.requests import Request, rebuild_request
from components.errors import DatabaseUnavailable, JobNotFound, PlaygroundError
from components.jobs.job import Job, JobState
from components.playground import Playground, Visit
from components.ui.events import LONG, QUIET, UNSEEN, Updates
from components.ui.latest_only import Turns
from components.ui.visits import arrived
from components.views import job as result

WATCH = "() => document.querySelector('#watch')?.click()"
LIST_EVERY = 3
OTHERS_BEAT_S = 2.0
UNSURE_S = 900.0


@dataclass(frozen=True)
class JobPanel:
    """``place`` shows a job, ``job`` holds its id, ``news`` changes whenever money may have moved.

    ``send`` turns a request into a job and its first updates of ``parts``; wire it with :meth:`watched`.
    """

    place: gr.HTML
    job: gr.State
    news: gr.Textbox
    parts: frozenset[Any]
    send: Callable[[Callable[[], Request], Visit, str, gr.Request], Any]
    resume: Callable[[Visit], Any]

    def watched(self, event: Any) -> None:
        """After this event watch the job that it has put in its place."""
        event.then(None, None, None, js=WATCH, **UNSEEN)


def build_job_panel(playground: Playground, visit: gr.State, paying: gr.Textbox) -> JobPanel:
    """Build and wire the panel inside the current column."""
    runner = playground.jobs
    with gr.Column(elem_id="outcome"):
        place = gr.HTML(elem_id="place")
        with gr.Row(elem_id="next-steps"):
            stop = gr.Button("Stop", visible=False, size="sm", elem_id="stop-button")
            check = gr.Button("Check again", visible=False, size="sm", elem_id="check-button")
            again = gr.Button("Ask again", visible=False, size="sm", elem_id="again-button")
            drop = gr.Button("Let it go", visible=False, size="sm", elem_id="drop-button")
        others = gr.HTML(elem_id="others")
        earlier = gr.HTML(elem_id="earlier")
    job = gr.State("")
    watch_bell = gr.Button(visible="hidden", elem_id="watch")
    opened = gr.Textbox(visible="hidden", elem_id="open-job")
    news = gr.Textbox(visible="hidden", elem_id="news")
    turns = Turns()
    buttons = {stop, check, again, drop}
    parts = frozenset({place, job, news, others, earlier, *buttons})

    def shown(now: Job) -> Updates:
        """A job in its place, with what can be done about it."""
        unsure = now.state is JobState.UNCERTAIN and not now.dropped
        return {
            place: result.show_job(playground, now),
            job: now.id,
            stop: gr.update(visible=not now.settled),
            check: gr.update(visible=result.checkable(now)),
            again: gr.update(visible=unsure),
            drop: gr.update(visible=unsure),
        }

    async def beside(visitor: str, current: str) -> tuple[Updates, bool]:
        """The visitor's other jobs and pictures, and whether any of those jobs is going still.

        Nothing, and perhaps, while the database is away: the job that is shown goes on all the same.
        """
        try:
            going = [one for one in await runner.store.unfinished(visitor) if one.id != current]
            kept = await runner.store.recent(visitor, result.EARLIER + 1)
        except DatabaseUnavailable:
            return {}, True
        updates = {
            others: result.show_others(playground, going),
            earlier: result.show_earlier(playground, kept, current),
        }
        return updates, any(not one.settled for one in going)

    def moved(job_id: str) -> str:
        return f"{job_id} {time.monotonic()}"

    async def send(build: Callable[[], Request], visitor: Visit, payer: str, request: gr.Request) -> Updates:
        """The job of a request, queued; the one that is going already for the same request of the same visitor."""
        visitor = arrived(visitor, request)
        turns.take(request)  # whatever the page watches now has nothing more to say in this place
        try:
            account = playground.account_shown(visitor, payer)
            started = await runner.submit(build(), account, visitor.visitor, once=True)
            return {**shown(started), **(await beside(visitor.visitor, started.id))[0], news: moved(started.id)}
        except PlaygroundError as error:
            nothing = dict.fromkeys(buttons, gr.update(visible=False))
            return {place: result.show_problem(playground, error.problem), job: "", **nothing}

    async def watch(job_id: str, visitor: Visit, request: gr.Request) -> AsyncIterator[Updates]:
        """The job until nothing happens to it by itself; then the others, while one of them is going.

        A page shows one job: a newer watch of the same page ends an older one. Gradio's own ``cancels`` cannot be
        relied on for that, it fails while the event it should end is still on its way.
        """
        turn = turns.take(request)
        try:
            async with aclosing(followed(job_id, arrived(visitor, request))) as following:
                async for updates in following:
                    if not turns.has(request, turn):
                        # Gradio repeats the last yield of an event that ends: without this one, the old job's end.
                        yield {place: gr.skip()}
                        return
                    yield updates
        finally:
            turns.leave(request, turn)

    async def followed(job_id: str, visitor: Visit) -> AsyncGenerator[Updates, None]:
        count, now = 0, None
        try:
            async for now in runner.watch(job_id, visitor.visitor):
                # Not the job's id: a page that shows another job by now would be brought back to this one.
                updates = {part: update for part, update in shown(now).items() if part is not job}
                if now.settled or count % LIST_EVERY == 0:
                    # In the same yield: of two in one moment Gradio 6.31 loses what only the first one changed.
                    updates |= (await beside(visitor.visitor, now.id))[0]
                if now.settled or count == 1:
                    updates[news] = moved(now.id)
                count += 1
                yield updates
            more, beats = now is not None, 0
            unsure = now is not None and now.state is JobState.UNCERTAIN and not now.dropped
            while more or (unsure and beats * OTHERS_BEAT_S < UNSURE_S):
                await asyncio.sleep(OTHERS_BEAT_S)
                beats += 1
                before, (updates, more) = more, await beside(visitor.visitor, job_id)
                if unsure and (await runner.find(job_id, visitor.visitor)).state is not JobState.UNCERTAIN:
                    async for found in followed(job_id, visitor):  # a callback has named its task
                        yield found
                    return
                # Also when the last of them has just ended: it is among the pictures now, and its money has moved.
                yield {**updates, news: moved(job_id)} if more or before else {place: gr.skip()}
        except JobNotFound:
            yield {place: gr.skip()}
        except DatabaseUnavailable as error:
            yield {place: result.show_problem(playground, error.problem)}

    async def resume(visitor: Visit) -> Updates:
        """What a page that opens shows: this visitor's newest job that goes on or waits for a decision, or nothing."""
        try:
            unfinished = await runner.store.unfinished(visitor.visitor, 1)
            current = unfinished[0].id if unfinished else ""
            updates, _ = await beside(visitor.visitor, current)
        except DatabaseUnavailable:
            return {}
        return {**updates, **(shown(unfinished[0]) if unfinished else {})}

    async def show(job_id: str, visitor: Visit, request: gr.Request) -> Updates:
        """Another job of this visitor in its place."""
        turns.take(request)
        try:
            found = await runner.find(job_id, visitor.visitor)
            return {**shown(found), **(await beside(visitor.visitor, job_id))[0]}
        except PlaygroundError as error:
            return {place: result.show_problem(playground, error.problem)}

    async def repeat(job_id: str, visitor: Visit, payer: str, request: gr.Request) -> Updates:
        """Send the very request of an uncertain job once more, whatever the form holds by now.

        The page may not know yet what a callback, or another page, has made of the job: then it is shown instead.
        """
        try:
            playground.account_shown(visitor, payer)
            lost = await runner.find(job_id, visitor.visitor)
            if lost.state is not JobState.UNCERTAIN or lost.dropped:
                return shown(lost)
            lost = await runner.let_go(job_id, visitor.visitor)
            if lost.state is not JobState.UNCERTAIN:
                return shown(lost)
        except PlaygroundError as error:
            return {place: result.show_problem(playground, error.problem)}
        return await send(lambda: rebuild_request(playground.catalog, lost.model, lost.body), visitor, payer, request)

    async def changed(change: Awaitable[Job]) -> Updates:
        """A job after what its visitor asked for, or why it could not be done."""
        try:
            return shown(await change)
        except PlaygroundError as error:
            return {place: result.show_problem(playground, error.problem)}

    async def look(job_id: str, visitor: Visit) -> Updates:
        """Go on with a job that is overdue, stopped, unreadable or waits for its key. Sends no new request."""
        return await changed(runner.check_again(job_id, playground.account(visitor), visitor.visitor))

    async def halt(job_id: str, visitor: Visit) -> Updates:
        return await changed(runner.stop(job_id, visitor.visitor))

    async def let_go(job_id: str, visitor: Visit) -> Updates:
        return {news: moved(job_id), **await changed(runner.let_go(job_id, visitor.visitor))}

    watch_bell.click(watch, [job, visit], list(parts), trigger_mode="multiple", **LONG)
    panel = JobPanel(place, job, news, parts, send, resume)
    panel.watched(again.click(repeat, [job, visit, paying], list(parts), **QUIET))
    panel.watched(check.click(look, [job, visit], list(parts), **QUIET))
    panel.watched(opened.input(show, [opened, visit], list(parts), **QUIET))
    stop.click(halt, [job, visit], list(parts), **QUIET)
    drop.click(let_go, [job, visit], list(parts), **QUIET)
    return panel
