"""The tags of impact-based warnings: "TORNADO DAMAGE THREAT...CATASTROPHIC", "MAX WIND GUST...60 MPH".

They stand one on a line and only raise what the code of the event says, never lower it.

Source: NWSI 10-511 (tornado and severe thunderstorm tags), 10-922 (flash flood), 10-513 (snow squall), 10-315 (marine).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tocsin.formats.nws_text._phenomena import Rating
from tocsin.model import Certainty, Severity, Urgency

_TAG = re.compile(r"([A-Z][A-Z ]{2,40}?) ?\.\.\. ?([A-Z0-9<>. ]{1,30})")
_AMOUNT = re.compile(r"[<>]?([0-9]{0,3}(?:\.[0-9]{1,2})?) ?(IN|MPH|KTS?|KNOTS)")
_THREATS = ("TORNADO DAMAGE THREAT", "THUNDERSTORM DAMAGE THREAT", "FLASH FLOOD DAMAGE THREAT", "SNOW SQUALL IMPACT")
_EXTREME = frozenset({"CATASTROPHIC", "DESTRUCTIVE"})
_SEVERE = frozenset({"CONSIDERABLE", "SIGNIFICANT"})
_SEEN = frozenset({"TORNADO", "FLASH FLOOD", "SNOW SQUALL", "WATERSPOUT", "LANDSPOUT", "DAM FAILURE"})
_HAIL = frozenset({"HAIL", "MAX HAIL SIZE"})
_WIND = frozenset({"WIND", "MAX WIND GUST", "WINDS"})
_UNITS = {"MPH": "gust_mph", "KT": "gust_kt", "KTS": "gust_kt", "KNOTS": "gust_kt"}


def read_tags(lines: Iterable[str]) -> dict[str, str]:
    """Return the tags of a segment, name to value, in capitals."""
    found = (_TAG.fullmatch(line.strip().upper()) for line in lines if "..." in line)
    return {match[1].strip(): match[2].strip() for match in found if match}


def raised(rating: Rating, tags: Mapping[str, str]) -> Rating:
    """Return `rating`, raised to what the tags say. A dam that fails now is a catastrophe that is not yet seen."""
    threats = {tags.get(name, "") for name in _THREATS}
    severity, certainty, urgency = rating.severity, rating.certainty, rating.urgency
    if threats & _EXTREME:
        severity, urgency = Severity.EXTREME, Urgency.IMMEDIATE
    elif threats & _SEVERE and severity is not Severity.EXTREME:
        severity = Severity.SEVERE
    if any(tags.get(name) == "OBSERVED" for name in _SEEN):
        certainty = Certainty.OBSERVED
    return rating._replace(severity=severity, certainty=certainty, urgency=urgency)


def measures(tags: Mapping[str, str]) -> dict[str, float]:
    """Return hail in inches and gusts in the unit they are published in: `hail_in`, `gust_mph`, `gust_kt`."""
    found: dict[str, float] = {}
    for name, value in tags.items():
        amount = _AMOUNT.fullmatch(value)
        if amount is None or amount[1] in {"", "."}:
            continue
        if name in _HAIL and amount[2] == "IN":
            found["hail_in"] = float(amount[1])
        elif name in _WIND and amount[2] in _UNITS:
            found[_UNITS[amount[2]]] = float(amount[1])
    return found
