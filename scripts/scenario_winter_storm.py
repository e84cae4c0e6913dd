"""Scenario (b): thirty hours of a winter storm over the North of England, and a feed that goes dead in the middle.

CAP 1.2 behind an Atom index, as MeteoAlarm spreads the Met Office's warnings, and the flood warnings of the
Environment Agency beside it. See src/tocsin/demo/winter-storm-north-england/README.md for what is fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from scenario_archive import Poll, utc

WEATHER = "meteoalarm-united-kingdom"
FLOODS = "uk-ea-floods"
HOSTS = {WEATHER: "https://feeds.meteoalarm.org/demo", FLOODS: "https://environment.data.gov.uk/cap/demo"}
TITLES = {WEATHER: "MeteoAlarm United Kingdom", FLOODS: "Flood alerts and warnings, Environment Agency"}
SENDERS = {WEATHER: "metoffice.gov.uk", FLOODS: "environment-agency.gov.uk"}
NAMES = {WEATHER: "Met Office", FLOODS: "Environment Agency"}
DISCLAIMER = "Demonstration of Tocsin, modelled on Storm Arwen; not issued by"

DEAD_FROM, DEAD_UNTIL = utc("2021-11-26 17:30"), utc("2021-11-26 22:45")

Ring = Sequence[tuple[float, float]]  # lat, lon as in CAP

# Coast of the North East, and the same with the coast down to the Humber.
COAST_NORTH: Ring = ((55.82, -2.10), (55.80, -1.30), (54.60, -0.80), (54.45, -1.75), (55.20, -2.20))
COAST_ALL: Ring = (
    (55.82, -2.10),
    (55.80, -1.30),
    (54.50, -0.20),
    (53.55, 0.25),
    (53.60, -0.75),
    (54.45, -1.85),
    (55.20, -2.20),
)
NORTH: Ring = (
    (55.75, -3.10),
    (55.82, -2.00),
    (54.60, -0.50),
    (53.50, 0.25),
    (53.25, -1.10),
    (53.20, -3.10),
    (54.20, -3.45),
    (54.95, -3.55),
)
NORTH_AND_EAST: Ring = (
    (55.82, -2.35),
    (55.80, -1.30),
    (54.60, -0.20),
    (53.50, 0.25),
    (53.05, 0.10),
    (53.10, -2.60),
    (54.40, -2.60),
)
PENNINES: Ring = (
    (55.20, -3.20),
    (55.10, -2.00),
    (53.90, -1.35),
    (53.20, -1.30),
    (53.20, -2.50),
    (54.30, -2.75),
    (54.85, -3.10),
)
SOUTH_PENNINES: Ring = ((54.20, -2.45), (54.15, -1.60), (53.70, -1.35), (53.25, -1.50), (53.25, -2.40), (53.80, -2.50))
HUMBER: Ring = ((53.80, -0.50), (53.78, -0.10), (53.60, 0.10), (53.58, -0.10), (53.68, -0.50))

LEVELS = {  # awareness level: MeteoAlarm's parameter, CAP severity
    "yellow": ("2; yellow; Moderate", "Moderate"),
    "amber": ("3; orange; Severe", "Severe"),
}
KINDS = {"wind": ("1; Wind", "Wind"), "snow": ("2; snow-ice", "Snow")}


@dataclass(frozen=True, kw_only=True)
class Info:
    """One <info> of a warning: a level for an area. `kind` is a key of KINDS, or "flood"."""

    kind: str
    level: str
    area: str
    ring: Ring
    onset: datetime
    expires: datetime
    text: str
    urgency: str = "Expected"
    response: str = "Prepare"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One CAP alert. It is listed in the index from `sent` until `listed_until`."""

    source: str
    identifier: str
    sent: datetime
    listed_until: datetime
    message: str = "Alert"
    follows: str = ""
    infos: tuple[Info, ...] = ()


F, S = "2021-11-26", "2021-11-27"  # Friday and Saturday

WIND_1 = Info(
    kind="wind", level="yellow", area="North of England", ring=NORTH,
    onset=utc(f"{F} 15:00"), expires=utc(f"{S} 12:00"),
    text="Strong north to northeasterly winds will develop on Friday. Gusts of 50 to 60 mph are likely widely, and of "
    "65 mph on coasts and high ground. Some damage to buildings, and delays to road and rail transport, are likely.",
)  # fmt: skip
SNOW_1 = Info(
    kind="snow", level="yellow", area="Pennines and Cumbria", ring=PENNINES,
    onset=utc(f"{F} 18:00"), expires=utc(f"{S} 11:00"),
    text="Snow will fall on the Pennines and the Cumbrian fells, 2 to 5 cm above 150 m and 10 to 15 cm above 300 m, "
    "with drifting in strong winds. Some roads over high ground may become impassable.",
)  # fmt: skip
AMBER = (
    "Very strong northerly winds. Gusts of 70 to 80 mph are likely near the coast. Flying debris may endanger life, "
    "damage to roofs and trees is likely, and roads and bridges may close. Large waves are expected."
)

