"""The intensity prediction equation against values worked out by hand, and its reach against the equation."""

from __future__ import annotations

import math

import pytest

from tocsin.formats import _intensity as shaking

BANDS = (7.0, 6.0, 5.0, 4.0)


@pytest.mark.parametrize(
    ("magnitude", "distance_km", "expected"),
    [
        # 2.085 + 1.428 M - 1.402 ln sqrt(R^2 + (-0.209 + 2.042 exp(M - 5))^2), and beyond 50 km + 0.078 ln(R / 50)
        pytest.param(5.0, 10.0, 9.225 - 1.402 * 2.31911, id="m5-10km"),  # saturation 1.833, ln sqrt(103.36) = 2.31911
        pytest.param(6.0, 20.0, 10.653 - 1.402 * 3.03016, id="m6-20km"),  # saturation 5.34173
        pytest.param(7.0, 50.0, 12.081 - 1.402 * 3.95445, id="m7-50km"),  # saturation 14.87945, ln 52.16697
        pytest.param(7.0, 100.0, 12.081 - 1.402 * 4.61612 + 0.078 * 0.69315, id="m7-100km-beyond-the-bend"),
        pytest.param(5.4, 12.0, 9.7962 - 1.402 * 2.51211, id="m5.4-12km"),
    ],
)
def test_intensity(magnitude: float, distance_km: float, expected: float) -> None:
    assert shaking.intensity(magnitude, distance_km) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("depth_km", [0.0, 10.0, 35.0, 120.0])
@pytest.mark.parametrize("magnitude", [5.0, 6.2, 7.9])
@pytest.mark.parametrize("band", BANDS)
def test_reach_is_where_the_equation_gives_the_band(magnitude: float, depth_km: float, band: float) -> None:
    reach = shaking.reach_km(magnitude, depth_km, band)
    at_reach = shaking.intensity(magnitude, math.hypot(reach, max(depth_km, 1.0)))
    assert at_reach == pytest.approx(band, abs=2e-3) if reach else at_reach < band


@pytest.mark.parametrize("depth_km", [1.0, 5.0, 30.0, 200.0])
def test_reach_never_shrinks_with_magnitude(depth_km: float) -> None:
    reaches = [shaking.reach_km(tenth / 10, depth_km, 5.0) for tenth in range(30, 96)]
    assert reaches == sorted(reaches)


def test_reach_never_grows_with_depth() -> None:
    reaches = [shaking.reach_km(6.5, float(depth), 5.0) for depth in range(700)]
    assert reaches == sorted(reaches, reverse=True)


def test_stronger_bands_lie_inside_weaker_ones() -> None:
    reaches = [shaking.reach_km(6.5, 10.0, band) for band in BANDS]
    assert reaches == sorted(reaches)


@pytest.mark.parametrize(
    ("magnitude", "depth_km", "band"),
    [
        pytest.param(3.9, 0.0, 4.0, id="below-m4-no-band"),
        pytest.param(4.9, 0.0, 6.0, id="below-m5-not-vi"),
        pytest.param(2.72, -2.0, 4.0, id="at-the-pole"),
        pytest.param(5.5, 300.0, 4.0, id="deep"),
    ],
)
def test_not_reached(magnitude: float, depth_km: float, band: float) -> None:
    assert shaking.reach_km(magnitude, depth_km, band) == 0


@pytest.mark.parametrize(("magnitude", "band"), [(4.0, 4.0), (4.9, 5.0), (5.0, 6.0)])
def test_caps_end_where_the_table_says(magnitude: float, band: float) -> None:
    assert shaking.reach_km(magnitude, 5.0, band) > 0


def test_height_above_sea_level_counts_as_the_surface() -> None:
    assert shaking.reach_km(5.5, -2.8, 5.0) == shaking.reach_km(5.5, 1.0, 5.0)
