"""The history as a list of groups, sorted and in pages: a comparison or an evaluation is one, repeated failures too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, String, Subquery, case, func, literal, select
from sqlalchemy import cast as sql_cast

from components.jobs.job import HistoryEntry, JobState
from components.jobs.store.schema import history, jobs
from components.jobs.store.spend import DAY_S

SHOWN_WHEN_CLOSED = 4
MOST_OPENED = 500

# What a group is sorted by.
SORTED_BY: Mapping[str, ColumnElement[Any]] = {
    "created": func.max(jobs.c.created_at),
    "model": func.min(jobs.c.model),
    "state": func.min(jobs.c.state),
    "price": func.sum(func.coalesce(jobs.c.charged, jobs.c.credits)),
    "seconds": func.max(jobs.c.finished_at - jobs.c.sent_at),
}
HISTORY_SORTS = tuple(SORTED_BY)


@dataclass(frozen=True)
class HistoryGroup:
    """Jobs that are listed as one: of a comparison or an evaluation, or failures of a model for one reason on one day.

    ``count`` is how many there are, ``failed`` how many of them failed; ``entries`` are the newest few of them, or all of a
    group that was asked for.
    """

    key: str
    count: int
    entries: tuple[HistoryEntry, ...]
    failed: int = 0


@dataclass(frozen=True)
class HistoryGroups:
    """A page of a history: its groups, and how many groups and jobs fit the filter in all. ``page`` counts from 1."""

    page: int
    groups: tuple[HistoryGroup, ...] = ()
    total: int = 0
    total_jobs: int = 0

    @property
    def entries(self) -> tuple[HistoryEntry, ...]:
        """The entries of all groups on the page, as far as they were read."""
        return tuple(entry for group in self.groups for entry in group.entries)


@dataclass(frozen=True)
class HistoryOrder:
    """Which part of a history to list: ``sort`` is one of HISTORY_SORTS, ``page`` counts from 1."""

    sort: str = "created"
    descending: bool = True
    page: int = 1


def group_key() -> ColumnElement[str]:
    """What the jobs of a group have in common: a comparison, an evaluation, or the model, reason and day of a failure."""
    day = sql_cast(sql_cast(jobs.c.created_at, BigInteger) // DAY_S, String)
    failure = literal("failed/") + day + "/" + jobs.c.model + "/" + jobs.c.problem["code"].as_string()
    return case(
        (jobs.c.comparison_id != "", literal("comparison/") + jobs.c.comparison_id),
        (jobs.c.evaluation_id != "", literal("evaluation/") + jobs.c.evaluation_id),
        (jobs.c.state == JobState.FAILED, func.coalesce(failure, jobs.c.id)),
        else_=literal("job/") + jobs.c.id,
    )


def find_groups(
    connection: Connection, fits: ColumnElement[bool], order: HistoryOrder, limit: int, opened: Collection[str]
) -> tuple[HistoryGroups, Subquery]:
    """The groups of jobs that fit, ``limit`` a page, without their entries; and the ids that are their entries.

    A page behind the last one is the last one.
    """
    key = group_key().label("key")
    newest = SORTED_BY["created"].label("newest")
    failed = func.sum(case((jobs.c.state == JobState.FAILED, 1), else_=0)).label("failed")
    found = (
        select(key, func.count().label("size"), failed, newest)
        .select_from(jobs)
        .join(history, history.c.job_id == jobs.c.id)
    )
    grouped = found.add_columns(SORTED_BY[order.sort].label("value")).where(fits).group_by(key).subquery()
    direction = grouped.c.value.desc() if order.descending else grouped.c.value.asc()
    # The totals come with every row: to count is as much work as to list.
    totals = func.count().over().label("total"), func.sum(grouped.c.size).over().label("total_jobs")
    wanted = select(grouped.c.key, grouped.c.size, grouped.c.failed, *totals).order_by(
        direction.nulls_last(), grouped.c.newest.desc(), grouped.c.key
    )
    page = max(1, order.page)
    rows = connection.execute(wanted.limit(limit).offset((page - 1) * limit)).all()
    if not rows and page > 1:
        page = max(1, -(-(connection.scalar(select(func.count()).select_from(grouped)) or 0) // limit))
        rows = connection.execute(wanted.limit(limit).offset((page - 1) * limit)).all()
    groups = tuple(HistoryGroup(row.key, row.size, (), int(row.failed)) for row in rows)
    total, total_jobs = (int(rows[0].total), int(rows[0].total_jobs)) if rows else (0, 0)
    return HistoryGroups(page, groups, total, total_jobs), _members(fits, [row.key for row in rows], opened)


def _members(fits: ColumnElement[bool], keys: list[str], opened: Collection[str]) -> Subquery:
    """Ids and keys of the newest SHOWN_WHEN_CLOSED jobs of each group, and of all (MOST_OPENED) that an opened one has."""
    key = group_key()
    position = func.row_number().over(partition_by=key, order_by=(jobs.c.created_at.desc(), jobs.c.id.desc()))
    mine = select(jobs.c.id, key.label("key"), position.label("position")).join(history, history.c.job_id == jobs.c.id)
    numbered = mine.where(fits, key.in_(keys)).subquery()
    most = case((numbered.c.key.in_(list(opened)), MOST_OPENED), else_=SHOWN_WHEN_CLOSED)
    return select(numbered.c.id, numbered.c.key, numbered.c.position).where(numbered.c.position <= most).subquery()
