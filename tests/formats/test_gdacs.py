"""What GDACS's two spellings have in common, and what each has of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats import gdacs_geojson, gdacs_rss, usgs
from tocsin.formats._countries import alpha_2
from tocsin.hazards import hazard_of
from tocsin.model import Code, Event, Item, Severity

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEAD = '<rss version="2.0" xmlns:gdacs="http://www.gdacs.org" xmlns:georss="http://www.georss.org/georss"><channel>'


def rss(now: datetime = NOW, made: str = "", **fields: str) -> Item:
    """Return what becomes of one item; `fields` are gdacs elements, "point" and "pubDate" are not."""
    said = {
        "pubDate": "Fri, 20 Nov 2026 09:00:00 GMT",
        "point": "38.25 21.75",
        "eventtype": "FL",
        "eventid": "1",
        "alertlevel": "Orange",
        "iscurrent": "true",
        **fields,
    }
    inner = "".join(
        f"<{name}>{value}</{name}>"
        if name == "pubDate"
        else f"<{_prefix(name)}:{name}>{value}</{_prefix(name)}:{name}>"
        for name, value in said.items()
        if value
    )
    body = f"{HEAD}{made and f'<pubDate>{made}</pubDate>'}<item>{inner}</item></channel></rss>"
    (item,) = gdacs_rss.read(body.encode(), source="g", now=now).items
    return item


def _prefix(name: str) -> str:
    return "georss" if name in {"point", "polygon"} else "gdacs"


def api(now: datetime = NOW, *, at: Any = (21.75, 38.25), **properties: Any) -> Item:
    said = {
        "eventtype": "FL",
        "eventid": 1,
        "alertlevel": "Orange",
        "iscurrent": "true",
        "fromdate": "2026-11-20T09:00:00",
        "todate": "2026-11-20T09:00:00",
    }
    feature = {
        "type": "Feature",
        "geometry": at and {"type": "Point", "coordinates": list(at)},
        "properties": said | properties,
    }
    body = json.dumps({"type": "FeatureCollection", "features": [feature]})
    (item,) = gdacs_geojson.read(body.encode(), source="g", now=now).items
    return item


def one(item: Item) -> Event:
    (event,) = item.events
    return event


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("Green", Severity.MINOR),
        ("Orange", Severity.SEVERE),
        ("Red", Severity.EXTREME),
        ("red", Severity.EXTREME),
        ("Purple", Severity.UNKNOWN),
        ("", Severity.UNKNOWN),
    ],
)
def test_alert_level_is_the_severity(level: str, severity: Severity) -> None:
    assert (one(rss(alertlevel=level)).severity, one(api(alertlevel=level)).severity) == (severity, severity)


@pytest.mark.parametrize(
    ("kind", "hazard"),
    [
        ("EQ", "earthquake"),
        ("TC", "tropical-cyclone"),
        ("FL", "flood"),
        ("VO", "volcano"),
        ("WF", "wildfire"),
        ("DR", "drought"),
        ("TS", "tsunami"),
    ],
)
def test_every_type_is_a_listed_hazard(kind: str, hazard: str) -> None:
    for item in (rss(eventtype=kind), api(eventtype=kind)):
        event = item.events[0]
        assert hazard_of(event.codes, [event.texts[0].event]) == hazard


@pytest.mark.parametrize(("flag", "is_over"), [("true", False), ("false", True), ("False", True), ("", False)])
def test_what_is_not_current_is_over(flag: str, is_over: bool) -> None:
    assert (one(rss(iscurrent=flag)).is_over, one(api(iscurrent=flag)).is_over) == (is_over, is_over)


@pytest.mark.parametrize(("flag", "is_over"), [(True, False), (False, True), (None, False), (7, False)])
def test_booleans_of_the_api_may_be_booleans(flag: Any, is_over: bool) -> None:
    assert one(api(iscurrent=flag)).is_over is is_over


def test_later_episode_re_issues_the_identifier() -> None:
    first = one(rss(episodeid="1"))
    later = one(rss(episodeid="2", datemodified="Fri, 20 Nov 2026 10:00:00 GMT"))
    assert (first.identifier, later.sent - first.sent) == (later.identifier, timedelta(hours=1))


def test_drought_is_one_message_a_day() -> None:
    sent = {
        one(rss(eventtype="DR", pubDate=f"Fri, 20 Nov 2026 {hour}:00:00 GMT", made="")).sent for hour in ("01", "09")
    }
    assert sent == {datetime(2026, 11, 20, tzinfo=UTC)}


def test_what_stays_listed_does_not_run_out() -> None:
    old = one(rss(eventtype="VO", pubDate="Sun, 01 Nov 2026 09:00:00 GMT"))
    assert old.expires is not None
    assert NOW + timedelta(hours=12) <= old.expires <= NOW + timedelta(hours=48)


def test_stale_copy_of_a_feed_prolongs_nothing() -> None:
    event = one(rss(made="Fri, 20 Nov 2026 10:00:00 GMT", now=NOW + timedelta(days=30)))
    assert event.expires is not None
    assert event.expires < NOW + timedelta(days=2)


@pytest.mark.parametrize(
    ("fields", "reach_km"),
    [
        pytest.param({"eventtype": "TC"}, 200, id="cyclone"),
        pytest.param({"eventtype": "VO"}, 30, id="volcano"),
        pytest.param({"eventtype": "WF", "severitydata": {"severity": 31416, "severityunit": "ha"}}, 10, id="hectares"),
        pytest.param({"eventtype": "WF", "severitydata": {"severity": 0, "severityunit": "ha"}}, 5, id="no-hectares"),
        pytest.param({"eventtype": "DR", "severitydata": {"severity": 31416, "severityunit": "km2"}}, 100, id="km2"),
        pytest.param({"eventtype": "DR", "severitydata": {"severity": 1e12, "severityunit": "km2"}}, 300, id="absurd"),
    ],
)
def test_reach_about_a_centre(fields: dict[str, Any], reach_km: float) -> None:
    area = one(api(**fields)).areas[0].geometry
    assert area is not None
    circle = geo.circle(21.75, 38.25, reach_km * 1000)
    assert area.area == pytest.approx(circle.area, rel=0.01)


def test_published_shape_goes_before_the_centre() -> None:
    event = one(rss(point="", polygon="10 20 10 21 11 21 10 20"))
    assert event.areas[0].geometry is not None
    assert event.areas[0].geometry.bounds == (20, 10, 21, 11)


def test_wide_hazard_also_concerns_its_countries() -> None:
    event = one(api(affectedcountries=[{"iso3": "BOL"}, {"iso2": "py"}, {"iso3": "???"}], iso3="BOL"))
    assert event.areas[1].geocodes == (Code("ISO3166-1", "BO"), Code("ISO3166-1", "PY"))


def test_narrow_hazard_does_not() -> None:
    assert len(one(api(eventtype="WF", iso3="BOL")).areas) == 1


def test_without_a_place_the_country_is_the_area() -> None:
    (area,) = one(api(eventtype="WF", at=None, iso3="BOL")).areas
    assert (area.geometry, area.geocodes) == (None, (Code("ISO3166-1", "BO"),))


@pytest.mark.parametrize("kind", ["VO", "FL", "EQ"])
def test_without_place_and_country_it_is_refused_by_itself(kind: str) -> None:
    item = api(eventtype=kind, at=None)
    assert (item.events, len(item.problems)) == ((), 1)


def test_quake_of_the_api_is_that_of_usgs() -> None:
    """The same noun: equal bands for equal magnitude, depth and place, and USGS's id as an alias."""
    said = {"severity": 6.2, "severitytext": "Magnitude 6.2M, Depth:14.5km", "severityunit": "M"}
    ours = api(eventtype="EQ", alertlevel="Green", severitydata=said, source="NEIC", sourceid="us7000exam").events
    quake = {"mag": 6.2, "time": 0, "updated": 0, "net": "us", "code": "7000exam", "type": "earthquake"}
    point = {"type": "Point", "coordinates": [21.75, 38.25, 14.5]}
    body = json.dumps({"type": "Feature", "properties": quake, "geometry": point}).encode()
    theirs = usgs.read(body, source="u", now=NOW).items[0].events
    assert [(one.part, one.severity, one.areas[0].geometry) for one in ours] == [
        (one.part, one.severity, one.areas[0].geometry) for one in theirs
    ]
    assert {one.aliases for one in (*ours, *theirs)} == {("quake:us7000exam",)}


def test_worse_alert_level_of_a_quake_counts_where_it_shakes_most() -> None:
    said = {"severity": 4.6, "severitytext": "Magnitude 4.6M, Depth:10km", "severityunit": "M"}
    events = api(eventtype="EQ", alertlevel="Red", severitydata=said).events
    assert [one.severity for one in events] == [Severity.EXTREME, Severity.MINOR]


@pytest.mark.parametrize("source", ["", "JRC"])
def test_id_of_another_agency_is_no_alias(source: str) -> None:
    assert api(eventtype="EQ", source=source, sourceid="us7000exam").events[0].aliases == ()


def test_contact_of_the_feed_is_never_read() -> None:
    body = f"{HEAD}<managingEditor>SECRET</managingEditor><webMaster>SECRET</webMaster></channel></rss>"
    assert "SECRET" not in repr(gdacs_rss.read(body.encode(), source="g", now=NOW))


def test_rss_without_channel_is_refused() -> None:
    with pytest.raises(FormatError, match="no channel"):
        gdacs_rss.read(b"<rss/>", source="g", now=NOW)


def test_countries() -> None:
    assert alpha_2(["FRA", "fra", "DE", "XXX", "", "Fr"]) == ("FR", "DE")
