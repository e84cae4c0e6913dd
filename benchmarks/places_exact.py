"""Whether the index of points never differs from GEOS, over millions of (place, area) pairs that invite an error.

    python dev.py bench places_exact [--pairs 1e7] [--seed 1] [--shared FOLDER]

Each area is asked of its places three ways: by the compiled descent, by the raster (NumPy and GEOS), and of GEOS alone,
which looks at every place on the whole numbers of the grid. The three sets of places must be equal. Prints how many
pairs each family of areas had, how many of them were inside, and how many differ; exit status 1 if any does.

Families: rings on a small lattice of which every node is a place (holes, spikes, there and back again, crossing
themselves, parts that touch or overlap, lines, points); the same stretched over up to all of the Earth; stars of up to
300 corners; shapes at the ends of degrees and at the poles; and with `--shared` the hostile geometry of that folder, as
drawn and fitted into a degree. Places: the corners, every 1e-7 degrees about them, what lies on an edge exactly or one
step off it, and others all about.

GEOS is asked of each ring by itself: a place is inside a part where it is inside an odd number of its rings, or on one.
It decides on holes that are not in their ring by other rules than the index, if it is asked of the whole.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin.match import raster
from tocsin.match.edges import edges_of, parts_of, seams
from tocsin.match.grid import EAST, NORTH, Whole, degrees, on_grid, snap
from tocsin.match.points import Points, kernel, united

Dice = np.random.Generator

LATTICE = 12  # steps along a side
MOST_ABOUT_A_SHAPE = 3000  # places, of each kind
OTHERS = 7000  # all about it: more than are tested without drawing a raster


class Case(NamedTuple):
    """An area of degrees and its places on the grid."""

    area: BaseGeometry
    spots: Whole


def ring(dice: Dice, corners: int, side: int) -> Whole:
    """Return the corners of a ring on a lattice, at least three of them different."""
    while True:
        spots = dice.integers(0, side, (corners, 2), endpoint=True)
        if len(np.unique(spots, axis=0)) > 2:
            return spots


def shape(dice: Dice, side: int) -> BaseGeometry:
    """Return a shape of a lattice, sound or not."""
    kind = dice.integers(7)
    some = [ring(dice, int(dice.integers(3, 9)), side) for _ in range(3)]
    if kind < 2:
        return shapely.Polygon(some[0], some[1 : int(dice.integers(1, 4))])
    if kind == 2:
        return shapely.MultiPolygon([shapely.Polygon(one) for one in some])
    if kind == 3:  # there and back again, with a spike
        return shapely.Polygon(np.concatenate((some[0], some[0][-2::-1])))
    if kind == 4:  # along the axes only
        steps = np.repeat(some[0], 2, axis=0)
        steps[1::2, 0] = np.roll(some[0][:, 0], -1)
        return shapely.Polygon(steps)
    lines = shapely.MultiLineString([some[0], some[1]])
    return (
        lines if kind == 5 else shapely.GeometryCollection([lines, shapely.Polygon(some[2]), shapely.Point(some[0][0])])
    )


def on_lattices(dice: Dice) -> Iterator[Case]:
    """Yield small shapes with a place on every node, anywhere, at the ends of the grid and where large cells meet."""
    nodes = np.array([(x, y) for y in range(LATTICE + 1) for x in range(LATTICE + 1)])
    ends = (0, EAST - LATTICE, (1 << 31) - 6, EAST // 2 - 5), (0, NORTH - LATTICE, (1 << 30) - 6, NORTH // 2 - 5)
    while True:
        corner = [int(dice.choice([*some, int(dice.integers(0, some[1]))])) for some in ends]
        drawn = shape(dice, int(dice.choice((1, 2, 3, LATTICE))))
        yield Case(drawn_at(drawn, 1, corner), nodes + corner)


def stretched(dice: Dice) -> Iterator[Case]:
    """Yield the same shapes, up to all of the Earth wide, so that products come near 2^63."""
    while True:
        side = int(dice.choice((2, 3, LATTICE)))
        step = int(np.exp(dice.uniform(0, np.log(NORTH // side))))
        wide = side * step
        corner = [int(dice.choice((0, end - wide, int(dice.integers(0, end - wide + 1))))) for end in (EAST, NORTH)]
        area = drawn_at(shape(dice, side), step, corner)
        yield Case(area, about(dice, area))


def stars(dice: Dice) -> Iterator[Case]:
    """Yield rings of many corners, from 20 steps to a third of the Earth."""
    while True:
        corners, reach = int(dice.integers(3, 300)), float(np.exp(dice.uniform(np.log(20), np.log(4e8))))
        turns = np.sort(dice.random(corners)) * 2 * np.pi
        radii = reach * (0.2 + dice.random(corners))
        middle = (int(dice.integers(5e8, EAST - 5e8)), int(dice.integers(5e8, NORTH - 5e8)))
        spots = np.rint(np.column_stack((np.cos(turns), np.sin(turns))) * radii[:, None]).astype(np.int64)
        area = drawn_at(shapely.Polygon(spots), 1, middle)
        yield Case(area, about(dice, area))


def at_the_ends(dice: Dice) -> Iterator[Case]:
    """Yield shapes that touch the 180th meridian or a pole, with places on both sides of it."""
    while True:
        step = int(np.exp(dice.uniform(0, np.log(NORTH // 20))))
        wide = LATTICE * step
        x = int(dice.choice((0, EAST - wide, int(dice.integers(0, EAST - wide)))))
        y = int(dice.choice((0, NORTH - wide, int(dice.integers(0, NORTH - wide)))))
        area = drawn_at(shape(dice, LATTICE), step, [x, y])
        spots = about(dice, area)
        ends = np.column_stack((dice.choice((0, EAST), 500), dice.integers(y, y + wide, 500, endpoint=True)))
        yield Case(area, np.concatenate((spots, ends, (spots[:200] * (1, 0)) + (0, int(dice.choice((0, NORTH)))))))


def recorded(dice: Dice, folder: Path) -> Iterator[Case]:
    """Yield the hostile geometry of a folder, again and again with other places."""
    drawn = list(hostile(folder / "vectors" / "geo"))
    while drawn:
        for one in drawn:
            yield Case(one, about(dice, one))


def hostile(folder: Path) -> Iterator[BaseGeometry]:
    """Yield each shape of a folder of vectors that lies on Earth, and each fitted into a degree, unrepaired."""
    for one in read(folder):
        west, south, east, north = one.bounds
        size = max(east - west, north - south)
        if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
            yield one
        if size > 0:
            yield shapely.transform(one, lambda at, west=west, south=south, size=size: (at - (west, south)) / size + 8)


def read(folder: Path) -> Iterator[BaseGeometry]:
    """Yield each geometry of a folder of vectors that has finite coordinates, unrepaired."""
    texts = [json.loads(line).get("cap_polygon") for line in (folder / "cap_geometry.jsonl").open(encoding="utf-8")]
    texts.append(gzip.decompress((folder / "big_ring_300000.txt.gz").read_bytes()).decode())
    found = [polygon(text) for text in texts if text]
    found.append(shapely.from_geojson(gzip.decompress((folder / "many_holes.geojson.gz").read_bytes())))
    for path in sorted((folder / "jts").glob("*.xml")):
        written = [(one.text or "").strip() for one in ET.parse(path).iter() if one.tag in {"a", "b"}]  # noqa: S314  our own vectors
        with np.errstate(invalid="ignore"):
            found += [shapely.from_wkt(text, on_invalid="ignore") for text in written if text[:1].isalpha()]
    for one in found:
        if one is not None and not one.is_empty and np.isfinite(shapely.get_coordinates(one)).all():
            yield one


def polygon(text: str) -> BaseGeometry | None:
    """Return the ring of a CAP polygon as it is written, closed; None if it is none."""
    try:
        spots = [tuple(map(float, reversed(pair.split(",")))) for pair in text.split()]
        return shapely.Polygon(spots)
    except (ValueError, shapely.errors.GEOSException):
        return None


def drawn_at(one: BaseGeometry, step: int, corner: list[int] | tuple[int, int]) -> BaseGeometry:
    """Return a shape of a lattice in degrees, its nodes `step` apart."""
    return shapely.transform(one, lambda at: degrees(at.astype(np.int64) * step + corner))


def about(dice: Dice, area: BaseGeometry) -> Whole:
    """Return places that are hard to judge, on or beside edges and corners, and others all about."""
    edges = edges_of(area)[0]
    edges = edges[dice.integers(0, len(edges), min(MOST_ABOUT_A_SHAPE, 8 * len(edges)))]
    begins, runs = edges[:, :2], edges[:, 2:] - edges[:, :2]
    parts = np.maximum(np.gcd(runs[:, 0], runs[:, 1]), 1)[:, None]
    exact = begins + runs // parts * dice.integers(0, parts + 1)  # a point of the grid on the edge
    middles = begins + (runs * dice.random((len(runs), 1))).astype(np.int64)
    beside = np.concatenate((exact, middles)) + dice.integers(-1, 2, (2 * len(edges), 2))
    low, high = edges.reshape(-1, 2).min(axis=0), edges.reshape(-1, 2).max(axis=0)
    wide = (high - low) // 10 + 2
    others = dice.integers(low - wide, high + wide, (OTHERS, 2), endpoint=True)
    return np.clip(np.concatenate((exact, beside, others)), 0, (EAST, NORTH))


def by_geos(area: BaseGeometry, spots: Whole) -> set[int]:
    """Return the rows of the places that GEOS finds in some part of an area, wherever on the grid they are drawn."""
    heights = snap(shapely.get_coordinates(area))[:, 1]
    x, y = spots.T
    found = ((y == 0) & (0 in heights)) | ((y == NORTH) & (NORTH in heights))
    at_end = np.flatnonzero((x == 0) | (x == EAST))
    for part in parts_of(area):
        found |= in_part(part, spots)
        found[at_end] |= in_part(part, (EAST, 0) - spots[at_end] * (1, -1))
    return set(np.flatnonzero(found).tolist())


def in_part(part: BaseGeometry, spots: Whole) -> npt.NDArray[np.bool_]:
    """Return which places GEOS finds inside an odd number of rings of a polygon, or on one; or on a line or a point."""
    is_polygon = part.geom_type == "Polygon"
    inside, on_edge = np.zeros((2, len(spots)), dtype=np.bool_)
    for one in shapely.polygons(shapely.get_rings(part)) if is_polygon else [part]:
        ring = on_grid(one)
        shapely.prepare(ring)
        west, south, east, north = ring.bounds
        x, y = spots.T
        near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
        meets = shapely.intersects_xy(ring, *spots[near].T.astype(np.float64))
        within = shapely.contains_xy(ring, *spots[near].T.astype(np.float64)) & is_polygon
        inside[near] ^= within
        on_edge[near] |= meets & ~within
    return inside | on_edge


def by_index(points: Points, area: BaseGeometry, *, is_compiled: bool) -> set[int]:
    """Return the rows of the places that the index finds in an area, one way or the other."""
    found = []
    for one in (area, *seams(area)):
        if is_compiled:
            found.append(points.slices(one))
        else:
            found.append(raster.slices(points.codes, one))
    return set(points.ids_in(united(np.concatenate(found))).tolist())


def main() -> int:
    """Compare, family by family, until there are enough pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=float, default=1e7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shared", type=Path)
    chosen = parser.parse_args()
    if kernel() is None:
        parser.error("numba is not installed: pip install 'tocsin[fast]'")
    dice = np.random.default_rng(chosen.seed)
    families = {"lattices": on_lattices, "stretched": stretched, "stars": stars, "ends of degrees": at_the_ends}
    cases = {name: family(dice) for name, family in families.items()}
    if chosen.shared:
        cases["recorded"] = recorded(dice, chosen.shared)
    print("| areas | number | pairs | inside | differ |\n|---|---|---|---|---|")
    differ = sum(compared(name, some, int(chosen.pairs) // len(cases)) for name, some in cases.items())
    return 1 if differ else 0


def compared(name: str, cases: Iterator[Case], pairs: int) -> int:
    """Compare the three ways on cases of one family; print its row, and return how many pairs differ."""
    number = asked = inside = differ = 0
    started = time.monotonic()
    for case in cases:
        points = Points.at(case.spots)
        truth = by_geos(case.area, case.spots)
        for is_compiled in (True, False):
            wrong = by_index(points, case.area, is_compiled=is_compiled) ^ truth
            differ += len(wrong)
            if wrong:
                spot = case.spots[min(wrong)].tolist()
                way = "descent" if is_compiled else "raster"
                print(f"{way}: {len(wrong)} differ, one at {spot}: {on_grid(case.area).wkt[:500]}", file=sys.stderr)
        number, asked, inside = number + 1, asked + len(case.spots), inside + len(truth)
        if asked >= pairs:
            break
    print(f"| {name} | {number:,} | {asked:,} | {inside:,} | {differ:,} |", flush=True)
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return differ


if __name__ == "__main__":
    sys.exit(main())
