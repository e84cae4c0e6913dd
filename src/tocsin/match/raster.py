"""The same answer as `descent` without a compiler: NumPy draws the area on a coarse raster, GEOS looks at its border.

A cell of the raster is a cell of the quadtree, so it is one slice of the sorted places. One that no edge comes near
holds no boundary: all its places are where its middle is, and none is looked at. The places of the others are tested
by GEOS, on whole numbers, where it is exact (its orientation test carries 106 bits). Where the box of the area holds
few places, they are tested at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin.match.edges import edges_of, parts_of
from tocsin.match.grid import EAST, NORTH, Whole, cell_code, decode, on_grid

Mask = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.uint32]
_Floats = npt.NDArray[np.float64]

_CELLS = 64  # along the longer side; more cells cost more to draw, fewer leave more places to test
_COARSEST = 31  # a cell of half the grid; the end of a larger one has no code of 63 bits
_FEW = 6000  # places that take about as long to test as a raster to draw, 0.4 ms
_FEW_APART = 1000  # the same where their distance is asked; a choice, not a measured crossing
_LONG = 64  # places in a slice, beyond which copying slice by slice is quicker than one gathering of all
_NONE = np.empty((0, 2), dtype=np.int64)
_NEAR = 1e-6  # cells; rounding is 1e-13


def slices(codes: Whole, area: BaseGeometry) -> Whole:
    """Return the slices [first, end) of sorted `codes` that lie in an area of degrees or on its boundary.

    Slices of two parts may overlap.
    """
    if area.geom_type == "MultiPolygon" and (shape := on_grid(area)).is_valid:
        return _slices(codes, area, [shape])  # sound parts do not overlap, so none cancels another
    parts = [area] if area.geom_type == "Polygon" else parts_of(area)  # most areas are one
    return np.concatenate([_NONE, *(_slices(codes, part, _rings(part)) for part in parts)])


def around(codes: Whole, area: BaseGeometry, reach: tuple[int, int]) -> Whole:
    """Return the positions of all codes in an area of degrees or at most `reach` steps (along x, along y) from it.

    Some of the others are among them: of those that lie deeper inside, and of those a little farther off.
    """
    edges, _ = edges_of(area)
    if not (len(edges) and len(codes)):
        return np.empty(0, dtype=np.int64)
    frame = _Frame.of(edges, reach)
    near = frame.about(codes)
    if _count(near) > _FEW_APART:
        steps = tuple(-(-one // (1 << frame.level)) for one in reach)
        near, _ = frame.slices(codes, _widened(frame.crossed(*frame.ends(edges)), steps))
    every = positions(near)
    shape = on_grid(area)
    shapely.prepare(shape)
    x, y = decode(codes[every]).T.astype(np.float64)
    found: Whole = every[shapely.dwithin(shape, shapely.points(x, y), hypot(*reach))]
    return found


def _rings(part: BaseGeometry) -> list[BaseGeometry]:
    """Return each ring of a polygon as an area on the grid, or a line or a point as it is there.

    A place in a hole that leaves its ring is in an odd number of rings, thus inside. Of the whole polygon GEOS says now
    one thing and now the other.
    """
    if not isinstance(part, shapely.Polygon) or not part.interiors:
        return [on_grid(part)]
    return [on_grid(shapely.Polygon(ring)) for ring in (part.exterior, *part.interiors)]


def _slices(codes: Whole, area: BaseGeometry, rings: Sequence[BaseGeometry]) -> Whole:
    """Return the slices of one part, or of parts that do not overlap; `rings` are the same area on the grid."""
    edges, _ = edges_of(area)
    if not len(edges):
        return _NONE
    frame = _Frame.of(edges)
    near, untested = frame.about(codes), _NONE
    if _count(near) > _FEW:
        ends = frame.ends(edges)
        near, untested = frame.slices(codes, frame.crossed(*ends), frame.inside(*ends))
    every = positions(near)
    x, y = decode(codes[every]).T.astype(np.float64)
    tested = every[_tested(rings, x, y)]
    return np.concatenate((untested, np.column_stack((tested, tested + 1))))


def _tested(rings: Sequence[BaseGeometry], x: _Floats, y: _Floats) -> Mask:
    """Return which positions lie in an odd number of rings, or on one."""
    for ring in rings:
        shapely.prepare(ring)
    if len(rings) == 1:
        return np.asarray(shapely.intersects_xy(rings[0], x, y))
    is_in, is_on = np.zeros((2, len(x)), dtype=np.bool_)
    for ring in rings:
        west, south, east, north = ring.bounds
        near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
        within = shapely.contains_xy(ring, x[near], y[near])
        is_in[near] ^= within
        is_on[near] |= shapely.intersects_xy(ring, x[near], y[near]) & ~within
    return is_in | is_on


def copied(ids: Ids, found: Whole) -> Ids:
    """Return the ids of slices [first, end), slice by slice."""
    if _count(found) > _LONG * len(found):
        return np.concatenate([ids[first:end] for first, end in found.tolist()])
    return ids[positions(found)]


def _count(found: Whole) -> int:
    return int((found[:, 1] - found[:, 0]).sum())


def positions(found: Whole) -> Whole:
    """Return each position of slices [first, end), in their order."""
    lengths = found[:, 1] - found[:, 0]
    before = np.cumsum(lengths) - lengths
    every: Whole = np.arange(lengths.sum()) + np.repeat(found[:, 0] - before, lengths)
    return every


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """The raster: cells of side 2^level, `width` x `height` of them from cell (`west`, `south`)."""

    level: int
    west: int
    south: int
    width: int
    height: int

    @classmethod
    def of(cls, edges: Whole, reach: tuple[int, int] = (0, 0)) -> _Frame:
        """Return the raster, of `_CELLS` to twice as many along its longer side, about all edges and their reach."""
        x, y = edges[:, 0], edges[:, 1]  # each corner begins an edge
        west, south = (max(int(one.min()) - steps, 0) for one, steps in zip((x, y), reach, strict=True))
        east, north = min(int(x.max()) + reach[0], EAST), min(int(y.max()) + reach[1], NORTH)
        level = min((max(east - west, north - south) // _CELLS).bit_length(), _COARSEST)
        west, south, east, north = (one >> level for one in (west, south, east, north))
        return cls(level, west, south, east - west + 1, north - south + 1)

    def ends(self, edges: Whole) -> tuple[_Floats, _Floats]:
        """Return where edges begin and end, in cells from the corner of the raster."""
        corner = np.array((self.west, self.south)) << self.level
        begins, ends = (edges[:, :2] - corner) / (1 << self.level), (edges[:, 2:] - corner) / (1 << self.level)
        return begins, ends

    def crossed(self, begins: _Floats, ends: _Floats) -> Mask:
        """Return which cells (height, width) an edge meets or all but meets."""
        # In pieces no longer than a cell: each then lies in the cells that hold the corners of its box.
        pieces = np.abs(ends - begins).max(axis=1).astype(np.int64) + 1
        step = ((ends - begins) / pieces[:, None])[rows := np.repeat(np.arange(len(begins)), pieces)]
        number = (np.arange(len(rows)) - np.repeat(np.cumsum(pieces) - pieces, pieces))[:, None]
        one, other = begins[rows] + step * number, begins[rows] + step * (number + 1)
        low = np.floor(np.minimum(one, other) - _NEAR).astype(np.int64)
        high = np.floor(np.maximum(one, other) + _NEAR).astype(np.int64)
        is_crossed = np.zeros((self.height + 2, self.width + 2), dtype=np.bool_)
        for x in (low[:, 0], high[:, 0]):
            for y in (low[:, 1], high[:, 1]):
                is_crossed[y + 1, x + 1] = True
        return is_crossed[1:-1, 1:-1]

    def inside(self, begins: _Floats, ends: _Floats) -> Mask:
        """Return of which cells the middle is inside, right wherever no edge is near it: an odd number lie west."""
        low, high = (
            np.ceil(pick(begins[:, 1], ends[:, 1]) - 0.5).astype(np.int64) for pick in (np.minimum, np.maximum)
        )
        rows = positions(np.column_stack((low, high)))
        edge = np.repeat(np.arange(len(begins)), high - low)
        begin, run = begins[edge], (ends - begins)[edge]
        crossing = begin[:, 0] + (rows + 0.5 - begin[:, 1]) * run[:, 0] / run[:, 1]
        first = np.clip(np.ceil(crossing - 0.5).astype(np.int64), 0, self.width)
        counts = np.bincount(rows * (self.width + 1) + first, minlength=self.height * (self.width + 1))
        is_odd: Mask = (counts.reshape(self.height, -1)[:, :-1].cumsum(axis=1) & 1).astype(np.bool_)
        return is_odd

    def about(self, codes: Whole) -> Whole:
        """Return the slices of codes in the few large cells that hold all of the raster, in order."""
        more = min(_CELLS.bit_length(), _COARSEST - self.level)
        rows = range(self.south >> more, (self.south + self.height - 1 >> more) + 1)
        columns = range(self.west >> more, (self.west + self.width - 1 >> more) + 1)
        cells = np.array(sorted(cell_code(x, y) for y in rows for x in columns))
        return _between(codes, cells, cells, 2 * (self.level + more))

    def slices(self, codes: Whole, mask: Mask, other: Mask | None = None) -> tuple[Whole, Whole]:
        """Return the slices of codes in the cells of a mask, and in those of another only; adjoining cells as one."""
        y, x = np.nonzero(mask if other is None else mask | other)
        # Sorted with the mask as last bit, so that the next cell of the same kind is 2 more. All 64 bits are used.
        cells = cell_code(x + self.west, y + self.south).view(np.uint64)
        cells = np.sort((cells << np.uint64(1)) | mask[y, x])
        if not len(cells):
            return _NONE, _NONE
        gaps = np.flatnonzero(np.diff(cells) != 2)  # noqa: PLR2004  see above
        firsts, lasts = np.concatenate(([0], gaps + 1)), np.concatenate((gaps, [len(cells) - 1]))
        numbers = (cells >> np.uint64(1)).view(np.int64)
        found = _between(codes, numbers[firsts], numbers[lasts], 2 * self.level)
        is_masked = (cells[firsts] & np.uint64(1)).astype(np.bool_)
        return found[is_masked], found[~is_masked]


def _between(codes: Whole, firsts: Whole, lasts: Whole, bits: int) -> Whole:
    """Return the slices of codes from one cell to another, both counted; codes have so many bits below a cell's."""
    begins = np.searchsorted(codes, firsts << bits)
    # The last code of a cell, because the one after the last of all has 64 bits.
    ends = np.searchsorted(codes, (lasts << bits) | ((1 << bits) - 1), side="right")
    return np.column_stack((begins, ends))


def _widened(mask: Mask, steps: tuple[int, ...]) -> Mask:
    """Return the mask with all cells that are at most so many steps from one of it, along x and along y."""
    for axis, reach in ((1, steps[0]), (0, steps[1])):
        counts = np.cumsum(mask, axis=axis)
        size = mask.shape[axis]
        upper = np.take(counts, np.minimum(np.arange(size) + reach, size - 1), axis=axis)
        lower = np.take(np.insert(counts, 0, 0, axis=axis), np.maximum(np.arange(size) - reach, 0), axis=axis)
        mask = upper > lower
    return mask
