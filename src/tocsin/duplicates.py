"""Which events of several sources speak of one thing: copies of one alert, and solutions of one earthquake.

Nothing is merged and nothing is dropped. Two events that speak of one thing keep their own words, areas, times and
ratings, and the concern still takes the worst of all; they only share the name of what *happens*, so that a person
sees one quake with three sources and not three quakes. So a wrong join costs a line on a page, and a feed that lies
about its identity gains nothing. What merely is the same kind of danger at the same place (two authorities on one
storm) is not named here: that is the concern's, at the place where both are true.

Threads, not events, are joined, by these rules:

1. They share a "quake:" alias: an agency names another's id (GDACS that of USGS). This is the alias table.
2. Two sources hold one alert: equal sender and identifier, of the messages themselves or of one that they refer to.
   The moment of sending may differ: a hub may still have the version before.
3. The catalogue says that one of the sources repeats the other, and they agree on hazard, severity, onset and end, and
   their areas meet: a hub that gives new identifiers.
4. Both are earthquakes, of two sources, at most `SECONDS` and `KM` apart and, where both state one, `MAGNITUDES`. The
   best agreeing pair goes first, and no two threads of one source come together: each catalogue lists a quake once, so
   that of two shocks in a minute the one is never taken for the other where both catalogues list both.

Source: the criterion of rule 4 (distance, origin time, one origin for each catalogue) is that of SeisComP scevent and
of Young et al., "Merging event catalogs using agglomerative hierarchical clustering" (Sandia, 2008); the limits are
ours and narrower, see docs/duplicates.md for what they reach on a labelled set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from tocsin import geo
from tocsin.model import Code, Event

SECONDS = 20.0
KM = 100.0
MAGNITUDES = 1.0
MAX_ALIKE = 200
"""More warnings of one hazard, severity and time are not compared in pairs: an office that warns a whole country."""
MAX_AT_ONCE = 200
"""A quake is compared with so many that followed it within `SECONDS`: no real catalogue has ten."""

_QUAKE = "quake:"
_EARTHQUAKE = "earthquake"
_ALL = "*"

Mirrors = Mapping[str, frozenset[str]]
"""Source -> the sources that it repeats, or "*" for whatever others publish."""


def keys(event: Event, mirrors: Mirrors) -> Iterator[str]:
    """Yield names under which events meet that may speak of one thing; what shares none with another is alone."""
    yield from (alias for alias in event.aliases if alias.startswith(_QUAKE))
    if event.sender:
        names = [event.identifier, *(one.identifier for one in event.references if one.sender == event.sender)]
        yield from (f"message:{event.sender}|{name}" for name in names if name)
    if _solution(event, "") is not None:
        yield _EARTHQUAKE
    if mirrors and (warning := _warning(event)):
        yield f"warning:{warning}"


def happenings(events: Iterable[tuple[Event, str]], mirrors: Mirrors) -> dict[str, str]:
    """Return event id -> name of what happens, given events in force with their threads.

    The name is that of the first of the joined threads in the order of names, the thread itself where it is alone.
    The order of the events does not matter. Cost: near linear, and the pairs of quakes within `SECONDS`.
    """
    known = sorted(events, key=lambda pair: pair[0].id)
    groups = _Groups(dict.fromkeys(thread for _, thread in known))
    for thread, event in ((thread, event) for event, thread in known):
        groups.source(thread, event.source)
    for same in _buckets(known):
        for other in same[1:]:
            groups.join(same[0], other)
    for first, second in (*_mirrored(known, mirrors), *_close(known)):
        if groups.are_of_other_sources(first, second):
            groups.join(first, second)
    return {event.id: groups.root(thread) for event, thread in known}


class _Groups:
    """Threads in groups, each named after its first, with the sources that speak in it."""

    def __init__(self, threads: Iterable[str]) -> None:
        self._parent = {thread: thread for thread in threads}
        self._sources: dict[str, set[str]] = {thread: set() for thread in self._parent}

    def source(self, thread: str, source: str) -> None:
        self._sources[thread].add(source)

    def root(self, thread: str) -> str:
        while self._parent[thread] != thread:
            self._parent[thread] = self._parent[self._parent[thread]]
            thread = self._parent[thread]
        return thread

    def join(self, first: str, second: str) -> None:
        root, other = sorted((self.root(first), self.root(second)))
        if root != other:
            self._parent[other] = root
            self._sources[root] |= self._sources.pop(other)

    def are_of_other_sources(self, first: str, second: str) -> bool:
        return self._sources[self.root(first)].isdisjoint(self._sources[self.root(second)])


def _buckets(known: Iterable[tuple[Event, str]]) -> Iterator[list[str]]:
    """Yield the threads that share an alias of a quake or a message (rules 1 and 2)."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for event, thread in known:
        for key in keys(event, {}):
            if key != _EARTHQUAKE:
                found[key][thread] = None
    yield from (list(threads) for threads in found.values() if len(threads) > 1)


