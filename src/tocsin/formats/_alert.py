"""The rules of CAP for one alert, however it is written: which events it is.

`read_alert` reads an alert through `Named`, so that CAP in XML (`cap`) and in JSON (`meteoalarm`, `nina`) is one.

Source: OASIS Common Alerting Protocol 1.2, section 3.2; CAP 1.1 and 1.0, same section; MeteoAlarm CAP profile;
NWSI 10-1703 (VTEC).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._info import Info, agreeing, merged, same_in_other_languages
from tocsin.formats._named import MAX_NAME, Named
from tocsin.formats._time import read_time
from tocsin.formats._vtec import aliases, end_of, is_over, read_vtec, status_of
from tocsin.model import (
    Area,
    Category,
    Certainty,
    Event,
    Item,
    MsgType,
    Problem,
    Reference,
    Response,
    Scope,
    Severity,
    Status,
    Text,
    Urgency,
)

_VTEC = "VTEC"
READ_PARAMETERS = frozenset({"awareness_level", "awareness_type", _VTEC})

_ABOUT_PEOPLE = ("note", "addresses")  # of an alert
_ABOUT_PEOPLE_OF_INFO = ("contact", "audience", "resource")

MAX_INFOS = 500
MAX_REFERENCES = 1_000
FAR_AHEAD = timedelta(days=7)

_DEFAULT_LANGUAGE = "en-US"  # CAP 1.2, 3.2.2 language: to be assumed where none is given
_FORMER = {"very likely": Certainty.LIKELY}  # CAP 1.0; CAP 1.2, 3.2.2 certainty, note


def read_alert(alert: Named, *, source: str, now: datetime) -> Item:
    """Return the item that an alert is; one that cannot be read has no events and says why."""
    events: tuple[Event, ...] = ()
    infos = alert.each("info")
    try:
        events = _Alert(alert, infos, source=source, now=now).events()
    except FormatError as error:
        alert.problems.append(Problem(at=error.at or alert.at, message=error.message))
    return Item(at=alert.at, events=events, has_unread=_has_unread(alert, infos), problems=tuple(alert.problems))


def _has_unread(alert: Named, infos: Sequence[Named]) -> bool:
    """Return whether there are elements about people, by name; what they hold is not asked for."""
    return any(map(alert.count, _ABOUT_PEOPLE)) or any(
        any(map(info.count, _ABOUT_PEOPLE_OF_INFO)) for info in infos[:MAX_INFOS]
    )


class _Alert:
    """Reads one alert; what is wrong with it goes to `element.problems`."""

    def __init__(self, element: Named, infos: Sequence[Named], *, source: str, now: datetime) -> None:
        self.element = element
        self.infos = infos
        self.source = source
        self.now = now
        self._geometries: dict[tuple[tuple[str, str], ...], BaseGeometry | None] = {}
        self._circles = 0

    def events(self) -> tuple[Event, ...]:
        """Return the events of the alert. Raises FormatError when what identifies it is missing or there twice."""
        shared = self._shared()
        if len(self.infos) > MAX_INFOS:
            raise FormatError(f"more than {MAX_INFOS} infos", at=self.element.at)
        groups = self._joined([self._info(info) for info in self.infos])
        if not groups:
            return (Event(**shared),)  # as a Cancel may be
        return tuple([self._event(shared, merged(twins), part) for part, twins in enumerate(groups)])

    def _shared(self) -> dict[str, Any]:
        """Return what all events of the alert have in common, by the names of Event's fields."""
        for name in ("identifier", "sender", "sent", "status", "msgType", "scope", "references"):
            if self.element.count(name) > 1:
                # Two identities, and a reader that took either could be made to end the wrong warning.
                raise FormatError("an element that must stand once stands there again", at=self.element.where(name))
        sent = self.element.time("sent")
        if sent is None:
            raise FormatError("the alert has no readable time of sending", at=self.element.where("sent"))
        if sent > self.now + FAR_AHEAD:
            self.element.problem("sent", "the alert says that it was sent more than a week from now; kept")
        own = Reference(self.element.required("sender"), self.element.required("identifier"), sent)
        return {
            "source": self.source,
            "sender": own.sender,
            "identifier": own.identifier,
            "sent": sent,
            "status": self.element.decisive(Status, "status"),
            "msg_type": self.element.decisive(MsgType, "msgType"),
            "scope": self.element.choice(Scope, "scope", Scope.PUBLIC),
            "references": self._references(own),
        }

    def _references(self, own: Reference) -> tuple[Reference, ...]:
        """Return the messages that this one speaks of: triples apart by white space, which a sender may hold too.

        Source: CAP 1.2, 3.2.1 references.
        """
        if not self.element.count("references"):
            return ()
        text = self.element.text("references", limit=MAX_REFERENCES * 100)
        found, is_whole = _triples(text, own, self.element.where("references"), self.element.problems)
        if not is_whole:
            self.element.problem("references", "part of the list is not sender,identifier,sent; left out")
        if own in found:
            self.element.repaired("references", "the alert refers to itself; left out")
        return tuple(reference for reference in found if reference != own)

    # --- joining the infos ----------------------------------------------------------------------------------------

    def _joined(self, infos: Sequence[Info]) -> list[list[Info]]:
        """Return the infos in groups of twins, in document order of each group's first."""
        groups = agreeing(infos)
        joined = same_in_other_languages(groups)
        if len(joined) < len(groups):
            self.element.repaired("info", "languages of one alert differ in rating or times; the worse counts")
        return joined

    def _event(self, shared: Mapping[str, Any], said: Info, part: int) -> Event:
        sent, status = shared["sent"], status_of(said.vtecs)
        own = shared if status is Status.ACTUAL else {**shared, "status": status}
        return Event(
            **own,
            part=part,
            aliases=aliases(said.vtecs, sent=sent),
            is_over=is_over(said.vtecs) or said.is_all_clear,
            category=said.category,
            codes=said.codes,
            urgency=said.urgency,
            severity=said.severity,
            certainty=said.certainty,
            response=said.response,
            effective=said.effective,
            onset=said.onset,
            expires=self._expires(said, max(said.onset or sent, sent)),
            sender_name=said.sender_name,
            web=said.web,
            texts=said.texts,
            areas=said.areas,
        )

    def _expires(self, said: Info, begins: datetime) -> datetime | None:
        """Return the latest end. NWS lets a product expire before its event does; VTEC then knows the later end."""
        latest, known = said.expires, end_of(said.vtecs)
        if known is not None and (latest is None or known > latest):
            latest = known
        if latest is not None and latest < begins:
            self.element.problem("info/expires", "the alert expires before it begins or was sent; kept")
        return latest

    # --- the elements of <info> and <area> ------------------------------------------------------------------------

    def _info(self, info: Named) -> Info:
        language = info.language("language", _DEFAULT_LANGUAGE)
        parameters = info.codes("parameter", only=READ_PARAMETERS)
        areas = [(area, _shapes(area)) for area in info.each("area")]
        text = Text(
            language=language,
            event=info.text("event", MAX_NAME),
            headline=info.text("headline"),
            description=info.text("description"),
            instruction=info.text("instruction"),
        )
        codes = info.codes("eventCode") + tuple([code for code in parameters if code.scheme != _VTEC])
        return Info(
            language=language,
            texts=(text,),
            category=info.choices(Category, "category"),
            codes=tuple(dict.fromkeys(codes)),
            urgency=info.choice(Urgency, "urgency", Urgency.UNKNOWN),
            severity=info.choice(Severity, "severity", Severity.UNKNOWN),
            certainty=info.choice(Certainty, "certainty", Certainty.UNKNOWN, _FORMER),
            response=(response := info.choices(Response, "responseType")),
            is_all_clear=Response.ALL_CLEAR in response,
            effective=info.time("effective"),
            onset=info.time("onset"),
            expires=info.time("expires"),
            sender_name=info.text("senderName", MAX_NAME),
            web=info.web("web"),
            areas=tuple([self._area(area, shapes) for area, shapes in areas]),
            shapes=frozenset([text for _, shapes in areas for *_, text in shapes]),
            vtecs=read_vtec([code.value for code in parameters if code.scheme == _VTEC]),
        )

    def _area(self, area: Named, shapes: Sequence[tuple[str, str, str]]) -> Area:
        return Area(
            description=area.text("areaDesc"),
            geometry=self._geometry(area, shapes) if shapes else None,
            geocodes=area.codes("geocode"),
            altitude_ft=area.number("altitude"),
            ceiling_ft=area.number("ceiling"),
        )

    def _geometry(self, area: Named, shapes: Sequence[tuple[str, str, str]]) -> BaseGeometry | None:
        """Return what the shapes cover, or None. Languages repeat their shapes: equal ones are read once."""
        places = {(name, text): at for name, at, text in shapes}
        key = tuple(places)
        if key not in self._geometries:
            found: list[BaseGeometry] = []
            for (name, text), at in places.items():
                try:
                    shape, problems = self._shape(name, text, at)
                except FormatError as error:
                    area.problems.append(Problem(at=at, message=f"{error.message}; left out"))
                    continue
                found.append(shape)
                area.problems.extend(problems)
            whole, problems = geo.together(found, at=area.at) if found else (None, ())
            area.problems.extend(problems)
            self._geometries[key] = whole
        return self._geometries[key]

    def _shape(self, name: str, text: str, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
        """Return one shape; of many circles the further ones as boxes."""
        if name == "polygon":
            return geo.cap_polygon(text, at=at)
        self._circles += 1
        if self._circles == geo.MAX_CIRCLES + 1:
            self.element.repaired("info/area", f"more than {geo.MAX_CIRCLES} circles; further ones are drawn as boxes")
        return geo.cap_circle(text, at=at, is_coarse=self._circles > geo.MAX_CIRCLES)


def _shapes(area: Named) -> list[tuple[str, str, str]]:
    """Return (name, position, text) of every polygon and circle that has one. Empty ones are published."""
    found = [(name, shape) for name in ("polygon", "circle") for shape in area.each(name)]
    return [(name, shape.at, text) for name, shape in found if (text := shape.own_text())]


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
