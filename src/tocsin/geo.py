"""Shapes on the Earth: the only file that knows axis order, metres, the antimeridian and circles.

Geometries are WGS 84 in degrees, (lon, lat), as GeoJSON has them (RFC 7946). Longitudes lie within -180 .. 180; what
crosses the antimeridian is cut into parts on both sides of it. Distances are metres on a sphere of the radius that
WGS 84 has at the latitude concerned: good to about one part in a thousand up to 500 km, which is finer than any
warning area is drawn.

Repair is bounded: an invalid ring is mended only while that is cheap, and becomes its convex hull beyond, because a
few hundred crossing edges can cost GEOS minutes. Whoever reads is told by a Problem.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon, Point, Polygon, affinity
from shapely.geometry.base import BaseGeometry

from tocsin.errors import FormatError
from tocsin.model import Problem

MAX_VERTICES = 20_000
MAX_HOLES = 200
MAX_DEPTH = 5  # of nested GeoJSON geometry collections
MEND_UP_TO = 60  # crossings of a ring with itself; GEOS mends so many within 0.1 s, and some hundreds not in minutes
_CHUNK = 32  # edges looked at together while crossings are counted
CIRCLE_POINTS = 96
MAX_CIRCLE_KM = 20_037.0  # half of the way around
SMALLEST_RADIUS_M = 50.0  # a CAP circle of radius 0 is a point; a point needs some extent to be drawn and met
_WGS84_A, _WGS84_B = 6_378_137.0, 6_356_752.314245
_NUMBER = r"[+-]?[0-9]{1,17}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,3})?|[+-]?\.[0-9]{1,30}"
_PAIR = re.compile(rf"({_NUMBER})\s*,\s*({_NUMBER})(?=\s|$)")


def earth_radius_m(lat: float) -> float:
    """Return the Gaussian mean radius of curvature of WGS 84 at a latitude, in metres."""
    s = math.sin(math.radians(lat))
    e2 = 1 - (_WGS84_B / _WGS84_A) ** 2
    return _WGS84_A * math.sqrt(1 - e2) / (1 - e2 * s * s)


# --- CAP's text forms ---------------------------------------------------------------------------------------------


def cap_polygon(text: str, *, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the polygon that a CAP <polygon> describes, and what had to be repaired.

    `text` holds "lat,lon" pairs between white space. An open ring is closed, axes that only fit the other way round
    are swapped, a ring over the antimeridian is cut, a ring that crosses itself is mended or replaced by its hull.
    Raises FormatError when fewer than three different points are left or a number is no coordinate.
    Source: CAP 1.2, 3.2.4 polygon.
    """
    pairs, problems = _pairs(text, at)
    pairs = [(lon, lat) for lat, lon in pairs]
    if pairs[0] != pairs[-1]:
        pairs.append(pairs[0])
        problems.append(_repaired(at, "the ring was open and was closed"))
    shape, more = _ring(pairs, at)
    return shape, (*problems, *more)


