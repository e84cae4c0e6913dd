"""No event that touches a place is left out of those that may, and few others are among them."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from shapely import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.match import PlaceIndex, touches
from tocsin.match.reverse import may_touch
from tocsin.model import Area, Code, Event, Place


def event(*areas: BaseGeometry | str) -> Event:
    found = [Area(geocodes=(Code("UGC", one),)) if isinstance(one, str) else Area(geometry=one) for one in areas]
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Event(source="s", sender="s", identifier="e", sent=now, areas=tuple(found))


def place(shape: BaseGeometry, *approaches: BaseGeometry) -> Place:
    return Place(id="p", name="", geometry=shape, approaches=approaches)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("lon", "lat"),
    [(8, 50), (180, 10), (-180, -60), (0, 88), (40, -89.5)],
    ids=["land", "east", "west", "north", "south"],
)
def test_every_event_that_touches_may(lon: float, lat: float, seed: int) -> None:
    dice = Random(seed)

    def spot(reach: float) -> tuple[float, float]:
        x = (lon + dice.uniform(-reach, reach) + 180) % 360 - 180
        return x, min(max(lat + dice.uniform(-reach, reach), -90), 90)

    places = [place(Point(spot(2))) for _ in range(3)]
    events, within = [], []
    for _ in range(150):
        x, y = spot(4)
        size = dice.choice((0.1, 1, 3))
        corners = [(x - size, y), (x, max(y - size, -90)), (x + size, y), (x, min(y + size, 90))]
        areas = [geo.cut(Polygon(corners)) for _ in range(dice.choice((1, 2)))]
        events.append(event(*areas, geo.circle(*spot(4), dice.uniform(1, 90_000))))
        within.append(dice.choice((0.0, 5_000.0, 100_000.0)))
    index = PlaceIndex(places)
    may = may_touch(places, events, within).tolist()
    does = [bool(touches(index, one, within_m=m, jurisdiction=())) for one, m in zip(events, within, strict=True)]
    assert any(does)
    assert all(one for one, is_met in zip(may, does, strict=True) if is_met)


@pytest.mark.parametrize(
    ("one", "within_m", "expected"),
    [
        pytest.param(event(box(7, 49, 9, 51)), 0, True, id="inside"),
        pytest.param(event(box(8, 50, 9, 51)), 0, True, id="on-the-corner"),
        pytest.param(event(box(8.1, 50, 9, 51)), 0, False, id="beside"),
        pytest.param(event(box(8.1, 50, 9, 51)), 8_000, True, id="near"),
        pytest.param(event(box(20, 50, 21, 51)), 8_000, False, id="far"),
        pytest.param(event(box(20, 50, 21, 51), box(7, 49, 9, 51)), 0, True, id="one-of-two"),
        pytest.param(event("ILC119"), 0, True, id="codes"),
        pytest.param(event(box(20, 50, 21, 51), "ILC119"), 0, True, id="codes-beside-a-shape"),
        pytest.param(event(), 0, True, id="no-area"),
        pytest.param(event(Polygon()), 8_000, False, id="empty"),
    ],
)
def test_which_may(one: Event, within_m: float, expected: bool) -> None:
    assert may_touch([place(Point(8, 50))], [one], [within_m]).tolist() == [expected]


def test_a_road_into_the_area_counts() -> None:
    far = place(Point(8, 50), LineString([(8, 50), (20.5, 50.5)]))
    assert may_touch([far], [event(box(20, 50, 21, 51))], [0]).tolist() == [True]


def test_no_places_and_no_events() -> None:
    assert may_touch([], [event(box(0, 0, 1, 1))], [0]).tolist() == [False]
    assert may_touch([place(Point(8, 50))], [], []).tolist() == []
