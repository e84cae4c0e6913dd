"""A board as the running service would show it: a tornado evening, one silent source, one blind place."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.ledger import Head
from tocsin.ledger.state import LogState

NOW = datetime(2021, 12, 11, 2, 12, tzinfo=UTC)


def iso(**after: float) -> str:
    return (NOW + timedelta(**after)).isoformat()


def concern(label: str, level: int, begins: str, ends: str, **changed: Any) -> dict[str, Any]:
    return {
        "family": "wind", "hazard": label.lower().replace(" ", "-"), "label": label, "level": level,
        "people": level, "buildings": max(level - 1, 0), "traffic": max(level - 2, 0),
        "begins": begins, "ends": ends, "steps": [], "lead_time_s": 0, "relation": "inside", "distance_m": 0.0,
        "is_begun": begins <= iso(), "headline": f"{label} until evening for parts of the county", "instruction": "",
        "sender_name": "NWS St. Louis MO", "web": "https://www.example.org/alerts", "evidence": [evidence()], **changed,
    }  # fmt: skip


def evidence(**changed: Any) -> dict[str, Any]:
    return {
        "source": "us-nws-alerts", "identifier": "urn:oid:2.49.0.1.840.0.2021.12.11.5", "sent": iso(minutes=-6),
        "severity": "Extreme", "urgency": "Immediate", "certainty": "Observed", "area_exact": True,
        "happening": "", **changed,
    }  # fmt: skip


def place(name: str, lon: float, lat: float, *, level: int = 0, **changed: Any) -> dict[str, Any]:
    concerns = changed.get("concerns", [])
    return {
        "id": name.lower().replace(" ", "-"), "name": name, "kind": "warehouse", "timezone": "America/Chicago",
        "lon": lon, "lat": lat, "state": "danger" if concerns else "quiet", "level": level,
        "quiet_as_of": None if concerns else iso(minutes=-3), "watched_by": ["us-nws-alerts", "us-usgs-earthquakes"],
        "headcount": None, "blind": [], "concerns": concerns, **changed,
    }  # fmt: skip


def area(label: str, level: int, ring: list[tuple[float, float]] | None, **changed: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [[list(point) for point in ring]]} if ring else None
    return {
        "id": f"{label}-{level}", "hazard": "tornado", "label": label, "family": "wind", "level": level,
        "severity": "Extreme", "begins": iso(minutes=-6), "ends": iso(minutes=33), "geometry": geometry,
        "headline": f"{label} until 8:45 PM CST", "sender_name": "NWS St. Louis MO", **changed,
    }  # fmt: skip


def source(name: str, publisher: str, state: str = "working", **changed: Any) -> dict[str, Any]:
    return {
        "id": name, "publisher": publisher, "attribution": f"Contains data of {publisher}", "state": state,
        "origin": "catalogue",
        "as_of": iso(minutes=-3), "succeeded": iso(minutes=-3), "error": "", "families": ["wind"],
        "areas": {"drawn": 3, "exact": 0, "coarse": 0, "unknown": 0}, **changed,
    }  # fmt: skip


def notice(name: str, reason: str, level: int, subject: str, places: list[str], **after: float) -> dict[str, Any]:
    return {
        "id": name, "at": iso(**after), "channel": "control-room", "reason": reason, "family": "wind", "level": level,
        "places": places, "subject": subject, "state": "sent",
    }  # fmt: skip


TORNADO = concern(
    "Tornado", 4, iso(minutes=-6), iso(hours=5), family="wind",
    steps=[
        {"level": 4, "begins": iso(minutes=-6), "ends": iso(minutes=33)},
        {"level": 3, "begins": iso(minutes=33), "ends": iso(hours=5)},
    ],
    headline="TORNADO WARNING for Madison IL and St. Charles MO until 8:45 PM CST",
    instruction="TAKE COVER NOW! Move to a basement or an interior room on the lowest floor of a sturdy building.\n"
    "Avoid windows.",
)  # fmt: skip
WATCH = concern(
    "Thunderstorm", 2, iso(hours=-3), iso(hours=5), headline="Tornado watch 552 until 1 AM CST", family="storm",
    evidence=[evidence(severity="Severe", urgency="Future", certainty="Possible", area_exact=False)],
)  # fmt: skip
WIND = concern(
    "Strong wind", 3, iso(hours=7, minutes=10), iso(hours=26), headline="High wind warning from 3 AM to 10 PM CST",
    evidence=[evidence(severity="Severe", urgency="Expected", certainty="Likely")],
)  # fmt: skip
FLOOD = concern(
    "River flood", 1, iso(hours=30), iso(hours=70), family="flood", relation="approach", distance_m=420.0,
    headline="Flood watch for the lower Illinois river",
)  # fmt: skip


def overview(**changed: Any) -> dict[str, Any]:
    box = [(-90.62, 38.62), (-90.55, 38.86), (-89.72, 39.02), (-89.66, 38.78), (-90.62, 38.62)]
    watch = [(-92.4, 37.2), (-92.2, 40.1), (-88.2, 40.4), (-87.9, 37.6), (-89.9, 36.4), (-92.4, 37.2)]
    wind = [(-88.9, 40.2), (-88.5, 42.5), (-86.4, 42.4), (-85.9, 40.3), (-88.9, 40.2)]
    return {
        "version": 41, "at": iso(), "is_demo": True, "scenario": "Tornado outbreak, 10 December 2021",
        "sources": [
            source("us-nws-alerts", "US National Weather Service", families=["wind", "flood", "storm"]),
            source("us-usgs-earthquakes", "US Geological Survey", families=["quake"]),
            source("int-gdacs", "GDACS", families=["quake", "flood"]),
            source("gb-met-office", "Met Office", "stale", as_of=iso(hours=-2), succeeded=iso(hours=-2),
                   error="http-503", families=["snow", "wind"]),
        ],
        "places": [
            place("Edwardsville DC 1", -89.965, 38.79, level=4, headcount=180, concerns=[TORNADO, WATCH, WIND]),
            place("Edwardsville DC 2", -90.03, 38.76, level=4, headcount=95, concerns=[TORNADO, WATCH]),
            place("St. Peters hub", -90.58, 38.8, level=4, headcount=62, concerns=[TORNADO, FLOOD]),
            place("Joliet cross-dock", -88.08, 41.52, level=3, concerns=[WIND]),
            place("Springfield depot", -89.65, 39.78, level=2, concerns=[WATCH]),
            place("Peoria school", -89.6, 40.69, level=1, kind="school", concerns=[FLOOD]),
            place("Memphis gateway", -90.05, 35.15),
            place("Indianapolis clinic", -86.16, 39.77, kind="hospital", timezone="America/Indiana/Indianapolis"),
            place("Nashville shop", -86.78, 36.16, kind="shop"),
            place("Leeds depot", -1.55, 53.8, state="blind", timezone="Europe/London", blind=["snow", "wind"],
                  quiet_as_of=None, watched_by=[]),
        ],
        "areas": [
            area("Tornado", 4, box), area("Thunderstorm", 2, watch), area("Strong wind", 3, wind),
            area("River flood", 1, None),
        ],
        "notices": [
            notice("n5", "first", 4, "Act now: tornado, 3 places", ["edwardsville-dc-1", "edwardsville-dc-2",
                   "st.-peters-hub"], minutes=-6),
            notice("n4", "blind", 2, "Blind: nobody watches snow, wind at Leeds depot", ["leeds-depot"], minutes=-95),
            notice("n3", "worse", 3, "Be prepared: strong wind, 1 place", ["joliet-cross-dock"], minutes=-140),
            notice("n2", "ended", 0, "All clear: dense fog at Memphis gateway", ["memphis-gateway"], hours=-5),
        ],
        "ledger": ledger(),
        "weekly": {"2021-W48": {"malformed": "<10", "not-public": "14", "person": "<10", "protected": "<10",
                                "unmapped": "203"}},
        "families": {"wind": "wind", "snow": "snow", "flood": "flood", "quake": "earthquake", "storm": "thunderstorm"},
        **changed,
    }  # fmt: skip


def ledger(size: int = 18204, state: LogState | None = None) -> dict[str, Any]:
    """Return a ledger of which all but the last 14 entries are signed, and a council vouches for that."""
    head = Head(size=size - 14, root=bytes.fromhex("9f2c41d0") * 8)
    witnessed = LogState(
        head=head, state="witnessed", witnesses=("council",), witnessed_size=head.size, witnessed_at=NOW
    )
    return {"size": size, "head": "9f2c41d07ab35e6688", **(state or witnessed).json()}


class SampleBoard:
    """A board that a test changes by hand."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self.state = state or overview()
        self._waiting: set[asyncio.Future[None]] = set()

    def overview(self) -> dict[str, Any]:
        return self.state

    async def changed(self, after: int) -> int:
        while self.state["version"] <= after:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            try:
                await waiter
            finally:
                self._waiting.discard(waiter)
        return int(self.state["version"])

    def put(self, **changed: Any) -> None:
        """Change the board; call it in the loop that serves it."""
        self.state = {**self.state, **changed, "version": self.state["version"] + 1}
        for waiter in list(self._waiting):
            if not waiter.done():
                waiter.set_result(None)
