"""The nouns of Tocsin, in the words of CAP 1.2 wherever CAP has one.

Values only: frozen, slotted, keyword-only dataclasses and enumerations that print as CAP spells them. Nothing here
does I/O, reads a clock or decides anything. Every `datetime` is aware and in UTC; a place's own zone is applied
where something is shown. Keys and names carry their unit unless the type says it.

pydantic reads and writes these same classes at the edges (`record.to_json`); there is no second model.

Source: OASIS Common Alerting Protocol 1.2 (CAP), section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from math import inf
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, PlainSerializer, PlainValidator
from shapely import geometry as shapes
from shapely.geometry.base import BaseGeometry

from tocsin.values import quick


def _from_geojson(value: Any) -> BaseGeometry:
    return value if isinstance(value, BaseGeometry) else shapes.shape(value)


def _to_geojson(value: BaseGeometry) -> dict[str, Any]:
    return shapes.mapping(value)


Geometry = Annotated[BaseGeometry, PlainValidator(_from_geojson), PlainSerializer(_to_geojson)]
"""A shapely geometry, WGS 84, (lon, lat) in degrees; GeoJSON when written."""


def _from_null(value: Any) -> Any:
    return inf if value is None else value


def _to_null(value: float) -> float | None:
    return None if value == inf else value


Distance = Annotated[float, BeforeValidator(_from_null), PlainSerializer(_to_null)]
"""Metres; `inf` where an area is unplaced, and null when written, because JSON has no infinity."""


# --- CAP's enumerations -------------------------------------------------------------------------------------------


class Status(StrEnum):
    """How a message is to be handled. Source: CAP 1.2, 3.2.1 status."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MsgType(StrEnum):
    """What a message does. Source: CAP 1.2, 3.2.1 msgType."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Scope(StrEnum):
    """For whom a message is meant. Source: CAP 1.2, 3.2.1 scope."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


class Category(StrEnum):
    """Source: CAP 1.2, 3.2.2 category."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class Response(StrEnum):
    """What people should do. Source: CAP 1.2, 3.2.2 responseType."""

    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    EXECUTE = "Execute"
    AVOID = "Avoid"
    MONITOR = "Monitor"
    ASSESS = "Assess"
    ALL_CLEAR = "AllClear"
    NONE = "None"


class Urgency(StrEnum):
    """Source: CAP 1.2, 3.2.2 urgency."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """Source: CAP 1.2, 3.2.2 severity."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """Source: CAP 1.2, 3.2.2 certainty; CAP 1.0's "Very Likely" reads as Likely (note in the clause)."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


# --- our own enumerations -----------------------------------------------------------------------------------------


class Level(IntEnum):
    """Impact at one place. The words are the public scale of European weather services; see `docs/levels.md`."""

    CALM = 0
    NOTICE = 1
    BE_AWARE = 2
    BE_PREPARED = 3
    ACT_NOW = 4

    @property
    def words(self) -> str:
        """Return the level as people read it: "Act now"."""
        return self.name.replace("_", " ").capitalize()


class Relation(StrEnum):
    """How an event's area lies to a place, nearest first. `unplaced` means that the area is known by name only."""

    INSIDE = "inside"
    APPROACH = "approach"
    NEAR = "near"
    UNPLACED = "unplaced"


class Reason(StrEnum):
    """Why a channel hears about a place now. `instruction` is a CAP responseType that was not among those told."""

    FIRST = "first"
    WORSE = "worse"
    SOONER = "sooner"
    LONGER = "longer"
    INSTRUCTION = "instruction"
    EASED = "eased"
    ENDED = "ended"
    BLIND = "blind"
    SEEING_AGAIN = "seeing-again"
    REMINDER = "reminder"


class Verdict(StrEnum):
    """What the gate did with one item."""

    PASS = "pass"  # noqa: S105  a verdict
    PASS_SCRUBBED = "pass_scrubbed"  # noqa: S105  a verdict
    EFFECT_ONLY = "effect_only"
    DROP = "drop"


