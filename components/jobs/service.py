"""Jobs as the rest of the house sees them: submit, watch, stop, go on, and take up what a dead process left.

One background task a job, owned by the application and not by a page. Whoever wants to see a job watches it; a
watcher that goes away ends the watching, never the job. What a job's task does is in ``jobs.worker``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from components.api.client import Account, ApiClient
from components.api.schedule import PRIOR_WEIGHT, Learned, Timing
from components.catalog.models import Catalog
from components.catalog.prices import price
from components.catalog.requests import Request
from components.errors import NOT_CHARGED, CapReached, DatabaseUnavailable, InvalidState, JobNotFound
from components.jobs import callbacks as doorbell
from components.jobs.active import Register
from components.jobs.budgets import start_of_day
from components.jobs.job import ACTIVE, ENDED, Caps, Job, JobFilter, JobState, Measured, Page, Spend
from components.jobs.messages import LET_GO, stopped
from components.jobs.metrics import Metrics
from components.jobs.pacing import RunTimes, place
from components.jobs.recovery import Recovery, fits
from components.jobs.store.jobs import Store
from components.jobs.tasks import Tasks
from components.jobs.worker import Worker
from components.pictures.library import PictureLibrary

log = logging.getLogger(__name__)

CLOSING_S = 5.0
MOST_WAITING = 2_000
MOST_GOING = 5_000  # strangers may not fill the memory
REMOVED: dict[str, Any] = {
    "removed": True, "dropped": True, "starred": False, "body": {}, "prompt": "", "remark": "", "note": "",
    "pictures": (), "problem": None,
}  # fmt: skip
STOP_TRIES = 5  # a job may move on between the look and the change


class JobService:
    """Starts, watches, stops and resumes jobs. One for a process: ``begin`` it before use, ``aclose`` it at the end.

    Args:
        accounts: whose key asks for a job that is found without one; None: it waits for its visitor's key.
        callbacks: the address at which the service reaches this application, without a trailing slash; "": polling alone.
        told: is called with each job whose state has changed, and must return at once.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: Store,
        client: ApiClient,
        pictures: PictureLibrary,
        caps: Caps | None = None,
        deadline_s: float = 600.0,
        *,
        accounts: Callable[[Job], Account | None] = lambda _: None,
        callbacks: str = "",
        metrics: Metrics | None = None,
        log_prompts: bool = False,
        told: Callable[[Job], None] = lambda _: None,
    ) -> None:
        self.store = store
        self.pictures = pictures
        self.metrics = metrics or Metrics()
        self._catalog = catalog
        self._callbacks = callbacks
        self._register = Register(store, self.metrics, log_prompts=log_prompts, told=told)
        self._times = RunTimes(store)
        self._worker = Worker(
            self._register, client, pictures, caps or Caps(), deadline_s, self._times, self.metrics, self._calls_back
        )
        self._tasks = Tasks(self._register, self._count, self._worker.left)
        self._upkeep = Recovery(store, self._register, self._tasks, self._worker, self._times, deadline_s, accounts)
        self._beating: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Take up what dead processes left, and go on saying that this one lives."""
        self._beating = asyncio.create_task(self._upkeep.beat())
        await self._upkeep.begin()

    async def aclose(self) -> None:
        """End every task; a request that is on its way is given CLOSING_S to be answered."""
        if self._beating:  # first: it would take up again what is ended here
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        await self._tasks.aclose(CLOSING_S)
        for last in (self.store.release, self._times.save):
            with suppress(DatabaseUnavailable):
                await last()

    # -- for visitors ----------------------------------------------------------------------------

    async def submit(
        self,
        request: Request,
        account: Account,
        visitor: str,
        *,
        once: bool = False,
        copy: int = 0,
        batch: str = "",
        job_id: str = "",
    ) -> Job:
        """Record a request as a job and start it. Returns the queued job at once.

        ``once``: while the very same request of this visitor is still going, it is returned instead of a new one;
        ``copy`` tells requests apart that are wanted several times. ``batch`` is the batch that asks,
        ``job_id`` an id that it has drawn already: however often it is submitted, it is one job.

        Raises:
            CapReached: MOST_GOING jobs are going in this process.
            DatabaseUnavailable: the job cannot be recorded. Nothing was sent in either case.
        """
        if len(self._tasks) >= MOST_GOING:
            raise CapReached("This page has too many requests going.", next_step="Try again in a minute.")
        cost = price(self._catalog, request)
        seconds = request.model.seconds
        job = Job(
            id=job_id or new_id(),
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
            typical=(seconds[0] / account.pace, seconds[1] / account.pace) if seconds else None,
            once=_fingerprint(request, account, visitor, copy) if once else None,
            batch=batch,
            prompt=request.prompt,
        )
        try:
            kept = await self._register.add(job)
        except DatabaseUnavailable as error:
            raise DatabaseUnavailable(error.what, charged=NOT_CHARGED) from error
        # One id may be submitted twice, by a retry: then whoever pays is the one who was recorded.
        if kept.id == job.id and kept.state is JobState.QUEUED and kept.id not in self._tasks and fits(account, kept):
            self._tasks.start(kept, account, lambda: self._worker.run(kept, account))
        return kept

    async def watch(self, job_id: str, visitor: str, beat: float = 1.0) -> AsyncIterator[Job]:
        """The job now, at every change, and at least every ``beat`` seconds, until it is settled.

        Raises:
            JobNotFound: there is no such job of this visitor.
        """
        await self.find(job_id, visitor)
        while True:
            bell = self._register.bell(job_id)  # taken before the look, so that no change falls between the two
            with suppress(DatabaseUnavailable):  # a job outlives a database that is away for a while
                job = await self.find(job_id, visitor)
                yield job
                if job.settled:
                    self._register.forget_bell(job_id)
                    return
            with suppress(TimeoutError):
                async with asyncio.timeout(beat):
                    await bell.wait()

    async def settled(self, job_id: str, visitor: str) -> Job:
        """Wait until nothing happens to the job by itself any more. Raises JobNotFound."""
        job = await self.find(job_id, visitor)
        async for now in self.watch(job_id, visitor, beat=10):
            job = now
        return job

    async def find(self, job_id: str, visitor: str) -> Job:
        """This visitor's job. Raises JobNotFound for anybody else's, in the same words."""
        job = await self._register.get(job_id)
        if job is None or job.visitor != visitor or job.removed:
            raise JobNotFound("There is no such job.")
        return job

    async def find_all(self, job_ids: Collection[str], visitor: str) -> dict[str, Job]:
        """Those of these jobs that are this visitor's, by id."""
        found = {job.id: self._register.live.get(job.id, job) for job in await self.store.get_all(job_ids)}
        return {job.id: job for job in found.values() if job.visitor == visitor and not job.removed}

    async def recorded(self, job_ids: Collection[str]) -> set[str]:
        """Those of these ids that any job has or had, removed ones too."""
        return {job.id for job in await self.store.get_all(job_ids)}

    async def search(self, visitor: str, wanted: JobFilter, limit: int, before: str = "") -> Page:
        """This visitor's jobs that fit, newest first, as they are now; those older than the job ``before``."""
        page = await self.store.search(visitor, wanted, limit, before)
        return replace(page, jobs=tuple(self._register.live.get(job.id, job) for job in page.jobs))

    async def remark(self, job_id: str, visitor: str, **changes: Any) -> Job:
        """Change what a visitor has put beside a job: ``starred`` and ``remark``. Raises JobNotFound."""
        await self.find(job_id, visitor)
        remarked = await self._register.change(job_id, set(JobState), **changes)
        return remarked or await self.find(job_id, visitor)

    async def remove(self, job_id: str, visitor: str) -> None:
        """Forget a job that has ended: what was asked, and its pictures where no other job shows them.

        What it cost stays on record, for a cap must not be filled anew by deleting. An uncertain job is let go.

        Raises:
            JobNotFound: there is no such job of this visitor.
            InvalidState: the job is still going.
        """
        job = await self.find(job_id, visitor)
        # A task that was accepted without an id is known by its results alone, and so is what it cost.
        changes = REMOVED | {"waiting": ("",) * len(job.waiting)}
        if await self._register.change(job_id, ENDED, **changes) is None:
            await self.find(job_id, visitor)
            raise InvalidState("This request is still going.", next_step="Stop it first.")
        await self._tasks.finish(job_id, cancel=True)
        for name in await self.store.unreferenced([picture.name for picture in job.pictures]):
            await self._erase(name)

    async def _erase(self, name: str) -> None:
        """Delete a picture; put it back where another job has come to show it meanwhile."""
        before = await self.pictures.read(name)
        data = await asyncio.to_thread(before.read_bytes) if isinstance(before, Path) else before
        await self.pictures.remove(name)
        if data and not await self.store.unreferenced([name]):
            await asyncio.to_thread(self.pictures.storage.put, name, data)

    async def stop(self, job_id: str, visitor: str) -> Job:
        """Stop sending and polling. A request that is on its way is let arrive, so that its answer is known."""
        for _ in range(STOP_TRIES):
            job = await self.find(job_id, visitor)
            if job.state is JobState.SUBMITTING:
                if asked := await self._register.change(job_id, {job.state}, stopping=True):
                    return asked
            elif job.state in ACTIVE:
                changes: dict[str, Any] = {
                    "state": JobState.STOPPED,
                    "saving": False,
                    "overdue": False,
                    "keyless": False,
                    "note": "",
                }
                ended: dict[str, Any] = {
                    "problem": stopped(job),
                    "finished_at": time.time(),
                    "waiting": job.waiting,
                    "polls": job.polls,
                }
                if done := await self._register.change(job_id, {job.state}, **changes, **ended):
                    await self._tasks.finish(job_id, cancel=True)
                    return done
            else:
                break
        return await self.find(job_id, visitor)

    async def check_again(self, job_id: str, account: Account, visitor: str) -> Job:
        """Go on with a job that is overdue, stopped, unreadable or waits for its key. Sends no POST for a task.

        A job of another payer than ``account`` is asked for with its own payer's key, where there is one.
        """
        job = await self.find(job_id, visitor)
        paying = account if fits(account, job) else self._upkeep.account(job)
        if paying is None:
            return job
        # A repair, which may go on until the deadline, is no task that has nothing left to do.
        if job.settled and not job.repairable:
            await self._tasks.finish(job_id)
        if job_id in self._tasks:
            return job
        return await self._upkeep.go_on(job, paying) or await self.find(job_id, visitor)

    async def key_given(self, visitor: str, account: Account) -> int:
        """Go on with this visitor's jobs that wait for a key, uncertain ones with a known task too. Returns how many."""
        unfinished = await self.store.unfinished(visitor, MOST_WAITING)
        waiting = [job for job in unfinished if job.keyless or job.repairable]
        going = [await self._upkeep.go_on(job, account) for job in waiting if fits(account, job)]
        return len([job for job in going if job])

    async def let_go(self, job_id: str, visitor: str) -> Job:
        """The visitor's decision not to ask again for an uncertain job. Its price counts as spent."""
        job = await self.find(job_id, visitor)
        let_go = await self._register.change(job.id, {JobState.UNCERTAIN}, dropped=True, note=LET_GO)
        return let_go or await self.find(job_id, visitor)

    async def spent_by(self, visitor: str, since: float = 0.0) -> Spend:
        """Credits of this visitor's own key since then."""
        return await self.store.spend("visitor", since, visitor)

    async def spent_today(self, visitor: str | None = None) -> Spend:
        """Credits of the host's key since midnight UTC, of all visitors or of one."""
        return await self.store.spend("host", start_of_day(time.time()), visitor)

    # -- for the page ----------------------------------------------------------------------------

    def timing(self, job: Job) -> Timing:
        """How long such a job takes: learned here, else the service's own range."""
        account = self._tasks.account(job.id)
        return self._times.timing((place(account), job.model), job) if account else Learned.expected(job.typical).timing

    def learned(self, account: Account, model: str) -> Timing | None:
        """Run times of a model as seen here; None while nothing was seen."""
        known = self._times.known((place(account), model))
        return known.timing if known and known.weight > PRIOR_WEIGHT else None

    async def measured(self) -> dict[str, Measured]:
        """What tasks at real services took here, by model."""
        return await self.store.measured()

    # -- the doorbell ----------------------------------------------------------------------------

    async def ring(self, job_id: str, secret: str, body: bytes) -> bool:
        """A callback. It wakes the poller and may name the task of an uncertain job. False: nobody knows the address."""
        job = await self.store.get(job_id)
        if not doorbell.matches(secret, job.token if job else "") or job is None or job.removed:
            return False
        self.metrics.callbacks.labels(job.model).inc()
        named = doorbell.named_task(body)
        if job_id in self._tasks:
            self._worker.ring(job_id)
        if named and named != job.heard and job.state in ACTIVE | {JobState.UNCERTAIN}:
            job = await self._register.change(job_id, ACTIVE | {JobState.UNCERTAIN}, heard=named) or job
        idle = job_id not in self._tasks and (job.overdue or job.keyless or job.state is JobState.UNCERTAIN)
        if idle and (account := self._upkeep.account(job)):
            await self._upkeep.go_on(job, account)
        return True

    def _count(self, going: int) -> None:
        self._worker.limiter.resize(going)
        self.metrics.going.set(going)

    def _calls_back(self, job: Job, account: Account) -> str:
        """The base of the callback's address, or "" where none is of use."""
        model = self._catalog.find(job.model)
        return self._callbacks if model and model.webhook and account.payer != "sandbox" else ""


def new_id() -> str:
    """An id for a job, which nobody can guess."""
    return secrets.token_urlsafe(16)


def _fingerprint(request: Request, account: Account, visitor: str, copy: int) -> str:
    """The same for two requests that would ask for the same picture with the same money."""
    parts = [visitor, account.payer, account.base_url, request.model.id, request.body, copy]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
