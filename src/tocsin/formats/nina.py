"""Civil protection of Germany (BBK, NINA): CAP as JSON, an index of it, and shapes that lie in documents of their own.

Three documents of https://warnung.bund.de/api31/ :

- {mowas,katwarn,biwapp,dwd,lhp,police}/mapData.json, the index: an entry gives a link to its alert and the shapes
  beside it, made anew when its `version` rises. An index without entries is a legal word: nothing is in force.
- warnings/ID.json, one alert: messages with references, Updates and Cancels, so absence ends nothing.
- warnings/ID.geojson, the shapes of one alert. By itself it says nothing about any hazard, so it gives no item.

Alert and shapes are read as one document, {"alert": ..., "shapes": ...} (`joined`). Without its shapes an alert is
read all the same.

Only the German info names where: `AreaId` numbers the shapes, which become polygons of the area, and the parameter
warnVerwaltungsbereiche lists the official keys of the communes (Amtlicher Regionalschlüssel, 12 digits). Both numbers
become geocodes of the areas, "ARS" for the keys, in all languages alike, so that the languages of one alert stay one
event. Holes of shapes are filled: the area only grows.

The rules of CAP are those of `_alert`. Never read is what `cap` never reads, and of the index all but id and version.

Positions are those of the document: alert.info[1].area[0].

Source: https://nina.api.bund.dev/ ; CAP 1.2, 3.2; Destatis, Amtlicher Regionalschlüssel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tocsin.errors import FormatError
from tocsin.formats._alert import read_alert
from tocsin.formats._json import loads
from tocsin.formats._members import Members
from tocsin.formats._opened import Opened
from tocsin.model import Link, Problem, Reading

SNAPSHOT = False
MAX_ENTRIES = 20_000
MAX_KEYS = 12_000  # communes of one alert; Germany has some 10,800

_WARNINGS = "https://warnung.bund.de/api31/warnings"
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_BOM = b"\xef\xbb\xbf"
_KEYS = "warnVerwaltungsbereiche"
_KEY = re.compile(r"[0-9]{12}")


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return the alert of a detail document, the links of an index, or nothing of a document of shapes.

    Raises FormatError when the document is none of them.
    """
    document = loads(body)
    if isinstance(document, list):
        return _index(document)
    if _is_shapes(document):
        return Reading()
    shapes = None
    if isinstance(document, dict) and document.keys() == {"alert", "shapes"}:
        document, shapes = document["alert"], document["shapes"]
    if not _is_alert(document):
        raise FormatError("neither an alert, nor its shapes, nor an index of alerts", at="document")
    problems: list[Problem] = []
    placed = _placed(document, _polygons(shapes, problems))
    item = read_alert(Members(placed, at="alert", problems=problems), source=source, now=now)
    return Reading(items=(item,), is_complete=bool(item.events))


def joined(body: bytes, beside: bytes) -> bytes:
    """Return one document of an alert and its shapes; the alert alone where the shapes are no sound JSON."""
    both = b'{"alert":%b,"shapes":%b}' % (body.removeprefix(_BOM), beside.removeprefix(_BOM))
    try:
        loads(both)
    except FormatError:
        return body
    return both


def claims(opened: Opened) -> bool:
    """Return whether this is CAP as JSON that stands alone, shapes that name their alert, or an index with titles."""
    document = opened.json
    if isinstance(document, list):
        return bool(document) and isinstance(document[0], dict) and {"id", "i18nTitle"} <= document[0].keys()
    return _is_alert(document) or _is_shapes(document)


def _is_alert(document: Any) -> bool:
    return isinstance(document, dict) and {"identifier", "sender", "sent", "msgType", "status"} <= document.keys()


def _is_shapes(document: Any) -> bool:
    """Return whether this is GeoJSON of which the first feature names the alert that it belongs to."""
    features = document.get("features") if isinstance(document, dict) else None
    first = features[0] if isinstance(features, list) and features else None
    properties = first.get("properties") if isinstance(first, dict) else None
    return isinstance(properties, dict) and "warnId" in properties


