"""A job: our record of one request, its state, task, cost, timing and results. Frozen; the store changes it.

    queued -> submitting -> running(task_id) -> done | failed
                 |  4xx answered: failed; 429: queued again after the wait (nothing was created)
                 |  5xx, reset, read timeout, unreadable answer: uncertain (never re-sent by itself)
    queued --stop--> stopped        running --stop--> stopped (it may still be charged)

At the deadline a job stays ``running`` and turns ``overdue``: nobody polls it until somebody checks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from components.errors import Problem


class JobState(StrEnum):
    """The states of the diagram above."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    STOPPED = "stopped"


ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.UNCERTAIN, JobState.STOPPED})
PAYING = frozenset({JobState.SUBMITTING, JobState.RUNNING, JobState.UNCERTAIN, JobState.DONE})


@dataclass(frozen=True)
class KeptPicture:
    """A result that is kept. ``name`` is content hash and extension, ``format`` one of png jpeg webp svg.

    Width and height are pixels as decoded, ``size`` is bytes, ``source`` the address it came from ("" where
    it came inside the reply).
    """

    name: str
    width: int
    height: int
    format: str
    size: int
    source: str


@dataclass(frozen=True)
class Job:
    """One request and what became of it. Times are seconds since 1970 (UTC); None where not yet.

    ``payer`` is ``sandbox``, ``host`` or ``visitor``; ``credits`` is the price by the catalog, ``charged``
    what the service reports, None where it reports nothing. ``typical`` is the range of seconds to expect. ``note`` says why a job waits. ``waiting`` are
    result addresses that are not fetched yet. ``saving`` is true while pictures are fetched.
    """

    id: str
    visitor: str
    model: str
    body: Mapping[str, Any]
    shape: str
    count: int
    payer: str
    base_url: str
    credits: float
    usd: float
    created_at: float
    typical: tuple[float, float] | None = None
    state: JobState = JobState.QUEUED
    task_id: str | None = None
    sent_at: float | None = None
    finished_at: float | None = None
    polls: int = 0
    note: str = ""
    saving: bool = False
    overdue: bool = False
    waiting: tuple[str, ...] = ()
    pictures: tuple[KeptPicture, ...] = ()
    charged: float | None = None
    problem: Problem | None = None

    @property
    def settled(self) -> bool:
        """Nothing will happen by itself any more: it has ended, or the deadline passed."""
        return self.state in ENDED or self.overdue

    @property
    def reserves(self) -> float:
        """Credits that count against a cap: everything that was or may have been accepted."""
        return self.credits if self.state in PAYING or self.task_id or self.waiting else 0.0

    def seconds(self, now: float) -> float:
        """Seconds from the request's sending to its end, or to now."""
        return max(0.0, (self.finished_at or now) - (self.sent_at or self.created_at))


@dataclass(frozen=True)
class Caps:
    """Most credits of the host's key: per UTC day, per visitor and UTC day, per job. None is no cap."""

    daily: float | None = None
    visitor: float | None = None
    job: float | None = None
