"""The gate: what of an item as published may be kept, and under which rule. Nothing is stored that did not pass it.

The order of evaluation, the first that fires wins: unregistered issuer, unreadable item, not real or not public,
alert that looks for a person, protected or ambiguous, on the closed list, everything else. Codes decide; words can
only take away. `Admitted` is made here and nowhere else, and the store takes nothing but that.

The gate does no I/O, reads no clock and keeps no state: the same item gives the same ruling, anywhere, for ever.

Source: NEUTRALITY sections 1, 2 and 9; see docs/gate.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import InitVar, dataclass
from enum import IntEnum

from tocsin import hazards
from tocsin.gate import invariants, rules, terms, wording
from tocsin.gate.effect import bare, effect, hazard_of_response
from tocsin.gate.rules import RULES
from tocsin.gate.sentences import is_person_alert
from tocsin.model import Category, Code, Decision, Event, IssuerClass, Item, MsgType, Scope, Status, Verdict

ENGINE = "1"
"""Raised whenever the code, not the lists, changes what the gate does."""

RULESET = hashlib.sha256(f"{ENGINE}\0{rules.SOURCE}\0{hazards.SOURCE}".encode()).hexdigest()
"""Names the rules a decision was made under: engine, gate_rules.toml and hazards.toml, as SHA-256."""

_SEAL = object()
_EFFECT_ISSUERS = {IssuerClass.CIVIL, IssuerClass.HAZARD}
_CIVIL = "civil"
_TEST = "public-warning-test"
_FEW = 8  # codes and terms of an event that is remembered


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that passed. Only this module can make one: going round the gate is an error of type and of value."""

    event: Event
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only the gate admits events")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate decided on one item, and what of it may be kept."""

    decision: Decision
    admitted: tuple[Admitted, ...] = ()


class _Fate(IntEnum):
    """What one event comes to; of several in an item the highest that is not `UNMAPPED` decides for all."""

    UNMAPPED = 0
    PASS = 1
    EFFECT = 2
    PROTECTED = 3
    PERSON = 4


def examine(item: Item, *, issuer_class: IssuerClass) -> Ruling:
    """Return the ruling on `item`, whose issuer the catalogue puts into `issuer_class`."""
    refusal = _refusal(item, issuer_class)
    if refusal:
        return _dropped(refusal)
    listed = [_hazard_of(event) for event in item.events]
    fates = [_fate(event, hazard, issuer_class) for event, hazard in zip(item.events, listed, strict=True)]
    worst = max(fates)
    if worst is _Fate.PERSON:
        return _dropped("person")
    if worst is _Fate.PROTECTED and not all(_is_end(event) for event in item.events):
        return _dropped("protected")
    if worst in {_Fate.EFFECT, _Fate.PROTECTED}:
        return _admitted(Verdict.EFFECT_ONLY, "effect", _effects(item.events, listed, fates))
    if worst is _Fate.UNMAPPED:
        ends = [bare(event) for event in item.events[:1] if event.msg_type is MsgType.CANCEL and event.references]
        return (
            _admitted(Verdict.PASS_SCRUBBED, "cancel", map(wording.identified, ends)) if ends else _dropped("unmapped")
        )
    passed = [wording.scrubbed(event, hazard) for event, hazard in zip(item.events, listed, strict=True) if hazard]
    touched = len(passed) < len(fates) or any(changed for _, changed in passed)
    return _admitted(Verdict.PASS_SCRUBBED if touched else Verdict.PASS, "listed", (event for event, _ in passed))


def _refusal(item: Item, issuer_class: IssuerClass) -> str:
    """Return the rule under which nothing of the item is looked at any further, or ""."""
    if issuer_class is IssuerClass.UNREGISTERED:
        return "unregistered"
    if not item.events:
        return "malformed"
    unreal = any(event.status is not Status.ACTUAL or event.scope is not Scope.PUBLIC for event in item.events)
    replies = any(event.msg_type in {MsgType.ACK, MsgType.ERROR} for event in item.events)
    return "not-public" if unreal or replies else ""


