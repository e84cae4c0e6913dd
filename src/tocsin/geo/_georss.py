"""GeoRSS and GML positions: "lat lon lat lon ..." in text.

Source: OGC GeoRSS 1.0 (17-002r1), 8.3 (Simple: point, line, polygon, box, circle); GML 3.1.1, pos and posList in
EPSG:4326, which goes latitude first.
"""

from __future__ import annotations

import re
from typing import Literal

from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from tocsin.errors import FormatError
from tocsin.geo._cap import cap_circle, cap_polygon, positions_of
from tocsin.geo._rings import cut, unwrapped
from tocsin.model import Problem

Shape = Literal["point", "line", "polygon", "box", "circle"]

_SEPARATORS = re.compile(r"[\s,]++")
_MAX_CHARACTERS = 40_000_000  # a million positions; beyond that nothing is looked at
_COUNTS = {"point": 2, "box": 4, "circle": 3}


def georss(shape: Shape, text: str, *, at: str, is_coarse: bool = False) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the geometry of a GeoRSS Simple element, and what was repaired.

    `text` holds numbers apart by white space or commas, latitude before longitude; a box its lower corner and its
    upper; a circle its centre and its radius in metres (a coarse one is drawn as a box). A box without any width is a
    point or a line. Raises FormatError when the text is anything else.
    """
    if len(text) > _MAX_CHARACTERS:
        raise FormatError("too many positions", at=at)
    numbers = [part for part in _SEPARATORS.split(text) if part]
    wanted = _COUNTS.get(shape)
    if not numbers or len(numbers) % 2 == (shape != "circle") or (wanted and len(numbers) != wanted):
        raise FormatError("not the numbers that this shape has", at=at)
    if shape == "point":
        return _point(_pairs(numbers), at=at)
    if shape == "circle":
        return cap_circle(f"{_pairs(numbers[:2])} {_km(numbers[2], at)}", at=at, is_coarse=is_coarse)
    if shape == "line":
        return _line(_pairs(numbers), at=at)
    if shape == "box":
        return _box(numbers, at=at)
    return cap_polygon(_pairs(numbers), at=at)


def _pairs(numbers: list[str]) -> str:
    return " ".join(f"{lat},{lon}" for lat, lon in zip(numbers[::2], numbers[1::2], strict=True))


def _km(metres: str, at: str) -> str:
    try:
        return f"{float(metres) / 1000:.6f}"
    except ValueError:
        raise FormatError("the radius is not a number", at=at) from None


def _point(pair: str, *, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    positions, problems = positions_of(pair, at=at)
    lon, lat = positions[0]
    return Point(lon if abs(lon) <= 180.0 else (lon + 180.0) % 360.0 - 180.0, lat), problems


def _line(pairs: str, *, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    line, problems = positions_of(pairs, at=at)
    if len(line) < 2 or (line == line[0]).all():
        raise FormatError("a line without length", at=at)
    return cut(LineString(unwrapped(line, at=at))), problems


def _box(numbers: list[str], *, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    south, west, north, east = numbers
    if (south, west) == (north, east):
        return georss("point", f"{south} {west}", at=at)
    if south == north or west == east:
        return _line(_pairs(numbers), at=at)
    return cap_polygon(_pairs([south, west, south, east, north, east, north, west, south, west]), at=at)
