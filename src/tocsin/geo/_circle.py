"""Circles on the ellipsoid, and boxes about them, as polygons in degrees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from tocsin.geo._ellipsoid import destinations, geodesic_m
from tocsin.geo._measure import widened
from tocsin.geo._rings import WORLD, cut, over_pole

MAX_RADIUS_M = 9_900_000.0
"""A little less than a quarter of a meridian: a larger circle could hold both poles and is taken for the world."""

_LEAST_CORNERS = 72
_MOST_CORNERS = 4608
_AT_ONCE = 500  # circles: some 20 arrays of their corners are 6 MB
_POLE = 90.0
_SHORTEST_DEGREE_M = 110_574.0  # of latitude, at the equator
_WIDEST_STEP = 6.0  # degrees of longitude between two corners; only a circle that nearly meets a pole has more
# Edges are straight in degrees and not on the ground; measured, this and the corners outside cover the difference.
_MARGIN = 1.0005


def circle(lon: float, lat: float, radius_m: float) -> BaseGeometry:
    """Return an area that holds every place within `radius_m` of a centre, and none beyond 1.005 times that.

    The corners lie outside the geodesic circle so that the edges do not cut into it. A circle over a pole reaches
    it; one over the 180th meridian is in two parts. A radius of 0 gives a Point; one over MAX_RADIUS_M the world.
    """
    if radius_m <= 0.0:
        return Point(lon, lat)
    if radius_m > MAX_RADIUS_M:
        return WORLD
    corners = _LEAST_CORNERS
    pole = math.copysign(_POLE, lat)
    while True:
        outer_m = radius_m * _MARGIN / math.cos(math.pi / corners)
        holds_pole = geodesic_m(lon, lat, lon, pole) <= outer_m
        east, lats = destinations(lat, outer_m, *_azimuths(corners))
        if holds_pole:
            order = np.argsort(east)
            east, lats = east[order], lats[order]
        ring = np.empty((corners + 1, 2))
        ring[:-1, 0], ring[:-1, 1] = lon + east, lats
        ring[-1] = ring[0, 0] + (360.0 if holds_pole else 0.0), ring[0, 1]
        if corners >= _MOST_CORNERS or np.abs(ring[1:, 0] - ring[:-1, 0]).max() <= _WIDEST_STEP:
            break
        corners *= 2
    return cut(Polygon(over_pole(ring, pole) if holds_pole else ring))


def circles(wanted: Sequence[tuple[float, float, float]]) -> list[BaseGeometry]:
    """Return the `circle` of each (lon, lat, radius_m). Many at once cost a tenth of as many one by one."""
    return [shape for start in range(0, len(wanted), _AT_ONCE) for shape in _circles(wanted[start : start + _AT_ONCE])]


def _circles(wanted: Sequence[tuple[float, float, float]]) -> list[BaseGeometry]:
    centres = np.array(wanted, dtype=np.float64).reshape(-1, 3)
    lons, lats, radii_m = centres[:, :1], centres[:, 1:2], centres[:, 2:]
    is_plain = ((radii_m > 0.0) & (radii_m <= MAX_RADIUS_M))[:, 0]
    outer_m = radii_m * (_MARGIN / math.cos(math.pi / _LEAST_CORNERS))
    # What stays so far from a pole, in the shortest degrees that there are, holds none.
    is_plain &= (np.abs(lats) + outer_m / _SHORTEST_DEGREE_M < _POLE)[:, 0]
    east, north = destinations(lats[is_plain], outer_m[is_plain], *_azimuths(_LEAST_CORNERS))
    steps = np.abs(np.diff(east, axis=1, append=east[:, :1])).max(axis=1, initial=0.0)
    is_plain[is_plain] = is_fine = steps <= _WIDEST_STEP
    rings = np.stack((lons[is_plain] + east[is_fine], north[is_fine]), axis=2)
    shapes: NDArray[np.object_] = np.asarray(shapely.polygons(rings))
    drawn = map(cut, shapes)
    return [next(drawn) if plain else circle(*one) for one, plain in zip(wanted, is_plain.tolist(), strict=True)]


def box_about(lon: float, lat: float, radius_m: float) -> BaseGeometry:
    """Return a box, in two parts over the 180th meridian, that holds every place within `radius_m` of a centre."""
    if radius_m <= 0.0:
        return Point(lon, lat)
    if radius_m > MAX_RADIUS_M:
        return WORLD
    parts = [shapely.box(*part) for part in widened(lon, lat, lon, lat, radius_m)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


@cache  # a few numbers of corners, each twice the one before
def _azimuths(corners: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sines and cosines of so many azimuths, clockwise from north."""
    azimuths = np.linspace(0.0, 2 * math.pi, corners, endpoint=False)
    return np.sin(azimuths), np.cos(azimuths)
