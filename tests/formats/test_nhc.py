"""What the readers of NHC find, and where a storm's winds and its centre are told to reach."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point

from tocsin import formats, geo, lifecycle
from tocsin.errors import FormatError
from tocsin.formats import nhc
from tocsin.model import Certainty, Code, Event, Reading, Severity

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HERE = Path(__file__).parent / "nhc"
NM_M = 1852.0


def storm(**members: Any) -> dict[str, Any]:
    given = {
        "id": "al142026",
        "name": "Alpha",
        "classification": "HU",
        "intensity": "125",
        "latitudeNumeric": 25.0,
        "longitudeNumeric": -84.0,
        "lastUpdate": "2026-11-20T09:00:00.000Z",
    }
    return {name: value for name, value in (given | members).items() if value is not None}


def read(body: bytes) -> Reading:
    return nhc.read(body, source="nhc", now=NOW)


def listed(*storms: Any) -> Reading:
    return read(json.dumps({"activeStorms": list(storms)}).encode())


def sample(name: str) -> list[Event]:
    return [event for item in read((HERE / name).read_bytes()).items for event in item.events]


def public(*lines: str, title: str = "Hurricane Alpha Advisory Number 18") -> Event:
    head = ["WTNT34 KNHC 200857", "TCPAT4", "", "BULLETIN", title, "NWS ... Miami FL       AL142026", ""]
    reading = read("\n".join([*head, "LOCATION...25.8N 84.3W", *lines, "$$"]).encode())
    (event, *_) = reading.items[0].events
    return event


def test_quiet_list_is_a_complete_snapshot() -> None:
    assert listed() == Reading(is_complete=True)


@pytest.mark.parametrize(
    ("members", "centre"),
    [
        pytest.param({}, (-84, 25), id="numeric"),
        pytest.param(
            {"latitudeNumeric": None, "longitudeNumeric": None, "latitude": "5.5S", "longitude": "170.1E"},
            (170.1, -5.5),
            id="lettered",
        ),
        pytest.param(
            {"latitudeNumeric": None, "longitudeNumeric": None, "lat": 25.5, "lon": "-85.2"}, (-85.2, 25.5), id="short"
        ),
    ],
)
def test_position(members: dict[str, Any], centre: tuple[float, float]) -> None:
    (item,) = listed(storm(**members)).items
    geometry = item.events[0].areas[0].geometry
    assert geometry is not None
    assert geometry.covers(Point(centre))


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"id": "al14"}, id="number"),
        pytest.param({"id": None}, id="no-number"),
        pytest.param({"lastUpdate": "yesterday"}, id="time"),
        pytest.param({"latitudeNumeric": 89}, id="at-the-pole"),
        pytest.param({"longitudeNumeric": -190}, id="beyond-the-map"),
        pytest.param({"latitudeNumeric": None}, id="no-latitude"),
        pytest.param({"latitudeNumeric": "north"}, id="latitude-in-words"),
    ],
)
def test_storm_that_cannot_be_read_is_told_and_the_next_one_read(members: dict[str, Any]) -> None:
    reading = listed(storm(**members), storm())
    assert [len(item.events) for item in reading.items] == [0, 1]
    assert reading.items[0].problems
    assert not reading.is_complete


@pytest.mark.parametrize(
    ("intensity", "severity", "certainty"),
    [
        pytest.param("64", Severity.EXTREME, Certainty.POSSIBLE, id="hurricane"),
        pytest.param("63", Severity.SEVERE, Certainty.POSSIBLE, id="just-under"),
        pytest.param(34, Severity.SEVERE, Certainty.POSSIBLE, id="storm"),
        pytest.param(33, Severity.MODERATE, Certainty.OBSERVED, id="depression"),
        pytest.param(None, Severity.UNKNOWN, Certainty.OBSERVED, id="not-said"),
        pytest.param("strong", Severity.UNKNOWN, Certainty.OBSERVED, id="no-number"),
    ],
)
def test_wind_decides_the_severity(intensity: Any, severity: Severity, certainty: Certainty) -> None:
    event = listed(storm(intensity=intensity)).items[0].events[0]
    assert (event.severity, event.certainty) == (severity, certainty)


def test_more_storms_than_there_can_be_are_refused() -> None:
    assert len(listed(*[storm()] * 200).items) == 200
    with pytest.raises(FormatError, match="more than 200"):
        listed(*[storm()] * 201)


def test_later_list_supersedes_the_earlier() -> None:
    first, second = (listed(storm(lastUpdate=f"2026-11-20T0{hour}:00:00Z")).items[0].events[0] for hour in (3, 9))
    assert lifecycle.in_force([first, second], NOW) == (second,)


def test_advisories_of_one_storm_are_one_thread() -> None:
    found = [listed(storm()).items[0].events[0], public()]
    assert len(set(lifecycle.threads(found).values())) == 1
    assert len(lifecycle.in_force(found, NOW)) == 2


@pytest.mark.parametrize(
    ("title", "event", "kind"),
    [
        ("Hurricane Alpha Advisory Number 18", "Hurricane", "HU"),
        ("TROPICAL STORM ALPHA INTERMEDIATE ADVISORY NUMBER 18A", "Tropical Storm", "TS"),
        ("Tropical Storm Alpha Special Advisory Number  18", "Tropical Storm", "TS"),
        ("Tropical Depression Ten Advisory Number 1", "Tropical Depression", "TD"),
        ("Subtropical Storm Alpha Advisory Number 1", "Subtropical Storm", "STS"),
        ("Potential Tropical Cyclone Ten Advisory Number 1", "Potential Tropical Cyclone", "PTC"),
        ("POST-TROPICAL CYCLONE ALPHA ADVISORY NUMBER  19", "Post-Tropical Cyclone", "PC"),
        ("BULLETIN Hurricane Alpha Advisory Number 18", "Hurricane", "HU"),
        ("Remnants of Alpha Advisory Number 18", "Tropical Cyclone", ""),
        ("Tropical Depression Nine-E Advisory Number 2", "Tropical Depression", "TD"),
    ],
)
def test_title(title: str, event: str, kind: str) -> None:
    found = public(title=title)
    assert found.texts[0].event == event
    assert (Code("nhc:classification", kind) in found.codes) == bool(kind)


@pytest.mark.parametrize(
    ("line", "measures"),
    [
        ("MAXIMUM SUSTAINED WINDS...145 MPH...230 KM/H", {"wind_kt": 125.0}),
        ("MAXIMUM SUSTAINED WINDS...40 MPH...65 KM/H", {"wind_kt": 35.0}),
        ("PRESENT MOVEMENT...NE OR 35 DEGREES AT 17 MPH...28 KM/H", {"movement_deg": 35.0, "movement_kt": 14.8}),
        ("PRESENT MOVEMENT...STATIONARY", {}),
        ("MINIMUM CENTRAL PRESSURE...931 MB...27.49 INCHES", {"pressure_hpa": 931.0}),
    ],
)
def test_measures(line: str, measures: dict[str, float]) -> None:
    assert public(line).measures == measures


@pytest.mark.parametrize(
    ("text", "radius_miles"),
    [
        ("Hurricane-force winds extend outward up to 30 miles (45 km)", 30),
        ("HURRICANE FORCE WINDS EXTEND OUTWARD UP TO 60 MILES...95 KM", 60),
        ("Tropical-storm-force winds extend outward up to\n250 miles (405 km)", 250),
        ("GALE FORCE WINDS EXTEND OUTWARD UP TO 205 MILES...335 KM", 205),
    ],
)
def test_reach_of_a_public_advisory(text: str, radius_miles: float) -> None:
    geometry = public(text).areas[0].geometry
    assert geometry is not None
    east = geometry.bounds[2]
    assert geo.distance_m(Point(-84.3, 25.8), Point(east, 25.8)) == pytest.approx(radius_miles * 1609.344, rel=0.01)


def test_forecast_goes_on_from_now_step_by_step() -> None:
    found = sample("forecast.txt")
    steps = {(event.onset, event.expires) for event in found if event.onset}
    hours = [0, 9, 21, 45]
    begins = datetime(2026, 11, 20, 9, tzinfo=UTC)
    moments = [begins + timedelta(hours=hour) for hour in hours]
    assert steps == set(pairwise(moments))
    assert [event.part for event in found] == list(range(len(found)))


def test_winds_reach_as_far_as_each_quadrant_says() -> None:
    area = sample("forecast.txt")[0].areas[0].geometry
    assert area is not None
    lon, lat = -178.9, 15.8
    miles = 1 / 60
    reached = {"NE": (0.7, 0.7), "SE": (0.7, -0.7), "SW": (-0.7, -0.7), "NW": (-0.7, 0.7)}
    radii = {"NE": 30, "SE": 25, "SW": 0, "NW": 30}
    for quarter, (east, north) in reached.items():
        for share, is_inside in ((0.95, True), (1.08, False)):
            radius = max(radii[quarter], 5) * share * miles
            place = Point(lon + east * radius / 0.962, lat + north * radius)
            assert area.covers(place) == (is_inside and radii[quarter] > 0)


def test_swath_over_the_180th_meridian_goes_the_short_way() -> None:
    step = next(event for event in sample("forecast.txt") if event.onset)
    area = step.areas[0].geometry
    assert area is not None
    assert area.area < 5
    assert area.covers(Point(179.9, 15.9))


def test_cone_has_the_published_radius_and_widens() -> None:
    cone = [
        event.areas[0].geometry for event in sample("forecast.txt") if "centre may be" in event.areas[0].description
    ]
    centre = Point(173.0, 17.0)
    # 48 hours: 63 nautical miles in the eastern Pacific; this point is 45 hours ahead, between 51 (36 h) and 63.
    north = max(shape.bounds[3] for shape in cone if shape is not None)
    assert geo.distance_m(centre, Point(173.0, north)) == pytest.approx((51 + 12 * 9 / 12) * NM_M, rel=0.02)


@pytest.mark.parametrize(
    ("bin_number", "url"),
    [
        ("AT4", "https://tgftp.nws.noaa.gov/data/raw/wt/wtnt24.knhc.tcm.at4.txt"),
        ("EP1", "https://tgftp.nws.noaa.gov/data/raw/wt/wtpz21.knhc.tcm.ep1.txt"),
        ("cp2", "https://tgftp.nws.noaa.gov/data/raw/wt/wtpa22.phfo.tcm.cp2.txt"),
        ("AT6", None),
        ("../x", None),
        ("", None),
    ],
)
def test_storm_links_to_its_forecast(bin_number: str, url: str | None) -> None:
    links = listed(storm(binNumber=bin_number)).links
    assert [link.url for link in links] == ([url] if url else [])


def test_link_is_fresh_when_the_storm_is() -> None:
    first, second = (listed(storm(binNumber="AT4", lastUpdate=f"2026-11-20T0{n}:00:00Z")).links for n in (3, 9))
    assert first != second


def test_index_links_too() -> None:
    (link,) = read((HERE / "index_at.rss").read_bytes()).links
    assert link.url.endswith("wtnt24.knhc.tcm.at4.txt")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param(b'{"activeStorms": []}', "nhc", id="list"),
        pytest.param(b'{"activeStorms": 1}', None, id="no-list"),
        pytest.param(b'<rss xmlns:nhc="https://www.nhc.noaa.gov"><channel/></rss>', "nhc", id="quiet-index"),
        pytest.param(b"WTNT45 KNHC 312048\nTCDAT5\n", "nhc", id="discussion"),
        pytest.param(b"WTUS84 KHGX 070904\nTCVHGX\n", "nws_text", id="local-statement"),
        pytest.param(b"WTUS84 KHGX 070904\nTCPHGX\n", "nws_text", id="no-basin"),
    ],
)
def test_name_of(body: bytes, name: str | None) -> None:
    assert formats.name_of(body) == name


@pytest.mark.parametrize("body", [b'{"activeStorms": {}}', b"<feed/>", b"<rss/>", b"no bulletin"])
def test_what_is_none_of_them_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        read(body)


@pytest.mark.shared
def test_recorded_documents_say_what_the_manifest_says(shared: Path) -> None:
    lines = (shared / "feeds/dev/MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines if line.split("\t")[1] == "nhc"]
    assert len(rows) == 5
    for path, *_, cell in rows:
        expected = json.loads(cell)
        body = (shared / "feeds/dev" / path).read_bytes()
        events = [event for item in read(body).items for event in item.events]
        assert formats.name_of(body) == "nhc"
        if "ids" in expected:
            assert [event.identifier for event in events] == expected["ids"]
        elif "advisory" in expected:
            assert {code.value for code in events[0].codes if code.scheme == "nhc:advisory"} == {expected["advisory"]}
            assert f"{events[0].sent:%d%H%M}" == expected["wmo"][-6:]
            lat, lon = (float(degrees) for degrees in expected["position"])
            assert any(area.geometry and area.geometry.covers(Point(-lon, lat)) for area in events[0].areas)
        else:
            assert events == []


@pytest.mark.parametrize(("count", "is_cut"), [(nhc.MAX_ADVISORIES, False), (nhc.MAX_ADVISORIES + 1, True)])
def test_number_of_advisories_is_capped(count: int, *, is_cut: bool) -> None:
    body = (Path(__file__).parent / "nhc/public.txt").read_bytes()
    reading = read(body * count)
    assert len(reading.items) == nhc.MAX_ADVISORIES
    assert reading.is_complete != is_cut
    assert bool(reading.problems) == is_cut
