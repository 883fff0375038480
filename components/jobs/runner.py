"""From a request to kept pictures: one background task a job, owned by the application and not by a page.

Whoever wants to see a job watches it; a watcher that goes away ends the watching, never the job. A POST is
sent once (``ApiClient.create``); everything after it may fail and be asked again until the deadline.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace

from components.api.client import Account, ApiClient
from components.api.polling import Timing, next_delay
from components.api.wire import Phase, Reply
from components.catalog import Catalog, Request
from components.costs import price
from components.errors import (
    CHARGE_UNKNOWN,
    NOT_CHARGED,
    AnswerLost,
    JobNotFound,
    PictureUnkept,
    PlaygroundError,
    Problem,
    RateLimited,
    ServiceError,
    StillRunning,
    UnreadableReply,
)
from components.jobs.pictures import PictureStore
from components.jobs.records import Caps, Job, JobState
from components.jobs.store import Store, start_of_day

log = logging.getLogger(__name__)

RATE_LIMIT_WAIT_S = 5.0
MINIMUM_WAIT_S = 0.05
PICTURE_TRIES = 4
EMPTY_TRIES = 3
CHECKABLE = frozenset({JobState.RUNNING, JobState.STOPPED, JobState.FAILED})


Work = Callable[[], Coroutine[None, None, None]]


class Runner:
    """Starts, watches, stops and resumes jobs. One for the application; ``aclose`` ends its tasks."""

    def __init__(
        self,
        catalog: Catalog,
        store: Store,
        client: ApiClient,
        pictures: PictureStore,
        caps: Caps | None = None,
        deadline_s: float = 600.0,
    ) -> None:
        self.store = store
        self.pictures = pictures
        self._catalog = catalog
        self._client = client
        self._caps = caps or Caps()
        self._deadline_s = deadline_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[str] = set()
        self._bells: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def submit(self, request: Request, account: Account, visitor: str) -> Job:
        """Record a request as a job and start it. Returns the queued job at once.

        Raises:
            CapReached: too many jobs are going already.
        """
        cost = price(self._catalog, request)
        job = Job(
            id=secrets.token_urlsafe(16),
            visitor=visitor,
            model=request.model.id,
            body=request.body,
            shape=request.shape,
            count=request.count,
            payer=account.payer,
            base_url=account.base_url,
            credits=cost.credits,
            usd=cost.usd,
            created_at=time.time(),
            typical=_typical(request, account),
        )
        await self.store.add(job)
        self._start(job, lambda: self._run(job, account))
        return job

    async def watch(self, job_id: str, visitor: str, beat: float = 1.0) -> AsyncIterator[Job]:
        """The job now, at every change, and at least every ``beat`` seconds, until it is settled.

        Raises:
            JobNotFound: there is no such job of this visitor.
        """
        await self.find(job_id, visitor)
        while True:
            bell = self._bells[job_id]  # taken before the look, so that no change falls between the two
            job = await self.find(job_id, visitor)
            yield job
            if job.settled:
                self._bells.pop(job_id, None)
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), beat)

    async def settled(self, job_id: str, visitor: str) -> Job:
        """Wait until nothing happens to the job by itself any more. Raises JobNotFound."""
        job = await self.find(job_id, visitor)
        async for now in self.watch(job_id, visitor, beat=10):
            job = now
        return job

    async def find(self, job_id: str, visitor: str) -> Job:
        """This visitor's job. Raises JobNotFound for anybody else's, in the same words."""
        job = await self.store.get(job_id)
        if job is None or job.visitor != visitor:
            raise JobNotFound("There is no such job.")
        return job

    async def stop(self, job_id: str, visitor: str) -> Job:
        """Stop sending and polling. A request that is on its way is let arrive, so that its answer is known."""
        job = await self.find(job_id, visitor)
        if job.state is JobState.SUBMITTING:
            self._stopping.add(job_id)
        stopped = await self._stopped(job, {JobState.QUEUED, JobState.RUNNING})
        if stopped and (task := self._tasks.get(job_id)):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return stopped or job

    async def check_again(self, job_id: str, account: Account, visitor: str) -> Job:
        """Go on with a job that is overdue, stopped or unreadable, by its task id. Sends no POST."""
        job = await self.find(job_id, visitor)
        if not (job.task_id or job.waiting) or account.base_url != job.base_url or job_id in self._tasks:
            return job
        changed = await self._change(
            job_id, CHECKABLE, state=JobState.RUNNING, overdue=False, problem=None, finished_at=None, note=""
        )
        if changed:
            known = Reply(Phase.DONE, job.task_id, job.waiting, charged=job.charged) if job.waiting else None
            self._start(changed, lambda: self._follow(changed, known, account, at_once=True))
        return changed or job

    async def let_go(self, job_id: str, visitor: str) -> Job:
        """The visitor's decision not to ask again for an uncertain job. It stays on record as it is."""
        job = await self.find(job_id, visitor)
        return await self._change(job_id, {JobState.UNCERTAIN}, note="You let it go.") or job

    async def spent_by(self, visitor: str) -> float:
        """Credits that this visitor's own key has spent or reserved."""
        return await self.store.spent("visitor", 0.0, visitor)

    async def spent_today(self) -> float:
        """Credits of the host's key that are spent or reserved since midnight UTC."""
        return await self.store.spent("host", start_of_day(time.time()))

    async def aclose(self) -> None:
        """Cancel every task and wait until they are gone."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- one job ---------------------------------------------------------------------------------

    def _start(self, job: Job, work: Work) -> None:
        task = asyncio.create_task(self._guarded(job, work))
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.id, None))

    async def _guarded(self, job: Job, work: Work) -> None:
        """No job may end without a record of why: whatever escapes the work becomes the job's problem."""
        try:
            await work()
        except PlaygroundError as error:
            await self._fail(job.id, error)
        except Exception:
            log.exception("job %s broke", job.id)
            await self._fail(job.id, _broken(await self.store.get(job.id) or job))
        finally:
            self._stopping.discard(job.id)

    async def _run(self, job: Job, account: Account) -> None:
        created = await self._submit(job, account)
        if created:
            await self._follow(*created, account)

    async def _submit(self, job: Job, account: Account) -> tuple[Job, Reply] | None:
        """Send the request, once. Returns the running job with the answer, or None when it ended here."""
        give_up = time.monotonic() + self._deadline_s
        while True:
            claimed = await self.store.claim(job.id, self._caps, time.time())
            if claimed is None:
                return None
            self._ring(job.id)
            try:
                left = max(MINIMUM_WAIT_S, give_up - time.monotonic())
                reply = await self._client.create(account, claimed.body, within=left)
            except RateLimited as error:
                if job.id in self._stopping:
                    await self._stopped(claimed, {JobState.SUBMITTING})
                    return None
                wait = error.retry_after if error.retry_after is not None else RATE_LIMIT_WAIT_S
                if time.monotonic() + wait > give_up:
                    raise
                note = f"The service asks to wait {max(1, round(wait))} s; nothing was created."
                await self._change(job.id, {JobState.SUBMITTING}, state=JobState.QUEUED, note=note)
                await asyncio.sleep(max(wait, MINIMUM_WAIT_S))
                continue
            except AnswerLost as error:
                uncertain = {"state": JobState.UNCERTAIN, "problem": error.problem, "finished_at": time.time()}
                await self._change(job.id, {JobState.SUBMITTING}, **uncertain)
                return None
            if job.id in self._stopping and reply.phase is Phase.RUNNING:
                await self._stopped(replace(claimed, task_id=reply.task_id), {JobState.SUBMITTING})
                return None
            running = await self._change(job.id, {JobState.SUBMITTING}, state=JobState.RUNNING, task_id=reply.task_id)
            return (running, reply) if running else None

    async def _follow(self, job: Job, reply: Reply | None, account: Account, *, at_once: bool = False) -> None:
        """Poll until the task ends, then keep its pictures; at the deadline the job turns overdue."""
        started = time.monotonic()
        give_up = started + self._deadline_s
        before = max(0.0, time.time() - job.sent_at) if job.sent_at else 0.0
        timing = Timing.from_range(job.typical)
        problem: PlaygroundError | None = None
        polls, empty = job.polls, 0
        hint: float | None = 0.0 if at_once else None
        while reply is None or reply.phase is Phase.RUNNING:
            wait = next_delay(before + time.monotonic() - started, polls, timing, hint=hint)
            if time.monotonic() + wait > give_up and not at_once:
                await self._overdue(job, problem)
                return
            await asyncio.sleep(wait)
            polls, hint, at_once = polls + 1, None, False
            try:
                left = max(MINIMUM_WAIT_S, give_up - time.monotonic())
                reply, problem = await self._client.task(account, str(job.task_id), job.body, within=left), None
            except ServiceError as error:
                hint = error.retry_after if isinstance(error, RateLimited) else None
                empty += isinstance(error, UnreadableReply) and "holds no picture" in error.what
                if empty >= EMPTY_TRIES:
                    raise
                reply, problem = None, error
            note = problem.what if problem else ""
            if not await self._change(job.id, {JobState.RUNNING}, polls=polls, note=note):
                return
        if reply.phase is Phase.FAILED:
            raise reply.failure
        await self._keep(job, reply, account, give_up)

    async def _keep(self, job: Job, reply: Reply, account: Account, give_up: float) -> None:
        await self._change(job.id, {JobState.RUNNING}, saving=True, waiting=reply.images, charged=reply.charged, note="")
        kept = []
        for address in reply.images:
            for number in range(PICTURE_TRIES):
                try:
                    kept.append(await self.pictures.keep(address, account.base_url))
                    break
                except PictureUnkept as error:
                    if number == PICTURE_TRIES - 1 or time.monotonic() > give_up:
                        problem = error.problem
                        await self._change(
                            job.id, {JobState.RUNNING}, saving=False, overdue=True, problem=problem, pictures=tuple(kept)
                        )
                        return
                    await asyncio.sleep(0.3 * 2**number)
        await self._change(
            job.id,
            {JobState.RUNNING},
            state=JobState.DONE,
            saving=False,
            waiting=(),
            pictures=tuple(kept),
            finished_at=time.time(),
        )

    async def _overdue(self, job: Job, problem: PlaygroundError | None) -> None:
        last = f" Last answer: {problem.what}" if problem else ""
        minutes = self._deadline_s / 60
        after = f"{minutes:g} minutes" if minutes >= 1 else f"{self._deadline_s:g} seconds"
        error = StillRunning(
            f"Still running at the service after {after}, task {job.task_id}.{last}",
            task_id=job.task_id,
            reply=getattr(problem, "reply", ""),
        )
        await self._change(job.id, {JobState.RUNNING}, overdue=True, problem=error.problem, note="")

    async def _stopped(self, job: Job, when: set[JobState]) -> Job | None:
        """The job as stopped, in words that fit how far it had come; None if it is in another state."""
        changes = {"state": JobState.STOPPED, "task_id": job.task_id, "saving": False, "overdue": False, "note": ""}
        return await self._change(job.id, when, **changes, problem=_stopped(job), finished_at=time.time())

    async def _fail(self, job_id: str, error: PlaygroundError) -> None:
        going = {JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING}
        await self._change(
            job_id, going, state=JobState.FAILED, saving=False, problem=error.problem, finished_at=time.time()
        )

    async def _change(self, job_id: str, when: set[JobState] | frozenset[JobState], **changes: object) -> Job | None:
        job = await self.store.change(job_id, when, **changes)
        if job and "state" in changes:
            log.info("job %s task %s %s %s", job.id, job.task_id or "-", job.model, job.state)
        self._ring(job_id)
        return job

    def _ring(self, job_id: str) -> None:
        """Wake everybody who watches this job; each new round of watching waits for a new bell."""
        self._bells.pop(job_id, asyncio.Event()).set()


def _typical(request: Request, account: Account) -> tuple[float, float] | None:
    seconds = request.model.seconds
    return (seconds[0] / account.pace, seconds[1] / account.pace) if seconds else None


def _stopped(job: Job) -> Problem:
    if job.waiting:
        what = "Stopped before the pictures were fetched. They were done."
        return Problem("stopped", what, "Check again to fetch them.", "They were most likely charged.")
    if job.task_id is None:
        return Problem("stopped", "Stopped before anything was created.", "", NOT_CHARGED)
    what = f"Stopped watching task {job.task_id}. The service has no known way to cancel it."
    return Problem("stopped", what, "Check again to see what became of it.", "It may still finish and be charged.")


def _broken(job: Job) -> PlaygroundError:
    return ServiceError(
        "Something broke on this page, not at the service.",
        task_id=job.task_id,
        next_step="Check again, or tell whoever runs this page.",
        charged=CHARGE_UNKNOWN if job.sent_at else NOT_CHARGED,
    )
