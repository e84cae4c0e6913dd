"""iCalendar's lines and components, and its local times: what a reader asks for by name, and nothing else.

A component holds the lines whose names were asked for; all others are passed over before they are looked into. Time
zones are those of IANA by whatever name (Windows' names, names with a maker's prefix), else the document's own
definition, else the calendar's zone.

Source: RFC 5545, 3.1 (content lines), 3.3.4, 3.3.5, 3.3.11 (values), 3.6.5 (VTIMEZONE).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tocsin.errors import FormatError
from tocsin.formats._recurrence import Budget, occurrences, read_rule

ABOUT_PEOPLE = frozenset({"ORGANIZER", "ATTENDEE", "CONTACT", "COMMENT", "ATTACH"})
"""Lines that name somebody, or hold what a maker put there: they are never read."""

MAX_BYTES = 10 * 2**20
MAX_COMPONENTS = 50_000
_MAX_LINE = 50_000  # characters that are looked into; a description of more is cut anyway
_MAX_DEPTH = 8
_MAX_OBSERVANCES = 60  # of one zone; the longest definitions list each change since 1900
_YEARS = (1000, 9000)

_FOLD = re.compile(rb"\r?\n[ \t]")
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,64})=("[^"]*+"|[^";:,]*+)((?:,(?:"[^"]*+"|[^";:,]*+))*+)')
_ESCAPED = re.compile(r'\\([nN,;:\\"])')
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_WHEN = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?", re.ASCII)
_SPAN = re.compile(
    r"([+-])?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(?:\d\d)?", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_+/-]{1,64}")

Zone = Callable[[datetime], datetime]
"""Takes a local time without a zone and returns the moment in UTC."""


class Line(NamedTuple):
    """One content line: parameters by upper-case name, each with its first value; the value as it stands."""

    parameters: Mapping[str, str]
    value: str

    @property
    def text(self) -> str:
        """Return the value as text: escapes undone, control characters left out."""
        return _CONTROLS.sub("", _ESCAPED.sub(_unescaped, self.value)).strip()


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] in "nN" else found[1]


@dataclass(frozen=True, slots=True)
class Component:
    """A component: its lines of the names asked for, and those within it. `is_whole`: its END stood where it must."""

    name: str
    lines: dict[str, list[Line]] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)

    def line(self, name: str) -> Line | None:
        """Return the first line of this name that has a value."""
        return next((line for line in self.lines.get(name, ()) if line.value.strip()), None)

    def text(self, name: str) -> str:
        """Return the text of the first line of this name, or ""."""
        line = self.line(name)
        return line.text if line else ""

    def each(self, name: str) -> list[Component]:
        """Return the components of this name within this one."""
        return [part for part in self.parts if part.name == name]


def components(body: bytes, wanted: Mapping[str, frozenset[str]]) -> tuple[Component, bool]:
    """Return a nameless component that holds those of the document, and whether each was ended as it must.

    `wanted` names the lines of each component that are read; of a component that is not named nothing is. A line that
    is none is passed over. Raises FormatError for what is too large, or holds no calendar.
    """
    if len(body) > MAX_BYTES:
        raise FormatError(f"the document is larger than {MAX_BYTES} bytes", at="document")
    text = _FOLD.sub(b"", body).decode("utf-8-sig", "replace").replace("\r", "\n")
    root = Component("")
    path, is_whole, count = [root], True, 0
    for line in text.split("\n"):
        name = _NAME.match(line)
        if name is None:
            continue
        word = name[0].upper()
        if word == "BEGIN":
            count += 1
            is_whole &= _begin(path, line[6:].strip().upper())
        elif word == "END":
            is_whole &= _end(path, line[4:].strip().upper())
        elif word in wanted.get(path[-1].name, ()) and (read := _read(line[:_MAX_LINE], name.end())):
            path[-1].lines.setdefault(word, []).append(read)
        elif word in ABOUT_PEOPLE:
            path[-1].lines.setdefault(word, [])  # that it is there, and nothing of it
        if count > MAX_COMPONENTS:
            raise FormatError(f"more than {MAX_COMPONENTS} components", at="document")
    if not root.each("VCALENDAR"):
        raise FormatError("the document holds no calendar", at="document")
    return root, is_whole and len(path) == 1


def _begin(path: list[Component], name: str) -> bool:
    """Go into a component. An event within an event says that the END of the first is missing."""
    is_lost = name == "VEVENT" and any(one.name == name for one in path)
    while is_lost and any(one.name == name for one in path):
        path.pop()
    component = Component(name if len(path) < _MAX_DEPTH else "")
    path[-1].parts.append(component)
    path.append(component)
    return not is_lost


def _end(path: list[Component], name: str) -> bool:
    """Leave a component, and those within it that were not left. An END of what never began is passed over."""
    if name not in {one.name for one in path[1:]}:
        return False
    is_own = path[-1].name == name
    while path.pop().name != name:
        pass
    return is_own


def _read(line: str, position: int) -> Line | None:
    """Return what stands after a line's name, or None where that is no content line. Cost: linear."""
    parameters: dict[str, str] = {}
    while found := _PARAMETER.match(line, position):
        parameters.setdefault(found[1].upper(), found[2].strip('"'))
        position = found.end()
    return Line(parameters, line[position + 1 :]) if line[position : position + 1] == ":" else None


# --- times --------------------------------------------------------------------------------------------------------


class When(NamedTuple):
    """A time as written: local, without a zone; the zone; the moment in UTC. A date alone is its midnight."""

    local: datetime
    zone: Zone
    moment: datetime
    is_date: bool

    def at(self, local: datetime) -> When:
        """Return another local time in the same zone."""
        return self._replace(local=local, moment=self.zone(local))


