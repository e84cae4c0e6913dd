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
_NEAREST_POLE = 80.0  # degrees; beyond, a sector could hold the pole, and no cyclone has been there
_HALF_TURN = 180.0


def quadrants(lon: float, lat: float, radii_m: Sequence[float]) -> BaseGeometry:
    """Return an area that holds every place within `radii_m` of a centre, by quarter from north to east, and so on.

    A quarter of radius 0 is left out; without any the answer is a Point. Latitudes beyond 80 degrees raise ValueError.
    """
    if abs(lat) > _NEAREST_POLE:
        raise ValueError("a centre so near a pole has no quadrants")
    sectors = [_sector(lon, lat, radius_m, quarter) for quarter, radius_m in enumerate(radii_m) if radius_m > 0]
    return shapely.union_all(sectors) if sectors else Point(lon, lat)


def swath(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return the convex hull of shapes the short way round the Earth: what is swept from one to the next."""
    west, _, east, _ = shapely.total_bounds(list(shapes))
    if east - west > _HALF_TURN:
        parts = shapely.get_parts(list(shapes))
        shapes = [shifted(part, 360.0) if part.bounds[0] < 0 else part for part in parts]
    return cut(shapely.GeometryCollection(list(shapes)).convex_hull)


def _sector(lon: float, lat: float, radius_m: float, quarter: int) -> BaseGeometry:
    step = math.pi / 2 / (_CORNERS - 1)
    azimuths = np.linspace(quarter * math.pi / 2, (quarter + 1) * math.pi / 2, _CORNERS)
    east, lats = destinations(lat, radius_m * _MARGIN / math.cos(step / 2), np.sin(azimuths), np.cos(azimuths))
    ring = np.vstack(([lon, lat], np.column_stack((lon + east, lats)), [lon, lat]))
    return cut(Polygon(ring))
