"""One storm as an advisory describes it, and the events that follow from it.

What a storm is called decides the hazard; how strong the wind is decides the severity (CAP's ratings of NWS: a
hurricane warning is Extreme, a tropical storm warning Severe).

Source: NWSI 10-604 (definitions: 34, 64 knots); CAP 1.2, 3.2.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shapely.geometry.base import BaseGeometry

from tocsin.model import Area, Category, Certainty, Code, Event, MsgType, Severity, Text, Urgency

SENDER = "nhc.noaa.gov"
SENDER_NAME = "US National Hurricane Center"
STORM_FORCE_KT, HURRICANE_FORCE_KT = 34, 64
KM_PER_NM = 1.852
KT_PER_MPH = 0.868976
_NAMES = {
    "HU": "Hurricane", "TS": "Tropical Storm", "TD": "Tropical Depression", "STS": "Subtropical Storm",
    "SS": "Subtropical Storm", "STD": "Subtropical Depression", "SD": "Subtropical Depression",
    "PTC": "Potential Tropical Cyclone", "PC": "Post-Tropical Cyclone", "TY": "Typhoon", "MH": "Major Hurricane",
    "EX": "Post-Tropical Cyclone", "LO": "Post-Tropical Cyclone",
}  # fmt: skip
_TITLES = {name.casefold(): code for code, name in reversed(_NAMES.items())}
_ATCF = re.compile(r"(AL|EP|CP|WP)[0-9]{6}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A storm at the moment of an advisory. `wind_kt` is the maximum sustained wind; None is what is not said."""

    id: str
    name: str
    kind: str
    lon: float
    lat: float
    sent: datetime
    advisory: str = ""
    wind_kt: float | None = None
    gust_kt: float | None = None
    pressure_hpa: float | None = None
    movement_deg: float | None = None
    movement_kt: float | None = None

    @property
    def title(self) -> str:
        """Return what it is: "Hurricane"."""
        return _NAMES.get(self.kind, "Tropical Cyclone")


def atcf_id(text: str) -> str:
    """Return the storm's number in the Automated Tropical Cyclone Forecasting system ("al052024"), or ""."""
    return text.strip().lower() if _ATCF.fullmatch(text.strip()) else ""


def kind_of(title: str) -> str:
    """Return the classification of a spelled-out title ("Post-Tropical Cyclone": PC), "" for none of the list."""
    return _TITLES.get(" ".join(title.split()).casefold(), "")


def kind_named(code: str) -> str:
    """Return a classification that is on the list, whatever its case, else ""."""
    return code.upper() if code.upper() in _NAMES else ""


def severity_of(wind_kt: float | None) -> Severity:
    """Return how bad a wind is."""
    if wind_kt is None:
        return Severity.UNKNOWN
    if wind_kt >= HURRICANE_FORCE_KT:
        return Severity.EXTREME
    return Severity.SEVERE if wind_kt >= STORM_FORCE_KT else Severity.MODERATE


def event_of(storm: Storm, *, source: str, product: str = "", text: Text | None = None) -> Event:
    """Return the event that all parts of one advisory have in common, without an area.

    `product` tells apart what speaks of one storm at once; each supersedes what it said before. Text is composed
    here unless it is given.
    """
    known = {
        "wind_kt": storm.wind_kt,
        "gust_kt": storm.gust_kt,
        "pressure_hpa": storm.pressure_hpa,
        "movement_deg": storm.movement_deg,
        "movement_kt": storm.movement_kt,
    }
    codes = (("nhc:classification", storm.kind), ("nhc:advisory", storm.advisory))
    return Event(
        source=source,
        sender=SENDER,
        identifier=storm.id + product,
        sent=storm.sent,
        msg_type=MsgType.ALERT,
        aliases=(f"nhc:{storm.id}",),
        category=(Category.MET,),
        codes=tuple(Code(scheme, value) for scheme, value in codes if value),
        urgency=Urgency.IMMEDIATE,
        severity=severity_of(storm.wind_kt),
        certainty=Certainty.OBSERVED,
        effective=storm.sent,
        sender_name=SENDER_NAME,
        texts=(text or Text(language="en", event=storm.title, headline=headline(storm)),),
        measures={name: round(value, 1) for name, value in known.items() if value is not None},
    )


def headline(storm: Storm) -> str:
    """Return our own words for a storm: "Hurricane Milton, winds of 120 kt"."""
    named = f"{storm.title} {storm.name}".strip()
    return named if storm.wind_kt is None else f"{named}, winds of {storm.wind_kt:.0f} kt"


def placed(event: Event, geometry: BaseGeometry, description: str) -> Event:
    """Return the event in an area."""
    return replace(event, areas=(Area(description=description, geometry=geometry),))


def numbered(events: Sequence[Event]) -> tuple[Event, ...]:
    """Return the events as the parts of one message."""
    return tuple(replace(event, part=part) for part, event in enumerate(events))
