"""The jobs, the run times that are learned, and the row that claims lock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables of jobs, of learned run times and of the lock on the budget."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("visitor", sa.String(200), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("shape", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("payer", sa.String(16), nullable=False),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("credits", sa.Float(53), nullable=False),
        sa.Column("usd", sa.Float(53), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("typical", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("task_id", sa.Text),
        sa.Column("sent_at", sa.Float(53)),
        sa.Column("finished_at", sa.Float(53)),
        sa.Column("polls", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("saving", sa.Boolean, nullable=False),
        sa.Column("overdue", sa.Boolean, nullable=False),
        sa.Column("waiting", sa.JSON, nullable=False),
        sa.Column("pictures", sa.JSON, nullable=False),
        sa.Column("charged", sa.Float(53)),
        sa.Column("problem", sa.JSON, nullable=False),
        sa.Column("once", sa.String(64), unique=True),
        sa.Column("stopping", sa.Boolean, nullable=False),
        sa.Column("keyless", sa.Boolean, nullable=False),
        sa.Column("dropped", sa.Boolean, nullable=False),
        sa.Column("starred", sa.Boolean, nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("heard", sa.Text, nullable=False),
        sa.Column("reserved", sa.Float(53), nullable=False),
        sa.Column("spent", sa.Float(53), nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease", sa.Float(53)),
    )
    op.create_index("jobs_of_visitor", "jobs", ["visitor", "created_at"])
    op.create_index("jobs_paid", "jobs", ["payer", "sent_at"])
    op.create_index("jobs_by_state", "jobs", ["state", "finished_at"])
    op.create_table(
        "timings",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("weight", sa.Float(53), nullable=False),
        sa.Column("mean", sa.Float(53), nullable=False),
        sa.Column("variance", sa.Float(53), nullable=False),
    )
    budget = op.create_table("budget", sa.Column("name", sa.String(16), primary_key=True))
    op.bulk_insert(budget, [{"name": "host"}])