ALERTS = (
    Alert(
        source=WEATHER, identifier="2.49.0.0.826.9.20211126054000.wind", sent=utc(f"{F} 05:40"),
        listed_until=utc(f"{F} 09:40"), infos=(WIND_1,),
    ),
    Alert(
        source=WEATHER, identifier="2.49.0.0.826.9.20211126054500.snow", sent=utc(f"{F} 05:45"),
        listed_until=utc(f"{F} 20:10"), infos=(SNOW_1,),
    ),
    Alert(  # upgraded on the northern coast
        source=WEATHER, identifier="2.49.0.0.826.9.20211126094000.wind", sent=utc(f"{F} 09:40"),
        listed_until=utc(f"{F} 13:05"), message="Update", follows="2.49.0.0.826.9.20211126054000.wind",
        infos=(
            Info(
                kind="wind", level="amber", area="Coast of North East England", ring=COAST_NORTH,
                onset=utc(f"{F} 15:00"), expires=utc(f"{S} 09:00"), text=AMBER,
            ),
            WIND_1,
        ),
    ),
    Alert(  # moved: the amber area down the coast, the yellow one eastwards off Cumbria
        source=WEATHER, identifier="2.49.0.0.826.9.20211126130500.wind", sent=utc(f"{F} 13:05"),
        listed_until=utc(f"{S} 03:10"), message="Update", follows="2.49.0.0.826.9.20211126094000.wind",
        infos=(
            Info(
                kind="wind", level="amber", area="East coast from Berwick to the Humber", ring=COAST_ALL,
                onset=utc(f"{F} 15:00"), expires=utc(f"{S} 09:00"), text=AMBER,
            ),
            Info(
                kind="wind", level="yellow", area="North and East of England", ring=NORTH_AND_EAST,
                onset=utc(f"{F} 15:00"), expires=utc(f"{S} 12:00"), text=WIND_1.text,
            ),
        ),
    ),
    Alert(  # published while the feed is dead: learned of five hours late
        source=WEATHER, identifier="2.49.0.0.826.9.20211126201000.snow", sent=utc(f"{F} 20:10"),
        listed_until=utc(f"{S} 06:15"), message="Update", follows="2.49.0.0.826.9.20211126054500.snow",
        infos=(
            Info(
                kind="snow", level="amber", area="South Pennines", ring=SOUTH_PENNINES, urgency="Immediate",
                onset=utc(f"{F} 20:10"), expires=utc(f"{S} 08:00"), response="Avoid",
                text="Heavy snow is falling, 5 to 10 cm at low levels and more than 20 cm above 300 m, with blizzards "
                "on high ground. Roads are likely to be blocked and vehicles stranded; power cuts are likely.",
            ),
            SNOW_1,
        ),
    ),
    Alert(  # eased: the storm moves off southwards
        source=WEATHER, identifier="2.49.0.0.826.9.20211127031000.wind", sent=utc(f"{S} 03:10"),
        listed_until=utc(f"{S} 10:00"), message="Update", follows="2.49.0.0.826.9.20211126130500.wind",
        infos=(
            Info(
                kind="wind", level="yellow", area="North and East of England", ring=NORTH_AND_EAST,
                onset=utc(f"{F} 15:00"), expires=utc(f"{S} 09:30"), urgency="Immediate", text=WIND_1.text,
            ),
        ),
    ),
    Alert(
        source=WEATHER, identifier="2.49.0.0.826.9.20211127061500.snow", sent=utc(f"{S} 06:15"),
        listed_until=utc(f"{S} 07:00"), message="Cancel", follows="2.49.0.0.826.9.20211126201000.snow",
    ),
    Alert(
        source=FLOODS, identifier="demo.122WAC953.1", sent=utc(f"{F} 19:20"), listed_until=utc(f"{S} 08:05"),
        infos=(
            Info(
                kind="flood", level="yellow", area="Humber Estuary at Hull", ring=HUMBER,
                onset=utc(f"{S} 01:30"), expires=utc(f"{S} 12:00"),
                text="High water at 04:30, with a surge and large waves before strong northerly winds. Flooding of "
                "roads and footpaths next to the estuary is possible.",
            ),
        ),
    ),
    Alert(
        source=FLOODS, identifier="demo.122WAC953.2", sent=utc(f"{S} 08:05"), listed_until=utc(f"{S} 12:00"),
        message="Cancel", follows="demo.122WAC953.1",
    ),
)  # fmt: skip
BY_IDENTIFIER = {alert.identifier: alert for alert in ALERTS}


