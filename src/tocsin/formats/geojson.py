"""Plain GeoJSON of a public authority: features whose properties have the names of CAP, or of what stands for one.

Many authorities publish their warnings as GeoJSON without a standard for the properties. Read are the names in the
table below, whatever their case, "_" and "-" ("areaDesc", "area_desc"), the first of each row that has a value;
nothing else, and nothing is guessed from a value. A feature must say what it is about and have an identity: an id,
or its event and time. A feature without geometry is unplaced.

`claims` asks for an event, a severity and a time in the first feature; a source of the catalogue may have less.

Never read: every property that is not in the table; so no contact, author, operator, phone, image or remark.

Source: RFC 7946 (GeoJSON); CAP 1.2, 3.2 for the names and values.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, time
from enum import StrEnum
from typing import Any, TypeVar

from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields, features
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._url import is_web
from tocsin.model import (
    Area,
    Category,
    Certainty,
    Event,
    Item,
    MsgType,
    Problem,
    Reading,
    Response,
    Severity,
    Status,
    Text,
    Urgency,
)

SNAPSHOT = True  # where the issuer lists what is in force
NAMES: Mapping[str, tuple[str, ...]] = {
    "identifier": ("identifier", "id", "alertid", "warningid", "eventid", "guid", "uuid"),
    "sender": ("sender",),
    "sendername": ("sendername", "publisher", "agency", "authority", "issuer"),
    "sent": ("sent", "updated", "lastupdated", "modified", "issued", "published", "issuedat", "updatedat"),
    "status": ("status",),
    "msgtype": ("msgtype", "messagetype"),
    "event": ("event", "eventtype", "hazard", "hazardtype", "warningtype", "phenomenon"),
    "category": ("category",),
    "responsetype": ("responsetype", "response"),
    "urgency": ("urgency",),
    "severity": ("severity",),
    "certainty": ("certainty",),
    "effective": ("effective", "validfrom"),
    "onset": ("onset", "start", "starttime", "begins", "from"),
    "expires": ("expires", "ends", "end", "endtime", "validto", "validuntil", "until"),
    "language": ("language", "lang"),
    "headline": ("headline", "title", "name"),
    "description": ("description", "summary"),
    "instruction": ("instruction", "instructions", "advice"),
    "areadesc": ("areadesc", "area", "areaname", "region"),
    "web": ("web", "url", "link"),
}
"""CAP's name of each field that is read, and the names under which it is found, the first with a value going first."""

_SIGNS = re.compile(r"[_\-. ]")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_TIMES = frozenset(NAMES["sent"] + NAMES["onset"] + NAMES["expires"] + NAMES["effective"])
_SECONDS = 1e11  # a number of seconds since 1970 below it, of milliseconds above: the year 5138, and March 1973
_DIGEST = 32

Choice = TypeVar("Choice", bound=StrEnum)


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each feature. Raises FormatError when the document is no GeoJSON.

    `as_of` is what the collection itself says under a name of `sent`, or "generated".
    """
    document = loads(body)
    items = tuple(_item(feature, source=source, now=now, at=at) for at, feature in features(document))
    collection = _Named(document, at="document", problems=[])
    is_list = document.get("type") == "FeatureCollection"
    as_of = (collection.time("sent") or _moment(collection.fields, "generated")) if is_list else None
    return Reading(items=items, as_of=as_of, is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether the first feature names an event, a severity of CAP's list and a time."""
    found = [{_folded(name): value for name, value in one.items()} for one in opened.features()[:1]]
    severities = {value.value.lower() for value in Severity}
    return any(
        not one.keys().isdisjoint(NAMES["event"])
        and str(one.get("severity")).lower() in severities
        and not one.keys().isdisjoint(_TIMES)
        for one in found
    )


def _folded(name: str) -> str:
    return _SIGNS.sub("", name).lower()


