"""Alertswiss: what the federal government and the cantons of Switzerland warn of, as its site reads it. A snapshot.

`{"renderTime": ..., "alerts": [...]}` lists what is in force, with all-clears for a while after; one alert may stand
alone. An alert has no end of its own: it ends when it is no longer listed, or by `allClear`. The number that an
identifier ends in counts its versions, so POA-1222963954-5 and -6 are one thread.

`sent` is local time as text ("Tue, 20.05.2025, 12:41", in four languages) and in Europe/Zurich; of the hour that comes
twice in October the first is taken. Where a text was translated by machine ("en-x-mtfrom-it") the original stands
beside it and is read too.

Never read: contact, images and their descriptions, banner, icons, links, regionType; of reference, by which an alert
names itself, only the time, where no other can be read.

Source: https://www.alert.swiss/ ; the document states no specification, so each field is checked. CAP 1.2, 3.2.2 for
the words of severity. Cantons: ISO 3166-2:CH.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._time import read_time
from tocsin.formats._url import is_web
from tocsin.model import Area, Code, Event, Item, Problem, Reading, Response, Severity, Status, Text

SNAPSHOT = True
_ZONE = ZoneInfo("Europe/Zurich")
_SENT = re.compile(r"(?:\S{1,20}\s+)?(\d{1,2})\.(\d{1,2})\.(\d{4}),?\s+(\d{1,2}):(\d{2})", re.ASCII)
_VERSION = re.compile(r"-\d{1,9}$", re.ASCII)
_TRANSLATED = re.compile(r"([A-Za-z]{2,3})(?:-x-mtfrom-([A-Za-z]{2,3}))?")
_DEGREES = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,15})?", re.ASCII)
_RADIUS_KM = re.compile(r"\d{1,4}(?:\.\d{1,9})?", re.ASCII)
_CANTON = re.compile("AG|AI|AR|BE|BL|BS|FR|GE|GL|GR|JU|LU|NE|NW|OW|SG|SH|SO|SZ|TG|TI|UR|VD|VS|ZG|ZH")
_COUNTRY = Code("ISO3166-1", "CH")
_LIECHTENSTEIN = Code("ISO3166-1", "LI")
_BREAK = "❘"  # how the site writes the end of a line within a text


def read(body: bytes, *, source: str, now: datetime) -> Reading:  # noqa: ARG001  local times, but no clock
    """Return one item for each alert. Raises FormatError when the document is no such list, and no such alert."""
    document = loads(body)
    if _is_alert(document):
        item = _item(document, source=source, at="alert")
        return Reading(items=(item,), is_complete=False)  # one alert by itself does not say that there is no other
    alerts = document.get("alerts") if isinstance(document, dict) else None
    if not isinstance(alerts, list):
        raise FormatError("neither a list of alerts nor an alert", at="document")
    items = tuple(_item(alert, source=source, at=f"alerts[{place}]") for place, alert in enumerate(alerts))
    return Reading(items=items, is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether this is an alert with the keys of Alertswiss, or the list that its site reads."""
    document = opened.json
    if isinstance(document, dict) and isinstance(document.get("alerts"), list):
        return "heartbeatAgeInMillis" in document or any(map(_is_alert, document["alerts"][:1]))
    return _is_alert(document)


def _is_alert(document: Any) -> bool:
    return isinstance(document, dict) and {"identifier", "publisherName", "allClear", "severity"} <= document.keys()


def _item(alert: Any, *, source: str, at: str) -> Item:
    return read_item(at, lambda problems: (_event(Fields(alert, at=at, problems=problems), source=source),))


def _event(alert: Fields, *, source: str) -> Event:
    identifier, sent = alert.text("identifier", MAX_NAME), _sent(alert)
    if not identifier or sent is None:
        raise FormatError("the alert has no identifier, or no readable time of sending", at=alert.at)
    is_over = _is_true(alert, "allClear")
    return Event(
        source=source,
        sender=alert.text("sender", MAX_NAME) or "alert.swiss",
        identifier=identifier,
        sent=sent,
        status=_status(alert),
        aliases=(f"alertswiss:{_VERSION.sub('', identifier)}",),
        is_over=is_over,
        severity=alert.choice(Severity, "severity") or Severity.UNKNOWN,
        response=(Response.ALL_CLEAR,) if is_over else (),
        sender_name=alert.text("publisherName", MAX_NAME),
        web=_web(alert),
        texts=tuple(_texts(alert)),
        areas=tuple(_areas(alert)),
    )


def _status(alert: Fields) -> Status:
    """Return Actual unless a flag says that it is a test; a flag that cannot be read says so too, with a Problem."""
    if _is_true(alert, "technicalTestAlert"):
        return Status.TEST
    return Status.EXERCISE if _is_true(alert, "testAlert") else Status.ACTUAL


def _is_true(alert: Fields, name: str) -> bool:
    value = alert.raw(name)
    if value not in (None, True, False, "true", "false"):
        alert.problem(name, "neither true nor false; read as false")
    return value is True or value == "true"


def _sent(alert: Fields) -> datetime | None:
    for name in ("sent", "publishDate"):
        found = _SENT.fullmatch(alert.text(name, MAX_NAME))
        if found is None:
            continue
        day, month, year, hour, minute = map(int, found.groups())
        try:
            return datetime(year, month, day, hour, minute, tzinfo=_ZONE).astimezone(UTC)
        except (ValueError, OverflowError):
            alert.problem(name, "not a date and time that exists")
    return _referred(alert)


