"""Peak memory of the whole service: loops, HTTP client, store and console in one process of its own.

    python dev.py bench service [--places 10000] [--events 5000]     (it puts tests/, with its feed server, on the path)

Starts a server on loopback whose Atom feeds hold `--events` live alerts, and in a child process what `tocsin run`
starts: the four loops over a database file, and the console. When the console shows all alerts the figures are read
while a browser's requests are made (page, overview, an open event stream):

- peak_mb: the child's highest resident memory (VmHWM of Linux), from its start to the end of those requests.
- overview_s: how long the console's overview took.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import run as in_process
from feed_server import FeedServer, feed
from tocsin import egress, fetch
from tocsin.config import ChannelConfig
from tocsin.model import Level
from tocsin.run import arenas, sweeps
from tocsin.run.service import Loops
from tocsin.store import Store
from tocsin.web.serve import serve

IN_ONE_FEED = 1_000
WITHIN_S = 300
DICE = 20261125


def feeds(server: FeedServer, events: int) -> list[str]:
    """Put Atom feeds of live alerts onto the server and return their addresses."""
    dice = random.Random(DICE)
    in_process.NOW = datetime.now(UTC).replace(microsecond=0)
    urls = []
    for start in range(0, events, IN_ONE_FEED):
        alerts = [in_process.document(f"live-{n}", dice) for n in range(start, min(start + IN_ONE_FEED, events))]
        entries = b"".join(b"<entry>" + alert.partition(b"?>\n")[2] + b"</entry>" for alert in alerts)
        body = b'<feed xmlns="http://www.w3.org/2005/Atom">' + entries + b"</feed>"
        urls.append(server.put(f"/{start}", feed(body, etag=f'"{start}"')))
    return urls


def child(urls: list[str], places: int, folder: str) -> None:
    """Be the service until killed; print the console's address."""
    arenas.few()  # this and the next as the command line does
    sweeps.seldom()
    sources = [replace(in_process.SOURCE, id=f"feed-{n}", url=url, format="atom") for n, url in enumerate(urls)]
    os.environ["BENCHMARK_SECRET"] = "whsec_" + base64.b64encode(b"benchmark" * 4).decode()
    settings = {"url": "https://hooks.invalid/", "secret": "env:BENCHMARK_SECRET"}
    channels = [ChannelConfig(id="benchmark", kind="webhook", settings=settings, at_least=Level.NOTICE)]

    async def service() -> None:
        client = fetch.client("mailto:benchmark@example.org", "0", reach=egress.Reach(loopback=True))
        with Store.open(Path(folder) / "service.db") as store:
            async with client as http:
                loops = Loops(store, sources, in_process.places(places, random.Random(DICE)), channels, http)
                await serve(loops.board, loops.run(), host="127.0.0.1", port=0, tell=lambda url: print(url, flush=True))

    asyncio.run(service())


def figures(process: subprocess.Popen[str]) -> dict[str, float]:
    """Return what was measured once the console of the service shows all alerts."""
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    until = time.monotonic() + WITHIN_S
    while not is_loaded(url) and time.monotonic() < until:
        time.sleep(1)
    stream = urllib.request.urlopen(f"{url}api/events")  # noqa: S310  our own loopback server
    urllib.request.urlopen(url).read()  # noqa: S310
    begun = time.monotonic()
    body = overview(url)
    taken_s = time.monotonic() - begun
    stream.close()
    dangers = sum(place["state"] == "danger" for place in body["places"])
    return {"places_in_danger": dangers, "overview_s": round(taken_s, 2), "peak_mb": peak_mb(process.pid)}


def is_loaded(url: str) -> bool:
    """Return whether every source has been read and what it gave has reached the places."""
    body = overview(url)
    return all(source["succeeded"] for source in body["sources"]) and bool(body["notices"])


def overview(url: str) -> dict[str, Any]:
    """Return what the console asks for."""
    with urllib.request.urlopen(f"{url}api/overview") as answer:  # noqa: S310  our own loopback server
        return dict(json.load(answer))


def peak_mb(pid: int) -> int:
    """Return the highest resident memory that a process ever had. Source: proc(5), VmHWM."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024


def main() -> None:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        folder, *urls = arguments.child
        child(urls, arguments.places, folder)
        return
    with FeedServer() as server, tempfile.TemporaryDirectory() as folder:
        urls = feeds(server, arguments.events)
        command = [sys.executable, __file__, "--places", str(arguments.places), "--child", folder, *urls]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            try:
                found = figures(process)
            finally:
                process.terminate()
        print(
            json.dumps(
                {"places": arguments.places, "events_live": arguments.events, **found, "python": sys.version.split()[0]}
            )
        )


if __name__ == "__main__":
    main()
