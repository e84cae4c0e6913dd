"""PLACES: the file in which an operator lists what is looked after. Bytes in, `Place`s out.

CSV, GeoJSON and GeoPackage are read here. An unknown column, a doubled id, a coordinate off the Earth or an unknown
time zone is an error that names row and column: a place that is silently wrong is a place that is not warned.

Texts are kept as they are written: a name that begins with "=" is a name.

Source: RFC 4180 (CSV); RFC 7946 (GeoJSON); OGC 12-128r19 (GeoPackage 1.4), 2.1.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice, zip_longest
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import ConfigError, FormatError
from tocsin.model import Code, Place, Shift

COLUMNS = (
    "id", "name", "lat", "lon", "kind", "timezone", "languages", "headcount", "shifts", "traits", "channels",
    "address", "geocodes", "approaches",
)  # fmt: skip
_TEXTS = ("name", "kind", "address")  # what people write as they like
_ALIKE = ("kind", "geocodes", "timezone", "languages", "headcount", "shifts", "traits", "channels")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"((?:[01][0-9]|2[0-3]):[0-5][0-9])"
_SHIFT = re.compile(rf"([A-Za-z]{{3}})(?:-([A-Za-z]{{3}}))?\s+{_TIME}-({_TIME[1:-1]}|24:00)\s+([0-9]{{1,6}})")
_ID = re.compile(r"[^\s/?#\x00-\x1f]{1,100}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # RFC 5646, 2.1
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}([.,][0-9]{0,20})?")
_GPKG_HEADER, _GPKG_ENVELOPE = 8, (0, 32, 48, 48, 64)  # bytes, by the envelope's code; OGC 12-128r19, 2.1.3.1.1
_WGS84 = 4326  # EPSG
_SQLITE = b"SQLite format 3\0"
_WAL, _ROLLBACK = b"\x02\x02", b"\x01\x01"  # journal of an SQLite file, bytes 18 and 19 of its header
_CHUNK = 10_000  # rows looked up at once
_MOST_TEXT = 2000  # characters of one cell

Row = Mapping[str, Any]


def _takes_all(_words: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The places of a file in its order, and a digest (n,) of the row of each: 8 bytes, of which no two meet."""

    places: tuple[Place, ...] = ()
    rows: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))

    def known(self, rows: npt.NDArray[np.uint64]) -> list[Place | None]:
        """Return the place of each of these rows, None of one that is not listed."""
        if not self.places:
            return [None] * len(rows)
        order = np.argsort(self.rows)
        at = order[np.minimum(np.searchsorted(self.rows, rows, sorter=order), len(order) - 1)]
        found = zip(at.tolist(), (self.rows[at] == rows).tolist(), strict=True)
        return [self.places[position] if is_known else None for position, is_known in found]


def read_places(body: bytes, *, name: str, why_not: Callable[[str], str | None] = _takes_all) -> tuple[Place, ...]:
    """Return the places of a file, in its order. `name` tells the format by its ending.

    `why_not` says why a text cannot be kept, or None where it can. Raises ConfigError naming row and column.
    """
    return read_again(body, name=name, why_not=why_not, before=Listed()).places


def read_again(body: bytes, *, name: str, why_not: Callable[[str], str | None], before: Listed) -> Listed:
    """Return the places of a file as `read_places` does, those of rows that were listed before as they were then.

    Cost: 3 microseconds for a row that is as it was, ten times as much for another.
    """
    ending = name.rsplit(".", 1)[-1].lower()
    reader = _READERS.get(ending)
    if reader is None:
        extra = "needs the extra tocsin[geo]; or " if ending == "parquet" else ""
        raise ConfigError(f"{name}: .{ending} files are not read here; {extra}export .csv, .geojson or .gpkg")
    rows: dict[str, int] = {}
    shared: dict[Any, Any] = {}
    places, digests = [], []
    numbered = reader(body, name)
    while chunk := list(islice(numbered, _CHUNK)):
        digests.append(np.fromiter((_digest(row) for _, row in chunk), dtype=np.uint64, count=len(chunk)))
        for (number, row), known in zip(chunk, before.known(digests[-1]), strict=True):
            place = known or _sharing(_checked(row, f"{name} row {number}", why_not), shared)
            if place.id in rows:
                raise ConfigError(f"{name} row {number}: id {place.id} stands in row {rows[place.id]} already")
            rows[place.id] = number
            places.append(place)
    if not places:
        raise ConfigError(f"{name}: there is no place in it")
    return Listed(tuple(places), np.concatenate(digests))


