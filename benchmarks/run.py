"""Peak memory of a running Tocsin, and the time from a document's arrival to its notice in the outbox.

    python dev.py bench run [--places 10000] [--events 5000] [--documents 200]

Drives the steps of the collect and reconcile loops in this process, over a database file: no HTTP, no web server and
no delivery. Takes up `--events` live alerts at `--places` places, then measures one new CAP document after another:

- outbox_ms: from the moment at which the bytes are in the process (`collect.take` is called) to the moment at which
  the notices are committed. The peer in the same run is a bare SQLite transaction of one row with the same settings
  and the same disk, so that a slow disk is seen as such.
- peak_mb: this process's highest resident memory, with one overview as the console asks for. The server of
  `tocsin run` itself (uvicorn, its pages) is not in it.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shapely import Point

from tocsin.config import ChannelConfig
from tocsin.match import PlaceIndex
from tocsin.model import Code, Health, IssuerClass, Level, Place, Source
from tocsin.run import collect
from tocsin.run.board import LiveBoard
from tocsin.run.reconcile import Desk
from tocsin.run.situation import Situation
from tocsin.store import Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = Source(
    id="benchmark",
    publisher="Benchmark",
    url="",
    format="cap",
    issuer_class=IssuerClass.HAZARD,
    jurisdiction=("001",),
    families=("wind",),
)
CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>weather.example.org</sender>
<sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>en</language><category>Met</category><event>{event}</event><responseType>Prepare</responseType>
<urgency>Expected</urgency><severity>{severity}</severity><certainty>Likely</certainty><onset>{sent}</onset>
<expires>{expires}</expires><senderName>Weather Service</senderName><headline>{event} warning</headline>
<description>{words}</description><instruction>Secure loose objects.</instruction>
<area><areaDesc>Area {name}</areaDesc><polygon>{ring}</polygon></area></info></alert>"""
EVENTS = ("Wind", "Thunderstorm", "Flood", "Snow", "Fog", "Heavy rain", "Extreme heat", "Wildfire")
SEVERITIES = ("Minor", "Moderate", "Severe", "Extreme")


def document(name: str, dice: random.Random) -> bytes:
    """Return a CAP alert of about 3 KB on an irregular area some 60 km across, somewhere in Europe."""
    lon, lat = dice.uniform(-8, 30), dice.uniform(37, 60)
    ring = [
        f"{lat + dice.uniform(0.2, 0.4) * dy:.4f},{lon + dice.uniform(0.3, 0.6) * dx:.4f}"
        for dx, dy in ((1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7), (-1, 0), (-0.7, -0.7), (0, -1), (0.7, -0.7))
    ]
    filled = CAP.format(
        name=name,
        sent=f"{NOW:%Y-%m-%dT%H:%M:%S}+00:00",
        expires=f"{NOW + timedelta(hours=dice.randint(3, 48)):%Y-%m-%dT%H:%M:%S}+00:00",
        event=dice.choice(EVENTS),
        severity=dice.choice(SEVERITIES),
        words="Gusts are expected, most likely near the coast and on high ground. " * 25,
        ring=" ".join([*ring, ring[0]]),
    )
    return filled.encode()


def places(count: int, dice: random.Random) -> list[Place]:
    """Return points in clusters, as towns are."""
    towns = [(dice.uniform(-8, 30), dice.uniform(37, 60)) for _ in range(max(count // 40, 1))]
    found = []
    for number in range(count):
        lon, lat = dice.choice(towns)
        point = Point(lon + dice.gauss(0, 0.1), lat + dice.gauss(0, 0.1))
        found.append(
            Place(id=f"p{number}", name=f"Place {number}", geometry=point, geocodes=(Code("ISO3166-1", "DE"),))
        )
    return found


def take(store: Store, documents: list[bytes], health: Health, now: datetime) -> Health:
    """Collect one poll of these documents and return the source's health."""
    poll = collect.Poll(documents=tuple(collect.Document(format="cap", body=body) for body in documents))
    return collect.take(store, SOURCE, poll, health, now=now).health


def bare_commit_ms(folder: Path, times: int) -> float:
    """Return the median time of one-row transactions with the store's own durability settings."""
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, body TEXT)")
    taken = []
    for number in range(times):
        begun = time.perf_counter()
        database.execute("INSERT INTO row VALUES (?, ?)", (number, "x" * 3000))
        taken.append(time.perf_counter() - begun)
    database.close()
    return 1000 * statistics.median(taken)


def main() -> None:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--documents", type=int, default=200)
    arguments = parser.parse_args()
    dice = random.Random(20261124)
    channels = [ChannelConfig(id="benchmark", kind="webhook", at_least=Level.NOTICE)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Store.open(folder / "benchmark.db")
        situation = Situation(PlaceIndex(places(arguments.places, dice)), {SOURCE.id: SOURCE})
        desk = Desk(store, situation, channels, started=NOW)
        board = LiveBoard(desk, lambda: NOW)
        health = Health(source=SOURCE.id)
        begun = time.perf_counter()
        for start in range(0, arguments.events, 500):
            bodies = [document(f"live-{n}", dice) for n in range(start, min(start + 500, arguments.events))]
            health = desk.healths[SOURCE.id] = take(store, bodies, health, NOW)
        desk.reconcile(NOW)
        loaded_s = time.perf_counter() - begun
        json.dumps(board.overview())  # what a console asks for, so that its memory counts too
        outbox, told = [], 0
        for number in range(arguments.documents):
            body, now = document(f"new-{number}", dice), NOW + timedelta(seconds=number + 1)
            begun = time.perf_counter()
            health = desk.healths[SOURCE.id] = take(store, [body], health, now)
            found = desk.reconcile(now)
            outbox.append(1000 * (time.perf_counter() - begun))
            told += bool(found)
        outbox.sort()
        bare = bare_commit_ms(folder, arguments.documents)
        store.close()
    print(
        json.dumps(
            {
                "places": arguments.places,
                "events_live": len(situation.events),
                "loaded_s": round(loaded_s, 1),
                "documents": arguments.documents,
                "documents_that_told": told,
                "outbox_ms_median": round(statistics.median(outbox), 1),
                "outbox_ms_p99": round(outbox[int(len(outbox) * 0.99)], 1),
                "bare_commit_ms_median": round(bare, 2),
                "outbox_to_bare_commit": round(statistics.median(outbox) / bare, 1),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                "python": sys.version.split()[0],
            }
        )
    )


if __name__ == "__main__":
    main()
