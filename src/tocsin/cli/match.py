"""`tocsin match`: which of very many places lie in which areas, from file to file."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from tocsin.cli.arguments import DONE, FILE, HAD_PROBLEMS, is_terminal, name_problems
from tocsin.model import Problem

if TYPE_CHECKING:
    from tocsin.run import bulk

_FARTHEST_M = 500_000  # as far as distances are exact
_MOST_NAMED = 100  # problems of a file; more are counted
_MOST_WORKERS = 64
_TERMINATED = 128 + signal.SIGTERM  # as a shell counts


@click.command()
@click.option("-o", "--output", type=str, required=True, help="the file to write, .csv or .parquet")
@click.option("--workers", type=click.IntRange(1, _MOST_WORKERS), help="threads (default: one for each processor)")
@click.option("--within", metavar="METRES", type=click.FloatRange(0, _FARTHEST_M), default=0.0, help="near ones too")
@click.option("--engine", type=click.Choice(["local", "spark"]), default="local", help="this machine, or a cluster")
@click.option("--master", help="of --engine spark, as spark://host:7077 or local[4] (default: Spark's own settings)")
@click.argument("places", type=str)
@click.argument("areas", type=FILE)
def match(
    output: str, workers: int | None, within: float, engine: str, master: str | None, places: str, areas: Path
) -> int:
    """Write which of PLACES lie in which of AREAS or on their edge, for any number of places.

    PLACES is CSV (columns id, lon, lat, and any others) or GeoParquet. AREAS is GeoJSON or GeoParquet with ids, or a
    document of a feed. Rows are place, area, relation, distance_m; they are in order of place (half a million at a
    time), then area. Parquet needs the extra tocsin[geo].

    The output appears when it is whole. A place or an area that is not sound is named and left out (exit 3).

    \b
    Examples:
      tocsin match places.csv zones.geojson -o pairs.csv
      tocsin match addresses.parquet flood-zones.parquet -o pairs.parquet
      tocsin match places.csv alert.cap -o warned.csv
      tocsin match places.csv zones.geojson -o near.csv --within 500
      tocsin match hdfs:///all.parquet zones.geojson -o hdfs:///pairs.parquet --engine spark --master spark://m:7077
    """
    told = _Told()
    if engine == "spark":
        done = _on_spark(places, areas, output, master=master, within_m=within, told=told)
    else:
        if master:
            raise click.UsageError("--master is of --engine spark")
        done = _here(Path(places), areas, Path(output), workers=workers or _processors(), within_m=within, told=told)
    told.close()
    left_out = f", {done.left_out:,} left out" if done.left_out else ""
    click.echo(f"{done.places:,} places{left_out}, {done.areas:,} areas: {done.rows:,} pairs in {output}", err=True)
    return HAD_PROBLEMS if told.unrepaired or done.left_out else DONE


def _on_spark(
    places: str, areas: Path, output: str, *, master: str | None, within_m: float, told: _Told
) -> bulk.Summary:
    from tocsin.run import bulk
    from tocsin.run.bulk import spark
    from tocsin.run.bulk.areas import read_areas

    if not output.endswith(".parquet"):
        raise click.UsageError("with --engine spark the output is a folder of Parquet; its name must end in .parquet")
    with _terminable(), spark.session(master) as session:
        outlines, problems = read_areas(areas, now=datetime.now(UTC))
        for problem in problems:
            told.tell(areas, problem)
        count, left_out, rows = spark.match_files(session, places, outlines, output, within_m=within_m)
    return bulk.Summary(places=count, areas=len(outlines), rows=rows, left_out=left_out)


def _here(places: Path, areas: Path, output: Path, *, workers: int, within_m: float, told: _Told) -> bulk.Summary:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from tocsin.run import bulk

    columns = (
        TextColumn("matching"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[pairs]:,} pairs"),
    )
    with (
        _terminable(),
        Progress(*columns, console=Console(stderr=True), transient=True, disable=not is_terminal()) as bar,
    ):
        task = bar.add_task("matching", total=1.0, pairs=0)
        return bulk.match(
            places,
            areas,
            output,
            now=datetime.now(UTC),
            workers=workers,
            within_m=within_m,
            tell=told.tell,
            progress=lambda share, pairs: bar.update(task, completed=share, pairs=pairs),
        )


class _Told:
    """Names the first problems of each file on stderr and counts the others."""

    def __init__(self) -> None:
        self.unrepaired = False
        self._counts: Counter[Path] = Counter()

    def tell(self, file: Path, problem: Problem) -> None:
        self._counts[file] += 1
        self.unrepaired |= not problem.is_repaired
        if self._counts[file] <= _MOST_NAMED:
            name_problems(str(file), [problem])

    def close(self) -> None:
        for file, count in self._counts.items():
            if count > _MOST_NAMED:
                click.echo(f"{file}: and {count - _MOST_NAMED:,} more problems", err=True)


def _processors() -> int:
    """Return how many processors this process may use."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(count, _MOST_WORKERS)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that it tidies up, and exit as a shell expects."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise click.exceptions.Exit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


COMMANDS = (match,)
