"""Where jobs are kept. ``change`` and ``claim`` are the only ways a job moves, each one transaction and conditional.

The same statements run on SQLite and PostgreSQL; how they get to run is in ``jobs.transactions``.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Row,
    Select,
    Text,
    case,
    extract,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy import cast as sql_cast

from components.api.schedule import Learned
from components.errors import DatabaseUnavailable
from components.jobs.budgets import check_caps, start_of_day
from components.jobs.job import ACTIVE, Caps, DaySpend, Job, JobFilter, JobState, Measured, Page, Spend
from components.jobs.store.engine import Database
from components.jobs.store.executor import Transactions, Twin
from components.jobs.store.schema import budget, jobs, storable, timings, to_job, to_row
from components.jobs.store.search import find_page, spend_by_day, unreferenced

LEASE_S = 20.0
TAKEN_AT_ONCE = 200
MEASURED_JOBS = 5_000
ADD_TRIES = 3


class Store:
    """The jobs in a database, as one process sees them. ``owner`` names the process in the leases of its jobs.

    Every method raises DatabaseUnavailable when the database does not answer.
    """

    def __init__(self, database: Database, owner: str | None = None) -> None:
        self.owner = owner or secrets.token_hex(8)
        self._database = database
        self.transactions = Transactions(database)

    @property
    def shared(self) -> bool:
        """Whether other processes may use the database too."""
        return self._database.shared

    async def aclose(self) -> None:
        """Wait for what is being written, and end the threads. The database stays open."""
        await self.transactions.aclose()

    async def add(self, job: Job) -> Job:
        """Keep a new job. Returns it, or the same one where it is kept already, or one of the same ``once`` that is going."""
        job = replace(job, once=storable(job.once))

        def adding(connection: Connection) -> Job:
            twin = self._twin(connection, job)
            if twin is None:
                connection.execute(insert(jobs), {**to_row(job), **self._lease(connection)})
            return twin or job

        for number in range(ADD_TRIES):
            try:
                return await self.transactions.write(adding)
            except Twin as error:  # two were added in the same moment; the other one was first, and may have ended by now
                same = await self.get(job.id)
                if same and (same.visitor, same.model, same.body) == (job.visitor, job.model, job.body):
                    return same
                if not job.once or number == ADD_TRIES - 1:
                    raise DatabaseUnavailable("This page could not record the request.") from error
        raise AssertionError("unreachable: the last try returns or raises")

    async def get(self, job_id: str) -> Job | None:
        """The job, or None."""
        return await self.transactions.read(
            lambda connection: _one(connection, select(jobs).where(jobs.c.id == storable(job_id)))
        )

    async def get_all(self, job_ids: Collection[str]) -> list[Job]:
        """Those of these jobs that there are, in no order."""
        wanted = select(jobs).where(jobs.c.id.in_([storable(job_id) for job_id in job_ids]))
        return await self.transactions.read(lambda connection: [to_job(row) for row in connection.execute(wanted)])

    async def change(self, job_id: str, when: Collection[JobState], *, owned: bool = False, **changes: Any) -> Job | None:
        """Apply the changes if the job is in one of these states; None if it is not, or is gone or removed.

        ``owned`` asks besides that this process is the one that works on it.
        """
        return await self.transactions.write(
            lambda connection: self._changed(connection, job_id, when, changes, owned=owned)
        )

    async def own(self, job_id: str, when: Collection[JobState], **changes: Any) -> Job | None:
        """Like ``change``, and this process works on the job from now on."""

        def owning(connection: Connection) -> Job | None:
            return self._changed(connection, job_id, when, changes, extra=self._lease(connection))

        return await self.transactions.write(owning)

    async def claim(self, job_id: str, caps: Caps, now: float, token: str = "") -> Job | None:
        """queued -> submitting for this process, with the caps checked and the credits reserved in the same step.

        A claim whose answer was lost may be repeated with the same ``token``. Returns None if the job is not
        queued any more. Raises CapReached, changing nothing.
        """

        def claiming(connection: Connection) -> Job | None:
            if caps != Caps():
                connection.execute(select(budget).with_for_update())
            row = connection.execute(_of(job_id)).one_or_none()
            if row is None:
                return None
            job = to_job(row)
            if token and job.state is JobState.SUBMITTING and job.token == token:
                return job
            if job.state is not JobState.QUEUED:
                return None
            if job.payer == "host":
                day = start_of_day(now)
                check_caps(job, caps, *_sums(connection, "host", day, job.visitor))
            changes = {"state": JobState.SUBMITTING, "sent_at": now, "note": "", "token": token}
            return self._applied(connection, row, changes, self._lease(connection))

        return await self.transactions.write(claiming)

    async def recent(self, visitor: str, limit: int) -> list[Job]:
        """This visitor's jobs that have pictures, newest first."""
        mine = select(jobs).where(jobs.c.visitor == storable(visitor), sql_cast(jobs.c.pictures, Text) != "[]")
        newest = mine.order_by(jobs.c.created_at.desc()).limit(limit)
        return await self.transactions.read(lambda connection: [to_job(row) for row in connection.execute(newest)])

    async def unfinished(self, visitor: str, limit: int = 20) -> list[Job]:
        """This visitor's jobs that go on or wait for a decision, newest first."""
        undecided = (jobs.c.state == JobState.UNCERTAIN) & ~jobs.c.dropped
        wanted = select(jobs).where(jobs.c.visitor == storable(visitor), or_(jobs.c.state.in_(ACTIVE), undecided))
        newest = wanted.order_by(jobs.c.created_at.desc()).limit(limit)
        return await self.transactions.read(lambda connection: [to_job(row) for row in connection.execute(newest)])

    async def search(self, visitor: str, wanted: JobFilter, limit: int, before: str = "") -> Page:
        """This visitor's jobs that fit, newest first; ``before`` is the id of a job, the page begins after it."""
        return await self.transactions.read(lambda connection: find_page(connection, visitor, wanted, limit, before))

    async def spend_by_day(self, visitor: str, since: float) -> list[DaySpend]:
        """What this visitor's jobs at real services cost, the latest day first."""
        return await self.transactions.read(lambda connection: spend_by_day(connection, visitor, since))

    async def unreferenced(self, pictures: list[str]) -> list[str]:
        """The names among these that no job shows."""
        return await self.transactions.read(lambda connection: unreferenced(connection, pictures))

    async def spend(self, payer: str, since: float, visitor: str | None = None) -> Spend:
        """Credits of this payer's jobs sent since then, of one visitor or of all."""
        held, ended = func.coalesce(func.sum(jobs.c.reserved), 0.0), func.coalesce(func.sum(jobs.c.spent), 0.0)
        wanted = select(held, ended).where(jobs.c.payer == payer, jobs.c.sent_at >= since)
        if visitor is not None:
            wanted = wanted.where(jobs.c.visitor == storable(visitor))
        return await self.transactions.read(lambda connection: Spend(*connection.execute(wanted).one()))

    async def renew(self) -> list[Job]:
        """Say that this process lives. Returns the jobs it works on."""
        mine = (jobs.c.owner == self.owner) & jobs.c.state.in_(ACTIVE)

        def renewing(connection: Connection) -> list[Job]:
            if self._database.shared:
                connection.execute(update(jobs).where(mine).values(lease=_clock(connection) + LEASE_S))
            return [to_job(row) for row in connection.execute(select(jobs).where(mine))]

        return await self.transactions.write(renewing)

    async def take_over(self) -> list[Job]:
        """Make the unfinished jobs of dead processes this one's, as they were left; at most TAKEN_AT_ONCE."""

        def taking(connection: Connection) -> list[Job]:
            left = or_(jobs.c.owner.is_(None), jobs.c.owner != self.owner)
            waits = jobs.c.overdue | jobs.c.keyless
            wanted = select(jobs).where(jobs.c.state.in_(ACTIVE), ~waits, left)
            if self._database.shared:
                wanted = wanted.where(or_(jobs.c.lease.is_(None), jobs.c.lease < _clock(connection)))
            wanted = wanted.order_by(jobs.c.created_at).limit(TAKEN_AT_ONCE).with_for_update(skip_locked=True)
            found = [to_job(row) for row in connection.execute(wanted)]
            if found:
                ids = [job.id for job in found]
                connection.execute(update(jobs).where(jobs.c.id.in_(ids)).values(**self._lease(connection)))
            return found

        return await self.transactions.write(taking)

    async def release(self) -> None:
        """This process ends: its jobs are anybody's at once."""
        mine = (jobs.c.owner == self.owner) & jobs.c.state.in_(ACTIVE)
        await self.transactions.write(
            lambda connection: connection.execute(update(jobs).where(mine).values(owner=None, lease=None))
        )

    async def learned(self) -> dict[tuple[str, str], Learned]:
        """What is known of run times, by upstream and model."""
        rows = await self.transactions.read(lambda connection: list(connection.execute(select(timings))))
        return {(row.place, row.model): Learned(row.weight, row.mean, row.variance) for row in rows}

    async def learn(self, place: str, model: str, seconds: Sequence[float], prior: Learned) -> Learned:
        """Add run times to what is known; ``prior`` stands where nothing is."""
        mine = (timings.c.place == place) & (timings.c.model == model)

        def learning(connection: Connection) -> Learned:
            row = connection.execute(select(timings).where(mine).with_for_update()).one_or_none()
            known = Learned(row.weight, row.mean, row.variance) if row else prior
            for one in seconds:
                known = known.observed(one)
            if row is None:
                connection.execute(insert(timings).values(place=place, model=model, **asdict(known)))
            else:
                connection.execute(update(timings).where(mine).values(**asdict(known)))
            return known

        try:
            return await self.transactions.write(learning)
        except Twin:  # another process wrote the first number in the same moment
            return await self.transactions.write(learning)

    async def measured(self) -> dict[str, Measured]:
        """What the last MEASURED_JOBS ended jobs at real services took, by model."""
        seconds = (jobs.c.finished_at - jobs.c.sent_at).label("seconds")
        ended = jobs.c.state.in_((JobState.DONE, JobState.FAILED)) & jobs.c.task_id.is_not(None)
        wanted = (
            select(jobs.c.model, jobs.c.state, seconds)
            .where(ended, jobs.c.payer != "sandbox", jobs.c.finished_at.is_not(None))
            .order_by(jobs.c.finished_at.desc())
            .limit(MEASURED_JOBS)
        )
        rows = await self.transactions.read(lambda connection: list(connection.execute(wanted)))
        models = {row.model for row in rows}
        return {model: _measure([row for row in rows if row.model == model]) for model in models}

    async def starred(self) -> set[str]:
        """Names of pictures that are trimmed last."""
        wanted = select(jobs.c.pictures).where(jobs.c.starred)
        rows = await self.transactions.read(lambda connection: list(connection.execute(wanted)))
        return {picture["name"] for row in rows for picture in row.pictures}

    # -- inside a transaction --------------------------------------------------------------------

    def _changed(
        self,
        connection: Connection,
        job_id: str,
        when: Collection[JobState],
        changes: dict[str, Any],
        *,
        owned: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> Job | None:
        row = connection.execute(_of(job_id)).one_or_none()
        if row is None or row.removed or row.state not in when or (owned and row.owner != self.owner):
            return None
        return self._applied(connection, row, changes, extra or {})

    @staticmethod
    def _applied(connection: Connection, row: Row[Any], changes: dict[str, Any], extra: dict[str, Any]) -> Job:
        """A locked row with the changes written to it."""
        before = to_job(row)
        after = replace(before, **changes)
        if after.settled:
            after = replace(after, once=None, stopping=False)
        old, new = to_row(before), to_row(after)
        values = {name: value for name, value in new.items() if value != old[name]} | extra
        if values:
            connection.execute(update(jobs).where(jobs.c.id == row.id).values(**values))
        return to_job({**row._mapping, **new})

    def _lease(self, connection: Connection) -> dict[str, Any]:
        now = connection.scalar(select(_clock(connection))) if self._database.shared else time.time()
        return {"owner": self.owner, "lease": (now or 0.0) + LEASE_S}

    @staticmethod
    def _twin(connection: Connection, job: Job) -> Job | None:
        return _one(connection, select(jobs).where(jobs.c.once == job.once)) if job.once else None


def _of(job_id: str) -> Select[Any]:
    """A job's row, for whoever is about to change it."""
    return select(jobs).where(jobs.c.id == storable(job_id)).with_for_update()


def _one(connection: Connection, wanted: Select[Any]) -> Job | None:
    row = connection.execute(wanted).one_or_none()
    return to_job(row) if row else None


def _sums(connection: Connection, payer: str, since: float, visitor: str) -> tuple[float, float]:
    """Credits reserved and spent of all visitors and of one."""
    amount = jobs.c.reserved + jobs.c.spent
    theirs = case((jobs.c.visitor == visitor, amount), else_=0.0)
    wanted = select(func.coalesce(func.sum(amount), 0.0), func.coalesce(func.sum(theirs), 0.0))
    everyone, one = connection.execute(wanted.where(jobs.c.payer == payer, jobs.c.sent_at >= since)).one()
    return everyone, one


def _measure(rows: list[Any]) -> Measured:
    times = sorted(row.seconds for row in rows if row.state == JobState.DONE)
    failed = sum(row.state == JobState.FAILED for row in rows) / len(rows)
    return Measured(len(times), _quantile(times, 0.5), _quantile(times, 0.95), failed)


def _quantile(times: list[float], share: float) -> float | None:
    """Linear between the two nearest of a sorted list; None for an empty one."""
    if not times:
        return None
    place = share * (len(times) - 1)
    low = int(place)
    high = min(low + 1, len(times) - 1)
    return float(times[low] + (times[high] - times[low]) * (place - low))


def _clock(connection: Connection) -> ColumnElement[float]:
    """Seconds since 1970 by the one clock that all processes share: the server's, where there is one."""
    if connection.dialect.name == "postgresql":
        return sql_cast(extract("epoch", func.clock_timestamp()), Float(53))
    return literal(time.time())
