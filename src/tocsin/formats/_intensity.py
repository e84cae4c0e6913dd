"""How far an earthquake is felt: a published intensity prediction equation, solved for distance.

An estimate for the median site of a point source. It knows no fault, no ground, no coast; a ShakeMap, where there is
one, is better. It is here because a bare magnitude says nothing to a place, and minutes count.

Source: T. I. Allen, D. J. Wald and C. B. Worden, "Intensity attenuation for active crustal regions", Journal of
Seismology 16 (2012), 409-433, the equation for hypocentral distance. Derived from Mw 5.0 to 7.9, intensity II and
more, less than 300 km. Beyond that distance and magnitude we extrapolate rather than cut off: cutting would say that
nothing is felt. Below M 5 the equation runs away near the source (it gives MMI VI for M 1 at the surface), so the
typical maxima of the USGS table "Magnitude / Intensity Comparison" cap it.
"""

from __future__ import annotations

import math
from functools import lru_cache

# Table of the equation's coefficients, as the paper names them.
_C0, _C1, _C2 = 2.085, 1.428, -1.402
_C4 = 0.078  # beyond _BEND_KM
_M1, _M2 = -0.209, 2.042
_BEND_KM = 50.0

# USGS, "Magnitude / Intensity Comparison": M 3.0-3.9 gives II to III at most, M 4.0-4.9 gives IV to V.
_CAPS = ((4.0, 3.0), (5.0, 5.0))

# Nearer than this the point source means nothing: the equation turns over in magnitude, and has a pole at M 2.7.
_NEAREST_KM = 1.0
_FARTHEST_KM = 20_000.0  # half the way round the Earth
_PRECISION_KM = 0.01


def intensity(magnitude: float, distance_km: float) -> float:
    """Return the median Modified Mercalli Intensity at a hypocentral distance in kilometres, as a decimal.

    Falls with distance; rises with magnitude from M 5 and 1 km. Not capped for small magnitudes: `reach_km` is.
    """
    saturation_km = _M1 + _M2 * math.exp(magnitude - 5)
    value = _C0 + _C1 * magnitude + _C2 * math.log(math.hypot(distance_km, saturation_km))
    return value + _C4 * math.log(distance_km / _BEND_KM) if distance_km > _BEND_KM else value


@lru_cache(maxsize=4_096)  # magnitudes are told to a tenth, and shallow depths are assumed
def reach_km(magnitude: float, depth_km: float, at_least: float) -> float:
    """Return how far from the epicentre, along the surface, the intensity is `at_least` (MMI), in kilometres.

    0 where it does not reach the surface. A depth of less than 1 km, or above sea level, counts as 1 km.
    """
    if at_least > min((cap for below, cap in _CAPS if magnitude < below), default=math.inf):
        return 0.0
    depth_km = max(depth_km, _NEAREST_KM)
    if intensity(magnitude, depth_km) < at_least:
        return 0.0
    felt, unfelt = 0.0, _FARTHEST_KM
    while unfelt - felt > _PRECISION_KM:
        middle = (felt + unfelt) / 2
        if intensity(magnitude, math.hypot(middle, depth_km)) >= at_least:
            felt = middle
        else:
            unfelt = middle
    return felt
