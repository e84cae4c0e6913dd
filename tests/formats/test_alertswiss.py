"""What the Alertswiss reader copies, and how it decides what the document leaves open."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.errors import FormatError
from tocsin.formats import alertswiss
from tocsin.model import Code, Event, Reading, Response, Severity, Status

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def alert(**members: Any) -> dict[str, Any]:
    own = {
        "identifier": "POA-10-5",
        "sent": "Fri, 20.11.2026, 12:41",
        "publisherName": "Canton Ticino",
        "severity": "moderate",
        "allClear": False,
    }
    return own | members


def read(*alerts: Any) -> Reading:
    return alertswiss.read(json.dumps({"alerts": list(alerts)}).encode(), source="ch", now=NOW)


def event_of(**members: Any) -> Event:
    (item,) = read(alert(**members)).items
    (event,) = item.events
    return event


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param("Fri, 20.11.2026, 12:41", datetime(2026, 11, 20, 11, 41, tzinfo=UTC), id="winter"),
        pytest.param("Di., 2.6.2026, 08:05", datetime(2026, 6, 2, 6, 5, tzinfo=UTC), id="summer-and-short-figures"),
        pytest.param("mar. 02.06.2026 08:05", datetime(2026, 6, 2, 6, 5, tzinfo=UTC), id="no-commas"),
        pytest.param("02.06.2026, 08:05", datetime(2026, 6, 2, 6, 5, tzinfo=UTC), id="no-weekday"),
        pytest.param(
            "So, 25.10.2026, 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="the-hour-that-comes-twice"
        ),
    ],
)
def test_sent_is_local_time(sent: str, expected: datetime) -> None:
    assert event_of(sent=sent).sent == expected


def test_bare_texts_are_taken_too() -> None:
    event = event_of(title="Landslide", description="Rocks.❘More.", event={"event": "Rockfall"}, gtransOrigin="en")
    assert [(text.event, text.headline, text.description) for text in event.texts] == [
        ("Rockfall", "Landslide", "Rocks.\nMore.")
    ]


@pytest.mark.parametrize(
    ("reference", "events"),
    [
        pytest.param("info@alerts.example.org,POA-10-5,2026-11-20T12:41:48+01:00", 1, id="its-own"),
        pytest.param("info@alerts.example.org,POA-10-5", 0, id="without-a-time"),
        pytest.param(None, 0, id="none"),
    ],
)
def test_time_of_the_reference_is_the_last_resort(reference: str | None, events: int) -> None:
    (item,) = read(alert(sent="gestern", reference=reference)).items
    assert [event.sent for event in item.events] == [datetime(2026, 11, 20, 11, 41, 48, tzinfo=UTC)] * events


def test_without_sent_the_day_of_publication_counts() -> None:
    assert event_of(sent=None, publishDate="20.11.2026, 12:00").sent == datetime(2026, 11, 20, 11, tzinfo=UTC)


@pytest.mark.parametrize("sent", ["yesterday", "31.02.2026, 12:00", "20.11.2026, 25:00", "20.11.0000, 12:00", None, 7])
def test_alert_without_a_moment_costs_itself_only(sent: Any) -> None:
    reading = read(alert(sent=sent), alert())
    assert [len(item.events) for item in reading.items] == [0, 1]
    assert not reading.is_complete


def test_versions_are_one_thread() -> None:
    assert {event_of(identifier=f"POA-10-{number}").aliases for number in (5, 6, 12)} == {("alertswiss:POA-10",)}


@pytest.mark.parametrize(
    ("members", "status"),
    [
        pytest.param({}, Status.ACTUAL, id="actual"),
        pytest.param({"testAlert": True}, Status.EXERCISE, id="test"),
        pytest.param({"technicalTestAlert": True, "testAlert": True}, Status.TEST, id="technical-test"),
        pytest.param({"testAlert": "true"}, Status.EXERCISE, id="as-text"),
        pytest.param({"testAlert": []}, Status.ACTUAL, id="unreadable-warns"),
    ],
)
def test_status(members: dict[str, Any], status: Status) -> None:
    assert event_of(**members).status is status


def test_all_clear_ends_it() -> None:
    event = event_of(allClear=True)
    assert (event.is_over, event.response) == (True, (Response.ALL_CLEAR,))


def test_unknown_severity_is_unknown() -> None:
    assert event_of(severity="catastrophic").severity is Severity.UNKNOWN


def test_translation_stands_beside_its_original() -> None:
    title = {"title": "Landslide", "titleGtransOrigin": "Frana"}
    texts = event_of(gtransOrigin="en-x-mtfrom-it", title=title, event="Landslide").texts
    assert [(text.language, text.headline) for text in texts] == [("en", "Landslide"), ("it", "Frana")]


@pytest.mark.parametrize(("origin", "language"), [("de", "de"), (None, "und"), ("???", "und")])
def test_original_stands_alone(origin: str | None, language: str) -> None:
    assert [text.language for text in event_of(gtransOrigin=origin).texts] == [language]


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        pytest.param({}, [Code("ISO3166-1", "CH")], id="no-area-is-the-country"),
        pytest.param({"nationWide": True}, [Code("ISO3166-1", "CH")], id="nation-wide"),
        pytest.param(
            {"areas": [{"regions": [{"region": "TI"}, {"region": "FL"}, {"region": "XX"}]}]},
            [Code("ISO3166-2", "CH-TI"), Code("ISO3166-1", "LI")],
            id="regions",
        ),
        pytest.param(
            {"areas": [{"regions": [{"region": "TI"}]}], "nationWide": True},
            [Code("ISO3166-2", "CH-TI"), Code("ISO3166-1", "CH")],
            id="a-region-and-all-of-it",
        ),
    ],
)
def test_codes(members: dict[str, Any], codes: list[Code]) -> None:
    assert [code for area in event_of(**members).areas for code in area.geocodes] == codes


def test_polygon_is_lat_lon_in_text_with_holes() -> None:
    shell = [["46.0", "9.0"], ["46.0", "9.4"], ["46.4", "9.4"], ["46.4", "9.0"], ["46.0", "9.0"]]
    hole = [["46.1", "9.1"], ["46.1", "9.2"], ["46.2", "9.2"], ["46.1", "9.1"]]
    (area,) = event_of(areas=[{"polygons": [{"coordinates": shell, "excludes": [{"coordinates": hole}]}]}]).areas
    assert area.geometry is not None
    assert area.geometry.bounds == (9.0, 46.0, 9.4, 46.4)
    assert area.geometry.area == pytest.approx(0.16 - 0.005)


def test_circle_is_in_kilometres() -> None:
    (area,) = event_of(areas=[{"circles": [{"centerPosition": ["46.0", "9.0"], "radius": "10"}]}]).areas
    assert area.geometry is not None
    assert area.geometry.bounds[3] - 46.0 == pytest.approx(10 / 111.2, rel=0.01)


@pytest.mark.parametrize(
    "area",
    [
        {"polygons": [{"coordinates": [["46", "9"], ["46", "nan"], ["47", "9"]]}]},
        {"polygons": [{"coordinates": [["46", "9"], ["46"], ["47", "9"]]}]},
        {"polygons": [{"coordinates": "x"}, "x", None]},
        {"polygons": [{"coordinates": [[True, False]] * 4}]},
        {"polygons": [{"coordinates": [["46", "9"]] * 4}]},
        {"circles": [{"centerPosition": ["46", "9"], "radius": "ten"}, {}, {"centerPosition": 7, "radius": "1"}]},
        {"circles": [{"centerPosition": ["946", "9"], "radius": "1"}]},
    ],
)
def test_shape_that_is_none_leaves_the_alert_and_says_so(area: dict[str, Any]) -> None:
    (item,) = read(alert(areas=[area])).items
    assert [one.geometry for one in item.events[0].areas] == [None]
    assert item.problems


def test_one_alert_alone_ends_nothing() -> None:
    reading = alertswiss.read(json.dumps(alert()).encode(), source="ch", now=NOW)
    assert (len(reading.items), reading.is_complete) == (1, False)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"alerts": 7}', b"<html/>", b'{"error": "busy"}'])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        alertswiss.read(body, source="ch", now=NOW)
