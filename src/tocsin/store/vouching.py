"""What vouches for the ledger: what witnesses said, and the keys that sign. Runs inside the caller's transaction.

`cosignatures` keeps the newest quorum and what is newer, `contradictions` which witnesses saw another history: that
must outlive a restart, for a log that was cut back must not be signed again because somebody started it anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, insert, select

from tocsin import ledger, record
from tocsin.ledger.witness import Cosignature
from tocsin.store import log, tables
from tocsin.store.change import Rotation

_signatures = tables.cosignatures.c
_others = tables.contradictions.c
_TOLD, _SHOWN = (
    "key-rotated",
    "key-rotated-shown",
)  # in `meta`: the number of the entry, and when both keys first signed


def cosignatures(connection: Connection) -> tuple[Cosignature, ...]:
    """Return the cosignatures that are kept, those of the largest head first."""
    query = select(tables.cosignatures).order_by(_signatures.size.desc(), _signatures.witness)
    return tuple(Cosignature(**row) for row in connection.execute(query).mappings())


def cosign(connection: Connection, found: Sequence[Cosignature]) -> None:
    """Keep these cosignatures, each in the place of an older one of the same witness for the same head.

    A witness that cosigns has seen no other history: what it said against this one before is taken back.
    """
    for one in found:
        is_same = (_signatures.size == one.size) & (_signatures.witness == one.witness)
        connection.execute(delete(tables.cosignatures).where(is_same))
        row = {"size": one.size, "witness": one.witness, "at": one.at, "line": one.line}
        connection.execute(insert(tables.cosignatures).values(row))
        connection.execute(delete(tables.contradictions).where(_others.witness == one.witness))


def drop_cosignatures(connection: Connection, *, below: int) -> None:
    """Forget the cosignatures for heads of fewer than `below` entries: a quorum stands at `below`."""
    connection.execute(delete(tables.cosignatures).where(_signatures.size < below))


def contradicting(connection: Connection) -> frozenset[str]:
    """Return the vkeys of the witnesses that saw another history."""
    return frozenset(connection.execute(select(_others.witness)).scalars())


def contradict(connection: Connection, witnesses: Collection[str], *, size: int, at: datetime) -> None:
    """Record that these witnesses refused the head of `size` entries because they saw another history."""
    known = contradicting(connection)
    for witness in sorted(set(witnesses) - known):
        connection.execute(insert(tables.contradictions).values(witness=witness, size=size, at=at))


def first_signed(connection: Connection) -> datetime | None:
    """Return when a head was signed for the first time, None when none was."""
    moment = connection.execute(select(func.min(tables.signed.c.at, type_=tables.Moment()))).scalar()
    return moment if isinstance(moment, datetime) else None


def rotation(connection: Connection) -> Rotation | None:
    """Return the last change of the log's key that the log tells of, None when there was none."""
    n = _meta(connection, _TOLD)
    entry = next(log.entries(connection, n, n + 1), None) if n is not None else None
    if n is None or entry is None:
        return None
    body, shown = ledger.parse(entry.leaf), _meta(connection, _SHOWN)
    at = None if shown is None else datetime.fromtimestamp(shown, UTC)
    return Rotation(n=n, old=body["old"], new=body["new"], shown=at)


def rotate_key(connection: Connection, *, old: bytes, new: bytes, now: datetime) -> None:
    """Enter into the ledger that the log passes from one public key to another, 32 bytes each."""
    pen = log.Pen(connection)
    n = pen.add(record.key_rotated_entry(old=old, new=new, now=now))
    pen.append()
    connection.execute(delete(tables.meta).where(tables.meta.c.key.in_([_TOLD, _SHOWN])))
    connection.execute(insert(tables.meta).values(key=_TOLD, value=n))


def show_rotation(connection: Connection, *, at: datetime) -> None:
    """Keep when both keys had signed for the first time; a later time changes nothing."""
    if _meta(connection, _SHOWN) is None:
        connection.execute(insert(tables.meta).values(key=_SHOWN, value=int(at.timestamp())))


def _meta(connection: Connection, key: str) -> int | None:
    value = connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == key)).scalar()
    return value if isinstance(value, int) else None
