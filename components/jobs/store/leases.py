"""Which process works on a job: its owner, until its lease ends."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, extract, func, literal, or_, select, update
from sqlalchemy import cast as sql_cast

from components.jobs.job import ACTIVE, Job
from components.jobs.store.executor import Transactions
from components.jobs.store.schema import jobs, to_jobs

TAKEN_AT_ONCE = 200


class LeaseStore:
    """The leases of the process that ``owner`` names. ``shared``: other processes use the database too, by its clock.

    Every method raises DatabaseUnavailable when the database does not answer.
    """

    def __init__(self, transactions: Transactions, owner: str, lease_s: float, *, shared: bool) -> None:
        self._transactions = transactions
        self._owner = owner
        self._lease_s = lease_s
        self._shared = shared

    def of_this_process(self, connection: Connection) -> dict[str, Any]:
        """The columns of a job that this process owns from now on."""
        now = connection.scalar(select(_clock(connection))) if self._shared else time.time()
        return {"owner": self._owner, "lease": (now or 0.0) + self._lease_s}

    async def renew(self) -> list[Job]:
        """Renew the leases of this process. Returns the jobs it owns."""
        mine = (jobs.c.owner == self._owner) & jobs.c.state.in_(ACTIVE)

        def renewing(connection: Connection) -> list[Job]:
            if self._shared:
                connection.execute(update(jobs).where(mine).values(lease=_clock(connection) + self._lease_s))
            return to_jobs(connection, connection.execute(select(jobs).where(mine)))

        return await self._transactions.write(renewing)

    async def owns(self, job_id: str) -> bool:
        """Whether this process owns a job that is active."""
        mine = (jobs.c.id == job_id) & (jobs.c.owner == self._owner) & jobs.c.state.in_(ACTIVE)
        found = select(jobs.c.id).where(mine)
        return await self._transactions.read(lambda connection: connection.execute(found).first() is not None)

    async def take_over(self) -> list[Job]:
        """Become the owner of active jobs of dead processes, the oldest first; at most TAKEN_AT_ONCE."""

        def taking(connection: Connection) -> list[Job]:
            left = or_(jobs.c.owner.is_(None), jobs.c.owner != self._owner)
            wanted = select(jobs).where(jobs.c.state.in_(ACTIVE), left)
            if self._shared:
                wanted = wanted.where(or_(jobs.c.lease.is_(None), jobs.c.lease < _clock(connection)))
            wanted = wanted.order_by(jobs.c.created_at).limit(TAKEN_AT_ONCE).with_for_update(skip_locked=True)
            orphans = to_jobs(connection, connection.execute(wanted))
            if orphans:
                taken = jobs.c.id.in_([job.id for job in orphans])
                connection.execute(update(jobs).where(taken).values(**self.of_this_process(connection)))
            return orphans

        return await self._transactions.write(taking)

    async def release(self) -> None:
        """Give up the ownership of every job: this process ends."""
        mine = (jobs.c.owner == self._owner) & jobs.c.state.in_(ACTIVE)
        released = update(jobs).where(mine).values(owner=None, lease=None)
        await self._transactions.write(lambda connection: connection.execute(released))


def _clock(connection: Connection) -> ColumnElement[float]:
    """Seconds since 1970 by the one clock that all processes share: the server's, where there is one."""
    if connection.dialect.name == "postgresql":
        return sql_cast(extract("epoch", func.clock_timestamp()), Float(53))
    return literal(time.time())
