"""The file of a place index: what is written comes back, and whatever is wrong with it is said."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from tocsin.errors import StoreError
from tocsin.match.grid import EAST, NORTH
from tocsin.match.points import Points
from tocsin.placefile import open_points, verify, write

TABLE, OTHER = bytes(range(32)), bytes(32)
HEADER = 128


def some(count: int = 2000) -> Points:
    return Points.at(np.random.default_rng(5).integers(0, (EAST, NORTH), (count, 2)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "places.index"


@pytest.mark.parametrize("count", [0, 1, 3, 2000])
def test_what_is_written_comes_back(path: Path, count: int) -> None:
    points = some(count)
    write(path, points, table=TABLE)
    verify(path)
    found = open_points(path, table=TABLE)
    for one, other in ((found.codes, points.codes), (found.ids, points.ids), (found.starts, points.starts)):
        assert np.array_equal(one, other)


def test_mapped_points_answer_like_those_in_memory(path: Path) -> None:
    points = some()
    write(path, points, table=TABLE)
    area = shapely.Polygon([(-180, -90), (180, -89), (-60, 90)])
    slices = open_points(path, table=TABLE).slices(area)
    assert np.array_equal(slices, points.slices(area))
    assert len(slices) > 0


def test_mapped_points_cannot_be_changed(path: Path) -> None:
    write(path, some(), table=TABLE)
    with pytest.raises(ValueError, match="read-only"):
        open_points(path, table=TABLE).codes[0] = 1


@pytest.mark.parametrize("count", [50_000, 65_535, 65_536])
def test_a_place_takes_at_most_thirteen_bytes(path: Path, count: int) -> None:
    write(path, some(count), table=TABLE)
    assert path.stat().st_size <= 13 * count + HEADER + 4


def test_same_places_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write(path, some(), table=TABLE)
    write(tmp_path / "again", some(), table=TABLE)
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


def test_unsorted_points_are_refused(path: Path) -> None:
    points = some()
    swapped = Points(points.codes[::-1].copy(), points.ids, points.starts)
    with pytest.raises(ValueError, match="not sorted"):
        write(path, swapped, table=TABLE)
    assert not path.exists()


def test_arrays_of_different_points_are_refused(path: Path) -> None:
    points = some()
    with pytest.raises(ValueError, match="belong together"):
        write(path, Points(points.codes, points.ids, some(1999).starts), table=TABLE)
    with pytest.raises(ValueError, match="belong together"):
        write(path, Points(points.codes, points.ids[1:], points.starts), table=TABLE)


def test_digest_of_the_table_has_its_length(path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        write(path, some(), table=b"short")


def damaged(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda _: b"", "not a place index", id="empty"),
        pytest.param(lambda _: b"id,name,lat,lon\n" * 20, "not a place index", id="another-file"),
        pytest.param(lambda body: damaged(body, 8), "version 0", id="version"),
        pytest.param(lambda body: damaged(body, 17), "header .* damaged", id="count"),
        pytest.param(lambda body: damaged(body, 30), "header .* damaged", id="table"),
        pytest.param(lambda body: damaged(body, 125), "header .* damaged", id="padding"),
        pytest.param(lambda body: body[:-1], "not whole", id="cut"),
        pytest.param(lambda body: body + b"\0", "not whole", id="longer"),
    ],
)
def test_damaged_file_is_not_opened(path: Path, change: Any, message: str) -> None:
    write(path, some(), table=TABLE)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(StoreError, match=message):
        open_points(path, table=TABLE)


@pytest.mark.parametrize("at", [HEADER, HEADER + 8 * 2000 + 5, -3])
def test_bit_that_turned_in_the_body_is_found_by_verify(path: Path, at: int) -> None:
    write(path, some(), table=TABLE)
    body = path.read_bytes()
    path.write_bytes(damaged(body, at % len(body)))
    open_points(path, table=TABLE)
    with pytest.raises(StoreError, match="checksum"):
        verify(path)


def test_index_of_other_places_is_not_opened(path: Path) -> None:
    write(path, some(), table=TABLE)
    with pytest.raises(StoreError, match="other places"):
        open_points(path, table=OTHER)


def test_missing_file_is_told(path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_points(path, table=TABLE)


def test_full_disk_leaves_the_old_file_and_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, some(), table=TABLE)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="room on the disk"):
        write(path, some(30), table=TABLE)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_reader_of_the_old_file_keeps_it(path: Path) -> None:
    write(path, some(), table=TABLE)
    old = open_points(path, table=TABLE)
    expected = old.codes.copy()
    write(path, some(30), table=TABLE)
    assert np.array_equal(old.codes, expected)
    assert len(open_points(path, table=TABLE)) == 30
