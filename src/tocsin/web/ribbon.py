"""The 72-hour ribbon of a place: where each bar begins and ends, in per cent of its width.

Percentages are SVG attributes, not styles: the page's policy forbids styles that are written into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from tocsin.model import Level
from tocsin.web.times import moment

BACK = timedelta(hours=12)
AHEAD = timedelta(hours=72)
WIDTH = BACK + AHEAD
TICK = timedelta(hours=12)
LEAST_PERCENT = 0.8
"""A warning of ten minutes is 0.2 % of the ribbon; narrower than this it could not be seen."""
PERCENT_PER_LETTER, PADDING_PERCENT = 1.0, 2.0
"""Room that a label takes on a ribbon 750 pixels wide; one that does not fit into its bar stands beside it."""
LAST_START_PERCENT = 74.0
"""A label beside a bar that ends further right than this stands before the bar."""


def percent(when: datetime, now: datetime) -> float:
    """Return how far along the ribbon a moment is, 0 to 100; one outside lies on its edge."""
    share = (when - (now - BACK)) / WIDTH * 100
    return round(min(max(share, 0.0), 100.0), 2)


def axis() -> list[dict[str, Any]]:
    """Return the marks of the scale: "−12 h", "now", "+12 h" ..., with their positions."""
    ticks = [TICK * step for step in range(-1, AHEAD // TICK + 1)]
    hours = timedelta(hours=1)
    return [
        {
            "x": round((tick + BACK) / WIDTH * 100, 2),
            "words": "now" if not tick else f"{tick // hours:+d} h".replace("-", "−"),
        }
        for tick in ticks
    ]


def lanes(
    concerns: Iterable[Mapping[str, Any]], *, blind: Sequence[str], where: tzinfo, now: datetime
) -> dict[str, Any]:
    """Return a place's ribbon: a bar for each concern, the local midnights, and the blind stretch if there is one."""
    return {
        "now": percent(now, now),
        "days": _midnights(where, now),
        "bars": [_bar(concern, now) for concern in concerns],
        "blind": ", ".join(blind),
    }


def _bar(concern: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return a concern's bar: a stretch for each step of its level, and the label, on the widest of them or beside."""
    steps = concern["steps"] or [concern]
    stretches = [_stretch(step, now) for step in steps]
    widest = max(stretches, key=lambda stretch: stretch["width"])
    words = " → ".join(dict.fromkeys(Level(step["level"]).words for step in steps))
    is_narrow = widest["width"] < (len(words) + len(concern["label"]) + 3) * PERCENT_PER_LETTER + PADDING_PERCENT
    begins, ends = stretches[0]["x"], stretches[-1]["x"] + stretches[-1]["width"]
    is_late = is_narrow and ends > LAST_START_PERCENT
    return {
        # The worst is drawn last: what lasts ten minutes must not vanish under what follows it.
        "stretches": sorted(stretches, key=lambda stretch: stretch["level"]),
        "level": widest["level"],
        "words": words,
        "label": concern["label"],
        "is_expected": widest["is_expected"],
        "anchor": "end" if is_late else "start",
        "text_x": begins if is_late else round(ends, 2) if is_narrow else widest["x"],
        "is_beside": is_narrow,
    }


def _stretch(step: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    begins, ends = moment(step["begins"]), moment(step["ends"])
    assert begins is not None
    right = percent(ends, now) if ends else 100.0
    left = min(percent(begins, now), 100 - LEAST_PERCENT)
    width = round(max(right - left, LEAST_PERCENT), 2)
    return {"x": left, "width": width, "level": step["level"], "is_expected": begins > now}


def _midnights(where: tzinfo, now: datetime) -> list[dict[str, Any]]:
    """Return the starts of days at the place. By calendar, not by adding 24 h: days of a clock change differ."""
    today = now.astimezone(where).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    days = [(today + timedelta(days=step)).replace(tzinfo=where) for step in range(-1, 5)]
    return [{"x": percent(day, now), "words": f"{day:%a} {day.day}"} for day in days if now - BACK < day < now + AHEAD]
