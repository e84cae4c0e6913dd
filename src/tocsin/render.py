"""A notice as people read it: subject, text, HTML and JSON. Pure; the words of issuers have passed the gate.

What a reader needs comes in this order: what and how bad, where and when in the place's own time, what to do, who
says so. Feed text is text: it is escaped in HTML, nothing is loaded from anywhere, and line breaks, control and
direction characters reach neither the subject nor any other line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from tocsin.hazards import FAMILIES, HAZARDS
from tocsin.ledger.state import LogState
from tocsin.model import Concern, Evidence, Level, Notice, Place, Reason, Relation, Text

REASONS: Mapping[Reason, str] = {
    Reason.FIRST: "New",
    Reason.WORSE: "Worse than told before",
    Reason.SOONER: "Begins sooner than told before",
    Reason.LONGER: "Lasts longer than told before",
    Reason.INSTRUCTION: "There is something new to do",
    Reason.EASED: "Eased",
    Reason.ENDED: "Over",
    Reason.BLIND: "No source that works watches this now: no news is not good news",
    Reason.SEEING_AGAIN: "Watched again",
    Reason.REMINDER: "Reminder",
}
# An issuer's own marker in a message with status Actual: whole words in capitals, or the first word of the headline.
_EXERCISES = "test|exercise|drill|übung|probealarm|exercice|ejercicio|simulacro|esercitazione"
_EXERCISE = re.compile(rf"(?:^\W*(?i:{_EXERCISES})|\b(?:{_EXERCISES.upper()}))\b")
_DENIED = re.compile(r"\b(?:not an?|no|keine?|pas une?|no es un|non è un)\s+$", re.IGNORECASE)
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")
_LONGEST_SUBJECT = 200
_MOST_FAMILIES = 4  # named in a subject
_MOST_EVIDENCE = 20  # messages named in a notice, worst and newest first
_NEAR_KM = 10.0  # up to which a distance is told with a decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel sends: a subject on one line, plain text, a whole HTML page, and an object of plain JSON types."""

    subject: str
    text: str
    html: str
    json: dict[str, Any]


def render(
    notice: Notice, places: Mapping[str, Place], *, language: str = "en", state: LogState | None = None
) -> Message:
    """Return the notice as a message; a place that is no longer in `places` is called by its id.

    The issuer's texts are shown in `language` and in the first language of each place, as far as there are any. The
    frame around them is English. Its last line says how the ledger stands (`state`): whoever keeps the mail keeps a
    piece of the log that nobody can take back.
    """
    line = subject(notice, places)
    told = list(_texts(notice, places, language))
    shown = {
        "notice": notice,
        "subject": line,
        "reason": REASONS[notice.reason],
        "is_over": notice.reason is Reason.ENDED,
        "headlines": [_lined(text, plain(text.headline)) for text in told if text.headline],
        "instructions": [_lined(text, prose(text.instruction)) for text in _with_instruction(told, notice)],
        "descriptions": [_lined(text, prose(text.description)) for text in told if text.description],
        "wheres": [_where(name, notice, places) for name in _in_order(notice)],
        "unwatched": [_family(family) for family in notice.families],
        "blinded": [HAZARDS[slug].label for slug in _blinded(notice)],
        "sender_name": plain(notice.sender_name),
        "evidence": _sayings(_evidence(notice)),
        "web": link(notice.web),
        "ledger": state,
    }
    return Message(
        subject=line,
        text=re.sub(r"\n{3,}", "\n\n", _SHEETS.get_template("notice.txt").render(shown)).strip() + "\n",
        html=_PAGES.get_template("notice.html").render(shown),
        json=_json(notice, places, line, told) | ({"ledger": state.json()} if state else {}),
    )


