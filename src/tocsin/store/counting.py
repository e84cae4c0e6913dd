"""What was not kept, counted: by ISO week and five merged reasons, for the whole installation, and by nothing finer.

No source, place, day or hour: a finer count of what was withheld would itself be a record of it. Runs inside the
caller's transaction. Source: NEUTRALITY declaration, N9, and section 4, counters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects import sqlite

from tocsin.model import Decision, Verdict
from tocsin.store import tables

REASONS: Mapping[str, str] = {
    "person": "person",
    "protected": "protected",
    "unmapped": "unmapped",
    "unregistered": "unmapped",  # no service reads such an issuer
    "not-public": "not-public",
    "malformed": "malformed",
}
"""Rules of the gate under which nothing is kept -> the reason that they are counted under."""

FEW = 10
WEEKS_SHOWN = 12
_weekly = tables.weekly.c


def count(connection: Connection, decisions: Iterable[Decision], *, day: date) -> None:
    """Add those of `decisions` under which nothing is kept to the counts of the week of `day`."""
    counted = Counter(REASONS[one.rule] for one in decisions if one.verdict is Verdict.DROP)
    if counted:
        statement = sqlite.insert(tables.weekly)
        add = statement.on_conflict_do_update(
            index_elements=["week", "reason"], set_={"count": _weekly["count"] + statement.excluded["count"]}
        )
        rows = [{"week": week_of(day), "reason": reason, "count": number} for reason, number in counted.items()]
        connection.execute(add, rows)


def weeks(connection: Connection, now: datetime) -> dict[str, dict[str, str]]:
    """Return the counts of the last weeks that are over, the newest first: week -> reason -> "<10" or the number.

    The week that runs is left out: who watched it grow would see hours.
    """
    last = week_of(now.astimezone(UTC).date())
    first = week_of((now - timedelta(weeks=WEEKS_SHOWN)).astimezone(UTC).date())
    query = select(tables.weekly).where(_weekly.week >= first, _weekly.week < last).order_by(_weekly.week.desc())
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(query).mappings():
        counts = found.setdefault(row["week"], dict.fromkeys(sorted(set(REASONS.values())), f"<{FEW}"))
        if row["count"] >= FEW:
            counts[row["reason"]] = str(row["count"])
    return found


def week_of(day: date) -> str:
    """Return the ISO 8601 week of a day: "2026-W48"."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
