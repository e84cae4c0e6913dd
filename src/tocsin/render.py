"""A notice as people read it: subject, text, HTML and JSON. Pure; the words of issuers have passed the gate.

What a reader needs comes in this order: what and how bad, where and when in the place's own time, what to do, who
says so. Feed text is text: it is escaped in HTML, and line breaks and control characters never reach the subject.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from tocsin.hazards import FAMILIES, HAZARDS
from tocsin.model import Concern, Level, Notice, Place, Reason, Relation, Text

REASONS: Mapping[Reason, str] = {
    Reason.FIRST: "New",
    Reason.WORSE: "Worse than told before",
    Reason.SOONER: "Begins sooner than told before",
    Reason.LONGER: "Lasts longer than told before",
    Reason.INSTRUCTION: "There is something new to do",
    Reason.EASED: "Eased",
    Reason.ENDED: "Over",
    Reason.BLIND: "Nobody who works watches this now",
    Reason.SEEING_AGAIN: "Watched again",
    Reason.REMINDER: "Reminder",
}
_EXERCISE = re.compile(r"\b(test|exercise|drill|übung|exercice|ejercicio|esercitazione)\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_LONGEST_SUBJECT = 200
_KM = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel sends: a subject on one line, plain text, a whole HTML page, and an object of plain JSON types."""

    subject: str
    text: str
    html: str
    json: dict[str, Any]


def render(notice: Notice, places: Mapping[str, Place], *, language: str = "en") -> Message:
    """Return the notice as a message. `language` chooses among the issuer's texts; the frame is English for now."""
    line = subject(notice, places)
    shown = {
        "notice": notice,
        "subject": line,
        "reason": REASONS[notice.reason],
        "level": notice.level.words,
        "what": _what(notice),
        "wheres": [_where(name, notice, places) for name in notice.places],
        "issuer_text": words(notice, language),
        "unwatched": [FAMILIES.get(family, family) for family in notice.families],
        "evidence": _evidence(notice),
    }
    return Message(
        subject=line,
        text=_TEXTS.get_template("notice.txt").render(shown).strip() + "\n",
        html=_PAGES.get_template("notice.html").render(shown),
        json=_json(notice, places, line),
    )


def subject(notice: Notice, places: Mapping[str, Place]) -> str:
    """Return the notice in one line, without control characters, of at most 200 characters."""
    first = places[notice.places[0]].name if notice.places and notice.places[0] in places else "a removed place"
    more = len(notice.places) - 1
    where = first if more <= 0 else f"{first} and {more} more place{'s' if more > 1 else ''}"
    if notice.reason is Reason.BLIND:
        unwatched = ", ".join(FAMILIES.get(family, family).lower() for family in notice.families)
        line = f"Blind: no working source watches {unwatched} for {where}"
    elif notice.reason is Reason.SEEING_AGAIN:
        line = f"Seeing again: all sources work for {where}"
    elif notice.reason is Reason.ENDED:
        line = f"All clear: {_what(notice)}, {where}"
    elif notice.reason is Reason.FIRST:
        line = f"{notice.level.words}: {_what(notice)}, {where}"
    else:
        line = f"{notice.level.words}: {_what(notice)}, {where} ({REASONS[notice.reason].lower()})"
    exercise = next(
        (found for text in notice.texts if (found := _EXERCISE.search(f"{text.headline} {text.event}"))), None
    )
    if exercise:
        line = f"{exercise[0].upper()}: {line}"
    return plain(line)[:_LONGEST_SUBJECT]


def plain(text: str) -> str:
    """Return text for one line: control and direction characters gone, white space folded."""
    return " ".join(_BIDI.sub("", _CONTROL.sub(" ", text)).split())


def words(notice: Notice, language: str) -> Text:
    """Return the issuer's text in this language, else in English, else the first, else an empty one."""
    wanted = language.split("-", maxsplit=1)[0].lower()
    for tongue in (wanted, "en"):
        for text in notice.texts:
            if text.language.split("-")[0].lower() == tongue:
                return text
    return notice.texts[0] if notice.texts else Text()


def _what(notice: Notice) -> str:
    if notice.hazard is not None:
        return HAZARDS[notice.hazard].label
    return FAMILIES.get(notice.family, notice.family)


def _where(name: str, notice: Notice, places: Mapping[str, Place]) -> dict[str, Any]:
    place = places.get(name)
    concern = next((one for one in notice.concerns if one.place == name), None)
    zone = ZoneInfo(place.timezone) if place else ZoneInfo("UTC")
    begins, ends = (concern.begins, concern.ends) if concern else (notice.begins, notice.ends)
    return {
        "name": place.name if place else name,
        "begins": _local(begins, zone),
        "ends": _local(ends, zone),
        "distance": _distance(concern) if concern else "",
        "sides": _sides(concern) if concern else "",
    }


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %d %b %H:%M %Z}" if moment else "not stated"


def _distance(concern: Concern) -> str:
    if concern.relation is Relation.UNPLACED or not math.isfinite(concern.distance_m):
        return "area not exact: the issuer names a region only"
    if concern.relation is Relation.APPROACH:
        return "on the road to it"
    return f"{concern.distance_m / _KM:.1f} km from it" if concern.distance_m else ""


def _sides(concern: Concern) -> str:
    sides = {"people": concern.people, "buildings": concern.buildings, "traffic": concern.traffic}
    return ", ".join(f"{name}: {level.words.lower()}" for name, level in sides.items() if level > Level.CALM)


def _evidence(notice: Notice) -> list[str]:
    found = {
        one.event: f"{one.source}: {one.severity}, {one.urgency}, {one.certainty}, issued {one.sent:%Y-%m-%d %H:%M} UTC"
        for concern in notice.concerns
        for one in concern.evidence
    }
    return list(dict.fromkeys(found.values()))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _json(notice: Notice, places: Mapping[str, Place], line: str) -> dict[str, Any]:
    """Return the notice object of CONTRACT.md, with names to show beside the ids."""
    return {
        "id": notice.id,
        "at": _iso(notice.at),
        "reason": notice.reason.value,
        "channel": notice.channel,
        "family": notice.family,
        "hazard": notice.hazard,
        "level": notice.level.value,
        "level_words": notice.level.words,
        "begins": _iso(notice.begins),
        "ends": _iso(notice.ends),
        "places": list(notice.places),
        "place_names": [places[name].name if name in places else name for name in notice.places],
        "threads": list(notice.threads),
        "families": list(notice.families),
        "sources": list(notice.sources),
        "subject": line,
        "sender_name": notice.sender_name,
        "web": notice.web,
    }


def _environment(*, autoescape: bool) -> Environment:
    return Environment(
        loader=PackageLoader("tocsin"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_TEXTS = _environment(autoescape=False)
_PAGES = _environment(autoescape=True)
