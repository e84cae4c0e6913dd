"""GeoRSS: Atom and RSS whose entries have a place, in GeoRSS Simple, in GML, or as W3C lat and long.

What such a feed is about it says in words: the title is the headline, and each category stays as a code
("georss:category"), as does a type of GDACS. A category that is one of CAP's becomes that; any other is the event
term, so that "road-closure" is found on the closed list. Elements of CAP in an entry (cap:severity ...) are read.
An entry without a place is unplaced. Whether a feed is a snapshot its issuer decides; no entry says when it ends,
unless in CAP's words.

Positions are latitude first, in GML too, but where srsName says CRS84; another reference system leaves the entry
unplaced with a Problem. Markup within a description is left out, its words stay.

Never read: author, contributor, creator, comments, enclosure, content (also content:encoded), media, and what is not
named below.

Source: OGC GeoRSS 1.0 (17-002r1); GML 3.1.1 and 3.2; RFC 4287 (Atom); RSS 2.0 and 1.0; W3C Basic Geo Vocabulary.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from lxml import etree
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._feed import ATOM, MAX_NAME, Entry, Feed, feed_of
from tocsin.formats._gdacs import SEVERITIES, TYPES
from tocsin.formats._item import read_item
from tocsin.formats._opened import Opened
from tocsin.formats._xml import local, namespace, open_xml, text_of
from tocsin.formats.atom import names_cap
from tocsin.formats.cap import NAMESPACES
from tocsin.model import (
    Area,
    Category,
    Certainty,
    Code,
    Event,
    Item,
    Problem,
    Reading,
    Severity,
    Text,
    Urgency,
)

SNAPSHOT = True  # where the issuer lists what is in force
NEVER_READ = frozenset({"author", "contributor", "comments", "enclosure", "content"})
MAX_CATEGORIES = 20
MAX_SHAPES = 1_000  # of one entry

_SIMPLE = "{http://www.georss.org/georss}"
_W3C = "{http://www.w3.org/2003/01/geo/wgs84_pos#}"
_GDACS = "{http://www.gdacs.org}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CAP = tuple(f"{{{space}}}" for space in NAMESPACES)
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_ROOTS = {("feed", ATOM), ("rss", ""), ("RDF", "http://www.w3.org/1999/02/22-rdf-syntax-ns#")}
_PLACES = ("point", "line", "polygon", "box", "circle")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]{0,2000}+>")
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr)\b[^<>]{0,2000}+>", re.IGNORECASE)
_TAGGED = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}")

Choice = TypeVar("Choice", bound=StrEnum)


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each entry. Raises FormatError when the document is no feed."""
    root, repaired = open_xml(body)
    feed = feed_of(root)
    sender, name = _sender(feed.element), _name(feed.element)
    items = tuple(
        _item(
            element,
            f"{feed.kind}[{number}]",
            feed,
            Event(source=source, sender=sender, identifier="", sent=now, sender_name=name),
        )
        for number, element in enumerate(feed.entries, 1)
    )
    return Reading(items=items, problems=repaired, as_of=feed.as_of, is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether this is Atom or RSS that knows GeoRSS and does not say that it is about CAP's documents."""
    if opened.xml is None or opened.root not in _ROOTS or names_cap(opened.xml):
        return False
    places = (*(f"{_SIMPLE}{name}" for name in (*_PLACES, "where")), f"{_W3C}lat")
    return _SIMPLE[1:-1] in opened.xml.nsmap.values() or next(opened.xml.iter(*places), None) is not None


def _sender(feed: etree._Element) -> str:
    """Return the host that the feed links to as its own, or ""."""
    links = (link.get("href") or text_of(link) for link in feed.iterchildren("{*}link"))
    for link in links:
        try:
            host = urlsplit(link.strip()).hostname
        except ValueError:
            continue
        if host:
            return host[:MAX_NAME]
    return ""


def _name(feed: etree._Element) -> str:
    title = next(feed.iterchildren(f"{{{namespace(feed)}}}title" if namespace(feed) else "title"), None)
    return "" if title is None else " ".join(text_of(title).split())[:MAX_NAME]


def _item(element: etree._Element, at: str, feed: Feed, bare: Event) -> Item:
    names = Entry(element, at=at, problems=[])
    return read_item(
        at,
        lambda problems: (_event(Entry(element, at=at, problems=problems), feed, bare),),
        has_unread=any(next(names.all(name), None) is not None for name in (*NEVER_READ, f"{_DC}creator")),
    )


def _event(entry: Entry, feed: Feed, bare: Event) -> Event:
    """Return the event of an entry; `bare` holds what the feed says of all, and our time as `sent`."""
    identifier = entry.name("id", "guid") or entry.link() or entry.name("title")
    if not identifier:
        raise FormatError("the entry has neither id nor link nor title", at=entry.at)
    sent = entry.moment("updated", "pubDate", f"{_DC}date", "published", *_cap("sent")) or feed.as_of
    if sent is None:
        entry.problem("updated", "no time; today was taken", is_repaired=True)
        sent = datetime.combine(bare.sent.date(), time(tzinfo=bare.sent.tzinfo))
    words = _categories(entry)
    categories = {one.value.lower(): one for one in Category}
    terms = [word for word in words if word.lower() not in categories]
    kind = entry.name(f"{_GDACS}eventtype").upper()
    level = SEVERITIES.get(entry.name(f"{_GDACS}alertlevel").lower(), Severity.UNKNOWN)
    return Event(
        source=bare.source,
        sender=bare.sender,
        sender_name=bare.sender_name,
        identifier=identifier,
        sent=sent,
        category=tuple(dict.fromkeys(categories[word.lower()] for word in words if word.lower() in categories)),
        codes=(
            *(Code("georss:category", word) for word in words),
            *((Code("gdacs:eventtype", kind),) if kind else ()),
        ),
        urgency=_choice(entry, Urgency, "urgency", Urgency.UNKNOWN),
        severity=_choice(entry, Severity, "severity", level),
        certainty=_choice(entry, Certainty, "certainty", Certainty.UNKNOWN),
        effective=entry.moment(*_cap("effective")),
        onset=entry.moment(*_cap("onset")),
        expires=entry.moment(*_cap("expires")),
        web=entry.link(),
        texts=(
            Text(
                language=_language(entry, feed),
                event=entry.name(*_cap("event")) or _term(kind, terms),
                headline=_plain(entry.text("title")),
                description=_plain(entry.text("description", "summary")),
                instruction=_plain(entry.text(*_cap("instruction"))),
            ),
        ),
        areas=(Area(description=entry.name(*_cap("areaDesc"), f"{_SIMPLE}featurename"), geometry=shape_of(entry)),),
    )


def _term(kind: str, categories: Sequence[str]) -> str:
    """Return what the entry is about: by GDACS's type, else by the first category that is none of CAP's."""
    return TYPES[kind][0] if kind in TYPES else next(iter(categories), "")


def _cap(name: str) -> tuple[str, ...]:
    return tuple(f"{space}{name}" for space in _CAP)


def _choice(entry: Entry, kind: type[Choice], name: str, default: Choice) -> Choice:
    text = entry.name(*_cap(name)).lower()
    return next((value for value in kind if value.value.lower() == text), default)


def _categories(entry: Entry) -> tuple[str, ...]:
    """Return the words of the categories: `term` in Atom, the text in RSS, of dc:subject and of CAP."""
    elements = [one for name in ("category", f"{_DC}subject", *_cap("category")) for one in entry.all(name)]
    words = (" ".join((one.get("term") or text_of(one)).split())[:MAX_NAME] for one in elements[:MAX_CATEGORIES])
    return tuple(dict.fromkeys(word for word in words if word))


def _language(entry: Entry, feed: Feed) -> str:
    stated = entry.element.get(_LANGUAGE) or feed.element.get(_LANGUAGE)
    if not stated:
        stated = next((text_of(one) for one in feed.element.iterchildren("{*}language")), "")
    return stated if _TAGGED.fullmatch(stated) else "und"


def _plain(text: str) -> str:
    """Return the words of a text that may be markup."""
    if "<" not in text and "&" not in text:
        return text
    return html.unescape(_TAG.sub(" ", _BREAK.sub("\n", text))).strip()


# --- where ---------------------------------------------------------------------------------------------------------


def shape_of(entry: Entry) -> BaseGeometry | None:
    """Return all that the entry says of where it is as one geometry, None where it says nothing that can be read."""
    found: list[BaseGeometry] = []
    circles = 0
    for number, (shape, text, at) in enumerate(_shapes(entry)):
        if number == MAX_SHAPES:
            entry.problem("where", f"more than {MAX_SHAPES} shapes; the others were left out")
            break
        try:
            circles += shape == "circle"
            geometry, problems = _of(shape, text, at=at, is_coarse=circles > geo.MAX_CIRCLES)
        except FormatError as error:
            entry.problems.append(Problem(at=error.at, message=error.message))
            continue
        entry.problems += problems
        found.append(geometry)
    if not found:
        return None
    whole, problems = geo.together(found, at=entry.at)
    entry.problems += problems
    return whole


def _of(shape: str, text: str, *, at: str, is_coarse: bool) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    for known in _READ:
        if known == shape:
            return geo.georss(known, text, at=at, is_coarse=is_coarse)
    raise FormatError("a reference system or a shape that is not read", at=at)


_READ: tuple[geo.Shape, ...] = ("point", "line", "polygon", "box", "circle")


def _shapes(entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Yield (shape, its numbers, position) of every place that the entry names; W3C's point where there is no other."""
    is_placed = False
    for shape in _PLACES:
        for element in entry.all(f"{_SIMPLE}{shape}"):
            is_placed = True
            yield shape, text_of(element), f"{entry.at}/{shape}"
    for where in entry.all(f"{_SIMPLE}where"):
        for element in where.iter(*_GML):
            is_placed = True
            yield _gml(element, f"{entry.at}/where/{local(element)}")
    if not is_placed:
        for holder in (entry.element, *entry.all(f"{_W3C}Point")):
            lat, lon = (holder.find(f"{_W3C}{name}") for name in ("lat", "long"))
            if lat is not None and lon is not None:
                yield "point", f"{text_of(lat)} {text_of(lon)}", f"{entry.at}/lat"


_SHAPES: Mapping[str, str] = {
    "Point": "point",
    "LineString": "line",
    "Polygon": "polygon",
    "Envelope": "box",
    "CircleByCenterPoint": "circle",
}
_GML = tuple(f"{{*}}{name}" for name in _SHAPES)
_METRES = {"m": 1.0, "km": 1000.0}


def _gml(element: etree._Element, at: str) -> tuple[str, str, str]:
    """Return (shape, numbers, position) of one GML element, whose holes are left out: an area may only grow."""
    reference = (element.get("srsName") or "").upper()
    if reference and "4326" not in reference and "CRS84" not in reference:
        return "", "", at
    numbers = [number for part in _positions(element) for number in part]
    if "CRS84" in reference:
        numbers = [number for pair in zip(numbers[1::2], numbers[::2], strict=False) for number in pair]
    shape = _SHAPES[local(element)]
    radius = next(element.iter("{*}radius"), None) if shape == "circle" else None
    if radius is not None:
        unit = _METRES.get((radius.get("uom") or "m").rpartition(":")[2].lower())
        try:
            numbers.append(str(float(text_of(radius)) * unit) if unit else "")
        except ValueError:
            numbers.append("")
    return shape, " ".join(numbers), at


def _positions(element: etree._Element) -> Iterator[list[str]]:
    """Yield the numbers of each pos, posList or corner of the outer ring, two for each position."""
    outer = next(element.iter("{*}exterior", "{*}outerBoundaryIs"), element)
    for part in outer.iter("{*}pos", "{*}posList", "{*}lowerCorner", "{*}upperCorner", "{*}coordinates"):
        numbers = text_of(part).replace(",", " ").split()
        if local(part) == "coordinates":  # GML 2, which goes longitude first
            numbers = [number for pair in zip(numbers[1::2], numbers[::2], strict=False) for number in pair]
        size = part.get("srsDimension") or element.get("srsDimension") or part.get("dimension")
        if size == "3":  # the height is left out
            numbers = [number for pair in zip(numbers[::3], numbers[1::3], strict=False) for number in pair]
        yield numbers
