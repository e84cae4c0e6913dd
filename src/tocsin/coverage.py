"""Whether somebody who works watches a place: what lets us say "quiet as of", and what makes us say "blind".

A source works as long as it answers, moves on by its own time where it has one, and sends the heartbeat that it
promises. HTTP proves only the first: a generator that froze, and a cache before it, go on answering 200 or 304 with
the same old list, and that is not quiet.

How long a feed's own time may stand still (`patience`): three times the cadence that its publisher declares and one
poll. Where none is declared, what its own history has taught (`rhythm`): the longest rest that is usual and half of it
again, but no less than the 99th percentile, nor than three median gaps and one poll; and where it rested for longer at
the same time a week before (`expected`), until it came back then. Until that is known, a snapshot
gets the patience that its `stale_after` gives; a feed of messages is not judged, for it may rest as long as nothing
happens. So it is later on, unless it moves by itself: most of its moves bring no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin import rhythm
from tocsin.hazards import FAMILIES
from tocsin.model import Blindness, Flag, Health, Place, Source, State

COUNTRY, SUBDIVISION, WORLD = "ISO3166-1", "ISO3166-2", "001"
FROZEN_AFTER = 4  # times stale_after ...
FROZEN_AT_LEAST = timedelta(hours=1)  # ... and this, by the feed's own time, while its rhythm is not known
CADENCES_MISSED = 3
BEATS_MISSED = 3
REST_MARGIN = 1.5
IDLE_SHARE = 0.8
"""Share of moves without news from which a feed of messages moves by itself."""


class Silence(StrEnum):
    """Why a source cannot be relied on, in closed words. `SILENCES` says them in a sentence."""

    NEVER_ANSWERED = "never-answered"
    NO_ANSWER = "no-answer"
    FROZEN = "frozen"
    NO_HEARTBEAT = "no-heartbeat"


SILENCES: Mapping[Silence, str] = {
    Silence.NEVER_ANSWERED: "has not answered yet",
    Silence.NO_ANSWER: "has given no good answer for too long",
    Silence.FROZEN: "answers, but its own time stands still",
    Silence.NO_HEARTBEAT: "answers, but the heartbeat that it promises does not come",
}

ERRORS: Mapping[str, str] = {
    "empty-body": "its last answer was empty; that ends nothing",
    "html-page": "its last answer was a page for people, not a feed; that ends nothing",
    "unreadable": "its last answer could not be read; that ends nothing",
    "redirect-refused": "it redirected to an address that is not its own; that was not followed",
    "timeout": "its last answer did not come in time",
    "tls": "its certificate or its TLS is not good",
    "stopped": "nothing is collected from it until a breach of the declaration of neutrality is repaired",
}
"""What some codes of `Health.error` mean; the others say it themselves (docs/sources.md)."""

FLAGS: Mapping[Flag, str] = {
    Flag.WENT_BACK: "went back in time: an older state came after a newer one; it ended and changed nothing",
    Flag.HALF_EMPTY: "lost nearly all of its alerts at once; nothing ends before a second reading says so",
    Flag.PARTLY_UNREADABLE: "part of it could not be read; what is missing from it proves nothing",
    Flag.REPAIRED: "does not keep to its standard; what could be repaired was",
    Flag.TIME_AHEAD: "tells of times too far ahead; such alerts are quarantined: kept and counted, without effect",
    Flag.LATE: "sent alerts that were already over; they are counted, nobody is told",
    Flag.ENDS_BEFORE_ONSET: "sent alerts that end before they begin; they last as long as their hazard usually does",
    Flag.ID_REUSED: "changed what an alert says under the same identifier and time; taken as a change",
    Flag.FOREIGN_CANCEL: "cancelled or updated alerts of another sender; that ends nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Whether a hazard family is watched at a place: `state` quiet or blind, since when known, and by whom."""

    state: State
    as_of: datetime | None
    sources: tuple[str, ...]


def is_working(source: Source, health: Health | None, now: datetime, *, since: datetime | None = None) -> bool:
    """Return whether what `source` says can be relied on at `now`.

    A source that was never reached counts as working until `stale_after` after `since`, when the service started, so
    that a fresh start is not told as blindness.
    """
    return silence(source, health, now, since=since) is None


