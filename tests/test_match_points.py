"""Points in an area: the compiled descent, the raster and GEOS give one answer, on the whole numbers of the grid."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tocsin.match import many, raster
from tocsin.match.edges import edges_of, edges_of_each, parts_of, seams
from tocsin.match.grid import EAST, NORTH, STEPS, Whole, decode, degrees, encode, snap
from tocsin.match.points import Points, kernel, starts_of, united

SIDE = 12  # of the lattice of places
Way = Callable[[Points, BaseGeometry], Whole]


def by_descent(points: Points, shape: BaseGeometry) -> Whole:
    if kernel() is None:
        pytest.skip("numba is not installed: pip install 'tocsin[fast]'")
    return points.slices(shape)


def by_raster(points: Points, shape: BaseGeometry) -> Whole:
    return united(raster.slices(points.codes, shape))


WAYS = [pytest.param(by_descent, id="descent"), pytest.param(by_raster, id="raster")]
CORNERS = {
    "south-west": (0, 1),
    "east": (EAST - SIDE - 1, NORTH // 2),
    "north": (EAST // 2 - 6, NORTH - SIDE - 1),
    "anywhere": (1_923_456_789, 1_356_789_012),
    "at-a-large-cell": ((1 << 31) - 6, (1 << 30) - 6),
}


def lattice(corner: tuple[int, int], *, twice: int = 20) -> Whole:
    """Return every position of a square, some of them twice."""
    xs, ys = np.meshgrid(np.arange(SIDE + 1), np.arange(SIDE + 1))
    spots = np.column_stack((xs.ravel(), ys.ravel())) + corner
    return np.concatenate((spots, spots[:: len(spots) // twice]))


def truth(shape: BaseGeometry, spots: Whole) -> set[int]:
    """Return the rows of the positions that GEOS finds in some part of the shape, or on its boundary."""
    x, y = spots.T.astype(np.float64)
    found = np.zeros(len(spots), dtype=np.bool_)
    for part in parts_of(shape):
        # Alone, GEOS takes some rings for rectangles, see `on_grid`.
        found |= shapely.intersects_xy(shapely.GeometryCollection([part]), x, y)
    return set(np.flatnonzero(found).tolist())


def in_degrees(shape: BaseGeometry) -> BaseGeometry:
    moved: BaseGeometry = shapely.transform(shape, lambda positions: degrees(positions.astype(np.int64)))
    return moved


def found(way: Way, points: Points, shape: BaseGeometry) -> set[int]:
    """Return the rows that one way finds in a shape of the grid."""
    return found_in(way, points, in_degrees(shape))


def found_in(way: Way, points: Points, shape: BaseGeometry) -> set[int]:
    slices = way(points, shape)
    assert (slices[:, 0] < slices[:, 1]).all()
    assert (slices[1:, 0] > slices[:-1, 1]).all()
    return set(points.ids_in(slices).tolist())


SPOTS = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE))
RINGS = st.lists(SPOTS, min_size=3, max_size=9).filter(lambda ring: len(set(ring)) > 2)
POLYGONS = RINGS.map(shapely.Polygon)
SOUND = POLYGONS.filter(lambda one: one.is_valid)
HOLED = st.tuples(SOUND, SOUND).map(lambda pair: shapely.difference(*pair)).map(
    lambda shape: shapely.set_precision(shape, 1)
).filter(lambda shape: not shape.is_empty)  # fmt: skip
SEVERAL = st.lists(POLYGONS, min_size=2, max_size=3).map(shapely.MultiPolygon)
LINES = st.lists(SPOTS, min_size=2, max_size=5).filter(lambda line: len(set(line)) > 1).map(shapely.LineString)
DOTS = st.lists(SPOTS, min_size=1, max_size=3).map(shapely.MultiPoint)
MIXED = st.tuples(SOUND, LINES, DOTS).map(shapely.GeometryCollection)
SHAPES = st.one_of(SOUND, HOLED, POLYGONS, SEVERAL, LINES, DOTS, MIXED)


@pytest.mark.parametrize("way", WAYS)
@settings(deadline=None, max_examples=300)
@given(shape=SHAPES, corner=st.sampled_from(sorted(CORNERS.values())))
@example(shape=shapely.Polygon([(0, 0), (6, 6), (12, 12)]), corner=(0, 1)).via("a ring without area")
@example(shape=shapely.Polygon([(0, 0), (12, 0), (12, 12), (0, 12)]), corner=(0, 1)).via("all of the lattice")
@example(shape=shapely.MultiPolygon([shapely.box(0, 0, 8, 8), shapely.box(4, 4, 12, 12)]), corner=(0, 1)).via("overlap")
@example(shape=shapely.Polygon([(0, 0), (12, 12), (12, 0), (0, 12)]), corner=(0, 1)).via("a ring that crosses itself")
@example(shape=shapely.Polygon([(0, 1), (1, 1), (1, 0), (1, 1), (0, 1)]), corner=(0, 1)).via("no rectangle")
def test_each_way_finds_what_geos_finds(way: Way, shape: BaseGeometry, corner: tuple[int, int]) -> None:
    spots = lattice(corner)
    moved = shapely.transform(shape, lambda positions: positions + corner)
    assert found(way, Points.at(spots), moved) == truth(moved, spots)


@pytest.mark.parametrize("way", WAYS)
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), corners=st.integers(3, 300), reach=st.sampled_from([20.0, 1e4, 1e6, 3e8]))
def test_each_way_finds_what_geos_finds_among_many(way: Way, seed: int, corners: int, reach: float) -> None:
    """Places about a star of any size, more than are tested at once: cells are cut, taken whole or tested."""
    dice = np.random.default_rng(seed)
    middle = np.array((EAST // 2, NORTH // 2)) + dice.integers(-10_000, 10_000, 2)
    turns = np.sort(dice.random(corners)) * 2 * np.pi
    radii = reach * (0.2 + dice.random(corners))
    ring = np.rint(np.column_stack((np.cos(turns), np.sin(turns))) * radii[:, None]) + middle
    spots = np.rint(dice.normal(0, reach / 2, (8000, 2))).astype(np.int64) + middle
    star = shapely.Polygon(ring)
    assert found(way, Points.at(spots), star) == truth(star, spots)


@pytest.mark.parametrize("way", WAYS)
def test_all_the_world_holds_every_place(way: Way) -> None:
    spots = np.random.default_rng(1).integers(0, (EAST, NORTH), (5000, 2), endpoint=True)
    assert len(found(way, Points.at(spots), shapely.box(0, 0, EAST, NORTH))) == len(spots)


@pytest.mark.parametrize("way", WAYS)
def test_place_on_a_slanted_edge_is_inside_by_its_decimals(way: Way) -> None:
    """GEOS on degrees finds about half of them: the binary fractions next to decimals lie on no line."""
    start, step = np.array((50_000_001, 480_000_003)), np.array((3, 7))
    spots = start + step * np.arange(1, 2000)[:, None] + (EAST // 2, NORTH // 2)
    area = shapely.Polygon(degrees(np.array([spots[0] - step, spots[-1] + step, spots[-1] + (9_000, 0)])))
    assert len(found_in(way, Points.at(spots), area)) == len(spots)
    assert shapely.intersects_xy(area, *degrees(spots).T).sum() < len(spots)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [shapely.Polygon(), shapely.MultiPolygon(), shapely.GeometryCollection()], ids=str)
def test_empty_area_holds_nothing(way: Way, shape: BaseGeometry) -> None:
    assert found(way, Points.at(lattice((5, 5))), shape) == set()


@pytest.mark.parametrize("way", WAYS)
def test_no_places(way: Way) -> None:
    assert found(way, Points.at(np.empty((0, 2), dtype=np.int64)), shapely.box(0, 0, EAST, NORTH)) == set()


@pytest.mark.parametrize("way", WAYS)
def test_there_and_back_again_is_no_rectangle(way: Way) -> None:
    """GEOS takes such a ring of five positions for the box about it, whose fourth corner is not on it."""
    spots = np.array([(0, 1), (1, 1), (1, 0), (0, 0)]) + 7
    area = shapely.Polygon([(7, 8), (8, 8), (8, 7), (8, 8), (7, 8)])
    assert shapely.intersects_xy(area, 7, 7), "GEOS no longer does; on_grid need not guard against it"
    assert found(way, Points.at(spots), area) == {0, 1, 2}


@pytest.mark.parametrize("way", WAYS)
def test_hole_that_leaves_its_ring_counts_as_edges_do(way: Way) -> None:
    """What is in a hole and not in its ring is in one ring, thus inside; what is in both is not."""
    area = shapely.Polygon(shapely.box(10, 10, 20, 20).exterior, [shapely.box(15, 15, 30, 18).exterior])
    spots = np.array([(12, 12), (17, 16), (25, 16), (25, 19), (30, 18)])
    assert found(way, Points.at(spots), area) == {0, 2, 4}


@pytest.mark.parametrize("way", WAYS)
def test_many_places_at_one_spot(way: Way) -> None:
    spots = np.tile((100, 100), (1000, 1))
    points = Points.at(spots)
    assert len(found(way, points, shapely.Polygon([(90, 90), (110, 110), (110, 90)]))) == 1000
    assert found(way, points, shapely.Polygon([(90, 90), (110, 109), (110, 90)])) == set()


def test_damaged_directory_leads_to_no_place_that_is_not_there() -> None:
    points = Points.at(lattice((5, 5)))
    shape = shapely.Polygon([(5, 5), (17, 9), (9, 17)])
    for value in (0, len(points), 2**32 - 1):
        damaged = Points(points.codes, points.ids, np.full_like(points.starts, value))
        slices = by_descent(damaged, in_degrees(shape))
        assert slices.size == 0 or (slices.min() >= 0 and slices.max() <= len(points))


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=3, max_size=8))
def test_ring_is_rounded_as_all_edges_are(lonlat: list[tuple[float, float]]) -> None:
    if kernel() is None:
        pytest.skip("numba is not installed: pip install 'tocsin[fast]'")
    area = shapely.Polygon(lonlat)
    spots = snap(shapely.get_coordinates(area))
    points = Points.at(np.clip(np.concatenate([spots + step for step in (-1, 0, 1)]), 0, (EAST, NORTH)))
    assert points.slices(area).tolist() == points.slices(area, edges_of(area)).tolist()


@pytest.mark.parametrize("spot", [(180.1, 0.0), (0.0, -90.1)])
def test_area_off_the_earth_is_refused(spot: tuple[float, float]) -> None:
    area = shapely.Polygon([(0, 0), (1, 1), spot])
    with pytest.raises(ValueError, match="beyond"):
        Points.at(lattice((5, 5))).slices(area)


# --- many areas at once --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("is_compiled", [True, False], ids=["compiled", "plain"])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes=st.lists(st.one_of(SHAPES, st.just(shapely.Polygon())), max_size=5), together=st.integers(1, 3))
def test_many_areas_have_the_slices_of_each(
    monkeypatch: pytest.MonkeyPatch, shapes: list[BaseGeometry], together: int, threads: int, *, is_compiled: bool
) -> None:
    if is_compiled and kernel() is None:
        pytest.skip("numba is not installed: pip install 'tocsin[fast]'")
    corner = CORNERS["anywhere"]
    points = Points.at(lattice(corner))
    areas = [in_degrees(shapely.transform(shape, lambda positions: positions + corner)) for shape in shapes]
    with monkeypatch.context() as patched:
        patched.setattr(many, "_TOGETHER", together)
        if not is_compiled:
            patched.setattr(many, "kernel", lambda: None)
        slices, begins = many.slices_of_each(points, areas, threads=threads)
    assert begins.tolist()[0] == 0
    assert len(begins) == len(areas) + 1
    for number, area in enumerate(areas):
        assert slices[begins[number] : begins[number + 1]].tolist() == points.slices(area).tolist()


def test_parts_that_overlap_make_one_slice() -> None:
    corner = CORNERS["anywhere"]
    area = shapely.MultiPolygon([shapely.box(0, 0, 8, 8), shapely.box(4, 4, 12, 12), shapely.box(2, 2, 3, 3)])
    area = shapely.transform(area, lambda positions: positions + corner)
    points = Points.at(lattice(corner))
    slices, begins = many.slices_of_each(points, [in_degrees(area), in_degrees(area)])
    assert begins.tolist() == [0, len(slices) // 2, len(slices)]
    half = slices[: len(slices) // 2]
    assert (half[1:, 0] > half[:-1, 1]).all()
    assert set(points.ids_in(half).tolist()) == truth(area, lattice(corner))


@settings(deadline=None)
@given(st.lists(st.one_of(SHAPES, st.just(shapely.Polygon())), max_size=4))
def test_edges_of_many_areas_are_those_of_each(shapes: list[BaseGeometry]) -> None:
    areas = [in_degrees(shape) for shape in shapes]
    laid = edges_of_each(areas)
    for number, area in enumerate(areas):
        edges, parts = edges_of(area)
        held = laid.parts[laid.areas[number] : laid.areas[number + 1] + 1]
        assert laid.edges[held[0] : held[-1]].tolist() == edges.tolist()
        assert (held - held[0]).tolist() == parts.tolist()


# --- the grid ------------------------------------------------------------------------------------------------------


@given(st.integers(0, EAST - 1), st.integers(1, NORTH - 1))
def test_code_is_the_position(x: int, y: int) -> None:
    codes = encode(np.array([(x, y)]))
    assert decode(codes).tolist() == [[x, y]]
    assert 0 <= codes[0] < 2**63


def test_codes_go_in_the_order_of_a_quadtree() -> None:
    spots = np.array(list(itertools.product(range(4), range(4, 8))))
    order = decode(np.sort(encode(spots))).tolist()
    assert order[:5] == [[0, 4], [1, 4], [0, 5], [1, 5], [2, 4]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param((180.0, 10.0), (-180.0, 10.0), id="antimeridian"),
        pytest.param((17.0, 90.0), (-95.0, 90.0), id="north-pole"),
        pytest.param((17.0, -90.0), (180.0, -90.0), id="south-pole"),
    ],
)
def test_one_point_of_the_earth_has_one_code(one: tuple[float, float], other: tuple[float, float]) -> None:
    first, second = encode(snap(np.array([one, other])))
    assert first == second


def test_snapping_is_to_the_nearest_step() -> None:
    spots = snap(np.array([(12.3456789, -1.00000004), (12.34567891, -1.00000006)]))
    assert (spots - (EAST // 2, NORTH // 2)).tolist() == [[123_456_789, -STEPS], [123_456_789, -STEPS - 1]]


@pytest.mark.parametrize(
    "spot", [(180.1, 0.0), (-180.1, 0.0), (0.0, 90.1), (0.0, -90.1), (float("nan"), 0.0), (float("inf"), 0.0)]
)
def test_position_off_the_earth_is_refused(spot: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="beyond"):
        snap(np.array([spot]))


@pytest.mark.parametrize(
    ("shape", "places"),
    [
        pytest.param(shapely.box(179, 9, 180, 11), [(-180.0, 10.0), (-180.0, 11.0)], id="over-the-antimeridian"),
        pytest.param(shapely.Polygon([(179, 9), (180, 10), (179, 11)]), [(-180.0, 10.0)], id="one-corner"),
        pytest.param(shapely.LineString([(179, 9), (180, 10)]), [(180.0, 10.0)], id="the-end-of-a-line"),
        pytest.param(shapely.box(100, 80, 140, 90), [(-3.0, 90.0)], id="pole"),
    ],
)
def test_area_reaches_over_the_end_of_degrees(shape: BaseGeometry, places: list[tuple[float, float]]) -> None:
    points = Points.at(snap(np.array([*places, (-180.0, 12.0), (-179.9999999, 10.0)])))
    slices = united(np.concatenate([points.slices(one) for one in (shape, *seams(shape))]))
    assert sorted(points.ids_in(slices).tolist()) == list(range(len(places)))


# --- the points ----------------------------------------------------------------------------------------------------


def test_places_at_one_spot_stand_in_the_order_of_their_ids() -> None:
    spots = np.random.default_rng(3).integers(0, 4, (500, 2)) + 10
    points = Points.at(spots)
    same = points.codes[1:] == points.codes[:-1]
    assert same.any()
    assert (points.ids[1:][same] > points.ids[:-1][same]).all()


@given(st.lists(st.integers(0, 2**63 - 1), max_size=40))
def test_starts_are_where_the_codes_of_a_cell_start(numbers: list[int]) -> None:
    codes = np.sort(np.array(numbers, dtype=np.int64))
    starts = starts_of(codes)
    shift = 63 - ((len(starts) - 1).bit_length() - 1)
    expected = [sum(number >> shift < cell for number in numbers) for cell in range(len(starts))]
    assert starts.tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)).map(lambda one: (one[0], sum(one))), max_size=12))
def test_united_slices_hold_the_same_positions_once(pairs: list[tuple[int, int]]) -> None:
    slices = united(np.array(pairs, dtype=np.int64).reshape(-1, 2))
    every = [position for first, end in slices.tolist() for position in range(first, end)]
    assert every == sorted({position for first, end in pairs for position in range(first, end)})
    assert (slices[1:, 0] > slices[:-1, 1]).all()


@pytest.mark.parametrize("length", [1, 1000])
def test_ids_of_short_and_of_long_slices(length: int) -> None:
    points = Points.at(lattice((5, 5), twice=1))
    slices = np.array([(0, min(length, 60)), (100, min(100 + length, 169))])
    expected = [int(points.ids[k]) for first, end in slices.tolist() for k in range(first, end)]
    assert points.ids_in(slices).tolist() == expected
