"""An effect without its cause, read from documents: no trajectory, no time to the minute, no way back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from gate_events import SENT

from tocsin import formats, gate
from tocsin.gate import invariants
from tocsin.model import Event, IssuerClass, Item, Verdict

GTFS_RT = """{"header": {"gtfsRealtimeVersion": "2.0", "timestamp": "1773480000"}, "entity": [
{"id": "strike-march-17", "alert": {"activePeriod": [{"start": "1773480413", "end": "1773490021"}],
"informedEntity": [{"routeId": "41"}, {"stopId": "S7"}], "cause": "STRIKE", "effect": "NO_SERVICE",
"url": {"translation": [{"text": "https://transit.example.org/strike-march-17", "language": "en"}]},
"headerText": {"translation": [{"text": "Strike by the union", "language": "en"}]}}}]}"""

DATEX2 = """<d2:payload xmlns:d2="http://datex2.eu/schema/3/d2Payload" xmlns:sit="http://datex2.eu/schema/3/situation"
 xmlns:com="http://datex2.eu/schema/3/common" xmlns:loc="http://datex2.eu/schema/3/locationReferencing"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="sit:SituationPublication" lang="en">
<com:publicationTime>2026-03-14T09:20:00Z</com:publicationTime>
<com:publicationCreator><com:country>nl</com:country><com:nationalIdentifier>X</com:nationalIdentifier>
</com:publicationCreator>
<sit:situation id="march-17"><sit:headerInformation>
<com:informationStatus>real</com:informationStatus></sit:headerInformation>
<sit:situationRecord xsi:type="sit:RoadOrCarriagewayOrLaneManagement" id="march-17-1" version="1">
<sit:situationRecordCreationTime>2026-03-14T09:21:13Z</sit:situationRecordCreationTime>
<sit:situationRecordVersionTime>2026-03-14T09:21:13Z</sit:situationRecordVersionTime>
<sit:probabilityOfOccurrence>certain</sit:probabilityOfOccurrence>
<sit:cause><sit:causeType>disturbance</sit:causeType></sit:cause>
<sit:validity><com:validityStatus>active</com:validityStatus><com:validityTimeSpecification>
<com:overallStartTime>2026-03-14T09:22:47Z</com:overallStartTime>
<com:overallEndTime>2026-03-14T12:03:00Z</com:overallEndTime></com:validityTimeSpecification></sit:validity>
<sit:locationReference xsi:type="loc:PointLocation"><loc:pointByCoordinates><loc:pointCoordinates>
<loc:latitude>52.1</loc:latitude><loc:longitude>5.2</loc:longitude>
</loc:pointCoordinates></loc:pointByCoordinates></sit:locationReference>
<sit:roadOrCarriagewayOrLaneManagementType>roadClosed</sit:roadOrCarriagewayOrLaneManagementType>
</sit:situationRecord></sit:situation></d2:payload>"""

CAP = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>march-17-june</identifier>
<sender>desk@police.example.org</sender><sent>2026-03-14T09:26:53Z</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope><info><language>en</language><category>Security</category><event>Law Enforcement Warning</event>
<responseType>Avoid</responseType><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
<onset>2026-03-14T09:31:12Z</onset><expires>2026-03-14T11:02:00Z</expires><headline>March of the union</headline>
<web>https://police.example.org/march-17-june</web>
<area><areaDesc>Union Square</areaDesc><polygon>52,5 52,6 53,6 52,5</polygon></area></info></alert>"""

DOCUMENTS = {
    "gtfs_rt": (GTFS_RT, IssuerClass.TRANSIT),
    "datex2": (DATEX2, IssuerClass.TRAFFIC),
    "cap": (CAP, IssuerClass.CIVIL),
}


def _effects(format_: str, body: bytes, issuer_class: IssuerClass) -> Iterator[tuple[Item, Event]]:
    for reading in formats.stream(format_, body, source="s", now=SENT):
        for item in reading.items:
            ruling = gate.examine(item, issuer_class=issuer_class, key=b"k" * 32)
            if ruling.decision.verdict is Verdict.EFFECT_ONLY:
                yield from ((item, one.event) for one in ruling.admitted)


def _is_rounded(at: datetime | None) -> bool:
    return at is None or (at.minute % 15, at.second, at.microsecond) == (0, 0, 0)


def _check(item: Item, effect: Event) -> None:
    assert all(map(_is_rounded, (effect.sent, effect.onset, effect.effective)))
    assert effect.expires is None or effect.expires.year == 9999 or _is_rounded(effect.expires)
    # Where it is: shapes and codes that the item itself states for this moment, no line of positions in time.
    stated = {area.geometry.wkb for event in item.events for area in event.areas if area.geometry}
    assert {area.geometry.wkb for area in effect.areas if area.geometry} <= stated
    assert not effect.measures
    said = "\n".join(invariants.strings(effect)).casefold()
    names = {name for event in item.events for name in (event.identifier, event.sender, event.web, *event.aliases)}
    names |= {reference.identifier for event in item.events for reference in event.references}
    assert not {name for name in names if len(name) > 3 and name.casefold() in said}
    assert (effect.web, effect.sender_name) == ("", "")


@pytest.mark.parametrize("format_", DOCUMENTS)
def test_effect_has_no_trajectory_no_minute_and_no_name(format_: str) -> None:
    document, issuer_class = DOCUMENTS[format_]
    found = list(_effects(format_, document.encode(), issuer_class))
    assert len(found) == 1
    for item, effect in found:
        _check(item, effect)
        said = "\n".join(invariants.strings(effect)).casefold()
        assert not [word for word in ("march", "strike", "union") if word in said]


@pytest.mark.shared
def test_effects_of_the_shared_corpus_have_none_either(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "gate" / "dev.jsonl").read_text(encoding="utf-8").splitlines()]
    seen = set()
    for row in rows:
        if row["expected"] == "effect_only":
            for item, effect in _effects(row["format"], _body(row), IssuerClass(row["source_class"])):
                _check(item, effect)
                seen.add(row["format"])
    assert len(seen) >= 4


def _body(row: dict[str, Any]) -> bytes:
    document = str(row["document"])
    return base64.b64decode(document) if row.get("encoding") == "base64" else document.encode()
