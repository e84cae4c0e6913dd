"""Circles on the ellipsoid, and boxes about them, as polygons in degrees."""

from __future__ import annotations

import math
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
    pole = math.copysign(90.0, lat)
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
