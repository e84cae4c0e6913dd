"""Several times at which one thing holds, as parts of one item: GTFS-Realtime's active_period, SIRI's ValidityPeriod.

A period without an end holds until further notice. In a feed that lists all that is in force, absence ends it, and in
SIRI a closing version; our clock must not do so before. Issuers say "until further notice" by leaving the end out or
by a year that nobody means (2999, 9999, 22022).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tocsin.model import Problem

OPEN_END = datetime(3000, 1, 1, tzinfo=UTC)
"""The end of what has none. One moment for all, so that a document that is read again next day says the same."""

MAX_PERIODS = 50  # nightly works of seven weeks
_MEANT_UNTIL_YEAR = 2100
_KEPT_AFTER_END = timedelta(days=1)


class Period(NamedTuple):
    """One period, numbered among those of its item in the order of time. Without `onset` it has begun."""

    part: int
    onset: datetime | None
    expires: datetime


def periods(
    given: Iterable[tuple[datetime | None, datetime | None]], *, now: datetime, at: str, problems: list[Problem]
) -> Sequence[Period]:
    """Return the periods in the order of time, at least one, and at most MAX_PERIODS: none given is always.

    Of more than that those that ended more than a day ago are left out. Numbers do not depend on `now`.
    """
    spans = sorted({_span(onset, expires) for onset, expires in given}, key=_in_time)
    if any(onset and expires <= onset for onset, expires in spans):
        problems.append(Problem(at=at, message="a period ends before it begins; kept"))
    numbered = [Period(part, onset, expires) for part, (onset, expires) in enumerate(spans)]
    if not numbered:
        return [Period(0, None, OPEN_END)]
    if len(numbered) > MAX_PERIODS:
        numbered = [period for period in numbered if period.expires > now - _KEPT_AFTER_END] or numbered[-1:]
    if len(numbered) > MAX_PERIODS:
        problems.append(Problem(at=at, message=f"more than {MAX_PERIODS} periods are to come; the first were read"))
    return numbered[:MAX_PERIODS]


def _span(onset: datetime | None, expires: datetime | None) -> tuple[datetime | None, datetime]:
    return onset, OPEN_END if expires is None or expires.year >= _MEANT_UNTIL_YEAR else expires


def _in_time(span: tuple[datetime | None, datetime]) -> tuple[bool, datetime, datetime]:
    onset, expires = span
    return onset is not None, onset or expires, expires
