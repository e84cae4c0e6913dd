"""Side trees of items, the configured sources, and which entry of the ledger a row stands in.

The ledger itself stays as it is. Old decisions are entries of their own there; their rows are given up, so that none
is recorded twice. Events of before are taken to stand in the last entry of an event. What was entered before is not
summed up.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_LAST = '(SELECT coalesce(max(n), 0) FROM ledger WHERE instr(leaf, CAST(\'"kind":"event"\' AS BLOB)) > 0)'


def upgrade() -> None:
    """Add the two tables and three columns, and begin summing up with what comes next."""
    op.execute("DELETE FROM decisions")
    op.add_column("decisions", sa.Column("entry", sa.Integer()))
    op.create_index("decisions_by_entry", "decisions", ["entry"])
    op.create_table(
        "side_trees",
        sa.Column("entry", sa.Integer(), primary_key=True),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "sources",
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("issuer_class", sa.Text(), nullable=False),
        sa.Column("is_extension", sa.Boolean(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
    )
    for table in ("events", "told"):
        name = "entry" if table == "events" else "about"
        op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        op.execute(f"UPDATE {table} SET {name} = {_LAST}")  # noqa: S608  names of ours
    op.execute("INSERT INTO meta (key, value) SELECT 'summed', max(n) + 1 FROM ledger HAVING count(*) > 0")
