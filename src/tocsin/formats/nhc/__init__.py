"""Tropical cyclones of the US National Hurricane Center: CurrentStorms.json, the RSS indices, advisories as text.

CurrentStorms.json and the RSS index of a basin (elements nhc:Cyclone) list every active storm: complete snapshots,
one item a storm, and a link to its forecast/advisory. A public advisory (TCP) or a forecast/advisory (TCM) is one
item, and complete in itself as a linked document is; of other storms it says nothing. A discussion (TCD) and every
other text is no item. Local statements with VTEC (TCV, HLS) are read by `nws_text`.

Identity is the storm's ATCF number ("al052024", in text with "-tcp" or "-tcm"), so that each advisory supersedes the
one before; all of one storm share the alias "nhc:al052024". How areas come about is said in `_extent`.

Never read: the addresses of other products in the lists (pages in HTML that hold the texts again), GIS files,
movementSpeed of the JSON (its unit is not said), the discussions, the names of forecasters, title, author and
description of RSS items.

Source: https://www.nhc.noaa.gov/productexamples/ (JSON); https://www.nhc.noaa.gov/aboutrss.shtml (RSS);
NWSI 10-601 (advisories).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats._bulletin import HEADER, Product, lines_of, products, sent_of
from tocsin.formats._opened import Opened
from tocsin.formats._xml import namespace
from tocsin.formats.nhc._advisory import Advisory, read_forecast, read_public, words_of
from tocsin.formats.nhc._extent import Reach, around, blowing, coming, cone, reaches
from tocsin.formats.nhc._lists import SPACES, STORMS, indexed, listed
from tocsin.formats.nhc._storm import event_of, headline, numbered
from tocsin.model import Event, Item, Problem, Reading, Text

SNAPSHOT = True
MAX_ADVISORIES = 24  # of one document; the most active day yet had some ten storms with two each. 4 ms each
_PUBLIC, _FORECAST = "TCP", "TCM"
_TEXTS = frozenset({_PUBLIC, _FORECAST, "TCD", "TCU", "TCE"})
_BASINS = frozenset({"AT", "EP", "CP", "PZ", "PN", "PA"})
_HEAD = 4_096  # bytes within which a text shows its header
_HEAD_LINES = 8
_MARKS = b"\xef\xbb\xbf \t\r\n"


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each storm of a list, or for each advisory. Raises FormatError when the document is none."""
    start = body.lstrip(_MARKS)[:1]
    if start == b"{":
        return listed(body, source=source)
    if start == b"<":
        return indexed(body, source=source)
    found = list(products(lines_of(body)))
    if not found:
        raise FormatError("neither a list of storms nor a bulletin", at="document")
    told = [one for one in found if one.category in {_PUBLIC, _FORECAST}]
    items = tuple(_item(one, source=source, now=now) for one in told[:MAX_ADVISORIES])
    left_out = tuple(
        Problem(at=one.at, message=f"more than {MAX_ADVISORIES} advisories; the first were read")
        for one in told[MAX_ADVISORIES : MAX_ADVISORIES + 1]
    )
    return Reading(items=items, problems=left_out, is_complete=not left_out and all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether this is the list of active storms, an index with NHC's elements, or one of its texts."""
    if isinstance(opened.json, dict):
        return isinstance(opened.json.get(STORMS), list)
    if opened.xml is not None:
        return opened.root == ("rss", "") and not SPACES.isdisjoint(_spaces(opened.xml))
    lines = lines_of(opened.body[:_HEAD])
    return any(map(HEADER.fullmatch, lines[:_HEAD_LINES])) and any(map(_is_ours, products(lines)))


def _spaces(root: etree._Element) -> set[str]:
    return {*root.nsmap.values(), *(namespace(element) for element in root.iter(etree.Element))}


def _is_ours(product: Product) -> bool:
    return product.category in _TEXTS and product.place[:2] in _BASINS


def _item(product: Product, *, source: str, now: datetime) -> Item:
    sent = sent_of(product, known=(), now=now)
    if sent is None:
        return Item(at=product.at, problems=(Problem(at=product.at, message="the advisory has no time"),))
    told = _public if product.category == _PUBLIC else _forecast
    try:
        events = numbered(list(told(product, sent, source)))
    except FormatError as error:
        return Item(at=product.at, problems=(Problem(at=product.at, message=error.message),))
    return Item(at=product.at, events=events)


def _public(product: Product, sent: datetime, source: str) -> Iterator[Event]:
    """Yield the winds of a public advisory as far as they reach."""
    advisory = read_public(product.lines, sent=sent)
    headlines, description = words_of(product.lines)
    storm = advisory.storm
    words = Text(language="en", event=storm.title, headline=headlines or headline(storm), description=description)
    told = event_of(storm, source=source, product="-tcp", text=words)
    yield from _now(advisory, told, *reaches([advisory.now]))


def _forecast(product: Product, sent: datetime, source: str) -> Iterator[Event]:
    """Yield the winds of a forecast/advisory now and at each step, and where the centre may go."""
    advisory = read_forecast(product.lines, sent=sent)
    event = event_of(advisory.storm, source=source, product="-tcm")
    reached = reaches(advisory.points)
    yield from _now(advisory, event, reached[0])
    yield from coming(event, advisory.points, reached)
    yield from cone(event, advisory.points, advisory.storm.id[:2])


def _now(advisory: Advisory, event: Event, now: Reach) -> Iterator[Event]:
    found = list(blowing(event, now))
    yield from found or [around(event, advisory.storm)]
