"""What the codes of a product mean: the event's name, and CAP's ratings of it as NWS itself gives them.

A VTEC names phenomenon and significance; a product without one is named by its category, of which only those listed
here are alerts. What is on neither list (discussions, forecasts, observations, climate) holds no alert.

Ratings follow the CAP messages of NWS: what its API serves for the same warnings. A warning is Severe, Expected and
Likely; a watch Severe, Future and Possible; an advisory Minor or Moderate, Expected and Likely. Whatever has ended is
Minor, Past and Observed, with AllClear.

Source: NWSI 10-1703, appendix A (phenomena, significance); 47 CFR 11.31 (e) and NWSI 10-1712 (event codes);
https://www.weather.gov/documentation/services-web-api and https://vlab.noaa.gov/web/nws-common-alerting-protocol
(ratings; compared with recorded alerts of 2021, 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tocsin.model import Category, Certainty, Response, Severity, Urgency


class Rating(NamedTuple):
    """CAP's three ratings and what people should do."""

    severity: Severity
    urgency: Urgency
    certainty: Certainty
    response: tuple[Response, ...] = ()


UNRATED = Rating(Severity.UNKNOWN, Urgency.UNKNOWN, Certainty.UNKNOWN)
ENDED = Rating(Severity.MINOR, Urgency.PAST, Certainty.OBSERVED, (Response.ALL_CLEAR,))

_PHENOMENA = {
    "AF": "Ashfall", "AS": "Air Stagnation", "AV": "Avalanche", "BH": "Beach Hazard", "BS": "Blowing Snow",
    "BW": "Brisk Wind", "BZ": "Blizzard", "CF": "Coastal Flood", "CW": "Cold Weather", "DF": "Debris Flow",
    "DS": "Dust Storm", "DU": "Blowing Dust", "EC": "Extreme Cold", "EH": "Excessive Heat", "EW": "Extreme Wind",
    "FA": "Flood", "FF": "Flash Flood", "FG": "Dense Fog", "FL": "Flood", "FR": "Frost", "FW": "Fire Weather",
    "FZ": "Freeze", "GL": "Gale", "HF": "Hurricane Force Wind", "HI": "Inland Hurricane", "HS": "Heavy Snow",
    "HT": "Heat", "HU": "Hurricane", "HW": "High Wind", "HY": "Hydrologic", "HZ": "Hard Freeze", "IP": "Sleet",
    "IS": "Ice Storm", "LB": "Lake Effect Snow and Blowing Snow", "LE": "Lake Effect Snow", "LO": "Low Water",
    "LS": "Lakeshore Flood", "LW": "Lake Wind", "MA": "Marine", "MF": "Dense Fog", "MH": "Ashfall",
    "MS": "Dense Smoke", "RB": "Small Craft", "RP": "Rip Current", "SB": "Snow and Blowing Snow", "SC": "Small Craft",
    "SE": "Hazardous Seas", "SI": "Small Craft", "SM": "Dense Smoke", "SN": "Snow", "SQ": "Snow Squall",
    "SR": "Storm", "SS": "Storm Surge", "SU": "High Surf", "SV": "Severe Thunderstorm", "SW": "Small Craft",
    "TI": "Inland Tropical Storm", "TO": "Tornado", "TR": "Tropical Storm", "TS": "Tsunami", "TY": "Typhoon",
    "UP": "Heavy Freezing Spray", "WC": "Wind Chill", "WI": "Wind", "WS": "Winter Storm", "WW": "Winter Weather",
    "XH": "Extreme Heat", "ZF": "Freezing Fog", "ZR": "Freezing Rain", "ZY": "Freezing Spray",
}  # fmt: skip
_SIGNIFICANCE = {
    "W": "Warning", "A": "Watch", "Y": "Advisory", "S": "Statement", "O": "Outlook", "F": "Forecast", "N": "Synopsis",
}  # fmt: skip
_OWN_NAMES = {
    "FW.W": "Red Flag Warning",
    "MA.W": "Special Marine Warning",
    "MA.S": "Marine Weather Statement",
    "BH.S": "Beach Hazards Statement",
    "HU.S": "Hurricane Local Statement",
    "TY.S": "Typhoon Local Statement",
    "UP.Y": "Freezing Spray Advisory",
}


