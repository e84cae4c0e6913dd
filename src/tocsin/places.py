"""PLACES: the file in which an operator lists what is looked after. Bytes in, `Place`s out.

CSV, GeoJSON and GeoPackage are read here. An unknown column, a doubled id, a coordinate off the Earth or an unknown
time zone is an error that names row and column: a place that is silently wrong is a place that is not warned.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import shapely
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import ConfigError, FormatError
from tocsin.model import Code, Place, Shift

COLUMNS = (
    "id", "name", "lat", "lon", "kind", "timezone", "languages", "headcount", "shifts", "traits", "channels",
    "address", "geocodes", "approaches",
)  # fmt: skip
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHIFT = re.compile(r"([A-Za-z]{3})(?:-([A-Za-z]{3}))?\s+(\d\d:\d\d)-(\d\d:\d\d)\s+(\d{1,6})")
_ID = re.compile(r"[^\s/?#\x00-\x1f]{1,100}")
_GPKG_ENVELOPE = (0, 32, 48, 48, 64)  # bytes, by the header's envelope code; OGC 12-128r19, 2.1.3.1.1
_MOST_TEXT = 500

Row = Mapping[str, Any]


def read_places(body: bytes, *, name: str) -> tuple[Place, ...]:
    """Return the places of a file, in its order. `name` tells the format by its ending.

    Raises ConfigError naming row and column.
    """
    ending = name.rsplit(".", 1)[-1].lower()
    reader = _READERS.get(ending)
    if reader is None:
        hint = "install tocsin[geo] and convert it, or export " if ending == "parquet" else "give "
        raise ConfigError(f"{name}: places cannot be read from .{ending} files; {hint}.csv, .geojson or .gpkg")
    places = tuple(_place(row, f"{name} row {number}") for number, row in reader(body, name))
    if not places:
        raise ConfigError(f"{name}: there is no place in it")
    seen: set[str] = set()
    for place in places:
        if place.id in seen:
            raise ConfigError(f"{name}: two places have the id {place.id}")
        seen.add(place.id)
    return places


# --- the formats: rows of columns, with "geometry" where the format has one ---------------------------------------


def _csv_rows(body: bytes, name: str) -> Iterator[tuple[int, Row]]:
    text = _text(body, name)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        _refuse_unknown((column.strip() for column in reader.fieldnames or ()), name)
        for row in reader:
            if None in row or None in row.values():
                raise ConfigError(f"{name} row {reader.line_num}: not as many columns as the header has")
            cells = {column.strip(): value.strip() for column, value in row.items()}
            if any(cells.values()):
                yield reader.line_num, cells
    except csv.Error:
        raise ConfigError(f"{name} row {reader.line_num}: this is not CSV; is a quotation mark left open?") from None


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
    """Yield the rows of the first feature table. A GeoPackage is an SQLite file. Source: OGC 12-128r19, 2.1."""
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(body)
        found = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchone()
        if found is None:
            raise ConfigError(f"{name}: the GeoPackage has no table of features")
        table, column = (part.replace('"', '""') for part in found)
        cursor = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608  quoted as SQL quotes a name
        columns = [entry[0] for entry in cursor.description]
        _refuse_unknown((one for one in columns if one not in {found[1], "fid"}), name)
        for number, values in enumerate(cursor, 1):
            row = {key: value for key, value in zip(columns, values, strict=True) if value is not None}
            shape = _gpkg_geometry(row.pop(found[1], None), f"{name} row {number}: {column}")
            fid = row.pop("fid", None)
            row.setdefault("id", fid)
            yield number, {**row, "geometry": shape}
    except sqlite3.Error:
        raise ConfigError(f"{name}: this is not a GeoPackage") from None
    finally:
        database.close()


def _gpkg_geometry(blob: Any, where: str) -> BaseGeometry:
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP":
        raise ConfigError(f"{where}: there is no geometry")
    envelope = (blob[3] >> 1) & 7
    try:
        return shapely.from_wkb(blob[8 + _GPKG_ENVELOPE[envelope] :])
    except (shapely.errors.ShapelyError, IndexError):
        raise ConfigError(f"{where}: the geometry cannot be read") from None


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
            near = get_close_matches(column, COLUMNS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(COLUMNS)}"
            raise ConfigError(f"{name}: {column[:50]!r} is not a column; {hint}")


def _geometry(value: Any, where: str) -> BaseGeometry:
    try:
        shape, _ = geo.from_geojson(value, at=where)
    except FormatError as error:
        raise ConfigError(str(error)) from None
    if shape is None:
        raise ConfigError(f"{where}: there is none; a place must lie somewhere")
    return shape


# --- one row ------------------------------------------------------------------------------------------------------


def _place(row: Row, where: str) -> Place:
    identifier = str(row.get("id") or "").strip()
    if not _ID.fullmatch(identifier):
        raise ConfigError(f"{where}: id is missing, or holds blanks, / ? or #")
    zone = str(row.get("timezone") or "UTC").strip()
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"{where}: timezone must be a name of the IANA list, such as Europe/London") from None
    return Place(
        id=identifier,
        name=str(row.get("name") or identifier)[:_MOST_TEXT],
        geometry=row["geometry"] if row.get("geometry") is not None else _point(row, where),
        kind=str(row.get("kind") or "")[:_MOST_TEXT],
        approaches=_approaches(row.get("approaches"), where),
        geocodes=tuple(_geocode(word, where) for word in _words(row.get("geocodes"))),
        timezone=zone,
        languages=_words(row.get("languages")) or ("en",),
        headcount=_count(row.get("headcount"), where),
        shifts=tuple(_shifts(row.get("shifts"), where)),
        traits=frozenset(_words(row.get("traits"))),
        channels=_words(row.get("channels")),
        address=str(row.get("address") or "")[:_MOST_TEXT],
    )


def _point(row: Row, where: str) -> BaseGeometry:
    lat, lon = (_degrees(row.get(column), column, where) for column in ("lat", "lon"))
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        hint = "; lat and lon seem to be swapped" if -90 <= lon <= 90 and -180 <= lat <= 180 else ""
        raise ConfigError(f"{where}: lat must lie within 90 and lon within 180 degrees{hint}")
    return shapely.Point(lon, lat)


def _degrees(value: Any, column: str, where: str) -> float:
    text = str(value if value is not None else "").strip().replace(",", ".")
    if not re.fullmatch(r"[+-]?\d{1,3}(\.\d{0,20})?", text, re.ASCII):
        raise ConfigError(f"{where}: {column} must be degrees, such as 51.5072")
    return float(text)


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return tuple(re.split(r"[\s;]+", str(value).strip())) if value not in {None, ""} else ()


def _geocode(word: str, where: str) -> Code:
    scheme, _, value = word.partition(":")
    if not scheme or not value:
        raise ConfigError(f"{where}: geocodes must be SCHEME:VALUE, such as UGC:ILC119")
    return Code(scheme, value)


def _count(value: Any, where: str) -> int | None:
    if value in {None, ""}:
        return None
    if not re.fullmatch(r"\d{1,7}", str(value), re.ASCII):
        raise ConfigError(f"{where}: headcount must be a whole number")
    return int(value)


def _shifts(value: Any, where: str) -> Iterator[Shift]:
    for part in filter(None, (one.strip() for one in str(value or "").split(";"))):
        found = _SHIFT.fullmatch(part)
        days = [day.lower() for day in found.groups()[:2] if day] if found else []
        if found is None or any(day not in _DAYS for day in days):
            raise ConfigError(f"{where}: shifts must be like Mon-Fri 06:00-14:00 120; Sat 08:00-12:00 20")
        first, last = _DAYS.index(days[0]), _DAYS.index(days[-1])
        span = tuple((first + step) % 7 for step in range((last - first) % 7 + 1))
        yield Shift(days=span, begins=found[3], ends=found[4], headcount=int(found[5]))


def _approaches(value: Any, where: str) -> tuple[BaseGeometry, ...]:
    """Return the roads that lead to the place: a GeoJSON geometry, as an object or (in CSV) as its text."""
    if value in (None, ""):
        return ()
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ConfigError(f"{where}: approaches must be a GeoJSON geometry") from None
    shape = _geometry(value, f"{where}: approaches")
    return tuple(getattr(shape, "geoms", (shape,)))