def cap_circle(text: str, *, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the area that a CAP <circle> describes: "lat,lon radius", the radius in kilometres.

    Raises FormatError when it is none. Source: CAP 1.2, 3.2.4 circle.
    """
    centre, _, radius = text.strip().rpartition(" ")
    if not centre:
        centre, _, radius = " ".join(text.split()).rpartition(" ")
    if not re.fullmatch(_NUMBER, radius.strip()):
        raise FormatError("a circle is not a point and a radius in km", at=at)
    pairs, problems = _pairs(centre, at)
    radius_km = float(radius)
    if len(pairs) != 1 or not 0 <= radius_km <= MAX_CIRCLE_KM:
        raise FormatError("a circle is not one point and a radius within half the Earth", at=at)
    lat, lon = pairs[0]
    return circle(lon, lat, radius_km * 1000), tuple(problems)


def _pairs(text: str, at: str) -> tuple[list[tuple[float, float]], list[Problem]]:
    """Return the (lat, lon) pairs of a CAP text, swapped where they only fit so."""
    folded = " ".join(text.split())
    found = _PAIR.findall(folded)
    if not found or _PAIR.sub("", folded).strip():
        raise FormatError("not a list of lat,lon pairs", at=at)
    pairs = [(float(lat), float(lon)) for lat, lon in found]
    if all(_is_on_earth(lon, lat) for lat, lon in pairs):
        return [(lat, _wrapped(lon)) for lat, lon in pairs], []
    if all(_is_on_earth(lat, lon) for lat, lon in pairs):
        return [(lon, _wrapped(lat)) for lat, lon in pairs], [_repaired(at, "latitude and longitude were swapped")]
    raise FormatError("a coordinate is not on the Earth", at=at)


def _is_on_earth(lon: float, lat: float) -> bool:
    return -90 <= lat <= 90 and -360 <= lon <= 360


def _wrapped(lon: float) -> float:
    """Return a longitude of -360 .. 360 within -180 .. 180."""
    return lon if -180 <= lon <= 180 else lon - math.copysign(360, lon)


def _repaired(at: str, message: str) -> Problem:
    return Problem(at=at, message=message, is_repaired=True)


def _ring(pairs: Sequence[tuple[float, float]], at: str) -> tuple[BaseGeometry, list[Problem]]:
    """Return the sound area within a closed ring of (lon, lat)."""
    if len(set(pairs)) < 3:
        raise FormatError("a polygon has fewer than three different points", at=at)
    unrolled = _unrolled(pairs)
    if abs(unrolled[-1][0] - unrolled[0][0]) > 180:  # the ring goes around a pole
        unrolled = _over_the_pole(unrolled)
    shape, problems = sound(Polygon(unrolled), at=at)
    return cut_at_antimeridian(shape), problems


def _unrolled(pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points with longitudes that never jump by more than half the Earth from one to the next."""
    lon, lat = pairs[0]
    unrolled = [(lon, lat)]
    for next_lon, next_lat in pairs[1:]:
        lon += (next_lon - lon + 180) % 360 - 180
        unrolled.append((lon, next_lat))
    # A box of the whole world has edges of exactly half or all of the Earth: take it as it was written.
    spans_the_world = max(x for x, _ in pairs) - min(x for x, _ in pairs) >= 359
    return list(pairs) if spans_the_world and _is_wide(pairs) else unrolled


def _is_wide(pairs: Sequence[tuple[float, float]]) -> bool:
    """Return whether some edge runs from one side of the antimeridian to the other along one parallel, as a box's do."""
    return any(abs(b[0] - a[0]) >= 359 and a[1] == b[1] for a, b in zip(pairs, pairs[1:], strict=False))


def _over_the_pole(unrolled: list[tuple[float, float]]) -> list[tuple[float, float]]:
    pole = 90.0 if sum(lat for _, lat in unrolled) > 0 else -90.0
    return [*unrolled, (unrolled[-1][0], pole), (unrolled[0][0], pole), unrolled[0]]


def sound(shape: BaseGeometry, *, at: str) -> tuple[BaseGeometry, list[Problem]]:
    """Return a valid shape that covers what `shape` covers, within bounded time, and what had to be repaired.

    Raises FormatError when nothing with an extent is left.
    """
    vertices = shapely.get_num_coordinates(shape)
    holes = sum(len(part.interiors) for part in polygons(shape))
    if vertices > MAX_VERTICES or holes > MAX_HOLES:
        return _hull(shape, at, "the area had too many points or holes and became its hull")
    if shape.is_valid:
        return _with_extent(shape, at), []
    if _crosses_too_often(shape):
        return _hull(shape, at, "the ring crosses itself and became its hull")
    mended = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    if mended.is_empty or mended.area == 0:
        return _hull(shape, at, "the ring crosses itself and became its hull")
    return mended, [_repaired(at, "the ring crosses itself and was mended")]


def _crosses_too_often(shape: BaseGeometry) -> bool:
    """Return whether a ring crosses itself more than `MEND_UP_TO` times. Stops counting there, so cost is bounded."""
    crossings = 0
    for part in polygons(shape):
        corners = shapely.get_coordinates(part.exterior)
        edges = np.asarray(shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1)))
        tree = shapely.STRtree(edges)
        for start in range(0, len(edges), _CHUNK):
            one, other = tree.query(edges[start : start + _CHUNK], predicate="intersects")
            apart = (other - one - start) % len(edges)
            crossings += int(((apart > 1) & (apart < len(edges) - 1)).sum())
            if crossings > 2 * MEND_UP_TO:  # each crossing is seen from both edges
                return True
    return False


