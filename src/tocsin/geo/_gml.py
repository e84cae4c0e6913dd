"""Positions of GML and of DATEX II in the reference systems that they are published in.

Exact are WGS 84 and ETRS89, which differ by less than a metre: in degrees, latitude first but for CRS 84, or as UTM
eastings and northings. Another system (Lambert 72, national grids) is refused, never guessed.

Source: OGC 07-036 (GML 3.2.1), 10.1.4; EPSG registry 4326, 4258, 258xx, 326xx, 327xx; C. F. F. Karney, Transverse
Mercator with an accuracy of a few nanometers, Journal of Geodesy 85 (2011), the series of Krüger to the third order
(below 0.01 m within a zone).
"""

from __future__ import annotations

import re

import numpy as np
from shapely.geometry.base import BaseGeometry

from tocsin.errors import FormatError
from tocsin.geo._ellipsoid import EQUATOR_RADIUS_M, FLATTENING
from tocsin.geo._geojson import from_geojson
from tocsin.geo._rings import MAX_POSITIONS, Ring
from tocsin.model import Problem

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?")
_EPSG = re.compile(r"(?:.*\bepsg\b.*[:/#])?([0-9]{4,5})")
_DEGREES = {"4326", "4258", "4937", "4979"}  # latitude first
_LON_FIRST = {"crs84", "ogc:crs84", "urn:ogc:def:crs:ogc:1.3:crs84", "http://www.opengis.net/def/crs/ogc/1.3/crs84"}
_NAMES = {"", "wgs84", "wgs 84", "wgs-84", "etrs89"}
_UTM = {"258": (28, 38, False), "326": (1, 60, False), "327": (1, 60, True)}  # EPSG: first, last zone, is south

_SCALE = 0.9996
_EAST_M = 500_000.0
_SOUTH_M = 10_000_000.0


def from_gml(
    kind: str, positions: str, *, srs: str = "", dimension: int = 2, at: str
) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the Point, LineString or Polygon (one ring) of a list of positions apart by white space.

    `srs` is the srsName ("" is WGS 84), `dimension` how many numbers a position has; heights are left out. Raises
    FormatError when the system is not known, the list is no list of positions, or no geometry comes of it.
    """
    numbers = positions.split()
    if len(numbers) > MAX_POSITIONS * dimension:
        raise FormatError(f"more than {MAX_POSITIONS} positions", at=at)
    if dimension not in {2, 3} or not numbers or len(numbers) % dimension:
        raise FormatError("not a list of positions", at=at)
    if not all(map(_NUMBER.fullmatch, numbers)):
        raise FormatError("not a list of numbers", at=at)
    pairs = np.array(numbers, dtype=np.float64).reshape(-1, dimension)[:, :2]
    lonlat = _lonlat(pairs, srs, at)
    coordinates = lonlat.tolist()
    shape = {"Point": coordinates[0], "LineString": coordinates, "Polygon": [coordinates]}[kind]
    found, problems = from_geojson({"type": kind, "coordinates": shape}, at=at)
    assert found is not None, "only null gives no geometry"
    return found, problems


def _lonlat(pairs: Ring, srs: str, at: str) -> Ring:
    name = " ".join(srs.casefold().split())
    if name in _LON_FIRST:
        return pairs
    number = _EPSG.fullmatch(name)
    code = number[1] if number else ""
    if name in _NAMES or code in _DEGREES:
        return pairs[:, ::-1]
    first, last, is_south = _UTM.get(code[:3], (0, 0, False)) if len(code) == 5 else (0, 0, False)
    if not first <= int(code[3:] or 0) <= last or not first:
        raise FormatError("a reference system that is not known; the area is not placed", at=at)
    return _from_utm(pairs, zone=int(code[3:]), is_south=is_south)


def _from_utm(pairs: Ring, *, zone: int, is_south: bool) -> Ring:
    """Return (lon, lat) of rows of easting and northing in metres. Source: Karney (2011), equations 7 to 12, 36."""
    n = FLATTENING / (2 - FLATTENING)
    radius_m = EQUATOR_RADIUS_M / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    beta = (n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96, n**2 / 48 + n**3 / 15, 17 * n**3 / 480)
    xi = (pairs[:, 1] - (_SOUTH_M if is_south else 0.0)) / (_SCALE * radius_m)
    eta = (pairs[:, 0] - _EAST_M) / (_SCALE * radius_m)
    if np.abs(eta).max() > 1.0:  # 6,000 km from the zone's middle: no easting
        return np.full(pairs.shape, np.inf)
    xi_on, eta_on = xi.copy(), eta.copy()
    for order, factor in enumerate(beta, 1):
        xi_on -= factor * np.sin(2 * order * xi) * np.cosh(2 * order * eta)
        eta_on -= factor * np.cos(2 * order * xi) * np.sinh(2 * order * eta)
    conformal = np.arcsin(np.sin(xi_on) / np.cosh(eta_on))
    delta = (2 * n - 2 * n**2 / 3 - 2 * n**3, 7 * n**2 / 3 - 8 * n**3 / 5, 56 * n**3 / 15)
    lat = conformal + sum(factor * np.sin(2 * order * conformal) for order, factor in enumerate(delta, 1))
    lon = (zone * 6 - 183) + np.degrees(np.arctan2(np.sinh(eta_on), np.cos(xi_on)))
    return np.column_stack((lon, np.degrees(lat)))
