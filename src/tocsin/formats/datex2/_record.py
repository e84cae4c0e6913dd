"""One situation record of DATEX II as an event: what, when and how bad, by codes and numbers, and the public words.

Source: EN 16157-3 (situation publication), 16157-7 (common elements); the enumerations are named beside each table.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.errors import FormatError
from tocsin.formats._local import LocalElements
from tocsin.formats._periods import OPEN_END
from tocsin.formats._road import AT_TIMES, in_periods
from tocsin.formats.datex2._location import areas_of
from tocsin.model import Area, Category, Certainty, Code, Event, Problem, Scope, Severity, Status, Text, Urgency

MAX_RECORDS = 1_000
MAX_CODES = 100  # of one record
MAX_COMMENT = 4_000  # characters

# InformationStatusEnum
_STATUS = {
    "real": Status.ACTUAL,
    "test": Status.TEST,
    "exercise": Status.EXERCISE,
    "securityExercise": Status.EXERCISE,
    "technicalExercise": Status.EXERCISE,
}
# OverallSeverityEnum, SeverityEnum. None is Extreme: what a road publication rates is the traffic.
_SEVERITY = {
    "highest": Severity.SEVERE,
    "high": Severity.SEVERE,
    "medium": Severity.MODERATE,
    "low": Severity.MINOR,
    "lowest": Severity.MINOR,
    "none": Severity.MINOR,
}
# ProbabilityOfOccurrenceEnum
_CERTAINTY = {
    "certain": Certainty.OBSERVED,
    "probable": Certainty.LIKELY,
    "riskOf": Certainty.POSSIBLE,
    "improbable": Certainty.UNLIKELY,
}
# UrgencyEnum; normalUrgency says nothing about time.
_URGENCY = {"extremelyUrgent": Urgency.IMMEDIATE, "urgent": Urgency.EXPECTED}
# CommentTypeEnum; "" where none is stated. The others speak to operators.
_PUBLIC_COMMENTS = {"", "description", "locationDescriptor"}
_ABOUT_PEOPLE = (
    "nonGeneralPublicComment",
    "groupOfPeopleInvolved",
    "vehicleRegistrationPlateIdentifier",
    "vehicleDriver",
)
_MOMENT = re.compile(r"\b\d{1,2}[-./]\d{1,2}[-./]\d{2,4}\b|\b\d{1,2}[:.]\d\d\b", re.ASCII)
_REACHED = re.compile(r"@|(?<!\w)(?:\+\d{1,3}|0)[ ()/-]{0,3}(?:\d[ ()/-]{0,2}){7,10}(?!\w)", re.ASCII)
_CONTACT = re.compile(r"\W*(?:contact|kontakt|contatt|contato)", re.IGNORECASE)
_OVER = {"rejected", "terminated", "beingTerminated", "terminationRequested"}  # OperatorActionStatusEnum
_RECURRING = ("recurringTimePeriodOfDay", "recurringDayWeekMonthPeriod", "recurringSpecialDay")

# Path of a number -> our key, with its unit as DATEX II defines it.
_MEASURES: Mapping[tuple[str, ...], str] = {
    ("impact", "delays", "delayTimeValue"): "delay_s",
    ("impact", "capacityRemaining"): "capacity_remaining_percent",
    ("impact", "numberOfLanesRestricted"): "lanes_restricted",
    ("impact", "numberOfOperationalLanes"): "lanes_open",
    ("impact", "originalNumberOfLanes"): "lanes_total",
    ("impact", "residualRoadWidth"): "width_m",
    ("queueLength",): "queue_m",
    ("temporarySpeedLimit",): "speed_limit_kmh",
}
_LARGEST = 1e7
_EXCEPTIONS = "Not all of that time: with exceptions."
_MEANT_UNTIL_YEAR = 2100


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What a publication says of all its situations."""

    language: str = ""
    sender: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Situation:
    """What a situation says of all its records."""

    id: str
    status: Status
    scope: Scope
    severity: Severity
    urgency: Urgency
    version: datetime | None


