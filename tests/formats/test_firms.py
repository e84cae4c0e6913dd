"""Hot spots into fires: what belongs together, what a fire is called, and that rows and time do not matter."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import FormatError
from tocsin.formats import firms
from tocsin.lifecycle import threads
from tocsin.model import Certainty, Event, Item

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADER = "latitude,longitude,scan,track,acq_date,acq_time,confidence,frp"
KM = 1 / 111.195  # degrees of latitude

Row = tuple[float, float, str, str]


def items(*rows: Row) -> tuple[Item, ...]:
    """Return the items of rows of latitude, longitude, time and confidence."""
    lines = [f"{lat:.6f},{lon:.6f},0.4,0.4,2026-11-20,{clock},{sure},2.5" for lat, lon, clock, sure in rows]
    return firms.read("\n".join([HEADER, *lines]).encode(), source="f", now=NOW).items


def spot(lat: float = 38.0, lon: float = 23.5, clock: str = "0048", sure: str = "n") -> Row:
    return lat, lon, clock, sure


def fires(*rows: Row) -> list[Event]:
    """Return the fires, each once, by name."""
    found = {event.id: event for item in items(*rows) for event in item.events}
    return [found[name] for name in sorted(found)]


@pytest.mark.parametrize(("apart_km", "count"), [(0.0, 1), (0.4, 1), (0.99, 1), (3.7, 2), (5.0, 2)])
def test_what_is_near_is_one_fire_north_and_east(apart_km: float, count: int) -> None:
    for start in (38.0, 38.0031, -0.004, 0.0):
        assert len(fires(spot(start), spot(start + apart_km * KM))) == count
    assert len(fires(spot(0, 0.0), spot(0, apart_km * KM))) == count


def test_what_is_far_is_joined_through_what_lies_between() -> None:
    assert len(fires(*(spot(38 + step * 0.9 * KM) for step in range(12)))) == 1


def test_fire_over_the_180th_meridian_is_one() -> None:
    (fire,) = fires(spot(-20, 179.999), spot(-20, -179.999))
    assert fire.areas[0].geometry is not None
    assert fire.areas[0].geometry.area < 0.001


@given(st.lists(st.tuples(st.floats(-80, 80), st.floats(-180, 180)), min_size=1, max_size=12), st.floats(0, 359))
@settings(max_examples=60)
def test_pair_less_than_a_kilometre_apart_is_always_joined(centres: list[tuple[float, float]], turn: float) -> None:
    for lat, lon in centres:
        north, east = 0.95 * KM * math.cos(math.radians(turn)), 0.95 * KM * math.sin(math.radians(turn))
        other = (lon + east / math.cos(math.radians(lat)) + 180) % 360 - 180
        assert len(fires(spot(lat, lon), spot(lat + north, other))) == 1


@given(st.permutations([spot(38 + step * 0.7 * KM, 23.5, f"{step:02}00") for step in range(8)]))
@settings(max_examples=30)
def test_order_of_the_rows_does_not_matter(rows: list[Row]) -> None:
    assert fires(*rows) == fires(*sorted(rows))


def test_rows_of_one_fire_are_one_item_at_the_first_of_them() -> None:
    low, fire, other = items(spot(38.003, sure="l"), spot(), spot(39), spot(38.003), spot(39.003))
    assert [(item.at, len(item.events)) for item in (low, fire, other)] == [("row[1]", 0), ("row[2]", 1), ("row[3]", 1)]
    assert fire.events != other.events


def test_fire_keeps_its_name_as_it_grows() -> None:
    (before,) = fires(spot())
    (after,) = fires(spot(37.995, 23.5, "1136"), spot(), spot(38.005, 23.5, "1136"))
    assert (after.identifier, after.sent > before.sent, after.measures["hot_spots"]) == (before.identifier, True, 3)


def test_fire_whose_first_hot_spot_left_the_document_stays_one_thread() -> None:
    (before,) = fires(spot(), spot(38.003, 23.5, "1136"))
    (after,) = fires(spot(38.003, 23.5, "1136"))
    assert before.identifier != after.identifier
    assert len(set(threads([before, after]).values())) == 1


@pytest.mark.parametrize(
    ("sure", "certainty"),
    [
        ("h", Certainty.OBSERVED),
        ("high", Certainty.OBSERVED),
        ("n", Certainty.LIKELY),
        ("nominal", Certainty.LIKELY),
        ("M", Certainty.LIKELY),
        ("80", Certainty.OBSERVED),
        ("79", Certainty.LIKELY),
        ("30", Certainty.LIKELY),
        ("", Certainty.UNKNOWN),
    ],
)
def test_confidence_is_the_certainty(sure: str, certainty: Certainty) -> None:
    assert [fire.certainty for fire in fires(spot(sure=sure))] == [certainty]


@pytest.mark.parametrize("sure", ["l", "low", "29", "0", "LOW"])
def test_low_confidence_makes_no_fire_and_none_larger(sure: str) -> None:
    assert fires(spot(sure=sure)) == []
    assert fires(spot(), spot(38.003, sure=sure)) == fires(spot())


def test_fire_is_as_sure_as_its_surest_hot_spot() -> None:
    assert [fire.certainty for fire in fires(spot(), spot(38.003, sure="h"))] == [Certainty.OBSERVED]


@pytest.mark.parametrize(
    ("clock", "shown"),
    [("0048", "00:48"), ("48", "00:48"), ("430", "04:30"), ("04:30", "04:30"), ("0", "00:00"), ("2359", "23:59")],
)
def test_clock(clock: str, shown: str) -> None:
    assert [f"{fire.sent:%H:%M}" for fire in fires(spot(clock=clock))] == [shown]


@pytest.mark.parametrize("clock", ["2400", "99", "", "-1", "1:2:3", "٣"])
def test_clock_that_is_none_costs_its_row_only(clock: str) -> None:
    bad, good = items(spot(clock=clock), spot())
    assert (bad.events, len(good.events)) == ((), 1)


@pytest.mark.parametrize("kind", ["1", "2", "3"])
def test_what_is_no_vegetation_is_no_fire(kind: str) -> None:
    body = f"{HEADER},type\n38,23,0.4,0.4,2026-11-20,0048,n,2.5,{kind}\n"
    (item,) = firms.read(body.encode(), source="f", now=NOW).items
    assert (item.events, len(item.problems)) == ((), 1)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"Invalid MAP_KEY.", id="answer-without-a-key"),
        pytest.param(b"latitude,longitude\n1,2", id="no-time"),
        pytest.param(HEADER.encode() + b"\n\xff", id="not-utf-8"),
        pytest.param(HEADER.encode() + b"\n" * (firms.MAX_ROWS + 1), id="too-many-lines"),
        pytest.param(HEADER.encode() + b'\n"' + b"x" * 200_000, id="cell-without-end"),
    ],
)
def test_document_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        firms.read(body, source="f", now=NOW)


def test_header_alone_is_quiet() -> None:
    assert firms.read(HEADER.encode(), source="f", now=NOW).items == ()


def test_cost_is_linear_in_the_rows() -> None:
    """Four times the rows of one dense fire may take about four times as long, and nowhere near sixteen."""

    def seconds(count: int) -> float:
        random = Random(1)
        rows = [spot(38 + random.gauss(0, 0.3), 23.5 + random.gauss(0, 0.3)) for _ in range(count)]
        before = time.process_time()
        items(*rows)
        return time.process_time() - before

    seconds(500)
    assert seconds(12_000) < 10 * seconds(3_000) + 0.2
