"""How fast one warning finds its places, beside what else finds places in an area, in one run.

    python dev.py bench places [--places 1e5 1e6 1e7] [--repeat 5] [--areas 990]

Each engine runs in a process of its own for each number of places: its index stands, then 100 warnings come one after
the other as WKB bytes, and each ends as an array of ids; then all of `--areas` warnings at once (batch). Times are
processor seconds on one thread, for other work may run beside; medians over the repetitions; p50 and p99 are over the
warnings. Memory is the process's highest resident size, less what it held before the index was built. Every engine
must count the same places in every area, or the table says so; places that lie on an edge by their decimals are the
one thing on which engines of degrees may differ.

Areas: outlines of US counties as Tocsin brings them, with a corner each 0.02 degrees (45 %), unions of 3 to 30
neighbours (15 %), storm cells of 4 to 20 corners (28 %) and circles (12 %). Places: nine in ten about 3,000 towns, the
towns of very different size, one in ten anywhere; half of all in the United States.

Engines: Tocsin's index of points (with and without the compiler, as slices and as ids), all of `PlaceIndex.near` (at
5 km it finds more, so its counts differ), shapely's STRtree, the hand-made filter of places sorted by longitude, and
DuckDB with its spatial extension where both are installed.
"""

from __future__ import annotations

import argparse
import glob
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from tocsin import geo
from tocsin.match import PlaceIndex, raster
from tocsin.match.edges import edges_of
from tocsin.match.grid import Whole, degrees, snap
from tocsin.match.points import Points, kernel, united
from tocsin.match.remembered import Remembered
from tocsin.model import Place
from tocsin.run.inputs import bundled_packs

STREAM = 100
MOST_OBJECTS = 1_000_000  # places of `Near`, each an object of Python
TOWNS = 3000
BLOCK = 1_000_000
UNITED_STATES = (-124.0, 26.0, -68.0, 48.5)
WORLD = (-180.0, -55.0, 180.0, 70.0)


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


class Compiled:
    """Tocsin, compiled: ids."""

    def __init__(self, spots: Whole) -> None:
        self.points = Points.at(spots)
        self.warm()

    def warm(self) -> None:
        """Load the compiler's work, which is not the index's."""
        if kernel() is None:
            raise ImportError("numba")
        self.points.warm()

    def slices(self, wkb: bytes) -> Whole:
        """Return the slices of one area."""
        return self.points.slices(shapely.from_wkb(wkb))

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has, after making the array of their ids."""
        return len(self.points.ids_in(self.slices(wkb)))

    def batch(self, wkbs: Sequence[bytes]) -> list[int]:
        """Return how many places each area has."""
        return [self.query(wkb) for wkb in wkbs]


class CompiledSlices(Compiled):
    """Tocsin, compiled: slices."""

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has, from its slices."""
        slices = self.slices(wkb)
        return int((slices[:, 1] - slices[:, 0]).sum())


class Kernel(Compiled):
    """Tocsin, compiled: the descent alone, edges made before."""

    def __init__(self, spots: Whole) -> None:
        super().__init__(spots)
        self.made: dict[bytes, Any] = {}

    def slices(self, wkb: bytes) -> Whole:
        """Return the slices of one area whose edges were made when it was first asked for."""
        if wkb not in self.made:
            self.made[wkb] = edges_of(shapely.from_wkb(wkb))
        edges, parts = self.made[wkb]
        found: Whole = kernel().descend_all(self.points.codes, self.points.starts, edges, parts)
        return found if len(parts) == 2 else united(found)

    query = CompiledSlices.query


