"""How one `Change` becomes rows and ledger entries. Every function here runs inside the caller's transaction.

The order is fixed, and entries of one sort are sorted by their commitment, which is noise: the ledger shows neither
in which order a feed listed its items, nor which decision belongs to which event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import sqlite

import tocsin
from tocsin import catalogue, gate, lifecycle, record
from tocsin.declaration import DECLARATION
from tocsin.letters import MAX_FAULTS
from tocsin.model import Event, Fault, Health, Source
from tocsin.store import items, log, outbox, tables
from tocsin.store.change import Change, Committed, Seen
from tocsin.store.keys import DayKey
from tocsin.store.tables import chunks

Arrived = tuple[Event, str, datetime, str]
"""An event, its thread, when it was received, and its body."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change with its events written as text: the work that needs no transaction."""

    change: Change
    arrived: Mapping[str, Arrived]


def prepare(change: Change) -> Prepared:
    """Return `change` made ready, so that the writer is held for the writing only."""
    arrived = {}
    for admitted, thread, received in change.events:
        event = admitted.event
        arrived[event.id] = (event, change.threads.get(event.id, thread), received, record.to_text(event))
    assert len({event.source for event, *_ in arrived.values()}) <= 1, "a poll is of one source"
    return Prepared(change, arrived)


def write(connection: Connection, prepared: Prepared, now: datetime) -> Committed:
    """Write everything that `prepared` holds, and its ledger entries; return what changed."""
    change = prepared.change
    key, pen = DayKey(connection, record.day_of(now)), log.Pen(connection)
    if change.is_start:
        start = record.start_entry(
            release=tocsin.__version__, ruleset=gate.RULESET, catalogue=catalogue.CATALOGUE, now=now
        )
        pen.add(start)
        pen.add(record.declaration_entry(hash=DECLARATION.sha256, now=now))
    for entry in (*change.entries, *(record.clock_jump_entry(at=jump.at, by=jump.by) for jump in change.jumps)):
        pen.add(entry)
    if change.sources is not None:
        _write_sources(connection, change.sources, pen, now)
    committed = _write_events(connection, prepared, pen, key, now)
    _write_health(connection, change.health)
    _write_faults(connection, change.faults)
    _write_impacts(connection, change.impacts)
    _write_stops(connection, change, now)
    abouts = outbox.write_notices(connection, change.notices, change.channel_classes, pen, key, now)
    outbox.write_told(connection, change.told, change.forget, abouts)
    outbox.write_outcomes(connection, change.outcomes, pen)
    pen.append()
    return committed


# --- events -------------------------------------------------------------------------------------------------------


def _write_events(connection: Connection, prepared: Prepared, pen: log.Pen, key: DayKey, now: datetime) -> Committed:
    """Write what was decided, what arrived and what moved. An event that came again as it was is no change."""
    found = items.write_decisions(connection, prepared.change.decisions, key)
    change, arrived = prepared.change, prepared.arrived
    stored = _stored(connection, arrived.keys() | change.threads.keys() | change.absent.keys() | change.unlisted.keys())
    seq = log.get_number(connection, "seq") or 0
    added, rewritten = [], []
    for name, (_, _, _, text) in arrived.items():
        if name not in stored:
            added.append(name)
        elif stored[name].body != text:
            rewritten.append(name)
    moved = list(_moved(change, arrived, stored))
    if not (added or rewritten or moved):
        return Committed(seq=seq)
    seq += 1
    log.put_number(connection, "seq", seq)
    numbers = {}
    if kept := [*added, *rewritten]:
        items.write_batch(
            connection,
            found,
            kept,
            source=arrived[kept[0]][0].source,
            seen=len(change.decisions),
            pen=pen,
            key=key,
            now=now,
        )
        numbers = _enter_events(pen, key, arrived, added, rewritten)
    rows = {
        name: _row(*arrived[name], absent_since=change.absent.get(name), entry=numbers[name], seq=seq) for name in kept
    }
    _insert_events(connection, [rows[name] for name in added])
    _update_events(connection, [rows[name] for name in rewritten])
    _write_keys(connection, [arrived[name][0] for name in added], [arrived[name][0] for name in rewritten])
    _move(connection, moved, seq)
    return Committed(seq=seq, added=tuple(added), rewritten=tuple(rewritten))


