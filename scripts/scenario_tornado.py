"""Scenario (a): the evening of 10 December 2021 around Edwardsville, Illinois, as the NWS API would have told it.

All areas, numbers and words are ours; see src/tocsin/demo/tornado-2021-12-10/README.md for what is fact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scenario_archive import Poll, json_body, utc

SOURCE = "us-nws-alerts"
CENTRAL = ZoneInfo("America/Chicago")
SENDER = "w-nws.webmaster@noaa.gov"  # the address of an office, which every NWS alert bears
SENDERS = {"KLSX": "NWS St Louis MO", "KILX": "NWS Lincoln IL"}

COUNTIES = {  # UGC: name, SAME
    "MOC071": ("Franklin, MO", "029071"),
    "MOC099": ("Jefferson, MO", "029099"),
    "MOC183": ("St. Charles, MO", "029183"),
    "MOC189": ("St. Louis, MO", "029189"),
    "MOC510": ("St. Louis City, MO", "029510"),
    "ILC005": ("Bond, IL", "017005"),
    "ILC021": ("Christian, IL", "017021"),
    "ILC027": ("Clinton, IL", "017027"),
    "ILC051": ("Fayette, IL", "017051"),
    "ILC083": ("Jersey, IL", "017083"),
    "ILC117": ("Macoupin, IL", "017117"),
    "ILC119": ("Madison, IL", "017119"),
    "ILC133": ("Monroe, IL", "017133"),
    "ILC135": ("Montgomery, IL", "017135"),
    "ILC163": ("St. Clair, IL", "017163"),
    "ILC167": ("Sangamon, IL", "017167"),
}
WEST = ("MOC071", "MOC099", "MOC183", "MOC189", "MOC510", "ILC083", "ILC117", "ILC119", "ILC133", "ILC163")
EAST = ("ILC005", "ILC027", "ILC051", "ILC135")
NORTH = ("ILC021", "ILC167")

KINDS = {  # phenomenon and significance: event, SAME, NWS code, AWIPS product
    "TO.A": ("Tornado Watch", "TOA", "TOA", "WCN"),
    "TO.W": ("Tornado Warning", "TOR", "TOW", "TOR"),
    "SV.W": ("Severe Thunderstorm Warning", "SVR", "SVW", "SVR"),
}
SHELTER = (
    "TAKE COVER NOW! Move to a basement or an interior room on the lowest floor of a sturdy building. Avoid windows. "
    "If you are outdoors, in a mobile home, or in a vehicle, move to the closest substantial shelter and protect "
    "yourself from flying debris."
)
INDOORS = "For your protection move to an interior room on the lowest floor of a building."

Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One NWS alert. It is listed from `sent` until `listed_until`."""

    key: str
    office: str
    kind: str
    number: str
    action: str
    sent: datetime
    begins: datetime
    ends: datetime
    listed_until: datetime
    counties: Sequence[str]
    description: str
    instruction: str = ""
    message: str = "Alert"
    severity: str = "Extreme"
    certainty: str = "Observed"
    urgency: str = "Immediate"
    response: str = "Shelter"
    ring: Ring | None = None
    follows: str = ""

    @property
    def id(self) -> str:
        """Return the alert's name, made from its key so that every run gives the same."""
        return f"urn:oid:2.49.0.1.840.0.{hashlib.sha1(self.key.encode(), usedforsecurity=False).hexdigest()}.001.1"

    @property
    def vtec(self) -> str:
        """Return the P-VTEC string; an event that has begun has zeros for its beginning."""
        begins = f"{self.begins:%y%m%dT%H%MZ}" if self.action == "NEW" else "000000T0000Z"
        return f"/O.{self.action}.{self.office}.{self.kind}.{self.number}.{begins}-{self.ends:%y%m%dT%H%MZ}/"


def _watch(key: str, sent: str, counties: Sequence[str], listed_until: str, **changed: Any) -> Alert:
    ends = utc("2021-12-11 05:00")
    given: dict[str, Any] = {
        "key": key,
        "office": "KLSX",
        "kind": "TO.A",
        "number": "0553",
        "action": "NEW",
        "sent": utc(sent),
        "begins": utc(sent),
        "ends": ends,
        "listed_until": utc(listed_until),
        "counties": counties,
        "certainty": "Possible",
        "urgency": "Future",
        "response": "Monitor",
        "description": (
            "THE NATIONAL WEATHER SERVICE HAS ISSUED A TORNADO WATCH IN EFFECT UNTIL 11 PM CST THIS EVENING.\n\n"
            "Several tornadoes and a few intense tornadoes are possible. Damaging gusts to 75 mph are likely."
        ),
    }
    return Alert(**given | changed)


