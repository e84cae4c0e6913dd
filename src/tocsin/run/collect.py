"""The collect loop's step: documents of one poll in, one commit out.

    bytes -> formats.read -> gate.examine -> lifecycle -> Change -> store.commit

Nothing of a document outlives this step but what the gate admitted. A document that cannot be read costs itself
only; absence ends an event only in a snapshot source, and only when every document of the poll was read whole.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin import formats, gate, lifecycle, record, regions
from tocsin.errors import FormatError
from tocsin.model import Decision, Event, Health, Item, Link, Problem, Reading, Source
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
    readings, problems = _read(poll.documents, source, now)
    if poll.documents and not readings:
        return Collected(health=fail(store, health, "unreadable", now=now), problems=tuple(problems))
    items = [item for reading in readings for item in reading.items]
    rulings = [gate.examine(item, issuer_class=source.issuer_class) for item in items]
    admitted = {one.event.id: one for ruling in rulings for one in ruling.admitted}
    whole = bool(poll.documents) and not problems and all(reading.is_complete for reading in readings)
    events = [one.event for one in admitted.values()]
    absent = _absences(store, source, events, health, whole=whole, now=now)
    healthy = replace(
        health,
        attempted=now,
        succeeded=now,
        as_of=max((reading.as_of for reading in readings if reading.as_of), default=health.as_of),
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
            events=tuple((one, threads[one.event.id], now) for one in admitted.values()),
            threads=threads,
            absent=dict.fromkeys(absent.absent, now) if absent else {},
            decisions=tuple(
                (ruling.decision, record.item_bytes(item)) for item, ruling in zip(items, rulings, strict=True)
            ),
            health=(healthy,),
        ),
        now=now,
    )
    return Collected(
        health=healthy,
        decisions=tuple(ruling.decision for ruling in rulings),
        problems=(
            *problems,
            *(problem for reading in readings for problem in _all_problems(reading)),
            *_far_off(source, items, admitted),
        ),
        links=tuple(link for reading in readings for link in reading.links),
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
    try:
        return formats.read(source.format, index, source=source.id, now=now).links
    except FormatError:
        return ()


def _read(documents: Sequence[Document], source: Source, now: datetime) -> tuple[list[Reading], list[Problem]]:
    readings, problems = [], []
    for position, document in enumerate(documents):
        try:
            readings.append(formats.read(document.format, document.body, source=source.id, now=now))
        except FormatError as error:
            problems.append(Problem(at=f"document[{position}] {error.at}".strip(), message=error.message))
    return readings, problems


def _all_problems(reading: Reading) -> Iterable[Problem]:
    yield from reading.problems
    for item in reading.items:
        yield from item.problems


def _far_off(source: Source, items: Iterable[Item], admitted: Container[str]) -> Iterator[Problem]:
    """Yield a Problem for each area thousands of kilometres off the issuer's territory: its axes may be swapped."""
    for item in items:
        for event in item.events:
            for number, area in enumerate(event.areas, 1):
                if event.id in admitted and area.geometry and regions.is_far(area.geometry, source.jurisdiction):
                    yield Problem(at=f"{item.at} area[{number}]", message=_FAR_OFF)


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
