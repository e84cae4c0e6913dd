"""Packs and the boundary files that they are made of: what is kept, what is refused, where a place lies."""

from __future__ import annotations

import io
import json
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry

from tocsin.errors import ConfigError, FormatError
from tocsin.geocodes import NONE, Exactness, Geocodes
from tocsin.geocodes.boundaries import merged, read
from tocsin.geocodes.pack import STEP, Outlines, Pack, pack
from tocsin.model import Area, Code

ABOUT = {"origin": "hand-made", "licence": "none", "sha256": ""}
WEST, EAST = box(10, 50, 11, 51), box(11, 50, 12, 51)


def outlines(scheme: str = "EMMA_ID", /, **shapes: BaseGeometry) -> Outlines:
    return Outlines(scheme=scheme, about=ABOUT, shapes=shapes)


def aliases(scheme: str, **meant: str) -> Outlines:
    return Outlines(scheme=scheme, about=ABOUT, shapes={}, aliases={c: Code("EMMA_ID", m) for c, m in meant.items()})


def geocodes(*lists: Outlines) -> Geocodes:
    return Geocodes([Pack(pack(lists))])


def codes(*words: str) -> tuple[Code, ...]:
    return tuple(Code(*word.split(":")) for word in words)


# --- the file -----------------------------------------------------------------------------------------------------

SHAPES = {
    "square": WEST,
    "hole": Polygon(WEST.exterior, [box(10.2, 50.2, 10.4, 50.4).exterior]),
    "islands": MultiPolygon([box(-180, -18, -179.5, -17), box(179.5, -18, 180, -17)]),
    "south": box(-60, -90, -59, -89),
    "long-edges": box(-180, -80, 180, 80),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape_comes_out_of_the_pack_as_it_went_in(name: str) -> None:
    found = Pack(pack([outlines(**SHAPES)])).find(Code("EMMA_ID", name))
    assert found is not None
    assert found.is_valid
    assert found.symmetric_difference(SHAPES[name]).area < STEP**2 / 100


def test_random_shapes_keep_their_place_to_the_grid() -> None:
    random = Random(5)
    shapes = {
        str(n): Point(random.uniform(-170, 170), random.uniform(-80, 80)).buffer(random.uniform(0.01, 3), quad_segs=40)
        for n in range(300)
    }
    opened = Pack(pack([outlines(**shapes)]))
    for name, shape in shapes.items():
        found = opened.find(Code("EMMA_ID", name))
        assert found is not None
        assert found.is_valid
        assert found.hausdorff_distance(shape) < 1.5 * STEP


def test_shape_smaller_than_the_grid_keeps_a_box() -> None:
    found = Pack(pack([outlines(tiny=Point(10, 50).buffer(STEP / 100))])).find(Code("EMMA_ID", "tiny"))
    assert found is not None
    assert found.covers(Point(10, 50))


def test_equal_lists_give_equal_bytes() -> None:
    assert pack([outlines(a=WEST, b=EAST)]) == pack([outlines(b=EAST, a=WEST)])


def test_pack_says_what_is_in_it() -> None:
    opened = Pack(pack([outlines(DE1=WEST), aliases("NUTS3", DE111="DE1")]))
    assert opened.lists["EMMA_ID"] == ABOUT
    assert opened.counts() == {"EMMA_ID": 1, "NUTS3": 1}


def test_alias_has_the_shape_of_what_it_means() -> None:
    opened = Pack(pack([outlines(DE1=WEST), aliases("NUTS3", DE111="DE1", DE112="none")]))
    assert opened.find(Code("NUTS3", "DE111")) == opened.find(Code("EMMA_ID", "DE1"))
    assert Code("NUTS3", "DE112") not in opened


BODY = pack([outlines(a=WEST)])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"", "is not a geocode pack", id="empty"),
        pytest.param(b"PK\x03\x04", "is not a geocode pack", id="zip"),
        pytest.param(BODY.replace(b"codes 1", b"codes 2"), "is not a geocode pack", id="another-version"),
        pytest.param(BODY[:-1], "damaged", id="cut"),
        *(
            pytest.param(BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :], "damaged", id=f"byte-{at}-flipped")
            for at in range(18, len(BODY), 37)
        ),
    ],
)
def test_damaged_pack_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Pack(body)