def events_of(element: LocalElements, publication: Publication, *, source: str) -> tuple[Event, ...]:
    """Return an event for each record of a situation. Raises FormatError when it cannot be named or has none."""
    situation = _situation(element)
    records = element.each("situationRecord")
    if not records:
        raise FormatError("the situation has no record", at=element.at)
    if len(records) > MAX_RECORDS:
        element.problem("situationRecord", f"more than {MAX_RECORDS} records; the rest is left out")
    named: dict[str, int] = {}
    found = []
    for number, record in enumerate(records[:MAX_RECORDS], 1):
        name = record.attribute("id") or str(number)
        named[name] = named.get(name, 0) + 1
        name = f"{name}#{named[name]}" if named[name] > 1 else name
        try:
            found.append(_event(record, name, situation, publication, source))
        except FormatError as error:
            record.problems.append(Problem(at=error.at or record.at, message=error.message))
    if not found:
        raise FormatError("no record of the situation can be read", at=element.at)
    return tuple(found)


def has_unread(element: LocalElements) -> bool:
    """Return whether a situation holds what is about people or for operators only, by name; nothing of it is read."""
    if next(element.within(*_ABOUT_PEOPLE), None) is not None:
        return True
    comments = [
        comment for record in element.each("situationRecord") for comment in record.each("generalPublicComment")
    ]
    return not all(_is_public(comment) and not _is_contact(comment) for comment in comments)


def _is_public(comment: LocalElements) -> bool:
    return all(kind.token() in _PUBLIC_COMMENTS for kind in comment.each("commentType"))


def _is_contact(comment: LocalElements) -> bool:
    return any(_names_contact(words) for inner in comment.each("comment") for _, words in inner.texts())


def _names_contact(words: str) -> bool:
    """Return whether a comment begins as a contact, or says how somebody is reached by mail or telephone."""
    return bool(_CONTACT.match(words) or _REACHED.search(_MOMENT.sub(" ", words)))


def _situation(element: LocalElements) -> _Situation:
    identifier = element.attribute("id")
    if not identifier:
        raise FormatError("the situation has no id", at=element.at)
    status = element.word("headerInformation", "informationStatus") or "real"
    if status not in _STATUS:
        raise FormatError("not a status of information that is known", at=f"{element.at}/headerInformation")
    is_public = element.word("headerInformation", "confidentiality") in {"", "noRestriction"}
    return _Situation(
        id=identifier,
        status=_STATUS[status],
        scope=Scope.PUBLIC if is_public else Scope.RESTRICTED,
        severity=_SEVERITY.get(element.word("overallSeverity"), Severity.UNKNOWN),
        urgency=_URGENCY.get(element.word("headerInformation", "urgency"), Urgency.UNKNOWN),
        version=element.time("situationVersionTime"),
    )


def _event(record: LocalElements, name: str, situation: _Situation, publication: Publication, source: str) -> Event:
    onset, expires, note = _validity(record)
    sent = record.time("situationRecordVersionTime") or situation.version
    sent = sent or record.time("situationRecordCreationTime") or onset or publication.as_of
    if sent is None:
        raise FormatError("the record states no time at all", at=record.at)
    areas = areas_of(record)
    return Event(
        source=source,
        sender=publication.sender,
        identifier=f"{situation.id}/{name}",
        sent=sent,
        status=situation.status,
        scope=situation.scope,
        aliases=(f"datex2:{situation.id}",),
        is_over=_is_over(record),
        category=(Category.TRANSPORT,),
        codes=tuple(itertools.islice(dict.fromkeys(_codes(record)), MAX_CODES)),
        urgency=situation.urgency,
        severity=_SEVERITY.get(record.word("severity"), situation.severity),
        certainty=_CERTAINTY.get(record.word("probabilityOfOccurrence"), Certainty.UNKNOWN),
        onset=onset,
        expires=expires,
        texts=_texts(record, publication, areas, note),
        areas=areas,
        measures=dict(_measures(record)),
    )


