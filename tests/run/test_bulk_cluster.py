"""A bulk match on a real cluster of Spark: a master and two workers of this machine, each a process of its own.

`python3 dev.py spark` runs this file in an environment with PySpark. Where that or Java is absent all is skipped.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from test_bulk import IDS, LONLAT, by_brute_force, geojson_areas, lonlat_places, matched, parquet, rows_of

from tocsin.errors import ConfigError
from tocsin.run.bulk import areas as bulk_areas
from worlds import NOW

pyspark = pytest.importorskip("pyspark", reason="pyspark (the extra spark) is not installed", exc_type=ImportError)
if shutil.which("java") is None:
    pytest.skip("Java is not installed", allow_module_level=True)
from tocsin.run.bulk import spark as engine  # noqa: E402

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("default"), pytest.mark.timeout(600)]
CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
HERE = "127.0.0.1"
SETTINGS = "--conf spark.executor.memory=480m --conf spark.cores.max=2 pyspark-shell"  # room for two applications
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A master's address and the processes of its workers."""

    master: str
    workers: list[subprocess.Popen[bytes]]
    folder: Path

    def add(self) -> None:
        """Start one more worker, and wait until the master knows it."""
        where = ["--host", HERE, "--cores", "2", "--memory", "1g", "--webui-port", "0", "-d", str(self.folder)]
        log = self.folder / f"{len(list(self.folder.iterdir()))}.log"
        worker, _ = started("worker.Worker", *where, self.master, log=log, until="Successfully registered")
        self.workers.append(worker)


