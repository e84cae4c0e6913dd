from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from feed_server import Answer, FeedServer, feed, status
from tocsin import egress, fetch
from tocsin.model import Source
from tocsin.run.probe import Probe, probe
from worlds import MESSAGES, NOW, cap

INDEX = f"""<feed xmlns="http://www.w3.org/2005/Atom"><updated>{NOW - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}</updated>
<entry><link href="https://weather.example.org/1.cap"/></entry></feed>""".encode()


def looked(*answers: Answer, source: Source = MESSAGES) -> tuple[Probe, int]:
    """Return what one probe of a loopback server finds, and how many requests it took."""

    async def once(url: str) -> Probe:
        async with fetch.client("mailto:tests@example.org", "0", reach=egress.Reach(loopback=True)) as client:
            return await probe(replace(source, url=url), client, clock=lambda: NOW)

    with FeedServer() as server:
        found = asyncio.run(once(server.put("/feed", *answers)))
        return found, len(server.requests)


def test_probe_counts_what_can_be_read_and_kept() -> None:
    found, requests = looked(feed(cap("a"), etag='"1"'))
    assert (found.error, found.named, found.items, found.admitted, found.is_complete) == ("", "cap", 1, 1, True)
    assert found.is_conditional
    assert requests == 1


def test_probe_counts_what_the_gate_drops() -> None:
    found, _ = looked(feed(cap("a", status="Test")))
    assert (found.items, found.admitted, found.is_conditional) == (1, 0, False)


def test_probe_of_an_index_follows_no_link_and_tells_its_age() -> None:
    found, requests = looked(feed(INDEX), source=replace(MESSAGES, format="atom"))
    assert (found.links, found.items, found.age, requests) == (1, 0, timedelta(minutes=5), 1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(status(503), "http-503", id="down"),
        pytest.param(feed(b"<html><body>soon</body></html>"), "unreadable", id="page"),
        pytest.param(feed(b""), "unreadable", id="empty"),
    ],
)
def test_probe_says_what_is_wrong(answer: Answer, error: str) -> None:
    found, _ = looked(answer)
    assert found.error == error
    assert found.is_complete is False
