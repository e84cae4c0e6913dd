"""Threads of messages and what is in force: CAP's reference graph, kept on our side. Pure functions, no memory.

Rules, in full:

- A *message* is (source, sender, identifier, sent); it may have several parts. Linking holds within one source, and
  references only within one sender: nobody ends another's warning.
- A *thread* is all messages that are joined by references, by a re-used identifier, or by an alias.
- A message is *superseded* when
  1. an Update or Cancel of its sender references it;
  2. its sender used its identifier again with a later `sent`;
  3. a later message of its source shares a "quake:" alias;
  4. later messages of its source with the same "vtec:" alias speak for all of its zones (NWS splits one alert over
     several messages for different zones, so the alias alone proves nothing);
  5. it follows, by references, a message that a Cancel names, and was sent no later than that Cancel.
- A sibling supersedes nothing: two Updates of one Alert stay both, so that no area is ever lost.
- *In force* is what is Actual, Public, an Alert or Update, not over by its own word, not superseded, no longer than
  its end by our clock, and still listed by its source if that publishes snapshots. A message from more than a week
  ahead of our clock is held back.

The order in which messages arrive does not matter; a failed fetch is not an input.

Source: CAP 1.2, 3.2.1 (msgType, references) and 3.2.2 (expires); NWSI 10-1703 (VTEC).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from tocsin.hazards import HAZARDS
from tocsin.model import Code, Event, MsgType, Reference, Scope, Status, message_name

AHEAD_AT_MOST = timedelta(days=7)
LIFE_WITHOUT_HAZARD = timedelta(hours=24)
SECOND_LOOK_FROM = 5
SECOND_LOOK_SHARE = 0.8
_VTEC = "vtec:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """What a complete snapshot no longer lists. `suspected`: too much at once, so the next one must confirm it."""

    absent: frozenset[str]
    suspected: bool


def keys(event: Event) -> frozenset[str]:
    """Return every name under which the members of this event's thread find one another."""
    return frozenset({event.message, _name(event), *_referenced(event), *_aliases(event)})


def threads(events: Iterable[Event]) -> dict[str, str]:
    """Return event id -> thread id. The thread's id is the name of its earliest message, seen or only referenced.

    The same events in any order give the same answer. Cost: near linear in events and their keys.
    """
    events = list(events)
    parent: dict[str, str] = {}
    for event in events:
        names = keys(event)
        for name in names:
            parent.setdefault(name, name)
        roots = {_root(parent, name) for name in names}
        first = min(roots)
        for root in roots:
            parent[root] = first
    earliest: dict[str, tuple[datetime, str]] = {}
    for event in events:
        root = _root(parent, event.message)
        named = [(event.sent, event.message)]
        named += [(reference.sent, message_name(event.source, reference)) for reference in _own_references(event)]
        earliest[root] = min([*named, *([earliest[root]] if root in earliest else [])])
    return {event.id: earliest[_root(parent, event.message)][1] for event in events}


def in_force(events: Iterable[Event], now: datetime, *, absent: Collection[str] = ()) -> tuple[Event, ...]:
    """Return what is in force at `now` among `events`, which hold whole threads; sorted by id.

    `absent` holds the ids that a complete snapshot no longer lists. Cost: near linear.
    """
    events = list(events)
    superseded = _superseded(events)
    standing = (
        event
        for event in events
        if event.message not in superseded and event.id not in absent and _speaks(event) and _is_timely(event, now)
    )
    return tuple(sorted(standing, key=lambda event: event.id))


def ends(event: Event) -> datetime:
    """Return when our clock ends the event: `expires`, or the hazard's life where the issuer names none.

    An `expires` before the onset cannot be meant as said; the hazard's life counts from the onset then. An `expires`
    not after `sent` is an end at once.
    """
    begins = max(event.onset or event.sent, event.sent)
    if event.expires is None or event.sent < event.expires < begins:
        return begins + (HAZARDS[event.hazard].lasts if event.hazard else LIFE_WITHOUT_HAZARD)
    return event.expires


