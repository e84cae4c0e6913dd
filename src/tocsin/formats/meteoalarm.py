"""MeteoAlarm's API: the CAP alerts of one country as JSON, each in an envelope of MeteoAlarm's own.

`{"warnings": [{"alert": {CAP as JSON}, "uuid": ...}]}`. A document lists what a country's service has in force; since
some early feeds left alerts out, whether absence ends anything is for the source catalogue to say. Nearly all areas
are EMMA_ID codes without polygons, so they are *unplaced* until a place's codes or the geocode pack place them.

The rules of CAP are those of `_alert`. Never read is what `cap` never reads, and uuid.

Positions are those of the document: warnings[3].alert.info[1].area[0].

Source: https://feeds.meteoalarm.org/api/v1/warnings/feeds-{country} ; CAP 1.2, 3.2; MeteoAlarm CAP profile.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tocsin.errors import FormatError
from tocsin.formats._alert import read_alert
from tocsin.formats._json import loads
from tocsin.formats._members import Members
from tocsin.formats._opened import Opened
from tocsin.model import Item, Problem, Reading

SNAPSHOT = True


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each warning. Raises FormatError when the document is no such list."""
    warnings = _warnings(loads(body))
    if warnings is None:
        raise FormatError("not a list of MeteoAlarm's warnings", at="document")
    items = tuple(
        _item(warning, source=source, now=now, at=f"warnings[{place}].alert") for place, warning in enumerate(warnings)
    )
    return Reading(items=items, is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether this is a list of warnings of which the first holds an alert; an empty one names no format."""
    first = (_warnings(opened.json) or [None])[0]
    return isinstance(first, dict) and isinstance(first.get("alert"), dict)


def _warnings(document: Any) -> list[Any] | None:
    warnings = document.get("warnings") if isinstance(document, dict) else None
    return warnings if isinstance(warnings, list) else None


def _item(warning: Any, *, source: str, now: datetime, at: str) -> Item:
    alert = warning.get("alert") if isinstance(warning, dict) else None
    if not isinstance(alert, dict):
        return Item(at=at, problems=(Problem(at=at, message="the warning holds no alert"),))
    return read_alert(Members(alert, at=at, problems=[]), source=source, now=now)
