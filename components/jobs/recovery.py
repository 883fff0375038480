"""The heartbeat: renew the leases of this process's jobs, and recover jobs whose process died."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from components.api.client import Account
from components.api.replies import Phase, Reply
from components.errors import DatabaseUnavailable, InputError, InvalidState, RequestRefused
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.callbacks import Callbacks
from components.jobs.job import Job, JobOptions, JobState
from components.jobs.pacing import RunTimes
from components.jobs.store.jobs import Ownership
from components.jobs.worker import Worker

log = logging.getLogger(__name__)

TASK_ID = re.compile(r"[^\s/?#\x00-\x1f]{4,200}")
LATE_S = 86_400.0  # after a day, results that were late are looked for only when their visitor comes
MOST_WAITING = 2_000  # jobs of a visitor that one key resumes
FindAccount = Callable[[Job], Account | None]


class Recovery:
    """Starts workers for jobs that have none: those of dead processes, and those that somebody resumes.

    ``find_account`` returns the account that pays for a job here without its visitor's key, or None.
    """

    def __init__(
        self,
        active: ActiveJobs,
        times: RunTimes,
        callbacks: Callbacks,
        options: JobOptions,
        worker: Worker,
        find_account: FindAccount,
    ) -> None:
        self._active = active
        self._store = active.store
        self._times = times
        self._callbacks = callbacks
        self._options = options
        self._worker = worker
        self._find_account = find_account

    async def begin(self) -> None:
        """Recover at once every active job that has no living owner, and look for results that were late."""
        try:
            await self._times.load()
            await self._callbacks.load()
            while orphans := await self._store.leases.take_over():
                for job in orphans:
                    await self._recover(job)
            for job in await self._store.late(time.time() - LATE_S):
                if account := self.account(job):
                    await self.resume(job, account)
        except DatabaseUnavailable:  # the next heartbeat tries again
            log.warning("the database cannot be reached", exc_info=True)

    async def beat(self) -> None:
        """Until cancelled, at every heartbeat: renew leases, take in changes of other processes, recover jobs of dead ones."""
        while True:
            await asyncio.sleep(self._options.timings.heartbeat)
            try:
                workers = self._active.workers()
                owned = {job.id: job for job in await self._store.leases.renew()}
                for job_id, worker in workers.items():
                    if job_id not in owned and self._active.workers().get(job_id) is worker:
                        await self._drop_if_foreign(job_id, worker)
                for job in owned.values():
                    await self._take_in_change(job)
                for job in await self._store.leases.take_over():
                    await self._recover(job)
                await self._times.save()
            except DatabaseUnavailable:
                log.warning("the database cannot be reached", exc_info=True)
            except Exception:  # without its heartbeat a process loses its jobs
                log.exception("the heartbeat failed")

    def account(self, job: Job) -> Account | None:
        """The account to ask for a job with: the one that its worker has, else the one that pays for such jobs here."""
        active = self._active.find(job.id)
        account = active.account if active else self._find_account(job)
        return account if account and may_ask_for(account, job) else None

    async def resume(self, job: Job, account: Account) -> Job | None:
        """Start a worker for a settled job, with an account that may ask for it. None if its state does not allow that."""
        if job.repairable:
            if job.id not in self._active:
                self._active.start(job, account, self._worker.repair)
            return job
        if job.state is JobState.NEEDS_KEY and not job.may_cost and self._too_old(job):
            return await self._active.apply(job.id, partial(transitions.expired, now=time.time()))
        resumed = await self._active.apply(job.id, transitions.resumed, Ownership.TAKE_OVER)
        if resumed and job.id not in self._active:
            self._start(resumed, account)
        return resumed

    async def callback(self, job_id: str, secret: str, body: bytes) -> bool:
        """Handle a callback: poll the job's task. False if nobody was given this address."""
        job = await self._callbacks.receive(job_id, secret, body)
        if job is None:
            return False
        waits = job.state in (JobState.OVERDUE, JobState.NEEDS_KEY, JobState.UNCERTAIN, JobState.ABANDONED)
        if waits and job_id not in self._active and (account := self.account(job)):
            await self.resume(job, account)
        return True

    async def key_given(self, visitor: str, account: Account) -> int:
        """Resume this visitor's jobs that wait for a key; also those with a named task or late results. Returns how many."""
        unfinished = await self._store.unfinished(visitor, MOST_WAITING)
        waiting = [job for job in unfinished if job.state is JobState.NEEDS_KEY or job.repairable or job.late]
        resumed = [await self.resume(job, account) for job in waiting if may_ask_for(account, job)]
        return len([job for job in resumed if job])

    async def forget_key(self, visitor: str) -> None:
        """Drop this visitor's own key from memory. Jobs that need it wait until it is given again.

        A request that is being sent is left to arrive first.
        """
        holding = {active.job.id: active.job for active in self._active.of_visitor(visitor)}
        for job_id in holding:
            self._active.forget_key(job_id)
        with suppress(DatabaseUnavailable):  # the heartbeat finds jobs that have no worker
            unfinished = await self._store.unfinished(visitor, MOST_WAITING)
            for job in {**holding, **{job.id: job for job in unfinished}}.values():
                if job.payer == "visitor" and not job.settled:
                    await self._active.apply(job.id, transitions.needs_key)
        for job in holding.values():
            if self._active.latest(job).state not in (JobState.QUEUED, JobState.SUBMITTING):
                await self._active.finish(job.id, cancel=True)

    async def attach(self, job: Job, task_id: str, account: Account | None) -> Job | None:
        """Follow the task that an uncertain job has at the service, as its dashboard shows it. Sends no POST.

        The service is asked for it first: a wrong id must not end the job. ``account`` may ask for the job; None for the one
        that pays for it here. Returns None if the job has changed meanwhile.

        Raises:
            InvalidState: the job is not uncertain, or its payer's key is not here.
            InputError: that is no task id, the service does not know it, or another job has it.
            ServiceError: the service does not answer.
        """
        if job.state not in transitions.UNDECIDED:
            raise InvalidState("A task id can be added only to a request whose answer was lost.")
        account = account or self.account(job)
        if account is None:
            raise InvalidState(
                "This server no longer holds the key that this request was sent with.", next_step="Enter it, then try again."
            )
        if not TASK_ID.fullmatch(task_id):
            raise _wrong_task("is no task id.")
        if await self._store.task_is_known(task_id):
            raise _wrong_task("another request has this task.")
        try:
            await self._worker.check_task(job, task_id, account)
        except RequestRefused as error:
            raise _wrong_task("the service does not know this task with the key of this request.") from error
        await self._active.finish(job.id, cancel=True)  # it may be looking for a task that a callback has named
        accepted = partial(transitions.accepted, reply=Reply(Phase.RUNNING, task_id), now=time.time())
        attached = await self._active.apply(job.id, accepted, Ownership.TAKE_OVER)
        if attached:
            self._start(attached, account)
        return attached

    async def _drop_if_foreign(self, job_id: str, worker: asyncio.Task[None]) -> None:
        """End the worker of a job that another process owns, or that is settled.

        A worker that still awaits its answer, or that repairs its job, is left: it may have been taken for dead. So is one
        whose repair has made the job active, and this process its owner, since the leases were renewed.
        """
        job = await self._store.get(job_id)
        unanswered = {JobState.SUBMITTING, *transitions.UNDECIDED}
        if job and job.state not in unanswered and not await self._store.leases.owns(job_id):
            worker.cancel()

    async def _take_in_change(self, job: Job) -> None:
        """Start the worker that a job of this process lacks, or wake it for a callback that came to another process."""
        active = self._active.find(job.id)
        if active is None:
            recorded = await self._store.get(job.id)
            if recorded == job and job.id not in self._active:
                await self._recover(job)
        elif job.callback_task_id != active.job.callback_task_id:
            self._active.show(job)
            active.called.set()
            if self._callbacks.trusted(job):  # it came to another process, and is known here only by now
                await self._callbacks.missed(job)

    async def _recover(self, job: Job) -> None:
        """Continue an active job of this process from where another one, or an accident, left it."""
        account = self.account(job)
        if job.state is JobState.SUBMITTING:
            uncertain = await self._active.apply(job.id, partial(transitions.process_died, now=time.time()))
            if uncertain and uncertain.repairable and account:
                await self.resume(uncertain, account)
        elif job.state is JobState.QUEUED and self._too_old(job):
            await self._active.apply(job.id, partial(transitions.expired, now=time.time()))
        elif account is None:
            await self._active.apply(job.id, transitions.needs_key)
        else:
            self._start(job, account)

    def _start(self, job: Job, account: Account) -> None:
        self._active.start(job, account, self._worker.run if job.state is JobState.QUEUED else self._worker.resume)

    def _too_old(self, job: Job) -> bool:
        """Whether the job has waited beyond the deadline: nobody wants a picture, and its price, so long after asking."""
        return time.time() - job.created_at > self._options.deadline_s


def may_ask_for(account: Account, job: Job) -> bool:
    """Whether an account may ask the service about a job: the same payer at the same service.

    The sandbox's address changes at a restart, so it is not compared.

    Never another payer: caps and spending are counted by the job's own.
    """
    return account.payer == job.payer and (job.payer == "sandbox" or account.base_url == job.base_url)


def _wrong_task(reason: str) -> InputError:
    copy = "Copy it from the service's dashboard, of the account that paid for this request."
    return InputError("task_id", f"task_id: {reason}", next_step=copy, charged="")
