"""Threads of messages and what is in force: CAP's reference graph, kept on our side. Pure functions, no memory.

Rules, in full:

- A *message* is (source, sender, identifier, sent to the second); it may have several parts. Linking holds within one
  source, and references only within one sender: nobody ends another's warning.
- A *thread* is all messages that are joined by references, by a re-used identifier, or by an alias.
- Only what is Actual, Public and an Alert, Update or Cancel has an effect on other messages, and nothing that is from
  more than a week ahead of our clock, or tells of a hazard then that nobody can foresee: a feed with an absurd date
  can neither ring nor silence. It is *quarantined*: kept, counted and shown, without effect.
- A message is *superseded* when
  1. an Update of its sender, sent no earlier than itself, references it. Where Updates of one moment reference one
     another in a circle, or one itself, those references prove nothing and all of them stay;
  2. its sender used its identifier again with a later `sent`;
  3. a later message of its source shares a "quake:" alias;
  4. later messages of its source with the same "vtec:" alias speak for all of its zones (NWS splits one alert over
     several messages for different zones, so the alias alone proves nothing). This holds part by part, and a part
     with several VTEC is superseded only when all of them are spoken for;
  5. a Cancel of its sender references it, or it follows such a message by references and was sent before the Cancel.
     The Cancel may arrive first. An Update of the same second stands: issuers who end one part of an area and go on
     with the other say both at once.
- So without a Cancel the newest word of a thread always stays; a sibling supersedes nothing (two Updates of one Alert
  stay both, and no area is ever lost); every doubt leaves a warning standing until it expires.
- *In force* is what is Actual, Public, an Alert or Update, not over by its own word, not superseded, before its end
  by our clock, not quarantined, and not ended by a snapshot of its source that no longer lists it (`vanished`).
- A document is *back in time* when it brings back only what was replaced or gone, and lacks what replaced it. It ends
  nothing: the newest known wins by (sender, sent, references).

The order in which messages arrive does not matter; a failed fetch is not an input. Everywhere, `events` holds one
event for each id: which version of a message counts when an issuer changes it under the same name is the store's.

Source: CAP 1.2, 3.2.1 (msgType, references) and 3.2.2 (expires); NWSI 10-1703 (VTEC).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from tocsin.hazards import HAZARDS
from tocsin.model import Code, Event, MsgType, Reference, Scope, Status, message_name

AHEAD_AT_MOST = timedelta(days=7)
LIFE_WITHOUT_HAZARD = timedelta(hours=24)
SECOND_LOOK_PERCENT = 80
_UNFORESEEN = frozenset({"earthquake", "tsunami", "tornado"})  # families that nobody foresees a week ahead
_QUAKE = "quake:"
_VTEC = "vtec:"
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """What a complete snapshot no longer lists. `suspected`: too much at once, so the next one must confirm it."""

    absent: frozenset[str]
    suspected: bool


def keys(event: Event) -> frozenset[str]:
    """Return every name under which the members of this event's thread find one another."""
    message = event.message
    # Without its `sent` a message's name is that of its identifier, so that a re-used one is found.
    return frozenset({message, message.rpartition("|")[0], *_referenced(event), *_aliases(event), *event.keyed})


def threads(events: Iterable[Event]) -> dict[str, str]:
    """Return event id -> thread id. The thread's id is the name of its earliest message, seen or only referenced.

    A name under the key (of what has no open one) is a thread's only if there is no other.
    The same events in any order give the same answer. Cost: near linear in events and their keys.
    """
    named = [(event, event.message) for event in events]
    parent: dict[str, str] = {}
    for event, _ in named:
        names = keys(event)
        for name in names:
            parent.setdefault(name, name)
        roots = {_root(parent, name) for name in names}
        first = min(roots)
        for root in roots:
            parent[root] = first
    earliest: dict[str, tuple[bool, datetime, str]] = {}
    for event, message in named:
        root, is_open = _root(parent, message), bool(event.keyed)
        said = [(not is_open, event.sent, message)]
        said += [
            (not is_open, reference.sent, message_name(event.source, reference)) for reference in _own_references(event)
        ]
        earliest[root] = min([*said, *([earliest[root]] if root in earliest else [])])
    return {f"{message}|{event.part}": earliest[_root(parent, message)][-1] for event, message in named}


def in_force(events: Iterable[Event], now: datetime, *, absent: Collection[str] = ()) -> tuple[Event, ...]:
    """Return what is in force at `now` among `events`, which hold whole threads; sorted by id.

    `absent` holds the ids that a complete snapshot no longer lists. Cost: near linear.
    """
    heard = [event for event in events if _counts(event, now)]
    superseded = _superseded(heard)
    standing: dict[str, Event] = {}
    for event in heard:
        if event.msg_type is MsgType.CANCEL or event.is_over or now >= ends(event):
            continue
        name = event.id
        if not (name in absent or name in superseded or name.rpartition("|")[0] in superseded):
            standing[name] = event
    return tuple(standing[name] for name in sorted(standing))


