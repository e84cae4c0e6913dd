"""What a worker of Spark does with the rows it is given, and what is said where Spark is not there. Needs no Spark."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bulk import IDS, LONLAT, by_brute_force, geojson_areas

from tocsin import cli, geo
from tocsin.errors import ConfigError
from tocsin.match.edges import edges_of
from tocsin.run.bulk import arrow, lookup, spark
from tocsin.run.bulk.areas import Areas, read_areas
from tocsin.run.bulk.lookup import Lookup
from worlds import NOW

pa: Any = pytest.importorskip("pyarrow", reason="pyarrow (the extra geo) is not installed")
COLUMNS = arrow.Columns(None)


def pieces(size: int, taken: list[int]) -> Iterator[Any]:
    """Yield the world as a task gets it, and note what was taken."""
    for start in range(0, len(IDS), size):
        lon, lat = LONLAT[start : start + size].T
        taken.append(len(lon))
        yield pa.record_batch([IDS[start : start + size], lon, lat], names=COLUMNS.names)


@pytest.mark.parametrize(("given_rows", "size"), [(7, 900), (900, 7_000), (3_000, 250)])
def test_a_task_finds_the_rows_of_geos(given_rows: int, size: int, tmp_path: Path) -> None:
    areas, _ = read_areas(geojson_areas(tmp_path / "a.json"), now=NOW)
    rows = [
        (row["place"], row["area"])
        for made in spark.pairs_of(pieces(given_rows, []), Lookup(areas), COLUMNS, size=size)
        for row in made.to_pylist()
    ]
    assert rows == by_brute_force(size)


def test_a_whole_city_in_one_task_is_taken_a_batch_at_a_time(tmp_path: Path) -> None:
    areas, _ = read_areas(geojson_areas(tmp_path / "a.json"), now=NOW)
    taken: list[int] = []
    next(spark.pairs_of(pieces(100, taken), Lookup(areas), COLUMNS, size=500))
    assert sum(taken) == 500


def test_unsound_rows_are_counted() -> None:
    rows = pa.record_batch([["a", "", None, "d"], [0.0, 0.0, 0.0, 181.0], [0.0] * 4], names=COLUMNS.names)
    assert [one.to_pylist() for one in spark.tallies([rows], COLUMNS)] == [[{"places": 1, "left_out": 3}]]


# --- near ---------------------------------------------------------------------------------------------------------

SQUARE = shapely.box(10, 10, 11, 11)


@settings(max_examples=60, deadline=None)
@given(spot=st.tuples(st.floats(9, 12), st.floats(9, 12)), within_m=st.floats(1, 150_000))
def test_near_is_what_lies_within_reach_by_the_geodesic(spot: tuple[float, float], within_m: float) -> None:
    found = looked_up([spot], within_m)
    metres = geo.distance_m(shapely.Point(spot), SQUARE)
    if abs(metres - within_m) > 1 and (metres == 0 or metres > 1):
        assert len(found.places) == (metres <= within_m)
    if len(found.places):
        assert found.metres[0] == pytest.approx(metres, abs=0.02)


def looked_up(spots: list[tuple[float, float]], within_m: float) -> lookup.Pairs:
    areas = Areas(("a",), (SQUARE,), (edges_of(SQUARE),))
    one = Lookup(areas, within_m)
    (piece,) = one.find(np.array(spots)).pieces()
    return one.pairs(piece)


def test_near_and_inside_stand_in_order_of_place() -> None:
    found = looked_up([(11.001, 10.5), (10.5, 10.5), (11, 10.5), (12, 10.5), (10.5, 9.999)], 500)
    assert found.places.tolist() == [0, 1, 2, 4]
    # Source: a degree on the WGS 84 ellipsoid is 109.47 km of longitude and 110.6 km of latitude there.
    assert found.metres.tolist() == pytest.approx([109.47, 0, 0, 110.61], abs=0.5)


def test_command_writes_near_places_with_metres(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places, areas, out = tmp_path / "p.csv", tmp_path / "a.geojson", tmp_path / "out.csv"
    places.write_text("id,lon,lat\nin,10.5,10.5\nby,11.001,10.5\nfar,12,10\n")
    feature = f'{{"type": "Feature", "id": "a", "properties": {{}}, "geometry": {shapely.to_geojson(SQUARE)}}}'
    areas.write_text(f'{{"type": "FeatureCollection", "features": [{feature}]}}')
    command = ["match", str(places), str(areas), "-o", str(out), "--within", "500"]
    cli.tocsin.main(command, standalone_mode=False)
    assert out.read_text().splitlines()[1:] == ["in,a,inside,0", "by,a,near,109.47"]
    capsys.readouterr()


# --- without Spark ------------------------------------------------------------------------------------------------


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ConfigError, match=r"tocsin\[spark\]"), spark.session("local[1]"):
        pass


def test_without_java_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spark, "_builder", _Builder)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    with pytest.raises(ConfigError, match="Java 17"), spark.session("local[1]"):
        pass


class _Builder:
    def master(self, _master: str) -> _Builder:
        return self
