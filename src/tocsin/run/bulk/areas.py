"""AREAS of a bulk match: outlines by id, all in memory, from GeoJSON, GeoParquet or a document of a feed.

A document that a reader of `formats` claims goes through that reader and the gate, as everywhere: an area is then an
admitted event. Anything else is the operator's own: a GeoJSON FeatureCollection, or GeoParquet. What stands under one
id is one area, so no pair of place and area is written twice.

An outline that is sound is taken as it stands, however large; another is repaired within the limits of `geo`, or
refused. Each repair and refusal is a Problem with its position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin import formats, gate, geo
from tocsin.errors import ConfigError, FormatError
from tocsin.match.edges import Starts, edges_of, seams
from tocsin.match.grid import Whole
from tocsin.model import Event, Problem
from tocsin.run.bulk import arrow
from tocsin.run.replay import known_or_stranger

_NO_ID = "there is no id; left out"
_NO_GEOMETRY = "there is no geometry; left out"
_MAP = (-180.0, -90.0, 180.0, 90.0)
_HALF_ROUND = 180.0  # degrees of longitude, from which an outline may as well be one across the 180th meridian


@dataclass(frozen=True, slots=True)
class Areas:
    """Ids in the order of the file, and of each area its outline, with what continues on the grid's other side.

    `edges` are those of the outlines, made once for all batches.
    """

    ids: tuple[str, ...]
    outlines: tuple[BaseGeometry, ...]
    edges: tuple[tuple[Whole, Starts], ...]

    def __len__(self) -> int:
        """Return how many areas there are."""
        return len(self.ids)


class _Drawn(NamedTuple):
    """One row, feature or event: where it stands, its id ("" for none), and what is drawn."""

    at: str
    id: str
    shape: BaseGeometry | None
    problems: tuple[Problem, ...] = ()


def read_areas(path: Path, *, now: datetime) -> tuple[Areas, tuple[Problem, ...]]:
    """Return the areas of a file and what was wrong with some. Raises ConfigError when there is none left."""
    if path.suffix.lower() == ".parquet":
        return _collected(_of_parquet(path), path)
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", setting=str(path)) from None
    name = formats.name_of(body)
    if name is not None:
        return _collected(_of_feed(name, body, now), path)
    return _collected(_of_features(body, path), path)


def _collected(rows: Iterable[_Drawn], path: Path) -> tuple[Areas, tuple[Problem, ...]]:
    shapes: dict[str, list[BaseGeometry]] = {}
    problems: list[Problem] = []
    for row in rows:
        problems.extend(row.problems)
        if not row.id:
            problems.append(Problem(at=row.at, message=_NO_ID))
        elif row.shape is not None:
            shapes.setdefault(row.id, []).append(row.shape)
    if not shapes:
        first = f"; the first problem: {problems[0].message} (at {problems[0].at})" if problems else ""
        raise ConfigError(f"there is no area in it{first}", setting=str(path))
    outlines = tuple(_joined([*some, *(more for shape in some for more in seams(shape))]) for some in shapes.values())
    return Areas(tuple(shapes), outlines, tuple(map(edges_of, outlines))), tuple(problems)


def _joined(shapes: list[BaseGeometry]) -> BaseGeometry:
    """Return one geometry whose parts are each judged by itself."""
    return shapes[0] if len(shapes) == 1 else shapely.GeometryCollection(shapes)


# --- the three kinds of file --------------------------------------------------------------------------------------


def _of_feed(name: str, body: bytes, now: datetime) -> Iterator[_Drawn]:
    source = f"recorded-{name}"
    issuer_class = known_or_stranger(source, name).issuer_class
    try:
        for reading in formats.stream(name, body, source=source, now=now):
            yield from (_Drawn(problem.at, "-", None, (problem,)) for problem in reading.problems)
            for item in reading.items:
                yield _Drawn(item.at, "-", None, item.problems)
                ruling = gate.examine(item, issuer_class=issuer_class)
                yield from (_of_event(admitted.event, item.at) for admitted in ruling.admitted)
    except FormatError as error:
        yield _Drawn(error.at, "-", None, (Problem(at=error.at, message=error.message),))


def _of_event(event: Event, at: str) -> _Drawn:
    placed = [area.geometry for area in event.areas if area.geometry is not None]
    problems: tuple[Problem, ...] = ()
    if len(placed) < len(event.areas) or not placed:
        unplaced = "an area is given by name or code only; it is not matched here"
        problems = (Problem(at=at, message=unplaced),)
    return _Drawn(at, event.id, _joined(placed) if placed else None, problems)


def _of_features(body: bytes, path: Path) -> Iterator[_Drawn]:
    """Yield the features of a collection. Source: RFC 7946, 3.2 and 3.3."""
    try:
        document = orjson.loads(body)
    except ValueError:
        raise ConfigError("it is no document that is read here, and no JSON", setting=str(path)) from None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise ConfigError("this is not a GeoJSON FeatureCollection", setting=str(path))
    for number, feature in enumerate(features):
        at = f"features[{number}]"
        if not isinstance(feature, dict):
            yield _Drawn(at, "-", None, (Problem(at=at, message="not a GeoJSON feature; left out"),))
            continue
        properties = feature.get("properties")
        inner = properties.get("id") if isinstance(properties, dict) else None
        shape, problems = _outline(feature.get("geometry"), at)
        yield _Drawn(at, _id(feature.get("id")) or _id(inner), shape, problems)


def _of_parquet(path: Path) -> Iterator[_Drawn]:
    for number, (identifier, wkb) in enumerate(arrow.area_rows(path), 1):
        at = f"row {number}"
        shape = None if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore")
        if shape is None:
            message = _NO_GEOMETRY if wkb is None else "the geometry is not WKB; left out"
            yield _Drawn(at, identifier or "", None, (Problem(at=at, message=message),))
        elif _is_sound(shape):
            yield _Drawn(at, identifier or "", shapely.force_2d(shape))
        else:
            yield _Drawn(at, identifier or "", *_repaired(orjson.loads(shapely.to_geojson(shape)), at))


def _id(value: Any) -> str:
    """Return an id of JSON, which may be a number, as text; "" for none."""
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


# --- one outline --------------------------------------------------------------------------------------------------


def _outline(value: Any, at: str) -> tuple[BaseGeometry | None, tuple[Problem, ...]]:
    shape = shapely.from_geojson(orjson.dumps(value), on_invalid="ignore") if isinstance(value, dict) else None
    if shape is not None and _is_sound(shape):
        return shapely.force_2d(shape), ()
    return _repaired(value, at)


def _repaired(value: Any, at: str) -> tuple[BaseGeometry | None, tuple[Problem, ...]]:
    try:
        shape, problems = geo.from_geojson(value, at=at)
    except FormatError as error:
        return None, (Problem(at=error.at, message=error.message),)
    if shape is None or shape.is_empty:
        return None, (*problems, Problem(at=at, message=_NO_GEOMETRY))
    return shape, problems


def _is_sound(shape: BaseGeometry) -> bool:
    """Return whether an area is valid, on the map, and no part so wide that it may run the other way round."""
    if shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        return False
    west, south, east, north = shape.bounds
    if not (west >= _MAP[0] and south >= _MAP[1] and east <= _MAP[2] and north <= _MAP[3]):
        return False
    bounds = shapely.bounds(shapely.get_parts(shape))
    return bool((bounds[:, 2] - bounds[:, 0] < _HALF_ROUND).all()) and shape.is_valid
