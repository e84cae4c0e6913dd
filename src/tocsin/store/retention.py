"""What is deleted when it has served its time. Runs inside the caller's transaction, with ledger entries.

A thread goes whole or not at all: were only its Cancel or its latest Update removed, what those had ended would be in
force again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, func, or_, select

from tocsin import record
from tocsin.gate.effect import WITHOUT_CAUSE
from tocsin.hazards import HAZARDS
from tocsin.store import log, tables
from tocsin.store.change import Purged
from tocsin.store.tables import Moment

KEPT = timedelta(days=7)  # after the last member of a thread has ended
KEPT_EFFECT_ONLY = timedelta(hours=24)  # NEUTRALITY, N5: nobody keeps a history of closures without a cause
KEYS_KEPT = timedelta(days=30)  # NEUTRALITY, "Decided": the audit window of commitments
FAULTS_KEPT = timedelta(days=90)  # after a sort was last found: a publisher is told of what still happens
_EFFECT_FAMILIES = sorted({HAZARDS[slug].family for slug in WITHOUT_CAUSE})


def purge(connection: Connection, now: datetime) -> Purged:
    """Delete what has served its time at `now`; return how much that was."""
    served = delete(tables.events).where(tables.events.c.thread.in_(_served_threads(now)))
    events = connection.execute(served).rowcount
    impacts = tables.impacts.c
    orphaned = and_(impacts.ends <= now, impacts.event.not_in(select(tables.events.c.id)))
    connection.execute(delete(tables.impacts).where(orphaned))
    notices = connection.execute(delete(tables.notices).where(_served_notices(now))).rowcount
    connection.execute(delete(tables.faults).where(tables.faults.c["last"] < record.day_of(now - FAULTS_KEPT)))
    days = tables.day_keys.c.day
    expired = delete(tables.day_keys).where(days < record.day_of(now - KEYS_KEPT)).returning(days)
    destroyed = sorted(connection.execute(expired).scalars())
    for table in (tables.decisions, tables.side_trees):  # without its key a commitment is noise to everybody
        connection.execute(delete(table).where(table.c.day < record.day_of(now - KEYS_KEPT)))
    pen = log.Pen(connection)
    for day in destroyed:
        pen.add(record.key_destroyed_entry(day))
    if events or notices:
        pen.add(record.purge_entry(events=events, notices=notices, now=now))
    pen.append()
    return Purged(events=events, notices=notices, day_keys=len(destroyed))


def _served_threads(now: datetime) -> Select[tuple[str]]:
    events = tables.events.c
    gone = and_(events.absent_since.is_not(None), events.absent_since < events.ends)
    last = func.max(case((gone, events.absent_since), else_=events.ends), type_=Moment())
    # A bare Cancel has no hazard. It shares the fate of its thread, and alone it may be the end of an effect.
    with_cause = func.count(case((events.hazard.not_in(WITHOUT_CAUSE), 1)))
    return (
        select(events.thread)
        .group_by(events.thread)
        .having(or_(last <= now - KEPT, and_(last <= now - KEPT_EFFECT_ONLY, with_cause == 0)))
    )


def _served_notices(now: datetime) -> ColumnElement[bool]:
    """Notices of effects without a cause go with their events; all others stay, as the record of what was told."""
    notices = tables.notices.c
    ended = and_(notices.hazard.is_(None), notices.family.in_(_EFFECT_FAMILIES))  # an all-clear names no hazard
    return and_(
        or_(notices.hazard.in_(WITHOUT_CAUSE), ended),
        notices.next_try.is_(None),
        func.coalesce(notices.ends, notices.at, type_=Moment()) <= now - KEPT_EFFECT_ONLY,
        notices.at <= now - KEPT_EFFECT_ONLY,
    )
