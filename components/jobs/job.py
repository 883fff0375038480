"""The record of one request, its states, and how an installation runs it. ``transitions`` says how the states change."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from math import isfinite
from typing import Any

from components.api.client import Account, Payer
from components.catalog.models import Catalog
from components.catalog.prices import price
from components.catalog.requests import Request
from components.errors import Problem
from components.jobs.budgets import Caps
from components.pictures.stored import StoredPicture


class JobState(StrEnum):
    """The states of the diagram in ``transitions``."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    RUNNING = "running"
    SAVING = "saving"
    OVERDUE = "overdue"
    NEEDS_KEY = "needs_key"
    DONE = "done"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    ABANDONED = "abandoned"
    STOPPED = "stopped"


ACTIVE = frozenset({JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING, JobState.SAVING})
WAITING = frozenset({JobState.OVERDUE, JobState.NEEDS_KEY})
ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.UNCERTAIN, JobState.ABANDONED, JobState.STOPPED})
MAY_COST = frozenset(JobState) - {JobState.QUEUED, JobState.NEEDS_KEY, JobState.FAILED, JobState.STOPPED}


@dataclass(frozen=True)
class Job:
    """One request and what became of it. Times are seconds since 1970 (UTC); None where not yet.

    Attributes:
        credits: the price by the catalog; infinite where it is unknown.
        typical_seconds: the range of run times to expect.
        status_note: why the job waits, or what became of it since.
        pending_urls: one entry for each result of the task, in order: where to fetch it, "" once its picture is kept,
            and of an ended job where to find what could not be kept. Empty before the results are known, and when all
            of them are kept.
        charged: the credits that the service reports; None where it reports nothing.
        idempotency_key: at most one unsettled job has the same.
        stop_requested: its visitor has asked to stop while the request was being sent.
        callback_hash: the SHA-256 of the secret in the callback's address.
        callback_task_id: the task that a callback named, which no GET has confirmed yet.
        comparison_id: the comparison that created the job; "" where none did.
        evaluation_id: the evaluation that created the job; "" where none did.
        replaces: the uncertain job that is abandoned when the service accepts this one; "" for none.
        prompt: the part of the body that describes the picture.
    """

    id: str
    visitor: str
    model: str
    body: Mapping[str, Any]
    shape: str
    count: int
    payer: Payer
    base_url: str
    credits: float
    usd: float
    created_at: float
    typical_seconds: tuple[float, float] | None = None
    state: JobState = JobState.QUEUED
    task_id: str | None = None
    sent_at: float | None = None
    finished_at: float | None = None
    polls: int = 0
    status_note: str = ""
    pending_urls: tuple[str, ...] = ()
    pictures: tuple[StoredPicture, ...] = ()
    charged: float | None = None
    problem: Problem | None = None
    idempotency_key: str | None = None
    stop_requested: bool = False
    callback_hash: str = ""
    callback_task_id: str = ""
    comparison_id: str = ""
    evaluation_id: str = ""
    replaces: str = ""
    prompt: str = ""

    @property
    def ended(self) -> bool:
        """Whether the job has come to an end; a stopped or failed one may be resumed all the same."""
        return self.state in ENDED

    @property
    def settled(self) -> bool:
        """Whether nothing happens any more until somebody acts."""
        return self.state not in ACTIVE

    @property
    def repairable(self) -> bool:
        """Whether a callback has named the task of this job, whose answer was lost; a GET with the key has to confirm it."""
        return self.state in (JobState.UNCERTAIN, JobState.ABANDONED) and bool(self.callback_task_id)

    @property
    def late(self) -> bool:
        """Whether its results were not yet at their addresses at the deadline."""
        return self.state is JobState.OVERDUE and any(self.pending_urls)

    @property
    def may_cost(self) -> bool:
        """Whether the service has accepted the request, or may have; any other job costs nothing."""
        return self.state in MAY_COST or bool(self.task_id or self.pending_urls)

    @property
    def reserved(self) -> float:
        """Credits held for a request that is under way, or may have been accepted."""
        undecided = self.state in ACTIVE | WAITING | {JobState.UNCERTAIN}
        return self.credits if undecided and self.may_cost else 0.0

    @property
    def spent(self) -> float:
        """Credits of an ended job: what the service reports, else the price; 0 if it was never accepted.

        Whether a failed or stopped task is charged is not documented, so it counts in full.
        """
        if not self.ended or self.state is JobState.UNCERTAIN or not self.may_cost:
            return 0.0
        return self.credits if self.charged is None else self.charged

    @property
    def cost(self) -> float:
        """Credits that the job costs, as far as is known: what the service reports, else the price; 0 if nothing was created."""
        if self.settled and not self.may_cost:
            return 0.0
        return self.credits if self.charged is None or self.payer == "sandbox" else self.charged

    @property
    def cost_usd(self) -> float:
        """The cost in US dollars, at the rate of the price."""
        if self.cost == self.credits:
            return self.usd
        return round(self.usd * self.cost / self.credits, 6) if self.credits and isfinite(self.credits) else 0.0

    @property
    def charge_difference(self) -> float:
        """Credits that the service charged beyond the price list, below zero for less; 0 where one of the two is not known."""
        known = self.charged is not None and self.payer != "sandbox" and isfinite(self.credits)
        return self.cost - self.credits if known else 0.0

    def seconds(self, now: float) -> float:
        """Seconds from the request's sending to its end, or to ``now``."""
        return max(0.0, (self.finished_at or now) - (self.sent_at or self.created_at))


