"""The README's story, whole: a public feed in; one webhook, one mail and a ledger that holds out."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from standardwebhooks.webhooks import Webhook

from feed_server import FeedServer, Reply, feed, status
from tocsin import egress, fetch
from tocsin.config import ChannelConfig
from tocsin.model import Level, Source
from tocsin.run.service import Loops
from tocsin.store import Store
from worlds import MESSAGES, PLACES, cap

SECRET = "whsec_" + base64.b64encode(b"a secret of the story, of 24 bytes and more").decode()
WITHIN_S = 30


async def live(store: Store, source: Source, server: FeedServer, ready: Callable[[Loops], bool]) -> Loops:
    """Run the service against the server until `ready`, which is asked whenever the board changes."""
    config = ChannelConfig(
        id="desk",
        kind="webhook",
        at_least=Level.NOTICE,
        settings={"url": server.url("/hook"), "secret": "env:STORY_SECRET", "allow_private": True},
    )
    client = fetch.client("mailto:tests@example.org", "0", reach=egress.Reach(loopback=True))
    async with client, asyncio.timeout(WITHIN_S):
        loops = Loops(store, [source], PLACES, [config], client, random=Random(1))
        running = asyncio.create_task(loops.run())
        version = 0
        while not ready(loops):
            changed = asyncio.create_task(loops.board.changed(version))
            await asyncio.wait({running, changed}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
            version = await changed
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return loops


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORY_SECRET", SECRET)


@pytest.mark.usefixtures("secret")
def test_a_warning_in_a_feed_becomes_one_signed_webhook_and_a_ledger(tmp_path: Path) -> None:
    with FeedServer() as server, Store.open(tmp_path / "story.db") as store:
        link = f'<link type="application/cap+xml" href="{server.url("/a.cap")}"/>'
        index = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>x</id>{link}</entry></feed>'
        server.put("/feed", feed(index.encode(), etag='"1"'))
        server.put("/a.cap", feed(cap("a", sent=now(), expires=now() + timedelta(hours=6))))
        server.put("/hook", Reply(status=204))
        source = replace(MESSAGES, url=server.url("/feed"), format="atom")
        asyncio.run(live(store, source, server, lambda _: any(one.state == "sent" for one in store.recent_notices(5))))
        posts = [request for request in server.requests if request.method == "POST"]
        assert len(posts) == 1
        Webhook(SECRET).verify(posts[0].body, dict(posts[0].headers.items()))
        said = json.loads(posts[0].body)
        assert (said["reason"], said["family"], said["places"]) == ("first", "wind", ["harbour", "hill"])
        assert (said["ledger"]["state"], said["ledger"]["words"]) == ("unwitnessed", "nothing signed yet")
        assert posts[0].headers["webhook-id"] == said["id"] == store.recent_notices(1)[0].notice.id
        assert store.verify_ledger(whole=True).size > 3


@pytest.mark.usefixtures("secret")
def test_a_dead_feed_costs_no_other_and_is_seen_as_failing(tmp_path: Path) -> None:
    with FeedServer() as server, Store.open(tmp_path / "story.db") as store:
        server.put("/feed", status(503))
        source = replace(MESSAGES, url=server.url("/feed"))
        loops = asyncio.run(live(store, source, server, lambda loops: bool(loops.desk.healths)))
        health = loops.desk.healths[source.id]
        assert (health.failures, health.error, health.succeeded) == (1, "http-503", None)
        assert health.next_due is not None
        assert loops.board.overview()["sources"][0]["state"] == "failing"
