"""A bulk match on a cluster: Apache Spark gives out rows of places, `lookup`, the kernel of every engine, matches them.

Areas are broadcast once to each worker. Places are dealt out by rows, never by where they lie: so a city is spread
over all tasks like everything else. A task takes its rows `BATCH` at a time and hands pairs on in small pieces, so its
memory has a bound whatever it was given. Rows are the same set as those of the other engine; they have no order.

Tocsin must be installed in the Python of the workers too. Source: Apache Spark 4, `DataFrame.mapInArrow`,
`repartition`. Needs the extra `tocsin[spark]`, and Java.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.errors import ConfigError, StoreError
from tocsin.run.bulk import arrow
from tocsin.run.bulk.areas import Areas
from tocsin.run.bulk.lookup import Lookup
from tocsin.run.bulk.places import Batch, of_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BATCH = 500_000
"""Rows that a task looks up at once, as on one machine."""
_PIECE = 1 << 16  # pairs handed to the JVM at once
_PAIRS = "place string, area string, relation string, distance_m double"
_TALLY = "places long, left_out long"
_WHOLE = "_SUCCESS"  # what Spark leaves in a folder of which all is there


# --- on the workers -----------------------------------------------------------------------------------------------


def pairs_of(pieces: Iterable[Any], lookup: Lookup, columns: arrow.Columns, *, size: int = BATCH) -> Iterator[Any]:
    """Yield pairs as record batches, of record batches of places. Of places it holds `size` rows at once."""
    made = arrow.Pairs(lookup.areas.ids)
    for batch in _batches(pieces, columns, size):
        for piece in lookup.find(batch.lonlat).pieces():
            rows = arrow.plain(made.rows(batch.ids, *lookup.pairs(piece)))
            yield from (rows.slice(start, _PIECE) for start in range(0, len(rows), _PIECE))


def tallies(pieces: Iterable[Any], columns: arrow.Columns, *, size: int = BATCH) -> Iterator[Any]:
    """Yield how many rows are places and how many are not sound, batch by batch."""
    for batch in _batches(pieces, columns, size):
        yield arrow.counts(places=len(batch.lonlat), left_out=len(batch.problems))


def _batches(pieces: Iterable[Any], columns: arrow.Columns, size: int) -> Iterator[Batch]:
    for table in arrow.gathered(pieces, size):
        yield of_columns(*arrow.rows_of(table, columns, Path("places")))


# --- frames -------------------------------------------------------------------------------------------------------


def match(places: DataFrame, areas: Areas, *, within_m: float = 0.0, geometry: str = "geometry") -> DataFrame:
    """Return pairs (place, area, relation, distance_m) of a frame of places and areas (`read_areas`), lazily.

    `places` has `id`, a text or a whole number, and WKB points in the column `geometry`, or else `lon` and `lat` in
    degrees, WGS 84; rows that are not sound are left out (`tally` counts them). Its partitions are taken as they are:
    give it `dealt(places, ...)` unless they are about equal. Raises ConfigError where columns are missing.
    """
    columns = _columns(places, geometry)
    shared = places.sparkSession.sparkContext.broadcast(areas)

    def run(pieces: Iterable[Any]) -> Iterator[Any]:
        return pairs_of(pieces, Lookup(shared.value, within_m), columns)

    return places.select(*columns.names).mapInArrow(run, _PAIRS)


def tally(places: DataFrame, *, geometry: str = "geometry") -> tuple[int, int]:
    """Return how many rows are places, and how many `match` leaves out. Cost: one reading of id and position."""
    columns = _columns(places, geometry)

    def run(pieces: Iterable[Any]) -> Iterator[Any]:
        return tallies(pieces, columns)

    row = places.select(*columns.names).mapInArrow(run, _TALLY).groupBy().sum("places", "left_out").first()
    return (row[0] or 0, row[1] or 0) if row else (0, 0)


def dealt(places: DataFrame, rows: int) -> DataFrame:
    """Return the frame with its `rows` rows dealt out in turn: `BATCH` a task, fewer where cores would have none.

    It is sorted within partitions first (Spark's `sortBeforeRepartition`), so that a task run again has the same rows.
    """
    cores = places.sparkSession.sparkContext.defaultParallelism
    return places.repartition(max(ceil(rows / BATCH), cores))


def _columns(places: DataFrame, geometry: str) -> arrow.Columns:
    kinds = dict(places.dtypes)
    if kinds.get("id") not in {"string", "bigint", "int", "smallint", "tinyint"}:
        raise ConfigError("there is no column id of texts or whole numbers", setting="places")
    if geometry in kinds:
        if kinds[geometry] != "binary":
            raise ConfigError("the geometry is not WKB; write GeoParquet with encoding WKB", setting="places")
        return arrow.Columns(geometry)
    if not {kinds.get("lon"), kinds.get("lat")} <= {"double", "float", "bigint", "int"}:
        raise ConfigError("there is neither a geometry nor lon and lat as numbers", setting="places")
    return arrow.Columns(None)


# --- from file to file --------------------------------------------------------------------------------------------


def match_files(spark: SparkSession, places: str, areas: Areas, out: str, *, within_m: float) -> tuple[int, int, int]:
    """Write a folder `out` of Parquet; return the numbers of places, of rows left out and of pairs.

    Paths are as Spark understands them. The folder is written under a hidden name beside it and renamed when it is
    whole; an `out` of an earlier run is replaced then. Raises ConfigError or StoreError, and leaves `out` as it was.
    """
    folder, name = os.path.split(out.rstrip("/"))
    beside = os.path.join(folder, f".{name}.{spark.sparkContext.applicationId}")  # noqa: PTH118  it may be a URL
    with _told():
        files = _Files(spark)
        if files.exists(out) and not files.exists(f"{out}/{_WHOLE}"):
            raise ConfigError("it is there, and not what an earlier run wrote; name another", setting=out)
        frame = spark.read.parquet(places)
        geometry = arrow.primary(files.geo_of(frame.inputFiles()), places) or "geometry"
        count, left_out = tally(frame, geometry=geometry)
        columns = _columns(frame, geometry).names
        try:
            rows = dealt(frame.select(*columns), count + left_out)
            match(rows, areas, within_m=within_m, geometry=geometry).write.parquet(beside, compression="zstd")
            pairs = spark.read.parquet(beside).count()
            files.put_in_place(beside, out)
        finally:
            spark.sparkContext.cancelAllJobs()  # after a signal one still writes
            files.remove(beside)
    return count, left_out, pairs


class _Files:
    """Files wherever Spark finds them, through Hadoop."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm: Any = spark.sparkContext._jvm  # noqa: SLF001  PySpark has no other way to a file system
        self._conf = spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001

    def _at(self, path: str) -> tuple[Any, Any]:
        at = self._jvm.org.apache.hadoop.fs.Path(path)
        return at.getFileSystem(self._conf), at

    def exists(self, path: str) -> bool:
        """Return whether there is a file or folder."""
        system, at = self._at(path)
        return bool(system.exists(at))

    def remove(self, path: str) -> None:
        """Remove a folder and all that is in it, if it is there."""
        system, at = self._at(path)
        system.delete(at, True)

    def put_in_place(self, path: str, out: str) -> None:
        """Rename a folder; what was at `out` goes first."""
        self.remove(out)
        system, at = self._at(path)
        if not system.rename(at, self._at(out)[1]):
            raise StoreError(f"{out} cannot be written; is its folder there, and may you write there?")

    def geo_of(self, files: list[str]) -> str | None:
        """Return what the first of the files says of its geometry; Spark takes their columns from one of them too."""
        if not files:
            return None
        _, at = self._at(files[0])
        source = self._jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(at, self._conf)
        reader = self._jvm.org.apache.parquet.hadoop.ParquetFileReader.open(source)
        try:
            stated = reader.getFileMetaData().getKeyValueMetaData().get("geo")
        finally:
            reader.close()
        return None if stated is None else str(stated)


# --- Spark itself -------------------------------------------------------------------------------------------------


@contextmanager
def session(master: str | None) -> Iterator[SparkSession]:
    """Give a Spark session, stopped after the block. Without `master` Spark's own settings say where it runs.

    Raises ConfigError, saying what to do, where PySpark or Java is missing or Spark does not start.
    """
    build = _builder()
    if master:
        build = build.master(master)
        if master.startswith("local"):
            os.environ.setdefault(
                "PYSPARK_PYTHON", sys.executable
            )  # else its own `python3`, which may know nothing of us
    if "PYSPARK_GATEWAY_PORT" not in os.environ and not _java():
        raise ConfigError(
            "Spark needs Java 17 or newer (on Debian: apt-get install openjdk-17-jre-headless), or JAVA_HOME"
        )
    try:
        spark = build.getOrCreate()
    except Exception:  # noqa: BLE001  Py4J and PySpark have many, and each means this
        raise ConfigError(
            "Spark did not start; its words stand above. Is the master there, and Java 17 or newer?"
        ) from None
    try:
        yield spark
    finally:
        spark.stop()


def _builder() -> Any:
    try:
        import pandas  # noqa: F401, ICN001, PLC0415  PySpark asks for it at the first frame
        from pyspark.sql import SparkSession  # noqa: PLC0415  an extra, and dear to import
    except ImportError:
        raise ConfigError('the engine spark needs the extra spark: pip install "tocsin[spark]"') from None
    return SparkSession.builder.appName("tocsin match").config("spark.ui.showConsoleProgress", "false")


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home, "bin")) if home else None)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what Spark raises into one sentence: its own are long, and may hold rows."""
    from py4j.protocol import Py4JError  # noqa: PLC0415  comes with the extra
    from pyspark.errors import PySparkException  # noqa: PLC0415

    try:
        yield
    except (Py4JError, PySparkException) as error:
        kind = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        raise StoreError(
            f"Spark could not do it ({kind}); its log, on stderr and on the master's page, says why"
        ) from None
