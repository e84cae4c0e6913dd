"""iCalendar's recurrence rules, followed within a window of days, in a number of steps that is known beforehand.

A library that yields one occurrence after another never comes back from a rule that has none ("each 30 February").
Here the periods that overlap the window are looked at, day by day, and no other; only a rule with COUNT is followed
from its beginning, and that within a budget. In the tests dateutil says the same of thousands of rules.

Read are DAILY, WEEKLY, MONTHLY and YEARLY with INTERVAL, COUNT, UNTIL, WKST, BYMONTH, BYMONTHDAY, BYDAY and BYSETPOS.
All else is refused: what happens each hour, or in week 20, warns nobody of anything.

Source: RFC 5545, 3.3.10 and 3.8.5.3 (DTSTART is the first occurrence, whatever the rule says).
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from tocsin.errors import FormatError

_DAY = timedelta(days=1)
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_WEEKDAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_BYDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_LONGEST = 500  # characters; the longest rule in use has some 100
_MOST = 400  # members of one list: days of a year


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule. `by_day` holds (ordinal or 0, weekday from Monday); `until` is as it is written, "" for none."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str = ""
    week_start: int = 0
    by_month: frozenset[int] = frozenset()
    by_month_day: frozenset[int] = frozenset()
    by_day: frozenset[tuple[int, int]] = frozenset()
    by_position: frozenset[int] = frozenset()


class Budget:
    """How many days and occurrences all rules of one document may cost together."""

    def __init__(self, *, days: int, occurrences: int) -> None:
        self.days = days
        self.occurrences = occurrences

    @property
    def is_spent(self) -> bool:
        """Return whether something was left out for want of it."""
        return self.days < 0 or self.occurrences < 0

    def spend(self, *, days: int = 0, occurrences: int = 0) -> None:
        """Take from the budget. Raises FormatError when nothing is left."""
        self.days -= days
        self.occurrences -= occurrences
        if self.is_spent:
            raise FormatError("the rules of the document are too much to follow", at="RRULE")


def read_rule(text: str) -> Rule:
    """Return the rule that an RRULE's value states. Raises FormatError for one that cannot be followed."""
    pairs = [part.partition("=") for part in text[:_LONGEST].upper().split(";") if part.strip()]
    said = {name.strip(): value.strip() for name, _, value in pairs}
    frequency = said.pop("FREQ", "")
    known = {"INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"}
    if frequency not in _FREQUENCIES or said.keys() - known or len(text) > _LONGEST:
        raise FormatError("a rule that is not followed", at="RRULE")
    try:
        return Rule(
            frequency=frequency,
            interval=_number(said.get("INTERVAL", "1"), 1, 10_000),
            count=_number(said["COUNT"], 1, 100_000) if "COUNT" in said else None,
            until=said.get("UNTIL", ""),
            week_start=_WEEKDAYS[said.get("WKST", "MO")],
            by_month=_numbers(said.get("BYMONTH"), 1, 12),
            by_month_day=_numbers(said.get("BYMONTHDAY"), -31, 31),
            by_day=_weekdays(said.get("BYDAY")),
            by_position=_numbers(said.get("BYSETPOS"), -366, 366),
        )
    except (ValueError, KeyError):
        raise FormatError("not a rule", at="RRULE") from None


def _number(text: str, least: int, most: int) -> int:
    if len(text) <= len(str(most)) + 1 and least <= (number := int(text)) <= most:
        return number
    raise ValueError


def _numbers(text: str | None, least: int, most: int) -> frozenset[int]:
    found = frozenset(_number(part, least, most) for part in text.split(",")[:_MOST]) if text else frozenset()
    if 0 in found:
        raise ValueError
    return found


def _weekdays(text: str | None) -> frozenset[tuple[int, int]]:
    found = set()
    for part in text.split(",")[:_MOST] if text else ():
        day = _BYDAY.fullmatch(part.strip())
        if day is None:
            raise ValueError
        found.add((int(day[1] or 0), _WEEKDAYS[day[2]]))
    return frozenset(found)


