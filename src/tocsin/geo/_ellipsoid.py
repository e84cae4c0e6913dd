"""Distances on the WGS 84 ellipsoid: the direct problem for circles, the inverse one for measuring.

Source: T. Vincenty, Direct and inverse solutions of geodesics on the ellipsoid, Survey Review XXIII (1975);
W. D. Lambert, The distance between two widely separated points on the surface of the earth (1942);
NIMA TR8350.2 (WGS 84).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EQUATOR_RADIUS_M = 6378137.0
FLATTENING = 1 / 298.257223563
POLE_RADIUS_M = EQUATOR_RADIUS_M * (1 - FLATTENING)
LEAST_RADIUS_M = 6335439.0
"""The least radius of curvature anywhere: along the meridian, at the equator."""

# The direct iteration gains nearly three digits a round: two are right to 2 cm at any distance (measured against
# eight), which is nothing beside the margin of a circle; numpy costs by the call.
_ROUNDS = 2


def destinations(
    lat: float | NDArray[np.float64],
    distance_m: float | NDArray[np.float64],
    sin_az: NDArray[np.float64],
    cos_az: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (degrees east of the start, latitudes) of the places `distance_m` from a start at `lat`, for each azimuth.

    The distance is one for all, or one for each azimuth. Starts as rows, shape (n, 1), give rows of destinations.

    Azimuths go clockwise from north and are given by sine and cosine; the differences of longitude lie in [-180, 180].
    Source: Vincenty (1975), equations 1 to 11.
    """
    reduced = np.arctan((1 - FLATTENING) * np.tan(np.radians(lat)))
    sin_u, cos_u = np.sin(reduced), np.cos(reduced)
    twice_start = 2 * np.arctan2(np.tan(reduced), cos_az)
    sin_alpha = cos_u * sin_az
    cos2_alpha = 1 - sin_alpha**2
    u2 = cos2_alpha * (EQUATOR_RADIUS_M**2 / POLE_RADIUS_M**2 - 1)
    a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    first = distance_m / (POLE_RADIUS_M * a)
    sigma = first
    sixth, fourth = b / 6, b / 4
    for _ in range(_ROUNDS):
        middle, sin_s = np.cos(twice_start + sigma), np.sin(sigma)
        inner = np.cos(sigma) * (2 * middle**2 - 1)
        inner -= sixth * middle * (4 * sin_s**2 - 3) * (4 * middle**2 - 3)
        sigma = first + b * sin_s * (middle + fourth * inner)
    sin_s, cos_s = np.sin(sigma), np.cos(sigma)
    middle = np.cos(twice_start + sigma)
    across = sin_u * sin_s - cos_u * cos_s * cos_az
    lats = np.arctan2(sin_u * cos_s + cos_u * sin_s * cos_az, (1 - FLATTENING) * np.hypot(sin_alpha, across))
    lam = np.arctan2(sin_s * sin_az, cos_u * cos_s - sin_u * sin_s * cos_az)
    c = FLATTENING / 16 * cos2_alpha * (4 + FLATTENING * (4 - 3 * cos2_alpha))
    lons = lam - (1 - c) * FLATTENING * sin_alpha * (sigma + c * sin_s * (middle + c * cos_s * (2 * middle**2 - 1)))
    return np.degrees(lons), np.degrees(lats)


def geodesic_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the distance between two places, in metres, right to about 1e-5."""
    places = np.array((lon, lat, other_lon, other_lat), dtype=np.float64)
    return float(geodesics_m(places[:2], places[2:]))


def geodesics_m(lonlat: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances (...) between places (..., 2) of degrees, in metres, right to about 1e-5.

    Source: Lambert (1942): the great circle between the reduced latitudes, corrected for the flattening.
    """
    first = np.arctan((1 - FLATTENING) * np.tan(np.radians(lonlat[..., 1])))
    second = np.arctan((1 - FLATTENING) * np.tan(np.radians(other[..., 1])))
    mean, half = (first + second) / 2, (second - first) / 2
    haversine = np.sin(half) ** 2
    haversine += np.cos(first) * np.cos(second) * np.sin(np.radians(other[..., 0] - lonlat[..., 0]) / 2) ** 2
    sigma = 2 * np.arcsin(np.sqrt(np.minimum(haversine, 1.0)))
    # The same place; or its antipode, where the correction has no limit and half a meridian is right to 0.2 %.
    is_end = (sigma < 1e-12) | (sigma > np.pi - 1e-6)
    between = np.where(is_end, 1.0, sigma)
    x = (between - np.sin(between)) * (np.sin(mean) * np.cos(half) / np.cos(between / 2)) ** 2
    y = (between + np.sin(between)) * (np.cos(mean) * np.sin(half) / np.sin(between / 2)) ** 2
    metres = EQUATOR_RADIUS_M * (between - FLATTENING / 2 * (x + y))
    return np.where(is_end, sigma * POLE_RADIUS_M, metres)