# --- the formats: rows of columns, with "geometry" where the format has one ---------------------------------------


def _csv_rows(body: bytes, name: str) -> Iterator[tuple[int, Row]]:
    text = _text(body, name)
    header = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=header.count), strict=True)
    try:
        columns = [column.strip() for column in next(reader, [])]
        _refuse_unknown(filter(None, columns), name)
        _refuse_twice(filter(None, columns), name)
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if any(row):
                yield reader.line_num, _csv_row(columns, row, f"{name} row {reader.line_num}")
    except csv.Error:
        raise ConfigError(f"{name} row {reader.line_num}: this is not CSV; is a quotation mark left open?") from None


def _csv_row(columns: list[str], row: list[str], where: str) -> Row:
    # Spreadsheets end lines with empty columns, so what has neither a name nor a value does not count.
    if len(row) < len(columns) or any(value for value, name in zip_longest(row, columns) if not name):
        raise ConfigError(f"{where}: not as many columns as the header has")
    return {name: value for name, value in zip(columns, row, strict=False) if name}


def _geojson_rows(body: bytes, name: str) -> Iterator[tuple[int, Row]]:
    try:
        document = json.loads(_text(body, name))
    except (ValueError, RecursionError):
        raise ConfigError(f"{name}: this is not JSON") from None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise ConfigError(f"{name}: this is not a GeoJSON FeatureCollection")
    for number, feature in enumerate(features, 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            raise ConfigError(f"{name} row {number}: a feature has no properties")
        _refuse_unknown(properties, name)
        row = {key: value for key, value in properties.items() if value is not None}
        row.setdefault("id", feature.get("id"))
        yield number, {**row, "geometry": _geometry(feature.get("geometry"), f"{name} row {number}: geometry")}


def _gpkg_rows(body: bytes, name: str) -> Iterator[tuple[int, Row]]:
    """Yield the rows of the first feature table. A GeoPackage is an SQLite file."""
    if not body.startswith(_SQLITE):
        raise ConfigError(f"{name}: this is not a GeoPackage")
    database = sqlite3.connect(":memory:")
    try:
        # A copy in memory has no write-ahead log beside it, and SQLite refuses a file that asks for one.
        database.deserialize(body[:18] + _ROLLBACK + body[20:] if body[18:20] == _WAL else body)
        found = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchone()
        if found is None:
            raise ConfigError(f"{name}: the GeoPackage has no table of features")
        table, shape = (str(part) for part in found)
        quoted = table.replace('"', '""')
        cursor = database.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608  quoted as SQL quotes a name
        columns = [entry[0] for entry in cursor.description]
        _refuse_unknown((one for one in columns if one not in {shape, "fid"}), name)
        for number, values in enumerate(cursor, 1):
            row = {key: value for key, value in zip(columns, values, strict=True) if value is not None}
            where = f"{name} row {number}: {shape}"
            row["geometry"] = _gpkg_geometry(row.pop(shape, None), where)
            row.setdefault("id", row.pop("fid", None))
            yield number, row
    except (sqlite3.Error, UnicodeDecodeError):  # the latter from a damaged name of a column
        raise ConfigError(f"{name}: this is not a GeoPackage") from None
    finally:
        database.close()


def _gpkg_geometry(blob: Any, where: str) -> BaseGeometry:
    """Return the geometry of a GeoPackage blob: "GP", version, flags, reference system, envelope, WKB."""
    if not isinstance(blob, bytes) or len(blob) < _GPKG_HEADER or blob[:2] != b"GP":
        raise ConfigError(f"{where}: there is no geometry")
    flags = blob[3]
    system = int.from_bytes(blob[4:8], "little" if flags & 1 else "big", signed=True)
    if system != _WGS84:
        raise ConfigError(f"{where}: coordinates are of system {system}; export the layer as EPSG:{_WGS84} (WGS 84)")
    try:
        found = shapely.from_wkb(blob[_GPKG_HEADER + _GPKG_ENVELOPE[(flags >> 1) & 7] :])
    except (shapely.errors.ShapelyError, IndexError):
        raise ConfigError(f"{where}: the geometry cannot be read") from None
    return _geometry(json.loads(shapely.to_geojson(found)), where)


_READERS: Mapping[str, Callable[[bytes, str], Iterator[tuple[int, Row]]]] = {
    "csv": _csv_rows,
    "geojson": _geojson_rows,
    "json": _geojson_rows,
    "gpkg": _gpkg_rows,
}


def _text(body: bytes, name: str) -> str:
    try:
        return body.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: this is not UTF-8 text; save it as UTF-8") from None


def _refuse_unknown(columns: Iterable[str], name: str) -> None:
    for column in columns:
        if column not in COLUMNS:
            near = get_close_matches(column.lower(), COLUMNS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(COLUMNS)}"
            raise ConfigError(f"{name}: {column[:50]!r} is not a column; {hint}")


def _refuse_twice(columns: Iterable[str], name: str) -> None:
    seen: set[str] = set()
    for column in columns:
        if column in seen:
            raise ConfigError(f"{name}: the column {column} stands there twice")
        seen.add(column)


def _geometry(value: Any, where: str) -> BaseGeometry:
    try:
        shape, _ = geo.from_geojson(value, at=where)
    except FormatError as error:
        raise ConfigError(f"{where}: {error.message}") from None
    if shape is None or shape.is_empty:
        raise ConfigError(f"{where}: there is none; a place must lie somewhere")
    return shape


# --- one row ------------------------------------------------------------------------------------------------------


def _digest(row: Row) -> int:
    cells = [(key, shapely.to_wkb(cell) if key == "geometry" else cell) for key, cell in row.items()]
    return int.from_bytes(hashlib.blake2b(repr(cells).encode(), digest_size=8).digest())


def _sharing(place: Place, shared: dict[Any, Any]) -> Place:
    """Return the place with what it has in common with places before it held once: most of an estate is alike."""
    alike = {column: getattr(place, column) for column in _ALIKE}
    return replace(place, **{column: shared.setdefault((column, value), value) for column, value in alike.items()})


def _checked(row: Row, where: str, why_not: Callable[[str], str | None]) -> Place:
    place = _place(row, where)
    for column in _TEXTS:
        why = why_not(getattr(place, column))
        if why is not None:
            raise ConfigError(f"{where}: {column}: {why}")
    return place


def _place(row: Row, where: str) -> Place:
    identifier = _string(row, "id", where)
    if not _ID.fullmatch(identifier):
        raise ConfigError(f"{where}: id is missing, or too long, or holds blanks, / ? or #")
    return Place(
        id=identifier,
        name=_string(row, "name", where) or identifier,
        geometry=row["geometry"] if "geometry" in row else _point(row, where),
        kind=_string(row, "kind", where),
        approaches=_approaches(row.get("approaches"), where),
        geocodes=tuple(_geocode(word, where) for word in _words(row, "geocodes", where)),
        timezone=_zone(_string(row, "timezone", where) or "UTC", where),
        languages=_languages(row, where),
        headcount=_count(_string(row, "headcount", where), where),
        shifts=tuple(_shifts(";".join(_parts(row, "shifts", where)), where)),
        traits=frozenset(_words(row, "traits", where)),
        channels=_words(row, "channels", where),
        address=_string(row, "address", where),
    )


def _string(row: Row, column: str, where: str) -> str:
    """Return a cell as text, "" where there is none; JSON and SQL also have numbers."""
    value = row.get(column)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str | None):
        raise ConfigError(f"{where}: {column} must be text")
    text = (value or "").strip()
    if len(text) > _MOST_TEXT:
        raise ConfigError(f"{where}: {column} is longer than {_MOST_TEXT} characters")
    return text


