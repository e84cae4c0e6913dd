"""What one poll tells of the feed itself: whether it moved, went back in time, sent its heartbeat, is sound.

Pure: values in, the new `Health` out. Nothing of what a feed says is kept here, only closed words, times and counts,
and those of admitted events only: what the gate dropped leaves no trace beside a source's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin import coverage, lifecycle, rhythm
from tocsin.model import Event, Flag, Health, Mark, MsgType, Source

AHEAD_AT_MOST = timedelta(minutes=5)
"""How far a feed's own time may be ahead of our clock and still count: two clocks never agree."""

MARKS_KEPT = timedelta(days=1)
OUTAGE_WEIGHT = 0.8
"""What a rest counts that was told as silence: usual for two days, and longer only if it comes again by then.

A feed that sleeps at night is thus told as silent once; after a real outage the next one is seen late for two days.
What was expected, because a week before it was so, counts nothing: it is not usual at another time.
"""


def is_older(moment: datetime | None, health: Health) -> bool:
    """Return whether a document made at `moment` is older than one that was had before."""
    return moment is not None and health.as_of is not None and moment < health.as_of


def moved(
    source: Source, health: Health, *, as_of: datetime | None, digest: str, has_news: bool, now: datetime
) -> Health:
    """Return `health` with the feed's own time and its rhythm as they are after a poll that gave `digest`.

    A rest is learned only when it was watched: what happened while we did not ask is not known.
    """
    has_moved = as_of > health.as_of if as_of and health.as_of else digest != health.digest
    if has_moved:
        health = replace(_learned(source, health, as_of, now, has_news=has_news), changed=now)
    newest = max((one for one in (as_of, health.as_of) if one is not None), default=None)
    return replace(health, as_of=newest, digest=digest)


def _learned(source: Source, health: Health, as_of: datetime | None, now: datetime, *, has_news: bool) -> Health:
    before, after = (health.as_of, as_of) if as_of and health.as_of else (health.changed, now)
    if before is None or after is None:
        # The age of what we find at the first look is a rest that nobody has to wait for.
        before, after = (as_of, now) if as_of else (now, now)
    elif health.succeeded is None or now - health.succeeded > source.stale_after:
        return health
    rest = after - before
    usual, allowed = coverage.usual_patience(source, health), coverage.patience(source, health)
    weight = 1.0
    if usual is not None and allowed is not None and rest > usual:
        weight = OUTAGE_WEIGHT if rest > allowed else 0.0
        health = replace(health, rests=rhythm.remembered(health.rests, before, after))
    idle = rhythm.faded(health.idle, rest) + (0.0 if has_news else weight)
    return replace(health, gaps=rhythm.learn(health.gaps, rest, weight=weight), idle=round(idle, 3))


def alive(source: Source, health: Health, beat: datetime | None, now: datetime) -> Health:
    """Return `health` with the newest heartbeat.

    A source that promises one and has sent none yet is given its time from now.
    """
    if source.heartbeat is None:
        return health
    return replace(health, beat=max(filter(None, (health.beat, beat)), default=now))


def flags(events: Iterable[Event], known: Mapping[str, Event], now: datetime) -> tuple[Counter[Flag], set[Flag]]:
    """Return what is odd about these events: how often among those that are new, and what holds at all."""
    fresh: Counter[Flag] = Counter()
    held: set[Flag] = set()
    for event in events:
        stored = known.get(event.id)
        if stored is not None and stored != event:
            fresh[Flag.ID_REUSED] += 1
        if stored is None and _is_late(event, now):
            fresh[Flag.LATE] += 1
        found = set(_odd(event, now))
        held |= found
        fresh.update(found if stored is None else ())
    return fresh, held


def _is_late(event: Event, now: datetime) -> bool:
    speaks = event.msg_type in {MsgType.ALERT, MsgType.UPDATE} and not event.is_over
    return speaks and lifecycle.ends(event) <= now


def _odd(event: Event, now: datetime) -> Iterable[Flag]:
    if lifecycle.is_ahead(event, now):
        yield Flag.TIME_AHEAD
    if event.onset and event.expires and event.sent < event.expires <= event.onset:
        yield Flag.ENDS_BEFORE_ONSET
    if event.references and all(reference.sender != event.sender for reference in event.references):
        yield Flag.FOREIGN_CANCEL


def marked(marks: Iterable[Mark], fresh: Mapping[Flag, int], held: Collection[Flag], now: datetime) -> tuple[Mark, ...]:
    """Return the marks with what is new: `fresh` is counted, `held` only keeps its mark alive. Sorted by flag."""
    kept = {mark.flag: mark for mark in marks if now - mark.last < MARKS_KEPT}
    for flag in {*(flag for flag, times in fresh.items() if times), *held}:
        times = kept[flag].times if flag in kept else 0
        kept[flag] = Mark(flag=flag, last=now, times=max(times + fresh.get(flag, 0), 1))
    return tuple(kept[flag] for flag in sorted(kept))
