"""How far the callbacks of each service are relied on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table of scores."""
    op.create_table(
        "callback_scores",
        sa.Column("callback_base", sa.Text, primary_key=True),
        sa.Column("upstream", sa.Text, primary_key=True),
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("score", sa.Integer, nullable=False),
    )