def _parts(row: Row, column: str, where: str) -> list[str]:
    """Return the entries of a list: of a JSON list, or the text between semicolons."""
    value = row.get(column)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    return _string(row, column, where).split(";")


def _words(row: Row, column: str, where: str) -> tuple[str, ...]:
    """Return the words of a list, which blanks separate as well."""
    return tuple(word for part in _parts(row, column, where) for word in part.split())


def _zone(zone: str, where: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"{where}: timezone must be a name of the IANA list, such as Europe/London") from None
    return zone


def _languages(row: Row, where: str) -> tuple[str, ...]:
    languages = _words(row, "languages", where)
    if not all(map(_LANGUAGE.fullmatch, languages)):
        raise ConfigError(f"{where}: languages must be language codes, such as en or pt-BR")
    return languages or ("en",)


def _point(row: Row, where: str) -> BaseGeometry:
    lat, lon = (_degrees(row.get(column), column, where) for column in ("lat", "lon"))
    if not (abs(lat) <= _QUARTER and abs(lon) <= 2 * _QUARTER):
        hint = "; they seem to be swapped" if abs(lon) <= _QUARTER and abs(lat) <= 2 * _QUARTER else ""
        raise ConfigError(f"{where}: lat must lie within 90 and lon within 180 degrees{hint}")
    return shapely.Point(lon, lat)


