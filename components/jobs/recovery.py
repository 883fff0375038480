"""What a process owes its jobs: to say that it lives, and to take up what dead processes left."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from components.api.client import Account
from components.api.replies import Phase, Reply
from components.errors import DatabaseUnavailable
from components.jobs.active import Register
from components.jobs.job import Job, JobState
from components.jobs.messages import WAITS_FOR_HOST, WAITS_FOR_KEY, left_while_sending, never_sent
from components.jobs.pacing import RunTimes
from components.jobs.store.jobs import LEASE_S, Store
from components.jobs.tasks import Tasks
from components.jobs.worker import Worker

log = logging.getLogger(__name__)

BEAT_S = LEASE_S / 4
CHECKABLE = frozenset({JobState.RUNNING, JobState.STOPPED, JobState.FAILED})


class Recovery:
    """Leases, orphans, and every way back into work for a job that nobody works on."""

    def __init__(
        self,
        store: Store,
        register: Register,
        tasks: Tasks,
        worker: Worker,
        times: RunTimes,
        deadline_s: float,
        find_account: Callable[[Job], Account | None],
    ) -> None:
        self._store = store
        self._register = register
        self._tasks = tasks
        self._worker = worker
        self._times = times
        self._deadline_s = deadline_s
        self._find_account = find_account

    async def begin(self) -> None:
        """Take up everything at once that nobody works on."""
        try:
            await self._times.load()
            while orphans := await self._store.take_over():
                for job in orphans:
                    await self._recover(job)
        except DatabaseUnavailable:  # the next beat tries again
            log.warning("the records cannot be reached", exc_info=True)

    async def beat(self) -> None:
        """Every few seconds: prolong the leases, notice what other processes changed, take up what dead ones left."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                before = self._tasks.snapshot()
                mine = {job.id: job for job in await self._store.renew()}
                now = self._tasks.snapshot()
                for job_id, task in before.items():
                    if job_id not in mine and now.get(job_id) is task and await self._foreign(job_id):
                        task.cancel()
                for job in mine.values():
                    await self._notice(job)
                for job in await self._store.take_over():
                    await self._recover(job)
                await self._times.save()
            except DatabaseUnavailable:
                log.warning("the records cannot be reached", exc_info=True)
            except Exception:  # without its beat a process loses its jobs
                log.exception("the upkeep of jobs failed")

    def account(self, job: Job) -> Account | None:
        """The account to ask for a job with: the one it was worked on with, else whoever pays for such jobs here."""
        found = self._tasks.account(job.id) or self._find_account(job)
        return found if found and fits(found, job) else None

    async def go_on(self, job: Job, account: Account) -> Job | None:
        """Take a job up again that nobody works on, with an account that fits it. None if it is in no state for that."""
        back: dict[str, Any] = {
            "overdue": False,
            "keyless": False,
            "dropped": False,
            "problem": None,
            "finished_at": None,
            "note": "",
        }
        if job.state is JobState.QUEUED and job.keyless and self._too_old(job):
            return await self._never_sent(job)
        if job.state is JobState.QUEUED and job.keyless:
            changed = await self._register.change(job.id, {JobState.QUEUED}, take=True, **back)
        elif job.repairable:
            self._repair(job, account)
            return job
        elif job.task_id or job.waiting:
            changed = await self._register.change(job.id, CHECKABLE, take=True, state=JobState.RUNNING, **back)
        else:
            return None
        if changed and job.id not in self._tasks:
            self._work_on(changed, account)
        return changed

    async def _foreign(self, job_id: str) -> bool:
        """Whether a job that is not among ours any more has nothing left to do here.

        One whose answer is still awaited, or is being repaired, has: it may have been taken for dead.
        """
        job = await self._store.get(job_id)
        return job is not None and job.state not in (JobState.SUBMITTING, JobState.UNCERTAIN)

    async def _notice(self, job: Job) -> None:
        live = self._register.live.get(job.id)
        if live and (live.starred, live.remark) != (job.starred, job.remark):  # put there at another process
            self._register.show(replace(live, starred=job.starred, remark=job.remark))
        if job.id not in self._tasks and not job.settled:
            if (now := await self._store.get(job.id)) and now == job and job.id not in self._tasks:
                await self._recover(job)
        elif job.heard and self._register.live.get(job.id, job).heard != job.heard:
            self._register.show(job)
            self._worker.ring(job.id)

    async def _recover(self, job: Job) -> None:
        """Go on with a job that is this process's now, from where another one, or an accident, left it."""
        account = self.account(job)
        if job.state is JobState.SUBMITTING:
            ended: dict[str, Any] = {"problem": left_while_sending().problem, "finished_at": time.time()}
            unsure = await self._register.change(job.id, {JobState.SUBMITTING}, state=JobState.UNCERTAIN, **ended)
            if unsure and unsure.heard and account:
                self._repair(unsure, account)
        elif job.state is JobState.QUEUED and self._too_old(job):
            await self._never_sent(job)
        elif account is None:
            note = WAITS_FOR_KEY if job.payer == "visitor" else WAITS_FOR_HOST
            await self._register.change(job.id, {JobState.QUEUED, JobState.RUNNING}, keyless=True, note=note)
        else:
            self._work_on(job, account)

    def _too_old(self, job: Job) -> bool:
        """Nobody wants a picture, and its price, long after asking: beyond the deadline."""
        return time.time() - job.created_at > self._deadline_s

    async def _never_sent(self, job: Job) -> Job | None:
        failed: dict[str, Any] = {"problem": never_sent().problem, "finished_at": time.time(), "keyless": False, "note": ""}
        return await self._register.change(job.id, {JobState.QUEUED}, state=JobState.FAILED, **failed)

    def _repair(self, job: Job, account: Account) -> None:
        if job.id not in self._tasks:
            self._tasks.start(job, account, lambda: self._worker.repair(job, job.heard, account))

    def _work_on(self, job: Job, account: Account) -> None:
        if job.state is JobState.QUEUED:
            self._tasks.start(job, account, lambda: self._worker.run(job, account))
            return
        # With a task id the service is asked for the addresses anew: the ones we know may have expired.
        known = None if job.task_id else Reply(Phase.DONE, None, job.waiting, charged=job.charged)
        self._tasks.start(job, account, lambda: self._worker.follow(job, known, account, at_once=True))


def fits(account: Account, job: Job) -> bool:
    """Whether an account may ask for a job: the same payer at the same service. A sandbox moves at a restart.

    Never another payer: caps and spending are counted by the job's own.
    """
    return account.payer == job.payer and (job.payer == "sandbox" or account.base_url == job.base_url)
