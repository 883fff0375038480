"""The records of evaluations in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, insert, select, update

from components.api.client import Payer
from components.comparisons.store import json_value
from components.evaluation.evaluation import Evaluation, EvaluationState
from components.evaluation.matrix import Cell, Column
from components.evaluation.prompts import Prompt
from components.evaluation.store.cells import job_id_of
from components.evaluation.voting.ballots import Question
from components.jobs.job import ACTIVE
from components.jobs.store.executor import DuplicateKey, Transactions
from components.jobs.store.removal import delete_evaluation
from components.jobs.store.schema import evaluation_cells, evaluations, history, jobs, storable

NEWEST = 50
DEFINITION = ("prompts", "columns", "shared", "repeats", "questions")  # as one JSON value


class Running(NamedTuple):
    """What is needed of a running evaluation to send its next jobs."""

    id: str
    visitor: str
    payer: Payer
    base_url: str
    per_model: int


class EvaluationStore:
    """Evaluations of all visitors. Every method raises DatabaseUnavailable when the database does not answer."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions

    async def add(self, evaluation: Evaluation, cells: Sequence[Cell]) -> Evaluation:
        """Store a new evaluation with its cells. If there is one with this id already, that one is returned unchanged."""

        rows = [_to_cell_row(evaluation.id, at, cell) for at, cell in enumerate(cells)]

        def adding(connection: Connection) -> None:
            insert_evaluation(connection, evaluation, rows)

        try:
            await self.transactions.write(adding)
        except DuplicateKey:
            if existing := await self.get(evaluation.id):
                return existing
            raise
        return evaluation

    async def get(self, evaluation_id: str) -> Evaluation | None:
        """The evaluation, or None."""
        return await self._one(select(evaluations).where(evaluations.c.id == storable(evaluation_id)))

    async def by_token(self, token: str) -> Evaluation | None:
        """The evaluation that this token allows to vote on, or None."""
        return await self._one(select(evaluations).where(evaluations.c.token == storable(token))) if token else None

    async def of_visitor(self, visitor: str) -> list[Evaluation]:
        """A visitor's NEWEST evaluations, newest first."""
        theirs = select(evaluations).where(evaluations.c.visitor == storable(visitor))
        newest = theirs.order_by(evaluations.c.created_at.desc()).limit(NEWEST)
        return await self.transactions.read(lambda connection: [_from_row(row) for row in connection.execute(newest)])

    async def running(self) -> list[Running]:
        """All evaluations that run, the oldest first."""
        table = evaluations.c
        wanted = select(table.id, table.visitor, table.payer, table.base_url, table.per_model)
        wanted = wanted.where(table.state == EvaluationState.RUNNING).order_by(table.created_at)
        return await self.transactions.read(lambda connection: [Running(*row) for row in connection.execute(wanted)])

    async def edit(
        self, evaluation_id: str, change: Callable[[Connection, Evaluation], Mapping[str, Any]]
    ) -> Evaluation | None:
        """Set the columns that ``change`` returns, while nobody else can alter the evaluation; None if there is none."""
        mine = evaluations.c.id == storable(evaluation_id)

        def editing(connection: Connection) -> Evaluation | None:
            row = connection.execute(select(evaluations).where(mine).with_for_update()).one_or_none()
            if row is None:
                return None
            values = change(connection, _from_row(row))
            if values:
                connection.execute(update(evaluations).where(mine).values(**values))
            return _from_row(connection.execute(select(evaluations).where(mine)).one())

        return await self.transactions.write(editing)

    async def pause(self, evaluation_id: str, note: str) -> None:
        """Pause an evaluation that runs."""
        running = (evaluations.c.id == evaluation_id) & (evaluations.c.state == EvaluationState.RUNNING)
        paused = update(evaluations).where(running).values(state=EvaluationState.PAUSED, note=storable(note))
        await self.transactions.write(lambda connection: connection.execute(paused))

    async def delete(self, evaluation_id: str, delete_at: float) -> bool:
        """Delete an evaluation with its cells and ballots, and hide all its jobs until they are deleted at ``delete_at``.

        False, and nothing is changed, if it runs or one of its jobs is active.
        """
        mine = select(jobs.c.id, jobs.c.state).join(history, history.c.job_id == jobs.c.id)
        mine = mine.where(jobs.c.evaluation_id == evaluation_id).with_for_update()
        state = select(evaluations.c.state).where(evaluations.c.id == evaluation_id).with_for_update()

        def deleting(connection: Connection) -> bool:
            found = connection.execute(mine).all()  # locked before the evaluation, as where a job is claimed or removed
            if connection.scalar(state) == EvaluationState.RUNNING or any(job.state in ACTIVE for job in found):
                return False
            kept = history.c.job_id.in_([job.id for job in found]) & ~history.c.removed
            connection.execute(update(history).where(kept).values(delete_at=delete_at))
            delete_evaluation(connection, evaluation_id)
            return True

        return await self.transactions.write(deleting)

    async def _one(self, wanted: Select[Any]) -> Evaluation | None:
        def reading(connection: Connection) -> Evaluation | None:
            row = connection.execute(wanted).one_or_none()
            return _from_row(row) if row else None

        return await self.transactions.read(reading)


def insert_evaluation(connection: Connection, evaluation: Evaluation, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record an evaluation with the rows of its cells, see :func:`cell_row`."""
    connection.execute(insert(evaluations).values(**_to_row(evaluation)))
    connection.execute(insert(evaluation_cells), list(rows))


def cell_row(evaluation_id: str, position: int, key: str, model: str, credits: float) -> dict[str, Any]:
    """The row of a cell that is not sent yet."""
    return {
        "evaluation_id": evaluation_id,
        "position": position,
        "key": key,
        "model": model,
        "body": {},
        "credits": credits,
        "refused": "",
        "notes": [],
        "submitted": False,
        "attempt": 0,
        "job_id": job_id_of(key, 0),
        "checks": None,
    }


def _to_row(evaluation: Evaluation) -> dict[str, Any]:
    values = {name: storable(value) for name, value in asdict(evaluation).items()}
    definition = json_value({name: values.pop(name) for name in DEFINITION})
    return {**values, "definition": definition}


def _to_cell_row(evaluation_id: str, position: int, cell: Cell) -> dict[str, Any]:
    model, body = (cell.request.model.id, cell.request.body) if cell.request else ("", {})
    row = cell_row(evaluation_id, position, cell.key, model, cell.cost.credits)
    return {**row, "body": body, "refused": storable(cell.refused), "notes": list(cell.notes)}


def _from_row(row: Row[Any]) -> Evaluation:
    values = {**row._mapping, **row.definition}
    del values["definition"]
    values |= {
        "prompts": tuple(Prompt(**{**prompt, "images": tuple(prompt["images"])}) for prompt in values["prompts"]),
        "columns": tuple(Column(**column) for column in values["columns"]),
        "questions": tuple(Question(question) for question in values["questions"]),
        "state": EvaluationState(row.state),
        "baseline": row.baseline or {},
    }
    return Evaluation(**values)
