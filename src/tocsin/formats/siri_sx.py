"""SIRI Situation Exchange 1.3 to 2.1: disruptions of public transport, and of roads as far as it reports them.

A PtSituationElement or RoadSituationElement is one item; its validity periods are the parts. A delivery lists all
situations that are known, so that it is a snapshot; with MoreData it is not complete. Of one SituationNumber several
times in a document the later Version counts. `Progress` is the life cycle: closing is still in force, closed is a
Cancel, draft and what awaits approval are drafts. A period without an end, or with one that nobody means (year 9999 or
22022), holds until the situation is closed or no longer listed. Times without an offset are read as UTC.

Reasons of all groups are codes under the name of their element, as they stand, TPEG's aliases ("pti20_5") too, and so
are the condition and severity of every consequence. `ReasonName` becomes the event's term, so that the gate judges it.

Never read, because they are about people, for insiders, or pictures: Source (names, telephones, addresses),
InternalComment, Internal, Note, Images, InfoLinks, PublishingActions but for texts that stand nowhere else,
Repetitions, PublicationWindow, VehicleRef, SituationBasedIdentity, References, Keywords, Extensions.

Source: SIRI 2.1 (EN 15531-5:2022), https://github.com/SIRI-CEN/SIRI ; siri_situation-v2.0.xsd, siri_reasons-v2.0.xsd.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._elements import MAX_NAME, MAX_TEXT, Elements
from tocsin.formats._opened import Opened
from tocsin.formats._periods import periods
from tocsin.formats._stream import XmlStream
from tocsin.formats._xml import local
from tocsin.model import (
    Area,
    Category,
    Code,
    Event,
    Item,
    MsgType,
    Problem,
    Reading,
    Reference,
    Scope,
    Severity,
    Status,
    Text,
)

SNAPSHOT = True
_ABOUT_PEOPLE = ("InternalComment", "Internal", "Note", "Images")
_REPORTER = ("Name", "Email", "Phone", "Fax", "AgentReference")  # of a Source
NAMESPACE = "http://www.siri.org.uk/siri"
MAX_AREAS = 1_000
MAX_CODES = 10_000

_DELIVERY = "SituationExchangeDelivery"
_ENVELOPE = "ServiceDelivery"
_SITUATIONS = ("PtSituationElement", "RoadSituationElement")
_DIGITS = re.compile(r"[0-9]{1,15}")
_REASONS = (
    *("AlertCause", "UnknownReason", "UndefinedReason"),
    *("MiscellaneousReason", "PersonnelReason", "EquipmentReason", "EnvironmentReason"),
    *("MiscellaneousSubReason", "PersonnelSubReason", "EquipmentSubReason", "EnvironmentSubReason"),
)
_DRAFTS = frozenset({"draft", "pendingapproval", "approveddraft"})
_CLOSED = "closed"
_EXERCISES = {"securityexercise": Status.EXERCISE, "technicalexercise": Status.EXERCISE, "test": Status.TEST}
_PUBLIC = frozenset({"", "public", "infoservices", "unknown", "undefined"})
_SEVERITIES = {
    **dict.fromkeys(("noimpact", "pti26_6", "veryslight", "pti26_1", "slight", "pti26_2"), Severity.MINOR),
    **dict.fromkeys(("normal", "pti26_3"), Severity.MODERATE),
    **dict.fromkeys(("severe", "pti26_4", "verysevere", "pti26_5"), Severity.SEVERE),
}
"""SIRI's scale says how bad it is for travellers, CAP's for life and property: nothing here is Extreme."""

_WORDS = {"ReasonName": "event", "Summary": "headline", "Description": "description", "Advice": "instruction"}
_PUBLISHED_WORDS = {
    "ReasonText": "event",
    "SummaryText": "headline",
    "DescriptionText": "description",
    "RecommendationText": "instruction",
}
"""What a text of a situation, or one that stands only among what is to be published (SIRI 2.1), is in CAP."""

_STOPS = {
    "AffectedStopPoint": ("StopPointRef", "StopPointName"),
    "AffectedStopPlace": ("StopPlaceRef", "PlaceName"),
    "AffectedPlace": ("PlaceRef", "PlaceName"),
}
_LINES = ("NetworkRef", "OperatorRef", "LineRef", "RouteRef", "VehicleJourneyRef", "DatedVehicleJourneyRef")


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each situation. Raises FormatError when there is no delivery, or it says that it failed.

    The document is parsed a situation at a time. What stands before a place where it cannot be read on is kept.
    """
    document, delivery = XmlStream(body), _Delivery()
    situations: list[_Situation] = []
    problems: list[Problem] = []
    try:
        for n, element in enumerate(document.each(*_SITUATIONS), 1):
            delivery.look_above(element)
            situations.append(_situation(element, n, delivery.as_of or now, source=source, now=now))
        delivery.look_into(document.root)
    except FormatError as error:
        if not situations:
            raise
        problems.append(Problem(at=error.at, message=error.message))
    latest = _latest(situations)
    if len(latest) < len(situations):
        message = "situations are there in several versions; the latest counts"
        problems.append(Problem(at=_DELIVERY, message=message, is_repaired=True))
    items = tuple(one.item for one in latest)
    is_broken = any(not problem.is_repaired for problem in problems)
    return Reading(
        items=items,
        problems=(*document.problems, *delivery.problems, *problems),
        as_of=delivery.as_of,
        is_complete=not (is_broken or delivery.is_cut) and all(item.events for item in items),
    )


