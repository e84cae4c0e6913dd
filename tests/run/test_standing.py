"""The kept order of a large estate: opened when it stands and is sound, else made anew and written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import structlog
from shapely import Point, box

from tocsin import match, placefile
from tocsin.match.grid import EAST, NORTH, Whole, encode
from tocsin.match.points import Points
from tocsin.match.raster import Ids
from tocsin.model import Place
from tocsin.run.standing import beside, kept_at, table_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.places"


def some(seed: int = 5) -> tuple[Whole, Ids]:
    codes = encode(np.random.default_rng(seed).integers(0, (EAST, NORTH), (500, 2)))
    return codes, np.arange(500, dtype=np.uint32)


def is_mapped(points: Points) -> bool:
    return not points.codes.flags.owndata


def same(one: Points, other: Points) -> bool:
    return np.array_equal(one.codes, other.codes) and np.array_equal(one.ids, other.ids)


def told(path: Path, codes: Whole, ids: Ids) -> tuple[Points, list[str]]:
    """Return the points, and the codes of what was logged."""
    with structlog.testing.capture_logs() as lines:
        return kept_at(path)(codes, ids), [line["code"] for line in lines]


def test_it_is_written_once_and_then_opened(path: Path) -> None:
    codes, ids = some()
    first, said = told(path, codes, ids)
    written = path.stat()
    again, said_again = told(path, codes, ids)
    assert same(first, Points.of(codes, ids))
    assert same(again, first)
    assert is_mapped(first)
    assert is_mapped(again)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (written.st_mtime_ns, written.st_ino)
    assert said == said_again == []


def test_nobody_else_may_read_it(path: Path) -> None:
    told(path, *some())
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("at", [0, 17, 128, -3], ids=["magic", "header", "codes", "directory"])
def test_damaged_file_is_made_anew_and_said(path: Path, at: int) -> None:
    codes, ids = some()
    told(path, codes, ids)
    body = bytearray(path.read_bytes())
    body[at] ^= 1
    path.write_bytes(body)
    found, said = told(path, codes, ids)
    assert same(found, Points.of(codes, ids))
    assert said == ["index-not-of-these-places"]
    placefile.verify(path)


def test_file_of_other_places_is_made_anew(path: Path) -> None:
    told(path, *some(6))
    codes, ids = some()
    found, said = told(path, codes, ids)
    assert same(found, Points.of(codes, ids))
    assert said == ["index-not-of-these-places"]
    placefile.open_points(path, table=table_of(codes, ids))


def test_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    codes, ids = some()
    found, said = told(tmp_path / "absent" / "tocsin.places", codes, ids)
    assert same(found, Points.of(codes, ids))
    assert said == ["index-not-written"]


def test_places_that_change_their_order_are_other_places() -> None:
    codes, ids = some()
    assert table_of(codes, ids) != table_of(codes[::-1].copy(), ids)


def test_only_a_large_estate_has_a_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [Place(id=str(x), name="", geometry=Point(x, 50)) for x in range(4)]
    match.PlaceIndex(places, sort=kept_at(path))
    assert not path.exists()
    monkeypatch.setattr(match, "SORTED_FROM", 4)
    for _ in range(2):
        index = match.PlaceIndex(places, sort=kept_at(path))
        assert index.near([box(0.5, 49, 2, 51)], within_m=0).place.tolist() == [1, 2]
    assert path.exists()


@pytest.mark.parametrize(("database", "name"), [("tocsin.db", "tocsin.places"), ("data", "data.places")])
def test_it_stands_beside_the_database(database: str, name: str) -> None:
    assert beside(Path("/srv") / database) == Path("/srv") / name
