"""The installation's key, under which messages are named of which no cause is kept.

Events that were kept without a cause before keep their old names, so that no warning seems to end; they are deleted
a day after they end.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; the key is made when it is first asked for."""
    op.create_table(
        "installation",
        sa.Column("n", sa.Integer(), sa.CheckConstraint("n = 1"), primary_key=True),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
    )
