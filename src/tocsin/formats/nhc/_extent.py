"""How far a storm's wind reaches, now and on its way, and where its centre may go.

A forecast is told part by part: for each step of the forecast (now to 12 hours, 12 to 24 ...) and each force of wind
(64, 50, 34 knots) one event with the area that is swept in it, its beginning and its end. So each place is told from
when and how bad. Where the centre may go is one event a step: the circles that held two thirds of the official
forecasts' errors in the five years before, around the forecast positions ("the cone"). It says nothing of the wind.

Where no reach is published (CurrentStorms.json, the RSS index, an advisory without radii) a storm of gale force or
more is shown `ASSUMED_KM` wide, and as Possible: NWS calls a typical hurricane 300 miles wide. Of a depression only
the centre is shown.

Source: NHC, Definition of the NHC Track Forecast Cone (radii of 2023, from the errors of 2018 to 2022),
https://www.nhc.noaa.gov/aboutcone.shtml ; NWS JetStream, Tropical cyclone structure (300 miles).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.formats.nhc._storm import KM_PER_NM, STORM_FORCE_KT, Storm, placed, severity_of
from tocsin.model import Certainty, Event, Severity, Urgency

FORCES_KT = (64, 50, 34)
ASSUMED_KM = 240.0
CENTRE_KM = 1.0
_NM_M = KM_PER_NM * 1000
_SOON = timedelta(hours=36)  # NHC issues warnings 36 hours ahead, watches 48
_HOUR = timedelta(hours=1)
_CONE_NM: Mapping[str, Mapping[int, int]] = {
    "al": {12: 26, 24: 39, 36: 53, 48: 67, 60: 81, 72: 99, 96: 145, 120: 205},
    "ep": {12: 25, 24: 38, 36: 51, 48: 63, 60: 78, 72: 86, 96: 110, 120: 137},
    "cp": {12: 34, 24: 49, 36: 66, 48: 81, 60: 95, 72: 120, 96: 137, 120: 156},
}
_ONE_LOWER = {Severity.EXTREME: Severity.SEVERE, Severity.SEVERE: Severity.MODERATE}

Radii = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where the centre is at a moment, how strong the wind is, and how far each force reaches in nautical miles."""

    at: datetime
    lon: float
    lat: float
    wind_kt: float | None = None
    radii_nm: Mapping[int, Radii] = field(default_factory=dict)


Reach = Mapping[int, BaseGeometry]
"""The area of winds of each force in knots that is said to blow."""


def reaches(points: Sequence[Point]) -> list[Reach]:
    """Return how far the winds of each point reach, all drawn at once."""
    said = [{force: radii for force in FORCES_KT if any(radii := point.radii_nm.get(force, ()))} for point in points]
    drawn = iter(
        geo.quadrants(
            [
                (point.lon, point.lat, [radius * _NM_M for radius in radii])
                for point, own in zip(points, said, strict=True)
                for radii in own.values()
            ]
        )
    )
    return [{force: next(drawn) for force in own} for own in said]


def around(event: Event, storm: Storm) -> Event:
    """Return the event of a storm of which nobody says how far it reaches."""
    if storm.wind_kt is None or storm.wind_kt < STORM_FORCE_KT:
        return placed(event, geo.circle(storm.lon, storm.lat, CENTRE_KM * 1000), "the centre; no reach is published")
    area = geo.circle(storm.lon, storm.lat, ASSUMED_KM * 1000)
    assumed = replace(event, certainty=Certainty.POSSIBLE, urgency=Urgency.EXPECTED)
    return placed(assumed, area, f"within {ASSUMED_KM:.0f} km of the centre, as is typical; no reach is published")


def blowing(event: Event, now: Reach) -> Iterator[Event]:
    """Yield an event for each force of wind that blows now, worst first."""
    for force, area in now.items():
        yield placed(replace(event, severity=severity_of(force)), area, f"winds of {force} kt or more")


def coming(event: Event, points: Sequence[Point], reached: Sequence[Reach]) -> Iterator[Event]:
    """Yield an event for each step of the forecast and force of wind; `points` begin with now."""
    for (first, before), (second, after) in pairwise(zip(points, reached, strict=True)):
        for force in FORCES_KT:
            areas = [reach[force] for reach in (before, after) if force in reach]
            if areas:
                forecast = _forecast(event, first, second, since=points[0].at)
                told = replace(forecast, severity=severity_of(force))
                yield placed(told, geo.swath(areas), f"forecast: winds of {force} kt or more")


def cone(event: Event, points: Sequence[Point], basin: str) -> Iterator[Event]:
    """Yield an event for each step: where the centre may be. A step is rated one lower than its wind: it only may."""
    radii = _CONE_NM.get(basin, _CONE_NM["al"])
    circles = geo.circles([(point.lon, point.lat, _cone_m(radii, point.at - points[0].at)) for point in points])
    for (first, before), (second, after) in pairwise(zip(points, circles, strict=True)):
        severity = severity_of(max(filter(None, (first.wind_kt, second.wind_kt)), default=None))
        forecast = _forecast(event, first, second, since=points[0].at)
        told = replace(forecast, severity=_ONE_LOWER.get(severity, severity), certainty=Certainty.POSSIBLE)
        yield placed(told, geo.swath((before, after)), "where the centre may be (two forecasts in three)")


def _forecast(event: Event, first: Point, second: Point, *, since: datetime) -> Event:
    """Return the event with the times of one step; its measures are those of the storm now, and do not hold there."""
    return replace(
        event,
        urgency=Urgency.EXPECTED if first.at - since <= _SOON else Urgency.FUTURE,
        certainty=Certainty.LIKELY,
        onset=first.at,
        expires=second.at,
        measures={},
    )


def _cone_m(radii_nm: Mapping[int, int], ahead: timedelta) -> float:
    """Return the radius at a time ahead, in a straight line between the published ones, the last one beyond them."""
    hours = ahead / _HOUR
    known = [(0.0, 0.0), *((float(hour), float(radius)) for hour, radius in radii_nm.items())]
    for (earlier, smaller), (later, larger) in pairwise(known):
        if hours <= later:
            share = max(0.0, hours - earlier) / (later - earlier)
            return max(CENTRE_KM * 1000, (smaller + share * (larger - smaller)) * _NM_M)
    return known[-1][1] * _NM_M
