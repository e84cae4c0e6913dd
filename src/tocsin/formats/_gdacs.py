"""What GDACS says of a disaster, whether in RSS or in GeoJSON, and the event that it becomes.

Identity is (eventtype, eventid): episodes re-issue one eventid, so a later episode replaces the earlier one by its
time. What GDACS no longer calls current is over. For quakes it repeats the US Geological Survey's solution and names
its id, which becomes an alias: what a quake becomes is said in `_quake`, and where GDACS rates it worse than the band
of the strongest shaking does, GDACS counts.

GDACS publishes a centre, and the affected area by address only. So the area is, in this order: the shape that the
document holds; the centre and what the document measures about it (a fire's hectares and a drought's square
kilometres as a circle of that area) or, where it measures nothing, our own estimate of how far the hazard reaches
(`REACH_KM`); the box. The box goes last because it is the window of a map, 8 degrees wide for a quake, and had its
axes swapped for a recorded cyclone. A drought, a flood and a cyclone also concern the countries named by ISO code: an
unplaced area, which is matched as coarsely as that.

Source: https://www.gdacs.org/Knowledge/models_eq.aspx and siblings; https://www.gdacs.org/gdacsapi/swagger/index.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shapely import Point
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._quake import BANDS, EARTHQUAKE, Quake, depth_km_of, expires, felt, magnitude_of
from tocsin.formats._time import end_while_listed
from tocsin.hazards import LIST
from tocsin.model import Area, Category, Certainty, Code, Event, Severity, Text, Urgency

SENDER = "gdacs.org"
NAME = "Global Disaster Alert and Coordination System"
TYPES: Mapping[str, tuple[str, Category]] = {
    "EQ": ("Earthquake", Category.GEO),
    "TS": ("Tsunami", Category.GEO),
    "TC": ("Tropical cyclone", Category.MET),
    "FL": ("Flood", Category.MET),
    "VO": ("Volcano", Category.GEO),
    "WF": ("Wildfire", Category.FIRE),
    "DR": ("Drought", Category.ENV),
}
# "Green: international assistance is unlikely to be needed"; orange "may", red "likely". One step below GDACS's own
# CAP, which calls a green quake at 600 km of depth with nobody about it Moderate.
SEVERITIES = {"green": Severity.MINOR, "orange": Severity.SEVERE, "red": Severity.EXTREME}
REACH_KM: Mapping[str, float] = {"TS": 300, "TC": 200, "FL": 50, "VO": 30, "WF": 5, "DR": 300}
"""Our estimate, not GDACS's word, of how far about its centre a hazard reaches that the document does not measure."""

