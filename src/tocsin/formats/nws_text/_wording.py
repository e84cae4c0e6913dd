"""The words of a segment: headlines, description, instruction, and the names of its zones.

Never read: what stands after the first "&&" of a text (tables, station lists), LAT...LON and TIME...MOT...LOC, what
follows "$$" (the forecaster's name or initials), a signature between dots ("..SMITH..", "...Hart"), lists of cities,
and every sentence that gives a telephone number, a mailbox or somebody to contact.

Source: NWSI 10-1701 (segment layout), 10-511 and 10-513 (headlines, bullets, calls to action).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.formats._bulletin import written_time

MAX_TEXT = 16_384  # characters of one field
_MOST_HEADLINES = 20
_HEADLINE_LINES = 12
_CALL = re.compile(r"\.*PRECAUTIONARY ?/ ?PREPAREDNESS ACTIONS\.* *(.*)", re.IGNORECASE)
_STOP = re.compile(r"&&|\$\$|LAT\.\.\.LON|TIME\.\.\.MOT", re.IGNORECASE)
_CITIES = re.compile(r"INCLUDING THE (?:CIT|TOWN|LOCATION|COMMUNIT|FOLLOWING)", re.IGNORECASE)
_SIGNATURE = re.compile(r"\.{2,3}[A-Za-z]+(?:/[A-Za-z]+)*(?:\.\.)?(?: *[0-9]{2}/[0-9]{2}/[0-9]{4})?")
_PHONE = r"\(?[0-9]{3}\)?[-. /]{1,2}[0-9]{3}[-. ][0-9]{4}|\b(?:CALL|DIAL|PHONE|TELEPHONE)\b(?!-)"
# "Avoid contact with flood water" is no contact of this kind.
_PERSON = r"@|(?<!IN )(?<!DIRECT )\bCONTACT (?!WITH|BETWEEN)|\bFORECASTER\b|\bATTENTION MEDIA\b"
_CONTACT = re.compile(rf"{_PHONE}|{_PERSON}", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?]) +(?=[A-Za-z0-9])")
_WHERE = re.compile(r"\* WHERE ?\.\.\. ?(.*)", re.IGNORECASE)
_FOR = re.compile(r"\* [A-Za-z ]+ FOR(?: A PORTION OF)?\.\.\. ?(.*)", re.IGNORECASE)
_OFFICE = re.compile(r"(?:RELAYED BY |ISSUED BY )?((?:NATIONAL WEATHER SERVICE|NWS) .*?)(?: {2,}.*)?", re.IGNORECASE)
_GAP = re.compile(r"\S {3,}\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What may be read of a segment's text. Everything may be empty."""

    headlines: tuple[str, ...] = ()
    description: str = ""
    instruction: str = ""


def read_wording(lines: Sequence[str]) -> Wording:
    """Return the words of a segment or preamble, the lines of which begin after codes, names and issuance line."""
    headlines, start = _headlines(lines)
    body: list[str] = []
    call: list[str] = []
    section: list[str] | None = body
    for line in lines[start:]:
        if line.strip() == "$$":
            break
        if found := _CALL.fullmatch(line.strip()):
            section = call
            section.append(found[1])
            continue
        if _STOP.match(line.strip()):
            section = None
        if section is not None:
            section.append(line)
    return Wording(headlines=headlines, description=_prose(body), instruction=_prose(call))


def names_of(lines: Iterable[str]) -> tuple[str, int]:
    """Return the zone names that follow the codes of a segment at once, and how many lines they take."""
    names: list[str] = []
    count, is_name = 0, True
    for line in lines:
        if not line.strip() or line.startswith(("...", "*", "/")) or written_time(line) or count > _HEADLINE_LINES * 8:
            break
        is_name = is_name and not _CITIES.match(line.strip())
        if is_name:
            names.append(line.strip())
        count += 1
    said = " ".join(names)
    # "ALPHA-BETA-" is a list; without its last dash the words are a sentence.
    listed = re.sub(r"- ?(?=\S)", ", ", said).strip(" -") if said.endswith("-") else said
    return listed[:MAX_TEXT], count


def where(lines: Sequence[str]) -> str:
    """Return the text of the bullet that says where, "" when there is none."""
    for pattern in (_WHERE, _FOR):
        for number, line in enumerate(lines):
            if found := pattern.fullmatch(line.strip()):
                rest = _until_bullet(lines[number + 1 :])
                return " ".join(filter(None, [found[1], *rest])).strip(" .")[:MAX_TEXT]
    return ""


def office_name(lines: Iterable[str]) -> str:
    """Return the line of the product that names the issuing office."""
    found = (_OFFICE.fullmatch(line.strip()) for line in lines)
    return next((match[1].strip() for match in found if match), "")


def _until_bullet(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if not line.strip() or line.lstrip().startswith("*"):
            return
        yield line.strip()


def _headlines(lines: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Return the headlines ("...SUCH AS THIS...") that stand before anything else, and where the rest begins."""
    found: list[str] = []
    position = 0
    while position < len(lines) and len(found) < _MOST_HEADLINES:
        line = lines[position].strip()
        if line and not line.startswith("..."):
            break
        position += 1
        if not line:
            continue
        parts = [line]
        while not _is_closed(parts) and position < len(lines) and lines[position].strip():
            if len(parts) == _HEADLINE_LINES:
                break
            parts.append(lines[position].strip())
            position += 1
        if not _SIGNATURE.fullmatch(" ".join(parts)):
            found.append(" ".join(parts).strip(". "))
    return tuple(text[:MAX_TEXT] for text in found if text), position


def _is_closed(parts: Sequence[str]) -> bool:
    return len(" ".join(parts)) > len("...") and parts[-1].endswith("...")


def _prose(lines: Iterable[str]) -> str:
    """Return paragraphs, each on one line unless it is a table, without signatures and sentences of contact."""
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        text = line.strip()
        is_rule = not text.strip("-=_")
        if is_rule or text.startswith("*"):
            paragraphs.append([])
        if not is_rule and not _SIGNATURE.fullmatch(text):
            paragraphs[-1].append(line.rstrip())
    told = (_paragraph(paragraph) for paragraph in paragraphs if paragraph)
    return "\n\n".join(text for text in told if text)[:MAX_TEXT]


def _paragraph(lines: Sequence[str]) -> str:
    if any(_GAP.search(line) for line in lines):
        return "\n".join(line for line in lines if not _CONTACT.search(line))
    sentences = _SENTENCE.split(" ".join(line.strip() for line in lines))
    return " ".join(sentence for sentence in sentences if not _CONTACT.search(sentence))
