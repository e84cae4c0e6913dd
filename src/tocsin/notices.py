"""Whether a channel must hear about a place now, and why: one comparison, one named reason.

Level-triggered: what is true is compared with what was last told. Nothing is remembered here, so a restart, a retry,
a second worker and the mere passing of time reach the same answer. `Told` changes only when something is told, so
that small steps add up to a reason in the end.

What leaves less time or asks for more (first, worse, sooner, instruction) is told at once, and so is an end; an easing
waits until some time after the last word. Neither an end nor an easing is told as the fourth word within an hour. What
flips between two levels every minute, or comes and goes, thus rings at most four times in any hour.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from tocsin.model import Blindness, Concern, Event, Level, Notice, Reason, Response, Told

COVERAGE = "coverage"  # the family of notices about blindness

SOONER_BY = timedelta(minutes=30)
LONGER_BY = timedelta(hours=3)
# Not shorter: an easing and the next rise ring within a minute, and four notices in an hour are the most (F10).
EASE_AFTER = timedelta(minutes=30)
HOUR = timedelta(hours=1)
MOST_AN_HOUR = 4

_LEVEL_STANDS = frozenset({Reason.SOONER, Reason.INSTRUCTION, Reason.LONGER})
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

    A concern below `at_least` does not ring for itself; one that was told and falls below is eased once, and then its
    channel is left in peace, its end included, until it rises again. What rises from there is a first word when
    no thread of it was ever told. Calm never rings.
    """
    at_least = max(at_least, Level.NOTICE)
    if told is None or told.level < at_least:
        if current is None or current.level < at_least:
            return None
        is_known = told is not None and told.level > Level.CALM and set(told.threads) & set(current.threads)
        return Reason.WORSE if is_known else Reason.FIRST
    if current is None:
        return Reason.ENDED if now >= _quiet_until(told) else None
    if current.level > told.level:
        return Reason.WORSE
    return _changed(current, told, now)


def _changed(current: Concern, told: Told, now: datetime) -> Reason | None:
    """Return what a concern that is no worse than told can give reason for, the most pressing first."""
    # A begin that has passed counts as now: it rings while the one that was told still lies well ahead.
    if told.begins is not None and max(current.begins, now) <= told.begins - SOONER_BY:
        return Reason.SOONER
    if _TO_DO & set(current.response) - set(told.response):
        return Reason.INSTRUCTION
    if current.level < told.level:
        return Reason.EASED if now >= max(told.at + EASE_AFTER, _quiet_until(told)) else None
    if told.ends is not None and current.ends >= told.ends + LONGER_BY:
        return Reason.LONGER
    return None


def _quiet_until(told: Told) -> datetime:
    """Return from when on good news is no longer the last of too many words within an hour."""
    return told.rang[1 - MOST_AN_HOUR] + HOUR if len(told.rang) >= MOST_AN_HOUR - 1 else told.at


def settles(current: Concern | None, told: Told | None) -> datetime | None:
    """Return the moment from which an easing or an end is no longer held back, or None when neither is."""
    if told is None or told.level is Level.CALM:
        return None
    if current is None:
        return _quiet_until(told) if len(told.rang) >= MOST_AN_HOUR - 1 else None
    return max(told.at + EASE_AFTER, _quiet_until(told)) if current.level < told.level else None


def is_remembered(told: Told, now: datetime) -> bool:
    """Return whether what was told and is over still counts, because it was told within the hour."""
    return told.level is Level.CALM and now < told.at + HOUR


def due_coverage(current: Blindness | None, told: Told | None) -> Reason | None:
    """Return BLIND when a family is unwatched that was not told so, SEEING_AGAIN when none is any more, or None.

    When only some families are watched again nothing is told yet, and what was told stays.
    """
    if current is not None:
        return Reason.BLIND if set(current.families) - set(told.families if told else ()) else None
    return Reason.SEEING_AGAIN if told is not None else None


def told_after(change: Due, *, now: datetime) -> Told | None:
    """Return what the channel has been told once the change is in the outbox; None when there is nothing to keep.

    A notice that is not about the level leaves the told level and responses standing, so that it cannot be the way
    round the damping: only worse and eased move them down or anew.
    """
    current, told = change.current, change.told
    rang = _rang(told, now)
    if current is None:
        if change.reason is not Reason.ENDED or told is None or len(rang) == 1:
            return None
        return replace(told, at=now, level=Level.CALM, begins=None, ends=None, response=(), rang=rang)
    if isinstance(current, Blindness):
        return Told(
            channel=change.channel,
            place=change.place,
            family=change.family,
            at=now,
            level=Level.NOTICE,
            families=current.families,
        )
    level, response = current.level, current.response
    if told is not None and change.reason in _LEVEL_STANDS:
        level = max(told.level, level)
        response = tuple(one for one in Response if one in {*told.response, *response})
    return Told(
        channel=change.channel,
        place=change.place,
        family=change.family,
        at=now,
        level=level,
        begins=current.begins,
        ends=current.ends,
        response=response,
        threads=current.threads,
        rang=rang,
    )


def _rang(told: Told | None, now: datetime) -> tuple[datetime, ...]:
    known = told.rang if told is not None else ()
    return (*(moment for moment in known if moment > now - HOUR), now)[-MOST_AN_HOUR:]


def group(changes: Iterable[Due], *, now: datetime, events: Mapping[str, Event]) -> tuple[Notice, ...]:
    """Return the notices of these changes, worst first: one for each channel, reason, family and level, all places.

    Coverage goes by channel, reason, families and sources. `events` gives the words of the worst evidence; an event
    that is not there gives none. The order of the changes does not matter.
    """
    groups: defaultdict[tuple[object, ...], list[Due]] = defaultdict(list)
    for change in changes:
        groups[_group_of(change)].append(change)
    found = (_notice(same, now, events) for same in groups.values())
    return tuple(sorted(found, key=lambda notice: (-notice.level, notice.channel, notice.family, notice.id)))


def _group_of(change: Due) -> tuple[object, ...]:
    return (change.channel, change.reason, change.family, _level(change), _families(change), _sources(change))


def _level(change: Due) -> Level:
    """Return the level that a notice is about: for what is over, the level that was told."""
    if isinstance(change.current, Concern):
        return change.current.level
    return change.told.level if change.told else Level.NOTICE


def _families(change: Due) -> tuple[str, ...]:
    """Return the families that are blind, or were told to be."""
    if isinstance(change.current, Blindness):
        return change.current.families
    return change.told.families if change.told else ()


def _sources(change: Due) -> tuple[str, ...]:
    return change.current.sources if isinstance(change.current, Blindness) else ()


def _notice(changes: Sequence[Due], now: datetime, events: Mapping[str, Event]) -> Notice:
    first = changes[0]
    concerns = sorted(
        (change.current for change in changes if isinstance(change.current, Concern)),
        key=lambda concern: (-concern.level, concern.begins, concern.place),
    )
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
        families=_families(first),
        sources=_sources(first),
        concerns=tuple(concerns),
        texts=event.texts if event else (),
        sender_name=event.sender_name if event else "",
        web=event.web if event else "",
    )


def _id(change: Due, now: datetime, places: Sequence[str], threads: Sequence[str]) -> str:
    """Return a name that the same notice of the same moment has on every machine."""
    parts = [now.isoformat(), change.channel, change.reason, change.family, _level(change), places, threads]
    return "ntc_" + sha256(json.dumps(parts).encode()).hexdigest()[:26]
