"""The kernel of a bulk match, the same for every engine: positions in, pairs of a place and an area out.

Who is inside is decided by `match.points`, how far the others are by `match.PlaceIndex.near`, as the service does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from tocsin import geo
from tocsin.match import PlaceIndex
from tocsin.match.grid import Whole, encode, snap
from tocsin.match.points import Points, united
from tocsin.model import Place
from tocsin.run.bulk.areas import Areas

PIECE = 500_000
"""Pairs made at once, more only where one area has more of a batch."""

_CENTIMETRES = 2  # decimals of a distance


class Pairs(NamedTuple):
    """Pairs in order of area and place: positions in the batch (n,) and in the areas (n,), metres (n,), 0 inside."""

    places: npt.NDArray[np.int64]
    areas: npt.NDArray[np.int32]
    metres: npt.NDArray[np.float64]


class _Reached(NamedTuple):
    """One area that some places of a batch lie in or about, by its position: slices of the index."""

    area: int
    inside: Whole
    around: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some areas of what was found in a batch. It no longer needs the batch."""

    points: Points
    lonlat: npt.NDArray[np.float64]
    reached: list[_Reached]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies in or about each area: slices of a batch's index, not yet pairs."""

    points: Points
    lonlat: npt.NDArray[np.float64]
    reached: list[_Reached]

    def pieces(self) -> Iterator[Piece]:
        """Yield it in parts of at most `PIECE` pairs, or of one area. There is always a last one."""
        held: list[_Reached] = []
        count = 0
        for one in self.reached:
            pairs = sum(int((slices[:, 1] - slices[:, 0]).sum()) for slices in (one.inside, one.around))
            if held and count + pairs > PIECE:
                yield self._piece(held, is_last=False)
                held, count = [], 0
            held.append(one)
            count += pairs
        yield self._piece(held, is_last=True)

    def _piece(self, reached: list[_Reached], *, is_last: bool) -> Piece:
        return Piece(points=self.points, lonlat=self.lonlat, reached=reached, is_last=is_last)


_NOTHING = np.empty((0, 2), dtype=np.int64)


class Lookup:
    """Looks areas up in batches of places; `within_m` metres about an area are near it, none for 0."""

    def __init__(self, areas: Areas, within_m: float = 0.0) -> None:
        self.areas = areas
        self._within_m = within_m
        boxes = [geo.box_around(outline, within_m) if within_m > 0 else [] for outline in areas.outlines]
        self._boxes = [[shapely.box(*box) for box in some] for some in boxes]

    def find(self, lonlat: npt.NDArray[np.float64]) -> Found:
        """Return what lies in or about the areas, of positions (n, 2) in degrees."""
        points = Points.of(encode(snap(lonlat)))
        reached = []
        for position, (outline, edges) in enumerate(zip(self.areas.outlines, self.areas.edges, strict=True)):
            around = [points.slices(box) for box in self._boxes[position]]
            one = _Reached(position, points.slices(outline, edges), united(np.concatenate((_NOTHING, *around))))
            if len(one.inside) or len(one.around):
                reached.append(one)
        return Found(points=points, lonlat=lonlat, reached=reached)

    def pairs(self, piece: Piece) -> Pairs:
        """Return the pairs of a piece."""
        each = [self._of(piece, one) for one in piece.reached]
        counts = np.array([len(places) for places, _ in each], dtype=np.intp)
        return Pairs(
            places=np.concatenate([np.empty(0, dtype=np.int64), *(places for places, _ in each)]),
            areas=np.repeat(np.array([one.area for one in piece.reached], dtype=np.int32), counts),
            metres=np.concatenate([np.empty(0), *(metres for _, metres in each)]),
        )

    def _of(self, piece: Piece, one: _Reached) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return the places of one area, in order, and their metres."""
        inside = np.sort(piece.points.ids_in(one.inside)).astype(np.int64)
        among = np.setdiff1d(piece.points.ids_in(one.around), inside).astype(np.int64)
        if not len(among):
            return inside, np.zeros(len(inside))
        spots = [shapely.Point(spot) for spot in piece.lonlat[among].tolist()]
        index = PlaceIndex([Place(id="", name="", geometry=spot) for spot in spots])
        near = index.near([self.areas.outlines[one.area]], within_m=self._within_m)
        places = np.concatenate((inside, among[near.place]))
        metres = np.concatenate((np.zeros(len(inside)), np.round(near.distance_m, _CENTIMETRES)))
        order = np.argsort(places)
        return places[order], metres[order]
