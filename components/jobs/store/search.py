"""Queries over many jobs, run inside a transaction of the store: the history, what was measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, and_, false, func, or_, select
from sqlalchemy import cast as sql_cast

from components.jobs.job import HistoryEntry, HistoryPage, JobFilter, JobState, Measured
from components.jobs.store.schema import history, job_pictures, jobs, searchable, storable, to_jobs

MOST_WORDS = 20
MEASURED_JOBS = 5_000


def find_entry(connection: Connection, job_id: str) -> HistoryEntry | None:
    """The job with the star and the note of its visitor, or None."""
    wanted = _entries().where(jobs.c.id == storable(job_id), ~history.c.removed)
    return next(iter(_to_entries(connection, list(connection.execute(wanted)))), None)


def find_page(
    connection: Connection, visitor: str, wanted: JobFilter, limit: int, before: str, models: Collection[str]
) -> HistoryPage:
    """At most ``limit`` of a visitor's entries that fit, newest first, those older than the job ``before`` if it is named."""
    fits = and_(*_conditions(visitor, wanted, models))
    total = connection.execute(select(func.count()).select_from(jobs).join(history, _same_job()).where(fits)).scalar_one()
    older: list[ColumnElement[bool]] = []
    if before:
        last = connection.execute(
            select(jobs.c.created_at, jobs.c.id).where(jobs.c.id == storable(before), jobs.c.visitor == storable(visitor))
        ).one_or_none()
        if last is None:
            return HistoryPage(total, ())
        same = and_(jobs.c.created_at == last.created_at, jobs.c.id < last.id)
        older.append(or_(jobs.c.created_at < last.created_at, same))
    newest = _entries().where(fits, *older).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
    return HistoryPage(total, tuple(_to_entries(connection, list(connection.execute(newest)))))


def unreferenced(connection: Connection, names: Collection[str]) -> list[str]:
    """Those of these pictures that no job shows, each once."""
    shown = set(connection.scalars(select(job_pictures.c.name).where(job_pictures.c.name.in_(names))))
    return [name for name in dict.fromkeys(names) if name not in shown]


def measured(connection: Connection, model_id: Callable[[str], str]) -> dict[str, Measured]:
    """Run times of the last MEASURED_JOBS ended jobs at real services, by model."""
    seconds = (jobs.c.finished_at - jobs.c.sent_at).label("seconds")
    ended = jobs.c.state.in_((JobState.DONE, JobState.FAILED)) & jobs.c.task_id.is_not(None)
    wanted = (
        select(jobs.c.model, jobs.c.state, seconds)
        .where(ended, jobs.c.payer != "sandbox", jobs.c.finished_at.is_not(None))
        .order_by(jobs.c.finished_at.desc())
        .limit(MEASURED_JOBS)
    )
    by_model: defaultdict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(wanted):
        by_model[model_id(row.model)].append(row)
    return {model: _measure(rows) for model, rows in by_model.items()}


def _same_job() -> ColumnElement[bool]:
    return history.c.job_id == jobs.c.id


def _entries() -> Select[Any]:
    return select(jobs, history.c.starred, history.c.note).join(history, _same_job())


def _to_entries(connection: Connection, rows: list[Row[Any]]) -> list[HistoryEntry]:
    return [HistoryEntry(job, row.starred, row.note) for row, job in zip(rows, to_jobs(connection, rows), strict=True)]


def _conditions(visitor: str, wanted: JobFilter, models: Collection[str]) -> Iterator[ColumnElement[bool]]:
    yield jobs.c.visitor == storable(visitor)
    yield ~history.c.removed
    for word in searchable(wanted.text).split()[:MOST_WORDS]:
        yield or_(*(column.contains(word, autoescape=True) for column in (jobs.c.search_text, history.c.search_text)))
    if wanted.model:
        yield jobs.c.model.in_([storable(model) for model in models or (wanted.model,)])
    if wanted.state:
        yield _in_state(wanted.state)
    for column, value in ((jobs.c.task_id, wanted.task_id), (jobs.c.comparison_id, wanted.comparison_id)):
        if value:
            yield column == storable(value)
    if wanted.starred:
        yield history.c.starred
    if wanted.since is not None:
        yield jobs.c.created_at >= wanted.since
    if wanted.until is not None:
        yield jobs.c.created_at < wanted.until


def _in_state(state: str) -> ColumnElement[bool]:
    """Jobs in a state, or shown as it: the same as ``job.public_state``."""
    needs_key = jobs.c.state == JobState.NEEDS_KEY
    accepted = or_(jobs.c.task_id.is_not(None), sql_cast(jobs.c.pending_urls, Text) != "[]")
    if state == JobState.QUEUED:
        return or_(jobs.c.state == state, and_(needs_key, ~accepted))
    if state == JobState.RUNNING:
        shown = (JobState.RUNNING, JobState.SAVING, JobState.OVERDUE)
        return or_(jobs.c.state.in_(shown), and_(needs_key, accepted))
    if state == JobState.UNCERTAIN:
        return jobs.c.state.in_((JobState.UNCERTAIN, JobState.ABANDONED))
    return jobs.c.state == state if state in set(JobState) else false()


def _measure(rows: list[Any]) -> Measured:
    times = sorted(row.seconds for row in rows if row.state == JobState.DONE)
    failed = sum(row.state == JobState.FAILED for row in rows) / len(rows)
    return Measured(len(times), _quantile(times, 0.5), _quantile(times, 0.95), failed)


def _quantile(times: list[float], share: float) -> float | None:
    """Linear between the two nearest of a sorted list; None for an empty one."""
    if not times:
        return None
    at = share * (len(times) - 1)
    low = int(at)
    high = min(low + 1, len(times) - 1)
    return float(times[low] + (times[high] - times[low]) * (at - low))
