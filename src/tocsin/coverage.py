"""Whether somebody who works watches a place: what lets us say "quiet as of", and what makes us say "blind".

A source works as long as its last success is not older than its `stale_after`. A snapshot source must also move on by
its own clock: a generator that froze goes on answering with the same old list, and that is not quiet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model import Blindness, Health, Place, Source, State

COUNTRY, SUBDIVISION, WORLD = "ISO3166-1", "ISO3166-2", "001"
FROZEN_AFTER = 4  # times stale_after ...
FROZEN_AT_LEAST = timedelta(hours=1)  # ... and this, by the feed's own time


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
    until = silent_from(source, health, since=since)
    return until is not None and now < until


def silent_from(source: Source, health: Health | None, *, since: datetime | None = None) -> datetime | None:
    """Return the moment from which `source` counts as silent if nothing more is heard; None when it was never heard."""
    heard = health.succeeded if health else None
    if heard is None:
        return since + source.stale_after if since else None
    moments = [heard + source.stale_after]
    if source.snapshot and health and health.as_of:
        moments.append(health.as_of + FROZEN_AFTER * source.stale_after + FROZEN_AT_LEAST)
    return min(moments)


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
