"""GTFS-Realtime 1.0 and 2.0: service alerts of public transport, as protobuf or as JSON; a complete snapshot.

Both spellings of JSON are read: that of protobuf's own mapping (camelCase, int64 as text) and that of the .proto
file (snake_case), with enumerations by name or by number. An entity with an alert is one item; its active periods are
the parts. Without a period it holds always; an end in the year 3000 means until further notice.

An alert states no time of its own. It is taken as sent at the beginning of the feed's day, so that a feed which says
the same each minute says nothing new, and the words of another day replace those of the day before under the same id.
With DIFFERENTIAL the feed is no snapshot, and an entity that `is_deleted` is a Cancel.

Never read, because they are about vehicles, riders and drivers, or pictures, or said again: vehicle, trip_update,
trip_modifications, shape, stop, image, image_alternative_text, tts_header_text, tts_description_text, effect_detail,
communication_period, impact_period, direction_id, and of a trip all but its id and route. Entities without an alert
are walked over, not parsed. `cause_detail` becomes the event's term, so that the gate judges it.

Source: https://gtfs.org/documentation/realtime/reference/ ; https://gtfs.org/documentation/realtime/proto/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from google.protobuf.message import DecodeError, Message
from google.transit.gtfs_realtime_pb2 import Alert, FeedHeader

from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_LIST, MAX_NAME, Fields
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._periods import periods
from tocsin.formats._url import is_web
from tocsin.formats._wire import Place, refuse_crumbs, walk
from tocsin.model import Area, Category, Code, Event, Item, MsgType, Problem, Reading, Reference, Severity, Text

SNAPSHOT = True
MAX_BYTES = 20 * 10**6
MAX_ENTITIES = 200_000
MAX_ALERTS = 20_000  # each becomes an event; the largest feeds of whole countries hold some thousands
MAX_SELECTORS = 100_000  # of all alerts together
_MAX_FIELDS = 100  # of one entity; the standard knows 8
_MAX_TRANSLATIONS = 100  # of one text
_LEAST_ENTITY = 8  # bytes: no id with an alert, a vehicle or a trip in it is shorter
_MAX_CRUMBS = 10_000

_HEADER, _ENTITY = 1, 2  # fields of FeedMessage
_ID, _IS_DELETED, _ALERT = 1, 2, 5  # fields of FeedEntity
_WORDS_OF_ALERT = frozenset({8, 10, 11, 17})  # url, header_text, description_text, cause_detail
_FIELDS_OF_ALERT = _WORDS_OF_ALERT | {1, 5, 6, 7, 14}  # active_period, informed_entity, cause, effect, severity_level
_VERSION = re.compile(r"[1-9]\.[0-9]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DEEPEST = 8  # objects within one alert; the standard needs 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE = re.compile(r"[0-9]{1,20}")
_MILLISECONDS_FROM = 10**12  # in seconds the year 33658
_LAST_S = 2 * 10**11  # in seconds the year 8307
_ENUM_DIGITS = 4
_SECOND = timedelta(seconds=1)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}")  # the shape of an RFC 5646 tag
_SEVERITY = {
    "UNKNOWN_SEVERITY": Severity.UNKNOWN,
    "INFO": Severity.MINOR,
    "WARNING": Severity.MODERATE,
    "SEVERE": Severity.SEVERE,
}
_WORDS = {"cause_detail": "event", "header_text": "headline", "description_text": "description"}
"""What a text of an alert is in CAP."""


class _Enumeration(Protocol):
    """What an enumeration of the bindings offers, each of its own class."""

    def keys(self) -> Sequence[str]:
        """Return the names."""

    def values(self) -> Sequence[int]:
        """Return the numbers."""

    def Name(self, number: int) -> str:  # noqa: N802  the bindings' name
        """Return the name of a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entity:
    """One entity that matters: an alert as JSON in snake_case, or without one what a differential feed deleted."""

    id: str
    at: str
    alert: Any = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    """The header, and the entities that matter, in the order of the document."""

    as_of: datetime | None
    is_differential: bool
    entities: list[_Entity]
    problems: list[Problem]


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each alert, and for each deleted entity of a differential feed.

    Of entities with one id the last counts. Raises FormatError when the document is no feed, or holds too much.
    """
    if len(body) > MAX_BYTES:
        raise FormatError(f"the document is larger than {MAX_BYTES} bytes", at="document")
    feed = _of_json(body) if _is_json(body) else _of_protobuf(body)
    last = {entity.id or entity.at: entity for entity in feed.entities}
    if len(last) < len(feed.entities):
        feed.problems.append(Problem(at="entity", message="entities share an id; the last counts", is_repaired=True))
    if len(last) > MAX_ALERTS:
        raise FormatError(f"more than {MAX_ALERTS} alerts", at="document")
    items = tuple(_item(entity, feed, source=source, now=now) for entity in last.values())
    return Reading(
        items=items,
        problems=tuple(feed.problems),
        as_of=feed.as_of,
        is_complete=not feed.is_differential and all(item.events for item in items),
    )


def claims(opened: Opened) -> bool:
    """Return whether a header of protobuf, or of JSON, states a version of GTFS-Realtime."""
    if _begins_as_protobuf(opened.body):
        return _is_walkable(opened.body)
    document = opened.json
    header = document.get("header") if isinstance(document, dict) else None
    return isinstance(header, dict) and not header.keys().isdisjoint({"gtfs_realtime_version", "gtfsRealtimeVersion"})


# --- the two spellings ------------------------------------------------------------------------------------------------


def _is_json(body: bytes) -> bool:
    # A header of 123 bytes begins with a line break and "{", as JSON may.
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["} and not _begins_as_protobuf(body)


def _begins_as_protobuf(body: bytes) -> bool:
    """Return whether the first field is a header with a version; everybody writes it first."""
    try:
        first = walk(body, 0, min(len(body), 2 + body[1]), limit=1) if body[:1] == b"\n" and len(body) > 1 else []
        header = _header(body[first[0].start : first[0].stop]) if first else None
        return header is not None and bool(_VERSION.fullmatch(header.text("gtfs_realtime_version")))
    except FormatError:
        return False


def _is_walkable(body: bytes) -> bool:
    try:
        refuse_crumbs(body, least=_LEAST_ENTITY, limit=_MAX_CRUMBS)
        return len(body) <= MAX_BYTES and bool(walk(body, 0, len(body), limit=MAX_ENTITIES))
    except FormatError:
        return False


def _of_protobuf(body: bytes) -> _Feed:
    refuse_crumbs(body, least=_LEAST_ENTITY, limit=_MAX_CRUMBS)
    places = walk(body, 0, len(body), limit=MAX_ENTITIES)
    headers = [place for place in places if place.number == _HEADER]
    if not headers:
        raise FormatError("the feed has no header", at="document")
    header = _header(body[headers[-1].start : headers[-1].stop])
    if not _VERSION.fullmatch(header.text("gtfs_realtime_version")):
        raise FormatError("the header states no version", at="header")
    is_differential = _is_differential(header)
    listed = (place for place in places if place.number == _ENTITY)
    entities = (_entity(body, place, f"entity[{n}]", is_differential) for n, place in enumerate(listed))
    return _Feed(
        as_of=_moment(header, "timestamp"),
        is_differential=is_differential,
        entities=_within_limits(entities),
        problems=header.problems,
    )


def _header(content: bytes) -> Fields:
    """Return the fields of a header. Raises FormatError."""
    header = FeedHeader()
    try:
        header.ParseFromString(content)
        return Fields(_plain(header), at="header")
    except DecodeError:
        # from None, and in our words: the parser's quote the document.
        raise FormatError("the header is no GTFS-Realtime header", at="header") from None


def _is_differential(header: Fields) -> bool:
    return _name_in(FeedHeader.Incrementality, header, "incrementality", "FULL_DATASET") == "DIFFERENTIAL"


def _entity(body: bytes, place: Place, at: str, is_differential: bool) -> _Entity | None:
    """Return an entity with an alert, or one that a differential feed deleted; None for any other."""
    try:
        fields = {field.number: field for field in walk(body, place.start, place.stop, limit=_MAX_FIELDS)}
        return _matter(body, fields, at, is_differential)
    except FormatError as error:
        return _Entity(id="", at=at, problem=Problem(at=f"{at} {error.at}".strip(), message=error.message))
    except (DecodeError, ValueError):
        return _Entity(id="", at=at, problem=Problem(at=at, message="the alert is no protobuf message in UTF-8"))


def _matter(body: bytes, fields: Mapping[int, Place], at: str, is_differential: bool) -> _Entity | None:
    if _IS_DELETED in fields and fields[_IS_DELETED].value:
        return _deleted(_id(body, fields), at) if is_differential else None
    if _ALERT not in fields:
        return None
    alert = Alert()
    alert.ParseFromString(_wanted(body, fields[_ALERT]))
    return _Entity(id=_id(body, fields), at=at, alert=_plain(alert))


def _plain(message: Message) -> dict[str, Any]:
    """Return a message as JSON in snake_case. The bindings give bytes where a text is no UTF-8: U+FFFD stands there."""
    return {field.name: _value(value) for field, value in message.ListFields()}


def _value(value: Any) -> Any:
    if isinstance(value, Message):
        return _plain(value)
    if isinstance(value, (str, int)):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else [_value(member) for member in value]


def _wanted(body: bytes, alert: Place) -> bytes:
    """Return an alert of the fields that are read, each of equal ones once: the parser sees no others."""
    wanted: dict[bytes, None] = {}
    for place in walk(body, alert.start, alert.stop, limit=MAX_LIST):
        if place.number in _WORDS_OF_ALERT:
            walk(body, place.start, place.stop, limit=_MAX_TRANSLATIONS)
        if place.number in _FIELDS_OF_ALERT:
            wanted[body[place.at : place.stop]] = None
    return b"".join(wanted)


def _id(body: bytes, fields: Mapping[int, Place]) -> str:
    """Return the id of an entity. Raises ValueError where it is no UTF-8: the parser would let it pass."""
    place = fields.get(_ID)
    return body[place.start : place.stop].decode("utf-8")[:MAX_NAME].strip() if place else ""


def _deleted(name: str, at: str) -> _Entity | None:
    return _Entity(id=name, at=at) if name else None


def _of_json(body: bytes) -> _Feed:
    document = Fields(loads(body), at="document")
    header = Fields(_snake(document.raw("header")), at="document.header", problems=document.problems)
    listed = document.raw("entity")
    listed = [] if listed is None else listed
    if not isinstance(listed, list) or len(listed) > MAX_ENTITIES:
        raise FormatError(f"no list of at most {MAX_ENTITIES} entities", at="document.entity")
    if not _VERSION.fullmatch(str(header.raw("gtfs_realtime_version"))):
        raise FormatError("the header states no version", at="document.header")
    is_differential = _is_differential(header)
    entities = (_json_entity(entity, f"entity[{n}]", is_differential) for n, entity in enumerate(listed))
    return _Feed(
        as_of=_moment(header, "timestamp"),
        is_differential=is_differential,
        entities=_within_limits(entities),
        problems=document.problems,
    )


def _json_entity(value: Any, at: str, is_differential: bool) -> _Entity | None:
    if not isinstance(value, dict):
        return _Entity(id="", at=at, problem=Problem(at=at, message="not a JSON object"))
    name = str(value.get("id") or "")[:MAX_NAME].strip()
    if value.get("is_deleted", value.get("isDeleted")) is True:
        return _deleted(name, at) if is_differential else None
    return _Entity(id=name, at=at, alert=_snake(value["alert"])) if value.get("alert") is not None else None


def _snake(value: Any, depth: int = _DEEPEST) -> Any:
    """Return JSON with its names as the .proto file spells them; what lies deeper than an alert does is left out."""
    if isinstance(value, list):
        return [_snake(member, depth) for member in value]
    if not isinstance(value, dict):
        return value
    return {_CAMEL.sub("_", name).lower(): _snake(member, depth - 1) for name, member in value.items()} if depth else {}


# --- one alert --------------------------------------------------------------------------------------------------------


def _within_limits(entities: Iterable[_Entity | None]) -> list[_Entity]:
    """Return the entities that matter. Raises FormatError as soon as they select more than a country has stops."""
    found: list[_Entity] = []
    selected = 0
    for entity in entities:
        if entity is not None:
            found.append(entity)
            selectors = entity.alert.get("informed_entity") if isinstance(entity.alert, dict) else None
            selected += len(selectors) if isinstance(selectors, list) else 0
        if selected > MAX_SELECTORS:
            raise FormatError(f"more than {MAX_SELECTORS} selectors", at="document")
    return found


def _item(entity: _Entity, feed: _Feed, *, source: str, now: datetime) -> Item:
    if entity.problem is not None:
        return Item(at=entity.at, problems=(entity.problem,))
    return read_item(entity.at, lambda problems: _events(entity, feed, problems, source=source, now=now))


def _events(entity: _Entity, feed: _Feed, problems: list[Problem], *, source: str, now: datetime) -> tuple[Event, ...]:
    if not entity.id:
        raise FormatError("the alert has no id", at=entity.at)
    said = (feed.as_of or now).replace(microsecond=0)
    day = said.replace(hour=0, minute=0, second=0)
    if entity.alert is None:
        # Later than what it ends, so that it also ends what was said on another day.
        sent, ended = max(said, day + _SECOND), (Reference(source, entity.id, day),)
        return (_event(entity, source, sent, msg_type=MsgType.CANCEL, references=ended),)
    alert = Fields(entity.alert, at=f"{entity.at}.alert", problems=problems)
    shared = {
        "category": (Category.TRANSPORT,),
        "codes": (
            Code("gtfs_rt:cause", _name_in(Alert.Cause, alert, "cause", "UNKNOWN_CAUSE")),
            Code("gtfs_rt:effect", _name_in(Alert.Effect, alert, "effect", "UNKNOWN_EFFECT")),
        ),
        "severity": _SEVERITY[_name_in(Alert.SeverityLevel, alert, "severity_level", "UNKNOWN_SEVERITY")],
        "web": _web(alert),
        "texts": _texts(alert),
        "areas": (Area(geocodes=_selected(alert)),),
    }
    active = [(_moment(period, "start"), _moment(period, "end")) for period in _objects(alert, "active_period")]
    parts = periods(active, now=now, at=f"{alert.at}.active_period", problems=problems)
    return tuple(_event(entity, source, day, **shared, **one._asdict()) for one in parts)


def _event(entity: _Entity, source: str, sent: datetime, **said: Any) -> Event:
    return Event(source=source, sender=source, identifier=entity.id, sent=sent, **said)


def _objects(fields: Fields, name: str) -> Iterator[Fields]:
    """Yield the objects of a list; what is none costs itself only."""
    for place, value in enumerate(fields.list(name)):
        if isinstance(value, dict):
            yield Fields(value, at=f"{fields.at}.{name}[{place}]", problems=fields.problems)
        else:
            fields.problem(f"{name}[{place}]", "not a JSON object")


def _name_in(kind: _Enumeration, fields: Fields, name: str, default: str) -> str:
    """Return the name of an enumeration's value, which stands there by name or by number; `default` for none."""
    value = fields.raw(name)
    if value is None:
        return default
    text = str(value).strip().upper()[:MAX_NAME]
    if text in kind.keys():  # noqa: SIM118  no mapping
        return text
    if text.isascii() and text.isdigit() and int(text[:_ENUM_DIGITS]) in kind.values():
        return kind.Name(int(text[:_ENUM_DIGITS]))
    fields.problem(name, "not a value of the enumeration; read as unknown", is_repaired=True)
    return default


