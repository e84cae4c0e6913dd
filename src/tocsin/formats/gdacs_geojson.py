"""GDACS in GeoJSON: the API's lists of events (geteventlist) and the data of one (geteventdata). A snapshot.

Each feature is one episode of one disaster; what becomes of it is said in `_gdacs`. Booleans are the texts "true" and
"false"; times have no offset and are UTC. A shape that is not a point is the affected area.

Never read: htmldescription, icon, glide, url.geometry and url.details (addresses), alertscore, polygonlabel, Class,
episodealertlevel, and what is not named below.

Source: https://www.gdacs.org/gdacsapi/swagger/index.html , Events.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from shapely import Point

from tocsin.errors import FormatError
from tocsin.formats._countries import alpha_2
from tocsin.formats._gdacs import TYPES, Disaster, events_of
from tocsin.formats._geojson import MAX_NAME, Fields, features
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._time import has_offset
from tocsin.formats._url import is_web
from tocsin.model import Item, Reading

SNAPSHOT = True
_KEYS = frozenset({"eventtype", "eventid", "alertlevel"})
_FLAGS = {"true": True, "false": False}


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each feature. Raises FormatError when the document is no GeoJSON."""
    listed = features(loads(body))
    items = tuple(_item(feature, source=source, now=now, at=at) for at, feature in listed)
    return Reading(items=items, is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether the first feature has the keys of GDACS."""
    return any(one.keys() >= _KEYS for one in opened.features()[:1])


def _item(feature: object, *, source: str, now: datetime, at: str) -> Item:
    return read_item(
        at,
        lambda problems: events_of(_disaster(Fields(feature, at=at, problems=problems)), source=source, now=now),
    )


def _disaster(feature: Fields) -> Disaster:
    properties = feature.object("properties")
    kind, name = properties.text("eventtype", MAX_NAME).upper(), _id(properties, "eventid")
    if kind not in TYPES or not name:
        raise FormatError("not an event type of GDACS, or no event id", at=properties.at)
    begins, ends = _utc(properties, "fromdate"), _utc(properties, "todate")
    sent = _utc(properties, "datemodified") or ends or begins
    if sent is None:
        raise FormatError("the event has no readable time", at=properties.at)
    measured = properties.object("severitydata")
    geometry = feature.geometry("geometry")
    report = properties.object("url").text("report", MAX_NAME)
    return Disaster(
        kind=kind,
        id=name,
        episode=_id(properties, "episodeid"),
        sent=sent,
        begins=begins or sent,
        level=properties.text("alertlevel", MAX_NAME),
        is_current=_flag(properties, "iscurrent", default=True),
        is_temporary=_flag(properties, "istemporary", default=False),
        headline=properties.text("name") or properties.text("eventname"),
        description=properties.text("description"),
        country=properties.text("country", MAX_NAME),
        countries=alpha_2([*_affected(properties), properties.text("iso3", MAX_NAME)]),
        web=report if is_web(report) else "",
        size=measured.number("severity"),
        unit=measured.text("severityunit", MAX_NAME),
        wording=measured.text("severitytext", MAX_NAME),
        neic=_neic(properties),
        centre=geometry if isinstance(geometry, Point) else None,
        shape=None if isinstance(geometry, Point) else geometry,
        box=None,
    )


def _id(properties: Fields, name: str) -> str:
    """Return a whole number, or a text of letters and digits, as text; "" for anything else."""
    value = properties.raw(name)
    text = str(value) if type(value) is int and 0 <= value < 10**15 else value
    return text if isinstance(text, str) and text.isalnum() and len(text) <= MAX_NAME else ""


def _flag(properties: Fields, name: str, *, default: bool) -> bool:
    """Return a boolean, also one that is written as text; `default`, and a Problem, for anything else that is said."""
    value = properties.raw(name)
    found = value if isinstance(value, bool) else _FLAGS.get(value.lower()) if isinstance(value, str) else None
    if found is None and value not in (None, ""):
        properties.problem(name, "neither true nor false")
    return default if found is None else found


def _utc(properties: Fields, name: str) -> datetime | None:
    """Return a time, in UTC where it says no offset, which GDACS means and so is no fault of the document."""
    text = properties.text(name, MAX_NAME)
    known = len(properties.problems)
    moment = properties.time(name)
    if moment is not None and not has_offset(text):
        del properties.problems[known:]
    return moment


def _affected(properties: Fields) -> Iterator[str]:
    """Yield the codes of the countries that are named as affected."""
    for member in properties.list("affectedcountries"):
        if isinstance(member, dict):
            yield from (code for key in ("iso3", "iso2") if isinstance(code := member.get(key), str))


def _neic(properties: Fields) -> str:
    is_neic = properties.text("source", MAX_NAME).upper() == "NEIC"
    return properties.text("sourceid", MAX_NAME) if is_neic else ""
