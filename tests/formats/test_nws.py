"""What the NWS reader copies, and how it decides what the API leaves open."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tocsin.errors import FormatError
from tocsin.formats import nws
from tocsin.model import Code, Event, MsgType, Reading, Reference, Response, Severity, Status

NOW = datetime(2021, 12, 11, 2, 10, tzinfo=UTC)
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[-90.2, 38.7], [-89.9, 38.7], [-89.9, 38.9], [-90.2, 38.9], [-90.2, 38.7]]],
}


def feature(*, geometry: Any = None, parameters: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    given = {
        "id": "urn:oid:2.49.0.1.840.0.1.001.1",
        "areaDesc": "Madison, IL",
        "geocode": {"UGC": ["ILC119"], "SAME": ["017119"]},
        "sent": "2021-12-10T20:06:00-06:00",
        "expires": "2021-12-10T20:45:00-06:00",
        "ends": None,
        "status": "Actual",
        "messageType": "Alert",
        "severity": "Extreme",
        "event": "Tornado Warning",
        "sender": "w-nws.webmaster@noaa.gov",
        "parameters": parameters or {},
    }
    return {
        "type": "Feature",
        "id": "https://api.test/alerts/7",
        "geometry": geometry,
        "properties": given | properties,
    }


def read(*features: Any, **members: Any) -> Reading:
    document = {"type": "FeatureCollection", "features": list(features), **members}
    return nws.read(json.dumps(document).encode(), source="us", now=NOW)


def event_of(reading: Reading) -> Event:
    (item,) = reading.items
    (event,) = item.events
    return event


def test_one_feature_alone_is_one_item() -> None:
    reading = nws.read(json.dumps(feature()).encode(), source="us", now=NOW)
    assert [(item.at, event_of(reading).identifier) for item in reading.items] == [
        ("feature", "urn:oid:2.49.0.1.840.0.1.001.1")
    ]


def test_no_features_is_a_complete_snapshot_of_nothing() -> None:
    assert read(updated="2021-12-11T02:09:30+00:00") == Reading(as_of=datetime(2021, 12, 11, 2, 9, 30, tzinfo=UTC))


def test_one_page_of_several_is_not_complete() -> None:
    assert not read(feature(), pagination={"next": "https://api.test/alerts?cursor=x"}).is_complete


def test_null_geometry_is_unplaced_with_its_codes() -> None:
    (area,) = event_of(read(feature())).areas
    assert (area.geometry, area.geocodes) == (None, (Code("UGC", "ILC119"), Code("SAME", "017119")))


def test_polygon_is_kept_in_lon_lat() -> None:
    (area,) = event_of(read(feature(geometry=SQUARE))).areas
    assert area.geometry is not None
    assert area.geometry.bounds == (-90.2, 38.7, -89.9, 38.9)


def test_geometry_that_is_none_leaves_the_codes_and_says_so() -> None:
    (item,) = read(feature(geometry={"type": "Polygon", "coordinates": "x"})).items
    assert (item.events[0].areas[0].geocodes[0].value, [problem.at for problem in item.problems]) == (
        "ILC119",
        ["features[0].geometry"],
    )


VTEC = "/O.NEW.KLSX.TO.W.0040.211211T0206Z-211211T0245Z/"
UNTIL_FURTHER_NOTICE = "/O.EXT.KLSX.FL.W.0040.000000T0000Z-000000T0000Z/"
ENDING = ["2021-12-10T20:50:00-06:00"]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        pytest.param({"ends": "2021-12-10T21:00:00-06:00", "parameters": {"VTEC": [VTEC]}}, "03:00", id="ends-first"),
        pytest.param({"parameters": {"VTEC": [VTEC], "eventEndingTime": ENDING}}, "02:45", id="then-vtec"),
        pytest.param({"parameters": {"eventEndingTime": ENDING}}, "02:50", id="then-event-ending-time"),
        pytest.param(
            {"parameters": {"VTEC": [UNTIL_FURTHER_NOTICE], "eventEndingTime": ENDING}}, "02:50", id="vtec-without-end"
        ),
        pytest.param({"expires": "2021-12-10T20:40:00-06:00"}, "02:40", id="the-product's-expiry-last"),
    ],
)
def test_end(properties: dict[str, Any], expected: str) -> None:
    expires = event_of(read(feature(**properties))).expires
    assert expires is not None
    assert f"{expires:%H:%M}" == expected


def test_no_end_at_all_leaves_it_to_the_hazard() -> None:
    assert event_of(read(feature(expires=None))).expires is None


def test_vtec_names_the_thread() -> None:
    assert event_of(read(feature(parameters={"VTEC": [VTEC]}))).aliases == ("vtec:KLSX.TO.W.0040.2021",)


@pytest.mark.parametrize(
    ("properties", "is_over"),
    [
        pytest.param({"parameters": {"VTEC": [VTEC]}}, False, id="new"),
        pytest.param({"parameters": {"VTEC": [VTEC.replace("NEW", "CAN")]}}, True, id="cancelled"),
        pytest.param({"parameters": {"VTEC": [VTEC.replace("NEW", "EXP")]}}, True, id="expired"),
        pytest.param({"parameters": {"VTEC": [VTEC.replace("NEW", "UPG"), VTEC]}}, False, id="replaced-by-another"),
        pytest.param({"response": "AllClear"}, True, id="all-clear"),
    ],
)
def test_is_over(properties: dict[str, Any], *, is_over: bool) -> None:
    assert event_of(read(feature(**properties))).is_over is is_over


def test_vtec_of_a_test_product_is_a_test() -> None:
    assert event_of(read(feature(parameters={"VTEC": [VTEC.replace("/O", "/T")]}))).status is Status.TEST


def test_references_are_copied() -> None:
    named = {
        "@id": "https://api.test/alerts/a",
        "identifier": "a",
        "sender": "x@y.test",
        "sent": "2021-12-10T20:00:00Z",
    }
    event = event_of(read(feature(references=[named], messageType="Update")))
    assert (event.msg_type, event.references) == (
        MsgType.UPDATE,
        (Reference("x@y.test", "a", datetime(2021, 12, 10, 20, 0, tzinfo=UTC)),),
    )


def test_reference_that_cannot_be_read_costs_itself_only() -> None:
    (item,) = read(feature(references=["x", {"identifier": "a"}])).items
    assert (len(item.events), len(item.problems)) == (1, 2)


def test_codes_keep_the_names_of_their_lists() -> None:
    event = event_of(read(feature(eventCode={"SAME": ["TOR"], "NationalWeatherService": ["TOW"], "OTHER": ["X"]})))
    assert event.codes == (Code("SAME", "TOR"), Code("NationalWeatherService", "TOW"))


def test_id_of_before_2020() -> None:
    assert event_of(read(feature(id="NWS-IDP-PROD-3965873-3369046"))).identifier == "NWS-IDP-PROD-3965873-3369046"


def test_without_an_id_the_address_names_it() -> None:
    assert event_of(read(feature(id=None))).identifier == "7"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"sent": None}, id="no-sent"),
        pytest.param({"sent": "yesterday"}, id="unreadable-sent"),
        pytest.param({"status": "Real"}, id="unknown-status"),
        pytest.param({"status": None}, id="no-status"),
        pytest.param({"messageType": "Alarm"}, id="unknown-message-type"),
    ],
)
def test_feature_that_cannot_be_read_costs_itself_only(changed: dict[str, Any]) -> None:
    reading = read(feature(**changed), feature(id="b"))
    assert [len(item.events) for item in reading.items] == [0, 1]
    assert reading.items[0].problems
    assert not reading.is_complete


@pytest.mark.parametrize("wrong", [None, 7, "x", [], {"type": "Feature", "properties": None}])
def test_what_is_no_feature_costs_itself_only(wrong: Any) -> None:
    assert [len(item.events) for item in read(wrong, feature()).items] == [0, 1]


def test_unknown_rating_is_unknown_and_says_so() -> None:
    (item,) = read(feature(severity="Catastrophic")).items
    assert (item.events[0].severity, item.problems[0].is_repaired) == (Severity.UNKNOWN, True)


def test_response_none_is_a_response_that_says_nothing_to_do() -> None:
    assert event_of(read(feature(response="None"))).response == (Response.NONE,)


def test_same_alert_twice_is_two_items_and_one_event() -> None:
    first, second = read(feature(), feature()).items
    assert (first.at, second.at, first.events) == ("features[0]", "features[1]", second.events)


def test_different_alerts_of_one_identity_are_parts_whatever_their_order() -> None:
    one, other = feature(geometry=SQUARE), feature()
    there = [event for item in read(one, other).items for event in item.events]
    back = [event for item in read(other, one, one).items for event in item.events]
    assert {event.part for event in there} == {0, 1}
    assert {event.id: event for event in there} == {event.id: event for event in back}


def test_never_read() -> None:
    hidden = {"CMAMtext": ["SECRET"], "NWSheadline": ["SECRET"], "contact": ["SECRET"]}
    reading = read(feature(parameters=hidden, note="SECRET", web="SECRET", affectedZones=["SECRET"], code="SECRET"))
    assert "SECRET" not in repr(reading)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"title": "Forbidden", "status": 403}', id="problem-json"),
        pytest.param(b"<html>Access denied</html>", id="html"),
        pytest.param(b'{"type": "FeatureCollection"}', id="no-features"),
        pytest.param(b"[]", id="a-list"),
    ],
)
def test_what_is_no_collection_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        nws.read(body, source="us", now=NOW)


@pytest.mark.shared
def test_python_repr_is_refused_without_its_content(shared: Path) -> None:
    with pytest.raises(FormatError) as caught:
        nws.read((shared / "feeds/dev/malformed/nifc_python_repr.json").read_bytes(), source="us", now=NOW)
    assert str(caught.value) == "not JSON (at line 1 column 2)"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "events", "distinct", "ending"),
    [
        ("active_2026-07-15_part1", 198, 198, 2),
        ("active_2026-07-15_part2", 198, 195, 0),
        ("eight_winter_tropical_2026-03-04", 8, 8, 0),
        ("zone_2019_legacy_id", 1, 1, 0),
    ],
)
def test_recorded(shared: Path, name: str, events: int, distinct: int, ending: int) -> None:
    now = datetime(2026, 7, 15, 20, 1, tzinfo=UTC)
    reading = nws.read((shared / f"feeds/dev/nws_geojson/{name}.json").read_bytes(), source="us", now=now)
    found = [event for item in reading.items for event in item.events]
    assert (len(reading.items), len(found), len({event.id for event in found})) == (events, events, distinct)
    assert sum(event.is_over for event in found) == ending
    assert all(event.expires for event in found)
    assert reading.is_complete
