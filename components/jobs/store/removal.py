"""What goes with a removed job, in the same transaction: whatever else holds what it asked for."""

from __future__ import annotations

import time

from sqlalchemy import Connection, Delete, delete, exists, or_, select, update

from components.jobs.job import Job
from components.jobs.store.schema import (
    EVALUATION_RUNNING,
    ballots,
    comparisons,
    evaluation_cells,
    evaluations,
    history,
    jobs,
)

SUBMITTING_S = 3_600.0  # by then a comparison has its first job, or the process that started it has died


def forget_request(connection: Connection, job: Job) -> None:
    """Remove what the job's cell asks for, and its comparison or evaluation with the last of its jobs: they hold the prompt."""
    connection.execute(_delete_comparisons_without_jobs(job))
    if not job.evaluation_id:
        return
    cell = evaluation_cells.c.job_id == job.id
    connection.execute(update(evaluation_cells).where(cell).values(body={}, refused="Deleted.", checks=None))
    left = exists().where(jobs.c.evaluation_id == job.evaluation_id, history.c.job_id == jobs.c.id, ~history.c.removed)
    running = exists().where(evaluations.c.id == job.evaluation_id, evaluations.c.state == EVALUATION_RUNNING)
    if not connection.scalar(select(or_(left, running))):
        delete_evaluation(connection, job.evaluation_id)


def delete_evaluation(connection: Connection, evaluation_id: str) -> None:
    """Delete an evaluation with its cells and ballots; its jobs stay."""
    connection.execute(delete(evaluations).where(evaluations.c.id == evaluation_id))
    for table in (evaluation_cells, ballots):
        connection.execute(delete(table).where(table.c.evaluation_id == evaluation_id))


def _delete_comparisons_without_jobs(job: Job) -> Delete:
    """This job's comparison if no job of it is left, and older ones of the visitor that never got a job."""
    left = exists().where(jobs.c.comparison_id == comparisons.c.id, history.c.job_id == jobs.c.id, ~history.c.removed)
    considered = or_(comparisons.c.id == job.comparison_id, comparisons.c.created_at < time.time() - SUBMITTING_S)
    return delete(comparisons).where(comparisons.c.visitor == job.visitor, considered, ~left)
