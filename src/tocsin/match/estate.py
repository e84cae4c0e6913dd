"""The places as they stand now: sorted once, and what was edited since beside them.

Nothing here is ever changed, so that it can be read while the next one is made. An edit adds a small index of the
places that came or are no longer as they were; the positions that those had before are *stale*: the older index still
finds them, and they are left out of every answer. Of two neighbouring indices that are of about one size one is made,
without what is stale: so there are never more than a few, and each place is indexed again a few times only, however
many edits there are (the logarithmic method).

A position is of one place as it was read at one time, and is never given to another.

Source: J. L. Bentley, J. B. Saxe, Decomposable searching problems I: static-to-dynamic transformation (1980).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shapely import Point

from tocsin.geocodes import Geocodes
from tocsin.match import PlaceIndex, touches
from tocsin.match.reverse import may_touch
from tocsin.model import Event, Place, Touch

_ALIKE = 2  # an index at most so many times as large as the next one is made one with it
_NOBODY = Place(id="", name="", geometry=Point())  # where the position is stale, so that the place can be forgotten


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """An index, and the position in the estate of each of its places."""

    positions: Sequence[int]
    index: PlaceIndex

    def touches(self, event: Event, *, within_m: float, jurisdiction: Sequence[str]) -> dict[int, Touch]:
        """Return what `match.touches` says of the event, by position in the estate."""
        found = touches(self.index, event, within_m=within_m, jurisdiction=jurisdiction)
        return {self.positions[position]: touch for position, touch in found.items()}

    def may_touch(self, events: Sequence[Event], within_m: Sequence[float]) -> Sequence[bool]:
        """Return for each event whether it may touch a place here (`reverse`): quick where these are few."""
        found: list[bool] = may_touch(self.index.places, events, within_m).tolist()
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """What an edit changed: the places that came or are other than before, and the positions that are stale now."""

    come: Layer
    gone: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class Estate:
    """Places by position, which of these stand in the file in which order, and the indices that find them."""

    geocodes: Geocodes
    places: Sequence[Place]
    order: Sequence[int]
    layers: tuple[Layer, ...]
    stale: frozenset[int] = frozenset()

    @classmethod
    def of(cls, index: PlaceIndex) -> Estate:
        """Return the estate of the places of an index."""
        order = range(len(index.places))
        return cls(index.geocodes, index.places, order, (Layer(order, index),))

    def __len__(self) -> int:
        """Return how many places there are now."""
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[int, Place]]:
        """Yield (position, place) in the order of the file."""
        return ((position, self.places[position]) for position in self.order)

    def __getitem__(self, position: int) -> Place:
        """Return the place at a position that is not stale."""
        return self.places[position]

    def touches(self, event: Event, *, within_m: float, jurisdiction: Sequence[str]) -> dict[int, Touch]:
        """Return what `match.touches` says of the event, by position. Cost: that of some look-ups in each index."""
        found: dict[int, Touch] = {}
        for layer in self.layers:
            found |= layer.touches(event, within_m=within_m, jurisdiction=jurisdiction)
        for position in self.stale & found.keys():
            del found[position]
        return found

    def edited(self, places: Sequence[Place]) -> tuple[Estate, Edit]:
        """Return the estate of these places, no two of one id, and what is other in it.

        Cost: a look at each place, and an index of those that came.
        """
        before = {place.id: position for position, place in self}
        every, order = list(self.places), []
        for place in places:
            position = before.get(place.id)
            if position is not None and ((old := self.places[position]) is place or old == place):
                del before[place.id]
                order.append(position)
            else:
                order.append(len(every))
                every.append(place)
        gone = sorted(before.values())
        for position in gone:
            every[position] = _NOBODY
        come = _layer(range(len(self.places), len(every)), every, self.geocodes)
        layers = (*self.layers, come) if come.positions else self.layers
        layers, stale = _merged(layers, self.stale.union(gone), every, self.geocodes)
        return Estate(self.geocodes, every, order, layers, stale), Edit(come, gone)


def _layer(positions: Sequence[int], places: Sequence[Place], geocodes: Geocodes) -> Layer:
    return Layer(positions, PlaceIndex([places[position] for position in positions], geocodes))


def _merged(
    layers: Sequence[Layer], stale: frozenset[int], places: Sequence[Place], geocodes: Geocodes
) -> tuple[tuple[Layer, ...], frozenset[int]]:
    """Return the layers, neighbours of about one size as one without what is stale, and what is stale in them still."""
    kept = list(layers)
    while len(kept) > 1 and len(kept[-2].positions) <= _ALIKE * len(kept[-1].positions):
        every = [position for layer in kept[-2:] for position in layer.positions]
        kept[-2:] = [_layer([position for position in every if position not in stale], places, geocodes)]
        stale = stale.difference(every)
    return tuple(kept), stale
