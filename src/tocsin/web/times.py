"""Moments and spans as people read them: absolute times in the zone of the place, relative ones beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK_SHOWN = timedelta(days=6)  # beyond it a weekday would be ambiguous


def moment(value: str | None) -> datetime | None:
    """Return the aware moment that an ISO 8601 text states, in UTC; None for None."""
    return datetime.fromisoformat(value).astimezone(UTC) if value else None


@cache
def zone(name: str) -> tzinfo:
    """Return the zone of an IANA name; UTC where the name is unknown, and times then say UTC."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def clock(when: datetime, where: tzinfo, now: datetime) -> str:
    """Return "16:15", with the weekday or the date before it when that is not today at the place."""
    local = when.astimezone(where)
    if local.date() == now.astimezone(where).date():
        return f"{local:%H:%M}"
    if abs(when - now) < WEEK_SHOWN:
        return f"{local:%a %H:%M}"
    return f"{local.day} {local:%b %H:%M}"


def zone_name(when: datetime, where: tzinfo) -> str:
    """Return "CST", or "UTC+03" for a zone that has no letters."""
    name = when.astimezone(where).tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def span(length: timedelta) -> str:
    """Return "35 min", "2 h 10 min", "3 d 4 h"; a span under a minute says so, a negative one counts as none."""
    if length < MINUTE:
        return "less than a minute"
    if length < HOUR:
        return f"{length // MINUTE} min"
    if length < 2 * DAY:
        hours, rest = divmod(length, HOUR)
        return f"{hours} h {rest // MINUTE} min" if rest >= MINUTE else f"{hours} h"
    days, rest = divmod(length, DAY)
    return f"{days} d {rest // HOUR} h" if rest >= HOUR else f"{days} d"
