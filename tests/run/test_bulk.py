"""Bulk matching: the same rows from every kind of file, equal to GEOS looking at everything, and whole or nothing."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin import cli
from tocsin.errors import ConfigError, StoreError
from tocsin.match.grid import degrees, on_grid, snap
from tocsin.model import Problem
from tocsin.run import bulk
from tocsin.run.bulk import arrow, lookup
from worlds import NOW, cap

Pairs = list[tuple[str, str]]

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    pa = pq = None
needs_arrow = pytest.mark.skipif(pa is None, reason="pyarrow (the extra geo) is not installed")


# --- worlds -------------------------------------------------------------------------------------------------------


def a_world() -> tuple[np.ndarray[Any, np.dtype[np.float64]], dict[str, BaseGeometry]]:
    """Return 4,000 positions and areas of many kinds, with some positions on corners and edges of areas."""
    dice = np.random.default_rng(5)
    areas: dict[str, BaseGeometry] = {}
    for number in range(40):
        middle = dice.uniform((-170, -80), (170, 80))
        turns = np.sort(dice.random(int(dice.integers(4, 30)))) * 2 * np.pi
        away = dice.uniform(1, 9, len(turns))
        ring = middle + np.column_stack((np.cos(turns), np.sin(turns))) * away[:, None]
        shape = shapely.Polygon(degrees(snap(ring)))
        if shape.is_valid:
            areas[f"blot-{number}"] = shape
    square = shapely.box(10, 10, 30, 30)
    areas["hole"] = square.difference(shapely.box(15, 15, 20, 20)).difference(shapely.box(22, 22, 28, 28))
    areas["apart"] = shapely.MultiPolygon([shapely.box(-60, -10, -50, 0), shapely.box(-50, 0, -40, 10)])
    areas["dateline"] = shapely.MultiPolygon([shapely.box(175, -20, 180, 20), shapely.box(-180, -20, -176, 20)])
    areas["one side"] = shapely.box(170, 40, 180, 60)
    corners = shapely.get_coordinates(list(areas.values()))
    at_seam = np.array([(180, 0), (-180, 0), (180, 50), (-180, 50), (-178, 0), (178, 0), (15, 17.5), (22, 28)])
    anywhere = dice.uniform((-180, -90), (180, 90), (3000, 2))
    about = corners[dice.integers(0, len(corners), 1000 - len(at_seam))] + dice.normal(0, 0.5, (1000 - len(at_seam), 2))
    about[:300] = corners[dice.integers(0, len(corners), 300)]
    lonlat = np.clip(np.concatenate((anywhere, at_seam, about)), (-180, -90), (180, 90))
    return np.round(lonlat, 7), areas


LONLAT, AREAS = a_world()
IDS = [f"p{number}" if number % 7 else f'p,{number} "x"' for number in range(len(LONLAT))]


def by_brute_force(size: int) -> Pairs:
    """Return what GEOS says on whole numbers, in the order of batch, area and place."""
    x, y = snap(LONLAT).T.astype(float)
    # What lies on the 180th meridian is at both ends of the map.
    mirrored = np.where(LONLAT[:, 0] == 180, -180.0, np.where(LONLAT[:, 0] == -180, 180.0, LONLAT[:, 0]))
    other, _ = snap(np.column_stack((mirrored, LONLAT[:, 1]))).T.astype(float)
    inside = {
        area: shapely.intersects_xy(on_grid(shape), x, y) | shapely.intersects_xy(on_grid(shape), other, y)
        for area, shape in AREAS.items()
    }
    return [
        (IDS[start + place], area)
        for start in range(0, len(IDS), size)
        for area, found in inside.items()
        for place in np.flatnonzero(found[start : start + size]).tolist()
    ]


def csv_places(path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "name", "lat", "lon"])
        for one, (lon, lat) in zip(IDS, LONLAT.tolist(), strict=True):
            rows.writerow([one, "a name\nof two lines", f"{lat:.7f}", f"{lon:.7f}"])
    return path


def metadata(**column: Any) -> dict[str, str]:
    geometry = {"encoding": "WKB", "geometry_types": [], **column}
    return {"geo": json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geometry}})}


def parquet(path: Path, columns: dict[str, Any], *, row_group: int = 700, **geometry: Any) -> Path:
    table = pa.table(columns)
    if "geometry" in columns:
        table = table.replace_schema_metadata(metadata(**geometry))
    pq.write_table(table, path, row_group_size=row_group)
    return path


def wkb_places(path: Path) -> Path:
    return parquet(path, {"geometry": list(shapely.to_wkb(shapely.points(LONLAT))), "id": IDS})


def lonlat_places(path: Path) -> Path:
    return parquet(path, {"lat": LONLAT[:, 1], "id": IDS, "lon": LONLAT[:, 0]})


def big_endian_places(path: Path) -> Path:
    shapes = list(shapely.to_wkb(shapely.points(LONLAT), byte_order=0))
    return parquet(path, {"geometry": pa.array(shapes, pa.large_binary()), "id": pa.array(IDS, pa.large_string())})


def geojson_areas(path: Path) -> Path:
    features = [
        {"type": "Feature", **named, "geometry": json.loads(shapely.to_geojson(shape))}
        for number, (area, shape) in enumerate(AREAS.items())
        for named in ({"id": area, "properties": None} if number % 2 else {"properties": {"id": area}},)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def parquet_areas(path: Path) -> Path:
    return parquet(path, {"id": list(AREAS), "geometry": list(shapely.to_wkb(list(AREAS.values())))})


def matched(
    places: Path, areas: Path, out: Path, *, workers: int = 2, batch: int = 900, within_m: float = 0.0
) -> tuple[bulk.Summary, list[tuple[str, Problem]]]:
    problems: list[tuple[str, Problem]] = []
    done = bulk.match(
        places,
        areas,
        out,
        now=NOW,
        workers=workers,
        batch=batch,
        within_m=within_m,
        tell=lambda file, problem: problems.append((file.name, problem)),
        progress=lambda _share, _pairs: None,
    )
    return done, problems


def rows_of(path: Path) -> list[tuple[str, str, str, float]]:
    if path.suffix == ".parquet":
        columns = pq.read_table(path).to_pydict()
        return list(zip(columns["place"], columns["area"], columns["relation"], columns["distance_m"], strict=True))
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["place", "area", "relation", "distance_m"]
    return [(place, area, relation, float(distance)) for place, area, relation, distance in rows]


def pairs_of(path: Path) -> Pairs:
    return [(place, area) for place, area, _, _ in rows_of(path)]


Maker = Callable[[Path], Path]
EVERY_KIND = [
    pytest.param(csv_places, "p.csv", geojson_areas, "a.geojson", ".csv", id="csv"),
    pytest.param(csv_places, "p.csv", parquet_areas, "a.parquet", ".parquet", id="csv-to-parquet", marks=needs_arrow),
    pytest.param(wkb_places, "p.parquet", geojson_areas, "a.json", ".parquet", id="wkb", marks=needs_arrow),
    pytest.param(wkb_places, "p.parquet", geojson_areas, "a.json", ".csv", id="wkb-to-csv", marks=needs_arrow),
    pytest.param(lonlat_places, "p.parquet", parquet_areas, "a.parquet", ".csv", id="lon-lat", marks=needs_arrow),
    pytest.param(big_endian_places, "p.parquet", geojson_areas, "a.geojson", ".csv", id="big-end", marks=needs_arrow),
]

SQUARE = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "id": 7, "properties": {}, "geometry": shapely.geometry.mapping(shapely.box(0, 0, 10, 10))}
    ],
}


@pytest.fixture
def square(tmp_path: Path) -> Path:
    path = tmp_path / "square.geojson"
    path.write_text(json.dumps(SQUARE))
    return path


# --- the answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("places", "places_name", "areas", "areas_name", "ending"), EVERY_KIND)
def test_rows_equal_brute_force(
    places: Maker, places_name: str, areas: Maker, areas_name: str, ending: str, tmp_path: Path
) -> None:
    out = tmp_path / f"out{ending}"
    done, problems = matched(places(tmp_path / places_name), areas(tmp_path / areas_name), out)
    assert problems == []
    assert pairs_of(out) == (expected := by_brute_force(900))
    assert done == bulk.Summary(places=len(IDS), areas=len(AREAS), rows=len(expected), left_out=0)


def test_the_world_has_what_is_hard() -> None:
    pairs = by_brute_force(10_000)
    assert {area for _, area in pairs} == set(AREAS)
    place = {(lon, lat): IDS[row] for row, (lon, lat) in enumerate(LONLAT.tolist())}
    assert (place[-180.0, 50.0], "one side") in pairs
    assert (place[15.0, 17.5], "hole") in pairs


@pytest.mark.parametrize("ending", [".csv", pytest.param(".parquet", marks=needs_arrow)])
def test_bytes_are_the_same_whatever_the_workers(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PIECE", 50)  # so that batches come in many pieces
    places, areas = csv_places(tmp_path / "p.csv"), geojson_areas(tmp_path / "a.json")
    outs = [tmp_path / f"{workers}{ending}" for workers in (1, 2, 5)]
    for out in outs:
        matched(places, areas, out, workers=int(out.stem), batch=300)
    assert len({out.read_bytes() for out in outs}) == 1
    assert pairs_of(outs[0]) == by_brute_force(300)


def test_without_a_compiler_rows_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.match.points.kernel", lambda: None)
    matched(csv_places(tmp_path / "p.csv"), geojson_areas(tmp_path / "a.json"), tmp_path / "out.csv")
    assert pairs_of(tmp_path / "out.csv") == by_brute_force(900)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_last_row_of_a_batch_counts(size: int, square: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,lon,lat\na,1,1\nb,2,2\nc,3,3\n")
    matched(tmp_path / "p.csv", square, tmp_path / "out.csv", batch=size)
    assert rows_of(tmp_path / "out.csv") == [(one, "7", "inside", 0.0) for one in "abc"]


@pytest.mark.parametrize("ending", [".csv", pytest.param(".parquet", marks=needs_arrow)])
def test_no_pair_gives_a_file_without_rows(ending: str, square: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,lon,lat\na,50,50\n")
    done, _ = matched(tmp_path / "p.csv", square, tmp_path / f"out{ending}")
    assert (done.rows, rows_of(tmp_path / f"out{ending}")) == (0, [])


def test_semicolons_and_decimal_commas_are_read(square: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(b"\xef\xbb\xbfid;lat;lon;;\r\na;1,5;2,5;;\r\n\r\nb;1;99;;\r\n")
    done, problems = matched(tmp_path / "p.csv", square, tmp_path / "out.csv")
    assert (done.places, problems, pairs_of(tmp_path / "out.csv")) == (2, [], [("a", "7")])


def test_a_document_of_a_feed_gives_its_events(tmp_path: Path) -> None:
    (tmp_path / "alert.cap").write_bytes(cap("a", polygon="50,10 50,11 51,11 51,10 50,10"))
    (tmp_path / "p.csv").write_text("id,lon,lat\nin,10.5,50.5\nout,13.5,52.5\n")
    done, problems = matched(tmp_path / "p.csv", tmp_path / "alert.cap", tmp_path / "out.csv")
    assert (done.areas, problems) == (1, [])
    assert [place for place, _ in pairs_of(tmp_path / "out.csv")] == ["in"]


def test_features_of_one_id_are_one_area(tmp_path: Path) -> None:
    boxes = [shapely.box(0, 0, 10, 10), shapely.box(5, 5, 20, 20)]
    features = [{"type": "Feature", "id": "a", "geometry": shapely.geometry.mapping(box)} for box in boxes]
    (tmp_path / "a.json").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (tmp_path / "p.csv").write_text("id,lon,lat\nboth,7,7\none,1,1\nother,15,15\nnone,1,15\n")
    matched(tmp_path / "p.csv", tmp_path / "a.json", tmp_path / "out.csv")
    assert pairs_of(tmp_path / "out.csv") == [("both", "a"), ("one", "a"), ("other", "a")]


@needs_arrow
def test_reading_holds_a_piece_of_the_file_only(tmp_path: Path) -> None:
    """Many row groups, and one that is all of the file: neither is held whole."""
    rows = 800_000
    shapes = shapely.to_wkb(shapely.points(np.random.default_rng(1).uniform(-90, 90, (rows, 2))))
    for row_group in (10_000, rows):
        path = tmp_path / f"{row_group}.parquet"
        parquet(path, {"id": [str(row) for row in range(rows)], "geometry": shapes}, row_group=row_group)
        before = pa.total_allocated_bytes()
        held = [pa.total_allocated_bytes() - before for _ in arrow.place_rows(path, 10_000, threads=True)]
        assert len(held) == 80
        assert max(held) < 12_000_000 < path.stat().st_size


# --- what is not sound --------------------------------------------------------------------------------------------

BAD_CSV = """id,lon,lat,note
a,1,1,
SECRET,,1,
,1,1,
b,SECRET,1,
c,181,1,
d,1,91,
e,nan,1,
f,1_0,1,
g,1,1
"two
lines",1,1,
h,2,2,SECRET,SECRET
i,2,2,
"""


def test_csv_rows_are_named_by_line_and_never_by_content(square: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(BAD_CSV)
    done, problems = matched(tmp_path / "p.csv", square, tmp_path / "out.csv", batch=100)
    assert [problem.at for _, problem in problems] == [f"line {line}" for line in (3, 4, 5, 6, 7, 8, 9, 10, 13)]
    assert "SECRET" not in str(problems)
    assert (done.places, done.left_out) == (3, 9)
    assert [place for place, _ in pairs_of(tmp_path / "out.csv")] == ["a", "two\nlines", "i"]


@needs_arrow
def test_parquet_rows_are_named_by_row(square: Path, tmp_path: Path) -> None:
    point = shapely.to_wkb(shapely.Point(1, 1))
    line = shapely.to_wkb(shapely.LineString([(0, 0), (1, 1)]))
    empty = shapely.to_wkb(shapely.Point())
    shapes = [point, None, line, b"SECRET", point, empty, point]
    parquet(tmp_path / "p.parquet", {"id": ["a", "b", "c", "d", None, "f", "g"], "geometry": shapes})
    done, problems = matched(tmp_path / "p.parquet", square, tmp_path / "out.csv", batch=4)
    assert [problem.at for _, problem in problems] == [f"row {row}" for row in (2, 3, 4, 5, 6)]
    assert (done.places, done.left_out, pairs_of(tmp_path / "out.csv")) == (2, 5, [("a", "7"), ("g", "7")])


def test_unsound_areas_are_repaired_or_refused_by_position(tmp_path: Path) -> None:
    shapes: list[Any] = [
        {"type": "Polygon", "coordinates": [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]},  # a bow tie
        {"type": "Polygon", "coordinates": [[[170, 0], [190, 0], [190, 10], [170, 10], [170, 0]]]},
        {"type": "Polygon", "coordinates": [["SECRET"]]},
        None,
    ]
    features = [{"type": "Feature", "id": number, "geometry": shape} for number, shape in enumerate(shapes)]
    features.append({"type": "Feature", "geometry": shapely.geometry.mapping(shapely.box(0, 0, 1, 1))})
    (tmp_path / "a.json").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (tmp_path / "p.csv").write_text("id,lon,lat\nbow,9,5\nwest,-175,5\neast,175,5\n")
    _, problems = matched(tmp_path / "p.csv", tmp_path / "a.json", tmp_path / "out.csv")
    assert pairs_of(tmp_path / "out.csv") == [("bow", "0"), ("west", "1"), ("east", "1")]
    assert {problem.at.partition("]")[0] for _, problem in problems if not problem.is_repaired} == {
        "features[2", "features[3", "features[4",
    }  # fmt: skip
    assert "SECRET" not in str(problems)


CANNOT = [
    pytest.param("p.csv", "id,lat\na,1\n", "lon", id="no-column"),
    pytest.param("p.csv", "id,lon,lat,lon\na,1,1,1\n", "lon", id="column-twice"),
    pytest.param("p.csv", "", "header", id="empty"),
    pytest.param("p.csv", 'id,lon,lat\n"a,1,1\n', "line 2", id="open-quote"),
    pytest.param("p.csv", b"id,lon,lat\n\xff,1,1\n", "UTF-8", id="not-utf-8"),
    pytest.param("p.xlsx", "x", "csv or .parquet", id="ending"),
    pytest.param("p.parquet", "PAR1 and no more", "not Parquet", id="not-parquet", marks=needs_arrow),
]


@pytest.mark.parametrize(("name", "body", "said"), CANNOT)
def test_a_file_that_cannot_be_read_leaves_nothing(
    name: str, body: str | bytes, said: str, square: Path, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(body.encode() if isinstance(body, str) else body)
    before = set(tmp_path.iterdir())
    with pytest.raises(ConfigError, match=said):
        matched(tmp_path / name, square, tmp_path / "out.csv")
    assert set(tmp_path.iterdir()) == before


METRES = {"crs": {"id": {"authority": "EPSG", "code": 3857}}}


@needs_arrow
@pytest.mark.parametrize(
    ("columns", "geometry", "said"),
    [
        pytest.param({"geometry": [b""]}, {}, "no column id", id="no-id"),
        pytest.param({"id": ["a"]}, {}, "neither", id="no-position"),
        pytest.param({"id": ["a"], "geometry": [b""]}, {"encoding": "point"}, "WKB", id="not-wkb"),
        pytest.param({"id": ["a"], "geometry": [b""]}, {"crs": None}, "WGS 84", id="no-system"),
        pytest.param(
            {"id": ["a"], "geometry": [b""]}, METRES, "WGS 84", id="metres"
        ),
        pytest.param({"id": [1.5], "lon": [1.0], "lat": [1.0]}, {}, "texts", id="id-no-text"),
        pytest.param({"id": ["a"], "lon": ["1"], "lat": [1.0]}, {}, "numbers", id="degrees-as-text"),
    ],
)  # fmt: skip
def test_parquet_that_says_too_little_is_refused(
    columns: dict[str, Any], geometry: dict[str, Any], said: str, square: Path, tmp_path: Path
) -> None:
    parquet(tmp_path / "p.parquet", columns, **geometry)
    with pytest.raises(ConfigError, match=said):
        matched(tmp_path / "p.parquet", square, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@needs_arrow
def test_whole_numbers_and_dictionaries_are_ids(square: Path, tmp_path: Path) -> None:
    parquet(tmp_path / "n.parquet", {"id": [12, 13], "lon": [1.0, None], "lat": [1, 1]})
    parquet(tmp_path / "d.parquet", {"id": pa.array(["x", "y"]).dictionary_encode(), "lon": [1, 50], "lat": [1, 1]})
    found = []
    for name in ("n", "d"):
        matched(tmp_path / f"{name}.parquet", square, tmp_path / "out.csv")
        found += pairs_of(tmp_path / "out.csv")
    assert found == [("12", "7"), ("x", "7")]


@pytest.mark.parametrize(
    "body", ["[]", "{", '{"type": "FeatureCollection", "features": []}', '{"features": [1]}'],
    ids=["list", "no-json", "empty", "no-feature"],
)  # fmt: skip
def test_areas_that_cannot_be_read_are_an_error(body: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,lon,lat\na,1,1\n")
    (tmp_path / "a.json").write_text(body)
    with pytest.raises(ConfigError):
        matched(tmp_path / "p.csv", tmp_path / "a.json", tmp_path / "out.csv")


# --- whole or nothing ---------------------------------------------------------------------------------------------


def test_an_input_is_not_written_over(square: Path, tmp_path: Path) -> None:
    places = csv_places(tmp_path / "p.csv")
    with pytest.raises(ConfigError, match="written over"):
        matched(places, square, places)
    assert places.stat().st_size > 1000


def test_a_folder_that_is_not_there_is_one_sentence(square: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        matched(csv_places(tmp_path / "p.csv"), square, tmp_path / "none" / "out.csv")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_leaves_what_was_there(workers: int, square: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("older")
    places = csv_places(tmp_path / "p.csv")
    before = set(tmp_path.iterdir())

    def interrupt(_share: float, _pairs: int) -> None:
        assert set(tmp_path.iterdir()) != before  # it is being written
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bulk.match(
            places, square, tmp_path / "out.csv", now=NOW, workers=workers, batch=100,
            tell=lambda _file, _problem: None, progress=interrupt,
        )  # fmt: skip
    assert set(tmp_path.iterdir()) == before
    assert (tmp_path / "out.csv").read_text() == "older"


@pytest.mark.parametrize("ending", [".csv", pytest.param(".parquet", marks=needs_arrow)])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_command_and_leaves_nothing(
    number: signal.Signals, code: int, ending: str, square: Path, tmp_path: Path
) -> None:
    """The places come through a pipe that never ends, so the command is at work whenever the signal comes."""
    pipe = tmp_path / "p.csv"
    os.mkfifo(pipe)
    command = "import sys; sys.modules['numba'] = None; from tocsin.cli import main; main()"
    arguments = ["match", str(pipe), str(square), "-o", str(tmp_path / f"out{ending}")]
    process = subprocess.Popen([sys.executable, "-c", command, *arguments], stderr=subprocess.PIPE)  # noqa: S603
    with pipe.open("w") as feed:  # opens when the command does
        feed.write("id,lon,lat\na,1,1\n")
        feed.flush()
        until = time.monotonic() + 60
        while not list(tmp_path.glob(".out.*")) and time.monotonic() < until:
            assert process.poll() is None
        assert list(tmp_path.glob(".out.*"))
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert b"Traceback" not in said
    assert {path.name for path in tmp_path.iterdir()} == {"p.csv", "square.geojson"}


# --- the command --------------------------------------------------------------------------------------------------

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command line."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tocsin", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


def test_command_says_how_many(run: Run, square: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,lon,lat\na,1,1\nb,50,50\n")
    code, out, err = run("match", tmp_path / "p.csv", square, "-o", tmp_path / "out.csv")
    assert (code, out) == (0, "")
    assert "2 places, 1 areas: 1 pairs" in err


def test_command_names_a_hundred_problems_and_counts_the_rest(run: Run, square: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,lon,lat\na,1,1\n" + "b,SECRET,1\n" * 105)
    code, _, err = run("match", tmp_path / "p.csv", square, "-o", tmp_path / "out.csv", "--workers", 1)
    assert code == 3
    assert err.count("problem: there is no position on Earth; left out (at line") == 100
    assert "and 5 more problems" in err
    assert "1 places, 105 left out" in err
    assert "SECRET" not in err


@pytest.mark.parametrize(("places", "out"), [("p.parquet", "out.csv"), ("p.csv", "out.parquet")])
def test_without_the_extra_parquet_says_which(
    places: str, out: str, run: Run, square: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    arrow._pyarrow.cache_clear()  # noqa: SLF001  what was imported before
    (tmp_path / places).write_text("id,lon,lat\na,1,1\n")
    code, _, err = run("match", tmp_path / places, square, "-o", tmp_path / out)
    arrow._pyarrow.cache_clear()  # noqa: SLF001
    assert code == 2
    assert 'pip install "tocsin[geo]"' in err
    assert not (tmp_path / out).exists()


def test_without_the_extra_csv_works(run: Run, square: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "p.csv").write_text("id,lon,lat\na,1,1\n")
    code, _, _ = run("match", tmp_path / "p.csv", square, "-o", tmp_path / "out.csv")
    assert (code, pairs_of(tmp_path / "out.csv")) == (0, [("a", "7")])
