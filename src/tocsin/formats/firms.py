"""Active fires of NASA FIRMS: CSV of hot spots that MODIS and VIIRS saw from orbit, put together into fires.

A hot spot is a pixel, not an alert. An item is a *fire*, at the first of the rows that belong to it, or a row of which
no fire is made.

Hot spots belong together when their cells of a kilometre are neighbours, through however many others: up to 1 km apart
they always do, from 3.7 km on only through a third. (VIIRS pixels are 0.375 km, those of MODIS 1 km.) The cells lie
on a fixed grid, so the answer does not depend on the order of the rows; the cost is linear in them.

A fire is named after its first hot spot: the earliest, of equals the southernmost, then the westernmost. As a fire
grows it keeps the name for as long as the document reaches back to that one. The cells and days in which it burnt are
aliases, by which a fire whose first hot spot has left the document, or two that met, stay one thread.

Messages, not a snapshot: a cloud hides a fire, so that absence ends nothing. Our clock does, by the life of the hazard
from the last sight of it. `sent` is the last sight. NASA rates no danger, so severity is unknown. Left out, each with a
Problem: a hot spot of low confidence (sun on a roof), one that the archive calls static, offshore or a volcano.

Never read: brightness and its channels, version, daynight, instrument, country_id, and what is not named below.

Source: https://firms.modaps.eosdis.nasa.gov/content/academy/data_api/firms_api_use.html ; VIIRS 375 m Active Fire
User Guide and MODIS Collection 6 User Guide 1.0, table of attributes; confidence of MODIS: low below 30, high from 80.
"""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._opened import Opened
from tocsin.hazards import HAZARDS
from tocsin.model import Area, Category, Certainty, Code, Event, Item, Problem, Reading, Severity, Text, Urgency

SNAPSHOT = False
SENDER = "firms.modaps.eosdis.nasa.gov"
MAX_BYTES = 32 * 2**20
MAX_ROWS = 200_000  # a day of the whole world has some 100,000
MAX_ALIASES = 200
MAX_BOXES = 1_000  # of one fire; a larger one is drawn more coarsely, and so larger
CELL_KM = 1.0

_WILDFIRE = "wildfire"
_NORTH, _EAST = 90.0, 180.0
_KM_PER_DEGREE = 111.195
_ROW_DEGREES = CELL_KM / _KM_PER_DEGREE
_WHOLE_CELLS = 10  # an alias names a square of so many cells on a side
_PIXEL_KM = (0.1, 5.0, 0.5)  # smallest and largest that are believed, and what is taken where none is said
_NEEDED = ("latitude", "longitude", "acq_date", "acq_time")
_BEST, _GOOD, _LOW = Certainty.OBSERVED, Certainty.LIKELY, Certainty.UNLIKELY
_WORDS = {
    **dict.fromkeys(("h", "high"), _BEST),
    **dict.fromkeys(("n", "nominal", "m", "medium"), _GOOD),  # Landsat says medium
    **dict.fromkeys(("l", "low"), _LOW),
}
_RANKS = {certainty: rank for rank, certainty in enumerate(Certainty)}
_HIGH_PERCENT, _LOW_PERCENT = 80.0, 30.0
_VEGETATION = "0"  # the `type` of archive files: 1 volcano, 2 other static land source, 3 offshore
_SIGNS = str.maketrans("", "", "-:")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,12})?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_CLOCK = re.compile(r"([0-9]{0,2}?):?([0-9]{1,2})")

_Cell = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpot:
    """One row. `cell` is the (row, column) of the grid that holds it, `across_km` and `along_km` are the sides of its
    pixel, `power_mw` is its fire radiative power.
    """

    seen: datetime
    lat: float
    lon: float
    cell: _Cell
    certainty: Certainty
    across_km: float
    along_km: float
    power_mw: float


