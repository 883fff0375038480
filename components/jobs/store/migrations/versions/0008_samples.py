"""What each model drew for this installation, as its host has chosen it: small pictures on the models' cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A row for each model, with the picture itself: nothing that is deleted elsewhere takes it along."""
    op.create_table(
        "samples",
        sa.Column("model", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("image", sa.LargeBinary, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("usd", sa.Float(53), nullable=False),
        sa.Column("made_at", sa.Float(53), nullable=False),
    )
