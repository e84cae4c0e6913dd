"""What one event means at one place: levels for people, buildings and traffic, by the rules of `impact_rules.toml`.

The level is ours; the issuer's own severity, urgency and certainty stand beside it in the evidence, unchanged. Urgency
does not lower a level: how much time is left is said by `begins`, not by a smaller danger.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

from tocsin.hazards import FAMILIES, HAZARDS
from tocsin.model import Certainty, Event, Evidence, Impact, Level, Place, Relation, Severity, Touch

SIDES = ("people", "buildings", "traffic")
_AT_MOST = "at_most"
_KM = 1000.0

Changes = Mapping[str, int]
"""What a rule adds to the level of each side; a side that is absent stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """What a trait of a place adds to the sides, for hazards of `families`."""

    families: frozenset[str]
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules file, checked. `unknown` holds the levels that hazards begin with when the issuer rates nothing."""

    severity: Mapping[Severity, int]
    unknown: Mapping[str, int]
    unknown_default: int
    certainty: Mapping[Certainty, int]
    family: Mapping[str, Changes]
    hazard: Mapping[str, Changes]
    relation: Mapping[Relation, Changes]
    traits: Mapping[str, Trait]
    region_at_most: int
    country_at_most: int
    near_m: Mapping[str, float]


_RATED = (Severity.EXTREME, Severity.SEVERE, Severity.MODERATE, Severity.MINOR)  # worst first

# Section -> the names that may stand in it, and whether all of them must; the names of traits are the operator's.
_SECTIONS: Mapping[str, tuple[Collection[str], bool]] = {
    "severity": (_RATED, True),
    "unknown": (("default", "hazards"), True),
    "certainty": (tuple(Certainty), False),
    "family": (FAMILIES, True),
    "hazard": (HAZARDS, False),
    "relation": ((Relation.APPROACH, Relation.NEAR), True),
    "unplaced": (("region_at_most", "country_at_most"), True),
    "near_km": (FAMILIES, False),
}


def load(text: str) -> Rules:
    """Return the rules that a TOML document states.

    Raises ValueError naming the rule when a section is missing, a name is one that nothing else knows, a number is
    out of range, or a worse severity would begin lower.
    """
    data = tomllib.loads(text)
    _check_names("the file", data, (*_SECTIONS, "traits"), complete=True)
    for section, (names, complete) in _SECTIONS.items():
        _check_names(section, data[section], names, complete=complete)
    _check_names("unknown.hazards", data["unknown"]["hazards"], HAZARDS)
    severity = {Severity(name): _level(f"severity.{name}", level) for name, level in data["severity"].items()}
    ranked = [severity[one] for one in _RATED]
    if ranked != sorted(ranked, reverse=True):
        raise ValueError("severity: a worse one begins lower")
    return Rules(
        severity=severity,
        unknown={name: _level(f"unknown.{name}", level) for name, level in data["unknown"]["hazards"].items()},
        unknown_default=_level("unknown.default", data["unknown"]["default"]),
        certainty={Certainty(name): _whole(f"certainty.{name}", change) for name, change in data["certainty"].items()},
        family={name: _changes(f"family.{name}", entry) for name, entry in data["family"].items()},
        hazard={name: _changes(f"hazard.{name}", entry) for name, entry in data["hazard"].items()},
        relation={Relation(name): _changes(f"relation.{name}", entry) for name, entry in data["relation"].items()},
        traits={name: _trait(f"traits.{name}", entry) for name, entry in data["traits"].items()},
        region_at_most=_level("unplaced.region_at_most", data["unplaced"]["region_at_most"]),
        country_at_most=_level("unplaced.country_at_most", data["unplaced"]["country_at_most"]),
        near_m={name: _whole(f"near_km.{name}", km) * _KM for name, km in data["near_km"].items()},
    )


def _check_names(where: str, table: Mapping[str, Any], known: Collection[str], *, complete: bool = False) -> None:
    if unknown := table.keys() - set(known):
        raise ValueError(f"{where}: {min(unknown)} is not known")
    if complete and (missing := set(known) - table.keys()):
        raise ValueError(f"{where}: {min(missing)} is missing")


def _whole(where: str, value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"{where}: must be a whole number")
    return value


def _level(where: str, value: Any) -> int:
    if not Level.NOTICE <= _whole(where, value) <= Level.ACT_NOW:
        raise ValueError(f"{where}: must be a level from 1 to 4")
    return int(value)


def _changes(where: str, entry: Mapping[str, Any]) -> Changes:
    _check_names(where, entry, (*SIDES, _AT_MOST))
    return {name: _whole(f"{where}.{name}", value) for name, value in entry.items()}


def _trait(where: str, entry: Mapping[str, Any]) -> Trait:
    families = entry.get("families", ())
    _check_names(where, entry, ("families", *SIDES))
    _check_names(f"{where}.families", dict.fromkeys(families), FAMILIES)
    changes = {side: _whole(f"{where}.{side}", entry[side]) for side in SIDES if side in entry}
    return Trait(families=frozenset(families), changes=changes)


RULES = load(resources.files("tocsin").joinpath("impact_rules.toml").read_text(encoding="utf-8"))


def near_m(hazard: str) -> float:
    """Return how many metres beyond its area a hazard still concerns a place."""
    return RULES.near_m.get(HAZARDS[hazard].family, 0.0)


def assess(
    event: Event, place: Place, touch: Touch, *, thread: str, ends: datetime, happening: str = ""
) -> Impact | None:
    """Return what `event` means at `place`, or None when it concerns nobody and nothing there.

    `touch` is how the event's area meets the place, `ends` when our clock ends the event, `happening` what it speaks
    of (see `duplicates`). Cost: some microseconds.
    """
    assert event.hazard is not None, "the gate admits no event without a hazard but a bare Cancel"
    judgement = _Judgement(event.hazard)
    judgement.rate(event)
    judgement.place(touch)
    judgement.expose(place)
    judgement.cap(touch)
    levels = {side: Level(value) for side, value in judgement.levels.items()}
    if not any(levels.values()):
        return None
    return Impact(
        place=place.id,
        thread=thread,
        family=judgement.family,
        hazard=event.hazard,
        relation=touch.relation,
        distance_m=touch.distance_m,
        begins=event.onset or event.effective or event.sent,
        ends=ends,
        people=levels["people"],
        buildings=levels["buildings"],
        traffic=levels["traffic"],
        rules=tuple(judgement.rules),
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
            happening=happening,
        ),
    )


class _Judgement:
    """The levels of one event at one place as rule after rule is applied, and the names of those that changed one."""

    def __init__(self, hazard: str) -> None:
        self.hazard = hazard
        self.family = HAZARDS[hazard].family
        self.levels: dict[str, int] = {}
        self.rules: list[str] = []

    def rate(self, event: Event) -> None:
        """Set the levels that the event has where it strikes: severity, certainty, family or hazard."""
        level = RULES.severity.get(event.severity, RULES.unknown.get(self.hazard, RULES.unknown_default))
        self.levels = dict.fromkeys(SIDES, level)
        self.rules.append(f"severity.{event.severity}")
        change = RULES.certainty.get(event.certainty, 0)
        self._set(f"certainty.{event.certainty}", {side: max(level + change, Level.NOTICE) for side in SIDES})
        kind, changes = "family." + self.family, RULES.family[self.family]
        if self.hazard in RULES.hazard:
            kind, changes = "hazard." + self.hazard, RULES.hazard[self.hazard]
        highest = changes.get(_AT_MOST, Level.ACT_NOW)
        self._set(kind, {side: min(value + changes.get(side, 0), highest) for side, value in self.levels.items()})

    def place(self, touch: Touch) -> None:
        """Lower the levels for a place that is not inside the area."""
        options: list[tuple[str, dict[str, int]]] = []
        if touch.relation is Relation.APPROACH:
            options.append(("relation.approach", self._lowered(Relation.APPROACH, least=Level.CALM)))
        if touch.relation is Relation.NEAR or (options and touch.distance_m <= near_m(self.hazard)):
            options.append(("relation.near", self._lowered(Relation.NEAR, least=Level.NOTICE)))
        if options:
            self.rules += [name for name, levels in options if levels != self.levels]
            self.levels = {side: max(levels[side] for _, levels in options) for side in SIDES}

    def expose(self, place: Place) -> None:
        """Raise the levels for what makes the place vulnerable; a side that is calm stays so."""
        for name in sorted(place.traits & RULES.traits.keys()):
            trait = RULES.traits[name]
            if self.family in trait.families:
                changed = {
                    side: min(value + trait.changes.get(side, 0), Level.ACT_NOW) if value > 0 else value
                    for side, value in self.levels.items()
                }
                self._set(f"traits.{name}", changed)

    def cap(self, touch: Touch) -> None:
        """Cap the levels of an area that is not exact, and keep them within the scale."""
        if not touch.area_exact:
            highest = RULES.country_at_most if touch.is_wide else RULES.region_at_most
            name = "unplaced.country_at_most" if touch.is_wide else "unplaced.region_at_most"
            self._set(name, {side: min(value, highest) for side, value in self.levels.items()})

    def _lowered(self, relation: Relation, *, least: int) -> dict[str, int]:
        changes = RULES.relation[relation]
        # What was already below `least` stays where it was: distance makes nothing worse.
        return {side: min(value, max(value + changes.get(side, 0), least)) for side, value in self.levels.items()}

    def _set(self, rule: str, levels: Mapping[str, int]) -> None:
        within = {side: max(value, int(Level.CALM)) for side, value in levels.items()}
        if within != self.levels:
            self.rules.append(rule)
            self.levels = within
