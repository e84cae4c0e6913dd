"""iCalendar: planned events as towns, grounds and authorities publish them; a calendar lists all that it has.

A VEVENT is one item. One that recurs gives an event for each occurrence from a day ago to 30 days ahead, at most
MAX_OCCURRENCES, each with the name that RFC 5545 gives it (UID and RECURRENCE-ID); where none falls into that window,
its first. An occurrence that another VEVENT redefines, or that EXDATE takes out, is left out. STATUS:CANCELLED, and a
calendar with METHOD:CANCEL, are Cancels. Times without a zone are in X-WR-TIMEZONE, else UTC; a date alone is the
whole day there.

An UID with an "@" often is somebody's address: a digest stands for it.

Never read, because they are about people, or whatever a maker put there: ORGANIZER, ATTENDEE, CONTACT, COMMENT, ATTACH,
CONFERENCE, IMAGE, RESOURCES, RELATED-TO, STRUCTURED-DATA, STYLED-DESCRIPTION, REQUEST-STATUS, X-*, VALARM,
PARTICIPANT, VTODO, VJOURNAL, VFREEBUSY. Of VLOCATION (RFC 9073) name and position.

Source: RFC 5545, RFC 7986, RFC 9073, section 7.2 (VLOCATION).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._calendar import ABOUT_PEOPLE, Component, Line, When, Zones, components, span
from tocsin.formats._elements import MAX_NAME, MAX_TEXT
from tocsin.formats._item import read_item
from tocsin.formats._opened import Opened
from tocsin.formats._recurrence import Budget, occurrences, read_rule
from tocsin.formats._url import is_web
from tocsin.model import Area, Certainty, Code, Event, Item, MsgType, Problem, Reading, Reference, Scope, Text

SNAPSHOT = True
BEHIND = timedelta(days=1)
AHEAD = timedelta(days=30)
MAX_OCCURRENCES = 100  # of one event: three a day
MAX_EVENTS = 20_000
_BUDGET_DAYS = 50_000  # looked at for all rules of a document together; some 50 ms
_BUDGET_OCCURRENCES = 3_000
_LOOK_BACK = timedelta(days=31)  # for an occurrence that began before the window
_MAX_DATES = 1_000  # of RDATE and EXDATE
_MAX_RULES = 3
_MAX_CATEGORIES = 100
_MAX_PLACES = 100
_HEAD = 200  # bytes at either end in which a calendar says that it is one
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

_READ: Mapping[str, frozenset[str]] = {
    "VCALENDAR": frozenset({"METHOD", "X-WR-TIMEZONE"}),
    "VTIMEZONE": frozenset({"TZID", "X-LIC-LOCATION"}),
    "STANDARD": frozenset({"DTSTART", "RRULE", "TZOFFSETTO"}),
    "DAYLIGHT": frozenset({"DTSTART", "RRULE", "TZOFFSETTO"}),
    "VEVENT": frozenset(
        {
            *("UID", "RECURRENCE-ID", "DTSTAMP", "LAST-MODIFIED", "CREATED", "STATUS", "CLASS"),
            *("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE"),
            *("SUMMARY", "DESCRIPTION", "LOCATION", "GEO", "CATEGORIES", "URL"),
        }
    ),
    "VLOCATION": frozenset({"NAME", "GEO"}),
}
"""The lines that are read of each component. Everything else is passed over."""

_BEGIN = re.compile(rb"\s*BEGIN:VCALENDAR\s", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}")  # the shape of an RFC 5646 tag
_COMMA = re.compile(r"(?<!\\),")
_GEO = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d{0,20})?)\s*[;,]\s*([+-]?\d{1,3}(?:\.\d{0,20})?)\s*", re.ASCII)
_SCOPES = {"PRIVATE": Scope.PRIVATE, "CONFIDENTIAL": Scope.RESTRICTED}
_CERTAINTIES = {"CONFIRMED": Certainty.LIKELY, "TENTATIVE": Certainty.POSSIBLE}


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each event of the calendar. Raises FormatError when there is no calendar."""
    root, is_whole = components(body, _READ)
    budget = Budget(days=_BUDGET_DAYS, occurrences=_BUDGET_OCCURRENCES)
    calendars = [_Calendar(one, budget, source=source, now=now) for one in root.each("VCALENDAR")]
    if sum(len(calendar.events) for calendar in calendars) > MAX_EVENTS:
        raise FormatError(f"more than {MAX_EVENTS} events", at="document")
    items: list[Item] = []
    problems = [] if is_whole else [Problem(at="document", message="the calendar is cut, or a component has no end")]
    for calendar in calendars:
        items += [calendar.item(event, f"VEVENT[{n}]") for n, event in enumerate(calendar.events, len(items) + 1)]
        problems += [Problem(at="VTIMEZONE", message=said, is_repaired=True) for said in calendar.zones.problems]
    is_all = is_whole and not budget.is_spent and all(one.is_list for one in calendars)
    return Reading(
        items=tuple(items),
        problems=tuple(problems),
        is_complete=is_all and all(item.events for item in items),
    )


