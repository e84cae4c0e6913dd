"""GDACS in RSS: disasters of the world with terms of their own (gdacs:), a snapshot of the last day or week.

Each item is one episode of one disaster; what becomes of it is said in `_gdacs`. What GDACS no longer lists is older
than the feed's window, and what it lists with iscurrent "false" is over.

`sent` is datemodified, else pubDate. A drought's pubDate is the moment when the feed was made; its day is taken, so
that a drought is not a new message every six minutes.

Never read: managingEditor, webMaster, author, resources, population, vulnerability, enclosure, icon, mapimage, cap
(an address), glide, every identifier but NEIC's, and what is not named below.

Source: https://www.gdacs.org/feed_reference.aspx ; GeoRSS Simple 1.1; W3C Basic Geo Vocabulary.
"""

from __future__ import annotations

import re
from datetime import datetime, time

from lxml import etree
from shapely import Point
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._countries import alpha_2
from tocsin.formats._feed import MAX_NAME, Entry, feed_of
from tocsin.formats._gdacs import TYPES, Disaster, events_of
from tocsin.formats._item import read_item
from tocsin.formats._opened import Opened
from tocsin.formats._xml import open_xml, text_of
from tocsin.formats.georss import shape_of
from tocsin.model import Event, Item, Problem, Reading

SNAPSHOT = True
NAMESPACE = "http://www.gdacs.org"
NEVER_READ = frozenset({"managingEditor", "webMaster", "author", "enclosure"})
_G = f"{{{NAMESPACE}}}"
_BOX = re.compile(r"(\S{1,40}) (\S{1,40}) (\S{1,40}) (\S{1,40})")
_TRUE, _FALSE = "true", "false"


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each disaster listed. Raises FormatError when the document is no RSS."""
    root, repaired = open_xml(body)
    feed = feed_of(root)
    items = tuple(
        _item(entry, source=source, now=now, at=f"{feed.kind}[{number}]", as_of=feed.as_of)
        for number, entry in enumerate(feed.entries, 1)
    )
    return Reading(items=items, problems=repaired, as_of=feed.as_of, is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether this is RSS whose entries, or where there are none its own namespaces, are GDACS's."""
    if opened.xml is None or opened.root != ("rss", ""):
        return False
    entries = feed_of(opened.xml).entries
    if not entries:
        return NAMESPACE in opened.xml.nsmap.values()
    return entries[0].find(f"{_G}eventid") is not None


def _item(element: etree._Element, *, source: str, now: datetime, at: str, as_of: datetime | None) -> Item:
    def events(problems: list[Problem]) -> tuple[Event, ...]:
        disaster = _disaster(Entry(element, at=at, problems=problems), as_of)
        # By the feed's own time where it says one: a stale copy must not prolong what it lists.
        return events_of(disaster, source=source, now=min(as_of or now, now))

    return read_item(at, events)


def _disaster(entry: Entry, as_of: datetime | None) -> Disaster:
    kind, name = entry.name(f"{_G}eventtype").upper(), entry.name(f"{_G}eventid")
    if kind not in TYPES or not name.isalnum() or len(name) > MAX_NAME:
        raise FormatError("not an event type of GDACS, or no event id", at=entry.at)
    sent = entry.moment(f"{_G}datemodified", "pubDate") or as_of
    if sent is None:
        raise FormatError("the item has no readable time", at=entry.at)
    if kind == "DR":
        sent = datetime.combine(sent.date(), time(tzinfo=sent.tzinfo))
    size, unit, wording = _severity(entry)
    centre, shape = _centre(entry)
    return Disaster(
        kind=kind,
        id=name,
        episode=entry.name(f"{_G}episodeid"),
        sent=sent,
        begins=entry.moment(f"{_G}fromdate") or sent,
        level=entry.name(f"{_G}alertlevel"),
        is_current=_flag(entry, "iscurrent", default=True),
        is_temporary=_flag(entry, "temporary", default=False),
        headline=entry.text("title"),
        description=entry.text("description"),
        country=entry.name(f"{_G}country"),
        countries=alpha_2(entry.name(f"{_G}iso3").replace(",", " ").split()),
        web=entry.link(),
        size=size,
        unit=unit,
        wording=wording,
        neic=_neic(entry),
        centre=centre,
        shape=shape,
        box=None if shape is not None or centre is not None else _box(entry),
    )


def _flag(entry: Entry, name: str, *, default: bool) -> bool:
    """Return a "true" or "false"; `default`, and a Problem, for anything else that is said."""
    text = entry.name(f"{_G}{name}").lower()
    if text and text not in {_TRUE, _FALSE}:
        entry.problem(name, "neither true nor false")
    return text == _TRUE if text in {_TRUE, _FALSE} else default


def _severity(entry: Entry) -> tuple[float | None, str, str]:
    """Return the value, the unit and the words of <gdacs:severity>."""
    for element in entry.all(f"{_G}severity"):
        size = entry.number((element.get("value") or "").strip(), "severity")
        return size, (element.get("unit") or "")[:MAX_NAME], text_of(element)[:MAX_NAME]
    return None, "", ""


def _neic(entry: Entry) -> str:
    """Return the id of the quake at the US Geological Survey, "" where none is named."""
    named = (one for group in entry.all(f"{_G}identifiers") for one in group.iterchildren(f"{_G}identifier"))
    return next((text_of(one)[:MAX_NAME] for one in named if one.get("id") == "neicid"), "")


def _centre(entry: Entry) -> tuple[Point | None, BaseGeometry | None]:
    """Return the centre and the affected area, as far as the item holds them."""
    found = shape_of(entry)
    return (found, None) if isinstance(found, Point) or found is None else (None, found)


def _box(entry: Entry) -> BaseGeometry | None:
    """Return <gdacs:bbox>, "lonmin lonmax latmin latmax", as an area."""
    found = _BOX.fullmatch(entry.name(f"{_G}bbox"))
    if found is None:
        return None
    west, east, south, north = found.groups()
    try:
        geometry, problems = geo.georss("box", f"{south} {west} {north} {east}", at=f"{entry.at}/bbox")
    except FormatError as error:
        entry.problem("bbox", error.message)
        return None
    entry.problems += problems
    return geometry
