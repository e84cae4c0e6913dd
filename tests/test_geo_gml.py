"""Positions of GML in the reference systems that road authorities use."""

from __future__ import annotations

import pytest

from tocsin import geo
from tocsin.errors import FormatError


@pytest.mark.parametrize(
    ("srs", "position", "lon", "lat"),
    [
        pytest.param("", "45 9", 9, 45, id="unstated-is-wgs-84"),
        pytest.param("WGS 84", "45 9", 9, 45, id="by-name"),
        pytest.param("EPSG:4326", "45 9", 9, 45, id="epsg"),
        pytest.param("urn:ogc:def:crs:EPSG::4258", "45 9", 9, 45, id="etrs89"),
        pytest.param("http://www.opengis.net/def/crs/EPSG/0/4326", "45 9", 9, 45, id="address"),
        pytest.param("http://www.opengis.net/gml/srs/epsg.xml#4326", "45 9", 9, 45, id="old-address"),
        pytest.param("urn:ogc:def:crs:OGC:1.3:CRS84", "9 45", 9, 45, id="longitude-first"),
        # The arc of the meridian from the equator to 45 degrees is 4,984,944.378 m on WGS 84; times 0.9996.
        pytest.param("EPSG:25832", "500000 4982950.400", 9, 45, id="utm-on-its-meridian"),
        pytest.param("25833", "500000 4982950.400", 15, 45, id="utm-bare-number"),
        # The CN Tower, whose coordinates in both systems are well known to the metre.
        pytest.param("EPSG:32617", "630084 4833438", -79.387139, 43.642567, id="utm-off-its-meridian"),
        pytest.param("EPSG:32717", "500000 5017049.600", -81, -45, id="utm-south"),
    ],
)
def test_position(srs: str, position: str, lon: float, lat: float) -> None:
    point, problems = geo.from_gml("Point", position, srs=srs, at="x")
    assert problems == ()
    assert (
        geo.distance_m(point, geo.from_geojson({"type": "Point", "coordinates": [lon, lat]}, at="x")[0] or point) < 1.5
    )


@pytest.mark.parametrize(
    ("srs", "positions", "dimension"),
    [
        pytest.param("EPSG:31370", "1 2", 2, id="lambert"),
        pytest.param("EPSG:25899", "1 2", 2, id="zone-that-is-none"),
        pytest.param("somewhere", "1 2", 2, id="no-system"),
        pytest.param("", "", 2, id="nothing"),
        pytest.param("", "1 2 3", 2, id="half-a-position"),
        pytest.param("", "1 2 3 4", 4, id="four-dimensions"),
        pytest.param("", "nan 2", 2, id="nan"),
        pytest.param("", "1_0 2", 2, id="python-number"),
        pytest.param("", "1e99 2", 2, id="far-too-large"),
        pytest.param("EPSG:25832", "9e99 2", 2, id="far-off-the-zone"),
        pytest.param("", "1 2 " * 600_000, 2, id="too-many"),
    ],
)
def test_what_is_no_position_is_refused(srs: str, positions: str, dimension: int) -> None:
    with pytest.raises(FormatError):
        geo.from_gml("Point", positions, srs=srs, dimension=dimension, at="x")
