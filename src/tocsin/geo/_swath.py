"""Where a wind reaches that reaches differently far in each quarter of the compass, and what it sweeps as it moves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from tocsin.geo._ellipsoid import destinations
from tocsin.geo._rings import cut, shifted

_QUARTERS = 4
_CORNERS = 19  # of a quarter: one each 5 degrees
_MARGIN = 1.0005  # as for circles: edges are straight in degrees and not on the ground
_OUTER = _MARGIN / math.cos(math.pi / 4 / (_CORNERS - 1))  # so that edges between corners do not cut into the arc
_AZIMUTHS = np.concatenate([np.linspace(0.0, math.pi / 2, _CORNERS) + turn * math.pi / 2 for turn in range(_QUARTERS)])
_SINES, _COSINES = np.sin(_AZIMUTHS), np.cos(_AZIMUTHS)
_NEAREST_POLE = 80.0  # degrees; beyond, a sector could hold the pole, and no cyclone has been there
_HALF_TURN = 180.0


def quadrants(wanted: Sequence[tuple[float, float, Sequence[float]]]) -> list[BaseGeometry]:
    """Return of each (lon, lat, radii_m) an area that holds every place within the radii of a centre.

    They are told by quarter, from north to east, and so on. A quarter of radius 0 is left out; without any the answer
    is a Point. Latitudes beyond 80 degrees raise ValueError. Many at once cost a third of as many one by one.
    """
    if any(abs(lat) > _NEAREST_POLE for _, lat, _ in wanted):
        raise ValueError("a centre so near a pole has no quadrants")
    lons, lats = (np.array([one[axis] for one in wanted]).reshape(-1, 1) for axis in (0, 1))
    radii_m = np.array([one[2] for one in wanted]).reshape(-1, _QUARTERS)
    east, north = destinations(lats, np.repeat(radii_m, _CORNERS, axis=1) * _OUTER, _SINES, _COSINES)
    corners = np.stack((lons + east, north), axis=2)
    return [_quadrants(lon, lat, own, arcs) for (lon, lat, own), arcs in zip(wanted, corners, strict=True)]


def _quadrants(lon: float, lat: float, radii_m: Sequence[float], corners: NDArray[np.float64]) -> BaseGeometry:
    if min(radii_m) > 0:  # a step from one radius to the next runs along a ray: one ring, which does not meet itself
        return cut(Polygon(corners))
    arcs = zip(radii_m, np.split(corners, _QUARTERS), strict=True)
    sectors = [cut(Polygon(np.vstack(([[lon, lat]], arc)))) for radius_m, arc in arcs if radius_m > 0]
    return shapely.union_all(sectors) if sectors else Point(lon, lat)


def swath(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return the convex hull of shapes the short way round the Earth: what is swept from one to the next."""
    bounds = [shape.bounds for shape in shapes]
    if max(east for _, _, east, _ in bounds) - min(west for west, *_ in bounds) > _HALF_TURN:
        parts = shapely.get_parts(list(shapes))
        shapes = [shifted(part, 360.0) if part.bounds[0] < 0 else part for part in parts]
    return cut(shapely.GeometryCollection(list(shapes)).convex_hull)
