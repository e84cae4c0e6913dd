"""Reading a document makes Python look for garbage seldom, and leaves none that it would have to look for."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tocsin import formats, gate
from tocsin.model import IssuerClass
from tocsin.run import sweeps

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ALERT = {
    "sent": "2026-11-25T11:00:00Z",
    "status": "Actual",
    "messageType": "Alert",
    "event": "Flash Flood Warning",
    "severity": "Severe",
    "geocode": {"UGC": ["ILC119", "ILC163"]},
    "parameters": {"VTEC": ["/O.NEW.KLSX.FF.W.0001.261125T1100Z-261125T2300Z/"]},
}


@pytest.fixture(autouse=True)
def threshold() -> Iterator[None]:
    """Give the other tests the threshold that they had."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def read(alerts: int) -> None:
    """Read and judge a snapshot of so many alerts."""
    features = [{"type": "Feature", "properties": {**ALERT, "id": f"urn:{number}"}} for number in range(alerts)]
    body = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    for item in formats.read("nws", body, source="nws", now=NOW).items:
        assert gate.examine(item, issuer_class=IssuerClass.HAZARD).admitted


def test_an_ordinary_snapshot_is_read_without_a_sweep() -> None:
    sweeps.seldom()
    gc.collect()
    before = [generation["collections"] for generation in gc.get_stats()]
    read(400)
    assert [generation["collections"] for generation in gc.get_stats()] == before


def test_what_was_read_is_freed_without_a_sweep() -> None:
    read(1)
    gc.collect()
    gc.disable()
    try:
        read(50)
        assert gc.collect() == 0
    finally:
        gc.enable()
