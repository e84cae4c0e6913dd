"""Road events after Open511 1.0, as JSON: incidents, construction, special events, weather and road conditions.

A document is a snapshot of the active events of a jurisdiction; a page of a longer list is not complete. Intervals are
in UTC (Open511, "schedule"). A recurring schedule has dates and hours in the jurisdiction's own time: its outer bounds
are drawn with the offset of the event's own time stamps, and a sentence says that it does not hold all the time.

Never read: attachments, detour texts, `+` extensions (messages for telephones), contacts, links, grouped events, and
what is not named below. The place is told by the names of roads, from and to; `description` is the issuer's.

Source: http://www.open511.org/documentation/1.0/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._periods import OPEN_END
from tocsin.formats._road import AT_TIMES, in_periods, road_codes, text, where
from tocsin.formats._time import read_time
from tocsin.model import Area, Category, Certainty, Code, Event, Item, Reading, Severity

SNAPSHOT = True
_SEVERITY = {"MINOR": Severity.MINOR, "MODERATE": Severity.MODERATE, "MAJOR": Severity.SEVERE}
_CERTAINTY = {"OBSERVED": Certainty.OBSERVED, "LIKELY": Certainty.LIKELY, "POSSIBLE": Certainty.POSSIBLE}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,79}")
_HAS_OFFSET = re.compile(r".*T.*(?:[Zz]|[+-]\d\d:?\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::[0-5]\d)?", re.ASCII)
_UNSAID = {"NONE", "UNKNOWN", "BOTH", ""}
_EVENT = frozenset({"event_type", "schedule"})

_Span = tuple[datetime | None, datetime | None]


def read(body: bytes, *, source: str, now: datetime) -> Reading:  # noqa: ARG001  what is listed needs no clock
    """Return one item for each event. Raises FormatError when the document is no list of Open511 events."""
    document = loads(body)
    listed = document.get("events") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise FormatError("this is no list of Open511 events", at="document")
    items = tuple(_item(event, source=source, at=f"events[{place}]") for place, event in enumerate(listed))
    pages = Fields(document, at="document")
    is_page = bool(pages.object("pagination").text("next_url"))
    if is_page:
        pages.problem("pagination", "the document is one page of a longer list")
    is_complete = not is_page and all(item.events for item in items)
    return Reading(items=items, problems=tuple(pages.problems), is_complete=is_complete)


def claims(opened: Opened) -> bool:
    """Return whether the document lists events as Open511 does, or is an empty list that names its version."""
    document = opened.json
    listed = document.get("events") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return False
    if listed:
        return isinstance(listed[0], dict) and listed[0].keys() >= _EVENT
    meta = document.get("meta")
    return isinstance(meta, dict) and str(meta.get("version", "")).startswith("v1")


def _item(value: object, *, source: str, at: str) -> Item:
    return read_item(at, lambda problems: (_event(Fields(value, at=at, problems=problems), source=source),))


def _event(event: Fields, *, source: str) -> Event:
    name = event.text("id", MAX_NAME)
    if not name:
        raise FormatError("the event has no id", at=event.at)
    onset, expires, note = _schedule(event)
    sent = event.time("updated") or event.time("created") or onset
    if sent is None:
        raise FormatError("the event states no time at all", at=event.at)
    roads = list(_objects(event, "roads"))
    area = _area(event, roads)
    return Event(
        source=source,
        sender=name.partition("/")[0] if "/" in name else "",
        identifier=name,
        sent=sent,
        is_over=event.text("status", MAX_NAME) == "ARCHIVED",
        category=(Category.TRANSPORT,),
        codes=tuple(dict.fromkeys(_codes(event, roads))),
        severity=_SEVERITY.get(event.text("severity", MAX_NAME), Severity.UNKNOWN),
        certainty=_CERTAINTY.get(event.text("certainty", MAX_NAME), Certainty.UNKNOWN),
        onset=onset,
        expires=expires,
        texts=text(area.description, [event.text("description"), note]),
        areas=(area,),
        measures=dict(_measures(roads)),
    )


def _objects(holder: Fields, name: str) -> Iterator[Fields]:
    for place, value in enumerate(holder.list(name)):
        if isinstance(value, dict):
            yield Fields(value, at=f"{holder.at}.{name}[{place}]", problems=holder.problems)


def _codes(event: Fields, roads: list[Fields]) -> Iterator[Code]:
    listed = [("open511", event.text("event_type", MAX_NAME))]
    listed += [("open511:subtype", value) for value in event.texts("event_subtypes")]
    listed += [("open511:road_state", road.text("state", MAX_NAME)) for road in roads]
    return (Code(scheme, value) for scheme, value in listed if _WORD.fullmatch(value))


def _measures(roads: list[Fields]) -> Iterator[tuple[str, float]]:
    for road in roads:
        for name, key in (("lanes_open", "lanes_open"), ("lanes_closed", "lanes_restricted")):
            value = road.number(name)
            if value is not None and value >= 0:
                yield key, value


# --- when ---------------------------------------------------------------------------------------------------------


def _schedule(event: Fields) -> tuple[datetime | None, datetime, str]:
    """Return (onset, expires, a sentence where the event does not hold all of that time)."""
    schedule = event.raw("schedule")
    if not isinstance(schedule, dict):
        return None, OPEN_END, ""
    stated = Fields(schedule, at=f"{event.at}.schedule", problems=event.problems)
    intervals = [_interval(stated, value) for value in stated.texts("intervals")]
    zone = _offset(event)
    recurring = [_recurring(one, zone) for one in _objects(stated, "recurring_schedules")]
    spans = intervals + recurring
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    onset = min((start for start in starts if start), default=None) if all(starts) else None
    expires = max((end for end in ends if end), default=None) if all(ends) else None
    return onset, expires or OPEN_END, AT_TIMES if recurring else in_periods(len(intervals))


def _interval(schedule: Fields, value: str) -> _Span:
    """Return the ends of "2026-07-15T03:00/", which are in UTC where no offset says else."""
    start, _, end = value.partition("/")
    return _moment(schedule, start), _moment(schedule, end)


def _moment(schedule: Fields, value: str) -> datetime | None:
    value = value.strip()
    if not value:
        return None
    try:
        return read_time(value if _HAS_OFFSET.fullmatch(value) else f"{value}Z", at=f"{schedule.at}.intervals")[0]
    except FormatError as error:
        schedule.problem("intervals", error.message)
        return None


def _offset(event: Fields) -> tzinfo:
    """Return the offset that the event's own time stamps are written in, UTC where there is none."""
    for name in ("updated", "created"):
        try:
            moment = datetime.fromisoformat(event.text(name, MAX_NAME))
        except ValueError:
            continue
        if moment.tzinfo:
            return moment.tzinfo
    return UTC


