"""How long `tocsin match` takes over very many places, and how much memory: the command, each time a new process.

    python dev.py bench bulk [--places 1e7] [--areas 1000] [--workers 1 2] [--repeat 3] [--folder DIR] [--engine raster]

Places and areas are those of `bench places` (9 of 10 places about 3,000 towns; outlines of counties, storm cells,
circles), written as GeoParquet with WKB, ids like "p0000000042". Times are of the wall, from start to exit with a file
that is whole, medians over the repetitions; memory is the largest resident set of the process, which the kernel counts
(ru_maxrss of wait4). `--engine raster` measures without the compiler. Needs the extra geo.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import places as estate
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from tocsin.match.grid import degrees

_META = {"version": "1.1.0", "primary_column": "geometry"}
_WITHOUT_COMPILER = "import sys; sys.modules['numba'] = None; "
_COMMAND = "from tocsin.cli import main; main()"


def _schema(kind: str) -> pa.Schema:
    geo = {**_META, "columns": {"geometry": {"encoding": "WKB", "geometry_types": [kind]}}}
    fields = [("id", pa.string()), ("geometry", pa.binary())]
    return pa.schema(fields, metadata={"geo": json.dumps(geo)})


def write_places(path: Path, count: int) -> None:
    """Write a GeoParquet file of places, a million at a time."""
    schema = _schema("Point")
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, count, estate.BLOCK):
            lonlat = degrees(estate.places_from(start, min(estate.BLOCK, count - start)))
            ids = [f"p{number:010}" for number in range(start, start + len(lonlat))]
            writer.write_table(pa.table([ids, shapely.to_wkb(shapely.points(lonlat))], schema=schema))


def write_areas(path: Path, count: int) -> None:
    """Write a GeoParquet file of areas."""
    shapes = estate.areas(count)
    schema = _schema("Polygon")
    pq.write_table(pa.table([[f"a{number}" for number in range(len(shapes))], shapes], schema=schema), path)


def run(arguments: list[str], *, compiled: bool) -> tuple[float, float]:
    """Run the command; return wall seconds and the largest resident set in MB. Exits where it fails."""
    code = ("" if compiled else _WITHOUT_COMPILER) + _COMMAND
    started = time.perf_counter()
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", code, "match", *arguments], os.environ)
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"tocsin match ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main() -> None:
    """Write the files, run the command, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", type=float, default=1e7)
    parser.add_argument("--areas", type=int, default=1000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the files are written (default: a new one, removed after)")
    parser.add_argument("--engine", choices=["compiled", "raster"], default="compiled")
    parser.add_argument("--output", choices=["parquet", "csv"], default="parquet")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        measure(Path(name), chosen)


def measure(folder: Path, chosen: Any) -> None:
    """Measure in a folder."""
    places, areas, out = (folder / name for name in ("places.parquet", "areas.parquet", f"pairs.{chosen.output}"))
    write_places(places, int(chosen.places))
    write_areas(areas, chosen.areas)
    print(f"{int(chosen.places):,} places ({places.stat().st_size / 1e6:.0f} MB), {chosen.areas:,} areas")
    print("| workers | wall s | all | memory MB | out MB |\n|---|---|---|---|---|")
    for workers in chosen.workers:
        arguments = [str(places), str(areas), "-o", str(out), "--workers", str(workers)]
        runs = [run(arguments, compiled=chosen.engine == "compiled") for _ in range(chosen.repeat)]
        walls = np.array([wall for wall, _ in runs])
        every = ", ".join(f"{wall:.1f}" for wall in walls)
        most, size = max(memory for _, memory in runs), out.stat().st_size / 1e6
        print(f"| {workers} | {statistics.median(walls):.1f} | {every} | {most:.0f} | {size:.0f} |", flush=True)


if __name__ == "__main__":
    main()
