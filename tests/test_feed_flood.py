"""20,000 alerts in one poll: all are stored, a place hears once for each danger, other feeds keep their rhythm.

Times are those of the processor, so that a busy machine does not decide.
"""

from __future__ import annotations

import asyncio
import json
import resource
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from shapely import box

from feed_scenarios import CHANNEL, DAY, FEED, VALLEY, index
from feed_server import FeedServer, Reply
from tocsin import egress, fetch
from tocsin.model import Source
from tocsin.render import Message
from tocsin.run.deliver import message
from tocsin.run.service import Loops
from tocsin.store import Store
from worlds import stamp

ALERTS = 20_000
NOW = DAY + timedelta(hours=10)
SEVERITIES = ("Minor", "Moderate", "Severe", "Extreme")
EVENTS = ("Flood Warning", "High Wind Warning", "Fire Warning")
MOST_MEMORY_MB = 1500
RECORDED = {
    "all stored; per-place digest; newest and most severe first; poll cadence of other feeds held",
    "other feeds starve",
    "out of memory",
}


def alert(number: int) -> dict[str, Any]:
    """Return the n-th alert: each over a square of its own in one country, every tenth over the valley."""
    south, west = 47.5 + number % 100 * 0.07, 6.0 + number // 100 % 100 * 0.08
    if number % 10 == 0:
        south, west = 50.0, 8.0
    sent = stamp(NOW - timedelta(seconds=number % 3600))
    return {
        "type": "Feature",
        "id": f"https://warn.example.org/alerts/{number}",
        "geometry": box(west, south, west + 0.2, south + 0.2).__geo_interface__,
        "properties": {
            "id": f"flood-{number}",
            "areaDesc": f"Square {number}",
            "sent": sent,
            "effective": sent,
            "onset": sent,
            "expires": stamp(NOW + timedelta(hours=6)),
            "status": "Actual",
            "messageType": "Alert",
            "category": "Met",
            "severity": SEVERITIES[number // 10 % 4],
            "certainty": "Likely",
            "urgency": "Expected",
            "event": EVENTS[number % 3],
            "sender": "warn.example.org",
            "senderName": "A service",
            "headline": f"Number {number}",
            "description": "Rising.",
            "response": "Prepare",
        },
    }


def flood() -> bytes:
    """Return a collection of all alerts as the NWS publishes it."""
    document = {"type": "FeatureCollection", "updated": stamp(NOW), "features": [alert(n) for n in range(ALERTS)]}
    return json.dumps(document).encode()


class Flood:
    """A store after a flood: what was told, how long it took, how long another feed had to wait meanwhile."""

    def __init__(self) -> None:
        self.store = Store.open(None)
        self.waited_s = self.took_s = 0.0
        with FeedServer() as server:
            server.put("/flood", Reply(body=flood()))
            server.put("/other", Reply(body=index([], NOW)))
            sources = [
                replace(FEED, id=name, url=server.url(f"/{name}"), format=format_)
                for name, format_ in (("flood", "nws"), ("other", "atom"))
            ]
            asyncio.run(self._poll(sources))
        self.notices = [one.notice for one in self.store.recent_notices(100)]
        self.messages: list[Message] = [message(notice, {VALLEY.id: VALLEY}) for notice in self.notices]

    async def _poll(self, sources: list[Source]) -> None:
        client = fetch.client("mailto:tests@example.org", "0", reach=egress.Reach(loopback=True))
        loops = Loops(self.store, sources, [VALLEY], [CHANNEL], client, clock=lambda: NOW, random=Random(1))
        began = time.process_time()
        async with client:
            flooding = asyncio.create_task(loops.poll(sources[0]))
            await asyncio.sleep(0)
            await loops.poll(sources[1])
            self.waited_s = time.process_time() - began
            await flooding
        await asyncio.to_thread(loops.reconcile)
        self.took_s = time.process_time() - began
        self.overview = loops.board.overview()


@pytest.fixture(scope="module")
def flooded() -> Flood:
    return Flood()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_are_stored(flooded: Flood) -> None:
    assert len(flooded.store.listed("flood", NOW)) == ALERTS


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_place_hears_once_for_each_danger(flooded: Flood) -> None:
    assert sorted(notice.family for notice in flooded.notices) == ["fire", "flood", "wind"]
    assert all(len(message.text) < 10_000 for message in flooded.messages)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_most_severe_and_newest_come_first(flooded: Flood) -> None:
    for concern in flooded.overview["places"][0]["concerns"]:
        rows = concern["evidence"]
        assert concern["evidence_total"] > len(rows)
        assert {row["severity"] for row in rows} == {"Extreme"}
        assert [row["sent"] for row in rows] == sorted((row["sent"] for row in rows), reverse=True)
    levels = [concern["level"] for concern in flooded.overview["places"][0]["concerns"]]
    assert levels == sorted(levels, reverse=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_other_feeds_keep_their_rhythm(flooded: Flood) -> None:
    assert flooded.waited_s < FEED.interval.total_seconds()
    assert flooded.took_s < FEED.interval.total_seconds()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_is_enough(flooded: Flood) -> None:
    assert flooded.notices
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 < MOST_MEMORY_MB


@pytest.mark.shared
def test_the_recorded_flood_asks_for_nothing_else(shared: Path) -> None:
    lines = (shared / "vectors" / "feeds" / "scenarios.jsonl").read_text(encoding="utf-8").splitlines()
    found = next(row for row in map(json.loads, lines) if row["id"] == "d-flood")
    assert {*found["must"], *found["must_not"]} == RECORDED
