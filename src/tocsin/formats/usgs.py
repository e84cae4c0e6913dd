"""Earthquakes of the US Geological Survey: the GeoJSON summary feeds, the FDSN event service, one event's detail.

A summary feed is a complete snapshot of a magnitude and a time, made anew each minute; a deleted quake is just no
longer listed. The FDSN service may say `status` "deleted". Identity is the preferred id (network and code) with
`updated` as the moment of sending. All ids that the quake ever had are aliases, so a revision, and a change of the
preferred network, join the thread that was begun under another id.

A magnitude says nothing to a place, so one quake becomes up to four events, one for each band of intensity that
reaches the surface (`BANDS`), each with the circle that a published equation gives (`_intensity`). `part` numbers the
bands, worst first, so that a revision that raises the level shows at a place. A quake too weak for any band, or
without a magnitude, is one event of a kilometre around the epicentre: not lost, and heard of nowhere else.

Our own clock ends it: `expires` is the moment of the quake plus the life of the hazard, so that revisions, and an old
quake that is announced anew, do not make it longer.

Never read: title, detail, felt, cdi, mmi, alert, tsunami, sig, sources, types, nst, dmin, rms, gap, magType, tz. The
texts are composed here, but for `place`. `url` only when it is USGS's own.

Source: https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php ; CAP 1.2, 3.2.2 for the ratings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shapely import Point
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields, features
from tocsin.formats._intensity import reach_km
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.hazards import HAZARDS
from tocsin.model import (
    Area,
    Category,
    Certainty,
    Code,
    Event,
    Item,
    MsgType,
    Problem,
    Reading,
    Severity,
    Text,
    Urgency,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A band of Modified Mercalli Intensity and how CAP rates it."""

    at_least: float
    name: str
    severity: Severity
    urgency: Urgency


# Urgency, CAP 1.2, 3.2.2: Immediate where something must be done at once (look after people, leave what is damaged);
# Past where "responsive action is no longer required": felt, and over.
BANDS = (
    Band(at_least=7, name="VII", severity=Severity.EXTREME, urgency=Urgency.IMMEDIATE),
    Band(at_least=6, name="VI", severity=Severity.SEVERE, urgency=Urgency.IMMEDIATE),
    Band(at_least=5, name="V", severity=Severity.MODERATE, urgency=Urgency.PAST),
    Band(at_least=4, name="IV", severity=Severity.MINOR, urgency=Urgency.PAST),
)
"""The bands in the order of `part`, from 0. Part 4 is a quake that none of them reaches."""

SNAPSHOT = True
FAINT_KM = 1.0
SENDER = "earthquake.usgs.gov"
_WEB = f"https://{SENDER}/"
_EARTHQUAKE = "earthquake"
_USUAL_DEPTH_KM = 10.0  # what USGS itself assumes for a shallow quake whose depth it cannot find
_MAGNITUDES = (-5.0, 10.0)  # M -2 is a hammer blow; the largest known is 9.5
_DEPTHS_KM = (-10.0, 1_000.0)  # above sea level, and deeper than any quake (some 700)
_SHALLOWEST_KM = 0.5  # below this a headline says "at the surface"
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_TYPE = re.compile(r"[a-z][a-z -]{0,40}")


def read(body: bytes, *, source: str, now: datetime) -> Reading:  # noqa: ARG001  a catalogue of what has been needs no clock
    """Return one item for each feature. Raises FormatError when the document is no such GeoJSON, or says so itself.

    `as_of` is the feed's `generated`. An answer that was cut at a limit is read, but is not complete.
    """
    document = loads(body)
    listed = list(features(document))
    collection = Fields(document, at="document")
    metadata = collection.object("metadata")
    if metadata.number("status") not in {None, 200}:
        raise FormatError("the feed says that it failed", at="document.metadata.status")
    is_cut = len(listed) == metadata.number("limit") or len(listed) < (metadata.number("count") or 0)
    if is_cut:
        collection.problem("metadata", "the answer was cut at a limit, or holds fewer quakes than it says")
    items = tuple(_item(feature, source=source, at=at) for at, feature in listed)
    return Reading(
        items=items,
        problems=tuple(collection.problems),
        as_of=metadata.epoch_ms("generated"),
        is_complete=not is_cut and all(item.events for item in items),
    )


def claims(opened: Opened) -> bool:
    """Return whether the metadata, or the first feature, has the keys of the USGS catalogue."""
    document = opened.json
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if isinstance(metadata, dict) and {"generated", "api"} <= metadata.keys():
        return True
    return any({"mag", "magType", "place"} <= one.keys() for one in opened.features()[:1])


