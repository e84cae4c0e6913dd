"""How many areas of recorded documents are known how well, with no pack, with those that Tocsin brings, with yours.

    python benchmarks/geocodes.py DOCUMENTS [PACK...]

DOCUMENTS is a folder with MANIFEST.tsv and recorded documents; each PACK is laid before the ones that Tocsin brings.
Prints a row for each publisher's format: areas with a shape, and of those without one the share that is exact; then
the time that a pack takes to open, and a coded warning at 10,000 places.
"""

from __future__ import annotations

import csv
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import shapely

from tocsin import formats
from tocsin.errors import FormatError
from tocsin.geocodes import NONE, Exactness, Geocodes, Pack
from tocsin.match import PlaceIndex, touches
from tocsin.model import Area, Event, Place
from tocsin.run.inputs import bundled_packs

PLACES = 10_000
LARGEST = 30_000_000  # bytes of a document


def main(arguments: list[str]) -> None:
    """Print the table and the times."""
    packs = [Path(name).read_bytes() for name in arguments[1:]]
    before = time.perf_counter()
    yours = [Pack(body) for body in packs]
    opened_ms = (time.perf_counter() - before) * 1000
    stages = {"no pack": NONE, "shipped": Geocodes(bundled_packs())}
    if yours:
        stages["yours"] = Geocodes((*yours, *bundled_packs()))
    events = list(_events(Path(arguments[0])))
    _table(events, stages)
    if yours:
        print(f"{sum(map(len, packs)):,} bytes opened in {opened_ms:.0f} ms")
    _warn([event for _, event in events], list(stages.values())[-1])


def _events(folder: Path) -> Iterator[tuple[str, Event]]:
    with (folder / "MANIFEST.tsv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
            path = folder / row["path"]
            if path.stat().st_size > LARGEST:
                continue
            body = path.read_bytes()
            name = formats.name_of(body)
            try:
                items = formats.read(name, body, source="s", now=datetime.now(UTC)).items if name else ()
            except FormatError:
                continue
            yield from ((row["path"].split("/")[0], event) for item in items for event in item.events)


def _table(events: list[tuple[str, Event]], stages: dict[str, Geocodes]) -> None:
    groups: defaultdict[str, list[Area]] = defaultdict(list)
    for group, event in events:
        groups[group] += event.areas
        groups["all"] += event.areas
    print("group                       areas   drawn   coded", *(f"{name:>9}" for name in stages))
    for group, areas in groups.items():
        counts = {name: Counter(map(stage.exactness, areas)) for name, stage in stages.items()}
        drawn = next(iter(counts.values()))[Exactness.DRAWN]
        coded = sum(bool(area.geocodes) for area in areas if area.geometry is None)
        if coded:
            shares = [f"{100 * count[Exactness.EXACT] / coded:8.1f}%" for count in counts.values()]
            print(f"{group:25}{len(areas):8}{drawn:8}{coded:8}", *shares)


def _warn(events: list[Event], geocodes: Geocodes) -> None:
    random = Random(1)
    boxes = [(-124.0, 30.0, -75.0, 48.0), (-8.0, 41.0, 25.0, 60.0)]
    spots = [
        shapely.Point(random.uniform(box[0], box[2]), random.uniform(box[1], box[3]))
        for box in boxes
        for _ in range(PLACES // len(boxes))
    ]
    before = time.perf_counter()
    index = PlaceIndex([Place(id=str(n), name="", geometry=spot) for n, spot in enumerate(spots)], geocodes)
    print(f"{PLACES} places located in {time.perf_counter() - before:.2f} s")
    coded = [event for event in events if event.areas and all(area.geometry is None for area in event.areas)]
    for within_m in (0.0, 10_000.0):
        times = [_seconds(index, event, within_m) * 1000 for event in coded[:2000]]
        if times:
            p99 = sorted(times)[int(len(times) * 0.99)]
            print(
                f"{len(times)} coded warnings, near {within_m:.0f} m: median {statistics.median(times):.2f} ms, "
                f"p99 {p99:.1f} ms, worst {max(times):.1f} ms"
            )


def _seconds(index: PlaceIndex, event: Event, within_m: float) -> float:
    before = time.perf_counter()
    touches(index, event, within_m=within_m, jurisdiction=("US",))
    return time.perf_counter() - before


if __name__ == "__main__":
    main(sys.argv[1:])
