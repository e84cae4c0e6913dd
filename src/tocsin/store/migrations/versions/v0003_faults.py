"""The faults of each source's documents, for letters to their publishers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; faults are counted from now on."""
    op.create_table(
        "faults",
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("message", sa.Text(), primary_key=True),
        sa.Column("where", sa.Text(), primary_key=True),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column("is_repaired", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
    )
