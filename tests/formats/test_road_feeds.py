"""Work zones (WZDx, CWZ), Open511 and the 511 platform: what names them, their times and lines, recorded documents."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely

from tocsin import formats, geo, record
from tocsin.errors import FormatError
from tocsin.model import Code, Event, Reading, Severity

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KINDS = {"wzdx": "wzdx", "open511": "open511", "ibi511_json": "ibi511"}


def read(name: str, document: Any) -> Reading:
    return formats.read(name, json.dumps(document).encode(), source="test", now=NOW)


def the_event(name: str, document: Any) -> Event:
    (item,) = read(name, document).items
    (event,) = item.events
    return event


def zone(**properties: Any) -> dict[str, Any]:
    """Return a WZDx feed of one road event with these properties."""
    core = {"event_type": "work-zone", "update_date": "2026-11-20T10:00:00Z", **properties.pop("core", {})}
    feature = {"id": "z", "type": "Feature", "properties": {"core_details": core, **properties}, "geometry": None}
    return {"feed_info": {"publisher": "DOT"}, "type": "FeatureCollection", "features": [feature]}


def road_event(**fields: Any) -> dict[str, Any]:
    """Return an Open511 document of one event with these fields."""
    event = {"id": "r", "event_type": "INCIDENT", "updated": "2026-11-20T10:00:00-05:00", "schedule": {}, **fields}
    return {"events": [event]}


def report(**fields: Any) -> list[dict[str, Any]]:
    """Return an array of the 511 platform with one event with these fields."""
    return [{"ID": 1, "EventType": "roadwork", "RoadwayName": "I-1", "LastUpdated": 1_795_000_000, **fields}]


# --- what names the formats ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "name"),
    [
        pytest.param(zone(), "wzdx", id="wzdx"),
        pytest.param({"feedInfo": {"dataSources": []}, "features": []}, "wzdx", id="camel-case-and-quiet"),
        pytest.param({"road_event_feed_info": {"publisher": "x"}, "features": []}, "wzdx", id="version-3"),
        pytest.param([{"feedname": "x", "issuingorganization": "y"}], "wzdx", id="registry"),
        pytest.param({"feed_info": {"title": "x"}, "features": []}, None, id="some-other-feed"),
        pytest.param(road_event(), "open511", id="open511"),
        pytest.param({"events": [], "meta": {"version": "v1"}}, "open511", id="open511-quiet"),
        pytest.param({"events": []}, None, id="events-of-anybody"),
        pytest.param({"events": [{"title": "concert"}]}, None, id="other-events"),
        pytest.param(report(), "ibi511", id="ibi511"),
        pytest.param([{"ID": 1}], None, id="other-array"),
        pytest.param([1, 2], None, id="numbers"),
    ],
)
def test_name_of(document: Any, name: str | None) -> None:
    assert formats.name_of(json.dumps(document).encode()) == name


@pytest.mark.parametrize(
    ("name", "document"),
    [
        pytest.param("wzdx", {"type": "FeatureCollection", "features": []}, id="features-without-feed"),
        pytest.param("wzdx", {"feed_info": {"publisher": "x"}}, id="feed-without-features"),
        pytest.param("wzdx", {"feed_info": {"publisher": "x"}, "features": [], "type": "x"}, id="no-collection"),
        pytest.param("open511", {"events": {}}, id="events-no-list"),
        pytest.param("ibi511", [{"x": 1}], id="other-array"),
    ],
)
def test_what_is_something_else_is_refused(name: str, document: Any) -> None:
    with pytest.raises(FormatError):
        read(name, document)


# --- work zones ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "is_over"), [("planned", False), ("active", False), ("completed", True), ("cancelled", True)]
)
def test_zone_of_version_3_says_when_it_is_over(status: str, is_over: bool) -> None:
    assert the_event("wzdx", zone(event_status=status)).is_over is is_over


def test_presence_of_workers_and_contacts_is_not_read() -> None:
    told = zone(worker_presence={"are_workers_present": True, "method": "camera"}, core={"contact_name": "Jane Roe"})
    assert the_event("wzdx", told) == the_event("wzdx", zone())


def test_device_is_no_road_event() -> None:
    document = zone()
    document["features"][0]["properties"]["core_details"]["device_type"] = "arrow-board"
    assert read("wzdx", document) == Reading()


# --- Open511 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "onset", "expires", "is_noted"),
    [
        pytest.param({"intervals": ["2026-11-07T20:19/"]}, "2026-11-07T20:19", "3000-01-01T00:00", False, id="open"),
        pytest.param({"intervals": ["2026-11-07T20:19-05:00/2026-11-08T01:00"]},
                     "2026-11-08T01:19", "2026-11-08T01:00", False, id="with-offset"),
        pytest.param({"intervals": ["2026-11-07T20:00/2026-11-07T22:00", "2026-11-09T20:00/2026-11-09T22:00"]},
                     "2026-11-07T20:00", "2026-11-09T22:00", True, id="two"),
        pytest.param({"intervals": "2026-11-07T20:00/2026-11-07T22:00"},
                     "2026-11-07T20:00", "2026-11-07T22:00", False, id="one-without-list"),
        pytest.param({"recurring_schedules": [{"start_date": "2026-11-07", "end_date": "2026-11-09"}]},
                     "2026-11-07T05:00", "2026-11-10T05:00", True, id="whole-days"),
        pytest.param({"recurring_schedules": [{"start_date": "2026-11-07", "daily_start_time": "08:00",
                                               "end_date": "2026-11-09", "daily_end_time": "24:00"}]},
                     "2026-11-07T13:00", "2026-11-10T05:00", True, id="hours"),
        pytest.param({"recurring_schedules": [{"start_date": "2026-11-07"}]},
                     "2026-11-07T05:00", "3000-01-01T00:00", True, id="recurring-open"),
        pytest.param({"recurring_schedules": [{"start_date": "2026-02-31"}]},
                     None, "3000-01-01T00:00", True, id="no-day"),
        pytest.param({}, None, "3000-01-01T00:00", False, id="empty"),
        pytest.param([], None, "3000-01-01T00:00", False, id="no-object"),
    ],
)  # fmt: skip
def test_schedule(schedule: Any, onset: str | None, expires: str, is_noted: bool) -> None:
    event = the_event("open511", road_event(schedule=schedule))
    moments = [moment and moment.strftime("%Y-%m-%dT%H:%M") for moment in (event.onset, event.expires)]
    assert moments == [onset, expires]
    assert any("Not all of that time" in text.description for text in event.texts) is is_noted


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("MAJOR", Severity.SEVERE), ("MODERATE", Severity.MODERATE), ("MINOR", Severity.MINOR), ("x", Severity.UNKNOWN)],
)
def test_severity(severity: str, expected: Severity) -> None:
    assert the_event("open511", road_event(severity=severity)).severity is expected


def test_page_is_not_complete() -> None:
    document = {**road_event(), "pagination": {"next_url": "/events?offset=1"}}
    assert not read("open511", document).is_complete


# --- the 511 platform ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "wkt"),
    [
        pytest.param({"EncodedPolyline": "_p~iF~ps|U_ulLnnqC"}, "LINESTRING (-120.2 38.5, -120.95 40.7)", id="line"),
        pytest.param({"EncodedPolyline": "_p~iF~ps|U"}, "POINT (-120.2 38.5)", id="polyline-of-one"),
        pytest.param({"Latitude": 1.0, "Longitude": 2.0}, "POINT (2 1)", id="position"),
        pytest.param({"Latitude": 1, "Longitude": 2, "LatitudeSecondary": 3, "LongitudeSecondary": 4},
                     "LINESTRING (2 1, 4 3)", id="two-positions"),
        pytest.param({"Latitude": 1, "Longitude": 2, "LatitudeSecondary": 0, "LongitudeSecondary": 0},
                     "POINT (2 1)", id="second-unstated"),
        pytest.param({"Latitude": 0.0, "Longitude": 0.0}, None, id="nowhere"),
        pytest.param({"Latitude": 95.0, "Longitude": 2.0}, None, id="off-the-earth"),
        pytest.param({"EncodedPolyline": "_p~iF~", "Latitude": 1.0, "Longitude": 2.0}, "POINT (2 1)", id="broken-line"),
        pytest.param({}, None, id="unstated"),
    ],
)  # fmt: skip
def test_line(fields: dict[str, Any], wkt: str | None) -> None:
    (area,) = the_event("ibi511", report(**fields)).areas
    assert (shapely.to_wkt(area.geometry, rounding_precision=5) if area.geometry else None) == wkt


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("_p~iF", id="half-a-position"),
        pytest.param("_p~iF~ps|", id="cut"),
        pytest.param("abc def", id="blank"),
        pytest.param("~" * 50, id="number-without-end"),
        pytest.param("?" * 300_000, id="long"),
    ],
)
def test_what_is_no_polyline_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        geo.from_polyline(text, at="x")


def test_moment_of_year_1_is_none() -> None:
    event = the_event("ibi511", report(StartDate=-62135596800, PlannedEndDate=0))
    assert (event.onset, event.expires and event.expires.year) == (None, 3000)


def test_full_closure_is_a_code() -> None:
    closed = Code("ibi511:full_closure", "true")
    assert [closed in the_event("ibi511", report(IsFullClosure=full)).codes for full in (True, False)] == [True, False]


# --- recorded documents -------------------------------------------------------------------------------------------


def recorded(shared: Path) -> list[tuple[Path, str, dict[str, Any]]]:
    lines = (shared / "feeds/dev/MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    cells = [line.split("\t") for line in lines]
    return [(shared / "feeds/dev" / row[0], KINDS[row[1]], json.loads(row[-1])) for row in cells if row[1] in KINDS]


def _kind(name: str) -> str:
    """Return a kind of geometry; several points of which all are one are a point to us."""
    return name.removeprefix("Multi")


def facts(events: list[Event]) -> dict[str, Any]:
    """Return what the manifest says of a document, as the reading has it."""
    codes = [code for event in events for code in event.codes]
    ends = [event.expires for event in events if event.expires and event.expires.year < 2999]

    def count(scheme: str) -> dict[str, int]:
        return dict(Counter(code.value for code in codes if code.scheme == scheme))

    return {
        "ids": [event.identifier for event in events][:3],
        "geometry": dict(
            Counter(_kind(area.geometry.geom_type) for event in events for area in event.areas if area.geometry)
        ),
        "vehicle_impact": count("wzdx:vehicle_impact"),
        "event_type": count("wzdx") or count("open511"),
        "EventType": count("ibi511"),
        "full_closure": count("ibi511:full_closure").get("true", 0),
        "publisher": events[0].sender,
        "end_max": max(ends, default=None),
    }


@pytest.mark.shared
def test_recorded_documents_give_what_the_manifest_says(shared: Path) -> None:
    wrong = []
    for path, name, expected in recorded(shared):
        body = path.read_bytes()
        reading = formats.read(name, body, source="test", now=NOW)
        events = [event for item in reading.items for event in item.events]
        assert (formats.name_of(body), len(reading.items), reading.is_complete) == (name, expected["events"], True)
        found = facts(events) if events else {}
        said = dict(expected)
        if "end_max" in said:
            said["end_max"] = datetime.fromisoformat(said["end_max"]).replace(microsecond=0)
        if "ids" in said:
            said["ids"] = [str(one) for one in said["ids"]]
            found["ids"] = found["ids"][: len(said["ids"])]
        if "geometry" in said:
            said["geometry"] = {_kind(name): number for name, number in said["geometry"].items()}
        if "vehicle_impact" in said:
            said["vehicle_impact"].pop("None", None)
        wrong += [
            (path.name, key, said[key], found[key]) for key in said.keys() & found.keys() if said[key] != found[key]
        ]
    assert wrong == []


@pytest.mark.shared
def test_what_must_survive_the_gate_is_read(shared: Path) -> None:
    lost = []
    for line in (shared / "gate/dev.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["format"] in KINDS.values():
            reading = formats.read(row["format"], row["document"].encode(), source="test", now=NOW)
            words = json.dumps([record.to_json(item) for item in reading.items], ensure_ascii=False).casefold()
            lost += [(row["id"], word) for word in row["must_survive"] if word.casefold() not in words]
    assert lost == []