# --- several packs ------------------------------------------------------------------------------------------------

TWO = geocodes(
    outlines(DE001=WEST, DE002=EAST), outlines("SAME", **{"017119": WEST}), outlines("UGC-Z", ILZ001=WEST, ILZ002=EAST)
)


def test_of_two_packs_with_a_list_the_first_is_believed() -> None:
    both = Geocodes([Pack(pack([outlines(a=EAST)])), Pack(pack([outlines(a=WEST), outlines("SAME", **{"0": WEST})]))])
    assert (both.lists, both.knows(Code("SAME", "0"))) == (["EMMA_ID", "SAME"], True)
    assert both.find(Code("emma_id", "A ")) is None
    found = both.find(Code("EMMA_ID", "a"))
    assert found is None or found.equals(EAST)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("EMMA_ID:DE001",), {"EMMA_ID:DE001"}, id="one"),
        pytest.param(("EMMA_ID:DE001", "EMMA_ID:DE002"), {"EMMA_ID:DE001", "EMMA_ID:DE002"}, id="two"),
        pytest.param(("EMMA_ID:DE001", "EMMA_ID:DE999"), None, id="one-of-two-unknown"),
        pytest.param(("EMMA_ID:DE001", "NUTS3:DE111"), {"EMMA_ID:DE001"}, id="one-list-of-two-known"),
        pytest.param(("UGC:ILZ001", "UGC:ILC119"), {"UGC-Z:ILZ001", "SAME:017119"}, id="zone-and-county-in-one-list"),
        pytest.param(("UGC:ILZ009", "SAME:017119"), {"SAME:017119"}, id="zone-unknown-county-known"),
        pytest.param(("UGC:ILZ001", "UGC:ILZ002", "SAME:017119"), {"UGC-Z:ILZ001", "UGC-Z:ILZ002"}, id="most-codes"),
        pytest.param(("UGC:ILZALL", "UGC:ILZ001"), None, id="whole-state-is-no-outline"),
        pytest.param(("UGC:ILZALL", "SAME:017119"), None, id="whole-state-beside-a-county"),
        pytest.param(("ISO3166-2:US-IL", "UGC:ILZ001"), {"UGC-Z:ILZ001"}, id="beside-its-state"),
        pytest.param((" ugc:ilz001",), {"UGC-Z:ILZ001"}, id="spelling"),
        pytest.param((), None, id="none"),
    ],
)
def test_outlined(words: tuple[str, ...], expected: set[str] | None) -> None:
    found = TWO.outlined(codes(*words))
    assert (None if found is None else {":".join(code) for code in found.codes}) == expected
    assert found is None or len(found.shapes) == len(found.codes)


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        pytest.param(Area(geometry=WEST, geocodes=codes("X:1")), Exactness.DRAWN, id="drawn"),
        pytest.param(Area(geocodes=codes("EMMA_ID:DE001")), Exactness.EXACT, id="known"),
        pytest.param(Area(geocodes=codes("ISO3166-2:US-IL")), Exactness.EXACT, id="a-state-is-a-state"),
        pytest.param(Area(geocodes=codes("SAME:017000", "SAME:017119")), Exactness.EXACT, id="a-state-and-a-county"),
        pytest.param(Area(geocodes=codes("EMMA_ID:DE999", "ISO3166-1:DE")), Exactness.COARSE, id="beside-its-country"),
        pytest.param(Area(geocodes=codes("EMMA_ID:DE999")), Exactness.COARSE, id="country-of-an-unknown-code"),
        pytest.param(Area(geocodes=codes("EMMA_ID:DE001", "EMMA_ID:DE999")), Exactness.COARSE, id="part-unknown"),
        pytest.param(Area(geocodes=codes("X:1")), Exactness.UNKNOWN, id="unknown-list"),
        pytest.param(Area(description="north"), Exactness.UNKNOWN, id="words-only"),
    ],
)
def test_exactness(area: Area, expected: Exactness) -> None:
    assert TWO.exactness(area) is expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        pytest.param(Point(10.5, 50.5), ["DE001"], id="inside"),
        pytest.param(Point(11, 50.5), ["DE001", "DE002"], id="on-the-border"),
        pytest.param(box(10.9, 50.4, 11.1, 50.6), ["DE001", "DE002"], id="across-the-border"),
        pytest.param(Point(11.02, 51.04), ["DE002"], id="in-the-harbour"),
        pytest.param(Point(11.5, 51.06), [], id="at-sea"),
        pytest.param(Point(-10, 50.5), [], id="elsewhere"),
    ],
)
def test_locate(shape: BaseGeometry, expected: list[str]) -> None:
    found = geocodes(outlines(DE001=WEST, DE002=EAST)).locate([Point(0, 0), shape])
    assert sorted(code.value for position, code in found if position == 1) == expected


