"""Flood warnings of the Environment Agency for England: the real-time API's list `id/floods`, a complete snapshot.

One item for each flood area that has a warning, or has had one until a day ago: level 4, "no longer in force", stays
listed and is an end. Identity is the area's code; the latest of its times of change is the moment of sending.

Times have no offset and are the clock of the United Kingdom. In the hour that occurs twice in autumn the first counts.

The area is given by its code and by the address of its polygon, which this document does not hold: it is *unplaced*,
with the code as geocode ("TargetAreaCode"), not everywhere and not nowhere. Where the list itself holds a shape (some
mirrors put the polygon in the place of its address) that is read. The list names no end: see `end_while_listed`.

Never read: severity (said again by severityLevel), eaAreaName, eaRegionName ("No longer used"), county, and what is not
named below.

Source: https://environment.data.gov.uk/flood-monitoring/doc/reference , Flood Warnings.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shapely.geometry.base import BaseGeometry

from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._time import end_while_listed, has_offset, read_time
from tocsin.hazards import HAZARDS
from tocsin.model import Area, Category, Certainty, Code, Event, Item, Reading, Severity, Text, Urgency

SNAPSHOT = True
SENDER = "environment.data.gov.uk"
SCHEME = "TargetAreaCode"  # as in the CAP of the same warnings
MAX_ITEMS = 20_000  # there are some 4,300 flood areas


class Rating(NamedTuple):
    """What a severityLevel says, in CAP's words. `term` is the Agency's."""

    term: str
    severity: Severity
    urgency: Urgency
    certainty: Certainty


# "Danger to life", "flooding is expected, immediate action required", "flooding is possible, be prepared".
RATINGS = {
    1: Rating("Severe flood warning", Severity.EXTREME, Urgency.IMMEDIATE, Certainty.LIKELY),
    2: Rating("Flood warning", Severity.SEVERE, Urgency.IMMEDIATE, Certainty.LIKELY),
    3: Rating("Flood alert", Severity.MODERATE, Urgency.EXPECTED, Certainty.POSSIBLE),
    4: Rating("Flood warning", Severity.MINOR, Urgency.PAST, Certainty.UNLIKELY),
}
_OVER = 4
_ZONE = ZoneInfo("Europe/London")
_FLOOD = "flood"
_TIMES = ("timeSeverityChanged", "timeMessageChanged", "timeRaised")
_AREA = re.compile(r"[A-Za-z0-9_-]{1,60}")
_PLACE = "flood-monitoring/id/floods"


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each flood area listed. Raises FormatError when the document is no such list."""
    document = loads(body)
    listed = document.get("items") if isinstance(document, dict) else None
    listed = [listed] if isinstance(listed, dict) else listed  # id/floods/CODE gives the one
    if not isinstance(listed, list):
        raise FormatError("no list of flood warnings", at="document.items")
    items = tuple(
        _item(value, source=source, now=now, at=f"items[{place}]") for place, value in enumerate(listed[:MAX_ITEMS])
    )
    is_complete = len(listed) <= MAX_ITEMS and all(item.events for item in items)
    return Reading(items=items, is_complete=is_complete)


def claims(opened: Opened) -> bool:
    """Return whether the list says that it is the flood-monitoring API's, and is about floods."""
    document = opened.json
    if not isinstance(document, dict) or "flood-monitoring" not in str(document.get("@context")):
        return False
    listed = document.get("items")
    listed = [listed] if isinstance(listed, dict) else listed if isinstance(listed, list) else []
    if listed:
        return any(isinstance(one, dict) and {"severityLevel", "floodAreaID"} <= one.keys() for one in listed[:1])
    return _PLACE in str(document.get("meta"))


def _item(value: object, *, source: str, now: datetime, at: str) -> Item:
    return read_item(at, lambda problems: (_event(Fields(value, at=at, problems=problems), source=source, now=now),))


def _event(warning: Fields, *, source: str, now: datetime) -> Event:
    area = warning.object("floodArea")
    code = warning.text("floodAreaID", MAX_NAME) or area.text("notation", MAX_NAME)
    if not _AREA.fullmatch(code):
        raise FormatError("the warning names no flood area", at=warning.at)
    level = warning.number("severityLevel")
    rating = RATINGS.get(int(level)) if level is not None and level == int(level) else None
    if level is None or rating is None:
        raise FormatError("the severity level is none of 1 to 4", at=f"{warning.at}.severityLevel")
    times = [moment for name in _TIMES if (moment := _local(warning, name)) is not None]
    if not times:
        raise FormatError("the warning has no readable time", at=warning.at)
    is_tidal = warning.raw("isTidal") is True
    state = f"{rating.term} no longer in force" if level == _OVER else rating.term
    water = area.text("riverOrSea", MAX_NAME)
    description = warning.text("description", MAX_NAME)
    return Event(
        source=source,
        sender=SENDER,
        identifier=code,
        sent=max(times),
        is_over=level == _OVER,
        category=(Category.MET,),
        urgency=rating.urgency,
        severity=rating.severity,
        certainty=rating.certainty,
        onset=_local(warning, "timeRaised") or min(times),
        expires=end_while_listed(max(times), HAZARDS[_FLOOD].lasts, now),
        sender_name="Environment Agency",
        texts=(
            Text(
                language="en-GB",
                event="Coastal flood" if is_tidal else rating.term,
                headline=": ".join(filter(None, (state, description))),
                description="\n".join(filter(None, (warning.text("message"), water and f"River or sea: {water}."))),
            ),
        ),
        areas=(Area(description=description, geometry=_shape(area), geocodes=(Code(SCHEME, code),)),),
    )


def _shape(area: Fields) -> BaseGeometry | None:
    """Return the area's polygon where the list holds it, None where it holds its address only."""
    return area.geometry("polygon") if isinstance(area.raw("polygon"), dict) else None


def _local(warning: Fields, name: str) -> datetime | None:
    """Return a time by the clock of the United Kingdom, or by its own offset where it has one."""
    text = warning.text(name, MAX_NAME)
    if not text:
        return None
    try:
        moment, problems = read_time(text, at=f"{warning.at}.{name}")
    except FormatError as error:
        warning.problem(name, error.message)
        return None
    if has_offset(text):
        warning.problems += problems
        return moment
    return moment.replace(tzinfo=_ZONE).astimezone(UTC)
