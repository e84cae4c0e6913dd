"""All impacts of one hazard family at one place, joined so that nothing is ever lowered.

A person is told about a concern, not about a message: two authorities on one storm ring once, and what the one of
them knows is never hidden by the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.model import Concern, Evidence, Impact, Response, Severity

_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}  # CAP lists them worst first


def join(impacts: Sequence[Impact]) -> Concern:
    """Return the concern that these impacts, of one family at one place and at least one, make together.

    Level, people, buildings and traffic are the highest, `begins` the earliest, `ends` the latest, `response` the
    union. Hazard, relation and distance are those of the worst impact. The order of the impacts does not matter.
    """
    worst_first = sorted(impacts, key=_worst_first)
    worst = worst_first[0]
    assert all((one.place, one.family) == (worst.place, worst.family) for one in impacts), "one place, one family"
    people = max(one.people for one in impacts)
    buildings = max(one.buildings for one in impacts)
    traffic = max(one.traffic for one in impacts)
    return Concern(
        place=worst.place,
        family=worst.family,
        hazard=worst.hazard,
        level=max(people, buildings, traffic),
        people=people,
        buildings=buildings,
        traffic=traffic,
        begins=min(one.begins for one in impacts),
        ends=max(one.ends for one in impacts),
        relation=worst.relation,
        distance_m=worst.distance_m,
        response=_union(impacts),
        threads=tuple(sorted({one.thread for one in impacts})),
        evidence=_evidence(worst_first),
    )


def _worst_first(impact: Impact) -> tuple[int, int, float, str]:
    return (-impact.level, _SEVERITIES[impact.evidence.severity], impact.distance_m, impact.evidence.event)


def _union(impacts: Sequence[Impact]) -> tuple[Response, ...]:
    found = {response for one in impacts for response in one.response}
    return tuple(response for response in Response if response in found)


def _evidence(worst_first: Sequence[Impact]) -> tuple[Evidence, ...]:
    """Return each event's evidence once, worst first."""
    return tuple({one.evidence.event: one.evidence for one in worst_first}.values())
