"""`tocsin geocodes`, and what a pack changes in `tocsin check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin import cli
from worlds import NOW, cap, stamp

PLACES = "id,name,lat,lon\nin,Inside depot,50.5,10.5\nout,Outside shop,52.5,13.5\n"
OUTLINE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"code": "DE001", "scheme": "EMMA_ID"},
            "geometry": {"type": "Polygon", "coordinates": [[[10, 50], [11, 50], [11, 51], [10, 51], [10, 50]]]},
        }
    ],
}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return a function that runs a command line in a folder with places, an outline and a coded warning."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "places.csv").write_text(PLACES)
    (tmp_path / "zones.geojson").write_text(json.dumps(OUTLINE))
    (tmp_path / "other.geojson").write_text(json.dumps(OUTLINE).replace("scheme", "list"))
    for code in ("DE001", "DE999"):
        area = f"<geocode><valueName>EMMA_ID</valueName><value>{code}</value></geocode>"
        (tmp_path / f"{code}.cap").write_bytes(without_shape(cap("a", severity="Severe"), area))

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tocsin", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


def without_shape(body: bytes, area: str) -> bytes:
    head, _, rest = body.partition(b"<polygon>")
    return head + area.encode() + rest.partition(b"</polygon>")[2]


def checked(run: Run, warning: str, *more: str) -> dict[str, Any]:
    code, out, _ = run("check", "--json", "--at", stamp(NOW), "--feeds", f"{warning}.cap", *more, "places.csv")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_build_says_what_it_packed_and_show_finds_it(run: Run) -> None:
    code, out, err = run("geocodes", "build", "-o", "my.pack", "zones.geojson")
    assert (code, json.loads(out)["list"], json.loads(out)["codes"]) == (0, "EMMA_ID", 1)
    assert "my.pack" in err
    shown = [json.loads(line) for line in run("geocodes", "show", "--geocodes", "my.pack")[1].splitlines()]
    assert next(row for row in shown if row["list"] == "EMMA_ID")["origin"] == "zones.geojson"


def test_build_reads_what_the_operator_names(run: Run) -> None:
    code, out, _ = run("geocodes", "build", "-o", "my.pack", "CISORP:code=other.geojson")
    assert (code, json.loads(out)["list"]) == (0, "CISORP")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("missing.geojson", "cannot be read", id="missing"),
        pytest.param("places.csv", "neither JSON", id="no-boundaries"),
        pytest.param("other.geojson", "SCHEME:ATTRIBUTE=FILE", id="not-known"),
    ],
)
def test_build_of_something_else_says_what_to_do(run: Run, source: str, words: str) -> None:
    code, _, err = run("geocodes", "build", "-o", "my.pack", source)
    assert code == 2
    assert words in err


def test_at_prints_codes_as_a_places_file_has_them(run: Run) -> None:
    run("geocodes", "build", "-o", "my.pack", "zones.geojson")
    code, out, _ = run("geocodes", "at", "--geocodes", "my.pack", "50.5", "10.5")
    assert (code, out.split()) == (0, ["ISO3166-1:DE", "EMMA_ID:DE001"])
    assert run("geocodes", "at", "--", "0", "-30")[0] == 1


def test_check_with_a_pack_matches_a_code_by_its_outline(run: Run) -> None:
    run("geocodes", "build", "-o", "my.pack", "zones.geojson")
    seen = checked(run, "DE001", "--geocodes", "my.pack")
    assert seen["sources"][0]["areas"] == {"drawn": 0, "exact": 1, "coarse": 0, "unknown": 0}
    inside, outside = seen["places"]
    assert inside["concerns"][0]["relation"] == "inside"
    assert inside["concerns"][0]["evidence"][0]["area_exact"] is True
    assert outside["concerns"] == []


def test_check_of_a_code_that_is_not_known_is_coarse_and_counted(run: Run) -> None:
    run("geocodes", "build", "-o", "my.pack", "zones.geojson")
    seen = checked(run, "DE999", "--geocodes", "my.pack")
    assert seen["sources"][0]["areas"] == {"drawn": 0, "exact": 0, "coarse": 1, "unknown": 0}
    assert [place["concerns"][0]["evidence"][0]["area_exact"] for place in seen["places"]] == [False, False]
    _, out, _ = run("check", "--at", stamp(NOW), "--feeds", "DE999.cap", "--geocodes", "my.pack", "places.csv")
    assert "1 of 1 areas not exact" in " ".join(out.split())


def test_damaged_pack_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "my.pack").write_bytes(b"tocsin-geocodes 1\n" + bytes(60))
    code, _, err = run("geocodes", "show", "--geocodes", "my.pack")
    assert code == 2
    assert "damaged" in err