def subject(notice: Notice, places: Mapping[str, Place]) -> str:
    """Return the notice in one line of at most 200 characters: "Act now: Tornado — Depot A (+2 places)"."""
    if notice.reason is Reason.BLIND:
        line = f"Blind: no working source watches {_some(notice.families)} for {_some_places(notice, places)}"
    elif notice.reason is Reason.SEEING_AGAIN:
        line = f"Seeing again: {_some(notice.families) or 'all sources work'} for {_some_places(notice, places)}"
    else:
        told = "All clear" if notice.reason is Reason.ENDED else notice.level.words
        line = f"{told}: {_what(notice)} — {_some_places(notice, places)}"
        if notice.reason not in {Reason.FIRST, Reason.ENDED}:
            line += f", {REASONS[notice.reason].lower()}"
    line = plain(line)
    if marker := _exercise(notice.texts):
        line = f"{marker}: {line}"
    return line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1] + "…"


def plain(text: str) -> str:
    """Return text as one line: control and direction characters gone, white space folded."""
    return " ".join(_CONTROL.sub("", text).split())


def prose(text: str) -> str:
    """Return text of several lines: control and direction characters gone, no more than one empty line in a row."""
    lines = [plain(line) for line in _BREAKS.sub("\n", text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def link(web: str) -> str:
    """Return an address that is safe to offer as a link, or "": http or https, a host, no user name, no blanks."""
    try:
        parts = urlsplit(web)
    except ValueError:
        return ""
    is_sound = parts.scheme in {"http", "https"} and parts.netloc and "@" not in parts.netloc
    return web if is_sound and not re.search(r"[\s<>\"\x00-\x20\x7f-\x9f]", web) else ""


# --- what happens -------------------------------------------------------------------------------------------------


def _what(notice: Notice) -> str:
    hazard = HAZARDS.get(notice.hazard or "")
    return hazard.label if hazard else _family(notice.family)


def _family(name: str) -> str:
    return FAMILIES.get(name, name)


def _blinded(notice: Notice) -> list[str]:
    """Return the hazards of the families that nobody watches, in the order of the list."""
    return [slug for slug, hazard in HAZARDS.items() if hazard.family in notice.families]


def _some(families: Iterable[str]) -> str:
    names = [_family(name).lower() for name in families]
    more = f" and {len(names) - _MOST_FAMILIES} more" if len(names) > _MOST_FAMILIES else ""
    return ", ".join(names[:_MOST_FAMILIES]) + more


def _some_places(notice: Notice, places: Mapping[str, Place]) -> str:
    first, more = _name(_in_order(notice)[0], places), len(notice.places) - 1
    return f"{first} (+{more} place{'s' if more > 1 else ''})" if more else first


def _in_order(notice: Notice) -> list[str]:
    """Return the places, those first that it meets worst and soonest."""
    return list(dict.fromkeys([*(one.place for one in notice.concerns), *notice.places]))


def _name(place: str, places: Mapping[str, Place]) -> str:
    return plain(places[place].name if place in places else place)


def _exercise(texts: Iterable[Text]) -> str:
    """Return the word by which the issuer marks a test, in capitals, or ""."""
    for line in (line for text in texts for line in (text.headline, text.event)):
        for found in _EXERCISE.finditer(line):
            if not _DENIED.search(line[: found.start()]):
                return re.sub(r"\W", "", found[0]).upper()
    return ""


# --- the issuer's words -------------------------------------------------------------------------------------------


def words(notice: Notice, language: str) -> Text:
    """Return the issuer's text in this language, else in English, else the first, else an empty one."""
    for tongue in (language, "en"):
        for text in notice.texts:
            if _tongue(text.language) == _tongue(tongue):
                return text
    return notice.texts[0] if notice.texts else Text()


def _tongue(language: str) -> str:
    return language.partition("-")[0].lower()


def _texts(notice: Notice, places: Mapping[str, Place], language: str) -> Iterator[Text]:
    """Yield the issuer's texts in the languages that are read, each once."""
    read = [
        language,
        *(place.languages[0] for name in notice.places if (place := places.get(name)) and place.languages),
    ]
    yield from dict.fromkeys(words(notice, one) for one in read)


def _with_instruction(told: Iterable[Text], notice: Notice) -> list[Text]:
    """Return the texts that say what to do; in any language, if those that are read say nothing."""
    return [text for text in told if text.instruction] or [text for text in notice.texts if text.instruction][:1]


def _lined(text: Text, words: str) -> dict[str, str]:
    return {"language": "" if text.language == "und" else text.language, "words": words}


# --- where, when and who ------------------------------------------------------------------------------------------


def _where(name: str, notice: Notice, places: Mapping[str, Place]) -> dict[str, Any]:
    place = places.get(name)
    concern = next((one for one in notice.concerns if one.place == name), None)
    zone = ZoneInfo(place.timezone) if place else ZoneInfo("UTC")
    begins, ends = (concern.begins, concern.ends) if concern else (notice.begins, notice.ends)
    return {
        "name": _name(name, places),
        "at": _local(notice.at, zone),
        "begins": _local(begins, zone),
        "ends": _local(ends, zone),
        "steps": _steps(concern, zone) if concern else [],
        "distance": _distance(concern) if concern else "",
        "sides": _sides(concern) if concern else "",
    }


def _steps(concern: Concern, zone: ZoneInfo) -> list[str]:
    """Return how the level goes on, where it does not stay the same: "act now until ...", "be prepared until ..."."""
    return [
        f"{step.level.words.lower()} from {_local(step.begins, zone)} until {_local(step.ends, zone)}"
        for step in concern.steps
    ]


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    """Return a moment in the place's own time, with the name of the zone: its letters alone mean several zones."""
    return f"{moment.astimezone(zone):%a %d %b %Y %H:%M %Z} ({zone.key})" if moment else "not stated"


def _distance(concern: Concern) -> str:
    if concern.relation is Relation.UNPLACED or concern.distance_m == inf:
        return "area not exact: the issuer names it by codes only, and this place lies in the wider region"
    km = concern.distance_m / 1000
    far = "" if not km else f"{km:.1f} km from it" if km < _NEAR_KM else f"{km:.0f} km from it"
    return f"a road to it lies in the area, {far}" if concern.relation is Relation.APPROACH else far


def _sides(concern: Concern) -> str:
    sides = {"people": concern.people, "buildings": concern.buildings, "traffic": concern.traffic}
    return ", ".join(f"{name}: {level.words.lower()}" for name, level in sides.items() if level > Level.CALM)


def _evidence(notice: Notice) -> list[Evidence]:
    """Return the evidence of all places, each event once, in the order of the concerns."""
    return list({one.event: one for concern in notice.concerns for one in concern.evidence}.values())


def _sayings(evidence: list[Evidence]) -> list[str]:
    more = len(evidence) - _MOST_EVIDENCE
    return [_said(one) for one in evidence[:_MOST_EVIDENCE]] + ([f"and {more} more"] if more > 0 else [])


def _said(one: Evidence) -> str:
    exact = "" if one.area_exact else ", area not exact"
    rating = f"severity {one.severity}, urgency {one.urgency}, certainty {one.certainty}"
    return plain(f"{one.source}: {rating}{exact}; issued {one.sent:%Y-%m-%d %H:%M} UTC as {one.identifier}")


# --- JSON ---------------------------------------------------------------------------------------------------------


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _json(notice: Notice, places: Mapping[str, Place], line: str, told: list[Text]) -> dict[str, Any]:
    """Return the notice object of docs/channels.md, with names to show beside the ids."""
    instructions = _with_instruction(told, notice)
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
        "place_names": [_name(name, places) for name in notice.places],
        "threads": list(notice.threads),
        "families": list(notice.families),
        "hazards": _blinded(notice),
        "sources": list(notice.sources),
        "subject": line,
        "headline": plain(told[0].headline),
        "instruction": prose(instructions[0].instruction) if instructions else "",
        "sender_name": plain(notice.sender_name),
        "web": link(notice.web),
    }


def _environment(*, autoescape: bool) -> Environment:
    return Environment(
        loader=PackageLoader("tocsin"),
        autoescape=autoescape,  # noqa: S701  off for plain text only, where "&amp;" would be an error
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_SHEETS = _environment(autoescape=False)
_PAGES = _environment(autoescape=True)
