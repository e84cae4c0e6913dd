"""Distances between geometries, in metres, and boxes for an index to search."""

from __future__ import annotations

import math

import shapely
from shapely.geometry.base import BaseGeometry

from tocsin.geo._ellipsoid import LEAST_RADIUS_M, geodesic_m
from tocsin.geo._rings import shifted

_SLACK = 1.005  # the spherical formula on the least radius; the ellipsoid's latitudes differ from the sphere's


def distance_m(a: BaseGeometry, b: BaseGeometry) -> float:
    """Return the distance between the nearest points of two geometries, in metres; 0 when they touch.

    The nearest points are sought in a plane whose scale is true at their own latitude, and measured on the
    ellipsoid: right to 1e-3 within 500 km up to 80 degrees of latitude, an upper bound beyond. The shorter way
    over the 180th meridian is taken where there is one. Infinite when either geometry is empty.
    """
    if a.is_empty or b.is_empty:
        return math.inf
    if shapely.intersects(a, b):
        return 0.0
    return min(_nearest_m(a, shifted(b, turn)) for turn in _turns(a, b))


def box_around(geometry: BaseGeometry, within_m: float) -> list[tuple[float, float, float, float]]:
    """Return one box, or two that meet at the 180th meridian, as (west, south, east, north) in degrees.

    They hold every place within `within_m` of the geometry. No box when the geometry is empty.
    """
    if geometry.is_empty:
        return []
    _, south, _, north = geometry.bounds
    west, east = _span(geometry)
    return widened(west, south, east, north, within_m)


def widened(
    west: float, south: float, east: float, north: float, within_m: float
) -> list[tuple[float, float, float, float]]:
    """Return the box, or two that meet at the 180th meridian, with every place within `within_m` of a box."""
    angle = within_m * _SLACK / LEAST_RADIUS_M
    reach = math.degrees(angle)
    south, north, top = south - reach, north + reach, max(abs(south), abs(north))
    if south > -90.0 and north < 90.0:
        aside = math.degrees(math.asin(min(1.0, math.sin(min(angle, math.pi / 2)) / math.cos(math.radians(top)))))
        west, east = west - aside, east + aside
    if south <= -90.0 or north >= 90.0 or east - west >= 360.0:
        west, east = -180.0, 180.0
    south, north = max(south, -90.0), min(north, 90.0)
    if west < -180.0:
        return [(west + 360.0, south, 180.0, north), (-180.0, south, east, north)]
    if east > 180.0:
        return [(west, south, 180.0, north), (-180.0, south, east - 360.0, north)]
    return [(west, south, east, north)]


def _span(geometry: BaseGeometry) -> tuple[float, float]:
    """Return the shortest arc of longitudes that holds all parts, as (west, east) with east up to west + 360."""
    arcs = sorted((part.bounds[0], part.bounds[2]) for part in shapely.get_parts(geometry))
    west, east = arcs[0]
    gap, best = 360.0 - max(arc[1] for arc in arcs) + west, (west, max(arc[1] for arc in arcs))
    for start, end in arcs[1:]:
        if start - east > gap:
            gap, best = start - east, (start, east + 360.0)
        east = max(east, end)
    return best if best[0] < 180.0 else (best[0] - 360.0, best[1] - 360.0)


def _turns(a: BaseGeometry, b: BaseGeometry) -> list[float]:
    """Return by how many degrees `b` may be moved to lie nearest: the shorter way is never over 180 degrees long."""
    west_a, _, east_a, _ = a.bounds
    west_b, _, east_b, _ = b.bounds
    return [turn for turn in (0.0, -360.0, 360.0) if max(west_b + turn - east_a, west_a - east_b - turn) <= 180.0]


def _nearest_m(a: BaseGeometry, b: BaseGeometry) -> float:
    lat = _middle(a, b)
    for _ in range(2):
        scale = max(math.cos(math.radians(lat)), 1e-6)
        line = shapely.shortest_line(_scaled(a, scale), _scaled(b, scale))
        (x, lat_a), (other_x, lat_b) = line.coords
        lat = (lat_a + lat_b) / 2
    return geodesic_m(x / scale, lat_a, other_x / scale, lat_b)


def _middle(a: BaseGeometry, b: BaseGeometry) -> float:
    """Return the latitude between two geometries, or of what they share of it."""
    low = max(a.bounds[1], b.bounds[1])
    high = min(a.bounds[3], b.bounds[3])
    return (low + high) / 2


def _scaled(geometry: BaseGeometry, scale: float) -> BaseGeometry:
    return shapely.transform(geometry, lambda positions: positions * (scale, 1.0))