def event_name(phenomenon: str, significance: str) -> str:
    """Return NWS's name of a VTEC event ("Wind Chill Advisory"), or its code where the phenomenon is on no list."""
    key = f"{phenomenon}.{significance}"
    named = _PHENOMENA.get(phenomenon)
    return _OWN_NAMES.get(key) or (f"{named} {_SIGNIFICANCE[significance]}" if named else key)


_SEVERE, _MODERATE, _MINOR, _EXTREME = Severity.SEVERE, Severity.MODERATE, Severity.MINOR, Severity.EXTREME
_NOW, _SOON, _LATER = Urgency.IMMEDIATE, Urgency.EXPECTED, Urgency.FUTURE
_LIKELY, _SEEN, _POSSIBLE = Certainty.LIKELY, Certainty.OBSERVED, Certainty.POSSIBLE
_BY_SIGNIFICANCE = {
    "W": Rating(_SEVERE, _SOON, _LIKELY),
    "A": Rating(_SEVERE, _LATER, _POSSIBLE, (Response.PREPARE,)),
    "Y": Rating(_MINOR, _SOON, _LIKELY),
    "S": Rating(_MINOR, _SOON, _LIKELY),
    "O": Rating(Severity.UNKNOWN, _LATER, _POSSIBLE, (Response.MONITOR,)),
}
_AVOID, _SHELTER, _EXECUTE = (Response.AVOID,), (Response.SHELTER,), (Response.EXECUTE,)
_RATINGS: Mapping[str, Rating] = {
    "TO.W": Rating(_EXTREME, _NOW, _LIKELY, _SHELTER),
    "TO.A": Rating(_EXTREME, _LATER, _POSSIBLE, (Response.MONITOR,)),
    "SV.W": Rating(_SEVERE, _NOW, _SEEN, _SHELTER),
    "EW.W": Rating(_EXTREME, _NOW, _SEEN, _SHELTER),
    "SQ.W": Rating(_SEVERE, _NOW, _SEEN, _AVOID),
    "DS.W": Rating(_SEVERE, _NOW, _LIKELY, _AVOID),
    "FF.W": Rating(_SEVERE, _NOW, _LIKELY, _AVOID),
    "MA.W": Rating(_SEVERE, _NOW, _LIKELY, _AVOID),
    "TS.W": Rating(_EXTREME, _NOW, _LIKELY, (Response.EVACUATE,)),
    "TS.Y": Rating(_SEVERE, _NOW, _LIKELY, _AVOID),
    "HU.W": Rating(_EXTREME, _SOON, _LIKELY),
    "TY.W": Rating(_EXTREME, _SOON, _LIKELY),
    "SS.W": Rating(_EXTREME, _SOON, _LIKELY),
    "FA.W": Rating(_SEVERE, _SOON, _LIKELY, _AVOID),
    "FL.W": Rating(_SEVERE, _SOON, _LIKELY, _AVOID),
    "FA.Y": Rating(_MINOR, _SOON, _LIKELY, _AVOID),
    "FL.Y": Rating(_MINOR, _SOON, _LIKELY, _AVOID),
    "FW.W": Rating(_SEVERE, _SOON, _LIKELY, (Response.PREPARE,)),
    "GL.W": Rating(_MODERATE, _SOON, _LIKELY, _AVOID),
    "SC.Y": Rating(_MINOR, _SOON, _LIKELY, _AVOID),
    "HT.Y": Rating(_MODERATE, _SOON, _LIKELY, _EXECUTE),
    "WI.Y": Rating(_MODERATE, _SOON, _LIKELY, _EXECUTE),
    "WW.Y": Rating(_MODERATE, _SOON, _LIKELY, _EXECUTE),
    "ZR.Y": Rating(_MODERATE, _SOON, _LIKELY, _EXECUTE),
    "WC.Y": Rating(_MODERATE, _SOON, _LIKELY, _EXECUTE),
    "XH.W": Rating(_SEVERE, _SOON, _LIKELY, _EXECUTE),
    "EH.W": Rating(_SEVERE, _SOON, _LIKELY, _EXECUTE),
    "BH.S": Rating(_MODERATE, _SOON, _LIKELY, _AVOID),
    "RP.S": Rating(_MODERATE, _SOON, _LIKELY, _AVOID),
}