def boundary(events: Iterable[Event], now: datetime) -> datetime | None:
    """Return the next moment after `now` at which one of the events in force begins or ends, or None."""
    moments = (moment for event in in_force(events, now) for moment in (event.onset, ends(event)))
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def vanished(live: Collection[str], listed: Collection[str], *, suspected: bool) -> Vanished:
    """Return which of the `live` event ids a complete snapshot with the `listed` ones has ended.

    When more than four fifths of at least five would go at once nothing goes, unless that was `suspected` before:
    an emptied feed looks like an all-clear, and an all-clear can wait for a second look.
    """
    gone = frozenset(live) - frozenset(listed)
    is_doubtful = len(live) >= SECOND_LOOK_FROM and len(gone) > SECOND_LOOK_SHARE * len(live)
    if is_doubtful and not suspected:
        return Vanished(absent=frozenset(), suspected=True)
    return Vanished(absent=gone, suspected=False)


def _speaks(event: Event) -> bool:
    """Return whether the message, by its own words, says that something is the matter."""
    return (
        event.status is Status.ACTUAL
        and event.scope is Scope.PUBLIC
        and event.msg_type in {MsgType.ALERT, MsgType.UPDATE}
        and not event.is_over
    )


def _is_timely(event: Event, now: datetime) -> bool:
    return now < ends(event) and event.sent <= now + AHEAD_AT_MOST


def _name(event: Event) -> str:
    """Return the key of an identifier whatever its `sent`, so that a re-used one is found."""
    return f"{event.source}|{event.sender}|{event.identifier}"


def _aliases(event: Event) -> Iterator[str]:
    return (f"{event.source}|{alias}" for alias in event.aliases)


def _own_references(event: Event) -> Iterator[Reference]:
    """Yield the references that count: to messages of the same sender, and not to itself."""
    for reference in event.references:
        itself = reference.identifier == event.identifier and reference.sent == event.sent
        if reference.sender == event.sender and not itself:
            yield reference


def _referenced(event: Event) -> Iterator[str]:
    return (message_name(event.source, reference) for reference in _own_references(event))


def _root(parent: dict[str, str], name: str) -> str:
    while parent[name] != name:
        parent[name] = parent[parent[name]]
        name = parent[name]
    return name


def _superseded(events: Iterable[Event]) -> set[str]:
    """Return the names of the messages that a later word of their issuer has replaced or ended."""
    events = [event for event in events if event.status is Status.ACTUAL and event.scope is Scope.PUBLIC]
    return {
        *(name for event in events if _replaces(event) for name in _referenced(event)),
        *_outdated(events, lambda event: [_name(event)]),
        *_outdated(events, lambda event: [key for key in _aliases(event) if "|quake:" in key]),
        *_zones_taken_over(events),
        *_cancelled(events),
    }


def _replaces(event: Event) -> bool:
    return event.msg_type in {MsgType.UPDATE, MsgType.CANCEL}


def _outdated(events: Iterable[Event], names: Callable[[Event], Iterable[str]]) -> Iterator[str]:
    """Yield the messages than which a later one shares a name."""
    groups: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        for name in names(event):
            groups[name].append(event)
    for group in groups.values():
        latest = max(event.sent for event in group)
        yield from (event.message for event in group if event.sent < latest)


def _zones_taken_over(events: Iterable[Event]) -> Iterator[str]:
    """Yield the messages all of whose zones later messages with the same VTEC speak for."""
    groups: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        for alias in event.aliases:
            if alias.startswith(_VTEC):
                groups[f"{event.source}|{alias}"].append(event)
    for group in groups.values():
        taken: set[Code] = set()
        is_latest = True
        for _, same in groupby(sorted(group, key=_sent, reverse=True), key=_sent):
            together = list(same)
            for event in together:
                if not is_latest and _zones(event) <= taken:
                    yield event.message
            taken.update(*(_zones(event) for event in together))
            is_latest = False


def _sent(event: Event) -> datetime:
    return event.sent


def _zones(event: Event) -> set[Code]:
    codes = {code for area in event.areas for code in area.geocodes}
    return {code for code in codes if code.scheme == "UGC"} or codes


def _cancelled(events: Iterable[Event]) -> Iterator[str]:
    """Yield what Cancels name, and what followed it by references no later than the Cancel. Cycles come to an end."""
    events = list(events)
    followers: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        for name in _referenced(event):
            followers[name].append(event)
    for cancel in events:
        if cancel.msg_type is not MsgType.CANCEL:
            continue
        seen: set[str] = set()
        ahead = list(_referenced(cancel))
        while ahead:
            name = ahead.pop()
            if name in seen:
                continue
            seen.add(name)
            ahead += [one.message for one in followers[name] if one.sent <= cancel.sent and one.sender == cancel.sender]
        yield from seen - {cancel.message}