def _recurring(schedule: Fields, zone: tzinfo) -> _Span:
    """Return the first beginning and the last end of a schedule: whole days where it states no hours."""
    first = _day(schedule, "start_date", "daily_start_time", zone, default=timedelta())
    last = _day(schedule, "end_date", "daily_end_time", zone, default=timedelta(days=1))
    return first, last


def _day(schedule: Fields, date: str, clock: str, zone: tzinfo, *, default: timedelta) -> datetime | None:
    day, hours = schedule.text(date, MAX_NAME), _CLOCK.fullmatch(schedule.text(clock, MAX_NAME))
    if not day:
        return None
    try:
        begins = datetime.fromisoformat(day) if _DATE.fullmatch(day) else None
        after = timedelta(hours=int(hours[1]), minutes=int(hours[2])) if hours else default
        return (begins + after).replace(tzinfo=zone).astimezone(UTC) if begins else None
    except (ValueError, OverflowError):
        schedule.problem(date, "not a date that exists")
        return None


# --- where --------------------------------------------------------------------------------------------------------


def _area(event: Fields, roads: list[Fields]) -> Area:
    names = [road.text("name", MAX_NAME) for road in roads]
    ends = [road.text(end, MAX_NAME) for road in roads[:1] for end in ("from", "to")]
    directions = [road.text("direction", MAX_NAME) for road in roads[:1]]
    return Area(
        description=where(names, ends, [direction for direction in directions if direction not in _UNSAID]),
        geometry=event.geometry("geography"),
        geocodes=road_codes(names),
    )
