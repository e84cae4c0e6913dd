"""Decisions without verdict and rule.

By them and the day the database counted what was not kept more finely than by week and merged reason, against N9 of
the declaration of neutrality. Commitments stay: whoever has the document and the day's key tries what they are to.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop both columns. SQLite rewrites each row, and with secure_delete nothing of them stays in the file."""
    op.drop_column("decisions", "verdict")
    op.drop_column("decisions", "rule")
