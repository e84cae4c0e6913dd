"""Shapes drawn to be slow: none takes longer than a deadline would allow, so that none needs a process to kill.

docs/geometry.md has the figures; `pytest tests/test_geo_hostile.py --durations=0` measures them again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString

from tocsin import geo
from tocsin.errors import FormatError

DEADLINE_S = 2.0  # some 0.5 s on an idle core; two tests share one
SIZES = (100, 1_000, 5_000, 19_990)

Position = Sequence[float]


def polygon(*rings: Sequence[Position]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]] for ring in rings]}


def several(polygons: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "MultiPolygon", "coordinates": [one["coordinates"] for one in polygons]}


def square(west: float, south: float, width: float, height: float) -> dict[str, Any]:
    east, north = west + width, south + height
    return polygon([(west, south), (east, south), (east, north), (west, north)])


def scribbled(size: int, seed: int = 1) -> list[Position]:
    random = Random(seed)
    return [(random.uniform(8, 9), random.uniform(50, 51)) for _ in range(size)]


def crossed_combs(size: int) -> Any:
    teeth = size // 2
    return polygon(
        [(8 + i / teeth, 50 + i % 2) for i in range(teeth)] + [(8 + i % 2, 50 + i / teeth) for i in range(teeth)]
    )


def star(size: int) -> Any:
    step = next(step for step in range(size // 2 - 1, 0, -1) if math.gcd(size, step) == 1)
    turns = [2 * math.pi * i * step / size for i in range(size)]
    return polygon([(8 + math.cos(turn), 50 + math.sin(turn)) for turn in turns])


def fan(size: int) -> Any:
    turns = np.linspace(0, 2 * math.pi, size // 2, endpoint=False)
    return polygon([at for turn in turns for at in ((8, 50), (8 + math.cos(turn), 50 + math.sin(turn)))])


def spikes(size: int) -> Any:
    steps = [8 + i / (size // 4) for i in range(size // 4)]
    return polygon([*[at for x in steps for at in ((x, 50), (x, 80), (x, 50), (x + 1e-6, 50))], (9, 49), (8, 49)])


def slanted_teeth(size: int) -> Any:
    """Return a comb whose edges never meet, though the boxes of all of them do."""
    width = 4 / size
    teeth = [
        (8 + i * width + j * width / 4 + (j in {1, 2}), 51.0 if j in {1, 2} else 50.0)
        for i in range(size // 4)
        for j in range(4)
    ]
    return polygon([*teeth, (10.5, 50), (10.5, 49), (8, 49)])


def nearly_too_many_crossings(size: int) -> Any:
    turns = np.linspace(0, 2 * math.pi, size, endpoint=False)
    ring = [(8 + math.cos(turn), 50 + math.sin(turn)) for turn in turns]
    for i in range(size // 62, size - 2, size // 62 + 1):
        ring[i], ring[i + 1] = ring[i + 1], ring[i]
    return polygon(ring)


def round_the_earth(size: int) -> Any:
    east = [((i * 170.0 + 180) % 360 - 180, 10.0) for i in range(size // 2)]
    return polygon(east + [(lon, 11.0) for lon, _ in reversed(east)])


def line_round_the_earth(size: int) -> Any:
    return {"type": "LineString", "coordinates": [((i * 170.0 + 180) % 360 - 180, 10.0) for i in range(size)]}


def holes_that_overlap(size: int) -> Any:
    turns = np.linspace(0, 2 * math.pi, 4_800 // min(200, size // 10), endpoint=False)
    hole = [(8.5 + 0.2 * math.cos(turn), 50.5 + 0.2 * math.sin(turn)) for turn in turns]
    return polygon([(8, 50), (9, 50), (9, 51), (8, 51)], *[hole] * min(200, size // 10))


def hole_of_scribble(size: int) -> Any:
    return polygon([(7, 49), (10, 49), (10, 52), (7, 52)], scribbled(min(size, 4_900)))


def grid_of_stripes(size: int) -> Any:
    number = size // 10
    across = [square(8, 50 + i / number, 1, 0.4 / number) for i in range(number)]
    return several(across + [square(8 + i / number, 50, 0.4 / number, 1) for i in range(number)])


def nearly_too_many_meetings(_size: int) -> Any:
    return grid_of_stripes(490)


def overlapping_squares(size: int) -> Any:
    return several([square(west, south, 0.5, 0.5) for west, south in scribbled(min(size, 9_995) // 5)])


def nested_squares(size: int) -> Any:
    widths = [1 + i / size for i in range(min(size, 9_995) // 5)]
    return several([square(8 - width, 50 - width, 2 * width, 2 * width) for width in widths])


def many_small_tangles(size: int) -> Any:
    return several([polygon(scribbled(17, seed)) for seed in range(size // 17)])


def lines_and_a_comb(size: int) -> Any:
    line = {"type": "LineString", "coordinates": scribbled(size // 2)}
    return {"type": "GeometryCollection", "geometries": [line, slanted_teeth(size // 2)]}


def many_lines(size: int) -> Any:
    ends = scribbled(min(size, 4_000))
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return {"type": "MultiLineString", "coordinates": [list(pair) for pair in pairs]}


FAMILIES: tuple[Callable[[int], Any], ...] = (
    crossed_combs,
    star,
    fan,
    spikes,
    slanted_teeth,
    nearly_too_many_crossings,
    round_the_earth,
    line_round_the_earth,
    holes_that_overlap,
    hole_of_scribble,
    grid_of_stripes,
    nearly_too_many_meetings,
    overlapping_squares,
    nested_squares,
    many_small_tangles,
    lines_and_a_comb,
    many_lines,
)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_hostile_shape_is_read_before_the_deadline(family: Callable[[int], Any], size: int) -> None:
    value = family(size)
    before = time.process_time()
    try:
        found, _ = geo.from_geojson(value, at="g")
    except FormatError:
        found = None
    assert time.process_time() - before < DEADLINE_S
    assert found is None or found.is_valid


def test_ring_round_the_earth_twice_is_refused() -> None:
    with pytest.raises(FormatError, match="round the Earth"):
        geo.from_geojson(round_the_earth(100), at="g")
    with pytest.raises(FormatError, match="round the Earth"):
        geo.from_geojson(line_round_the_earth(100), at="g")


def test_lines_that_cross_stay_lines() -> None:
    found, problems = geo.from_geojson(many_lines(400), at="g")
    assert found is not None
    assert (found.geom_type, len(shapely.get_parts(found)), problems) == ("MultiLineString", 200, ())


def test_random_ring_is_never_shrunk_and_never_slow() -> None:
    """Whatever the repair, all that the lines enclose is inside: from nearly sound to scribble."""
    random = Random(11)
    for _ in range(100):
        size, slips = random.randint(4, 300), random.randint(0, 30)
        turns = np.linspace(0, 2 * math.pi, size, endpoint=False)
        ring = [(8 + math.cos(turn), 50 + math.sin(turn)) for turn in turns]
        for _ in range(slips):
            i, j = random.randrange(size), random.randrange(size)
            ring[i], ring[j] = ring[j], ring[i]
        before = time.process_time()
        found, _ = geo.from_geojson(polygon(ring), at="g")
        assert time.process_time() - before < DEADLINE_S / 4
        assert found is not None
        assert found.is_valid
        faces = shapely.get_parts(shapely.polygonize([shapely.node(LineString([*ring, ring[0]]))]))
        around = found.buffer(1e-9)
        shapely.prepare(around)
        assert all(around.covers(face) for face in faces)