# --- the index --------------------------------------------------------------------------------------------------------


def _index(entries: Sequence[Any]) -> Reading:
    if len(entries) > MAX_ENTRIES:
        raise FormatError(f"more than {MAX_ENTRIES} entries", at="document")
    if entries and not any(isinstance(entry, dict) and "id" in entry for entry in entries):
        raise FormatError("a list, but no index of alerts", at="document")
    links: dict[Link, None] = {}
    problems = []
    for place, entry in enumerate(entries):
        name = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(name, str) and _ID.fullmatch(name):
            links[_link(name, str(entry.get("version", ""))[:100])] = None
        else:
            problems.append(Problem(at=f"[{place}]", message="the entry names no alert"))
    return Reading(links=tuple(links), problems=tuple(problems), is_complete=not problems)


def _link(name: str, fresh: str) -> Link:
    return Link(url=f"{_WARNINGS}/{name}.json", fresh=fresh, format="nina", beside=f"{_WARNINGS}/{name}.geojson")


# --- where ------------------------------------------------------------------------------------------------------------


def _polygons(shapes: Any, problems: list[Problem]) -> dict[str, list[str]]:
    """Return the outer rings of each AreaId, as CAP writes polygons."""
    found: dict[str, list[str]] = {}
    for place, feature in enumerate(_dicts(shapes.get("features")) if _is_shapes(shapes) else ()):
        try:
            name, rings = _rings(feature)
        except (TypeError, KeyError, ValueError, IndexError):
            problems.append(Problem(at=f"shapes.features[{place}]", message="not a shape of an area; left out"))
        else:
            found.setdefault(name, []).extend(rings)
    return found


def _rings(feature: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the AreaId and the outer rings of a Polygon or MultiPolygon. Raises any error of a value for others."""
    kind, coordinates = feature["geometry"]["type"], feature["geometry"]["coordinates"]
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError
    polygons = coordinates if kind == "MultiPolygon" else [coordinates]
    return str(feature["properties"]["areaId"]), [_pairs(polygon[0]) for polygon in polygons]


def _pairs(ring: Sequence[Any]) -> str:
    return " ".join(f"{float(lat)},{float(lon)}" for lon, lat, *_ in ring)


def _placed(alert: Mapping[str, Any], polygons: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the alert with the keys of its communes as geocodes and the shapes of its areas as polygons.

    Those of the first info stand in every other.
    """
    infos = _dicts(alert.get("info"))
    if not infos:
        return dict(alert)
    known = [_dicts(area.get("geocode")) for area in _dicts(infos[0].get("area"))]
    return {**alert, "info": [_placed_info(info, known, polygons) for info in infos]}


def _placed_info(
    info: Mapping[str, Any], known: Sequence[Sequence[Any]], polygons: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    areas = _dicts(info.get("area"))
    keys = _keys(info)
    first = known if len(known) == len(areas) else [()] * len(areas)
    placed = []
    for area, codes in zip(areas, first, strict=True):
        own = _dicts(area.get("geocode")) or list(codes)
        rings = [
            ring
            for code in own
            if code.get("valueName") == "AreaId"
            for ring in polygons.get(str(code.get("value")), ())
        ]
        placed.append({**area, "geocode": [*own, *keys], **({"polygon": rings} if rings else {})})
    return {**info, "area": placed}


def _keys(info: Mapping[str, Any]) -> list[dict[str, str]]:
    lists = [entry.get("value") for entry in _dicts(info.get("parameter")) if entry.get("valueName") == _KEYS]
    texts = [key.strip() for listed in lists if isinstance(listed, str) for key in listed.split(",")]
    keys = dict.fromkeys(key for key in texts[:MAX_KEYS] if _KEY.fullmatch(key))
    return [{"valueName": "ARS", "value": key} for key in keys]


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; one alone counts as a list of it."""
    values = value if isinstance(value, list) else [value]
    return [member for member in values if isinstance(member, dict)]
