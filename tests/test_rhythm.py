"""How a feed usually rests: what a histogram of some dozens of numbers keeps in mind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import rhythm

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def learned(*gaps: timedelta) -> dict[int, float]:
    known: dict[int, float] = {}
    for gap in gaps:
        known = rhythm.learn(known, gap)
    return known


@pytest.mark.parametrize("gap", [timedelta(0), -MINUTE], ids=["nothing", "backwards"])
def test_a_gap_of_nothing_teaches_nothing(gap: timedelta) -> None:
    assert rhythm.learn({24: 1.0}, gap) == {24: 1.0}


@given(st.floats(1, 8e6))
def test_a_gap_is_kept_to_a_fifth(seconds: float) -> None:
    kept = rhythm.quantile(learned(timedelta(seconds=seconds)), 0.5)
    assert kept is not None
    assert seconds * 0.999 <= kept.total_seconds() <= seconds * 1.2


@pytest.mark.parametrize("gap", [timedelta(microseconds=1), 1000 * DAY], ids=["shortest", "longest"])
def test_no_gap_is_outside_the_buckets(gap: timedelta) -> None:
    assert set(learned(gap)) <= set(range(93))


def test_quantiles_are_those_of_the_gaps() -> None:
    known = learned(*[MINUTE] * 97, *[HOUR] * 3)
    median, p99 = rhythm.quantile(known, 0.5), rhythm.quantile(known, 0.99)
    assert median is not None
    assert p99 is not None
    assert MINUTE <= median <= 1.2 * MINUTE
    assert HOUR <= p99 <= 1.2 * HOUR


def test_of_no_gaps_nothing_is_known() -> None:
    assert rhythm.quantile({}, 0.5) is None
    assert rhythm.longest_usual({}) is None
    assert not rhythm.is_known({})


@pytest.mark.parametrize(
    ("gaps", "known"),
    [
        pytest.param([MINUTE] * 1000, False, id="many-but-no-night"),
        pytest.param([2 * DAY] * 10, False, id="long-but-few"),
        pytest.param([2 * HOUR] * 21, True, id="enough"),
    ],
)
def test_a_rhythm_is_known_after_enough_gaps_and_a_day(gaps: list[timedelta], known: bool) -> None:
    assert rhythm.is_known(learned(*gaps)) is known


def test_a_night_among_a_thousand_minutes_is_usual() -> None:
    rest = rhythm.longest_usual(learned(*[MINUTE] * 900, 8 * HOUR, *[MINUTE] * 900))
    assert rest is not None
    assert rest >= 8 * HOUR


def test_a_rest_told_as_silence_is_usual_when_it_comes_twice() -> None:
    once = rhythm.learn(learned(*[MINUTE] * 900), 8 * HOUR, weight=0.5)
    rest = rhythm.longest_usual(once)
    assert rest is not None
    assert rest < HOUR
    twice = rhythm.longest_usual(rhythm.learn(once, 8 * HOUR, weight=0.5))
    assert twice is not None
    assert twice >= 8 * HOUR


T = datetime(2026, 11, 20, 18, tzinfo=UTC)  # a Friday
WEEKEND = rhythm.remembered((), T, T + 60 * HOUR)


@pytest.mark.parametrize(
    ("since", "for_"),
    [
        pytest.param(T + 7 * DAY, 66 * HOUR, id="a-week-later"),
        pytest.param(T + 7 * DAY + 10 * HOUR, 56 * HOUR, id="later-that-day"),
        pytest.param(T + 7 * DAY - 5 * HOUR, 71 * HOUR, id="a-little-earlier"),
        pytest.param(T + 7 * DAY - 7 * HOUR, timedelta(0), id="much-earlier"),
        pytest.param(T + 7 * DAY + 60 * HOUR, timedelta(0), id="after-it-came-back"),
        pytest.param(T + 5 * DAY, timedelta(0), id="another-day"),
        pytest.param(T + 14 * DAY, timedelta(0), id="two-weeks-later"),
    ],
)
def test_a_long_rest_is_expected_at_the_same_time_a_week_later_and_at_no_other(
    since: datetime, for_: timedelta
) -> None:
    assert rhythm.expected(WEEKEND, since) == for_


def test_rests_are_remembered_for_a_week_and_not_without_end() -> None:
    assert len(rhythm.remembered(WEEKEND, T + 7 * DAY, T + 9 * DAY)) == 2
    assert len(rhythm.remembered(WEEKEND, T + 8 * DAY, T + 11 * DAY)) == 1
    known: rhythm.Rests = ()
    for number in range(1000):
        known = rhythm.remembered(known, T + number * MINUTE, T + (number + 1) * MINUTE)
    assert len(known) < 50


def test_a_gap_of_no_weight_leaves_no_bucket() -> None:
    assert rhythm.learn({24: 1.0}, 8 * HOUR, weight=0.0).keys() == {24}


def test_what_is_long_past_is_forgotten() -> None:
    known = learned(8 * HOUR, *[HOUR] * 24 * 150)
    rest = rhythm.longest_usual(known)
    assert rest is not None
    assert rest < 2 * HOUR
    assert len(known) == 1


def test_a_rhythm_stays_small_however_long_it_is_learned() -> None:
    dice = Random(7)
    known = learned(*(timedelta(seconds=dice.lognormvariate(5, 2)) for _ in range(5000)))
    assert len(known) < 93
