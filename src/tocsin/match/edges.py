"""An area on the grid as edges: what the descent and the raster read.

Whatever is drawn is closed rings here, and a place is inside where a ray from it crosses edges an odd number of times,
or where it lies on one. A hole is simply more edges. A line is a ring that goes there and comes back, so each edge
stands twice and the two cancel; a point is an edge of no length, which nothing crosses. Both have a boundary only.

A part is judged by itself: two polygons of one area that overlap would cancel where both are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin.match.grid import EAST, NORTH, Whole

Shapes = npt.NDArray[np.object_]

_POINT, _POLYGON = int(shapely.GeometryType.POINT), int(shapely.GeometryType.POLYGON)


def parts_of(shape: BaseGeometry) -> Shapes:
    """Return the polygons, lines and points of a geometry, however deep they lie in collections, but empty ones."""
    parts: Shapes = np.asarray(shapely.get_parts(shape))
    while (shapely.get_type_id(parts) > _POLYGON).any():
        parts = np.asarray(shapely.get_parts(parts))
    kept: Shapes = parts[~shapely.is_empty(parts)]
    return kept


def edges_of(parts: Shapes) -> tuple[Whole, npt.NDArray[np.intp]]:
    """Return the edges (n, 4) of parts on the grid as x, y, x, y, and where each part's begin and the last's end."""
    kinds = shapely.get_type_id(parts)
    rings, owner = shapely.get_rings(parts[kinds == _POLYGON], return_index=True)
    edges, of_ring = _joined(rings)
    if len(rings) and (kinds == _POLYGON).all():
        part = owner[of_ring]
    else:
        lines, points = (parts[np.isin(kinds, kind)] for kind in ((1, 2), (_POINT,)))
        there, of_line = _joined(lines)
        spots = shapely.get_coordinates(points).astype(np.int64)
        edges = np.concatenate((edges, there, there[:, (2, 3, 0, 1)], np.hstack((spots, spots))))
        owners = (np.flatnonzero(np.isin(kinds, kind)) for kind in ((_POLYGON,), (1, 2), (_POINT,)))
        of_polygon, of_line_part, of_point = owners
        part = np.concatenate((of_polygon[owner[of_ring]], of_line_part[of_line], of_line_part[of_line], of_point))
        order = np.argsort(part, kind="stable")
        edges, part = edges[order], part[order]
    return edges, np.searchsorted(part, np.arange(len(parts) + 1))


def seams(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    """Yield what an area on the grid touches where degrees end but the Earth goes on, as it is on the other side.

    These are the 180th meridian, which is drawn at both ends of the grid, and the poles, which are drawn all along it.
    """
    if shape.is_empty:
        return
    west, south, east, north = shape.bounds
    for pole in (0, NORTH):
        if pole in (south, north):
            yield shapely.LineString([(0, pole), (EAST, pole)])
    if west == 0 or east == EAST:
        edges, _ = edges_of(parts_of(shape))
        for here, there in ((0, EAST), (EAST, 0)):
            begins, ends = edges[:, 0] == here, edges[:, 2] == here
            for row in edges[begins & ends]:
                yield shapely.LineString([(there, row[1]), (there, row[3])])
            ys = np.unique(np.concatenate((edges[begins & ~ends, 1], edges[ends & ~begins, 3])))
            yield from (shapely.Point(there, y) for y in ys)


def _joined(lines: Shapes) -> tuple[Whole, npt.NDArray[np.intp]]:
    """Return the edges of lines or rings, and the number of the one that each is of."""
    positions, of_line = shapely.get_coordinates(lines, return_index=True)
    whole = positions.astype(np.int64)
    is_joined = of_line[:-1] == of_line[1:]
    return np.hstack((whole[:-1], whole[1:]))[is_joined], of_line[:-1][is_joined]
