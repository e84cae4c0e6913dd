"""Many boxes of degrees as one area."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from tocsin.geo._rings import cut

Box = tuple[float, float, float, float]
"""West, south, east and north in degrees; over the 180th meridian west is below -180, or east beyond 180."""


def boxes(bounds: Sequence[Box]) -> BaseGeometry:
    """Return the area of boxes, at least one, each with west below east and south below north.

    No box crosses itself, so that none is looked at: 100 microseconds, and some for each box.
    """
    shapes = [shapely.box(*box) for box in bounds]
    return cut(shapes[0] if len(shapes) == 1 else shapely.union_all(shapes))