def test_nothing_is_known_without_a_pack() -> None:
    assert (bool(NONE), NONE.lists, list(NONE.locate([Point(0, 0)]))) == (False, [], [])


# --- boundary files -----------------------------------------------------------------------------------------------


def features(*members: tuple[dict[str, Any], BaseGeometry | None]) -> bytes:
    rows = [
        {"type": "Feature", "properties": stated, "geometry": mapping(shape) if shape else None}
        for stated, shape in members
    ]
    return json.dumps({"type": "FeatureCollection", "features": rows}).encode()


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param({"code": "DE001", "type": "EMMA_ID"}, "EMMA_ID:DE001", id="meteoalarm"),
        pytest.param({"code": "DE001", "scheme": "EMMA_ID"}, "EMMA_ID:DE001", id="own"),
        pytest.param({"NUTS_ID": "EL301", "LEVL_CODE": 3}, "NUTS3:GR301", id="nuts"),
        pytest.param({"WARNCELLID": 109162000}, "WARNCELLID-1:109162000", id="dwd"),
        pytest.param({"STATE_ZONE": "IL014", "STATE": "IL"}, "UGC-Z:ILZ014", id="nws-zone"),
        pytest.param({"ID": "ANZ050", "NAME": "Bay"}, "UGC-Z:ANZ050", id="nws-marine"),
        pytest.param({"FIPS": "17119", "COUNTYNAME": "Madison"}, "SAME:017119", id="nws-county"),
        pytest.param({"GEOID": "17119"}, "SAME:017119", id="census"),
        pytest.param({"CDUID": "3520"}, "SGC4:3520", id="canada"),
        pytest.param({"iso_3166_2": "DE-BY"}, "ISO3166-2:DE-BY", id="natural-earth"),
    ],
)
def test_published_file_is_known_by_what_it_states(stated: dict[str, Any], expected: str) -> None:
    found = read(features((stated, WEST)))
    assert [":".join(code) for code in found.shapes] == [expected]


def test_file_that_is_not_known_is_read_by_what_the_operator_says() -> None:
    body = features(({"kod": 1234}, WEST), ({"kod": None}, EAST))
    assert list(read(body, scheme="CISORP", attribute="kod").shapes) == [Code("CISORP", "1234")]
    with pytest.raises(FormatError, match="SCHEME:ATTRIBUTE"):
        read(body)


def test_several_features_of_one_code_are_one_outline() -> None:
    found = read(features(({"NUTS_ID": "DE1"}, WEST), ({"NUTS_ID": "DE1"}, EAST)))
    assert found.shapes[Code("NUTS1", "DE1")].equals(box(10, 50, 12, 51))