class IssuerClass(StrEnum):
    """What the source catalogue says of an issuer; `unregistered` is never admitted."""

    HAZARD = "official_hazard"
    CIVIL = "official_civil"
    TRAFFIC = "official_traffic"
    TRANSIT = "official_transit"
    EVENTS = "official_events"
    UNREGISTERED = "unregistered"


class State(StrEnum):
    """The three honest states of a place, or of one hazard family at it."""

    DANGER = "danger"
    QUIET = "quiet"
    BLIND = "blind"


class Flag(StrEnum):
    """What is odd about a feed, in closed words: no word of the feed is in them. `coverage.FLAGS` explains each."""

    WENT_BACK = "went-back"
    HALF_EMPTY = "half-empty"
    PARTLY_UNREADABLE = "partly-unreadable"
    REPAIRED = "repaired"
    TIME_AHEAD = "time-ahead"
    LATE = "late"
    ENDS_BEFORE_ONSET = "ends-before-onset"
    ID_REUSED = "id-reused"
    FOREIGN_CANCEL = "foreign-cancel"


# --- what an issuer says ------------------------------------------------------------------------------------------


class Code(NamedTuple):
    """A value out of somebody's code list, with the name of the list: ("UGC", "ILC119"), ("SAME", "TOR")."""

    scheme: str
    value: str