def _is_over(record: LocalElements) -> bool:
    """Return whether the record itself says that it holds no more, or does not hold for now."""
    cycles = record.at_path("management", "lifeCycleManagement")
    return (
        any(cycle.is_true("cancel") or cycle.is_true("end") for cycle in cycles)
        or record.word("validity", "validityStatus") == "suspended"
        or record.word("operatorActionStatus") in _OVER
    )


def _validity(record: LocalElements) -> tuple[datetime | None, datetime, str]:
    """Return (onset, expires, a sentence where the record does not hold all of that time).

    The bounds are the overall ones, narrowed to the periods stated; one that overruns its planned end has none.
    """
    specification = next(iter(record.at_path("validity", "validityTimeSpecification")), None)
    if specification is None:
        return None, OPEN_END, ""
    onset, expires = specification.time("overallStartTime"), specification.time("overallEndTime")
    periods = specification.each("validPeriod")
    starts = [period.time("startOfPeriod") for period in periods]
    ends = [period.time("endOfPeriod") for period in periods]
    first = min((start for start in starts if start), default=None) if all(starts) else None
    last = max((end for end in ends if end), default=None) if all(ends) else None
    onset = max(filter(None, (onset, first)), default=None)
    expires = min(filter(None, (expires, last)), default=None)
    if any(validity.is_true("overrunning") for validity in record.each("validity")):
        expires = None
    if expires is None or expires.year >= _MEANT_UNTIL_YEAR:
        expires = OPEN_END
    return onset, expires, _note(specification, periods)


def _note(specification: LocalElements, periods: list[LocalElements]) -> str:
    """Return a sentence of ours where the record holds at certain times only."""
    if any(period.each(name) for period in periods for name in _RECURRING):
        return AT_TIMES
    return in_periods(len(periods)) or (_EXCEPTIONS if specification.each("exceptionPeriod") else "")


def _codes(record: LocalElements) -> Iterator[Code]:
    """Yield what the record is and what is said to have caused it, by code."""
    kind = record.xsi_type()
    if kind:
        yield Code("datex2", kind)
    for _, word in record.words("Type"):
        yield Code(f"datex2:{kind or 'SituationRecord'}", word)
    if word := record.word("impact", "trafficConstrictionType"):
        yield Code("datex2:Impact", word)
    for cause in record.each("cause"):
        if word := cause.word("causeType"):
            yield Code("datex2:cause", word)
        for detail in cause.each("detailedCauseType"):
            yield from (Code("datex2:cause", word) for _, word in detail.words())


def _measures(record: LocalElements) -> Iterator[tuple[str, float]]:
    for path, key in _MEASURES.items():
        for holder in record.at_path(*path[:-1]):
            value = holder.number(path[-1])
            if value is not None and 0 <= value <= _LARGEST:
                yield key, value


def _texts(record: LocalElements, publication: Publication, areas: tuple[Area, ...], note: str) -> tuple[Text, ...]:
    """Return where it is, in words of ours, and what the publisher says to the public, a text for each language."""
    where = next((area.description for area in areas if area.description), "")
    said: dict[str, list[str]] = {"en": []} if where or note else {}
    for comment in record.each("generalPublicComment"):
        if not _is_public(comment):
            continue
        for inner in comment.each("comment"):
            for language, words in inner.texts():
                if not _names_contact(words):
                    said.setdefault(_language(language or publication.language), []).append(words)
    if note:
        said["en"].append(note)
    return tuple(
        Text(
            language=language,
            headline=where if language == "en" else "",
            description="\n".join(dict.fromkeys(lines))[:MAX_COMMENT],
        )
        for language, lines in said.items()
    )


_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}")


def _language(tag: str) -> str:
    tag = tag.strip().replace("_", "-")
    return tag if _TAG.fullmatch(tag) else "und"