_KM2 = {"ha": 0.01, "hectares": 0.01, "km2": 1.0}
_LARGEST_KM2 = 1e7  # a drought of a continent
_WIDE = frozenset({"TC", "FL", "DR"})
_DEPTH = re.compile(r"Depth: ?([0-9]{1,4}(?:\.[0-9]{1,6})?) ?km")
_NEIC = re.compile(r"[a-z]{2}[A-Za-z0-9]{4,20}")
_ORDER = list(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disaster:
    """The named fields of one item. `kind` is the event type, one of `TYPES`; `size` is a number of `unit`.

    `countries` are ISO 3166-1 alpha-2 codes, `neic` the id of the quake at the US Geological Survey or "".
    """

    kind: str
    id: str
    episode: str
    sent: datetime
    begins: datetime
    level: str
    is_current: bool
    is_temporary: bool
    headline: str
    description: str
    country: str
    countries: tuple[str, ...]
    web: str
    size: float | None
    unit: str
    wording: str
    neic: str
    centre: Point | None
    shape: BaseGeometry | None
    box: BaseGeometry | None


def events_of(disaster: Disaster, *, source: str, now: datetime) -> tuple[Event, ...]:
    """Return the event of a disaster; of a quake, the bands of its intensity.

    Raises FormatError when it is in force and neither a place nor a country is named: nowhere is not everywhere.
    """
    event = _event(disaster, source, now)
    if event.is_over:
        return (event,)
    if disaster.kind == "EQ" and disaster.centre is None:
        raise FormatError("the quake has no position", at="")
    if not any(area.geometry is not None or area.geocodes for area in event.areas):
        raise FormatError("neither a place nor a country is named", at="")
    if disaster.kind != "EQ" or disaster.centre is None:
        return (event,)
    quake = Quake(
        kind=EARTHQUAKE,
        at=disaster.centre,
        depth_km=_depth_km(disaster.wording),
        magnitude=magnitude_of(disaster.size),
        place=disaster.country,
    )
    bare = replace(event, expires=expires(disaster.begins), texts=(quake.text,), measures=quake.measures)
    ((worst, *others),) = felt([(bare, quake)])
    return (replace(worst, severity=min(worst.severity, event.severity, key=_ORDER.index)), *others)


def _depth_km(wording: str) -> float | None:
    found = _DEPTH.search(wording)
    return depth_km_of(float(found[1])) if found else None


def _event(disaster: Disaster, source: str, now: datetime) -> Event:
    term, category = TYPES[disaster.kind]
    level, is_quake = disaster.level.lower(), disaster.kind == "EQ"
    lasts = LIST.hazards[LIST.codes[Code("gdacs", disaster.kind.lower())]].lasts
    since = disaster.begins if disaster.kind == "DR" else disaster.sent
    return Event(
        source=source,
        sender=SENDER,
        identifier=f"{disaster.kind}{disaster.id}",
        sent=disaster.sent,
        part=len(BANDS) if is_quake else 0,
        aliases=(f"quake:{disaster.neic}",) if is_quake and _NEIC.fullmatch(disaster.neic) else (),
        is_over=not disaster.is_current,
        category=(category,),
        codes=(
            Code("gdacs:eventtype", disaster.kind),
            *((Code("gdacs:alertlevel", level.capitalize()),) if level in SEVERITIES else ()),
            *((Code("gdacs:episodeid", disaster.episode),) if disaster.episode else ()),
        ),
        urgency=Urgency.PAST if is_quake else Urgency.IMMEDIATE,
        severity=SEVERITIES.get(level, Severity.UNKNOWN),
        certainty=Certainty.LIKELY if disaster.is_temporary else Certainty.OBSERVED,
        onset=disaster.begins,
        expires=end_while_listed(since, lasts, now),
        sender_name=NAME,
        web=disaster.web,
        texts=(Text(language="en", event=term, headline=disaster.headline, description=disaster.description),),
        areas=_areas(disaster),
        measures=_measures(disaster),
    )


def _areas(disaster: Disaster) -> tuple[Area, ...]:
    shape = disaster.shape
    if shape is None and disaster.centre is not None:
        shape = geo.circle(disaster.centre.x, disaster.centre.y, _reach_km(disaster) * 1000)
    placed = Area(description=disaster.country, geometry=shape if shape is not None else disaster.box)
    named = tuple(Code("ISO3166-1", code) for code in disaster.countries)
    if disaster.kind not in _WIDE or not named:
        return (placed if placed.geometry is not None or not named else replace(placed, geocodes=named),)
    return (placed, Area(description=disaster.country, geocodes=named))


def _reach_km(disaster: Disaster) -> float:
    factor = _KM2.get(disaster.unit.lower())
    if factor and disaster.size and 0 < disaster.size * factor <= _LARGEST_KM2:
        return math.sqrt(disaster.size * factor / math.pi)
    return REACH_KM.get(disaster.kind, 1.0)


def _measures(disaster: Disaster) -> Mapping[str, float]:
    """Return what is measured, in units that its name carries."""
    unit = disaster.unit.lower()
    names = {"km/h": "wind_km_h", "m": "magnitude", **dict.fromkeys(_KM2, "area_km2")}
    if disaster.size is None or unit not in names:
        return {}
    return {names[unit]: disaster.size * _KM2.get(unit, 1.0)}
