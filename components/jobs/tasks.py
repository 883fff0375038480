"""One background task a job, and the account it is worked on with; both only in this process's memory."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from components.api.client import Account
from components.errors import PlaygroundError
from components.jobs.active import Register
from components.jobs.job import ACTIVE, Job, JobState
from components.jobs.messages import broken, broken_while_sending

log = logging.getLogger(__name__)

ACCOUNTS_KEPT = 2_000

Work = Callable[[], Coroutine[None, None, None]]


class Tasks:
    """Starts, ends and counts the tasks of jobs.

    Args:
        counted: is told how many there are whenever that changes.
        left: is told of a job that has no task any more.
    """

    def __init__(self, register: Register, counted: Callable[[int], None], left: Callable[[str], None]) -> None:
        self._register = register
        self._counted = counted
        self._left = left
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._accounts: OrderedDict[str, Account] = OrderedDict()

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._tasks

    def __len__(self) -> int:
        return len(self._tasks)

    def snapshot(self) -> dict[str, asyncio.Task[None]]:
        """The tasks that run now, by job id."""
        return dict(self._tasks)

    def account(self, job_id: str) -> Account | None:
        """The account that a job was last worked on with, as long as it is remembered."""
        return self._accounts.get(job_id)

    def start(self, job: Job, account: Account, work: Work) -> None:
        """Work on a job from now on."""
        self._accounts[job.id] = account
        if len(self._accounts) > ACCOUNTS_KEPT:
            idle = next((known for known in self._accounts if known not in self._tasks), None)
            self._accounts.pop(idle or "", None)
        self._register.live[job.id] = job
        task = asyncio.create_task(self._guarded(job, work))
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._ended(job.id, task))
        self._counted(len(self._tasks))

    async def finish(self, job_id: str, *, cancel: bool = False) -> None:
        """Wait until a job's task, which has nothing left to do, is gone."""
        if task := self._tasks.get(job_id):
            if cancel:
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._ended(job_id, task)

    async def aclose(self, patience_s: float) -> None:
        """End all; a request that is on its way is given a while to be answered."""
        live = self._register.live
        sending = [task for job_id, task in self._tasks.items() if live[job_id].state is JobState.SUBMITTING]
        if sending:
            await asyncio.wait(sending, timeout=patience_s)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, job_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(job_id) is task:
            del self._tasks[job_id]
            self._left(job_id)
            self._register.leave(job_id)
            self._counted(len(self._tasks))

    async def _guarded(self, job: Job, work: Work) -> None:
        """No job may end without a record of why: whatever escapes the work becomes the job's problem."""
        try:
            await work()
        except PlaygroundError as error:
            await self._fail(job.id, error)
        except Exception:
            log.exception("job %s broke", job.id)
            unsure: dict[str, Any] = {"problem": broken_while_sending().problem, "finished_at": time.time()}
            if await self._register.surely(job.id, {JobState.SUBMITTING}, state=JobState.UNCERTAIN, **unsure):
                return
            await self._fail(job.id, broken(self._register.live.get(job.id, job)))

    async def _fail(self, job_id: str, error: PlaygroundError) -> None:
        polls = self._register.live[job_id].polls if job_id in self._register.live else 0
        ended: dict[str, Any] = {"saving": False, "problem": error.problem, "finished_at": time.time(), "polls": polls}
        await self._register.surely(job_id, ACTIVE, state=JobState.FAILED, **ended)