def public_state(job: Job) -> JobState:
    """The state as the public endpoints have always shown it: one of seven."""
    if job.state is JobState.NEEDS_KEY:
        return JobState.RUNNING if job.may_cost else JobState.QUEUED
    if job.state in (JobState.SAVING, JobState.OVERDUE):
        return JobState.RUNNING
    return JobState.UNCERTAIN if job.state is JobState.ABANDONED else job.state


@dataclass(frozen=True)
class HistoryEntry:
    """A job as its visitor sees it in the history, with the star and the note they gave it."""

    job: Job
    starred: bool = False
    note: str = ""


@dataclass(frozen=True)
class Timings:
    """How long this package waits, in seconds. Tests pass shorter ones."""

    lease: float = 20.0
    heartbeat: float = 5.0
    first_retry: float = 0.2
    slowest_retry: float = 5.0
    closing: float = 5.0
    shortest_answer: float = 10.0  # for a request sent just before the deadline: without its answer the money is lost
    rate_limit: float = 5.0
    shortest_pause: float = 1.0
    longest_pause: float = 30.0
    between_callback_polls: float = 1.0
    longest_repair_poll: float = 10.0
    latest_callback: float = 1.0  # after the job has ended; relying on a later one would cost time
    first_fetch_retry: float = 0.3
    last_try: float = 3.0  # for the last poll, and for a picture that is ready at the deadline
    undo: float = 10.0  # so long a deleted job can be restored


@dataclass(frozen=True)
class JobOptions:
    """How this installation runs jobs.

    ``deadline_s`` is how many seconds a job is polled. ``callback_base`` is the address at which the service reaches
    this application, without a trailing slash; "" for polling alone.
    """

    caps: Caps = field(default_factory=Caps)
    deadline_s: float = 600.0
    callback_base: str = ""
    log_prompts: bool = False
    timings: Timings = field(default_factory=Timings)


def new_job(catalog: Catalog, request: Request, account: Account, visitor: str, job_id: str, evaluation_id: str = "") -> Job:
    """A queued job with its price and the run time to expect. Nothing is recorded."""
    cost, seconds = price(catalog, request), request.model.seconds
    return Job(
        id=job_id,
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
        typical_seconds=(seconds[0] / account.pace, seconds[1] / account.pace) if seconds else None,
        evaluation_id=evaluation_id,
        prompt=request.prompt,
    )


def new_id() -> str:
    """An unguessable id in hexadecimal: spreadsheets read a leading hyphen as the start of a formula."""
    return secrets.token_hex(16)


def new_id_for(kind: str, visitor: str, idempotency_key: str) -> str:
    """A new id for a ``comparison`` or an ``evaluation``; with a key the same one for the same visitor and key.

    The table's primary key makes it unique.
    """
    text = f"{kind}\n{visitor}\n{idempotency_key}"
    return sha256(text.encode("utf-8", "replace")).hexdigest() if idempotency_key else new_id()


def idempotency_key_of(request: Request, account: Account, visitor: str, replaces: str = "") -> str:
    """A key that is equal for equal requests of one visitor, paid by the same account, that replace the same job or none."""
    parts = [visitor, account.payer, account.base_url, request.model.id, request.body, replaces]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
