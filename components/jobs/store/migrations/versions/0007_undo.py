"""Deleted jobs can be restored for a while, and a task id is found without reading every job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the indexes."""
    op.add_column("history", sa.Column("delete_at", sa.Float(53)))
    op.create_index("history_to_delete", "history", ["delete_at"])
    op.create_index("jobs_of_task", "jobs", ["task_id"])
