"""PLACES files as operators write them: what is read, and which row and column an error names."""

from __future__ import annotations

import json
import re
import sqlite3
import struct
from collections.abc import Sequence
from typing import Any

import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tocsin.errors import ConfigError
from tocsin.model import Code, Place, Shift
from tocsin.places import COLUMNS, read_places


def of_csv(*lines: str, encoding: str = "utf-8") -> tuple[Place, ...]:
    return read_places("\n".join(lines).encode(encoding), name="places.csv")


def cell(column: str, value: str) -> Place:
    return of_csv(f"id\tname\tlat\tlon\t{column}", f"a\tA\t1\t2\t{value}")[0]


def of_geojson(properties: Any, geometry: Any = None, **feature: Any) -> tuple[Place, ...]:
    geometry = {"type": "Point", "coordinates": [2, 1]} if geometry is None else geometry
    document = {"type": "FeatureCollection", "features": [{"properties": properties, "geometry": geometry, **feature}]}
    return read_places(json.dumps(document).encode(), name="places.geojson")


# --- CSV ----------------------------------------------------------------------------------------------------------


def test_csv_with_every_column() -> None:
    road = '"{""type"": ""LineString"", ""coordinates"": [[-90.1, 38.8], [-90.0, 38.7]]}"'
    (found,) = of_csv(
        "id,name,lat,lon,kind,timezone,languages,headcount,shifts,traits,channels,address,geocodes,approaches",
        "stl-1,Edwardsville A,38.79,-90.02,warehouse,America/Chicago,en es,250,"
        "Mon-Fri 06:00-14:00 120; Sat 08:00-12:00 20,basement;outdoor_yard,mail hook,1 Example Road,"
        f"UGC:ILC119 profile:CAP-CP:Location:0.3:4806016,{road}",
    )
    assert found == Place(
        id="stl-1",
        name="Edwardsville A",
        geometry=shapely.Point(-90.02, 38.79),
        kind="warehouse",
        approaches=(shapely.LineString([(-90.1, 38.8), (-90.0, 38.7)]),),
        geocodes=(Code("UGC", "ILC119"), Code("profile:CAP-CP:Location:0.3", "4806016")),
        timezone="America/Chicago",
        languages=("en", "es"),
        headcount=250,
        shifts=(
            Shift(days=(0, 1, 2, 3, 4), begins="06:00", ends="14:00", headcount=120),
            Shift(days=(5,), begins="08:00", ends="12:00", headcount=20),
        ),
        traits=frozenset({"basement", "outdoor_yard"}),
        channels=("mail", "hook"),
        address="1 Example Road",
    )


def test_csv_with_the_least_columns() -> None:
    assert of_csv("id,name,lat,lon", "a,A,1,2") == (Place(id="a", name="A", geometry=shapely.Point(2, 1)),)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(("\ufeffid,name,lat,lon", "a,A,1.5,2.5"), id="byte-order-mark"),
        pytest.param(("id;name;lat;lon", "a;A;1,5;2,5"), id="semicolons-and-decimal-commas"),
        pytest.param(("id\tname\tlat\tlon", "a\tA\t1.5\t2.5"), id="tabs"),
        pytest.param(("id,name,lat,lon\r", "a,A,1.5,2.5\r"), id="crlf"),
        pytest.param((" id , name,lat ,lon", " a , A , 1.5, 2.5 "), id="blanks"),
        pytest.param(("name,lon,lat,id", "A,2.5,1.5,a"), id="another-order"),
        pytest.param(("id,name,lat,lon", "", ",,,", "a,A,1.5,2.5", ""), id="empty-rows"),
        pytest.param(("id;name;lat;lon;;", "a;A;1.5;2.5;;"), id="empty-columns-of-a-spreadsheet"),
        pytest.param(("id;name;lat;lon", "a;A;1.5;2.5;;"), id="empty-cells-beyond-the-header"),
        pytest.param(("id,name,lat,lon", 'a,"A",+1.5,"2.50"'), id="quoted"),
    ],
)
def test_csv_as_spreadsheets_write_it(lines: Sequence[str]) -> None:
    assert of_csv(*lines) == (Place(id="a", name="A", geometry=shapely.Point(2.5, 1.5)),)