def claims(opened: Opened) -> bool:
    """Return whether the document begins and ends as a calendar."""
    begins = _BEGIN.match(opened.body[:_HEAD].removeprefix(b"\xef\xbb\xbf"))
    return begins is not None and opened.body[-_HEAD:].rstrip().upper().endswith(b"END:VCALENDAR")


class _Calendar:
    """One VCALENDAR: its zone, what it takes its events for, and which occurrences have a VEVENT of their own."""

    def __init__(self, calendar: Component, budget: Budget, *, source: str, now: datetime) -> None:
        self.zones = Zones(calendar, budget)
        self.events = calendar.each("VEVENT")
        method = calendar.text("METHOD").upper()
        self.is_list = method in {"", "PUBLISH"}
        self._is_cancel = method == "CANCEL"
        self._budget = budget
        self._source = source
        self._now = now
        self._redefined: dict[str, set[datetime | date]] = {}
        for event in self.events:
            if (line := event.line("RECURRENCE-ID")) is not None:
                self._redefined.setdefault(event.text("UID"), set()).update(self._stated([line]))

    def item(self, event: Component, at: str) -> Item:
        """Return the item that a VEVENT is; one that cannot be read has no events and says why."""
        return read_item(
            at,
            lambda problems: self._read(_Lines(event, self.zones, at=at, problems=problems)),
            has_unread=not ABOUT_PEOPLE.isdisjoint(event.lines),
        )

    def _read(self, lines: _Lines) -> tuple[Event, ...]:
        start = lines.when("DTSTART")
        if start is None:
            raise FormatError("the event has no readable beginning", at=f"{lines.at}/DTSTART")
        name, length = _identifier(lines), lines.length(start)
        event = replace(self._bare(lines, start), identifier=name)
        own = lines.when("RECURRENCE-ID")
        if own is not None:
            return (self._at(event, start, length, f"{name}/{_stamp(own)}"),)
        if not lines.event.lines.keys() & {"RRULE", "RDATE"}:
            return (self._at(event, start, length, name),)
        taken_out = self._redefined.get(lines.event.text("UID"), set()) | self._stated(
            lines.event.lines.get("EXDATE", ())
        )
        found = sorted({when.moment: when for when in self._occurrences(lines, start, length or timedelta(0))}.items())
        kept = [when for moment, when in found if moment not in taken_out and when.local.date() not in taken_out]
        if len(kept) > MAX_OCCURRENCES:
            lines.problem("RRULE", f"more than {MAX_OCCURRENCES} occurrences; the first were read")
        # Without any in the window its first stands for it: long over, or still far ahead.
        whens = kept[:MAX_OCCURRENCES] or [start]
        return tuple(self._at(event, when, length, f"{name}/{_stamp(when)}") for when in whens)

    def _bare(self, lines: _Lines, start: When) -> Event:
        """Return the event without its name and its times."""
        status = lines.event.text("STATUS").upper()
        sent = next(filter(None, map(lines.moment, ("LAST-MODIFIED", "DTSTAMP", "CREATED"))), None)
        if sent is None:
            lines.problem("DTSTAMP", "not said when it was made; the day was taken", is_repaired=True)
            sent = min(self._now, start.moment).replace(hour=0, minute=0, second=0, microsecond=0)
        return Event(
            source=self._source,
            sender=self._source,
            identifier="",
            sent=sent,
            msg_type=MsgType.CANCEL if self._is_cancel or status == "CANCELLED" else MsgType.ALERT,
            scope=_SCOPES.get(lines.event.text("CLASS").upper(), Scope.PUBLIC),
            codes=_categories(lines),
            certainty=_CERTAINTIES.get(status, Certainty.UNKNOWN),
            web=_web(lines),
            texts=_texts(lines),
            areas=tuple(_areas(lines)),
        )

    def _at(self, event: Event, when: When, length: timedelta | None, name: str) -> Event:
        """Return the event as it is at one time. A Cancel names itself, so that a gate that withholds keeps an end."""
        expires = None if length is None else when.zone(when.local + length)
        named = replace(event, identifier=name, onset=when.moment, expires=expires)
        is_cancel = event.msg_type is MsgType.CANCEL
        return replace(named, references=(Reference(event.sender, name, event.sent),)) if is_cancel else named

    def _occurrences(self, lines: _Lines, start: When, length: timedelta) -> Iterator[When]:
        """Yield the occurrences in the window, by rule and by date; the beginning too."""
        earliest, latest = self._now - BEHIND, self._now + AHEAD
        for when in (start, *self._by_rule(lines, start, length), *self._by_date(lines)):
            if when.moment < latest and max(when.moment + length, when.moment + _SECOND) > earliest:
                yield when

    def _by_rule(self, lines: _Lines, start: When, length: timedelta) -> Iterator[When]:
        around = self._now.replace(tzinfo=None)
        first, last = around - BEHIND - min(length, _LOOK_BACK) - BEHIND, around + AHEAD + BEHIND
        for line in lines.event.lines.get("RRULE", [])[:_MAX_RULES]:
            try:
                rule = read_rule(line.value.strip())
                is_before_end = self._end_of(rule.until, start)
                for local in occurrences(rule, start.local, first, last, self._budget):
                    if not is_before_end(when := start.at(local)):
                        break
                    self._budget.spend(occurrences=1)
                    yield when
            except FormatError as error:
                lines.problem("RRULE", f"{error.message}; only the first occurrence was read")

    def _end_of(self, until: str, start: When) -> Callable[[When], bool]:
        """Return what says whether an occurrence is not after UNTIL: by the day, or by the moment."""
        if not until:
            return lambda _: True
        end = self.zones.when(Line({}, until))
        if end.is_date:
            return lambda when: when.local.date() <= end.local.date()
        moment = end.moment if until.endswith("Z") else start.zone(end.local)
        return lambda when: when.moment <= moment

    def _by_date(self, lines: _Lines) -> Iterator[When]:
        for line in lines.event.lines.get("RDATE", []):
            for value in line.value.split(",")[:_MAX_DATES]:
                try:
                    yield self.zones.when(line, value.partition("/")[0])
                except FormatError as error:
                    lines.problem("RDATE", f"{error.message}; left out")

    def _stated(self, lines: Iterable[Line]) -> set[datetime | date]:
        """Return the moments, and the days of dates alone, that stand in lines; what is neither is left out."""
        found: set[datetime | date] = set()
        for line in lines:
            for value in line.value.split(",")[:_MAX_DATES]:
                try:
                    when = self.zones.when(line, value)
                except FormatError:
                    continue
                found.add(when.local.date() if when.is_date else when.moment)
        return found


