"""Values for the store's tests: events that went through the real gate, notices, impacts and the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shapely.geometry import box

from tocsin import gate
from tocsin.gate import Admitted
from tocsin.model import (
    Area,
    Category,
    Certainty,
    Code,
    Concern,
    Decision,
    Event,
    Evidence,
    Health,
    Impact,
    IssuerClass,
    Item,
    Level,
    Notice,
    Reason,
    Relation,
    Severity,
    Text,
    Told,
    Urgency,
    Verdict,
)
from tocsin.store import Change, Ruled, Seen, Store

NOW = datetime(2021, 12, 11, 2, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WORDS = "A large tornado was seen near the interstate. Take shelter now."


def event(identifier: str = "a", **changes: Any) -> Event:
    """Return a tornado warning as a reader would hand it to the gate."""
    plain = Event(
        source="nws",
        sender="example.org",
        identifier=identifier,
        sent=NOW - timedelta(minutes=5),
        expires=NOW + HOUR,
        category=(Category.MET,),
        codes=(Code("SAME", "TOR"),),
        urgency=Urgency.IMMEDIATE,
        severity=Severity.EXTREME,
        certainty=Certainty.OBSERVED,
        texts=(Text(language="en", event="Tornado Warning", headline="Tornado Warning", description=WORDS),),
        areas=(Area(description="Madison", geometry=box(-90.1, 38.6, -89.9, 38.8)),),
    )
    return replace(plain, **changes)


def item(*events: Event, at: str = "alert[0]") -> Item:
    return Item(at=at, events=events)


def admitted(identifier: str = "a", **changes: Any) -> Admitted:
    """Return what the gate lets through of `event(...)`; it must be something."""
    return gate.examine(item(event(identifier, **changes)), issuer_class=IssuerClass.HAZARD).admitted[0]


def stored(*arrivals: Admitted, thread: str = "t", now: datetime = NOW, **more: Any) -> Change:
    return Change(events=tuple((one, thread, now) for one in arrivals), **more)


def name(identifier: str = "a", **changes: Any) -> str:
    return admitted(identifier, **changes).event.id


def decision(rule: str = "listed", verdict: Verdict = Verdict.PASS) -> Decision:
    return Decision(verdict=verdict, rule=rule, ruleset=gate.RULESET)


def ruled(digest: bytes, rule: str = "listed", verdict: Verdict = Verdict.PASS, events: tuple[str, ...] = ()) -> Ruled:
    return Ruled(decision=decision(rule, verdict), digest=digest, events=events)


def health(source: str = "nws", **changes: Any) -> Health:
    plain = Health(source=source, attempted=NOW, succeeded=NOW, as_of=NOW - HOUR, etag='"1"', next_due=NOW + HOUR)
    return replace(plain, **changes)


def evidence(identifier: str = "a") -> Evidence:
    one = admitted(identifier).event
    return Evidence(
        event=one.id,
        source=one.source,
        identifier=one.identifier,
        sent=one.sent,
        severity=one.severity,
        urgency=one.urgency,
        certainty=one.certainty,
        area_exact=True,
    )


def impact(place: str = "depot", identifier: str = "a", **changes: Any) -> Impact:
    plain = Impact(
        place=place,
        thread="t",
        family="tornado",
        hazard="tornado",
        relation=Relation.INSIDE,
        distance_m=0.0,
        begins=NOW,
        ends=NOW + HOUR,
        people=Level.ACT_NOW,
        buildings=Level.ACT_NOW,
        traffic=Level.BE_PREPARED,
        rules=("tornado",),
        response=(),
        evidence=evidence(identifier),
    )
    return replace(plain, **changes)


def seen(outcome: Any = "told", **changes: Any) -> Seen:
    return Seen(impact=impact(**changes), outcome=outcome)


def concern(place: str = "depot") -> Concern:
    return Concern(
        place=place,
        family="tornado",
        hazard="tornado",
        level=Level.ACT_NOW,
        people=Level.ACT_NOW,
        buildings=Level.ACT_NOW,
        traffic=Level.BE_PREPARED,
        begins=NOW,
        ends=NOW + HOUR,
        relation=Relation.UNPLACED,
        distance_m=float("inf"),
        threads=("t",),
        evidence=(evidence(),),
    )


def notice(identifier: str = "ntc_1", **changes: Any) -> Notice:
    plain = Notice(
        id=identifier,
        at=NOW,
        channel="desk",
        reason=Reason.FIRST,
        family="tornado",
        hazard="tornado",
        level=Level.ACT_NOW,
        begins=NOW,
        ends=NOW + HOUR,
        places=("depot",),
        threads=("t",),
        concerns=(concern(),),
        texts=(Text(language="en", headline="Tornado Warning", description=WORDS),),
    )
    return replace(plain, **changes)


def told(channel: str = "desk", place: str = "depot", family: str = "tornado", **changes: Any) -> Told:
    plain = Told(channel=channel, place=place, family=family, at=NOW, level=Level.ACT_NOW, begins=NOW, ends=NOW + HOUR)
    return replace(plain, **changes)


def everything() -> Change:
    """Return a change that writes to every table."""
    return Change(
        events=((admitted("a"), "t", NOW), (admitted("b"), "t", NOW)),
        decisions=(ruled(b"item a", events=(name("a"),)), ruled(b"item b", "listed", events=(name("b"),))),
        health=(health(),),
        impacts=(seen(),),
        notices=(notice("ntc_1"), notice("ntc_2", channel="mail")),
        told=(told(),),
        forget=(("desk", "depot", "flood"),),
        channel_classes={"desk": "webhook", "mail": "email"},
        is_start=True,
    )


def dump(store: Store, *, without: Iterable[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table but those named, so that two states can be compared."""
    with store._moment() as connection:  # noqa: SLF001
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        return {
            table: sorted(tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}"))  # noqa: S608
            for table in names
            if table not in {"alembic_version", *without}
        }
