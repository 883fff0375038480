"""The jobs that this process works on, and the one way any job is changed: recorded first, then shown and logged.

Between the POST and its answer a change that cannot be recorded is money that nobody knows of. So a change that must
not be lost is tried again for as long as the process lives.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial

from components.api.client import Account
from components.api.limiter import RequestLimiter
from components.errors import DatabaseUnavailable, PlaygroundError
from components.jobs import transitions
from components.jobs.budgets import Caps
from components.jobs.job import Job, JobState, Timings
from components.jobs.metrics import Metrics, log_change
from components.jobs.store.jobs import MakeJobs, Ownership, Store
from components.jobs.transitions import Transition

log = logging.getLogger(__name__)

Work = Callable[[Job, Account], Coroutine[None, None, None]]


@dataclass
class ActiveJob:
    """A job with the asyncio task that works on it, its worker, and what the worker needs; in memory only.

    ``account`` holds the key. ``job`` is as it is shown: the number of polls and the note are recorded with the next
    change of state. ``called`` is set by a callback.
    """

    job: Job
    account: Account
    worker: asyncio.Task[None]
    called: asyncio.Event = field(default_factory=asyncio.Event)
    key_forgotten: bool = False


class ActiveJobs:
    """Starts and ends workers, records changes, and wakes those who watch. Listeners are called with every new state."""

    def __init__(
        self, store: Store, metrics: Metrics, limiter: RequestLimiter, timings: Timings, *, log_prompts: bool
    ) -> None:
        self.store = store
        self.metrics = metrics
        self.listeners: list[Callable[[Job], None]] = []
        self._limiter = limiter
        self._timings = timings
        self._log_prompts = log_prompts
        self._jobs: dict[str, ActiveJob] = {}
        self._changed: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    def __len__(self) -> int:
        return len(self._jobs)

    def forget_key(self, job_id: str) -> None:
        """Have the worker of a job end as soon as it may, because its visitor has taken the key back."""
        if active := self._jobs.get(job_id):
            active.key_forgotten = True

    # -- reading ---------------------------------------------------------------------------------

    def find(self, job_id: str) -> ActiveJob | None:
        """The job, if this process works on it."""
        return self._jobs.get(job_id)

    def of_visitor(self, visitor: str) -> list[ActiveJob]:
        """The active jobs that this visitor's own key pays for."""
        return [one for one in self._jobs.values() if one.job.visitor == visitor and one.job.payer == "visitor"]

    def of_evaluation(self, evaluation_id: str) -> Counter[str]:
        """How many jobs of each model this process works on for an evaluation."""
        jobs = (one.job for one in self._jobs.values() if one.job.evaluation_id == evaluation_id)
        return Counter(job.model for job in jobs if not job.settled)

    def workers(self) -> dict[str, asyncio.Task[None]]:
        """The workers that run now, by job id."""
        return {job_id: active.worker for job_id, active in self._jobs.items()}

    def latest(self, job: Job) -> Job:
        """The job as this process knows it, which may be newer than what was read."""
        active = self._jobs.get(job.id)
        return active.job if active else job

    async def get(self, job_id: str) -> Job | None:
        """The job as this process knows it, so that nobody is shown a change and then an older state again."""
        if active := self._jobs.get(job_id):
            return active.job
        recorded = await self.store.get(job_id)
        return recorded and self.latest(recorded)  # a worker may have started while it was read

    def changed(self, job_id: str) -> asyncio.Event:
        """An event that the job's next change sets. Ask for a new one each time."""
        return self._changed[job_id]

    def unwatch(self, job_id: str) -> None:
        """Drop the event of a job that nobody watches any more."""
        self._changed.pop(job_id, None)

    # -- changing --------------------------------------------------------------------------------

    async def add(self, job: Job) -> Job:
        """Record a new job, see :meth:`Store.add`. Raises DatabaseUnavailable."""
        recorded = await self.store.add(job)
        if recorded.id == job.id and recorded.state is job.state:
            self._report(recorded)
        return recorded

    async def add_all(self, make_jobs: MakeJobs) -> list[Job]:
        """Record new jobs, see :meth:`Store.add_all`. Raises DatabaseUnavailable, DuplicateKey."""
        recorded = await self.store.add_all(make_jobs)
        for job in recorded:
            self._report(job)
        return recorded

    async def apply(self, job_id: str, transition: Transition, ownership: Ownership = Ownership.ANY) -> Job | None:
        """Change a job, in one try. Raises DatabaseUnavailable."""
        before: Job | None = None

        def step(recorded: Job) -> Job | None:
            nonlocal before
            before = recorded
            active = self._jobs.get(job_id)
            return transition(replace(recorded, polls=max(recorded.polls, active.job.polls)) if active else recorded)

        after = await self.store.apply(job_id, step, ownership)
        return self._applied(before, after) if after else None

    async def persist(self, job_id: str, transition: Transition, ownership: Ownership = Ownership.REQUIRED) -> Job | None:
        """Change a job, trying until the database has recorded it."""
        active = self._jobs.get(job_id)
        before = active.job if active else None
        wanted = transition(before) if before else None
        wait, failed = self._timings.first_retry, False
        while True:
            try:
                after = await self.apply(job_id, transition, ownership)
                if after is None and failed and before and wanted:
                    # The answer to an earlier try may have been lost, not its change.
                    recorded = await self.store.get(job_id)
                    after = self._applied(before, recorded) if recorded and _is_done(before, wanted, recorded) else None
                return after
            except DatabaseUnavailable:
                failed = True
                # State and task id: what somebody needs to find the task by hand.
                unrecorded = f"{wanted.state} task {wanted.task_id}" if wanted else "unknown"
                log.exception("job %s cannot be written: %s", job_id, unrecorded)
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._timings.slowest_retry)

    async def claim(self, job_id: str, caps: Caps, callback_hash: str, deadline: float) -> Job | None:
        """The store's claim, tried until ``deadline`` (monotonic seconds). Raises CapReached, DatabaseUnavailable."""
        wait = self._timings.first_retry
        while True:
            try:
                claimed = await self.store.claim(job_id, caps, time.time(), callback_hash)
            except DatabaseUnavailable:
                if time.monotonic() + wait > deadline:
                    raise
                log.warning("job %s cannot be claimed yet", job_id, exc_info=True)
                await asyncio.sleep(wait)
                wait = min(wait * 2, self._timings.slowest_retry)
                continue
            return self._applied(None, claimed) if claimed else None

    def show(self, job: Job) -> None:
        """Show what need not outlive the process: the number of polls, and why the job waits."""
        active = self._jobs.get(job.id)
        if active and not active.job.settled:  # the job may have ended while its poll was on its way
            active.job = job
            self._wake(job.id)

    def _applied(self, before: Job | None, after: Job) -> Job:
        if active := self._jobs.get(after.id):
            active.job = after if after.settled else replace(after, polls=max(after.polls, active.job.polls))
        if before is None or before.state is not after.state:
            self._report(after)
        self._wake(after.id)
        return after

    # -- workers ---------------------------------------------------------------------------------

    def start(self, job: Job, account: Account, work: Work) -> None:
        """Start a worker. The account, and with it the key, is kept until the worker ends, and no longer."""
        worker = asyncio.create_task(self._guarded(job, partial(work, job, account)))
        self._jobs[job.id] = ActiveJob(job, account, worker)
        worker.add_done_callback(partial(self._ended, job.id))
        self._count()

    async def finish(self, job_id: str, *, cancel: bool = False) -> None:
        """Wait for a worker that has nothing left to do; ``cancel``: end it first."""
        if active := self._jobs.get(job_id):
            if cancel:
                active.worker.cancel()
            await asyncio.gather(active.worker, return_exceptions=True)
            self._ended(job_id, active.worker)

    async def aclose(self) -> None:
        """End all workers; a request that is being sent is given a while to be answered."""
        sending = [active.worker for active in self._jobs.values() if active.job.state is JobState.SUBMITTING]
        if sending:
            await asyncio.wait(sending, timeout=self._timings.closing)
        workers = list(self.workers().values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def _ended(self, job_id: str, worker: asyncio.Task[None]) -> None:
        active = self._jobs.get(job_id)
        if active and active.worker is worker:
            del self._jobs[job_id]
            self._wake(job_id)
            self._count()

    def _count(self) -> None:
        self._limiter.resize(len(self._jobs))
        self.metrics.active.set(len(self._jobs))

    async def _guarded(self, job: Job, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do the work, and record an exception that escapes it as the job's problem: no job ends without a record of why."""
        cancelled = False
        try:
            await work()
        except asyncio.CancelledError:
            cancelled = True
        except PlaygroundError as error:
            await self.persist(job.id, partial(transitions.failed, problem=error.problem, now=time.time()))
        except Exception:
            log.exception("job %s broke", job.id)
            if await self.persist(job.id, partial(transitions.broken_while_sending, now=time.time())) is None:
                await self.persist(job.id, partial(transitions.broken, now=time.time()))
        if cancelled:
            # A new error: CPython does not collect a cancelled task that its own traceback leads back to, and the frames
            # of that one hold the account, and with it the key.
            del work
            raise asyncio.CancelledError

    # -- notifying -------------------------------------------------------------------------------

    def _wake(self, job_id: str) -> None:
        if event := self._changed.pop(job_id, None):
            event.set()

    def _report(self, job: Job) -> None:
        log_change(job, with_body=self._log_prompts)
        self.metrics.changed(job)
        for listener in self.listeners:
            listener(job)


def _is_done(before: Job, wanted: Job, recorded: Job) -> bool:
    """Whether the record shows everything that a transition from ``before`` to ``wanted`` changes."""
    names = [name for name in Job.__dataclass_fields__ if getattr(before, name) != getattr(wanted, name)]
    return all(getattr(recorded, name) == getattr(wanted, name) for name in names)
