"""Alerts of the US National Weather Service as its API serves them: GeoJSON, a complete snapshot of what is in force.

A FeatureCollection (/alerts/active) or one Feature (/alerts/ID). Four alerts in five have no geometry: they are
*unplaced* areas with UGC and SAME codes. Copied are exactly the properties named in `_event`.

Never read: affectedZones (addresses, said again by the UGC codes), web, note, code, title, and every parameter but
VTEC and eventEndingTime (among the others are telephone and broadcast texts).

`expires` here is the end of the *product*; NWS replaces it by the next before it lapses, and `ends` is null in more
than a third. What our clock goes by is therefore the end of the *event*: `ends`, else VTEC's end, else
eventEndingTime, and only then `expires`.

One snapshot lists some alerts twice. Equal ones are two items with one event; should two differ under one identity
they become parts, numbered by their content, so that their order in the document does not matter.

Source: https://www.weather.gov/documentation/services-web-api ; CAP 1.2, 3.2 for the words; NWSI 10-1703 (VTEC).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import shapely

from tocsin.errors import FormatError
from tocsin.formats._geojson import MAX_NAME, Fields, features
from tocsin.formats._item import read_item
from tocsin.formats._json import loads
from tocsin.formats._opened import Opened
from tocsin.formats._time import read_time
from tocsin.formats._vtec import Vtec, aliases, end_of, is_over, read_vtec, status_of
from tocsin.model import (
    Area,
    Category,
    Certainty,
    Code,
    Event,
    Item,
    MsgType,
    Reading,
    Reference,
    Response,
    Scope,
    Severity,
    Status,
    Text,
    Urgency,
)

SNAPSHOT = True
FAR_AHEAD = timedelta(days=7)
_DEFAULT_LANGUAGE = "en-US"
_ALERTS = "https://api.weather.gov/alerts/"


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each feature. Raises FormatError when the document is no GeoJSON of alerts.

    `as_of` is the collection's `updated`. A page of a longer list is read, but is not complete.
    """
    document = loads(body)
    listed = features(document)
    collection = Fields(document, at="document")
    as_of = collection.time("updated")
    if is_page := bool(collection.object("pagination").text("next")):
        collection.problem("pagination", "the document is one page of a longer list")
    items = _told_apart([_item(feature, source=source, now=now, at=at) for at, feature in listed])
    is_complete = not is_page and all(item.events for item in items)
    return Reading(items=items, problems=tuple(collection.problems), as_of=as_of, is_complete=is_complete)


def claims(opened: Opened) -> bool:
    """Return whether the context or the first alert is of the NWS API."""
    document = opened.json
    if isinstance(document, dict) and "api.weather.gov" in str(document.get("@context")):
        return True
    return any(one.get("@type") == "wx:Alert" or str(one["id"]).startswith(_ALERTS) for one in opened.features()[:1])


def _item(feature: object, *, source: str, now: datetime, at: str) -> Item:
    return read_item(at, lambda problems: (_event(Fields(feature, at=at, problems=problems), source=source, now=now),))


def _event(feature: Fields, *, source: str, now: datetime) -> Event:
    alert = feature.object("properties")
    identifier, sent = _identifier(feature, alert), alert.time("sent")
    if not identifier or sent is None:
        raise FormatError("the alert has no id, or no readable time of sending", at=alert.at)
    if sent > now + FAR_AHEAD:
        alert.problem("sent", "the alert says that it was sent more than a week from now")
    vtecs = read_vtec(alert.object("parameters").texts("VTEC"))
    status, tested = alert.exactly(Status, "status"), status_of(vtecs)
    category, response = alert.choice(Category, "category"), alert.choice(Response, "response")
    return Event(
        source=source,
        sender=alert.text("sender", MAX_NAME),
        identifier=identifier,
        sent=sent,
        status=status if tested is Status.ACTUAL else tested,
        msg_type=alert.exactly(MsgType, "messageType"),
        scope=alert.choice(Scope, "scope") or Scope.PUBLIC,
        references=tuple(_references(alert)),
        aliases=aliases(vtecs, sent=sent),
        is_over=is_over(vtecs) or response is Response.ALL_CLEAR,
        category=(category,) if category else (),
        codes=_codes(alert.object("eventCode"), ("SAME", "NationalWeatherService")),
        urgency=alert.choice(Urgency, "urgency") or Urgency.UNKNOWN,
        severity=alert.choice(Severity, "severity") or Severity.UNKNOWN,
        certainty=alert.choice(Certainty, "certainty") or Certainty.UNKNOWN,
        response=(response,) if response else (),
        effective=alert.time("effective"),
        onset=alert.time("onset"),
        expires=_end(alert, vtecs),
        sender_name=alert.text("senderName", MAX_NAME),
        texts=(_text(alert),),
        areas=(_area(feature, alert),),
    )


