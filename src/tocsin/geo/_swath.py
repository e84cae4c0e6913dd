"""Where a wind reaches that reaches differently far in each quarter of the compass, and what it sweeps as it moves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from tocsin.geo._ellipsoid import destinations
from tocsin.geo._rings import cut, shifted

_CORNERS = 19  # of a quarter: one each 5 degrees
_MARGIN = 1.0005  # as for circles: edges are straight in degrees and not on the ground
_OUTER = _MARGIN / math.cos(math.pi / 4 / (_CORNERS - 1))  # so that edges between corners do not cut into the arc
_AZIMUTHS = np.concatenate([np.linspace(0.0, math.pi / 2, _CORNERS) + turn * math.pi / 2 for turn in range(4)])
_SINES, _COSINES = np.sin(_AZIMUTHS), np.cos(_AZIMUTHS)
_NEAREST_POLE = 80.0  # degrees; beyond, a sector could hold the pole, and no cyclone has been there
_HALF_TURN = 180.0


def quadrants(lon: float, lat: float, radii_m: Sequence[float]) -> BaseGeometry:
    """Return an area that holds every place within `radii_m` of a centre, by quarter from north to east, and so on.

    A quarter of radius 0 is left out; without any the answer is a Point. Latitudes beyond 80 degrees raise ValueError.
    """
    if abs(lat) > _NEAREST_POLE:
        raise ValueError("a centre so near a pole has no quadrants")
    east, lats = destinations(lat, np.repeat(radii_m, _CORNERS) * _OUTER, _SINES, _COSINES)
    corners = np.column_stack((lon + east, lats))
    if min(radii_m) > 0:  # a step from one radius to the next runs along a ray: one ring, which does not meet itself
        return cut(Polygon(corners))
    quarters = zip(radii_m, np.split(corners, len(radii_m)), strict=True)
    sectors = [cut(Polygon(np.vstack(([lon, lat], arc)))) for radius_m, arc in quarters if radius_m > 0]
    return shapely.union_all(sectors) if sectors else Point(lon, lat)


def swath(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return the convex hull of shapes the short way round the Earth: what is swept from one to the next."""
    west, _, east, _ = shapely.total_bounds(list(shapes))
    if east - west > _HALF_TURN:
        parts = shapely.get_parts(list(shapes))
        shapes = [shifted(part, 360.0) if part.bounds[0] < 0 else part for part in parts]
    return cut(shapely.GeometryCollection(list(shapes)).convex_hull)
