"""The cells of an evaluation: which ones to send next, which ones to send again, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, func, or_, select, update
from sqlalchemy import cast as sql_cast

from components.errors import CapReached, KeyRefused, Moderated, NotSent, OutOfCredits, RateLimited
from components.evaluation.evaluation import CellState, Evaluation, EvaluationState, Progress
from components.evaluation.matrix import first_unpaid
from components.evaluation.voting.ballots import NOT_VOTES
from components.jobs.job import ACTIVE, WAITING, Job, JobState
from components.jobs.store.executor import Transactions
from components.jobs.store.schema import ballots, evaluation_cells, evaluations, history, job_pictures, jobs
from components.jobs.store.spend import used_credits

cells = evaluation_cells.c
# Codes of problems that every later job would meet too: they pause the evaluation.
PAUSING = (OutOfCredits.code, KeyRefused.code, CapReached.code)
UNSENT = (*PAUSING, RateLimited.code, NotSent.code)  # these too mean that the service created nothing
BY_STATE = {
    **dict.fromkeys(ACTIVE, CellState.ACTIVE),
    **dict.fromkeys(WAITING, CellState.UNDECIDED),
    JobState.DONE: CellState.DONE,
    JobState.UNCERTAIN: CellState.UNDECIDED,
    JobState.ABANDONED: CellState.UNDECIDED,
    JobState.STOPPED: CellState.STOPPED,
}


class Pending(NamedTuple):
    """A cell that is to be sent as the job ``job_id``."""

    position: int
    model: str
    body: Mapping[str, Any]
    job_id: str


@dataclass(frozen=True)
class Result:
    """What results need of a cell. ``picture`` is the name of the first picture; ``checks`` is None until it is checked."""

    position: int
    state: CellState
    job_id: str
    model: str
    credits: float
    refused: str = ""
    notes: tuple[str, ...] = ()
    spent: float = 0.0
    seconds: float | None = None
    picture: str = ""
    checks: Mapping[str, Any] | None = None


class CellStore:
    """Cells of all evaluations. Every method raises DatabaseUnavailable when the database does not answer."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def progress(self, evaluation_id: str, now: float) -> Progress | None:
        """How far an evaluation is, without what is still to come; None if there is none."""
        return await self._transactions.read(lambda connection: _progress(connection, evaluation_id, now))

    async def results(self, evaluation_id: str, positions: Iterable[int] | None = None) -> list[Result]:
        """The cells at these positions, or all of them, in order."""
        wanted = cells.evaluation_id == evaluation_id
        if positions is not None:
            wanted &= cells.position.in_(list(positions))
        return await self._transactions.read(lambda connection: _results(connection, wanted))

    async def unchecked(self, evaluation_id: str, limit: int) -> list[Result]:
        """Cells with a picture that was not checked yet."""
        wanted = and_(
            cells.evaluation_id == evaluation_id, sql_cast(cells.checks, Text) == "null", jobs.c.state == JobState.DONE
        )
        return await self._transactions.read(lambda connection: _results(connection, wanted, limit))

    async def save_checks(self, evaluation_id: str, position: int, checks: Mapping[str, Any]) -> None:
        """Record what the checks of a cell have shown."""
        changed = update(evaluation_cells).where(cells.evaluation_id == evaluation_id, cells.position == position)
        await self._transactions.write(lambda connection: connection.execute(changed.values(checks=dict(checks))))

    async def finish(self, evaluation_id: str) -> EvaluationState | None:
        """End an evaluation that has nothing left to send or to wait for; returns its new state, None if it goes on."""
        return await self._transactions.write(lambda connection: _finish(connection, evaluation_id))


def job_id_of(key: str, attempt: int) -> str:
    """The job id of a cell's attempt, counted from 0: deterministic, so that an attempt that is sent twice is one job, and
    unguessable, because the key is derived from the evaluation's id."""
    return f"{key[:48]}-{attempt}"


