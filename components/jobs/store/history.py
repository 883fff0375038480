"""The history of a visitor: their jobs, searched and listed, each with the star and the note that they gave it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, and_, false, func, or_, select, update
from sqlalchemy import cast as sql_cast

from components.jobs.job import ENDED, HistoryEntry, Job, JobState
from components.jobs.store.executor import Transactions
from components.jobs.store.groups import HistoryGroups, HistoryOrder, find_groups, group_key
from components.jobs.store.schema import VISIBLE, history, jobs, searchable, storable, to_jobs

MOST_WORDS = 20


@dataclass(frozen=True)
class JobFilter:
    """Which jobs of a visitor to show; an empty field does not filter.

    Each word of ``text`` must occur in the prompt, the note, the model's id or the task id, whatever the case.
    ``models`` are ids of one model, its former ones too. ``state`` is a JobState; one that :func:`public_state` returns
    stands for every state that is shown as it. ``since`` and ``until`` are seconds since 1970, the second exclusive.
    """

    text: str = ""
    models: tuple[str, ...] = ()
    state: str = ""
    task_id: str = ""
    comparison_id: str = ""
    starred: bool = False
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class HistoryPage:
    """Some entries of a history, newest first, and how many fit the filter in ``total``."""

    total: int
    entries: tuple[HistoryEntry, ...]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs of the entries."""
        return tuple(entry.job for entry in self.entries)


class HistoryStore:
    """The history of every visitor. Removed and hidden jobs are in no result; hidden ones can be restored for ``undo_s``.

    Every method raises DatabaseUnavailable when the database does not answer.
    """

    def __init__(self, transactions: Transactions, undo_s: float) -> None:
        self._transactions = transactions
        self.undo_s = undo_s

    async def find(self, job_id: str) -> HistoryEntry | None:
        """The job with what its visitor has added to it, or None."""
        wanted = _entries().where(jobs.c.id == storable(job_id), VISIBLE)

        def finding(connection: Connection) -> HistoryEntry | None:
            return next(iter(_to_entries(connection, list(connection.execute(wanted)))), None)

        return await self._transactions.read(finding)

    async def find_all(self, job_ids: Collection[str]) -> list[HistoryEntry]:
        """Those of these jobs that there are, with what their visitors have added to them, in no order."""
        wanted = _entries().where(jobs.c.id.in_([storable(job_id) for job_id in job_ids]), VISIBLE)
        return await self._transactions.read(lambda connection: _to_entries(connection, list(connection.execute(wanted))))

    async def search(self, visitor: str, wanted: JobFilter, limit: int, before: str = "") -> HistoryPage:
        """This visitor's entries that fit, newest first, older than the job ``before``."""
        return await self._transactions.read(lambda connection: _find_page(connection, visitor, wanted, limit, before))

    async def groups(
        self,
        visitor: str,
        wanted: JobFilter,
        order: HistoryOrder,
        limit: int,
        opened: Collection[str] = (),
    ) -> HistoryGroups:
        """A page of at most ``limit`` groups of this visitor's entries that fit; all entries of those that are ``opened``."""
        fits = and_(*_conditions(visitor, wanted))

        def reading(connection: Connection) -> HistoryGroups:
            page, members = find_groups(connection, fits, order, limit, opened)
            rows = list(
                connection.execute(
                    _entries()
                    .add_columns(members.c.key)
                    .join(members, members.c.id == jobs.c.id)
                    .order_by(members.c.position)
                )
            )
            entries: defaultdict[str, list[HistoryEntry]] = defaultdict(list)
            for row, entry in zip(rows, _to_entries(connection, rows), strict=True):
                entries[row.key].append(entry)
            return replace(page, groups=tuple(replace(one, entries=tuple(entries[one.key])) for one in page.groups))

        return await self._transactions.read(reading)

    async def members(self, visitor: str, wanted: JobFilter, keys: Collection[str]) -> list[str]:
        """Ids of all of this visitor's jobs that fit and are in these groups."""
        fits = and_(*_conditions(visitor, wanted), group_key().in_([storable(key) for key in keys]))
        ids = _entries().with_only_columns(jobs.c.id).where(fits)
        return await self._transactions.read(lambda connection: list(connection.scalars(ids)))

    async def hide(self, visitor: str, job_ids: Collection[str]) -> list[str]:
        """Hide those of these jobs that are this visitor's and have ended. Returns their ids.

        For a while :meth:`restore` can undo it; then they are in :meth:`to_delete`.
        """
        ended = jobs.c.state.in_(ENDED)
        return await self._set_delete_at(and_(_own(visitor, job_ids), VISIBLE, ended), time.time() + self.undo_s)

    async def restore(self, visitor: str, job_ids: Collection[str]) -> list[str]:
        """Show those of these jobs again that are this visitor's, hidden, and not removed yet. Returns their ids."""
        return await self._set_delete_at(and_(_own(visitor, job_ids), history.c.delete_at.is_not(None)), None)

    async def to_delete(self, now: float) -> list[str]:
        """Ids of the hidden jobs whose time has come, of all visitors."""
        wanted = select(history.c.job_id).where(history.c.delete_at <= now)
        return await self._transactions.read(lambda connection: list(connection.scalars(wanted)))

    async def _set_delete_at(self, wanted: ColumnElement[bool], delete_at: float | None) -> list[str]:
        locked = _entries().with_only_columns(jobs.c.id).where(wanted).with_for_update()

        def setting(connection: Connection) -> list[str]:
            ids = list(connection.scalars(locked))
            connection.execute(update(history).where(history.c.job_id.in_(ids)).values(delete_at=delete_at))
            return ids

        return await self._transactions.write(setting)

    async def star(self, visitor: str, job_ids: Collection[str], *, starred: bool) -> None:
        """Star those of these jobs that are this visitor's, or take their stars away."""
        own = history.c.job_id.in_(select(jobs.c.id).where(_own(visitor, job_ids)))
        changed = update(history).where(own, VISIBLE).values(starred=starred)
        await self._transactions.write(lambda connection: connection.execute(changed))

    async def note(self, visitor: str, job_id: str, text: str) -> None:
        """Write a note on a job if it is this visitor's."""
        own = history.c.job_id.in_(select(jobs.c.id).where(_own(visitor, [job_id])))
        changed = update(history).where(own, VISIBLE).values(note=storable(text), search_text=searchable(text))
        await self._transactions.write(lambda connection: connection.execute(changed))


