from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from feed_server import FeedServer, feed, status
from tocsin import egress, fetch
from tocsin.errors import ConfigError, StoreError
from tocsin.formats import nina
from tocsin.ledger import LedgerError
from tocsin.model import Source
from tocsin.run import inputs
from tocsin.run import service as service_module
from tocsin.run.board import LiveBoard
from tocsin.run.demo import Demo, scenarios
from tocsin.run.edits import PlacesFile
from tocsin.run.overview import overview
from tocsin.run.publish import publish
from tocsin.run.service import Bell, Loops, forever, look_once
from tocsin.store import Change, Store
from worlds import MESSAGES, NOW, PLACES, World, cap

WITHIN_S = 20


def loops(store: Store, *sources: Source) -> Loops:
    client = fetch.client("mailto:tests@example.org", "0", reach=egress.Reach(loopback=True))
    return Loops(store, sources, PLACES, (), client, clock=lambda: NOW)


def run(steps: Coroutine[Any, Any, Any]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(WITHIN_S):
            return await steps

    return asyncio.run(bounded())


def test_a_linked_document_that_failed_is_fetched_with_the_next_poll() -> None:
    with FeedServer() as server, Store.open(None) as store:
        link = f'<link type="application/cap+xml" href="{server.url("/a.cap")}"/>'
        index = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>x</id>{link}</entry></feed>'
        source = replace(MESSAGES, format="atom", url=server.put("/f", feed(index.encode(), etag='"1"')))
        server.put("/a.cap", status(503), feed(cap("a")))

        async def twice() -> None:
            service = loops(store, source)
            async with service.client:
                await service.poll(source)
                assert store.events_of(source.id, NOW) == ()
                await service.poll(source)

        run(twice())
        assert [event.identifier for event in store.events_of(source.id, NOW)] == ["a"]


@pytest.mark.parametrize("shapes", [True, False], ids=["shapes", "shapes that cannot be had"])
def test_an_alert_of_nina_is_placed_by_its_shapes_and_read_without_them(
    shapes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = {"identifier": "mow.1", "sender": "DE-X", "sent": "2026-11-20T10:00:00+01:00", "status": "Actual"}
    info = {
        "language": "DE",
        "event": "Hochwasser",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Likely",
    }
    area = {"areaDesc": "Kreis", "geocode": [{"valueName": "AreaId", "value": "0"}]}
    whole = {**alert, "msgType": "Alert", "scope": "Public", "info": [{**info, "area": [area]}]}
    ring = [[8, 50], [9, 50], [9, 51], [8, 51], [8, 50]]
    drawn = {"properties": {"warnId": "mow.1", "areaId": 0}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    collection = {"type": "FeatureCollection", "features": [drawn]}
    with FeedServer() as server, Store.open(None) as store:
        monkeypatch.setattr(nina, "_WARNINGS", server.url("/warnings"))
        source = replace(MESSAGES, format="nina", url=server.put("/map", feed(b'[{"id": "mow.1", "version": 1}]')))
        server.put("/warnings/mow.1.json", feed(json.dumps(whole).encode()))
        server.put("/warnings/mow.1.geojson", feed(json.dumps(collection).encode()) if shapes else status(404))

        async def once() -> None:
            service = loops(store, source)
            async with service.client:
                await service.poll(source)

        run(once())
        (event,) = store.events_of(source.id, NOW)
        assert [area.geometry is not None for area in event.areas] == [shapes]


EXTENSION = """
contact = "mailto:ops@example.org"
[[extra_sources]]
id = "xx-met"
publisher = "Example Weather Service"
url = "https://alerts.weather.example.gov/cap.atom"
format = "cap"
licence = "CC0"
issuer_class = "official_hazard"
jurisdiction = ["DE"]
watches = ["weather"]
"""


def test_an_extension_is_polled_judged_and_shown_as_one(tmp_path: Path) -> None:
    """From the configuration over HTTP and the gate to the answer for a place; only the address is another here."""
    (tmp_path / "tocsin.toml").write_text(EXTENSION)
    (configured,) = inputs.sources_of(inputs.load_config(tmp_path / "tocsin.toml"))
    with FeedServer() as server, Store.open(None) as store:
        source = replace(configured, url=server.put("/cap", feed(cap("a"))))

        async def once() -> Loops:
            service = loops(store, source)
            async with service.client:
                await service.poll(source)
            return service

        service = run(once())
        assert [event.identifier for event in store.events_of("xx-met", NOW)] == ["a"]
        assert service.reconcile() == 0  # there is no channel to tell
        shown = overview(service.desk, NOW, version=1)
        assert [(one["id"], one["origin"], one["state"]) for one in shown["sources"]] == [
            ("xx-met", "extension", "working")
        ]
        assert any(concern["family"] == "wind" for place in shown["places"] for concern in place["concerns"])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param("Example Weather Service", "desk@example.org", "extra_sources[0].publisher: it holds", id="words"),
        pytest.param('"CC0"', '"Appel à la grève du syndicat"', "extra_sources[0].licence: it speaks", id="topic"),
        pytest.param('format = "cap"', 'format = "rss"', "published as rss, which cannot be read yet", id="no-reader"),
        pytest.param("alerts.weather.example.gov", "alerts.example.org", "proves no government", id="host"),
    ],
)
def test_a_configuration_with_a_refused_extension_does_not_load(tmp_path: Path, old: str, new: str, says: str) -> None:
    (tmp_path / "tocsin.toml").write_text(EXTENSION.replace(old, new))
    with pytest.raises(ConfigError) as raised:
        inputs.load_config(tmp_path / "tocsin.toml")
    assert says in str(raised.value)


def test_a_place_with_a_telephone_number_does_not_load(tmp_path: Path) -> None:
    rows = "id,name,lat,lon\na,Depot,50,8\nb,Depot call +44 20 7946 0142,50,8\n"
    (tmp_path / "places.csv").write_text(rows)
    with pytest.raises(ConfigError, match=r"places.csv row 3: name: it holds") as raised:
        inputs.load_places(tmp_path / "places.csv")
    assert "7946" not in str(raised.value)


def test_an_edit_of_the_places_file_is_taken_over_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "LOOK_AT_PLACES_EVERY", timedelta())
    path = tmp_path / "places.csv"
    path.write_text("id,name,lat,lon\nharbour,Harbour depot,50.1,8.1\n")
    places = PlacesFile(path)
    client = fetch.client("mailto:tests@example.org", "0")

    async def edited(store: Store) -> list[str]:
        service = Loops(store, (), places.listed.places, (), client, places_file=places, clock=lambda: NOW)
        running, version = asyncio.create_task(service.run()), 0
        try:
            path.write_text("id,name,lat,lon\nharbour,Harbour depot,50.1,888\n")
            while not any(line.get("code") == "places-refused" for line in said):  # noqa: ASYNC110  a log has no bell
                await asyncio.sleep(0)
            assert list(service.places) == ["harbour"]
            path.write_text("id,name,lat,lon\nharbour,Harbour depot,50.1,8.1\nhill,Hill school,50.1,8.3\n")
            while len(service.board.overview()["places"]) < 2:
                version = await service.board.changed(version)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return list(service.places)

    with Store.open(None) as store, structlog.testing.capture_logs() as said:
        assert run(edited(store)) == ["harbour", "hill"]
    assert sum(line.get("code") == "places-refused" for line in said) == 1


