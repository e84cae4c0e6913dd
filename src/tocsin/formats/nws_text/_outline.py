"""The polygon that a product draws: "LAT...LON 3042 8677 3050 8667", in hundredths of a degree.

Latitudes are north, longitudes *west*; beyond 18000 they go on across the 180th meridian. The offices of Guam, the
Marianas, Micronesia, Palau and the Marshall Islands write longitudes *east*, that of Samoa latitudes *south*. Tokens
of eight digits hold both, the longitude without its hundreds. A storm's own motion (TIME...MOT...LOC) is no polygon
and is never read as one.

Source: NWSI 10-511, 2.3.5 and 10-922 (LAT...LON line); NWSI 10-512 (eight digits).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.model import Problem

_BEGINS = re.compile(r"LAT\.\.\.LON((?: +[0-9]+)*) *(TIME\.\.\.MOT.*)?", re.IGNORECASE)
_GOES_ON = re.compile(r"[0-9]+(?: +[0-9]+)*")
_MISSING = re.compile(r"LAT\.\.\.LON +MISSING\.* *", re.IGNORECASE)
_BOTH = 8  # digits of a token that holds latitude and longitude
_ONE = frozenset({3, 4, 5})  # digits of a token that holds one of them
_LEAST_WEST = 5_000  # hundredths; no place in the United States lies less far west, so 0280 is 102.80
_EASTERN = frozenset({"GU", "MP", "FM", "PW", "MH", "PM"})  # PM: the waters of all of them
_EASTERN_OFFICES = frozenset({"PGUM"})
_SOUTHERN = "AS"
_HALF_TURN = 180.0


def read_outline(
    lines: Sequence[str], *, office: str, states: Iterable[str], at: str
) -> tuple[BaseGeometry | None, tuple[Problem, ...]]:
    """Return the polygon in the lines of a segment, None when there is none, and what is wrong with it.

    `states` are the first two letters of the segment's codes.
    """
    for start, line in enumerate(lines):
        if _MISSING.fullmatch(line):
            return None, ()
        if found := _BEGINS.fullmatch(line):
            tokens = [*found[1].split(), *(() if found[2] else _continued(lines[start + 1 :]))]
            codes = frozenset(states)
            is_east = office in _EASTERN_OFFICES or not _EASTERN.isdisjoint(codes)
            return _polygon(tokens, is_east=is_east, is_south=_SOUTHERN in codes, at=at)
    return None, ()


def _continued(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if not _GOES_ON.fullmatch(line.strip()):
            return
        yield from line.split()


def _polygon(
    tokens: Sequence[str], *, is_east: bool, is_south: bool, at: str
) -> tuple[BaseGeometry | None, tuple[Problem, ...]]:
    try:
        pairs = [_position(-lat if is_south else lat, lon, is_east=is_east) for lat, lon in _pairs(tokens, at)]
        # The first corner is not said again at the end.
        ring = [*pairs, *(pairs[:1] if pairs[:1] != pairs[-1:] else ())]
        return geo.cap_polygon(" ".join(f"{lat:.2f},{lon:.2f}" for lat, lon in ring), at=at)
    except FormatError as error:
        return None, (Problem(at=error.at, message=f"{error.message}; the polygon was left out"),)


def _pairs(tokens: Sequence[str], at: str) -> list[tuple[int, int]]:
    if tokens and all(len(token) == _BOTH for token in tokens):
        halves = [(int(token[:4]), int(token[4:])) for token in tokens]
        return [(lat, lon if lon >= _LEAST_WEST else lon + 10_000) for lat, lon in halves]
    if len(tokens) % 2 or any(len(token) not in _ONE for token in tokens):
        raise FormatError("the polygon is no list of latitudes and longitudes", at=at)
    numbers = list(map(int, tokens))
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _position(lat: int, lon: int, *, is_east: bool) -> tuple[float, float]:
    degrees = lon / 100 if is_east else -lon / 100
    # Over the 180th meridian a ring goes on; geo unwraps and cuts it.
    return lat / 100, degrees + 360 if degrees < -_HALF_TURN else degrees
