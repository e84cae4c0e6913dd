"""Joining never lowers a level, never begins later and never ends earlier than any member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.concern import join
from tocsin.model import Certainty, Evidence, Impact, Level, Relation, Response, Severity, Step, Urgency

T = datetime(2021, 12, 11, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

patiently = settings(deadline=None)  # a busy machine is no finding


def evidence(event: str, severity: Severity = Severity.SEVERE, *, area_exact: bool = True) -> Evidence:
    return Evidence(
        event=event,
        source="nws",
        identifier=event,
        sent=T,
        severity=severity,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.OBSERVED,
        area_exact=area_exact,
    )


def impact(event: str = "a", level: Level = Level.BE_AWARE, **fields: Any) -> Impact:
    """Return an impact on people of the given level, by one event."""
    defaults: dict[str, Any] = {
        "place": "depot",
        "thread": "t",
        "family": "wind",
        "hazard": "tornado",
        "relation": Relation.INSIDE,
        "distance_m": 0.0,
        "begins": T,
        "ends": T + HOUR,
        "people": level,
        "buildings": Level.CALM,
        "traffic": Level.CALM,
        "rules": (),
        "response": (),
        "evidence": evidence(event),
    }
    return Impact(**(defaults | fields))


levels = st.sampled_from(Level)
moments = st.integers(0, 48).map(lambda hours: T + hours * HOUR)
distances = st.sampled_from([0.0, 300.0, 5_000.0, inf])
impacts = st.builds(
    impact,
    thread=st.sampled_from("tuv"),
    hazard=st.sampled_from(["tornado", "thunderstorm"]),
    relation=st.sampled_from(Relation),
    distance_m=distances,
    begins=moments,
    ends=moments,
    people=levels,
    buildings=levels,
    traffic=levels,
    response=st.lists(st.sampled_from(Response), max_size=3).map(tuple),
    evidence=st.builds(evidence, st.sampled_from("abcd"), severity=st.sampled_from(Severity), area_exact=st.booleans()),
)
several = st.lists(impacts, min_size=1, max_size=6)


@patiently
@given(several)
def test_join_lowers_no_level(members: Sequence[Impact]) -> None:
    joined = join(members)
    for one in members:
        assert joined.level >= one.level
        assert (joined.people >= one.people, joined.buildings >= one.buildings) == (True, True)
        assert joined.traffic >= one.traffic


@patiently
@given(several)
def test_join_raises_no_level_above_its_members(members: Sequence[Impact]) -> None:
    assert join(members).level == max(one.level for one in members)


@patiently
@given(several)
def test_join_shortens_no_time(members: Sequence[Impact]) -> None:
    joined = join(members)
    assert all(joined.begins <= one.begins and joined.ends >= one.ends for one in members)


@patiently
@given(several)
def test_join_loses_no_thread_event_or_response(members: Sequence[Impact]) -> None:
    joined = join(members)
    assert set(joined.threads) == {one.thread for one in members}
    assert {one.event for one in joined.evidence} == {one.evidence.event for one in members}
    assert set(joined.response) == {response for one in members for response in one.response}


@patiently
@given(several)
def test_join_names_no_event_twice(members: Sequence[Impact]) -> None:
    named = [one.event for one in join(members).evidence]
    assert len(named) == len(set(named))


@patiently
@given(several)
def test_join_lowers_no_severity(members: Sequence[Impact]) -> None:
    """The first evidence of the worst level carries the worst severity that was said at that level."""
    joined = join(members)
    ranks = list(Severity)
    said = [ranks.index(one.evidence.severity) for one in members if one.level == joined.level]
    assert ranks.index(joined.evidence[0].severity) == min(said)


@patiently
@given(several, st.data())
def test_join_is_the_same_in_any_order(members: Sequence[Impact], data: st.DataObject) -> None:
    assert join(data.draw(st.permutations(members))) == join(members)


@patiently
@given(several)
def test_join_of_the_same_twice_is_the_same(members: Sequence[Impact]) -> None:
    assert join([*members, *members]) == join(members)


@pytest.mark.parametrize(
    ("members", "nearest"),
    [
        pytest.param(
            [impact("a", relation=Relation.NEAR, distance_m=300.0), impact("b", Level.CALM)],
            (Relation.NEAR, 300.0),
            id="the-worse-though-farther",
        ),
        pytest.param(
            [impact("a", relation=Relation.NEAR, distance_m=300.0), impact("b", relation=Relation.INSIDE)],
            (Relation.INSIDE, 0.0),
            id="of-equals-the-nearer",
        ),
        pytest.param(
            [
                impact("a", relation=Relation.NEAR, distance_m=300.0, evidence=evidence("a", Severity.EXTREME)),
                impact("b", relation=Relation.APPROACH, distance_m=200.0),
            ],
            (Relation.APPROACH, 200.0),
            id="the-nearer-whatever-the-severity",
        ),
        pytest.param(
            [
                impact("a", relation=Relation.UNPLACED, distance_m=inf),
                impact("b", relation=Relation.NEAR, distance_m=9e6),
            ],
            (Relation.NEAR, 9e6),
            id="anywhere-known-before-unplaced",
        ),
        pytest.param(
            [impact("a", relation=Relation.APPROACH), impact("b", relation=Relation.INSIDE)],
            (Relation.INSIDE, 0.0),
            id="at-one-distance-by-relation",
        ),
    ],
)
def test_join_lies_where_the_worst_lies(members: list[Impact], nearest: tuple[Relation, float]) -> None:
    joined = join(members)
    assert (joined.relation, joined.distance_m) == nearest


def test_join_is_named_after_the_worst_hazard() -> None:
    assert join([impact("a", hazard="thunderstorm"), impact("b", Level.ACT_NOW)]).hazard == "tornado"


def test_join_sorts_evidence_by_level_severity_and_event() -> None:
    members = [
        impact("d", Level.NOTICE, evidence=evidence("d", Severity.EXTREME)),
        impact("c", Level.ACT_NOW, evidence=evidence("c", Severity.MINOR)),
        impact("b", Level.ACT_NOW),
        impact("a", Level.ACT_NOW),
    ]
    assert [one.event for one in join(members).evidence] == ["a", "b", "c", "d"]


def test_join_keeps_the_exact_area_of_an_event_that_is_matched_twice() -> None:
    one = impact("a")
    coarse = replace(one, evidence=evidence("a", area_exact=False))
    assert join([coarse, one]).evidence == (evidence("a"),)


def test_join_sorts_responses_as_cap_does() -> None:
    members = [impact("a", response=(Response.MONITOR, Response.SHELTER)), impact("b", response=(Response.AVOID,))]
    assert join(members).response == (Response.SHELTER, Response.AVOID, Response.MONITOR)


@pytest.mark.parametrize(
    "stranger", [pytest.param({"place": "shop"}, id="place"), pytest.param({"family": "flood"}, id="family")]
)
def test_join_of_strangers_is_our_mistake(stranger: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        join([impact("a"), impact("b", **stranger)])


def _steps(*impacts: Impact) -> list[tuple[int, float, float]]:
    return [(one.level, (one.begins - T) / HOUR, (one.ends - T) / HOUR) for one in join(impacts).steps]


WATCH = impact("watch", Level.BE_PREPARED, ends=T + 8 * HOUR)


@pytest.mark.parametrize(
    ("impacts", "steps"),
    [
        pytest.param([WATCH], [], id="one"),
        pytest.param([WATCH, impact("tornado", Level.ACT_NOW)], [(4, 0, 1), (3, 1, 8)], id="warning-within-a-watch"),
        pytest.param(
            [WATCH, impact("later", Level.ACT_NOW, begins=T + 3 * HOUR, ends=T + 4 * HOUR)],
            [(3, 0, 3), (4, 3, 4), (3, 4, 8)],
            id="warning-that-comes-later",
        ),
        pytest.param(
            [WATCH, impact("next", Level.BE_PREPARED, begins=T + 8 * HOUR, ends=T + 9 * HOUR)],
            [],
            id="one-level-goes-on",
        ),
        pytest.param(
            [impact(), impact("next", begins=T + 5 * HOUR, ends=T + 6 * HOUR)],
            [(2, 0, 1), (2, 5, 6)],
            id="nothing-in-between",
        ),
        pytest.param([impact(ends=T)], [], id="nothing-lasts"),
    ],
)
def test_steps_say_how_the_level_goes(impacts: list[Impact], steps: list[tuple[int, float, float]]) -> None:
    assert _steps(*impacts) == steps


@patiently
@given(several)
def test_steps_cover_each_impact_with_no_lower_level(members: Sequence[Impact]) -> None:
    joined = join(members)
    steps = joined.steps or (Step(joined.level, joined.begins, joined.ends),)
    assert all(one.ends <= other.begins for one, other in pairwise(steps))
    for member in (one for one in members if one.begins < one.ends):
        within = [one for one in steps if one.begins < member.ends and one.ends > member.begins]
        covered = sum((min(one.ends, member.ends) - max(one.begins, member.begins) for one in within), timedelta())
        assert all(one.level >= member.level for one in within)
        assert covered >= member.ends - member.begins
