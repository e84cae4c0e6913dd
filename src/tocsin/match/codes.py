"""Geocodes as issuers write them, brought to one spelling, and the coarser region that each lies in.

Sources: NWSI 10-1702 (UGC); 47 CFR 11.31(f) and FIPS 6-4 (SAME, PSSCCC); MeteoAlarm (EMMA_ID); Eurostat NUTS 2021; DWD
(WARNCELLID); CISORP (Czech Statistical Office); ISO 3166-1 and -2; FIPS 10-4 has no table here and names no region.
"""

from __future__ import annotations

import re

from tocsin.model import Code

COUNTRY = "ISO3166-1"
SUBDIVISION = "ISO3166-2"
WORLD = "001"  # UN M49

# FIPS 6-4 number of each US state and territory, and its USPS letters, which ISO 3166-2:US uses too.
_FIPS_STATES = dict(
    pair.split(":")
    for pair in (
        "01:AL 02:AK 04:AZ 05:AR 06:CA 08:CO 09:CT 10:DE 11:DC 12:FL 13:GA 15:HI 16:ID 17:IL 18:IN 19:IA 20:KS 21:KY "
        "22:LA 23:ME 24:MD 25:MA 26:MI 27:MN 28:MS 29:MO 30:MT 31:NE 32:NV 33:NH 34:NJ 35:NM 36:NY 37:NC 38:ND 39:OH "
        "40:OK 41:OR 42:PA 44:RI 45:SC 46:SD 47:TN 48:TX 49:UT 50:VT 51:VA 53:WA 54:WV 55:WI 56:WY 60:AS 66:GU 69:MP "
        "72:PR 78:VI"
    ).split()
)
_STATES = frozenset(_FIPS_STATES.values())
_EUROPEAN = {"EL": "GR", "UK": "GB"}  # Eurostat's letters where ISO has others
_BY_PREFIX = frozenset({"EMMA_ID", "NUTS0", "NUTS1", "NUTS2", "NUTS3", "NUTS"})
_BY_COUNTRY = {"WARNCELLID": "DE", "CISORP": "CZ"}
_UGC = re.compile(r"[A-Z]{2}[CZ]\d{3}", re.ASCII)


def normal(code: Code) -> Code:
    """Return the code in the spelling in which codes are compared: "FIPS6" is "SAME", letters are capitals."""
    scheme, value = code.scheme.strip().upper(), code.value.strip().upper()
    if scheme in {"SAME", "FIPS6", "FIPS"} and value.isdigit():
        # P of PSSCCC names a part of a county; a place lies in the county whichever part is meant.
        return Code("SAME", "0" + value[-5:].zfill(5))
    if scheme == "UGC" and _UGC.fullmatch(value):
        return Code(
            f"UGC-{value[2]}", value
        )  # counties and forecast zones are two lists: one does not rule out the other
    return Code(scheme, value)


def region_of(code: Code) -> Code | None:
    """Return the country or first-level region in which the code lies, or None where the code does not tell."""
    scheme, value = normal(code)
    if scheme == "SAME":
        state = _FIPS_STATES.get(value[1:3])
        return Code(SUBDIVISION, f"US-{state}") if state else None
    if scheme in {"UGC-C", "UGC-Z"} and value[:2] in _STATES:
        return Code(SUBDIVISION, f"US-{value[:2]}")
    if scheme in _BY_PREFIX and re.match(r"[A-Z]{2}", value, re.ASCII):
        return Code(COUNTRY, _EUROPEAN.get(value[:2], value[:2]))
    if scheme in _BY_COUNTRY:
        return Code(COUNTRY, _BY_COUNTRY[scheme])
    if scheme in {COUNTRY, SUBDIVISION}:
        return Code(scheme, value)
    return None