def polls() -> Iterator[Poll]:
    """Yield the polls of both sources: an index each time, and after it the alerts that are new in it."""
    for source, minutes in ((WEATHER, 5), (FLOODS, 15)):
        yield from _polls_of(source, minutes)


def _polls_of(source: str, minutes: int) -> Iterator[Poll]:
    seen: set[str] = set()
    name, body, before = "", b"", None
    at = utc(f"{F} 06:00")
    while at <= utc(f"{S} 12:30"):
        if source == WEATHER and DEAD_FROM <= at < DEAD_UNTIL:
            yield Poll(at=at, source=source, format="atom", error="http-503")
            at += timedelta(minutes=15)
            continue
        listed = [alert for alert in ALERTS if alert.source == source and alert.sent <= at < alert.listed_until]
        new = [alert for alert in listed if alert.identifier not in seen]
        if listed != before:
            name, body, before = f"{source}/index-{at:%d-%H%M}.xml", _index(source, listed, at), listed
        if new or at.minute % 30 == 0 or at == DEAD_UNTIL:
            yield Poll(at=at, source=source, format="atom", file=name, body=body)
        for alert in new:
            seen.add(alert.identifier)
            yield Poll(at=at, source=source, format="cap", file=f"{source}/{alert.identifier}.xml", body=_cap(alert))
        at += timedelta(minutes=minutes)


def _index(source: str, listed: Sequence[Alert], at: datetime) -> bytes:
    entries = "".join(
        f"""  <entry>
    <id>{HOSTS[source]}/{alert.identifier}</id>
    <title>{escape(_headline(alert))}</title>
    <updated>{_iso(alert.sent)}</updated>
    <link rel="alternate" type="application/cap+xml" href="{HOSTS[source]}/{alert.identifier}.xml"/>
  </entry>
"""
        for alert in listed
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- {DISCLAIMER} the {NAMES[source]} -->
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
  <id>{HOSTS[source]}</id>
  <title>{TITLES[source]}</title>
  <updated>{_iso(at)}</updated>
{entries}</feed>
""".encode()


def _headline(alert: Alert) -> str:
    if not alert.infos:
        return "Warning ended"
    return "; ".join(f"{_event(info)} for {info.area}" for info in alert.infos)


def _event(info: Info) -> str:
    if info.kind == "flood":
        return "Flood Alert"
    return f"{info.level.capitalize()} {KINDS[info.kind][1]} Warning"


def _cap(alert: Alert) -> bytes:
    sender = SENDERS[alert.source]
    former = BY_IDENTIFIER.get(alert.follows)
    references = f"  <references>{sender},{former.identifier},{_iso(former.sent)}</references>\n" if former else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- {DISCLAIMER} the {NAMES[alert.source]} -->
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>{alert.identifier}</identifier>
  <sender>{sender}</sender>
  <sent>{_iso(alert.sent)}</sent>
  <status>Actual</status>
  <msgType>{alert.message}</msgType>
  <scope>Public</scope>
{references}{"".join(_info(info, alert) for info in alert.infos)}</alert>
""".encode()


def _info(info: Info, alert: Alert) -> str:
    level, severity = LEVELS[info.level]
    kind = KINDS.get(info.kind)
    parameters = "".join(
        f"    <parameter><valueName>{name}</valueName><value>{value}</value></parameter>\n"
        for name, value in (("awareness_level", level), ("awareness_type", kind[0] if kind else ""))
        if kind
    )
    ring = " ".join(f"{lat},{lon}" for lat, lon in (*info.ring, info.ring[0]))
    return f"""  <info>
    <language>en-GB</language>
    <category>Met</category>
    <event>{_event(info)}</event>
    <responseType>{info.response}</responseType>
    <urgency>{info.urgency}</urgency>
    <severity>{severity if kind else "Minor"}</severity>
    <certainty>Likely</certainty>
    <effective>{_iso(alert.sent)}</effective>
    <onset>{_iso(info.onset)}</onset>
    <expires>{_iso(info.expires)}</expires>
    <senderName>{NAMES[alert.source]}</senderName>
    <headline>{escape(f"{_event(info)} for {info.area}")}</headline>
    <description>{escape(info.text)}</description>
    <instruction>Keep up to date with the forecast, and plan work and travel accordingly.</instruction>
{parameters}    <area>
      <areaDesc>{escape(info.area)}</areaDesc>
      <polygon>{ring}</polygon>
    </area>
  </info>
"""


def _iso(moment: datetime) -> str:
    return moment.isoformat()
