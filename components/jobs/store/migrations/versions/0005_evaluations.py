"""Evaluations, their cells and ballots; a job says which evaluation has created it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"  # a 0004 was never released
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the three tables and the column."""
    op.add_column("jobs", sa.Column("evaluation_id", sa.String(64), nullable=False, server_default=""))
    op.create_index("jobs_of_evaluation", "jobs", ["evaluation_id", "reserved", "spent"])
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("visitor", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("payer", sa.String(16), nullable=False),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("per_model", sa.Integer, nullable=False),
        sa.Column("budget", sa.Float(53), nullable=False),
        sa.Column("paid_until", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("token", sa.String(64), nullable=False, unique=True),
        sa.Column("baseline", sa.JSON, nullable=False),
    )
    op.create_index("evaluations_of_visitor", "evaluations", ["visitor", "created_at"])
    op.create_index("evaluations_by_state", "evaluations", ["state"])
    _create_cells()
    _create_ballots()


def _create_cells() -> None:
    op.create_table(
        "evaluation_cells",
        sa.Column("evaluation_id", sa.String(64), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("credits", sa.Float(53), nullable=False),
        sa.Column("refused", sa.Text, nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.Column("submitted", sa.Boolean, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("checks", sa.JSON, nullable=False),
    )
    op.create_index("cells_to_submit", "evaluation_cells", ["evaluation_id", "submitted", "model", "position"])
    op.create_index("cells_of_job", "evaluation_cells", ["job_id"])


def _create_ballots() -> None:
    op.create_table(
        "ballots",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("evaluation_id", sa.String(64), nullable=False),
        sa.Column("voter", sa.String(64), nullable=False),
        sa.Column("question", sa.String(16), nullable=False),
        sa.Column("prompt", sa.String(64), nullable=False),
        sa.Column("shown", sa.JSON, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("best", sa.String(64)),
        sa.Column("worst", sa.String(64)),
        sa.Column("seconds", sa.Float(53), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
    )
    op.create_index("ballots_of_evaluation", "ballots", ["evaluation_id", "question", "created_at"])
