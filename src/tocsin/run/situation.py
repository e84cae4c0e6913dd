"""What is true now at every place, in memory: a cache of the store, by which one new warning costs milliseconds.

Rebuilt from the store at start and kept up to date thread by thread. Nothing here is remembered that the store does
not hold, so losing it loses nothing. It decides nothing either: `lifecycle` says what is in force, `match` what it
meets, `impact` and `concern` what that means; this module only knows which places must be looked at again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import compress
from typing import TypedDict

from tocsin import concern, duplicates, impact, lifecycle, match
from tocsin.geocodes import Exactness
from tocsin.match.estate import Edit, Estate
from tocsin.model import Area, Concern, Event, Impact, Source, Touch
from tocsin.store import Standing


@dataclass(frozen=True, slots=True)
class _Live:
    """An event in force: its end by our clock, the places it meets by position, how exact its areas are.

    `unlisted_since` says since when its source no longer lists it.
    """

    event: Event
    thread: str
    ends: datetime
    touches: dict[int, Touch]
    areas: Mapping[Exactness, int]
    unlisted_since: datetime | None = None


class _Reach(TypedDict):
    within_m: float
    jurisdiction: Sequence[str]


class Situation:
    """The events in force, the places they meet, and the joined concerns of each place."""

    def __init__(self, index: match.PlaceIndex, sources: Mapping[str, Source]) -> None:
        self.estate = Estate.of(index)
        self.sources = sources
        self._live: dict[str, _Live] = {}
        self._at_place: defaultdict[int, set[str]] = defaultdict(set)
        self._concerns: dict[int, dict[str, Concern]] = {}
        self._arrived: set[str] = set()
        self._come: set[int] = set()
        self._mirrors = {source.id: frozenset(source.mirrors) for source in sources.values() if source.mirrors}
        self._meeting: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._shared: set[str] = set()
        self._happenings: dict[str, str] = {}

    @property
    def events(self) -> Mapping[str, Event]:
        """Return the events in force by their id."""
        return {name: live.event for name, live in self._live.items()}

    def event(self, name: str) -> Event | None:
        """Return the event in force with this id."""
        live = self._live.get(name)
        return live.event if live else None

    def ends(self, name: str) -> datetime | None:
        """Return when our clock ends the event in force with this id."""
        live = self._live.get(name)
        return live.ends if live else None

    def areas(self) -> Mapping[str, Mapping[Exactness, int]]:
        """Return for each source how many areas of its events in force are known how well."""
        found: defaultdict[str, Counter[Exactness]] = defaultdict(Counter)
        for live in self._live.values():
            found[live.event.source].update(live.areas)
        return found

    def unlisted_since(self, name: str) -> datetime | None:
        """Return since when the source of the event in force with this id no longer lists it."""
        live = self._live.get(name)
        return live.unlisted_since if live else None

    def concerns(self, position: int) -> Mapping[str, Concern]:
        """Return the concerns of the place at this position of the index, by family."""
        return self._concerns.get(position, {})

    def replace(self, standing: Iterable[Standing], now: datetime) -> set[int]:
        """Take over whole threads as the store now holds them; return the positions whose picture may have changed.

        Cost: one index query for each event that comes into force.
        """
        standing = list(standing)
        threads = {entry.event.id: entry.thread for entry in standing}
        absent = {entry.event.id for entry in standing if entry.absent_since is not None}
        in_force = {
            event.id: event for event in lifecycle.in_force([entry.event for entry in standing], now, absent=absent)
        }
        touched: set[int] = set()
        for name, thread in threads.items():
            event = in_force.get(name)
            live = self._live.get(name)
            if live is not None and (event is None or live.event != event or live.thread != thread):
                touched |= self._remove(name)
            if event is not None and name not in self._live:
                touched |= self._add(event, thread)
        for entry in standing:
            if (live := self._live.get(entry.event.id)) and live.unlisted_since != entry.unlisted_since:
                self._live[entry.event.id] = replace(live, unlisted_since=entry.unlisted_since)
        touched |= self._name()
        self._join(touched)
        return touched

    def move(self, estate: Estate, edit: Edit) -> set[int]:
        """Take over an estate that was edited; return the positions of the places that came.

        Cost: a look at the box of each event in force, and a look-up for those that come near the new places.
        """
        self.estate = estate
        for position in edit.gone:
            for name in self._at_place.pop(position, ()):
                del self._live[name].touches[position]
            self._concerns.pop(position, None)
        self._come.difference_update(edit.gone)
        come = set(edit.come.positions)
        lives = list(self._live.items()) if come else []
        reaches = [self._reach(live.event) for _, live in lives]
        asked = edit.come.may_touch([live.event for _, live in lives], [reach["within_m"] for reach in reaches])
        for (name, live), reach in compress(zip(lives, reaches, strict=True), asked):
            found = edit.come.touches(live.event, **reach)
            live.touches.update(found)
            for position in found:
                self._at_place[position].add(name)
        self._join(come)
        self._come |= come
        return come

    def expire(self, now: datetime) -> set[int]:
        """Drop what our clock has ended; return the positions that it met."""
        over = [name for name, live in self._live.items() if live.ends <= now]
        touched: set[int] = set().union(*(self._remove(name) for name in over))
        touched |= self._name()
        self._join(touched)
        return touched

    def boundary(self, now: datetime) -> datetime | None:
        """Return the next moment at which an event in force ends by our clock."""
        return min((live.ends for live in self._live.values() if live.ends > now), default=None)

    def impacts(self, position: int) -> list[Impact]:
        """Return the impacts of all events in force at one place."""
        place = self.estate[position]
        found = (
            impact.assess(
                live.event,
                place,
                live.touches[position],
                thread=live.thread,
                ends=live.ends,
                happening=self._happenings.get(name, live.thread),
            )
            for name, live in ((name, self._live[name]) for name in sorted(self._at_place.get(position, ())))
        )
        return [one for one in found if one is not None]

    def arrived(self) -> list[Impact]:
        """Return the impacts of the events and at the places that came since this was last asked, and forget which."""
        arrived, self._arrived = self._arrived & self._live.keys(), set()
        come, self._come = self._come, set()
        positions = come.union(*(self._live[name].touches for name in arrived))
        return [
            one
            for position in sorted(positions)
            for one in self.impacts(position)
            if position in come or one.evidence.event in arrived
        ]

    def _add(self, event: Event, thread: str) -> set[int]:
        touches = self.estate.touches(event, **self._reach(event))
        areas = Counter(map(self.estate.geocodes.exactness, event.areas or (Area(),)))
        self._live[event.id] = _Live(event, thread, lifecycle.ends(event), touches, areas)
        self._arrived.add(event.id)
        for key in duplicates.keys(event, self._mirrors):
            self._meeting[key][event.source].add(event.id)
            if len(self._meeting[key]) > 1:
                self._shared.add(key)
        for position in touches:
            self._at_place[position].add(event.id)
        return set(touches)

    def _reach(self, event: Event) -> _Reach:
        assert event.hazard is not None, "the gate admits no event without a hazard but a bare Cancel"
        source = self.sources.get(event.source)
        return {"within_m": impact.near_m(event.hazard), "jurisdiction": source.jurisdiction if source else ()}

    def _remove(self, name: str) -> set[int]:
        live = self._live.pop(name)
        for position in live.touches:
            self._at_place[position].discard(name)
        for key in set(duplicates.keys(live.event, self._mirrors)):
            by_source = self._meeting[key]
            by_source[live.event.source].discard(name)
            if not by_source[live.event.source]:
                del by_source[live.event.source]
            if len(by_source) == 1:
                self._shared.discard(key)
            if not by_source:
                del self._meeting[key]
        return set(live.touches)

    def _name(self) -> set[int]:
        """Find anew which events speak of one thing; return the positions where that changes what is shown.

        Cost: that of the events under names at which two sources meet.
        """
        names = {name for key in self._shared for members in self._meeting[key].values() for name in members}
        met = [(self._live[name].event, self._live[name].thread) for name in names]
        found, before = duplicates.happenings(met, self._mirrors), self._happenings
        self._happenings = found
        changed = {
            name
            for name in (before.keys() | found.keys()) & self._live.keys()
            if before.get(name, self._live[name].thread) != found.get(name, self._live[name].thread)
        }
        return set().union(*(self._live[name].touches for name in changed))

    def _join(self, positions: Iterable[int]) -> None:
        for position in positions:
            families: defaultdict[str, list[Impact]] = defaultdict(list)
            for one in self.impacts(position):
                families[one.family].append(one)
            joined = {family: concern.join(group) for family, group in families.items()}
            if joined:
                self._concerns[position] = joined
            else:
                self._concerns.pop(position, None)
