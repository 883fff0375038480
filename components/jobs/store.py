"""Where jobs are kept. ``change`` and ``claim`` are the only ways a job moves, each atomic and conditional.

This store is in memory: jobs live until the process ends, and the page says so.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol

from components.costs import credits_text
from components.errors import CapReached
from components.jobs.records import Caps, Job, JobState

MOST_JOBS = 20_000
HAIR = 1e-9  # 0.1 + 0.1 + 0.1 is a little more than 0.3 in floating point, and must still fit a cap of 0.3


class Store(Protocol):
    """What the runner needs of a store."""

    async def add(self, job: Job) -> None:
        """Keep a new job. Raises CapReached when there is no room for it."""

    async def get(self, job_id: str) -> Job | None:
        """The job, or None."""

    async def change(self, job_id: str, when: Collection[JobState], **changes: Any) -> Job | None:
        """Apply the changes if the job is in one of these states; None if it is not, or is gone."""

    async def claim(self, job_id: str, caps: Caps, now: float) -> Job | None:
        """queued -> submitting, with the caps checked in the same step.

        Returns None if the job is not queued any more. Raises CapReached, changing nothing.
        """

    async def recent(self, visitor: str, limit: int) -> list[Job]:
        """This visitor's finished jobs that have pictures, newest first."""

    async def spent(self, payer: str, since: float, visitor: str | None = None) -> float:
        """Credits spent or reserved by this payer's jobs sent since then, of one visitor or of all."""


class MemoryStore:
    """A store in memory, bounded to MOST_JOBS: the oldest settled jobs are forgotten first.

    What jobs have spent is kept beside them, by day, so that forgetting a job never loosens a cap. A job that
    is still going is never forgotten; when all of them are, a new one is refused.
    """

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._forgotten: defaultdict[tuple[str, str, float], float] = defaultdict(float)

    async def add(self, job: Job) -> None:
        if len(self._jobs) >= MOST_JOBS:
            oldest = next((kept for kept in self._jobs.values() if kept.settled), None)
            if oldest is None:
                raise CapReached("This page has too many requests going.", next_step="Try again in a minute.")
            self._forget(oldest)
        self._jobs[job.id] = job

    async def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    async def change(self, job_id: str, when: Collection[JobState], **changes: Any) -> Job | None:
        job = self._jobs.get(job_id)
        if job is None or job.state not in when:
            return None
        self._jobs[job_id] = changed = replace(job, **changes)
        return changed

    async def claim(self, job_id: str, caps: Caps, now: float) -> Job | None:
        job = self._jobs.get(job_id)
        if job is None or job.state is not JobState.QUEUED:
            return None
        if job.payer == "host":
            day = start_of_day(now)
            check_caps(job, caps, self._sum("host", day, None), self._sum("host", day, job.visitor))
        return await self.change(job_id, {JobState.QUEUED}, state=JobState.SUBMITTING, sent_at=now, note="")

    async def recent(self, visitor: str, limit: int) -> list[Job]:
        mine = (job for job in reversed(self._jobs.values()) if job.visitor == visitor and job.pictures)
        return list(islice(mine, limit))

    async def spent(self, payer: str, since: float, visitor: str | None = None) -> float:
        return self._sum(payer, since, visitor)

    def _sum(self, payer: str, since: float, visitor: str | None) -> float:
        jobs = (job for job in self._jobs.values() if job.payer == payer and (job.sent_at or job.created_at) >= since)
        kept = sum(job.reserves for job in jobs if visitor is None or job.visitor == visitor)
        past = self._forgotten.items()
        return kept + sum(
            credits for (who, whose, day), credits in past if who == payer and day >= since and whose in (visitor or whose,)
        )

    def _forget(self, job: Job) -> None:
        del self._jobs[job.id]
        if job.reserves and job.payer != "sandbox":
            self._forgotten[job.payer, job.visitor, start_of_day(job.sent_at or job.created_at)] += job.reserves


def start_of_day(now: float) -> float:
    """Midnight UTC of the day of ``now``, both in seconds since 1970."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp()


def check_caps(job: Job, caps: Caps, today: float, visitor_today: float) -> None:
    """Raises CapReached if the job's credits would pass a cap, given what is spent or reserved already."""
    reset = "It resets at midnight UTC."
    if caps.job is not None and job.credits > caps.job + HAIR:
        raise CapReached(
            f"This request costs {credits_text(job.credits)}; this page allows {credits_text(caps.job)} a request.",
            next_step="Choose cheaper settings, or use your own key.",
        )
    if caps.visitor is not None and visitor_today + job.credits > caps.visitor + HAIR:
        raise CapReached(f"You have used {visitor_today:g} of your {credits_text(caps.visitor)} a day here. {reset}")
    if caps.daily is not None and today + job.credits > caps.daily + HAIR:
        raise CapReached(f"This page has used {today:g} of its {credits_text(caps.daily)} a day. {reset}")