def claims(opened: Opened) -> bool:
    """Return whether a delivery of situations in SIRI's namespace stands there, alone, in a Siri or in SOAP."""
    return any(element.tag == f"{{{NAMESPACE}}}{_DELIVERY}" for element in opened.beginning)


class _Delivery:
    """What the deliveries of a document say of themselves. They say it before their situations."""

    def __init__(self) -> None:
        self.as_of: datetime | None = None
        self.is_cut = False
        self.problems: list[Problem] = []
        self._holder: etree._Element | None = None

    def look_above(self, situation: etree._Element) -> None:
        """Read what stands around a situation, when it is the first of its delivery."""
        if situation.getparent() is not self._holder:
            self._holder = situation.getparent()
            for element in situation.iterancestors(f"{{*}}{_DELIVERY}", f"{{*}}{_ENVELOPE}"):
                self._read(element)

    def look_into(self, root: etree._Element | None) -> None:
        """Read a document in which no situation stood. Raises FormatError when it delivers none, or has failed."""
        if self._holder is not None or root is None:
            return
        deliveries = list(root.iter(f"{{*}}{_DELIVERY}"))
        if not deliveries:
            raise FormatError("the document delivers no situations", at="document")
        for element in (*deliveries, *root.iter(f"{{*}}{_ENVELOPE}")):
            self._read(element)
        if all(Elements(one, at=_DELIVERY, problems=[]).one("Status") in {"false", "0"} for one in deliveries):
            raise FormatError("the delivery says that it failed", at=_DELIVERY)

    def _read(self, element: etree._Element) -> None:
        said = Elements(element, at=local(element), problems=self.problems)
        moments = (self.as_of, said.time("ResponseTimestamp"))
        self.as_of = max((moment for moment in moments if moment), default=None)
        self.is_cut |= said.one("MoreData") in {"true", "1"}


# --- one situation ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Situation:
    """A situation as one version of it says, and how late that is."""

    name: tuple[str, str]
    age: tuple[bool, int, datetime, int]
    item: Item


def _latest(situations: Iterable[_Situation]) -> list[_Situation]:
    """Return the latest version of each situation, in document order of the first."""
    latest: dict[tuple[str, str], _Situation] = {}
    for one in situations:
        latest[one.name] = max(latest.get(one.name, one), one, key=lambda version: version.age)
    return list(latest.values())


def _situation(element: etree._Element, n: int, made: datetime, *, source: str, now: datetime) -> _Situation:
    problems: list[Problem] = []
    situation = Elements(element, at=f"{local(element)}[{n}]", problems=problems)
    try:
        events = _events(situation, made, source=source, now=now)
    except FormatError as error:
        problems.append(Problem(at=error.at or situation.at, message=error.message))
        events = ()
    version = situation.one("Version")
    said = events[0] if events else None
    return _Situation(
        name=(said.sender, said.identifier) if said else ("", situation.at),
        age=(bool(said), int(version) if _DIGITS.fullmatch(version) else 0, said.sent if said else made, n),
        item=Item(at=situation.at, events=events, has_unread=_has_unread(situation), problems=tuple(problems)),
    )


def _has_unread(situation: Elements) -> bool:
    """Return whether there are elements about people, by name; what they hold is not asked for."""
    reporters = any(source.count(name) for source in situation.each("Source") for name in _REPORTER)
    return reporters or any(map(situation.count, _ABOUT_PEOPLE))


def _events(situation: Elements, made: datetime, *, source: str, now: datetime) -> tuple[Event, ...]:
    number = situation.required("SituationNumber")
    sender = situation.one("ParticipantRef")[:MAX_NAME] or source
    created = situation.time("CreationTime")
    sent = situation.time("VersionedAtTime") or created
    if sent is None:
        situation.repaired("CreationTime", "no time of making; the day of the document was taken")
        sent = made.replace(hour=0, minute=0, second=0, microsecond=0)
    progress = situation.one("Progress").lower()
    event = Event(
        source=source,
        sender=sender,
        identifier=number,
        sent=sent,
        status=_status(situation, progress),
        scope=Scope.PUBLIC if situation.one("Audience").lower() in _PUBLIC else Scope.RESTRICTED,
        category=(Category.TRANSPORT,),
        codes=_codes(situation),
        severity=_SEVERITIES.get(situation.one("Severity").lower(), Severity.UNKNOWN),
        texts=_texts(situation),
        areas=_areas(situation),
    )
    if progress == _CLOSED:
        # Itself too: a version without a time of its own is said under the name of what it ends.
        named = dict.fromkeys(Reference(sender, number, moment) for moment in (created or sent, sent))
        return (replace(event, msg_type=MsgType.CANCEL, references=tuple(named)),)
    given = [(period.time("StartTime"), period.time("EndTime")) for period in situation.each("ValidityPeriod")]
    parts = periods(given, now=now, at=f"{situation.at}/ValidityPeriod", problems=situation.problems)
    return tuple(replace(event, part=one.part, onset=one.onset, expires=one.expires) for one in parts)


