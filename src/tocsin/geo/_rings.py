"""Rings of positions into valid geometries: closed, repaired within limits, cut at the 180th meridian.

Source: CAP 1.2, 3.2.4 polygon; RFC 7946, 3.1.6 and 3.1.9.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from tocsin.errors import FormatError
from tocsin.geo._effort import takes
from tocsin.model import Problem

Ring: TypeAlias = NDArray[np.float64]
"""Positions as an array of shape (n, 2), lon and lat in degrees."""

Positions: TypeAlias = NDArray[np.int64]
"""Indices of edges."""

MAX_VERTICES = 20_000
"""A ring of more becomes its convex hull. The largest recorded one has 6,842."""
MAX_HOLE_VERTICES = 5_000
"""Holes of more in all are left out: the area only grows."""
MAX_POSITIONS = 50_000
"""A ring of more is refused before it is looked at: its hull alone would take longer than all else in a document."""
MAX_CROSSINGS = 64
"""A ring that meets itself more often becomes its hull: 14,400 crossings took GEOS minutes to repair, 64 take 10 ms."""
MAX_CANDIDATES = 400_000
"""How many pairs of edges are tested for a crossing before the ring is taken for a tangle: some 50 ms of work."""
MAX_SPAN = 720.0
"""Degrees of longitude that a ring or line may run through; one round the Earth and a pole's needs 360."""
WORLD = shapely.box(-180.0, -90.0, 180.0, 90.0)
HALF_WORLD_DEG2 = 180.0 * 180.0
"""Half the area of the map: more is no place but a sign that the real area was lost."""

_NO_AREA = 1e-9  # of the square of the extent: 100 km by 0.1 mm
_SURELY_A_LONGITUDE = 100.0
_TANGLE = "the ring crosses itself too often to be repaired; its convex hull is used"
_SPENT = "the ring crosses itself, as too many of the document do to be repaired; its convex hull is used"
_EASY_CROSSINGS = 8  # allowed to the smallest ring; larger ones get one more for each _EDGES_A_CROSSING, so that
_EDGES_A_CROSSING = 16  # a repair costs no more than some ten times what reading the ring did, however many there are
_EDGES_A_STEP, _CANDIDATES_A_STEP = 2, 50  # of the effort of a document
_STEPS_A_CROSSING = 6
_CHUNK = 32
_SLICE = 20_000  # pairs tested at once: what stops at the limit must not have tested a million first
_SURELY_QUICK = 1_000  # positions up to which GEOS tells within 10 ms whether a ring is valid, however it is drawn
_AREAS = frozenset({"Polygon", "MultiPolygon"})


def oriented(positions: Ring, *, at: str) -> tuple[Ring, tuple[Problem, ...]]:
    """Return the positions with every latitude in range, its axes exchanged where that alone makes sense of them.

    A latitude a little beyond 90 is a slip that says nothing about the axes and is refused; one beyond 100 can only
    be a longitude. Raises FormatError when a position is nowhere on earth.
    """
    if not np.isfinite(positions).all():
        raise FormatError("a position is not a finite number", at=at)
    reach = np.abs(positions).max(axis=0)
    problems = []
    if reach[1] > _SURELY_A_LONGITUDE and reach[1] <= 180.0 and reach[0] <= 90.0:
        positions, reach = positions[:, ::-1], reach[::-1]
        problems.append(Problem(at=at, message="latitude and longitude are swapped; exchanged", is_repaired=True))
    if reach[1] > 90.0 or reach[0] > 360.0:
        raise FormatError("a position is out of range", at=at)
    if reach[0] > 180.0:
        problems.append(Problem(at=at, message="a longitude is beyond 180 degrees; wrapped", is_repaired=True))
    return positions, tuple(problems)


