"""The one way a job's record is changed: written until it is written, then told to whoever watches, and logged.

Between the POST and its answer a record that cannot be written is money that nobody knows of. So a change that
must not be lost is tried again for as long as the process lives.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import Any

from components.errors import DatabaseUnavailable
from components.jobs.job import Caps, Job, JobState
from components.jobs.metrics import Metrics
from components.jobs.store.jobs import Store

log = logging.getLogger(__name__)
JOURNAL = "playground.jobs"
journal = logging.getLogger(JOURNAL)

ONLY_SHOWN = ("saving", "waiting", "polls", "note")
FIRST_RETRY_S = 0.2
SLOWEST_RETRY_S = 5.0


class Register:
    """Changes and watches jobs. ``live`` holds those that this process works on, as they are right now.

    ``told`` is called with each job whose state this process has changed.
    """

    def __init__(
        self, store: Store, metrics: Metrics, *, log_prompts: bool = False, told: Callable[[Job], None] = lambda _: None
    ) -> None:
        self.store = store
        self.live: dict[str, Job] = {}
        self._metrics = metrics
        self._log_prompts = log_prompts
        self._told = told
        self._bells: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def get(self, job_id: str) -> Job | None:
        """The job as this process knows it: nobody is shown a change before it, and then an older state again."""
        if job := self.live.get(job_id):
            return job
        kept = await self.store.get(job_id)
        return self.live.get(job_id) or kept  # somebody may have begun to work on it while it was read

    async def add(self, job: Job) -> Job:
        """Keep a new job, see :meth:`Store.add`; its state is told. Raises DatabaseUnavailable."""
        kept = await self.store.add(job)
        if kept.id == job.id and kept.state is job.state:
            self._tell(kept)
        return kept

    async def change(self, job_id: str, when: Collection[JobState], *, take: bool = False, **changes: Any) -> Job | None:
        """One try, for what a visitor asked for: who cannot be served is told so. Raises DatabaseUnavailable.

        ``take``: this process works on the job from now on.
        """
        write = self.store.own if take else self.store.change
        return self._written(job_id, await write(job_id, when, **changes), changes)

    async def surely(self, job_id: str, when: Collection[JobState], *, take: bool = False, **changes: Any) -> Job | None:
        """As often as it takes. ``take`` makes the job this process's own, else it must be that already."""
        if take:
            return await self._until_written(job_id, changes, lambda: self.store.own(job_id, when, **changes))
        return await self._until_written(job_id, changes, lambda: self.store.change(job_id, when, owned=True, **changes))

    async def claim(self, job_id: str, caps: Caps, token: str, give_up: float) -> Job | None:
        """The store's claim, tried until ``give_up`` (monotonic seconds). Raises CapReached, DatabaseUnavailable."""
        wait = FIRST_RETRY_S
        while True:
            try:
                claimed = await self.store.claim(job_id, caps, time.time(), token)
            except DatabaseUnavailable:
                if time.monotonic() + wait > give_up:
                    raise
                log.warning("job %s cannot be claimed yet", job_id, exc_info=True)
                await asyncio.sleep(wait)
                wait = min(wait * 2, SLOWEST_RETRY_S)
                continue
            return self._written(job_id, claimed, {"state": JobState.SUBMITTING})

    def show(self, job: Job) -> None:
        """Something to see that need not outlive the process: how often was polled, why it waits."""
        self.live[job.id] = job
        self._ring(job.id)

    def leave(self, job_id: str) -> None:
        """This process does not work on the job any more."""
        self.live.pop(job_id, None)
        self._ring(job_id)

    def bell(self, job_id: str) -> asyncio.Event:
        """Set at the next change; each new round of watching takes a new one."""
        return self._bells[job_id]

    def forget_bell(self, job_id: str) -> None:
        """Nobody waits for changes of this job any more."""
        self._bells.pop(job_id, None)

    async def _until_written(
        self, job_id: str, changes: dict[str, Any], write: Callable[[], Awaitable[Job | None]]
    ) -> Job | None:
        wait, failed = FIRST_RETRY_S, False
        while True:
            try:
                job = await write()
                if job is None and failed:
                    # The answer of an earlier try may have been lost, not its change.
                    now = await self.store.get(job_id)
                    job = now if now and all(getattr(now, name) == value for name, value in changes.items()) else None
                return self._written(job_id, job, changes)
            except DatabaseUnavailable:
                failed = True
                log.exception("job %s cannot be written: %s", job_id, _loggable(changes))
            await asyncio.sleep(wait)
            wait = min(wait * 2, SLOWEST_RETRY_S)

    def _written(self, job_id: str, job: Job | None, changes: dict[str, Any]) -> Job | None:
        if job is None:
            return None
        if live := self.live.get(job_id):
            # What need not outlive the process is not in the row, and a remark beside it must not hide it.
            beside = {} if job.settled else {name: getattr(live, name) for name in ONLY_SHOWN if name not in changes}
            self.live[job_id] = replace(job, **beside)
        if "state" in changes:
            self._tell(job)
        self._ring(job_id)
        return job

    def _tell(self, job: Job) -> None:
        """One line of JSON: every character outside ASCII is escaped, so that nothing in it can forge a line."""
        now = time.time()
        line = {
            "time": round(now, 3),
            "job": job.id,
            "task": job.task_id,
            "model": job.model,
            "payer": job.payer,
            "state": str(job.state),
            "seconds": round(job.seconds(now), 3),
            "polls": job.polls,
            "credits": job.credits if job.charged is None else job.charged,
        }
        if job.problem:
            line["problem"] = job.problem.code
        if self._log_prompts:
            line["body"] = dict(job.body)
        journal.info(json.dumps(line))
        self._metrics.changed(job)
        self._told(job)

    def _ring(self, job_id: str) -> None:
        if bell := self._bells.pop(job_id, None):
            bell.set()


def _loggable(changes: dict[str, Any]) -> dict[str, Any]:
    """State and task id: what somebody would need to find the task by hand."""
    return {name: value for name, value in changes.items() if name in ("state", "task_id")}
