"""What the USGS reader makes of a quake: identity, bands of intensity, revisions, and what it leaves out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from shapely import Point

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats import usgs
from tocsin.hazards import hazard_of
from tocsin.model import Certainty, Code, Event, MsgType, Reading, Severity, Urgency

NOW = datetime(2022, 12, 20, 10, 40, tzinfo=UTC)
QUAKE = datetime(2022, 12, 20, 10, 34, 24, tzinfo=UTC)


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def feature(*, at: Any = (-124.4, 40.5, 17.9), **properties: Any) -> dict[str, Any]:
    given = {
        "mag": 6.4,
        "place": "15km WSW of Ferndale, CA",
        "time": ms(QUAKE) + 770,
        "updated": ms(QUAKE) + 240_040,
        "url": "https://earthquake.usgs.gov/earthquakes/eventpage/nc73821036",
        "status": "automatic",
        "net": "nc",
        "code": "73821036",
        "ids": ",nc73821036,us7000test,",
        "type": "earthquake",
    }
    geometry = at and {"type": "Point", "coordinates": list(at)}
    return {"type": "Feature", "id": "nc73821036", "properties": given | properties, "geometry": geometry}


def read(*features: Any, **metadata: Any) -> Reading:
    document = {"type": "FeatureCollection", "metadata": metadata, "features": list(features)}
    return usgs.read(json.dumps(document).encode(), source="us", now=NOW)


def events_of(reading: Reading) -> tuple[Event, ...]:
    (item,) = reading.items
    return item.events


def test_bands_are_parts_worst_first() -> None:
    assert [(event.part, event.severity, event.urgency) for event in events_of(read(feature(mag=7.1)))] == [
        (0, Severity.EXTREME, Urgency.IMMEDIATE),
        (1, Severity.SEVERE, Urgency.IMMEDIATE),
        (2, Severity.MODERATE, Urgency.PAST),
        (3, Severity.MINOR, Urgency.PAST),
    ]


@pytest.mark.parametrize(
    ("magnitude", "depth_km", "parts"),
    [
        pytest.param(7.1, 8.0, [0, 1, 2, 3], id="strong-and-shallow"),
        pytest.param(6.0, 30.0, [2, 3], id="strong-and-deeper"),
        pytest.param(5.4, 9.0, [1, 2, 3], id="moderate"),
        pytest.param(4.5, 10.0, [2, 3], id="light"),
        pytest.param(3.9, 2.0, [4], id="weak"),
        pytest.param(6.0, 600.0, [4], id="very-deep"),
        pytest.param(-0.4, -2.8, [4], id="negative-magnitude-and-depth"),
    ],
)
def test_bands_that_reach_the_surface(magnitude: float, depth_km: float, parts: list[int]) -> None:
    assert [event.part for event in events_of(read(feature(mag=magnitude, at=(-124.4, 40.5, depth_km))))] == parts


def test_bands_are_nested_circles_around_the_epicentre() -> None:
    areas = [event.areas[0].geometry for event in events_of(read(feature(mag=7.1)))]
    assert all(inner and outer and inner.within(outer) for inner, outer in pairwise(areas))
    assert areas[0]
    assert areas[0].contains(Point(-124.4, 40.5))


def test_weak_quake_keeps_to_a_kilometre() -> None:
    (event,) = events_of(read(feature(mag=2.6)))
    geometry = event.areas[0].geometry
    assert geometry is not None
    assert geo.distance_m(geometry, Point(-124.4, 40.52)) == pytest.approx(1220, abs=30)
    assert event.severity is Severity.MINOR


def test_circle_over_the_antimeridian_is_cut() -> None:
    (*_, widest) = events_of(read(feature(at=(179.9, -20.0, 10.0))))
    assert widest.areas[0].geometry is not None
    assert widest.areas[0].geometry.geom_type == "MultiPolygon"


def test_identity_is_the_preferred_id_and_its_update() -> None:
    event = events_of(read(feature()))[0]
    assert (event.sender, event.identifier, event.sent, event.onset) == (
        "earthquake.usgs.gov",
        "nc73821036",
        QUAKE + timedelta(seconds=240),
        QUAKE,
    )


def test_every_id_is_an_alias_of_the_thread() -> None:
    assert events_of(read(feature()))[0].aliases == ("quake:nc73821036", "quake:us7000test")


def test_change_of_the_preferred_id_keeps_the_aliases() -> None:
    before, after = events_of(read(feature()))[0], events_of(read(feature(net="us", code="7000test")))[0]
    assert (after.identifier, set(after.aliases)) == ("us7000test", set(before.aliases))


def test_end_does_not_move_with_revisions() -> None:
    revised = feature(updated=ms(QUAKE + timedelta(hours=9)))
    assert {event.expires for event in (*events_of(read(feature())), *events_of(read(revised)))} == {
        QUAKE + timedelta(hours=24)
    }


@pytest.mark.parametrize(
    ("status", "certainty"),
    [("reviewed", Certainty.OBSERVED), ("automatic", Certainty.LIKELY), (None, Certainty.LIKELY)],
)
def test_certainty(status: str | None, certainty: Certainty) -> None:
    assert {event.certainty for event in events_of(read(feature(status=status)))} == {certainty}


def test_deleted_quake_is_over() -> None:
    (event,) = events_of(read(feature(status="deleted", at=None, mag=None)))
    assert (event.is_over, event.msg_type, event.identifier) == (True, MsgType.CANCEL, "nc73821036")


@pytest.mark.parametrize("kind", ["quarry blast", "explosion", "mine collapse", "sonic boom", "landslide"])
def test_what_is_no_earthquake_stays_what_it_is_and_near(kind: str) -> None:
    (event,) = events_of(read(feature(type=kind)))
    assert (event.codes, event.part) == ((Code("usgs:type", kind),), 4)
    assert hazard_of(event.codes, [text.event for text in event.texts]) != "earthquake"


@pytest.mark.parametrize("kind", ["Rave Party!", "x" * 90])
def test_type_that_is_no_type_is_not_copied(kind: str) -> None:
    (event,) = events_of(read(feature(type=kind)))
    assert event.codes == (Code("usgs:type", "unknown"),)


def test_earthquake_is_a_listed_hazard() -> None:
    event = events_of(read(feature()))[0]
    assert (event.codes, hazard_of(event.codes, ["Earthquake"])) == ((Code("usgs:type", "earthquake"),), "earthquake")


def test_words_are_ours_but_for_the_place() -> None:
    text = events_of(read(feature()))[0].texts[0]
    assert (text.event, text.headline) == ("Earthquake", "M 6.4 earthquake 18 km deep, 15km WSW of Ferndale, CA")


@pytest.mark.parametrize(
    ("at", "magnitude", "headline"),
    [
        pytest.param((0, 0, -1.5), 4.04, "M 4.0 earthquake at the surface, X", id="above-sea-level"),
        pytest.param((0, 0, 0.5), 4.0, "M 4.0 earthquake 0 km deep, X", id="half-a-kilometre"),
        pytest.param((0, 0), 4.0, "M 4.0 earthquake, X", id="no-depth"),
        pytest.param((0, 0, 10), None, "Earthquake 10 km deep, X", id="no-magnitude"),
    ],
)
def test_headline(at: Any, magnitude: float | None, headline: str) -> None:
    assert events_of(read(feature(at=at, mag=magnitude, place="X")))[0].texts[0].headline == headline


@pytest.mark.parametrize("magnitude", [None, "6.4", True, 40])
def test_quake_without_a_magnitude_keeps_to_a_kilometre_and_is_unknown(magnitude: Any) -> None:
    (item,) = read(feature(mag=magnitude)).items
    assert [(event.part, event.severity, event.measures) for event in item.events] == [
        (4, Severity.UNKNOWN, {"depth_km": 17.9, "epicentre_lon": -124.4, "epicentre_lat": 40.5})
    ]
    assert item.problems


def test_magnitude_beyond_a_double_is_none() -> None:
    body = json.dumps(feature()).replace('"mag": 6.4', '"mag": 1e999').encode()
    (item,) = usgs.read(body, source="us", now=NOW).items
    assert [event.part for event in item.events] == [4]


@pytest.mark.parametrize("depth", [[], [None], ["deep"], [5000]])
def test_quake_without_a_depth_is_taken_as_shallow_and_says_so(depth: list[Any]) -> None:
    (item,) = read(feature(at=(-124.4, 40.5, *depth))).items
    (same,) = read(feature(at=(-124.4, 40.5, 10.0))).items
    assert [event.areas for event in item.events] == [event.areas for event in same.events]
    assert item.problems


@pytest.mark.parametrize("at", [None, (), (-124.4,), (None, 40.5, 3), (0, 95, 3), ("a", "b", 3)])
def test_quake_without_a_position_is_refused_by_itself(at: Any) -> None:
    reading = read(feature(at=at), feature())
    assert [bool(item.events) for item in reading.items] == [False, True]
    assert not reading.is_complete


def test_quake_without_a_time_is_refused() -> None:
    assert read(feature(time=None, updated=None)).items[0].events == ()


@pytest.mark.parametrize("name", ["", "a b", "x" * 200, "<script>"])
def test_quake_without_a_proper_id_is_refused(name: str) -> None:
    assert read({**feature(net="", code=name), "id": name}).items[0].events == ()


def test_missing_type_is_read_as_an_earthquake_and_says_so() -> None:
    (item,) = read(feature(type=None)).items
    assert (item.events[0].codes, item.problems[0].is_repaired) == ((Code("usgs:type", "earthquake"),), True)


def test_address_of_another_host_is_left_out() -> None:
    assert events_of(read(feature(url="https://earthquake.usgs.gov.example.org/x")))[0].web == ""


def test_never_read() -> None:
    hidden = dict.fromkeys(("title", "detail", "felt", "alert", "sources", "types", "magType"), "SECRET")
    assert "SECRET" not in repr(read(feature(**hidden)))


@pytest.mark.parametrize(
    ("metadata", "is_complete"),
    [
        pytest.param({"generated": ms(NOW), "count": 1}, True, id="count"),
        pytest.param({"count": 2}, False, id="fewer-than-count"),
        pytest.param({"limit": 1}, False, id="cut-at-the-limit"),
        pytest.param({"limit": 2}, True, id="below-the-limit"),
    ],
)
def test_is_complete(metadata: dict[str, Any], *, is_complete: bool) -> None:
    assert read(feature(), **metadata).is_complete is is_complete


def test_as_of_is_when_the_feed_was_made() -> None:
    assert read(generated=ms(NOW)).as_of == NOW


def test_feed_that_says_it_failed_is_refused() -> None:
    with pytest.raises(FormatError, match="says that it failed"):
        read(status=503)


def test_one_event_alone_is_one_item() -> None:
    assert len(usgs.read(json.dumps(feature()).encode(), source="us", now=NOW).items) == 1


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "items", "events"),
    [("all_week_2018-02-07_first1000", 1000, 1052), ("fdsn_border_trimmed", 8, 10), ("fdsn_query_iran", 3, 5)],
)
def test_recorded(shared: Path, name: str, items: int, events: int) -> None:
    body = (shared / f"feeds/dev/usgs_geojson/{name}.json").read_bytes()
    reading = usgs.read(body, source="us", now=NOW)
    assert (len(reading.items), sum(len(item.events) for item in reading.items)) == (items, events)
    assert all(item.events for item in reading.items)
