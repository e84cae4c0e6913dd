"""The map as one SVG, drawn on the server: it needs no script, no WebGL and no tiles, and so is always there.

Web Mercator, fitted to the places. Outlines are those of `regions`, cut to the view and thinned to what a pixel shows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import shapely
from jinja2 import Environment, PackageLoader, StrictUndefined
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tocsin.model import Level
from tocsin.regions import outlines

WIDTH, HEIGHT = 1100, 1100
# The page shows the middle of the square that its own shape cuts out: wide on a desk, tall on a telephone. What matters
# is fitted into these shares of it.
FIT_WIDTH, FIT_HEIGHT = 0.66, 0.42
LEAST_SPAN = 6.0 / 360  # of the world's width: nearer than this the outlines are too coarse to help
LINE_PX, LETTER_PX, LABELLED_AT_MOST = 16, 7.6, 60  # of a label, to see which would cover each other
STATES_FROM_SPAN = 0.14  # of the world's width: when more is in view, borders of states would be clutter
HIGHEST_LAT = 84.0  # Web Mercator has no poles

THINNED_WITH_CARE = 5_000  # positions: beyond, keeping rings apart takes a second
DRAWN_AT_MOST = 600
"""Places on the map, the worst of them: each costs 250 bytes of a page that a telephone must load."""

# What XML 1.0 (2.2) has no way to write, escaped or not: one such character would take the whole map away.
_UNWRITABLE = re.compile("[^\\t\\n\\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_SHEETS = Environment(
    loader=PackageLoader("tocsin.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)

INKS = {
    "light": {"sea": "#cfdde8", "land": "#f4f2ec", "border": "#8f99a3", "text": "#3a4652", "halo": "#f4f2ec",
              "fill": ["#8a949e", "#7fb1e3", "#ffd43b", "#f08c00", "#a50617"],
              "edge": ["#3d4852", "#1f5f9e", "#7a5f00", "#8a4500", "#7d0010"], "blind": "#5b3f9e"},
    "dark": {"sea": "#0b1118", "land": "#1e2730", "border": "#55626e", "text": "#b9c4ce", "halo": "#0b1118",
             "fill": ["#8a949e", "#4f8fd0", "#ffd43b", "#f08c00", "#dc2640"],
             "edge": ["#c9d2da", "#7fb1e3", "#ffe27a", "#ffa733", "#ff6b7d"], "blind": "#b9a3ff"},
}  # fmt: skip


class View(NamedTuple):
    """The part of the world in view, in Mercator units: the world is 1 wide, x 0 at 180° west, y 0 in the north."""

    west: float
    north: float
    scale: float  # pixels per unit


def draw(board: Mapping[str, Any], *, theme: str = "light", is_inline: bool = False) -> str:
    """Return the map of the board's places and areas. Inline, the page's style sheet colours it by class."""
    places = sorted(board["places"], key=lambda place: (place["state"] == "blind", place["level"]))
    view = _fit([(place["lon"], place["lat"]) for place in in_focus(places)])
    marks = _uncrowded([_place(place, view) for place in places[-DRAWN_AT_MOST:]])
    return _SHEETS.get_template("map.svg").render(
        width=WIDTH,
        height=HEIGHT,
        inks=INKS[theme],
        is_inline=is_inline,
        base=_base(view),
        areas=[area for area in (_area(area, view) for area in _worst_last(board["areas"])) if area["path"]],
        places=marks,
        total=len(places),
        left_out=max(len(places) - DRAWN_AT_MOST, 0),
    )


def in_focus(places: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the places that a map should be fitted to: those in danger, or all where none is."""
    listed = list(places)
    return [place for place in listed if place["level"]] or listed


