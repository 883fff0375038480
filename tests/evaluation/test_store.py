"""The store of evaluations, on both databases."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Connection

from components.catalog.prices import Cost
from components.evaluation.evaluation import Evaluation, EvaluationState
from components.evaluation.matrix import Cell
from components.evaluation.prompts import Prompt
from components.evaluation.store import evaluations as module
from components.evaluation.store.evaluations import EvaluationStore
from components.jobs.job import ACTIVE, JobState
from components.jobs.store.history import JobFilter
from components.jobs.store.jobs import Store
from tests.jobs.conftest import NOON, add_jobs, make_job, open_stores


def an_evaluation(**changes: object) -> Evaluation:
    return Evaluation(
        id="e1", visitor="ann", created_at=NOON, name="Kites", prompts=(Prompt("A kite"),), columns=(), shared={}, repeats=1,
        questions=(), per_model=1, budget=100.0, payer="sandbox", base_url="", token="t" * 32,
        **{"state": EvaluationState.STOPPED, **changes},
    )  # fmt: skip


def cell(number: int) -> Cell:
    return Cell(f"key-{number}", "1", "cogview-4", 1, None, Cost(1.0, 0.01), refused="It was not sent.")


async def stored(store: Store, *states: JobState, **changes: object) -> EvaluationStore:
    """The store of evaluations, with one that has a job in each of these states."""
    evaluations = EvaluationStore(store.transactions)
    await evaluations.add(an_evaluation(**changes), [cell(number) for number in range(len(states))])
    await add_jobs(store, *(make_job(id=f"{state}-job", state=state, evaluation_id="e1") for state in states))
    return evaluations


async def left(store: Store) -> int:
    """How many jobs the history shows."""
    return (await store.history.search("ann", JobFilter(), 50)).total


async def test_an_evaluation_is_deleted_with_all_its_jobs_also_those_that_wait(database_url: str) -> None:
    """Overdue ones, and those without their key, too: each holds its prompt."""
    async with open_stores(database_url) as (store,):
        settled = [state for state in JobState if state not in ACTIVE]
        evaluations = await stored(store, *settled)
        await add_jobs(store, other := make_job(state=JobState.DONE))
        deleted = await evaluations.delete("e1", time.time() - 1)
        entries = (await store.history.search("ann", JobFilter(), 50)).jobs
        due = await store.history.to_delete(time.time())
        gone = await evaluations.get("e1")

    assert (deleted, gone, [job.id for job in entries]) == (True, None, [other.id])
    assert sorted(due) == sorted(f"{state}-job" for state in settled)


@pytest.mark.parametrize("state", sorted(ACTIVE))
async def test_an_evaluation_with_an_active_job_is_not_deleted(database_url: str, state: JobState) -> None:
    async with open_stores(database_url) as (store,):
        evaluations = await stored(store, JobState.DONE, state)
        deleted = await evaluations.delete("e1", time.time())

        assert (deleted, await left(store)) == (False, 2)
        assert await evaluations.get("e1")


async def test_an_evaluation_that_runs_is_not_deleted(database_url: str) -> None:
    async with open_stores(database_url) as (store,):
        evaluations = await stored(store, JobState.DONE, state=EvaluationState.RUNNING)
        deleted = await evaluations.delete("e1", time.time())

        assert (deleted, await left(store)) == (False, 1)


async def test_an_evaluation_is_deleted_with_its_jobs_or_not_at_all(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends the transaction."""

    def broken(connection: Connection, evaluation_id: str) -> None:
        raise RuntimeError("the process is killed")

    async with open_stores(database_url) as (store,):
        evaluations = await stored(store, JobState.DONE, JobState.OVERDUE)
        monkeypatch.setattr(module, "delete_evaluation", broken)
        with pytest.raises(RuntimeError, match="killed"):
            await evaluations.delete("e1", time.time())

        assert await left(store) == 2
        assert await evaluations.get("e1")
