from __future__ import annotations

from dataclasses import replace

import pytest

from tocsin.model import Level
from tocsin.notices import EASE_AFTER
from worlds import BOTH, CHANNEL, HARBOUR_ONLY, HOUR, MESSAGES, MINUTE, NOW, PLACES, World, cap, quakes, stamp


def test_a_warning_is_told_once_with_all_its_places() -> None:
    world = World()
    assert world.poll(cap("a")) == ["first"]
    assert world.told[0].places == ("harbour", "hill")
    assert world.poll(cap("a")) == []


def test_a_restart_tells_nothing_twice() -> None:
    world = World()
    world.poll(cap("a"))
    world.desk = world.restarted()
    assert world.wait(MINUTE) == []
    assert world.desk.situation.concerns(0).keys() == {"wind"}


def test_a_restart_tells_what_a_crash_kept_from_being_told() -> None:
    world = World()
    world.desk.reconcile = lambda _: ()  # type: ignore[method-assign, assignment]
    world.poll(cap("a"))
    world.desk = world.restarted()
    assert world.wait() == ["first"]


def test_expiry_by_our_clock_is_an_all_clear_to_those_told() -> None:
    world = World()
    world.poll(cap("a", polygon=HARBOUR_ONLY))
    wake = world.desk.next_wake(world.now)
    assert wake is not None
    while wake < NOW + 6 * HOUR:
        world.poll()
        world.now = wake
        wake = world.desk.next_wake(world.now) or NOW + 6 * HOUR
    world.now = NOW + 6 * HOUR
    world.poll()
    assert (world.told[-1].reason.value, world.told[-1].places) == ("ended", ("harbour",))


def test_a_cancel_is_an_all_clear_to_exactly_those_told() -> None:
    world = World()
    world.poll(cap("a", polygon=HARBOUR_ONLY))
    world.now += MINUTE
    assert world.poll(cap("b", sent=world.now, msg_type="Cancel", references=["a"])) == ["ended"]
    assert world.told[-1].places == ("harbour",)


def test_an_update_that_narrows_ends_it_for_those_outside_only() -> None:
    world = World()
    world.poll(cap("a"))
    world.now += MINUTE
    assert world.poll(cap("b", sent=world.now, msg_type="Update", references=["a"], polygon=HARBOUR_ONLY)) == ["ended"]
    assert world.told[-1].places == ("hill",)


def test_an_upgrade_rings_at_once_and_an_easing_waits() -> None:
    world = World()
    world.poll(cap("a"))
    world.now += MINUTE
    update = {"msg_type": "Update", "expires": NOW + 6 * HOUR}
    assert world.poll(cap("b", sent=world.now, severity="Extreme", references=["a"], **update)) == ["worse"]
    before = f"warn.example.org,b,{stamp(world.now)}"
    world.now += MINUTE
    assert world.poll(cap("c", sent=world.now, severity="Minor", references=[before], **update)) == []
    world.now = NOW + EASE_AFTER
    assert world.poll() == []
    wake = world.desk.next_wake(world.now)
    assert wake == NOW + MINUTE + EASE_AFTER
    world.now = wake
    assert world.wait() == ["eased"]


def test_one_storm_of_two_messages_rings_once() -> None:
    world = World()
    assert world.poll(cap("a"), cap("other", polygon=BOTH)) == ["first"]
    assert len(world.told[0].threads) == 2


@pytest.mark.parametrize("status", ["Test", "Exercise", "Draft", "System"])
def test_what_is_not_actual_never_rings(status: str) -> None:
    assert World().poll(cap("a", status=status)) == []


def test_a_channel_hears_from_its_level_on() -> None:
    world = World(channels=[replace(CHANNEL, at_least=Level.ACT_NOW)])
    assert world.poll(cap("a", severity="Severe")) == []
    assert world.store.impacts_of("hill")[0].outcome == "below-level"


def test_what_was_seen_is_on_record_with_its_outcome() -> None:
    world = World()
    world.poll(cap("a"))
    world.poll(cap("b"))
    assert sorted(seen.outcome for seen in world.store.impacts_of("hill")) == ["no-meaningful-change", "told"]


def test_a_silent_source_is_told_as_blind_once_and_as_seeing_again() -> None:
    world = World()
    world.poll()
    assert world.wait(10 * MINUTE) == []
    assert world.fail() == []
    wake = world.desk.next_wake(world.now)
    assert wake == NOW + 20 * MINUTE
    world.now = wake
    assert world.wait() == ["blind"]
    assert world.told[-1].families == ("rain", "wind")
    assert world.fail() == []
    assert world.poll() == ["seeing-again"]


def test_a_failed_fetch_ends_nothing() -> None:
    world = World()
    world.poll(cap("a"))
    world.now += MINUTE
    assert world.fail() == []
    assert world.desk.situation.concerns(0).keys() == {"wind"}


def test_a_place_tells_only_its_own_channels() -> None:
    places = [replace(PLACES[0], channels=("night",)), PLACES[1]]
    world = World(places=places, channels=[CHANNEL, replace(CHANNEL, id="night")])
    world.poll(cap("a"))
    assert {(notice.channel, notice.places) for notice in world.told} == {
        ("desk", ("hill",)),
        ("night", ("harbour", "hill")),
    }


USGS = replace(MESSAGES, id="quakes", format="usgs", families=("earthquake",), snapshot=True, jurisdiction=("001",))


def test_a_quake_rings_once_and_again_when_a_revision_raises_the_level() -> None:
    world = World(source=USGS)
    assert world.poll(quakes(5.2)) == ["first"]
    world.now += MINUTE
    assert world.poll(quakes(5.2, updated=world.now)) == []
    world.now += MINUTE
    assert world.poll(quakes(6.4, updated=world.now)) == ["worse"]


def test_a_quake_that_two_complete_snapshots_no_longer_list_is_over() -> None:
    world = World(source=USGS)
    world.poll(quakes(5.2))
    world.now += MINUTE
    assert world.poll(quakes(updated=world.now)) == []
    world.now += MINUTE
    assert world.poll(quakes(updated=world.now)) == ["ended"]