def silence(source: Source, health: Health | None, now: datetime, *, since: datetime | None = None) -> Silence | None:
    """Return why `source` cannot be relied on at `now`, the first thing that went missing, or None."""
    past = [(moment, why) for moment, why in _silences(source, health, since) if moment is None or moment <= now]
    return min(past, key=lambda one: one[0].timestamp() if one[0] else 0.0)[1] if past else None


def silent_from(source: Source, health: Health | None, *, since: datetime | None = None) -> datetime | None:
    """Return the moment from which `source` counts as silent if nothing more is heard; None when it was never heard."""
    return min((moment for moment, _ in _silences(source, health, since) if moment is not None), default=None)


def _silences(
    source: Source, health: Health | None, since: datetime | None
) -> Iterator[tuple[datetime | None, Silence]]:
    """Yield the moment at which each thing goes missing if nothing more is heard; None when it was never there."""
    if health is None or health.succeeded is None:
        yield (since + source.stale_after if since else None), Silence.NEVER_ANSWERED
        return
    yield health.succeeded + source.stale_after, Silence.NO_ANSWER
    rest = patience(source, health)
    if health.as_of is not None and rest is not None:
        yield health.as_of + rest, Silence.FROZEN
    if source.heartbeat is not None and health.beat is not None:
        yield health.beat + BEATS_MISSED * source.heartbeat, Silence.NO_HEARTBEAT


def patience(source: Source, health: Health) -> timedelta | None:
    """Return how long the feed's own time may stand still, or None where its standing still says nothing."""
    usual = usual_patience(source, health)
    if usual is None or source.cadence is not None or health.as_of is None:
        return usual
    return max(usual, rhythm.expected(health.rests, health.as_of))


def usual_patience(source: Source, health: Health) -> timedelta | None:
    """Return the same at any other time of the week."""
    if source.cadence is not None:
        return CADENCES_MISSED * source.cadence + source.interval
    if rhythm.is_known(health.gaps) and (source.snapshot or _moves_by_itself(health)):
        median, p99 = rhythm.quantile(health.gaps, 0.5), rhythm.quantile(health.gaps, 0.99)
        rest = rhythm.longest_usual(health.gaps)
        assert median is not None
        assert p99 is not None
        assert rest is not None, "a known rhythm has gaps enough"
        return max(CADENCES_MISSED * median + source.interval, p99, REST_MARGIN * rest)
    return FROZEN_AFTER * source.stale_after + FROZEN_AT_LEAST if source.snapshot else None


def _moves_by_itself(health: Health) -> bool:
    moves = sum(health.gaps.values())
    return health.idle >= rhythm.ENOUGH and health.idle >= IDLE_SHARE * moves


def covers(source: Source, place: Place) -> bool:
    """Return whether the issuer speaks for where the place lies. A place of unknown country is covered by all.

    "US" covers all of "US-IL". "US-IL" covers a place in the US of which the state is not known: it may lie there.
    """
    subdivisions = _values(place, SUBDIVISION)
    countries = _values(place, COUNTRY) | {value.partition("-")[0] for value in subdivisions}
    if not countries or WORLD in source.jurisdiction:
        return True
    known = {value.partition("-")[0] for value in subdivisions}
    return any(
        region in countries or region in subdivisions or region.partition("-")[0] in countries - known
        for region in source.jurisdiction
    )


def _values(place: Place, scheme: str) -> set[str]:
    return {code.value.strip().upper() for code in place.geocodes if code.scheme.strip().upper() == scheme}


def watch(
    place: Place,
    sources: Iterable[Source],
    healths: Mapping[str, Health],
    now: datetime,
    *,
    since: datetime | None = None,
) -> Mapping[str, Watch]:
    """Return for each family that some source watches at the place whether one that works does."""
    by_family: dict[str, list[Source]] = {}
    for source in sources:
        if covers(source, place):
            for family in source.families:
                by_family.setdefault(family, []).append(source)
    return {family: _watch(group, healths, now, since) for family, group in sorted(by_family.items())}


