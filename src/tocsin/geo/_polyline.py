"""Encoded polylines: a line as printable characters, latitude first, five decimals.

Source: Google, "Encoded Polyline Algorithm Format".
"""

from __future__ import annotations

from collections.abc import Iterator

from shapely.geometry.base import BaseGeometry

from tocsin.errors import FormatError
from tocsin.geo._geojson import from_geojson
from tocsin.model import Problem

MAX_CHARACTERS = 200_000
_FIRST, _LAST = 63, 126  # "?" to "~"
_MORE = 0x20  # the bit that says that the number goes on
_BITS = 5
_MOST_BITS = 30
_PER_DEGREE = 1e5


def from_polyline(text: str, *, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the line, or the point where it has one position only. Raises FormatError for what is no polyline."""
    if len(text) > MAX_CHARACTERS:
        raise FormatError(f"a polyline of more than {MAX_CHARACTERS} characters", at=at)
    lat = lon = 0
    positions = []
    numbers = _numbers(text, at)
    for lat_step in numbers:
        lon_step = next(numbers, None)
        if lon_step is None:
            raise FormatError("the polyline breaks off", at=at)
        lat, lon = lat + lat_step, lon + lon_step
        positions.append([lon / _PER_DEGREE, lat / _PER_DEGREE])
    if not positions:
        raise FormatError("the polyline is empty", at=at)
    kind, coordinates = ("LineString", positions) if len(positions) > 1 else ("Point", positions[0])
    found, problems = from_geojson({"type": kind, "coordinates": coordinates}, at=at)
    assert found is not None, "only null gives no geometry"
    return found, problems


def _numbers(text: str, at: str) -> Iterator[int]:
    value = shift = 0
    for character in text:
        if not _FIRST <= ord(character) <= _LAST or shift > _MOST_BITS:
            raise FormatError("not a polyline", at=at)
        chunk = ord(character) - _FIRST
        value |= (chunk & (_MORE - 1)) << shift
        shift += _BITS
        if not chunk & _MORE:
            yield ~(value >> 1) if value & 1 else value >> 1
            value = shift = 0
    if shift:
        raise FormatError("the polyline breaks off", at=at)