def ends(event: Event) -> datetime:
    """Return when our clock ends the event: `expires`, or the hazard's life where the issuer names none.

    An `expires` after `sent` but not after the onset cannot be meant as said: the hazard's life then counts from the
    onset. An `expires` not after `sent` is an end at once (so tsunami centres cancel).
    """
    begins = max(event.onset or event.sent, event.sent)
    if event.expires is not None and not event.sent < event.expires <= begins:
        return event.expires
    hazard = HAZARDS.get(event.hazard or "")  # a stored event may be of a hazard that a newer list lacks
    lasts = hazard.lasts if hazard else LIFE_WITHOUT_HAZARD
    return begins + lasts if begins <= _END_OF_TIME - lasts else _END_OF_TIME


def boundary(events: Iterable[Event], now: datetime) -> datetime | None:
    """Return the next moment after `now` at which an event begins or ends, or one from too far ahead is let in.

    Between `now` and that moment `in_force` does not change unless a message arrives. None: nothing is to come.
    """
    events = list(events)
    moments = [moment for event in in_force(events, now) for moment in (event.onset, ends(event)) if moment]
    moments += [_from(event) - AHEAD_AT_MOST for event in events if is_ahead(event, now)]
    return min((moment for moment in moments if moment > now), default=None)


def vanished(live: Collection[str], listed: Collection[str], *, suspected: bool) -> Vanished:
    """Return which of the `live` event ids a complete snapshot with the `listed` ones has ended.

    When more than four fifths would go at once, of a few all of them, nothing goes, unless that was `suspected`
    before: an emptied feed looks like an all-clear, and an all-clear can wait for a second look.
    """
    live = frozenset(live)
    gone = live - frozenset(listed)
    is_doubtful = len(gone) * 100 > SECOND_LOOK_PERCENT * len(live)
    if is_doubtful and not suspected:
        return Vanished(absent=frozenset(), suspected=True)
    return Vanished(absent=gone, suspected=False)


def is_ahead(event: Event, now: datetime) -> bool:
    """Return whether the event is from too far ahead of our clock to have an effect."""
    return _from(event) > now + AHEAD_AT_MOST


def went_back(known: Iterable[Event], listed: Iterable[Event], now: datetime, *, absent: Collection[str] = ()) -> bool:
    """Return whether a document that lists `listed` is older than what was `known` before, as a stale copy is.

    It has no message that is new, brings back one that was replaced or ended (`absent` as for `in_force`), and lacks
    all of those in force that are newer. A feed that merely drops its newest message is not back in time.
    """
    known, listed = list(known), list(listed)
    if not listed or not {event.message for event in listed} <= {event.message for event in known}:
        return False
    live = in_force(known, now, absent=absent)
    names, standing = {event.id for event in listed}, {event.id for event in live}
    newest = max(map(_second, listed))
    newer = [event for event in live if _second(event) > newest]
    return bool(newer) and not names <= standing


def reissues(events: Iterable[Event]) -> dict[str, str]:
    """Return event id -> id of the earlier event of the same sender that says the same under another identifier.

    The same: hazard, ratings, times of onset and end, words and areas. When it was sent does not matter. Cost: linear.
    """
    first: dict[tuple[object, ...], Event] = {}
    found = {}
    for event in sorted(events, key=lambda one: (one.sent, one.id)):
        known = first.setdefault(_content(event), event)
        if known.identifier != event.identifier:
            found[event.id] = known.id
    return found


def _content(event: Event) -> tuple[object, ...]:
    """Return what an event says, without when and under which name."""
    areas = tuple((area.description, area.geometry and area.geometry.wkb, area.geocodes) for area in event.areas)
    ratings = (event.urgency, event.severity, event.certainty, event.response)
    times = (event.onset, event.expires)
    return (event.source, event.sender, event.msg_type, event.hazard, ratings, times, event.texts, areas)


def _from(event: Event) -> datetime:
    """Return the moment that must not lie far ahead: when it was sent; for what nobody foresees also its onset."""
    hazard = HAZARDS.get(event.hazard or "")
    if event.onset and hazard and hazard.family in _UNFORESEEN:
        return max(event.sent, event.onset)
    return event.sent


def _counts(event: Event, now: datetime) -> bool:
    """Return whether the message may have an effect at all."""
    return (
        event.status is Status.ACTUAL
        and event.scope is Scope.PUBLIC
        and event.msg_type in {MsgType.ALERT, MsgType.UPDATE, MsgType.CANCEL}
        and not is_ahead(event, now)
    )


def _aliases(event: Event) -> Iterator[str]:
    return (f"{event.source}|{alias}" for alias in event.aliases)


def _own_references(event: Event) -> Iterator[Reference]:
    """Yield the references that count: those to messages of the same sender."""
    return (reference for reference in event.references if reference.sender == event.sender)


def _referenced(event: Event) -> Iterator[str]:
    return (message_name(event.source, reference) for reference in _own_references(event))


