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

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shapely import Point
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.formats._intensity import reach_km
from tocsin.hazards import HAZARDS
from tocsin.model import Area, Event, Severity, Text, Urgency


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


def felt(event: Event, quake: Quake) -> tuple[Event, ...]:
    """Return the events of a quake that has a position, worst first; `event` is what they have in common."""
    depth_km = USUAL_DEPTH_KM if quake.depth_km is None else quake.depth_km
    shakes = quake.kind == EARTHQUAKE and quake.magnitude is not None
    reaches = [reach_km(quake.magnitude or 0, depth_km, band.at_least) if shakes else 0 for band in BANDS]
    bands = [
        _in_band(event, quake, part, band, reach)
        for part, (band, reach) in enumerate(zip(BANDS, reaches, strict=True))
        if reach > 0
    ]
    return tuple(bands) or (_faint(event, quake, is_rated=shakes),)


def _in_band(event: Event, quake: Quake, part: int, band: Band, reach: float) -> Event:
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
        areas=(Area(description=quake.place, geometry=_circle(quake, reach)),),
    )


def _faint(event: Event, quake: Quake, *, is_rated: bool) -> Event:
    """Return the event of a quake that no band reaches, or (not `is_rated`) of which nobody knows how far it does."""
    return replace(
        event,
        part=len(BANDS),
        severity=Severity.MINOR if is_rated else Severity.UNKNOWN,
        areas=(Area(description=quake.place, geometry=_circle(quake, FAINT_KM)),),
    )


def _circle(quake: Quake, radius_km: float) -> BaseGeometry:
    assert quake.at is not None, "a quake without a position has no area"
    return geo.circle(quake.at.x, quake.at.y, radius_km * 1000)


def _depth(depth_km: float | None) -> str:
    if depth_km is None:
        return ""
    return f" {depth_km:.0f} km deep" if depth_km >= _SHALLOWEST_KM else " at the surface"