def occurrences(rule: Rule, start: datetime, first: datetime, last: datetime, budget: Budget) -> Iterator[datetime]:
    """Yield the occurrences from `first` to `last`, in order, all in the local time of `start`, without UNTIL.

    Raises FormatError when the budget is spent.
    """
    rule = _completed(rule, start)
    is_counted = rule.count is not None
    if first <= start <= last:
        yield start
    left = (rule.count or 0) - 1
    for days in _periods(rule, start, start if is_counted else max(first, start), last):
        if not (is_counted or rule.by_position):
            days = [day for day in days if first.date() <= day <= last.date()]  # noqa: PLW2901  no more are looked at
        budget.spend(days=len(days))
        for day in _chosen(rule, days):
            moment = datetime.combine(day, start.time())
            if day <= start.date() or (is_counted and left <= 0):
                continue
            left -= 1
            if first <= moment <= last:
                yield moment
        if is_counted and left <= 0:
            return


def _completed(rule: Rule, start: datetime) -> Rule:
    """Return the rule with what it takes from its start. Source: RFC 5545, 3.3.10, after the table."""
    if rule.by_day or rule.by_month_day or rule.frequency == "DAILY":
        return rule
    if rule.frequency == "WEEKLY":
        return replace(rule, by_day=frozenset({(0, start.weekday())}))
    by_month = rule.by_month or (frozenset({start.month}) if rule.frequency == "YEARLY" else frozenset())
    return replace(rule, by_month=by_month, by_month_day=frozenset({start.day}))


def _periods(rule: Rule, start: datetime, first: datetime, last: datetime) -> Iterator[list[date]]:
    """Yield the days of each period of the rule, from the one in which `first` lies to the one of `last`."""
    step = rule.interval
    if rule.frequency in {"DAILY", "WEEKLY"}:
        size = 1 if rule.frequency == "DAILY" else 7
        begin = start.date() - _DAY * ((start.weekday() - rule.week_start) % 7 if size > 1 else 0)
        skipped = (first.date() - begin).days // (size * step)
        while (day := begin + _DAY * (skipped * size * step)) <= last.date():
            yield [day + _DAY * n for n in range(size)]
            skipped += 1
        return
    size = 1 if rule.frequency == "MONTHLY" else 12
    begin_month = (start.year * 12 + start.month - 1) // size
    skipped = ((first.year * 12 + first.month - 1) // size - begin_month) // step
    while (month := (begin_month + skipped * step) * size) <= last.year * 12 + last.month - 1:
        months = (n for n in range(month, month + size) if not rule.by_month or n % 12 + 1 in rule.by_month)
        yield [day for n in months for day in _days_of_month(n)]
        skipped += 1


def _days_of_month(month: int) -> list[date]:
    year, month = month // 12, month % 12 + 1
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def _chosen(rule: Rule, days: Iterable[date]) -> list[date]:
    """Return the days of one period on which the rule falls. Source: RFC 5545, 3.3.10, the table of BYxxx."""
    matching = [day for day in days if _matches(rule, day)]
    if not rule.by_position:
        return matching
    positions = {place if place > 0 else len(matching) + place + 1 for place in rule.by_position}
    return [day for place, day in enumerate(matching, 1) if place in positions]


def _matches(rule: Rule, day: date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    if rule.by_month_day and rule.by_month_day.isdisjoint({day.day, day.day - monthrange(day.year, day.month)[1] - 1}):
        return False
    return not rule.by_day or not rule.by_day.isdisjoint(_names(rule, day))


def _names(rule: Rule, day: date) -> set[tuple[int, int]]:
    """Return what BYDAY may call this day: "MO", and as the rule goes by months or years "2MO" and "-3MO"."""
    weekday = day.weekday()
    names = {(0, weekday)}
    if rule.frequency in {"MONTHLY", "YEARLY"}:
        is_of_year = rule.frequency == "YEARLY" and not rule.by_month
        place = day.timetuple().tm_yday if is_of_year else day.day
        size = 365 + isleap(day.year) if is_of_year else monthrange(day.year, day.month)[1]
        names |= {((place - 1) // 7 + 1, weekday), (-((size - place) // 7 + 1), weekday)}
    return names
