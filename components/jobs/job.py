"""A job: our record of one request, its state, task, cost, timing and results. Frozen; the store changes it.

    queued -> submitting -> running(task_id) -> done | failed
                 |  4xx answered: failed; 429: queued again after the wait (nothing was created)
                 |  5xx, reset, read timeout, unreadable answer, a dead process: uncertain (never re-sent by itself)
    queued --stop--> stopped        running --stop--> stopped (it may still be charged)
    uncertain --callback that a GET confirms--> running

At the deadline a job stays ``running`` and turns ``overdue``: nobody polls it until somebody checks again.
A job on a visitor's own key that its process left behind turns ``keyless``: it waits until the key is given again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from components.errors import Problem
from components.pictures.kept import KeptPicture


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
ACTIVE = frozenset({JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING})
HELD = frozenset({JobState.SUBMITTING, JobState.RUNNING, JobState.UNCERTAIN})


@dataclass(frozen=True)
class Job:
    """One request and what became of it. Times are seconds since 1970 (UTC); None where not yet.

    ``payer`` is ``sandbox``, ``host`` or ``visitor``; ``credits`` is the price by the catalog (infinite where it
    is unknown), ``charged`` what the service reports, None where it reports nothing. ``typical`` is the range of
    seconds to expect. ``note`` says why a job waits. ``waiting`` are result addresses that are not fetched yet.
    ``saving`` is true while pictures are fetched.

    ``batch`` is the id of the batch it was created in, "" alone. ``prompt`` is the part of the body that describes the
    picture, ``remark`` what its visitor has written beside it. Of a ``removed`` job only what it cost is left.

    ``once`` is the same for two requests of which only one may be going. ``stopping`` asks a request that is on
    its way to end there. ``dropped`` is the visitor's decision about an uncertain job. ``token`` is the SHA-256
    of the callback's secret, ``heard`` the task id that a callback named. The pictures of ``starred`` ones are
    trimmed last.
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
    once: str | None = None
    stopping: bool = False
    keyless: bool = False
    dropped: bool = False
    starred: bool = False
    token: str = ""
    heard: str = ""
    batch: str = ""
    prompt: str = ""
    remark: str = ""
    removed: bool = False

    @property
    def ended(self) -> bool:
        """It came to an end, though not every end is final: a stopped one may be gone on with."""
        return self.state in ENDED

    @property
    def repairable(self) -> bool:
        """Whether somebody has named the task of this uncertain job: a GET with the key decides whether that is so."""
        return self.state is JobState.UNCERTAIN and bool(self.heard)

    @property
    def settled(self) -> bool:
        """Nothing will happen by itself any more: it has ended, the deadline passed, or it waits for its key."""
        return self.ended or self.overdue or self.keyless

    @property
    def reserved(self) -> float:
        """Credits held for what is on its way, or may have been accepted and is not decided."""
        return self.credits if self.state in HELD and not self.dropped else 0.0

    @property
    def spent(self) -> float:
        """Credits of what has ended: what the service reports, else the price; 0 for what never became a task.

        Whether a failed or stopped task is charged is not documented, so it counts in full.
        """
        if self.state in ACTIVE or (self.state is JobState.UNCERTAIN and not self.dropped) or not self.accepted:
            return 0.0
        return self.credits if self.charged is None else self.charged

    @property
    def accepted(self) -> bool:
        """Whether the service has taken the request, or may have: only then can it cost anything."""
        return self.state in HELD | {JobState.DONE} or bool(self.task_id or self.waiting)

    def seconds(self, now: float) -> float:
        """Seconds from the request's sending to its end, or to now."""
        return max(0.0, (self.finished_at or now) - (self.sent_at or self.created_at))


@dataclass(frozen=True)
class JobFilter:
    """Which jobs of a visitor to show; what is left empty says nothing.

    Each word of ``text`` must occur in the prompt, the remark, the model's id or the task id, whatever the case.
    ``since`` and ``until`` are seconds since 1970, the second exclusive.
    """

    text: str = ""
    model: str = ""
    state: str = ""
    task_id: str = ""
    batch: str = ""
    starred: bool = False
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class Page:
    """Some of a visitor's jobs, newest first, and how many there are in ``total``."""

    total: int
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class DaySpend:
    """What one visitor's jobs with one model cost on one UTC day: ``day`` is its first second since 1970."""

    day: float
    model: str
    payer: str
    jobs: int
    credits: float


@dataclass(frozen=True)
class Caps:
    """Most credits of the host's key: per UTC day, per visitor and UTC day, per job. None is no cap."""

    daily: float | None = None
    visitor: float | None = None
    job: float | None = None


@dataclass(frozen=True)
class Spend:
    """Credits of one payer since some moment: ``reserved`` for what is going, ``spent`` for what has ended."""

    reserved: float = 0.0
    spent: float = 0.0

    @property
    def total(self) -> float:
        """What counts against a cap."""
        return self.reserved + self.spent


@dataclass(frozen=True)
class Measured:
    """What this page has seen of a model at the real service.

    ``runs`` is how many tasks were done, ``p50`` and ``p95`` their seconds from request to kept picture,
    ``failed`` the share of ended tasks that failed.
    """

    runs: int
    p50: float | None
    p95: float | None
    failed: float
