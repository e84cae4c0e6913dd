"""Where a place lies, from the outlines that ship with the package."""

from __future__ import annotations

import pytest
from shapely.geometry import Point, Polygon, box

from tocsin.model import Code
from tocsin.regions import codes_at, is_far, outlines

STATES = """AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND
OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY"""


def us(state: str) -> tuple[Code, ...]:
    return (Code("ISO3166-1", "US"), Code("ISO3166-2", f"US-{state}"))


def country(code: str) -> tuple[Code, ...]:
    return (Code("ISO3166-1", code),)


@pytest.mark.parametrize(
    ("lon", "lat", "codes"),
    [
        pytest.param(-89.97, 38.81, us("IL"), id="edwardsville"),
        pytest.param(-90.2, 38.63, us("MO"), id="st-louis-over-the-river"),
        pytest.param(-77.04, 38.9, us("DC"), id="washington"),
        pytest.param(-157.86, 21.31, us("HI"), id="honolulu-harbour"),
        pytest.param(-149.9, 61.22, us("AK"), id="anchorage"),
        pytest.param(-1.55, 53.8, country("GB"), id="leeds"),
        pytest.param(7.59, 47.56, country("CH"), id="basel"),
        pytest.param(4.05, 51.96, country("NL"), id="a-harbour-in-the-sea"),
        pytest.param(121.47, 31.23, country("CN"), id="shanghai"),
        pytest.param(178.44, -18.14, country("FJ"), id="suva-near-the-antimeridian"),
        pytest.param(-179.9, 67.0, country("RU"), id="chukotka-east-of-180"),
        pytest.param(-110.0, 62.0, country("CA"), id="nothing-smeared-over-the-map"),
        pytest.param(-30.0, 40.0, (), id="mid-atlantic"),
        pytest.param(0.0, 0.0, (), id="null-island"),
        pytest.param(0.0, -89.0, country("AQ"), id="near-the-pole"),
    ],
)
def test_codes_at_a_point(lon: float, lat: float, codes: tuple[Code, ...]) -> None:
    assert codes_at(Point(lon, lat)) == codes


@pytest.mark.parametrize(
    ("lat", "is_found"), [pytest.param(43.6, True, id="within-20-km"), pytest.param(43.4, False, id="beyond-20-km")]
)
def test_a_place_at_sea_belongs_to_the_nearest_coast_within_20_km(lat: float, is_found: bool) -> None:
    assert bool(codes_at(Point(7.46, lat))) is is_found


def test_an_area_over_a_border_lies_in_both() -> None:
    assert codes_at(box(7.4, 47.4, 7.8, 47.8)) == (
        Code("ISO3166-1", "CH"),
        Code("ISO3166-1", "DE"),
        Code("ISO3166-1", "FR"),
    )


def test_nothing_lies_nowhere() -> None:
    assert codes_at(Polygon()) == ()


def test_every_country_code_has_two_letters_and_every_state_belongs_to_the_us() -> None:
    wrong = [
        region.name
        for region in outlines()
        if (region.kind == "country" and len(region.code) not in (0, 2))
        or (region.kind == "state" and not region.code.startswith("US-"))
    ]
    assert wrong == []


def test_all_51_states_are_there() -> None:
    assert (
        len({region.code for region in outlines() if region.kind == "state"} & {f"US-{s}" for s in STATES.split()})
        == 51
    )


@pytest.mark.parametrize(
    ("shape", "jurisdiction", "expected"),
    [
        pytest.param(box(50, 8, 50.2, 8.2), ["DE"], True, id="swapped-axes"),
        pytest.param(box(8, 50, 8.2, 50.2), ["DE"], False, id="at-home"),
        pytest.param(box(-5, 60, -4, 61), ["DE"], False, id="at-sea-nearby"),
        pytest.param(box(50, 8, 50.2, 8.2), ["DE", "SO"], False, id="one-of-two-countries"),
        pytest.param(box(50, 8, 50.2, 8.2), ["001"], False, id="the-world"),
        pytest.param(box(50, 8, 50.2, 8.2), [], False, id="not-known"),
        pytest.param(box(50, 8, 50.2, 8.2), ["DE", "XX"], False, id="one-not-known"),
        pytest.param(box(50, 8, 50.2, 8.2), ["US-IL"], True, id="a-state"),
        pytest.param(box(178, 51, 179, 52), ["US"], False, id="aleutians-west-of-180"),
        pytest.param(box(-179, -19, -178, -18), ["FJ"], False, id="fiji-east-of-180"),
    ],
)
def test_area_far_off_the_territory(shape: Polygon, jurisdiction: list[str], expected: bool) -> None:
    assert is_far(shape, jurisdiction) is expected