def take_pending(
    connection: Connection, evaluation_id: str, slots: Callable[[str], int], to_job: Callable[[Pending], Job | str]
) -> list[Job]:
    """Take the next jobs, at most ``slots`` of each model, and mark their cells as submitted.

    ``to_job`` returns the job of a cell, or why it cannot be sent. Called by ``JobService.submit_all``.
    """
    running = select(evaluations.c.paid_until).where(
        evaluations.c.id == evaluation_id, evaluations.c.state == EvaluationState.RUNNING
    )
    until = connection.scalar(running.with_for_update(read=True))
    if until is None:
        return []
    left = _pending(evaluation_id) & (cells.position < until)
    new = []
    for model in list(connection.scalars(select(cells.model).where(left).distinct())):
        wanted = select(cells.position, cells.model, cells.body, cells.job_id).where(left, cells.model == model)
        wanted = wanted.order_by(cells.position).limit(max(0, slots(model))).with_for_update(skip_locked=True)
        for row in list(connection.execute(wanted)):
            job = to_job(Pending(*row))
            mine = and_(cells.evaluation_id == evaluation_id, cells.position == row.position)
            values = {"refused": job} if isinstance(job, str) else {"submitted": True}
            connection.execute(update(evaluation_cells).where(mine).values(**values))
            new += [] if isinstance(job, str) else [job]
    return new


def retry_cells(connection: Connection, evaluation: Evaluation, *, failed: bool) -> int:
    """Give cells whose job was never sent another attempt, with ``failed`` also those that failed. Returns how many.

    What moderation has refused would be refused again, and what was accepted and then stopped may still arrive.
    """
    again = _unsent() if not failed else or_(_unsent(), and_(_failed(), _problem_code() != Moderated.code))
    wanted = select(cells.position, cells.key, cells.attempt).join(jobs, jobs.c.id == cells.job_id)
    rows = list(connection.execute(wanted.where(cells.evaluation_id == evaluation.id, again, cells.refused == "")))
    for row in rows:
        mine = and_(cells.evaluation_id == evaluation.id, cells.position == row.position)
        attempt = row.attempt + 1
        values = {"attempt": attempt, "job_id": job_id_of(row.key, attempt), "submitted": False}
        connection.execute(update(evaluation_cells).where(mine).values(**values))
    return len(rows)


def first_unpaid_position(connection: Connection, evaluation: Evaluation, budget: float) -> int:
    """The position of the first cell still to be sent that a budget does not pay for; it starts a row."""
    queued = select(func.coalesce(func.sum(jobs.c.credits), 0.0)).where(
        jobs.c.evaluation_id == evaluation.id, jobs.c.state == JobState.QUEUED
    )
    left = budget - used_credits(connection, evaluation.id) - float(connection.execute(queued).scalar_one())
    wanted = select(cells.position, cells.credits).where(_pending(evaluation.id)).order_by(cells.position)
    pending = (tuple(row) for row in connection.execute(wanted))
    return first_unpaid(pending, len(evaluation.columns), evaluation.size, left)


def _pending(evaluation_id: str) -> ColumnElement[bool]:
    return and_(cells.evaluation_id == evaluation_id, ~cells.submitted, cells.refused == "")


def _problem_code() -> ColumnElement[Any]:
    return sql_cast(jobs.c.problem["code"].as_string(), Text)


def _failed() -> ColumnElement[bool]:
    return jobs.c.state == JobState.FAILED


def _unsent() -> ColumnElement[bool]:
    """Jobs that were never sent, or refused for a reason other than their request: the key, credits, the rate."""
    stopped = and_(jobs.c.state == JobState.STOPPED, jobs.c.task_id.is_(None))
    return or_(stopped, and_(_failed(), or_(jobs.c.sent_at.is_(None), _problem_code().in_(UNSENT))))


def _finish(connection: Connection, evaluation_id: str) -> EvaluationState | None:
    table = evaluations.c
    row = connection.execute(
        select(table.state, table.paid_until, table.budget).where(table.id == evaluation_id).with_for_update()
    ).one_or_none()
    if row is None or row.state != EvaluationState.RUNNING:
        return None
    pending = connection.scalars(select(cells.position).where(_pending(evaluation_id))).all()
    going = ACTIVE | {JobState.NEEDS_KEY}
    active = select(func.count()).select_from(jobs).where(jobs.c.evaluation_id == evaluation_id, jobs.c.state.in_(going))
    if any(position < row.paid_until for position in pending) or connection.execute(active).scalar_one():
        return None
    state, note = EvaluationState.DONE, ""
    if pending:
        state = EvaluationState.PAUSED
        note = f"The budget of {row.budget:g} credits does not pay for the next prompt on all models. Raise it to go on."
    connection.execute(update(evaluations).where(table.id == evaluation_id).values(state=state, note=note))
    return state