# --- rule 3 --------------------------------------------------------------------------------------------------------


def _mirrored(known: Iterable[tuple[Event, str]], mirrors: Mirrors) -> Iterator[tuple[str, str]]:
    """Yield pairs of threads that say the same, of which the source of one repeats that of the other."""
    alike: defaultdict[str, list[tuple[Event, str]]] = defaultdict(list)
    for event, thread in known if mirrors else ():
        if warning := _warning(event):
            alike[warning].append((event, thread))
    for same in alike.values():
        if len(same) > MAX_ALIKE or len({event.source for event, _ in same}) == 1:
            continue
        for (first, one), (second, other) in combinations(same, 2):
            if _repeats(first.source, second.source, mirrors) and _meet(first, second):
                yield one, other


def _warning(event: Event) -> str:
    """Return what a repeated warning keeps when its names are changed, "" where it states no times to go by."""
    begins = event.onset or event.effective
    if begins is None or event.expires is None:
        return ""
    return f"{event.hazard}|{event.severity}|{begins:%Y%m%dT%H%M%S}|{event.expires:%Y%m%dT%H%M%S}"


def _repeats(first: str, second: str, mirrors: Mirrors) -> bool:
    nothing: frozenset[str] = frozenset()
    return first != second and any(
        other in mirrors.get(one, nothing) or _ALL in mirrors.get(one, nothing)
        for one, other in ((first, second), (second, first))
    )


def _meet(first: Event, second: Event) -> bool:
    """Return whether the areas share a code, or a shape of the one touches one of the other."""
    if not _codes(first).isdisjoint(_codes(second)):
        return True
    shapes = [[area.geometry for area in event.areas if area.geometry is not None] for event in (first, second)]
    return any(one.intersects(other) for one in shapes[0] for other in shapes[1])


def _codes(event: Event) -> set[Code]:
    return {code for area in event.areas for code in area.geocodes}


# --- rule 4 --------------------------------------------------------------------------------------------------------


class _Solution(NamedTuple):
    """What one source says of when, where and how strong an earthquake was."""

    at: datetime
    thread: str
    source: str
    lon: float
    lat: float
    magnitude: float | None


def _solution(event: Event, thread: str) -> _Solution | None:
    """Return what an event says of an earthquake, None for what is none or does not say when and where."""
    lon, lat = event.measures.get("epicentre_lon"), event.measures.get("epicentre_lat")
    if event.hazard != _EARTHQUAKE or event.onset is None or lon is None or lat is None:
        return None
    return _Solution(event.onset, thread, event.source, lon, lat, event.measures.get("magnitude"))


def _close(known: Iterable[tuple[Event, str]]) -> list[tuple[str, str]]:
    """Return the pairs of threads that are solutions of one quake, the best agreeing first."""
    # One solution for each thread: its bands agree, and what came last counts.
    latest: dict[str, tuple[datetime, _Solution]] = {}
    for event, thread in known:
        solution = _solution(event, thread)
        if solution is not None and (thread not in latest or event.sent > latest[thread][0]):
            latest[thread] = event.sent, solution
    ordered = sorted((solution for _, solution in latest.values()), key=lambda one: (one.at, one.thread))
    found = [
        (misfit, min(first.thread, second.thread), max(first.thread, second.thread))
        for first, second in _within(ordered)
        if first.source != second.source and (misfit := _misfit(first, second)) is not None
    ]
    return [(one, other) for _, one, other in sorted(found)]


def _within(ordered: Sequence[_Solution]) -> Iterator[tuple[_Solution, _Solution]]:
    """Yield the pairs of what is ordered by time that lie within the limit."""
    for place, first in enumerate(ordered):
        end = first.at + timedelta(seconds=SECONDS)
        for second in ordered[place + 1 : place + 1 + MAX_AT_ONCE]:
            if second.at > end:
                break
            yield first, second


def _misfit(first: _Solution, second: _Solution) -> float | None:
    """Return how badly two solutions agree, from 0 to 3 times their limits, None when they are of two quakes."""
    apart_s = abs((first.at - second.at).total_seconds())
    apart_m = 0.0 if first.magnitude is None or second.magnitude is None else abs(first.magnitude - second.magnitude)
    if apart_s > SECONDS or apart_m > MAGNITUDES:
        return None
    apart_km = geo.geodesic_m(first.lon, first.lat, second.lon, second.lat) / 1000
    if apart_km > KM:
        return None
    return apart_s / SECONDS + apart_km / KM + apart_m / MAGNITUDES