def _warning(key: str, number: str, action: str, sent: str, ends: str, listed_until: str, **given: Any) -> Alert:
    return Alert(
        key=key,
        office="KLSX",
        kind=given.pop("kind", "TO.W"),
        number=number,
        action=action,
        sent=utc(sent),
        begins=utc(given.pop("begins", sent)),
        ends=utc(ends),
        listed_until=utc(listed_until),
        message=given.pop("message", "Alert" if action == "NEW" else "Update"),
        instruction=given.pop("instruction", SHELTER),
        **given,
    )


D = "2021-12-10"
E = "2021-12-11"  # in UTC; still the evening of the 10th in Illinois

ALERTS = (
    _watch("watch-lsx", f"{D} 23:20", (*WEST, *EAST), f"{E} 03:45"),
    _watch("watch-ilx", f"{D} 23:20", NORTH, f"{E} 05:00", office="KILX"),
    _warning(
        "svr-1", "0188", "NEW", f"{E} 01:28", f"{E} 02:15", f"{E} 01:51",
        kind="SV.W", severity="Severe", certainty="Likely", instruction=INDOORS,
        counties=("MOC183", "MOC189"),
        ring=((-90.90, 38.56), (-90.86, 38.74), (-90.36, 38.90), (-90.31, 38.70), (-90.70, 38.50)),
        description=(
            "At 728 PM CST, severe thunderstorms were located along a line near Defiance, moving northeast at 55 mph."
            "\n\nHAZARD...70 mph wind gusts.\n\nSOURCE...Radar indicated.\n\nIMPACT...Expect considerable tree damage. "
            "Damage is likely to mobile homes, roofs, and outbuildings."
        ),
    ),
    _warning(
        "svr-2", "0188", "CON", f"{E} 01:51", f"{E} 02:15", f"{E} 02:15",
        kind="SV.W", severity="Severe", certainty="Observed", instruction=INDOORS, follows="svr-1",
        begins=f"{E} 01:28", counties=("MOC189",),
        ring=((-90.60, 38.62), (-90.56, 38.80), (-90.36, 38.90), (-90.31, 38.70), (-90.46, 38.60)),
        description=(
            "At 751 PM CST, severe thunderstorms were located near Maryland Heights, moving northeast at 55 mph.\n\n"
            "HAZARD...70 mph wind gusts.\n\nSOURCE...Trained weather spotters.\n\nIMPACT...Expect considerable tree "
            "damage. Damage is likely to mobile homes, roofs, and outbuildings."
        ),
    ),
    _warning(
        "tor1-1", "0044", "NEW", f"{E} 02:06", f"{E} 02:45", f"{E} 02:16",
        certainty="Likely", counties=("ILC119", "MOC189", "MOC510"),
        ring=((-90.42, 38.71), (-90.38, 38.83), (-89.80, 38.97), (-89.72, 38.78), (-90.20, 38.66)),
        description=(
            "At 806 PM CST, a severe thunderstorm capable of producing a tornado was located near Ferguson, moving "
            "northeast at 60 mph.\n\nHAZARD...Tornado.\n\nSOURCE...Radar indicated rotation.\n\nIMPACT...Flying debris "
            "will be dangerous to those caught without shelter. Mobile homes will be damaged or destroyed. Damage to "
            "roofs, windows, and vehicles will occur.\n\nThis dangerous storm will be near Granite City around 815 PM "
            "and Pontoon Beach and Edwardsville around 825 PM."
        ),
    ),
    _warning(
        "tor1-2", "0044", "CON", f"{E} 02:16", f"{E} 02:45", f"{E} 02:23",
        certainty="Likely", counties=("ILC119",), follows="tor1-1", begins=f"{E} 02:06",
        ring=((-90.22, 38.72), (-90.20, 38.81), (-89.80, 38.96), (-89.72, 38.79), (-89.98, 38.70)),
        description=(
            "At 816 PM CST, a severe thunderstorm capable of producing a tornado was located over Granite City, moving "
            "northeast at 60 mph.\n\nHAZARD...Tornado.\n\nSOURCE...Radar indicated rotation.\n\nThis dangerous storm "
            "will be near Pontoon Beach and Edwardsville around 825 PM."
        ),
    ),
    _warning(
        "tor1-3", "0044", "CON", f"{E} 02:23", f"{E} 02:45", f"{E} 02:32",
        counties=("ILC119",), follows="tor1-2", begins=f"{E} 02:06",
        ring=((-90.15, 38.71), (-90.13, 38.79), (-89.75, 38.93), (-89.68, 38.80), (-90.00, 38.70)),
        description=(
            "At 823 PM CST, a confirmed tornado was located near Pontoon Beach, moving northeast at 60 mph.\n\n"
            "HAZARD...Damaging tornado.\n\nSOURCE...Radar confirmed tornado.\n\nIMPACT...You are in a life-threatening "
            "situation. Flying debris may be deadly to those caught without shelter. Mobile homes will be destroyed. "
            "Considerable damage to homes, businesses, and vehicles is likely.\n\nThe tornado will be near "
            "Edwardsville around 830 PM."
        ),
    ),
    _warning(
        "tor1-4", "0044", "CON", f"{E} 02:32", f"{E} 02:45", f"{E} 02:47",
        counties=("ILC119",), follows="tor1-3", begins=f"{E} 02:06",
        ring=((-90.00, 38.77), (-89.98, 38.84), (-89.70, 38.96), (-89.62, 38.83), (-89.90, 38.75)),
        description=(
            "At 832 PM CST, a confirmed tornado was located near Edwardsville, moving northeast at 60 mph.\n\n"
            "HAZARD...Damaging tornado.\n\nSOURCE...Emergency management confirmed tornado.\n\nThe tornado will be "
            "near Hamel around 837 PM."
        ),
    ),
    _warning(
        "tor2-1", "0045", "NEW", f"{E} 02:34", f"{E} 03:15", f"{E} 02:50",
        certainty="Likely", counties=("ILC119", "ILC117", "ILC135", "ILC005"),
        ring=((-89.85, 38.93), (-89.82, 39.12), (-89.48, 39.36), (-89.30, 39.17), (-89.70, 38.90)),
        description=(
            "At 834 PM CST, a severe thunderstorm capable of producing a tornado was located near Worden, moving "
            "northeast at 60 mph.\n\nHAZARD...Tornado.\n\nSOURCE...Radar indicated rotation.\n\nThis dangerous storm "
            "will be near Litchfield around 855 PM."
        ),
    ),
    _warning(
        "tor2-2", "0045", "CON", f"{E} 02:50", f"{E} 03:15", f"{E} 03:01",
        certainty="Likely", counties=("ILC135",), follows="tor2-1", begins=f"{E} 02:34",
        ring=((-89.72, 39.08), (-89.70, 39.20), (-89.48, 39.36), (-89.30, 39.17), (-89.52, 39.02)),
        description=(
            "At 850 PM CST, a severe thunderstorm capable of producing a tornado was located near Litchfield, moving "
            "northeast at 55 mph.\n\nHAZARD...Tornado.\n\nSOURCE...Radar indicated rotation."
        ),
    ),
    _warning(
        "tor2-3", "0045", "CAN", f"{E} 03:01", f"{E} 03:15", f"{E} 03:09",
        message="Cancel", counties=("ILC135",), follows="tor2-2", begins=f"{E} 02:34", instruction="",
        certainty="Observed", urgency="Past", severity="Minor", response="AllClear",
        ring=((-89.72, 39.08), (-89.70, 39.20), (-89.48, 39.36), (-89.30, 39.17), (-89.52, 39.02)),
        description=(
            "The storm which prompted the warning has weakened below severe limits and no longer appears capable of "
            "producing a tornado. Therefore, the warning has been cancelled. A Tornado Watch remains in effect until "
            "1100 PM CST."
        ),
    ),
    _watch(
        # As NWS publishes the end of a part: an Alert without references, known by its VTEC and zones alone.
        "watch-lsx-west-over", f"{E} 03:45", WEST, f"{E} 03:58", action="CAN",
        begins=utc(f"{D} 23:20"), urgency="Past", severity="Minor", certainty="Observed", response="AllClear",
        description="THE NATIONAL WEATHER SERVICE HAS CANCELLED THE TORNADO WATCH FOR THE FOLLOWING AREAS.",
    ),
    _watch(
        "watch-lsx-east", f"{E} 03:45", EAST, f"{E} 05:00", action="CON", message="Update", follows="watch-lsx",
        begins=utc(f"{D} 23:20"),
        description="THE TORNADO WATCH REMAINS IN EFFECT UNTIL 11 PM CST THIS EVENING FOR THE FOLLOWING AREAS.",
    ),
)  # fmt: skip
BY_KEY = {alert.key: alert for alert in ALERTS}


