"""What the NINA reader adds to CAP: its three documents, and where an alert is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import shapely

from tocsin import formats
from tocsin.errors import FormatError
from tocsin.formats import nina
from tocsin.model import Code, Link, Reading

NOW = datetime(2026, 11, 20, tzinfo=UTC)
FIRST, SECOND = Code("ARS", "066340000000"), Code("ARS", "066320000000")
SHAPE = Code("AreaId", "0")


def read(document: Any) -> Reading:
    return nina.read(json.dumps(document).encode(), source="de", now=NOW)


def info(language: str, *, keys: str | None = None, areas: Any = None) -> dict[str, Any]:
    parameters = [] if keys is None else [{"valueName": "warnVerwaltungsbereiche", "value": keys}]
    return {
        "language": language,
        "event": "Gefahreninformation",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Observed",
        "parameter": parameters,
        "area": [{"areaDesc": "Kreis"}] if areas is None else areas,
    }


def alert(*infos: Any) -> dict[str, Any]:
    own = {"identifier": "mow.1", "sender": "DE-X", "sent": "2026-11-20T10:00:00+01:00"}
    return {**own, "status": "Actual", "msgType": "Alert", "scope": "Public", "info": list(infos)}


def codes(document: Any) -> list[set[Code]]:
    (item,) = read(document).items
    return [{code for area in event.areas for code in area.geocodes} for event in item.events]


SHAPED = [{"areaDesc": "Kreis", "geocode": [{"valueName": "AreaId", "value": "0"}]}]


@pytest.mark.parametrize(
    ("infos", "expected"),
    [
        pytest.param([info("DE")], [set()], id="nothing-said"),
        pytest.param([info("DE", keys="066340000000,066320000000")], [{FIRST, SECOND}], id="keys"),
        pytest.param([info("DE", keys="066340000000, 066340000000,0663,x,")], [{FIRST}], id="keys-that-are-none"),
        pytest.param(
            [info("DE", keys="066340000000", areas=SHAPED), info("EN", keys="066340000000")],
            [{SHAPE, FIRST}],
            id="the-others-where-the-first-is",
        ),
        pytest.param(
            [info("DE", areas=SHAPED), info("EN", areas=[{"areaDesc": "A"}, {"areaDesc": "B"}])],
            [{SHAPE}, set()],
            id="another-number-of-areas-is-elsewhere",
        ),
        pytest.param(
            [info("DE", keys="066340000000", areas=[])],
            [set()],
            id="without-an-area-nothing-carries-the-keys",
        ),
    ],
)
def test_where(infos: list[Any], expected: list[set[Code]]) -> None:
    assert codes(alert(*infos)) == expected


def test_cancel_without_info_is_an_event() -> None:
    (item,) = read({**alert(), "msgType": "Cancel"}).items
    assert [event.areas for event in item.events] == [()]


def test_index_links_each_alert_once_and_again_when_its_version_rises() -> None:
    entries = [{"id": "mow.1", "version": 2}, {"id": "mow.1", "version": 2}, {"id": "lhp.X"}]
    url = "https://warnung.bund.de/api31/warnings/"
    assert read(entries).links == (
        Link(url=f"{url}mow.1.json", fresh="2", format="nina", beside=f"{url}mow.1.geojson"),
        Link(url=f"{url}lhp.X.json", format="nina", beside=f"{url}lhp.X.geojson"),
    )


@pytest.mark.parametrize("name", ["../x", "a/b", "", "a b", ".", "x" * 201, 7, None, "mow.1?x", "mow.1#x"])
def test_index_entry_that_names_no_alert_is_no_link(name: Any) -> None:
    reading = read([{"id": "mow.1"}, {"id": name}])
    assert (len(reading.links), len(reading.problems), reading.is_complete) == (1, 1, False)


def test_quiet_index() -> None:
    assert read([]) == Reading()


def shape(number: int, west: float, kind: str = "Polygon") -> dict[str, Any]:
    rings = [[[west, 50, 0], [west + 1, 50, 0], [west + 1, 51, 0], [west, 51, 0], [west, 50, 0]]]
    coordinates = rings if kind == "Polygon" else [rings]
    return {"properties": {"warnId": "mow.1", "areaId": number}, "geometry": {"type": kind, "coordinates": coordinates}}


def with_shapes(*features: Any) -> Reading:
    """Return the reading of an alert in two languages, of which the first says its area, and of its shapes."""
    said = alert(info("DE", keys="066340000000", areas=SHAPED), info("EN"))
    shapes = {"type": "FeatureCollection", "features": list(features)}
    body = formats.joined("nina", json.dumps(said).encode(), b"\xef\xbb\xbf" + json.dumps(shapes).encode())
    return nina.read(body, source="de", now=NOW)


def test_shapes_beside_an_alert_are_those_of_its_area_in_every_language() -> None:
    (item,) = with_shapes(shape(0, 8), shape(0, 10, "MultiPolygon"), shape(1, 30)).items
    (event,) = item.events
    assert [text.language for text in event.texts] == ["DE", "EN"]
    (area,) = event.areas
    assert area.geometry is not None
    assert area.geometry.equals(shapely.union_all([shapely.box(8, 50, 9, 51), shapely.box(10, 50, 11, 51)]))
    assert set(area.geocodes) == {SHAPE, FIRST}


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"properties": {"areaId": 0}, "geometry": {"type": "Point", "coordinates": [8, 50]}}, id="point"),
        pytest.param({"properties": {"areaId": 0}, "geometry": None}, id="null"),
        pytest.param({"properties": None, "geometry": shape(0, 8)["geometry"]}, id="of-no-area"),
        pytest.param({**shape(0, 8), "geometry": {"type": "Polygon", "coordinates": [[1, 2]]}}, id="no-positions"),
        pytest.param({**shape(0, 8), "geometry": {"type": ["Polygon"], "coordinates": []}}, id="no-type"),
        pytest.param({**shape(0, 8), "geometry": {"type": "Polygon", "coordinates": [[["x", 1]]]}}, id="no-number"),
    ],
)
def test_shape_that_is_none_is_left_out_and_told(bad: Any) -> None:
    (item,) = with_shapes(shape(0, 8), bad).items
    ((area,),) = [event.areas for event in item.events]
    assert area.geometry is not None
    assert area.geometry.equals(shapely.box(8, 50, 9, 51))
    assert [problem.message for problem in item.problems] == ["not a shape of an area; left out"]


@pytest.mark.parametrize("beside", [b"", b"<html>", b'{"features":', b"[" * 100 + b"]" * 100, b"\xff", b"null", b"[]"])
def test_unsound_shapes_cost_no_alert(beside: bytes) -> None:
    body = json.dumps(alert(info("DE", keys="066340000000"))).encode()
    found = nina.read(formats.joined("nina", body, beside), source="de", now=NOW)
    assert found.items == nina.read(body, source="de", now=NOW).items
    assert found.is_complete


def test_shapes_say_nothing_of_a_hazard() -> None:
    assert read({"type": "FeatureCollection", "features": [{"properties": {"warnId": "mow.1"}}]}) == Reading()


@pytest.mark.parametrize("document", [[1, 2], {"features": []}, {"identifier": "x"}, "x", 7, [{}] * 20_001])
def test_what_is_none_of_the_three_is_refused(document: Any) -> None:
    with pytest.raises(FormatError):
        read(document)
