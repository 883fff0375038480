"""The budget of an evaluation, checked in the transaction that claims one of its jobs."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from components.jobs.budgets import check_budget
from components.jobs.job import Job
from components.jobs.store.schema import evaluations, jobs

RUNNING = "running"


def used_credits(connection: Connection, evaluation_id: str) -> float:
    """Credits that are reserved or spent by all jobs of an evaluation, earlier attempts too."""
    amount = func.coalesce(func.sum(jobs.c.reserved + jobs.c.spent), 0.0)
    return float(connection.execute(select(amount).where(jobs.c.evaluation_id == evaluation_id)).scalar_one())


def check_evaluation(connection: Connection, job: Job) -> None:
    """Lock the evaluation of a job that is about to be sent. Raises CapReached if it does not run, or its budget is used."""
    wanted = select(evaluations.c.state, evaluations.c.budget).where(evaluations.c.id == job.evaluation_id)
    row = connection.execute(wanted.with_for_update()).one_or_none()
    running = row is not None and row.state == RUNNING
    check_budget(job.credits, row.budget if row else 0.0, used_credits(connection, job.evaluation_id), running=running)
