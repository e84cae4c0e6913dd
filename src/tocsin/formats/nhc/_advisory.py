"""Advisories as text: the public advisory (TCP) for people, the forecast/advisory (TCM) for seafarers.

TCP says position, maximum wind, movement, pressure and how far the wind reaches, in one figure for all directions.
TCM says the same in knots, how far each force reaches in each quadrant, and all of it again for each forecast time.

Read of TCP's words: the headlines, the watches and warnings in effect, the hazards affecting land. Never read: the
discussion, the outlook, where to find more, the forecaster.

Source: NWSI 10-601, sections 4.1 (TCP) and 4.2 (TCM).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tocsin.errors import FormatError
from tocsin.formats._bulletin import nearest
from tocsin.formats.nhc._extent import FORCES_KT, Point, Radii
from tocsin.formats.nhc._storm import KT_PER_MPH, Storm, atcf_id, kind_of

MAX_TEXT = 16_384  # characters of one field
_TITLED_WITHIN = 12  # lines in which title and number of the storm stand
_MOST_POINTS = 20
_TITLE = re.compile(
    r"(?:BULLETIN *)?((?:POTENTIAL |POST-)?TROPICAL CYCLONE|(?:SUB)?TROPICAL (?:DEPRESSION|STORM)|HURRICANE|TYPHOON|"
    r"REMNANTS OF) +(?:OF +)?([A-Z0-9-]{2,20})(?: +(?:SPECIAL|INTERMEDIATE))*(?: +FORECAST/| +)ADVISORY NUMBER +"
    r"([0-9]{1,3}[A-Z]?)(?![A-Z0-9]).*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\b((?:AL|EP|CP|WP)[0-9]{6})\b", re.IGNORECASE)
_LAT_LON = r"([0-9]{1,2}(?:\.[0-9]{1,2})?) ?([NS]) +([0-9]{1,3}(?:\.[0-9]{1,2})?) ?([EW])"
_LOCATION = re.compile(rf"LOCATION\.\.\. ?{_LAT_LON}", re.IGNORECASE)
_CENTRE = re.compile(rf"CENTER LOCATED NEAR +{_LAT_LON} +AT +([0-9]{{2}})/([0-9]{{2}})([0-9]{{2}})Z", re.IGNORECASE)
_WIND_MPH = re.compile(r"MAXIMUM SUSTAINED WINDS\.\.\. ?([0-9]{1,3}) MPH", re.IGNORECASE)
_WIND_KT = re.compile(r"MAX SUSTAINED WINDS +([0-9]{1,3}) KT WITH GUSTS TO +([0-9]{1,3}) KT", re.IGNORECASE)
_PRESSURE = re.compile(r"MINIMUM CENTRAL PRESSURE(?:\.\.\.| )+ ?([0-9]{3,4}) MB", re.IGNORECASE)
_MOVES_MPH = re.compile(r"PRESENT MOVEMENT\.\.\..{0,20}?([0-9]{1,3}) DEGREES AT ([0-9]{1,3}) MPH", re.IGNORECASE)
_MOVES_KT = re.compile(r"PRESENT MOVEMENT .{0,40}?([0-9]{1,3}) DEGREES AT +([0-9]{1,3}) KT", re.IGNORECASE)
_REACH = re.compile(
    r"(HURRICANE|TROPICAL[- ]STORM|GALE)[- ]FORCE WINDS (?:ALSO )?EXTEND OUTWARDS? (?:UP )?TO ([0-9]{1,3}) MI",
    re.IGNORECASE,
)
_RADII = re.compile(
    r"(64|50|34) KT\.{2,} *([0-9]{1,3})NE +([0-9]{1,3})SE +([0-9]{1,3})SW +([0-9]{1,3})NW", re.IGNORECASE
)
_VALID = re.compile(
    rf"(?:FORECAST|OUTLOOK) VALID +([0-9]{{2}})/([0-9]{{2}})([0-9]{{2}})Z(?: +{_LAT_LON})?", re.IGNORECASE
)
_MAX_WIND = re.compile(r"MAX WIND +([0-9]{1,3}) KT", re.IGNORECASE)
_NM_PER_MILE = KT_PER_MPH
_FURTHEST_LAT, _HALF_TURN = 75.0, 180.0
_RULE = re.compile(r"-{4,}")
_SECTIONS = frozenset({"WATCHES AND WARNINGS", "HAZARDS AFFECTING LAND"})
_FURTHER = re.compile(r"(?:FOR (?:FUTURE|STORM|MORE) INFORMATION|PLEASE (?:MONITOR|SEE|REFER)).*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """A storm, where its winds are now, and its forecast points, which begin with now."""

    storm: Storm
    now: Point
    points: tuple[Point, ...]


def storm_title(lines: Sequence[str]) -> tuple[str, str, str, str]:
    """Return (classification, name, advisory number, storm's number). Raises FormatError where no title is found."""
    near = [line.strip() for line in lines[:_TITLED_WITHIN]]
    title = next((found for line in near if (found := _TITLE.fullmatch(line))), None)
    number = next((found[1] for line in near if (found := _NUMBER.search(line))), "")
    if title is None or not number:
        raise FormatError("the advisory does not name its storm", at="title")
    return kind_of(title[1]), title[2].title(), title[3].lstrip("0"), atcf_id(number)


def read_public(lines: Sequence[str], *, sent: datetime) -> Advisory:
    """Return what a public advisory says. Raises FormatError without a storm or its position."""
    kind, name, advisory, number = storm_title(lines)
    text = " ".join(" ".join(lines).split())
    lon, lat = _position(_LOCATION.search(text))
    moves = _MOVES_MPH.search(text)
    wind = _WIND_MPH.search(text)
    storm = Storm(
        id=number,
        name=name,
        kind=kind,
        lon=lon,
        lat=lat,
        sent=sent,
        advisory=advisory,
        wind_kt=_knots(wind[1]) if wind else None,
        pressure_hpa=_float(_PRESSURE.search(text)),
        movement_deg=float(moves[1]) if moves else None,
        movement_kt=float(moves[2]) * KT_PER_MPH if moves else None,
    )
    now = Point(at=sent, lon=lon, lat=lat, wind_kt=storm.wind_kt, radii_nm=_reaches(text))
    return Advisory(storm=storm, now=now, points=(now,))


def read_forecast(lines: Sequence[str], *, sent: datetime) -> Advisory:
    """Return what a forecast/advisory says. Raises FormatError without a storm or its position."""
    kind, name, advisory, number = storm_title(lines)
    starts = [index for index, line in enumerate(lines) if _VALID.match(line.strip())]
    present = lines[: starts[0] if starts else len(lines)]
    text = " ".join(" ".join(present).split())
    centre = _CENTRE.search(text)
    lon, lat = _position(centre)
    at = nearest(int(centre[5]), int(centre[6]), int(centre[7]), sent) if centre else None
    wind, moves = _WIND_KT.search(text), _MOVES_KT.search(text)
    storm = Storm(
        id=number,
        name=name,
        kind=kind,
        lon=lon,
        lat=lat,
        sent=sent,
        advisory=advisory,
        wind_kt=float(wind[1]) if wind else None,
        gust_kt=float(wind[2]) if wind else None,
        pressure_hpa=_float(_PRESSURE.search(text)),
        movement_deg=float(moves[1]) if moves else None,
        movement_kt=float(moves[2]) if moves else None,
    )
    now = Point(at=at or sent, lon=lon, lat=lat, wind_kt=storm.wind_kt, radii_nm=_quadrants(present))
    bounds = [*starts[: _MOST_POINTS + 1], len(lines)]
    blocks = [lines[first:last] for first, last in pairwise(bounds)][:_MOST_POINTS]
    return Advisory(storm=storm, now=now, points=(now, *_in_order(now, blocks)))


def _in_order(now: Point, blocks: Iterable[Sequence[str]]) -> Iterator[Point]:
    """Yield the forecast points up to the first without a position (dissipated) or out of order."""
    last = now.at
    for block in blocks:
        point = _forecast_point(block, last)
        if point is None or point.at <= last:
            return
        yield point
        last = point.at


def _forecast_point(block: Sequence[str], last: datetime) -> Point | None:
    found = _VALID.match(block[0].strip())
    if found is None or found[4] is None:
        return None
    at = nearest(int(found[1]), int(found[2]), int(found[3]), last)
    lon, lat = _degrees(found.groups()[3:7])
    wind = next((match for line in block[1:] if (match := _MAX_WIND.match(line.strip()))), None)
    if at is None:
        return None
    return Point(at=at, lon=lon, lat=lat, wind_kt=float(wind[1]) if wind else None, radii_nm=_quadrants(block))


def _quadrants(lines: Iterable[str]) -> dict[int, Radii]:
    """Return how far each force reaches in miles at sea, by quadrant; of a force that is said twice the first."""
    found: dict[int, Radii] = {}
    for line in lines:
        if match := _RADII.match(line.strip()):
            north_east, south_east, south_west, north_west = (float(match[n]) for n in range(2, 6))
            found.setdefault(int(match[1]), (north_east, south_east, south_west, north_west))
    return found


def _reaches(text: str) -> dict[int, Radii]:
    """Return how far hurricane and storm force winds reach, the same in each quadrant, in miles at sea."""
    found: dict[int, Radii] = {}
    for match in _REACH.finditer(text):
        force = FORCES_KT[0] if match[1].upper() == "HURRICANE" else FORCES_KT[-1]
        radius = float(match[2]) * _NM_PER_MILE
        found.setdefault(force, (radius, radius, radius, radius))
    return found


def words_of(lines: Sequence[str]) -> tuple[str, str]:
    """Return (headlines, watches and warnings with hazards) of a public advisory."""
    stripped = [line.strip() for line in lines]
    starts = [number for number, line in enumerate(stripped) if _RULE.fullmatch(line) and number]
    ends = [start - 1 for start in starts[1:]]
    top = stripped[: starts[0] - 1] if starts else stripped[:_TITLED_WITHIN]
    body: list[str] = []
    for start, end in zip(starts, [*ends, len(stripped)], strict=False):
        if stripped[start - 1].upper() in _SECTIONS:
            body += ["", *stripped[start + 1 : end]]
    return _headlines(top)[:MAX_TEXT], _paragraphs(body)[:MAX_TEXT]


def _headlines(lines: Iterable[str]) -> str:
    """Return the lines "...SUCH AS THIS...", each of which may run over several."""
    found: list[str] = []
    is_open = False
    for line in lines:
        if line.startswith("...") and not is_open:
            found.append(line)
        elif is_open and line:
            found[-1] += f" {line}"
        else:
            continue
        is_open = not line.endswith("...")
    return ". ".join(headline.strip(". ") for headline in found)


def _paragraphs(lines: Iterable[str]) -> str:
    """Return paragraphs, each on one line, a bullet on its own, without those that say where to find more."""
    found: list[list[str]] = [[]]
    for line in lines:
        if not line or line.startswith("*"):
            found.append([])
        if line:
            found[-1].append(line)
    told = (" ".join(part) for part in found if part)
    return "\n".join(text for text in told if not _FURTHER.match(text))


def _position(found: re.Match[str] | None) -> tuple[float, float]:
    if found is None:
        raise FormatError("the advisory has no position", at="position")
    return _degrees(found.groups()[:4])


def _degrees(parts: Sequence[str]) -> tuple[float, float]:
    """Return (lon, lat). Raises FormatError for what is nowhere on Earth, or where no cyclone is."""
    lat = float(parts[0]) * (1 if parts[1].upper() == "N" else -1)
    lon = float(parts[2]) * (1 if parts[3].upper() == "E" else -1)
    if abs(lat) > _FURTHEST_LAT or abs(lon) > _HALF_TURN:
        raise FormatError("a position where no cyclone is", at="position")
    return lon, lat


def _float(found: re.Match[str] | None) -> float | None:
    return float(found[1]) if found else None


def _knots(mph: str) -> float:
    """Return the knots, in fives as advisories state them, that were converted to miles an hour in fives."""
    return float(5 * round(float(mph) * KT_PER_MPH / 5))