def read(body: bytes, *, source: str, now: datetime) -> Reading:  # noqa: ARG001  hot spots need no clock
    """Return one item for each fire and each row that is none. Raises FormatError when it is no CSV of hot spots."""
    rows = _rows(body)
    header = [name.strip().lower() for name in next(rows, [])]
    if missing := [name for name in _NEEDED if name not in header]:
        raise FormatError(f"no column {missing[0]}", at="line 1")
    read_rows = [_hot_spot(row, header, at=f"row[{number}]") for number, row in enumerate(rows, 1) if any(row)]
    spots = [spot for spot, _ in read_rows if spot is not None]
    fires = _fires(spots, source)
    items = []
    told: set[str] = set()
    for number, (spot, problems) in enumerate(read_rows, 1):
        fire = fires[spot.cell] if spot is not None else None
        if fire is None or fire.identifier not in told:
            items.append(Item(at=f"row[{number}]", events=(fire,) if fire else (), problems=problems))
        if fire is not None:
            told.add(fire.identifier)
    return Reading(items=tuple(items), is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether the first line names the columns of FIRMS."""
    first = opened.head.partition("\n")[0].lower()
    return {*_NEEDED, "confidence", "scan"} <= {name.strip() for name in first.split(",")}


def _rows(body: bytes) -> Iterator[list[str]]:
    """Yield the cells of each line. Raises FormatError when the document is no text, or too long."""
    if len(body) > MAX_BYTES:
        raise FormatError(f"the document is larger than {MAX_BYTES} bytes", at="document")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8", at=f"byte {error.start}") from None
    lines = text.splitlines()
    if len(lines) > MAX_ROWS:
        raise FormatError(f"more than {MAX_ROWS} lines", at="document")
    reader = csv.reader(lines)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise FormatError("a line is no CSV", at=f"line {reader.line_num}") from None


# --- one row -------------------------------------------------------------------------------------------------------


def _hot_spot(row: Sequence[str], header: Sequence[str], *, at: str) -> tuple[HotSpot | None, tuple[Problem, ...]]:
    """Return the hot spot of a row, or None and why it is none, or none that a fire is made of."""
    cells = dict(zip(header, map(str.strip, row), strict=False))
    try:
        return _read_cells(cells, at), ()
    except FormatError as error:
        return None, (Problem(at=error.at or at, message=error.message),)


def _read_cells(cells: Mapping[str, str], at: str) -> HotSpot:
    lat, lon = _number(cells, "latitude", at), _number(cells, "longitude", at)
    if lat is None or lon is None or abs(lat) > _NORTH or abs(lon) > _EAST:
        raise FormatError("no position on Earth", at=f"{at}.latitude")
    certainty = _certainty(cells.get("confidence", "").lower())
    if certainty is _LOW:
        raise FormatError("low confidence; no fire is made of it", at=f"{at}.confidence")
    if cells.get("type", "") not in {"", _VEGETATION}:
        raise FormatError("a static source, a volcano or offshore; no fire is made of it", at=f"{at}.type")
    seen = _seen(cells.get("acq_date", ""), cells.get("acq_time", ""))
    if seen is None:
        raise FormatError("not a date and time", at=f"{at}.acq_time")
    return HotSpot(
        seen=seen,
        lat=lat,
        lon=lon,
        cell=_cell(lat, lon),
        certainty=certainty,
        across_km=_pixel(_number(cells, "scan", at)),
        along_km=_pixel(_number(cells, "track", at)),
        power_mw=max(_number(cells, "frp", at) or 0.0, 0.0),
    )


def _number(cells: Mapping[str, str], name: str, at: str) -> float | None:
    text = cells.get(name, "")
    if text and not _NUMBER.fullmatch(text):
        raise FormatError("not a number", at=f"{at}.{name}")
    return float(text) if text else None


def _pixel(side_km: float | None) -> float:
    least, most, usual = _PIXEL_KM
    return min(max(side_km, least), most) if side_km else usual


def _certainty(text: str) -> Certainty:
    """Return how sure the algorithm was: VIIRS says it in a word or letter, MODIS in percent."""
    if _NUMBER.fullmatch(text):
        percent = float(text)
        return _BEST if percent >= _HIGH_PERCENT else _GOOD if percent >= _LOW_PERCENT else _LOW
    return _WORDS.get(text, Certainty.UNKNOWN)


@lru_cache(maxsize=4_096)  # one pass of a satellite takes ten minutes
def _seen(date: str, time: str) -> datetime | None:
    """Return the moment of acquisition, UTC: the clock is written "0048", "48", "430" or "04:30"."""
    day, clock = _DATE.fullmatch(date), _CLOCK.fullmatch(time)
    if day is not None and clock is not None:
        with suppress(ValueError):
            return datetime(int(day[1]), int(day[2]), int(day[3]), int(clock[1] or 0), int(clock[2]), tzinfo=UTC)
    return None


# --- fires -----------------------------------------------------------------------------------------------------------


def _fires(spots: Iterable[HotSpot], source: str) -> dict[_Cell, Event]:
    """Return the fire that burns in each cell."""
    held: defaultdict[_Cell, list[HotSpot]] = defaultdict(list)
    for spot in spots:
        held[spot.cell].append(spot)
    groups = list(_together(held))
    fires = [[spot for cell in cells for spot in held[cell]] for cells in groups]
    found: dict[_Cell, Event] = {}
    for cells, burning, shape in zip(groups, fires, geo.boxes([_pixels(fire) for fire in fires]), strict=True):
        found.update(dict.fromkeys(cells, _fire(burning, shape, source)))
    return found


def _together(held: Mapping[_Cell, object]) -> Iterator[list[_Cell]]:
    """Yield the cells in groups of neighbours, and theirs. Cost: linear."""
    left = set(held)
    for start in sorted(held):
        if start not in left:
            continue
        left.discard(start)
        group, ahead = [start], [start]
        while ahead:
            for near in _neighbours(ahead.pop()):
                if near in left:
                    left.discard(near)
                    group.append(near)
                    ahead.append(near)
        yield sorted(group)


@lru_cache(maxsize=65536)
def _columns(row: int) -> int:
    """Return how many cells of a kilometre a row of the grid has, at the middle of its latitudes."""
    lat = min(abs((row + 0.5) * _ROW_DEGREES), 90.0)
    return max(1, math.floor(360.0 * math.cos(math.radians(lat)) / _ROW_DEGREES))


def _cell(lat: float, lon: float) -> _Cell:
    row = math.floor(lat / _ROW_DEGREES)
    columns = _columns(row)
    return row, math.floor((lon + 180.0) / 360.0 * columns) % columns


def _neighbours(cell: _Cell) -> Iterator[_Cell]:
    """Yield the cells any point of which may be a kilometre from this one, also over the 180th meridian.

    Rows have their own number of columns, so that above and below one more on each side may be that near.
    """
    row, column = cell
    columns = _columns(row)
    west, east = column / columns, (column + 1) / columns
    for other in (row - 1, row, row + 1):
        count = _columns(other)
        first, last = math.floor(west * count) - 1, math.floor(east * count) + 1
        for near in (column - 1, column, column + 1) if other == row else range(first, last + 1):
            yield other, near % count


def _fire(spots: Sequence[HotSpot], shape: BaseGeometry, source: str) -> Event:
    first = min(spots, key=lambda spot: (spot.seen, spot.lat, spot.lon))
    last = max(spot.seen for spot in spots)
    certainty = min((spot.certainty for spot in spots), key=_RANKS.__getitem__)
    power_mw = sum(spot.power_mw for spot in spots if spot.seen == last)
    power = f" with a radiative power of {power_mw:.1f} MW" if power_mw else ""
    count = len(spots)
    return Event(
        source=source,
        sender=SENDER,
        identifier=f"fire-{_minute(first.seen, 'T').translate(_SIGNS)}Z{first.lat:+.3f}{first.lon:+.3f}",
        sent=last,
        aliases=_aliases(spots),
        category=(Category.FIRE,),
        codes=(Code("firms", "hotspot"),),
        urgency=Urgency.IMMEDIATE,
        severity=Severity.UNKNOWN,
        certainty=certainty,
        onset=first.seen,
        expires=last + HAZARDS[_WILDFIRE].lasts,
        sender_name="NASA FIRMS",
        web="https://firms.modaps.eosdis.nasa.gov/",
        texts=(
            Text(
                language="en",
                event="Wildfire",
                headline=f"Fire seen from orbit, {count} hot spot{'s' if count > 1 else ''}",
                description=f"Newest observation {_minute(last, ' ')} UTC{power}. "
                "A satellite sees heat, not what burns: it may be a controlled fire or a plant.",
            ),
        ),
        areas=(Area(geometry=shape),),
        measures={"hot_spots": float(count), **({"power_mw": round(power_mw, 3)} if power_mw else {})},
    )


def _aliases(spots: Iterable[HotSpot]) -> tuple[str, ...]:
    cells = ((spot.seen, *spot.cell) for spot in spots)
    names = {f"fire:{_day(seen)}:{row // _WHOLE_CELLS}:{column // _WHOLE_CELLS}" for seen, row, column in cells}
    return tuple(sorted(names)[-MAX_ALIASES:])


def _minute(moment: datetime, between: str) -> str:
    """Return "2026-11-20 10:43". A tenth of what strftime costs, and a day of the world has 100,000 fires."""
    return moment.isoformat(between, "minutes")[: len("2026-11-20 10:43")]


def _day(moment: datetime) -> str:
    return moment.isoformat()[: len("2026-11-20")].translate(_SIGNS)


def _pixels(spots: Sequence[HotSpot]) -> Sequence[geo.Box]:
    """Return the pixels: those of one cell, or of a square of cells where there are many, as the box about them."""
    boxes = _boxes(spots, 1)
    cells = 1
    while len(boxes) > MAX_BOXES:
        cells *= 2
        boxes = _boxes(spots, cells)
    return boxes


def _boxes(spots: Iterable[HotSpot], cells: int) -> Sequence[geo.Box]:
    """Return the box about the pixels of each square of `cells` by `cells` in which there are any."""
    found: dict[_Cell, geo.Box] = {}
    for spot in spots:
        row, column = spot.cell
        key, box = (row // cells, column // cells), _pixel_box(spot)
        known = found.get(key, box)
        found[key] = (
            min(known[0], box[0]),
            min(known[1], box[1]),
            max(known[2], box[2]),
            max(known[3], box[3]),
        )
    return list(found.values())


def _pixel_box(spot: HotSpot) -> geo.Box:
    north = spot.along_km / 2 / _KM_PER_DEGREE
    east = min(spot.across_km / 2 / _KM_PER_DEGREE / max(math.cos(math.radians(spot.lat)), 0.01), 90.0)
    return spot.lon - east, max(spot.lat - north, -90.0), spot.lon + east, min(spot.lat + north, 90.0)
