"""The ledger as a Merkle log: the tree over its entries, and the heads that were signed.

The entries stay as they are. What chained each to the one before is given up: the tree says the same, and more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the chain's column, add the tree and the signed heads."""
    op.drop_column("ledger", "chain_hash")
    op.create_table(
        "ledger_tree",
        sa.Column("level", sa.Integer(), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "signed",
        sa.Column("size", sa.Integer(), primary_key=True),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
    )