class Plain(Compiled):
    """Tocsin, NumPy and GEOS: ids."""

    def warm(self) -> None:
        """Nothing is loaded."""

    def slices(self, wkb: bytes) -> Whole:
        """Return the slices of one area without a compiler."""
        return united(raster.slices(self.points.codes, shapely.from_wkb(wkb)))

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has, after making the array of their ids without a compiler."""
        return len(raster.copied(self.points.ids, self.slices(wkb)))


class Near:
    """Tocsin, near at 0 m."""

    reach_m = 0.0

    def __init__(self, spots: Whole) -> None:
        if len(spots) > MOST_OBJECTS:
            raise ValueError(f"more than {MOST_OBJECTS:,} places as objects")
        shapes = shapely.points(degrees(spots)).tolist()
        self.index = PlaceIndex([Place(id=str(row), name="", geometry=shape) for row, shape in enumerate(shapes)])

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has, as if it was never asked for."""
        self.index._remembered = Remembered()  # noqa: SLF001  a warning is seldom asked for five times
        return len(self.index.near([shapely.from_wkb(wkb)], within_m=self.reach_m).place)

    batch = Compiled.batch


class NearAround(Near):
    """Tocsin, near at 5 km."""

    reach_m = 5000.0


class Tree:
    """shapely STRtree, predicate intersects."""

    def __init__(self, spots: Whole) -> None:
        self.tree = shapely.STRtree(shapely.points(degrees(spots)))
        self.tree.query(shapely.Point(0, 0))

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has."""
        return len(self.tree.query(shapely.from_wkb(wkb), predicate="intersects"))

    def batch(self, wkbs: Sequence[bytes]) -> list[int]:
        """Return how many places each area has, all asked at once."""
        found = self.tree.query(shapely.from_wkb(np.array(wkbs, dtype=object)), predicate="intersects")
        return np.bincount(found[0], minlength=len(wkbs)).tolist()


class Sorted:
    """sorted by longitude, prepared polygon."""

    def __init__(self, spots: Whole) -> None:
        lonlat = degrees(spots)
        self.ids = np.argsort(lonlat[:, 0])
        self.lon, self.lat = np.ascontiguousarray(lonlat[self.ids].T)

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has."""
        shape = shapely.from_wkb(wkb)
        shapely.prepare(shape)
        west, south, east, north = shape.bounds
        first, end = np.searchsorted(self.lon, west), np.searchsorted(self.lon, east, side="right")
        rows = first + np.flatnonzero((self.lat[first:end] >= south) & (self.lat[first:end] <= north))
        return len(self.ids[rows[shapely.intersects_xy(shape, self.lon[rows], self.lat[rows])]])

    batch = Compiled.batch


