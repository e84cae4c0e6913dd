"""Recurrence rules against dateutil, which says what a rule means but not when to stop."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import takewhile

import pytest
from dateutil import rrule as dateutil
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tocsin.errors import FormatError
from tocsin.formats._recurrence import Budget, occurrences, read_rule

START = datetime(2026, 4, 4, 8, 0)  # a Saturday  # noqa: DTZ001  rules go by local time


def found(text: str, start: datetime, first: datetime, last: datetime) -> list[datetime]:
    return list(occurrences(read_rule(text), start, first, last, Budget(days=100_000, occurrences=100_000)))


days = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
ordinals = st.sampled_from(["1", "2", "-1", "5", "-2", "+3"])


def listed(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3, unique=True).map(",".join)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 5))}"]
    # Not both: of "MO,2TU" dateutil asks that a day be either and both, which none is.
    nth = ordinals if frequency in {"MONTHLY", "YEARLY"} and draw(st.booleans()) else st.just("")
    by_day = st.tuples(nth, days).map("".join)
    for name, values in (
        ("BYMONTH", listed(st.integers(1, 12).map(str))),
        ("BYMONTHDAY", listed(st.sampled_from([1, 2, 15, 29, 30, 31, -1, -5]).map(str))),
        ("BYDAY", listed(by_day)),
        ("WKST", days),
    ):
        if draw(st.booleans()):
            parts.append(f"{name}={draw(values)}")
    if any(part.startswith("BYDAY") for part in parts) and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from([1, 2, -1, -3]))}")
    return ";".join(parts)


@settings(max_examples=200, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(rules(), st.datetimes(datetime(2015, 1, 1), datetime(2026, 12, 1)), st.integers(0, 4_000))  # noqa: DTZ001
def test_rule_means_what_dateutil_takes_it_to_mean(text: str, start: datetime, ahead_days: int) -> None:
    start = start.replace(microsecond=0)
    first = start + timedelta(days=ahead_days)
    last = first + timedelta(days=40)
    after = last + timedelta(days=365 * 12)
    assume(any(found(text, start, last + timedelta(days=1), after)))  # else dateutil looks as far as the year 9999
    theirs = takewhile(lambda moment: moment <= last, dateutil.rrulestr(text, dtstart=start))
    expected = [moment for moment in theirs if moment >= first and moment != start]
    assert [moment for moment in found(text, start, first, last) if moment != start] == expected


def test_plain_days_and_numbered_ones_add_up() -> None:
    end = START + timedelta(days=30)
    assert [m.day for m in found("FREQ=MONTHLY;BYDAY=1SA,2TU,FR", START, START, end)] == [4, 10, 14, 17, 24, 1, 2]


@pytest.mark.parametrize("count", [1, 2, 9, 50])
@pytest.mark.parametrize("text", ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SA,TU", "FREQ=MONTHLY;BYDAY=1SA", "FREQ=YEARLY"])
def test_count_counts_from_the_beginning(text: str, count: int) -> None:
    expected = list(dateutil.rrulestr(f"{text};COUNT={count}", dtstart=START))
    end = START + timedelta(days=365 * 60)
    assert found(f"{text};COUNT={count}", START, START, end) == expected
    later = START + timedelta(days=30)
    assert found(f"{text};COUNT={count}", START, later, end) == [moment for moment in expected if moment >= later]


def test_start_is_the_first_occurrence_whatever_the_rule_says() -> None:
    assert found("FREQ=WEEKLY;BYDAY=MO;COUNT=2", START, START, START + timedelta(days=30)) == [
        START,
        START + timedelta(days=2),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ=HOURLY",
        "FREQ=SECONDLY;COUNT=1000000",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=x",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=99999999999999999999",
        "FREQ=DAILY;BYHOUR=1",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=123MO",
        "FREQ=WEEKLY;WKST=8",
        "FREQ=DAILY;" + "X" * 500,
        "BYDAY=MO",
        "nonsense",
    ],
)
def test_rule_that_is_not_followed(text: str) -> None:
    with pytest.raises(FormatError):
        read_rule(text)


@pytest.mark.parametrize(
    "text",
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300"],
)
def test_rule_that_never_falls_ends_at_once(text: str) -> None:
    before = time.process_time()
    assert found(text, datetime(1000, 1, 1), START, START + timedelta(days=31)) == []  # noqa: DTZ001
    assert time.process_time() - before < 0.2  # some 0.1 ms


def test_budget_ends_what_takes_too_long() -> None:
    counted = occurrences(read_rule("FREQ=YEARLY;COUNT=90000"), datetime(1000, 1, 1), START, START, _small())  # noqa: DTZ001
    with pytest.raises(FormatError, match="too much"):
        list(counted)


def _small() -> Budget:
    return Budget(days=10_000, occurrences=10)
