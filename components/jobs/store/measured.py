"""What tasks at real services took, from the records of jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from sqlalchemy import select

from components.jobs.job import JobState
from components.jobs.store.executor import Transactions
from components.jobs.store.schema import jobs

MEASURED_JOBS = 5_000


@dataclass(frozen=True)
class Measured:
    """Run times of a model at the real service.

    ``runs`` is how many tasks were done, ``p50`` and ``p95`` their seconds from request to kept picture,
    ``failed`` the share of ended tasks that failed.
    """

    runs: int
    p50: float | None
    p95: float | None
    failed: float


async def measure_models(transactions: Transactions, model_id: Callable[[str], str]) -> dict[str, Measured]:
    """Run times by model of the last MEASURED_JOBS ended jobs at real services; ``model_id`` resolves former ids.

    Raises DatabaseUnavailable.
    """
    seconds = (jobs.c.finished_at - jobs.c.sent_at).label("seconds")
    ended = jobs.c.state.in_((JobState.DONE, JobState.FAILED)) & jobs.c.task_id.is_not(None)
    wanted = (
        select(jobs.c.model, jobs.c.state, seconds)
        .where(ended, jobs.c.payer != "sandbox", jobs.c.finished_at.is_not(None))
        .order_by(jobs.c.finished_at.desc())
        .limit(MEASURED_JOBS)
    )
    rows = await transactions.read(lambda connection: list(connection.execute(wanted)))
    by_model: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_model[model_id(row.model)].append(row)
    return {model: _measure(seen) for model, seen in by_model.items()}


def _measure(rows: list[Any]) -> Measured:
    times = [row.seconds for row in rows if row.state == JobState.DONE]
    failed = sum(row.state == JobState.FAILED for row in rows) / len(rows)
    if len(times) < 2:
        only = times[0] if times else None
        return Measured(len(times), only, only, failed)
    twentieths = quantiles(times, n=20, method="inclusive")
    return Measured(len(times), twentieths[9], twentieths[18], failed)
