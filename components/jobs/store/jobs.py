"""The jobs in the database. A job changes by ``apply`` and ``claim`` alone, each one conditional transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Text,
    delete,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy import cast as sql_cast

from components.errors import DatabaseUnavailable
from components.jobs import transitions
from components.jobs.budgets import Budget, Caps, start_of_day
from components.jobs.job import ACTIVE, WAITING, Job, JobState, Timings
from components.jobs.store.engine import Database
from components.jobs.store.executor import DuplicateKey, Transactions
from components.jobs.store.history import HistoryStore
from components.jobs.store.learned import LearnedStore
from components.jobs.store.leases import TAKEN_AT_ONCE, LeaseStore
from components.jobs.store.pictures import PictureStore, unreferenced
from components.jobs.store.removal import forget_request
from components.jobs.store.schema import (
    VISIBLE,
    budget,
    history,
    job_pictures,
    jobs,
    storable,
    to_job,
    to_jobs,
    to_picture_rows,
    to_row,
)
from components.jobs.store.spend import SpendStore, check_evaluation, host_credits
from components.jobs.transitions import Transition
from components.pictures.storage.disk import Disk

ADD_TRIES = 3
ERASED = {"starred": False, "note": "", "search_text": "", "removed": True, "delete_at": None}

MakeJobs = Callable[[Connection], Sequence[Job]]


class Ownership(Enum):
    """What a change asks of the process that makes it."""

    ANY = "any process may make it"
    REQUIRED = "only the owner of the job may make it"
    TAKE_OVER = "the process that makes it becomes the owner of the job"


class Store:
    """The jobs as one process sees them. ``owner`` names it in the leases of its jobs.

    Every method raises DatabaseUnavailable when the database does not answer. Removed jobs are in no result.
    """

    def __init__(self, database: Database, timings: Timings | None = None) -> None:
        self.owner = secrets.token_hex(8)
        self._database = database
        timings = timings or Timings()
        self.transactions = Transactions(database)
        self.leases = LeaseStore(self.transactions, self.owner, timings.lease, shared=database.shared)
        self.learned = LearnedStore(self.transactions)
        self.spending = SpendStore(self.transactions)
        self.pictures = PictureStore(self.transactions)
        self.history = HistoryStore(self.transactions, timings.undo)

    @property
    def disk(self) -> Disk | None:
        """The disk of this machine that the database is on; None for a database server."""
        return self._database.disk

    @property
    def shared(self) -> bool:
        """Whether other processes may use the database too."""
        return self._database.shared

    async def aclose(self) -> None:
        """Wait for what is being written, and end the threads. The database stays open."""
        await self.transactions.aclose()

    # -- one job ---------------------------------------------------------------------------------

    async def add(self, job: Job) -> Job:
        """Record a new job and return it.

        If its id, or its idempotency key in an unsettled job, is recorded already, that job is returned instead.
        """
        job = replace(job, idempotency_key=storable(job.idempotency_key))

        def adding(connection: Connection) -> Job:
            same_key = jobs.c.idempotency_key == job.idempotency_key
            existing = _first(connection, select(jobs).where(same_key)) if job.idempotency_key else None
            if existing is None:
                self._insert(connection, [job])
            return existing or job

        for number in range(ADD_TRIES):
            try:
                return await self.transactions.write(adding)
            except DuplicateKey as error:  # another transaction was first, and its job may have settled since
                same = await self.get(job.id)
                if same and (same.visitor, same.model, same.body) == (job.visitor, job.model, job.body):
                    return same
                if not job.idempotency_key or number == ADD_TRIES - 1:
                    raise DatabaseUnavailable("This page could not record the request.") from error
        raise AssertionError("unreachable: the last try returns or raises")

    async def add_all(self, make_jobs: MakeJobs) -> list[Job]:
        """Call ``make_jobs`` in a transaction and record the jobs that it returns.

        Raises DuplicateKey if another transaction has recorded one of them first; nothing is recorded then.
        """

        def adding(connection: Connection) -> list[Job]:
            new = list(make_jobs(connection))
            self._insert(connection, new)
            return new

        return await self.transactions.write(adding)

    async def get(self, job_id: str) -> Job | None:
        """The job, or None."""
        return await self.transactions.read(lambda connection: _first(connection, _job(job_id)))

    async def get_all(self, job_ids: Collection[str]) -> list[Job]:
        """The jobs among these ids that exist, in no order."""
        wanted = _visible().where(jobs.c.id.in_([storable(job_id) for job_id in job_ids]))
        return await self._list(wanted)

    async def recorded(self, job_ids: Collection[str]) -> set[str]:
        """The ids among these that a job has or had, removed ones too."""
        wanted = select(jobs.c.id).where(jobs.c.id.in_([storable(job_id) for job_id in job_ids]))
        return await self.transactions.read(lambda connection: set(connection.scalars(wanted)))

    async def apply(self, job_id: str, transition: Transition, ownership: Ownership = Ownership.ANY) -> Job | None:
        """Record what the transition makes of the job. None if it allows no change, or the job is gone, or not owned.

        Also None if an undecided job would get another job's task: its pictures would be shown twice.
        """

        def applying(connection: Connection) -> Job | None:
            row = connection.execute(_locked(job_id)).one_or_none()
            if row is None or (ownership is Ownership.REQUIRED and row.owner != self.owner):
                return None
            before = to_jobs(connection, [row])[0]
            after = transition(before)
            if after is None or (before.state in transitions.UNDECIDED and _has_task_of_another(connection, after)):
                return None
            lease = self.leases.of_this_process(connection) if ownership is Ownership.TAKE_OVER else {}
            return _write(connection, before, after, lease)

        return await self.transactions.write(applying)

    async def claim(self, job_id: str, caps: Caps, now: float, callback_hash: str = "") -> Job | None:
        """Make a queued job ``submitting`` for this process; checks the caps and reserves its credits in the same step.

        A claim whose answer was lost may be repeated with the same ``callback_hash``. Returns None if the job is not
        queued any more. Raises CapReached, changing nothing.
        """

        def claiming(connection: Connection) -> Job | None:
            if caps != Caps():
                connection.execute(select(budget).with_for_update())
            job = _first(connection, _locked(job_id))
            if job is None:
                return None
            if callback_hash and job.state is JobState.SUBMITTING and job.callback_hash == callback_hash:
                return job
            claimed = transitions.submitting(job, now, callback_hash)
            if claimed is None:
                return None
            if job.payer == "host":
                Budget(caps, *host_credits(connection, start_of_day(now), job.visitor)).check(job.credits)
            if job.evaluation_id:
                check_evaluation(connection, job)
            return _write(connection, job, claimed, self.leases.of_this_process(connection))

        return await self.transactions.write(claiming)

    async def task_is_known(self, task_id: str) -> bool:
        """Whether any visitor's job, a removed one too, has this task."""
        wanted = select(jobs.c.id).where(jobs.c.task_id == storable(task_id)).limit(1)
        return await self.transactions.read(lambda connection: connection.scalar(wanted) is not None)

    async def remove(self, job_id: str) -> list[str] | None:
        """Remove a settled job.

        A comparison, or an evaluation that is not running, is deleted with its last job: it holds the prompt.

        Returns the names of its pictures that no other job shows; None if it is active.
        """

        def removing(connection: Connection) -> list[str] | None:
            job = _first(connection, _kept().where(jobs.c.id == storable(job_id)).with_for_update())
            rest = transitions.removed(job) if job else None
            if job is None or rest is None:
                return None
            _write(connection, job, rest, {})
            mine = history.c.job_id == job.id
            connection.execute(update(history).where(mine).values(**ERASED))
            forget_request(connection, job)
            return unreferenced(connection, [picture.name for picture in job.pictures])

        return await self.transactions.write(removing)

    # -- several jobs ----------------------------------------------------------------------------

    async def recent(self, visitor: str, limit: int) -> list[Job]:
        """This visitor's jobs that have pictures, newest first."""
        pictured = exists().where(job_pictures.c.job_id == jobs.c.id)
        mine = _visible().where(jobs.c.visitor == storable(visitor), pictured)
        return await self._list(mine.order_by(jobs.c.created_at.desc()).limit(limit))

    async def unfinished(self, visitor: str, limit: int = 20) -> list[Job]:
        """This visitor's jobs that are active, wait, or are uncertain, newest first."""
        states = jobs.c.state.in_(ACTIVE | WAITING | {JobState.UNCERTAIN})
        mine = _visible().where(jobs.c.visitor == storable(visitor), states)
        return await self._list(mine.order_by(jobs.c.created_at.desc()).limit(limit))

    async def late(self, since: float) -> list[Job]:
        """Every visitor's jobs created since then whose results were late at the deadline, the oldest first."""
        pending = sql_cast(jobs.c.pending_urls, Text) != "[]"
        wanted = _visible().where(jobs.c.state == JobState.OVERDUE, pending, jobs.c.created_at >= since)
        return await self._list(wanted.order_by(jobs.c.created_at).limit(TAKEN_AT_ONCE))

    # -- inside a transaction --------------------------------------------------------------------

    async def _list(self, wanted: Select[Any]) -> list[Job]:
        return await self.transactions.read(lambda connection: to_jobs(connection, connection.execute(wanted)))

    def _insert(self, connection: Connection, new: Sequence[Job]) -> None:
        if not new:
            return
        lease = self.leases.of_this_process(connection)
        connection.execute(insert(jobs), [{**to_row(job), **lease} for job in new])
        entry = {"starred": False, "note": "", "search_text": "", "removed": False}
        connection.execute(insert(history), [{"job_id": job.id, **entry} for job in new])
        if pictures := [row for job in new for row in to_picture_rows(job)]:
            connection.execute(insert(job_pictures), pictures)