def polygon(shell: Ring, *, at: str, holes: Sequence[Ring] = ()) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the valid polygon, or polygons, within `shell`, open or closed, and less `holes`.

    Raises FormatError when the ring encloses no area.
    """
    if not holes and (sound := _sound(shell)) is not None:
        return sound, ()
    shell, swapped = oriented(shell, at=at)
    problems = list(swapped)
    if len(shell) and (shell[0] != shell[-1]).any():
        shell = np.vstack((shell, shell[:1]))
        problems.append(Problem(at=at, message="the ring is open; closed", is_repaired=True))
    ring = _without_jumps(shell, at=at)
    if not _has_area(ring):
        # Corners at -180 and +180 only: the whole width of the world, which looks like none when unwrapped.
        ring = shell
        if not _has_area(ring):
            raise FormatError("the ring encloses no area", at=at)
    found, message = _valid(ring, [_beside(hole, ring, at=at) for hole in holes])
    if message:
        problems.append(Problem(at=at, message=message, is_repaired=True))
    found = cut(found)
    if found.area > HALF_WORLD_DEG2:
        problems.append(Problem(at=at, message="the area covers more than half the world; kept", is_repaired=True))
    return found, tuple(problems)


def _sound(shell: Ring) -> BaseGeometry | None:
    """Return the polygon of a ring to which nothing must be done, as nearly all are, or None.

    Costs a tenth of finding out what must be done: a ring that is closed, on the map, narrower than half the Earth
    and valid has no swapped axes, no jump and no crossing.
    """
    if not 4 <= len(shell) <= _SURELY_QUICK or shell[0, 0] != shell[-1, 0] or shell[0, 1] != shell[-1, 1]:
        return None
    found = Polygon(shell)
    west, south, east, north = found.bounds
    is_on_map = west >= -180.0 and east <= 180.0 and south >= -90.0 and north <= 90.0
    extent = max(east - west, north - south)
    if is_on_map and east - west < 180.0 and found.is_valid and found.area > _NO_AREA * extent**2:
        return found
    return None


def cut(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry whose longitudes may run beyond 180 degrees, cut there and brought back into range.

    Cost: an intersection for each turn of the Earth, of which `unwrapped` allows three.
    """
    west, _, east, _ = geometry.bounds
    if west >= -180.0 and east <= 180.0:
        return geometry
    assert east - west <= MAX_SPAN, "unwrapped() refuses what runs on and on"
    turns = range(math.floor((west + 180.0) / 360.0), math.floor((east + 180.0) / 360.0) + 1)
    pieces = [shapely.intersection(shifted(geometry, -360.0 * turn), WORLD) for turn in turns]
    if geometry.geom_type not in _AREAS:
        return shapely.union_all(pieces)
    parts = [part for part in shapely.get_parts(pieces) if part.geom_type == "Polygon"]
    # What is less wide than the Earth meets itself nowhere when it is brought back.
    return shapely.MultiPolygon(parts) if len(parts) > 1 and east - west < 360.0 else shapely.union_all(parts)