def started(kind: str, *arguments: str, log: Path, until: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a class of Spark; return it with what follows `until` in the line of its log that has it."""
    environ = os.environ | {"SPARK_LOCAL_IP": HERE, "PYSPARK_PYTHON": sys.executable}
    with log.open("wb") as file:
        command = [str(CLASS), f"org.apache.spark.deploy.{kind}", *arguments]
        process = subprocess.Popen(command, stderr=file, stdout=subprocess.DEVNULL, env=environ)  # noqa: S603  what is written here
    line = eventually(lambda: until in log.read_text() and log.read_text().partition(until)[2].partition("\n")[0:2])
    return process, line[0].strip()


def ended(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> None:
    process.send_signal(how)
    process.wait()


def eventually(what: Callable[[], Any]) -> Any:
    """Return what is found, as soon as it is."""
    until = time.monotonic() + 300
    while not (found := what()):
        assert time.monotonic() < until
        threading.Event().wait(0.02)
    return found


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    return [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("workers")
    where = ["--host", HERE, "--port", "0", "--webui-port", "0"]
    master, address = started("master.Master", *where, log=folder / "master.log", until="Starting Spark master at ")
    made = Cluster(address, [], folder)
    try:
        made.add()
        made.add()
        yield made
    finally:
        for process in (*made.workers, master):
            if process.poll() is None:
                ended(process)


@pytest.fixture(scope="module")
def session(cluster: Cluster) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", HERE)
        patch.setenv("PYSPARK_SUBMIT_ARGS", SETTINGS)
        with engine.session(cluster.master) as one:
            yield one


@pytest.fixture(scope="module")
def areas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return geojson_areas(tmp_path_factory.mktemp("areas") / "a.geojson")


def read(areas: Path) -> bulk_areas.Areas:
    return bulk_areas.read_areas(areas, now=NOW)[0]


def collected(frame: Any) -> Rows:
    return sorted(tuple(row) for row in frame.collect())


def unsound_too(path: Path) -> Path:
    """Write the world's places and four rows that are none."""
    spots = [*shapely.to_wkb(shapely.points(LONLAT)), None, shapely.to_wkb(shapely.Point(0, 95)), b"no WKB"]
    return parquet(path, {"id": [*IDS, "x", "y", "z", None], "geometry": [*spots, spots[0]]})


def many(path: Path, copies: int) -> tuple[Path, Rows]:
    """Write the world's places several times over in one row group, and return the rows that must come of it."""
    ids = [f"{one}/{copy}" for copy in range(copies) for one in IDS]
    spots = np.tile(LONLAT, (copies, 1))
    parquet(path, {"id": ids, "lon": spots[:, 0], "lat": spots[:, 1]}, row_group=len(ids))
    once = by_brute_force(len(IDS))
    return path, sorted((f"{one}/{copy}", area, "inside", 0.0) for copy in range(copies) for one, area in once)


# --- the same rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("within_m", [0.0, 60_000.0])
def test_rows_are_those_of_the_other_engine(within_m: float, session: Any, areas: Path, tmp_path: Path) -> None:
    places, out, local = unsound_too(tmp_path / "p.parquet"), tmp_path / "out.parquet", tmp_path / "local.parquet"
    counts = engine.match_files(session, str(places), read(areas), str(out), within_m=within_m)
    done, problems = matched(places, areas, local, within_m=within_m)
    assert sorted(rows_of(out)) == sorted(rows_of(local))
    assert counts == (done.places, done.left_out, done.rows) == (len(IDS), len(problems), len(rows_of(local)))
    assert len(problems) == 4
    inside = sorted((place, area) for place, area, relation, _ in rows_of(out) if relation == "inside")
    assert inside == sorted(by_brute_force(len(IDS)))
    assert (len(inside) < done.rows) == (within_m > 0)


def test_random_places_are_found_alike_by_numpy_shapely_and_spark(
    session: Any, areas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places, expected = many(tmp_path / "p.parquet", 2)
    assert collected(engine.match(session.read.parquet(str(places)), read(areas))) == expected
    monkeypatch.setattr("tocsin.match.points.kernel", lambda: None)
    matched(places, areas, tmp_path / "local.parquet")
    assert sorted(rows_of(tmp_path / "local.parquet")) == expected


def test_an_earlier_output_is_replaced_and_another_folder_is_not(session: Any, areas: Path, tmp_path: Path) -> None:
    places, out = lonlat_places(tmp_path / "p.parquet"), tmp_path / "out.parquet"
    for _ in range(2):
        engine.match_files(session, str(places), read(areas), str(out), within_m=0)
        assert len(rows_of(out)) == len(by_brute_force(len(IDS)))
    (tmp_path / "mine.parquet").mkdir()
    with pytest.raises(ConfigError, match="name another"):
        engine.match_files(session, str(places), read(areas), str(tmp_path / "mine.parquet"), within_m=0)
    assert {file.name for file in tmp_path.iterdir()} == {"p.parquet", "out.parquet", "mine.parquet"}


def test_one_partition_is_dealt_out_evenly(
    session: Any, areas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places, expected = many(tmp_path / "p.parquet", 5)
    frame = session.read.parquet(str(places)).coalesce(1)
    monkeypatch.setattr(engine, "BATCH", 2_500)
    dealt = engine.dealt(frame, 20_000)
    sizes = dealt.rdd.mapPartitions(lambda rows: [sum(1 for _ in rows)]).collect()
    assert (len(sizes), max(sizes) <= 2_500 + 8) == (8, True)
    assert collected(engine.match(dealt, read(areas))) == expected


# --- what ends in the middle --------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_costs_no_row(cluster: Cluster, session: Any, areas: Path, tmp_path: Path) -> None:
    places, expected = many(tmp_path / "p.parquet", 30)
    frame = session.read.parquet(str(places)).repartition(60)
    found: list[Rows] = []
    job = threading.Thread(target=lambda: found.append(collected(engine.match(frame, read(areas)))))
    job.start()
    tracker = session.sparkContext.statusTracker()

    def is_in_the_middle() -> bool:
        stages = [tracker.getStageInfo(one) for one in tracker.getActiveStageIds()]
        return any(one and one.numTasks == 60 and 3 <= one.numCompletedTasks < 50 for one in stages)

    eventually(is_in_the_middle)
    killed = cluster.workers.pop()
    executors = children(killed.pid)
    assert executors
    for pid in executors:
        os.kill(pid, signal.SIGKILL)
    ended(killed, signal.SIGKILL)
    job.join()
    assert found == [expected]
    cluster.add()