_QUARTER = 90.0  # degrees from the equator to a pole


def _degrees(value: Any, column: str, where: str) -> float:
    text = str(value).strip()
    if not _DEGREES.fullmatch(text):
        raise ConfigError(f"{where}: {column} must be degrees, such as 51.5072")
    return float(text.replace(",", "."))


def _geocode(word: str, where: str) -> Code:
    # The name of a list may hold colons (profile:CAP-CP:Location:0.3), its values do not.
    scheme, _, value = word.rpartition(":")
    if not scheme or not value:
        raise ConfigError(f"{where}: geocodes must be SCHEME:VALUE, such as UGC:ILC119")
    return Code(scheme, value)


def _count(text: str, where: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,7}", text):
        raise ConfigError(f"{where}: headcount must be a whole number")
    return int(text)


def _shifts(text: str, where: str) -> Iterator[Shift]:
    for part in filter(None, map(str.strip, text.split(";"))):
        found = _SHIFT.fullmatch(part)
        days = [day.lower() for day in found.groups()[:2] if day] if found else []
        if found is None or not set(days) <= set(_DAYS):
            raise ConfigError(f"{where}: shifts must be like Mon-Fri 06:00-14:00 120; Sat 08:00-12:00 20")
        first, last = _DAYS.index(days[0]), _DAYS.index(days[-1])
        span = tuple((first + step) % len(_DAYS) for step in range((last - first) % len(_DAYS) + 1))
        yield Shift(days=span, begins=found[3], ends=found[4], headcount=int(found[5]))


def _approaches(value: Any, where: str) -> tuple[BaseGeometry, ...]:
    """Return the roads that lead to the place: a GeoJSON geometry, as an object or (in CSV) as its text."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ConfigError(f"{where}: approaches must be a GeoJSON geometry") from None
    shape = _geometry(value, f"{where}: approaches")
    return tuple(shapely.get_parts(shape))
