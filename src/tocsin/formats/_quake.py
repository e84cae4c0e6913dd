"""Earthquakes, whoever tells of them: one solution of one quake, and the events that it becomes.

A magnitude says nothing to a place, so one quake becomes up to four events, one for each band of intensity that
reaches the surface (`BANDS`), each with the circle that a published equation gives (`_intensity`). `part` numbers the
bands, worst first, so that a revision that raises the level shows at a place. A quake too weak for any band, or
without a magnitude, is one event of a kilometre around the epicentre: not lost, and heard of nowhere else.

Our own clock ends it: `expires` is the moment of the quake plus the life of the hazard, so that revisions, and an old
quake that is announced anew, do not make it longer.

Source: CAP 1.2, 3.2.2 for the ratings; `_intensity` for the bands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shapely import Point
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.formats._geojson import Fields
from tocsin.formats._intensity import reach_km
from tocsin.formats._item import read_item
from tocsin.hazards import HAZARDS
from tocsin.model import Area, Event, Item, Problem, Severity, Text, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A band of Modified Mercalli Intensity and how CAP rates it."""

    at_least: float
    name: str
    severity: Severity
    urgency: Urgency


# Urgency, CAP 1.2, 3.2.2: Immediate where something must be done at once (look after people, leave what is damaged);
# Past where "responsive action is no longer required": felt, and over.
BANDS = (
    Band(at_least=7, name="VII", severity=Severity.EXTREME, urgency=Urgency.IMMEDIATE),
    Band(at_least=6, name="VI", severity=Severity.SEVERE, urgency=Urgency.IMMEDIATE),
    Band(at_least=5, name="V", severity=Severity.MODERATE, urgency=Urgency.PAST),
    Band(at_least=4, name="IV", severity=Severity.MINOR, urgency=Urgency.PAST),
)
"""The bands in the order of `part`, from 0. Part 4 is a quake that none of them reaches."""

EARTHQUAKE = "earthquake"
FAINT_KM = 1.0
USUAL_DEPTH_KM = 10.0  # what USGS itself assumes for a shallow quake whose depth it cannot find
_MAGNITUDES = (-5.0, 10.0)  # M -2 is a hammer blow; the largest known is 9.5
_DEPTHS_KM = (-10.0, 1_000.0)  # above sea level, and deeper than any quake (some 700)
_SHALLOWEST_KM = 0.5  # below this a headline says "at the surface"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quake:
    """One solution of one quake. `kind` is "earthquake" or what shook in its place; `at` is None where none is said."""

    kind: str
    at: Point | None
    depth_km: float | None
    magnitude: float | None
    place: str

    @property
    def measures(self) -> Mapping[str, float]:
        """Return what is known of magnitude, depth and epicentre, as an event holds it."""
        known = {
            "magnitude": self.magnitude,
            "depth_km": self.depth_km,
            "epicentre_lon": self.at.x if self.at else None,
            "epicentre_lat": self.at.y if self.at else None,
        }
        return {name: value for name, value in known.items() if value is not None}

    @property
    def is_rated(self) -> bool:
        """Return whether it is known how far it may be felt."""
        return self.kind == EARTHQUAKE and self.magnitude is not None

    @property
    def text(self) -> Text:
        """Return our words in English: "M 5.6 earthquake 12 km deep, 4 km W of Castaic, CA"."""
        size = "" if self.magnitude is None else f"M {self.magnitude:.1f} "
        # No comma before the depth: a figure between commas may be somebody's age, and the gate looks twice.
        headline = f"{size}{self.kind}{_depth(self.depth_km)}{', ' if self.place else ''}{self.place}"
        return Text(language="en", event=self.kind.capitalize(), headline=headline[0].upper() + headline[1:])


def magnitude_of(value: float | None) -> float | None:
    """Return a magnitude that can be, else None."""
    return _within(_MAGNITUDES, value)


