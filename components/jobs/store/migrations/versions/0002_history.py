"""What a history needs: the prompt and a remark to look for, batches, and jobs of which only the cost is left."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AT_ONCE = 500


def upgrade() -> None:
    """What the history searches and shows, filled in for the jobs that are there."""
    empty = sa.text("''")
    for name, kind in (("batch", sa.String(64)), ("prompt", sa.Text), ("remark", sa.Text), ("words", sa.Text)):
        op.add_column("jobs", sa.Column(name, kind, nullable=False, server_default=empty))
    op.add_column("jobs", sa.Column("removed", sa.Boolean, nullable=False, server_default=sa.false()))
    _fill()
    with op.batch_alter_table("jobs") as table:
        for name in ("batch", "prompt", "remark", "words", "removed"):
            table.alter_column(name, server_default=None)
    op.create_index("jobs_of_batch", "jobs", ["batch"])
    op.create_table(
        "batches",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("visitor", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("shared", sa.JSON, nullable=False),
        sa.Column("cards", sa.JSON, nullable=False),
        sa.Column("token", sa.String(64), unique=True),
    )
    op.create_index("batches_of_visitor", "batches", ["visitor", "created_at"])


def _fill() -> None:
    """Prompts of jobs that are there already: every model of the catalog then called its prompt ``prompt``."""
    jobs = sa.table("jobs", *(sa.column(name) for name in ("id", "body", "model", "task_id", "prompt", "words")))
    connection, last = op.get_bind(), ""
    wanted = sa.select(jobs.c.id, jobs.c.body, jobs.c.model, jobs.c.task_id).order_by(jobs.c.id).limit(AT_ONCE)
    while rows := list(connection.execute(wanted.where(jobs.c.id > last))):
        for row in rows:
            body = json.loads(row.body) if isinstance(row.body, str) else row.body
            prompt = str(body.get("prompt") or "").replace("\0", "\ufffd").encode("utf-8", "replace").decode()
            words = "\n".join((prompt, "", row.model, row.task_id or "")).casefold()
            connection.execute(sa.update(jobs).where(jobs.c.id == row.id).values(prompt=prompt, words=words))
        last = rows[-1].id