def _status(situation: Elements, progress: str) -> Status:
    if progress in _DRAFTS:
        return Status.DRAFT
    return _EXERCISES.get(situation.one("Reality").lower(), Status.ACTUAL)


def _codes(situation: Elements) -> tuple[Code, ...]:
    """Return the reasons, and how bad the situation and each of its consequences are."""
    consequences = [one for list_ in situation.each("Consequences") for one in list_.each("Consequence")]
    said = [(name, reason) for name in _REASONS for reason in situation.each(name)]
    said += [("severity", severity) for one in (situation, *consequences) for severity in one.each("Severity")]
    said += [("condition", condition) for one in consequences for condition in one.each("Condition")]
    codes = (Code(f"siri_sx:{name}", element.own_text()) for name, element in said[:MAX_CODES])
    return tuple(dict.fromkeys(code for code in codes if 0 < len(code.value) <= MAX_NAME))


def _texts(situation: Elements) -> tuple[Text, ...]:
    """Return the words in each language. Of several of one kind in one language, as for screens of sizes, the first."""
    default = situation.language("Language", "und")
    said: dict[str, dict[str, str]] = {}
    for name, place in _WORDS.items():
        for language, text in situation.spoken(name, default):
            said.setdefault(language, {}).setdefault(place, text)
    for language, text in situation.spoken("Detail", default):
        words = said.setdefault(language, {})
        words["description"] = "\n".join(filter(None, (words.get("description"), text)))[:MAX_TEXT]
    if not any("headline" in words or "description" in words for words in said.values()):
        _add_published(situation, default, said)
    return tuple(Text(language=language, **words) for language, words in said.items())


def _add_published(situation: Elements, default: str, said: dict[str, dict[str, str]]) -> None:
    """Add the words that stand only among what is to be published, as the Swiss profile has them."""
    for actions in situation.each("PublishingActions"):
        for content in actions.below(*(name.replace("Text", "Content") for name in _PUBLISHED_WORDS)):
            for name, place in _PUBLISHED_WORDS.items():
                for language, text in content.spoken(name, default):
                    said.setdefault(language, {}).setdefault(place, text)


# --- where ------------------------------------------------------------------------------------------------------------


def _areas(situation: Elements) -> tuple[Area, ...]:
    """Return an area for each stop or place with a position, and one for all that has only names and codes."""
    placed: dict[tuple[str, ...], Area] = {}
    names: dict[str, None] = {}
    codes: dict[Code, None] = {}
    for affects in situation.each("Affects"):
        for stop in affects.below(*_STOPS):
            area = _stop(stop)
            if area.geometry is not None and len(placed) < MAX_AREAS:
                placed.setdefault((area.description, area.geometry.wkt), area)
            else:
                names |= dict.fromkeys([area.description])
                codes |= dict.fromkeys(area.geocodes)
        names |= dict.fromkeys(name.own_text() for name in affects.below("PublishedLineName"))
        codes |= dict.fromkeys(_refs(affects))
    description = ", ".join(filter(None, names))[:MAX_TEXT]
    unplaced = Area(description=description, geocodes=tuple(codes)[:MAX_CODES])
    return (*placed.values(), *((unplaced,) if description or codes or not placed else ()))


def _refs(affects: Elements) -> Iterator[Code]:
    """Yield the lines, routes, journeys, networks and operators that are named."""
    for element in affects.below(*_LINES):
        if 0 < len(value := element.own_text()) <= MAX_NAME:
            yield Code(f"siri:{element.name}", value)


def _stop(stop: Elements) -> Area:
    ref, name = _STOPS[stop.name]
    value = stop.one(ref)
    return Area(
        description=stop.text(name, MAX_NAME),
        geometry=_position(stop),
        geocodes=(Code(f"siri:{ref}", value),) if 0 < len(value) <= MAX_NAME else (),
    )


def _position(stop: Elements) -> BaseGeometry | None:
    """Return the position, in WGS 84. One that is nowhere leaves the name and the code."""
    location = next(iter(stop.each("Location")), None)
    lon, lat = (location.number("Longitude"), location.number("Latitude")) if location else (None, None)
    if location is None or lon is None or lat is None:
        return None
    try:
        point, problems = geo.from_geojson({"type": "Point", "coordinates": [lon, lat]}, at=location.at)
    except FormatError as error:
        stop.problem("Location", f"{error.message}; left out")
        return None
    stop.problems.extend(problems)
    return point