def _hull(shape: BaseGeometry, at: str, message: str) -> tuple[BaseGeometry, list[Problem]]:
    return _with_extent(shape.convex_hull, at), [_repaired(at, message)]


def _with_extent(shape: BaseGeometry, at: str) -> BaseGeometry:
    if shape.is_empty or (shape.geom_type.endswith("Polygon") and shape.area == 0):
        raise FormatError("an area has no extent", at=at)
    if shape.geom_type in {"LineString", "Point"}:
        raise FormatError("a polygon's points lie on one line", at=at)
    return shape


# --- circles ------------------------------------------------------------------------------------------------------


def circle(lon: float, lat: float, radius_m: float) -> BaseGeometry:
    """Return the geodesic circle around a point as a polygon of 96 corners that encloses it.

    The corners lie a little outside, so that no place within the radius is missed (by at most 0.06 % of it). It is
    cut at the antimeridian and right over the poles.
    """
    earth = earth_radius_m(lat)
    angle = max(radius_m, SMALLEST_RADIUS_M) / earth
    if angle >= math.pi * 0.99:
        return shapely.box(-180, -90, 180, 90)
    angle = min(2 * math.atan(math.tan(angle / 2) / math.cos(math.pi / CIRCLE_POINTS)), math.pi * 0.995)
    corners = [_destination(lon, lat, angle, 2 * math.pi * step / CIRCLE_POINTS) for step in range(CIRCLE_POINTS)]
    unrolled = _unrolled([*corners, corners[0]])
    around = abs(unrolled[-1][0] - unrolled[0][0]) > 180
    if around:
        pole = 90.0 if lat >= 0 else -90.0
        unrolled = [*unrolled, (unrolled[-1][0], pole), (unrolled[0][0], pole), unrolled[0]]
    return cut_at_antimeridian(shapely.make_valid(Polygon(unrolled), method="structure"))


def _destination(lon: float, lat: float, angle: float, bearing: float) -> tuple[float, float]:
    """Return the point at an angular distance and bearing, in radians, on the sphere."""
    lat_r = math.radians(lat)
    sin_lat = math.sin(lat_r) * math.cos(angle) + math.cos(lat_r) * math.sin(angle) * math.cos(bearing)
    sin_lat = max(-1.0, min(1.0, sin_lat))
    y = math.sin(bearing) * math.sin(angle) * math.cos(lat_r)
    x = math.cos(angle) - math.sin(lat_r) * sin_lat
    return (lon + math.degrees(math.atan2(y, x)) + 180) % 360 - 180, math.degrees(math.asin(sin_lat))


# --- the antimeridian, metres and boxes ---------------------------------------------------------------------------


def cut_at_antimeridian(shape: BaseGeometry) -> BaseGeometry:
    """Return a shape whose longitudes may run beyond +-180 as parts within -180 .. 180."""
    west, _, east, _ = shape.bounds
    if -180 <= west and east <= 180:
        return shape
    parts: list[Polygon] = []
    for turn in range(math.floor((west + 180) / 360), math.floor((east + 180) / 360) + 1):
        window = shapely.box(-180 + 360 * turn, -90, 180 + 360 * turn, 90)
        parts += polygons(affinity.translate(shape.intersection(window), xoff=-360 * turn))
    joined = shapely.union_all([part for part in parts if part.area > 0])
    return joined


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """Return the polygons that a geometry consists of; none for points and lines."""
    if isinstance(shape, Polygon):
        return [] if shape.is_empty else [shape]
    return [part for member in getattr(shape, "geoms", ()) for part in polygons(member)]


