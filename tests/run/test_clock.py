"""A machine whose clock jumps: time goes on steadily, and the jump is on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.run.clock import JUMP_FROM, SETTLES, SteadyClock, uptime, utc_now
from tocsin.store import Change, Store

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)


class Machine:
    """A machine on which time passes by hand; `off` is by how much its wall clock is wrong."""

    def __init__(self) -> None:
        self.passed = timedelta()
        self.off = timedelta()
        self.clock = SteadyClock(lambda: T + self.passed + self.off, lambda: self.passed)

    def after(self, span: timedelta, *, off: timedelta) -> timedelta:
        """Let time pass, set the wall clock, and return by how much the steady time is wrong."""
        self.passed += span
        self.off = off
        return self.clock() - (T + self.passed)


def test_a_clock_that_drifts_is_followed() -> None:
    machine = Machine()
    assert machine.after(MINUTE, off=JUMP_FROM) == JUMP_FROM
    assert machine.after(MINUTE, off=2 * JUMP_FROM) == 2 * JUMP_FROM
    assert machine.clock.jumps == ()


@pytest.mark.parametrize("off", [3 * HOUR, -3 * HOUR, JUMP_FROM + SECOND], ids=["ahead", "back", "just"])
def test_a_clock_that_jumps_is_not_followed_until_it_has_settled(off: timedelta) -> None:
    machine = Machine()
    assert machine.after(MINUTE, off=off) == timedelta()
    assert machine.after(SETTLES - SECOND, off=off) == timedelta()
    assert machine.after(SECOND, off=off) == off
    assert [jump.by for jump in machine.clock.jumps] == [off]


def test_a_jump_and_the_way_back_are_both_on_record_and_moved_nothing() -> None:
    machine = Machine()
    assert machine.after(5 * MINUTE, off=3 * HOUR) == timedelta()
    assert machine.after(5 * MINUTE, off=timedelta()) == timedelta()
    assert [jump.by for jump in machine.clock.untold()] == [3 * HOUR, -3 * HOUR]
    assert machine.clock.untold() == ()


def test_a_clock_that_jumps_again_and_again_is_never_followed() -> None:
    machine = Machine()
    for hour in range(1, 40):
        assert machine.after(5 * MINUTE, off=hour * HOUR) == timedelta()
    assert len(machine.clock.jumps) == 20
    assert len(machine.clock.untold()) == 39


def test_jumps_stand_in_the_ledger() -> None:
    machine = Machine()
    machine.after(5 * MINUTE, off=3 * HOUR)
    with Store.open(None) as store:
        store.commit(Change(jumps=machine.clock.untold()), now=T)
        assert b'"clock-jump"' in store.ledger_entries()[-1].leaf


def test_the_machines_own_clocks_go_forward() -> None:
    clock = SteadyClock()
    assert abs(clock() - utc_now()) < MINUTE
    assert uptime() > timedelta(0)
