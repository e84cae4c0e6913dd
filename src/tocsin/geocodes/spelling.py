"""Geocodes as issuers write them: one spelling for each, and the wider areas that each lies in.

Sources: NWSI 10-1702 (UGC); 47 CFR 11.31(c) (SAME location codes, PSSCCC); FIPS 5-2 (numbers and letters of US states);
MeteoAlarm CAP profile (EMMA_ID); Regulation (EC) 1059/2003 (NUTS); DWD CAP profile (WARNCELLID); German
regional key (ARS); Czech Statistical
Office (CISORP); CAP-CP 1.0 and Statistics Canada SGC (Canadian locations); ISO 3166-1 and -2; UN M49 (001, the world).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tocsin.model import Code

_ISO = "ISO3166"
COUNTRY = "ISO3166-1"
SUBDIVISION = "ISO3166-2"
WORLD = "001"

# FIPS 5-2 number of each US state and territory, and its letters, which UGC and ISO 3166-2:US use too.
STATES = dict(
    pair.split(":")
    for pair in [
        "01:AL",
        "02:AK",
        "04:AZ",
        "05:AR",
        "06:CA",
        "08:CO",
        "09:CT",
        "10:DE",
        "11:DC",
        "12:FL",
        "13:GA",
        "15:HI",
        "16:ID",
        "17:IL",
        "18:IN",
        "19:IA",
        "20:KS",
        "21:KY",
        "22:LA",
        "23:ME",
        "24:MD",
        "25:MA",
        "26:MI",
        "27:MN",
        "28:MS",
        "29:MO",
        "30:MT",
        "31:NE",
        "32:NV",
        "33:NH",
        "34:NJ",
        "35:NM",
        "36:NY",
        "37:NC",
        "38:ND",
        "39:OH",
        "40:OK",
        "41:OR",
        "42:PA",
        "44:RI",
        "45:SC",
        "46:SD",
        "47:TN",
        "48:TX",
        "49:UT",
        "50:VT",
        "51:VA",
        "53:WA",
        "54:WV",
        "55:WI",
        "56:WY",
        "60:AS",
        "66:GU",
        "69:MP",
        "72:PR",
        "78:VI",
    ]
)
_NUMBER_OF = {letters: number for number, letters in STATES.items()}
_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})  # ISO 3166 lists them as countries and as parts of the US

# SGC number of each Canadian province and territory, and its letters of ISO 3166-2:CA.
_PROVINCE_OF = dict(
    pair.split(":")
    for pair in "10:NL 11:PE 12:NS 13:NB 24:QC 35:ON 46:MB 47:SK 48:AB 59:BC 60:YT 61:NT 62:NU".split()  # noqa: SIM905
)
_SGC_LENGTHS = (2, 4, 7)  # province, census division, census subdivision

# Number of each German state in regional keys, and its letters of ISO 3166-2:DE.
_LAND_OF = dict(
    pair.split(":")
    for pair in [
        "01:SH",
        "02:HH",
        "03:NI",
        "04:HB",
        "05:NW",
        "06:HE",
        "07:RP",
        "08:BW",
        "09:BY",
        "10:SL",
        "11:BE",
        "12:BB",
        "13:MV",
        "14:SN",
        "15:ST",
        "16:TH",
    ]
)
_ARS_LENGTH = 12  # state 2, region 1, district 2, association 4, municipality 3
_CELLS_OF_LAND = frozenset(f"WARNCELLID-{sort}" for sort in "1789")  # districts, their parts, municipalities; not seas

_ISO_OF = {"EL": "GR", "UK": "GB"}  # the letters of the European Union where ISO has others
_COUNTRY_OF = {"WARNCELLID": "DE", "CISORP": "CZ"}  # lists of one country
_UGC = re.compile(r"([A-Z]{2})([CZ])(\d{3}|ALL)", re.ASCII)
_NUTS = re.compile(r"[A-Z]{2}[A-Z0-9]{0,3}", re.ASCII)
_SAME_LENGTHS = (5, 6)  # with and without the digit for a part of the county


@lru_cache(maxsize=65536)
def normal(code: Code) -> Code:
    """Return the code as codes are compared: capitals, one name for each list.

    A UGC county code and a SAME code of one county are equal, for UGC took the county's FIPS number; a code that means
    a whole state or country is that state or country. Lists that lie across one another (UGC counties and zones, the
    sorts of WARNCELLID) get names of their own, so that a code of the one never rules out a code of the other.
    """
    scheme, value = code.scheme.strip().upper(), code.value.strip().upper()
    if scheme in {"SAME", "FIPS6", "FIPS"} and value.isascii() and value.isdigit() and len(value) in _SAME_LENGTHS:
        return _county(value[-5:-3], value[-3:])
    if scheme == "UGC" and (found := _UGC.fullmatch(value)):
        return _ugc(*found.groups())
    if scheme.startswith("NUTS") and _NUTS.fullmatch(value):
        value = _ISO_OF.get(value[:2], value[:2]) + value[2:]
        return Code(f"NUTS{len(value) - 2}", value) if len(value) > len("DE") else Code(COUNTRY, value)
    if scheme in {"ARS", "WARNCELLID"}:
        return _german(scheme, value)
    if scheme.startswith("PROFILE:CAP-CP:LOCATION"):
        return _sgc(value)
    is_territory = scheme == SUBDIVISION and value.startswith("US-") and value[3:] in _TERRITORIES
    return Code(COUNTRY, value[3:]) if is_territory else Code(scheme, value)


def _german(scheme: str, value: str) -> Code:
    """Return a warning cell in the list of its sort, and a regional key as the cell, state or country that it means."""
    if scheme == "WARNCELLID":
        return Code(f"WARNCELLID-{value[:1]}", value)  # the first digit is the sort: 1 county, 8 municipality, ...
    if not (value.isascii() and value.isdigit() and len(value) == _ARS_LENGTH):
        return Code(scheme, value)
    land, district, municipality = value[:2], value[:5], value[9:]
    if value.strip("0") == "":
        return Code(COUNTRY, "DE")
    if value[2:].strip("0") == "" and land in _LAND_OF:
        return Code(SUBDIVISION, f"DE-{_LAND_OF[land]}")
    if value[5:].strip("0") == "":
        return Code("WARNCELLID-1", f"1{district}000")
    return Code("WARNCELLID-8", f"8{district}{municipality}")


def _county(state: str, county: str) -> Code:
    if state == "00" and county == "000":
        return Code(COUNTRY, "US")
    if county == "000" and state in STATES:
        return _state(STATES[state])
    return Code("SAME", f"0{state}{county}")


def _ugc(state: str, sort: str, number: str) -> Code:
    if number in {"000", "ALL"} and state in _NUMBER_OF:
        return _state(state)
    if sort == "C" and state in _NUMBER_OF:
        return Code("SAME", f"0{_NUMBER_OF[state]}{number}")
    return Code("UGC-Z", f"{state}{sort}{number}")


def _sgc(value: str) -> Code:
    if len(value) == _SGC_LENGTHS[0] and value in _PROVINCE_OF:
        return Code(SUBDIVISION, f"CA-{_PROVINCE_OF[value]}")
    return Code(f"SGC{len(value)}", value)


def _state(letters: str) -> Code:
    return Code(COUNTRY, letters) if letters in _TERRITORIES else Code(SUBDIVISION, f"US-{letters}")


def narrow(codes: Iterable[Code]) -> frozenset[Code]:
    """Return the codes, in their normal spelling, that say where an area is: without those of ISO 3166 that stand
    beside another list. "Erding" and "DE" of one area together mean Erding; a SAME code of a whole state means it.
    """
    stated = tuple(codes)
    found = (code for code in stated if not code.scheme.strip().upper().startswith(_ISO))
    return frozenset(map(normal, found)) or frozenset(map(normal, stated))


def wider(code: Code) -> Iterator[Code]:
    """Yield the code, in its normal spelling, and every listed area that holds it, smallest first."""
    code = normal(code)
    yield code
    if code.scheme in {"NUTS2", "NUTS3"}:
        yield from (Code(f"NUTS{length - 2}", code.value[:length]) for length in range(len(code.value) - 1, 2, -1))
    if code.scheme == f"SGC{_SGC_LENGTHS[2]}":
        yield Code(f"SGC{_SGC_LENGTHS[1]}", code.value[: _SGC_LENGTHS[1]])
    region = region_of(code)
    if region is not None and region != code:
        yield region
    if region is not None and region.scheme == SUBDIVISION:
        yield Code(COUNTRY, region.value.split("-")[0])


@lru_cache(maxsize=65536)
def region_of(code: Code) -> Code | None:
    """Return the country or its first-level part in which the code lies; None where the code does not tell."""
    scheme, value = code = normal(code)
    if scheme in {COUNTRY, SUBDIVISION}:
        return code
    if scheme in {"SAME", "UGC-Z"}:
        state = STATES.get(value[1:3], "") if scheme == "SAME" else value[:2]
        return _state(state) if state in _NUMBER_OF else None
    if scheme.startswith("SGC"):
        province = _PROVINCE_OF.get(value[:2])
        return Code(SUBDIVISION, f"CA-{province}") if province else Code(COUNTRY, "CA")
    if scheme == "EMMA_ID" or scheme.startswith("NUTS"):
        return Code(COUNTRY, _ISO_OF.get(value[:2], value[:2])) if _is_letters(value[:2]) else None
    country = _COUNTRY_OF.get(scheme.partition("-")[0])
    land = _LAND_OF.get(value[1:3]) if scheme in _CELLS_OF_LAND else None
    if land or country is None:
        return Code(SUBDIVISION, f"DE-{land}") if land else None
    return Code(COUNTRY, country)


def _is_letters(text: str) -> bool:
    return len(text) == len("DE") and text.isascii() and text.isalpha()


def territory(jurisdiction: Iterable[str]) -> tuple[Code, ...]:
    """Return the codes of an issuer's jurisdiction ("US", "GB-ENG", "001")."""
    return tuple(normal(Code(SUBDIVISION if "-" in name else COUNTRY, name)) for name in jurisdiction)
