"""TopoJSON into rings: arcs that neighbours share, put together again.

Source: The TopoJSON Format Specification 1.0, 2.1 to 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import FormatError

_Arc = NDArray[np.float64]


def features(document: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (id, GeoJSON geometry) of each polygon of the object called `name`. Raises FormatError."""
    try:
        arcs = [_positions(arc, document.get("transform")) for arc in document["arcs"]]
        for member in document["objects"][name]["geometries"]:
            if member.get("type") in {"Polygon", "MultiPolygon"}:
                polygons = member["arcs"] if member["type"] == "MultiPolygon" else [member["arcs"]]
                rings = [_rings(polygon, arcs) for polygon in polygons]
                yield str(member["id"]), _geometry([polygon for polygon in rings if polygon])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise FormatError("not a TopoJSON topology with this object", at=name) from None


def _positions(arc: Sequence[Sequence[float]], transform: Mapping[str, Any] | None) -> _Arc:
    positions = np.array(arc, dtype=np.float64)
    if transform is None:
        return positions
    placed: _Arc = np.cumsum(positions, axis=0) * transform["scale"] + np.array(transform["translate"])
    return placed


def _geometry(polygons: list[list[list[list[float]]]]) -> Mapping[str, Any]:
    """Return a GeoJSON geometry: of the rings that have an area, or, where there is none, of the positions."""
    sound = [[ring for ring in polygon if len(ring) > len("abc")] for polygon in polygons]
    if any(sound):
        return {"type": "MultiPolygon", "coordinates": [polygon for polygon in sound if polygon]}
    return {"type": "MultiPoint", "coordinates": [position for polygon in polygons for position in polygon[0]]}


def _rings(rings: Sequence[Sequence[int]], arcs: Sequence[_Arc]) -> list[list[list[float]]]:
    return [np.vstack([_arc(number, arcs) for number in ring]).tolist() for ring in rings]


def _arc(number: int, arcs: Sequence[_Arc]) -> _Arc:
    """Return an arc; a negative number ~n means arc n backwards."""
    return arcs[number] if number >= 0 else arcs[~number][::-1]
