"""Earthquakes of the European-Mediterranean Seismological Centre: the FDSN event service, as GeoJSON (format=json).

The answer to a query, cut at a limit and a time: messages, not a snapshot, for a quake that it no longer lists may
only be older than the others. Identity is `unid`, with `lastupdate` as the moment of sending. The third coordinate is
*minus* the depth; `depth` says it again, positive, and goes first. `auth` names the agency whose solution is shown; it
may be NEIC, so that USGS and EMSC are not always two opinions. What a quake becomes is said in `_quake`.

Never read: source_id, source_catalog, magtype, lat, lon, and what is not named below. The texts are composed here, but
for `flynn_region`, the Flinn-Engdahl name of the region.

Source: https://www.seismicportal.eu/fdsn-wsevent.html ; FDSN-WS-Event 1.2; event types as in the ISC's ISF, 2.1.
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
from tocsin.model import Category, Certainty, Code, Event, Reading, Urgency

SNAPSHOT = False
SENDER = "emsc-csem.org"
# The second letter of the type; the first says how sure it is: k known, s suspected, f felt, d damaging.
_KINDS = {
    "e": EARTHQUAKE,
    "i": "induced or triggered event",
    "m": "mining explosion",
    "h": "chemical explosion",
    "x": "experimental explosion",
    "n": "nuclear explosion",
    "r": "rock burst",
}
_TYPE = re.compile(r"[kfds]([eimhxnr])|ls")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_KEYS = frozenset({"unid", "flynn_region", "evtype"})


def read(body: bytes, *, source: str, now: datetime) -> Reading:  # noqa: ARG001  a catalogue of what has been needs no clock
    """Return one item for each feature. Raises FormatError when the document is no GeoJSON."""
    document = loads(body)
    items = read_quakes(features(document), partial(_solution, source=source))
    return Reading(items=items, is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether the first feature has the keys of EMSC's catalogue."""
    return any(one.keys() >= _KEYS for one in opened.features()[:1])


def _solution(feature: Fields, *, source: str) -> tuple[Event, Quake]:
    """Return what the events of a quake have in common, and the quake."""
    properties = feature.object("properties")
    name = properties.text("unid", MAX_NAME) or feature.text("id", MAX_NAME)
    if not _ID.fullmatch(name):
        raise FormatError("the quake has no id", at=feature.at)
    onset = properties.time("time")
    sent = properties.time("lastupdate") or onset
    if onset is None or sent is None:
        raise FormatError("the quake has no time", at=properties.at)
    evtype = properties.text("evtype", MAX_NAME).lower()
    quake = _quake(feature, properties, evtype)
    event = Event(
        source=source,
        sender=SENDER,
        identifier=name,
        sent=sent,
        part=len(BANDS),
        aliases=(f"quake:{name}",),
        category=(Category.GEO,),
        codes=(Code("emsc:evtype", evtype if _TYPE.fullmatch(evtype) else "uk"),),
        urgency=Urgency.PAST,
        certainty=Certainty.LIKELY,
        onset=onset,
        expires=expires(onset),
        sender_name="European-Mediterranean Seismological Centre",
        web=f"https://www.{SENDER}/",
        texts=(quake.text,),
        measures=quake.measures,
    )
    return event, quake


def _quake(feature: Fields, properties: Fields, evtype: str) -> Quake:
    point = _epicentre(feature)
    found = _TYPE.fullmatch(evtype)
    kind = _KINDS.get(found[1], "landslide") if found else EARTHQUAKE
    magnitude, depth_km = magnitude_of(properties.number("mag")), _depth_km(feature, properties)
    if kind == EARTHQUAKE and magnitude is None:
        properties.problem("mag", "no magnitude that can be; how far the quake is felt is unknown")
    if kind == EARTHQUAKE and depth_km is None:
        feature.problem("geometry", f"no depth that can be; {USUAL_DEPTH_KM:.0f} km were assumed", is_repaired=True)
    return Quake(
        kind=kind,
        at=point,
        depth_km=depth_km,
        magnitude=magnitude,
        place=properties.text("flynn_region", MAX_NAME).title(),
    )


def _epicentre(feature: Fields) -> Point:
    """Return where the quake was. Raises FormatError when it is nowhere on Earth: nowhere is not everywhere."""
    point, _ = geo.from_geojson(feature.raw("geometry"), at=f"{feature.at}.geometry")
    if not isinstance(point, Point):
        raise FormatError("the quake has no position", at=f"{feature.at}.geometry")
    return point


def _depth_km(feature: Fields, properties: Fields) -> float | None:
    depth = depth_km_of(properties.number("depth"))
    if depth is not None:
        return depth
    third = next(iter(feature.object("geometry").list("coordinates")[2:3]), None)
    return depth_km_of(-third if isinstance(third, (int, float)) and not isinstance(third, bool) else None)