def _identifier(feature: Fields, alert: Fields) -> str:
    """Return the alert's own id ("urn:oid:...", before 2020 "NWS-IDP-PROD-..."), else the end of its address."""
    address = alert.text("@id", MAX_NAME) or feature.text("id", MAX_NAME)
    return alert.text("id", MAX_NAME) or address.rpartition("/")[2]


def _references(alert: Fields) -> Iterable[Reference]:
    """Yield the alerts that this one updates or cancels. One that cannot be read is left out with a Problem."""
    for place, value in enumerate(alert.list("references")):
        try:
            reference = Fields(value, at=f"{alert.at}.references[{place}]", problems=alert.problems)
        except FormatError as error:
            alert.problem(f"references[{place}]", error.message)
            continue
        identifier = reference.text("identifier", MAX_NAME) or reference.text("@id", MAX_NAME).rpartition("/")[2]
        sent = reference.time("sent")
        if identifier and sent:
            yield Reference(reference.text("sender", MAX_NAME), identifier, sent)
        else:
            alert.problem(f"references[{place}]", "the reference names no id or no time")


def _end(alert: Fields, vtecs: Sequence[Vtec]) -> datetime | None:
    """Return the end of the event; see the module's docstring for the order and the reason."""
    ends = alert.time("ends") or end_of(vtecs)
    if ends is not None:
        return ends
    moments = []
    for text in alert.object("parameters").texts("eventEndingTime"):
        try:
            moments.append(read_time(text, at=f"{alert.at}.parameters.eventEndingTime")[0])
        except FormatError as error:
            alert.problem("parameters.eventEndingTime", error.message)
    return max(moments, default=None) or alert.time("expires")


def _text(alert: Fields) -> Text:
    return Text(
        language=alert.text("language", MAX_NAME) or _DEFAULT_LANGUAGE,
        event=alert.text("event", MAX_NAME),
        headline=alert.text("headline"),
        description=alert.text("description"),
        instruction=alert.text("instruction"),
    )


def _area(feature: Fields, alert: Fields) -> Area:
    """Return the area; a geometry that is no geometry leaves the codes, which cover more."""
    return Area(
        description=alert.text("areaDesc"),
        geometry=feature.geometry("geometry"),
        geocodes=_codes(alert.object("geocode"), ("UGC", "SAME")),
    )


def _codes(lists: Fields, schemes: Iterable[str]) -> tuple[Code, ...]:
    return tuple([Code(scheme, value) for scheme in schemes for value in lists.texts(scheme)])


def _told_apart(items: Sequence[Item]) -> tuple[Item, ...]:
    """Return the items with different events of one identity as its parts, whatever their order."""
    listed = Counter(event.id for item in items for event in item.events)
    variants: dict[str, list[Event]] = {name: [] for name, times in listed.items() if times > 1}
    if not variants:
        return tuple(items)
    for event in (event for item in items for event in item.events):
        same = variants.get(event.id)
        if same is not None and event not in same:
            same.append(event)
    for same in variants.values():
        same.sort(key=lambda event: (repr(event), [shapely.to_wkb(area.geometry) or b"" for area in event.areas]))
    return tuple(
        replace(item, events=tuple(_part(event, variants.get(event.id, ())) for event in item.events)) for item in items
    )


def _part(event: Event, variants: Sequence[Event]) -> Event:
    return replace(event, part=variants.index(event)) if variants else event