class _Lines:
    """The lines of one VEVENT by name and kind; what is wrong with one is noted, and costs that one only."""

    def __init__(self, event: Component, zones: Zones, *, at: str, problems: list[Problem]) -> None:
        self.event = event
        self.at = at
        self._zones = zones
        self._problems = problems

    def problem(self, name: str, message: str, *, is_repaired: bool = False) -> None:
        """Note what is wrong with a line."""
        self._problems.append(Problem(at=f"{self.at}/{name}", message=message, is_repaired=is_repaired))

    def when(self, name: str) -> When | None:
        """Return the time of a line, or None."""
        line = self.event.line(name)
        try:
            return self._zones.when(line) if line else None
        except FormatError as error:
            self.problem(name, f"{error.message}; left out")
            return None

    def moment(self, name: str) -> datetime | None:
        """Return the moment of a line, or None."""
        when = self.when(name)
        return when.moment if when else None

    def length(self, start: When) -> timedelta | None:
        """Return how long an event lasts, None where that is not said: a day for a date alone, as RFC 5545 has it."""
        end = self.when("DTEND")
        length = self._span()
        if end is not None:
            length = end.local - start.local if start.is_date and end.is_date else end.moment - start.moment
        if start.is_date and not length:
            return _DAY
        if length is not None and length < timedelta(0):
            self.problem("DTEND", "the event ends before it begins; read as without an end")
            return None
        return length or None

    def _span(self) -> timedelta | None:
        line = self.event.line("DURATION")
        try:
            return span(line.value) if line else None
        except FormatError as error:
            self.problem("DURATION", f"{error.message}; left out")
            return None


