"""The effort of a document: what crooked geometries may cost together, and what is drawn when it is spent."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin import formats, geo
from tocsin.geo._effort import LEAST_STEPS, takes

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
# A bow that crosses itself once, and two squares that overlap.
BOW = {"type": "Polygon", "coordinates": [[[8, 50], [9, 50], [8, 51], [9, 51], [8, 50]]]}
SQUARES = {
    "type": "MultiPolygon",
    "coordinates": [[[[x, 50], [x + 1, 50], [x + 1, 51], [x, 51], [x, 50]]] for x in (8, 8.5)],
}
SQUARE = {"type": "Polygon", "coordinates": [[[8, 50], [9, 50], [9, 51], [8, 51], [8, 50]]]}
HULL = "hull"
MANY = 3_000  # of each: more than the effort of a small document is enough for


def drawn(value: Any, times: int) -> list[tuple[BaseGeometry, str]]:
    """Return each area, and what was repaired of it."""
    found = [geo.from_geojson(value, at="g") for _ in range(times)]
    return [(area, " ".join(problem.message for problem in problems)) for area, problems in found if area is not None]


def spent(value: Any) -> tuple[int, Sequence[tuple[BaseGeometry, str]]]:
    """Return how many of many were drawn as they are, and what came of the others."""
    with geo.Effort(0):
        found = drawn(value, MANY)
    hulls = [one for one in found if HULL in one[1]]
    assert found == [*found[: MANY - len(hulls)], *hulls], "once it is spent it stays spent"
    return MANY - len(hulls), hulls


@pytest.mark.parametrize("value", [BOW, SQUARES], ids=["ring that crosses itself", "shapes that overlap"])
def test_what_is_beyond_the_effort_is_its_hull_with_a_problem(value: Any) -> None:
    (whole, _), *_ = drawn(value, 1)
    number, hulls = spent(value)
    assert 20 < number < MANY
    assert hulls[0][0].covers(whole)
    assert hulls[0][0].is_valid


def test_sound_shapes_take_nothing() -> None:
    with geo.Effort(0):
        drawn(BOW, MANY)
        (area, message), *_ = drawn(SQUARE, 1)
    assert (area.equals(shapely.box(8, 50, 9, 51)), message) == (True, "")


def test_long_document_has_more_and_what_is_no_document_has_no_end() -> None:
    with geo.Effort(100 * 2**20):
        assert all("repaired" in message for _, message in drawn(BOW, MANY))
    assert all("repaired" in message for _, message in drawn(BOW, MANY))


def test_effort_of_one_document_is_not_that_of_the_next() -> None:
    with geo.Effort(0):
        assert takes(LEAST_STEPS)
        assert not takes(1)
        with geo.Effort(0):
            assert takes(1)
        assert not takes(1)
    with geo.Effort(0):
        assert takes(1)


def alerts(number: int) -> bytes:
    """Return a list of the API's with outlines that cross themselves."""
    properties = {
        "sender": "w-nws.webmaster@noaa.gov",
        "sent": "2026-11-25T10:00:00+00:00",
        "status": "Actual",
        "messageType": "Alert",
        "event": "Flood Warning",
        "geocode": {"UGC": ["TXC001"]},
    }
    features = [
        {"type": "Feature", "properties": {**properties, "id": f"urn:oid:{place}"}, "geometry": BOW}
        for place in range(number)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def bulletins(number: int) -> bytes:
    head = "WFUS54 KJAN 291100\r\nTORJAN\r\nMSC049-291145-\r\n"
    coded = "/O.NEW.KJAN.TO.W.{:04}.261129T1100Z-261129T1145Z/\r\nHinds MS-\r\n\r\n"
    outline = "LAT...LON 3042 8677 3050 8667 3042 8667 3050 8677\r\n\r\n$$\r\n\r\n"
    return "".join(head + coded.format(place) + outline for place in range(1, number + 1)).encode()


def situations(number: int) -> bytes:
    """Return a document that is read in parts."""
    ring = "<gmlExterior><posList>50 8 50 9 51 8 51 9 50 8</posList></gmlExterior>"
    placed = (
        f"<locationReference>{ring}<alertCArea><specificLocation>1</specificLocation></alertCArea></locationReference>"
    )
    record = '<situation id="s{0}"><situationRecord xsi:type="Accident" id="r{0}">{1}</situationRecord></situation>'
    told = f"<situationRecordVersionTime>2026-11-20T10:00:00Z</situationRecordVersionTime>{placed}"
    return (
        '<d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<payloadPublication xsi:type="SituationPublication" lang="en"><publicationTime>2026-11-20T11:00:00Z'
        f"</publicationTime>{''.join(record.format(place, told) for place in range(number))}"
        "</payloadPublication></d2LogicalModel>"
    ).encode()


@pytest.mark.parametrize(("format_", "body"), [("nws", alerts), ("nws_text", bulletins), ("datex2", situations)])
def test_every_alert_of_a_document_of_crooked_outlines_is_read(format_: str, body: Callable[[int], bytes]) -> None:
    number = 400
    parts = formats.stream(format_, body(number), source="s", now=NOW)
    items = [item for part in parts for item in part.items]
    areas = [area for item in items for event in item.events for area in event.areas]
    hulls = [item for item in items if any(HULL in problem.message for problem in item.problems)]
    assert (len(areas), all(area.geometry for area in areas)) == (number, True)
    assert 0 < len(hulls) < number
    assert items[-len(hulls) :] == hulls