def _item(feature: object, *, source: str, at: str) -> Item:
    problems: list[Problem] = []
    try:
        events = _events(Fields(feature, at=at, problems=problems), source=source)
    except FormatError as error:
        return Item(at=at, problems=(*problems, Problem(at=error.at or at, message=error.message)))
    return Item(at=at, events=events, problems=tuple(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quake:
    """One solution of one quake, as far as it is read."""

    id: str
    kind: str
    at: Point | None
    depth_km: float | None
    magnitude: float | None
    place: str


def _events(feature: Fields, *, source: str) -> tuple[Event, ...]:
    properties = feature.object("properties")
    quake = _quake(feature, properties)
    event = _bare(quake, properties, source)
    if event.is_over:
        return (event,)
    if quake.at is None:
        # Without a position the quake is nowhere, not everywhere: the world has no place that it concerns.
        raise FormatError("the quake has no position", at=f"{feature.at}.geometry")
    depth_km = _USUAL_DEPTH_KM if quake.depth_km is None else quake.depth_km
    shakes = quake.kind == _EARTHQUAKE and quake.magnitude is not None
    reaches = [reach_km(quake.magnitude or 0, depth_km, band.at_least) if shakes else 0 for band in BANDS]
    bands = [
        _in_band(event, quake, part, band, reach)
        for part, (band, reach) in enumerate(zip(BANDS, reaches, strict=True))
        if reach > 0
    ]
    return tuple(bands) or (_faint(event, quake, is_rated=shakes),)


def _quake(feature: Fields, properties: Fields) -> _Quake:
    name = properties.text("net", MAX_NAME) + properties.text("code", MAX_NAME) or feature.text("id", MAX_NAME)
    if not _ID.fullmatch(name):
        raise FormatError("the quake has no id", at=feature.at)
    kind = properties.text("type", MAX_NAME).lower()
    if not kind:
        kind = _EARTHQUAKE
        properties.problem("type", "no type; read as an earthquake", is_repaired=True)
    point, depth_km = _position(feature)
    magnitude = _within(_MAGNITUDES, properties.number("mag"))
    if kind == _EARTHQUAKE and magnitude is None:
        properties.problem("mag", "no magnitude that can be; how far the quake is felt is unknown")
    if kind == _EARTHQUAKE and point and depth_km is None:
        feature.problem("geometry", f"no depth that can be; {_USUAL_DEPTH_KM:.0f} km were assumed", is_repaired=True)
    return _Quake(
        id=name,
        kind=kind if _TYPE.fullmatch(kind) else "unknown",
        at=point,
        depth_km=depth_km,
        magnitude=magnitude,
        place=properties.text("place", MAX_NAME),
    )


def _position(feature: Fields) -> tuple[Point | None, float | None]:
    """Return the epicentre and the depth in kilometres, each None when it is not there or is nowhere on Earth."""
    try:
        point, _ = geo.from_geojson(feature.raw("geometry"), at=f"{feature.at}.geometry")
    except FormatError as error:
        feature.problem("geometry", error.message)
        return None, None
    if not isinstance(point, Point):
        return None, None
    depth_km = next(iter(feature.object("geometry").list("coordinates")[2:3]), None)
    return point, _within(_DEPTHS_KM, depth_km if isinstance(depth_km, (int, float)) else None)


def _within(limits: tuple[float, float], value: float | None) -> float | None:
    return value if value is not None and limits[0] <= value <= limits[1] else None


def _bare(quake: _Quake, properties: Fields, source: str) -> Event:
    """Return the event that all bands have in common; it is over when the quake was deleted."""
    onset, sent = properties.epoch_ms("time"), properties.epoch_ms("updated")
    if sent is None:
        sent = onset
        properties.problem(
            "updated", "not said when it was updated; the moment of the quake was taken", is_repaired=True
        )
    if sent is None:
        raise FormatError("the quake has no time", at=properties.at)
    status = properties.text("status", MAX_NAME).lower()
    ids = (name for name in properties.text("ids").split(",") if _ID.fullmatch(name))
    web = properties.text("url", MAX_NAME)
    known = {"magnitude": quake.magnitude, "depth_km": quake.depth_km}
    return Event(
        source=source,
        sender=SENDER,
        identifier=quake.id,
        sent=sent,
        part=len(BANDS),
        msg_type=MsgType.CANCEL if status == "deleted" else MsgType.ALERT,
        aliases=tuple(f"quake:{name}" for name in dict.fromkeys([quake.id, *ids])),
        is_over=status == "deleted",
        category=(Category.GEO,),
        codes=(Code("usgs:type", quake.kind),),
        urgency=Urgency.PAST,
        certainty=Certainty.OBSERVED if status == "reviewed" else Certainty.LIKELY,
        onset=onset,
        expires=(onset or sent) + _life(),
        sender_name="US Geological Survey",
        web=web if web.startswith(_WEB) else "",
        texts=(_text(quake),),
        measures={name: value for name, value in known.items() if value is not None},
    )


def _life() -> timedelta:
    return HAZARDS[_EARTHQUAKE].lasts


def _in_band(event: Event, quake: _Quake, part: int, band: Band, reach: float) -> Event:
    description = (
        f"Shaking of intensity {band.name} or more (Modified Mercalli) is estimated within {reach:.0f} km of the "
        "epicentre, from magnitude and depth alone (Allen, Wald and Worden 2012)."
    )
    return replace(
        event,
        part=part,
        severity=band.severity,
        urgency=band.urgency,
        texts=(replace(event.texts[0], description=description),),
        areas=(Area(description=quake.place, geometry=_circle(quake, reach)),),
    )


def _faint(event: Event, quake: _Quake, *, is_rated: bool) -> Event:
    """Return the event of a quake that no band reaches, or (not `is_rated`) of which nobody knows how far it does."""
    return replace(
        event,
        severity=Severity.MINOR if is_rated else Severity.UNKNOWN,
        areas=(Area(description=quake.place, geometry=_circle(quake, FAINT_KM)),),
    )


def _circle(quake: _Quake, radius_km: float) -> BaseGeometry:
    assert quake.at is not None, "a quake without a position has no area"
    return geo.circle(quake.at.x, quake.at.y, radius_km * 1000)


def _text(quake: _Quake) -> Text:
    """Return our words in English: "M 5.6 earthquake, 12 km deep, 4 km W of Castaic, CA"."""
    size = "" if quake.magnitude is None else f"M {quake.magnitude:.1f} "
    parts = [f"{size}{quake.kind}", _depth(quake.depth_km), quake.place]
    headline = ", ".join(part for part in parts if part)
    return Text(language="en", event=quake.kind.capitalize(), headline=headline[0].upper() + headline[1:])


def _depth(depth_km: float | None) -> str:
    if depth_km is None:
        return ""
    return f"{depth_km:.0f} km deep" if depth_km >= _SHALLOWEST_KM else "at the surface"
