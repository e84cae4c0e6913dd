"""CAP 1.2, and 1.1 and 1.0 as far as they are still published: messages, never snapshots.

One document is one alert; an index holds several (`atom`). Infos that say the same of the same area in other
languages become one event with several texts; infos that differ in area, rating, times or codes become events of
their own, numbered by `part` in document order. Where languages of one alert differ in rating or times, the worse
counts: joining may never lower or shorten.

Never read, because they are about people, for insiders, or pictures: source, restriction, addresses, code, note,
incidents, audience, contact, resource, and every parameter but awareness_level, awareness_type and VTEC.

Positions in Problems are XPath, counted from 1: alert/info[2]/area[1]/polygon[3].

Source: OASIS Common Alerting Protocol 1.2, section 3.2; CAP 1.1 and 1.0, same section; MeteoAlarm CAP profile;
NWSI 10-1703 (VTEC).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from lxml import etree
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._elements import MAX_NAME, Elements, union
from tocsin.formats._opened import Opened
from tocsin.formats._time import read_time
from tocsin.formats._vtec import Vtec, aliases, end_of, is_over, read_vtec, status_of
from tocsin.formats._xml import local, namespace, open_xml
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

SNAPSHOT = False
NAMESPACES = (
    "urn:oasis:names:tc:emergency:cap:1.2",
    "urn:oasis:names:tc:emergency:cap:1.1",
    "http://www.incident.com/cap/1.0",
)
_VTEC = "VTEC"
READ_PARAMETERS = frozenset({"awareness_level", "awareness_type", _VTEC})
NEVER_READ = frozenset(
    {"source", "restriction", "addresses", "code", "note", "incidents", "audience", "contact", "resource", "parameter"}
)
"""Elements that no line of this file asks for, but `parameter`, of which the listed names are."""

MAX_INFOS = 500
MAX_REFERENCES = 1_000
FAR_AHEAD = timedelta(days=7)

_DEFAULT_LANGUAGE = "en-US"  # CAP 1.2, 3.2.2 language: to be assumed where none is given
_FORMER = {"very likely": Certainty.LIKELY}  # CAP 1.0; CAP 1.2, 3.2.2 certainty, note

Choice = TypeVar("Choice", bound=StrEnum)


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return the one alert of a CAP document. Raises FormatError when the document is none."""
    root, problems = open_xml(body)
    if local(root) != "alert":
        raise FormatError("the root element is not a CAP alert", at="document")
    item = read_alert(root, source=source, now=now, at="alert")
    return Reading(items=(item,), problems=problems, is_complete=bool(item.events))


def claims(opened: Opened) -> bool:
    """Return whether this is an alert in one of CAP's namespaces."""
    name, space = opened.root
    return name == "alert" and space in NAMESPACES


