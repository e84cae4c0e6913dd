"""Several shapes of one area into one geometry, within a limit on the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from tocsin.geo._effort import takes
from tocsin.geo._rings import Positions, Ring, meetings
from tocsin.model import Problem

MAX_PARTS = 2_000
"""Shapes of more polygons, lines and points than these become one hull."""
MAX_MEETINGS = 10_000
"""Polygons whose edges meet more often become one hull: a union costs some 10 microseconds a meeting. Twenty-five
adjoining districts (3,117 vertices) meet 3,315 times; two combs of 20,000 teeth a hundred million times."""
MAX_UNITED = 500
"""So many polygons with boxes that overlap are united; more become one hull, at 0.1 ms for each."""
MAX_UNITED_VERTICES = 20_000

_CHUNK = 64
_SURELY_QUICK = 100  # vertices in all that cannot meet often enough to be slow
_QUICK_A_STEP = 24  # so many of the square of their number: 100 meet 421 times at most, a step each
_KINDS = (shapely.GeometryType.POLYGON, shapely.GeometryType.LINESTRING, shapely.GeometryType.POINT)
_Shapes = NDArray[np.object_]


def together(shapes: Sequence[BaseGeometry], *, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the one geometry that covers what all the shapes cover, and what was repaired. At least one shape.

    Polygons are united where they overlap or adjoin. Lines and points stand beside them as they are: to cut lines
    where they cross would cost the square of their number, and tells nobody more.
    """
    if len(shapes) == 1:
        return shapes[0], ()
    parts = shapely.get_parts(list(shapes))
    kinds = shapely.get_type_id(parts)
    polygons, lines, points = (parts[kinds == kind] for kind in _KINDS)
    if len(parts) > MAX_PARTS or (united := _united(polygons)) is None:
        message = "the shapes of the area, or of the document, cross too often to be joined; their convex hull is used"
        hull = shapely.GeometryCollection(list(parts)).convex_hull
        return hull, (Problem(at=at, message=message, is_repaired=True),)
    dots = shapely.MultiPoint(np.unique(shapely.get_coordinates(points), axis=0)).geoms if len(points) else ()
    return _collected([*united, *lines, *dots]), ()


def _collected(parts: Sequence[Any]) -> BaseGeometry:
    """Return single parts as one geometry of the narrowest type."""
    kinds = {part.geom_type for part in parts}
    if len(parts) == 1:
        only: BaseGeometry = parts[0]
        return only
    if kinds == {"Polygon"}:
        return shapely.MultiPolygon(parts)
    if kinds == {"LineString"}:
        return shapely.MultiLineString(parts)
    return shapely.MultiPoint(parts) if kinds == {"Point"} else shapely.GeometryCollection(parts)


def _united(polygons: _Shapes) -> _Shapes | None:
    """Return polygons that do not overlap, or None when that is too much work.

    Those whose boxes meet no other's cost nothing.
    """
    is_crowded = _crowded(polygons)
    crowd, alone = polygons[is_crowded], polygons[~is_crowded]
    if not len(crowd):
        return alone
    if len(crowd) > MAX_UNITED or _is_too_much(crowd):
        return None
    return np.concatenate((shapely.get_parts(shapely.union_all(crowd)), alone))


def _crowded(polygons: _Shapes) -> NDArray[np.bool_]:
    """Return of which polygons the box meets another's; stops when they are too many, for all pairs are a million."""
    tree = shapely.STRtree(polygons)
    crowded = np.zeros(len(polygons), dtype=np.bool_)
    for start in range(0, len(polygons), _CHUNK):
        some, others = tree.query(polygons[start : start + _CHUNK])
        crowded[others[others != some + start]] = True
        if np.count_nonzero(crowded) > MAX_UNITED:
            break
    return crowded


def _is_too_much(polygons: _Shapes) -> bool:
    vertices = int(shapely.get_num_coordinates(polygons).sum())
    if vertices > MAX_UNITED_VERTICES:
        return True
    if vertices <= _SURELY_QUICK:
        return not takes(vertices**2 // _QUICK_A_STEP)
    edges, owners = _edges(polygons)

    def is_apart(some: Positions, others: Positions) -> NDArray[np.bool_]:
        apart: NDArray[np.bool_] = owners[some] < owners[others]
        return apart

    found = meetings(edges, is_apart, limit=MAX_MEETINGS)
    return found > MAX_MEETINGS or not takes(found + len(polygons))


def _edges(polygons: _Shapes) -> tuple[Ring, Positions]:
    """Return the edges of all rings as rows of x, y, x, y, and the number of the polygon that each is of."""
    rings, owner = shapely.get_rings(polygons, return_index=True)
    positions, of_ring = shapely.get_coordinates(rings, return_index=True)
    joined = of_ring[:-1] == of_ring[1:]
    return np.hstack((positions[:-1][joined], positions[1:][joined])), owner[of_ring[:-1][joined]]