def distance_m(a: BaseGeometry, b: BaseGeometry) -> float:
    """Return the distance between two geometries in metres, 0 when they touch.

    Measured in a local metric at their nearest points, the short way around the Earth. Good to about 1 in 1,000
    within 500 km; beyond that an estimate that keeps the order of distances.
    """
    return min(_planar_m(a, affinity.translate(b, xoff=turn) if turn else b) for turn in _turns(a, b))


def _turns(a: BaseGeometry, b: BaseGeometry) -> tuple[int, ...]:
    """Return by which turns to look at `b`: the other side of the antimeridian matters only to those near it."""
    bounds = (*a.bounds[::2], *b.bounds[::2])
    return (0,) if max(bounds) - min(bounds) <= 180 else (0, 360, -360)


def _planar_m(a: BaseGeometry, b: BaseGeometry) -> float:
    if a.intersects(b):
        return 0.0
    scale = _east_scale((a.bounds[1] + a.bounds[3]) / 2)
    # Two rounds: the first finds the nearest points roughly, the second measures at their own latitude.
    for _ in range(2):
        near_a, near_b = shapely.shortest_line(_scaled(a, scale), _scaled(b, scale)).coords
        lat = (near_a[1] + near_b[1]) / 2
        scale_before, scale = scale, _east_scale(lat)
    dx = (near_b[0] - near_a[0]) / scale_before
    return great_circle_m(near_a[0] / scale_before, near_a[1], near_a[0] / scale_before + dx, near_b[1])


def _scaled(shape: BaseGeometry, scale: float) -> BaseGeometry:
    return affinity.scale(shape, xfact=scale, yfact=1.0, origin=(0, 0))


def _east_scale(lat: float) -> float:
    return max(math.cos(math.radians(lat)), 1e-3)