@pytest.mark.parametrize(
    ("shape", "bounds"),
    [
        pytest.param(box(179, 50, 181, 51), (-180, 50, 180, 51), id="beyond-180"),
        pytest.param(Polygon([(8, 50), (9, 51), (9, 50), (8, 51)]), (8, 50, 9, 51), id="crosses-itself"),
        pytest.param(Polygon([(8, 50), (9, 50), (8, 50)]), (7.995, 49.995, 9.005, 50.005), id="drawn-as-a-line"),
    ],
)
def test_outline_is_made_sound(shape: BaseGeometry, bounds: tuple[float, ...]) -> None:
    (found,) = read(features(({"NUTS_ID": "DE1"}, shape))).shapes.values()
    assert found.is_valid
    assert found.bounds == pytest.approx(bounds)


def test_outline_in_metres_is_left_out_and_named() -> None:
    found = read(features(({"NUTS_ID": "DE1"}, WEST), ({"NUTS_ID": "DE2"}, box(4e6, 3e6, 4.1e6, 3.1e6))))
    assert [problem.at for problem in found.problems] == ["features[1]"]
    assert len(found.shapes) == 1


def test_outline_is_thinned_on_demand() -> None:
    body = features(({"NUTS_ID": "DE1"}, Point(10, 50).buffer(1, quad_segs=500)))
    fine, thin = (next(iter(read(body, tolerance=step).shapes.values())) for step in (0.0, 0.001))
    assert shapely.get_num_coordinates(thin) < shapely.get_num_coordinates(fine) / 10
    assert thin.hausdorff_distance(fine) <= 0.0011


TOPOLOGY = {
    "type": "Topology",
    "transform": {"scale": [0.5, 0.5], "translate": [10, 50]},
    "arcs": [[[2, 0], [0, 2]], [[2, 2], [-2, 0], [0, -2], [2, 0]], [[2, 0], [2, 0], [0, 2], [-2, 0]]],
    "objects": {
        "counties": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "id": "17001", "arcs": [[0, 1]]},
                {"type": "MultiPolygon", "id": "17003", "arcs": [[[2, -1]]]},
                {"type": "Polygon", "id": "17005", "arcs": [[0, -1]]},
            ],
        }
    },
}


def test_topojson_arcs_are_put_together() -> None:
    found = read(json.dumps(TOPOLOGY).encode()).shapes
    assert found[Code("SAME", "017001")].equals(WEST)
    assert found[Code("SAME", "017003")].equals(EAST)
    assert found[Code("SAME", "017005")].covers(Point(11, 50.5))  # drawn as nothing, and still somewhere


def test_topojson_without_counties_is_refused() -> None:
    with pytest.raises(FormatError):
        read(json.dumps({**TOPOLOGY, "objects": {}}).encode())


def shapefile(*records: tuple[str, list[list[tuple[float, float]]]], kind: int = 5) -> bytes:
    """Return a zip with a .shp of polygons and a .dbf with one attribute, STATE_ZONE, of six characters."""
    shp = bytearray(100)
    dbf = bytearray(struct.pack("<4xIHH20x", len(records), 65, 7))
    dbf += b"STATE_ZONE\0C" + struct.pack("<4xBB14x", 6, 0) + b"\r"
    for number, (code, rings) in enumerate(records, 1):
        points = [point for ring in rings for point in ring]
        starts = [sum(map(len, rings[:n])) for n in range(len(rings))]
        content = struct.pack("<i32x2i", kind, len(rings), len(points)) + struct.pack(f"<{len(rings)}i", *starts)
        content += b"".join(struct.pack("<2d", *point) for point in points)
        shp += struct.pack(">2i", number, len(content) // 2) + content
        dbf += b" " + code.encode().ljust(6)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("zones/z.shp", bytes(shp))
        archive.writestr("zones/Z.DBF", bytes(dbf))
    return packed.getvalue()


def clockwise(shape: Polygon) -> list[tuple[float, float]]:
    return [(x, y) for x, y in shapely.geometry.polygon.orient(shape, -1).exterior.coords]


def test_shapefile_of_shells_and_holes() -> None:
    hole = clockwise(box(10.2, 50.2, 10.4, 50.4))[::-1]
    found = read(shapefile(("IL001", [clockwise(WEST), hole]), ("IL002", [clockwise(EAST)]))).shapes
    assert found[Code("UGC-Z", "ILZ001")].area == pytest.approx(0.96)
    assert found[Code("UGC-Z", "ILZ002")].equals(EAST)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(shapefile(("IL001", [clockwise(WEST)]), kind=1), id="points"),
        pytest.param(b"PK\x03\x04", id="cut-zip"),
        pytest.param(b"{", id="cut-json"),
        pytest.param(b"[]", id="no-features"),
        pytest.param(b"", id="empty"),
    ],
)
def test_file_of_something_else_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        read(body)


