"""Flood warnings of England: levels, the clock of the United Kingdom, ends, and an area that is only named."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.errors import FormatError
from tocsin.formats import ea_flood, name_of
from tocsin.hazards import hazard_of
from tocsin.lifecycle import in_force
from tocsin.model import Certainty, Code, Event, Item, Severity, Urgency

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def item(now: datetime = NOW, **fields: Any) -> Item:
    said = {"floodAreaID": "111A", "severityLevel": 2, "timeRaised": "2026-11-20T09:00:00", "description": "Mill Lane"}
    body = json.dumps({"@context": "x/flood-monitoring/x", "items": [said | fields]}).encode()
    (found,) = ea_flood.read(body, source="ea", now=now).items
    return found


def event(now: datetime = NOW, **fields: Any) -> Event:
    return item(now, **fields).events[0]


@pytest.mark.parametrize(
    ("level", "severity", "urgency", "certainty", "is_over"),
    [
        (1, Severity.EXTREME, Urgency.IMMEDIATE, Certainty.LIKELY, False),
        (2, Severity.SEVERE, Urgency.IMMEDIATE, Certainty.LIKELY, False),
        (3, Severity.MODERATE, Urgency.EXPECTED, Certainty.POSSIBLE, False),
        (4, Severity.MINOR, Urgency.PAST, Certainty.UNLIKELY, True),
    ],
)
def test_level(level: int, severity: Severity, urgency: Urgency, certainty: Certainty, is_over: bool) -> None:
    found = event(severityLevel=level)
    assert (found.severity, found.urgency, found.certainty, found.is_over) == (severity, urgency, certainty, is_over)


@pytest.mark.parametrize("level", [0, 5, 2.5, None, "2", True])
def test_level_that_is_none_is_refused_by_itself(level: Any) -> None:
    assert item(severityLevel=level).events == ()


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        pytest.param("2026-07-10T06:00:00", datetime(2026, 7, 10, 5, tzinfo=UTC), id="summer"),
        pytest.param("2026-01-10T06:00:00", datetime(2026, 1, 10, 6, tzinfo=UTC), id="winter"),
        pytest.param("2026-10-25T01:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="twice-in-autumn"),
        pytest.param("2026-03-29T01:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC), id="never-in-spring"),
        pytest.param("2026-07-10T06:00:00Z", datetime(2026, 7, 10, 6, tzinfo=UTC), id="with-an-offset"),
    ],
)
def test_time_without_an_offset_is_that_of_the_united_kingdom(text: str, sent: datetime) -> None:
    assert event(timeRaised=text).sent == sent


def test_sent_is_the_latest_change_and_onset_when_it_was_raised() -> None:
    found = event(timeSeverityChanged="2026-11-20T10:00:00", timeMessageChanged="2026-11-20T11:00:00")
    assert (found.sent.hour, found.onset and found.onset.hour) == (11, 9)


def test_level_4_ends_what_the_area_was_warned_of() -> None:
    before, after = event(), event(severityLevel=4, timeSeverityChanged="2026-11-20T11:00:00")
    assert in_force([before], NOW) == (before,)
    assert in_force([before, after], NOW) == ()


def test_area_is_unplaced_and_named_by_its_code() -> None:
    (area,) = event(floodArea={"polygon": "http://environment.data.gov.uk/x/polygon"}).areas
    assert (area.geometry, area.geocodes) == (None, (Code("TargetAreaCode", "111A"),))


def test_warning_that_stays_listed_stays_in_force() -> None:
    later = NOW + timedelta(days=9)
    assert in_force([event(now=later)], later) != ()


@pytest.mark.parametrize(("is_tidal", "hazard"), [(True, "coastal-flood"), (False, "flood"), (None, "flood")])
def test_tidal_flood_is_coastal(is_tidal: bool | None, hazard: str) -> None:
    assert hazard_of((), [event(isTidal=is_tidal).texts[0].event]) == hazard


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_every_term_is_listed(level: int) -> None:
    assert hazard_of((), [event(severityLevel=level).texts[0].event]) == "flood"


def test_quiet_list_is_complete_and_named() -> None:
    meta = b'{"hasFormat": ["x/flood-monitoring/id/floods.csv"]}'
    body = b'{"@context": "x/flood-monitoring/x", "items": [], "meta": ' + meta + b"}"
    assert (name_of(body), ea_flood.read(body, source="ea", now=NOW).is_complete) == ("ea_flood", True)


def test_list_of_stations_is_not_claimed() -> None:
    assert name_of(b'{"@context": "x/flood-monitoring/x", "items": [{"stationReference": "1"}]}') is None


def test_document_without_items_is_refused() -> None:
    with pytest.raises(FormatError):
        ea_flood.read(b'{"items": 7}', source="ea", now=NOW)