def polls() -> Iterator[Poll]:
    """Yield the polls of the evening. A poll that finds nothing new names the document of the last one."""
    name, body, before = "", b"", None
    for at in _moments():
        listed = [alert for alert in ALERTS if alert.sent <= at < alert.listed_until]
        if listed != before:
            name, body, before = f"snapshots/{at:%d-%H%M}.json", json_body(_collection(listed, at)), listed
        yield Poll(at=at, source=SOURCE, format="nws", file=name, body=body)


def _moments() -> Iterator[datetime]:
    """Yield when the API is asked: each quarter of an hour, and each minute or two while warnings are out."""
    at = utc(f"{D} 23:00:40")
    while at <= utc(f"{E} 05:10:40"):
        is_action = utc(f"{E} 02:04") <= at <= utc(f"{E} 03:12")
        is_near = utc(f"{E} 01:26") <= at <= utc(f"{E} 04:00") or at < utc(f"{D} 23:23")
        if is_action or (is_near and at.minute % 2 == 0) or at.minute % 15 == 0:
            yield at
        at += timedelta(minutes=1)


def _collection(listed: Sequence[Alert], at: datetime) -> dict[str, Any]:
    return {
        "@context": ["https://geojson.org/geojson-ld/geojson-context.jsonld"],
        "type": "FeatureCollection",
        "title": "Demonstration of Tocsin, modelled on 10 December 2021; not issued by the National Weather Service",
        "updated": (at - timedelta(seconds=25)).isoformat(),
        "features": [_feature(alert) for alert in sorted(listed, key=lambda alert: alert.sent, reverse=True)],
    }