def test_merged_lists_say_where_they_come_from() -> None:
    bodies = [features(({"NUTS_ID": "DE1"}, WEST)), features(({"NUTS_ID": "DE1"}, EAST), ({"NUTS_ID": "DE2"}, EAST))]
    table = b"scheme\tcode\ttarget_scheme\ttarget_code\nFIPS\tGM01\tNUTS1\tDE1\nbad line\n"
    named = [(f"{n}.geojson", body, read(body)) for n, body in enumerate((*bodies, table))]
    lists = {one.scheme: one for one in merged(named)}
    assert lists["NUTS1"].about["origin"] == "0.geojson; 1.geojson"
    assert "EuroGeographics" in lists["NUTS1"].about["licence"]
    assert lists["NUTS1"].shapes["DE1"].equals(WEST)
    assert lists["FIPS"].aliases == {"GM01": Code("NUTS1", "DE1")}


# --- the real size ------------------------------------------------------------------------------------------------


def seconds(step: Callable[[], object]) -> float:
    before = time.process_time()
    step()
    return time.process_time() - before


@pytest.mark.shared
@pytest.mark.slow
def test_pack_of_europe_and_the_united_states(shared: Path) -> None:
    """A pack of every outline of ../shared is small, opens quickly, and finds what went in."""
    files = [*sorted((shared / "feeds/geocodes").glob("*/*.geojson")), shared / "feeds/geocodes/ALIASES.tsv"]
    found = [(path.name, body, read(body)) for path in files for body in [path.read_bytes()]]
    body = pack(merged(found))
    assert len(body) < 25_000_000
    opened = Pack(body)
    assert min(seconds(lambda: Pack(body)) for _ in range(3)) < 0.1
    random = Random(1)
    for _, _, one in random.sample(found, 30):
        for code, shape in list(one.shapes.items())[:3]:
            kept = opened.find(code)
            assert kept is not None
            assert kept.is_valid
            assert kept.symmetric_difference(shape).area <= shape.length * STEP + STEP**2


def repacked(change: Callable[[str, bytes], bytes], **also: bytes) -> bytes:
    """Return the zip of one zone with each member changed, and further members."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(shapefile(("IL001", [clockwise(WEST)])))) as whole,
        zipfile.ZipFile(packed, "w") as archive,
    ):
        for name in whole.namelist():
            archive.writestr(name, change(name, whole.read(name)))
        for name, body in also.items():
            archive.writestr(name.replace("_", "."), body)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(repacked(lambda name, body: body[:-8] if ".shp" in name else body), "cut", id="cut-record"),
        pytest.param(
            repacked(lambda name, body: body[:104] + bytes(4) + body[108:] if ".shp" in name else body),
            "cut",
            id="record-without-length",
        ),
        pytest.param(
            repacked(lambda name, body: body[:144] + b"\xff\xff\xff\x7f" + body[148:] if ".shp" in name else body),
            "cut",
            id="two-thousand-million-parts",
        ),
        pytest.param(repacked(lambda name, body: body[:40] if "DBF" in name else body), "cut", id="cut-attributes"),
        pytest.param(repacked(lambda _, body: body, b_shp=b""), "one file .shp", id="two-shapefiles"),
        pytest.param(
            repacked(lambda name, body: body[:108] + bytes(4) + body[112:] if ".shp" in name else body),
            "no feature",
            id="empty-shape",
        ),
    ],
)
def test_shapefile_made_to_break_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read(body)
