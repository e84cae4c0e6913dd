"""Which places an area touches: by shape against brute force, by code against tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from math import inf

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.geocodes import Geocodes, Pack
from tocsin.geocodes.pack import Outlines, pack
from tocsin.geocodes.spelling import narrow, normal, region_of, wider
from tocsin.match import SORTED_FROM, PlaceIndex, touches
from tocsin.model import Area, Code, Event, Place, Relation, Touch

HERE = Touch(Relation.INSIDE, 0.0, area_exact=True)
IN_REGION = Touch(Relation.UNPLACED, inf, area_exact=False)
IN_COUNTRY = Touch(Relation.UNPLACED, inf, area_exact=False, is_wide=True)


@pytest.fixture(
    scope="module",
    autouse=True,
    params=[pytest.param(0, id="points-sorted"), pytest.param(SORTED_FROM, id="points-in-the-tree")],
)
def room(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the index hold its points as a large estate's and as a small one's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tocsin.match.SORTED_FROM", request.param)
        yield


def place(shape: BaseGeometry | None = None, *codes: str, approaches: tuple[BaseGeometry, ...] = ()) -> Place:
    geocodes = tuple(Code(*code.rsplit("=", 1)) for code in codes)
    return Place(id="p", name="Depot", geometry=shape or shapely.Point(0, 0), geocodes=geocodes, approaches=approaches)


def event(*areas: BaseGeometry | tuple[str, ...]) -> Event:
    return Event(
        source="test",
        sender="issuer.example.org",
        identifier="1",
        sent=datetime(2026, 1, 1, tzinfo=UTC),
        areas=tuple(
            Area(geocodes=tuple(Code(*code.rsplit("=", 1)) for code in area))
            if isinstance(area, tuple)
            else Area(geometry=area)
            for area in areas
        ),
    )


def touch_of(
    one: Place, *areas: BaseGeometry | tuple[str, ...], within_m: float = 0, by: tuple[str, ...] = ()
) -> Touch | None:
    return touches(PlaceIndex([one]), event(*areas), within_m=within_m, jurisdiction=by).get(0)


# --- by shape -----------------------------------------------------------------------------------------------------

SQUARE = shapely.box(10, 50, 11, 51)


@pytest.mark.parametrize(
    ("shape", "within_m", "relation"),
    [
        pytest.param(shapely.Point(10.5, 50.5), 0, Relation.INSIDE, id="inside"),
        pytest.param(shapely.Point(10, 50.5), 0, Relation.INSIDE, id="on-the-edge"),
        pytest.param(shapely.Point(10, 50), 0, Relation.INSIDE, id="on-the-corner"),
        pytest.param(shapely.box(9, 49, 12, 52), 0, Relation.INSIDE, id="around-the-area"),
        pytest.param(shapely.Point(9.99, 50.5), 0, None, id="outside"),
        pytest.param(shapely.Point(9.99, 50.5), 1000, Relation.NEAR, id="near"),
        pytest.param(shapely.Point(9.99, 50.5), 700, None, id="just-too-far"),
    ],
)
def test_touch_of_a_shape(shape: BaseGeometry, within_m: float, relation: Relation | None) -> None:
    found = touch_of(place(shape), SQUARE, within_m=within_m)
    assert (found.relation if found else None) == relation


def test_distance_of_a_near_place_is_metres_from_the_edge() -> None:
    found = touch_of(place(shapely.Point(9.99, 50.5)), SQUARE, within_m=1000)
    assert found is not None
    assert found.distance_m == pytest.approx(709.5, rel=1e-3)  # a hundredth of a degree at 50.5 north, WGS 84


def test_area_there_and_back_again_is_no_rectangle_for_an_outline() -> None:
    """GEOS takes such a ring of five positions for the box about it."""
    area = shapely.Polygon([(10, 51), (11, 51), (11, 50), (11, 51), (10, 51)])
    assert touch_of(place(shapely.box(10.1, 50.1, 10.2, 50.2)), area) is None
    assert touch_of(place(shapely.box(10.9, 50.1, 11.2, 50.2)), area) == HERE


def test_road_into_the_area_is_an_approach_however_far_the_place() -> None:
    road = shapely.LineString([(9.5, 50.5), (10.2, 50.5)])
    found = touch_of(place(shapely.Point(9.5, 50.5), approaches=(road,)), SQUARE)
    assert found is not None
    assert found.relation is Relation.APPROACH
    assert found.distance_m == pytest.approx(35_480, rel=1e-2)


def test_road_that_ends_before_the_area_is_none() -> None:
    road = shapely.LineString([(9.0, 50.5), (9.9, 50.5)])
    assert touch_of(place(shapely.Point(9.0, 50.5), approaches=(road,)), SQUARE) is None


def test_place_inside_with_a_road_is_inside() -> None:
    road = shapely.LineString([(10.5, 50.5), (12, 50.5)])
    assert touch_of(place(shapely.Point(10.5, 50.5), approaches=(road,)), SQUARE) == HERE


def test_nearest_of_several_areas_counts() -> None:
    far, near = shapely.box(10.1, 50, 11, 51), shapely.box(10.01, 50, 11, 51)
    found = touch_of(place(shapely.Point(10, 50.5)), far, near, within_m=50_000)
    assert found is not None
    assert found.distance_m == pytest.approx(709.5, rel=1e-3)


def test_near_gives_arrays_sorted_by_area_then_place() -> None:
    index = PlaceIndex([place(shapely.Point(10.5, 50.5)), place(shapely.Point(50, 0)), place(shapely.Point(9.99, 50))])
    found = index.near([shapely.box(49, -1, 51, 1), SQUARE], within_m=1000)
    assert found.area.tolist() == [0, 1, 1]
    assert found.place.tolist() == [1, 0, 2]
    assert found.distance_m.tolist() == [0.0, 0.0, pytest.approx(717, rel=1e-2)]
    assert found.approach_m.tolist() == [inf, inf, inf]


@pytest.mark.parametrize("within_m", [0, 10_000])
def test_no_places_meet_nothing(within_m: float) -> None:
    index = PlaceIndex([])
    assert touches(index, event(SQUARE, ()), within_m=within_m, jurisdiction=()) == {}


def test_no_areas_meet_nothing() -> None:
    assert PlaceIndex([place()]).near([], within_m=10).place.tolist() == []


LONS = st.one_of(
    st.sampled_from([-180.0, -179.999, 179.999, 180.0, 0.0]), st.floats(-180, 180).map(lambda x: round(x, 3))
)
LATS = st.one_of(st.sampled_from([-90.0, -89.99, 89.99, 90.0, 0.0]), st.floats(-90, 90).map(lambda x: round(x, 3)))
POINTS = st.builds(shapely.Point, LONS, LATS)
CIRCLES = st.builds(geo.circle, LONS, LATS, st.sampled_from([100.0, 20_000.0, 500_000.0]))
BOXES = st.builds(
    lambda lon, lat, width, height: shapely.box(lon, lat, min(lon + width, 180), min(lat + height, 90)),
    LONS.filter(lambda lon: lon < 180),
    LATS.filter(lambda lat: lat < 90),
    st.sampled_from([0.01, 1.0, 90.0]),
    st.sampled_from([0.01, 1.0]),
)
AREAS = st.one_of(CIRCLES, BOXES)


@settings(deadline=None, max_examples=150)
@given(
    shapes=st.lists(st.one_of(POINTS, BOXES), min_size=1, max_size=8),
    areas=st.lists(AREAS, min_size=1, max_size=4),
    within_m=st.sampled_from([0.0, 1000.0, 50_000.0]),
)
@example(shapes=[shapely.Point(-180, 10)], areas=[shapely.box(179, 9, 180, 11)], within_m=0.0)
@example(shapes=[shapely.Point(180, 10)], areas=[shapely.box(-180, 9, -179, 11)], within_m=0.0)
@example(shapes=[shapely.Point(-179.95, 10)], areas=[shapely.box(179, 9, 179.99, 11)], within_m=10_000.0)
@example(shapes=[shapely.Point(120, 90)], areas=[shapely.box(-180, 89, 180, 90)], within_m=0.0)
@example(shapes=[shapely.Point(120, -90)], areas=[shapely.box(-10, -90, 10, -89)], within_m=0.0)
@example(shapes=[shapely.box(-180, -90, -179, -89)], areas=[shapely.box(0, -90, 1, -89)], within_m=0.0)
@example(shapes=[shapely.Point(170, 89.99)], areas=[geo.circle(-10, 89.99, 500)], within_m=50_000.0)
def test_index_finds_what_brute_force_finds(
    shapes: list[BaseGeometry], areas: list[BaseGeometry], within_m: float
) -> None:
    found = PlaceIndex([place(shape) for shape in shapes]).near(areas, within_m=within_m)
    touching_m = 0.01

    def distance_m(shape: BaseGeometry, area: BaseGeometry) -> float:
        # Measured from another longitude, what meets at a pole has an upper bound above 0.
        at_pole = any(shape.bounds[k] == area.bounds[k] == pole for k, pole in ((1, -90.0), (3, 90.0)))
        return 0.0 if at_pole else geo.distance_m(shape, area)

    brute = {
        (number, position): distance
        for number, area in enumerate(areas)
        for position, shape in enumerate(shapes)
        if (distance := distance_m(shape, area)) <= max(within_m, touching_m)
    }
    pairs = list(zip(found.area.tolist(), found.place.tolist(), strict=True))
    assert pairs == sorted(brute)
    assert found.distance_m == pytest.approx(np.array([brute[pair] for pair in pairs]), abs=touching_m)


# --- by code ------------------------------------------------------------------------------------------------------

US_IL = ("ISO3166-1=US", "ISO3166-2=US-IL")


@pytest.mark.parametrize(
    ("stated", "codes", "by", "touch"),
    [
        pytest.param(("UGC=ILC119",), ("UGC=ILC119",), ("US",), HERE, id="equal"),
        pytest.param((" ugc= ilc119",), ("UGC=ILC119",), ("US",), HERE, id="equal-but-for-spelling"),
        pytest.param(("UGC=ILC119",), ("SAME=017119",), ("US",), HERE, id="same-names-the-ugc-county"),
        pytest.param(("SAME=017119",), ("SAME=917119",), ("US",), HERE, id="part-of-the-county"),
        pytest.param(("FIPS6=17119",), ("SAME=017119",), ("US",), HERE, id="five-digits"),
        pytest.param(("UGC=ILC119",), ("UGC=ILC163",), ("US",), None, id="another-county"),
        pytest.param((*US_IL, "UGC=ILC119"), ("UGC=ILC163",), ("US",), None, id="another-county-same-state"),
        pytest.param((*US_IL, "UGC=ILC119"), ("UGC=ILZ069",), ("US",), IN_REGION, id="zone-does-not-rule-out-county"),
        pytest.param((*US_IL, "UGC=ILC119"), ("UGC=ILZ069", "SAME=017163"), ("US",), None, id="county-beside-zone"),
        pytest.param(US_IL, ("UGC=ILC119",), ("US",), IN_REGION, id="state-of-a-county"),
        pytest.param(US_IL, ("UGC=MOC119",), ("US",), None, id="another-state"),
        pytest.param(US_IL, ("UGC=MOC119", "UGC=ILC119"), ("US",), IN_REGION, id="one-of-two-states"),
        pytest.param(US_IL, ("SAME=017000",), ("US",), HERE, id="same-whole-state"),
        pytest.param(("UGC=ILC119",), ("SAME=017000",), ("US",), HERE, id="whole-state-of-a-county"),
        pytest.param(US_IL, ("UGC=ILZALL",), ("US",), HERE, id="ugc-whole-state"),
        pytest.param(US_IL, ("SAME=000000",), ("US",), HERE, id="whole-country"),
        pytest.param(("ISO3166-2=US-IA",), ("SAME=017000", "SAME=019001"), (), IN_REGION, id="state-and-a-county"),
        pytest.param(("ISO3166-1=US",), ("UGC=ILC119",), ("US",), IN_COUNTRY, id="state-of-the-place-unknown"),
        pytest.param(("ISO3166-1=CA",), ("UGC=ILC119",), ("US",), None, id="another-country"),
        pytest.param(("ISO3166-1=PR", "ISO3166-2=US-PR"), ("UGC=PRC001",), ("US",), IN_COUNTRY, id="territory"),
        pytest.param(US_IL, ("UGC=PRC001",), ("US",), None, id="territory-is-no-state"),
        pytest.param(US_IL, ("UGC=GMZ730",), ("US",), IN_COUNTRY, id="sea-zone-names-no-state"),
        pytest.param(US_IL, ("UGC=nonsense",), ("US",), IN_COUNTRY, id="malformed"),
        pytest.param(("ISO3166-1=GR",), ("EMMA_ID=EL001",), (), IN_COUNTRY, id="greece"),
        pytest.param(("ISO3166-1=GB",), ("NUTS3=UKI31",), ("GB",), IN_COUNTRY, id="united-kingdom"),
        pytest.param(("NUTS3=DE212",), ("NUTS2=DE21",), ("DE",), HERE, id="nuts-part-of-the-whole"),
        pytest.param(("NUTS3=DE300",), ("NUTS2=DE21",), ("DE",), None, id="nuts-part-of-another"),
        pytest.param(("NUTS2=DE21",), ("NUTS3=DE212",), ("DE",), IN_REGION, id="nuts-whole-of-a-part"),
        pytest.param(("ISO3166-1=DE",), ("NUTS0=DE",), (), HERE, id="nuts-country"),
        pytest.param(("ISO3166-1=DE",), ("EMMA_ID=??",), ("FR",), None, id="emma-malformed-falls-to-jurisdiction"),
        pytest.param(("ISO3166-1=DE",), ("WARNCELLID=809162000",), (), IN_COUNTRY, id="warncell"),
        pytest.param(("WARNCELLID=809162000",), ("WARNCELLID=109162000",), (), IN_REGION, id="warncell-another-sort"),
        pytest.param(("WARNCELLID=809162000",), ("WARNCELLID=501000001",), (), IN_COUNTRY, id="warncell-of-the-coast"),
        pytest.param(("WARNCELLID=106634000",), ("ARS=066340000000",), (), HERE, id="regional-key-of-a-district"),
        pytest.param(("WARNCELLID=805315000",), ("ARS=053150000000",), (), IN_REGION, id="regional-key-of-a-wider-one"),
        pytest.param(("ISO3166-2=DE-HE",), ("ARS=060000000000",), (), HERE, id="regional-key-of-a-state"),
        pytest.param(("ISO3166-1=DE",), ("ARS=000000000000",), (), HERE, id="regional-key-of-all"),
        pytest.param(("ISO3166-1=DE",), ("ARS=66",), ("DE",), IN_COUNTRY, id="regional-key-malformed"),
        pytest.param(US_IL, ("SAME=017000", "SAME=017119"), ("US",), HERE, id="whole-state-and-a-county-of-it"),
        pytest.param(US_IL, ("ISO3166-2=US-IL", "UGC=ILC119"), ("US",), IN_REGION, id="state-beside-a-county"),
        pytest.param(("WARNCELLID=809162000",), ("WARNCELLID=809184000",), (), None, id="warncell-another"),
        pytest.param(("ISO3166-1=CZ",), ("CISORP=2101",), (), IN_COUNTRY, id="czech"),
        pytest.param(
            ("profile:CAP-CP:Location:0.3=4806016",), ("profile:CAP-CP:Location:0.3=4806",), (), HERE, id="canada-part"
        ),
        pytest.param(("ISO3166-2=CA-AB",), ("profile:CAP-CP:Location:0.3=48",), (), HERE, id="canada-province"),
        pytest.param(("ISO3166-2=CA-AB",), ("profile:CAP-CP:Location:0.3=4806016",), (), IN_REGION, id="canada-town"),
        pytest.param(("ISO3166-1=CA",), ("profile:CAP-CP:Location:0.3=99",), (), IN_COUNTRY, id="canada-no-province"),
        pytest.param(US_IL, ("HOUSE=7",), ("US",), IN_COUNTRY, id="unknown-list"),
        pytest.param(US_IL, ("HOUSE=7",), ("FR", "US-IL"), IN_REGION, id="jurisdiction-is-a-state"),
        pytest.param(("ISO3166-1=US",), (), ("US-IL",), IN_COUNTRY, id="jurisdiction-is-a-state-of-the-country"),
        pytest.param(US_IL, ("HOUSE=7",), ("FR",), None, id="jurisdiction-elsewhere"),
        pytest.param(US_IL, (), ("001",), IN_COUNTRY, id="jurisdiction-is-the-world"),
        pytest.param(US_IL, (), (), IN_COUNTRY, id="jurisdiction-unknown"),
        pytest.param((), ("UGC=ILC119",), ("US",), IN_COUNTRY, id="place-unknown"),
        pytest.param((), (), ("FR",), IN_COUNTRY, id="place-and-area-unknown"),
    ],
)  # fmt: skip
def test_touch_of_a_code(
    stated: tuple[str, ...], codes: tuple[str, ...], by: tuple[str, ...], touch: Touch | None
) -> None:
    assert touch_of(place(None, *stated), codes, by=by) == touch


def test_event_without_any_area_touches_the_jurisdiction() -> None:
    index = PlaceIndex([place(None, "ISO3166-1=DE"), place(None, "ISO3166-1=FR")])
    assert touches(index, event(), within_m=0, jurisdiction=("DE",)) == {0: IN_COUNTRY}


def test_area_with_a_shape_does_not_count_by_its_codes() -> None:
    both = Area(geometry=SQUARE, geocodes=(Code("UGC", "ILC119"),))
    one = Event(
        source="s", sender="x", identifier="1", sent=datetime(2026, 1, 1, tzinfo=UTC), areas=(both,)
    )  # fmt: skip
    assert touches(PlaceIndex([place(None, "UGC=ILC119")]), one, within_m=0, jurisdiction=()) == {}


def test_one_area_by_code_and_one_by_shape_give_the_nearest() -> None:
    one = place(shapely.Point(9.99, 50.5), "ISO3166-1=DE")
    found = touch_of(one, SQUARE, ("EMMA_ID=DE001",), within_m=1000)
    assert found is not None
    assert found.relation is Relation.NEAR


def test_exact_code_beats_a_shape_nearby() -> None:
    one = place(shapely.Point(9.99, 50.5), "EMMA_ID=DE001")
    assert touch_of(one, SQUARE, ("EMMA_ID=DE001",), within_m=1000) == HERE


def test_several_coded_areas_give_the_best() -> None:
    one = place(None, *US_IL, "EMMA_ID=DE001")
    assert touch_of(one, ("UGC=ILC119",), ("EMMA_ID=DE001",), ("UGC=MOC001",)) == HERE


SPELLED = """
    UGC=ILC119 UGC=ILZ069 UGC=GMZ730 UGC=PRC001 UGC=ILZALL SAME=017119 SAME=017000 SAME=000000 SAME=099001
    EMMA_ID=DE001 EMMA_ID=12 NUTS3=DE212 NUTS2=DE21 NUTS1=DE2 NUTS0=EL WARNCELLID=809162000 CISORP=2101 X=1
    ARS=066340000000 ARS=091620000000
    ISO3166-1=US ISO3166-2=US-IL ISO3166-2=US-PR profile:CAP-CP:Location:0.3=4806016
