"""The ledger in the database: numbering entries, and the tree over them. Runs inside the caller's transaction.

`ledger` holds the entries with their leaf hashes, which are the tree's lowest tiles. `ledger_tree` holds the hash of
each full tile, which is what the tiles one level higher are made of; it follows from `ledger`, so that files on disk,
and this table too, can be made again. `signed` holds the heads that were signed: one root for each size, for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select
from sqlalchemy.dialects import sqlite

from tocsin import ledger
from tocsin.ledger import Entry, ForkError, Frontier, Head, tile, tlog
from tocsin.ledger.tile import ENTRIES, Tile
from tocsin.store import tables

Body = Mapping[str, Any]

_entries = tables.ledger.c
_nodes = tables.ledger_tree.c
_signed = tables.signed.c


class Pen:
    """The entries of one transaction: each has its number when it is added, and all are written by `append`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._first = size(connection)
        self._leaves: list[bytes] = []

    def add(self, body: Body) -> int:
        """Return the number of a further entry. Raises LedgerError when it is outside the closed schema."""
        self._leaves.append(ledger.leaf(body))
        return self._first + len(self._leaves) - 1

    def append(self) -> None:
        """Write what was added, once."""
        if self._leaves:
            rows = [
                {"n": n, "leaf": leaf, "leaf_hash": tlog.leaf_hash(leaf)}
                for n, leaf in enumerate(self._leaves, self._first)
            ]
            self._connection.execute(insert(tables.ledger), rows)


def get_number(connection: Connection, name: str) -> int | None:
    """Return a number that the store keeps in `meta`, None where there is none."""
    return connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == name)).scalar()


def put_number(connection: Connection, name: str, value: int) -> None:
    """Keep a number in `meta`."""
    row = sqlite.insert(tables.meta).values(key=name, value=value)
    connection.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def size(connection: Connection) -> int:
    """Return how many entries there are."""
    last = connection.execute(select(func.max(_entries.n))).scalar()
    return 0 if last is None else int(last) + 1


def entries(connection: Connection, start: int, stop: int | None) -> Iterator[Entry]:
    """Yield the entries from number `start` up to but not including `stop`."""
    query: Select[Any] = select(tables.ledger).where(_entries.n >= start).order_by(_entries.n)
    if stop is not None:
        query = query.where(_entries.n < stop)
    for row in connection.execute(query):
        yield Entry(n=row.n, leaf=row.leaf, leaf_hash=row.leaf_hash)


def verified(connection: Connection, known: Frontier, *, whole: bool) -> Frontier:
    """Return the tree over all entries: what is new after `known` was checked, or all of it if `whole`.

    Raises EntryError for an entry that is changed or missing, ForkError when the entries are no longer those that
    `known`, or the last head that was signed, was made of.
    """
    last = next(entries(connection, known.size - 1, known.size), None) if known.size else None
    if known.size and (last is None or last.leaf_hash != known.last):
        raise ForkError("the ledger is not the one that was checked before", size=known.size)
    if not whole:
        return ledger.verify(entries(connection, known.size, None), after=known)
    marks = sorted([known.head, *filter(None, [last_signed(connection)])], key=lambda head: head.size)
    tree = Frontier()
    for mark in marks:
        tree = ledger.verify(entries(connection, tree.size, mark.size), after=tree)
        if tree.head != mark:
            raise ForkError("the ledger no longer leads to a head that it once had", size=mark.size)
    return ledger.verify(entries(connection, tree.size, None), after=tree)


def shown(connection: Connection, known: Frontier) -> Frontier:
    """Return the tree that the leaf hashes after `known` lead to, unchecked, as far as they are hashes at all."""
    query = select(_entries.leaf_hash).where(_entries.n >= known.size).order_by(_entries.n)
    hashes = connection.execute(query).scalars()
    for leaf in takewhile(lambda one: isinstance(one, bytes), hashes):
        known = known.extended(leaf)
    return known


def last_signed(connection: Connection) -> Head | None:
    """Return the largest head that was signed, None when none was."""
    row = connection.execute(select(_signed.size, _signed.root).order_by(_signed.size.desc()).limit(1)).first()
    return Head(size=row.size, root=row.root) if row else None


def sign(connection: Connection, head: Head, at: datetime) -> None:
    """Put the tree up to `head` together and record that it is signed; from here on no other root has this size.

    Raises ForkError when the entries do not lead there, or no longer to the head that was signed before.
    """
    _integrate(connection, head.size)
    before = last_signed(connection)
    for one in filter(None, (before, head)):
        if tlog.root(one.size, reader(connection, head.size)) != one.root:
            raise ForkError("the entries do not lead to this head; nothing was signed", size=one.size)
    connection.execute(insert(tables.signed).values(size=head.size, root=head.root, at=at))


def _integrate(connection: Connection, size: int) -> None:
    """Add the hashes of the tiles that are full now. Cost: 255 hashes a tile of 256 entries."""
    for level in range(tile.MAX_LEVEL):
        full = size >> (tile.HEIGHT * (level + 1))
        query = select(func.max(_nodes.n)).where(_nodes.level == level + 1)
        last = connection.execute(query).scalar()
        fresh = range(0 if last is None else last + 1, full)
        if not full:
            return
        if fresh:
            rows = [
                {
                    "level": level + 1,
                    "n": n,
                    "hash": tile.subtree(tile.hashes(hash_tile(connection, Tile(level, n)), tile.WIDTH)),
                }
                for n in fresh
            ]
            connection.execute(insert(tables.ledger_tree), rows)


def reader(connection: Connection, size: int) -> tlog.Read:
    """Return what gives the nodes of the tree of the first `size` entries, which must be integrated."""
    return tile.reader(size, lambda tiles: {one: hash_tile(connection, one) for one in tiles})


def hash_tile(connection: Connection, one: Tile) -> bytes:
    """Return the bytes of a tile of hashes."""
    first = one.index * tile.WIDTH
    if one.level:
        query: Select[Any] = select(_nodes.hash).where(_nodes.level == one.level)
        number = _nodes.n
    else:
        query, number = select(_entries.leaf_hash), _entries.n
    within = query.where(number >= first, number < first + one.width).order_by(number)
    return b"".join(connection.execute(within).scalars())


def tile_bytes(connection: Connection, one: Tile) -> bytes:
    """Return what the file of a tile, or of a bundle of entries, holds."""
    if one.level != ENTRIES:
        return hash_tile(connection, one)
    first = one.index * tile.WIDTH
    return tile.bundle(entry.leaf for entry in entries(connection, first, first + one.width))
