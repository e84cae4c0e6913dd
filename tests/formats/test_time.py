"""Times that are read at once, and those that only look so: both ways of reading must agree."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.errors import FormatError
from tocsin.formats._time import read_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-20T08:00:00Z", datetime(2026, 11, 20, 8, tzinfo=UTC), id="utc"),
        pytest.param("2026-11-20T08:00:00+01:00", datetime(2026, 11, 20, 7, tzinfo=UTC), id="east"),
        pytest.param("2026-11-20T08:00:00-03:30", datetime(2026, 11, 20, 11, 30, tzinfo=UTC), id="half-an-hour"),
        pytest.param("2026-11-20T08:00:00-00:00", datetime(2026, 11, 20, 8, tzinfo=UTC), id="minus-zero"),
        pytest.param("2026-12-31T23:59:59-13:59", datetime(2027, 1, 1, 13, 58, 59, tzinfo=UTC), id="over-the-year"),
        pytest.param("2026-11-20T08:00:00+14:00", datetime(2026, 11, 19, 18, tzinfo=UTC), id="the-widest"),
        pytest.param("1100-01-01T00:00:00+13:00", datetime(1099, 12, 31, 11, tzinfo=UTC), id="the-first-read-at-once"),
        pytest.param("1099-01-01T00:00:00+13:00", datetime(1098, 12, 31, 11, tzinfo=UTC), id="the-year-before"),
        pytest.param("2999-12-31T23:59:59Z", datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC), id="the-last-at-once"),
        pytest.param("3000-01-01T00:00:00Z", datetime(3000, 1, 1, tzinfo=UTC), id="the-year-after"),
        pytest.param(" 2026-11-20T08:00:00Z", datetime(2026, 11, 20, 8, tzinfo=UTC), id="a-blank-before"),
        pytest.param("2026-11-20T08:00:00.999Z", datetime(2026, 11, 20, 8, tzinfo=UTC), id="fractions"),
    ],
)
def test_sound(text: str, expected: datetime) -> None:
    moment, problems = read_time(text, at="x")
    assert (moment, moment.tzinfo, problems) == (expected, UTC, ())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-02-30T08:00:00Z", id="no-such-day"),
        pytest.param("2026-11-20T25:00:00Z", id="no-such-hour"),
        pytest.param("2026-11-20T08:00:61Z", id="no-such-second"),
        pytest.param("2026-11-20T08:00:00+14:01", id="beyond-the-widest"),
        pytest.param("2026-11-20T08:00:00+01:75", id="no-such-offset"),
        pytest.param("2026-W47-5T08:00:00+00:00", id="a-week-date-of-the-same-length"),
        pytest.param("٢٠٢٦-11-20T08:00:00Z", id="digits-of-another-script"),
        pytest.param("0999-12-31T23:59:59Z", id="a-year-that-no-warning-has"),
    ],
)
def test_refused_each_time(text: str) -> None:
    for _ in range(2):  # what was refused once must not be remembered as read
        with pytest.raises(FormatError):
            read_time(text, at="x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-20T24:00:00Z", datetime(2026, 11, 21, tzinfo=UTC), id="midnight"),
        pytest.param("2026-12-31T23:59:60Z", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), id="a-leap-second"),
    ],
)
def test_repaired_each_time(text: str, expected: datetime) -> None:
    for _ in range(2):
        moment, problems = read_time(text, at="x")
        assert (moment, [problem.is_repaired for problem in problems]) == (expected, [True])
