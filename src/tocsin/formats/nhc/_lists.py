"""The lists of active storms: CurrentStorms.json, and the RSS index of a basin with its nhc:Cyclone elements.

Numbers stand as numbers or as texts; positions as latitudeNumeric and longitudeNumeric, as "25.5N", or (in what others
derive from it) as lat and lon.

Each storm that stands in one of NHC's numbered bins ("AT4") links to the text of its forecast/advisory, which says how
far its winds reach and where it goes; the list says neither. The address is composed, since those in the list lead to
pages for people.

Source: https://www.nhc.noaa.gov/productexamples/NHC_JSON_Sample.json ; https://www.nhc.noaa.gov/aboutrss.shtml
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TypeVar

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._xml import children, local, namespace, open_xml, text_of
from tocsin.formats.nhc._extent import around
from tocsin.formats.nhc._storm import KT_PER_MPH, Storm, atcf_id, event_of, kind_named, kind_of
from tocsin.model import Event, Item, Link, Problem, Reading

STORMS = "activeStorms"
SPACES = frozenset({"https://www.nhc.noaa.gov", "http://www.nhc.noaa.gov"})
_CYCLONE = "Cyclone"
_MOST_STORMS = 200  # the most active day yet had some ten
_AMOUNT = re.compile(r"-?[0-9]{1,4}(?:\.[0-9]{1,4})?")
_DEGREES = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?([NSEW])")
_CENTRE = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9]{1,4})?) ?, ?(-?[0-9]{1,3}(?:\.[0-9]{1,4})?)")
_QUANTITY = re.compile(r"(?:[A-Z]{1,3} at )?([0-9]{1,4}) ?(mph|kts?|mb)", re.IGNORECASE)
_FURTHEST_LAT, _HALF_TURN = 75.0, 180.0
_BIN = re.compile(r"(AT|EP|CP)([1-5])", re.IGNORECASE)
_TEXTS = "https://tgftp.nws.noaa.gov/data/raw/wt"
_HEADINGS = {"at": ("wtnt", "knhc"), "ep": ("wtpz", "knhc"), "cp": ("wtpa", "phfo")}
_Storms = TypeVar("_Storms")


def listed(body: bytes, *, source: str) -> Reading:
    """Return one item for each active storm of CurrentStorms.json. Raises FormatError when it is no such list."""
    document = Fields(loads(body), at="document")
    if not isinstance(document.raw(STORMS), list):
        raise FormatError("this is no list of active storms", at="document")
    storms = _few(document.list(STORMS))
    items = [_item(partial(_of_json, value), f"{STORMS}[{place}]", source) for place, value in enumerate(storms)]
    fields = [Fields(value, at=STORMS) for value in storms if isinstance(value, dict)]
    links = [_link(one.text("binNumber", MAX_NAME), one.text("lastUpdate", MAX_NAME)) for one in fields]
    is_complete = not document.problems and all(item.events for item in items)
    return Reading(
        items=tuple(items), problems=tuple(document.problems), links=tuple(filter(None, links)), is_complete=is_complete
    )


def indexed(body: bytes, *, source: str) -> Reading:
    """Return one item for each storm of an RSS index. Raises FormatError when the document is none."""
    root, repaired = open_xml(body)
    channel = next(children(root, "channel"), None) if local(root) == "rss" else None
    if channel is None:
        raise FormatError("this is no RSS index", at="document")
    found = [
        (cyclone, entry, f"item[{number}]")
        for number, entry in enumerate(children(channel, "item"), 1)
        for cyclone in entry.iterchildren(etree.Element)
        if local(cyclone) == _CYCLONE and namespace(cyclone) in SPACES
    ]
    items = [_item(partial(_of_rss, cyclone, entry), at, source) for cyclone, entry, at in _few(found)]
    links = [_link(_said(cyclone).get("wallet", ""), _text(entry, "pubDate")) for cyclone, entry, _ in found]
    as_of = _moment(channel, "lastBuildDate") or _moment(channel, "pubDate")
    is_complete = all(item.events for item in items)
    return Reading(
        items=tuple(items), problems=repaired, links=tuple(filter(None, links)), as_of=as_of, is_complete=is_complete
    )


def _link(bin_: str, fresh: str) -> Link | None:
    """Return the address of the forecast/advisory of a storm in this bin, None where it is in none."""
    found = _BIN.fullmatch(bin_)
    if found is None:
        return None
    basin, number = found[1].lower(), found[2]
    heading, office = _HEADINGS[basin]
    return Link(url=f"{_TEXTS}/{heading}2{number}.{office}.tcm.{basin}{number}.txt", fresh=fresh)


def _said(cyclone: etree._Element) -> dict[str, str]:
    return {local(child): text_of(child)[:MAX_NAME] for child in cyclone.iterchildren(etree.Element)}


def _few(storms: list[_Storms]) -> list[_Storms]:
    """Return the storms. Raises FormatError when there are more than there can be at once."""
    if len(storms) > _MOST_STORMS:
        raise FormatError(f"more than {_MOST_STORMS} storms at once", at="document")
    return storms


def _item(storm_of: Callable[[str, list[Problem]], Storm], at: str, source: str) -> Item:
    def events(problems: list[Problem]) -> tuple[Event, ...]:
        storm = storm_of(at, problems)
        return (around(event_of(storm, source=source), storm),)

    return read_item(at, events)


def _of_json(value: object, at: str, problems: list[Problem]) -> Storm:
    fields = Fields(value, at=at, problems=problems)
    advisory = fields.object("publicAdvisory")
    sent = fields.time("lastUpdate") or advisory.time("issuance")
    lon, lat = _json_position(fields)
    return _storm(
        fields.at,
        number=fields.text("id", MAX_NAME),
        name=fields.text("name", MAX_NAME),
        kind=kind_named(fields.text("classification", MAX_NAME)),
        position=(lon, lat),
        sent=sent,
        advisory=advisory.text("advNum", MAX_NAME),
        wind_kt=_amount(fields, "intensity"),
        pressure_hpa=_amount(fields, "pressure"),
        movement_deg=_amount(fields, "movementDir"),
    )


def _of_rss(cyclone: etree._Element, entry: etree._Element, at: str, _problems: list[Problem]) -> Storm:
    said = _said(cyclone)
    centre = _CENTRE.fullmatch(said.get("center", ""))
    return _storm(
        at,
        number=said.get("atcf", ""),
        name=said.get("name", "").title(),
        kind=kind_of(said.get("type", "")),
        position=(float(centre[2]), float(centre[1])) if centre else (None, None),
        sent=_moment(entry, "pubDate"),
        wind_kt=_quantity(said.get("wind", ""), fives=True),
        pressure_hpa=_quantity(said.get("pressure", "")),
        movement_kt=_quantity(said.get("movement", "")),
    )


def _storm(
    at: str,
    *,
    number: str,
    name: str,
    kind: str,
    position: tuple[float | None, float | None],
    sent: datetime | None,
    advisory: str = "",
    wind_kt: float | None = None,
    pressure_hpa: float | None = None,
    movement_deg: float | None = None,
    movement_kt: float | None = None,
) -> Storm:
    """Return the storm. Raises FormatError without a number, a time, or a position where a cyclone can be."""
    lon, lat = position
    if not atcf_id(number) or sent is None:
        raise FormatError("the storm has no number, or no time", at=at)
    if lon is None or lat is None or abs(lat) > _FURTHEST_LAT or abs(lon) > _HALF_TURN:
        raise FormatError("the storm has no position where a cyclone can be", at=at)
    return Storm(
        id=atcf_id(number),
        name=name,
        kind=kind,
        lon=lon,
        lat=lat,
        sent=sent,
        advisory=advisory.lstrip("0"),
        wind_kt=wind_kt,
        pressure_hpa=pressure_hpa,
        movement_deg=movement_deg,
        movement_kt=movement_kt,
    )


def _json_position(fields: Fields) -> tuple[float | None, float | None]:
    """Return (lon, lat), each None where none of the names holds a number."""
    axes = ((("longitudeNumeric", "lon"), "longitude"), (("latitudeNumeric", "lat"), "latitude"))
    lon, lat = (
        next((value for name in names if (value := _amount(fields, name)) is not None), None)
        if any(fields.raw(name) is not None for name in names)
        else _degrees(fields.text(lettered, MAX_NAME))
        for names, lettered in axes
    )
    return lon, lat


def _degrees(text: str) -> float | None:
    found = _DEGREES.fullmatch(text)
    return float(found[1]) * (-1 if found[2] in "SW" else 1) if found else None


def _amount(fields: Fields, name: str) -> float | None:
    """Return a number that stands as a number or as a text."""
    if isinstance(fields.raw(name), str):
        found = _AMOUNT.fullmatch(fields.text(name, MAX_NAME))
        if found is None:
            fields.problem(name, "not a number; left out")
        return float(found[0]) if found else None
    return fields.number(name)


def _quantity(text: str, *, fives: bool = False) -> float | None:
    """Return an amount with a unit ("145 mph", "NE at 17 mph", "931 mb"), speeds in knots, in fives if wished."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    value = float(found[1]) * (KT_PER_MPH if found[2].lower() == "mph" else 1)
    return float(5 * round(value / 5)) if fives else value


def _moment(parent: etree._Element, name: str) -> datetime | None:
    """Return the RFC 822 time in a child."""
    try:
        moment = parsedate_to_datetime(_text(parent, name))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _text(parent: etree._Element, name: str) -> str:
    return next((text_of(child) for child in children(parent, name)), "")[:MAX_NAME]