_HAZARDS: dict[tuple[tuple[Code, ...], tuple[str, ...]], str] = {}
_REMEMBERED = 1_024  # pairs of codes and terms of listed hazards, 1 MB


def _hazard_of(event: Event) -> str | None:
    """Return the listed hazard of `event`; with a code of administration or test only a listed public test counts."""
    named = tuple(terms.read(text.event).words for text in event.texts)
    known = _HAZARDS.get((event.codes, named))
    if known is None and (known := hazards.hazard_of(event.codes, named)) and len(event.codes) + len(named) <= _FEW:
        if len(_HAZARDS) >= _REMEMBERED:
            _HAZARDS.clear()
        _HAZARDS[event.codes, named] = known
    return None if _has_code(event, RULES.silent_codes) and known != _TEST else known


def _has_code(event: Event, listed: frozenset[tuple[str, str]]) -> bool:
    return any((scheme_of(code), code.value.strip().casefold()) in listed for code in event.codes)


def scheme_of(code: Code) -> str:
    """Return our name of the scheme of `code`, or ""."""
    return hazards.scheme(code.scheme)


def _fate(event: Event, hazard: str | None, issuer_class: IssuerClass) -> _Fate:
    if _is_person_alert(event, hazard):
        return _Fate.PERSON
    if _is_protected(event, hazard):
        allowed = issuer_class in _EFFECT_ISSUERS and not (_has_topic(event) and issuer_class is IssuerClass.HAZARD)
        return _Fate.EFFECT if allowed and hazard_of_response(event, hazard) else _Fate.PROTECTED
    return _Fate.PASS if hazard else _Fate.UNMAPPED


def _is_person_alert(event: Event, hazard: str | None) -> bool:
    """Return whether `event` looks for a person: by code, by term, or by the headline where the term says little."""
    if _has_code(event, RULES.person_codes) or any(terms.read(text.event).is_person_alert for text in event.texts):
        return True
    says_little = hazard is None or hazards.HAZARDS[hazard].family == _CIVIL
    return says_little and any(is_person_alert(text.headline) for text in event.texts)


def _is_protected(event: Event, hazard: str | None) -> bool:
    """Return whether `event` may be about people: a code or category of security that no hazard's term explains."""
    if _has_topic(event):
        return True
    explained = hazard is not None and hazards.HAZARDS[hazard].family != _CIVIL
    return not explained and (
        Category.SECURITY in event.category
        or _has_code(event, RULES.protected_codes)
        or any(terms.read(text.event).is_protected for text in event.texts)
    )


def _has_topic(event: Event) -> bool:
    """Return whether an event term itself names a protected topic and is no listed hazard."""
    return any(terms.read(text.event).is_topic for text in event.texts)


def _is_end(event: Event) -> bool:
    """Return whether `event` only ends what was said before, so that nothing but its effect's end is kept."""
    return bool(event.references) and (event.msg_type is MsgType.CANCEL or event.is_over)


def _effects(events: Sequence[Event], listed: Sequence[str | None], fates: Sequence[_Fate]) -> Iterable[Event]:
    for event, hazard, fate in zip(events, listed, fates, strict=True):
        if fate is _Fate.EFFECT or (fate is _Fate.PROTECTED and _is_end(event)):
            yield effect(event, hazard_of_response(event, hazard) or ("avoid-area" if event.is_over else None))


def _admitted(verdict: Verdict, rule: str, events: Iterable[Event]) -> Ruling:
    """Return a ruling that admits `events`, if the second look finds all of them sound."""
    kept = tuple(events)
    if not all(map(invariants.holds, kept)):
        return _dropped("malformed")
    return Ruling(
        Decision(verdict=verdict, rule=rule, ruleset=RULESET), tuple(Admitted(event, _SEAL) for event in kept)
    )


def _dropped(rule: str) -> Ruling:
    return Ruling(Decision(verdict=Verdict.DROP, rule=rule, ruleset=RULESET))