def _feature(alert: Alert) -> dict[str, Any]:
    event, same, code, product = KINDS[alert.kind]
    former = BY_KEY.get(alert.follows)
    address = f"https://api.weather.gov/alerts/{alert.id}"
    sender = SENDERS[alert.office]
    return {
        "id": address,
        "type": "Feature",
        "geometry": _geometry(alert.ring),
        "properties": {
            "@id": address,
            "@type": "wx:Alert",
            "id": alert.id,
            "areaDesc": "; ".join(COUNTIES[county][0] for county in alert.counties),
            "geocode": {"SAME": [COUNTIES[county][1] for county in alert.counties], "UGC": list(alert.counties)},
            "affectedZones": [f"https://api.weather.gov/zones/county/{county}" for county in alert.counties],
            "references": [_reference(former)] if former else [],
            "sent": _local(alert.sent),
            "effective": _local(alert.sent),
            "onset": _local(alert.begins),
            "expires": _local(alert.ends),
            "ends": _local(alert.ends),
            "status": "Actual",
            "messageType": alert.message,
            "category": "Met",
            "severity": alert.severity,
            "certainty": alert.certainty,
            "urgency": alert.urgency,
            "event": event,
            "sender": SENDER,
            "senderName": sender,
            "headline": f"{event} issued {_words(alert.sent)} until {_words(alert.ends)} by {sender}",
            "description": alert.description,
            "instruction": alert.instruction or None,
            "response": alert.response,
            "parameters": {
                "AWIPSidentifier": [f"{product if alert.action == 'NEW' else 'SVS'}{alert.office[1:]}"],
                "VTEC": [alert.vtec],
                "eventEndingTime": [_local(alert.ends)],
            },
            "scope": "Public",
            "language": "en-US",
            "eventCode": {"SAME": [same], "NationalWeatherService": [code]},
        },
    }


def _geometry(ring: Ring | None) -> dict[str, Any] | None:
    return {"type": "Polygon", "coordinates": [[*map(list, ring), list(ring[0])]]} if ring else None


def _reference(alert: Alert) -> dict[str, str]:
    address = f"https://api.weather.gov/alerts/{alert.id}"
    return {"@id": address, "identifier": alert.id, "sender": SENDER, "sent": _local(alert.sent)}


def _local(moment: datetime) -> str:
    return moment.astimezone(CENTRAL).isoformat()


def _words(moment: datetime) -> str:
    local = moment.astimezone(CENTRAL)
    return f"{local:%B} {local.day} at {local:%I:%M%p} CST".replace(" at 0", " at ")
