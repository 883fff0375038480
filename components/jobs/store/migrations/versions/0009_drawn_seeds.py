"""Whether the seed of a comparison was drawn: such a seed is not put into the form when the comparison is opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of earlier comparisons it is not known."""
    op.add_column("comparisons", sa.Column("seed_drawn", sa.Boolean, nullable=False, server_default=sa.false()))