def test_name_that_looks_like_a_formula_is_kept() -> None:
    assert cell("kind", "=1+1").kind == "=1+1"


def test_name_missing_is_the_id() -> None:
    assert of_csv("id,name,lat,lon", "a,,1,2")[0].name == "a"


NIGHTS = Shift(days=(5, 6, 0), begins="22:00", ends="06:00", headcount=5)
SUNDAY = Shift(days=(6,), begins="00:00", ends="24:00", headcount=1)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        pytest.param("languages", "", ("en",), id="languages-default"),
        pytest.param("languages", "de;pt-BR  en", ("de", "pt-BR", "en"), id="languages"),
        pytest.param("timezone", "", "UTC", id="timezone-default"),
        pytest.param("headcount", "", None, id="headcount-unknown"),
        pytest.param("headcount", "0", 0, id="headcount-zero"),
        pytest.param("shifts", "", (), id="no-shifts"),
        pytest.param("shifts", "Sat-Mon 22:00-06:00 5;", (NIGHTS,), id="shift-over-sunday"),
        pytest.param("shifts", "SUN 00:00-24:00 1", (SUNDAY,), id="whole-day"),
        pytest.param("traits", " basement ; ; cold_store ", frozenset({"basement", "cold_store"}), id="traits"),
        pytest.param("approaches", "", (), id="no-approaches"),
    ],
)  # fmt: skip
def test_cell(column: str, value: str, expected: object) -> None:
    assert getattr(cell(column, value), column) == expected


HEADER = "id,name,lat,lon"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        pytest.param((), "there is no place", id="empty"),
        pytest.param((HEADER,), "there is no place", id="header-only"),
        pytest.param((HEADER, "a,A,1,2", "b,B,1,2", "a,C,1,2"), "row 4: id a stands in row 2 already", id="id-twice"),
        pytest.param((HEADER, ",A,1,2"), "row 2: id is missing", id="id-missing"),
        pytest.param((HEADER, "a b,A,1,2"), "row 2: id is missing, or too long, or holds blanks", id="id-with-blanks"),
        pytest.param(("name,lat,lon", "A,1,2"), "row 2: id is missing", id="no-id-column"),
        pytest.param(("id,name,lat", "a,A,1"), "row 2: lon must be degrees", id="no-lon-column"),
        pytest.param((HEADER, "a,A,,2"), "row 2: lat must be degrees", id="lat-missing"),
        pytest.param((HEADER, "a,A,north,2"), "row 2: lat must be degrees", id="lat-a-word"),
        pytest.param((HEADER, "a,A,nan,2"), "row 2: lat must be degrees", id="lat-nan"),
        pytest.param((HEADER, "a,A,1,181"), "lon within 180 degrees", id="lon-off-the-earth"),
        pytest.param((HEADER, "a,A,-118.2,34.0"), "they seem to be swapped", id="swapped"),
        pytest.param((HEADER, "a,A,1"), "row 2: not as many columns", id="too-few-cells"),
        pytest.param((HEADER, "a,A,1,2,3"), "row 2: not as many columns", id="too-many-cells"),
        pytest.param((HEADER, "a,A,51,5,-1,5"), "row 2: not as many columns", id="decimal-commas-between-commas"),
        pytest.param((HEADER + ",", "a,A,1,2,3"), "row 2: not as many columns", id="cell-under-no-name"),
        pytest.param((HEADER + ",lat", "a,A,1,2,3"), "the column lat stands there twice", id="column-twice"),
        pytest.param(("id,langages", "a,en"), "is not a column; did you mean languages?", id="column-nearly-known"),
        pytest.param(("ID,name,lat,lon", "a,A,1,2"), "'ID' is not a column; did you mean id?", id="column-in-capitals"),
        pytest.param(("id,name,lat,lon,qqq", "a,A,1,2,en"), "known are id, name", id="column-unknown"),
        pytest.param((HEADER, 'a,"A,1,2'), "quotation mark left open", id="quote-left-open"),
    ],
)  # fmt: skip
def test_csv_that_is_wrong_names_row_and_column(lines: Sequence[str], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        of_csv(*lines)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("timezone", "Europe/Londn", "timezone must be"),
        ("timezone", "../etc/passwd", "timezone must be"),
        ("headcount", "many", "headcount must be"),
        ("headcount", "-1", "headcount must be"),
        ("languages", "en_GB!", "languages must be"),
        ("geocodes", "ILC119", "geocodes must be"),
        ("geocodes", "UGC:", "geocodes must be"),
        ("shifts", "06:00-14:00 120", "shifts must be"),
        ("shifts", "Xyz 06:00-14:00 120", "shifts must be"),
        ("shifts", "Mon 25:00-14:00 120", "shifts must be"),
        ("shifts", "Mon 06:60-14:00 120", "shifts must be"),
        ("approaches", "the A1", "approaches must be"),
        ("approaches", "{}", "approaches"),
        ("kind", "x" * 2001, "kind is longer than 2000 characters"),
    ],
)
def test_cell_that_is_wrong_is_named(column: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"places.csv row 2: {says}")):
        cell(column, value)


