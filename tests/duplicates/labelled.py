"""The labelled scenes, and what is found in them: how many pairs of two sources are rightly and wrongly one thing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import shapely
from shapely import Point

from tocsin import concern, duplicates, impact, lifecycle, match
from tocsin.formats._quake import EARTHQUAKE, Quake, expires, felt
from tocsin.model import Area, Event, Place, Severity

SCENES: Mapping[str, Any] = json.loads(Path(__file__).with_name("scenes.json").read_text(encoding="utf-8"))
MIRRORS: duplicates.Mirrors = {"hub": frozenset({"national"}), "second-hub": frozenset({"*"})}
KINDS = ("quakes", "copies", "places")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two events of two sources in a scene: whether they are one thing, and whether they were found to be."""

    kind: str
    scene: str
    names: tuple[str, str]
    is_one: bool
    is_joined: bool


def pairs() -> Iterator[Pair]:
    """Yield every pair of events of two sources in every scene."""
    for kind in KINDS:
        for scene in SCENES[kind]:
            events, truths = _events(kind, scene["said"])
            names = _at_the_place(scene, events) if kind == "places" else found(events)
            for first, second in combinations(truths, 2):
                if events[first][0].source != events[second][0].source:
                    yield Pair(
                        kind=kind,
                        scene=scene["scene"],
                        names=(first, second),
                        is_one=truths[first] == truths[second],
                        is_joined=names.get(first, first) == names.get(second, second),
                    )


def score(of: list[Pair]) -> tuple[int, int, int]:
    """Return how many pairs are rightly joined, wrongly joined, and wrongly apart."""
    return (
        sum(pair.is_one and pair.is_joined for pair in of),
        sum(pair.is_joined and not pair.is_one for pair in of),
        sum(pair.is_one and not pair.is_joined for pair in of),
    )


def found(events: Mapping[str, tuple[Event, ...]]) -> dict[str, str]:
    """Return for each label the name of what happens."""
    known = [event for parts in events.values() for event in parts]
    threads = lifecycle.threads(known)
    names = duplicates.happenings([(event, threads[event.id]) for event in known], MIRRORS)
    return {label: names[parts[0].id] for label, parts in events.items()}


def _at_the_place(scene: Mapping[str, Any], events: Mapping[str, tuple[Event, ...]]) -> dict[str, str]:
    """Return for each label the family of the concern at the place that lists it as evidence."""
    index = match.PlaceIndex([Place(id="here", name="Here", geometry=Point(*scene["place"]))])
    impacts = {}
    for label, (event,) in events.items():
        assert event.hazard is not None
        touch = match.touches(index, event, within_m=impact.near_m(event.hazard), jurisdiction=()).get(0)
        one = touch and impact.assess(event, index.places[0], touch, thread=event.id, ends=lifecycle.ends(event))
        if one:
            impacts[label] = one
    families = {one.family for one in impacts.values()}
    concerns = [concern.join([one for one in impacts.values() if one.family == family]) for family in families]
    return {
        label: joined.family for joined in concerns for label, one in impacts.items() if one.evidence in joined.evidence
    }


def _events(kind: str, said: list[Any]) -> tuple[dict[str, tuple[Event, ...]], dict[str, str]]:
    """Return the events and the truth of each label."""
    if kind == "quakes":
        solutions = {row[1]: quake(*row[:7], *row[8:]) for row in said}
        return solutions, {row[1]: row[7] for row in said}
    named = {f"{row['source']}/{row['id']}": row for row in said}
    warnings: dict[str, tuple[Event, ...]] = {label: (warning(row),) for label, row in named.items()}
    return warnings, {label: row["truth"] for label, row in named.items()}


def quake(
    source: str,
    name: str,
    time: str,
    lat: float,
    lon: float,
    depth_km: float,
    magnitude: float | None,
    ids: Any = (),
) -> tuple[Event, ...]:
    """Return a quake as its readers would, after the gate."""
    at = moment(time)
    solution = Quake(kind=EARTHQUAKE, at=Point(lon, lat), depth_km=depth_km, magnitude=magnitude, place="")
    bare = Event(
        source=source,
        sender=f"{source}.example",
        identifier=name,
        sent=at + timedelta(minutes=9),
        aliases=tuple(f"quake:{one}" for one in (name, *ids)),
        hazard=EARTHQUAKE,
        onset=at,
        expires=expires(at),
        texts=(solution.text,),
        measures=solution.measures,
    )
    return felt([(bare, solution)])[0]


def warning(row: Mapping[str, Any]) -> Event:
    return Event(
        source=row["source"],
        sender=row["sender"],
        identifier=row["id"],
        sent=moment(row["sent"]),
        hazard=row["hazard"],
        severity=Severity(row["severity"]),
        onset=moment(row["onset"]) if "onset" in row else None,
        expires=moment(row["expires"]) if "expires" in row else None,
        areas=(Area(geometry=shapely.box(*row["box"])),),
    )


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
