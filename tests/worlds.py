"""Small worlds for the loops: two places, a source, documents, and a desk over a store in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shapely import Point

from tocsin.config import ChannelConfig
from tocsin.match import PlaceIndex
from tocsin.model import Code, Health, IssuerClass, Level, Notice, Place, Source
from tocsin.run import collect
from tocsin.run.reconcile import Desk
from tocsin.run.situation import Situation
from tocsin.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GERMANY = (Code("ISO3166-1", "DE"),)
HARBOUR = Place(id="harbour", name="Harbour depot", geometry=Point(8.1, 50.1), geocodes=GERMANY)
HILL = Place(id="hill", name="Hill school", geometry=Point(8.3, 50.1), geocodes=GERMANY)
PLACES = (HARBOUR, HILL)
MESSAGES = Source(
    id="weather",
    publisher="Weather service",
    url="https://weather.example.org/feed",
    format="cap",
    issuer_class=IssuerClass.HAZARD,
    jurisdiction=("DE",),
    families=("wind", "rain"),
    interval=5 * MINUTE,
    stale_after=20 * MINUTE,
)
CHANNEL = ChannelConfig(id="desk", kind="webhook", at_least=Level.NOTICE)
BOTH = "50.0,8.0 50.0,8.4 50.2,8.4 50.2,8.0 50.0,8.0"
HARBOUR_ONLY = "50.0,8.0 50.0,8.2 50.2,8.2 50.2,8.0 50.0,8.0"


def stamp(moment: datetime) -> str:
    """Return a time as CAP writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def cap(identifier: str, *, sent: datetime = NOW, **fields: Any) -> bytes:
    """Return a CAP alert about wind; `fields` replace what it says by default, `references` are identifiers at NOW."""
    said = {
        "msg_type": "Alert",
        "status": "Actual",
        "event": "Wind",
        "severity": "Moderate",
        "onset": sent,
        "expires": sent + 6 * HOUR,
        "polygon": BOTH,
        "references": (),
        "response": "Prepare",
        **fields,
    }
    named = " ".join(ref if "," in ref else f"warn.example.org,{ref},{stamp(NOW)}" for ref in said["references"])
    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier>
<sender>warn.example.org</sender><sent>{stamp(sent)}</sent><status>{said["status"]}</status>
<msgType>{said["msg_type"]}</msgType><scope>Public</scope><references>{named}</references>
<info><language>en</language><category>Met</category><event>{said["event"]}</event>
<responseType>{said["response"]}</responseType><urgency>Expected</urgency><severity>{said["severity"]}</severity>
<certainty>Likely</certainty><onset>{stamp(said["onset"])}</onset><expires>{stamp(said["expires"])}</expires>
<headline>Strong wind</headline><instruction>Close the gates.</instruction>
<area><areaDesc>Valley</areaDesc><polygon>{said["polygon"]}</polygon></area></info></alert>""".encode()


def quakes(*magnitudes: float, updated: datetime = NOW, generated: datetime | None = None) -> bytes:
    """Return a USGS summary feed with one shallow quake between the two places for each magnitude."""
    features = [
        {
            "type": "Feature",
            "id": f"us{number}",
            "properties": {
                "mag": magnitude,
                "place": "Testland",
                "time": int(NOW.timestamp() * 1000),
                "updated": int(updated.timestamp() * 1000),
                "status": "reviewed",
                "net": "us",
                "code": str(number),
                "ids": f",us{number},",
                "type": "earthquake",
            },
            "geometry": {"type": "Point", "coordinates": [8.2, 50.1, 8.0]},
        }
        for number, magnitude in enumerate(magnitudes)
    ]
    made = int((generated or updated).timestamp() * 1000)
    document = {"type": "FeatureCollection", "metadata": {"generated": made, "api": "1.14.1"}, "features": features}
    return json.dumps(document).encode()


@dataclass
class World:
    """A desk that is fed by hand. `told` gathers what `poll` and `wait` made it say."""

    source: Source = MESSAGES
    places: Sequence[Place] = PLACES
    channels: Sequence[ChannelConfig] = (CHANNEL,)
    store: Store = field(default_factory=lambda: Store.open(None))
    now: datetime = NOW
    told: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = self.restarted()

    def restarted(self) -> Desk:
        """Return a new desk over the same store, as after a crash."""
        situation = Situation(PlaceIndex(self.places), {self.source.id: self.source})
        return Desk(self.store, situation, self.channels, started=self.now)

    def poll(self, *bodies: bytes) -> list[str]:
        """Collect these documents as one poll, reconcile, and return the reasons told."""
        documents = tuple(collect.Document(format=self.source.format, body=body) for body in bodies)
        health = self.desk.healths.get(self.source.id) or Health(source=self.source.id)
        taken = collect.take(self.store, self.source, collect.Poll(documents=documents), health, now=self.now)
        self.desk.healths[self.source.id] = taken.health
        return self.wait()

    def fail(self, code: str = "http-503") -> list[str]:
        """Record a failed poll, reconcile, and return the reasons told."""
        health = self.desk.healths.get(self.source.id) or Health(source=self.source.id)
        self.desk.healths[self.source.id] = collect.fail(self.store, health, code, now=self.now)
        return self.wait()

    def wait(self, span: timedelta = timedelta()) -> list[str]:
        """Let time pass, reconcile, and return the reasons told."""
        self.now += span
        found = self.desk.reconcile(self.now)
        self.told += found
        return [notice.reason.value for notice in found]
