"""Times as issuers write them: ISO 8601, more or less. Every result is aware and in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from tocsin.errors import FormatError
from tocsin.model import Problem

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s?(Z|z|[+-]\d\d:?\d\d|[+-]\d\d)?", re.ASCII
)
# What nearly all are: sound as they stand, and read by the standard library in a tenth of the time.
_PLAIN = re.compile(r"(?:1[1-9]|2\d)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)", re.ASCII)
_PLAIN_LENGTHS = {len("2026-01-01T00:00:00Z"), len("2026-01-01T00:00:00+00:00")}
_FIRST_YEAR, _LAST_YEAR = 1000, 9000  # so that adding or taking away some days stays a date
_WIDEST = timedelta(hours=14)  # Kiribati; nothing on Earth is further from UTC


def read_time(text: str, *, at: str) -> tuple[datetime, tuple[Problem, ...]]:
    """Return the moment that an ISO 8601 text names, without fractions of a second, and what was repaired.

    A missing offset is taken as UTC, 24:00 as midnight, a leap second as the second before it. Raises FormatError.
    Source: CAP 1.2, 3.3.2 (dateTime with offset; "-00:00" is UTC); ISO 8601-1, 5.3.1.
    """
    plain = _plain(text) if len(text) in _PLAIN_LENGTHS else None
    if plain is not None:
        return plain, ()
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise FormatError("not a date and time", at=at)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    problems = []
    add = timedelta()
    if (hour, minute, second) == (24, 0, 0):
        hour, add = 0, timedelta(days=1)
        problems.append("24:00 was read as midnight")
    if second == 60:
        second = 59
        problems.append("a leap second was read as the second before it")
    offset = found[7]
    if offset is None:
        problems.append("the time has no offset and was read as UTC")
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(offset, at)) + add
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise FormatError("not a date and time that exists", at=at) from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise FormatError("a year that no warning has", at=at)
    return moment, tuple(Problem(at=at, message=message, is_repaired=True) for message in problems)


@lru_cache(maxsize=4_096)  # the times of one feed are few
def _plain(text: str) -> datetime | None:
    if not _PLAIN.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def has_offset(text: str) -> bool:
    """Return whether an ISO 8601 text says by which clock its time is meant."""
    found = _TIME.fullmatch(text.strip())
    return found is not None and found[7] is not None


def end_while_listed(since: datetime, lasts: timedelta, now: datetime) -> datetime:
    """Return when our clock ends what a list names as in force without an end, and has named `since`.

    At least half of `lasts` from `now`, in whole steps of `lasts`, so that it stays the same from poll to poll and
    moves only when it must: what is listed does not run out, and a list that falls silent is not believed for ever.
    """
    steps = max(1, -((since - now - lasts / 2) // lasts))
    return since + steps * lasts


def _zone(offset: str | None, at: str) -> timezone:
    if offset is None or offset in "Zz":
        return UTC
    sign = -1 if offset[0] == "-" else 1
    digits = offset[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if int(digits[2:]) > 59 or timedelta(minutes=minutes) > _WIDEST:
        raise FormatError("an offset that no place on Earth has", at=at)
    return timezone(sign * timedelta(minutes=minutes))
