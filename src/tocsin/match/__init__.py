"""Which places an area touches, and how far off the others are: arrays in, arrays out.

`PlaceIndex.near` is geometry only; `touches` adds what codes can tell, for an area that has no geometry is still
somewhere. An unknown code is never a skip: the place is then matched by the coarser region that the code names, or by
the issuer's whole territory, and the touch says that it is not exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.match.codes import COUNTRY, SUBDIVISION, WORLD, normal, region_of
from tocsin.model import Area, Code, Event, Place, Relation, Touch

__all__ = ["Near", "PlaceIndex", "touches"]

_INF = float("inf")
_RANK = {relation: rank for rank, relation in enumerate(Relation)}  # nearest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Pairs of an area and a place that is within reach of it, four arrays of one length (n,).

    `area` and `place` are positions; `distance_m` is 0 inside or on the edge; `approach_m` is 0 where a road that
    leads to the place touches the area, else inf. Sorted by area, then by place.
    """

    area: npt.NDArray[np.intp]
    place: npt.NDArray[np.intp]
    distance_m: npt.NDArray[np.float64]
    approach_m: npt.NDArray[np.float64]


class PlaceIndex:
    """The places, indexed by where they are and by the codes they lie in. Costs about 1 microsecond a place to make."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = tuple(places)
        self._shapes = np.array([place.geometry for place in self.places], dtype=object)
        self._tree = shapely.STRtree(self._shapes)
        roads = [(position, road) for position, place in enumerate(self.places) for road in place.approaches]
        self._road_of = np.array([position for position, _ in roads], dtype=np.intp)
        self._roads = shapely.STRtree([road for _, road in roads])
        self._by_code: defaultdict[Code, set[int]] = defaultdict(set)
        self._by_scheme: defaultdict[str, set[int]] = defaultdict(set)
        for position, place in enumerate(self.places):
            for code in map(normal, place.geocodes):
                self._by_code[code].add(position)
                self._by_scheme[code.scheme].add(position)

    def near(self, areas: Sequence[BaseGeometry], *, within_m: float) -> Near:
        """Return the pairs with `distance_m` of at most `within_m`, or with a road into the area.

        A place on the edge is inside. Cost: one index query an area, and one distance for each place near but not in.
        """
        shapes = np.asarray(areas, dtype=object)
        inside = {(int(area), int(place)): 0.0 for area, place in self._tree.query(shapes, predicate="intersects").T}
        found = dict(inside)
        if within_m > 0:
            for number, area in enumerate(areas):
                for place in self._around(area, within_m):
                    if (number, place) not in inside:
                        distance = geo.distance_m(self.places[place].geometry, area)
                        if distance <= within_m:
                            found[number, place] = distance
        roads = self._roads.query(shapes, predicate="intersects").T if len(self._road_of) else ()
        approached = {(int(area), int(self._road_of[road])) for area, road in roads}
        pairs = sorted(found.keys() | approached)
        return Near(
            area=np.array([area for area, _ in pairs], dtype=np.intp),
            place=np.array([place for _, place in pairs], dtype=np.intp),
            distance_m=np.array([found[pair] if pair in found else self._distance(areas, pair) for pair in pairs]),
            approach_m=np.array([0.0 if pair in approached else _INF for pair in pairs]),
        )

    def coded(self, codes: Iterable[Code]) -> set[int]:
        """Return the positions of the places that lie in one of these codes."""
        return set().union(*(self._by_code.get(normal(code), ()) for code in codes))

    def states(self, scheme: str) -> set[int]:
        """Return the positions of the places that state a code of this scheme, so that another one rules them out."""
        return self._by_scheme.get(scheme, set())

    def _around(self, area: BaseGeometry, within_m: float) -> set[int]:
        boxes = [shapely.box(*box) for box in geo.box_around(area, within_m)]
        return {int(place) for place in self._tree.query(boxes)[1]}

    def _distance(self, areas: Sequence[BaseGeometry], pair: tuple[int, int]) -> float:
        return geo.distance_m(self.places[pair[1]].geometry, areas[pair[0]])


def touches(index: PlaceIndex, event: Event, *, within_m: float, jurisdiction: Sequence[str]) -> dict[int, Touch]:
    """Return for each place that the event touches its nearest touch, over all areas of the event, by position.

    An area with a geometry counts by that alone; one without by its codes; `jurisdiction` (ISO 3166 codes, "001" for
    the world) is where the issuer speaks at all. An event without any area touches the whole jurisdiction.
    """
    found: dict[int, Touch] = {}
    placed = [area.geometry for area in event.areas if area.geometry is not None]
    if placed:
        for position, touch in _placed(index, placed, within_m):
            _keep_nearest(found, position, touch)
    for area in event.areas or (Area(),):
        if area.geometry is None:
            for position, touch in _coded(index, area.geocodes, jurisdiction).items():
                _keep_nearest(found, position, touch)
    return found


def _placed(index: PlaceIndex, areas: Sequence[BaseGeometry], within_m: float) -> Iterable[tuple[int, Touch]]:
    near = index.near(areas, within_m=within_m)
    rows = zip(near.place.tolist(), near.distance_m.tolist(), near.approach_m.tolist(), strict=True)
    for position, distance_m, approach_m in rows:
        if distance_m == 0:
            relation = Relation.INSIDE
        else:
            relation = Relation.APPROACH if approach_m == 0 else Relation.NEAR
        yield position, Touch(relation, distance_m, area_exact=True)


def _coded(index: PlaceIndex, codes: Sequence[Code], jurisdiction: Sequence[str]) -> Mapping[int, Touch]:
    """Return the places that lie in an area known by its codes only.

    A place that states a code of the same scheme is in it or is not. For the others the region counts that the codes
    name, or the jurisdiction where they name none.
    """
    inside = index.coded(codes)
    settled = set().union(*(index.states(normal(code).scheme) for code in codes))
    regions = [region for region in map(region_of, codes) if region is not None]
    territory = regions or [Code(SUBDIVISION if "-" in name else COUNTRY, name) for name in jurisdiction]
    if not territory or any(region.value == WORLD for region in territory):
        coarse = set(range(len(index.places)))
    else:
        unknown = set(range(len(index.places))) - index.states(COUNTRY)  # a place that may be anywhere may be there
        coarse = index.coded(territory) | unknown | _of_country_only(index, territory)
    return {
        **{position: Touch(Relation.UNPLACED, _INF, area_exact=False) for position in coarse - settled},
        **{position: Touch(Relation.INSIDE, 0.0, area_exact=True) for position in inside},
    }


def _of_country_only(index: PlaceIndex, territory: Sequence[Code]) -> set[int]:
    """Return the places whose country holds a subdivision of the territory, but whose own subdivision is not known."""
    countries = {Code(COUNTRY, region.value.split("-")[0]) for region in territory if region.scheme == SUBDIVISION}
    return index.coded(countries) - index.states(SUBDIVISION)


def _keep_nearest(found: dict[int, Touch], position: int, touch: Touch) -> None:
    known = found.get(position)
    if known is None or _order(touch) < _order(known):
        found[position] = touch


def _order(touch: Touch) -> tuple[int, bool, float]:
    return (_RANK[touch.relation], not touch.area_exact, touch.distance_m)
