"""One state in place of flags, pictures and what visitors add in tables of their own, and plainer names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AT_ONCE = 500
FLAGS = ("saving", "overdue", "keyless", "dropped")
DROPPED = (*FLAGS, "starred", "remark", "removed", "pictures")
RENAMED = {
    "typical": "typical_seconds",
    "note": "status_note",
    "waiting": "pending_urls",
    "once": "idempotency_key",
    "stopping": "stop_requested",
    "token": "callback_hash",
    "heard": "callback_task_id",
    "batch": "comparison_id",
    "words": "search_text",
}


def upgrade() -> None:
    """Move flags into the state, pictures, stars and notes into tables of their own; rename columns and tables."""
    op.create_table(
        "history",
        sa.Column("job_id", sa.String(64), primary_key=True),
        sa.Column("starred", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "job_pictures",
        sa.Column("job_id", sa.String(64), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
    )
    for rows in _jobs():
        _move(rows)
    op.create_index("jobs_of_picture", "job_pictures", ["name"])
    op.drop_index("jobs_of_batch", "jobs")
    for name in DROPPED:
        op.execute(f"ALTER TABLE jobs DROP COLUMN {name}")
    for old, new in RENAMED.items():
        op.execute(f"ALTER TABLE jobs RENAME COLUMN {old} TO {new}")
    op.add_column("jobs", sa.Column("replaces", sa.String(64), nullable=False, server_default=""))
    op.create_index("jobs_of_comparison", "jobs", ["comparison_id"])
    op.drop_index("batches_of_visitor", "batches")
    op.rename_table("batches", "comparisons")
    op.create_index("comparisons_of_visitor", "comparisons", ["visitor", "created_at"])
    op.rename_table("timings", "run_times")
    op.execute("ALTER TABLE run_times RENAME COLUMN place TO upstream")


def _jobs() -> Iterator[list[Any]]:
    """All jobs, AT_ONCE of them at a time."""
    names = ("id", "model", "task_id", "prompt", "state", "waiting", "problem", *DROPPED)
    jobs = sa.table("jobs", *(sa.column(name) for name in names))
    connection, last = op.get_bind(), ""
    while rows := list(connection.execute(sa.select(jobs).where(jobs.c.id > last).order_by(jobs.c.id).limit(AT_ONCE))):
        yield rows
        last = rows[-1].id


def _move(rows: list[Any]) -> None:
    """What these rows say in columns that go away."""
    text, number, boolean = sa.Text, sa.Integer, sa.Boolean
    columns = {"job_id": text, "starred": boolean, "note": text, "search_text": text, "removed": boolean}
    history = sa.table("history", *(sa.column(name, kind) for name, kind in columns.items()))
    columns = {"job_id": text, "position": number, "name": text, "width": number, "height": number, "format": text,
               "size": number, "source": text}  # fmt: skip
    pictures = sa.table("job_pictures", *(sa.column(name, kind) for name, kind in columns.items()))
    columns = {"id": text, "state": text, "words": text, "waiting": sa.JSON, "problem": sa.JSON}
    jobs = sa.table("jobs", *(sa.column(name, kind) for name, kind in columns.items()))
    connection = op.get_bind()
    for row in rows:
        kept, waiting, problem = _read(row.pictures), _read(row.waiting), _read(row.problem)
        if kept and waiting:  # pictures were fetched in order, up to the first that failed
            waiting = [""] * len(kept) + waiting[len(kept) :]
        if problem and "kind" in problem:
            problem["code"] = problem.pop("kind")
        words = "\n".join((row.prompt, row.model, row.task_id or "")).casefold()
        changed = sa.update(jobs).where(jobs.c.id == row.id)
        connection.execute(changed.values(state=_state(row), waiting=waiting, problem=problem, words=words))
        entry = {"starred": bool(row.starred), "note": row.remark, "removed": bool(row.removed)}
        connection.execute(sa.insert(history).values(job_id=row.id, search_text=row.remark.casefold(), **entry))
        for position, picture in enumerate(kept):
            # A JSON column held what a text column does not.
            picture["source"] = picture["source"].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
            connection.execute(sa.insert(pictures).values(job_id=row.id, position=position, **picture))


def _state(row: Any) -> str:
    """The state and the flags beside it as one state. Flags that meant nothing in a state are ignored."""
    if row.state in ("queued", "running") and row.keyless:
        return "needs_key"
    if row.state == "running":
        return "overdue" if row.overdue else "saving" if row.saving and _read(row.waiting) else "running"
    return "abandoned" if row.state == "uncertain" and row.dropped else str(row.state)


def _read(value: Any) -> Any:
    """A JSON value; SQLite returns it as text."""
    return json.loads(value) if isinstance(value, str) else value