# --- the lines of an event --------------------------------------------------------------------------------------------


def _identifier(lines: _Lines) -> str:
    """Return the name of an event: its UID, a digest of one with "@", or where there is none, of how it is called."""
    uid = lines.event.text("UID")[:MAX_NAME]
    if uid:
        return _digest(uid) if "@" in uid else uid
    lines.problem("UID", "the event has no UID; it is named by its beginning and summary", is_repaired=True)
    start = lines.event.line("DTSTART")
    return _digest(f"{start.value if start else ''}\n{lines.event.text('SUMMARY')}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _stamp(when: When) -> str:
    """Return an occurrence's moment in iCalendar's form."""
    at = when.moment
    return f"{at.year:04}{at.month:02}{at.day:02}T{at.hour:02}{at.minute:02}{at.second:02}Z"


def _categories(lines: _Lines) -> tuple[Code, ...]:
    """Return the categories of all lines, apart at commas that are not escaped."""
    values = (part for line in lines.event.lines.get("CATEGORIES", ()) for part in _COMMA.split(line.value))
    texts = (Line({}, value).text[:MAX_NAME] for value in values)
    return tuple(dict.fromkeys(Code("ical:category", text) for text in texts if text))[:_MAX_CATEGORIES]


def _web(lines: _Lines) -> str:
    line = lines.event.line("URL")
    return line.value.strip() if line and is_web(line.value.strip()) else ""


def _texts(lines: _Lines) -> tuple[Text, ...]:
    summary, description = lines.event.line("SUMMARY"), lines.event.line("DESCRIPTION")
    first = summary or description
    if first is None:
        return ()
    language = first.parameters.get("LANGUAGE", "").replace("_", "-")
    return (
        Text(
            language=language if _LANGUAGE.fullmatch(language) else "und",
            headline=summary.text[:MAX_TEXT] if summary else "",
            description=description.text[:MAX_TEXT] if description else "",
        ),
    )


def _areas(lines: _Lines) -> Iterator[Area]:
    """Yield where the event is, and each further place that RFC 9073 gives it."""
    yield Area(description=lines.event.text("LOCATION")[:MAX_TEXT], geometry=_position(lines, lines.event))
    for place in lines.event.each("VLOCATION")[:_MAX_PLACES]:
        area = Area(description=place.text("NAME")[:MAX_NAME], geometry=_position(lines, place))
        if area.description or area.geometry is not None:
            yield area


def _position(lines: _Lines, component: Component) -> BaseGeometry | None:
    """Return the position of a GEO line, which is latitude first. Source: RFC 5545, 3.8.1.6."""
    line = component.line("GEO")
    found = _GEO.fullmatch(line.value) if line else None
    if found is None:
        if line is not None:
            lines.problem("GEO", "not a position; left out")
        return None
    try:
        point, _ = geo.from_geojson({"type": "Point", "coordinates": [float(found[2]), float(found[1])]}, at=lines.at)
    except FormatError as error:
        lines.problem("GEO", f"{error.message}; left out")
        return None
    return point
