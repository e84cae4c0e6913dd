"""The collect loop's step: documents of one poll in, one commit out.

    bytes -> examining.examine -> lifecycle -> Change -> store.commit

Nothing of a document outlives this step but what the gate admitted. Absence ends an event only in a snapshot source,
and only when every document of the poll was read whole, is no older than what was had before, and has not lost so much
that it must be looked at twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin import formats, letters, lifecycle, record
from tocsin.errors import FormatError
from tocsin.model import Decision, Event, Flag, Health, Link, Problem, Source
from tocsin.run import vitals
from tocsin.run.examining import Document, Found, examine, why_unreadable
from tocsin.store import Change, Standing, Store

__all__ = ["Collected", "Document", "Poll", "fail", "links", "schedule", "take"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A successful fetch: the documents, and the validators that make the next one conditional.

    No documents means "not modified": the source was reached, and all that it said before still stands. `standing`
    holds the ids of the events of documents that the index still names and that were not fetched again; `is_whole` is
    false when some that it names could not be had.
    """

    documents: tuple[Document, ...] = ()
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    standing: frozenset[str] = frozenset()
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a poll gave, in numbers, positions and ids only. `named` says which events each link of an index gave."""

    health: Health
    decisions: tuple[Decision, ...] = ()
    problems: tuple[Problem, ...] = ()
    links: tuple[Link, ...] = ()
    named: Mapping[Link, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _State:
    """What a poll proves of the feed's state: what it lists, and what of the source's earlier events it has ended."""

    listed: frozenset[str]
    is_listing: bool
    went_back: bool
    absent: lifecycle.Vanished | None = None


def take(store: Store, source: Source, poll: Poll, health: Health, *, now: datetime) -> Collected:
    """Read, examine and store one poll of `source` in one commit; return what it gave.

    `health` is what was known of the source before. When no document could be read the poll counts as failed. A
    document that is older than one before, by the feed's own time, adds what we have not and changes nothing else.
    """
    found = examine(poll.documents, source, now, key=store.installation_key())
    if poll.documents and not found.documents:
        failed = fail(store, health, why_unreadable(poll.documents), found.faulty, now=now)
        return Collected(health=failed, problems=tuple(found.problems))
    known = _known(store, [one.event for one in found.admitted.values()])
    if vitals.is_older(found.as_of, health):
        found.admitted = {name: one for name, one in found.admitted.items() if name not in known}
    events = {name: one.event for name, one in found.admitted.items()}
    state = _state(store, source, poll, health, found, known, now)
    healthy = _healthy(source, poll, health, found, state, known, now)
    threads = lifecycle.threads({**{name: one.event for name, one in known.items()}, **events}.values())
    unlisted = store.listed(source.id, now) - state.listed if state.is_listing else ()
    absent = state.absent.absent if state.absent else ()
    store.commit(
        Change(
            events=tuple((one, threads[name], now) for name, one in found.admitted.items()),
            threads=threads,
            absent=dict.fromkeys(absent, now),
            unlisted=dict.fromkeys((*unlisted, *absent), now),
            decisions=tuple(found.decisions),
            health=(healthy,),
            faults=letters.faults(source.id, found.faulty, day=record.day_of(now)),
        ),
        now=now,
    )
    return Collected(
        health=healthy,
        decisions=tuple(one.decision for one in found.decisions),
        problems=tuple(found.problems),
        links=tuple(found.links),
        named=found.named,
    )


def fail(store: Store, health: Health, code: str, faulty: Sequence[Problem] = (), *, now: datetime) -> Health:
    """Record a failed poll and return the new health. It ends nothing: what was in force stays in force."""
    failed = replace(health, attempted=now, failures=health.failures + 1, error=code, etag="", last_modified="")
    faults = letters.faults(health.source, faulty, day=record.day_of(now))
    store.commit(Change(health=(failed,), faults=faults), now=now)
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


# --- judging ------------------------------------------------------------------------------------------------------


def _known(store: Store, arrived: Sequence[Event]) -> dict[str, Standing]:
    """Return what the store holds of every thread that an arrival touches."""
    keys = frozenset().union(*(lifecycle.keys(event) for event in arrived)) if arrived else frozenset()
    return {standing.event.id: standing for standing in store.standing(store.threads_of(keys))}


def _state(
    store: Store,
    source: Source,
    poll: Poll,
    health: Health,
    found: Found,
    known: Mapping[str, Standing],
    now: datetime,
) -> _State:
    events = [one.event for one in found.admitted.values()]
    listed = poll.standing | found.admitted.keys()
    went_back = vitals.is_older(found.as_of, health) or _went_back(store, source, events, known, now)
    is_listing = found.documents > 0 and found.is_complete and poll.is_whole and not went_back
    absent = None
    if is_listing and source.snapshot:
        # What the snapshot itself updates or cancels is not missing, so it is judged together with what was known.
        everything = {event.id: event for event in (*store.events_of(source.id, now), *events)}
        live = {event.id for event in lifecycle.in_force(everything.values(), now)}
        absent = lifecycle.vanished(live, listed, suspected=health.suspected)
    return _State(listed, is_listing, went_back, absent)


def _went_back(
    store: Store, source: Source, listed: Sequence[Event], known: Mapping[str, Standing], now: datetime
) -> bool:
    """Return whether the feed brings back what it had replaced; asks the store for all only where that may be."""
    if not listed or any(event.id not in known for event in listed):
        return False
    everything = {event.id: event for event in store.events_of(source.id, now)}
    everything |= {name: standing.event for name, standing in known.items()}
    absent = {name for name, standing in known.items() if standing.absent_since is not None}
    return lifecycle.went_back(everything.values(), listed, now, absent=absent)


def _healthy(
    source: Source,
    poll: Poll,
    health: Health,
    found: Found,
    state: _State,
    known: Mapping[str, Standing],
    now: datetime,
) -> Health:
    """Return the health after a poll that was answered: what it says of the feed itself."""
    stored = {name: one.event for name, one in known.items()}
    events = {name: one.event for name, one in found.admitted.items()}
    if poll.documents and not state.went_back:
        digest = poll.digest or hashlib.sha256(b"".join(document.body for document in poll.documents)).hexdigest()
        has_news = any(stored.get(name) != event for name, event in events.items())
        health = vitals.moved(source, health, as_of=found.as_of, digest=digest, has_news=has_news, now=now)
    health = vitals.alive(source, health, found.beat, now)
    fresh, held = vitals.flags(events.values(), stored, now)
    fresh += Counter(
        {
            Flag.REPAIRED: len(found.repaired & events.keys() - known.keys()),
            Flag.PARTLY_UNREADABLE: int(not found.is_complete),
            Flag.WENT_BACK: int(state.went_back),
            Flag.HALF_EMPTY: int(state.absent is not None and state.absent.suspected),
        }
    )
    suspected = state.absent.suspected if state.absent else health.suspected
    is_settled = found.is_complete and poll.is_whole and not suspected and not state.went_back
    return replace(
        health,
        attempted=now,
        succeeded=now,
        failures=0,
        error="",
        # Without validators the next poll gets the whole again: a doubt is not settled by "not modified".
        etag=poll.etag if is_settled else "",
        last_modified=poll.last_modified if is_settled else "",
        suspected=suspected,
        unchanged=0 if poll.documents else health.unchanged + 1,
        marks=vitals.marked(health.marks, fresh, held, now),
    )
