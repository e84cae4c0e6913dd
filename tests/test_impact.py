"""What an event means at a place: the rules as a table of cases, and what must hold for every rule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from math import inf
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tocsin.hazards import FAMILIES, HAZARDS
from tocsin.impact import RULES, SIDES, Changes, assess, load, near_m
from tocsin.model import (
    Certainty,
    Event,
    Impact,
    Level,
    Place,
    Relation,
    Response,
    Severity,
    Touch,
    Urgency,
)

T = datetime(2021, 12, 11, 2, 0, tzinfo=UTC)
RULES_TEXT = resources.files("tocsin").joinpath("impact_rules.toml").read_text(encoding="utf-8")
LEVELS = Path(__file__).parents[1] / "docs" / "levels.md"

INSIDE = Touch(Relation.INSIDE, 0.0, area_exact=True)
NEAR = Touch(Relation.NEAR, 900.0, area_exact=True)
APPROACH = Touch(Relation.APPROACH, 50_000.0, area_exact=True)
IN_REGION = Touch(Relation.UNPLACED, inf, area_exact=False)
IN_COUNTRY = Touch(Relation.UNPLACED, inf, area_exact=False, is_wide=True)

DEPOT = Place(id="depot", name="Depot", geometry=shapely.Point(0, 0))


def event(
    hazard: str = "tornado", severity: Severity = Severity.SEVERE, certainty: Certainty = Certainty.OBSERVED
) -> Event:
    return Event(
        source="test",
        sender="issuer.example.org",
        identifier="1",
        sent=T,
        hazard=hazard,
        severity=severity,
        certainty=certainty,
        urgency=Urgency.FUTURE,
        response=(Response.SHELTER,),
    )


def judged(what: Event, touch: Touch = INSIDE, traits: Iterable[str] = ()) -> Impact | None:
    place = replace(DEPOT, traits=frozenset(traits))
    return assess(what, place, touch, thread="thread", ends=T + timedelta(hours=1))


def levels(found: Impact | None) -> tuple[int, int, int]:
    return (found.people, found.buildings, found.traffic) if found else (0, 0, 0)


@pytest.mark.parametrize(
    ("what", "touch", "traits", "expected"),
    [
        pytest.param(event(severity=Severity.EXTREME), INSIDE, (), (4, 4, 4), id="extreme"),
        pytest.param(event(severity=Severity.SEVERE), INSIDE, (), (3, 3, 3), id="severe"),
        pytest.param(event(severity=Severity.MODERATE), INSIDE, (), (2, 2, 2), id="moderate"),
        pytest.param(event(severity=Severity.MINOR), INSIDE, (), (1, 1, 1), id="minor"),
        pytest.param(event(severity=Severity.UNKNOWN), INSIDE, (), (4, 4, 4), id="unknown-tornado"),
        pytest.param(event("fog", Severity.UNKNOWN), INSIDE, (), (0, 0, 1), id="unknown-fog"),
        pytest.param(event("road-closure", Severity.UNKNOWN), INSIDE, (), (0, 0, 2), id="unknown-otherwise"),
        pytest.param(event("roadworks", Severity.UNKNOWN), INSIDE, (), (0, 0, 1), id="roadworks"),
        pytest.param(event("planned-event", Severity.SEVERE), INSIDE, (), (0, 0, 2), id="planned-event"),
        pytest.param(event(certainty=Certainty.POSSIBLE), INSIDE, (), (2, 2, 2), id="possible"),
        pytest.param(event(certainty=Certainty.UNLIKELY), INSIDE, (), (2, 2, 2), id="unlikely"),
        pytest.param(event(certainty=Certainty.UNKNOWN), INSIDE, (), (3, 3, 3), id="certainty-unknown"),
        pytest.param(
            event("flood", Severity.MINOR, Certainty.POSSIBLE), INSIDE, (), (1, 1, 1), id="possible-stays-a-notice"
        ),
        pytest.param(event("heat"), INSIDE, (), (3, 1, 1), id="heat"),
        pytest.param(event("snow"), INSIDE, (), (2, 2, 3), id="snow"),
        pytest.param(event("fog"), INSIDE, (), (1, 0, 3), id="fog"),
        pytest.param(event("earthquake"), INSIDE, (), (3, 3, 3), id="earthquake"),
        pytest.param(event("impact", Severity.EXTREME), INSIDE, (), (4, 4, 4), id="hazard-unlike-its-family"),
        pytest.param(event("geomagnetic-storm", Severity.MINOR), INSIDE, (), (0, 0, 0), id="concerns-nothing"),
        pytest.param(event("public-warning-test", Severity.EXTREME), INSIDE, (), (1, 0, 0), id="public-test"),
        pytest.param(event(), NEAR, (), (2, 2, 2), id="near"),
        pytest.param(event(severity=Severity.MINOR), NEAR, (), (1, 1, 1), id="near-stays-a-notice"),
        pytest.param(event("severe-thunderstorm", Severity.MINOR), NEAR, (), (1, 1, 0), id="near-makes-nothing-worse"),
        pytest.param(event(), APPROACH, (), (1, 1, 3), id="approach"),
        pytest.param(event(), APPROACH._replace(distance_m=10_000.0), (), (2, 2, 3), id="approach-and-near"),
        pytest.param(event(), APPROACH._replace(distance_m=10_001.0), (), (1, 1, 3), id="approach-just-not-near"),
        pytest.param(event(severity=Severity.EXTREME), IN_REGION, (), (2, 2, 2), id="region"),
        pytest.param(event(severity=Severity.EXTREME), IN_COUNTRY, (), (1, 1, 1), id="country"),
        pytest.param(event(severity=Severity.MINOR), IN_REGION, (), (1, 1, 1), id="region-raises-nothing"),
        pytest.param(event("flood"), INSIDE, ("basement",), (3, 4, 3), id="basement-in-a-flood"),
        pytest.param(event("flood", Severity.EXTREME), INSIDE, ("basement",), (4, 4, 4), id="never-above-4"),
        pytest.param(event("flood"), IN_REGION, ("basement",), (2, 2, 2), id="trait-under-the-cap"),
        pytest.param(event("heat"), INSIDE, ("basement",), (3, 1, 1), id="basement-in-the-heat"),
        pytest.param(event("heat"), INSIDE, ("outdoor_yard", "cold_store"), (4, 2, 1), id="two-traits"),
        pytest.param(event("high-wind"), INSIDE, ("outdoor_yard",), (4, 3, 3), id="yard-in-the-wind"),
        pytest.param(event("power-outage"), INSIDE, ("cold_store",), (3, 4, 1), id="cold-store-without-power"),
        pytest.param(event("heat", Severity.MINOR), INSIDE, ("cold_store",), (1, 0, 0), id="trait-makes-none-of-calm"),
        pytest.param(event(), INSIDE, ("unheard-of",), (3, 3, 3), id="unknown-trait"),
    ],
)
def test_levels(what: Event, touch: Touch, traits: tuple[str, ...], expected: tuple[int, int, int]) -> None:
    assert levels(judged(what, touch, traits)) == expected


def test_rules_are_named_in_the_order_applied() -> None:
    found = judged(event("heat", Severity.EXTREME, Certainty.POSSIBLE), NEAR, ("outdoor_yard",))
    assert found is not None
    assert found.rules == (
        "severity.Extreme",
        "certainty.Possible",
        "family.heat",
        "relation.near",
        "traits.outdoor_yard",
    )


def test_rules_that_change_nothing_are_not_named() -> None:
    found = judged(event("flood", Severity.MINOR, Certainty.POSSIBLE), IN_REGION)
    assert found is not None
    assert found.rules == ("severity.Minor",)


def test_cap_of_an_inexact_area_is_named() -> None:
    found = judged(event(), IN_COUNTRY)
    assert found is not None
    assert found.rules == ("severity.Severe", "unplaced.country_at_most")


def test_evidence_holds_the_issuers_own_rating() -> None:
    found = judged(event(certainty=Certainty.POSSIBLE), IN_REGION)
    assert found is not None
    evidence = found.evidence
    assert (evidence.severity, evidence.urgency, evidence.certainty) == (
        Severity.SEVERE, Urgency.FUTURE, Certainty.POSSIBLE,
    )  # fmt: skip
    assert evidence.event == event().id
    assert not evidence.area_exact


def test_impact_names_place_thread_and_relation() -> None:
    found = judged(event(), NEAR)
    assert found is not None
    assert (found.place, found.thread, found.family, found.hazard) == ("depot", "thread", "tornado", "tornado")
    assert (found.relation, found.distance_m) == (Relation.NEAR, 900.0)
    assert found.response == (Response.SHELTER,)
    assert found.ends == T + timedelta(hours=1)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("onset", "effective", "begins"),
    [
        pytest.param(T + HOUR, T - HOUR, T + HOUR, id="onset"),
        pytest.param(None, T - HOUR, T - HOUR, id="effective"),
        pytest.param(None, None, T, id="sent"),
    ],
)
def test_begins(onset: datetime | None, effective: datetime | None, begins: datetime) -> None:
    found = judged(replace(event(), onset=onset, effective=effective))
    assert found is not None
    assert found.begins == begins


@pytest.mark.parametrize(
    ("hazard", "metres"),
    [
        ("tornado", 10_000), ("severe-thunderstorm", 10_000), ("wildfire", 10_000), ("chemical", 5_000),
        ("flood", 1_000), ("high-wind", 0), ("snow", 0), ("heat", 0), ("earthquake", 0),
    ],
)  # fmt: skip
def test_near_reaches(hazard: str, metres: float) -> None:
    assert near_m(hazard) == metres


# --- what must hold for every rule --------------------------------------------------------------------------------

ANY_HAZARD = st.sampled_from(sorted(HAZARDS))
ANY_TRAITS = st.frozensets(st.sampled_from(sorted(RULES.traits)))
ANY_DISTANCE = st.sampled_from([1.0, 900.0, 9_000.0, 90_000.0])
ANY_TOUCH = st.one_of(
    st.sampled_from([INSIDE, NEAR, IN_REGION, IN_COUNTRY]),
    ANY_DISTANCE.map(lambda metres: APPROACH._replace(distance_m=metres)),
)
RATED = [Severity.MINOR, Severity.MODERATE, Severity.SEVERE, Severity.EXTREME]
ANY_EVENT = st.builds(event, ANY_HAZARD, st.sampled_from(Severity), st.sampled_from(Certainty))


def no_lower(higher: Impact | None, lower: Impact | None) -> bool:
    return all(a >= b for a, b in zip(levels(higher), levels(lower), strict=True))


@given(what=ANY_EVENT, touch=ANY_TOUCH, traits=ANY_TRAITS, worse=st.integers(1, 3))
def test_worse_severity_never_lowers_a_level(what: Event, touch: Touch, traits: frozenset[str], worse: int) -> None:
    low = replace(what, severity=RATED[0 if what.severity is Severity.UNKNOWN else min(RATED.index(what.severity), 2)])
    high = replace(low, severity=RATED[min(RATED.index(low.severity) + worse, 3)])
    assert no_lower(judged(high, touch, traits), judged(low, touch, traits))


@given(what=ANY_EVENT, touch=ANY_TOUCH, traits=ANY_TRAITS)
def test_inside_is_never_lower_than_elsewhere(what: Event, touch: Touch, traits: frozenset[str]) -> None:
    assert no_lower(judged(what, INSIDE, traits), judged(what, touch, traits))


@given(what=ANY_EVENT, metres=ANY_DISTANCE, traits=ANY_TRAITS)
def test_road_into_the_area_never_lowers_what_is_near(what: Event, metres: float, traits: frozenset[str]) -> None:
    if metres <= near_m(str(what.hazard)):
        near = judged(what, NEAR._replace(distance_m=metres), traits)
        assert no_lower(judged(what, APPROACH._replace(distance_m=metres), traits), near)


@given(what=ANY_EVENT, touch=ANY_TOUCH, certainty=st.sampled_from(Certainty), traits=ANY_TRAITS)
def test_observed_is_never_lower_than_less_certain(
    what: Event, touch: Touch, certainty: Certainty, traits: frozenset[str]
) -> None:
    observed = replace(what, certainty=Certainty.OBSERVED)
    assert no_lower(judged(observed, touch, traits), judged(replace(what, certainty=certainty), touch, traits))


@given(what=ANY_EVENT, touch=ANY_TOUCH, traits=ANY_TRAITS)
def test_trait_never_lowers_a_level(what: Event, touch: Touch, traits: frozenset[str]) -> None:
    assert no_lower(judged(what, touch, traits), judged(what, touch))


@given(what=ANY_EVENT, touch=ANY_TOUCH, traits=ANY_TRAITS)
def test_impact_concerns_something_and_stays_within_its_caps(what: Event, touch: Touch, traits: frozenset[str]) -> None:
    found = judged(what, touch, traits)
    if found is not None:
        assert found.level > Level.CALM
        if not touch.area_exact:
            assert found.level <= (Level.NOTICE if touch.is_wide else Level.BE_AWARE)
        if found.family == "test":
            assert found.level == Level.NOTICE


@given(what=ANY_EVENT, touch=ANY_TOUCH, traits=ANY_TRAITS, urgency=st.sampled_from(Urgency))
def test_urgency_changes_no_level(what: Event, touch: Touch, traits: frozenset[str], urgency: Urgency) -> None:
    other = replace(what, urgency=urgency)
    assert levels(judged(other, touch, traits)) == levels(judged(what, touch, traits))


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "test"])
def test_every_family_can_be_acted_upon(family: str) -> None:
    worst = [judged(event(slug, Severity.EXTREME)) for slug, one in HAZARDS.items() if one.family == family]
    assert max(found.level for found in worst if found) >= Level.BE_AWARE


# --- the file and the manual --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "instead", "says"),
    [
        pytest.param("Extreme = 4", "Extreme = 5", "severity.Extreme: must be a level", id="level-out-of-range"),
        pytest.param("Extreme = 4", "Extreme = 2", "a worse one begins lower", id="severity-not-monotone"),
        pytest.param("Extreme = 4", "Extrem = 4", "severity: Extrem is not known", id="severity-unknown"),
        pytest.param("Extreme = 4", "", "severity: Extreme is missing", id="severity-missing"),
        pytest.param("Possible = -1", "Possible = 0.5", "certainty.Possible: must be a whole", id="half-a-level"),
        pytest.param("Possible = -1", "Posible = -1", "certainty: Posible", id="certainty-unknown"),
        pytest.param("region_at_most = 2", "region_at_most = true", "must be a whole number", id="not-a-number"),
        pytest.param("flood = 1\n", "floods = 1\n", "near_km: floods", id="near-family-unknown"),
        pytest.param("near = {", "next = {", "relation: next", id="relation-unknown"),
        pytest.param("heat = { people = 0", "heat = { folk = 0", "family.heat: folk", id="side-unknown"),
        pytest.param("smoke = {", "smoek = {", "hazard: smoek", id="hazard-unknown"),
        pytest.param("fog = 1, frost", "fogg = 1, frost", "unknown.hazards: fogg", id="unrated-hazard-unknown"),
        pytest.param('= ["utility"', '= ["power"', "traits.cold_store.families: power", id="trait-family-unknown"),
        pytest.param("[certainty]", "[certainties]", "the file: certainties", id="section-unknown"),
    ],
)  # fmt: skip
def test_rules_file_that_is_wrong_is_refused(line: str, instead: str, says: str) -> None:
    assert line in RULES_TEXT
    with pytest.raises(ValueError, match=re.escape(says)):
        load(RULES_TEXT.replace(line, instead, 1))


def tables() -> str:
    """Return the figures of docs/levels.md as the rules file has them."""
    families = [(name, changes, RULES.near_m.get(name, 0) / 1000) for name, changes in RULES.family.items()]
    unrated: dict[int, list[str]] = {}
    for name, level in RULES.unknown.items():
        unrated.setdefault(level, []).append(name)
    lines = ["", "| issuer's severity | level to begin with |", "|---|---|"]
    lines += [f"| {severity} | {level} {Level(level).words} |" for severity, level in RULES.severity.items()]
    lines += [f"| Unknown: {', '.join(names)} | {level} {Level(level).words} |" for level, names in unrated.items()]
    lines += [f"| Unknown: any other hazard | {RULES.unknown_default} {Level(RULES.unknown_default).words} |", ""]
    lines += [f"Certainty {name}: {change:+d}." for name, change in RULES.certainty.items()]
    lines += [f"Area not exact: at most {RULES.region_at_most} in a region, {RULES.country_at_most} in a country.", ""]
    lines += ["| family | people | buildings | traffic | at most | near, up to |", "|---|---|---|---|---|---|"]
    for name, changes, km in families:
        reach = f"{km:g} km" if km else ""
        lines.append(f"| {name} | {_signed(changes)} | {changes.get('at_most', 4)} | {reach} |")
    lines += ["", "| hazard unlike its family | people | buildings | traffic |", "|---|---|---|---|"]
    lines += [f"| {name} | {_signed(changes)} |" for name, changes in RULES.hazard.items()]
    lines += ["", "| relation | people | buildings | traffic |", "|---|---|---|---|"]
    lines += [f"| {relation} | {_signed(changes)} |" for relation, changes in RULES.relation.items()]
    lines += ["", "| trait of the place | for | people | buildings | traffic |", "|---|---|---|---|---|"]
    for name, trait in RULES.traits.items():
        lines.append(f"| {name} | {', '.join(sorted(trait.families))} | {_signed(trait.changes)} |")
    return "\n".join([*lines, "", ""])


def _signed(changes: Changes) -> str:
    return " | ".join(f"{changes.get(side, 0):+d}" if changes.get(side) else "0" for side in SIDES)


def test_manual_has_the_figures_of_the_rules_file() -> None:
    text = LEVELS.read_text(encoding="utf-8")
    assert text.partition("<!-- rules -->\n")[2].partition("<!-- /rules -->")[0] == tables()


def test_manual_names_every_level() -> None:
    text = LEVELS.read_text(encoding="utf-8")
    assert all(f"| {level.value} | {level.words} |" in text for level in Level)
