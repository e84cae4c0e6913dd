"""What channels are told: the notices in the outbox, what became of them, and what each channel was last told.

Every function here runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects import sqlite

from tocsin import record
from tocsin.model import Notice, Reason, Told
from tocsin.store import log, tables
from tocsin.store.change import Outcome
from tocsin.store.keys import DayKey
from tocsin.store.tables import chunks

_OF_COVERAGE = {Reason.BLIND, Reason.SEEING_AGAIN}


def write_notices(
    connection: Connection,
    notices: Sequence[Notice],
    classes: Mapping[str, str],
    pen: log.Pen,
    key: DayKey,
    now: datetime,
) -> dict[tuple[str, str, str], int]:
    """Put notices in the outbox; one whose id is there already is left as it is.

    Returns for each channel, place and family that is told something new the `about` of that notice's entry.
    """
    abouts: dict[tuple[str, str, str], int] = {}
    if not notices:
        return abouts
    rows = {notice.id: _notice_row(notice) for notice in notices}
    statement = sqlite.insert(tables.notices).on_conflict_do_nothing().returning(tables.notices.c.id)
    fresh = set(connection.execute(statement, list(rows.values())).scalars())
    for notice in {notice.id: notice for notice in notices}.values():
        if notice.id in fresh:
            about = _about(connection, notice)
            abouts |= {(notice.channel, place, notice.family): about for place in notice.places}
            pen.add(
                record.notice_entry(
                    notice,
                    about=about,
                    channel_class=classes.get(notice.channel, ""),
                    commitment=key.commitment(rows[notice.id]["body"].encode()),
                    now=now,
                )
            )
    return abouts


def _about(connection: Connection, notice: Notice) -> int:
    """Return the number of the entry of the newest event that a notice tells of, or of the source that it misses.

    An event may be deleted before its end is told, where Tocsin stood still in between: then that of the notice before.
    """
    if notice.reason in _OF_COVERAGE:
        configured = tables.sources.c
        named = configured.source.in_(notice.sources) if notice.sources else configured.source.is_not(None)
        return connection.execute(select(func.max(configured.entry)).where(named)).scalar() or 0
    events, told = tables.events.c, tables.told.c
    names = {evidence.event for concern in notice.concerns for evidence in concern.evidence}
    newest = [
        connection.execute(select(func.max(events.entry)).where(column.in_(some))).scalar() or 0
        for column, wanted in ((events.id, names), (events.thread, notice.threads))
        for some in chunks(wanted)
    ]
    before = (told.channel == notice.channel) & (told.family == notice.family) & (told.place == notice.places[0])
    return max(newest, default=0) or connection.execute(select(told.about).where(before)).scalar() or 0


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


def write_outcomes(connection: Connection, outcomes: Iterable[Outcome], pen: log.Pen) -> None:
    """Write what became of notices; one that was settled already stays as it was."""
    columns = tables.notices.c
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
            pen.add(
                record.delivery_entry(
                    notice=outcome.notice, state=outcome.state, attempts=attempts, now=outcome.at.astimezone(UTC)
                )
            )


def write_told(
    connection: Connection,
    told: Sequence[Told],
    forget: Sequence[tuple[str, str, str]],
    abouts: Mapping[tuple[str, str, str], int],
) -> None:
    """Write what each channel was told of each place and family, with the entry that it was about; forget the rest."""
    columns = tables.told.c
    if forget:
        statement = delete(tables.told).where(
            columns.channel == bindparam("c"), columns.place == bindparam("p"), columns.family == bindparam("f")
        )
        connection.execute(statement, [{"c": channel, "p": place, "f": family} for channel, place, family in forget])
    if told:
        upsert = sqlite.insert(tables.told)
        new = upsert.excluded
        values = {"body": new.body, "about": func.max(columns.about, new.about)}
        rows = [
            {
                "channel": one.channel,
                "place": one.place,
                "family": one.family,
                "about": abouts.get((one.channel, one.place, one.family), 0),
                "body": record.to_text(one),
            }
            for one in told
        ]
        connection.execute(
            upsert.on_conflict_do_update(index_elements=["channel", "place", "family"], set_=values), rows
        )
