"""The hostile geometries of ../shared: each gives what its row expects, within 100 ms and 200 MB."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from lxml import etree
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from tocsin import geo, regions
from tocsin.errors import FormatError
from tocsin.model import Problem

MOST_S, MOST_MB = 0.1, 200
AT = "polygon[1]"

Found = tuple[BaseGeometry, tuple[Problem, ...]]


def says(problems: tuple[Problem, ...], word: str) -> bool:
    return any(word in problem.message and problem.is_repaired for problem in problems)


# What a vector's `expect` asks of the geometry and its problems; None: only a refusal will do.
EXPECTED: Mapping[str, Callable[[BaseGeometry, tuple[Problem, ...]], bool] | None] = {
    "reject": None,
    "flag no-area": None,  # the reader makes a Problem of it, and the area is unplaced
    "reject or flag": lambda _, problems: bool(problems),
    "reject-or-hull within 1 s": lambda _, problems: says(problems, "convex hull"),
    "repair or flag": lambda _, problems: says(problems, ""),
    "accept": lambda _, problems: not problems,
    "point, accept": lambda found, problems: found.geom_type == "Point" and not problems,
    "antimeridian-or-flag": lambda found, problems: found.area == pytest.approx(2.0) and says(problems, "beyond 180"),
    "small area across 180, not the whole world": lambda found, _: found.area == pytest.approx(2.0),
    "contains the pole": lambda found, _: found.covers(Point(45, 90)),
    "flag too-large": lambda _, problems: says(problems, "half the world"),
    "repair: spike removed": lambda found, problems: found.bounds[3] == 51 and says(problems, "crosses itself"),
    "plausible, area far from sender's country -> flag": lambda found, _: regions.is_far(found, ["DE"]),
}


def within_limits(read: Callable[[], Found]) -> Found | None:
    """Return what was read, None when it was refused, having measured how long that took."""
    before = time.process_time()
    try:
        found = read()
    except FormatError:
        found = None
    assert time.process_time() - before < MOST_S
    return found


def cap_vectors(shared: Path) -> Iterator[dict[str, str]]:
    for line in (shared / "vectors/geo/cap_geometry.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def read_cap(vector: Mapping[str, str]) -> Found:
    if "cap_circle" in vector:
        return geo.cap_circle(vector["cap_circle"], at=AT)
    return geo.cap_polygon(vector["cap_polygon"], at=AT)


@pytest.mark.shared
def test_cap_geometry(shared: Path) -> None:
    wrong = []
    for vector in cap_vectors(shared):
        found = within_limits(partial(read_cap, vector))
        asked = EXPECTED[vector["expect"]]
        is_right = found is None if asked is None else found is not None and asked(*found)
        if not is_right and not (found is None and vector["expect"].startswith("reject")):
            wrong.append(vector["name"])
    assert wrong == []


def read_geojson(value: Any) -> Found:
    found, problems = geo.from_geojson(value, at="g")
    assert found is not None
    return found, problems


def jts_shapes(shared: Path) -> Iterator[tuple[str, BaseGeometry]]:
    """Yield the shapes of the JTS tests as they are, and fitted into one degree of Germany."""
    for path in sorted((shared / "vectors/geo/jts").glob("*.xml")):
        for element in etree.parse(path).iter("a", "b"):
            text = (element.text or "").strip()
            with np.errstate(invalid="ignore"):
                found = shapely.from_wkt(text, on_invalid="ignore") if text[:1].isalpha() else None
            if found is None or found.is_empty or not np.isfinite(shapely.get_coordinates(found)).all():
                continue
            yield path.name, found
            west, south, east, north = found.bounds
            fit = partial(fitted, corner=(west, south), scale=max(east - west, north - south) or 1.0)
            yield path.name, shapely.transform(found, fit)


def fitted(positions: Any, *, corner: tuple[float, float], scale: float) -> Any:
    return (positions - corner) / scale + (8, 50)


@pytest.mark.shared
def test_jts_shapes_become_valid_or_are_refused(shared: Path) -> None:
    invalid = 0
    for name, shape in jts_shapes(shared):
        value = json.loads(shapely.to_geojson(shape))
        found = within_limits(partial(read_geojson, value))
        invalid += not shape.is_valid
        assert found is None or found[0].is_valid, name
        # Polygons of one geometry may overlap: they are united, and nothing is said.
        is_one = shape.geom_type == "Polygon"
        assert found is None or shape.is_valid or found[1] or not is_one, f"{name}: repaired in silence"
    assert invalid > 60


@pytest.mark.shared
def test_big_ring_is_refused_at_once(shared: Path) -> None:
    text = gzip.decompress((shared / "vectors/geo/big_ring_300000.txt.gz").read_bytes()).decode()
    assert within_limits(partial(geo.cap_polygon, text, at=AT)) is None


@pytest.mark.shared
def test_many_holes_are_left_out(shared: Path) -> None:
    value = json.loads(gzip.decompress((shared / "vectors/geo/many_holes.geojson.gz").read_bytes()))
    found = within_limits(partial(read_geojson, value))
    assert found is not None
    assert says(found[1], "holes")


@pytest.mark.shared
def test_deep_collection_is_refused(shared: Path) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        value: Any = json.loads((shared / "vectors/geo/deep_collection.geojson").read_text(encoding="utf-8"))
    finally:
        sys.setrecursionlimit(limit)
    assert within_limits(partial(read_geojson, value)) is None


@pytest.mark.shared
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read from Linux's /proc")
def test_all_of_it_in_little_memory(shared: Path) -> None:
    """Run this file's reading in a fresh process, whose peak is then its own."""
    code = f"import sys, pathlib; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_geo_vectors as t; "
    code += f"print(t.peak_mb(pathlib.Path({str(shared)!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert float(done.stdout) < MOST_MB


def peak_mb(shared: Path) -> float:
    test_cap_geometry(shared)
    test_jts_shapes_become_valid_or_are_refused(shared)
    test_big_ring_is_refused_at_once(shared)
    test_many_holes_are_left_out(shared)
    # Not getrusage: Linux hands its peak on from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