def _worst_last(areas: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(areas, key=lambda area: area["level"])


def _mercator(points: np.ndarray) -> np.ndarray:
    """Return (x, y) in units of the world's width for (lon, lat) in degrees. Source: EPSG guidance 7-2, 1.3.3.2."""
    lat = np.radians(np.clip(points[:, 1], -HIGHEST_LAT, HIGHEST_LAT))
    return np.column_stack((points[:, 0] / 360 + 0.5, 0.5 - np.log(np.tan(math.pi / 4 + lat / 2)) / (2 * math.pi)))


def _fit(points: list[tuple[float, float]]) -> View:
    """Return the view that holds all points, and is cut where the longitudes leave the widest gap."""
    placed = _mercator(np.array(points or [(10.0, 30.0)], dtype=float))
    xs = np.sort(placed[:, 0] % 1.0)
    gaps = np.diff(np.append(xs, xs[0] + 1.0))
    west = xs[(int(np.argmax(gaps)) + 1) % len(xs)]
    east = west + 1.0 - float(gaps.max())
    north, south = float(placed[:, 1].min()), float(placed[:, 1].max())
    least = LEAST_SPAN if points else 0.9
    wide = min(max((east - west) / FIT_WIDTH, (south - north) / FIT_HEIGHT, least), 1.0)
    scale = WIDTH / wide
    return View((west + east) / 2 - wide / 2, (north + south) / 2 - HEIGHT / scale / 2, scale)


def _x_y(lon: float, lat: float, view: View) -> tuple[float, float]:
    x, y = _mercator(np.array([[lon, lat]], dtype=float))[0]
    right = (x - view.west) % 1.0
    # A point just west of the view lies a whole world to the east when counted modulo 1.
    return round((right - 1.0 if right > 1.0 - 1e-9 else right) * view.scale, 1), round(
        (y - view.north) * view.scale, 1
    )


@lru_cache(maxsize=8)
def _base(view: View) -> dict[str, Any]:
    """Return land and borders in the view as path data, with the names of the countries that have room for one."""
    kinds: dict[str, list[str]] = {"country": [], "border": [], "contested": [], "state-border": []}
    names = []
    shows_states = WIDTH / view.scale < STATES_FROM_SPAN
    for region in outlines():
        if region.kind not in kinds or (region.kind == "state-border" and not shows_states):
            continue
        for part in _seen(region.geometry, view):
            kinds[region.kind].append(_path(part))
            if region.kind == "country" and region.code and part.area > 9000:  # noqa: PLR2004 - square pixels
                middle = part.representative_point()
                names.append({"words": region.name.upper(), "x": round(middle.x), "y": round(middle.y)})
    return {**{kind.replace("-", "_"): " ".join(paths) for kind, paths in kinds.items()}, "names": names}


def _seen(geometry: BaseGeometry, view: View) -> Iterable[BaseGeometry]:
    """Yield the parts of a geometry that lie in the view, in pixels; a view over 180° meets it from two sides."""
    # What lies beyond would fall onto one line, edge over edge: ten seconds for GEOS where somebody meant it to.
    geometry = shapely.clip_by_rect(geometry, -180.0, -HIGHEST_LAT, 180.0, HIGHEST_LAT)
    if geometry.is_empty:
        return
    west, south, east, north = geometry.bounds
    top, bottom = view.north, view.north + HEIGHT / view.scale
    (left, low), (right, high) = _mercator(np.array([[west, south], [east, north]]))
    for turn in (-1.0, 0.0, 1.0):
        if right + turn < view.west or left + turn > view.west + WIDTH / view.scale or high > bottom or low < top:
            continue

        offset = np.array((turn - view.west, -view.north))

        def to_pixels(points: np.ndarray, offset: np.ndarray = offset) -> np.ndarray:
            moved: np.ndarray = (_mercator(points) + offset) * view.scale
            return moved

        # Not an intersection, which cuts lines wherever they cross: a line that crosses itself often takes minutes.
        cut = shapely.clip_by_rect(_thinned(shapely.transform(geometry, to_pixels)), *_SHEET)
        if not cut.is_empty:
            yield cut


_SHEET = (-40.0, -40.0, WIDTH + 40.0, HEIGHT + 40.0)


def _thinned(flat: BaseGeometry) -> BaseGeometry:
    """Return a geometry without what no pixel shows, valid; its hull where thinning would cross it with itself."""
    is_small = shapely.get_num_coordinates(flat) <= THINNED_WITH_CARE
    thinned = flat.simplify(0.7, preserve_topology=bool(is_small))
    return thinned if thinned.is_valid else flat.convex_hull


def _path(geometry: BaseGeometry) -> str:
    """Return SVG path data of lines and polygons, to a tenth of a pixel; points have none."""
    pieces = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon":
            rings = [part.exterior, *part.interiors]
            pieces += [f"{_line(ring.coords[:-1])}Z" for ring in rings if len(ring.coords)]
        elif part.geom_type in ("LineString", "LinearRing"):
            pieces.append(_line(part.coords))
        elif part.geom_type.startswith(("Multi", "Geometry")):
            pieces.append(_path(part))
    return "".join(pieces)


def _line(points: Iterable[tuple[float, ...]]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}".replace(".0", "") for x, y, *_ in points)


def _area(area: Mapping[str, Any], view: View) -> dict[str, Any]:
    path = ""
    if area["geometry"]:
        try:
            path = " ".join(_path(part) for part in _seen(shape(area["geometry"]), view))
        except (ShapelyError, ValueError, TypeError, KeyError, AttributeError):
            path = ""  # An area that cannot be drawn stays in the list of concerns; the map is not the only word.
    words = _writable(f"{area['label']}, {Level(area['level']).words}")
    return {"path": path, "level": area["level"], "words": words}


def _place(place: Mapping[str, Any], view: View) -> dict[str, Any]:
    x, y = _x_y(place["lon"], place["lat"], view)
    is_blind = place["state"] == "blind"
    words = "Blind" if is_blind else Level(place["level"]).words
    return {
        "id": place["id"],
        "x": x,
        "y": y,
        "mark": "blind" if is_blind else f"level-{place['level']}",
        "size": 12 if not is_blind and not place["level"] else 24,
        "name": _writable(place["name"]),
        "words": _writable(f"{place['name']}: {words}"),
    }


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _uncrowded(marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the marks in the view, without the names that would cover that of a worse place."""
    seen = [mark for mark in marks if 0 <= mark["x"] <= WIDTH and 0 <= mark["y"] <= HEIGHT]
    taken: list[tuple[float, float, float]] = []
    for number, mark in enumerate(reversed(seen)):
        if number >= LABELLED_AT_MOST:
            mark["name"] = ""
            continue
        left, right = mark["x"], mark["x"] + mark["size"] + len(mark["name"]) * LETTER_PX
        if any(abs(mark["y"] - y) < LINE_PX and left < east and west < right for west, east, y in taken):
            mark["name"] = ""
            right = left + mark["size"]
        taken.append((left, right, mark["y"]))
    return seen
