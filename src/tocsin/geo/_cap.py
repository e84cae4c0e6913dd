"""CAP's polygons and circles: "lat,lon" pairs in text.

Source: CAP 1.2, 3.2.4 polygon and circle.
"""

from __future__ import annotations

import re

import numpy as np
from shapely.geometry.base import BaseGeometry

from tocsin.errors import FormatError
from tocsin.geo._circle import MAX_RADIUS_M, box_about, circle
from tocsin.geo._rings import MAX_POSITIONS, Ring, oriented, polygon
from tocsin.model import Problem

# ASCII digits only: float() would also take "5_0", "nan" and the digits of other scripts. Possessive: no way back.
_NUMBER = r"[+-]?+(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?+[0-9]{1,2}+)?+"
_PAIRS = re.compile(rf"{_NUMBER},{_NUMBER}(?: {_NUMBER},{_NUMBER})*+")
_WHITE = str.maketrans("\t\r\n", "   ")  # XML's white space, and no other script's
_BLANKS = re.compile("  ++")
_CIRCLE = re.compile(rf"({_NUMBER},{_NUMBER}) ({_NUMBER})")

MAX_CIRCLES = 20
"""Of one message; of further ones the boxes about them are to be taken, because a circle is thirty bytes and a fifth of
a millisecond. Of recorded alerts the most is 2."""


def cap_polygon(text: str, *, at: str) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the area of a CAP <polygon>, and what was repaired.

    `text` holds "lat,lon" pairs apart by any white space. An open ring is closed, one that crosses itself repaired,
    swapped axes are exchanged where a latitude shows it. Raises FormatError when the text is not a list of
    pairs, a position is nowhere on earth, or the ring encloses no area.
    """
    positions, problems = _positions(text, at=at)
    if len(positions) < 3:
        raise FormatError("the ring encloses no area", at=at)
    found, more = polygon(positions, at=at)
    return found, problems + more


def cap_circle(text: str, *, at: str, is_coarse: bool = False) -> tuple[BaseGeometry, tuple[Problem, ...]]:
    """Return the area of a CAP <circle>, "lat,lon radius" with the radius in kilometres, and what was repaired.

    A coarse one is the box about it, for a fraction of the cost. A radius of 0 gives a Point. Raises FormatError when
    the text is anything else or the radius is negative.
    """
    found = _CIRCLE.fullmatch(_spaced(text))
    if found is None:
        raise FormatError("not a position and a radius", at=at)
    positions, problems = oriented(_array(found[1]), at=at)
    radius_m = float(found[2]) * 1000.0
    if radius_m < 0.0:
        raise FormatError("the radius is negative", at=at)
    if radius_m > MAX_RADIUS_M:
        problems += (Problem(at=at, message="the area covers more than half the world; kept", is_repaired=True),)
    lon, lat = positions[0]
    draw = box_about if is_coarse else circle
    return draw((float(lon) + 180.0) % 360.0 - 180.0, float(lat), radius_m), problems


def positions_of(text: str, *, at: str) -> tuple[Ring, tuple[Problem, ...]]:
    """Return the (lon, lat) positions of a list of "lat,lon" pairs, each somewhere on earth."""
    found, problems = _positions(text, at=at)
    line, more = oriented(found, at=at)
    return line, problems + more


def _positions(text: str, *, at: str) -> tuple[Ring, tuple[Problem, ...]]:
    """Return the (lon, lat) positions of a list of pairs; tells of commas that stand where they should not."""
    spaced = _spaced(text)
    if spaced.count(" ") > MAX_POSITIONS:
        raise FormatError(f"a ring has more than {MAX_POSITIONS} positions", at=at)
    if _PAIRS.fullmatch(spaced):
        return _array(spaced), ()
    # "1,2, 3,4," and "1, 2 3, 4" are both published; each is tried whole, so that neither reading mixes with the other.
    for repaired in ((spaced + " ").replace(", ", " ").rstrip(), spaced.replace(" ,", ",").replace(", ", ",")):
        if _PAIRS.fullmatch(repaired):
            message = "commas or spaces stand where none should; read as pairs"
            return _array(repaired), (Problem(at=at, message=message, is_repaired=True),)
    raise FormatError("not a list of lat,lon pairs", at=at)


def _spaced(text: str) -> str:
    return _BLANKS.sub(" ", text.translate(_WHITE)).strip(" ")


def _array(pairs: str) -> Ring:
    """Return (lon, lat) rows of matched "lat,lon" pairs."""
    return np.array(pairs.replace(",", " ").split(" "), dtype=np.float64).reshape(-1, 2)[:, ::-1]