def test_csv_in_another_encoding_is_refused() -> None:
    with pytest.raises(ConfigError, match="not UTF-8"):
        of_csv(HEADER, "a,Zürich,1,2", encoding="cp1252")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("places.parquet", "needs the extra tocsin\\[geo\\]"),
        ("places.xlsx", "export .csv, .geojson or .gpkg"),
        ("places", "are not read here"),
    ],
)
def test_file_of_another_kind_is_refused(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_places(b"PAR1", name=name)


# --- GeoJSON ------------------------------------------------------------------------------------------------------


def test_geojson_with_lists_and_numbers() -> None:
    (found,) = of_geojson(
        {
            "id": 7, "name": "Depot", "headcount": 12, "languages": ["de", "fr"], "traits": ["basement"], "kind": None,
            "shifts": ["Mon 06:00-14:00 1", "Tue 06:00-14:00 2"], "geocodes": "NUTS3:DE212",
        }
    )  # fmt: skip
    assert (found.id, found.name, found.headcount, found.kind) == ("7", "Depot", 12, "")
    assert found.languages == ("de", "fr")
    assert [shift.days for shift in found.shifts] == [(0,), (1,)]
    assert found.geocodes == (Code("NUTS3", "DE212"),)


def test_geojson_polygon_keeps_its_shape() -> None:
    ring = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    (found,) = of_geojson({"id": "a"}, {"type": "Polygon", "coordinates": [ring]})
    assert found.geometry.equals(shapely.box(0, 0, 1, 1))


def test_geojson_id_may_stand_beside_the_properties() -> None:
    assert of_geojson({"name": "Depot"}, id="a")[0].id == "a"


@pytest.mark.parametrize(
    "approaches",
    [
        pytest.param({"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[5, 5], [6, 6]]]}, id="lines"),
        pytest.param(
            {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
                    {"type": "LineString", "coordinates": [[5, 5], [6, 6]]},
                ],
            },
            id="collection",
        ),
    ],
)
def test_geojson_approaches_are_lines(approaches: object) -> None:
    (found,) = of_geojson({"id": "a", "approaches": approaches})
    assert {line.wkt for line in found.approaches} == {"LINESTRING (0 0, 1 1)", "LINESTRING (5 5, 6 6)"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"{", "not JSON", id="no-json"),
        pytest.param(b"[" * 100_000, "not JSON", id="deep"),
        pytest.param(b"[]", "not a GeoJSON FeatureCollection", id="list"),
        pytest.param(b'{"features": 1}', "not a GeoJSON FeatureCollection", id="features-no-list"),
        pytest.param(b'{"features": []}', "there is no place", id="empty"),
        pytest.param(b'{"features": [1]}', "row 1: a feature has no properties", id="feature-no-object"),
        pytest.param(b'{"features": [{"properties": null}]}', "row 1: a feature has no properties", id="no-properties"),
        pytest.param(b'{"features": [{"properties": {"id": "a"}}]}', "geometry: there is none", id="no-geometry"),
        pytest.param(b'{"features": [{"properties": {"nam": "a"}}]}', "did you mean name?", id="unknown-property"),
    ],
)  # fmt: skip
def test_geojson_that_is_wrong(body: bytes, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        read_places(body, name="places.geojson")


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"id": ["a"]}, "id must be text"),
        ({"id": True}, "id must be text"),
        ({"id": "a", "name": {"en": "A"}}, "name must be text"),
        ({"id": "a", "traits": [1]}, "traits must be text"),
        ({"id": "a", "languages": {}}, "languages must be text"),
        ({"id": "a", "headcount": 1.5}, "headcount must be text"),
        ({"id": "a", "approaches": 5}, "approaches"),
        ({"id": "a", "approaches": []}, "approaches"),
    ],
)
def test_geojson_property_that_is_wrong(properties: object, says: str) -> None:
    with pytest.raises(ConfigError, match=f"row 1: {says}"):
        of_geojson(properties)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [200, 95]},
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "Circle"},
        {"type": "GeometryCollection", "geometries": []},
        5,
    ],
)
def test_geojson_geometry_that_is_wrong_names_the_row(geometry: object) -> None:
    with pytest.raises(ConfigError, match=r"places\.geojson row 1: geometry"):
        of_geojson({"id": "a"}, geometry)


