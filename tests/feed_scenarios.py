"""Feeds that misbehave, played through the real loops: fetch from a loopback server, collect, reconcile, a store.

A scenario is a list of steps, each with the time at which the feed is asked and what it answers. `play` asks on every
moment of a step, lets the desk look whenever time alone may change something, and gives back all that happened. The
feed is served as what most are: an index in Atom that links to its documents.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

import structlog
from shapely import Point

from feed_server import FeedServer, Reply, Request
from tocsin import egress, fetch
from tocsin.config import ChannelConfig
from tocsin.model import Code, Concern, Health, IssuerClass, Level, Notice, Place, Source
from tocsin.render import Message
from tocsin.run.clock import SteadyClock
from tocsin.run.deliver import message
from tocsin.run.service import Loops
from tocsin.store import Store

OK, NOT_MODIFIED = 200, 304
DAY = datetime(2026, 11, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CADENCE = 5 * MINUTE
FAMILIES = ("flood", "fire", "wind", "earthquake")
VALLEY = Place(
    id="valley-depot",
    name="Valley depot",
    geometry=Point(8.1, 50.1),
    geocodes=(Code("ISO3166-1", "DE"),),
    languages=("de", "en"),
)
CHANNEL = ChannelConfig(id="desk", kind="webhook", at_least=Level.NOTICE)
FEED = Source(
    id="scenario",
    publisher="A publisher",
    url="",
    format="atom",
    issuer_class=IssuerClass.HAZARD,
    jurisdiction=("001",),
    families=FAMILIES,
    interval=CADENCE,
    stale_after=3 * CADENCE,
    cadence=CADENCE,
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """The feed answers so, each time it is asked at one of these moments of true time."""

    moments: Sequence[datetime]
    http: int
    docs: Sequence[bytes]
    off: timedelta = timedelta()
    updated: datetime | None = None
    location: str = ""
    is_raw: bool = False


@dataclass
class Seen:
    """What was to be seen just after one moment."""

    at: datetime
    overview: dict[str, Any]
    health: Health
    concerns: Mapping[str, Concern]


@dataclass
class Played:
    """All that happened."""

    scenario: Mapping[str, Any]
    store: Store
    seen: list[Seen] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    log: list[Mapping[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    took: timedelta = timedelta()
    decisions: int = 0
    problems: int = 0

    @property
    def about_dangers(self) -> list[Notice]:
        """Return the notices that are not about feeds."""
        return [notice for notice in self.notices if notice.family != "coverage"]

    @property
    def reasons(self) -> list[str]:
        return [notice.reason.value for notice in self.about_dangers]

    @property
    def flags(self) -> set[str]:
        return {mark["flag"] for seen in self.seen for mark in seen.overview["sources"][0]["flags"]}

    def evidence(self, seen: Seen) -> list[dict[str, Any]]:
        """Return the evidence of every concern shown at that moment."""
        return [one for concern in seen.overview["places"][0]["concerns"] for one in concern["evidence"]]


def moments(text: str, every: timedelta = CADENCE) -> Sequence[datetime]:
    """Return the moments that "10:00", "10:05..13:05" or "10:01..18:20 every minute" means."""
    times = [
        DAY + timedelta(hours=int(hour), minutes=int(minute)) for hour, minute in re.findall(r"(\d\d):(\d\d)", text)
    ]
    if ".." not in text:
        return times[:1]
    step = MINUTE if "every minute" in text else every
    return [times[0] + number * step for number in range(int((times[1] - times[0]) / step) + 1)]


def play(scenario: Mapping[str, Any], steps: Sequence[Step], *, source: Source = FEED, place: Place = VALLEY) -> Played:
    """Play the steps; what is asked of the feed goes over HTTP to a server on loopback."""
    played = Played(scenario=scenario, store=Store.open(None))
    began = time.monotonic()
    with FeedServer() as server, structlog.testing.capture_logs() as log:
        asyncio.run(_play(played, steps, server, replace(source, url=server.url("/feed")), place))
    played.took = timedelta(seconds=time.monotonic() - began)
    played.log = list(log)
    played.requests = [request.path for request in server.requests]
    played.messages = [message(notice, {place.id: place}) for notice in played.notices]
    return played


class _Machine:
    """True time, and the wall clock of the machine, which may be off."""

    def __init__(self, start: datetime) -> None:
        self.start = self.now = start
        self.off = timedelta()

    def steady(self) -> SteadyClock:
        return SteadyClock(lambda: self.now + self.off, lambda: self.now - self.start)


async def _play(played: Played, steps: Sequence[Step], server: FeedServer, source: Source, place: Place) -> None:
    machine = _Machine(steps[0].moments[0])
    client = fetch.client("mailto:tests@example.org", "0", reach=egress.Reach(loopback=True))
    loops = Loops(played.store, [source], [place], [CHANNEL], client, clock=machine.steady(), random=Random(1))
    async with client:
        for step in steps:
            for moment in step.moments:
                _wait_until(moment, machine, loops, played)
                machine.now, machine.off = moment, step.off
                _serve(server, step, moment)
                await loops.poll(source)
                _look(loops, played)


def _wait_until(moment: datetime, machine: _Machine, loops: Loops, played: Played) -> None:
    """Let the desk look at each moment at which time alone may change something."""
    while (wake := loops.desk.next_wake(machine.now)) is not None and wake < moment:
        machine.now = max(wake, machine.now + timedelta(seconds=1))
        _look(loops, played)


def _look(loops: Loops, played: Played) -> None:
    known = {notice.id for notice in played.notices}
    loops.reconcile()
    kept = [one.notice for one in played.store.recent_notices(500) if one.notice.id not in known]
    played.notices += sorted(kept, key=lambda notice: (notice.at, -notice.level))
    now = loops.clock()
    played.seen.append(
        Seen(
            at=now,
            overview=loops.board.overview(),
            health=loops.desk.healths[next(iter(loops.sources))],
            concerns=dict(loops.desk.situation.concerns(0)),
        )
    )


def _serve(server: FeedServer, step: Step, moment: datetime) -> None:
    if step.http not in {OK, NOT_MODIFIED}:
        server.put("/feed", Reply(status=step.http, headers={"Location": step.location} if step.location else {}))
        return
    if step.is_raw:
        server.put("/feed", Reply(body=step.docs[0]))
        return
    names = []
    for document in step.docs:
        # The address holds the content's own name: another document has another one, as publishers do it.
        name = f"/{sha256(document).hexdigest()[:16]}.cap"
        server.put(name, Reply(body=document))
        names.append(server.url(name))
    body = index(names, step.updated or moment)

    def answer(request: Request) -> Reply:
        if step.http == NOT_MODIFIED and request.headers.get("If-None-Match"):
            return Reply(status=NOT_MODIFIED, headers={"ETag": '"constant"'})
        return Reply(headers={"ETag": '"constant"'}, body=body)

    server.put("/feed", answer)


def index(urls: Sequence[str], updated: datetime) -> bytes:
    """Return an Atom feed that links to these documents."""
    stamp = updated.strftime("%Y-%m-%dT%H:%M:%SZ")
    entries = "".join(f'<entry><id>{url}</id><link type="application/cap+xml" href="{url}"/></entry>' for url in urls)
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><updated>{stamp}</updated>{entries}</feed>'.encode()
