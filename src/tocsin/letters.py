"""Quality letters: the faults found in a publisher's documents, in words that the publisher can act on. Pure.

A fault is what a reader said of a document: words of ours and a position, never a word of the feed. Positions are
counted without their numbers, so that one mistake in a template is one fault, however often it was made; one position
as it stood is kept as an example. What to ask for stands in `letters.toml`.
"""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib import resources

from tocsin.model import Fault, Problem, Source

WIDTH = 78
MAX_FAULTS = 200
"""Sorts of faults that are kept of one source; a hostile feed may have more, and nobody reads them."""

_NUMBERS = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What decides, and what to ask for."""

    clause: str
    please: str


def load(text: str) -> Mapping[str, Advice]:
    """Return the advice by the beginning of the words that it fits. Raises ValueError for a second of one beginning."""
    found: dict[str, Advice] = {}
    for row in tomllib.loads(text)["fault"]:
        if row["says"] in found:
            raise ValueError(f"{row['says']}: is there twice")
        found[row["says"]] = Advice(clause=row["clause"], please=row["please"])
    return found


ADVICE = load(resources.files("tocsin").joinpath("letters.toml").read_text(encoding="utf-8"))


def advice(message: str) -> Advice | None:
    """Return what to ask for where a reader said `message`; None where nobody has written it down."""
    fitting = [beginning for beginning in ADVICE if message.startswith(beginning)]
    return ADVICE[max(fitting, key=len)] if fitting else None


def faults(source: str, problems: Iterable[Problem], *, day: date) -> tuple[Fault, ...]:
    """Return the problems of one poll as faults, each sort once with its count."""
    found: dict[tuple[str, str], Fault] = {}
    for problem in problems:
        key = (problem.message, _NUMBERS.sub("[]", problem.at))
        known = found.get(key)
        if known is not None:
            found[key] = replace(known, count=known.count + 1)
        elif len(found) < MAX_FAULTS:
            found[key] = Fault(
                source=source,
                message=problem.message,
                where=key[1],
                example=problem.at,
                is_repaired=problem.is_repaired,
                count=1,
                first=day,
                last=day,
            )
    return tuple(found.values())


def letter(source: Source, found: Sequence[Fault]) -> str:
    """Return the letter to the publisher of `source`: plain text, worst first, ready to be read and sent by a person.

    Faults that cost a warning or part of it come before those that could be helped, frequent ones before rare ones.
    """
    ranked = sorted(found, key=lambda fault: (fault.is_repaired, -fault.count, fault.message, fault.where))
    parts = [_head(source, ranked), *(_item(number, fault) for number, fault in enumerate(ranked, 1)), _FOOT]
    return "\n\n".join(parts) + "\n"


def _head(source: Source, found: Sequence[Fault]) -> str:
    if not found:
        about = "We have found no fault in its documents. Thank you."
    else:
        costly = sum(not fault.is_repaired for fault in found)
        period = f"from {min(fault.first for fault in found)} to {max(fault.last for fault in found)}"
        about = (
            f"In its documents {period} we have found faults of {len(found)} {'sort' if len(found) == 1 else 'sorts'}. "
            f"{len(found) - costly} of them we could repair when reading; {costly} cost a warning, or part of one, at "
            "the places that we look after. Other readers may not repair what we repair."
        )
    return f"To: {source.publisher}\nAbout: {source.url}\n\n{_wrapped(f'We read this feed to warn people. {about}')}"


def _item(number: int, fault: Fault) -> str:
    times = "once" if fault.count == 1 else f"{fault.count:,} times"
    when = f"on {fault.first}" if fault.first == fault.last else f"from {fault.first} to {fault.last}"
    advised = advice(fault.message)
    lines = [
        f"{number}. {fault.message[:1].upper()}{fault.message[1:]}.",
        f"Where: {fault.where}, {times}, {when}; for example {fault.example}.",
        "We could repair it when reading." if fault.is_repaired else "It could not be read as it was meant.",
    ]
    if advised is not None:
        lines += [f"Please: {advised.please}", *([f"See: {advised.clause}."] if advised.clause else [])]
    return "\n".join(_wrapped(line, hang=0 if line is lines[0] else 3) for line in lines)


_FOOT = textwrap.fill(
    "Positions are XPath or JSON paths; XML is counted from 1, lists in JSON from 0. This letter was written by a "
    "program (Tocsin) from its own notes, which hold no word of your documents.",
    WIDTH,
)


def _wrapped(text: str, *, hang: int = 0) -> str:
    indent = " " * hang
    return textwrap.fill(
        text, WIDTH, initial_indent=indent, subsequent_indent=" " * 3 if hang or text[:1].isdigit() else ""
    )
