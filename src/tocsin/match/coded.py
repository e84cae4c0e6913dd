"""Where an area is of which only the codes are known.

List by list, narrow before wide: a place that states a code of a list lies in the area or does not, and that settles
it. Where the outlines of all the area's codes are known, the other places are inside or out by where they lie.

Else a place that states none of the list is looked up in the next wider one that the area's codes lie in: a wider part
of the same nomenclature, the state, the country. Where the codes name no region, the issuer's jurisdiction stands in
for it. A place of which nothing of all that is known may be anywhere, so it may be there. That it lies in another code
of the list, by an outline, never rules it out then: lists are redrawn, and the unknown code may be part of that one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tocsin.geocodes.spelling import COUNTRY, SUBDIVISION, WORLD, narrow, region_of, territory, wider
from tocsin.model import Code, Relation, Touch

# One value for all who are inside: thousands of places under hundreds of warnings are held in memory at once.
HERE = Touch(Relation.INSIDE, 0.0, area_exact=True)

# What is known of a place, such that the greatest wins when an event has several areas.
_OPEN, _OUT, _IN_COUNTRY, _IN_REGION, _INSIDE = range(5)
_TOUCHES = {
    _IN_COUNTRY: Touch(Relation.UNPLACED, inf, area_exact=False, is_wide=True),
    _IN_REGION: Touch(Relation.UNPLACED, inf, area_exact=False),
    _INSIDE: HERE,
}
_Key = TypeVar("_Key")
_NOBODY = np.empty(0, dtype=np.intp)
_Positions = npt.NDArray[np.intp]
_Findings = npt.NDArray[np.int8]


class CodeIndex:
    """The places by the codes that they state, and by those that follow from them: of a county, its state.

    `located` are (position, code) by where the places lie (`Geocodes.locate`).
    """

    def __init__(self, geocodes: Sequence[Iterable[Code]], located: Iterable[tuple[int, Code]] = ()) -> None:
        members: defaultdict[Code, list[int]] = defaultdict(list)
        stating: defaultdict[str, list[int]] = defaultdict(list)
        for position, stated in enumerate(geocodes):
            codes = {one for code in stated for one in wider(code)}
            for code in codes:
                members[code].append(position)
            for scheme in {code.scheme for code in codes}:
                stating[scheme].append(position)
        self._count = len(geocodes)
        self._members = _frozen(members)
        self._stating = _frozen(stating)
        lying: defaultdict[Code, list[int]] = defaultdict(list)
        for position, code in located:
            lying[code].append(position)
        self._lying = _frozen(lying)

    def touches(
        self, areas: Mapping[tuple[Code, ...], frozenset[Code] | None], jurisdiction: Sequence[str]
    ) -> dict[int, Touch]:
        """Return the places that lie in any of the areas, or may lie in one, by position.

        Each area is given by its codes, with those whose outlines make up all of it, None where they are not known.
        Cost: per area a few look-ups, and one pass over an array of a byte a place.
        """
        best = np.full(self._count, _OUT, dtype=np.int8)
        for codes, outlined in areas.items():
            findings = self._stated(codes)
            if outlined is not None:
                self._by_outlines(findings, codes, outlined)
            else:
                self._by_regions(findings, codes, jurisdiction)
            np.maximum(best, findings, out=best)
        found = np.flatnonzero(best > _OUT)
        return {
            position: _TOUCHES[finding] for position, finding in zip(found.tolist(), best[found].tolist(), strict=True)
        }

    def _stated(self, codes: Sequence[Code]) -> _Findings:
        """Return the places that state a code of the area as inside and all others as open."""
        findings = np.full(self._count, _OPEN, dtype=np.int8)
        for code in narrow(codes):
            findings[self._members.get(code, _NOBODY)] = _INSIDE
        return findings

    def _by_outlines(self, findings: _Findings, codes: Sequence[Code], outlined: frozenset[Code]) -> None:
        for scheme in {code.scheme for code in narrow(codes)}:
            _settle(findings, self._stating.get(scheme, _NOBODY), _OUT)
        for code in outlined:
            _settle(findings, self._lying.get(code, _NOBODY), _INSIDE)
        findings[findings == _OPEN] = _OUT

    def _by_regions(self, findings: _Findings, codes: Sequence[Code], jurisdiction: Sequence[str]) -> None:
        exact = narrow(codes)
        for code in exact:
            lying = np.setdiff1d(self._lying.get(code, _NOBODY), self._stating.get(code.scheme, _NOBODY))
            _settle(findings, lying, _INSIDE)
        for scheme, listed in _lists(codes, jurisdiction):
            finding = _IN_COUNTRY if scheme == COUNTRY else _IN_REGION
            for code in listed - exact:
                _settle(findings, self._members.get(code, _NOBODY), finding)
            _settle(findings, self._stating.get(scheme, _NOBODY), _OUT)
        findings[findings == _OPEN] = _IN_COUNTRY


def _settle(findings: _Findings, positions: _Positions, finding: int) -> None:
    findings[positions[findings[positions] == _OPEN]] = finding


def _lists(codes: Sequence[Code], jurisdiction: Sequence[str]) -> list[tuple[str, set[Code]]]:
    """Return the codes, and all that they lie in, by list, narrow lists first."""
    lists: defaultdict[str, set[Code]] = defaultdict(set)
    regions = () if any(map(region_of, codes)) else territory(jurisdiction)
    if Code(COUNTRY, WORLD) in regions:
        regions = ()
    for code in (*codes, *regions):
        for one in wider(code):
            lists[one.scheme].add(one)
    return sorted(lists.items(), key=lambda entry: _breadth(entry[0]))


def _breadth(scheme: str) -> tuple[int, int]:
    rank = {SUBDIVISION: 1, COUNTRY: 2}.get(scheme, 0)
    # Of one nomenclature the higher number is the narrower part: NUTS3 before NUTS2, SGC7 before SGC4.
    return rank, -int(scheme[-1]) if scheme[-1:].isdigit() and rank == 0 else 0


def _frozen(lists: Mapping[_Key, list[int]]) -> dict[_Key, _Positions]:
    return {key: np.array(positions, dtype=np.intp) for key, positions in lists.items()}
