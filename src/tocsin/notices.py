"""Whether a channel must hear about a place now, and why: one comparison, one named reason.

Level-triggered: what is true is compared with what was last told. Nothing is remembered here, so a restart, a retry,
a second worker and the mere passing of time reach the same answer. `Told` changes only when something is told, so
that small steps add up to a reason in the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from tocsin.model import Blindness, Concern, Event, Level, Notice, Reason, Response, Told

COVERAGE = "coverage"  # the family of notices about blindness

SOONER_BY = timedelta(minutes=30)
LONGER_BY = timedelta(hours=3)
EASE_AFTER = timedelta(minutes=15)

_TO_DO = frozenset({Response.SHELTER, Response.EVACUATE, Response.PREPARE, Response.EXECUTE, Response.AVOID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One channel must hear about one place and family, for a reason. Without `current` it is over."""

    channel: str
    place: str
    family: str
    reason: Reason
    current: Concern | Blindness | None
    told: Told | None


def due(current: Concern | None, told: Told | None, *, now: datetime, at_least: Level) -> Reason | None:
    """Return why a channel that hears from `at_least` on must hear of this concern at `now`, or None.

    What is worse is told at once. What is better waits until `EASE_AFTER` after the last word, so that an issuer who
    wavers does not ring each time; an end is told at once.
    """
    if told is None:
        return Reason.FIRST if current and current.level >= at_least else None
    if current is None:
        return Reason.ENDED if told.level >= at_least else None
    if current.level > told.level:
        return Reason.WORSE if current.level >= at_least else None
    if told.level < at_least:
        return None
    if current.level < told.level:
        return Reason.EASED if now >= told.at + EASE_AFTER else None
    return _changed(current, told, now)


def _changed(current: Concern, told: Told, now: datetime) -> Reason | None:
    """Return what else a concern of the told level can give reason for."""
    if _TO_DO & set(current.response) - set(told.response):
        return Reason.INSTRUCTION
    if told.begins is not None and max(current.begins, now) <= told.begins - SOONER_BY:
        return Reason.SOONER
    if told.ends is not None and current.ends >= told.ends + LONGER_BY:
        return Reason.LONGER
    return None


def settles(current: Concern | None, told: Told | None) -> datetime | None:
    """Return when an easing that is held back now will be told, or None."""
    if current is None or told is None or current.level >= told.level:
        return None
    return told.at + EASE_AFTER


def due_coverage(current: Blindness | None, told: Told | None) -> Reason | None:
    """Return BLIND when a family is unwatched that was not told so, SEEING_AGAIN when none is any more, or None."""
    if current is not None:
        return Reason.BLIND if told is None or set(current.families) - set(told.families) else None
    return Reason.SEEING_AGAIN if told is not None else None


def told_after(change: Due, *, now: datetime) -> Told | None:
    """Return what the channel has been told once the change is in the outbox; None when there is nothing to keep."""
    current = change.current
    if current is None:
        return None
    if isinstance(current, Blindness):
        return Told(
            channel=change.channel,
            place=change.place,
            family=change.family,
            at=now,
            level=Level.NOTICE,
            families=current.families,
        )
    return Told(
        channel=change.channel,
        place=change.place,
        family=change.family,
        at=now,
        level=current.level,
        begins=current.begins,
        ends=current.ends,
        response=current.response,
        threads=current.threads,
    )


def group(changes: Iterable[Due], *, now: datetime, events: Mapping[str, Event]) -> tuple[Notice, ...]:
    """Return the notices of these changes: one for each channel, reason, family and level, with all its places.

    `events` gives the words of the worst evidence; an event that is not there gives none.
    """
    groups: defaultdict[tuple[object, ...], list[Due]] = defaultdict(list)
    for change in changes:
        groups[_group_of(change)].append(change)
    return tuple(_notice(same, now, events) for same in groups.values())


def _group_of(change: Due) -> tuple[object, ...]:
    blindness = change.current if isinstance(change.current, Blindness) else None
    families = blindness.families if blindness else change.told.families if change.told else ()
    return (change.channel, change.reason, change.family, _level(change), families, blindness and blindness.sources)


def _level(change: Due) -> Level:
    """Return the level that a notice is about: for an end, the level that ends."""
    if isinstance(change.current, Concern):
        return change.current.level
    if change.told is not None and change.current is None:
        return change.told.level
    return Level.NOTICE


def _notice(changes: Sequence[Due], now: datetime, events: Mapping[str, Event]) -> Notice:
    first = changes[0]
    concerns = sorted(
        (change.current for change in changes if isinstance(change.current, Concern)),
        key=lambda concern: (-concern.level, concern.begins, concern.place),
    )
    blindness = first.current if isinstance(first.current, Blindness) else None
    told = [change.told for change in changes if change.told is not None]
    spans: Sequence[Concern | Told] = concerns or told
    event = events.get(concerns[0].evidence[0].event) if concerns and concerns[0].evidence else None
    places = tuple(sorted(change.place for change in changes))
    threads = tuple(sorted({thread for span in spans for thread in span.threads}))
    return Notice(
        id=_id(first, now, places, threads),
        at=now,
        channel=first.channel,
        reason=first.reason,
        family=first.family,
        hazard=concerns[0].hazard if concerns else None,
        level=_level(first),
        begins=min((span.begins for span in spans if span.begins), default=None),
        ends=max((span.ends for span in spans if span.ends), default=None),
        places=places,
        threads=threads,
        families=blindness.families if blindness else told[0].families if told else (),
        sources=blindness.sources if blindness else (),
        concerns=tuple(concerns),
        texts=event.texts if event else (),
        sender_name=event.sender_name if event else "",
        web=event.web if event else "",
    )


def _id(change: Due, now: datetime, places: Sequence[str], threads: Sequence[str]) -> str:
    """Return a name that the same notice of the same moment has on every machine."""
    parts = [now.isoformat(), change.channel, change.reason, change.family, str(int(_level(change))), *places, *threads]
    return "ntc_" + sha256("\0".join(parts).encode()).hexdigest()[:26]