def depth_km_of(value: float | None) -> float | None:
    """Return a depth in kilometres that can be, else None."""
    return _within(_DEPTHS_KM, value)


def _within(limits: tuple[float, float], value: float | None) -> float | None:
    return value if value is not None and limits[0] <= value <= limits[1] else None


def expires(onset: datetime) -> datetime:
    """Return when our clock ends a quake."""
    return onset + HAZARDS[EARTHQUAKE].lasts


def read_quakes(
    found: Iterable[tuple[str, Any]], read: Callable[[Fields], tuple[Event, Quake | None]]
) -> tuple[Item, ...]:
    """Return an item for each (position, feature). `read` gives what the events of a quake have in common, and the
    quake; or an event that stands for itself, and None. Raises FormatError for what is no quake.
    """
    told = [_told(at, feature, read) for at, feature in found]
    shown = iter(felt([(item.events[0], quake) for item, quake in told if quake]))
    return tuple(replace(item, events=next(shown)) if quake else item for item, quake in told)


def _told(at: str, feature: Any, read: Callable[[Fields], tuple[Event, Quake | None]]) -> tuple[Item, Quake | None]:
    quakes: list[Quake | None] = []

    def events(problems: list[Problem]) -> tuple[Event, ...]:
        event, quake = read(Fields(feature, at=at, problems=problems))
        quakes.append(quake)
        return (event,)

    item = read_item(at, events)
    return item, quakes[0] if quakes else None


def felt(solutions: Sequence[tuple[Event, Quake]]) -> list[tuple[Event, ...]]:
    """Return the events of each quake, which has a position, worst first; of each pair the event is what they have in
    common. All circles are drawn at once.
    """
    reaches = [_reaches(quake) for _, quake in solutions]
    shapes = iter(
        geo.circles(
            [
                (*_epicentre(quake), 1000 * reach)
                for (_, quake), own in zip(solutions, reaches, strict=True)
                for _, reach in own
            ]
        )
    )
    return [
        tuple(_in_band(event, quake, part, reach, next(shapes)) for part, reach in own)
        for (event, quake), own in zip(solutions, reaches, strict=True)
    ]


def _reaches(quake: Quake) -> list[tuple[int, float]]:
    """Return (part, kilometres) of each band that reaches the surface, or of a quake that none does."""
    if not quake.is_rated:
        return [(len(BANDS), FAINT_KM)]
    depth_km = USUAL_DEPTH_KM if quake.depth_km is None else quake.depth_km
    reaches = [(part, reach_km(quake.magnitude or 0, depth_km, band.at_least)) for part, band in enumerate(BANDS)]
    return [one for one in reaches if one[1] > 0] or [(len(BANDS), FAINT_KM)]


def _epicentre(quake: Quake) -> tuple[float, float]:
    assert quake.at is not None, "a quake without a position has no area"
    return quake.at.x, quake.at.y


def _in_band(event: Event, quake: Quake, part: int, reach: float, shape: BaseGeometry) -> Event:
    """Return the event of one band, or of a quake that none reaches, or of which nobody knows how far it does."""
    areas = (Area(description=quake.place, geometry=shape),)
    if part == len(BANDS):
        severity = Severity.MINOR if quake.is_rated else Severity.UNKNOWN
        return replace(event, part=part, severity=severity, areas=areas)
    band = BANDS[part]
    description = (
        f"Shaking of intensity {band.name} or more (Modified Mercalli) is estimated within {reach:.0f} km of the "
        "epicentre, by a published equation from magnitude and depth alone."
    )
    return replace(
        event,
        part=part,
        severity=band.severity,
        urgency=band.urgency,
        texts=(replace(event.texts[0], description=description),),
        areas=areas,
    )


def _depth(depth_km: float | None) -> str:
    if depth_km is None:
        return ""
    return f" {depth_km:.0f} km deep" if depth_km >= _SHALLOWEST_KM else " at the surface"
