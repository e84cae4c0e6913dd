"""Rings, circles and distances against independent formulas, and against the hostile vectors."""

from __future__ import annotations

import json
import math
import time
from random import Random
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError

AT = "alert/info[1]/area[1]/polygon[1]"
SQUARE = "50,8 50,9 51,9 51,8 50,8"


def vincenty_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the geodesic distance. Source: Vincenty (1975), the inverse formula; not the one that `geo` uses."""
    a, f = 6378137.0, 1 / 298.257223563
    b = a * (1 - f)
    u1, u2 = (math.atan((1 - f) * math.tan(math.radians(value))) for value in (lat, other_lat))
    difference = math.radians(math.remainder(other_lon - lon, 360.0))
    lam = difference
    for _ in range(200):
        y = math.hypot(
            math.cos(u2) * math.sin(lam),
            math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(lam),
        )
        if y == 0.0:
            return 0.0
        x = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(lam)
        sigma = math.atan2(y, x)
        sin_alpha = math.cos(u1) * math.cos(u2) * math.sin(lam) / y
        cos2 = 1 - sin_alpha**2
        middle = x - 2 * math.sin(u1) * math.sin(u2) / cos2 if cos2 else 0.0
        c = f / 16 * cos2 * (4 + f * (4 - 3 * cos2))
        before = lam
        inner = sigma + c * y * (middle + c * x * (2 * middle**2 - 1))
        lam = difference + (1 - c) * f * sin_alpha * inner
        if abs(lam - before) < 1e-12:
            break
    square = cos2 * (a**2 - b**2) / b**2
    big_a = 1 + square / 16384 * (4096 + square * (-768 + square * (320 - 175 * square)))
    big_b = square / 1024 * (256 + square * (-128 + square * (74 - 47 * square)))
    last = big_b / 6 * middle * (4 * y**2 - 3) * (4 * middle**2 - 3)
    return b * big_a * (sigma - big_b * y * (middle + big_b / 4 * (x * (2 * middle**2 - 1) - last)))


def messages(problems: tuple[Any, ...]) -> list[str]:
    return [problem.message for problem in problems]


# --- polygons -----------------------------------------------------------------------------------------------------


def test_cap_polygon_is_lon_lat() -> None:
    found, _ = geo.cap_polygon(SQUARE, at=AT)
    assert found.equals(box(8, 50, 9, 51))


@pytest.mark.parametrize(
    ("text", "bounds", "said"),
    [
        pytest.param(SQUARE, (8, 50, 9, 51), [], id="sound"),
        pytest.param("\n 50,8\t50,9\r\n51,9 51,8  50,8 ", (8, 50, 9, 51), [], id="white-space"),
        pytest.param("+50,+8 +50,+9 +51,+9 +50,+8", (8, 50, 9, 51), [], id="plus"),
        pytest.param("5e1,8 50,9 51.,9 50,8", (8, 50, 9, 51), [], id="exponent-and-bare-point"),
        pytest.param("50,8 50,9 51,9 51,8", (8, 50, 9, 51), ["open"], id="open"),
        pytest.param("50,8, 50,9, 51,9 50,8,", (8, 50, 9, 51), ["commas"], id="commas-after-pairs"),
        pytest.param("50, 8 50, 9 51 ,9 50, 8", (8, 50, 9, 51), ["commas"], id="spaces-around-commas"),
        pytest.param("8,150 9,150 9,151 8,150", (150, 8, 151, 9), [], id="axes-right"),
        pytest.param("150,8 150,9 151,9 150,8", (150, 8, 151, 9), ["swapped"], id="axes-swapped"),
        pytest.param("50,8 51,9 51,8 50,9 50,8", (8, 50, 9, 51), ["crosses"], id="bow-tie"),
        pytest.param("50,8 50,9 51,9 51,8.5 80,8.5 51,8.5 51,8 50,8", (8, 50, 9, 51), ["crosses"], id="spike"),
        pytest.param("50,8 50,8 50,9 50,9 51,9 51,8 50,8", (8, 50, 9, 51), [], id="repeated-positions"),
        pytest.param("50,181 50,182 51,182 50,181", (-179, 50, -178, 51), ["beyond 180"], id="wrapped"),
        pytest.param(
            "-90,-180 -90,180 90,180 90,-180 -90,-180", (-180, -90, 180, 90), ["half the world"], id="the-world"
        ),
    ],
)
def test_cap_polygon(text: str, bounds: tuple[float, ...], said: list[str]) -> None:
    found, problems = geo.cap_polygon(text, at=AT)
    assert found.is_valid
    assert found.bounds == pytest.approx(bounds)
    assert [word for word, message in zip(said, messages(problems), strict=True) if word not in message] == []
    assert all(problem.is_repaired and problem.at == AT for problem in problems)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("see map", id="words"),
        pytest.param("50,8 50,9 50,8", id="three-points"),
        pytest.param("50,8 50,8 50,8 50,8", id="one-place"),
        pytest.param("50,8 50.5,8.5 51,9 50,8", id="one-line"),
        pytest.param("50,8 50,9", id="two-points"),
        pytest.param("NaN,8 50,9 51,9 NaN,8", id="nan"),
        pytest.param("1e999,8 50,9 51,9 1e999,8", id="infinite"),
        pytest.param("1e99,8 50,9 51,9 1e99,8", id="huge"),
        pytest.param("95,8 96,8 96,9 95,8", id="a-little-beyond-the-pole"),
        pytest.param("150,98 150,99 151,99 150,98", id="out-of-range-either-way"),
        pytest.param("50,0,8,0 50,0,9,0 51,0,9,0 50,0,8,0", id="decimal-comma"),
        pytest.param("50,8;50,9;51,9;50,8", id="semicolons"),
        pytest.param("50,8 " * 5, id="one-place-repeated"),
        pytest.param("٥٠,٨ ٥٠,٩ ٥١,٩ ٥٠,٨", id="digits-of-another-script"),
        pytest.param("5_0,8 50,9 51,9 5_0,8", id="underscore"),
        pytest.param("50,8 50,9 51,9\u00a050,8", id="no-break-space"),
    ],
)
def test_cap_polygon_refused(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        geo.cap_polygon(text, at=AT)
    assert caught.value.at == AT


def test_bow_tie_keeps_both_halves() -> None:
    found, _ = geo.cap_polygon("50,8 51,9 51,8 50,9 50,8", at=AT)
    assert found.area == pytest.approx(0.5)


def test_antimeridian_is_cut() -> None:
    found, problems = geo.cap_polygon("-18,179 -18,-179 -17,-179 -17,179 -18,179", at=AT)
    assert isinstance(found, MultiPolygon)
    assert (found.area, problems) == (2.0, ())
    assert found.bounds == (-180, -18, 180, -17)


def test_edge_on_the_antimeridian_leaves_no_line() -> None:
    found, _ = geo.cap_polygon("0,170 0,190 1,190 1,180 2,180 2,170 0,170", at=AT)
    assert {part.geom_type for part in shapely.get_parts(found)} == {"Polygon"}
    assert found.area == 30.0


def test_corners_at_180_and_minus_180() -> None:
    found, _ = geo.cap_polygon("50,179 50,180 50,-180 50,-179 51,-179 51,-180 51,180 51,179 50,179", at=AT)
    assert found.area == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("text", "pole"),
    [
        pytest.param("89,0 89,90 89,180 89,-90 89,0", 90, id="north-eastward"),
        pytest.param("89,0 89,-90 89,180 89,90 89,0", 90, id="north-westward"),
        pytest.param("-60,10 -70,100 -60,170 -65,-100 -60,10", -90, id="south"),
    ],
)
def test_ring_round_a_pole_holds_it(text: str, pole: float) -> None:
    found, _ = geo.cap_polygon(text, at=AT)
    assert all(found.covers(Point(lon, math.copysign(89.9, pole))) for lon in range(-180, 181, 20))
    assert not found.covers(Point(0, math.copysign(50, pole)))


def ring(positions: Any) -> str:
    return " ".join(f"{lat:.6f},{lon:.6f}" for lat, lon in positions)


def zigzag(corners: int) -> str:
    return ring([(50 + (i % 2), 8 + (i * 1e-4)) for i in range(corners)] + [(49, 9), (50, 7)])


def scribble(corners: int) -> str:
    random = Random(corners)
    return ring([(random.uniform(50, 51), random.uniform(8, 9)) for _ in range(corners)])


def comb(teeth: int) -> str:
    across = [(50 + i % 2, 8 + i / teeth) for i in range(teeth)]
    return ring(across + [(50 + i / teeth, 8 + i % 2) for i in range(teeth)])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(comb(100), id="comb-200"),
        pytest.param(scribble(300), id="scribble-300"),
        pytest.param(scribble(1_001), id="scribble-1001"),
        pytest.param(scribble(15_000), id="scribble-15000"),
        pytest.param(zigzag(15_000), id="zigzag-15000"),
        pytest.param(ring([(50, 8), (50, 9)] * 7_000 + [(51, 8)]), id="to-and-fro-14000"),
    ],
)
def test_tangle_becomes_its_hull_at_once(text: str) -> None:
    before = time.process_time()
    found, problems = geo.cap_polygon(text, at=AT)
    assert time.process_time() - before < 1.0
    assert found.is_valid
    assert "convex hull" in messages(problems)[-1]


def test_small_fault_in_a_large_ring_is_repaired() -> None:
    positions = [(50 + math.sin(turn), 8 + math.cos(turn)) for turn in np.linspace(0, 2 * math.pi, 6000)]
    positions[100], positions[101], positions[-1] = positions[101], positions[100], positions[0]
    found, problems = geo.cap_polygon(ring(positions), at=AT)
    assert messages(problems) == ["the ring crosses itself; repaired"]
    assert found.area == pytest.approx(math.pi, rel=1e-4)


@pytest.mark.parametrize(("vertices", "said"), [(20_000, 0), (20_001, 1)])
def test_ring_of_too_many_vertices_becomes_its_hull(vertices: int, said: int) -> None:
    turns = np.linspace(0, 2 * math.pi, vertices - 1, endpoint=False)
    positions = [(50 + (1 + 0.01 * math.sin(40 * turn)) * math.sin(turn), 8 + math.cos(turn)) for turn in turns]
    _, problems = geo.cap_polygon(ring([*positions, positions[0]]), at=AT)
    assert len(problems) == said


def test_ring_of_more_positions_is_refused() -> None:
    geo.cap_polygon("1,1 2,2 1,2 " + "1,1 " * 49_998, at=AT)
    with pytest.raises(FormatError, match="50000 positions"):
        geo.cap_polygon("1,1 2,2 1,2 " + "1,1 " * 49_999, at=AT)


def test_repair_keeps_all_that_the_lines_enclose() -> None:
    random = Random(7)
    for _ in range(200):
        corners = [(random.uniform(50, 51), random.uniform(8, 9)) for _ in range(random.randint(4, 12))]
        found, _ = geo.cap_polygon(ring(corners), at=AT)
        line = LineString([(round(lon, 6), round(lat, 6)) for lat, lon in [*corners, corners[0]]])
        faces = shapely.get_parts(shapely.polygonize([shapely.node(line)]))
        assert found.is_valid
        assert all(found.buffer(1e-9).covers(face) for face in faces)


# --- circles ------------------------------------------------------------------------------------------------------

CENTRES = [
    pytest.param(8.0, 50.0, id="europe"),
    pytest.param(0.0, 0.0, id="equator"),
    pytest.param(179.9, -18.0, id="fiji"),
    pytest.param(-179.9, 52.0, id="aleutians"),
    pytest.param(25.0, 71.0, id="north-cape"),
    pytest.param(20.0, 89.8, id="north-pole"),
    pytest.param(-120.0, -88.0, id="south-pole"),
]


def test_many_circles_at_once_are_what_each_is_by_itself() -> None:
    random = Random(7)
    radii_m = (0.0, 100.0, 25_000.0, 500_000.0, 2_500_000.0, 9_000_000.0, 20_000_000.0)
    wanted = [(random.uniform(-180, 180), random.uniform(-90, 90), random.choice(radii_m)) for _ in range(1_200)]
    wanted += [(180.0, 90.0, 1.0), (-180.0, -89.99, 1_000.0), (179.99, 0.0, 5_000.0)]
    found = geo.circles(wanted)
    assert [area.geom_type for area in found] == [geo.circle(*one).geom_type for one in wanted]
    assert all(area.equals_exact(geo.circle(*one), 1e-9) for area, one in zip(found, wanted, strict=True))
    assert [geo.circles([one]) for one in wanted[:50]] == [[area] for area in found[:50]]
    assert geo.circles([]) == []


@pytest.mark.parametrize(("lon", "lat"), CENTRES)
@pytest.mark.parametrize("radius_m", [100.0, 25_000.0, 220_000.0, 500_000.0, 2_500_000.0])
def test_circle_holds_what_is_within_and_little_more(lon: float, lat: float, radius_m: float) -> None:
    area = geo.circle(lon, lat, radius_m)
    assert area.is_valid
    assert area.bounds[0] >= -180.0
    assert area.bounds[2] <= 180.0
    random = Random(3)
    shapely.prepare(area)
    for _ in range(400):
        angle = random.uniform(0, 2 * math.pi)
        off = radius_m * random.choice((0.5, 0.99, 0.9999, 1.006, 1.02)) / 6371008.8
        place_lat = math.asin(
            math.sin(math.radians(lat)) * math.cos(off) + math.cos(math.radians(lat)) * math.sin(off) * math.cos(angle)
        )
        place_lon = math.radians(lon) + math.atan2(
            math.sin(angle) * math.sin(off) * math.cos(math.radians(lat)),
            math.cos(off) - math.sin(math.radians(lat)) * math.sin(place_lat),
        )
        place = (math.remainder(math.degrees(place_lon), 360.0), math.degrees(place_lat))
        distance_m = vincenty_m(lon, lat, *place)
        if distance_m <= radius_m:
            assert area.covers(Point(place)), (place, distance_m)
        elif distance_m > 1.005 * radius_m:
            assert not area.covers(Point(place)), (place, distance_m)


def test_circle_over_the_pole_holds_it() -> None:
    area = geo.circle(20.0, 89.8, 50_000.0)
    assert area.covers(Point(77.0, 90.0))
    assert area.covers(Point(-160.0, 89.8))


@pytest.mark.parametrize(("lon", "lat"), CENTRES)
@pytest.mark.parametrize("radius_km", [0.0, 0.1, 220.0, 2_500.0, 25_000.0])
def test_coarse_circle_is_a_box_that_holds_the_circle(lon: float, lat: float, radius_km: float) -> None:
    exact, _ = geo.cap_circle(f"{lat},{lon} {radius_km}", at=AT)
    coarse, _ = geo.cap_circle(f"{lat},{lon} {radius_km}", at=AT, is_coarse=True)
    assert coarse.is_valid
    assert coarse.intersects(exact)
    assert exact.difference(coarse).area <= 0.006 * exact.area  # the exact one reaches a little beyond its radius


def test_boxes_are_joined_by_group_and_cut() -> None:
    alone, joined, over = geo.boxes([[(1, 1, 2, 2)], [(1, 1, 2, 2), (2, 1, 3, 2)], [(179, 1, 181, 2)]])
    assert alone.equals(box(1, 1, 2, 2))
    assert joined.equals(box(1, 1, 3, 2))
    assert over.equals(MultiPolygon([box(179, 1, 180, 2), box(-180, 1, -179, 2)]))


def test_no_groups_of_boxes_are_none() -> None:
    assert geo.boxes([]) == []


def test_circle_of_no_radius_is_a_point() -> None:
    assert geo.circle(8.0, 50.0, 0.0).equals(Point(8.0, 50.0))


def test_circle_larger_than_a_hemisphere_is_the_world() -> None:
    assert geo.circle(8.0, 50.0, 25_000_000.0).bounds == (-180, -90, 180, 90)


@pytest.mark.parametrize(
    ("text", "centre", "said"),
    [
        pytest.param("50,8 10", (8, 50), [], id="sound"),
        pytest.param(" 50,8\n 10.5 ", (8, 50), [], id="white-space"),
        pytest.param("-35.3888,147.0598 0", (147.0598, -35.3888), [], id="no-radius"),
        pytest.param("147.0598,-35.3888 25.0", (147.0598, -35.3888), ["swapped"], id="swapped"),
        pytest.param("50,188 10", (-172, 50), ["beyond 180"], id="wrapped"),
        pytest.param("50,8 25000", (0, 0), ["half the world"], id="the-world"),
    ],
)
def test_cap_circle(text: str, centre: tuple[float, float], said: list[str]) -> None:
    found, problems = geo.cap_circle(text, at=AT)
    assert found.centroid.coords[0] == pytest.approx(centre, abs=1e-2)
    assert [word for word, message in zip(said, messages(problems), strict=True) if word not in message] == []


@pytest.mark.parametrize("text", ["", "50,8", "50,8 -5", "50,8 NaN", "50,8 5 6", "95,8 1", "50 8 5", "50,8 5km"])
def test_cap_circle_refused(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        geo.cap_circle(text, at=AT)
    assert caught.value.at == AT


# --- several shapes -----------------------------------------------------------------------------------------------


def test_together_unites() -> None:
    found, problems = geo.together([box(0, 0, 2, 2), box(1, 0, 3, 2), Point(5, 5)], at=AT)
    assert (found.area, problems) == (6.0, ())
    assert found.covers(Point(5, 5))


def test_together_of_one_is_that_one() -> None:
    shape = box(0, 0, 2, 2)
    assert geo.together([shape], at=AT) == (shape, ())


def test_together_of_many_points() -> None:
    assert len(shapely.get_parts(geo.together([Point(n / 10, 0) for n in range(501)], at=AT)[0])) == 501


def teeth(number: int) -> Polygon:
    """Return a comb with thin teeth from y = 0 to 1."""
    step = 1 / number
    edge = [(i * step + j * step / 4, 1.0 if j in {1, 2} else 0.01) for i in range(number) for j in range(4)]
    return Polygon([(0, 0), *edge, (1, 0)])


def test_together_of_combs_is_their_hull_at_once() -> None:
    down = teeth(4_000)
    across = shapely.transform(down, lambda positions: positions[:, ::-1])
    before = time.process_time()
    found, problems = geo.together([down, across], at=AT)
    assert time.process_time() - before < 2.0
    assert (found.geom_type, len(problems)) == ("Polygon", 1)


def test_together_of_many_neighbours_stays_exact() -> None:
    squares = [box(x, y, x + 1, y + 1) for x in range(20) for y in range(20)]
    found, problems = geo.together(squares, at=AT)
    assert (found.equals(box(0, 0, 20, 20)), problems) == (True, ())


# --- GeoJSON ------------------------------------------------------------------------------------------------------

RING = [[8, 50], [9, 50], [9, 51], [8, 51], [8, 50]]
POINT = {"type": "Point", "coordinates": [8, 5]}
HOLE = [[8.2, 50.2], [8.4, 50.2], [8.4, 50.4], [8.2, 50.4], [8.2, 50.2]]


@pytest.mark.parametrize(
    ("value", "expected", "said"),
    [
        pytest.param(None, None, [], id="null"),
        pytest.param({"type": "Feature", "geometry": None}, None, [], id="feature-without"),
        pytest.param({"type": "Point", "coordinates": [8, 50, 120]}, Point(8, 50), [], id="point-with-altitude"),
        pytest.param({"type": "Point", "coordinates": [188.0, 50]}, Point(-172, 50), ["beyond 180"], id="wrapped"),
        pytest.param(
            {"type": "LineString", "coordinates": [[8, 50], [9, 51]]}, LineString([(8, 50), (9, 51)]), [], id="line"
        ),
        pytest.param(
            {"type": "LineString", "coordinates": [[179, 0], [-179, 0]]},
            shapely.from_wkt("MULTILINESTRING ((179 0, 180 0), (-180 0, -179 0))"),
            [],
            id="line-over-180",
        ),
        pytest.param({"type": "Polygon", "coordinates": [RING]}, box(8, 50, 9, 51), [], id="polygon"),
        pytest.param({"type": "Feature", "geometry": POINT}, Point(8, 5), [], id="feature"),
        pytest.param({"type": "Polygon", "coordinates": [RING[:-1]]}, box(8, 50, 9, 51), ["open"], id="open"),
        pytest.param(
            {"type": "Polygon", "coordinates": [RING, HOLE]}, Polygon(RING, [HOLE]), [], id="hole"
        ),
        pytest.param(
            {"type": "Polygon", "coordinates": [RING, [[7, 50.2], [8.4, 50.2], [8.4, 50.4], [7, 50.2]]]},
            box(8, 50, 9, 51),
            ["holes are not sound"],
            id="hole-outside",
        ),
        pytest.param({"type": "Polygon", "coordinates": [RING, [[8, 50]]]}, box(8, 50, 9, 51), [], id="hole-point"),
        pytest.param(
            {"type": "Polygon", "coordinates": [RING] + [HOLE] * 201}, box(8, 50, 9, 51), ["200 holes"], id="201-holes"
        ),
        pytest.param(
            {"type": "MultiPolygon", "coordinates": [[RING], [[[8, 50], [9, 50], [8, 50]]]]},
            box(8, 50, 9, 51),
            ["no area"],
            id="one-bad-part",
        ),
        pytest.param(
            {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}, shapely.MultiPoint([(1, 2), (3, 4)]), [], id="two"
        ),
        pytest.param(
            {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]},
            Point(1, 2),
            [],
            id="collection",
        ),
    ],
)  # fmt: skip
def test_from_geojson(value: Any, expected: BaseGeometry | None, said: list[str]) -> None:
    found, problems = geo.from_geojson(value, at="features[0]")
    assert found is expected is None or (found is not None and expected is not None and found.equals(expected))
    assert [word for word, message in zip(said, messages(problems), strict=True) if word not in message] == []


def test_hole_over_180_stays_a_hole() -> None:
    shell = [[170, 0], [-170, 0], [-170, 10], [170, 10], [170, 0]]
    hole = [[-178, 2], [-176, 2], [-176, 4], [-178, 4], [-178, 2]]
    found, problems = geo.from_geojson({"type": "Polygon", "coordinates": [shell, hole]}, at="g")
    assert (found.area if found else 0, problems) == (196.0, ())


def test_holes_of_too_many_vertices_are_left_out() -> None:
    hole = [[8.5 + math.cos(turn) / 4, 50.5 + math.sin(turn) / 4] for turn in np.linspace(0, 2 * math.pi, 5_001)]
    found, problems = geo.from_geojson({"type": "Polygon", "coordinates": [RING, hole]}, at="g")
    assert found is not None
    assert found.equals(box(8, 50, 9, 51))
    assert len(problems) == 1


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(depth):
        value = {"type": "GeometryCollection", "geometries": [value]}
    return value


def test_collection_of_the_greatest_depth() -> None:
    assert geo.from_geojson(nested(7), at="g")[0] == Point(1, 2)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("POINT (1 2)", id="text"),
        pytest.param([], id="list"),
        pytest.param({}, id="no-type"),
        pytest.param({"type": ["Polygon"]}, id="type-is-no-text"),
        pytest.param({"type": "Circle", "coordinates": [1, 2]}, id="unknown-type"),
        pytest.param({"type": "Polygon"}, id="no-coordinates"),
        pytest.param({"type": "Polygon", "coordinates": []}, id="no-rings"),
        pytest.param({"type": "Polygon", "coordinates": [[]]}, id="empty-ring"),
        pytest.param({"type": "Polygon", "coordinates": [[1, 2, 3]]}, id="numbers-for-positions"),
        pytest.param({"type": "Polygon", "coordinates": [[{"a": 1}, {}]]}, id="objects-for-positions"),
        pytest.param({"type": "Polygon", "coordinates": [[["1", "2"], ["2", "3"], ["1", "3"]]]}, id="texts"),
        pytest.param({"type": "Polygon", "coordinates": [[[1, 2], [2], [1, 3]]]}, id="ragged"),
        pytest.param({"type": "Polygon", "coordinates": [[[1, 2], [2, None], [1, 3]]]}, id="null-within"),
        pytest.param({"type": "Point", "coordinates": [10**400, 1]}, id="huge-integer"),
        pytest.param({"type": "Point", "coordinates": [math.inf, 1]}, id="infinite"),
        pytest.param({"type": "Point", "coordinates": [True, False]}, id="booleans"),
        pytest.param({"type": "Point", "coordinates": [8, 95]}, id="out-of-range"),
        pytest.param({"type": "LineString", "coordinates": [[1, 2], [1, 2]]}, id="line-without-length"),
        pytest.param({"type": "GeometryCollection", "geometries": []}, id="empty-collection"),
        pytest.param({"type": "GeometryCollection", "geometries": None}, id="collection-of-null"),
        pytest.param({"type": "MultiPoint", "coordinates": [[1, 2]] * 2_001}, id="too-many-parts"),
        pytest.param(nested(8), id="too-deep"),
        pytest.param({"type": "LineString", "coordinates": [[1, 2]] * 50_001}, id="too-many-positions"),
        pytest.param({"type": "MultiPoint", "coordinates": [["x"]]}, id="only-bad-parts"),
    ],
)
def test_from_geojson_refused(value: Any) -> None:
    with pytest.raises(FormatError) as caught:
        geo.from_geojson(value, at="g")
    assert caught.value.at.startswith("g")


def test_geojson_of_a_found_geometry_is_found_again() -> None:
    area = geo.circle(179.9, -18.0, 25_000.0)
    found, problems = geo.from_geojson(json.loads(json.dumps(mapping(area))), at="g")
    assert found is not None
    assert problems == ()
    assert found.symmetric_difference(area).area == pytest.approx(0.0, abs=1e-9)


# --- distances ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lat", [0.0, 35.0, 52.0, 60.0, 75.0, -80.0])
def test_distance_of_points(lat: float) -> None:
    random = Random(int(lat))
    for _ in range(100):
        lon = random.uniform(-180, 180)
        other = (math.remainder(lon + random.uniform(-4, 4), 360.0), lat + random.uniform(-2, 2))
        expected = vincenty_m(lon, lat, *other)
        assert geo.distance_m(Point(lon, lat), Point(other)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("lat", [0.0, 35.0, 52.0, 70.0])
def test_distance_to_an_area(lat: float) -> None:
    random = Random(int(lat) + 1)
    for _ in range(25):
        centre = (random.uniform(-180, 180), lat)
        corners = [
            (centre[0] + random.uniform(0.5, 2) * math.cos(turn), lat + random.uniform(0.5, 2) * math.sin(turn))
            for turn in np.linspace(0, 2 * math.pi, 9)[:-1]
        ]
        area, _ = geo.from_geojson({"type": "Polygon", "coordinates": [[*corners, corners[0]]]}, at="g")
        assert area is not None
        place = (math.remainder(centre[0] + random.uniform(2.5, 5), 360.0), lat + random.uniform(-3, 3))
        rims = [shapely.segmentize(part.exterior, 0.005).coords for part in shapely.get_parts(area)]
        expected = min(vincenty_m(*place, *position) for rim in rims for position in rim)
        assert geo.distance_m(area, Point(place)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("a", "b", "expected_m"),
    [
        pytest.param(box(8, 50, 9, 51), Point(8.5, 50.5), 0.0, id="inside"),
        pytest.param(box(8, 50, 9, 51), Point(8, 50), 0.0, id="on-the-corner"),
        pytest.param(box(8, 50, 9, 51), LineString([(7, 50.5), (10, 50.5)]), 0.0, id="line-through"),
        pytest.param(Point(179.9, 0), Point(-179.9, 0), 22_264.0, id="over-180"),
        pytest.param(box(170, -1, 180, 1), Point(-179.9, 0), 11_132.0, id="area-ends-at-180"),
        pytest.param(Point(-179.9, 0), box(170, -1, 180, 1), 11_132.0, id="area-ends-at-180-turned"),
        pytest.param(Point(0, 90), Point(77, 90), 0.0, id="the-pole-is-one-place"),
        pytest.param(Point(), Point(1, 1), math.inf, id="empty"),
        pytest.param(Point(0, 0), Point(180, 0), 20_003_931.0, id="antipode"),
        pytest.param(Point(0, 89.9), Point(180, 89.9), 22_339.0, id="over-the-pole"),
    ],
)
def test_distance(a: BaseGeometry, b: BaseGeometry, expected_m: float) -> None:
    assert geo.distance_m(a, b) == pytest.approx(expected_m, rel=3e-3, abs=1e-3)


@pytest.mark.parametrize(("lon", "lat"), CENTRES)
@pytest.mark.parametrize("within_m", [0.0, 1_000.0, 400_000.0])
def test_box_around_holds_what_is_within(lon: float, lat: float, within_m: float) -> None:
    area = geo.circle(lon, lat, 60_000.0)
    boxes = geo.box_around(area, within_m)
    assert len(boxes) <= 2
    reach = geo.circle(lon, lat, 60_000.0 + within_m * 0.99)
    assert shapely.union_all([box(*one) for one in boxes]).buffer(1e-9).covers(reach)


def test_box_around_an_area_over_180_is_narrow() -> None:
    boxes = geo.box_around(geo.circle(179.9, -18.0, 50_000.0), 1_000.0)
    assert sum(east - west for west, _, east, _ in boxes) < 1.0
    assert all(-180.0 <= west <= east <= 180.0 for west, _, east, _ in boxes)


def test_box_around_reaches_west_over_180() -> None:
    (west, _, east, _), (other_west, _, _, _) = geo.box_around(Point(-179.9, 0), 50_000.0)
    assert (east, other_west) == (180.0, -180.0)
    assert west == pytest.approx(179.65, abs=0.01)


def test_box_around_nothing() -> None:
    assert geo.box_around(Point(), 1_000.0) == []


def test_box_around_many_parts_takes_the_shortest_arc() -> None:
    parts = shapely.MultiPoint([(170.0, 0.0), (-170.0, 0.0), (-175.0, 5.0)])
    (west, _, east, _), (other_west, _, other_east, _) = geo.box_around(parts, 0.0)
    assert (west, east, other_west, other_east) == (170.0, 180.0, -180.0, -170.0)


@pytest.mark.parametrize("lon", [0.0, 179.9, -179.9])
@pytest.mark.parametrize("lat", [0.0, 35.0, -60.0])
def test_quadrants_of_one_radius_hold_the_circle(lon: float, lat: float) -> None:
    area = geo.quadrants([(lon, lat, [200_000.0] * 4)])[0]
    for bearing in range(0, 360, 7):
        east, north = math.sin(math.radians(bearing)), math.cos(math.radians(bearing))
        for share, is_inside in ((0.99, True), (1.02, False)):
            place_lat = lat + north * 200_000.0 * share / 111_195.0
            place_lon = lon + east * 200_000.0 * share / 111_195.0 / math.cos(math.radians((lat + place_lat) / 2))
            distance = vincenty_m(lon, lat, place_lon, place_lat)
            if is_inside == (distance < 199_900.0) and abs(distance - 200_000.0) > 1_500.0:
                assert area.covers(Point(math.remainder(place_lon, 360.0), place_lat)) == is_inside


def test_many_quadrants_at_once_are_what_each_is_by_itself() -> None:
    wanted = [(lon, lat, radii) for lon in (0.0, 179.9) for lat in (12.0, -60.0) for radii in QUARTERS]
    assert geo.quadrants(wanted) == [area for one in wanted for area in geo.quadrants([one])]
    assert all(area.is_valid for area in geo.quadrants(wanted))
    assert geo.quadrants([]) == []


QUARTERS = ([1e5] * 4, [1e5, 0.0, 2e5, 0.0], [1e5, 0.0, 0.0, 2e5], [0.0] * 4, [0.0, 0.0, 3e5, 1e5])


def test_quadrants_without_a_radius_are_a_point() -> None:
    assert geo.quadrants([(10.0, 20.0, [0.0] * 4)]) == [Point(10.0, 20.0)]


def test_quadrants_beside_a_pole_are_refused() -> None:
    with pytest.raises(ValueError, match="pole"):
        geo.quadrants([(10.0, 81.0, [1.0] * 4)])


def test_swath_is_the_hull_the_short_way() -> None:
    swept = geo.swath([box(178, 0, 179, 1), box(-179, 0, -178, 1)])
    assert swept.area == pytest.approx(4.0)
    assert geo.swath([box(0, 0, 1, 1), box(3, 0, 4, 1)]).area == pytest.approx(4.0)
