"""The other way round: which of thousands of events in force may touch a few places that came.

An event is asked of an index area by area, whatever the index holds; where it holds few places, nearly all of that is
asked in vain. So the boxes of all areas, widened by what is near, are compared with the places at once first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from tocsin import geo
from tocsin.model import Event, Place

_SLACK_M = 1.0  # whether a place is inside is decided on a grid of 1.1 cm
_Mask = npt.NDArray[np.bool_]


def may_touch(places: Sequence[Place], events: Sequence[Event], within_m: Sequence[float]) -> _Mask:
    """Return for each event whether it may touch any of the places, `within_m` being near for it.

    It is true of all events that do, and of few others: of those too of which an area is known by codes only. Cost:
    some microseconds an area.
    """
    found = np.zeros(len(events), dtype=np.bool_)
    areas, rows = [], []
    for row, event in enumerate(events):
        drawn = [area.geometry for area in event.areas if area.geometry is not None]
        found[row] = len(drawn) < max(len(event.areas), 1)
        areas += drawn
        rows += [row] * len(drawn)
    boxes, of = [], []
    for row, bounds in zip(rows, shapely.bounds(np.array(areas, dtype=np.object_)).tolist(), strict=True):
        west, south, east, north = bounds
        around = geo.widened(west, south, east, north, within_m[row] + _SLACK_M)
        boxes += around
        of += [row] * len(around)
    shapes = [shape for place in places for shape in (place.geometry, *place.approaches)]
    met, _ = shapely.STRtree(shapes).query(shapely.box(*np.array(boxes, dtype=np.float64).reshape(-1, 4).T))
    found[np.array(of, dtype=np.intp)[met]] = True
    return found
