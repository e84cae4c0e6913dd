"""The tables, in SQLAlchemy Core. One name for one thing: columns are called as the fields of `model`.

No column holds a person, and no table is keyed by one. What the gate dropped has no row here but a keyed commitment
in `decisions`. `docs/store.md` says what each table is for; `migrations/` says how older files come to this shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
"""The migrations, oldest first; the last one is what this program reads and writes."""


T = TypeVar("T")

_CHUNK = 5000  # names in one statement; SQLite takes 32,766 values at most


def chunks(items: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """Yield `items` in lists that one statement can take."""
    everything = list(items)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]


class Moment(TypeDecorator[datetime]):
    """An aware datetime as text of fixed width, in UTC with microseconds, so that text order is time order."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text that is stored."""
        if value is None:
            return None
        assert value.tzinfo is not None, "every datetime in Tocsin is aware"
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the moment that a stored text means."""
        return None if value is None else datetime.fromisoformat(value)


class Day(TypeDecorator[date]):
    """A day in UTC as "2021-12-11"."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text that is stored."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:  # noqa: ARG002
        """Return the day that a stored text means."""
        return None if value is None else date.fromisoformat(value)


metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Integer, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("sent", Moment, nullable=False),
    Column("received", Moment, nullable=False),
    Column("hazard", Text),
    Column("status", Text, nullable=False),
    Column("msg_type", Text, nullable=False),
    Column("ends", Moment, nullable=False),  # lifecycle.ends: expires, or what the hazard usually lasts
    Column("absent_since", Moment),  # since when a snapshot has ended it by no longer listing it
    Column("unlisted_since", Moment),  # since when its source no longer lists it, whether or not that ends it
    Column("seq", Integer, nullable=False),
    Column(
        "entry", Integer, nullable=False, server_default="0"
    ),  # of the ledger, where it was stored or rewritten last
    Column("body", Text, nullable=False),  # the whole Event as canonical JSON
    Index("events_by_thread", "thread", "ends"),
    Index("events_by_source", "source", "ends"),
    Index("events_by_seq", "seq"),
    Index("events_by_end", "ends"),
)

event_keys = Table(
    "event_keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("event", Text, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Index("event_keys_by_event", "event"),
)

RESTS = "rests"
"""Beside the buckets in `health.gaps`: `Health.rests`, a list of [begin, end]."""

health = Table(
    "health",
    metadata,
    Column("source", Text, primary_key=True),
    Column("attempted", Moment),
    Column("succeeded", Moment),
    Column("as_of", Moment),
    Column("failures", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("next_due", Moment),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("suspected", Boolean, nullable=False),
    Column("unchanged", Integer, nullable=False, server_default="0"),
    Column("changed", Moment),
    Column("beat", Moment),
    Column("gaps", Text, nullable=False, server_default="{}"),  # JSON: bucket -> weight (`rhythm`), and RESTS
    Column("idle", Float, nullable=False, server_default="0"),
    Column("marks", Text, nullable=False, server_default="[]"),  # JSON: [flag, last, times]
)

faults = Table(
    "faults",
    metadata,
    Column("source", Text, primary_key=True),
    Column("message", Text, primary_key=True),
    Column("where", Text, primary_key=True),  # the position without its numbers
    Column("example", Text, nullable=False),
    Column("is_repaired", Boolean, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first", Day, nullable=False),
    Column("last", Day, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("day", Day, nullable=False),
    Column("ruleset", Text, nullable=False),
    Column("commitment", LargeBinary(32), nullable=False),
    Column("entry", Integer),  # of the ledger: the batch or sum whose side tree holds it; null: it waits
    UniqueConstraint("day", "commitment"),
    Index("decisions_by_entry", "entry"),
)

side_trees = Table(
    "side_trees",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("day", Day, nullable=False),  # when it was made; it goes with that day's key
    Column("hashes", LargeBinary, nullable=False),  # of its leaves, one after the other
)

day_keys = Table(
    "day_keys",
    metadata,
    Column("day", Day, primary_key=True),
    Column("key", LargeBinary(32), nullable=False),
)

installation = Table(
    "installation",
    metadata,
    Column("n", Integer, CheckConstraint("n = 1"), primary_key=True),  # one row, for ever
    Column("key", LargeBinary(32), nullable=False),
)

weekly = Table(
    "weekly",
    metadata,
    Column("week", Text, primary_key=True),  # ISO 8601
    Column("reason", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

stopped = Table(
    "stopped",
    metadata,
    Column("source", Text, primary_key=True),
    Column("clause", Text, primary_key=True),  # of the declaration of neutrality that a breach of it broke
    Column("since", Moment, nullable=False),
)

impacts = Table(
    "impacts",
    metadata,
    Column("place", Text, primary_key=True),
    Column("event", Text, primary_key=True),  # no foreign key: a row here must never keep a notice from being written
    Column("thread", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("buildings", Integer, nullable=False),
    Column("traffic", Integer, nullable=False),
    Column("relation", Text, nullable=False),
    Column("distance_m", Float),  # null: the area is unplaced
    Column("begins", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("impacts_by_event", "event"),
)

told = Table(
    "told",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("family", Text, primary_key=True),
    Column("about", Integer, nullable=False, server_default="0"),  # `about` of the last notice's entry
    Column("body", Text, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("channel", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("hazard", Text),
    Column("level", Integer, nullable=False),
    Column("ends", Moment),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", Moment),  # null: no more tries
    Column("sent_at", Moment),
    Column("error", Text, nullable=False),
    CheckConstraint("state IN ('waiting', 'sent', 'failed', 'given-up')", name="notices_state"),
    CheckConstraint("(state IN ('waiting', 'failed')) = (next_try IS NOT NULL)", name="notices_next_try"),
    Index("notices_by_next_try", "next_try"),
    Index("notices_by_at", "at"),
)

sources = Table(
    "sources",
    metadata,
    Column("source", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("issuer_class", Text, nullable=False),
    Column("is_extension", Boolean, nullable=False),
    Column("entry", Integer, nullable=False),  # of the ledger, where it was added
)

ledger = Table(
    "ledger",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("leaf", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary(32), nullable=False),
)

ledger_tree = Table(
    "ledger_tree",
    metadata,
    Column("level", Integer, primary_key=True),  # of tiles, from 1: a row is the hash of a full tile one level lower
    Column("n", Integer, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
)

signed = Table(
    "signed",
    metadata,
    Column("size", Integer, primary_key=True),  # unique: two roots for one size cannot happen by accident
    Column("root", LargeBinary(32), nullable=False),
    Column("at", Moment, nullable=False),
)

cosignatures = Table(
    "cosignatures",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("witness", Text, primary_key=True),  # its vkey: a witness is its key
    Column("at", Moment, nullable=False),  # by the witness's clock
    Column("line", Text, nullable=False),
)

contradictions = Table(
    "contradictions",
    metadata,
    Column("witness", Text, primary_key=True),
    Column("size", Integer, nullable=False),  # of the head that it refused
    Column("at", Moment, nullable=False),
)
