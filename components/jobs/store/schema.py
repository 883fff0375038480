"""The tables, and how a job becomes a row and a row a job. The migrations build them; a test compares the two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from math import inf, isnan
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
    false,
    select,
)

from components.errors import Problem
from components.jobs.job import Job, JobState
from components.pictures.stored import StoredPicture

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("visitor", String(200), nullable=False),
    Column("model", String(200), nullable=False),
    Column("body", JSON, nullable=False),
    Column("shape", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("payer", String(16), nullable=False),
    Column("base_url", Text, nullable=False),
    Column("credits", Float(53), nullable=False),
    Column("usd", Float(53), nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("typical_seconds", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("task_id", Text),
    Column("sent_at", Float(53)),
    Column("finished_at", Float(53)),
    Column("polls", Integer, nullable=False),
    Column("status_note", Text, nullable=False),
    Column("pending_urls", JSON, nullable=False),
    Column("charged", Float(53)),
    Column("problem", JSON, nullable=False),
    Column("idempotency_key", String(64), unique=True),
    Column("stop_requested", Boolean, nullable=False),
    Column("callback_hash", String(64), nullable=False),
    Column("callback_task_id", Text, nullable=False),
    Column("comparison_id", String(64), nullable=False),
    Column("evaluation_id", String(64), nullable=False, server_default=""),
    Column("replaces", String(64), nullable=False, server_default=""),
    Column("prompt", Text, nullable=False),
    # For queries that add up or search; equal to the job's own properties.
    Column("reserved", Float(53), nullable=False),
    Column("spent", Float(53), nullable=False),
    Column("search_text", Text, nullable=False),
    # The process that works on the job, and until when it is taken to be alive (seconds since 1970).
    Column("owner", String(64)),
    Column("lease", Float(53)),
)
Index("jobs_of_visitor", jobs.c.visitor, jobs.c.created_at)
Index("jobs_paid", jobs.c.payer, jobs.c.sent_at)
Index("jobs_by_state", jobs.c.state, jobs.c.finished_at)
Index("jobs_of_comparison", jobs.c.comparison_id)
# Holds what a budget is checked against: each claim adds it up.
Index("jobs_of_evaluation", jobs.c.evaluation_id, jobs.c.reserved, jobs.c.spent)
Index("jobs_of_task", jobs.c.task_id)

job_pictures = Table(
    "job_pictures",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("format", String(16), nullable=False),
    Column("size", Integer, nullable=False),
    Column("source", Text, nullable=False),
)
Index("jobs_of_picture", job_pictures.c.name)

# What a visitor adds to a job; one row for each. Of a removed job nothing is left but what it cost. One with
# ``delete_at`` (seconds since 1970) is hidden; it can be restored until then, and is removed afterwards.
history = Table(
    "history",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("starred", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("search_text", Text, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("delete_at", Float(53)),
)
Index("history_to_delete", history.c.delete_at)
VISIBLE = ~history.c.removed & history.c.delete_at.is_(None)

# ``cards`` is a list of ``comparisons.comparison.Card`` as objects.
comparisons = Table(
    "comparisons",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("visitor", String(200), nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("shared", JSON, nullable=False),
    Column("cards", JSON, nullable=False),
    Column("token", String(64), unique=True),
    Column("seed_drawn", Boolean, nullable=False, server_default=false()),
)
Index("comparisons_of_visitor", comparisons.c.visitor, comparisons.c.created_at)

# ``definition`` holds the prompts, columns and settings of an ``evaluation.evaluation.Evaluation``. Its row is locked by
# whoever claims one of its jobs, so that no two claims see the same credits left.
evaluations = Table(
    "evaluations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("visitor", String(200), nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("name", Text, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("payer", String(16), nullable=False),
    Column("base_url", Text, nullable=False),
    Column("per_model", Integer, nullable=False),
    Column("budget", Float(53), nullable=False),
    Column("paid_until", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("token", String(64), nullable=False, unique=True),
    Column("baseline", JSON, nullable=False),
)
Index("evaluations_of_visitor", evaluations.c.visitor, evaluations.c.created_at)
Index("evaluations_by_state", evaluations.c.state)
EVALUATION_RUNNING = "running"  # the state in which jobs of an evaluation are sent

# One row for each job that an evaluation wants; ``job_id`` is that of its latest attempt.
evaluation_cells = Table(
    "evaluation_cells",
    metadata,
    Column("evaluation_id", String(64), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("model", String(200), nullable=False),
    Column("body", JSON, nullable=False),
    Column("credits", Float(53), nullable=False),
    Column("refused", Text, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("submitted", Boolean, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("job_id", String(64), nullable=False),
    Column("checks", JSON, nullable=False),
)
Index(
    "cells_to_submit",
    evaluation_cells.c.evaluation_id,
    evaluation_cells.c.submitted,
    evaluation_cells.c.model,
    evaluation_cells.c.position,
)
Index("cells_of_job", evaluation_cells.c.job_id)

# One row for each screen that a voter was shown; ``verdict`` is "" until it is answered.
ballots = Table(
    "ballots",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("evaluation_id", String(64), nullable=False),
    Column("voter", String(64), nullable=False),
    Column("question", String(16), nullable=False),
    Column("prompt", String(64), nullable=False),
    Column("shown", JSON, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("best", String(64)),
    Column("worst", String(64)),
    Column("seconds", Float(53), nullable=False),
    Column("created_at", Float(53), nullable=False),
)
Index("ballots_of_evaluation", ballots.c.evaluation_id, ballots.c.question, ballots.c.created_at)

# One row for each model, with the picture itself; see ``comparisons.samples``.
samples = Table(
    "samples",
    metadata,
    Column("model", String(200), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("image", LargeBinary, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("usd", Float(53), nullable=False),
    Column("made_at", Float(53), nullable=False),
)

# Run times of each model at each upstream: the three numbers of ``api.schedule.Learned``.
run_times = Table(
    "run_times",
    metadata,
    Column("upstream", Text, primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("weight", Float(53), nullable=False),
    Column("mean", Float(53), nullable=False),
    Column("variance", Float(53), nullable=False),
)

# How far callbacks are relied on, by our address, the service and the model; see ``jobs.callbacks``.
callback_scores = Table(
    "callback_scores",
    metadata,
    Column("callback_base", Text, primary_key=True),
    Column("upstream", Text, primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("score", Integer, nullable=False),
)

# One row, locked by whoever checks the caps: two claims at once would each see the credits that are still there.
budget = Table("budget", metadata, Column("name", String(16), primary_key=True))

AMOUNTS = ("credits", "usd", "reserved", "spent")
TEXTS = frozenset(column.name for column in jobs.c if isinstance(column.type, String | Text))
NOT_IN_JOB = ("reserved", "spent", "search_text", "owner", "lease")


def to_row(job: Job) -> dict[str, Any]:
    """The columns of a job in ``jobs``, without owner and lease."""
    values = {item.name: getattr(job, item.name) for item in fields(Job) if item.name != "pictures"}
    values |= {
        "body": dict(job.body),
        "state": str(job.state),
        "pending_urls": list(job.pending_urls),
        "problem": asdict(job.problem) if job.problem else None,
        "reserved": job.reserved,
        "spent": job.spent,
        "search_text": searchable("\n".join((job.prompt, job.model, job.task_id or ""))),
    }
    # SQLite has no NaN; a price that is no number is an unknown one.
    values |= {name: inf for name in AMOUNTS if isinstance(values[name], float) and isnan(values[name])}
    return {name: storable(value) if name in TEXTS else value for name, value in values.items()}


def to_job(values: Mapping[str, Any], pictures: tuple[StoredPicture, ...] = ()) -> Job:
    """The job of a row of ``jobs``."""
    own = {name: value for name, value in values.items() if name not in NOT_IN_JOB}
    own |= {
        "state": JobState(own["state"]),
        "typical_seconds": tuple(own["typical_seconds"]) if own["typical_seconds"] else None,
        "pending_urls": tuple(own["pending_urls"]),
        "problem": Problem(**own["problem"]) if own["problem"] else None,
        "pictures": pictures,
    }
    return Job(**own)


def to_jobs(connection: Connection, rows: Iterable[Row[Any]]) -> list[Job]:
    """The jobs of rows that hold the columns of ``jobs``, with their pictures, in the same order."""
    names = [column.name for column in jobs.c]
    values = [{name: row._mapping[name] for name in names} for row in rows]
    pictures: dict[str, list[StoredPicture]] = {row["id"]: [] for row in values}
    if pictures:
        wanted = select(job_pictures).where(job_pictures.c.job_id.in_(pictures)).order_by(job_pictures.c.position)
        for row in connection.execute(wanted):
            pictures[row.job_id].append(StoredPicture(row.name, row.width, row.height, row.format, row.size, row.source))
    return [to_job(row, tuple(pictures[row["id"]])) for row in values]


def to_picture_rows(job: Job) -> list[dict[str, Any]]:
    """The rows of a job in ``job_pictures``."""
    return [
        {name: storable(value) for name, value in {"job_id": job.id, "position": at, **asdict(picture)}.items()}
        for at, picture in enumerate(job.pictures)
    ]


def searchable(text: str) -> str:
    """A text as searches compare it; SQLite's own functions fold the case of English letters only."""
    return str(storable(text)).casefold()


def storable(value: Any) -> Any:
    """A text that both databases hold: PostgreSQL accepts neither NUL nor half a surrogate pair."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode() if isinstance(value, str) else value
