"""The gate: what of an item as published may be kept, and under which rule. Nothing is stored that did not pass it.

The order of evaluation, the first that fires wins: unregistered issuer, unreadable item, not real or not public,
alert that looks for a person, protected or ambiguous, on the closed list, everything else. Codes decide; words can
only take away. `Admitted` is made here and nowhere else, and the store takes nothing but that.

The gate does no I/O, reads no clock and keeps no state: the same item gives the same ruling, anywhere, for ever.

Source: NEUTRALITY sections 1, 2 and 9; see docs/gate.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import InitVar, dataclass, replace
from enum import IntEnum

from tocsin import hazards
from tocsin.gate import codes, invariants, rules, terms, wording
from tocsin.gate.codes import Standing
from tocsin.gate.effect import NO_INSTALLATION as NO_INSTALLATION
from tocsin.gate.effect import (
    bare_cancel,
    effect,
    effect_on_traffic,
    hazard_of_response,
)
from tocsin.gate.rules import RULES
from tocsin.gate.sentences import is_person_alert
from tocsin.gate.terms import Term
from tocsin.gate.told import Told
from tocsin.gate.wording import names_topic
from tocsin.model import (
    Category,
    Code,
    Decision,
    Event,
    IssuerClass,
    Item,
    MsgType,
    Scope,
    Status,
    Verdict,
)

ENGINE = "10"
"""Raised whenever the code, not the lists, changes what the gate does."""

RULESET = hashlib.sha256(f"{ENGINE}\0{rules.SOURCE}\0{codes.SOURCE}\0{hazards.SOURCE}".encode()).hexdigest()
"""Names the rules a decision was made under: the engine and all lists, as SHA-256."""

_SEAL = object()
_ADVISERS = {IssuerClass.CIVIL, IssuerClass.HAZARD}  # whose "shelter", "evacuate", "avoid" is kept
_OPERATORS = {IssuerClass.TRAFFIC, IssuerClass.TRANSIT, IssuerClass.CIVIL}  # whose closures are
_CIVIL, _TRANSPORT = "civil", "transport"
_CLOSED = "road_closed"  # an effect of gate_codes.toml
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """An event with what its codes and terms say of it, a term for each text. `hazard` is the listed type, or None."""

    event: Event
    terms: tuple[Term, ...]
    standing: Standing
    hazard: str | None


def examine(item: Item, *, issuer_class: IssuerClass, key: bytes = NO_INSTALLATION) -> Ruling:
    """Return the ruling on `item`, whose issuer the catalogue puts into `issuer_class`.

    `key` is the installation's: it names what is kept without its cause, and has no part in any decision.
    """
    refusal = _refusal(item, issuer_class)
    if refusal:
        return _dropped(refusal)
    read = [_read(event) for event in item.events]
    told = Told(item.events)
    fates = _fates(read, issuer_class, told)
    worst = max(fates)
    if worst is _Fate.PERSON:
        return _dropped("person")
    if worst in {_Fate.EFFECT, _Fate.PROTECTED}:
        kept = list(_effects(read, fates, issuer_class, key))
        return _admitted(Verdict.EFFECT_ONLY, "effect", kept) if kept else _dropped("protected")
    if worst is _Fate.UNMAPPED:
        return _ended(item.events[0], key)
    passed = [wording.scrubbed(one.event, one.hazard, one.terms, key, told) for one in read if one.hazard]
    touched = item.has_unread or len(passed) < len(read) or any(changed for _, changed in passed)
    return _admitted(Verdict.PASS_SCRUBBED if touched else Verdict.PASS, "listed", (event for event, _ in passed))


def _ended(event: Event, key: bytes) -> Ruling:
    """Return the ruling on what is of no known kind: of a Cancel that names what it cancels the names, else nothing."""
    if event.msg_type is not MsgType.CANCEL or not event.references:
        return _dropped("unmapped")
    return _admitted(Verdict.PASS_SCRUBBED, "cancel", [bare_cancel(event, key)])


def _refusal(item: Item, issuer_class: IssuerClass) -> str:
    """Return the rule under which nothing of the item is looked at any further, or ""."""
    if issuer_class is IssuerClass.UNREGISTERED:
        return "unregistered"
    if not item.events:
        return "malformed"
    unreal = any(event.status is not Status.ACTUAL or event.scope is not Scope.PUBLIC for event in item.events)
    replies = any(event.msg_type in {MsgType.ACK, MsgType.ERROR} for event in item.events)
    return "not-public" if unreal or replies else ""


_LISTED: dict[tuple[tuple[Code, ...], tuple[str, ...]], tuple[Standing, str | None]] = {}
_REMEMBERED = 1_024  # pairs of codes and terms of listed hazards, 1 MB


def _read(event: Event) -> _Read:
    """Return `event` with its type; with a code of administration or test only a listed public test counts."""
    read = tuple([terms.read(text.event) for text in event.texts])
    named = tuple([term.words for term in read])
    said = _LISTED.get((event.codes, named))
    if said is None:
        standing = codes.read(event.codes)
        hazard = _hazard_of(event, standing, named)
        silent = _has_code(event, RULES.silent_codes) and hazard != _TEST
        said = standing, None if silent else hazard
        # What a title tells is not remembered: codes and terms alone do not give it.
        if hazard and not standing.fields and len(event.codes) + len(named) <= _FEW:
            if len(_LISTED) >= _REMEMBERED:
                _LISTED.clear()
            _LISTED[event.codes, named] = said
    standing, hazard = said
    return _Read(event=event, terms=read, standing=standing, hazard=hazard)


def _hazard_of(event: Event, standing: Standing, named: Sequence[str]) -> str | None:
    """Return the type that codes and terms name: the worst cause, else what was done, else one of the field stated.

    Works or an accident that close a road are a closed road, whatever the record calls itself.
    """
    of_terms = hazards.hazard_of(event.codes, named)
    causes = standing.causes | ({of_terms} if of_terms else set())
    listed = hazards.worst(causes) or hazards.worst(standing.measures)
    if listed and standing.effect == _CLOSED and hazards.HAZARDS[listed].family == _TRANSPORT:
        return hazards.worst({listed, "road-closure"})
    return listed or next((codes.hazard_in_field(_title(event), field) for field in sorted(standing.fields)), None)


def _title(event: Event) -> str:
    return " ".join(text.headline for text in event.texts)


def _has_code(event: Event, listed: frozenset[tuple[str, str]]) -> bool:
    return any((scheme_of(code), code.value.strip().casefold()) in listed for code in event.codes)


def scheme_of(code: Code) -> str:
    """Return our name of the scheme of `code`, or ""."""
    return hazards.scheme(code.scheme)


def _fates(read: Sequence[_Read], issuer_class: IssuerClass, told: Told) -> list[_Fate]:
    """Return what each event of an item comes to. What one says of its cause explains the others beside it."""
    explained = any(one.standing.causes or (one.hazard and not one.standing.measures) for one in read)
    return [_fate(one, issuer_class, told, explained=explained) for one in read]


def _fate(one: _Read, issuer_class: IssuerClass, told: Told, *, explained: bool) -> _Fate:
    event, hazard, standing = one.event, one.hazard, one.standing
    if _is_person_alert(one):
        return _Fate.PERSON
    if standing.is_withheld or (standing.asks and not explained) or _is_about_people(one, issuer_class, told):
        return _Fate.PROTECTED
    if _is_protected(one):
        allowed = issuer_class in _ADVISERS and not (_has_topic(one) and issuer_class is IssuerClass.HAZARD)
        return _Fate.EFFECT if allowed and hazard_of_response(event, hazard) else _Fate.PROTECTED
    if hazard:
        return _Fate.PASS
    # An operator that states an effect and no cause on the list: the cause is withheld, whatever it is.
    return _Fate.PROTECTED if standing.effect and issuer_class in _OPERATORS else _Fate.UNMAPPED


def _is_about_people(one: _Read, issuer_class: IssuerClass, told: Told) -> bool:
    """Return whether the words of an event of traffic, transit or a calendar, which states no hazard, name a topic.

    What an operator of roads or lines says in a feed of its own is taken for that also where no code says what it is.
    """
    operates = issuer_class in {IssuerClass.TRAFFIC, IssuerClass.TRANSIT, IssuerClass.EVENTS}
    if one.hazard is None:
        return operates and names_topic(one.event, told)
    return hazards.HAZARDS[one.hazard].family == _TRANSPORT and names_topic(one.event, told)


def _is_person_alert(one: _Read) -> bool:
    """Return whether an event looks for a person: by code, by term, or by the headline where the term says little."""
    if _has_code(one.event, RULES.person_codes) or any(term.is_person_alert for term in one.terms):
        return True
    says_little = one.hazard is None or hazards.HAZARDS[one.hazard].family == _CIVIL
    return says_little and any(is_person_alert(text.headline) for text in one.event.texts)


def _is_protected(one: _Read) -> bool:
    """Return whether an event may be about people: a code or category of security that no hazard's term explains."""
    if _has_topic(one):
        return True
    # By a term or a cause: "LEW" alone is a law enforcement warning to SAME and lake effect snow to others.
    told = {term.hazard for term in one.terms if term.hazard} | one.standing.causes
    explained = any(hazards.HAZARDS[hazard].family != _CIVIL for hazard in told)
    return not explained and (
        Category.SECURITY in one.event.category
        or _has_code(one.event, RULES.protected_codes)
        or any(term.is_protected for term in one.terms)
    )


