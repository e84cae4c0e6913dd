"""Which places an area touches, and how far off the others are: arrays in, arrays out.

`PlaceIndex.near` is geometry only; `touches` adds what codes can tell, for an area without a geometry is still
somewhere: where the outlines of its codes say (`geocodes`), else in the region that they lie in (`coded`). An unknown
is never a reason to leave a place out; the touch then says that it is not exact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from math import ceil, hypot, inf
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.geocodes import NONE, Geocodes
from tocsin.match import raster
from tocsin.match.coded import HERE, CodeIndex
from tocsin.match.drawn import Drawn, Positions
from tocsin.match.edges import seams
from tocsin.match.grid import STEPS, Whole, encode, snap
from tocsin.match.points import Points, united
from tocsin.match.raster import Ids
from tocsin.match.remembered import Remembered, key_of
from tocsin.model import Area, Event, Place, Relation, Touch

__all__ = ["Near", "PlaceIndex", "Sort", "touches"]

SORTED_FROM = 100_000
"""So many points are worth sorting (`Points`); fewer are found quicker in the tree that holds outlines (`Drawn`).

Measured: the means are about equal there if the descent is compiled; at 10,000 the tree takes a quarter of the time
that sorted points take without a compiler (docs/benchmarks.md).
"""

_LEAST_M = 0.01  # of what is not inside: a step of the grid; the measured distance is one of binary fractions
_WEST, _EAST = -180.0, 180.0  # where degrees end
_RANK = {relation: rank for rank, relation in enumerate(Relation)}  # nearest first

Sort = Callable[[Whole, Ids], Points]

_Metres = npt.NDArray[np.float64]
_NOBODY = np.empty(0, dtype=np.intp)
_NO_METRES = np.empty(0, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """Pairs of an area and a place that meet, as four arrays of one length (n,), sorted by area, then by place.

    `area` and `place` are positions; `distance_m` is 0 inside or on the edge; `approach_m` is 0 where a road that
    leads to the place meets the area, else inf.
    """

    area: Positions
    place: Positions
    distance_m: _Metres
    approach_m: _Metres


class _Found(NamedTuple):
    """What `Near` says of one area, sorted by place."""

    place: Positions
    distance_m: _Metres
    approach_m: _Metres


class PlaceIndex:
    """The places, indexed by where they are, by the roads that lead to them and by the codes they lie in.

    `sort` makes the `Points` of codes and ids in any order, or knows where they stand made (`run/standing`).

    Whether a place is inside is decided on the grid (`match.grid`): by the published decimals, to 1e-7 degrees.
    Cost: about 10 microseconds a place to make, and what `Geocodes.locate` costs.
    """

    def __init__(self, places: Sequence[Place], geocodes: Geocodes = NONE, *, sort: Sort = Points.of) -> None:
        self.places = tuple(places)
        self.geocodes = geocodes
        shapes = [place.geometry for place in self.places]
        self.codes = CodeIndex([place.geocodes for place in self.places], geocodes.locate(shapes))
        is_point = [shape.geom_type == "Point" for shape in shapes]
        if sum(is_point) < SORTED_FROM:
            is_point = [False] * len(shapes)
        spots = shapely.get_coordinates(list(compress(shapes, is_point)))
        ids = np.flatnonzero(is_point).astype(np.uint32)
        self._points = sort(encode(snap(spots)), ids) if len(ids) else Points.of(encode(snap(spots)), ids)
        if len(self._points):
            self._points.warm()
        outlined = [position for position, one in enumerate(is_point) if not one]
        self._outlines = Drawn([shapes[position] for position in outlined], outlined)
        roads = [(road, position) for position, place in enumerate(self.places) for road in place.approaches]
        self._roads = Drawn([road for road, _ in roads], [position for _, position in roads])
        self._remembered = Remembered()

    @property
    def has_roads(self) -> bool:
        """Return whether the road to any place is known."""
        return len(self._roads) > 0

    def near(self, areas: Sequence[BaseGeometry], *, within_m: float, known: Collection[int] = ()) -> Near:
        """Return the pairs whose distance is at most `within_m`, and those with a road into the area.

        A place on the edge is inside, and no other has distance 0. Places in `known` are left out. Cost: some look-ups
        in the index an area, and one measured distance for each place that is close to it but not in it; no step looks
        at all the places.
        """
        found = [self._near(area, within_m, known) for area in areas]
        counts = [len(one.place) for one in found]
        return Near(
            area=np.repeat(np.arange(len(areas)), counts),
            place=np.concatenate([_NOBODY, *(one.place for one in found)]),
            distance_m=np.concatenate([_NO_METRES, *(one.distance_m for one in found)]),
            approach_m=np.concatenate([_NO_METRES, *(one.approach_m for one in found)]),
        )

    def _near(self, area: BaseGeometry, within_m: float, known: Collection[int]) -> _Found:
        inside, approached = self._inside(area), self._meeting(self._roads, area)
        if within_m <= 0 and not len(approached) and not known:
            return _Found(inside, np.zeros(len(inside)), np.full(len(inside), inf))
        measured = np.setdiff1d(np.concatenate([self._around(area, within_m), approached]), inside)
        if known:
            among = np.fromiter(known, dtype=np.intp)
            inside, measured = (positions[~np.isin(positions, among)] for positions in (inside, measured))
        metres = self._measure(area, measured)
        kept = (metres <= within_m) | np.isin(measured, approached)
        places = np.concatenate([inside, measured[kept]])
        distances = np.concatenate([np.zeros(len(inside)), metres[kept]])
        order = np.argsort(places)
        approaches = np.where(np.isin(places[order], approached), 0.0, inf)
        return _Found(places[order], distances[order], approaches)

    def _inside(self, area: BaseGeometry) -> Positions:
        """Return the positions of the places in an area or on its edge, in order."""
        found = self._meeting(self._outlines, area)
        if len(self._points):
            found = np.concatenate([found, self._points.ids_in(self._slices(area)).astype(np.intp)])
        return np.unique(found)

    def _slices(self, area: BaseGeometry) -> Whole:
        key = key_of(area)
        slices = self._remembered.find(key)
        if slices is None:
            slices = united(np.concatenate([self._points.slices(one) for one in (area, *seams(area))]))
            self._remembered.keep(key, slices)
        return slices

    def _meeting(self, drawn: Drawn, area: BaseGeometry) -> Positions:
        if not len(drawn):
            return _NOBODY
        return np.concatenate([drawn.meeting(one) for one in (area, *seams(area))])

    def _around(self, area: BaseGeometry, within_m: float) -> Positions:
        """Return the positions of all places that may be within reach, and few others."""
        boxes = geo.box_around(area, within_m) if within_m > 0 else []
        if len(boxes) == 1 and not _spans(boxes[0]):
            # Far fewer than the whole box holds. The reach of the box along both axes bounds every distance.
            sides = [abs(a - b) for a, b in zip(boxes[0], area.bounds, strict=True)]
            reach = (ceil(max(sides[0], sides[2]) * STEPS) + 1, ceil(max(sides[1], sides[3]) * STEPS) + 1)
            near = self._points.ids[raster.around(self._points.codes, area, reach)].astype(np.intp)
            return np.concatenate([near, self._outlines.around(area, hypot(*reach))])
        held = [shapely.box(*box) for box in boxes]
        points = [self._points.ids_in(self._points.slices(box)).astype(np.intp) for box in held]
        return np.concatenate([_NOBODY, *points, *map(self._outlines.meeting, held)])

    def _measure(self, area: BaseGeometry, positions: Positions) -> _Metres:
        shapes = np.array([self.places[place].geometry for place in positions.tolist()], dtype=np.object_)
        is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
        metres = np.empty(len(shapes), dtype=np.float64)
        metres[is_point] = geo.distances_m(area, shapely.get_coordinates(shapes[is_point]))
        metres[~is_point] = [geo.distance_m(shape, area) for shape in shapes[~is_point].tolist()]
        return np.maximum(metres, _LEAST_M)


def _spans(box: tuple[float, float, float, float]) -> bool:
    """Return whether the box reaches around the Earth, as it does at a pole."""
    return box[0] <= _WEST and box[2] >= _EAST


def touches(index: PlaceIndex, event: Event, *, within_m: float, jurisdiction: Sequence[str]) -> dict[int, Touch]:
    """Return for each place that the event touches its nearest touch, over all areas of the event, by position.

    An area with a geometry counts by that alone; one without by its codes, and where their outlines are known, places
    near them count too; `jurisdiction` (ISO 3166 codes, "001" for
    the world, none if it is not known) is where the issuer speaks at all. An event without any area touches all of
    the jurisdiction.
    """
    placed = [area.geometry for area in event.areas if area.geometry is not None]
    unplaced = {area.geocodes for area in event.areas or (Area(),) if area.geometry is None}
    outlined = {codes: index.geocodes.outlined(codes) for codes in unplaced}
    areas = {codes: one.codes if one else None for codes, one in outlined.items()}
    found = index.codes.touches(areas, jurisdiction) if unplaced else {}
    shapes = [shape for one in outlined.values() if one for shape in one.shapes]
    if shapes and (within_m > 0 or index.has_roads):
        # Who is inside was settled by the codes; here a place that states another code of the list is only near.
        inside = {position for position, touch in found.items() if touch is HERE}
        around = _of(index.near(shapes, within_m=within_m, known=inside))
        _keep_nearest(found, ((position, _BESIDE if touch is HERE else touch) for position, touch in around))
    if placed:
        _keep_nearest(found, _of(index.near(placed, within_m=within_m)))
    return found


_BESIDE = Touch(Relation.NEAR, 0.0, area_exact=True)


def _keep_nearest(found: dict[int, Touch], touches: Iterable[tuple[int, Touch]]) -> None:
    for position, touch in touches:
        known = found.get(position)
        if known is None or _order(touch) < _order(known):
            found[position] = touch


def _of(near: Near) -> Iterator[tuple[int, Touch]]:
    rows = zip(near.place.tolist(), near.distance_m.tolist(), near.approach_m.tolist(), strict=True)
    for position, distance_m, approach_m in rows:
        if distance_m == 0:
            yield position, HERE
        else:
            relation = Relation.APPROACH if approach_m == 0 else Relation.NEAR
            yield position, Touch(relation, distance_m, area_exact=True)


def _order(touch: Touch) -> tuple[int, bool, float]:
    return (_RANK[touch.relation], not touch.area_exact, touch.distance_m)
