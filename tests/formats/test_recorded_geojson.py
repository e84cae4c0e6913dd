"""Every recorded GeoJSON document of the manifest gives as many items as it says, each with an event or a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin import formats

pytestmark = pytest.mark.shared

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OURS = {"nws_geojson": "nws", "usgs_geojson": "usgs"}


def rows(shared: Path) -> list[tuple[str, bytes, int]]:
    """Return (format, document, events) of the manifest's rows in our formats."""
    folder = shared / "feeds" / "dev"
    lines = (folder / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    cells = [line.split("\t") for line in lines]
    return [
        (OURS[row[1]], (folder / row[0]).read_bytes(), json.loads(row[-1])["events"]) for row in cells if row[1] in OURS
    ]


def test_recorded_features_are_counted(shared: Path) -> None:
    counted = [
        (len(formats.read(name, body, source="recorded", now=NOW).items), events) for name, body, events in rows(shared)
    ]
    assert len(counted) >= 7
    assert [found for found, events in counted] == [events for found, events in counted]


def test_recorded_features_all_have_events(shared: Path) -> None:
    readings = [formats.read(name, body, source="recorded", now=NOW) for name, body, _ in rows(shared)]
    assert all(item.events for reading in readings for item in reading.items)


def test_recorded_documents_name_their_format(shared: Path) -> None:
    assert {formats.name_of(body) == name for name, body, _ in rows(shared)} == {True}