def _watch(sources: Iterable[Source], healths: Mapping[str, Health], now: datetime, since: datetime | None) -> Watch:
    sources = list(sources)
    working = [one for one in sources if is_working(one, healths.get(one.id), now, since=since)]
    counted = working or sources
    heard = [health.succeeded for one in counted if (health := healths.get(one.id)) and health.succeeded]
    return Watch(
        state=State.QUIET if working else State.BLIND,
        as_of=max(heard, default=None),
        sources=tuple(source.id for source in counted),
    )


def blindness(
    place: Place,
    sources: Iterable[Source],
    healths: Mapping[str, Health],
    now: datetime,
    *,
    since: datetime | None = None,
) -> Blindness | None:
    """Return the families that some source should watch at the place and none that works does, or None."""
    found = watch(place, sources, healths, now, since=since)
    blind = {family: one for family, one in found.items() if one.state is State.BLIND}
    if not blind:
        return None
    return Blindness(
        place=place.id,
        families=tuple(blind),
        sources=tuple(sorted({source for one in blind.values() for source in one.sources})),
        since=min((one.as_of for one in blind.values() if one.as_of), default=None),
    )


# --- the whole account --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who watches one hazard family at a group of places.

    `state` is watched, blind (sources should watch it and none works) or unwatched (no configured source does).
    `sources` pairs each with its own state, "" where nothing is known of it; `candidates` are sources of the catalogue
    that would watch what nobody does. `reason` says it all in words.
    """

    family: str
    state: str
    sources: tuple[tuple[str, str], ...]
    candidates: tuple[str, ...]
    reason: str


def account(
    places: Iterable[Place],
    sources: Iterable[Source],
    healths: Mapping[str, Health] | None,
    now: datetime,
    *,
    known: Iterable[Source] = (),
) -> list[tuple[tuple[Place, ...], tuple[Account, ...]]]:
    """Return (places, accounts of every family) for each group of places that the same sources cover.

    `healths` is None where no service has run: then nothing is said of how a source is. `known` are the sources that
    could be configured. Cost: one look at the sources for each set of country and region codes.
    """
    sources, known = list(sources), list(known)
    by_codes: dict[tuple[frozenset[str], frozenset[str]], list[Place]] = {}
    for place in places:
        by_codes.setdefault((frozenset(_values(place, SUBDIVISION)), frozenset(_values(place, COUNTRY))), []).append(
            place
        )
    groups: dict[tuple[Account, ...], list[Place]] = {}
    for some in by_codes.values():
        covering = [source for source in sources if covers(source, some[0])]
        free = [source for source in known if source not in sources and covers(source, some[0])]
        rows = tuple(_account(family, covering, free, healths, now) for family in FAMILIES)
        groups.setdefault(rows, []).extend(some)
    return [(tuple(some), rows) for rows, some in groups.items()]


def _account(
    family: str, sources: Iterable[Source], free: Iterable[Source], healths: Mapping[str, Health] | None, now: datetime
) -> Account:
    watching = [source for source in sources if family in source.families]
    silences = {
        source.id: silence(source, healths.get(source.id), now) or "working" if healths is not None else ""
        for source in watching
    }
    candidates = tuple(source.id for source in free if family in source.families) if not watching else ()
    is_blind = healths is not None and "working" not in silences.values()
    state = "unwatched" if not watching else "blind" if is_blind else "watched"
    return Account(
        family=family,
        state=state,
        sources=tuple((name, str(why)) for name, why in silences.items()),
        candidates=candidates,
        reason=_reason(silences, candidates),
    )


def _reason(silences: Mapping[str, str], candidates: Sequence[str]) -> str:
    if not silences:
        could = ", ".join(candidates[:_MOST_CANDIDATES])
        return "no configured source watches it" + (f"; the catalogue has {could}" if could else " here")
    words = {name: SILENCES[Silence(why)] if why in SILENCES else why for name, why in silences.items()}
    return "; ".join(f"{name} {why}".strip() for name, why in words.items())


_MOST_CANDIDATES = 5
