"""Text products of the US National Weather Service: what goes out over NOAA Weather Wire, EMWIN and the web.

An *item* is one product of a bulletin, if it is an alert: it has a VTEC, or its category is one of those that are
alerts by themselves (`_phenomena.CATEGORIES`). Discussions, forecasts, observations and climate data are no items.

An *event* is one VTEC of one segment: its zones, its hazard, its own end. A segment with "cancel this, begin that" is
thus two events, and each goes its own way under its own alias, the same as the API's ("vtec:KLSX.TO.W.0040.2021").
So that events of one product do not become one thread the identifier names the VTEC too; `part` numbers the events of
the product. A segment without VTEC in a product that is an alert is one event.

`sent` is the header's time (`_bulletin`). `expires` is the end of the VTEC; of one without end ("until further
notice") or of a product without VTEC it is the moment when NWS purges the product. CAN, EXP and UPG are over; CAN
and UPG are Cancels. A correction is an Update of what it corrects, whatever its action; where that is COR, and the
headline says that the event was cancelled, it is over. Product classes T, X and E
make a Test or an Exercise, and so do the categories of tests. CAE, BLU, LAE and their like are read with their code,
so that the gate knows them and drops them.

Never read: see `_wording`; H-VTEC but for the gauge's own name (NWSLI); TIME...MOT...LOC; whatever is no alert.

Messages, not snapshots. Source: NWSI 10-1701 to 10-1703, 10-511, 10-512, 10-513, 10-922; 47 CFR 11.31.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.errors import FormatError
from tocsin.formats._bulletin import HEADER, Product, earliest, lines_of, products, sent_of
from tocsin.formats._opened import Opened
from tocsin.formats._vtec import Vtec, aliases
from tocsin.formats.nws_text._outline import read_outline
from tocsin.formats.nws_text._phenomena import CATEGORIES, ENDED, TESTS, Kind, event_name, rating
from tocsin.formats.nws_text._segments import Segment, split
from tocsin.formats.nws_text._tags import measures, raised
from tocsin.formats.nws_text._ugc import MOST_CODES
from tocsin.formats.nws_text._wording import MAX_TEXT, Wording, names_of, office_name, read_wording, where
from tocsin.model import Area, Category, Code, Event, Item, MsgType, Problem, Reading, Reference, Status, Text

SNAPSHOT = False
MAX_PRODUCTS = 1_000  # alerts of one document; an hour of the whole United States has some hundreds
MAX_SEGMENTS = 2_000  # of all alerts together
FEW_ALERTS = 50  # that any document may hold; a longer one as many as it can: header, zones and an end are 70 bytes
_LEAST_ALERT = 128  # bytes; the shortest of 211 recorded documents of one has 221
_LEAST_CODE = 4  # bytes of a zone that is written out: "036-"
MAX_SEGMENTS_OF_ONE = 200  # of one product; the forecast of a coast has some 30
FAR_AHEAD = timedelta(days=7)
_LANGUAGE = "en-US"
_HEAD = 4_096  # bytes within which a bulletin shows its header
_PURGED_BEFORE = timedelta(days=1)  # a purge time that is longer past than this is of the next month
_CANCELS = frozenset({"CAN", "UPG"})
_ENDED_AS = {"CAN": "cancelled", "EXP": "expired", "UPG": "replaced by another"}
_ENDS = re.compile(r"CANCEL|EXPIRE|NO LONGER|HAS ENDED|REPLACED", re.IGNORECASE)
_SITE = re.compile(r"/([A-Z0-9]{5})\.[0-3NU]\.[A-Z]{2}\.")
_NO_SITE = "00000"
_WATCH = re.compile(r"(TORNADO|SEVERE THUNDERSTORM) WATCH NUMBER", re.IGNORECASE)
_OFFICE_WITHIN = 15  # lines of a product or segment among which its office stands
_DIGEST = 8


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each product that is an alert. Raises FormatError when there is no WMO header."""
    found = list(products(lines_of(body)))
    if not found:
        raise FormatError("no line is the header of a WMO bulletin", at="document")
    items: list[Item] = []
    problems: list[Problem] = []
    most = min(MAX_PRODUCTS, max(FEW_ALERTS, len(body) // _LEAST_ALERT))
    segments, codes = 0, max(MOST_CODES, len(body) // _LEAST_CODE)
    for product in found:
        alert = _alert(product, codes=codes)
        if alert is None:
            continue
        segments += len(alert.segments)
        codes -= sum(len(segment.zones.codes) for segment in alert.segments)
        if len(items) == most or segments > MAX_SEGMENTS:
            message = f"more than {most} alerts or {MAX_SEGMENTS} segments; the first were read"
            problems.append(Problem(at=product.at, message=message))
            break
        items.append(_item(alert, source=source, now=now))
    return Reading(items=tuple(items), problems=tuple(problems), is_complete=not problems)


def claims(opened: Opened) -> bool:
    """Return whether the text begins with the header of a WMO bulletin."""
    return any(HEADER.fullmatch(line) for line in lines_of(opened.body[:_HEAD])[:8])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alert:
    """A product that is an alert: its preamble and its segments."""

    product: Product
    preamble: Sequence[str]
    segments: Sequence[Segment]
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issue:
    """What the events of one product have in common. `digest` names its text, blanks and line ends apart."""

    product: Product
    digest: str
    sent: datetime
    source: str
    sender_name: str
    preamble: Wording


def _alert(product: Product, *, codes: int) -> _Alert | None:
    """Return the parts of a product, with at most so many zones, or None when it is no alert."""
    preamble, segments = split(product.lines, limit=codes)
    is_coded = any(segment.vtecs or segment.is_garbled for segment in segments)
    if not is_coded and product.category not in CATEGORIES:
        return None
    is_cut = len(segments) > MAX_SEGMENTS_OF_ONE
    return _Alert(product=product, preamble=preamble, segments=segments[:MAX_SEGMENTS_OF_ONE], is_cut=is_cut)


def _item(alert: _Alert, *, source: str, now: datetime) -> Item:
    """Return what an alert says."""
    product, preamble, segments = alert.product, alert.preamble, alert.segments
    sent = sent_of(product, known=_dates(segments), now=now)
    if sent is None:
        return Item(at=product.at, problems=(Problem(at=product.at, message="the product has no time of sending"),))
    near_top = [*preamble[:_OFFICE_WITHIN], *(segments[0].lines[:_OFFICE_WITHIN] if segments else ())]
    issue = _Issue(
        product=product,
        digest=_digest(product),
        sent=sent,
        source=source,
        sender_name=office_name(near_top),
        preamble=_preamble(preamble),
    )
    problems: list[Problem] = []
    if sent > now + FAR_AHEAD:
        problems.append(Problem(at=product.at, message="the product says that it was sent more than a week from now"))
    if alert.is_cut:
        message = f"more than {MAX_SEGMENTS_OF_ONE} segments; the first were read"
        problems.append(Problem(at=product.at, message=message))
    parts = [event for segment in segments for event in _events(segment, issue, problems)]
    if not parts:
        problems.append(Problem(at=product.at, message="the product is an alert, and no segment of it can be read"))
    events = tuple(replace(event, part=part) for part, event in enumerate(parts))
    return Item(at=product.at, events=events, problems=tuple(problems))


def _dates(segments: Sequence[Segment]) -> Iterator[datetime]:
    """Yield dates near the issuance: what begins (also what is yet to come), else what ends."""
    vtecs = [vtec for segment in segments for vtec in segment.vtecs]
    yield from (vtec.begins for vtec in vtecs if vtec.begins)
    yield from (vtec.ends for vtec in vtecs if vtec.ends)


def _preamble(lines: Sequence[str]) -> Wording:
    """Return the words of a preamble for all segments, which begin after an empty line below the issuance line."""
    blank = next((number for number, line in enumerate(lines) if number and not line), len(lines))
    return read_wording(lines[blank:])


def _events(segment: Segment, issue: _Issue, problems: list[Problem]) -> Iterator[Event]:
    at = f"line {issue.product.line + segment.line}"
    if not segment.zones.is_whole:
        problems.append(Problem(at=at, message="some zone codes cannot be read, or are too many; left out"))
    if segment.is_garbled:
        problems.append(Problem(at=at, message="a VTEC cannot be read; left out"))
    if segment.vtecs and not segment.zones.codes:
        problems.append(Problem(at=at, message="the segment names no zone that can be read"))
    if segment.is_cut:
        problems.append(Problem(at=at, message="the segment has more VTEC than a segment can have; cut"))
    kind = _kind(issue.product.category, segment)
    if not segment.vtecs and kind is None:
        return
    shown = _shown(segment, issue, at=at, problems=problems)
    if segment.vtecs:
        yield from (_coded(shown, vtec, issue, segment) for vtec in segment.vtecs)
    elif kind is not None:
        yield _named(shown, kind, issue, segment)


def _kind(category: str, segment: Segment) -> Kind | None:
    """Return what a product of this category is; a watch of the Storm Prediction Center says which in its text."""
    if category == "SEL":
        watch = next((found[1].upper() for line in segment.lines if (found := _WATCH.match(line.strip()))), "")
        phenomenon = "TO" if watch == "TORNADO" else "SV"
        return Kind(event_name(phenomenon, "A"), rating(phenomenon, "A", has_begun=False))
    return CATEGORIES.get(category)


def _shown(segment: Segment, issue: _Issue, *, at: str, problems: list[Problem]) -> Event:
    """Return the event that all VTEC of a segment have in common: where, and in which words."""
    names, count = names_of(segment.lines)
    words = read_wording(segment.lines[segment.dated or count :])
    geometry, wrong = read_outline(segment.lines, office=issue.product.office, states=segment.states, at=at)
    problems += wrong
    area = Area(
        description=names or where(segment.lines),
        geometry=geometry,
        geocodes=segment.zones.codes,
    )
    text = Text(
        language=_LANGUAGE,
        headline="\n".join(words.headlines),
        description=words.description or issue.preamble.description,
        instruction=words.instruction or issue.preamble.instruction,
    )
    return Event(
        source=issue.source,
        sender=issue.product.office,
        identifier=issue.product.identifier(issue.sent),
        sent=issue.sent,
        category=(Category.MET,),
        effective=issue.sent,
        expires=_purge(segment, issue.sent),
        sender_name=issue.sender_name,
        texts=(text,),
        areas=(area,),
        measures=measures(segment.tags),
    )


def _coded(shown: Event, vtec: Vtec, issue: _Issue, segment: Segment) -> Event:
    """Return the event of one VTEC of the segment that is shown."""
    name = event_name(vtec.phenomenon, vtec.significance)
    ended_as = _ENDED_AS.get(vtec.action, "")
    if vtec.action == "COR" and _is_said_to_end(shown, name):
        ended_as = _ENDED_AS["CAN"]
    key = f"{vtec.phenomenon}.{vtec.significance}.{vtec.number}"
    corrected = issue.product.corrected(issue.sent)
    rated = ENDED if ended_as else rating(vtec.phenomenon, vtec.significance, has_begun=vtec.begins is None)
    rated = rated if ended_as else raised(rated, segment.tags)
    sites = [found[1] for site in segment.sites if (found := _SITE.match(site)) and found[1] != _NO_SITE]
    return replace(
        shown,
        identifier=f"{shown.identifier}-{key}",
        status=vtec.status,
        msg_type=_msg_type(vtec.action, is_correction=bool(corrected)),
        references=tuple(Reference(shown.sender, f"{name}-{key}", shown.sent) for name in corrected),
        aliases=aliases((vtec,), sent=shown.sent),
        is_over=bool(ended_as),
        codes=(
            Code("NationalWeatherService", vtec.phenomenon + vtec.significance),
            *(Code("NWSLI", site) for site in dict.fromkeys(sites)),
        ),
        severity=rated.severity,
        urgency=rated.urgency,
        certainty=rated.certainty,
        response=rated.response,
        onset=vtec.begins,
        expires=vtec.ends or shown.expires,
        texts=_titled(shown, name, issue.preamble, ended_as),
    )


def _is_said_to_end(shown: Event, name: str) -> bool:
    """Return whether all headlines that name the event say that it ended: the VTEC of a corrected end does not."""
    own = [line for line in shown.texts[0].headline.split("\n") if name.casefold() in line.casefold()]
    return bool(own) and all(map(_ENDS.search, own))


def _named(shown: Event, kind: Kind, issue: _Issue, segment: Segment) -> Event:
    """Return the event of a segment without VTEC in a product of this kind."""
    category = issue.product.category
    rated = raised(kind.rating, segment.tags)
    same = {"Tornado Watch": "TOA", "Severe Thunderstorm Watch": "SVA"}.get(kind.event, category)
    return replace(
        shown,
        # Two statements of one office in one minute are told apart by what they say.
        identifier=f"{shown.identifier}-{issue.digest}",
        status=Status.TEST if category in TESTS else Status.ACTUAL,
        category=(kind.category,),
        codes=(Code("SAME", same),),
        severity=rated.severity,
        urgency=rated.urgency,
        certainty=rated.certainty,
        response=rated.response,
        texts=_titled(shown, kind.event, issue.preamble),
    )


_WEATHER = frozenset(
    {"SPS", "MWS", "SEL", "HLS", "TOR", "SVR", "SVS", "FFW", "FFA", "FFS", "FLW", "FLS", "SMW", "WSW", "ESF"}
)


def _msg_type(action: str, *, is_correction: bool) -> MsgType:
    if action == "NEW" and not is_correction:
        return MsgType.ALERT
    return MsgType.CANCEL if action in _CANCELS else MsgType.UPDATE


def _purge(segment: Segment, sent: datetime) -> datetime | None:
    """Return when the product is purged, which for a cancellation may be just before it was sent."""
    if segment.zones.purge is None:
        return None
    return earliest(*segment.zones.purge, sent - _PURGED_BEFORE)


def _titled(event: Event, name: str, preamble: Wording, ended_as: str = "") -> tuple[Text]:
    """Return the text of one event: of its segment's headlines those that name it, else of the preamble's, else all.

    Of what ended only a headline that says so is taken, and of what goes on none of those, where there is another.
    """
    text = event.texts[0]
    headlines = text.headline.split("\n") if text.headline else []
    ends = [line for line in headlines if _ENDS.search(line)]
    told = ends if ended_as else [line for line in headlines if line not in ends] or headlines
    own = [line for line in told if name.casefold() in line.casefold()]
    if not ended_as:
        own = own or told or [line for line in preamble.headlines if name.casefold() in line.casefold()]
    composed = " ".join(filter(None, (name, ended_as, f"({event.sender_name})" * bool(event.sender_name))))
    return (replace(text, event=name, headline=". ".join(own)[:MAX_TEXT] or composed),)


def _digest(product: Product) -> str:
    """Return a name for the text of a product in which blanks and line ends do not count."""
    words = " ".join(" ".join(product.lines).split())
    return hashlib.sha256(words.encode()).hexdigest()[:_DIGEST]