def test_look_once_says_blind_of_a_source_that_did_not_answer() -> None:
    out_of_reach = replace(MESSAGES, url="https://127.0.0.1/feed")
    with Store.open(None) as store:
        desk = run(look_once(store, [out_of_reach], PLACES, contact="mailto:tests@example.org"))
        blindness = desk.blindness("harbour")
        assert blindness is not None
        assert blindness.families == ("rain", "wind")


def test_a_bell_rung_before_anybody_waits_is_still_heard() -> None:
    async def steps() -> None:
        bell = Bell()
        bell.ring()
        await bell.wait(timedelta(hours=1))

    run(steps())


def test_the_board_counts_up_and_wakes_who_waits() -> None:
    async def steps() -> int:
        board = LiveBoard(World().desk, lambda: NOW)
        waiting = asyncio.create_task(board.changed(1))
        await asyncio.sleep(0)
        await board.changes()
        return await waiting

    assert run(steps()) == 2


def test_publish_finds_an_edited_entry_when_it_looks_at_the_whole(tmp_path: Path) -> None:
    world = World(store=Store.open(tmp_path / "t.db"))
    world.poll(cap("a"))
    assert publish(world.store, None, now=NOW, whole=True).size == world.store.ledger_size()
    with sqlite3.connect(tmp_path / "t.db") as database:
        database.execute("UPDATE ledger SET leaf = replace(leaf, '2026', '2025') WHERE n = 0")
    publish(world.store, None, now=NOW, whole=False)
    with pytest.raises(LedgerError):
        publish(world.store, None, now=NOW, whole=True)
    world.store.close()