def _find_page(connection: Connection, visitor: str, wanted: JobFilter, limit: int, before: str) -> HistoryPage:
    """At most ``limit`` of a visitor's entries that fit, newest first, those older than the job ``before`` if it is named."""
    fits = and_(*_conditions(visitor, wanted))
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


def _same_job() -> ColumnElement[bool]:
    return history.c.job_id == jobs.c.id


def _entries() -> Select[Any]:
    return select(jobs, history.c.starred, history.c.note).join(history, _same_job())


def _own(visitor: str, job_ids: Collection[str]) -> ColumnElement[bool]:
    """Those of these jobs that are this visitor's."""
    return and_(jobs.c.id.in_([storable(job_id) for job_id in job_ids]), jobs.c.visitor == storable(visitor))


def _to_entries(connection: Connection, rows: list[Row[Any]]) -> list[HistoryEntry]:
    return [HistoryEntry(job, row.starred, row.note) for row, job in zip(rows, to_jobs(connection, rows), strict=True)]


def _conditions(visitor: str, wanted: JobFilter) -> Iterator[ColumnElement[bool]]:
    yield jobs.c.visitor == storable(visitor)
    yield VISIBLE
    for word in searchable(wanted.text).split()[:MOST_WORDS]:
        yield or_(*(column.contains(word, autoescape=True) for column in (jobs.c.search_text, history.c.search_text)))
    if wanted.models:
        yield jobs.c.model.in_([storable(model) for model in wanted.models])
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
