"""The rhythm and the flags of a feed, and since when it no longer lists an event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns; what is there keeps its meaning, and rhythms are learned from now on."""
    op.add_column("events", sa.Column("unlisted_since", sa.Text()))
    for column in (
        sa.Column("unchanged", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("changed", sa.Text()),
        sa.Column("beat", sa.Text()),
        sa.Column("gaps", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("idle", sa.Float(), nullable=False, server_default="0"),
        sa.Column("marks", sa.Text(), nullable=False, server_default="[]"),
    ):
        op.add_column("health", column)