def rating(phenomenon: str, significance: str, *, has_begun: bool) -> Rating:
    """Return NWS's ratings of a VTEC event that goes on. A river that floods already (`has_begun`) is observed."""
    key = f"{phenomenon}.{significance}"
    if key == "FL.W" and has_begun:
        return Rating(_SEVERE, _NOW, _SEEN, _AVOID)
    return _RATINGS.get(key) or _BY_SIGNIFICANCE.get(significance, UNRATED)


_CIVIL = Rating(_SEVERE, _NOW, _SEEN)
_STATEMENT = Rating(_MODERATE, _SOON, _SEEN, _EXECUTE)


class Kind(NamedTuple):
    """A category of product that is an alert by itself."""

    event: str
    rating: Rating = UNRATED
    category: Category = Category.MET


CATEGORIES: Mapping[str, Kind] = {
    # Warnings and statements of NWS that may come without VTEC.
    "SPS": Kind("Special Weather Statement", _STATEMENT),
    "MWS": Kind("Marine Weather Statement", _STATEMENT),
    "AVW": Kind("Avalanche Warning", Rating(_SEVERE, _SOON, _LIKELY, _AVOID)),
    "AVA": Kind("Avalanche Watch", _BY_SIGNIFICANCE["A"]),
    "AVY": Kind("Avalanche Advisory", _BY_SIGNIFICANCE["Y"]),
    "AQA": Kind("Air Quality Alert"),
    "ESF": Kind("Hydrologic Outlook", _BY_SIGNIFICANCE["O"]),
    "SEL": Kind("Severe Thunderstorm Watch", _BY_SIGNIFICANCE["A"]),
    "HLS": Kind("Hurricane Local Statement", _STATEMENT),
    "EQR": Kind("Earthquake", Rating(Severity.UNKNOWN, Urgency.PAST, _SEEN), Category.GEO),
    "TSU": Kind("Tsunami Message", Rating(Severity.UNKNOWN, _NOW, _LIKELY), Category.GEO),
    "TOR": Kind("Tornado Warning", _RATINGS["TO.W"]),
    "SVR": Kind("Severe Thunderstorm Warning", _RATINGS["SV.W"]),
    "SVS": Kind("Severe Weather Statement", _STATEMENT),
    "FFW": Kind("Flash Flood Warning", _RATINGS["FF.W"]),
    "FFA": Kind("Flash Flood Watch", _BY_SIGNIFICANCE["A"]),
    "FFS": Kind("Flash Flood Statement", _STATEMENT),
    "FLW": Kind("Flood Warning", _RATINGS["FL.W"]),
    "FLS": Kind("Flood Statement", _STATEMENT),
    "SMW": Kind("Special Marine Warning", _RATINGS["MA.W"]),
    "WSW": Kind("Winter Weather Message"),
    # Messages of other authorities that NWS relays.
    "CAE": Kind("Child Abduction Emergency", UNRATED, Category.SAFETY),
    "BLU": Kind("Blue Alert", UNRATED, Category.SAFETY),
    "MEP": Kind("Missing and Endangered Persons", UNRATED, Category.SAFETY),
    "LAE": Kind("Local Area Emergency", _CIVIL, Category.SAFETY),
    "LEW": Kind("Law Enforcement Warning", _CIVIL, Category.SAFETY),
    "CDW": Kind("Civil Danger Warning", _CIVIL, Category.SAFETY),
    "CEM": Kind("Civil Emergency Message", _CIVIL, Category.SAFETY),
    "EVI": Kind("Evacuation Immediate", Rating(_EXTREME, _NOW, _SEEN, (Response.EVACUATE,)), Category.SAFETY),
    "EVA": Kind("Evacuation Watch", _BY_SIGNIFICANCE["A"], Category.SAFETY),
    "SPW": Kind("Shelter In Place Warning", Rating(_EXTREME, _NOW, _SEEN, _SHELTER), Category.SAFETY),
    "FRW": Kind("Fire Warning", Rating(_SEVERE, _NOW, _SEEN), Category.FIRE),
    "IFW": Kind("Industrial Fire Warning", Rating(_SEVERE, _NOW, _SEEN), Category.FIRE),
    "WFW": Kind("Wild Fire Warning", Rating(_SEVERE, _NOW, _SEEN), Category.FIRE),
    "WFA": Kind("Wild Fire Watch", _BY_SIGNIFICANCE["A"], Category.FIRE),
    "HMW": Kind("Hazardous Materials Warning", Rating(_SEVERE, _NOW, _SEEN), Category.CBRNE),
    "CHW": Kind("Chemical Hazard Warning", Rating(_SEVERE, _NOW, _SEEN), Category.CBRNE),
    "BHW": Kind("Biological Hazard Warning", Rating(_SEVERE, _NOW, _SEEN), Category.CBRNE),
    "NUW": Kind("Nuclear Power Plant Warning", Rating(_EXTREME, _NOW, _SEEN), Category.CBRNE),
    "RHW": Kind("Radiological Hazard Warning", Rating(_EXTREME, _NOW, _SEEN), Category.CBRNE),
    "VOW": Kind("Volcano Warning", Rating(_SEVERE, _NOW, _LIKELY), Category.GEO),
    "EQW": Kind("Earthquake Warning", Rating(_EXTREME, _NOW, _LIKELY), Category.GEO),
    "DBW": Kind("Dam Break Warning", Rating(_EXTREME, _NOW, _LIKELY), Category.INFRA),
    "DBA": Kind("Dam Watch", _BY_SIGNIFICANCE["A"], Category.INFRA),
    "LSW": Kind("Land Slide Warning", Rating(_SEVERE, _NOW, _LIKELY), Category.GEO),
    "POS": Kind("Power Outage Statement", _STATEMENT, Category.INFRA),
    "TOE": Kind("911 Telephone Outage Emergency", Rating(_MODERATE, _NOW, _SEEN), Category.INFRA),
    "DEW": Kind("Contagious Disease Warning", Rating(_SEVERE, _SOON, _LIKELY), Category.HEALTH),
    "FCW": Kind("Food Contamination Warning", Rating(_SEVERE, _SOON, _LIKELY), Category.HEALTH),
    "BWW": Kind("Boil Water Warning", Rating(_SEVERE, _SOON, _LIKELY), Category.HEALTH),
    "CWW": Kind("Contaminated Water Warning", Rating(_SEVERE, _SOON, _LIKELY), Category.HEALTH),
    # Administration and tests: the gate knows them by their codes.
    "ADR": Kind("Administrative Message", UNRATED, Category.OTHER),
    "NMN": Kind("Network Message Notification", UNRATED, Category.OTHER),
    "DMO": Kind("Practice/Demo Warning", UNRATED, Category.OTHER),
    "RWT": Kind("Required Weekly Test", UNRATED, Category.OTHER),
    "RMT": Kind("Required Monthly Test", UNRATED, Category.OTHER),
}
"""Product category -> what it is, for products without VTEC. Everything that is not listed holds no alert."""

TESTS = frozenset({"DMO", "RWT", "RMT"})
