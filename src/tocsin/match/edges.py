"""An area as edges on the grid: what the descent and the raster read.

Whatever is drawn is closed rings here, and a place is inside where a ray from it crosses edges an odd number of times,
or where it lies on one. A hole is simply more edges. A line is a ring that goes there and comes back, so each edge
stands twice and the two cancel; a point is an edge of no length, which nothing crosses. Both have a boundary only.

A part is judged by itself: two polygons of one area that overlap would cancel where both are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin.match.grid import EAST, NORTH, Degrees, Shapes, Whole, degrees, snap

Starts = npt.NDArray[np.intp]

_POINT, _POLYGON = int(shapely.GeometryType.POINT), int(shapely.GeometryType.POLYGON)


class Laid(NamedTuple):
    """Many areas laid end to end.

    Part p has the edges (n, 4) x, y, x, y from parts[p] to parts[p + 1], and area a the parts from areas[a] to
    areas[a + 1].
    """

    edges: Whole
    parts: Starts
    areas: Starts


def parts_of(area: BaseGeometry) -> Shapes:
    """Return the polygons, lines and points of a geometry, however deep they lie in collections, but empty ones."""
    return _parts_of_each([area])[0]


def _parts_of_each(areas: Sequence[BaseGeometry]) -> tuple[Shapes, Starts]:
    """Return the parts of all areas, and the position of the area that each is of."""
    parts, of = shapely.get_parts(np.array(areas, dtype=object), return_index=True)
    while (shapely.get_type_id(parts) > _POLYGON).any():
        parts, of_part = shapely.get_parts(parts, return_index=True)
        of = of[of_part]
    is_kept = ~shapely.is_empty(parts)
    return parts[is_kept], of[is_kept]


def only_ring(area: BaseGeometry) -> Degrees | None:
    """Return the positions (n, 2) of a polygon of one ring, as most areas are, else None."""
    if area.geom_type != "Polygon" or shapely.get_num_interior_rings(area):
        return None
    lonlat: Degrees = shapely.get_coordinates(area)
    return lonlat


def edges_of(area: BaseGeometry) -> tuple[Whole, Starts]:
    """Return the edges (n, 4) of an area of degrees as x, y, x, y, and where each part's begin and the last's end."""
    lonlat = only_ring(area)
    if lonlat is not None:
        ring = snap(lonlat)
        edges = np.empty((max(len(ring) - 1, 0), 4), dtype=np.int64)
        edges[:, :2], edges[:, 2:] = ring[:-1], ring[1:]
        return edges, np.array((0, len(edges)) if len(edges) else (0,), dtype=np.intp)
    return edges_of_each([area])[:2]


def edges_of_each(areas: Sequence[BaseGeometry]) -> Laid:
    """Return the edges of many areas of degrees. Cost: 0.1 microseconds an edge, a tenth of one area at a time."""
    parts, of = _parts_of_each(areas)
    kinds = shapely.get_type_id(parts)
    is_polygon, is_point = kinds == _POLYGON, kinds == _POINT
    is_line = ~is_polygon & ~is_point
    rings, owner = shapely.get_rings(parts[is_polygon], return_index=True)
    around, of_ring = _joined(rings)
    there, of_line = _joined(parts[is_line])
    spots = snap(shapely.get_coordinates(parts[is_point]))
    edges = np.concatenate((around, there, there[:, (2, 3, 0, 1)], np.hstack((spots, spots))))
    line = np.flatnonzero(is_line)[of_line]
    part = np.concatenate((np.flatnonzero(is_polygon)[owner[of_ring]], line, line, np.flatnonzero(is_point)))
    order = np.argsort(part, kind="stable")
    return Laid(edges[order], _starts(part[order], len(parts)), _starts(of, len(areas)))


def _starts(sorted_numbers: Starts, count: int) -> Starts:
    """Return where each number below `count` begins, and where the last ends."""
    return np.searchsorted(sorted_numbers, np.arange(count + 1)).astype(np.intp)


def seams(area: BaseGeometry) -> Iterator[BaseGeometry]:
    """Yield what an area touches where degrees end but the Earth goes on, as it is on the other side.

    These are the 180th meridian, which is drawn at both ends of the grid, and the poles, which are drawn all along it.
    """
    if area.is_empty:
        return
    lonlat = shapely.get_coordinates(area)  # the bounds that GEOS gives leave holes out, wherever they are
    (west, south), (east, north) = snap(np.array((lonlat.min(axis=0), lonlat.max(axis=0)))).tolist()
    for pole in (0, NORTH):
        if pole in (south, north):
            yield _line((0, pole), (EAST, pole))
    if west == 0 or east == EAST:
        edges, _ = edges_of(area)
        for here, there in ((0, EAST), (EAST, 0)):
            begins, ends = edges[:, 0] == here, edges[:, 2] == here
            for row in edges[begins & ends]:
                yield _line((there, row[1]), (there, row[3]))
            for y in np.unique(np.concatenate((edges[begins & ~ends, 1], edges[ends & ~begins, 3]))):
                yield _line((there, y), (there, y))


def _line(one: tuple[int, int], other: tuple[int, int]) -> BaseGeometry:
    ends = degrees(np.array((one, other)))
    return shapely.Point(ends[0]) if one == other else shapely.LineString(ends)


def _joined(lines: Shapes) -> tuple[Whole, Starts]:
    """Return the edges of lines or rings, and the number of the one that each is of."""
    lonlat, of_line = shapely.get_coordinates(lines, return_index=True)
    positions = snap(lonlat)
    is_joined = of_line[:-1] == of_line[1:]
    return np.hstack((positions[:-1], positions[1:]))[is_joined], of_line[:-1][is_joined]
