"""How fast one warning finds its places, beside what else finds places in an area, in one run.

    python dev.py bench places [--places 1e5 1e6 1e7] [--repeat 5] [--areas 990] [--shared FOLDER] [--engines NAME ...]

Each engine (`places_engines`) runs in a process of its own for each number of places: its index stands, then 100
warnings come one after the other as WKB bytes, and each ends as an array of ids; then all of `--areas` warnings at
once (batch). Times are processor seconds on one thread beside those of the wall, for other work may run beside;
medians over the repetitions, of which there are fewer where one takes long (r=); p50 and p99 are over the warnings.
Memory is the process's highest resident size, less what it held before the index was built. Every engine must count
the same places in every area, or the table says so; places that lie on an edge by their decimals are the one thing on
which engines of degrees may differ. What is not installed is left out. At the end: by which power of the number of
places p50 and a batch grow, and what the file of an index takes (`--no-file` leaves that out).

`--places 1e8` needs 5 GB of memory and 1.4 GB of the temporary folder.

Areas: outlines of US counties as Tocsin brings them, with a corner each 0.02 degrees (45 %), unions of 3 to 30
neighbours (15 %), storm cells of 4 to 20 corners (28 %) and circles (12 %). Places: nine in ten about 3,000 towns, the
towns of very different size, one in ten anywhere; half of all in the United States. With `--shared` both are those of
the neutral harness that is in that folder, as its generator made them (bench/data), without the giants.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import places_engines
import shapely

from tocsin import geo, placefile
from tocsin.match.grid import EAST, NORTH, Whole, snap
from tocsin.match.points import Points
from tocsin.run.inputs import bundled_packs

STREAM = 100
TOWNS = 3000
BLOCK = 1_000_000
UNITED_STATES = (-124.0, 26.0, -68.0, 48.5)
WORLD = (-180.0, -55.0, 180.0, 70.0)
DEAR = 20.0  # seconds, beyond which nothing is repeated again


def places(count: int) -> Whole:
    """Return positions on the grid; a longer list begins with the shorter ones."""
    return np.concatenate([places_from(start, min(BLOCK, count - start)) for start in range(0, count, BLOCK)])


def places_from(start: int, count: int) -> Whole:
    """Return the block of positions that begins at `start`, a multiple of `BLOCK`, cut after `count`."""
    dice = np.random.default_rng(7)
    boxes = np.where(dice.random(TOWNS)[:, None] < 0.5, UNITED_STATES, WORLD)
    towns = boxes[:, :2] + dice.random((TOWNS, 2)) * (boxes[:, 2:] - boxes[:, :2])
    weights = 1 / np.arange(1, TOWNS + 1)
    dice = np.random.default_rng((7, start))
    town = towns[dice.choice(TOWNS, size=BLOCK, p=weights / weights.sum())]
    spread = np.where(dice.random(BLOCK) < 0.1, 3.0, 0.08)[:, None]
    spots = town + dice.laplace(0.0, 1.0, (BLOCK, 2)) * spread
    spots[:, 0] = (spots[:, 0] + 180.0) % 360.0 - 180.0
    spots[:, 1] = np.clip(spots[:, 1], -89.9, 89.9)
    return snap(spots)[:count]


def areas(count: int) -> list[bytes]:
    """Return warnings as WKB with coordinates of 1e-7 degrees."""
    dice = np.random.default_rng(11)
    pack = next(pack for pack in bundled_packs() for code in pack.codes if code.scheme in {"SAME", "FIPS6", "UGC"})
    outlines = [shape for code in pack.codes if (shape := pack.find(code)) is not None]
    counties = np.array([one for one in outlines if one.bounds[0] > -130 and one.bounds[3] < 50], dtype=object)
    middles = shapely.get_coordinates(shapely.centroid(counties))
    makers: list[Callable[[int], Any]] = [
        lambda row: counties[row],
        lambda row: shapely.union_all(
            counties[np.argsort(np.hypot(*(middles - middles[row]).T))[: dice.integers(3, 31)]]
        ),
        lambda row: _storm(dice, *middles[row]),
        lambda row: geo.circle(*middles[row], float(np.exp(dice.uniform(np.log(5e3), np.log(2e5))))),
    ]
    kinds = dice.choice(4, size=count, p=(0.45, 0.15, 0.28, 0.12))
    drawn = [makers[kind](dice.integers(len(counties))) for kind in kinds]
    sound = [shapely.set_precision(shapely.segmentize(one, 0.02), 1e-7) for one in drawn]
    return [shapely.to_wkb(one) for one in sound]


def _storm(dice: np.random.Generator, lon: float, lat: float) -> shapely.Polygon:
    corners = int(dice.integers(4, 21))
    turns = np.sort(dice.random(corners)) * 2 * np.pi
    radii = dice.uniform(0.7, 1.0, (corners, 1)) * (dice.uniform(0.1, 0.6), dice.uniform(0.05, 0.3))
    ring = np.column_stack((np.cos(turns), np.sin(turns))) * radii + (lon, lat)
    return shapely.convex_hull(shapely.MultiPoint(np.round(ring, 2)))


def of_harness(folder: Path, count: int, areas_wanted: int) -> tuple[Whole, list[bytes], list[bytes]]:
    """Return places, the warnings of the stream and those of the batch of the neutral harness."""
    data = folder / "bench" / "data"
    spots = np.load(data / "places.npy", mmap_mode="r")[:, :count].T.astype(np.int64)
    spots += (EAST // 2, NORTH // 2)
    stream = _without_giants(data / "s400.pkl")[:STREAM]
    batch = _without_giants(data / ("m1000.pkl" if areas_wanted <= 1000 else "m10000.pkl"))
    return spots, stream, batch[:areas_wanted]


def _without_giants(path: Path) -> list[bytes]:
    drawn = pickle.loads(path.read_bytes())  # noqa: S301  the operator's own file
    return [wkb for wkb, kind in zip(drawn["wkb"], drawn["kind"], strict=True) if kind != "giant"]


def estate(chosen: argparse.Namespace, count: int) -> tuple[Whole, list[bytes], list[bytes]]:
    """Return places, the warnings of the stream and those of the batch."""
    if chosen.shared:
        return of_harness(chosen.shared, count, chosen.areas)
    drawn = areas(max(STREAM, chosen.areas))
    return places(count), drawn[:STREAM], drawn[: chosen.areas]


def measure(name: str, count: int, chosen: argparse.Namespace) -> dict[str, Any]:
    """Return what one engine took at one number of places."""
    made = places_engines.ENGINES[name]
    if count > made.most:
        raise ValueError(f"not tried with more than {made.most:,} places")
    spots, stream, batch = estate(chosen, count)
    before_mb = _forget_peak()
    started = time.process_time()
    engine = made(spots)
    built_s = time.process_time() - started
    del spots
    counts = [engine.query(wkb) for wkb in stream]
    passes = repeated(lambda: [timed(engine.query, wkb) for wkb in stream], chosen.repeat)
    processor, wall = np.median(np.array(passes), axis=0).T * 1000
    batches: list[tuple[float, float]] = []
    pairs: list[int] = []
    if batch:  # the first warms up, and is all where it takes long
        batches = [timed(lambda wkbs: pairs.append(sum(engine.batch(wkbs))), batch)]
        if batches[0][1] < DEAR:
            batches = repeated(lambda: timed(engine.batch, batch), chosen.repeat)
    return {
        "built_s": built_s,
        "p50_ms": float(np.percentile(processor, 50)),
        "p99_ms": float(np.percentile(processor, 99)),
        "mean_ms": float(processor.mean()),
        "wall_ms": [float(np.percentile(wall, share)) for share in (50, 99)],
        "runs": len(passes),
        "batch": [statistics.median(times) for times in zip(*batches, strict=True)],
        "batch_runs": len(batches),
        "pairs": sum(pairs),
        "peak_mb": _status_mb("VmHWM") - before_mb,
        "bytes": engine.index_bytes / count if engine.index_bytes else None,
        "counts": counts,
    }


def timed(make: Callable[[Any], Any], given: Any) -> tuple[float, float]:
    """Return the processor seconds and the seconds of the wall that a call takes."""
    processor, wall = time.process_time(), time.perf_counter()
    made = make(given)
    taken = time.process_time() - processor, time.perf_counter() - wall
    del made
    return taken


def repeated(make: Callable[[], Any], times: int) -> list[Any]:
    """Return what is made some times, or as often as it does not take long."""
    started = time.perf_counter()
    made = [make()]
    while len(made) < times and time.perf_counter() - started < DEAR:
        made.append(make())
    return made


def measure_file(chosen: argparse.Namespace, count: int) -> dict[str, float]:
    """Return what the file of an index takes: to write, to open, and a first query with nothing of it in memory."""
    spots, stream, _ = estate(chosen, count)
    table = bytes(placefile.DIGEST_BYTES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "places.index"
        points = Points.at(spots)
        written = timed(lambda _: placefile.write(path, points, table=table), None)[1]
        points.warm()
        size = path.stat().st_size
        opened, cold = [], []
        for wkb in stream:
            del points
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            started = time.perf_counter()
            points = placefile.open_points(path, table=table)
            opened.append(time.perf_counter() - started)
            points.ids_in(points.slices(shapely.from_wkb(wkb)))
            cold.append(time.perf_counter() - started)
    shares = {f"cold p{share}": float(np.percentile(cold, share)) * 1000 for share in (50, 90, 100)}
    return {"bytes": size / count, "written": written, "opened": max(opened) * 1000, **shares}


def _forget_peak() -> float:
    """Let the highest resident size begin anew (Linux); return the present one in MB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status_mb("VmRSS")