def areas(geometry: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a geometry without the lines and points that an overlay left beside them."""
    if geometry.geom_type in _AREAS:
        return geometry
    return shapely.union_all([part for part in shapely.get_parts(geometry) if part.geom_type in _AREAS])


def shifted(geometry: BaseGeometry, degrees: float) -> BaseGeometry:
    """Return the geometry moved east."""
    if degrees == 0.0:
        return geometry
    return shapely.transform(geometry, lambda positions: positions + np.array((degrees, 0.0)))


def unwrapped(positions: Ring, *, at: str) -> Ring:
    """Return the positions with longitudes that run on beyond 180 degrees where a step would be longer than that.

    Raises FormatError when they run round the Earth more than twice.
    """
    steps = positions[1:, 0] - positions[:-1, 0]
    if not len(steps) or np.abs(steps).max() <= 180.0:
        return positions
    steps = np.where(np.abs(steps) > 180.0, steps - 360.0 * np.round(steps / 360.0), steps)
    lons = positions[0, 0] + np.concatenate(((0.0,), np.cumsum(steps)))
    if np.ptp(lons) > MAX_SPAN:
        raise FormatError("it runs round the Earth more than twice", at=at)
    return np.column_stack((lons, positions[:, 1]))


def over_pole(ring: Ring, pole: float) -> Ring:
    """Return a ring that runs once round the earth, closed along the pole (90 or -90) that it encloses."""
    first, last = ring[0, 0], ring[-1, 0]
    return np.vstack((ring, ((last, pole), (first, pole)), ring[:1]))


def _without_jumps(ring: Ring, *, at: str) -> Ring:
    """Return the closed ring unwrapped, without repeated positions, and closed over the pole where it goes round it."""
    stays = (ring[1:] == ring[:-1]).all(axis=1)
    if stays.any():
        ring = ring[np.concatenate(((True,), ~stays))]
    ring = unwrapped(ring, at=at)
    if abs(ring[-1, 0] - ring[0, 0]) > 180.0:
        return over_pole(ring, math.copysign(90.0, float(ring[:, 1].mean())))
    return ring


def _has_area(ring: Ring) -> bool:
    if len(ring) < 4:
        return False
    hull = _hull(ring)
    west, south, east, north = hull.bounds
    return hull.area > _NO_AREA * max(east - west, north - south) ** 2


def _valid(ring: Ring, holes: Sequence[Ring]) -> tuple[BaseGeometry, str]:
    """Return the area within a ring that has one, and what had to be done to it, "" for nothing."""
    excess = _excess(ring)
    if excess:
        return _hull(ring), excess
    if holes and sum(map(len, holes)) <= MAX_HOLE_VERTICES:
        whole = Polygon(ring, holes)
        if whole.is_valid:
            return whole, ""
    shell = Polygon(ring)
    if shell.is_valid:
        return shell, "the holes are not sound; left out" if holes else ""
    limit = min(MAX_CROSSINGS, _EASY_CROSSINGS + len(ring) // _EDGES_A_CROSSING)
    if not takes(len(ring) // _EDGES_A_STEP + limit * _STEPS_A_CROSSING):
        return _hull(ring), _SPENT
    # Of a large ring they were counted before its validity was asked for.
    if len(ring) > _SURELY_QUICK or _crossings(ring, limit=limit) <= limit:
        return _enclosed(ring), "the ring crosses itself; repaired"
    return _hull(ring), _TANGLE


def _enclosed(ring: Ring) -> BaseGeometry:
    """Return all that the lines of a ring enclose, however often it winds round it.

    `make_valid` would leave out parts that are wound round twice, and its default method takes minutes for some rings.
    """
    faces = shapely.polygonize([shapely.node(LineString(ring))])
    return areas(shapely.union_all(shapely.get_parts(faces)))


def _excess(ring: Ring) -> str:
    """Return why not even the validity of a ring may be asked for; "" when it may."""
    if len(ring) > MAX_VERTICES:
        return f"the ring has more than {MAX_VERTICES} positions; its convex hull is used"
    if len(ring) <= _SURELY_QUICK:
        return ""
    return _TANGLE if _crossings(ring, limit=MAX_CROSSINGS) > MAX_CROSSINGS else ""


def _beside(hole: Ring, ring: Ring, *, at: str) -> Ring:
    """Return the hole on the turn of the earth on which the unwrapped shell lies."""
    hole = unwrapped(hole, at=at)
    turns = round(float(ring[:, 0].mean() - hole[:, 0].mean()) / 360.0)
    moved: Ring = hole + np.array((360.0 * turns, 0.0))
    return moved


def _hull(ring: Ring) -> BaseGeometry:
    return shapely.convex_hull(LineString(ring))


def _crossings(ring: Ring, *, limit: int) -> int:
    """Return how many pairs of edges meet other than as neighbours, or a number over the limit when many do."""
    last = len(ring) - 2
    edges = np.hstack((ring[:-1], ring[1:]))

    def is_apart(some: Positions, others: Positions) -> NDArray[np.bool_]:
        apart: NDArray[np.bool_] = (others > some + 1) & ~((some == 0) & (others == last))
        return apart

    return meetings(edges, is_apart, limit=limit)


def meetings(edges: Ring, is_counted: Callable[[Positions, Positions], NDArray[np.bool_]], *, limit: int) -> int:
    """Return how many of the counted pairs of edges (rows of x, y, x, y) touch or cross; over `limit` when too many.

    Stops at the limit, or when the document has had its effort, so that edges made to be slow cost milliseconds. A
    plain count of all pairs of edges would not: 20,000 edges have 200 million.
    """
    lines: NDArray[np.object_] = np.asarray(shapely.linestrings(edges.reshape(-1, 2, 2)))
    tree = shapely.STRtree(lines)
    count = candidates = 0
    for start in range(0, len(lines), _CHUNK):
        found = tree.query(lines[start : start + _CHUNK])
        found[0] += start
        for pairs in np.split(found, range(_SLICE, found.shape[1], _SLICE), axis=1):
            some, others = pairs[:, is_counted(*pairs)]
            candidates += pairs.shape[1]
            count += int(_meet(edges[some], edges[others]).sum())
            if count > limit or candidates > MAX_CANDIDATES or not takes(pairs.shape[1] // _CANDIDATES_A_STEP):
                return limit + 1
    return count


def _meet(some: Ring, others: Ring) -> NDArray[np.bool_]:
    """Return which pairs of edges touch or cross; edges on one line count when their boxes meet, as they do here."""
    a, b, c, d = some[:, :2], some[:, 2:], others[:, :2], others[:, 2:]
    some_part = _side(a, b, c) * _side(a, b, d) > 0
    others_part = _side(c, d, a) * _side(c, d, b) > 0
    meet: NDArray[np.bool_] = ~(some_part | others_part)
    return meet


def _side(a: Ring, b: Ring, c: Ring) -> NDArray[np.float64]:
    """Return the sign of the turn from a over b to c."""
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return np.sign(turn)
