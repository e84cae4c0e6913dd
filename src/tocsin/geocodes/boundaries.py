"""Boundary files as their publishers make them, into outlines by code.

A file is known by what its features state: `KNOWN` says for each attribute whose list it is and how the code is
written. What none of them fits is read when the operator says which attribute holds the codes of which list. Names and
all other attributes are never read.

GeoJSON, TopoJSON and zipped shapefiles, in degrees of WGS 84 (or NAD 83 and ETRS 89, which differ by a metre or two).
Tables of aliases: text, four columns apart by tabs: scheme, code, target_scheme, target_code.

Sources: docs/geocodes.md names each file, its address and its licence.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.geocodes import shapefile, topojson
from tocsin.geocodes.pack import Outlines
from tocsin.geocodes.spelling import COUNTRY, normal
from tocsin.model import Code, Problem

Row = tuple[str, Code, BaseGeometry]
"""Position in the file, code in its normal spelling, outline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A list by the attribute that holds its codes. `pattern` must match; its groups, joined, are the code."""

    attribute: str
    scheme: str
    pattern: str
    licence: str
    insert: str = ""

    def code(self, attributes: Mapping[str, Any]) -> Code | None:
        """Return the code that a feature states, or None."""
        found = re.fullmatch(self.pattern, str(attributes.get(self.attribute) or "").strip(), re.ASCII)
        return Code(self.scheme, self.insert.join(found.groups())) if found else None


_NWS = "public domain (US National Weather Service)"
_CENSUS = "public domain (US Census Bureau)"

KNOWN = (
    Known(
        attribute="NUTS_ID",
        scheme="NUTS",
        pattern="([A-Z]{2}[A-Z0-9]{1,3})",
        licence="(c) EuroGeographics for the administrative boundaries; Eurostat GISCO terms",
    ),
    Known(
        attribute="WARNCELLID",
        scheme="WARNCELLID",
        pattern="([0-9]{9})(?:[.]0+)?",
        licence="Source: Deutscher Wetterdienst (CC BY 4.0)",
    ),
    Known(attribute="STATE_ZONE", scheme="UGC", pattern="([A-Z]{2})Z?([0-9]{3})", insert="Z", licence=_NWS),
    Known(attribute="ID", scheme="UGC", pattern="([A-Z]{2}[CZ][0-9]{3})", licence=_NWS),
    Known(attribute="id", scheme="UGC", pattern="([A-Z]{2}[CZ][0-9]{3})", licence=_NWS),
    Known(attribute="FIPS", scheme="FIPS6", pattern="([0-9]{5})", licence=_NWS),
    Known(attribute="GEOID", scheme="FIPS6", pattern="([0-9]{5})", licence=_CENSUS),
    Known(attribute="CSDUID", scheme="profile:CAP-CP:Location:0.3", pattern="([0-9]{7})", licence=(
        "Statistics Canada Open Licence"
    )),
    Known(attribute="CDUID", scheme="profile:CAP-CP:Location:0.3", pattern="([0-9]{4})", licence=(
        "Statistics Canada Open Licence"
    )),
    Known(
        attribute="iso_3166_2",
        scheme="ISO3166-2",
        pattern="([A-Z]{2}-[A-Z0-9]{1,3})",
        licence="public domain (Natural Earth)",
    ),
)  # fmt: skip

_ALIASES = b"scheme\tcode\ttarget_scheme\ttarget_code"
_ZIP = b"PK\x03\x04"
_POLYGONS = frozenset({"Polygon", "MultiPolygon"})
_LEAST = 0.005  # degrees about what is drawn as nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundaries:
    """What one file gave: outlines by code, aliases, and what could not be used."""

    shapes: Mapping[Code, BaseGeometry]
    aliases: Mapping[Code, Code]
    licence: str
    problems: tuple[Problem, ...] = ()


def read(body: bytes, *, scheme: str = "", attribute: str = "", tolerance: float = 0.0) -> Boundaries:
    """Return the outlines of a file; those of one code are united.

    `scheme` and `attribute` say where the codes stand in a file that is not among KNOWN. Outlines are thinned to
    `tolerance` degrees. Raises FormatError when no code is found.
    """
    if body.startswith(_ALIASES):
        return Boundaries(shapes={}, aliases=_aliases(body), licence="")
    problems: list[Problem] = []
    licences: set[str] = set()
    found: defaultdict[Code, list[BaseGeometry]] = defaultdict(list)
    for at, attributes, shape in _features(body):
        code, licence = _code(attributes, scheme, attribute)
        if code is None:
            continue
        fitting = _fitted(shape, tolerance)
        if fitting is None:
            problems.append(Problem(at=at, message="no polygon in degrees; left out"))
            continue
        licences.add(licence)
        found[normal(code)].append(fitting)
    shapes = {
        code: parts[0] if len(parts) == 1 else shapely.union_all(parts)
        for code, parts in found.items()
        if code.scheme != COUNTRY
    }
    if not shapes:
        raise FormatError("no feature states a code that is known; say SCHEME:ATTRIBUTE=FILE", at="document")
    return Boundaries(shapes=shapes, aliases={}, licence="; ".join(sorted(licences)), problems=tuple(problems))


def merged(files: Iterable[tuple[str, bytes, Boundaries]]) -> list[Outlines]:
    """Return the lists of several files (name, bytes, what was read); of two outlines of a code the first holds."""
    shapes: defaultdict[str, dict[str, BaseGeometry]] = defaultdict(dict)
    aliases: defaultdict[str, dict[str, Code]] = defaultdict(dict)
    origins: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for name, body, one in files:
        digest = hashlib.sha256(body).hexdigest()
        for code, shape in one.shapes.items():
            shapes[code.scheme].setdefault(code.value, shape)
        for code, alias in one.aliases.items():
            aliases[code.scheme].setdefault(code.value, alias)
        for scheme in {code.scheme for code in (*one.shapes, *one.aliases)}:
            origins[scheme].append((name, one.licence, digest))
    return [
        Outlines(
            scheme=scheme,
            about=dict(
                zip(("origin", "licence", "sha256"), map("; ".join, zip(*origins[scheme], strict=True)), strict=True)
            ),
            shapes=shapes[scheme],
            aliases={code: alias for code, alias in aliases[scheme].items() if code not in shapes[scheme]},
        )
        for scheme in sorted(origins)
    ]


def _about(origins: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    names, licences, digests = zip(*origins, strict=True)
    unique = "; ".join(dict.fromkeys(licence for licence in licences if licence))
    return {"origin": "; ".join(names), "licence": unique, "sha256": "; ".join(digests)}


def _code(attributes: Mapping[str, Any], scheme: str, attribute: str) -> tuple[Code | None, str]:
    """Return the code of a feature and the licence of its list."""
    if scheme:
        value = str(attributes.get(attribute) or "").strip()
        return (Code(scheme, value) if value else None), ""
    stated = attributes.get("scheme") or attributes.get("type")
    if isinstance(stated, str) and isinstance(attributes.get("code"), str):
        return Code(stated, attributes["code"]), str(attributes.get("licence") or "")
    for known in KNOWN:
        if (code := known.code(attributes)) is not None:
            return code, known.licence
    return None, ""


def _features(body: bytes) -> Iterator[tuple[str, Mapping[str, Any], BaseGeometry]]:
    """Yield (position, attributes, geometry) of every feature, whatever the format."""
    if body.startswith(_ZIP):
        for number, (attributes, rings) in enumerate(shapefile.records(body)):
            yield f"record[{number}]", attributes, _by_winding(rings)
        return
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise FormatError("neither JSON, nor a zipped shapefile, nor a table of aliases", at="document") from None
    if isinstance(document, dict) and document.get("type") == "Topology":
        for identifier, geometry in topojson.features(document, "counties"):
            yield f"counties {identifier}", {"GEOID": identifier}, _shape(geometry)
        return
    members = document.get("features") if isinstance(document, dict) else None
    for number, feature in enumerate(members if isinstance(members, list) else []):
        if isinstance(feature, dict) and feature.get("geometry"):
            yield f"features[{number}]", feature.get("properties") or {}, _shape(feature["geometry"])


def _shape(geometry: Mapping[str, Any]) -> BaseGeometry:
    try:
        return shapely.force_2d(shapely.from_geojson(orjson.dumps(geometry).decode()))
    except (shapely.errors.ShapelyError, orjson.JSONEncodeError):
        return shapely.Point()


def _by_winding(rings: shapefile.Rings) -> BaseGeometry:
    """Return the polygons of a shapefile's rings, of which the clockwise ones are shells and the others holes.

    A hole is cut out of all shells: it lies within one of them, and has nothing to cut from the others.
    """
    sound = [shapely.Polygon(ring) for ring in rings if len(ring) > len("abc")]
    shells = [_sound(one) for one in sound if not one.exterior.is_ccw]
    holes = [_sound(one) for one in sound if one.exterior.is_ccw]
    whole = shapely.union_all(shells)
    return shapely.difference(whole, shapely.union_all(holes)) if holes else whole


def _sound(shape: BaseGeometry) -> BaseGeometry:
    # A published boundary is no hostile feed, so the general repair may take its time.
    return shape if shape.is_valid else shapely.make_valid(shape, method="structure", keep_collapsed=False)


_EARTH = shapely.box(-360.0, -90.0, 360.0, 90.0)


def _fitted(shape: BaseGeometry, tolerance: float) -> BaseGeometry | None:
    """Return the valid, thinned polygons of a shape, within [-180, 180]; None where it is not in degrees.

    What a coarse file draws as a line or a point, a small town, keeps its box: it is still somewhere.
    """
    if shape.is_empty or not np.isfinite(shape.bounds).all() or not _EARTH.covers(shape.envelope):
        return None
    thinned = shapely.simplify(_sound(shape), tolerance) if tolerance else _sound(shape)
    whole = geo.cut(shape.envelope.buffer(_LEAST) if thinned.is_empty else thinned)
    if whole.geom_type in _POLYGONS:
        return whole
    return shapely.union_all([part for part in shapely.get_parts(whole) if part.geom_type == "Polygon"])


def _aliases(body: bytes) -> dict[Code, Code]:
    rows = [line.split("\t") for line in body.decode("utf-8", "replace").splitlines()[1:]]
    pairs = [(normal(Code(*row[:2])), normal(Code(*row[2:]))) for row in rows if len(row) == len(Code._fields) * 2]
    return {code: alias for code, alias in pairs if code != alias}
