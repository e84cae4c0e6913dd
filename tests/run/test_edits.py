"""A places file that is edited while Tocsin runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tocsin.errors import ConfigError
from tocsin.gate import inlets
from tocsin.run.edits import PlacesFile

HEADER = "id,name,lat,lon\n"
ROWS = ["a,Depot,50,8\n", "b,School,51,9\n", "c,Harbour,52,10\n"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "places.csv"
    path.write_text(HEADER + "".join(ROWS))
    return path


def edit(path: Path, *rows: str) -> None:
    """Write other rows; the file's time moves on, as it does where a second passes between two edits."""
    before = path.stat().st_mtime_ns
    path.write_text(HEADER + "".join(rows))
    os.utime(path, ns=(before + 10**9, before + 10**9))


def ids(places: PlacesFile) -> list[str] | None:
    found = places.edited()
    return None if found is None else [place.id for place in found]


def test_file_that_is_not_edited_gives_nothing(path: Path) -> None:
    places = PlacesFile(path)
    assert [ids(places) for _ in range(3)] == [None, None, None]


def test_edit_is_taken_when_the_file_stands_still(path: Path) -> None:
    places = PlacesFile(path)
    edit(path, ROWS[0])
    assert ids(places) is None
    edit(path, ROWS[0], ROWS[2])
    assert ids(places) is None  # somebody is still writing
    assert ids(places) == ["a", "c"]
    assert ids(places) is None


def test_file_that_was_replaced_is_taken(path: Path) -> None:
    places = PlacesFile(path)
    path.with_name("new").write_text(HEADER + ROWS[1])
    path.with_name("new").replace(path)
    assert [ids(places), ids(places)] == [None, ["b"]]


def test_refused_edit_is_said_once_and_the_next_is_taken(path: Path) -> None:
    places = PlacesFile(path)
    edit(path, ROWS[0], "b,School,51,900\n")
    assert ids(places) is None
    with pytest.raises(ConfigError, match="row 3"):
        places.edited()
    assert ids(places) is None
    edit(path, ROWS[0], "b,School,51,90\n")
    assert [ids(places), ids(places)] == [None, ["a", "b"]]


def test_file_that_is_away_changes_nothing(path: Path) -> None:
    places = PlacesFile(path)
    path.rename(path.with_name("away"))
    assert [ids(places), ids(places)] == [None, None]
    path.with_name("away").rename(path)
    assert [ids(places), ids(places)] == [None, None]


def test_only_rows_that_are_new_are_checked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = PlacesFile(path)
    before = {place.id: place for place in places.listed.places}
    checked: list[str] = []
    monkeypatch.setattr(inlets, "why_not_name", checked.append)
    edit(path, ROWS[2], "n,New,53,11\n", ROWS[0])
    places.edited()
    found = {place.id: place for place in places.edited() or ()}
    assert checked == ["New", "", ""]
    assert list(found) == ["c", "n", "a"]
    assert found["c"] is before["c"]
    assert found["n"].geocodes  # which country it lies in is found for it too


def test_row_that_stands_there_twice_is_refused(path: Path) -> None:
    places = PlacesFile(path)
    edit(path, ROWS[0], ROWS[0])
    places.edited()
    with pytest.raises(ConfigError, match="id a stands in row 2 already"):
        places.edited()


def test_what_places_have_in_common_is_held_once(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    columns = "kind,timezone,languages,shifts,traits,headcount\n"
    alike = "depot,Europe/Berlin,de fr,Mon-Fri 06:00-14:00 120,basement,4000\n"
    path.write_text(HEADER.replace("\n", f",{columns}") + f"a,A,50,8,{alike}b,B,51,9,{alike}")
    one, other = PlacesFile(path).listed.places
    for column in ("kind", "timezone", "languages", "shifts", "traits", "headcount", "geocodes"):
        assert getattr(one, column), column
        assert getattr(one, column) is getattr(other, column), column
