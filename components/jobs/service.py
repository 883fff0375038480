"""Jobs for the rest of the product: submit, watch, stop, resume and search.

Each job has a worker that the application owns and not a page. Whoever wants to see a job watches it; a watcher that
goes away ends the watching, never the job. Calls go one way: service -> recovery -> worker -> polling -> results ->
active -> store; all of them change jobs through ``active`` alone.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial

from components.api.client import Account, ApiClient
from components.api.limiter import RequestLimiter
from components.api.schedule import Learned, Timing
from components.catalog.models import Catalog
from components.catalog.requests import Request, rebuild_request
from components.errors import NOT_CHARGED, CapReached, DatabaseUnavailable, InputError, NotFound
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.budgets import Budget, Caps, start_of_day
from components.jobs.callbacks import Callbacks
from components.jobs.job import HistoryEntry, Job, JobOptions, JobState, idempotency_key_of, new_id, new_job
from components.jobs.metrics import Metrics
from components.jobs.pacing import PacedClient, RunTimes
from components.jobs.polling import Poller
from components.jobs.recovery import FindAccount, Recovery, may_ask_for
from components.jobs.results import JobRemover, Results
from components.jobs.store.history import HistoryPage, JobFilter
from components.jobs.store.jobs import MakeJobs, Store
from components.jobs.store.measured import Measured, measure_models
from components.jobs.worker import Worker
from components.pictures.library import PictureLibrary

MOST_ACTIVE = 5_000  # strangers may not fill the memory
LONGEST_NOTE = 2_000


class JobService:
    """One for a process: ``begin`` it before use, ``aclose`` it at the end.

    ``recovery`` resumes jobs at a callback and when a key is given, and drops keys; ``remover`` deletes jobs and their
    pictures; ``run_times`` is how long models take.

    ``find_account`` returns the account that pays for a job without its visitor's key, or None: the job waits for it.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: Store,
        client: ApiClient,
        pictures: PictureLibrary,
        options: JobOptions | None = None,
        find_account: FindAccount = lambda _: None,
    ) -> None:
        options = options or JobOptions()
        self.store = store
        self.pictures = pictures
        self.metrics = Metrics()
        self._catalog = catalog
        self.caps = options.caps
        limiter, timings = RequestLimiter(), options.timings
        self._active = ActiveJobs(store, self.metrics, limiter, timings, log_prompts=options.log_prompts)
        self.remover = JobRemover(self._active, pictures, timings.heartbeat)
        results = Results(self._active, pictures, self.remover, timings)
        self.run_times = RunTimes(store.learned, catalog)
        callbacks = Callbacks(self._active, catalog, store.learned, options.callback_base, timings.latest_callback)
        paced = PacedClient(client, limiter, self.metrics, timings)
        poller = Poller(self._active, paced, results, self.run_times, callbacks, options)
        self._worker = Worker(self._active, paced, self.run_times, callbacks, options, poller)
        self.recovery = Recovery(self._active, self.run_times, callbacks, options, self._worker, find_account)
        self._heartbeat: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Recover what dead processes left, and start the heartbeat."""
        self._heartbeat = asyncio.create_task(self.recovery.beat())
        await self.recovery.begin()

    async def aclose(self) -> None:
        """End every worker; a request that is being sent is given a while to be answered."""
        if self._heartbeat:  # first: it would recover what is ended here
            self._heartbeat.cancel()
            await asyncio.gather(self._heartbeat, return_exceptions=True)
        await self._active.aclose()
        for last in (self.store.leases.release, self.run_times.save):
            with suppress(DatabaseUnavailable):
                await last()

    def on_change(self, listener: Callable[[Job], None]) -> None:
        """Call ``listener`` with each job whose state this process has changed. It must return at once."""
        self._active.listeners.append(listener)

    # -- asking ----------------------------------------------------------------------------------

    async def submit(
        self,
        request: Request,
        account: Account,
        visitor: str,
        *,
        idempotency_key: str | None = None,
        job_id: str = "",
        comparison_id: str = "",
        replaces: str = "",
    ) -> Job:
        """Record a request as a job and start it. Returns the queued job at once.

        Args:
            idempotency_key: while a job with the same key is not settled, it is returned instead of a new one; see
                :func:`idempotency_key_of`.
            job_id: an id from :func:`new_id`; however often it is submitted, it is one job.
            comparison_id: the comparison that asks.
            replaces: the uncertain job that is abandoned when the service accepts this one.

        Raises:
            CapReached: MOST_ACTIVE jobs are active in this process.
            DatabaseUnavailable: the job cannot be recorded. Nothing was sent in either case.
        """
        if len(self._active) >= MOST_ACTIVE:
            raise CapReached("This server has too many requests in progress.", next_step="Try again in a minute.")
        job = replace(
            new_job(self._catalog, request, account, visitor, job_id or new_id()),
            idempotency_key=idempotency_key,
            comparison_id=comparison_id,
            replaces=replaces,
        )
        try:
            recorded = await self._active.add(job)
        except DatabaseUnavailable as error:
            raise DatabaseUnavailable(error.what, charged=NOT_CHARGED) from error
        # One id may be submitted twice, by a retry: then the payer is the one who was recorded.
        ours = recorded.id == job.id and recorded.id not in self._active and may_ask_for(account, recorded)
        if ours and recorded.state is JobState.QUEUED:
            self._active.start(recorded, account, self._worker.run)
        return recorded

    async def submit_all(self, make_jobs: MakeJobs, account: Account) -> list[Job]:
        """Call ``make_jobs`` in a database transaction, record the jobs that it returns, and start them.

        Nothing is recorded while MOST_ACTIVE jobs are active. Raises DatabaseUnavailable, DuplicateKey.
        """
        if len(self._active) >= MOST_ACTIVE:
            return []
        recorded = await self._active.add_all(make_jobs)
        for job in recorded:
            self._active.start(job, account, self._worker.run)
        return recorded

    def active_models(self, evaluation_id: str) -> Counter[str]:
        """How many jobs of each model this process works on for an evaluation."""
        return self._active.of_evaluation(evaluation_id)

    async def resubmit(self, job_id: str, account: Account, visitor: str) -> Job:
        """Send an uncertain job again, which may pay twice. Returns the new job.

        The uncertain one is abandoned once the service has accepted the new one, and stays if the new one is refused. A
        job that is not uncertain any more is returned as it is. Raises NotFound, InputError where the catalog has changed
        since, and as ``submit`` does.
        """
        job = await self.find(job_id, visitor)
        if job.state is not JobState.UNCERTAIN:
            return job
        request = rebuild_request(self._catalog, job.model, job.body)
        key = idempotency_key_of(request, account, visitor, replaces=job.id)
        return await self.submit(request, account, visitor, idempotency_key=key, replaces=job.id)

    # -- looking ---------------------------------------------------------------------------------

    async def find(self, job_id: str, visitor: str) -> Job:
        """This visitor's job. Raises NotFound for anybody else's, in the same words."""
        job = await self._active.get(job_id)
        if job is None or job.visitor != visitor:
            raise NotFound("There is no such job.")
        return job

    async def find_all(self, job_ids: Collection[str], visitor: str) -> dict[str, Job]:
        """The jobs among these ids that are this visitor's, by id."""
        return {job.id: self._active.latest(job) for job in await self.store.get_all(job_ids) if job.visitor == visitor}

    async def unfinished(self, visitor: str) -> list[Job]:
        """This visitor's jobs that are active, wait, or are uncertain, newest first."""
        return [self._active.latest(job) for job in await self.store.unfinished(visitor)]

    async def recent(self, visitor: str, limit: int) -> list[Job]:
        """This visitor's jobs that have pictures, newest first."""
        return [self._active.latest(job) for job in await self.store.recent(visitor, limit)]

    async def find_entries(self, job_ids: Collection[str], visitor: str) -> dict[str, HistoryEntry]:
        """The jobs among these ids that are this visitor's, by id, each with its star and its note."""
        entries = await self.store.history.find_all(job_ids)
        return {entry.job.id: self._latest(entry) for entry in entries if entry.job.visitor == visitor}

    async def watch(self, job_id: str, visitor: str, interval: float = 1.0) -> AsyncIterator[Job]:
        """The job now, at every change, and at least every ``interval`` seconds, until it is settled. Raises NotFound."""
        await self.find(job_id, visitor)
        while True:
            changed = self._active.changed(job_id)  # taken before the look, so that no change falls between the two
            with suppress(DatabaseUnavailable):  # a job outlives a database that is away for a while
                job = await self.find(job_id, visitor)
                yield job
                if job.settled:
                    self._active.unwatch(job_id)
                    return
            with suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await changed.wait()

    async def settled(self, job_id: str, visitor: str) -> Job:
        """The job once nothing happens any more until somebody acts. Raises NotFound."""
        job = await self.find(job_id, visitor)
        async for job in self.watch(job_id, visitor, interval=10):  # noqa: B007  # the last one counts
            pass
        return job

    async def search(self, visitor: str, wanted: JobFilter, limit: int, before: str = "") -> HistoryPage:
        """This visitor's entries that fit, newest first, older than the job ``before``."""
        page = await self.store.history.search(visitor, wanted, limit, before)
        return HistoryPage(page.total, tuple(self._latest(entry) for entry in page.entries))

    async def entry(self, job_id: str, visitor: str) -> HistoryEntry:
        """This visitor's job with its star and note. Raises NotFound."""
        entry = await self.store.history.find(job_id)
        if entry is None or entry.job.visitor != visitor:
            raise NotFound("There is no such job.")
        return self._latest(entry)

    def timing(self, job: Job) -> Timing:
        """How long such a job takes: learned here, else the service's own range."""
        active = self._active.find(job.id)
        if active:
            return self.run_times.timing(self.run_times.key(active.account, job.model), job)
        return Learned.expected(job.typical_seconds).timing

    async def measured(self) -> dict[str, Measured]:
        """Run times of tasks at real services, by the model's present id."""
        return await measure_models(self.store.transactions, self._catalog.current_id)

    async def budget(self, account: Account, visitor: str) -> Budget:
        """What the next requests of this visitor may cost; no caps unless the host pays. Queued requests count as spent."""
        if account.payer != "host" or self.caps == Caps():
            return Budget()
        return Budget(self.caps, *await self.store.spending.committed(start_of_day(time.time()), visitor))

    # -- changing --------------------------------------------------------------------------------

    async def note(self, job_id: str, visitor: str, text: str) -> HistoryEntry:
        """Write a visitor's note on a job. Raises NotFound, InputError."""
        if len(text) > LONGEST_NOTE:
            allowed = f"At most {LONGEST_NOTE:,} characters."
            raise InputError("note", "The note is too long.", next_step=allowed, charged="")
        await self.find(job_id, visitor)
        await self.store.history.note(visitor, job_id, text.strip())
        return await self.entry(job_id, visitor)

    async def stop(self, job_id: str, visitor: str) -> Job:
        """Stop sending and polling. A request that is being sent is left to arrive, so that its answer is known.

        Raises NotFound.
        """
        await self.find(job_id, visitor)
        stopped = await self._active.apply(job_id, partial(transitions.stopped, now=time.time()))
        if stopped and stopped.settled:
            await self._active.finish(job_id, cancel=True)
        return stopped or await self.find(job_id, visitor)

    async def check_again(self, job_id: str, account: Account, visitor: str) -> Job:
        """Resume a job that is overdue, stopped, failed after it was accepted, or waits for its key. Raises NotFound.

        Sends no POST for a task. A job of another payer than ``account`` is asked for with its own payer's key, if
        there is one.
        """
        job = await self.find(job_id, visitor)
        paying = account if may_ask_for(account, job) else self.recovery.account(job)
        if paying is None:
            return job
        # Wait for a worker that is about to end, but not for a repair, which may run until the deadline.
        if job.settled and not job.repairable:
            await self._active.finish(job_id)
        if job_id in self._active:
            return job
        return await self.recovery.resume(job, paying) or await self.find(job_id, visitor)

    async def attach(self, job_id: str, task_id: str, account: Account, visitor: str) -> Job:
        """Follow the task that this visitor's uncertain job has at the service, see :meth:`Recovery.attach`.

        Raises NotFound, InvalidState, InputError, ServiceError.
        """
        job = await self.find(job_id, visitor)
        attached = await self.recovery.attach(job, task_id.strip(), account if may_ask_for(account, job) else None)
        return attached or await self.find(job_id, visitor)

    async def abandon(self, job_id: str, visitor: str) -> Job:
        """Give up an uncertain job. Its price counts as spent. Raises NotFound."""
        await self.find(job_id, visitor)
        return await self._active.apply(job_id, transitions.abandoned) or await self.find(job_id, visitor)

    def _latest(self, entry: HistoryEntry) -> HistoryEntry:
        return replace(entry, job=self._active.latest(entry.job))