def great_circle_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Return the great-circle distance between two points in metres, on the sphere of their middle latitude."""
    half_lat, half_lon = math.radians(lat_b - lat_a) / 2, math.radians(lon_b - lon_a) / 2
    h = (
        math.sin(half_lat) ** 2
        + math.cos(math.radians(lat_a)) * math.cos(math.radians(lat_b)) * math.sin(half_lon) ** 2
    )
    return 2 * earth_radius_m((lat_a + lat_b) / 2) * math.asin(math.sqrt(min(h, 1.0)))


def box_around(shape: BaseGeometry, within_m: float) -> list[tuple[float, float, float, float]]:
    """Return (west, south, east, north) in degrees of all that lies within a distance: one box, or two at +-180."""
    west, south, east, north = shape.bounds
    reach = math.degrees(within_m / (_WGS84_B * 0.99))
    south, north = max(south - reach, -90.0), min(north + reach, 90.0)
    if south <= -90 or north >= 90:
        return [(-180.0, south, 180.0, north)] if within_m else [(west, south, east, north)]
    sideways = reach / _east_scale(max(abs(south), abs(north)))
    west, east = west - sideways, east + sideways
    if east - west >= 360:
        return [(-180.0, south, 180.0, north)]
    boxes = [(max(west, -180.0), south, min(east, 180.0), north)]
    if west < -180:
        boxes.append((west + 360, south, 180.0, north))
    if east > 180:
        boxes.append((-180.0, south, east - 360, north))
    return boxes


# --- GeoJSON ------------------------------------------------------------------------------------------------------


def from_geojson(value: Any, *, at: str) -> tuple[BaseGeometry | None, tuple[Problem, ...]]:
    """Return the geometry of a GeoJSON object, and what had to be repaired; None for null.

    Polygons are made sound and cut at the antimeridian; a third coordinate is left out. Raises FormatError.
    Source: RFC 7946, 3.1.
    """
    if value is None:
        return None, ()
    problems: list[Problem] = []
    parts = list(_geojson_parts(value, at, problems, depth=0))
    if not parts:
        raise FormatError("a geometry has no coordinates", at=at)
    return (parts[0] if len(parts) == 1 else shapely.union_all(parts)), tuple(problems)


def _geojson_parts(value: Any, at: str, problems: list[Problem], *, depth: int) -> Iterator[BaseGeometry]:
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        raise FormatError("a geometry is no GeoJSON object, or too deeply nested", at=at)
    kind, coordinates = value.get("type"), value.get("coordinates")
    if kind == "GeometryCollection":
        members = value.get("geometries")
        if not isinstance(members, list):
            raise FormatError("a geometry collection has no list of geometries", at=at)
        for member in members[:MAX_VERTICES]:
            yield from _geojson_parts(member, at, problems, depth=depth + 1)
        return
    reader = _GEOJSON.get(str(kind))
    if reader is None:
        raise FormatError("a geometry of an unknown type", at=at)
    yield from reader(coordinates, at, problems)


def _position(value: Any, at: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) < 2 or not all(type(n) in {int, float} for n in value[:2]):
        raise FormatError("a position is not two numbers", at=at)
    lon, lat = float(value[0]), float(value[1])
    if not (math.isfinite(lon) and math.isfinite(lat) and _is_on_earth(lon, lat)):
        raise FormatError("a coordinate is not on the Earth", at=at)
    return _wrapped(lon), lat


def _positions(value: Any, at: str) -> list[tuple[float, float]]:
    if not isinstance(value, list) or len(value) > 50 * MAX_VERTICES:
        raise FormatError("coordinates are no list, or far too many", at=at)
    return [_position(one, at) for one in value]


def _read_point(value: Any, at: str, _problems: list[Problem]) -> Iterable[BaseGeometry]:
    return [Point(_position(value, at))]


def _read_points(value: Any, at: str, _problems: list[Problem]) -> Iterable[BaseGeometry]:
    return [shapely.MultiPoint(_positions(value, at))]


def _read_line(value: Any, at: str, _problems: list[Problem]) -> Iterable[BaseGeometry]:
    points = _positions(value, at)
    if len(set(points)) < 2:
        raise FormatError("a line has fewer than two different points", at=at)
    return [shapely.LineString(points)]


def _read_lines(value: Any, at: str, problems: list[Problem]) -> Iterable[BaseGeometry]:
    return [line for one in _listed(value, at) for line in _read_line(one, at, problems)]


def _read_polygon(value: Any, at: str, problems: list[Problem]) -> Iterable[BaseGeometry]:
    rings = [_positions(ring, at) for ring in _listed(value, at)]
    if not rings or not rings[0]:
        raise FormatError("a polygon has no ring", at=at)
    for ring in rings:
        if ring and ring[0] != ring[-1]:
            ring.append(ring[0])
            problems.append(_repaired(at, "the ring was open and was closed"))
    shell, more = _ring(rings[0], at)
    problems += more
    holes = [Polygon(ring) for ring in rings[1:] if len(set(ring)) >= 3]
    if len(holes) > MAX_HOLES:
        problems.append(_repaired(at, "the area had too many holes and they were filled"))
        return [shell]
    sound_holes = [hole for hole in holes if hole.is_valid]
    return [shell.difference(shapely.union_all(sound_holes)) if sound_holes else shell]


def _read_polygons(value: Any, at: str, problems: list[Problem]) -> Iterable[BaseGeometry]:
    parts = [
        part for one in _listed(value, at) for shape in _read_polygon(one, at, problems) for part in polygons(shape)
    ]
    return [MultiPolygon(parts) if MultiPolygon(parts).is_valid else shapely.union_all(parts)]


def _listed(value: Any, at: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_VERTICES:
        raise FormatError("coordinates are no list, or far too many", at=at)
    return value


_GEOJSON = {
    "Point": _read_point,
    "MultiPoint": _read_points,
    "LineString": _read_line,
    "MultiLineString": _read_lines,
    "Polygon": _read_polygon,
    "MultiPolygon": _read_polygons,
}
