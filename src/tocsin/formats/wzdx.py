"""Work zones: the Work Zone Data Exchange of the United States, 3.x to 4.2, and its successor CWZ 1.0, as GeoJSON.

A document is a snapshot of all work zones of a road operator, one feature each. Version 3 has no `core_details`; some
publishers write the names in camelCase. A feed of devices and the registry of all feeds are of the same standard and
hold no road events: they are read, and empty.

Never read: contact_name and contact_email of the feed and its sources, worker_presence (whether people are at work),
the licence, related events, and what is not named below. The place is told by road names, cross streets, mileposts and
direction; `description` is the issuer's.

Source: https://github.com/usdot-jpo-ode/wzdx (WorkZoneFeed 4.2, WZDxFeed 3.1); CWZ 1.0 (ITE/SAE).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields, features
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._periods import periods
from tocsin.formats._road import few, road_codes, text, where
from tocsin.model import Area, Category, Certainty, Code, Event, Item, Problem, Reading

SNAPSHOT = True
_FEEDS = ("feed_info", "road_event_feed_info")
_REGISTRY = frozenset({"feedname", "issuingorganization"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,79}")
_OVER = {"completed", "cancelled", "canceled"}  # event_status of version 3
_UNSAID = {"unknown", "undefined"}


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each road event. Raises FormatError when the document is of another standard."""
    document = _snaked(loads(body))
    if _is_registry(document):
        return Reading()
    feed = _feed(document)
    if feed is None:
        raise FormatError("this is no feed of work zones", at="document")
    as_of = feed.time("update_date")
    named: dict[str, int] = {}
    items = tuple(
        _item(feature, feed, named, source=source, now=now, as_of=as_of, at=at)
        for at, feature in features(document)
        if not _is_device(feature)
    )
    is_complete = all(item.events for item in items)
    return Reading(items=items, problems=tuple(feed.problems), as_of=as_of, is_complete=is_complete)


def claims(opened: Opened) -> bool:
    """Return whether the document says that it is a feed of work zones, or the registry of such feeds."""
    document = opened.json
    if isinstance(document, dict):
        document = {_snake(name): value for name, value in document.items()}
    return _is_registry(document) or _feed(document) is not None


def _snaked(value: Any) -> Any:
    """Return a JSON value with the names of all members in snake_case, as the standard has them."""
    if isinstance(value, dict):
        return {_snake(name): _snaked(member) for name, member in value.items()}
    return [_snaked(member) for member in value] if isinstance(value, list) and value and _is_nested(value) else value


def _is_nested(values: list[Any]) -> bool:
    return any(isinstance(value, dict) for value in values)


def _snake(name: str) -> str:
    return _HUMP.sub("_", name).lower()


def _feed(document: Any) -> Fields | None:
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        return None
    found = (document[name] for name in _FEEDS if isinstance(document.get(name), dict))
    feed = next((feed for feed in found if {_snake(name) for name in feed} & {"publisher", "data_sources"}), None)
    return Fields(feed, at="feed_info") if feed else None


def _is_registry(document: Any) -> bool:
    first = document[0] if isinstance(document, list) and document else None
    return isinstance(first, dict) and first.keys() >= _REGISTRY


def _is_device(feature: object) -> bool:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    core = properties.get("core_details") if isinstance(properties, dict) else None
    return isinstance(core, dict) and "device_type" in core


def _item(
    feature: object,
    feed: Fields,
    named: dict[str, int],
    *,
    source: str,
    now: datetime,
    as_of: datetime | None,
    at: str,
) -> Item:
    def event(problems: list[Problem]) -> tuple[Event, ...]:
        stated = Fields(feature, at=at, problems=problems)
        return (_event(stated, feed, named, source=source, now=now, as_of=as_of),)

    return read_item(at, event, has_unread=_speaks_of_workers(feature))