def _with_history() -> Select[Any]:
    return select(jobs).join(history, history.c.job_id == jobs.c.id)


def _kept() -> Select[Any]:
    """The rows of jobs that are not removed."""
    return _with_history().where(~history.c.removed)


def _visible() -> Select[Any]:
    """The rows of jobs that are neither removed nor about to be."""
    return _with_history().where(VISIBLE)


def _job(job_id: str) -> Select[Any]:
    return _visible().where(jobs.c.id == storable(job_id))


def _locked(job_id: str) -> Select[Any]:
    """Select a job's row, locked for a change.

    Both rows are locked: PostgreSQL reads a row that was only joined as it was before the wait.
    """
    return _job(job_id).with_for_update()


def _has_task_of_another(connection: Connection, job: Job) -> bool:
    """Whether another job has this job's task; two jobs cannot take one task at the same time."""
    connection.execute(select(budget).with_for_update())
    same = select(jobs.c.id).where(jobs.c.task_id == storable(job.task_id), jobs.c.id != job.id)
    return job.task_id is not None and connection.scalar(same.limit(1)) is not None


def _first(connection: Connection, wanted: Select[Any]) -> Job | None:
    return next(iter(to_jobs(connection, connection.execute(wanted))), None)


def _write(connection: Connection, before: Job, after: Job, lease: dict[str, Any]) -> Job:
    """Record a locked job's changes. With the first sign that it is accepted, the job it replaces is abandoned."""
    old, new = to_row(before), to_row(after)
    values = {name: value for name, value in new.items() if value != old[name]} | lease
    if values:
        connection.execute(update(jobs).where(jobs.c.id == before.id).values(**values))
    if after.pictures != before.pictures:
        connection.execute(delete(job_pictures).where(job_pictures.c.job_id == before.id))
        if after.pictures:
            connection.execute(insert(job_pictures), to_picture_rows(after))
    newly_accepted = before.state is JobState.SUBMITTING and after.state in (JobState.RUNNING, JobState.STOPPED)
    if after.replaces and newly_accepted:
        replaced = _first(connection, _locked(after.replaces))
        if replaced and (rest := transitions.abandoned(replaced)):
            _write(connection, replaced, rest, {})
    return to_job(new, after.pictures)
