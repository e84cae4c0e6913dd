"""The recorded lists of hazards: counted, named, and compared with what the manifest says of them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tocsin import formats
from tocsin.cli import tocsin as command_line
from tocsin.model import Event, Reading

pytestmark = pytest.mark.shared

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OURS = {
    "gdacs_rss": "gdacs_rss",
    "gdacs_geojson": "gdacs_geojson",
    "emsc_geojson": "emsc",
    "ea_flood_json": "ea_flood",
    "firms_csv": "firms",
    "georss": "georss",
}


def rows(shared: Path, *kinds: str) -> list[tuple[Path, str, dict[str, Any]]]:
    """Return (file, format, expected) of the manifest's rows."""
    folder = shared / "feeds" / "dev"
    lines = (folder / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    cells = [line.split("\t") for line in lines]
    return [(folder / row[0], OURS[row[1]], json.loads(row[-1])) for row in cells if row[1] in (kinds or OURS)]


def read(path: Path, name: str) -> Reading:
    return formats.read(name, path.read_bytes(), source="recorded", now=NOW)


def firsts(reading: Reading) -> list[Event]:
    return [item.events[0] for item in reading.items]


def code(event: Event, scheme: str) -> str:
    return next((one.value for one in event.codes if one.scheme == scheme), "")


def test_recorded_lists_name_their_format(shared: Path) -> None:
    assert [formats.name_of(path.read_bytes()) for path, _, _ in rows(shared)] == [name for _, name, _ in rows(shared)]


def test_recorded_lists_are_counted_and_each_item_is_an_event(shared: Path) -> None:
    found = [(read(path, name), expected) for path, name, expected in rows(shared)]
    assert len(found) >= 8
    assert [len(reading.items) for reading, _ in found] == [expected["events"] for _, expected in found]
    assert all(reading.is_complete for reading, _ in found)


def test_recorded_lists_pass_through_the_gate_command(shared: Path) -> None:
    for path, _, expected in rows(shared):
        shown = CliRunner().invoke(command_line, ["gate", str(path)]).stdout.splitlines()
        assert (path.name, len(shown)) == (path.name, expected["events"])


def test_recorded_gdacs_says_what_the_manifest_says(shared: Path) -> None:
    for path, name, expected in rows(shared, "gdacs_rss", "gdacs_geojson"):
        events = firsts(read(path, name))
        assert Counter(code(event, "gdacs:eventtype") for event in events) == expected["eventtype"]
        assert Counter(code(event, "gdacs:alertlevel") for event in events) == expected["alertlevel"]
        current = expected.get("current", expected.get("iscurrent", {}).get("true"))
        assert sum(not event.is_over for event in events) == current
        assert len({event.identifier for event in events}) == expected.get("distinct_eventid", len(events))
        assert all(event.areas[0].geometry is not None for event in events)


def test_recorded_gdacs_has_its_time(shared: Path) -> None:
    made = [read(path, name).as_of for path, name, _ in rows(shared, "gdacs_rss")]
    assert made == [datetime(2019, 12, 30, 1, 35, 11, tzinfo=UTC), datetime(2019, 12, 30, 0, 22, 19, tzinfo=UTC)]


def test_recorded_emsc_says_what_the_manifest_says(shared: Path) -> None:
    ((path, name, expected),) = rows(shared, "emsc_geojson")
    events = firsts(read(path, name))
    assert max(event.measures["magnitude"] for event in events) == expected["mag_max"]
    assert {-event.measures["depth_km"] for event in events} == set(expected["depth_minmax"])
    assert events[0].identifier == expected["first_id"]
    assert Counter(code(event, "emsc:evtype") for event in events) == expected["types"]


def test_recorded_floods_say_what_the_manifest_says(shared: Path) -> None:
    ((path, name, expected),) = rows(shared, "ea_flood_json")
    events = firsts(read(path, name))
    assert [event.identifier for event in events] == expected["ids"]
    assert sum(event.is_over for event in events) == expected["severityLevel"]["4"]
    assert all(area.geometry is None and area.geocodes for event in events for area in event.areas)


def test_recorded_hot_spots_say_what_the_manifest_says(shared: Path) -> None:
    ((path, name, expected),) = rows(shared, "firms_csv")
    events = firsts(read(path, name))
    assert [f"{event.sent:%Y-%m-%d %H%M}" for event in events] == expected["acq"]
    assert {event.certainty for event in events} == {"Likely"}


def test_recorded_georss_is_all_placed(shared: Path) -> None:
    for path, name, expected in rows(shared, "georss"):
        shapes = [area.geometry for event in firsts(read(path, name)) for area in event.areas]
        assert len([shape for shape in shapes if shape is not None]) == expected["events"]
