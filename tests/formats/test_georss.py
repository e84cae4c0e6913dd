"""GeoRSS: axis order and shapes, what a feed says in words, and what its categories become."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from shapely import wkt

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats import georss, name_of
from tocsin.hazards import hazard_of
from tocsin.model import Category, Code, Event, Severity

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SPACES = (
    'xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml/3.2" '
    'xmlns:gdacs="http://www.gdacs.org" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#"'
)


def event(inner: str, head: str = "") -> Event:
    body = f"<rss {SPACES}><channel>{head}<item><guid>1</guid><pubDate>Fri, 20 Nov 2026 09:00:00 GMT</pubDate>{inner}"
    (item,) = georss.read(f"{body}</item></channel></rss>".encode(), source="g", now=NOW).items
    return item.events[0]


def where(inner: str) -> str:
    return f"<georss:where>{inner}</georss:where>"


@pytest.mark.parametrize(
    ("inner", "shape"),
    [
        pytest.param("<georss:point>45.5 -71.25</georss:point>", "POINT (-71.25 45.5)", id="point"),
        pytest.param("<georss:point> 45.5,\n-71.25 </georss:point>", "POINT (-71.25 45.5)", id="point-with-a-comma"),
        pytest.param("<georss:line>45 -110 46 -109</georss:line>", "LINESTRING (-110 45, -109 46)", id="line"),
        pytest.param(
            "<georss:polygon>45 -110 46 -109 44 -109</georss:polygon>",
            "POLYGON ((-110 45, -109 46, -109 44, -110 45))",
            id="polygon-left-open",
        ),
        pytest.param(
            "<georss:box>42 -71 43 -70</georss:box>", "POLYGON ((-71 42, -70 42, -70 43, -71 43, -71 42))", id="box"
        ),
        pytest.param("<georss:box>42 -71 42 -71</georss:box>", "POINT (-71 42)", id="box-of-a-point"),
        pytest.param("<georss:box>42 -71 42 -70</georss:box>", "LINESTRING (-71 42, -70 42)", id="box-of-a-line"),
        pytest.param("<geo:lat>45.5</geo:lat><geo:long>8</geo:long>", "POINT (8 45.5)", id="w3c"),
        pytest.param(
            "<geo:Point><geo:lat>45.5</geo:lat><geo:long>8</geo:long></geo:Point>", "POINT (8 45.5)", id="w3c-point"
        ),
        pytest.param(
            "<geo:lat>1</geo:lat><geo:long>1</geo:long><georss:point>45.5 8</georss:point>",
            "POINT (8 45.5)",
            id="w3c-beside-georss",
        ),
        pytest.param(where("<gml:Point><gml:pos>45.5 8</gml:pos></gml:Point>"), "POINT (8 45.5)", id="gml-point"),
        pytest.param(
            where('<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>45.5 8</gml:pos></gml:Point>'),
            "POINT (8 45.5)",
            id="gml-epsg-4326",
        ),
        pytest.param(
            where('<gml:Point srsName="CRS:84"><gml:pos>8 45.5</gml:pos></gml:Point>').replace("CRS:84", "CRS84"),
            "POINT (8 45.5)",
            id="gml-crs84",
        ),
        pytest.param(
            where("<gml:LineString><gml:pos>45 -110</gml:pos><gml:pos>46 -109</gml:pos></gml:LineString>"),
            "LINESTRING (-110 45, -109 46)",
            id="gml-line-of-pos",
        ),
        pytest.param(
            where("<gml:Point><gml:coordinates>8,45.5</gml:coordinates></gml:Point>"), "POINT (8 45.5)", id="gml-2"
        ),
        pytest.param("<georss:where/>", "", id="where-that-says-nothing"),
        pytest.param("<georss:point/>", "", id="empty"),
        pytest.param(
            where('<gml:Point srsName="EPSG:25833"><gml:pos>6600000 1</gml:pos></gml:Point>'), "", id="other-system"
        ),
    ],
)
def test_shape(inner: str, shape: str) -> None:
    (area,) = event(inner).areas
    assert (area.geometry is None) == (not shape)
    assert area.geometry is None or area.geometry.equals(wkt.loads(shape))


def test_circle_is_in_metres() -> None:
    (area,) = event("<georss:circle>45 8 50000</georss:circle>").areas
    assert area.geometry == geo.circle(8, 45, 50_000)


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ("point", "1"),
        ("point", "1 2 3"),
        ("point", ""),
        ("line", "1 2 3"),
        ("line", "1 1 1 1"),
        ("box", "1 2"),
        ("circle", "1 2"),
        ("circle", "1 2 far"),
        ("circle", "1 2 -5"),
        ("polygon", "1 1 2 2"),
        ("point", "nan 1"),
        ("point", "95 1"),
    ],
)
def test_numbers_of_another_shape_are_refused(shape: geo.Shape, text: str) -> None:
    with pytest.raises(FormatError):
        geo.georss(shape, text, at="x")


def test_category_of_cap_is_that_and_a_code() -> None:
    found = event("<category>Met</category>")
    assert (found.category, found.codes, found.texts[0].event) == (
        (Category.MET,),
        (Code("georss:category", "Met"),),
        "",
    )


def test_other_category_is_the_event_term() -> None:
    found = event("<category>road-closure</category><category>x</category>")
    assert hazard_of(found.codes, [found.texts[0].event]) == "road-closure"


def test_terms_of_gdacs_count() -> None:
    found = event("<gdacs:eventtype>TC</gdacs:eventtype><gdacs:alertlevel>Red</gdacs:alertlevel>")
    assert (found.severity, hazard_of(found.codes, [])) == (Severity.EXTREME, "tropical-cyclone")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain &lt; 5 m", "plain < 5 m"),
        ("&lt;p&gt;one&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;", "one\n two"),
        ("&lt;script&gt;x", "x"),
        ("a &amp;amp; b", "a & b"),
    ],
)
def test_markup_is_left_out(text: str, shown: str) -> None:
    assert event(f"<description>{text}</description>").texts[0].description == shown


@pytest.mark.parametrize("name", ["author", "comments", "enclosure"])
def test_people_and_media_are_never_read(name: str) -> None:
    assert "SECRET" not in repr(event(f"<title>x</title><{name}>SECRET</{name}>"))


def test_sender_is_the_host_that_the_feed_links_to() -> None:
    assert event("", head="<link>https://warn.example.org/x</link>").sender == "warn.example.org"


@pytest.mark.parametrize(
    ("document", "name"),
    [
        pytest.param(f"<rss {SPACES}><channel/></rss>", "gdacs_rss", id="quiet-and-of-gdacs"),
        pytest.param(
            f"<rss {SPACES}><channel><item><gdacs:eventid>1</gdacs:eventid></item></channel></rss>",
            "gdacs_rss",
            id="gdacs",
        ),
        pytest.param(f"<rss {SPACES}><channel><item/></channel></rss>", "georss", id="knows-gdacs-but-is-not"),
        pytest.param(
            '<rss><channel><item><g:point xmlns:g="http://www.georss.org/georss">1 1</g:point></item></channel></rss>',
            "georss",
            id="namespace-only-within",
        ),
        pytest.param("<rss><channel><item/></channel></rss>", "atom", id="neither"),
    ],
)
def test_name_of(document: str, name: str) -> None:
    assert name_of(document.encode()) == name


def test_rss_1_is_read() -> None:
    body = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f"{SPACES}><channel/><item><title>x</title><link>https://example.org/1</link><georss:point>1 2</georss:point>"
        "</item></rdf:RDF>"
    )
    (item,) = georss.read(body.encode(), source="g", now=NOW).items
    assert (item.events[0].identifier, name_of(body.encode())) == ("https://example.org/1", "georss")