# --- GeoPackage ---------------------------------------------------------------------------------------------------


def blob(shape: BaseGeometry, *, system: int = 4326, big: bool = False, envelope: bool = False) -> bytes:
    flags = (0 if big else 1) | (2 if envelope else 0)
    header = struct.pack(">2sBBi" if big else "<2sBBi", b"GP", 0, flags, system)
    bounds = struct.pack("<4d", *shape.bounds) if envelope else b""
    return header + bounds + bytes(shapely.to_wkb(shape))


def geopackage(
    *rows: Sequence[Any], columns: str = "fid, geom, id, name", table: str = "sites", wal: bool = False
) -> bytes:
    database = sqlite3.connect(":memory:")
    quoted = table.replace('"', '""')
    database.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name)")
    if table:
        database.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom')", (table,))
        database.execute(f'CREATE TABLE "{quoted}" ({columns})')
        for row in rows:
            database.execute(f'INSERT INTO "{quoted}" VALUES ({", ".join("?" * len(row))})', row)  # noqa: S608
    database.commit()
    body = database.serialize()
    database.close()
    return body[:18] + b"\x02\x02" + body[20:] if wal else body


POINT = shapely.Point(2, 1)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(geopackage((1, blob(POINT), "a", "A")), id="plain"),
        pytest.param(geopackage((1, blob(POINT, big=True), "a", "A")), id="big-endian"),
        pytest.param(geopackage((1, blob(POINT, envelope=True), "a", "A")), id="with-envelope"),
        pytest.param(geopackage((1, blob(POINT), "a", "A"), wal=True), id="write-ahead-log"),
        pytest.param(geopackage((1, blob(POINT), "a", "A"), table='a "b'), id="table-with-a-quote"),
    ],
)
def test_geopackage(body: bytes) -> None:
    assert read_places(body, name="places.gpkg") == (Place(id="a", name="A", geometry=POINT),)


SITE = shapely.box(0, 0, 1, 1)