class Duck:
    """DuckDB spatial, rows in Hilbert order, one thread."""

    ordered = (
        "create table p as select id, lon, lat, st_point(lon, lat) as g from t order by st_hilbert(lon, lat, "
        "{min_x: -180.0, min_y: -90.0, max_x: 180.0, max_y: 90.0}::BOX_2D)"
    )

    def __init__(self, spots: Whole) -> None:
        import duckdb  # noqa: PLC0415  a peer that need not be there
        import duckdb_extension_spatial  # noqa: PLC0415
        import pyarrow as pa  # noqa: PLC0415

        self.arrow = pa
        self.duck = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": "1"})
        folder = Path(duckdb_extension_spatial.__file__).parent
        self.duck.load_extension(glob.glob(f"{folder}/extensions/*/spatial.duckdb_extension")[0])  # noqa: PTH207
        lon, lat = degrees(spots).T
        rows = pa.table({"id": np.arange(len(spots), dtype=np.int32), "lon": lon, "lat": lat})
        self.duck.register("t", rows)
        self.duck.execute(self.ordered)

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has."""
        west, south, east, north = shapely.from_wkb(wkb).bounds
        found = self.duck.execute(
            "select id from p where lon between ? and ? and lat between ? and ? "
            "and st_intersects(g, st_geomfromwkb(?))",
            [west, east, south, north, wkb],
        ).fetchnumpy()
        return len(found["id"])

    def batch(self, wkbs: Sequence[bytes]) -> list[int]:
        """Return how many places each area has, by a spatial join."""
        rows = self.arrow.table({"k": np.arange(len(wkbs), dtype=np.int32), "w": self.arrow.array(wkbs)})
        self.duck.register("w", rows)
        self.duck.execute("create or replace table q as select k, st_geomfromwkb(w) as g from w")
        found = self.duck.execute(
            "select q.k, count(*) n from p join q on st_intersects(q.g, p.g) group by q.k"
        ).fetchnumpy()
        counts = np.zeros(len(wkbs), dtype=np.int64)
        counts[found["k"]] = found["n"]
        return counts.tolist()


ENGINES: dict[str, Callable[[Whole], Any]] = {
    str(one.__doc__).split(".")[0].removesuffix("."): one
    for one in (Compiled, CompiledSlices, Kernel, Plain, Near, NearAround, Sorted, Tree, Duck)
}
DEAR_BATCH = 5.0  # seconds, beyond which a batch is not repeated


def measure(name: str, count: int, repeat: int, batch: int) -> dict[str, Any]:
    """Return what one engine took at one number of places."""
    spots = places(count)
    warnings = areas(max(STREAM, batch))
    before_mb = _forget_peak()
    started = time.process_time()
    engine = ENGINES[name](spots)
    built_s = time.process_time() - started
    counts = [engine.query(wkb) for wkb in warnings[:STREAM]]
    passes = []
    for _ in range(repeat):
        times = []
        for wkb in warnings[:STREAM]:
            started = time.process_time()
            engine.query(wkb)
            times.append((time.process_time() - started) * 1000)
        passes.append(times)
    each = np.median(np.array(passes), axis=0)
    batches = []
    for _ in range(repeat if batch else 0):
        started = time.process_time()
        all_counts = engine.batch(warnings[:batch])
        batches.append(time.process_time() - started)
        if batches[-1] > DEAR_BATCH:
            break
    return {
        "built_s": built_s,
        "p50_ms": float(np.percentile(each, 50)),
        "p99_ms": float(np.percentile(each, 99)),
        "mean_ms": float(each.mean()),
        "batch_s": statistics.median(batches) if batches else None,
        "batch_runs": len(batches),
        "pairs": sum(all_counts) if batches else None,
        "peak_mb": _status_mb("VmHWM") - before_mb,
        "counts": counts,
    }


def _forget_peak() -> float:
    """Let the highest resident size begin anew (Linux); return the present one in MB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status_mb("VmRSS")


def _status_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def main() -> None:
    """Measure every engine that is installed, each in its own process, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", type=float, nargs="+", default=[1e5, 1e6, 1e7])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--areas", type=int, default=990)
    parser.add_argument("--engines", nargs="+", default=list(ENGINES))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.one, int(chosen.places[0]), chosen.repeat, chosen.areas)))
        return
    for count in map(int, chosen.places):
        print(f"\n{count:,} places, {STREAM} warnings, batch of {chosen.areas}, median of {chosen.repeat}\n")
        print("| engine | p50 ms | p99 ms | mean ms | batch s | M pairs/s | built s | memory MB | counts differ |")
        print("|---|---|---|---|---|---|---|---|---|")
        truth: list[int] | None = None
        for name in chosen.engines:
            arguments = ["--places", str(count), "--repeat", str(chosen.repeat), "--areas", str(chosen.areas)]
            command = [sys.executable, __file__, "--one", name, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  ourselves
            if done.returncode:
                print(f"| {name} | not run: {done.stderr.strip().splitlines()[-1]} |")
                continue
            row = json.loads(done.stdout)
            truth = truth or row["counts"]
            off = sum(one != other for one, other in zip(row["counts"], truth, strict=True))
            batch = "- | -"
            if row["batch_s"]:
                batch = f"{row['batch_s']:.3f} (r={row['batch_runs']}) | {row['pairs'] / row['batch_s'] / 1e6:.1f}"
            print(
                f"| {name} | {row['p50_ms']:.3f} | {row['p99_ms']:.2f} | {row['mean_ms']:.3f} | "
                f"{batch} | {row['built_s']:.2f} | {row['peak_mb']:.0f} | {off} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
