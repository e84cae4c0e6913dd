"""Distances of many points at once are those of each point by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from tocsin import geo

AGREE_M = 1e-6


def star(lon: float, lat: float, size: float, corners: int, seed: int) -> BaseGeometry:
    """Return an area with deep notches, cut at the 180th meridian."""
    dice = np.random.default_rng(seed)
    around = np.sort(dice.uniform(0, 2 * math.pi, corners))
    far = size * dice.uniform(0.4, 1, corners)
    ring = np.column_stack((lon + far * np.cos(around), np.clip(lat + far * np.sin(around), -90, 90)))
    return geo.cut(shapely.make_valid(Polygon(ring)))


def about(lon: float, lat: float, size: float, seed: int) -> np.ndarray:
    dice = np.random.default_rng(seed)
    spots = np.column_stack((lon + dice.normal(0, 2 * size, 40), np.clip(lat + dice.normal(0, 2 * size, 40), -90, 90)))
    spots[:, 0] = (spots[:, 0] + 180) % 360 - 180
    return spots


def one_by_one(area: BaseGeometry, spots: np.ndarray) -> list[float]:
    return [geo.distance_m(Point(spot), area) for spot in spots]


@pytest.mark.parametrize("corners", [4, 50, 700])
@pytest.mark.parametrize("size", [0.05, 0.6, 4])
@pytest.mark.parametrize(("lon", "lat"), [(8, 50), (179.9, -20), (-179.9, 70), (0, 0), (30, 89.8), (-60, -88)], ids=str)
def test_distances_of_an_area(lon: float, lat: float, size: float, corners: int) -> None:
    area, spots = star(lon, lat, size, corners, seed=corners), about(lon, lat, size, seed=7)
    assert geo.distances_m(area, spots) == pytest.approx(one_by_one(area, spots), abs=AGREE_M)


@pytest.mark.parametrize(
    "area",
    [
        pytest.param(Point(8, 50), id="point"),
        pytest.param(LineString([(7, 49), (9, 51), (9, 52)]), id="line"),
        pytest.param(box(6, 48, 11, 53) - box(6.5, 48.5, 10.5, 52.5), id="hole"),
        pytest.param(MultiPolygon([box(6, 48, 7, 49), box(9, 51, 10, 52)]), id="parts"),
        pytest.param(GeometryCollection([Point(6, 49), GeometryCollection([box(9, 51, 10, 52)])]), id="collection"),
        pytest.param(box(-180, -90, 180, 90), id="world"),
        pytest.param(box(-170, -10, 100, 10), id="over-half-the-world"),
    ],
)
def test_distances_of_other_shapes(area: BaseGeometry) -> None:
    spots = np.vstack((about(8, 50, 1, seed=3), about(179, 0, 5, seed=4)))
    assert geo.distances_m(area, spots) == pytest.approx(one_by_one(area, spots), abs=AGREE_M)


def test_empty_area_is_infinitely_far() -> None:
    assert geo.distances_m(Polygon(), np.array([[8.0, 50.0]])).tolist() == [math.inf]


def test_no_points_have_no_distance() -> None:
    assert len(geo.distances_m(box(0, 0, 1, 1), np.empty((0, 2)))) == 0


def test_portions_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    area, spots = star(8, 50, 2, 300, seed=1), about(8, 50, 2, seed=2)
    expected = geo.distances_m(area, spots).tolist()
    monkeypatch.setattr("tocsin.geo._nearest._MOST_PAIRS", 40)
    assert geo.distances_m(area, spots).tolist() == expected
