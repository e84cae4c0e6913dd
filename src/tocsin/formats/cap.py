"""CAP 1.2, and 1.1 and 1.0 as far as they are still published: messages, never snapshots.

One document is one alert; an index holds several (`atom`). Infos that say the same of the same area in other
languages become one event with several texts; infos that differ in area, rating, times or codes become events of
their own, numbered by `part` in document order.

Never read, because they are about people, for insiders, or pictures: source, restriction, addresses, code, note,
incidents, audience, contact, resource, and every parameter but awareness_level, awareness_type and VTEC.

Source: OASIS Common Alerting Protocol 1.2, section 3.2; MeteoAlarm CAP profile; NWSI 10-1703.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import shapely
from lxml import etree
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._time import read_time
from tocsin.formats._vtec import Vtec, aliases, end_of, is_over, read_vtec, status_of
from tocsin.formats._xml import children, local, namespace, open_xml, text_of
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
    Reference,
    Response,
    Scope,
    Severity,
    Status,
    Text,
    Urgency,
)

NAMESPACES = (
    "urn:oasis:names:tc:emergency:cap:1.2",
    "urn:oasis:names:tc:emergency:cap:1.1",
    "http://www.incident.com/cap/1.0",
)
READ_PARAMETERS = frozenset({"awareness_level", "awareness_type"})
MAX_INFOS = 1_000
MAX_TEXT = 16_384  # characters of one field
MAX_NAME = 1_000  # characters of an identifier, a code or an area's name
FAR_AHEAD = timedelta(days=7)
_DEFAULT_LANGUAGE = "en-US"  # CAP 1.2, 3.2.2 language: to be assumed where none is given
_REFERENCE = re.compile(r"\s*([^,]{1,500}?)\s*,\s*([^,]{1,500}?)\s*,\s*(\d{4}-\d\d-\d\d[Tt]\S{5,40})")
_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}  # CAP lists them worst first
_FORMER = {"very likely": Certainty.LIKELY}  # CAP 1.0; CAP 1.2, 3.2.2 certainty, note

Choice = TypeVar("Choice", bound=StrEnum)


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return the one alert of a CAP document. Raises FormatError when the document is none."""
    root, problems = open_xml(body)
    if local(root) != "alert":
        raise FormatError("the root element is not a CAP alert", at="document")
    item = read_alert(root, source=source, now=now, at="alert")
    return Reading(items=(item,), problems=problems, is_complete=bool(item.events))


