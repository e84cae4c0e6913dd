"""How one `Change` becomes rows and ledger entries. Every function here runs inside the caller's transaction.

The order is fixed, and entries of one sort are sorted by their commitment, which is noise: the ledger shows neither
in which order a feed listed its items, nor which decision belongs to which event.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import sqlite

import tocsin
from tocsin import catalogue, gate, lifecycle, record
from tocsin.letters import MAX_FAULTS
from tocsin.model import Decision, Event, Fault, Health, Notice, Told
from tocsin.store import counting, log, tables
from tocsin.store.change import Change, Committed, Outcome, Seen

T = TypeVar("T")

Body = dict[str, Any]

_CHUNK = 5000  # names in one statement; SQLite takes 32,766 values at most


def chunks(items: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """Yield `items` in lists that one statement can take."""
    everything = list(items)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change with its events written as text: the work that needs no transaction."""

    change: Change
    arrived: Mapping[str, tuple[Event, str, datetime, str]]


def prepare(change: Change) -> Prepared:
    """Return `change` made ready, so that the writer is held for the writing only."""
    arrived = {}
    for admitted, thread, received in change.events:
        event = admitted.event
        arrived[event.id] = (event, change.threads.get(event.id, thread), received, record.to_text(event))
    return Prepared(change, arrived)


def write(connection: Connection, prepared: Prepared, now: datetime) -> Committed:
    """Write everything that `prepared` holds, and its ledger entries; return what changed."""
    change = prepared.change
    key = _DayKey(connection, record.day_of(now))
    entries: list[Body] = [dict(entry) for entry in change.entries]
    if change.is_start:
        start = record.start_entry(
            release=tocsin.__version__, ruleset=gate.RULESET, catalogue=catalogue.CATALOGUE, now=now
        )
        entries.append(start)
    entries += [record.clock_jump_entry(at=jump.at, by=jump.by) for jump in change.jumps]
    before = counting.newest(connection)
    entries += _write_decisions(connection, change.decisions, key)
    counting.count(connection, after=before, day=key.day)
    committed, of_events = _write_events(connection, prepared, key)
    entries += of_events
    _write_health(connection, change.health)
    _write_faults(connection, change.faults)
    _write_impacts(connection, change.impacts)
    _write_told(connection, change.told, change.forget)
    _write_stops(connection, change, now)
    entries += _write_notices(connection, change.notices, change.channel_classes, key, now)
    entries += _write_outcomes(connection, change.outcomes)
    log.append(connection, entries)
    return committed


def installation_key(connection: Connection) -> bytes:
    """Return the key of this installation, made where there is none yet."""
    fresh = sqlite.insert(tables.installation).values(n=1, key=secrets.token_bytes(32))
    connection.execute(fresh.on_conflict_do_nothing())
    return bytes(connection.execute(select(tables.installation.c.key)).scalar_one())


class _DayKey:
    """The key of one day, made when it is first needed: 32 random bytes, destroyed by `retention`."""

    def __init__(self, connection: Connection, day: date) -> None:
        self.day = day
        self._connection = connection
        self._key: bytes | None = None

    def commitment(self, content: bytes) -> bytes:
        """Return the commitment to `content` under this day's key."""
        if self._key is None:
            self._key = self._get()
        return record.commitment(self._key, content)

    def _get(self) -> bytes:
        fresh = sqlite.insert(tables.day_keys).values(day=self.day, key=secrets.token_bytes(32))
        self._connection.execute(fresh.on_conflict_do_nothing())
        kept = select(tables.day_keys.c.key).where(tables.day_keys.c.day == self.day)
        return bytes(self._connection.execute(kept).scalar_one())


# --- the gate -----------------------------------------------------------------------------------------------------


def _write_decisions(connection: Connection, decisions: Sequence[tuple[Decision, bytes]], key: _DayKey) -> list[Body]:
    """Write each decision that is new this day; a feed that says the same each minute adds nothing."""
    rows: dict[bytes, dict[str, Any]] = {}
    for decision, content in decisions:
        commitment = key.commitment(content)
        rows[commitment] = {
            "day": key.day,
            "verdict": decision.verdict.value,
            "rule": decision.rule,
            "ruleset": decision.ruleset,
            "commitment": commitment,
        }
    if not rows:
        return []
    ordered = [rows[commitment] for commitment in sorted(rows)]
    statement = sqlite.insert(tables.decisions).on_conflict_do_nothing().returning(tables.decisions.c.commitment)
    fresh = sorted(bytes(commitment) for commitment in connection.execute(statement, ordered).scalars())
    return [
        record.decision_entry(day=key.day, ruleset=rows[commitment]["ruleset"], commitment=commitment)
        for commitment in fresh
    ]


# --- events -------------------------------------------------------------------------------------------------------


