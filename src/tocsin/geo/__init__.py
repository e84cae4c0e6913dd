"""Where things are: the only room that knows axis order, metres, circles, poles and the 180th meridian.

Geometries are shapely's, WGS 84, (lon, lat) in degrees, valid, and cut at the 180th meridian, so that every longitude
lies in [-180, 180]. What an issuer drew badly is repaired with a Problem, or refused; a repair may enlarge an area
and never shrinks it: a place that is told too much forgives, a place that is not told does not. No repair takes long:
each has a limit on its work, and those of one document together (`Effort`), beyond which the convex hull stands in.

Edges are straight in degrees, as in GeoJSON (RFC 7946, 3.1.1), not geodesics.

Source: CAP 1.2, 3.2.4 (polygon, circle); RFC 7946 (GeoJSON); OGC 17-002r1 (GeoRSS); NIMA TR8350.2 (WGS 84).
"""

from __future__ import annotations

from tocsin.geo._boxes import Box, boxes
from tocsin.geo._cap import MAX_CIRCLES, cap_circle, cap_polygon
from tocsin.geo._circle import circle, circles
from tocsin.geo._effort import Effort
from tocsin.geo._ellipsoid import geodesic_m
from tocsin.geo._geojson import from_geojson
from tocsin.geo._georss import Shape, georss
from tocsin.geo._gml import from_gml
from tocsin.geo._measure import box_around, distance_m, widened
from tocsin.geo._nearest import distances_m
from tocsin.geo._polyline import from_polyline
from tocsin.geo._rings import cut
from tocsin.geo._swath import quadrants, swath
from tocsin.geo._union import together

__all__ = [
    "MAX_CIRCLES",
    "Box",
    "Effort",
    "Shape",
    "box_around",
    "boxes",
    "cap_circle",
    "cap_polygon",
    "circle",
    "circles",
    "cut",
    "distance_m",
    "distances_m",
    "from_geojson",
    "from_gml",
    "from_polyline",
    "geodesic_m",
    "georss",
    "quadrants",
    "swath",
    "together",
    "widened",
]