def _has_topic(one: _Read) -> bool:
    """Return whether an event term itself names a protected topic and is no listed hazard."""
    return any(term.is_topic for term in one.terms)


def _is_end(event: Event) -> bool:
    """Return whether `event` only ends what was said before, so that nothing but its effect's end is kept."""
    return bool(event.references) and (event.msg_type is MsgType.CANCEL or event.is_over)


def _effects(read: Sequence[_Read], fates: Sequence[_Fate], issuer_class: IssuerClass, key: bytes) -> Iterator[Event]:
    """Yield what is kept of an item of which one event is about people: physical effects, and ends of them."""
    if issuer_class in _OPERATORS:
        named = [(one, _effect_on_traffic(one)) for one in read]
        stated = [(one, name) for one, name in named if name and one.standing.effect]
        for one, name in stated or [(one, name) for one, name in named if name]:
            areas = wording.areas_of_effect(one.event, names=one.standing.names_roads)
            yield effect_on_traffic(one.event, name, areas, key)
        if any(name for _, name in named):
            return
    ends = all(_is_end(one.event) for one in read)
    if _Fate.PROTECTED in fates and not ends:
        return
    for one, fate in zip(read, fates, strict=True):
        if fate is _Fate.EFFECT or (fate is _Fate.PROTECTED and _is_end(one.event)):
            hazard = hazard_of_response(one.event, one.hazard) or ("avoid-area" if one.event.is_over else None)
            yield effect(one.event, hazard, wording.areas_of_effect(one.event, names=False), key)


def _effect_on_traffic(one: _Read) -> str:
    """Return the name of the physical effect that an event states, or that it has on the road it names; "" for none."""
    standing = one.standing
    if standing.effect or standing.no_effect:
        return "" if standing.no_effect else standing.effect
    names_road = any(area.description for area in one.event.areas)
    return "road_restricted" if standing.names_roads and names_road else ""


def _admitted(verdict: Verdict, rule: str, events: Iterable[Event]) -> Ruling:
    """Return a ruling that admits `events`, if the second look finds all of them sound."""
    kept = tuple(events)
    if not all(map(invariants.holds, kept)):
        return _dropped("malformed")
    return Ruling(
        Decision(verdict=verdict, rule=rule, ruleset=RULESET), tuple(Admitted(event, _SEAL) for event in kept)
    )


def beside(one: Admitted, *, part: int) -> Admitted:
    """Return an admitted event as another part of its message: two senders whose mailboxes went share one name."""
    return Admitted(replace(one.event, part=part), _SEAL)


def _dropped(rule: str) -> Ruling:
    return Ruling(Decision(verdict=Verdict.DROP, rule=rule, ruleset=RULESET))