def _speaks_of_workers(feature: object) -> bool:
    """Return whether it says if workers are present; what it says of them is not asked for."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return isinstance(properties, dict) and "worker_presence" in properties


def _event(
    feature: Fields, feed: Fields, named: dict[str, int], *, source: str, now: datetime, as_of: datetime | None
) -> Event:
    zone = feature.object("properties")
    core = zone.object("core_details") if zone.raw("core_details") is not None else zone
    name = _name(feature, zone, named)
    (period,) = periods(
        [(zone.time("start_date"), zone.time("end_date"))], now=now, at=zone.at, problems=feature.problems
    )
    sent = core.time("update_date") or core.time("creation_date") or period.onset or as_of
    if sent is None:
        raise FormatError("the road event states no time at all", at=feature.at)
    area = _area(feature, zone, core)
    return Event(
        source=source,
        sender=feed.text("publisher", MAX_NAME),
        identifier=name,
        sent=sent,
        is_over=zone.text("event_status", MAX_NAME) in _OVER,
        category=(Category.TRANSPORT,),
        codes=tuple(dict.fromkeys(_codes(zone, core))),
        certainty=_certainty(zone),
        onset=period.onset,
        expires=period.expires,
        texts=text(area.description, [core.text("description")]),
        areas=(area,),
        measures=dict(_measures(zone)),
    )


def _name(feature: Fields, zone: Fields, named: dict[str, int]) -> str:
    """Return the id of the road event; one that stands in the feed before is numbered, so that neither is lost."""
    name = _identifier(feature) or zone.text("road_event_id", MAX_NAME)
    if not name:
        raise FormatError("the road event has no id", at=feature.at)
    named[name] = named.get(name, 0) + 1
    return name if named[name] == 1 else f"{name}#{named[name]}"


def _identifier(feature: Fields) -> str:
    """Return the feature's id, which RFC 7946, 3.2 lets be a text or a number."""
    value = feature.raw("id")
    return str(value) if type(value) is int else feature.text("id", MAX_NAME)


def _codes(zone: Fields, core: Fields) -> Iterator[Code]:
    listed = [
        ("wzdx", core.text("event_type", MAX_NAME)),
        ("wzdx:vehicle_impact", zone.text("vehicle_impact", MAX_NAME)),
    ]
    listed += [("wzdx:type_of_work", work.text("type_name", MAX_NAME)) for work in _objects(zone, "types_of_work")]
    listed += [("wzdx:restriction", one.text("type", MAX_NAME)) for one in _objects(zone, "restrictions")]
    listed.append(("wzdx:work_zone_type", zone.text("work_zone_type", MAX_NAME)))
    return (Code(scheme, value) for scheme, value in listed if _WORD.fullmatch(value))


def _objects(holder: Fields, name: str) -> Iterator[Fields]:
    for place, value in enumerate(holder.list(name)):
        if isinstance(value, dict):
            yield Fields(value, at=f"{holder.at}.{name}[{place}]", problems=holder.problems)


def _certainty(zone: Fields) -> Certainty:
    """Return Observed where the issuer has verified that the work has begun, else Likely."""
    verified = zone.raw("is_start_date_verified") is True or zone.raw("start_date_accuracy") == "verified"
    return Certainty.OBSERVED if verified else Certainty.LIKELY


def _measures(zone: Fields) -> Iterator[tuple[str, float]]:
    speed = zone.number("reduced_speed_limit_kph")
    if speed is not None:
        yield "speed_limit_kmh", speed
    lanes = [lane.text("status", MAX_NAME) for lane in _objects(zone, "lanes")]
    if lanes:
        yield "lanes_total", float(len(lanes))
        yield "lanes_restricted", float(lanes.count("closed"))


def _area(feature: Fields, zone: Fields, core: Fields) -> Area:
    roads = few(core.texts("road_names")) or few([zone.text("road_name", MAX_NAME), zone.text("road_number", MAX_NAME)])
    ends = [_end(zone, "beginning"), _end(zone, "ending")]
    direction = core.text("direction", MAX_NAME)
    return Area(
        description=where(roads, ends, [direction if direction not in _UNSAID else ""]),
        geometry=feature.geometry("geometry"),
        geocodes=road_codes(roads),
    )


def _end(zone: Fields, which: str) -> str:
    street = zone.text(f"{which}_cross_street", MAX_NAME)
    milepost = zone.number(f"{which}_milepost")
    return street or (f"mile {milepost:g}" if milepost is not None else "")
