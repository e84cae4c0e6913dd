"""Which places an area touches, and how far off the others are: arrays in, arrays out.

`PlaceIndex.near` is geometry only; `touches` adds what codes can tell, for an area without a geometry is still
somewhere: where the outlines of its codes say (`geocodes`), else in the region that they lie in (`coded`). An unknown
is never a reason to leave a place out; the touch then says that it is not exact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.geocodes import NONE, Geocodes
from tocsin.match.coded import HERE, CodeIndex
from tocsin.model import Area, Event, Place, Relation, Touch

__all__ = ["Near", "PlaceIndex", "touches"]

_TOUCH_M = 0.01  # edges that meet over the 180th meridian or at a pole meet but for the rounding of a turn
_WEST, _SOUTH, _EAST, _NORTH = -180.0, -90.0, 180.0, 90.0  # where degrees end
_RANK = {relation: rank for rank, relation in enumerate(Relation)}  # nearest first

_Positions = npt.NDArray[np.intp]
_Metres = npt.NDArray[np.float64]
_Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """Pairs of an area and a place that meet, as four arrays of one length (n,), sorted by area, then by place.

    `area` and `place` are positions; `distance_m` is 0 inside or on the edge; `approach_m` is 0 where a road that
    leads to the place meets the area, else inf.
    """

    area: _Positions
    place: _Positions
    distance_m: _Metres
    approach_m: _Metres


class PlaceIndex:
    """The places, indexed by where they are, by the roads that lead to them and by the codes they lie in.

    Cost: about 10 microseconds a place to make, and what `Geocodes.locate` costs.
    """

    def __init__(self, places: Sequence[Place], geocodes: Geocodes = NONE) -> None:
        self.places = tuple(places)
        self.geocodes = geocodes
        located = geocodes.locate([place.geometry for place in self.places])
        self.codes = CodeIndex([place.geocodes for place in self.places], located)
        self._tree = shapely.STRtree(_shapes([place.geometry for place in self.places]))
        roads = [(position, road) for position, place in enumerate(self.places) for road in place.approaches]
        self._road_of = np.array([position for position, _ in roads], dtype=np.intp)
        self._roads = shapely.STRtree(_shapes([road for _, road in roads]))

    @property
    def has_roads(self) -> bool:
        """Return whether the road to any place is known."""
        return len(self._roads) > 0

    def near(self, areas: Sequence[BaseGeometry], *, within_m: float, known: Collection[int] = ()) -> Near:
        """Return the pairs whose distance is at most `within_m`, and those with a road into the area.

        A place on the edge is inside. Places in `known` are left out. Cost: two or three index queries an area, and one
        measured distance for each place that is close to it but not in it; no step looks at all the places.
        """
        shapes = _shapes(areas)
        inside = np.unique(self._keys(*self._tree.query(shapes, predicate="intersects")))
        road_areas, roads = self._roads.query(shapes, predicate="intersects")
        approached = np.unique(self._keys(road_areas, self._road_of[roads]))
        measured = np.setdiff1d(np.concatenate([self._around(shapes, within_m), approached]), inside)
        if known:
            among = np.fromiter(known, dtype=np.intp)
            inside, measured = (keys[~np.isin(keys % len(self.places), among)] for keys in (inside, measured))
        metres = self._measure(shapes, measured)
        kept = (metres <= within_m) | np.isin(measured, approached)
        keys = np.concatenate([inside, measured[kept]])
        distances = np.concatenate([np.zeros(len(inside)), metres[kept]])
        order = np.argsort(keys)
        area, place = np.divmod(keys[order], max(len(self.places), 1))
        return Near(
            area=area,
            place=place,
            distance_m=distances[order],
            approach_m=np.where(np.isin(keys[order], approached), 0.0, inf),
        )

    def _keys(self, area: _Positions, place: _Positions) -> _Positions:
        """Return each pair as one number, so that pairs can be compared and sorted as arrays."""
        return area * len(self.places) + place

    def _around(self, shapes: _Shapes, within_m: float) -> _Positions:
        """Return the keys of all pairs that may be within reach, and few others."""
        found = [np.empty(0, dtype=np.intp)]
        for number, shape in enumerate(shapes):
            places = np.concatenate([np.empty(0, dtype=np.intp), *self._close_to(shape, within_m)])
            found.append(self._keys(np.full(len(places), number), places))
        return np.concatenate(found)

    def _close_to(self, shape: BaseGeometry, within_m: float) -> Iterator[_Positions]:
        boxes = geo.box_around(shape, max(within_m, _TOUCH_M))
        if len(boxes) == 1 and not _spans(boxes[0]):
            if within_m > 0:
                # Far fewer than the whole box holds. A degree of longitude is the shorter one, so that the reach of
                # the box, taken along both axes, is an upper bound of every distance in degrees.
                reach = max(abs(a - b) for a, b in zip(boxes[0], shape.bounds, strict=True))
                yield self._tree.query(shape, predicate="dwithin", distance=reach * sqrt(2))
        else:
            for box in boxes if within_m > 0 else _seams(boxes):
                yield self._tree.query(shapely.box(*box))

    def _measure(self, shapes: _Shapes, keys: _Positions) -> _Metres:
        pairs = (divmod(key, len(self.places)) for key in keys.tolist())
        metres = (geo.distance_m(self.places[place].geometry, shapes[area]) for area, place in pairs)
        return np.array([0.0 if distance <= _TOUCH_M else distance for distance in metres])


_Box = tuple[float, float, float, float]


def _spans(box: _Box) -> bool:
    """Return whether the box reaches around the Earth, as it does at a pole."""
    return box[0] <= _WEST and box[2] >= _EAST


def _seams(boxes: Sequence[_Box]) -> Iterator[_Box]:
    """Yield the edges where degrees end but the Earth goes on: the 180th meridian, on both sides, and the poles."""
    for west, south, east, north in boxes:
        if west <= _WEST:
            yield _WEST, south, _WEST, north
        if east >= _EAST:
            yield _EAST, south, _EAST, north
        if south <= _SOUTH:
            yield west, _SOUTH, east, _SOUTH
        if north >= _NORTH:
            yield west, _NORTH, east, _NORTH


def _shapes(geometries: Sequence[BaseGeometry]) -> _Shapes:
    shapes = np.empty(len(geometries), dtype=object)
    shapes[:] = geometries
    return shapes


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
