"""Which places lie in each of many areas: one compiled call for all of them, or several at once on threads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from shapely.geometry.base import BaseGeometry

from tocsin.match.edges import Laid, edges_of_each
from tocsin.match.grid import Whole
from tocsin.match.points import Points, kernel

_TOGETHER = 64  # areas in one call where there are threads: enough that a call is nothing, few enough to share out


def slices_of_each(
    points: Points, areas: Sequence[BaseGeometry], laid: Laid | None = None, *, threads: int = 1
) -> tuple[Whole, Whole]:
    """Return the slices [first, end) in all areas, one after the other, and where each area's begin (n + 1,).

    Of one area they are what `Points.slices` returns. `laid` are the edges of the areas (`edges_of_each`), given where
    they are looked up in many indices. Threads help the compiled code only: it lets go of the interpreter.
    """
    compiled = kernel()
    if compiled is None:
        return _joined([(found, np.array((0, len(found)))) for found in map(points.slices, areas)])
    edges, parts, begins = laid or edges_of_each(areas)
    if threads == 1:
        found, ends = compiled.descend_each(points.codes, points.starts, edges, parts, begins)
        return found, ends
    pieces = [begins[first : first + _TOGETHER + 1] for first in range(0, len(areas), _TOGETHER)]
    with ThreadPoolExecutor(threads) as pool:
        return _joined(
            list(pool.map(lambda some: compiled.descend_each(points.codes, points.starts, edges, parts, some), pieces))
        )


def _joined(pieces: Sequence[tuple[Whole, Whole]]) -> tuple[Whole, Whole]:
    """Return slices and begins of all pieces as of one."""
    found = np.concatenate([np.empty((0, 2), dtype=np.int64), *(some for some, _ in pieces)])
    counts = np.concatenate([np.zeros(1, dtype=np.int64), *(np.diff(begins) for _, begins in pieces)])
    return found, np.cumsum(counts)
