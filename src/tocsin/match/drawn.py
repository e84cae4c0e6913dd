"""What is drawn as lines or areas: sites with an outline, and the roads that lead to a place; and a few points.

A tree of boxes (STRtree) and GEOS, on the grid, so that both decide like `points`. Sorted codes order points only; what
has an extent would need several codes each and a second look at every hit, for the few outlines and roads that an
estate has beside its points. Where all its points are few, a look at the tree is over before codes are made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin.match.grid import each_on_grid, on_grid

Positions = npt.NDArray[np.intp]


class Drawn:
    """Shapes of degrees, each of the place at a position of a list."""

    def __init__(self, shapes: Sequence[BaseGeometry], of: Sequence[int]) -> None:
        self._of = np.array(of, dtype=np.intp)
        self._tree = shapely.STRtree(each_on_grid(shapes))

    def __len__(self) -> int:
        """Return how many shapes there are."""
        return len(self._tree)

    def meeting(self, area: BaseGeometry) -> Positions:
        """Return whose shapes meet an area of degrees, or touch it. Some twice where a place has several."""
        return self._of[self._tree.query(on_grid(area), predicate="intersects")]

    def around(self, area: BaseGeometry, steps: float) -> Positions:
        """Return whose shapes are at most so many steps of the grid from an area."""
        return self._of[self._tree.query(on_grid(area), predicate="dwithin", distance=steps)]
