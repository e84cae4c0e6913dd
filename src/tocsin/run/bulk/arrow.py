"""The one file that knows pyarrow: what GeoParquet says, and how. Needs the extra `tocsin[geo]`.

A geometry column is found by the file's own metadata, else by the name `geometry`; coordinates are WGS 84, longitude
first. Files are read in pieces, never whole, and never mapped.

Source: GeoParquet 1.1.0, "Metadata" and "Column metadata"; OGC 06-103r4, 8.2 (WKB).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from tocsin.errors import ConfigError
from tocsin.model import Relation

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]

RELATIONS = (Relation.INSIDE.value, Relation.NEAR.value)
_WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("lon", "<f8"), ("lat", "<f8")])
_LITTLE_ENDIAN, _POINT = 1, 1
_WGS84 = {("OGC", "CRS84"), ("EPSG", "4326")}
_BUFFER = 1 << 20  # bytes read at once of a column
_PIECE = 1 << 16  # rows decoded at once; a batch is put together from pieces, whatever the file's row groups are


class Columns(NamedTuple):
    """Which columns of a file say where its rows lie: one of WKB, or two of degrees."""

    geometry: str | None
    lon: str = "lon"
    lat: str = "lat"

    @property
    def names(self) -> list[str]:
        """Return them with the id before them."""
        return ["id", self.geometry] if self.geometry else ["id", self.lon, self.lat]


@cache
def _pyarrow() -> Any:
    """Return pyarrow with its Parquet part loaded. Raises ConfigError, naming the extra, where it is absent."""
    try:
        import pyarrow as pa  # noqa: PLC0415  an extra, and dear to import
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise ConfigError('Parquet files need the extra geo: pip install "tocsin[geo]"; CSV needs none') from None
    return pa


def require() -> None:
    """Raise ConfigError, naming the extra, where pyarrow is not installed."""
    _pyarrow()


def place_rows(path: Path, size: int, *, threads: bool) -> Iterator[tuple[Any, Floats, float]]:
    """Yield ids (strings, null for none), positions (n, 2) in degrees and the share that was read, `size` rows each.

    The last may be shorter. A position that is not there or not a point is NaN. Raises ConfigError.
    """
    with _opened(path) as file:
        columns, total, done = _columns(file, path), file.metadata.num_rows, 0
        for table in _tables(file, columns, path, size, threads=threads):
            done += len(table)
            yield *rows_of(table, columns, path), done / total


def rows_of(table: Any, columns: Columns, where: Path) -> tuple[Any, Floats]:
    """Return the ids of a table (strings, null for none) and its positions (n, 2) in degrees, NaN for none."""
    pa = _pyarrow()
    if columns.geometry:
        lonlat = _points(pa, table.column(columns.geometry))
    else:
        lonlat = np.column_stack([_numbers(pa, table, name, where) for name in (columns.lon, columns.lat)])
    return _ids(pa, table, where), lonlat


def area_rows(path: Path) -> Iterator[tuple[str | None, bytes | None]]:
    """Yield the id and the WKB of each row, None where there is none. Raises ConfigError."""
    pa = _pyarrow()
    with _opened(path) as file:
        columns = _columns(file, path)
        if columns.geometry is None:
            raise ConfigError("there is no geometry column; is this GeoParquet?", setting=str(path))
        for table in _tables(file, columns, path, _PIECE, threads=False):
            shapes = table.column(columns.geometry).to_pylist()
            yield from zip(_ids(pa, table, path).to_pylist(), shapes, strict=True)


def of_ids(ids: list[str]) -> Any:
    """Return ids as a column."""
    pa = _pyarrow()
    return pa.array(ids, pa.string())


def filled(ids: Any) -> tuple[Any, npt.NDArray[np.bool_]]:
    """Return a column of ids without nulls, and which of its rows have a text."""
    import pyarrow.compute as pc  # noqa: PLC0415

    ids = pc.fill_null(ids, "")
    return ids, np.asarray(pc.not_equal(ids, "").to_numpy(zero_copy_only=False))


class Pairs:
    """Pairs as columns place, area, relation (inside where the distance is 0, else near), distance_m."""

    def __init__(self, areas: Sequence[str]) -> None:
        self._pa = pa = _pyarrow()
        self._areas, self._relations = pa.array(areas, pa.string()), pa.array(RELATIONS, pa.string())
        dictionary = pa.dictionary(pa.int32(), pa.string())
        self.schema = pa.schema(
            [("place", pa.string()), ("area", dictionary), ("relation", dictionary), ("distance_m", pa.float64())]
        )

    def rows(self, ids: Any, places: Positions, areas: npt.NDArray[np.int32], metres: Floats) -> Any:
        """Return pairs, given by position and with their distance, as a record batch."""
        pa = self._pa
        columns = [
            ids.take(pa.array(places)),
            pa.DictionaryArray.from_arrays(pa.array(areas), self._areas),
            pa.DictionaryArray.from_arrays(pa.array((metres > 0).astype(np.int32)), self._relations),
            pa.array(metres),
        ]
        return pa.record_batch(columns, schema=self.schema)


def plain(rows: Any) -> Any:
    """Return a record batch whose texts stand there themselves, for readers that take no dictionaries."""
    pa = _pyarrow()
    columns = [one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one for one in rows.columns]
    return pa.record_batch(columns, names=rows.schema.names)


def counts(**numbers: int) -> Any:
    """Return a record batch of one row of whole numbers."""
    pa = _pyarrow()
    return pa.record_batch([pa.array([one], pa.int64()) for one in numbers.values()], names=list(numbers))


class Writer(Pairs):
    """Writes pairs as Parquet: one row group for each piece."""

    def __init__(self, file: IO[bytes], areas: Sequence[str]) -> None:
        super().__init__(areas)
        # Without the schema of Arrow, so that readers take the columns for what they are: texts.
        self._writer = self._pa.parquet.ParquetWriter(
            file,
            self.schema,
            compression="zstd",
            use_dictionary=["area", "relation", "distance_m"],
            store_schema=False,
        )

    def write(self, rows: Any) -> None:
        """Write what `rows` returned."""
        self._writer.write_batch(rows)

    def close(self) -> None:
        """Write the end of the file, without which it is none."""
        self._writer.close()


# --- reading ------------------------------------------------------------------------------------------------------


def _opened(path: Path) -> Any:
    pa = _pyarrow()
    try:
        # As pyarrow does by itself it would keep all that was read, and of a row group the whole column.
        return pa.parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER)
    except (pa.ArrowException, OSError):
        raise ConfigError("this is not Parquet, or it is not whole", setting=str(path)) from None


def _columns(file: Any, path: Path) -> Columns:
    names = set(file.schema_arrow.names)
    if "id" not in names:
        raise ConfigError("there is no column id", setting=str(path))
    stated = (file.schema_arrow.metadata or {}).get(b"geo")
    geometry = primary(stated, path) or ("geometry" if "geometry" in names else None)
    if geometry is not None:
        if geometry not in names or "binary" not in str(file.schema_arrow.field(geometry).type):
            raise ConfigError("the geometry is not WKB; write GeoParquet with encoding WKB", setting=str(path))
        return Columns(geometry)
    if not {"lon", "lat"} <= names:
        raise ConfigError("there is neither a geometry nor lon and lat", setting=str(path))
    return Columns(None)


def primary(stated: bytes | str | None, path: Path | str) -> str | None:
    """Return the geometry column that GeoParquet's metadata names, None where there is none. Raises ConfigError."""
    if stated is None:
        return None
    try:
        document = orjson.loads(stated)
        name = str(document["primary_column"])
        column = document["columns"][name]
        encoding, system = column["encoding"], column.get("crs", {"id": {"authority": "OGC", "code": "CRS84"}})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError("its metadata is not that of GeoParquet", setting=str(path)) from None
    if encoding != "WKB":
        raise ConfigError("the geometry is not WKB; write GeoParquet with encoding WKB", setting=str(path))
    identifier = system.get("id") if isinstance(system, dict) else None
    known = isinstance(identifier, dict) and (str(identifier.get("authority")), str(identifier.get("code"))) in _WGS84
    if not known:
        raise ConfigError("its coordinates are not stated to be WGS 84; write it as OGC:CRS84", setting=str(path))
    return name


