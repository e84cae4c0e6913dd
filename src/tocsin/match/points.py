"""Places that are points, sorted by code: which of them lie in an area, as slices and as ids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
import numpy.typing as npt
from shapely import Point
from shapely.geometry.base import BaseGeometry

from tocsin.match import raster
from tocsin.match.edges import Starts, edges_of, only_ring
from tocsin.match.grid import CODE_BITS, Whole, encode
from tocsin.match.raster import Ids

MOST_POINTS = 2**32 - 1
"""An id and a position have 32 bits."""

_LEAST_BITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Sorted codes (n,), the id of each place (n,), and where the codes of each coarse cell start.

    `starts` has 2^b + 1 positions: starts[k] is that of the first code with at least k in its top b bits. The arrays
    may be of a mapped file (`placefile`). Of places at one spot, the smaller id comes first.
    """

    codes: Whole
    ids: Ids
    starts: npt.NDArray[np.uint32]

    @classmethod
    def of(cls, codes: Whole, ids: Ids | None = None) -> Points:
        """Return the points of codes in any order; the ids are their positions unless given.

        Cost: 0.4 microseconds a place, at 10 million.
        """
        if len(codes) > MOST_POINTS:
            raise ValueError(f"more than {MOST_POINTS} places; split them into several indices")
        order = np.argsort(codes)
        ids = order.astype(np.uint32) if ids is None else ids[order]
        codes = codes[order]
        del order
        _order_ties(codes, ids)
        points = cls(codes, ids, starts_of(codes))
        for array in (points.codes, points.ids, points.starts):
            array.flags.writeable = False  # as those of a mapped file are: for numba that is another type to compile
        return points

    @classmethod
    def at(cls, positions: Whole) -> Points:
        """Return the points at positions (n, 2) of the grid; the ids are their rows."""
        return cls.of(encode(positions))

    def __len__(self) -> int:
        """Return how many places there are."""
        return len(self.codes)

    def warm(self) -> None:
        """Load what the methods need, so that the first warning does not wait for it."""
        self.ids_in(self.slices(Point(0, 0)))

    def slices(self, area: BaseGeometry, edges: tuple[Whole, Starts] | None = None) -> Whole:
        """Return the slices [first, end) of positions in an area of degrees or on its boundary: in order, disjoint.

        An empty area has none. Compiled where the extra `fast` is installed; `edges` are those of the area
        (`edges_of`), given where it is looked up in many indices.
        """
        compiled = kernel()
        if compiled is None:
            return united(raster.slices(self.codes, area))
        ring = only_ring(area) if edges is None else None
        if ring is not None:
            alone: Whole = compiled.descend_ring(self.codes, self.starts, ring)
            return alone
        drawn, parts = edges or edges_of(area)
        found: Whole = compiled.descend_all(self.codes, self.starts, drawn, parts)
        return found if len(parts) <= 2 else united(found)  # noqa: PLR2004  one part's are disjoint

    def ids_in(self, slices: Whole) -> Ids:
        """Return the ids of slices, slice by slice."""
        ids: Ids = (kernel() or raster).copied(self.ids, slices)
        return ids


@cache
def kernel() -> ModuleType | None:
    """Return `descent`, the compiled code, or None where numba is not installed.

    Cost of the first call: half a second, and on a new machine half a minute, for it compiles.
    """
    try:
        from tocsin.match import descent  # noqa: PLC0415  an extra, and dear to import
    except ImportError:
        return None
    return descent


def starts_of(codes: Whole) -> npt.NDArray[np.uint32]:
    """Return the positions at which the codes of each coarse cell start, at most 4 bytes for 4 places."""
    bits = max(_LEAST_BITS, len(codes).bit_length() - 3)
    cells = np.arange(1 << bits, dtype=np.int64) << (CODE_BITS - bits)
    return np.append(np.searchsorted(codes, cells), len(codes)).astype(np.uint32)


def united(slices: Whole) -> Whole:
    """Return slices in order, those that overlap or adjoin as one."""
    slices = slices[slices[:, 0] < slices[:, 1]]
    if len(slices) < 2:  # noqa: PLR2004
        return slices
    slices = slices[np.argsort(slices[:, 0])]
    reached = np.maximum.accumulate(slices[:, 1])
    begins = np.concatenate(([True], slices[1:, 0] > reached[:-1]))
    ends = np.concatenate((begins[1:], [True]))
    return np.column_stack((slices[begins, 0], reached[ends]))


def _order_ties(codes: Whole, ids: Ids) -> None:
    """Sort the ids of places at one spot, so that the same places give the same bytes on every machine."""
    tied = codes[1:] == codes[:-1]
    if not tied.any():
        return
    at_one = np.flatnonzero(np.concatenate(([False], tied)) | np.concatenate((tied, [False])))
    ids[at_one] = ids[at_one][np.lexsort((ids[at_one], codes[at_one]))]
