"""Weekly counts of what was not kept, and the sources from which nothing is collected because of a breach."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables; counting begins with what comes next."""
    op.create_table(
        "weekly",
        sa.Column("week", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_table(
        "stopped",
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("clause", sa.Text(), primary_key=True),
        sa.Column("since", sa.Text(), nullable=False),
    )
