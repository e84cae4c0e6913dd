"""Road events of the 511 platform that many states and provinces run: the array of /api/v2/get/event, as JSON.

This is not Open511. A document is a snapshot of all events; times are seconds since 1970, and those of year 1 state
none. The line is an encoded polyline; where it is missing, two positions, or one; 0, 0 states none.

Never read: Comment and Details (free words with names and numbers of site staff), detours in words, SourceId, LinkId,
Organization, and what is not named below. `Description` is the issuer's.

Source: developer documentation of the sites (for one: https://511on.ca/developers/doc), "Event".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._periods import OPEN_END
from tocsin.formats._road import AT_TIMES, road_codes, text, where
from tocsin.model import Area, Category, Code, Event, Item, Reading, Severity

SNAPSHOT = True
_EVENT = frozenset({"ID", "EventType", "RoadwayName"})
_SEVERITY = {
    "none": Severity.MINOR,
    "minor": Severity.MINOR,
    "low": Severity.MINOR,
    "moderate": Severity.MODERATE,
    "medium": Severity.MODERATE,
    "major": Severity.SEVERE,
    "high": Severity.SEVERE,
    "severe": Severity.SEVERE,
}
_WORD = re.compile(r"[A-Za-z][\w /-]{0,79}", re.ASCII)
_UNSAID = {"", "no data", "none", "unknown", "both"}
_EARLIEST_YEAR, _LATEST_YEAR = 1971, 2100


def read(body: bytes, *, source: str, now: datetime) -> Reading:  # noqa: ARG001  what is listed needs no clock
    """Return one item for each event. Raises FormatError when the document is no array of such events."""
    document = loads(body)
    if not isinstance(document, list) or (document and not any(map(_is_event, document))):
        raise FormatError("this is no array of events", at="document")
    if not document:
        raise FormatError("an empty array names no format and states no snapshot", at="document")
    items = tuple(_item(event, source=source, at=f"[{place}]") for place, event in enumerate(document))
    return Reading(items=items, is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether the document is an array whose first member has the names of such an event."""
    document = opened.json
    return isinstance(document, list) and bool(document) and _is_event(document[0])


def _is_event(value: object) -> bool:
    return isinstance(value, dict) and value.keys() >= _EVENT


def _item(value: object, *, source: str, at: str) -> Item:
    return read_item(at, lambda problems: (_event(Fields(value, at=at, problems=problems), source=source),))


def _event(event: Fields, *, source: str) -> Event:
    name = event.raw("ID")
    if type(name) is not int and not (isinstance(name, str) and 0 < len(name) <= MAX_NAME):
        raise FormatError("the event has no ID", at=event.at)
    onset, expires = _moment(event, "StartDate"), _moment(event, "PlannedEndDate")
    sent = _moment(event, "LastUpdated") or _moment(event, "Reported") or onset
    if sent is None:
        raise FormatError("the event states no time at all", at=event.at)
    area = _area(event)
    note = AT_TIMES if event.raw("RecurrenceSchedules") else ""
    return Event(
        source=source,
        sender="",
        identifier=str(name),
        sent=sent,
        category=(Category.TRANSPORT,),
        codes=tuple(_codes(event)),
        severity=_SEVERITY.get(event.text("Severity", MAX_NAME).casefold(), Severity.UNKNOWN),
        onset=onset,
        expires=expires or OPEN_END,
        texts=text(area.description, [event.text("Description"), note]),
        areas=(area,),
    )


def _moment(event: Fields, name: str) -> datetime | None:
    """Return a moment in seconds since 1970; None for one of the year 1, and for an end that nobody means."""
    seconds = event.number(name)
    if seconds is None or seconds <= 0:
        return None
    moment = Fields({name: seconds * 1000}, at=event.at, problems=event.problems).epoch_ms(name)
    return moment if moment and _EARLIEST_YEAR <= moment.year < _LATEST_YEAR else None


def _codes(event: Fields) -> Iterator[Code]:
    for scheme, name in (("ibi511", "EventType"), ("ibi511:subtype", "EventSubType")):
        value = event.text(name, MAX_NAME)
        if _WORD.fullmatch(value):
            yield Code(scheme, value)
    if event.raw("IsFullClosure") is True:
        yield Code("ibi511:full_closure", "true")


def _area(event: Fields) -> Area:
    road = event.text("RoadwayName", MAX_NAME)
    said = [event.text(name, MAX_NAME) for name in ("DirectionOfTravel", "LanesAffected")]
    return Area(
        description=where([road], (), [words for words in said if words.casefold() not in _UNSAID]),
        geometry=_geometry(event),
        geocodes=road_codes([road]),
    )


def _geometry(event: Fields) -> BaseGeometry | None:
    """Return the line, or what stands in for it; None, and a Problem, where nothing can be drawn."""
    if encoded := event.text("EncodedPolyline"):
        try:
            geometry, problems = geo.from_polyline(encoded, at=f"{event.at}.EncodedPolyline")
        except FormatError as error:
            event.problem("EncodedPolyline", f"{error.message}; the positions are used", is_repaired=True)
        else:
            event.problems += problems
            return geometry
    ends = [_position(event, suffix) for suffix in ("", "Secondary")]
    stated = list(dict.fromkeys(end for end in ends if end))
    if not stated:
        event.problem("Latitude", "the event states no position")
        return None
    kind = "LineString" if len(stated) > 1 else "Point"
    try:
        geometry, problems = geo.from_gml(kind, " ".join(stated), at=f"{event.at}.Latitude")
    except FormatError as error:
        event.problem("Latitude", error.message)
        return None
    event.problems += problems
    return geometry


def _position(event: Fields, suffix: str) -> str:
    """Return "latitude longitude"; "" where either is missing, or where both are 0."""
    lat, lon = event.number(f"Latitude{suffix}"), event.number(f"Longitude{suffix}")
    return f"{lat:.7f} {lon:.7f}" if lat is not None and lon is not None and (lat or lon) else ""