def read_alert(alert: etree._Element, *, source: str, now: datetime, at: str) -> Item:
    """Return the item that an <alert> element is; one that cannot be read has no events and says why."""
    problems: list[Problem] = []
    if namespace(alert) not in NAMESPACES:
        problems.append(
            Problem(at=at, message="the namespace is not that of CAP; read as if it were", is_repaired=True)
        )
    try:
        events = _Alert(Elements(alert, at=at, problems=problems), source=source, now=now).events()
    except FormatError as error:
        problems.append(Problem(at=error.at or at, message=error.message))
        return Item(at=at, problems=tuple(problems))
    return Item(at=at, events=events, problems=tuple(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Info:
    """What one <info> says, before it is joined with its twins in other languages.

    `shapes` holds the texts of its polygons and circles: equal texts are equal areas, whatever the areas are called.
    """

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
    shapes: frozenset[str]
    vtecs: tuple[Vtec, ...]

    @property
    def geocodes(self) -> frozenset[Code]:
        """Return the codes of all areas."""
        return frozenset(code for area in self.areas for code in area.geocodes)

    @property
    def is_placed(self) -> bool:
        """Return whether anything but words says where."""
        return bool(self.shapes or self.geocodes)

    @property
    def subject(self) -> tuple[object, ...]:
        """Return what is spoken of, in whatever language: shapes, else geocodes, else the number of areas; event codes.

        Only the values of codes count: languages of one alert name one list by its versions (BBK, 2025).
        """
        where = self.shapes or self.geocodes or len(self.areas)
        return (where, frozenset(code.value for code in self.codes), self.vtecs)

    @property
    def rating(self) -> tuple[object, ...]:
        """Return what twins agree in, besides area and codes."""
        return (self.urgency, self.severity, self.certainty, self.onset, self.expires)

    @property
    def named(self) -> tuple[object, ...]:
        """Return what makes this the same said again in one language: event and, without shapes, areas of one name."""
        names = () if self.shapes else tuple(area.description for area in self.areas)
        return (self.language.lower(), self.text.event.casefold(), names)


class _Alert:
    """Reads one alert; what is wrong with it goes to `element.problems`."""

    def __init__(self, element: Elements, *, source: str, now: datetime) -> None:
        self.element = element
        self.source = source
        self.now = now
        self._geometries: dict[tuple[str, ...], BaseGeometry | None] = {}

    def events(self) -> tuple[Event, ...]:
        """Return the events of the alert. Raises FormatError when what identifies it is missing or there twice."""
        envelope = self._envelope()
        if self.element.count("info") > MAX_INFOS:
            raise FormatError(f"more than {MAX_INFOS} infos", at=self.element.at)
        groups = self._joined([self._info(info) for info in self.element.each("info")])
        if not groups:
            return (envelope,)
        return tuple(self._event(envelope, twins, part) for part, twins in enumerate(groups))

    def _envelope(self) -> Event:
        """Return the event that the alert is without any info, as a Cancel may be."""
        for name in ("identifier", "sender", "sent", "status", "msgType", "scope", "references"):
            if self.element.count(name) > 1:
                # Two identities, and a reader that took either could be made to end the wrong warning.
                raise FormatError("an element that must stand once stands there again", at=f"{self.element.at}/{name}")
        sent = self.element.time("sent")
        if sent is None:
            raise FormatError("the alert has no readable time of sending", at=f"{self.element.at}/sent")
        if sent > self.now + FAR_AHEAD:
            self.element.problem("sent", "the alert says that it was sent more than a week from now; kept")
        own = Reference(self.element.required("sender"), self.element.required("identifier"), sent)
        return Event(
            source=self.source,
            sender=own.sender,
            identifier=own.identifier,
            sent=sent,
            status=self.element.decisive(Status, "status"),
            msg_type=self.element.decisive(MsgType, "msgType"),
            scope=self.element.choice(Scope, "scope", Scope.PUBLIC),
            references=self._references(own),
        )

    def _references(self, own: Reference) -> tuple[Reference, ...]:
        """Return the messages that this one speaks of: triples apart by white space, which a sender may hold too.

        Source: CAP 1.2, 3.2.1 references.
        """
        text = self.element.text("references", limit=MAX_REFERENCES * 100)
        found, is_whole = _triples(text, own, f"{self.element.at}/references", self.element.problems)
        if not is_whole:
            self.element.problem("references", "part of the list is not sender,identifier,sent; left out")
        if own in found:
            self.element.repaired("references", "the alert refers to itself; left out")
        return tuple(reference for reference in found if reference != own)

    # --- joining the infos ----------------------------------------------------------------------------------------

    def _joined(self, infos: Sequence[_Info]) -> list[list[_Info]]:
        """Return the infos in groups of twins, in document order of each group's first."""
        groups = _agreeing(infos)
        joined = _same_in_other_languages(groups)
        if len(joined) < len(groups):
            self.element.repaired("info", "languages of one alert differ in rating or times; the worse counts")
        return joined

    def _event(self, envelope: Event, twins: Sequence[_Info], part: int) -> Event:
        first = twins[0]
        status = status_of(first.vtecs)
        replies = [twin.response for twin in twins if twin.response]
        onsets = [twin.onset for twin in twins if twin.onset is not None]
        onset = min(onsets) if len(onsets) == len(twins) else None  # what states none has begun
        return replace(
            envelope,
            part=part,
            status=envelope.status if status is Status.ACTUAL else status,
            aliases=aliases(first.vtecs, sent=envelope.sent),
            is_over=is_over(first.vtecs) or (bool(replies) and all(Response.ALL_CLEAR in reply for reply in replies)),
            category=union(Category, (twin.category for twin in twins)),
            codes=tuple(dict.fromkeys(code for twin in twins for code in twin.codes)),
            urgency=_worst(Urgency, (twin.urgency for twin in twins)),
            severity=_worst(Severity, (twin.severity for twin in twins)),
            certainty=_worst(Certainty, (twin.certainty for twin in twins)),
            response=union(Response, replies),
            effective=min((twin.effective for twin in twins if twin.effective), default=None),
            onset=onset,
            expires=self._expires(twins, max(onset or envelope.sent, envelope.sent)),
            sender_name=first.sender_name,
            web=first.web,
            texts=tuple(dict.fromkeys(twin.text for twin in twins)),
            areas=_areas(twins),
        )

    def _expires(self, twins: Sequence[_Info], begins: datetime) -> datetime | None:
        """Return the latest end. NWS lets a product expire before its event does; VTEC then knows the later end."""
        moments = (*(twin.expires for twin in twins), end_of(twins[0].vtecs))
        latest = max((moment for moment in moments if moment), default=None)
        if latest is not None and latest < begins:
            self.element.problem("info/expires", "the alert expires before it begins or was sent; kept")
        return latest

    # --- the elements of <info> and <area> ------------------------------------------------------------------------

    def _info(self, info: Elements) -> _Info:
        language = info.language("language", _DEFAULT_LANGUAGE)
        parameters = info.codes("parameter", only=READ_PARAMETERS)
        areas = [(area, _shapes(area)) for area in info.each("area")]
        return _Info(
            language=language,
            text=Text(
                language=language,
                event=info.text("event", MAX_NAME),
                headline=info.text("headline"),
                description=info.text("description"),
                instruction=info.text("instruction"),
            ),
            category=info.choices(Category, "category"),
            codes=info.codes("eventCode") + tuple(code for code in parameters if code.scheme != _VTEC),
            urgency=info.choice(Urgency, "urgency", Urgency.UNKNOWN),
            severity=info.choice(Severity, "severity", Severity.UNKNOWN),
            certainty=info.choice(Certainty, "certainty", Certainty.UNKNOWN, _FORMER),
            response=info.choices(Response, "responseType"),
            effective=info.time("effective"),
            onset=info.time("onset"),
            expires=info.time("expires"),
            sender_name=info.text("senderName", MAX_NAME),
            web=info.web("web"),
            areas=tuple(self._area(area, shapes) for area, shapes in areas),
            shapes=frozenset(text for _, shapes in areas for _, text in shapes),
            vtecs=read_vtec(code.value for code in parameters if code.scheme == _VTEC),
        )

    def _area(self, area: Elements, shapes: Sequence[tuple[str, str]]) -> Area:
        return Area(
            description=area.text("areaDesc"),
            geometry=self._geometry(area, shapes),
            geocodes=area.codes("geocode"),
            altitude_ft=area.number("altitude"),
            ceiling_ft=area.number("ceiling"),
        )

    def _geometry(self, area: Elements, shapes: Sequence[tuple[str, str]]) -> BaseGeometry | None:
        """Return what the shapes cover, or None. Languages repeat their shapes: equal ones are read once."""
        key = tuple(text for _, text in shapes)
        if key not in self._geometries:
            found: list[BaseGeometry] = []
            for name, text in shapes:
                read_shape = geo.cap_polygon if name.startswith("polygon") else geo.cap_circle
                try:
                    shape, problems = read_shape(text, at=f"{area.at}/{name}")
                except FormatError as error:
                    area.problem(name, f"{error.message}; left out")
                    continue
                found.append(shape)
                area.problems.extend(problems)
            whole, problems = geo.together(found, at=area.at) if found else (None, ())
            area.problems.extend(problems)
            self._geometries[key] = whole
        return self._geometries[key]


def _shapes(area: Elements) -> list[tuple[str, str]]:
    """Return (element and number, text) of every polygon and circle that has one. Empty ones are published."""
    texts = (
        (f"{name}[{number}]", shape.own_text())
        for name in ("polygon", "circle")
        for number, shape in enumerate(area.each(name), 1)
    )
    return [(name, text) for name, text in texts if text]


def _triples(text: str, own: Reference, at: str, problems: list[Problem]) -> tuple[dict[Reference, None], bool]:
    """Return the references in a list, and whether nothing else stands in it."""
    sender, *pieces = " ".join(text.split()).split(",")
    found: dict[Reference, None] = {}
    is_whole, position = True, 0
    while position + 1 < len(pieces) and len(found) < MAX_REFERENCES:
        identifier = pieces[position].strip()
        moment, _, rest = pieces[position + 1].strip().partition(" ")
        try:
            sent, repaired = read_time(moment if identifier and sender.strip() else "", at=at)
        except FormatError:
            # Out of step: again one comma on. What stands before the alert's own sender belongs to the broken triple.
            sender = own.sender if identifier.endswith(f" {own.sender}") else identifier
            position, is_whole = position + 1, False
            continue
        problems += repaired
        found[Reference(sender.strip(" \"'"), identifier, sent)] = None
        sender, position = rest, position + 2
    return found, is_whole and not sender.strip() and position == len(pieces)


def _agreeing(infos: Sequence[_Info]) -> list[list[_Info]]:
    """Return the infos in groups that agree in subject and rating.

    Of two in one language only one that says the same again joins; one in a new language joins the first group that
    lacks it, so that two warnings in two languages pair in their order.
    """
    groups: list[list[_Info]] = []
    peers_of: dict[tuple[object, ...], list[tuple[set[str], list[_Info]]]] = {}
    said: dict[tuple[object, ...], list[_Info]] = {}
    for info in infos:
        language = info.language.lower()
        key = (*info.subject, info.rating)
        again = said.get((*key, *info.named))
        if again is not None:
            again.append(info)
            continue
        peers = peers_of.setdefault(key, [])
        lacking = next((peer for peer in peers if language not in peer[0]), None)
        if lacking is None:
            lacking = (set(), [])
            peers.append(lacking)
            groups.append(lacking[1])
        lacking[0].add(language)
        lacking[1].append(info)
        said[(*key, *info.named)] = lacking[1]
    return groups


def _same_in_other_languages(groups: Sequence[list[_Info]]) -> list[list[_Info]]:
    """Return the groups with those made one that share subject and no language: one alert, rated twice.

    Where neither shape nor code shows that the area is the same, they stay apart: two warnings for one are better
    than one for two.
    """
    joined: list[list[_Info]] = []
    peers_of: dict[tuple[object, ...], list[tuple[set[str], list[_Info]]]] = {}
    for group in groups:
        languages = {info.language.lower() for info in group}
        peers = peers_of.setdefault(group[0].subject if group[0].is_placed else (id(group),), [])
        lacking = next((peer for peer in peers if languages.isdisjoint(peer[0])), None)
        if lacking is None:
            peers.append((languages, group))
            joined.append(group)
        else:
            lacking[0].update(languages)
            lacking[1].extend(group)
    return joined


def _areas(twins: Sequence[_Info]) -> tuple[Area, ...]:
    """Return the areas of the first, and those of the others that add a place: not the same in another language."""
    areas = list(twins[0].areas)
    codes = {code for area in areas for code in area.geocodes}
    for twin in twins[1:]:
        for area in twin.areas:
            if not codes.issuperset(area.geocodes):
                codes.update(area.geocodes)
                areas.append(area)
    return tuple(areas)


def _worst(kind: type[Choice], values: Iterable[Choice]) -> Choice:
    """Return the first in the order of CAP's list, which goes from worst to least and ends with Unknown."""
    return min(values, key=list(kind).index)
