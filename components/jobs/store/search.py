"""Looking through a visitor's jobs: statements that run inside a transaction of the store."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import BigInteger, ColumnElement, Connection, String, and_, case, func, or_, select
from sqlalchemy import cast as sql_cast

from components.jobs.job import DaySpend, JobFilter, Page
from components.jobs.store.schema import jobs, searchable, storable, to_job

MOST_WORDS = 20
DAY_S = 86_400


def find_page(connection: Connection, visitor: str, wanted: JobFilter, limit: int, before: str) -> Page:
    """At most ``limit`` of a visitor's jobs that fit, newest first, those older than the job ``before`` where one is named."""
    fits = and_(*_conditions(visitor, wanted))
    total = connection.execute(select(func.count()).where(fits)).scalar_one()
    older: list[ColumnElement[bool]] = []
    if before:
        last = connection.execute(
            select(jobs.c.created_at, jobs.c.id).where(jobs.c.id == storable(before), jobs.c.visitor == storable(visitor))
        ).one_or_none()
        if last is None:
            return Page(total, ())
        same = and_(jobs.c.created_at == last.created_at, jobs.c.id < last.id)
        older.append(or_(jobs.c.created_at < last.created_at, same))
    newest = select(jobs).where(fits, *older).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
    return Page(total, tuple(to_job(row) for row in connection.execute(newest)))


def spend_by_day(connection: Connection, visitor: str, since: float) -> list[DaySpend]:
    """What a visitor's jobs at real services cost since then, by UTC day, model and payer; the latest day first."""
    near = sql_cast(jobs.c.sent_at, BigInteger)  # SQLite cuts, PostgreSQL rounds
    day = (case((near > jobs.c.sent_at, near - 1), else_=near) // DAY_S).label("day")
    cost = func.sum(jobs.c.spent + jobs.c.reserved)
    rows = connection.execute(
        select(day, jobs.c.model, jobs.c.payer, func.count(), cost)
        .where(jobs.c.visitor == storable(visitor), jobs.c.payer != "sandbox", jobs.c.sent_at >= since)
        .group_by(day, jobs.c.model, jobs.c.payer)
        .order_by(day.desc(), cost.desc())
    )
    return [DaySpend(row[0] * float(DAY_S), row[1], row[2], row[3], row[4]) for row in rows]


def unreferenced(connection: Connection, names: list[str]) -> list[str]:
    """Those of these pictures that no job shows."""
    text = sql_cast(jobs.c.pictures, String)
    return [
        name
        for name in names
        if connection.execute(select(jobs.c.id).where(text.contains(name, autoescape=True)).limit(1)).first() is None
    ]


def _conditions(visitor: str, wanted: JobFilter) -> Iterator[ColumnElement[bool]]:
    yield jobs.c.visitor == storable(visitor)
    yield ~jobs.c.removed
    for word in searchable(storable(wanted.text)).split()[:MOST_WORDS]:
        yield jobs.c.words.contains(word, autoescape=True)
    for column, value in (
        (jobs.c.model, wanted.model),
        (jobs.c.state, wanted.state),
        (jobs.c.task_id, wanted.task_id),
        (jobs.c.batch, wanted.batch),
    ):
        if value:
            yield column == storable(value)
    if wanted.starred:
        yield jobs.c.starred
    if wanted.since is not None:
        yield jobs.c.created_at >= wanted.since
    if wanted.until is not None:
        yield jobs.c.created_at < wanted.until