def utc(local: datetime) -> datetime:
    """Return a local time of UTC as a moment."""
    return local.replace(tzinfo=UTC)


class Zones:
    """The zones that the times of one calendar are in. `problems` says once of each zone that it is not known."""

    def __init__(self, calendar: Component, budget: Budget) -> None:
        self._defined = {one.text("TZID"): one for one in calendar.each("VTIMEZONE")}
        self._budget = budget
        self._known: dict[str, Zone] = {}
        self.problems: list[str] = []
        self.own = self._own(calendar.text("X-WR-TIMEZONE"))

    def when(self, line: Line, value: str = "") -> When:
        """Return the time that a line states, or one `value` of it. Raises FormatError, without a position."""
        found = _WHEN.fullmatch((value or line.value).strip())
        if found is None:
            raise FormatError("not a date or time", at="")
        try:
            local = _local(found)
        except ValueError:
            raise FormatError("not a date or time that exists", at="") from None
        if not _YEARS[0] <= local.year <= _YEARS[1]:
            raise FormatError("a year that no event has", at="")
        zone = utc if found[7] else self.of(line.parameters.get("TZID", ""))
        return When(local, zone, zone(local), found[4] is None)

    def of(self, name: str) -> Zone:
        """Return the zone of this name; the calendar's own for "" and for one that nobody knows."""
        if name not in self._known:
            self._known[name] = self._found(name) if name else self.own
        return self._known[name]

    def _own(self, name: str) -> Zone:
        zone = _iana(name)
        if name and zone is None:
            self.problems.append("the calendar's time zone is not known; read as UTC")
        return zone or utc

    def _found(self, name: str) -> Zone:
        definition = self._defined.get(name)
        zone = _iana(name) or (_iana(definition.text("X-LIC-LOCATION")) if definition else None)
        if zone is None and definition is not None:
            zone = _defined(definition, self._budget)
        if zone is None:
            self.problems.append("a time zone is not known; the calendar's own was taken")
        return zone or self.own


def _local(found: re.Match[str]) -> datetime:
    """Return a local time, or the midnight of a date. Raises ValueError."""
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    return datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001  the zone goes beside it


@lru_cache(maxsize=1_000)
def _iana(name: str) -> Zone | None:
    """Return the zone that IANA or Windows call so, also behind a maker's prefix ("/example.org/2026/Europe/Oslo")."""
    parts = WINDOWS_TO_OLSON.get(name, name).strip("/").split("/")
    for length in (3, 2, 1):
        key = "/".join(parts[-length:])
        if _KEY.fullmatch(key) and (length == len(parts) or "/" in key):
            try:
                return partial(_in_zone, ZoneInfo(key))
            except (ValueError, OSError, KeyError):
                continue
    return None


def _in_zone(zone: ZoneInfo, local: datetime) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


class _Observance(NamedTuple):
    """Standard or daylight time: since when, as local time, and how far from UTC."""

    since: datetime
    rule: str
    offset: timedelta


def _defined(definition: Component, budget: Budget) -> Zone | None:
    """Return the zone that a VTIMEZONE defines, None where it defines none. Source: RFC 5545, 3.6.5."""
    parts = [*definition.each("STANDARD"), *definition.each("DAYLIGHT")][:_MAX_OBSERVANCES]
    observances = [read for part in parts if (read := _observance(part))]
    return _Defined(sorted(observances), budget) if observances else None


def _observance(part: Component) -> _Observance | None:
    since, offset = _WHEN.fullmatch(part.text("DTSTART")), _OFFSET.fullmatch(part.text("TZOFFSETTO"))
    if since is None or offset is None or offset[2] > "14":
        return None
    minutes = int(offset[2]) * 60 + int(offset[3])
    try:
        begins = _local(since)
    except ValueError:
        return None
    return _Observance(begins, part.text("RRULE"), timedelta(minutes=-minutes if offset[1] == "-" else minutes))


class _Defined:
    """The zone of a VTIMEZONE. The changes of a year are worked out once."""

    def __init__(self, observances: Sequence[_Observance], budget: Budget) -> None:
        self._observances = observances
        self._budget = budget
        self._changes: dict[int, Sequence[tuple[datetime, timedelta]]] = {}

    def __call__(self, local: datetime) -> datetime:
        """Return the moment by the observance that began last; before all of them, by the first."""
        if local.year not in self._changes:
            self._changes[local.year] = sorted(self._changes_until_end_of(local.year))
        begun = [offset for since, offset in self._changes[local.year] if since <= local]
        offset = begun[-1] if begun else self._observances[0].offset
        return (local - offset).replace(tzinfo=UTC)

    def _changes_until_end_of(self, year: int) -> Iterator[tuple[datetime, timedelta]]:
        """Yield when each observance began for the first time, and in this year and the one before."""
        first, last = datetime(year - 1, 1, 1), datetime(year, 12, 31)  # noqa: DTZ001  local by definition
        for one in self._observances:
            yield one.since, one.offset
            if one.rule:
                with suppress(FormatError):  # of a rule that cannot be followed the first change is left
                    for since in occurrences(read_rule(one.rule), one.since, first, last, self._budget):
                        yield since, one.offset


def span(text: str) -> timedelta:
    """Return the length that a DURATION states. Raises FormatError, without a position. Source: RFC 5545, 3.3.6."""
    found = _SPAN.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        raise FormatError("not a length of time", at="")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if found[1] == "-" else length
