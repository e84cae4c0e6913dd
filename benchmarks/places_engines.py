"""What finds places in an area: Tocsin's ways and its peers, each made of all places at once (`bench places`).

Each has `query` (one area as WKB, to the number of its places once their ids stand in an array, or their slices) and
`batch` (many areas). `most` is the number of places beyond which it is not tried.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import shapely

from tocsin.match import PlaceIndex, raster
from tocsin.match.edges import edges_of, edges_of_each
from tocsin.match.grid import Whole, degrees
from tocsin.match.many import slices_of_each
from tocsin.match.points import Points, kernel, united
from tocsin.match.remembered import Remembered
from tocsin.model import Place

PIECE = 64  # areas of a batch at once, so that the ids of all need not be held
_Given = TypeVar("_Given")


class Engine:
    """The base of all."""

    most = 20_000_000
    threads = 1
    index_bytes: int | None = None

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has."""
        raise NotImplementedError

    def batch(self, wkbs: Sequence[bytes]) -> list[int]:
        """Return how many places each area has."""
        return [self.query(wkb) for wkb in wkbs]


class Compiled(Engine):
    """Tocsin, compiled: ids."""

    most = 1_000_000_000

    def __init__(self, spots: Whole) -> None:
        self.points = Points.at(spots)
        self.index_bytes = sum(one.nbytes for one in (self.points.codes, self.points.ids, self.points.starts))
        self.laid: dict[int, Any] = {}
        self.warm()

    def warm(self) -> None:
        """Load the compiler's work, which is not the index's."""
        if kernel() is None:
            raise ImportError("numba")
        self.points.warm()
        slices_of_each(self.points, [shapely.Point(0, 0)])

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has, after making the array of their ids."""
        return len(self.points.ids_in(self.points.slices(shapely.from_wkb(wkb))))

    def batch(self, wkbs: Sequence[bytes]) -> list[int]:
        """Return how many places each area has, some areas at a time."""
        pieces = [wkbs[start : start + PIECE] for start in range(0, len(wkbs), PIECE)]
        return np.concatenate(self.mapped(self.piece, list(enumerate(pieces)))).tolist()

    def mapped(self, make: Callable[[_Given], Whole], given: Iterable[_Given]) -> list[Whole]:
        """Return what is made of each, on as many threads as the engine has."""
        if self.threads == 1:
            return [make(one) for one in given]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(make, given))

    def piece(self, given: tuple[int, Sequence[bytes]]) -> Whole:
        """Return how many places each area of a piece has, after making the array of the ids of all."""
        slices, begins = slices_of_each(self.points, shapely.from_wkb(np.array(given[1], dtype=object)).tolist())
        self.points.ids_in(slices)
        return counted(slices, begins)


class CompiledTwo(Compiled):
    """Tocsin, compiled: ids, two threads."""

    threads = 2


class Kernel(Compiled):
    """Tocsin, compiled: slices, edges made before."""

    def __init__(self, spots: Whole) -> None:
        super().__init__(spots)
        self.made: dict[bytes, Any] = {}

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has, whose edges were made when it was first asked for, from its slices."""
        if wkb not in self.made:
            area = shapely.from_wkb(wkb)
            self.made[wkb] = area, edges_of(area)
        slices = self.points.slices(*self.made[wkb])
        return int((slices[:, 1] - slices[:, 0]).sum())

    def piece(self, given: tuple[int, Sequence[bytes]]) -> Whole:
        """Return how many places each area has, whose edges were made when it was first asked for."""
        number, wkbs = given
        if number not in self.laid:
            areas = shapely.from_wkb(np.array(wkbs, dtype=object)).tolist()
            self.laid[number] = areas, edges_of_each(areas)
        return counted(*slices_of_each(self.points, *self.laid[number]))


class KernelTwo(Kernel):
    """Tocsin, compiled: slices, edges made before, two threads."""

    threads = 2