def _moment(fields: Fields, name: str) -> datetime | None:
    """Return a moment in seconds since 1970, as a number or as digits; None for 0, which stands for no value.

    Beyond any year that is meant it is far ahead: for an end that is until further notice.
    """
    value = fields.raw(name)
    if value is None or value in ("", 0, "0"):
        return None
    text = str(int(value)) if isinstance(value, float) and 0 <= value < _MILLISECONDS_FROM * 1_000 else str(value)
    if not _WHOLE.fullmatch(text):
        fields.problem(name, "not a moment in seconds since 1970; left out")
        return None
    seconds = int(text)
    if _MILLISECONDS_FROM <= seconds < _MILLISECONDS_FROM * 1_000:
        fields.problem(name, "milliseconds were read as such", is_repaired=True)
        seconds //= 1_000
    return _EPOCH + timedelta(seconds=min(seconds, _LAST_S))


def _texts(alert: Fields) -> tuple[Text, ...]:
    """Return the words in each language, in the order in which the languages come up."""
    said: dict[str, dict[str, str]] = {}
    for name, place in _WORDS.items():
        for translation in _objects(alert.object(name), "translation"):
            language = translation.text("language", MAX_NAME).replace("_", "-") or "und"
            said.setdefault(language if _LANGUAGE.fullmatch(language) else "und", {})[place] = translation.text("text")
    return tuple(Text(language=language, **words) for language, words in said.items())


def _web(alert: Fields) -> str:
    addresses = (translation.text("text") for translation in _objects(alert.object("url"), "translation"))
    return next(filter(is_web, addresses), "")


def _selected(alert: Fields) -> tuple[Code, ...]:
    """Return what is affected: agencies, routes, kinds of routes, trips and stops, each once.

    Selectors that narrow one another (this stop of that route) are read as both: wider, never narrower.
    """
    found: dict[Code, None] = {}
    for selector in _objects(alert, "informed_entity"):
        for name in ("agency_id", "route_id", "stop_id"):
            found[Code(f"gtfs:{name}", _name(selector, name))] = None
        kind = selector.number("route_type")
        found[Code("gtfs:route_type", "" if kind is None else f"{kind:.0f}")] = None
        trip = selector.object("trip")
        for name in ("route_id", "trip_id"):
            found[Code(f"gtfs:{name}", _name(trip, name))] = None
    return tuple(code for code in found if code.value)


def _name(fields: Fields, name: str) -> str:
    """Return an id, which some JSON holds as a number."""
    value = fields.raw(name)
    return str(value) if type(value) is int else fields.text(name, MAX_NAME)
