"""What the EMSC reader makes of a quake: the depth's sign, its types, its identity."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.formats import emsc
from tocsin.hazards import hazard_of
from tocsin.model import Event

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TIME = datetime(2026, 11, 20, 9, 12, 8, tzinfo=UTC)


def event(at: Any = (21.76, 38.24, -12.0), **properties: Any) -> Event:
    said = {
        "unid": "20261120_0000101",
        "time": "2026-11-20T09:12:08.9Z",
        "lastupdate": "2026-11-20T09:31:07.15Z",
        "evtype": "ke",
        "mag": 6.0,
        "flynn_region": "GREECE",
    }
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": list(at)},
        "properties": said | properties,
    }
    (item,) = emsc.read(json.dumps(feature).encode(), source="e", now=NOW).items
    return item.events[0]


@pytest.mark.parametrize(
    ("third", "depth", "depth_km"),
    [
        pytest.param(-12.0, None, 12.0, id="minus-depth"),
        pytest.param(-12.0, 12.5, 12.5, id="depth-goes-first"),
        pytest.param(1.5, None, -1.5, id="above-the-sea"),
        pytest.param(-12.0, 9000, 12.0, id="depth-that-cannot-be"),
    ],
)
def test_depth(third: float, depth: float | None, depth_km: float) -> None:
    assert event(at=(21.76, 38.24, third), depth=depth).measures["depth_km"] == depth_km


def test_without_a_depth_the_usual_one_is_assumed() -> None:
    assert event(at=(21.76, 38.24)).areas == event(at=(21.76, 38.24, -10.0)).areas


@pytest.mark.parametrize(
    ("evtype", "hazard"),
    [
        ("ke", "earthquake"),
        ("se", "earthquake"),
        ("uk", "earthquake"),
        ("", "earthquake"),
        ("ki", "earthquake"),
        ("kh", "explosion"),
        ("sm", "quarry-blast"),
        ("kn", "quarry-blast"),
        ("kr", "quarry-blast"),
        ("ls", "landslide"),
        ("what is this", "earthquake"),
    ],
)
def test_type_is_a_listed_hazard(evtype: str, hazard: str) -> None:
    found = event(evtype=evtype)
    assert hazard_of(found.codes, [found.texts[0].event]) == hazard


def test_identity_is_the_unid_and_its_update() -> None:
    found = event()
    assert (found.identifier, found.aliases, found.sent, found.onset) == (
        "20261120_0000101",
        ("quake:20261120_0000101",),
        TIME + timedelta(minutes=18, seconds=59),
        TIME,
    )


def test_end_counts_from_the_quake() -> None:
    assert event().expires == TIME + timedelta(hours=24)


def test_only_an_earthquake_shakes() -> None:
    assert event(evtype="km").part == 4
