"""How a feed usually rests between two of its changes, learned from its own history. Pure values, a few numbers a feed.

The gaps are kept as a histogram: bucket -> weight, where bucket k holds the gaps of up to 2**(k/4) seconds, so that no
span is off by more than a fifth. Weights fade with a life of 30 days, by the time that the gaps themselves tell. A feed
that moves each minute and rests at night thus keeps its nights in mind, in less than a hundred numbers.

What is longer than that is remembered for a week, with when it was: at the same time a week later it is no surprise,
and at any other time it is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil, exp, log2

LIFE = timedelta(days=30)
ENOUGH = 20.0
"""Gaps that must be known before a rhythm is."""

ENOUGH_TIME = timedelta(days=1)
"""What the gaps must span: by then a feed has had a night."""

USUAL_FROM = 0.75
"""Weight from which a rest counts as usual: an ordinary one of the last nine days, or one of less weight seen twice."""

WEEK = timedelta(days=7)
_SLACK = timedelta(hours=6)  # at most
_MOST_RESTS = 32

_STEPS = 4  # buckets for each doubling
_LAST = 92  # 2**23 s: 97 days
_FORGOTTEN = 0.01

Gaps = Mapping[int, float]


def learn(gaps: Gaps, gap: timedelta, *, weight: float = 1.0) -> dict[int, float]:
    """Return the rhythm with one more gap; one of no weight only fades the others, one of nothing teaches nothing.

    Cost: one pass over the buckets.
    """
    if gap <= timedelta(0):
        return dict(gaps)
    fade = exp(-gap / LIFE)
    kept = {bucket: round(known * fade, 6) for bucket, known in gaps.items() if known * fade >= _FORGOTTEN}
    if weight:
        bucket = _bucket(gap)
        kept[bucket] = kept.get(bucket, 0.0) + weight
    return dict(sorted(kept.items()))


def faded(count: float, gap: timedelta) -> float:
    """Return what is left of a count after `gap`."""
    return count * exp(-max(gap, timedelta(0)) / LIFE)


def is_known(gaps: Gaps) -> bool:
    """Return whether so much has been seen that the rhythm can be judged by."""
    spanned = sum((_span(bucket) * weight for bucket, weight in gaps.items()), timedelta(0))
    return sum(gaps.values()) >= ENOUGH and spanned >= ENOUGH_TIME


def quantile(gaps: Gaps, share: float) -> timedelta | None:
    """Return the gap that `share` (0 to 1) of the gaps do not exceed, rounded up to its bucket; None of no gaps."""
    left = share * sum(gaps.values())
    found = None
    for bucket, weight in sorted(gaps.items()):
        found = _span(bucket)
        left -= weight
        if left <= 0:
            break
    return found


def longest_usual(gaps: Gaps) -> timedelta | None:
    """Return the longest rest that is usual: the gap than which only less than `USUAL_FROM` of weight is longer."""
    beyond = 0.0
    for bucket, weight in sorted(gaps.items(), reverse=True):
        beyond += weight
        if beyond >= USUAL_FROM:
            return _span(bucket)
    return None


Rests = tuple[tuple[int, int], ...]
"""Begin and end of rests in seconds since 1970, the oldest first."""


def remembered(rests: Rests, begin: datetime, end: datetime) -> Rests:
    """Return the rests with one more, without those that a week later nobody can be reminded of."""
    kept = [one for one in rests if end.timestamp() - one[1] < (WEEK + _SLACK).total_seconds()]
    return (*kept, (int(begin.timestamp()), ceil(end.timestamp())))[-_MOST_RESTS:]


def expected(rests: Iterable[tuple[int, int]], since: datetime) -> timedelta:
    """Return how long a rest since then may last because one a week before did, give or take a quarter of it.

    Nothing where there was none at that time of the week.
    """
    week_before = since.timestamp() - WEEK.total_seconds()
    slacks = ((begin, end, min((end - begin) / 4, _SLACK.total_seconds())) for begin, end in rests)
    until = (end + slack for begin, end, slack in slacks if begin - slack <= week_before < end)
    return timedelta(seconds=max(until, default=week_before) - week_before)


def _bucket(gap: timedelta) -> int:
    return min(max(ceil(_STEPS * log2(gap.total_seconds())), 0), _LAST)


def _span(bucket: int) -> timedelta:
    return timedelta(seconds=2 ** (bucket / _STEPS))
