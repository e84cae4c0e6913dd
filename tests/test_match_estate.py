"""An estate that is edited answers like one that is made anew of the same places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from shapely import Point, box

from tocsin import match
from tocsin.match import PlaceIndex
from tocsin.match.estate import Estate
from tocsin.model import Area, Code, Event, Place, Touch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL_OF_IT = Code("ISO3166-1", "DE")


def place(name: str, x: float, *, code: Code = ALL_OF_IT) -> Place:
    return Place(id=name, name="", geometry=Point(x, 50), geocodes=(code,))


def event(*areas: Area) -> Event:
    return Event(source="s", sender="s", identifier="e", sent=NOW, areas=areas)


DRAWN = event(Area(geometry=box(2, 49, 5, 51)))
CODED = event(Area(geocodes=(ALL_OF_IT,)))


def by_id(estate: Estate, one: Event) -> dict[str, Touch]:
    found = estate.touches(one, within_m=50_000, jurisdiction=("DE",))
    return {estate[position].id: touch for position, touch in found.items()}


def anew(places: Sequence[Place], one: Event) -> dict[str, Touch]:
    return by_id(Estate.of(PlaceIndex(places)), one)


@pytest.mark.parametrize("sorted_from", [3, 10**9], ids=["sorted", "tree"])
@pytest.mark.parametrize("seed", range(6))
def test_edits_give_what_a_new_index_gives(monkeypatch: pytest.MonkeyPatch, seed: int, sorted_from: int) -> None:
    monkeypatch.setattr(match, "SORTED_FROM", sorted_from)
    dice = Random(seed)
    every = {str(n): place(str(n), dice.uniform(0, 7)) for n in range(40)}
    estate = Estate.of(PlaceIndex(tuple(every.values())))
    for _ in range(25):
        for name in dice.sample([str(n) for n in range(60)], dice.choice((0, 1, 2, 20))):
            if name in every and dice.random() < 0.4:
                del every[name]
            else:
                every[name] = place(name, dice.uniform(0, 7), code=dice.choice((ALL_OF_IT, Code("ISO3166-1", "FR"))))
        places = dice.sample(list(every.values()), len(every))
        estate, _ = estate.edited(places)
        assert [one for _, one in estate] == places
        assert len(estate.layers) <= 7
        for one in (DRAWN, CODED):
            assert by_id(estate, one) == anew(places, one)


def test_edit_says_what_came_and_what_is_gone() -> None:
    estate = Estate.of(PlaceIndex([place("stays", 1), place("moves", 2), place("goes", 3)]))
    after, edit = estate.edited([place("comes", 4), place("moves", 5), place("stays", 1)])
    assert [after[position].id for position in edit.come.positions] == ["comes", "moves"]
    assert [estate[position].id for position in edit.gone] == ["moves", "goes"]
    assert set(edit.come.touches(DRAWN, within_m=0, jurisdiction=())) == set(edit.come.positions)


def test_estate_before_an_edit_is_as_it_was() -> None:
    estate = Estate.of(PlaceIndex([place("a", 3)]))
    estate.edited([place("a", 30)])
    assert by_id(estate, DRAWN) == anew([place("a", 3)], DRAWN)


def test_same_places_change_nothing() -> None:
    places = [place("a", 3), place("b", 4)]
    estate = Estate.of(PlaceIndex(places))
    after, edit = estate.edited([replace(one) for one in places])
    assert (len(edit.come.positions), len(edit.gone), after.layers) == (0, 0, estate.layers)


def test_a_position_is_never_given_to_another_place() -> None:
    estate = Estate.of(PlaceIndex([place("a", 3)]))
    seen = {0}
    for x in (4, 3, 4):
        estate, edit = estate.edited([place("a", x)])
        assert not seen & set(edit.come.positions)
        seen |= set(edit.come.positions)


def test_indices_are_few_after_many_edits_of_one_place() -> None:
    """Each edit makes an index; neighbours of one size are made one, so that the last edits cost what the first did."""
    places = [place(str(n), n / 200) for n in range(200)]
    estate = Estate.of(PlaceIndex(places))
    for number in range(100):
        places[0] = place("0", number / 20)
        estate, _ = estate.edited(places)
        assert len(estate.layers) <= 2
    assert by_id(estate, DRAWN) == anew(places, DRAWN)
