"""Areas by geocode: the outlines of codes that issuers publish in place of shapes.

A *list* is somebody's set of codes (EMMA_ID, UGC, SAME, NUTS ...). `pack` holds their outlines, `boundaries` reads
the files in which their publishers draw them, `spelling` knows how they are written and in what wider area each lies.

`Geocodes` answers two questions: which outlines do the codes of an area name, and in which codes does a place lie. It
never guesses: an area of which one code is unknown has no outlines, so that no place in the missing part is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin.geocodes.pack import Boxes, Pack
from tocsin.geocodes.spelling import COUNTRY, SUBDIVISION, narrow, normal, region_of
from tocsin.model import Area, Code

__all__ = ["NONE", "Exactness", "Geocodes", "Outlined", "Pack"]

HARBOUR_DEGREES = 0.05
"""How far outside every outline of a list a place may lie and still belong to the nearest: some 5 km, for lists are
drawn coarsely and a quay may lie in the water."""

_Shapes = npt.NDArray[np.object_]


class Exactness(StrEnum):
    """How well the place of an area is known: drawn by the issuer; by the outline of its codes; by a wider region
    that its codes lie in (a state, a country); or not at all, so that the issuer's whole territory stands in.
    """

    DRAWN = "drawn"
    EXACT = "exact"
    COARSE = "coarse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlined:
    """The codes, in their normal spelling, that together are an area, with the outline of each."""

    codes: frozenset[Code]
    shapes: tuple[BaseGeometry, ...]


class Geocodes:
    """Several packs as one; of two that hold a list, the first is believed."""

    def __init__(self, packs: Sequence[Pack] = ()) -> None:
        seen: set[str] = set()
        self._packs: dict[str, Pack] = {}
        for pack in packs:
            self._packs |= {scheme: pack for scheme in pack.lists if scheme not in seen}
            seen |= pack.lists.keys()

    def __bool__(self) -> bool:
        """Return whether there is any list at all."""
        return bool(self._packs)

    @property
    def lists(self) -> Sequence[str]:
        """Return the names of the lists, in their normal spelling."""
        return sorted(self._packs)

    def pack_of(self, scheme: str) -> Pack:
        """Return the pack that a list is read from."""
        return self._packs[scheme]

    def find(self, code: Code) -> BaseGeometry | None:
        """Return the outline of a code in any spelling, or None."""
        code = normal(code)
        pack = self._packs.get(code.scheme)
        return pack.find(code) if pack else None

    def knows(self, code: Code) -> bool:
        """Return whether a code, in any spelling, has an outline. Cost: a look-up."""
        code = normal(code)
        return code.scheme in self._packs and code in self._packs[code.scheme]

    def outlined(self, codes: Iterable[Code]) -> Outlined | None:
        """Return the outlines that make up an area of these codes; None unless one list tells all of it.

        Issuers name one area in several lists (UGC and SAME). Of those known whole, the one of most codes is taken:
        the narrower the list, the more of its codes an area has.
        """
        lists = _by_list(codes)
        known = [one for one in lists if all(map(self.knows, one))]
        # A whole state or country is no matter of outlines, whatever other lists say beside it.
        if not known or any(_is_region(code) and not self.knows(code) for one in lists for code in one):
            return None
        best = max(known, key=lambda one: (len(one), sorted(one)))
        found = [self.find(code) for code in sorted(best)]
        return Outlined(codes=frozenset(best), shapes=tuple(shape for shape in found if shape is not None))

    def exactness(self, area: Area) -> Exactness:
        """Return how well the place of an area is known."""
        if area.geometry is not None:
            return Exactness.DRAWN
        if any(all(_is_region(code) or self.knows(code) for code in one) for one in _by_list(area.geocodes)):
            return Exactness.EXACT
        return Exactness.COARSE if any(map(region_of, area.geocodes)) else Exactness.UNKNOWN

    def locate(self, shapes: Sequence[BaseGeometry]) -> Iterator[tuple[int, Code]]:
        """Yield (position of the shape, code) for each code of each list in which a shape lies, wholly or partly.

        One that lies in none of a list counts to the nearest within HARBOUR_DEGREES. Cost: of each list the blocks
        near the shapes are inflated; then some microseconds a shape.
        """
        several = np.array(shapes, dtype=object)
        for scheme, pack in self._packs.items():
            rows = [row for row, code in enumerate(pack.codes) if code.scheme == scheme]
            yield from _located(several, [pack.codes[row] for row in rows], pack, pack.boxes[rows])


NONE = Geocodes()
"""No list at all: every code is unknown."""


def _by_list(codes: Iterable[Code]) -> list[set[Code]]:
    """Return the codes that say where an area is (`narrow`), in their normal spelling, by the list that names them."""
    codes = tuple(codes)
    meant = narrow(codes)
    lists: defaultdict[str, set[Code]] = defaultdict(set)
    for code in codes:
        if normal(code) in meant:
            lists[code.scheme.strip().upper()].add(normal(code))
    return list(lists.values())


def _is_region(code: Code) -> bool:
    return code.scheme in {COUNTRY, SUBDIVISION}


def _located(shapes: _Shapes, codes: Sequence[Code], pack: Pack, boxes: Boxes) -> Iterator[tuple[int, Code]]:
    """Yield the pairs of one list."""
    reach = (-HARBOUR_DEGREES, -HARBOUR_DEGREES, HARBOUR_DEGREES, HARBOUR_DEGREES)
    tree = shapely.STRtree(np.asarray(shapely.box(*(boxes + reach).T)))
    position, near = tree.query(shapes)
    order = np.argsort(near, kind="stable")
    position, near = position[order], near[order]
    is_housed = np.zeros(len(shapes), dtype=np.bool_)
    rows = [(row, position[near == row]) for row in np.unique(near).tolist()]
    for row, around in rows:
        outline = pack.find(codes[row])
        assert outline is not None, "every code of the directory has a block"
        shapely.prepare(outline)
        inside = around[shapely.intersects(outline, shapes[around])]
        is_housed[inside] = True
        yield from ((place, codes[row]) for place in inside.tolist())
    nearest: dict[int, tuple[float, Code]] = {}
    for row, around in rows:
        outside = around[~is_housed[around]]
        distances = shapely.distance(np.array(pack.find(codes[row])), shapes[outside]) if len(outside) else outside
        for place, distance in zip(outside.tolist(), distances.tolist(), strict=True):
            if distance <= HARBOUR_DEGREES:
                nearest[place] = min(nearest.get(place, (distance, codes[row])), (distance, codes[row]))
    yield from ((place, code) for place, (_, code) in nearest.items())
