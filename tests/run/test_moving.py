"""Places that come, go and move while warnings are in force: what is told is what a new start would tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shapely import Point

from tocsin.model import Place
from tocsin.run.overview import look
from worlds import HARBOUR, HARBOUR_ONLY, HILL, HOUR, NOW, World, cap

QUAY = replace(HARBOUR, id="quay", name="Quay", geometry=Point(8.05, 50.05))
AWAY = replace(HARBOUR, geometry=Point(9.5, 50.1))


def edit(world: World, *places: Place) -> list[str]:
    """Edit the places as the service does, and return the reasons told."""
    estate, changed = world.desk.estate.edited(places)
    world.desk.move(estate, changed)
    world.places = places
    return world.wait()


def test_a_new_place_is_told_what_is_in_force() -> None:
    world = World()
    assert world.poll(cap("a")) == ["first"]
    assert edit(world, HARBOUR, HILL, QUAY) == ["first"]
    assert world.told[-1].places == ("quay",)


def test_a_new_place_outside_is_told_nothing() -> None:
    world = World()
    world.poll(cap("a", polygon=HARBOUR_ONLY))
    assert edit(world, HARBOUR, HILL, replace(QUAY, geometry=Point(9.5, 50.1))) == []


def test_a_place_that_moves_out_gets_the_all_clear() -> None:
    world = World()
    world.poll(cap("a"))
    assert edit(world, AWAY, HILL) == ["ended"]
    assert world.told[-1].places == ("harbour",)


def test_a_place_that_moves_in_is_told() -> None:
    world = World(places=(AWAY, HILL))
    world.poll(cap("a"))
    assert edit(world, HARBOUR, HILL) == ["first"]
    assert world.told[-1].places == ("harbour",)


def test_a_place_that_goes_is_told_nothing_more() -> None:
    world = World()
    world.poll(cap("a"))
    assert edit(world, HILL) == []
    assert world.poll(cap("b", references=("a",), msg_type="Cancel")) == ["ended"]
    assert world.told[-1].places == ("hill",)


def test_a_place_that_goes_and_comes_back_is_not_told_twice() -> None:
    world = World()
    world.poll(cap("a"))
    assert edit(world, HILL) == []
    assert edit(world, HARBOUR, HILL) == []


def test_a_place_that_goes_while_an_easing_waits_is_forgotten() -> None:
    world = World()
    world.poll(cap("a", severity="Extreme"))
    world.poll(cap("b", references=("a",), msg_type="Update", severity="Moderate"))
    assert edit(world, HILL) == []
    assert world.wait(HOUR)[0] == "eased"
    assert world.told[-2].places == ("hill",)


def test_another_name_alone_rings_nowhere_and_is_shown() -> None:
    world = World()
    world.poll(cap("a"))
    assert edit(world, replace(HARBOUR, name="Old harbour"), HILL) == []
    assert [place["name"] for place in look(world.desk, world.now)["places"]] == ["Old harbour", "Hill school"]


def test_a_warning_that_comes_later_meets_the_places_as_they_are() -> None:
    world = World()
    edit(world, AWAY, HILL, QUAY)
    assert world.poll(cap("a", polygon=HARBOUR_ONLY)) == ["first"]
    assert world.told[-1].places == ("quay",)


def test_a_new_place_without_a_working_source_is_blind() -> None:
    world = World()
    world.poll(cap("a"))
    assert world.wait(HOUR) == ["blind"]
    assert edit(world, HARBOUR, HILL, QUAY) == ["first", "blind"]
    assert {notice.places for notice in world.told[-2:]} == {("quay",)}


def test_what_a_new_place_sees_is_on_record() -> None:
    world = World()
    world.poll(cap("a"))
    edit(world, HARBOUR, HILL, QUAY)
    assert [seen.outcome for seen in world.store.impacts_of("quay")] == ["told"]
    assert len(world.store.impacts_of("hill")) == 1


@pytest.mark.parametrize("hours", [0, 2])
def test_after_edits_a_restart_tells_nothing(hours: int) -> None:
    world = World()
    world.poll(cap("a"))
    edit(world, AWAY, QUAY)
    edit(world, QUAY, HARBOUR)
    shown = look(world.desk, NOW)["places"]
    world.desk = world.restarted()
    world.now += hours * HOUR
    assert [reason for reason in world.wait() if reason != "blind"] == []
    assert look(world.desk, NOW)["places"] == shown or hours