def _referred(alert: Fields) -> datetime | None:
    """Return the moment in the alert's reference to itself, "sender,identifier,time", for want of a better one."""
    _, _, text = alert.text("reference", MAX_NAME).rpartition(",")
    try:
        return read_time(text, at=f"{alert.at}.reference")[0]
    except FormatError:
        return None


def _web(alert: Fields) -> str:
    url = alert.text("link", MAX_NAME)
    return url if is_web(url) else ""


# --- words ------------------------------------------------------------------------------------------------------------


def _texts(alert: Fields) -> Iterator[Text]:
    """Yield the words as served and, where they are a translation, the original."""
    origin = _TRANSLATED.fullmatch(alert.text("gtransOrigin", MAX_NAME))
    language, original = origin.groups() if origin else (None, None)
    instructions = [Fields(one, at=alert.at, problems=alert.problems) for one in _objects(alert.list("instructions"))]
    yield Text(
        language=language or "und",
        event=_said(alert, "event"),
        headline=_said(alert, "title"),
        description=_said(alert, "description"),
        instruction="\n".join(_lines(one.text("text")) for one in instructions),
    )
    if original:
        yield Text(
            language=original,
            headline=_said(alert, "title", "titleGtransOrigin"),
            description=_said(alert, "description", "descriptionOrigin"),
            instruction="\n".join(_lines(one.text("textOrigin")) for one in instructions),
        )


def _said(holder: Fields, name: str, variant: str = "") -> str:
    """Return a text that lies in an object of its own name, or (no `variant` of it) as a text alone."""
    if isinstance(holder.raw(name), str):
        return "" if variant else _lines(holder.text(name))
    return _lines(holder.object(name).text(variant or name))


def _lines(text: str) -> str:
    return text.replace(_BREAK, "\n")


def _objects(values: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none of what is no list."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


# --- where ------------------------------------------------------------------------------------------------------------


def _areas(alert: Fields) -> Iterator[Area]:
    """Yield the areas; the country where the alert says that it is for all of it, or names no area at all."""
    listed = _objects(alert.list("areas"))
    for place, value in enumerate(listed):
        area = Fields(value, at=f"{alert.at}.areas[{place}]", problems=alert.problems)
        yield Area(
            description=_said(area, "description"),
            geometry=_geometry(area),
            geocodes=tuple(_regions(area)),
        )
    if _is_true(alert, "nationWide") or not listed:
        yield Area(geocodes=(_COUNTRY,))


def _regions(area: Fields) -> Iterator[Code]:
    for value in _objects(area.list("regions")):
        region = Fields(value, at=f"{area.at}.regions", problems=area.problems).text("region", MAX_NAME)
        if _CANTON.fullmatch(region):
            yield Code("ISO3166-2", f"CH-{region}")
        elif region in {"FL", "LI"}:
            yield _LIECHTENSTEIN
        elif region:
            area.problem("regions", "not a canton; left out")


def _geometry(area: Fields) -> BaseGeometry | None:
    """Return what polygons and circles cover; one that cannot be read is left out with a Problem."""
    found: list[BaseGeometry] = []
    for read_shapes in (_polygons, _circles):
        for shape, problems in read_shapes(area):
            found.append(shape)
            area.problems += problems
    if not found:
        return None
    whole, problems = geo.together(found, at=area.at)
    area.problems += problems
    return whole


def _polygons(area: Fields) -> Iterator[tuple[BaseGeometry, tuple[Problem, ...]]]:
    for place, value in enumerate(_objects(area.list("polygons"))):
        at = f"{area.at}.polygons[{place}]"
        rings = [_ring(value)] + [_ring(hole) for hole in _objects(value.get("excludes"))]
        try:
            shape, problems = geo.from_geojson({"type": "Polygon", "coordinates": rings}, at=at)
        except FormatError as error:
            area.problems.append(Problem(at=at, message=f"{error.message}; left out"))
            continue
        if shape is not None:
            yield shape, problems


def _ring(value: dict[str, Any]) -> list[list[float]] | None:
    """Return the (lon, lat) positions of ["lat", "lon"] pairs, None where they are none."""
    pairs = value.get("coordinates")
    if not isinstance(pairs, list):
        return None
    ring = [_degrees(pair) for pair in pairs]
    return [[lon, lat] for lat, lon in filter(None, ring)] if all(ring) else None


def _degrees(pair: Any) -> tuple[float, float] | None:
    """Return (lat, lon) of a pair of numbers, which are written as text."""
    if not isinstance(pair, list) or len(pair) != len(("lat", "lon")):
        return None
    texts = [str(number).strip() for number in pair if not isinstance(number, (bool, list, dict))]
    if len(texts) != len(pair) or not all(map(_DEGREES.fullmatch, texts)):
        return None
    return float(texts[0]), float(texts[1])


def _circles(area: Fields) -> Iterator[tuple[BaseGeometry, tuple[Problem, ...]]]:
    for place, value in enumerate(_objects(area.list("circles"))):
        at = f"{area.at}.circles[{place}]"
        try:
            yield geo.cap_circle(_circle_text(value), at=at, is_coarse=place >= geo.MAX_CIRCLES)
        except FormatError as error:
            area.problems.append(Problem(at=at, message=f"{error.message}; left out"))


def _circle_text(value: dict[str, Any]) -> str:
    """Return a circle as CAP writes it, "lat,lon radius", "" where centre or radius are none."""
    centre, radius_km = _degrees(value.get("centerPosition")), str(value.get("radius")).strip()
    return f"{centre[0]},{centre[1]} {radius_km}" if centre and _RADIUS_KM.fullmatch(radius_km) else ""
