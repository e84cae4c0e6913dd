"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of an empty file."""
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("value", sa.Integer(), nullable=False),
    )
    _make_events()
    _make_sources_and_gate()
    _make_places()
    _make_outbox()
    op.create_table(
        "ledger",
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(32), nullable=False),
    )


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("received", sa.Text(), nullable=False),
        sa.Column("hazard", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("msg_type", sa.Text(), nullable=False),
        sa.Column("ends", sa.Text(), nullable=False),
        sa.Column("absent_since", sa.Text()),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("events_by_thread", "events", ["thread", "ends"])
    op.create_index("events_by_source", "events", ["source", "ends"])
    op.create_index("events_by_seq", "events", ["seq"])
    op.create_index("events_by_end", "events", ["ends"])
    op.create_table(
        "event_keys",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("event", sa.Text(), sa.ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    )
    op.create_index("event_keys_by_event", "event_keys", ["event"])


def _make_sources_and_gate() -> None:
    op.create_table(
        "health",
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("attempted", sa.Text()),
        sa.Column("succeeded", sa.Text()),
        sa.Column("as_of", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("next_due", sa.Text()),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("suspected", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("ruleset", sa.Text(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(32), nullable=False),
        sa.UniqueConstraint("day", "commitment"),
    )
    op.create_table(
        "day_keys",
        sa.Column("day", sa.Text(), primary_key=True),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
    )


def _make_places() -> None:
    op.create_table(
        "impacts",
        sa.Column("place", sa.Text(), primary_key=True),
        sa.Column("event", sa.Text(), primary_key=True),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("buildings", sa.Integer(), nullable=False),
        sa.Column("traffic", sa.Integer(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("distance_m", sa.Float()),
        sa.Column("begins", sa.Text(), nullable=False),
        sa.Column("ends", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("impacts_by_event", "impacts", ["event"])
    op.create_table(
        "told",
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("place", sa.Text(), primary_key=True),
        sa.Column("family", sa.Text(), primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
    )


def _make_outbox() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("hazard", sa.Text()),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Text()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.Text()),
        sa.Column("sent_at", sa.Text()),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed', 'given-up')", name="notices_state"),
        sa.CheckConstraint("(state IN ('waiting', 'failed')) = (next_try IS NOT NULL)", name="notices_next_try"),
    )
    op.create_index("notices_by_next_try", "notices", ["next_try"])
    op.create_index("notices_by_at", "notices", ["at"])
