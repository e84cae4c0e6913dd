"""The first half of the collect step: documents in, what may be kept of them out. Nothing is stored here.

    bytes -> formats.stream -> gate.examine -> Found

While a document is read, no more is held of it than what the gate admitted and a digest for each decision, so that a
feed may be larger than memory. A document that cannot be read costs itself only.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from tocsin import formats, gate, record, regions
from tocsin.errors import FormatError
from tocsin.model import Item, Link, Problem, Reading, Source, Status
from tocsin.run import vitals
from tocsin.store import Ruled

log = structlog.get_logger("tocsin")

_APART = 1_000  # parts of one message, of which no reader makes so many
_PAGE = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One body of a poll, the format that its source (or its index) states, and the link that an index gave for it."""

    format: str
    body: bytes
    link: Link | None = None


@dataclass(slots=True)
class Found:
    """What has been found in the documents of a poll so far. `documents` counts those that could be read.

    `key` is the installation's, under which the gate names what is kept without its cause.

    `as_of` is the newest of the feed's own times and `beat` the newest sign of life, of those that can be true.
    `faulty` holds the problems of which the publisher may be told: not those of items that were dropped for what they
    were about. `repaired` holds the ids of admitted events of items that did not keep to their standard, `named` those
    of each link of an index.
    """

    key: bytes = gate.NO_INSTALLATION
    documents: int = 0
    is_complete: bool = True
    as_of: datetime | None = None
    beat: datetime | None = None
    admitted: dict[str, gate.Admitted] = field(default_factory=dict)
    decisions: list[Ruled] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    faulty: list[Problem] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    repaired: set[str] = field(default_factory=set)
    named: dict[Link, frozenset[str]] = field(default_factory=dict)

    def take(self, reading: Reading, source: Source, document: Document, now: datetime) -> None:
        """Examine the items of one part of a document, and keep of them what may be kept."""
        for item in reading.items:
            ruling = gate.examine(item, issuer_class=source.issuer_class, key=self.key)
            self._take_item(item, ruling, source, document, now)
        self.problems += reading.problems
        self.faulty += reading.problems
        self.links += reading.links
        self.is_complete &= reading.is_complete
        self.as_of = _newest(self.as_of, reading.as_of, now=now)

    def _take_item(self, item: Item, ruling: gate.Ruling, source: Source, document: Document, now: datetime) -> None:
        admitted = {self._keep(one) for one in ruling.admitted}
        self.decisions.append(Ruled(decision=ruling.decision, digest=record.item_digest(item), events=tuple(admitted)))
        problems = [*item.problems, *_far_off(source, ruling.admitted, at=item.at)]
        self.problems += problems
        self.faulty += problems if ruling.admitted or not item.events else ()
        self.repaired |= admitted if any(problem.is_repaired for problem in item.problems) else set()
        self.beat = _newest(self.beat, *_signs_of_life(item, ruling), now=now)
        if document.link is not None:
            self.named[document.link] = self.named.get(document.link, frozenset()) | admitted

    def _keep(self, one: gate.Admitted) -> str:
        """Keep an admitted event and return its id. Of two that differ under one name both are kept, in any order."""
        while (known := self.admitted.get(one.event.id)) is not None and known.event != one.event:
            if record.to_text(one.event) < record.to_text(known.event):
                self.admitted[one.event.id], one = one, known
            one = gate.beside(one, part=one.event.part + _APART)
        self.admitted[one.event.id] = one
        return one.event.id


def examine(
    documents: Sequence[Document],
    source: Source,
    now: datetime,
    *,
    key: bytes = gate.NO_INSTALLATION,
) -> Found:
    """Return what the documents of one poll hold. `key` is the installation's.

    A mistake of a reader of ours costs the document that brought it out, and is logged by kind and line of our code.
    """
    found = Found(key=key)
    for position, document in enumerate(documents):
        try:
            for reading in formats.stream(document.format, document.body, source=source.id, now=now):
                found.take(reading, source, document, now)
        except FormatError as error:
            found.is_complete = False
            refused = Problem(at=f"document[{position}] {error.at}".strip(), message=error.message)
            found.problems.append(refused)
            found.faulty.append(refused)
        except Exception as error:  # noqa: BLE001  whatever a hostile document brings out must not end the loop
            _log_mistake(error, source=source.id, format_=document.format, position=position)
            found.is_complete = False
            found.problems.append(Problem(at=f"document[{position}]", message="our reader failed on it; see the log"))
        else:
            found.documents += 1
    return found


def why_unreadable(documents: Sequence[Document]) -> str:
    """Return why nothing could be read, as a word: an empty body, a page for people, or neither."""
    if not any(document.body.strip() for document in documents):
        return "empty-body"
    return "html-page" if any(_PAGE.match(document.body) for document in documents) else "unreadable"


def _log_mistake(error: Exception, *, source: str, format_: str, position: int) -> None:
    """Log where in our code it happened. Never the error's own words: they may quote the document."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    at = f"{Path(frame.filename).name}:{frame.lineno}"
    log.error("a reader failed", source=source, format=format_, document=position, error=type(error).__name__, at=at)


def _newest(known: datetime | None, *said: datetime | None, now: datetime) -> datetime | None:
    """Return the latest of these moments, those left out that our clock makes impossible."""
    possible = (one for one in said if one is not None and one <= now + vitals.AHEAD_AT_MOST)
    return max(filter(None, (known, *possible)), default=None)


def _signs_of_life(item: Item, ruling: gate.Ruling) -> Iterator[datetime]:
    """Yield when tests, exercises and status messages were sent, and what was admitted; of the rest nothing is kept."""
    for event in item.events:
        if event.status is not Status.ACTUAL or ruling.admitted:
            yield event.sent


def _far_off(source: Source, admitted: Iterable[gate.Admitted], *, at: str) -> Iterator[Problem]:
    """Yield a Problem for each area thousands of kilometres off the issuer's territory: its axes may be swapped."""
    for one in admitted:
        for number, area in enumerate(one.event.areas, 1):
            if area.geometry and regions.is_far(area.geometry, source.jurisdiction):
                yield Problem(at=f"{at} area[{number}]", message=_FAR_OFF)


_FAR_OFF = "the area lies far off the issuer's territory; are latitude and longitude swapped?"