def read_alert(alert: etree._Element, *, source: str, now: datetime, at: str) -> Item:
    """Return the item that an <alert> element is; one that cannot be read has no events and says why."""
    reader = _Alert(alert, source=source, now=now, at=at)
    try:
        events = reader.events()
    except FormatError as error:
        refused = Problem(at=error.at or at, message=error.message)
        return Item(at=at, problems=(*reader.problems, refused))
    return Item(at=at, events=events, problems=tuple(reader.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Info:
    """What one <info> says, before it is joined with its twins in other languages."""

    language: str
    text: Text
    category: tuple[Category, ...]
    codes: tuple[Code, ...]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    response: tuple[Response, ...]
    effective: datetime | None
    onset: datetime | None
    expires: datetime | None
    sender_name: str
    web: str
    areas: tuple[Area, ...]
    where: tuple[object, ...]
    vtecs: tuple[Vtec, ...]

    @property
    def subject(self) -> tuple[object, ...]:
        """Return what twins have in common: all but words and severity."""
        return (self.where, self.urgency, self.certainty, self.onset, self.expires, self.codes, self.vtecs)


class _Alert:
    """Reads one alert and collects what is wrong with it."""

    def __init__(self, element: etree._Element, *, source: str, now: datetime, at: str) -> None:
        self.element = element
        self.source = source
        self.now = now
        self.at = at
        self.problems: list[Problem] = []

    def events(self) -> tuple[Event, ...]:
        """Return the events of the alert. Raises FormatError when what identifies it is missing or there twice."""
        if namespace(self.element) not in NAMESPACES:
            self._repaired(self.at, "the namespace is not that of CAP")
        envelope = self._envelope()
        infos = list(children(self.element, "info"))
        if len(infos) > MAX_INFOS:
            raise FormatError(f"more than {MAX_INFOS} infos", at=self.at)
        groups = self._joined([self._info(info, f"{self.at}/info[{n}]") for n, info in enumerate(infos, 1)])
        if not groups:
            return (envelope,)
        return tuple(self._event(envelope, twins, part) for part, twins in enumerate(groups))

    def _envelope(self) -> Event:
        """Return the event that the alert is without any info."""
        sent = self._time(self.element, "sent", self.at)
        if sent is None:
            raise FormatError("the alert has no readable time of sending", at=f"{self.at}/sent")
        if sent > self.now + FAR_AHEAD:
            self._problem(f"{self.at}/sent", "the alert says that it was sent more than a week from now")
        identifier, sender = (self._required(name) for name in ("identifier", "sender"))
        return Event(
            source=self.source,
            sender=sender,
            identifier=identifier,
            sent=sent,
            status=_exactly(Status, self._required("status"), at=f"{self.at}/status"),
            msg_type=_exactly(MsgType, self._required("msgType"), at=f"{self.at}/msgType"),
            scope=self._choice(Scope, self.element, "scope", Scope.PUBLIC, self.at),
            references=self._references(identifier, sent),
        )

    def _references(self, identifier: str, sent: datetime) -> tuple[Reference, ...]:
        """Return the messages that this one speaks of. Source: CAP 1.2, 3.2.1 references."""
        at = f"{self.at}/references"
        text = text_of(self._single(self.element, "references", self.at))
        found: dict[Reference, None] = {}
        for match in _REFERENCE.finditer(text):
            try:
                moment, problems = read_time(match[3], at=at)
            except FormatError as error:
                self._problem(error.at, error.message)
                continue
            self.problems += problems
            found[Reference(match[1].strip("\"'"), match[2], moment)] = None
        if _REFERENCE.sub("", text).strip():
            self._problem(at, "part of the list is not sender,identifier,sent")
        if found.pop(Reference(text_of(self._single(self.element, "sender", self.at)), identifier, sent), 0) is None:
            self._repaired(at, "the alert referred to itself")
        return tuple(found)

    def _event(self, envelope: Event, twins: Sequence[_Info], part: int) -> Event:
        first = twins[0]
        severity = min((twin.severity for twin in twins), key=_SEVERITIES.__getitem__)
        if any(twin.severity is not severity for twin in twins):
            self._repaired(self.at, "languages of one alert differ in severity; the highest was taken")
        status = status_of(first.vtecs)
        response = tuple(one for one in Response if any(one in twin.response for twin in twins))
        return replace(
            envelope,
            part=part,
            status=envelope.status if status is Status.ACTUAL else status,
            aliases=aliases(first.vtecs, sent=envelope.sent),
            is_over=is_over(first.vtecs) or Response.ALL_CLEAR in response,
            category=tuple(one for one in Category if any(one in twin.category for twin in twins)),
            codes=first.codes,
            urgency=first.urgency,
            severity=severity,
            certainty=first.certainty,
            response=response,
            effective=first.effective,
            onset=first.onset,
            expires=self._expires(first, envelope.sent),
            sender_name=first.sender_name,
            web=first.web,
            texts=tuple(dict.fromkeys(twin.text for twin in twins)),
            areas=first.areas,
        )

    def _expires(self, info: _Info, sent: datetime) -> datetime | None:
        """Return the end. NWS lets a product expire before its event does; VTEC then knows the later end."""
        if info.expires is not None and info.expires < max(info.onset or sent, sent):
            self._problem(f"{self.at}/info/expires", "the alert expires before it begins")
        end = end_of(info.vtecs)
        return max(info.expires, end) if info.expires and end else info.expires or end

    # --- the elements of <info> -----------------------------------------------------------------------------------

    def _info(self, info: etree._Element, at: str) -> _Info:
        language = self._text(info, "language", at, MAX_NAME) or _DEFAULT_LANGUAGE
        parameters = list(_named_values(info, "parameter"))
        codes = [Code(name, value) for name, value in _named_values(info, "eventCode")]
        codes += [Code(name, value) for name, value in parameters if name in READ_PARAMETERS]
        areas = list(children(info, "area"))
        read = [self._area(area, f"{at}/area[{number}]") for number, area in enumerate(areas, 1)]
        return _Info(
            language=language,
            text=Text(
                language=language,
                event=self._text(info, "event", at, MAX_NAME),
                headline=self._text(info, "headline", at),
                description=self._text(info, "description", at),
                instruction=self._text(info, "instruction", at),
            ),
            category=self._choices(Category, info, "category", at),
            codes=tuple(dict.fromkeys(codes)),
            urgency=self._choice(Urgency, info, "urgency", Urgency.UNKNOWN, at),
            severity=self._choice(Severity, info, "severity", Severity.UNKNOWN, at),
            certainty=self._choice(Certainty, info, "certainty", Certainty.UNKNOWN, at),
            response=self._choices(Response, info, "responseType", at),
            effective=self._time(info, "effective", at),
            onset=self._time(info, "onset", at),
            expires=self._time(info, "expires", at),
            sender_name=self._text(info, "senderName", at, MAX_NAME),
            web=self._text(info, "web", at, MAX_NAME),
            areas=tuple(read),
            where=_where(areas, read),
            vtecs=read_vtec(value for name, value in parameters if name.upper() == "VTEC"),
        )

    def _joined(self, infos: Iterable[_Info]) -> list[list[_Info]]:
        """Return the infos in groups of twins, which in one language must agree in event and severity as well."""
        groups: list[list[_Info]] = []
        for info in infos:
            for group in groups:
                same = [twin for twin in group if twin.language.lower() == info.language.lower()]
                if info.subject == group[0].subject and all(_says_the_same(info, twin) for twin in same):
                    group.append(info)
                    break
            else:
                groups.append([info])
        return groups

    def _area(self, area: etree._Element, at: str) -> Area:
        shapes: list[BaseGeometry] = []
        for name, read_shape in (("polygon", geo.cap_polygon), ("circle", geo.cap_circle)):
            for number, element in enumerate(children(area, name), 1):
                text = text_of(element)
                if not text:
                    continue
                try:
                    shape, problems = read_shape(text, at=f"{at}/{name}[{number}]")
                except FormatError as error:
                    self._problem(error.at, error.message)
                else:
                    shapes.append(shape)
                    self.problems += problems
        return Area(
            description=self._text(area, "areaDesc", at, MAX_TEXT),
            geometry=None if not shapes else shapes[0] if len(shapes) == 1 else shapely.union_all(shapes),
            geocodes=tuple(dict.fromkeys(Code(name, value) for name, value in _named_values(area, "geocode"))),
            altitude_ft=self._number(area, "altitude", at),
            ceiling_ft=self._number(area, "ceiling", at),
        )

    # --- the kinds of values --------------------------------------------------------------------------------------

    def _problem(self, at: str, message: str) -> None:
        self.problems.append(Problem(at=at, message=message))

    def _repaired(self, at: str, message: str) -> None:
        self.problems.append(Problem(at=at, message=message, is_repaired=True))

    def _single(self, parent: etree._Element, name: str, at: str) -> etree._Element | None:
        found = list(children(parent, name))
        if len(found) > 1:
            raise FormatError(f"{name} stands there more than once", at=at)
        return found[0] if found else None

    def _required(self, name: str) -> str:
        value = text_of(self._single(self.element, name, self.at))
        if not value or len(value) > MAX_NAME:
            raise FormatError(f"the alert has no {name}, or one that is too long", at=self.at)
        return value

    def _text(self, parent: etree._Element, name: str, at: str, limit: int = MAX_TEXT) -> str:
        text = "\n".join(filter(None, map(text_of, children(parent, name))))
        if len(text) > limit:
            self._repaired(f"{at}/{name}", f"the text was cut at {limit} characters")
        return text[:limit]

    def _time(self, parent: etree._Element, name: str, at: str) -> datetime | None:
        text = text_of(self._single(parent, name, at))
        if not text:
            return None
        try:
            moment, problems = read_time(text, at=f"{at}/{name}")
        except FormatError as error:
            self._problem(error.at, error.message)
            return None
        self.problems += problems
        return moment

    def _number(self, parent: etree._Element, name: str, at: str) -> float | None:
        text = text_of(self._single(parent, name, at))
        if not text:
            return None
        if re.fullmatch(r"[+-]?[0-9]{1,9}(\.[0-9]{0,20})?", text):
            return float(text)
        self._problem(f"{at}/{name}", "not a number")
        return None

    def _choice(self, kind: type[Choice], parent: etree._Element, name: str, default: Choice, at: str) -> Choice:
        text = text_of(self._single(parent, name, at))
        return self._chosen(kind, text, f"{at}/{name}") or default

    def _choices(self, kind: type[Choice], parent: etree._Element, name: str, at: str) -> tuple[Choice, ...]:
        texts = (text_of(element) for element in children(parent, name))
        found = {self._chosen(kind, text, f"{at}/{name}") for text in texts}
        return tuple(value for value in kind if value in found)

    def _chosen(self, kind: type[Choice], text: str, at: str) -> Choice | None:
        value = _lookup(kind, text)
        if value is None or value.value != text:
            self._repaired(at, "not a value of CAP's list; read as the nearest or as unknown")
        return value


def _says_the_same(one: _Info, other: _Info) -> bool:
    return one.severity is other.severity and one.text.event.casefold() == other.text.event.casefold()


def _lookup(kind: type[Choice], text: str) -> Choice | None:
    folded = text.strip().lower()
    former = _FORMER.get(folded)
    if former is not None and isinstance(former, kind):
        return former
    return next((value for value in kind if value.value.lower() == folded), None)


def _exactly(kind: type[Choice], text: str, *, at: str) -> Choice:
    """Return the value of an element that decides whether anybody is warned, so that nothing is assumed for it."""
    value = _lookup(kind, text)
    if value is None:
        raise FormatError("not a value of CAP's list", at=at)
    return value


def _named_values(parent: etree._Element, name: str) -> Iterable[tuple[str, str]]:
    """Yield the valueName and value of each element, where it has a value."""
    for element in children(parent, name):
        value_name = next((text_of(child) for child in children(element, "valueName")), "")
        value = " ".join(next((text_of(child) for child in children(element, "value")), "").split())
        if value and len(value) <= MAX_NAME and len(value_name) <= MAX_NAME:
            yield value_name, value


def _where(areas: Sequence[etree._Element], read: Sequence[Area]) -> tuple[object, ...]:
    """Return what makes the areas of two infos the same in whatever language: shapes, else codes, else their number."""
    shapes = {text_of(element) for area in areas for name in ("polygon", "circle") for element in children(area, name)}
    codes = {code for area in read for code in area.geocodes}
    return (frozenset(shapes - {""}) or frozenset(codes) or len(areas),)