def _enter_events(
    pen: log.Pen, key: DayKey, arrived: Mapping[str, Arrived], added: Iterable[str], rewritten: Iterable[str]
) -> dict[str, int]:
    """Enter what was stored; return the number of each event's entry."""
    commitments = sorted(
        (key.commitment(arrived[name][3].encode()), is_new, name)
        for names, is_new in ((added, True), (rewritten, False))
        for name in names
    )
    return {
        name: pen.add(record.event_entry(day=key.day, is_new=is_new, commitment=commitment))
        for commitment, is_new, name in commitments
    }


def _stored(connection: Connection, names: Iterable[str]) -> dict[str, Any]:
    events = tables.events.c
    return {
        row.id: row
        for some in chunks(names)
        for row in connection.execute(
            select(events.id, events.thread, events.absent_since, events.unlisted_since, events.body).where(
                events.id.in_(some)
            )
        )
    }


def _row(
    event: Event, thread: str, received: datetime, body: str, *, absent_since: datetime | None, entry: int, seq: int
) -> dict[str, Any]:
    return {
        "id": event.id,
        "source": event.source,
        "message": event.message,
        "thread": thread,
        "sent": event.sent,
        "received": received,
        "hazard": event.hazard,
        "status": event.status.value,
        "msg_type": event.msg_type.value,
        "ends": lifecycle.ends(event),
        "absent_since": absent_since,
        "unlisted_since": absent_since,
        "seq": seq,
        "entry": entry,
        "body": body,
    }


def _moved(change: Change, arrived: Mapping[str, Arrived], stored: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the new standing of every stored event whose thread or absence changes."""
    for name, row in stored.items():
        thread = change.threads.get(name, arrived[name][1] if name in arrived else row.thread)
        is_listed = name in arrived
        absent_since = _since(change.absent, name, row.absent_since, is_listed=is_listed)
        unlisted_since = _since(change.unlisted, name, row.unlisted_since, is_listed=is_listed)
        if (thread, absent_since, unlisted_since) != (row.thread, row.absent_since, row.unlisted_since):
            yield {
                "event": name,
                "to_thread": thread,
                "to_absent_since": absent_since,
                "to_unlisted_since": unlisted_since,
            }


def _since(
    wanted: Mapping[str, datetime | None], name: str, known: datetime | None, *, is_listed: bool
) -> datetime | None:
    """Return since when something holds of an event: the first moment of it, None when it is listed again."""
    if name in wanted:
        return (known or wanted[name]) if wanted[name] else None
    return None if is_listed else known


def _insert_events(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(tables.events), rows)


def _update_events(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Replace rows but for their standing, which `_move` writes."""
    kept = {"id", "thread", "absent_since", "unlisted_since"}
    if rows:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0].keys() - kept}
        statement = update(tables.events).where(tables.events.c.id == bindparam("new_id")).values(values)
        connection.execute(statement, [{f"new_{name}": value for name, value in row.items()} for row in rows])


def _write_keys(connection: Connection, added: Iterable[Event], rewritten: Sequence[Event]) -> None:
    if rewritten:
        gone = delete(tables.event_keys).where(tables.event_keys.c.event == bindparam("gone"))
        connection.execute(gone, [{"gone": event.id} for event in rewritten])
    rows = [{"key": key, "event": event.id} for event in (*added, *rewritten) for key in sorted(lifecycle.keys(event))]
    if rows:
        connection.execute(insert(tables.event_keys), rows)


def _move(connection: Connection, moved: list[dict[str, Any]], seq: int) -> None:
    if moved:
        statement = (
            update(tables.events)
            .where(tables.events.c.id == bindparam("event"))
            .values(
                thread=bindparam("to_thread"),
                absent_since=bindparam("to_absent_since"),
                unlisted_since=bindparam("to_unlisted_since"),
                seq=seq,
            )
        )
        connection.execute(statement, moved)


# --- sources, places ------------------------------------------------------------------------------------


