"""Scenario (c): an invented quake in western Nevada, as the USGS feed would tell it minute by minute.

See src/tocsin/demo/earthquake-revisions/README.md for the real quakes whose course it follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scenario_archive import Poll, json_body, utc

SOURCE = "us-usgs-earthquakes"
FEED = "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/2.5_day.geojson"


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One solution of one quake. It is listed from `updated` until `listed_until`."""

    net: str
    code: str
    ids: Sequence[str]
    time: datetime
    updated: datetime
    listed_until: datetime
    magnitude: float
    scale: str
    lon: float
    lat: float
    depth_km: float
    place: str
    status: str = "automatic"


MAIN = utc("2025-03-04 14:12:41")
END = MAIN + timedelta(days=1)

FIRST = Solution(
    net="nn",
    code="00990417",
    ids=("nn00990417",),
    time=MAIN,
    updated=utc("2025-03-04 14:14:52"),
    listed_until=utc("2025-03-04 14:18:33"),
    magnitude=5.4,
    scale="ml",
    lon=-119.020,
    lat=39.420,
    depth_km=9.0,
    place="21 km WSW of Fallon, Nevada",
)
REFINED = replace(
    FIRST,
    updated=utc("2025-03-04 14:18:33"),
    listed_until=utc("2025-03-04 14:27:10"),
    magnitude=5.5,
    lon=-119.024,
    depth_km=8.6,
)
PREFERRED = replace(
    FIRST,
    net="us",
    code="7000tq4x",
    ids=("nn00990417", "us7000tq4x"),
    updated=utc("2025-03-04 14:27:10"),
    listed_until=utc("2025-03-04 15:04:20"),
    magnitude=6.2,
    scale="mww",
    lon=-119.021,
    lat=39.421,
    depth_km=9.1,
)
REVIEWED = replace(
    PREFERRED,
    ids=("nn00990417", "us7000tq4x", "ci41999021"),
    updated=utc("2025-03-04 15:04:20"),
    listed_until=END,
    magnitude=6.3,
    lon=-119.027,
    lat=39.419,
    depth_km=9.4,
    status="reviewed",
)
DUPLICATE = Solution(
    net="nc",
    code="75199904",
    ids=("nc75199904",),
    time=MAIN + timedelta(seconds=1),
    updated=utc("2025-03-04 14:17:05"),
    listed_until=utc("2025-03-04 14:23:30"),
    magnitude=5.0,
    scale="md",
    lon=-119.150,
    lat=39.300,
    depth_km=7.0,
    place="13 km SSE of Silver Springs, Nevada",
)
AFTERSHOCK = Solution(
    net="nn",
    code="00990433",
    ids=("nn00990433",),
    time=utc("2025-03-04 16:31:02"),
    updated=utc("2025-03-04 16:33:40"),
    listed_until=utc("2025-03-05 16:31:02"),
    magnitude=4.3,
    scale="ml",
    lon=-119.031,
    lat=39.402,
    depth_km=8.1,
    place="22 km WSW of Fallon, Nevada",
)
ELSEWHERE = (
    Solution(
        net="ak",
        code="0252vv1q7k",
        ids=("ak0252vv1q7k",),
        time=utc("2025-03-04 11:48:09"),
        updated=utc("2025-03-04 11:52:30"),
        listed_until=utc("2025-03-05 11:48:09"),
        magnitude=3.1,
        scale="ml",
        lon=-151.402,
        lat=60.118,
        depth_km=52.3,
        place="31 km NNE of Homer, Alaska",
    ),
    Solution(
        net="us",
        code="7000tq3f",
        ids=("us7000tq3f",),
        time=utc("2025-03-04 09:20:55"),
        updated=utc("2025-03-04 09:41:12"),
        listed_until=utc("2025-03-05 09:20:55"),
        magnitude=5.1,
        scale="mb",
        lon=-178.391,
        lat=-20.652,
        depth_km=561.0,
        place="288 km E of Levuka, Fiji",
        status="reviewed",
    ),
    Solution(
        net="hv",
        code="74199902",
        ids=("hv74199902",),
        time=utc("2025-03-04 13:02:17"),
        updated=utc("2025-03-04 13:05:30"),
        listed_until=utc("2025-03-05 13:02:17"),
        magnitude=2.6,
        scale="md",
        lon=-155.481,
        lat=19.201,
        depth_km=31.9,
        place="3 km W of Pāhala, Hawaii",
    ),
)
SOLUTIONS = (FIRST, REFINED, PREFERRED, REVIEWED, DUPLICATE, AFTERSHOCK, *ELSEWHERE)


def polls() -> Iterator[Poll]:
    """Yield the polls of a day. A poll that finds nothing new names the document of the last one."""
    name, body, before = "", b"", None
    for at in _moments():
        listed = [one for one in SOLUTIONS if one.updated <= at < one.listed_until]
        if listed != before:
            name, body, before = f"snapshots/{at:%d-%H%M}.json", json_body(_collection(listed, at)), listed
        yield Poll(at=at, source=SOURCE, format="usgs", file=name, body=body)


def _moments() -> Iterator[datetime]:
    """Yield when the feed is asked: each minute for an hour, then less often, as nothing more happens."""
    at = utc("2025-03-04 14:10:20")
    for until, minutes in (
        ("2025-03-04 15:12", 1),
        ("2025-03-04 17:10", 5),
        ("2025-03-05 13:15", 60),
        ("2025-03-05 14:25", 10),
        ("2025-03-05 16:50", 20),
    ):
        while at < utc(until):
            yield at
            at += timedelta(minutes=minutes)


def _collection(listed: Sequence[Solution], at: datetime) -> dict[str, Any]:
    generated = at - timedelta(seconds=18)
    return {
        "type": "FeatureCollection",
        "metadata": {
            "generated": _ms(generated),
            "url": FEED,
            "title": "Demonstration of Tocsin; these earthquakes are invented and not issued by USGS",
            "status": 200,
            "api": "1.14.1",
            "count": len(listed),
        },
        "features": [_feature(one) for one in sorted(listed, key=lambda one: one.time, reverse=True)],
    }


def _feature(one: Solution) -> dict[str, Any]:
    name = f"{one.net}{one.code}"
    nets = dict.fromkeys(identifier[:2] for identifier in one.ids)
    return {
        "type": "Feature",
        "properties": {
            "mag": one.magnitude,
            "place": one.place,
            "time": _ms(one.time) + 340,
            "updated": _ms(one.updated) + 40,
            "tz": None,
            "url": f"https://earthquake.usgs.gov/earthquakes/eventpage/{name}",
            "detail": f"https://earthquake.usgs.gov/earthquakes/feed/v1.0/detail/{name}.geojson",
            "felt": None,
            "cdi": None,
            "mmi": None,
            "alert": None,
            "status": one.status,
            "tsunami": 0,
            "sig": round(one.magnitude**2 * 15.4),
            "net": one.net,
            "code": one.code,
            "ids": f",{','.join(one.ids)},",
            "sources": f",{','.join(nets)},",
            "types": ",origin,phase-data,",
            "nst": 41,
            "dmin": 0.121,
            "rms": 0.16,
            "gap": 62,
            "magType": one.scale,
            "type": "earthquake",
            "title": f"M {one.magnitude} - {one.place}",
        },
        "geometry": {"type": "Point", "coordinates": [one.lon, one.lat, one.depth_km]},
        "id": name,
    }


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
