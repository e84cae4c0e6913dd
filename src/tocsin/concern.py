"""All impacts of one hazard family at one place, joined so that nothing is ever lowered.

A person is told about a concern, not about a message: two authorities on one storm ring once, and what the one of
them knows is never hidden by the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from tocsin.model import Concern, Evidence, Impact, Level, Relation, Response, Severity, Step

_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}  # CAP lists them worst first
_RELATIONS = {relation: rank for rank, relation in enumerate(Relation)}


def join(impacts: Sequence[Impact]) -> Concern:
    """Return the concern that these impacts, of one family at one place and at least one, make together.

    People, buildings, traffic and level are the highest, `begins` the earliest, `ends` the latest, `steps` how the
    level changes in between, `response` the union in CAP's order. Hazard, relation and distance are those of the worst
    impact: the highest level, then the nearest. Evidence stands once for each event, worst first. The order of the
    impacts does not matter.
    """
    worst = min(impacts, key=_worst_then_nearest)
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
        steps=_steps(impacts),
        response=_union(impacts),
        threads=tuple(sorted({one.thread for one in impacts})),
        evidence=_evidence(impacts),
    )


def _worst_then_nearest(impact: Impact) -> tuple[int, float, int, int, str, str]:
    severity, event = _SEVERITIES[impact.evidence.severity], impact.evidence.event
    return (-impact.level, impact.distance_m, _RELATIONS[impact.relation], severity, event, impact.hazard)


def _steps(impacts: Sequence[Impact]) -> tuple[Step, ...]:
    """Return the worst level of each stretch of time, in order, if it changes; where no impact lasts there is no step.

    What ends when it begins, or before, has no step. Quadratic in the impacts, of which there are seldom more than ten.
    """
    steps: list[Step] = []
    for begins, ends in pairwise(sorted({moment for one in impacts for moment in (one.begins, one.ends)})):
        level = max((one.level for one in impacts if one.begins <= begins and one.ends >= ends), default=None)
        if level is not None:
            _append(steps, level, begins, ends)
    return tuple(steps) if len(steps) > 1 else ()


def _append(steps: list[Step], level: Level, begins: datetime, ends: datetime) -> None:
    """Add a step, as more of the last one where that has the same level and ends where this begins."""
    if steps and steps[-1].level is level and steps[-1].ends == begins:
        begins = steps.pop().begins
    steps.append(Step(level, begins, ends))


def _union(impacts: Sequence[Impact]) -> tuple[Response, ...]:
    found = {response for one in impacts for response in one.response}
    return tuple(response for response in Response if response in found)


def _evidence(impacts: Sequence[Impact]) -> tuple[Evidence, ...]:
    found: dict[str, Evidence] = {}
    for one in sorted(impacts, key=_level_then_severity):
        found.setdefault(one.evidence.event, one.evidence)
    return tuple(found.values())


def _level_then_severity(impact: Impact) -> tuple[int, int, float, str, bool]:
    """Return what sorts evidence: worse, then more severe, then newer."""
    evidence = impact.evidence
    severity, age = _SEVERITIES[evidence.severity], -evidence.sent.timestamp()
    return (-impact.level, severity, age, evidence.event, not evidence.area_exact)
