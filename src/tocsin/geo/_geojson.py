"""GeoJSON geometries, within limits.

Source: RFC 7946, 3.1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from tocsin.errors import FormatError
from tocsin.geo._rings import MAX_POSITIONS, Ring, cut, oriented, polygon, unwrapped
from tocsin.geo._union import MAX_PARTS, together
from tocsin.model import Problem

MAX_DEPTH = 8
"""How deep collections may lie in one another; one level is all that RFC 7946, 3.1.8 asks for."""
MAX_HOLES = 200
"""A polygon with more loses them all: the area only grows."""

_Found = tuple[BaseGeometry, tuple[Problem, ...]]


def from_geojson(value: Any, *, at: str) -> tuple[BaseGeometry | None, tuple[Problem, ...]]:
    """Return the geometry that a GeoJSON geometry, or the Feature that holds it, describes; None for null.

    Further members of a position (altitude) are left out. An unsound part of a Multi geometry or collection is left
    out with a Problem as long as a sound one remains. Raises FormatError when nothing can be read.
    """
    if value is not None and isinstance(value, Mapping) and value.get("type") == "Feature":
        value = value.get("geometry")
    if value is None:
        return None, ()
    found: list[BaseGeometry] = []
    problems: list[Problem] = []
    parts = list(itertools.islice(_parts(value, at, MAX_DEPTH), MAX_PARTS + 1))
    if len(parts) > MAX_PARTS:
        raise FormatError(f"a geometry has more than {MAX_PARTS} parts", at=at)
    for read, coordinates, part_at in parts:
        try:
            geometry, more = read(coordinates, part_at)
        except FormatError as error:
            problems.append(Problem(at=error.at, message=error.message))
            continue
        found.append(geometry)
        problems.extend(more)
    if not found:
        message = problems[0].message if problems else "a geometry without parts"
        raise FormatError(message, at=problems[0].at if problems else at)
    whole, more = together(found, at=at)
    return whole, (*problems, *more)


def _parts(value: Any, at: str, depth: int) -> Iterator[tuple[Callable[[Any, str], _Found], Any, str]]:
    """Yield (reader, coordinates, position) of every single geometry within `value`."""
    if depth == 0:
        raise FormatError(f"collections deeper than {MAX_DEPTH}", at=at)
    kind = value.get("type") if isinstance(value, Mapping) else None
    if not isinstance(kind, str):
        raise FormatError("not a GeoJSON geometry", at=at)
    if kind == "GeometryCollection":
        for index, member in enumerate(_list(value.get("geometries"), at)):
            yield from _parts(member, f"{at}.geometries[{index}]", depth - 1)
    elif kind in _READERS:
        yield _READERS[kind], value.get("coordinates"), at
    elif kind.removeprefix("Multi") in _READERS:
        for index, member in enumerate(_list(value.get("coordinates"), at)):
            yield _READERS[kind.removeprefix("Multi")], member, f"{at}[{index}]"
    else:
        raise FormatError("not a GeoJSON geometry", at=at)


def _polygon(rings: Any, at: str) -> _Found:
    shell, *holes = _list(rings, at) or [None]
    problems: tuple[Problem, ...] = ()
    if len(holes) > MAX_HOLES:
        holes = []
        problems = (Problem(at=at, message=f"more than {MAX_HOLES} holes; left out", is_repaired=True),)
    inner = [hole for hole in (_positions(hole, at) for hole in holes) if len(hole) > 3]
    found, more = polygon(_positions(shell, at), at=at, holes=inner)
    return found, problems + more


def _line(positions: Any, at: str) -> _Found:
    line, problems = oriented(_positions(positions, at), at=at)
    if len(line) < 2 or not np.ptp(line, axis=0).any():
        raise FormatError("a line without length", at=at)
    return cut(LineString(unwrapped(line, at=at))), problems


def _point(position: Any, at: str) -> _Found:
    if isinstance(position, list) and _is_sound(*position[:2]):
        return Point(position[:2]), ()
    point, problems = oriented(_positions([position], at), at=at)
    lon, lat = point[0]
    return Point((lon + 180.0) % 360.0 - 180.0 if abs(lon) > 180.0 else lon, lat), problems


def _is_sound(lon: Any = None, lat: Any = None) -> bool:
    """Return whether these are two numbers of a place, as nearly all are."""
    return type(lon) in _NUMBERS and type(lat) in _NUMBERS and abs(lon) <= 180.0 and abs(lat) <= 90.0


_NUMBERS = frozenset({int, float})
_READERS: Mapping[str, Callable[[Any, str], _Found]] = {"Polygon": _polygon, "LineString": _line, "Point": _point}


def _list(value: Any, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError("not a GeoJSON geometry", at=at)
    return value


def _positions(value: Any, at: str) -> Ring:
    positions = _list(value, at)
    if len(positions) > MAX_POSITIONS:
        raise FormatError(f"a ring has more than {MAX_POSITIONS} positions", at=at)
    try:
        array = np.array([position[:2] for position in positions])
    except (TypeError, ValueError, KeyError):
        raise FormatError("a position is not a pair of numbers", at=at) from None
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iuf":
        raise FormatError("a position is not a pair of numbers", at=at)
    return array.astype(np.float64)
