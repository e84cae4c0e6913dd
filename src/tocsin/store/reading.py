"""What the store can be asked. Every function runs inside the caller's transaction and so sees one moment."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from tocsin import record
from tocsin.model import Event, Fault, Flag, Health, Impact, Mark, Notice, Told
from tocsin.store import tables
from tocsin.store.change import Kept, Seen, Standing, Waiting
from tocsin.store.tables import chunks

_events = tables.events.c
_notices = tables.notices.c
_FLAGS = frozenset(Flag)  # a word that a later version has dropped is dropped with its row


def standing(connection: Connection, threads: Iterable[str]) -> tuple[Standing, ...]:
    """Return all events of the given threads."""
    query = select(_events.body, _events.thread, _events.absent_since, _events.unlisted_since)
    rows = (
        row
        for some in chunks(threads)
        for row in connection.execute(query.where(_events.thread.in_(some)).order_by(_events.id))
    )
    return tuple(
        Standing(
            event=record.from_text(Event, row.body),
            thread=row.thread,
            absent_since=row.absent_since,
            unlisted_since=row.unlisted_since,
        )
        for row in rows
    )


def events_of(connection: Connection, source: str, now: datetime) -> tuple[Event, ...]:
    """Return the events that no snapshot of a source has ended, of threads that have not ended by our clock."""
    live = select(_events.thread).where(_events.source == source, _events.ends > now)
    query = select(_events.body).where(
        _events.source == source, _events.absent_since.is_(None), _events.thread.in_(live)
    )
    return tuple(record.from_text(Event, body) for body in connection.execute(query.order_by(_events.id)).scalars())


def listed(connection: Connection, source: str, now: datetime) -> frozenset[str]:
    """Return the ids of the events that a source still lists and that have not ended by our clock."""
    query = select(_events.id).where(
        _events.source == source, _events.unlisted_since.is_(None), _events.absent_since.is_(None), _events.ends > now
    )
    return frozenset(connection.execute(query).scalars())


def threads_of(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Return the threads that hold an event with one of `keys`."""
    held = select(_events.thread).join_from(tables.event_keys, tables.events).distinct()
    return {
        thread
        for some in chunks(keys)
        for thread in connection.execute(held.where(tables.event_keys.c.key.in_(some))).scalars()
    }


def changed_since(connection: Connection, seq: int) -> tuple[set[str], int]:
    """Return the threads of all events that changed after `seq`, and the highest `seq` there is."""
    highest = connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == "seq")).scalar() or 0
    query = select(_events.thread).where(_events.seq > seq).distinct()
    return set(connection.execute(query).scalars()), highest


def live_threads(connection: Connection, now: datetime) -> set[str]:
    """Return the threads of which at least one event has not ended by our clock."""
    return set(connection.execute(select(_events.thread).where(_events.ends > now).distinct()).scalars())


def healths(connection: Connection) -> tuple[Health, ...]:
    """Return what is known of each source that was ever polled."""
    rows = connection.execute(select(tables.health).order_by(tables.health.c.source)).mappings()
    return tuple(
        Health(
            **{
                **row,
                **_rhythm(row["gaps"]),
                "marks": tuple(
                    Mark(flag=Flag(flag), last=datetime.fromisoformat(last), times=times)
                    for flag, last, times in json.loads(row["marks"])
                    if flag in _FLAGS
                ),
            }
        )
        for row in rows
    )


def _rhythm(text: str) -> dict[str, Any]:
    gaps = json.loads(text)
    rests = tuple((begin, end) for begin, end in gaps.pop(tables.RESTS, ()))
    return {"gaps": {int(bucket): weight for bucket, weight in gaps.items()}, "rests": rests}


def faults(connection: Connection, source: str) -> tuple[Fault, ...]:
    """Return the faults of a source's documents."""
    columns = tables.faults.c
    query = select(tables.faults).where(columns.source == source).order_by(columns.message, columns["where"])
    return tuple(Fault(**row) for row in connection.execute(query).mappings())


def stopped(connection: Connection) -> frozenset[str]:
    """Return the sources from which nothing is collected because of a breach."""
    return frozenset(connection.execute(select(tables.stopped.c.source)).scalars())


def told(connection: Connection) -> tuple[Told, ...]:
    """Return what each channel was last told about each place and family."""
    columns = tables.told.c
    query = select(columns.body).order_by(columns.channel, columns.place, columns.family)
    return tuple(record.from_text(Told, body) for body in connection.execute(query).scalars())


def impacts_of(connection: Connection, place: str) -> tuple[Seen, ...]:
    """Return the impacts at a place and what came of each, the latest first."""
    columns = tables.impacts.c
    query = select(columns.body, columns.outcome).where(columns.place == place)
    rows = connection.execute(query.order_by(columns.begins.desc(), columns.event))
    return tuple(Seen(impact=record.from_text(Impact, row.body), outcome=row.outcome) for row in rows)


def waiting(connection: Connection, now: datetime, limit: int) -> tuple[Waiting, ...]:
    """Return the notices that are due to be sent: oldest first and among equals worst first, `limit` a channel.

    The limit is each channel's own, so that a long queue at a dead receiver keeps nobody else waiting.
    """
    order = (_notices.at, _notices.level.desc(), _notices.id)
    due = (
        select(_notices.id, func.row_number().over(partition_by=_notices.channel, order_by=order).label("rank"))
        .where(_notices.next_try <= now)
        .subquery()
    )
    query = select(_notices.body, _notices.attempts).join(due, due.c.id == _notices.id).where(due.c.rank <= limit)
    return tuple(
        Waiting(notice=record.from_text(Notice, row.body), attempts=row.attempts)
        for row in connection.execute(query.order_by(*order))
    )


def next_waiting(connection: Connection) -> datetime | None:
    """Return when the next notice is due to be sent, or None when none waits."""
    moment = connection.execute(select(func.min(_notices.next_try, type_=tables.Moment()))).scalar()
    return moment if isinstance(moment, datetime) else None


def recent_notices(connection: Connection, limit: int) -> tuple[Kept, ...]:
    """Return the latest notices, newest first."""
    order = (_notices.at.desc(), _notices.level.desc(), _notices.id)
    return tuple(map(_kept, connection.execute(select(tables.notices).order_by(*order).limit(limit))))


def notice(connection: Connection, name: str) -> Kept | None:
    """Return the notice with this id."""
    row = connection.execute(select(tables.notices).where(_notices.id == name)).first()
    return _kept(row) if row else None


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        notice=record.from_text(Notice, row.body),
        state=row.state,
        attempts=row.attempts,
        next_try=row.next_try,
        sent_at=row.sent_at,
        error=row.error,
    )