def _root(parent: dict[str, str], name: str) -> str:
    while parent[name] != name:
        parent[name] = parent[parent[name]]
        name = parent[name]
    return name


def _superseded(events: Sequence[Event]) -> set[str]:
    """Return the names of the messages, and the ids of the parts, that a later word of their issuer has replaced."""
    return {
        *_updated(events),
        *_outdated(events, lambda event: [(event.source, event.sender, event.identifier)]),
        *_outdated(events, lambda event: [(event.source, name) for name in event.aliases if name.startswith(_QUAKE)]),
        *_zones_taken_over(events),
        *_cancelled(events),
    }


def _updated(events: Iterable[Event]) -> Iterator[str]:
    """Yield what Updates name. References forward in time, or in a circle at one moment, prove nothing."""
    at_once: list[tuple[str, str]] = []
    for event in events:
        if event.msg_type is not MsgType.UPDATE:
            continue
        for reference in _own_references(event):
            name = message_name(event.source, reference)
            if _second(reference) < _second(event):
                yield name
            elif _second(reference) == _second(event):
                at_once.append((event.message, name))
    circular = _circular(at_once)
    yield from (name for updater, name in at_once if updater not in circular)


def _circular(references: Iterable[tuple[str, str]]) -> set[str]:
    """Return the names that are left when those which nobody left references are taken away, again and again.

    These are the circles, also of one that references itself, and what they lead to. Cost: linear (half of Kahn's
    topological sort).
    """
    onward: defaultdict[str, set[str]] = defaultdict(set)
    for updater, name in references:
        onward[updater].add(name)
    times_named = Counter(name for names in onward.values() for name in names)
    left = {*onward, *times_named}
    free = [name for name in left if not times_named[name]]
    while free:
        name = free.pop()
        left.discard(name)
        for other in onward.get(name, ()):
            times_named[other] -= 1
            if not times_named[other]:
                free.append(other)
    return left


def _outdated(events: Iterable[Event], names: Callable[[Event], Iterable[tuple[str, ...]]]) -> Iterator[str]:
    """Yield the messages than which a later one shares a name."""
    groups: defaultdict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in events:
        for name in names(event):
            groups[name].append(event)
    for group in filter(_is_several, groups.values()):
        latest = max(map(_second, group))
        yield from (event.message for event in group if _second(event) < latest)


def _zones_taken_over(events: Iterable[Event]) -> Iterator[str]:
    """Yield the ids of the parts for all of whose zones later messages with the same VTEC speak."""
    groups: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        for alias in _vtec_of(event):
            groups[event.source, alias].append(event)
    spoken_for: defaultdict[str, list[Event]] = defaultdict(list)
    for group in filter(_is_several, groups.values()):
        for event in _spoken_for(group):
            spoken_for[event.id].append(event)
    yield from (name for name, same in spoken_for.items() if len(same) == len(_vtec_of(same[0])))


def _vtec_of(event: Event) -> list[str]:
    return [alias for alias in event.aliases if alias.startswith(_VTEC)]


def _spoken_for(group: Iterable[Event]) -> Iterator[Event]:
    """Yield the events of one VTEC whose zones are all among those of the later ones."""
    taken: set[Code] = set()
    is_latest = True
    for _, same in groupby(sorted(group, key=_second, reverse=True), key=_second):
        together = list(same)
        if not is_latest:
            yield from (event for event in together if _zones(event) <= taken)
        taken.update(*map(_zones, together))
        is_latest = False


def _zones(event: Event) -> set[Code]:
    """Return the UGC codes of the areas, or whatever codes there are in place of them."""
    codes = {code for area in event.areas for code in area.geocodes}
    return {code for code in codes if code.scheme == "UGC"} or codes


def _cancelled(events: Sequence[Event]) -> set[str]:
    """Return what Cancels name, and what followed it by references before the Cancel.

    The latest Cancel goes first: what it has reached, an earlier one need not enter again. Cost: linear.
    """
    cancels = [event for event in events if event.msg_type is MsgType.CANCEL]
    followers: defaultdict[str, list[Event]] = defaultdict(list)
    messages: defaultdict[str, list[str]] = defaultdict(list)  # of a name under the key
    for event in events if cancels else ():
        for name in (*_referenced(event), *event.keyed[1:]):
            followers[name].append(event)
        for name in event.keyed[:1]:
            messages[name].append(event.message)
    reached: set[str] = set()
    for cancel in sorted(cancels, key=_second, reverse=True):
        ahead = list(_referenced(cancel))
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                ahead += messages[name]
                ahead += [one.message for one in followers[name] if _second(one) < _second(cancel)]
    return reached


def _is_several(group: Sequence[Event]) -> bool:
    return len(group) > 1


def _second(said: Event | Reference) -> datetime:
    """Return when it was sent, as exactly as a message's name says it. Source: CAP 1.2, 3.3.2 DateTime."""
    return said.sent.replace(microsecond=0) if said.sent.microsecond else said.sent