def _write_sources(connection: Connection, sources: Iterable[Source], pen: log.Pen, now: datetime) -> None:
    """Enter which sources are no longer read and which are new; one that changed is both."""
    table = tables.sources
    wanted = {source.id: _source_row(source) for source in sources}
    known = {row.source: dict(row._mapping) for row in connection.execute(select(table))}  # noqa: SLF001  its public name
    entries = {name: row.pop("entry") for name, row in known.items()}
    for name in sorted(entries):
        if known[name] != wanted.get(name):
            pen.add(record.source_entry(is_added=False, **known[name], now=now))
            connection.execute(delete(table).where(table.c.source == name))
    for name in sorted(wanted):
        if wanted[name] != known.get(name):
            entry = pen.add(record.source_entry(is_added=True, **wanted[name], now=now))
            connection.execute(insert(table).values(**wanted[name], entry=entry))


def _source_row(source: Source) -> dict[str, Any]:
    return {
        "source": source.id,
        "url": source.url,
        "issuer_class": source.issuer_class.value,
        "is_extension": not catalogue.lists(source),
    }


def _write_health(connection: Connection, healths: Sequence[Health]) -> None:
    if healths:
        statement = sqlite.insert(tables.health)
        fields = {column.name: statement.excluded[column.name] for column in tables.health.c}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["source"], set_=fields),
            [_health_row(health) for health in healths],
        )


def _health_row(health: Health) -> dict[str, Any]:
    marks = [[mark.flag.value, mark.last.astimezone(UTC).isoformat(), mark.times] for mark in health.marks]
    rhythm: dict[str, Any] = {str(bucket): weight for bucket, weight in health.gaps.items()}
    if health.rests:
        rhythm[tables.RESTS] = health.rests
    return {
        **{column.name: getattr(health, column.name) for column in tables.health.c},
        "gaps": json.dumps(rhythm, separators=(",", ":")),
        "marks": json.dumps(marks, separators=(",", ":")),
    }


def _write_faults(connection: Connection, faults: Sequence[Fault]) -> None:
    """Count each fault once more. A sort that is new is left out when its source has as many as a letter may hold."""
    for source in sorted({fault.source for fault in faults}):
        known = _known_faults(connection, source)
        same = [fault for fault in faults if fault.source == source]
        counted = [fault for fault in same if (fault.message, fault.where) in known]
        new = [fault for fault in same if (fault.message, fault.where) not in known][: MAX_FAULTS - len(known)]
        _count_faults(connection, [*counted, *new])


def _count_faults(connection: Connection, faults: Sequence[Fault]) -> None:
    if faults:
        statement = sqlite.insert(tables.faults)
        old, new = tables.faults.c, statement.excluded
        values = {"example": new.example, "count": old["count"] + new["count"], "last": new["last"]}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["source", "message", "where"], set_=values),
            [asdict(fault) for fault in faults],
        )


def _known_faults(connection: Connection, source: str) -> set[tuple[str, str]]:
    columns = tables.faults.c
    query = select(columns.message, columns["where"]).where(columns.source == source)
    return {(row[0], row[1]) for row in connection.execute(query)}


def _write_impacts(connection: Connection, impacts: Sequence[Seen]) -> None:
    """Write what was seen. An impact that was told stays told until it changes."""
    if not impacts:
        return
    old, statement = tables.impacts.c, sqlite.insert(tables.impacts)
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["place", "event"],
            set_={column.name: new[column.name] for column in old},
            where=or_(old.body != new.body, and_(old.outcome != new.outcome, old.outcome != "told")),
        ),
        [_impact_row(seen) for seen in impacts],
    )


def _impact_row(seen: Seen) -> dict[str, Any]:
    impact = seen.impact
    body = record.to_json(impact)
    return {
        "place": impact.place,
        "event": impact.evidence.event,
        "thread": impact.thread,
        "family": impact.family,
        "level": int(impact.level),
        "people": int(impact.people),
        "buildings": int(impact.buildings),
        "traffic": int(impact.traffic),
        "relation": impact.relation.value,
        "distance_m": body["distance_m"],
        "begins": impact.begins,
        "ends": impact.ends,
        "outcome": seen.outcome,
        "body": record.to_text(impact),
    }


def _write_stops(connection: Connection, change: Change, now: datetime) -> None:
    """Stop sources, or let them go on. A stop that stands keeps its first moment."""
    if change.repaired:
        connection.execute(delete(tables.stopped).where(tables.stopped.c.clause.in_(change.repaired)))
    if change.stops:
        statement = sqlite.insert(tables.stopped).on_conflict_do_nothing()
        rows = [{"source": source, "clause": clause, "since": now} for source, clause in change.stops]
        connection.execute(statement, rows)
