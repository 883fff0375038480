"""What jobs cost: totals by payer and day, against caps and budgets, and charges that differ from the price list."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import inf

from sqlalchemy import BigInteger, Connection, case, func, or_, select
from sqlalchemy import cast as sql_cast

from components.api.client import Payer
from components.jobs.budgets import check_budget, start_of_day
from components.jobs.job import Job, JobState
from components.jobs.store.executor import Transactions
from components.jobs.store.schema import EVALUATION_RUNNING, evaluations, jobs, storable

DAY_S = 86_400


@dataclass(frozen=True)
class DaySpend:
    """What one visitor's jobs with one model cost on one UTC day: ``day`` is its first second since 1970."""

    day: float
    model: str
    payer: Payer
    jobs: int
    credits: float


@dataclass(frozen=True)
class ChargeDifference:
    """Jobs of one model that were charged another price than listed: how many, and the average of both in credits."""

    model: str
    jobs: int
    listed: float
    charged: float


@dataclass(frozen=True)
class Spend:
    """Credits of one payer: ``reserved`` for unfinished jobs, ``spent`` for ended ones."""

    reserved: float = 0.0
    spent: float = 0.0

    @property
    def total(self) -> float:
        """What counts against a cap."""
        return self.reserved + self.spent


class SpendStore:
    """Sums over the jobs of one database. Every method raises DatabaseUnavailable when the database does not answer."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def total(self, payer: Payer, since: float, visitor: str | None = None) -> Spend:
        """Credits of this payer's jobs sent since then, of one visitor or of all."""
        held, ended = func.coalesce(func.sum(jobs.c.reserved), 0.0), func.coalesce(func.sum(jobs.c.spent), 0.0)
        wanted = select(held, ended).where(jobs.c.payer == payer, jobs.c.sent_at >= since)
        if visitor is not None:
            wanted = wanted.where(jobs.c.visitor == storable(visitor))
        return await self._transactions.read(lambda connection: Spend(*connection.execute(wanted).one()))

    async def today(self, visitor: str | None = None) -> Spend:
        """Credits of the host's key since midnight UTC, of all visitors or of one."""
        return await self.total("host", start_of_day(time.time()), visitor)

    async def committed(self, since: float, visitor: str) -> tuple[float, float]:
        """Credits of the host's key that are reserved, spent or queued since then: by everyone, and by this visitor."""
        return await self._transactions.read(lambda connection: host_credits(connection, since, visitor, queued=True))

    async def by_day(self, visitor: str, since: float) -> list[DaySpend]:
        """What a visitor's jobs at real services cost since then, by UTC day, model and payer; the latest day first."""
        near = sql_cast(jobs.c.sent_at, BigInteger)  # SQLite cuts, PostgreSQL rounds
        day = (case((near > jobs.c.sent_at, near - 1), else_=near) // DAY_S).label("day")
        cost = func.sum(jobs.c.spent + jobs.c.reserved)
        wanted = (
            select(day, jobs.c.model, jobs.c.payer, func.count(), cost)
            .where(jobs.c.visitor == storable(visitor), jobs.c.payer != "sandbox", jobs.c.sent_at >= since)
            .group_by(day, jobs.c.model, jobs.c.payer)
            .order_by(day.desc(), cost.desc())
        )
        rows = await self._transactions.read(lambda connection: list(connection.execute(wanted)))
        return [DaySpend(row[0] * float(DAY_S), row[1], row[2], row[3], row[4]) for row in rows]

    async def charge_differences(self, visitor: str, since: float) -> list[ChargeDifference]:
        """Models for which this visitor was charged another price than listed since then, the largest sum first."""
        more, known = jobs.c.charged - jobs.c.credits, jobs.c.credits < inf
        wanted = (
            select(jobs.c.model, func.count(), func.avg(jobs.c.credits), func.avg(jobs.c.charged))
            .where(jobs.c.visitor == storable(visitor), jobs.c.payer != "sandbox", jobs.c.sent_at >= since)
            .where(known, more != 0)
            .group_by(jobs.c.model)
            .order_by(func.sum(func.abs(more)).desc())
        )
        rows = await self._transactions.read(lambda connection: list(connection.execute(wanted)))
        return [ChargeDifference(*row) for row in rows]


def host_credits(connection: Connection, since: float, visitor: str, *, queued: bool = False) -> tuple[float, float]:
    """Credits of the host's key reserved and spent since then, by all visitors and by one."""
    amount, counted = jobs.c.reserved + jobs.c.spent, jobs.c.sent_at >= since
    if queued:
        waits = jobs.c.state == JobState.QUEUED
        amount, counted = case((waits, jobs.c.credits), else_=amount), or_(counted, waits)
    theirs = case((jobs.c.visitor == storable(visitor), amount), else_=0.0)
    wanted = select(func.coalesce(func.sum(amount), 0.0), func.coalesce(func.sum(theirs), 0.0))
    everyone, one = connection.execute(wanted.where(jobs.c.payer == "host", counted)).one()
    return everyone, one


def used_credits(connection: Connection, evaluation_id: str) -> float:
    """Credits that are reserved or spent by all jobs of an evaluation, earlier attempts too."""
    amount = func.coalesce(func.sum(jobs.c.reserved + jobs.c.spent), 0.0)
    return float(connection.execute(select(amount).where(jobs.c.evaluation_id == evaluation_id)).scalar_one())


def check_evaluation(connection: Connection, job: Job) -> None:
    """Lock the evaluation of a job that is about to be sent. Raises CapReached if it does not run, or its budget is used."""
    wanted = select(evaluations.c.state, evaluations.c.budget).where(evaluations.c.id == job.evaluation_id)
    row = connection.execute(wanted.with_for_update()).one_or_none()
    running = row is not None and row.state == EVALUATION_RUNNING
    check_budget(job.credits, row.budget if row else 0.0, used_credits(connection, job.evaluation_id), running=running)