def _status_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def in_own_process(name: str, count: int) -> dict[str, Any] | str:
    """Return what one engine took, measured in another process, or the last words of that."""
    command = [sys.executable, __file__, *sys.argv[1:], "--one", name, "--places", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  ourselves
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def print_row(name: str, row: dict[str, Any], truth: Sequence[int]) -> None:
    """Print what one engine took."""
    off = sum(one != other for one, other in zip(row["counts"], truth, strict=True))
    batch = "- | - | -"
    if row["batch"]:
        processor, wall = row["batch"]
        batch = f"{processor:.3f} | {wall:.3f} (r={row['batch_runs']}) | {row['pairs'] / wall / 1e6:.1f}"
    size = f"{row['bytes']:.1f}" if row["bytes"] else "-"
    wall_50, wall_99 = row["wall_ms"]
    print(
        f"| {name} | {row['p50_ms']:.3f} | {row['p99_ms']:.2f} | {row['mean_ms']:.3f} | {wall_50:.3f}, {wall_99:.2f} "
        f"(r={row['runs']}) | {batch} | {row['built_s']:.2f} | {row['peak_mb']:.0f} | {size} | {off} |",
        flush=True,
    )


def print_exponents(rows: dict[str, dict[int, dict[str, Any]]]) -> None:
    """Print by which power of the number of places an engine's times grow, over all numbers measured."""
    print("\n| engine | places | p50 | mean | batch |\n|---|---|---|---|---|")
    for name, by_count in rows.items():
        if len(by_count) < 2:
            continue
        found = [by_count[count] for count in by_count]
        each = [[row["p50_ms"] for row in found], [row["mean_ms"] for row in found]]
        if all(row["batch"] for row in found):
            each.append([row["batch"][0] for row in found])
        powers = [float(np.polyfit(np.log(list(by_count)), np.log(times), 1)[0]) for times in each]
        shown = " | ".join([f"{power:.2f}" for power in powers] + ["-"] * (3 - len(powers)))
        print(f"| {name} | {min(by_count):,} to {max(by_count):,} | {shown} |", flush=True)


def main() -> None:
    """Measure every engine that is installed, each in its own process, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", type=float, nargs="+", default=[1e5, 1e6, 1e7])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--areas", type=int, default=990)
    parser.add_argument("--shared", type=Path)
    parser.add_argument("--engines", nargs="+", default=list(places_engines.ENGINES))
    parser.add_argument("--no-file", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.one, int(chosen.places[0]), chosen)))
        return
    rows: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in chosen.engines}
    for count in map(int, chosen.places):
        print(f"\n{count:,} places, {STREAM} warnings, batch of {chosen.areas}, median of {chosen.repeat}")
        print(f"load {os.getloadavg()[0]:.1f}\n")
        print(
            "| engine | p50 ms | p99 | mean | of the wall | batch s | wall s | M pairs/s | built s | MB | bytes | off |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|---|---|")
        truth: list[int] | None = None
        for name in chosen.engines:
            row = in_own_process(name, count)
            if isinstance(row, str):
                print(f"| {name} | not run: {row} |", flush=True)
                continue
            truth = truth or row["counts"]
            rows[name][count] = row
            print_row(name, row, truth)
        if not chosen.no_file:
            took = measure_file(chosen, count)
            print("\nIts file: " + ", ".join(f"{name} {value:.2f}" for name, value in took.items()), flush=True)
    print_exponents(rows)


if __name__ == "__main__":
    main()
