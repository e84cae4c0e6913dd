"""What one event means at one place: levels for people, buildings and traffic, by the rules of `impact_rules.toml`.

The level is ours; the issuer's own severity, urgency and certainty stand beside it in the evidence, unchanged. Urgency
does not lower a level: how much time is left is said by `begins`, not by a smaller danger.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

from tocsin.hazards import FAMILIES, HAZARDS
from tocsin.model import Certainty, Event, Evidence, Impact, Level, Place, Relation, Severity, Touch

SIDES = ("people", "buildings", "traffic")
_Change = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules file, checked: changes of level by name, and reach in metres by family."""

    severity: Mapping[Severity, int]
    certainty: Mapping[Certainty, int]
    family: Mapping[str, _Change]
    relation: Mapping[Relation, _Change]
    unplaced_at_most: int
    traits: Mapping[str, tuple[frozenset[str], _Change]]
    near_m: Mapping[str, float]


def load(text: str) -> Rules:
    """Return the rules that a TOML document states. Raises ValueError for a name that nothing else knows."""
    data = tomllib.loads(text)
    _refuse("a section", data, {"severity", "certainty", "family", "relation", "unplaced", "traits", "near_km"})
    if data["family"].keys() != FAMILIES.keys():
        raise ValueError(f"families differ from hazards.toml: {sorted(data['family'].keys() ^ FAMILIES.keys())}")
    _refuse("a family", data["near_km"], FAMILIES)
    for name, changes in {**data["family"], **data["relation"]}.items():
        _refuse(f"a side of {name}", changes, {*SIDES, "at_most"})
    traits = {name: (frozenset(entry.pop("families")), entry) for name, entry in data["traits"].items()}
    for name, (families, changes) in traits.items():
        _refuse(f"a family of {name}", dict.fromkeys(families), FAMILIES)
        _refuse(f"a side of {name}", changes, SIDES)
    return Rules(
        severity={Severity(name): level for name, level in data["severity"].items()},
        certainty={Certainty(name): change for name, change in data["certainty"].items()},
        family=data["family"],
        relation={Relation(name): changes for name, changes in data["relation"].items()},
        unplaced_at_most=data["unplaced"]["at_most"],
        traits=traits,
        near_m={name: km * 1000.0 for name, km in data["near_km"].items()},
    )


def _refuse(what: str, given: Mapping[str, Any], known: Any) -> None:
    unknown = given.keys() - set(known)
    if unknown:
        raise ValueError(f"{what} is unknown: {min(unknown)}")


RULES = load(resources.files("tocsin").joinpath("impact_rules.toml").read_text(encoding="utf-8"))


def near_m(hazard: str) -> float:
    """Return how many metres beyond its area a hazard still concerns a place."""
    return RULES.near_m.get(HAZARDS[hazard].family, 0.0)


def assess(event: Event, place: Place, touch: Touch, *, thread: str, ends: datetime) -> Impact | None:
    """Return what `event` means at `place`, or None when it concerns nobody and nothing there.

    `touch` is how the event's area meets the place, `ends` when our clock ends the event. Some microseconds.
    """
    assert event.hazard is not None, "the gate admits no event without a hazard but a bare Cancel"
    family = HAZARDS[event.hazard].family
    levels, rules = _levels(event, place, touch, family)
    if not any(levels.values()):
        return None
    return Impact(
        place=place.id,
        thread=thread,
        family=family,
        hazard=event.hazard,
        relation=touch.relation,
        distance_m=touch.distance_m,
        begins=event.onset or event.effective or event.sent,
        ends=ends,
        people=levels["people"],
        buildings=levels["buildings"],
        traffic=levels["traffic"],
        rules=tuple(rules),
        response=event.response,
        evidence=Evidence(
            event=event.id,
            source=event.source,
            identifier=event.identifier,
            sent=event.sent,
            severity=event.severity,
            urgency=event.urgency,
            certainty=event.certainty,
            area_exact=touch.area_exact,
        ),
    )


def _levels(event: Event, place: Place, touch: Touch, family: str) -> tuple[dict[str, Level], list[str]]:
    """Return the level of each side, and the rules that made it, in the order in which they were applied."""
    rules = [f"severity.{event.severity}"]
    base = RULES.severity[event.severity]
    if event.certainty in RULES.certainty:
        rules.append(f"certainty.{event.certainty}")
        base += RULES.certainty[event.certainty]
    concern = RULES.family[family]
    rules.append(f"family.{family}")
    highest = concern.get("at_most", int(Level.ACT_NOW))
    relation = RULES.relation.get(touch.relation, {})
    if any(relation.values()):
        rules.append(f"relation.{touch.relation}")
    if touch.relation is Relation.UNPLACED:
        rules.append("unplaced.at_most")
        highest = min(highest, RULES.unplaced_at_most)
    values = {side: base + concern.get(side, 0) + relation.get(side, 0) for side in SIDES}
    for trait in sorted(place.traits & RULES.traits.keys()):
        families, changes = RULES.traits[trait]
        if family in families:
            rules.append(f"traits.{trait}")
            # A trait makes a concern worse; it makes none where there was none.
            values = {side: value + changes.get(side, 0) if value > 0 else value for side, value in values.items()}
    return {side: Level(min(max(value, 0), highest)) for side, value in values.items()}, rules
