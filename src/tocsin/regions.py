"""In which country, and in which US state, a place lies: `regions.geojson.gz` behind two functions.

Outlines are Natural Earth's 1:50m countries and the US Census Bureau's states (both public domain; docs/basemap.md).
They are coarse, some hundreds of metres, so a place in a harbour may lie outside every one: the nearest region within
20 km then counts. Good enough to say under whose warnings a place falls; not to say on which side of a street a
border runs. A place within reach of two countries and inside neither gets the nearer one only.

The file is read at the first call and kept.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin.model import Code

COASTAL_M = 20_000.0
"""How far off every outline a place may lie and still belong to the nearest: the width of a harbour or a bay."""

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km: within 0.6 % of the ellipsoid, ample beside outlines of 1:50m."""

FAR_DEGREES = 20.0
"""How far off its territory an authority may warn at sea: 2,200 km. Offshore zones of the US end at 1,900 km."""
_REACH = (-FAR_DEGREES, -FAR_DEGREES, FAR_DEGREES, FAR_DEGREES)

SCHEMES = {"country": "ISO3166-1", "state": "ISO3166-2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One outline of the file. `kind`: country, state, border, contested (a border not agreed on), state-border.

    `code` is an ISO 3166-1 alpha-2 or ISO 3166-2 code, "" where ISO gives none.
    """

    kind: str
    code: str
    name: str
    geometry: BaseGeometry


@cache
def outlines() -> tuple[Region, ...]:
    """Return every outline of the file, in its order."""
    with resources.files("tocsin").joinpath("regions.geojson.gz").open("rb") as packed:
        features = json.loads(gzip.decompress(packed.read()))["features"]
    # One call for all of them: building them one by one takes five times as long.
    geometries = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    return tuple(
        Region(
            kind=feature["properties"]["kind"],
            code=feature["properties"].get("code", ""),
            name=feature["properties"].get("name", ""),
            geometry=geometry,
        )
        for feature, geometry in zip(features, geometries, strict=True)
    )


def codes_at(geometry: BaseGeometry) -> tuple[Code, ...]:
    """Return the codes of the country and the US state at `geometry` (WGS 84, lon/lat): none on the high seas.

    A geometry that lies in several gives all of them, countries first, each kind in order of code.
    """
    if geometry.is_empty:
        return ()
    return tuple(Code(SCHEMES[kind], code) for kind in SCHEMES for code in _codes(kind, geometry))


def is_far(geometry: BaseGeometry, jurisdiction: Iterable[str]) -> bool:
    """Return whether a geometry lies so far off an issuer's territory (ISO 3166 codes) that its axes may be swapped.

    Never for the world ("001"), nor where the territory is not known. Cost: microseconds after the first call.
    """
    around = _around(tuple(jurisdiction))
    return around is not None and not shapely.intersects(around, geometry)


@cache
def _around(jurisdiction: tuple[str, ...]) -> BaseGeometry | None:
    """Return the boxes of all parts of a territory, `FAR_DEGREES` wider; None where it has none."""
    countries = {code.split("-")[0] for code in jurisdiction}
    parts = shapely.get_parts([one.geometry for one in outlines() if one.kind == "country" and one.code in countries])
    if not len(parts) or not countries <= {one.code for one in outlines() if one.kind == "country"}:
        return None
    west, south, east, north = (side + reach for side, reach in zip(shapely.bounds(parts).T, _REACH, strict=True))
    boxes = [shapely.box(west + turn, south, east + turn, north) for turn in (-360.0, 0.0, 360.0)]
    around: BaseGeometry = shapely.union_all(np.concatenate(boxes))
    shapely.prepare(around)
    return around


def _codes(kind: str, geometry: BaseGeometry) -> list[str]:
    regions, tree = _index(kind)
    inside = tree.query(geometry, predicate="intersects")
    if len(inside):
        return sorted({regions[position].code for position in inside} - {""})
    nearest = _nearest(regions, tree, geometry)
    return [nearest] if nearest else []


def _nearest(regions: tuple[Region, ...], tree: shapely.STRtree, geometry: BaseGeometry) -> str:
    """Return the code of the nearest region within `COASTAL_M`, or ""."""
    west, south, east, north = geometry.bounds
    # One degree of longitude shrinks with the cosine; no place stands so near a pole that 0.05 is reached.
    shrink = max(math.cos(math.radians((south + north) / 2)), 0.05)
    reach = COASTAL_M / METRES_PER_DEGREE
    around = shapely.box(west - reach / shrink, south - reach, east + reach / shrink, north + reach)
    near = tree.query(around)
    if not len(near):
        return ""
    here = _scaled(geometry, shrink)
    parts = [_scaled(regions[position].geometry.intersection(around), shrink) for position in near]
    distances_m = [here.distance(part) * METRES_PER_DEGREE if not part.is_empty else math.inf for part in parts]
    best = int(np.argmin(distances_m))
    return regions[near[best]].code if distances_m[best] <= COASTAL_M else ""


def _scaled(geometry: BaseGeometry, shrink: float) -> BaseGeometry:
    scaled: BaseGeometry = shapely.transform(geometry, lambda points: points * (shrink, 1.0))
    return scaled


@cache
def _index(kind: str) -> tuple[tuple[Region, ...], shapely.STRtree]:
    regions = tuple(region for region in outlines() if region.kind == kind)
    return regions, shapely.STRtree([region.geometry for region in regions])