class Reference(NamedTuple):
    """One message named by another. Source: CAP 1.2, 3.2.1 references (the extended message identifier)."""

    sender: str
    identifier: str
    sent: datetime


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """An issuer's words in one language (RFC 5646 tag, "und" where the issuer states none)."""

    language: str = "und"
    event: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where. `geometry` is None when the issuer gives only names and codes: the area is then *unplaced*, not empty."""

    description: str = ""
    geometry: Geometry | None = None
    geocodes: tuple[Code, ...] = ()
    altitude_ft: float | None = None
    ceiling_ft: float | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What one issuer says at one moment, immutable.

    One message gives several events when its infos differ in area or severity; `part` then numbers them, and is
    stable for equal documents. `hazard` is a slug of `hazards.toml`; a reader leaves it None, the gate fills it
    from `codes` and the event terms in `texts`. `aliases` are other names of the same thread within the source
    ("vtec:KLSX.TO.W.0040.2021", "quake:us7000abcd"). `is_over` is true when the message itself says that what it
    speaks of has ended (VTEC CAN, EXP, UPG; a deleted quake; responseType AllClear). `keyed` are names under the
    installation's key, by which messages without open names refer to this one: its own, then those of what it
    references. The gate fills it; it is empty where all names of the event are such.
    """

    source: str
    sender: str
    identifier: str
    sent: datetime
    part: int = 0
    status: Status = Status.ACTUAL
    msg_type: MsgType = MsgType.ALERT
    scope: Scope = Scope.PUBLIC
    references: tuple[Reference, ...] = ()
    aliases: tuple[str, ...] = ()
    keyed: tuple[str, ...] = ()
    is_over: bool = False
    category: tuple[Category, ...] = ()
    codes: tuple[Code, ...] = ()
    hazard: str | None = None
    urgency: Urgency = Urgency.UNKNOWN
    severity: Severity = Severity.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    response: tuple[Response, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    web: str = ""
    texts: tuple[Text, ...] = ()
    areas: tuple[Area, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """Return the name of the message within Tocsin: source, sender, identifier and sent, joined by "|"."""
        return message_name(self.source, Reference(self.sender, self.identifier, self.sent))

    @property
    def id(self) -> str:
        """Return the event's own name: its message and its part. Equal documents give equal names."""
        return f"{self.message}|{self.part}"


def message_name(source: str, reference: Reference) -> str:
    """Return the name of the message that `reference` means when it is read in `source`.

    Without a bare "|" in the sender no two senders can arrive at one name and end each other's warnings.
    """
    sender = reference.sender.replace("%", "%25").replace("|", "%7C")
    at = reference.sent
    # Spelled out: strftime takes twice as long, and this is the innermost line of `lifecycle`.
    moment = f"{at.year:04}{at.month:02}{at.day:02}T{at.hour:02}{at.minute:02}{at.second:02}Z"
    return f"{source}|{sender}|{reference.identifier}|{moment}"


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong in a document, repaired or refused. `at` is a position; neither field holds feed content."""

    at: str
    message: str
    is_repaired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A sort of problem in the documents of one source, counted: what a publisher is told in a letter (`letters`).

    `where` is the position without its numbers, `example` one as it stood. `first` and `last` are days, no finer.
    """

    source: str
    message: str
    where: str
    example: str
    is_repaired: bool
    count: int
    first: date
    last: date


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item as published: a CAP alert, a GeoJSON feature, a bulletin's product. `at` is its position.

    `events` is empty when the item could not be read; `problems` then says why. `has_unread` is true when it says more
    that no reader copies because it is about people (contacts, notes, authors, pictures): so much was left out.
    """

    at: str
    events: tuple[Event, ...] = ()
    has_unread: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A document that an index names but does not hold, and its format.

    `fresh` changes when the linked document does (or is ""). `beside` is the address of what is read together with it
    (its shapes), "" for nothing.
    """

    url: str
    fresh: str = ""
    format: str = "cap"
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader found in one document, in document order.

    `as_of` is the feed's own time of making, where it states one: a frozen generator is seen by it. `is_complete`
    is false when part of the document could not be read, so that absence from it proves nothing.
    """

    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    links: tuple[Link, ...] = ()
    as_of: datetime | None = None
    is_complete: bool = True


# --- sources and places -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A public feed of the catalogue. `jurisdiction` holds ISO 3166 codes ("US", "DE"; "001" is the world).

    `families` are the hazard families that it watches. A source with `snapshot` publishes all that is in force each
    time, so that absence from a complete, successful reading ends an event; the others publish messages. `mirrors`
    are the sources whose warnings it repeats ("*": those of whoever publishes).

    `cadence` is how often the publisher makes the feed anew, by the feed's own time; `heartbeat` how often it says that
    it lives (a test or a status message). None where the publisher promises neither.
    """

    id: str
    publisher: str
    url: str
    format: str
    issuer_class: IssuerClass
    licence: str = ""
    attribution: str = ""
    language: str = "en"
    jurisdiction: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    interval: timedelta = timedelta(minutes=5)
    stale_after: timedelta = timedelta(minutes=15)
    snapshot: bool = False
    mirrors: tuple[str, ...] = ()
    about: str = ""
    cadence: timedelta | None = None
    heartbeat: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A flag that a feed has earned: when last, and in how many polls or for how many messages since it first did."""

    flag: Flag
    last: datetime
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of a source's last polls. `error` is a code ("http-503", "html-page"), never a body's words.

    `etag`, `last_modified` and `digest` (SHA-256 of the last body) make the next poll conditional; `unchanged` counts
    the answers "not modified" in a row. `as_of` is the
    newest of the feed's own times, `changed` when we saw it change last, `beat` the newest heartbeat. `suspected` is
    true when the last complete snapshot lost so much that the next one must confirm it (`lifecycle.vanished`).
    `gaps` is the feed's rhythm (`rhythm`), `rests` are the unusually long rests of the last week, each with begin and
    end in seconds since 1970; `idle` is how many of its moves brought no news, `marks` what is odd about it.
    """

    source: str
    attempted: datetime | None = None
    succeeded: datetime | None = None
    as_of: datetime | None = None
    failures: int = 0
    error: str = ""
    next_due: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    suspected: bool = False
    unchanged: int = 0
    changed: datetime | None = None
    beat: datetime | None = None
    gaps: Mapping[int, float] = field(default_factory=dict)
    rests: tuple[tuple[int, int], ...] = ()
    idle: float = 0.0
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How many people are at a place on given weekdays (0 = Monday) between two local times "HH:MM"."""

    days: tuple[int, ...]
    begins: str
    ends: str
    headcount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that somebody looks after. `approaches` are the roads that lead to it; `geocodes` the codes it lies in
    (UGC, EMMA_ID, ISO 3166 ...), as far as the operator or the country file knows them; `traits` say what makes it
    vulnerable ("basement", "outdoor_yard", "cold_store"). An empty `channels` means all of them.
    """

    id: str
    name: str
    geometry: Geometry
    kind: str = ""
    approaches: tuple[Geometry, ...] = ()
    geocodes: tuple[Code, ...] = ()
    timezone: str = "UTC"
    languages: tuple[str, ...] = ("en",)
    headcount: int | None = None
    shifts: tuple[Shift, ...] = ()
    traits: frozenset[str] = frozenset()
    channels: tuple[str, ...] = ()
    address: str = ""


# --- what it means, and who is told -------------------------------------------------------------------------------


class Touch(NamedTuple):
    """How one event meets one place: what `match` finds and `impact` judges.

    `distance_m` is 0 inside; from the nearest edge otherwise; `inf` for an unplaced area. `area_exact` is false when
    the place was matched by a coarser region than the issuer meant, because a geocode could not be resolved;
    `is_wide` is true when that region is a whole country or more.
    """

    relation: Relation
    distance_m: float
    area_exact: bool
    is_wide: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Which event says so, with the issuer's own rating beside ours.

    `happening` is equal for events, also of other sources, that speak of one thing (see `duplicates`).
    """

    event: str
    source: str
    identifier: str
    sent: datetime
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    area_exact: bool
    happening: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """One event at one place: how near, from when, until when, how bad for people, buildings and traffic.

    `begins` is the onset (or the moment it was sent); `ends` the moment our clock ends it. `rules` names the rules of
    `impact_rules.toml` that gave the levels, in the order in which they were applied.
    """

    place: str
    thread: str
    family: str
    hazard: str
    relation: Relation
    distance_m: Distance
    begins: datetime
    ends: datetime
    people: Level
    buildings: Level
    traffic: Level
    rules: tuple[str, ...]
    response: tuple[Response, ...]
    evidence: Evidence

    @property
    def level(self) -> Level:
        """Return the worst of the three levels."""
        return max(self.people, self.buildings, self.traffic)


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of a concern's time with one level: a tornado warning of half an hour within a watch of a night."""

    level: Level
    begins: datetime
    ends: datetime


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """All impacts of one hazard family at one place, joined so that nothing is ever lowered.

    What a channel is told about is a concern, so two authorities on one storm ring once. `level` is the worst of
    all its time; `steps` say how it changes in between, in order and without overlap, and are none where it does not
    change. `evidence` is sorted worst first, `threads` and `response` are sorted.
    """

    place: str
    family: str
    hazard: str
    level: Level
    people: Level
    buildings: Level
    traffic: Level
    begins: datetime
    ends: datetime
    relation: Relation
    distance_m: Distance
    steps: tuple[Step, ...] = ()
    response: tuple[Response, ...] = ()
    threads: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def lead_time(self, now: datetime) -> timedelta:
        """Return how long it is until this begins; zero when it has begun. Computed, never stored."""
        return max(self.begins - now, timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blindness:
    """Hazard families that no working source watches at a place, and the sources that have fallen silent."""

    place: str
    families: tuple[str, ...]
    sources: tuple[str, ...]
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one channel was last told about one place and one family; the other side of every comparison.

    `rang` holds the last moments at which it was told. For an hour after an end this stays, with level CALM, so that
    what comes and goes rings no more often than what goes up and down.
    """

    channel: str
    place: str
    family: str
    at: datetime
    level: Level
    begins: datetime | None = None
    ends: datetime | None = None
    response: tuple[Response, ...] = ()
    threads: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    rang: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message to one channel with its reason: many places in one. Its `id` is the idempotency key everywhere.

    `family` is a hazard family, or "coverage" for the reasons blind and seeing-again, with the families in
    `families`. The texts are the issuer's own, of the worst evidence, after the gate.
    """

    id: str
    at: datetime
    channel: str
    reason: Reason
    family: str
    hazard: str | None
    level: Level
    begins: datetime | None
    ends: datetime | None
    places: tuple[str, ...]
    threads: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    concerns: tuple[Concern, ...] = ()
    texts: tuple[Text, ...] = ()
    sender_name: str = ""
    web: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the gate did with one item and under which rule; never the content, never a position in time finer than
    the day. `rule` of an item that was dropped for what it was about is coarse on purpose (see `gate`).
    """

    verdict: Verdict
    rule: str
    ruleset: str
