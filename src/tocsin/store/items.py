"""What the gate decided on single items: their rows, and the batches and hourly sums whose side trees hold them.

Runs inside the caller's transaction. A decision whose item gave an event that is new, or has a new body, goes into the
batch of its poll; all others wait and go with the hour's sum, those of all sources together. So the ledger tells
neither from which source nor in which minute anything came that was not kept. Source: NEUTRALITY declaration, N9.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects import sqlite

from tocsin import gate, ledger, record
from tocsin.ledger import items, tlog
from tocsin.ledger.items import ItemLeaf
from tocsin.model import Decision, Verdict
from tocsin.store import counting, log, tables
from tocsin.store.change import Opening, Ruled
from tocsin.store.keys import DayKey

HOUR = timedelta(hours=1)
SORTS: frozenset[tuple[Verdict, str]] = frozenset(
    {
        (Verdict.PASS, "listed"),
        (Verdict.PASS_SCRUBBED, "listed"),
        (Verdict.PASS_SCRUBBED, "cancel"),
        (Verdict.EFFECT_ONLY, "effect"),
        *((Verdict.DROP, rule) for rule in counting.REASONS),
    }
)
"""What the gate can decide: a verdict and its rule. No row says which it was; an opening finds it by trying all."""

_decisions = tables.decisions.c
_trees = tables.side_trees.c


def write_decisions(connection: Connection, ruled: Collection[Ruled], key: DayKey) -> dict[bytes, Ruled]:
    """Write each decision that is new this day, count what was not kept, and return all by their commitment.

    A feed that says the same each minute adds nothing: each item counts once a day. Raises LedgerError when the name
    of a rule set is none.
    """
    assert {(one.decision.verdict, one.decision.rule) for one in ruled} <= SORTS, "a rule that no opening would find"
    for ruleset in {one.decision.ruleset for one in ruled}:
        _leaf(key.day, ruleset, bytes(tlog.HASH_SIZE)).check()
    found = {key.of_item(one.digest, one.decision): one for one in ruled}
    if found:
        # Sorted by noise: the order of rows does not say in which order a feed listed its items.
        rows = [
            {
                "day": key.day,
                "ruleset": found[commitment].decision.ruleset,
                "commitment": commitment,
            }
            for commitment in sorted(found)
        ]
        before = connection.execute(select(func.max(_decisions.n))).scalar() or 0
        connection.execute(sqlite.insert(tables.decisions).on_conflict_do_nothing(), rows)
        new = connection.execute(select(_decisions.commitment).where(_decisions.n > before)).scalars()
        counting.count(connection, (found[bytes(commitment)].decision for commitment in new), day=key.day)
    return found


def write_batch(
    connection: Connection,
    found: Mapping[bytes, Ruled],
    kept: Collection[str],
    *,
    source: str,
    seen: int,
    pen: log.Pen,
    key: DayKey,
    now: datetime,
) -> None:
    """Enter the batch of a poll of `source` that read `seen` items and kept the events with the ids `kept`.

    The items in `found` that gave these events go into its side tree.
    """
    of_kept = [commitment for commitment, one in found.items() if not set(one.events).isdisjoint(kept)]
    leaves = [_leaf(key.day, found[commitment].decision.ruleset, commitment) for commitment in of_kept]
    hashes = _side_tree(leaves, key.day)
    entry = pen.add(
        record.batch_entry(
            source=source,
            ruleset=gate.RULESET,
            seen=seen,
            kept=len(kept),
            items_root=items.root(hashes),
            now=now,
        )
    )
    _put_tree(connection, entry, key.day, hashes)
    if of_kept:
        mine = (_decisions.day == key.day) & (_decisions.commitment == bindparam("c")) & _decisions.entry.is_(None)
        statement = update(tables.decisions).where(mine).values(entry=entry)
        connection.execute(statement, [{"c": commitment} for commitment in of_kept])


def sum_up(connection: Connection, now: datetime) -> bool:
    """Enter the sum of what was entered since the last one, once an hour; return whether it was due.

    Raises LedgerError when an entry that is to be summed up is none.
    """
    size, hour = log.size(connection), now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - HOUR
    hours = int(hour.timestamp()) // int(HOUR.total_seconds())
    if not size or log.get_number(connection, "summed_hour") == hours:
        return False
    totals = _totals(connection, log.get_number(connection, "summed") or 0)
    waiting = [
        _leaf(row.day, row.ruleset, bytes(row.commitment))
        for row in connection.execute(
            select(_decisions.day, _decisions.ruleset, _decisions.commitment).where(_decisions.entry.is_(None))
        )
    ]
    today = record.day_of(now)
    hashes = _side_tree(waiting, today)
    pen = log.Pen(connection)
    entry = pen.add(record.sum_entry(hour=hour, items_root=items.root(hashes), **totals))
    pen.append()
    _put_tree(connection, entry, today, hashes)
    connection.execute(update(tables.decisions).where(_decisions.entry.is_(None)).values(entry=entry))
    log.put_number(connection, "summed", entry + 1)
    log.put_number(connection, "summed_hour", hours)
    return True


def _totals(connection: Connection, start: int) -> dict[str, int]:
    totals: Counter[str] = Counter(batches=0, seen=0, kept=0, notices=0)
    for entry in log.entries(connection, start, None):
        body = ledger.parse(entry.leaf)
        if body["kind"] == "batch":
            totals.update(batches=1, seen=body["seen"], kept=body["kept"])
        totals["notices"] += body["kind"] == "notice"
    return dict(totals)


def openings(connection: Connection, digest: bytes) -> Iterator[Opening]:
    """Yield what opens each decision on the item with this digest, one for each day whose key is still kept.

    Cost: a day's HMACs are as many as `SORTS`, for each rule set of that day.
    """
    for row in connection.execute(select(tables.day_keys).order_by(tables.day_keys.c.day)):
        item_key = record.item_key(bytes(row.key), digest)
        for decision in _sorts(connection, row.day):
            commitment = record.item_commitment(item_key, digest, decision)
            same = (_decisions.day == row.day) & (_decisions.commitment == commitment)
            found = connection.execute(select(_decisions.entry).where(same)).first()
            if found is not None:
                opening = Opening(day=row.day, key=item_key, digest=digest, decision=decision)
                yield opening if found.entry is None else _placed(connection, opening, found.entry, commitment)


def _sorts(connection: Connection, day: date) -> list[Decision]:
    """Return what the gate can have decided on a day."""
    rulesets = connection.execute(select(_decisions.ruleset).where(_decisions.day == day).distinct()).scalars()
    return [Decision(verdict=verdict, rule=rule, ruleset=one) for one in rulesets for verdict, rule in sorted(SORTS)]


def _placed(connection: Connection, opening: Opening, entry: int, commitment: bytes) -> Opening:
    raw = bytes(connection.execute(select(_trees.hashes).where(_trees.entry == entry)).scalar_one())
    hashes = [raw[at : at + tlog.HASH_SIZE] for at in range(0, len(raw), tlog.HASH_SIZE)]
    index = hashes.index(tlog.leaf_hash(_leaf(opening.day, opening.decision.ruleset, commitment).leaf))
    return Opening(
        day=opening.day,
        key=opening.key,
        digest=opening.digest,
        decision=opening.decision,
        entry=entry,
        index=index,
        size=len(hashes),
        path=items.path(hashes, index),
    )


def _leaf(day: date, ruleset: str, commitment: bytes) -> ItemLeaf:
    return ItemLeaf(day=day.isoformat(), ruleset=ruleset, commitment=commitment)


def _side_tree(leaves: Sequence[ItemLeaf], day: date) -> tuple[bytes, ...]:
    blank = _leaf(day, gate.RULESET, bytes(tlog.HASH_SIZE))
    return items.side_tree(leaves, blank=blank, noise=secrets.token_bytes)


def _put_tree(connection: Connection, entry: int, day: date, hashes: Sequence[bytes]) -> None:
    row = {"entry": entry, "day": day, "hashes": b"".join(hashes)}
    connection.execute(tables.side_trees.insert().values(row))