class _Named:
    """The properties of a feature under CAP's names."""

    def __init__(self, value: Any, *, at: str, problems: list[Problem]) -> None:
        if not isinstance(value, dict):
            raise FormatError("not a JSON object", at=at)
        folded: dict[str, str] = {}
        for name in value:
            folded.setdefault(_folded(name), name)
        self.fields = Fields(value, at=at, problems=problems)
        self._name_of = {
            field: next((folded[one] for one in names if one in folded and value[folded[one]] not in (None, "")), field)
            for field, names in NAMES.items()
        }

    def text(self, field: str, limit: int | None = None) -> str:
        """Return a text; a number, as ids often are, as text."""
        value = self.fields.raw(self._name_of[field])
        if type(value) is int and abs(value) < 10**15:
            return str(value)
        if limit is None:
            return self.fields.text(self._name_of[field])
        return self.fields.text(self._name_of[field], limit)

    def name(self, field: str) -> str:
        """Return a short text with single blanks for white space."""
        return " ".join(self.text(field, MAX_NAME).split())

    def time(self, field: str) -> datetime | None:
        """Return a moment."""
        return _moment(self.fields, self._name_of[field])

    def choice(self, kind: type[Choice], field: str) -> Choice | None:
        """Return a value of one of CAP's lists, None when empty or unknown.

        Not a Problem: an authority that does not say that it means CAP's words may mean others ("status": "active").
        """
        text = self.name(field).lower()
        return next((value for value in kind if value.value.lower() == text), None)


def _moment(fields: Fields, name: str) -> datetime | None:
    """Return a time in ISO 8601, or a number of seconds or milliseconds since 1970."""
    value = fields.raw(name)
    if type(value) not in {int, float}:
        return fields.time(name)
    if abs(value) >= _SECONDS:
        return fields.epoch_ms(name)
    return Fields({name: value * 1000}, at=fields.at, problems=fields.problems).epoch_ms(name)


def _item(feature: object, *, source: str, now: datetime, at: str) -> Item:
    return read_item(at, lambda problems: (_event(Fields(feature, at=at, problems=problems), source=source, now=now),))


def _event(feature: Fields, *, source: str, now: datetime) -> Event:
    properties = _Named(feature.raw("properties"), at=f"{feature.at}.properties", problems=feature.problems)
    term, headline = properties.name("event"), properties.text("headline")
    if not term and not headline:
        raise FormatError("the feature does not say what it is about", at=properties.fields.at)
    onset = properties.time("onset") or properties.time("effective")
    sent = properties.time("sent") or onset
    if sent is None:
        properties.fields.problem("sent", "no time; today was taken", is_repaired=True)
        sent = datetime.combine(now.date(), time(tzinfo=now.tzinfo))
    category, response = properties.choice(Category, "category"), properties.choice(Response, "responsetype")
    web = properties.text("web", MAX_NAME)
    language = properties.text("language", MAX_NAME)
    return Event(
        source=source,
        sender=properties.name("sender"),
        identifier=_identifier(feature, properties, term or headline, onset or sent),
        sent=sent,
        status=properties.choice(Status, "status") or Status.ACTUAL,
        msg_type=properties.choice(MsgType, "msgtype") or MsgType.ALERT,
        is_over=response is Response.ALL_CLEAR,
        category=(category,) if category else (),
        urgency=properties.choice(Urgency, "urgency") or Urgency.UNKNOWN,
        severity=properties.choice(Severity, "severity") or Severity.UNKNOWN,
        certainty=properties.choice(Certainty, "certainty") or Certainty.UNKNOWN,
        response=(response,) if response else (),
        effective=properties.time("effective"),
        onset=properties.time("onset"),
        expires=properties.time("expires"),
        sender_name=properties.name("sendername"),
        web=web if is_web(web) else "",
        texts=(
            Text(
                language=language if _LANGUAGE.fullmatch(language) else "und",
                event=term,
                headline=headline,
                description=properties.text("description"),
                instruction=properties.text("instruction"),
            ),
        ),
        areas=(Area(description=properties.name("areadesc"), geometry=feature.geometry("geometry")),),
    )


def _identifier(feature: Fields, properties: _Named, about: str, begins: datetime) -> str:
    """Return the feature's id; without one a digest of what it is about, where and from when."""
    stated = feature.raw("id")
    if type(stated) is int or (isinstance(stated, str) and stated.strip()):
        return str(stated).strip()[:MAX_NAME]
    if name := properties.name("identifier"):
        return name
    parts = "\0".join((about, properties.name("areadesc"), begins.isoformat()))
    return hashlib.sha256(parts.encode()).hexdigest()[:_DIGEST]