def _progress(connection: Connection, evaluation_id: str, now: float) -> Progress | None:
    table = evaluations.c
    row = connection.execute(
        select(table.state, table.note, table.budget, table.created_at).where(table.id == evaluation_id)
    ).one_or_none()
    if row is None:
        return None
    states, retry, resume = [], [], []  # retry and resume: the credits of each cell
    ended_lately = 0
    wanted = select(
        cells.refused, cells.submitted, cells.credits, jobs.c.state, jobs.c.problem, jobs.c.sent_at, jobs.c.task_id,
        jobs.c.finished_at, history.c.removed,
    )  # fmt: skip
    for cell in connection.execute(_joined(wanted).where(cells.evaluation_id == evaluation_id).order_by(cells.position)):
        state = cell_state(cell)
        states.append(state)
        if state is CellState.WAITING:
            resume.append(cell.credits)
        if state is CellState.FAILED:
            retry.append(cell.credits)
        ended_lately += bool(cell.finished_at and cell.finished_at > now - 60)
    minutes = min(60.0, max(1.0, now - row.created_at)) / 60  # how much of the last minute the evaluation has existed
    counted = and_(ballots.c.evaluation_id == evaluation_id, ballots.c.verdict.not_in(["", *NOT_VOTES]))
    votes = select(func.count()).select_from(ballots).where(counted)
    return Progress(
        EvaluationState(row.state),
        row.note,
        "".join(states),
        row.budget,
        used_credits(connection, evaluation_id),
        ended_lately / minutes,
        ballots=connection.execute(votes).scalar_one(),
        retry_jobs=len(retry),
        retry_credits=sum(retry),
        resume_jobs=len(resume),
        resume_credits=sum(resume),
    )


def cell_state(row: Row[Any]) -> CellState:
    """The state of a cell by its row, which is joined with its job and that one's history."""
    if row.removed:
        return CellState.DELETED
    if row.refused:
        return CellState.SKIPPED
    if not row.submitted or row.state is None:
        return CellState.WAITING
    code = (row.problem or {}).get("code", "")
    if row.state == JobState.FAILED:
        if row.sent_at is None or code in UNSENT:
            return CellState.WAITING
        return CellState.MODERATED if code == Moderated.code else CellState.FAILED
    if row.state == JobState.STOPPED and row.task_id is None:
        return CellState.WAITING
    return BY_STATE[JobState(row.state)]


def _joined(wanted: Any) -> Any:
    joined = wanted.select_from(evaluation_cells).outerjoin(jobs, jobs.c.id == cells.job_id)
    return joined.outerjoin(history, history.c.job_id == jobs.c.id)


def _results(connection: Connection, wanted: ColumnElement[bool], limit: int | None = None) -> list[Result]:
    first = and_(job_pictures.c.job_id == jobs.c.id, job_pictures.c.position == 0)
    columns = select(
        evaluation_cells, jobs.c.state, jobs.c.problem, jobs.c.sent_at, jobs.c.task_id, jobs.c.finished_at, jobs.c.spent,
        jobs.c.reserved, history.c.removed, job_pictures.c.name.label("picture"),
    )  # fmt: skip
    rows = _joined(columns).outerjoin(job_pictures, first).where(wanted).order_by(cells.position).limit(limit)
    return [_to_result(row) for row in connection.execute(rows)]


def _to_result(row: Row[Any]) -> Result:
    state = cell_state(row)
    timed = state is CellState.DONE and row.finished_at and row.sent_at
    return Result(
        row.position,
        state,
        row.job_id,
        row.model,
        row.credits if isfinite(row.credits) else inf,
        row.refused,
        tuple(row.notes),
        (row.spent or 0.0) + (row.reserved or 0.0),
        row.finished_at - row.sent_at if timed else None,
        row.picture or "" if state is CellState.DONE else "",
        row.checks,
    )
