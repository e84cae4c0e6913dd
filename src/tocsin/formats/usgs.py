"""Earthquakes of the US Geological Survey: the GeoJSON summary feeds, the FDSN event service, one event's detail.

A summary feed is a complete snapshot of a magnitude and a time, made anew each minute; a deleted quake is just no
longer listed. The FDSN service may say `status` "deleted". Identity is the preferred id (network and code) with
`updated` as the moment of sending. All ids that the quake ever had are aliases, so a revision, and a change of the
preferred network, join the thread that was begun under another id. What a quake becomes is said in `_quake`.

Never read: title, detail, felt, cdi, mmi, alert, tsunami, sig, sources, types, nst, dmin, rms, gap, magType, tz. The
texts are composed here, but for `place`. `url` only when it is USGS's own.

Source: https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial

from shapely import Point

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields, features
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._quake import (
    BANDS,
    EARTHQUAKE,
    USUAL_DEPTH_KM,
    Quake,
    depth_km_of,
    expires,
    magnitude_of,
    read_quakes,
)
from tocsin.model import (
    Category,
    Certainty,
    Code,
    Event,
    MsgType,
    Reading,
    Urgency,
)

SNAPSHOT = True
SENDER = "earthquake.usgs.gov"
_WEB = f"https://{SENDER}/"
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
    items = read_quakes(listed, partial(_solution, source=source))
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


def _solution(feature: Fields, *, source: str) -> tuple[Event, Quake | None]:
    """Return what the events of a quake have in common, and the quake; of a deleted one its end, and None."""
    properties = feature.object("properties")
    name = properties.text("net", MAX_NAME) + properties.text("code", MAX_NAME) or feature.text("id", MAX_NAME)
    if not _ID.fullmatch(name):
        raise FormatError("the quake has no id", at=feature.at)
    quake = _quake(feature, properties)
    event = _bare(name, quake, properties, source)
    if event.is_over:
        return event, None
    if quake.at is None:
        # Without a position the quake is nowhere, not everywhere: the world has no place that it concerns.
        raise FormatError("the quake has no position", at=f"{feature.at}.geometry")
    return event, quake


def _quake(feature: Fields, properties: Fields) -> Quake:
    kind = properties.text("type", MAX_NAME).lower()
    if not kind:
        kind = EARTHQUAKE
        properties.problem("type", "no type; read as an earthquake", is_repaired=True)
    point, depth_km = _position(feature)
    magnitude = magnitude_of(properties.number("mag"))
    if kind == EARTHQUAKE and magnitude is None:
        properties.problem("mag", "no magnitude that can be; how far the quake is felt is unknown")
    if kind == EARTHQUAKE and point and depth_km is None:
        feature.problem("geometry", f"no depth that can be; {USUAL_DEPTH_KM:.0f} km were assumed", is_repaired=True)
    return Quake(
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
    return point, depth_km_of(depth_km if isinstance(depth_km, (int, float)) else None)


def _bare(name: str, quake: Quake, properties: Fields, source: str) -> Event:
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
    ids = (other for other in properties.text("ids").split(",") if _ID.fullmatch(other))
    web = properties.text("url", MAX_NAME)
    return Event(
        source=source,
        sender=SENDER,
        identifier=name,
        sent=sent,
        part=len(BANDS),
        msg_type=MsgType.CANCEL if status == "deleted" else MsgType.ALERT,
        aliases=tuple(f"quake:{one}" for one in dict.fromkeys([name, *ids])),
        is_over=status == "deleted",
        category=(Category.GEO,),
        codes=(Code("usgs:type", quake.kind),),
        urgency=Urgency.PAST,
        certainty=Certainty.OBSERVED if status == "reviewed" else Certainty.LIKELY,
        onset=onset,
        expires=expires(onset or sent),
        sender_name="US Geological Survey",
        web=web if web.startswith(_WEB) else "",
        texts=(quake.text,),
        measures=quake.measures,
    )