def test_a_broken_ledger_is_said_and_silences_nothing(tmp_path: Path) -> None:
    world = World(store=Store.open(tmp_path / "t.db"))
    world.poll(cap("a"))
    with sqlite3.connect(tmp_path / "t.db") as database:
        database.execute("DELETE FROM ledger WHERE n = 0")
    service = loops(world.store)

    async def steps() -> None:
        running = asyncio.create_task(service.run())
        version = 0
        while not any(entry["log_level"] == "critical" for entry in said):
            version = await service.board.changed(version)
        assert not running.done()
        running.cancel()

    with structlog.testing.capture_logs() as said:
        run(steps())
    assert service.desk.reconcile(NOW) == ()
    assert service.desk.situation.concerns(0)
    world.store.close()


def test_a_step_that_the_world_broke_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.run.service.RETRY_STEP_AFTER", timedelta(0))
    tries: list[int] = []

    async def step() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise StoreError("the disk is full")
        raise KeyError("ours")

    with structlog.testing.capture_logs() as said, pytest.raises(KeyError, match="ours"):
        run(forever("reconcile", step))
    assert [(entry["loop"], entry["error"]) for entry in said] == [("reconcile", "the disk is full")]


def test_the_demo_tells_what_it_plays_and_goes_on_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("TO_READ", "TO_PASS", "PAUSE_BETWEEN"):
        monkeypatch.setattr(f"tocsin.run.demo.{pause}", timedelta(0))
    names = [name for name in scenarios() if name != "tornado-2021-12-10"]
    told: list[str] = []

    async def steps() -> dict[str, Any]:
        demo = Demo(names)
        playing = asyncio.create_task(demo.run(tell=told.append))
        async for overview in shown(demo):
            if overview["scenario"] == names[1]:
                break
        playing.cancel()
        return overview

    overview = run(steps())
    assert overview["is_demo"]
    assert [line.split(":")[0] for line in told if line.startswith("scenario")] == [
        f"scenario {name}" for name in names
    ]


async def shown(demo: Demo) -> AsyncIterator[dict[str, Any]]:
    version = 0
    while True:
        version = await demo.board.changed(version)
        yield demo.board.overview()


def test_a_stopped_source_is_not_asked_and_goes_on_after_the_repair() -> None:
    with FeedServer() as server, Store.open(None) as store:
        source = replace(MESSAGES, url=server.put("/f", feed(cap("a"))))
        store.commit(Change(stops=((source.id, "N3"),)), now=NOW)

        async def steps() -> None:
            service = loops(store, source)
            async with service.client:
                health = await service.poll(source)
                assert (health.error, server.requests) == ("stopped", [])
                store.commit(Change(repaired=("N3",)), now=NOW)
                assert (await service.poll(source)).error == ""

        run(steps())
        assert [event.identifier for event in store.events_of(source.id, NOW)] == ["a"]