def _tables(file: Any, columns: Columns, path: Path, size: int, *, threads: bool) -> Iterator[Any]:
    """Yield tables of `size` rows, the last of what remains."""
    pa = _pyarrow()
    try:
        yield from gathered(file.iter_batches(min(size, _PIECE), columns=columns.names, use_threads=threads), size)
    except (pa.ArrowException, OSError):
        raise ConfigError("its rows cannot be read; is the file whole?", setting=str(path)) from None


def gathered(pieces: Iterable[Any], size: int) -> Iterator[Any]:
    """Yield tables of `size` rows from record batches of any number, the last of what remains."""
    pa = _pyarrow()
    held, count = [], 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        while count >= size:
            whole = pa.Table.from_batches(held)
            yield whole.slice(0, size)
            held, count = whole.slice(size).to_batches(), count - size
    if count:
        yield pa.Table.from_batches(held)


def _ids(pa: Any, table: Any, path: Path) -> Any:
    column = table.column("id")
    try:
        if pa.types.is_floating(column.type):
            raise pa.ArrowInvalid
        return column.cast(pa.string()).combine_chunks()
    except pa.ArrowException:
        raise ConfigError("column id holds neither texts nor whole numbers", setting=str(path)) from None


def _numbers(pa: Any, table: Any, name: str, path: Path) -> Floats:
    """Return a column of degrees, NaN where it is null."""
    column = table.column(name)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise ConfigError(f"column {name} does not hold numbers", setting=str(path))
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy())


def _points(pa: Any, column: Any) -> Floats:
    """Return the positions of WKB points. Cost: next to nothing where all are plain little-endian points."""
    whole = column.cast(pa.large_binary()).combine_chunks()
    offsets = np.frombuffer(whole.buffers()[1], dtype=np.int64)[whole.offset : whole.offset + len(whole) + 1]
    if len(whole) and (np.diff(offsets) == _WKB_POINT.itemsize).all():
        begin, end = offsets[0], offsets[-1]
        plain = np.frombuffer(whole.buffers()[2], dtype=np.uint8)[begin:end].view(_WKB_POINT)
        if (plain["order"] == _LITTLE_ENDIAN).all() and (plain["type"] == _POINT).all():
            return np.column_stack((plain["lon"], plain["lat"]))
    shapes = shapely.from_wkb(whole.to_numpy(zero_copy_only=False), on_invalid="ignore")
    return np.column_stack((shapely.get_x(shapes), shapely.get_y(shapes)))  # of what is no point they are NaN
