"""Where a record of DATEX II applies: geometry, and the names of roads, places and lanes in words and codes.

A location may be published in several ways at once; the most exact is taken: GML, then points and lines of TPEG, then
points by coordinates, then the point for display. Alert-C and OpenLR need their tables and maps: they are kept as
codes. A line of TPEG is drawn straight between its two ends.

Source: EN 16157-2 (location referencing).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._elements import MAX_NAME
from tocsin.formats._local import LocalElements
from tocsin.formats._road import few, road_codes, where
from tocsin.model import Area, Code, Problem

MAX_AREAS = 200
MAX_CODES = 100  # of one area
_ALERT_C = ("alertCPoint", "alertCLinear", "alertCArea")
_OPENLR = ("base64String", "openlrBinary")
_UNSAID = {
    "mainCarriageway", "unspecifiedCarriageway", "allLanesCompleteCarriageway", "unknown", "bothWays", "both", "other",
}  # fmt: skip
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PAIR = ("latitude", "longitude")
_LONGEST_CODE = 80


def areas_of(record: LocalElements) -> tuple[Area, ...]:
    """Return the areas of a record, one for each of its locations; () where it states none."""
    stated = [*record.each("groupOfLocations"), *record.each("locationReference")]
    locations = [part for location in stated for part in _single(location)]
    if len(locations) > MAX_AREAS:
        record.problem("locationReference", f"more than {MAX_AREAS} locations; the rest is left out")
    return tuple(dict.fromkeys(map(_area, locations[:MAX_AREAS])))


def _single(location: LocalElements, depth: int = 4) -> Iterator[LocalElements]:
    """Yield the locations that a group or an itinerary holds, or the location itself."""
    held = [*location.each("locationContainedInGroup"), *location.at_path("locationContainedInItinerary", "location")]
    if held and depth:
        for part in held:
            yield from _single(part, depth - 1)
    else:
        yield location


def _area(location: LocalElements) -> Area:
    """Return a location as an area, unplaced where nothing that it says can be drawn."""
    roads, places, lanes = _roads(location), _places(location), _lanes(location)
    return Area(
        description=where(roads, places, lanes),
        geometry=_geometry(location),
        geocodes=tuple(dict.fromkeys([*road_codes(roads), *itertools.islice(_map_codes(location), MAX_CODES)])),
    )


# --- shapes -------------------------------------------------------------------------------------------------------


def _geometry(location: LocalElements) -> BaseGeometry | None:
    """Return the most exact geometry that is stated and sound, else None."""
    for shapes in (_gml, _tpeg, _points, _display):
        found = list(shapes(location))
        if found:
            whole, problems = geo.together(found, at=location.at)
            location.problems += problems
            return whole
    return None


def _gml(location: LocalElements) -> Iterator[BaseGeometry]:
    for line in location.within("gmlLineString", "LineString"):
        yield from _placed(line, "LineString", line.within("posList", "pos"))
    for ring in location.within("exterior", "gmlExterior"):
        yield from _placed(ring, "Polygon", ring.within("posList"))


def _placed(shape: LocalElements, kind: str, lists: Iterable[LocalElements]) -> Iterator[BaseGeometry]:
    listed = list(lists)
    if listed:
        first = listed[0]
        dimension = first.inherited("srsDimension") or "2"
        positions = " ".join(one.own_text() for one in listed)
        yield from _sound(
            shape, kind, positions, srs=first.inherited("srsName"), dimension=3 if dimension == "3" else 2
        )


def _tpeg(location: LocalElements) -> Iterator[BaseGeometry]:
    for line in location.within("tpegLinearLocation", "tpeglinearLocation"):
        ends = [_position(point) for name in ("from", "to") for point in line.at_path(name, "pointCoordinates")]
        stated = [end for end in ends if end]
        if len(set(stated)) > 1:
            yield from _sound(line, "LineString", " ".join(stated))
        else:
            yield from (shape for end in stated[:1] for shape in _sound(line, "Point", end))
    for point in location.within("tpegPointLocation", "tpegpointLocation"):
        for position in point.within("pointCoordinates"):
            yield from _point(position)


def _points(location: LocalElements) -> Iterator[BaseGeometry]:
    for point in location.within("pointByCoordinates"):
        for position in point.each("pointCoordinates"):
            yield from _point(position)


def _display(location: LocalElements) -> Iterator[BaseGeometry]:
    for position in location.within("coordinatesForDisplay", "locationForDisplay"):
        yield from _point(position)


def _point(position: LocalElements) -> Iterator[BaseGeometry]:
    if stated := _position(position):
        yield from _sound(position, "Point", stated)


def _position(point: LocalElements) -> str:
    """Return "latitude longitude" of a pair of coordinates, "" where one is missing."""
    pair = [part.own_text() for name in _PAIR for part in point.each(name)[:1]]
    return " ".join(pair) if len(pair) == len(_PAIR) else ""


def _sound(
    stated: LocalElements, kind: str, positions: str, *, srs: str = "", dimension: int = 2
) -> Iterator[BaseGeometry]:
    try:
        found, problems = geo.from_gml(kind, positions, srs=srs, dimension=dimension, at=stated.at)
    except FormatError as error:
        problems = (Problem(at=error.at or stated.at, message=error.message),)
    else:
        yield found
    stated.problems += problems


# --- words and codes ----------------------------------------------------------------------------------------------


def _roads(location: LocalElements) -> list[str]:
    named = [name for one in location.within("roadNumber", "roadName") for _, name in one.texts()[:1]]
    linked = [words for kind, words in _tpeg_names(location) if kind == "linkName"]
    return few([*named, *linked])


def _places(location: LocalElements) -> list[str]:
    """Return the names of places along the road, in the direction of travel."""
    described = [words for one in location.within("locationDescription") for _, words in one.texts()[:1]]
    along = [words for kind, words in _tpeg_names(location) if kind != "linkName"]
    coded = [words for one in location.within("alertCLocationName") for _, words in one.texts()[:1]]
    destinations = [words for one in location.within("roadDestination") for _, words in one.texts()[:1]]
    return few([*described, *(along or coded), *destinations])


def _tpeg_names(location: LocalElements) -> list[tuple[str, str]]:
    """Return (kind, name) of the named points of a TPEG location, "from" before "to"."""
    ends = location.at_path("tpegLinearLocation", "from") + location.at_path("tpegLinearLocation", "to")
    points = [*ends, *(point for one in location.each("tpegPointLocation") for point in one.within("point"))]
    return [
        (kind, words)
        for point in points
        for name in point.each("name")
        for kind in [_kind_of(name)]
        for descriptor in name.each("descriptor")
        for _, words in descriptor.texts()[:1]
    ]


def _kind_of(name: LocalElements) -> str:
    return next((word for _, word in name.words("DescriptorType")), "")


def _lanes(location: LocalElements) -> list[str]:
    """Return direction, carriageway and lanes in words."""
    directions = [one.token() for one in location.within("tpegDirection") if one.token().endswith("Bound")]
    ways = [one.token() for one in location.within("carriageway", "laneUsage") if not one.has_children]
    lanes = [one for one in location.within("lane") if not one.has_children]
    numbers = [f"lane {one.own_text()}" for one in location.within("laneNumber") if one.own_text().isdecimal()]
    words = [*directions, *ways, *(lane.token() for lane in lanes)]
    return few([*(_spelled(word) for word in words if word and word not in _UNSAID), *numbers])


def _spelled(word: str) -> str:
    """Return a word of a code list as people write it: "entrySlipRoad" gives "entry slip road"."""
    if word.endswith("Bound"):
        return word.lower()
    return re.sub(r"^lane(\d+)$", r"lane \1", _HUMPS.sub(" ", word).lower())


def _map_codes(location: LocalElements) -> Iterator[Code]:
    """Yield the codes by which a table or a map places the location: Alert-C country:table:version:point, OpenLR."""
    for one in location.within(*_ALERT_C):
        table = [
            part.own_text()
            for name in ("alertCLocationCountryCode", "alertCLocationTableNumber", "alertCLocationTableVersion")
            for part in one.each(name)[:1]
        ]
        for point in one.within("specificLocation"):
            code = ":".join([*table, point.own_text()])
            if len(code) <= _LONGEST_CODE:
                yield Code("alert-c", code)
    for one in location.within(*_OPENLR):
        code = one.own_text().rstrip("=")
        if 0 < len(code) <= MAX_NAME:
            yield Code("openlr", code)