def _write_events(connection: Connection, prepared: Prepared, key: _DayKey) -> tuple[Committed, list[Body]]:
    """Write what arrived and what moved. An event that came again as it was is no change."""
    change, arrived = prepared.change, prepared.arrived
    stored = _stored(connection, arrived.keys() | change.threads.keys() | change.absent.keys() | change.unlisted.keys())
    seq = _seq(connection)
    added, rewritten = [], []
    for name, (_, _, _, text) in arrived.items():
        if name not in stored:
            added.append(name)
        elif stored[name].body != text:
            rewritten.append(name)
    moved = list(_moved(change, arrived, stored))
    if not (added or rewritten or moved):
        return Committed(seq=seq), []
    seq += 1
    connection.execute(
        sqlite.insert(tables.meta)
        .values(key="seq", value=seq)
        .on_conflict_do_update(index_elements=["key"], set_={"value": seq})
    )
    _insert_events(connection, [_row(*arrived[name], absent_since=change.absent.get(name), seq=seq) for name in added])
    _update_events(connection, [_row(*arrived[name], absent_since=None, seq=seq) for name in rewritten])
    _write_keys(connection, [arrived[name][0] for name in added], [arrived[name][0] for name in rewritten])
    _move(connection, moved, seq)
    return Committed(seq=seq, added=tuple(added), rewritten=tuple(rewritten)), _event_entries(
        key, arrived, added, rewritten
    )


def _event_entries(
    key: _DayKey,
    arrived: Mapping[str, tuple[Event, str, datetime, str]],
    added: Iterable[str],
    rewritten: Iterable[str],
) -> list[Body]:
    commitments = sorted(
        (key.commitment(arrived[name][3].encode()), is_new)
        for names, is_new in ((added, True), (rewritten, False))
        for name in names
    )
    return [record.event_entry(day=key.day, is_new=is_new, commitment=commitment) for commitment, is_new in commitments]


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


def _seq(connection: Connection) -> int:
    return connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == "seq")).scalar() or 0


def _row(
    event: Event, thread: str, received: datetime, body: str, *, absent_since: datetime | None, seq: int
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
        "body": body,
    }


def _moved(
    change: Change, arrived: Mapping[str, tuple[Event, str, datetime, str]], stored: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
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


# --- sources, places, channels ------------------------------------------------------------------------------------


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
    return {
        **{column.name: getattr(health, column.name) for column in tables.health.c},
        "gaps": json.dumps(dict(health.gaps), separators=(",", ":")),
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


def _write_told(connection: Connection, told: Sequence[Told], forget: Sequence[tuple[str, str, str]]) -> None:
    columns = tables.told.c
    if forget:
        statement = delete(tables.told).where(
            columns.channel == bindparam("c"), columns.place == bindparam("p"), columns.family == bindparam("f")
        )
        connection.execute(statement, [{"c": channel, "p": place, "f": family} for channel, place, family in forget])
    if told:
        upsert = sqlite.insert(tables.told)
        connection.execute(
            upsert.on_conflict_do_update(
                index_elements=["channel", "place", "family"], set_={"body": upsert.excluded.body}
            ),
            [
                {"channel": one.channel, "place": one.place, "family": one.family, "body": record.to_text(one)}
                for one in told
            ],
        )


def _write_stops(connection: Connection, change: Change, now: datetime) -> None:
    """Stop sources, or let them go on. A stop that stands keeps its first moment."""
    if change.repaired:
        connection.execute(delete(tables.stopped).where(tables.stopped.c.clause.in_(change.repaired)))
    if change.stops:
        statement = sqlite.insert(tables.stopped).on_conflict_do_nothing()
        rows = [{"source": source, "clause": clause, "since": now} for source, clause in change.stops]
        connection.execute(statement, rows)


# --- the outbox ---------------------------------------------------------------------------------------------------


def _write_notices(
    connection: Connection, notices: Sequence[Notice], classes: Mapping[str, str], key: _DayKey, now: datetime
) -> list[Body]:
    """Put notices in the outbox; one whose id is there already is left as it is."""
    if not notices:
        return []
    rows = {notice.id: _notice_row(notice) for notice in notices}
    statement = sqlite.insert(tables.notices).on_conflict_do_nothing().returning(tables.notices.c.id)
    fresh = set(connection.execute(statement, list(rows.values())).scalars())
    return [
        record.notice_entry(
            notice,
            channel_class=classes.get(notice.channel, ""),
            commitment=key.commitment(rows[notice.id]["body"].encode()),
            now=now,
        )
        for notice in {notice.id: notice for notice in notices}.values()
        if notice.id in fresh
    ]


def _notice_row(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "at": notice.at,
        "channel": notice.channel,
        "reason": notice.reason.value,
        "family": notice.family,
        "hazard": notice.hazard,
        "level": int(notice.level),
        "ends": notice.ends,
        "body": record.to_text(notice),
        "state": "waiting",
        "attempts": 0,
        "next_try": notice.at,
        "sent_at": None,
        "error": "",
    }


def _write_outcomes(connection: Connection, outcomes: Sequence[Outcome]) -> list[Body]:
    """Write what became of notices; one that was settled already stays as it was."""
    columns = tables.notices.c
    entries = []
    for outcome in outcomes:
        statement = (
            update(tables.notices)
            .where(columns.id == outcome.notice, columns.state.in_(["waiting", "failed"]))
            .values(
                state=outcome.state,
                attempts=columns.attempts + 1,
                next_try=outcome.next_try,
                sent_at=outcome.at if outcome.state == "sent" else None,
                error=outcome.error,
            )
            .returning(columns.attempts)
        )
        attempts = connection.execute(statement).scalar()
        if attempts is not None:
            entries.append(
                record.delivery_entry(
                    notice=outcome.notice, state=outcome.state, attempts=attempts, now=outcome.at.astimezone(UTC)
                )
            )
    return entries
