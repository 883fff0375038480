"""The tables, and how a job becomes a row and a row a job. The migrations build them; a test compares the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from math import inf, isnan
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, MetaData, Row, String, Table, Text

from components.errors import Problem
from components.jobs.job import Job, JobState
from components.pictures.kept import KeptPicture

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
    Column("typical", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("task_id", Text),
    Column("sent_at", Float(53)),
    Column("finished_at", Float(53)),
    Column("polls", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("saving", Boolean, nullable=False),
    Column("overdue", Boolean, nullable=False),
    Column("waiting", JSON, nullable=False),
    Column("pictures", JSON, nullable=False),
    Column("charged", Float(53)),
    Column("problem", JSON, nullable=False),
    Column("once", String(64), unique=True),
    Column("stopping", Boolean, nullable=False),
    Column("keyless", Boolean, nullable=False),
    Column("dropped", Boolean, nullable=False),
    Column("starred", Boolean, nullable=False),
    Column("token", String(64), nullable=False),
    Column("heard", Text, nullable=False),
    Column("batch", String(64), nullable=False),
    Column("prompt", Text, nullable=False),
    Column("remark", Text, nullable=False),
    Column("removed", Boolean, nullable=False),
    # What a query adds up or looks through; the same as the job's own properties.
    Column("reserved", Float(53), nullable=False),
    Column("spent", Float(53), nullable=False),
    Column("words", Text, nullable=False),
    # The process that works on the job, and until when it is taken to be alive (seconds since 1970).
    Column("owner", String(64)),
    Column("lease", Float(53)),
)
Index("jobs_of_visitor", jobs.c.visitor, jobs.c.created_at)
Index("jobs_paid", jobs.c.payer, jobs.c.sent_at)
Index("jobs_by_state", jobs.c.state, jobs.c.finished_at)
Index("jobs_of_batch", jobs.c.batch)

# Jobs that were created together. ``cards`` is a list of ``jobs.batches.Card`` as objects.
batches = Table(
    "batches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("visitor", String(200), nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("shared", JSON, nullable=False),
    Column("cards", JSON, nullable=False),
    Column("token", String(64), unique=True),
)
Index("batches_of_visitor", batches.c.visitor, batches.c.created_at)

# Run times of each model at each upstream: the three numbers of ``api.polling.Learned``.
timings = Table(
    "timings",
    metadata,
    Column("place", Text, primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("weight", Float(53), nullable=False),
    Column("mean", Float(53), nullable=False),
    Column("variance", Float(53), nullable=False),
)

# One row, locked by whoever checks the caps: two claims at once would each see the money that is still there.
budget = Table("budget", metadata, Column("name", String(16), primary_key=True))

AMOUNTS = ("credits", "usd", "reserved", "spent")
TEXTS = frozenset(column.name for column in jobs.c if isinstance(column.type, String | Text))


def to_row(job: Job) -> dict[str, Any]:
    """The columns of a job, less owner and lease."""
    values = {item.name: getattr(job, item.name) for item in fields(Job)}
    values |= {
        "body": dict(job.body),
        "typical": job.typical,
        "state": str(job.state),
        "waiting": list(job.waiting),
        "pictures": [asdict(picture) for picture in job.pictures],
        "problem": asdict(job.problem) if job.problem else None,
        "reserved": job.reserved,
        "spent": job.spent,
        "words": searchable("\n".join((job.prompt, job.remark, job.model, job.task_id or ""))),
    }
    # SQLite has no NaN; a number that is none is one that nobody knows.
    values |= {name: inf for name in AMOUNTS if isinstance(values[name], float) and isnan(values[name])}
    return {name: storable(value) if name in TEXTS else value for name, value in values.items()}


def to_job(row: Row[Any] | Mapping[str, Any]) -> Job:
    """The job of a row."""
    values = dict(row._mapping) if isinstance(row, Row) else dict(row)
    for name in ("reserved", "spent", "words", "owner", "lease"):
        values.pop(name)
    return Job(
        **values
        | {
            "state": JobState(values["state"]),
            "typical": tuple(values["typical"]) if values["typical"] else None,
            "waiting": tuple(values["waiting"]),
            "pictures": tuple(KeptPicture(**picture) for picture in values["pictures"]),
            "problem": _to_problem(values["problem"]),
        }
    )


def _to_problem(stored: Mapping[str, str] | None) -> Problem | None:
    """The problem of a row; until 0.1.0 its code was stored as ``kind``."""
    if not stored:
        return None
    values = dict(stored)
    return Problem(**{"code": values.pop("kind", ""), **values})


def searchable(text: str) -> str:
    """A text as it is looked for: SQLite itself folds the case of English letters only."""
    return text.casefold()


def storable(value: Any) -> Any:
    """A text that both databases hold: PostgreSQL knows no NUL, and neither half a surrogate pair."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode() if isinstance(value, str) else value