@pytest.mark.parametrize(
    "shape", [SITE, shapely.MultiPolygon([SITE, shapely.box(2, 2, 3, 3)])], ids=lambda s: s.geom_type
)
def test_geopackage_of_sites_with_an_outline(shape: BaseGeometry) -> None:
    (place,) = read_places(geopackage((1, blob(shape, envelope=True), "a", "A")), name="places.gpkg")
    assert place.geometry.equals(shape)


def test_geopackage_without_ids_takes_the_feature_id() -> None:
    body = geopackage((5, blob(POINT), "A"), columns="fid, geom, name")
    assert read_places(body, name="places.gpkg")[0].id == "5"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"not a database", "not a GeoPackage", id="no-database"),
        pytest.param(b"", "not a GeoPackage", id="empty"),
        pytest.param(geopackage(table=""), "no table of features", id="no-table"),
        pytest.param(geopackage(), "there is no place", id="no-rows"),
        pytest.param(geopackage((1, None, "a", "A")), "row 1: geom: there is no geometry", id="null"),
        pytest.param(geopackage((1, b"GP", "a", "A")), "row 1: geom: there is no geometry", id="short"),
        pytest.param(geopackage((1, b"XX" + bytes(20), "a", "A")), "there is no geometry", id="other-blob"),
        pytest.param(geopackage((1, blob(POINT, system=3857), "a", "A")), "system 3857; export", id="mercator"),
        pytest.param(geopackage((1, blob(POINT)[:-3], "a", "A")), "cannot be read", id="cut-off"),
        pytest.param(
            geopackage((1, blob(POINT)[:3] + b"\x0f" + blob(POINT)[4:], "a", "A")), "cannot be read", id="envelope-code"
        ),
        pytest.param(geopackage((1, blob(shapely.Point()), "a", "A")), "geom", id="empty-point"),
        pytest.param(geopackage((1, blob(shapely.Point(1, 95)), "a", "A")), "row 1: geom", id="off-the-earth"),
        pytest.param(
            geopackage((1, blob(POINT), "a"), columns="fid, geom, nam"), "did you mean name?", id="unknown-column"
        ),
    ],
)
def test_geopackage_that_is_wrong(body: bytes, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        read_places(body, name="places.gpkg")


# --- whatever is in it --------------------------------------------------------------------------------------------


def problem_with(body: bytes, name: str) -> str:
    """Return the error that reading gives, or the name of the file when it can be read."""
    try:
        read_places(body, name=name)
    except ConfigError as error:
        return str(error)
    return name


SOUND = {
    "places.csv": b"id,name,lat,lon,shifts\na,A,1,2,Mon 06:00-14:00 1\n",
    "places.geojson": json.dumps(
        {"features": [{"properties": {"id": "a", "traits": ["b"]}, "geometry": shapely.geometry.mapping(POINT)}]}
    ).encode(),
    "places.gpkg": geopackage((1, blob(POINT), "a", "A")),
}  # fmt: skip


@settings(deadline=None)
@example(name="places.gpkg", at=3993, junk=b"\x80", cut=False)  # a column's name that is no UTF-8
@given(name=st.sampled_from(sorted(SOUND)), at=st.integers(0, 20_000), junk=st.binary(max_size=8), cut=st.booleans())
def test_damaged_file_raises_nothing_but_config_errors(name: str, at: int, junk: bytes, cut: bool) -> None:
    sound = SOUND[name]
    at %= len(sound)
    body = sound[:at] + junk + (b"" if cut else sound[at + len(junk) :])
    assert problem_with(body, name).startswith(name)


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5)), st.lists, max_leaves=4),
       st.sampled_from(COLUMNS))  # fmt: skip
def test_any_json_value_in_any_column_is_read_or_refused(value: object, column: str) -> None:
    feature = {"properties": {"id": "a", column: value}, "geometry": {"type": "Point", "coordinates": [2, 1]}}
    assert problem_with(json.dumps({"features": [feature]}).encode(), "places.geojson").startswith("places.geojson")