class Plain(Compiled):
    """Tocsin, NumPy and GEOS: ids."""

    def warm(self) -> None:
        """Nothing is loaded."""

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has, after making the array of their ids without a compiler."""
        slices = united(raster.slices(self.points.codes, shapely.from_wkb(wkb)))
        return len(raster.copied(self.points.ids, slices))

    batch = Engine.batch


class Near(Engine):
    """Tocsin, near at 0 m."""

    most = 1_000_000  # each an object of Python
    reach_m = 0.0

    def __init__(self, spots: Whole) -> None:
        shapes = shapely.points(degrees(spots)).tolist()
        self.index = PlaceIndex([Place(id=str(row), name="", geometry=shape) for row, shape in enumerate(shapes)])

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has, as if it was never asked for."""
        self.index._remembered = Remembered()  # noqa: SLF001  a warning is seldom asked for five times
        return len(self.index.near([shapely.from_wkb(wkb)], within_m=self.reach_m).place)


class NearAround(Near):
    """Tocsin, near at 5 km."""

    reach_m = 5000.0


class Tree(Engine):
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


class Sorted(Engine):
    """sorted by longitude, prepared polygon."""

    most = 200_000_000

    def __init__(self, spots: Whole) -> None:
        lonlat = degrees(spots)
        self.ids = np.argsort(lonlat[:, 0]).astype(np.uint32)
        self.lon, self.lat = np.ascontiguousarray(lonlat[self.ids].T)
        self.index_bytes = self.ids.nbytes + self.lon.nbytes + self.lat.nbytes

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has."""
        shape = shapely.from_wkb(wkb)
        shapely.prepare(shape)
        west, south, east, north = shape.bounds
        first, end = np.searchsorted(self.lon, west), np.searchsorted(self.lon, east, side="right")
        rows = first + np.flatnonzero((self.lat[first:end] >= south) & (self.lat[first:end] <= north))
        return len(self.ids[rows[shapely.intersects_xy(shape, self.lon[rows], self.lat[rows])]])


class Duck(Engine):
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


class Sedona(Engine):
    """SedonaDB in memory, rows in the order of codes, one partition."""

    def __init__(self, spots: Whole) -> None:
        import pyarrow as pa  # noqa: PLC0415  a peer that need not be there
        import sedonadb  # noqa: PLC0415

        self.arrow = pa
        self.sedona = sedonadb.connect()
        self.sedona.sql("set datafusion.execution.target_partitions = 1").execute()
        points = Points.at(spots)
        wkb = shapely.to_wkb(shapely.points(degrees(spots[points.ids])))
        self._view({"id": points.ids.astype(np.int32), "w": pa.array(wkb, pa.binary())}, "p")

    def _view(self, columns: dict[str, Any], name: str) -> None:
        self.sedona.create_data_frame(self.arrow.table(columns)).to_view("raw", overwrite=True)
        shaped = self.sedona.sql("select id, st_setcrs(st_geomfromwkb(w), 'OGC:CRS84') g from raw")
        shaped.to_memtable().to_view(name, overwrite=True)

    def query(self, wkb: bytes) -> int:
        """Return how many places one area has."""
        area = f"st_setcrs(st_geomfromwkb(x'{wkb.hex()}'), 'OGC:CRS84')"
        found = self.sedona.sql(f"select id from p where st_intersects(g, {area})")  # noqa: S608  hex digits
        return len(found.to_arrow_table()["id"].to_numpy())

    def batch(self, wkbs: Sequence[bytes]) -> list[int]:
        """Return how many places each area has, by a spatial join."""
        ids = np.arange(len(wkbs), dtype=np.int32)
        self._view({"id": ids, "w": self.arrow.array(wkbs, self.arrow.binary())}, "q")
        joined = "select q.id k, count(*) n from p join q on st_intersects(q.g, p.g) group by q.id"
        found = self.sedona.sql(joined).to_arrow_table()
        counts = np.zeros(len(wkbs), dtype=np.int64)
        counts[found["k"].to_numpy()] = found["n"].to_numpy()
        return counts.tolist()


def counted(slices: Whole, begins: Whole) -> Whole:
    """Return how many places each area has, from the slices of all."""
    reached = np.concatenate(([0], np.cumsum(slices[:, 1] - slices[:, 0])))
    return np.diff(reached[begins])


ENGINES: dict[str, type[Any]] = {
    str(one.__doc__).removesuffix("."): one
    for one in (Compiled, CompiledTwo, Kernel, KernelTwo, Plain, Near, NearAround, Sorted, Tree, Duck, Sedona)
}
