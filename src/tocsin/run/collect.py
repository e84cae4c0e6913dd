"""The collect loop's step: documents of one poll in, one commit out.

    bytes -> formats.stream -> gate.examine -> lifecycle -> Change -> store.commit

Nothing of a document outlives this step but what the gate admitted; while it is read, no more is held of it than that
and a digest for each decision, so that a feed may be larger than memory. A document that cannot be read costs itself
only; absence ends an event only in a snapshot source, and only when every document of the poll was read whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin import formats, gate, lifecycle, record, regions
from tocsin.errors import FormatError
from tocsin.model import Decision, Event, Health, Link, Problem, Reading, Source
from tocsin.store import Change, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One body of a poll and the format that its source (or its index) states."""

    format: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A successful fetch: the documents, and the validators that make the next one conditional.

    No documents means "not modified": the source was reached, and all that it said before still stands.
    """

    documents: tuple[Document, ...] = ()
    etag: str = ""
    last_modified: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a poll gave, in numbers and positions only."""

    health: Health
    decisions: tuple[Decision, ...] = ()
    problems: tuple[Problem, ...] = ()
    links: tuple[Link, ...] = ()


def take(store: Store, source: Source, poll: Poll, health: Health, *, now: datetime) -> Collected:
    """Read, examine and store one poll of `source` in one commit; return what it gave.

    `health` is what was known of the source before. When no document could be read the poll counts as failed.
    """
    found = _examine(poll.documents, source, now)
    if poll.documents and not found.documents:
        return Collected(health=fail(store, health, "unreadable", now=now), problems=tuple(found.problems))
    events = [one.event for one in found.admitted.values()]
    whole = found.is_complete and found.documents > 0
    absent = _absences(store, source, events, health, whole=whole, now=now)
    healthy = replace(
        health,
        attempted=now,
        succeeded=now,
        as_of=found.as_of or health.as_of,
        failures=0,
        error="",
        etag=poll.etag,
        last_modified=poll.last_modified,
        digest=poll.digest or health.digest,
        suspected=absent.suspected if absent else health.suspected,
    )
    threads = _threads(store, events)
    store.commit(
        Change(
            events=tuple((one, threads[one.event.id], now) for one in found.admitted.values()),
            threads=threads,
            absent=dict.fromkeys(absent.absent, now) if absent else {},
            decisions=tuple(found.decisions),
            health=(healthy,),
        ),
        now=now,
    )
    return Collected(
        health=healthy,
        decisions=tuple(decision for decision, _ in found.decisions),
        problems=tuple(found.problems),
        links=tuple(found.links),
    )


def fail(store: Store, health: Health, code: str, *, now: datetime) -> Health:
    """Record a failed poll and return the new health. It ends nothing: what was in force stays in force."""
    failed = replace(health, attempted=now, failures=health.failures + 1, error=code, etag="", last_modified="")
    store.commit(Change(health=(failed,)), now=now)
    return failed


def schedule(store: Store, health: Health, due: datetime, *, now: datetime) -> Health:
    """Record when the source is to be asked again and return its health."""
    scheduled = replace(health, next_due=due)
    store.commit(Change(health=(scheduled,)), now=now)
    return scheduled


def links(source: Source, index: bytes, *, now: datetime) -> tuple[Link, ...]:
    """Return the documents that an index names; none where the body is no index or cannot be read."""
    if formats.is_streamed(source.format):
        return ()
    try:
        return formats.read(source.format, index, source=source.id, now=now).links
    except FormatError:
        return ()


@dataclass(slots=True)
class _Found:
    """What has been found in the documents of a poll so far. `documents` counts those that could be read."""

    documents: int = 0
    is_complete: bool = True
    as_of: datetime | None = None
    admitted: dict[str, gate.Admitted] = field(default_factory=dict)
    decisions: list[tuple[Decision, bytes]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def take(self, reading: Reading, source: Source) -> None:
        """Examine the items of one part of a document, and keep of them what may be kept."""
        for item in reading.items:
            ruling = gate.examine(item, issuer_class=source.issuer_class)
            self.admitted |= {one.event.id: one for one in ruling.admitted}
            self.decisions.append((ruling.decision, record.item_digest(item)))
            self.problems += [*item.problems, *_far_off(source, ruling.admitted, at=item.at)]
        self.problems += reading.problems
        self.links += reading.links
        self.is_complete &= reading.is_complete
        self.as_of = max(filter(None, (self.as_of, reading.as_of)), default=None)


def _examine(documents: Sequence[Document], source: Source, now: datetime) -> _Found:
    found = _Found()
    for position, document in enumerate(documents):
        try:
            for reading in formats.stream(document.format, document.body, source=source.id, now=now):
                found.take(reading, source)
        except FormatError as error:
            found.is_complete = False
            at = f"document[{position}] {error.at}".strip()
            found.problems.append(Problem(at=at, message=error.message))
        else:
            found.documents += 1
    return found


def _far_off(source: Source, admitted: Iterable[gate.Admitted], *, at: str) -> Iterator[Problem]:
    """Yield a Problem for each area thousands of kilometres off the issuer's territory: its axes may be swapped."""
    for one in admitted:
        for number, area in enumerate(one.event.areas, 1):
            if area.geometry and regions.is_far(area.geometry, source.jurisdiction):
                yield Problem(at=f"{at} area[{number}]", message=_FAR_OFF)


_FAR_OFF = "the area lies far off the issuer's territory; are latitude and longitude swapped?"


def _absences(
    store: Store, source: Source, listed: Sequence[Event], health: Health, *, whole: bool, now: datetime
) -> lifecycle.Vanished | None:
    """Return what a complete snapshot no longer lists, or None where absence proves nothing.

    What the snapshot itself updates or cancels is not missing, so it is judged together with what was known.
    """
    if not (source.snapshot and whole):
        return None
    known = {event.id: event for event in (*store.events_of(source.id, now), *listed)}
    live = {event.id for event in lifecycle.in_force(known.values(), now)}
    return lifecycle.vanished(live, {event.id for event in listed}, suspected=health.suspected)


def _threads(store: Store, arrived: Sequence[Event]) -> dict[str, str]:
    """Return the thread of every arrived event and of every stored one whose thread an arrival touches."""
    keys = frozenset().union(*(lifecycle.keys(event) for event in arrived)) if arrived else frozenset()
    known = {standing.event.id: standing.event for standing in store.standing(store.threads_of(keys))}
    return lifecycle.threads({**known, **{event.id: event for event in arrived}}.values())
