"""Plain GeoJSON: the names that are read, those that are not, and when the content names the format."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.formats import geojson, name_of
from tocsin.model import Event, MsgType, Severity, Status

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BASE = {"event": "Flood", "severity": "Severe", "sent": "2026-11-20T10:00:00Z"}


def document(properties: Any, **feature: Any) -> bytes:
    one = {"type": "Feature", "geometry": None, "properties": properties, **feature}
    return json.dumps({"type": "FeatureCollection", "features": [one]}).encode()


def event(feature: dict[str, Any] | None = None, **properties: Any) -> Event:
    (item,) = geojson.read(document(BASE | properties, **(feature or {})), source="g", now=NOW).items
    return item.events[0]


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("valid_until", "2026-11-21T00:00:00Z", "expires"),
        ("Valid-Until", "2026-11-21T00:00:00Z", "expires"),
        ("end_time", 1795219200, "expires"),
        ("ENDS", 1795219200000, "expires"),
        ("startTime", "2026-11-21T01:00:00+01:00", "onset"),
    ],
)
def test_names_and_spellings_of_times(name: str, value: Any, field: str) -> None:
    assert getattr(event(**{name: value}), field) == datetime(2026, 11, 21, tzinfo=UTC)


def test_first_name_of_a_row_goes_first() -> None:
    assert event(title="b", headline="a").texts[0].headline == "a"
    assert event(title="b", headline="").texts[0].headline == "b"


@pytest.mark.parametrize("name", ["contact", "author", "phone", "email", "note", "operator", "image", "created_by"])
def test_other_names_are_never_read(name: str) -> None:
    said: dict[str, Any] = {name: "SECRET"}
    assert "SECRET" not in repr(event(**said))


@pytest.mark.parametrize(
    ("feature", "properties", "identifier"),
    [
        pytest.param({"id": "a"}, {"identifier": "b"}, "a", id="of-the-feature"),
        pytest.param({"id": 7}, {}, "7", id="a-number"),
        pytest.param({}, {"alert_id": 17}, "17", id="of-the-properties"),
    ],
)
def test_identifier(feature: dict[str, Any], properties: dict[str, Any], identifier: str) -> None:
    assert event(feature, **properties).identifier == identifier


def test_without_an_id_what_where_and_when_are_one() -> None:
    first, same, other = event(onset=NOW.isoformat()), event(onset=NOW.isoformat(), headline="x"), event(area="y")
    assert first.identifier == same.identifier != other.identifier


def test_words_of_other_lists_say_nothing() -> None:
    found = event(status="active", messageType="new", severity="Grave")
    assert (found.status, found.msg_type, found.severity) == (Status.ACTUAL, MsgType.ALERT, Severity.UNKNOWN)


def test_words_of_cap_count_whatever_their_case() -> None:
    found = event(status="EXERCISE", msg_type="cancel", severity="extreme")
    assert (found.status, found.msg_type, found.severity) == (Status.EXERCISE, MsgType.CANCEL, Severity.EXTREME)


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        pytest.param(BASE, "geojson", id="event-severity-time"),
        pytest.param({"hazard_type": "x", "severity": "minor", "valid_to": "x"}, "geojson", id="other-names"),
        pytest.param({"event": "x", "severity": "High", "sent": "x"}, None, id="severity-of-another-list"),
        pytest.param({"event": "x", "severity": "Minor"}, None, id="no-time"),
        pytest.param({"severity": "Minor", "sent": "x"}, None, id="no-event"),
        pytest.param({"name": "a park"}, None, id="something-else"),
    ],
)
def test_name_of(properties: dict[str, Any], name: str | None) -> None:
    assert name_of(document(properties)) == name
