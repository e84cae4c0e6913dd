"""The grid on which places and areas are compared: whole numbers of 1e-7 degrees, and one number for each position.

A position of degrees is rounded once, to 1.1 cm or less, and from then on every decision is exact arithmetic of whole
numbers: it is the same on every machine, and it is about the decimals that were published. GEOS on degrees decides
about the binary fractions next to them, and calls half of the places that lie on an edge outside.

A *code* interleaves the bits of x (even) and y (odd). Places sorted by code are the leaves of a quadtree in order: each
cell whose side is a power of two is one slice of them (a Morton or Z-order curve).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

STEPS = 10_000_000
"""Of a degree."""
EAST, NORTH = 360 * STEPS, 180 * STEPS
"""The largest x and y; 180 degrees west and 90 degrees south are 0. So x has 32 bits, y 31, and a code 63."""
CODE_BITS = 63

Whole = npt.NDArray[np.int64]
Degrees = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]
_Bits = TypeVar("_Bits", int, Whole)

_POLYGON = int(shapely.GeometryType.POLYGON)
_MIDDLE = np.array((EAST, NORTH), dtype=np.float64) / 2
_CHUNK = 1 << 20  # positions at once, so that what is made on the way stays in the processor's cache
# Steps by which numbers of 32 bits get a 0 before each bit: double what stands apart, and keep the wanted half.
_SPREADING = ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333),
              (1, 0x5555555555555555))  # fmt: skip
_GATHERING = ((1, 0x3333333333333333), (2, 0x0F0F0F0F0F0F0F0F), (4, 0x00FF00FF00FF00FF), (8, 0x0000FFFF0000FFFF),
              (16, 0x00000000FFFFFFFF))  # fmt: skip


def snap(lonlat: Degrees) -> Whole:
    """Return positions of degrees (n, 2), longitude first, on the grid. Raises ValueError where one is not on Earth."""
    steps = lonlat * STEPS
    np.rint(steps, out=steps)
    if not (np.abs(steps) <= _MIDDLE).all():  # NaN is not
        raise ValueError("a position lies beyond 180 degrees of longitude or 90 of latitude")
    steps += _MIDDLE
    return steps.astype(np.int64)


def degrees(positions: Whole) -> Degrees:
    """Return positions of the grid (n, 2) in degrees."""
    return (positions - _MIDDLE) / STEPS


def on_grid(shape: BaseGeometry) -> BaseGeometry:
    """Return a geometry of degrees with whole coordinates, for GEOS; its rings may touch or cross themselves.

    A polygon comes back as a multipolygon of one. By itself GEOS takes it for the rectangle of its box when its ring
    goes along two sides of that and the same way back, as (0 1, 1 1, 1 0, 1 1, 0 1) does.
    """
    moved: BaseGeometry = shapely.transform(shape, _snapped)
    return shapely.MultiPolygon([moved]) if isinstance(moved, shapely.Polygon) else moved


def each_on_grid(shapes: Sequence[BaseGeometry]) -> Shapes:
    """Return each geometry as `on_grid` does. Cost: 1 microsecond for a point among many."""
    moved = np.asarray(shapely.transform(np.array(shapes, dtype=object), _snapped))
    is_polygon = shapely.get_type_id(moved) == _POLYGON
    if is_polygon.any():
        moved[is_polygon] = shapely.multipolygons(moved[is_polygon, None])
    return moved


def _snapped(lonlat: Degrees) -> Degrees:
    return snap(lonlat).astype(np.float64)


def encode(positions: Whole) -> Whole:
    """Return the code (n,) of each position (n, 2).

    What is one point of the Earth has one code: 180 degrees east is 180 west, and a pole has no longitude.
    """
    codes = np.empty(len(positions), dtype=np.int64)
    for start in range(0, len(positions), _CHUNK):
        x, y = positions[start : start + _CHUNK].T
        x = np.where((x == EAST) | (y == 0) | (y == NORTH), 0, x)
        codes[start : start + _CHUNK] = cell_code(x, y)
    return codes


def cell_code(x: _Bits, y: _Bits) -> _Bits:
    """Return the code of each x and y as they are."""
    return _spread(x) | (_spread(y) << 1)


def decode(codes: Whole) -> Whole:
    """Return the position (n, 2) of each code."""
    return np.column_stack((_gather(codes), _gather(codes >> 1)))


def _spread(numbers: _Bits) -> _Bits:
    """Return numbers of 32 bits with a 0 before each bit."""
    for shift, mask in _SPREADING:
        numbers = (numbers | (numbers << shift)) & mask
    return numbers


def _gather(numbers: Whole) -> Whole:
    numbers = numbers & 0x5555555555555555
    for shift, mask in _GATHERING:
        numbers = (numbers | (numbers >> shift)) & mask
    return numbers
