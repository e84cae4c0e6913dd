"""Several shapes of one area into one geometry, within a limit on the work."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from tocsin.geo._rings import Positions, Ring, meetings
from tocsin.model import Problem

MAX_MEETINGS = 50_000
"""Shapes whose edges meet more often become one hull. Eighteen adjoining coastal zones (6,842 vertices) meet
some thousand times; two combs of 20,000 teeth meet a hundred million times and would take all memory."""

_SURELY_QUICK = 500  # vertices in all that cannot meet often enough to be slow


def together(shapes: Sequence[BaseGeometry], *, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the one geometry that covers what all the shapes cover, and what was repaired. At least one shape."""
    if len(shapes) == 1:
        return shapes[0], ()
    if int(shapely.get_num_coordinates(shapes).sum()) > _SURELY_QUICK and _meet_too_often(shapes):
        message = "the shapes of the area cross too often to be joined; their convex hull is used"
        return shapely.GeometryCollection(shapes).convex_hull, (Problem(at=at, message=message, is_repaired=True),)
    return shapely.union_all(shapes), ()


def _meet_too_often(shapes: Sequence[BaseGeometry]) -> bool:
    edges, owners = _edges(shapes)

    def is_apart(some: Positions, others: Positions) -> NDArray[np.bool_]:
        return owners[some] < owners[others]

    return meetings(edges, is_apart, limit=MAX_MEETINGS) > MAX_MEETINGS


def _edges(shapes: Sequence[BaseGeometry]) -> tuple[Ring, Positions]:
    """Return the edges of all lines and rings as rows of x, y, x, y, and the number of the shape that each is of."""
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    flat = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, of_part = shapely.get_rings(parts[flat], return_index=True)
    lines = np.concatenate((rings, parts[~flat]))
    owner = np.concatenate((of_shape[flat][of_part], of_shape[~flat]))
    positions, of_line = shapely.get_coordinates(lines, return_index=True)
    joined = of_line[:-1] == of_line[1:]
    return np.hstack((positions[:-1][joined], positions[1:][joined])), owner[of_line[:-1][joined]]