"""
CODES = st.sampled_from([Code(*pair.split("=")) for pair in SPELLED.split()])


@given(CODES)
def test_normal_spelling_is_its_own(code: Code) -> None:
    assert normal(normal(code)) == normal(code)


@given(CODES)
def test_what_lies_in_an_area_lies_in_all_that_is_wider(code: Code) -> None:
    chain = list(wider(code))
    assert len(set(chain)) == len(chain)
    for position, one in enumerate(chain):
        assert list(wider(one)) == chain[position:]


@given(CODES)
def test_region_of_a_code_is_among_the_wider_areas(code: Code) -> None:
    region = region_of(code)
    assert region is None or region in set(wider(code))


@given(codes=st.lists(CODES, max_size=4), more=st.lists(CODES, max_size=3), place_codes=st.lists(CODES, max_size=3))
def test_place_that_states_a_code_of_the_area_is_inside(
    codes: list[Code], more: list[Code], place_codes: list[Code]
) -> None:
    one = Place(id="p", name="Depot", geometry=shapely.Point(0, 0), geocodes=(*place_codes, *codes[:1]))
    area = Area(geocodes=(*codes, *more))
    what = Event(source="s", sender="x", identifier="1", sent=datetime(2026, 1, 1, tzinfo=UTC), areas=(area,))
    found = touches(PlaceIndex([one]), what, within_m=0, jurisdiction=("FR",))
    if codes and normal(codes[0]) in narrow(area.geocodes):
        assert found == {0: HERE}


# --- by the outlines of codes -------------------------------------------------------------------------------------

OUTLINED = Geocodes(
    [
        Pack(
            pack(
                [
                    Outlines(
                        scheme="EMMA_ID",
                        about={},
                        shapes={
                            "DE001": SQUARE,
                            "DE002": shapely.box(11, 50, 12, 51),
                            "DE003": shapely.box(13, 50, 14, 51),
                        },
                    )
                ]
            )
        )
    ]
)
NEAR_0 = Touch(Relation.NEAR, 0.0, area_exact=True)


@pytest.mark.parametrize(
    ("one", "area", "within_m", "expected"),
    [
        pytest.param(place(shapely.Point(10.5, 50.5)), ("EMMA_ID=DE001",), 0, HERE, id="inside-the-outline"),
        pytest.param(place(shapely.Point(10.5, 50.5)), ("EMMA_ID=DE002",), 0, None, id="inside-another"),
        pytest.param(place(shapely.Point(10.5, 50.5)), ("EMMA_ID=DE001", "EMMA_ID=DE002"), 0, HERE, id="one-of-two"),
        pytest.param(place(shapely.Point(12.03, 50.5)), ("EMMA_ID=DE002",), 0, HERE, id="in-the-harbour"),
        pytest.param(place(shapely.Point(12.5, 50.5)), ("EMMA_ID=DE002",), 0, None, id="at-sea"),
        pytest.param(
            place(shapely.Point(0, 0)), ("EMMA_ID=DE001", "ISO3166-1=DE"), 0, None, id="outline-before-country"
        ),
        pytest.param(
            place(shapely.Point(11.5, 50.5), "ISO3166-1=DE"),
            ("EMMA_ID=DE001", "ISO3166-1=DE"),
            0,
            None,
            id="country-beside-a-code-is-not-the-area",
        ),
        pytest.param(
            place(shapely.Point(11.5, 50.5), "ISO3166-1=DE"),
            ("EMMA_ID=DE999", "ISO3166-1=DE"),
            0,
            IN_COUNTRY,
            id="country-beside-an-unknown-code-is-coarse",
        ),
        pytest.param(
            place(shapely.Point(10.5, 50.5), "EMMA_ID=DE002"), ("EMMA_ID=DE001",), 0, None, id="what-it-states-holds"
        ),
        pytest.param(
            place(shapely.Point(10.5, 50.5), "EMMA_ID=DE002"),
            ("EMMA_ID=DE002",),
            0,
            HERE,
            id="states-and-lies-elsewhere",
        ),
        pytest.param(
            place(shapely.Point(10.5, 50.5), "EMMA_ID=DE002"),
            ("EMMA_ID=DE001",),
            100,
            NEAR_0,
            id="states-other-but-near",
        ),
        pytest.param(
            place(shapely.Point(10.5, 50.5), "ISO3166-1=DE"),
            ("EMMA_ID=DE999",),
            0,
            IN_COUNTRY,
            id="unknown-code-is-no-skip",
        ),
        pytest.param(
            place(shapely.Point(10.5, 50.5), "ISO3166-1=DE"),
            ("EMMA_ID=DE002", "EMMA_ID=DE999"),
            0,
            IN_COUNTRY,
            id="one-unknown-of-two-is-no-skip",
        ),
        pytest.param(
            place(shapely.Point(11.5, 50.5), "ISO3166-1=DE"),
            ("EMMA_ID=DE002", "EMMA_ID=DE999"),
            0,
            HERE,
            id="inside-the-known-one-of-two",
        ),
    ],
)
def test_touch_of_outlined_codes(one: Place, area: tuple[str, ...], within_m: float, expected: Touch | None) -> None:
    found = touches(PlaceIndex([one], OUTLINED), event(area), within_m=within_m, jurisdiction=("DE",)).get(0)
    assert found == expected


def test_place_near_an_outline_is_near() -> None:
    found = touches(
        PlaceIndex([place(shapely.Point(12.5, 50.5))], OUTLINED),
        event(("EMMA_ID=DE002",)),
        within_m=50_000,
        jurisdiction=(),
    )
    assert found[0].relation is Relation.NEAR
    assert found[0].area_exact
    assert 35_000 < found[0].distance_m < 36_000


def test_road_into_an_outline_is_an_approach() -> None:
    road = shapely.LineString([(12.5, 50.5), (11.9, 50.5)])
    index = PlaceIndex([place(shapely.Point(12.5, 50.5), approaches=(road,))], OUTLINED)
    assert touches(index, event(("EMMA_ID=DE002",)), within_m=0, jurisdiction=())[0].relation is Relation.APPROACH


def test_outlined_code_gives_what_its_shape_would() -> None:
    """Without a code of its own, a place is touched by a code as by the outline, but for the harbour."""
    random = np.random.default_rng(1)
    places = [place(shapely.Point(*at)) for at in random.uniform((9.5, 49.5), (12.5, 51.5), (300, 2)).tolist()]
    by_code = touches(PlaceIndex(places, OUTLINED), event(("EMMA_ID=DE001",)), within_m=20_000, jurisdiction=())
    by_shape = touches(PlaceIndex(places), event(SQUARE), within_m=20_000, jurisdiction=())
    assert by_code.keys() == by_shape.keys()
    for position, touch in by_shape.items():
        is_in_harbour = touch.distance_m < 6_000 and by_code[position] == HERE
        assert by_code[position] == touch or is_in_harbour
