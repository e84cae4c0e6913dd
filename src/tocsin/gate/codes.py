"""What the codes of an event decide, by the tables of `gate_codes.toml`: what it is, what stays untold, what it does.

Codes decide and words never rescue. A code that is not listed in a list that is known may mean people, and withholds.
Source: NEUTRALITY sections 1 and 9.2.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from importlib import resources
from typing import NamedTuple

from tocsin.hazards import HAZARDS, fold
from tocsin.model import Category, Code


class Says(IntEnum):
    """What a code says of the cause."""

    NOTHING = 0
    MEASURE = 1
    LISTED = 2
    FIELD = 3
    TOO_LITTLE = 4
    WITHHELD = 5


class Meaning(NamedTuple):
    """What one code means: its verdict, the type (a slug of hazards.toml), the physical effect that it states."""

    says: Says
    hazard: str = ""
    effect: str = ""
    no_effect: bool = False


class Effect(NamedTuple):
    """A physical effect as it is stored: the slug of its type, and our words for it."""

    hazard: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What all codes of an event come to.

    `causes` are the listed types that they state, `measures` those of what was done to a road; `effect` is the worst
    one stated. `asks` says that something else must explain the event.
    """

    causes: frozenset[str] = frozenset()
    measures: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    asks: bool = False
    is_withheld: bool = False
    effect: str = ""
    no_effect: bool = False
    names_roads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """`gate_codes.toml`, indexed: meanings by list and code, what an unlisted code means, effects worst first."""

    meanings: Mapping[str, Mapping[str, Meaning]]
    unknown: Mapping[str, Meaning]
    tpeg: Mapping[str, str]
    effects: Mapping[str, Effect]
    of_roads: frozenset[str]

    def meaning(self, code: Code) -> Meaning | None:
        """Return what `code` means; None when its list is none of ours."""
        scheme, value = code.scheme.strip().casefold(), code.value.strip().casefold()
        if scheme == _WORDS:
            value = fold(code.value)
        value = self._plain(value) if value.startswith("pti") else value
        for name in _lists_of(scheme):
            if name in self.meanings and value in self.meanings[name]:
                return self.meanings[name][value]
        if scheme in self.unknown:
            return self.unknown[scheme]
        return _NOTHING if scheme.partition(":")[0] in self.unknown else None

    def _plain(self, number: str) -> str:
        """Return the name of a TPEG number; of an alias that is not listed that of what it is an alias of."""
        return self.tpeg.get(number) or self.tpeg.get(number.partition("_alias")[0], number)


_WORDS = "ical:category"  # the one list of plain words
_REASONS = tuple(f"siri_sx:{kind}reason" for kind in ("miscellaneous", "personnel", "equipment", "environment"))
_DETAILS = (
    *("disturbanceactivity", "publicevent", "authorityoperation", "generalobstruction"),
    *("environmentalobstruction", "infrastructuredamageobstruction"),
)
_SHARED = {
    "siri_sx:alertcause": _REASONS,
    **{name.replace("reason", "subreason"): (name, *_REASONS) for name in _REASONS},
    "datex2:cause": ("datex2:cause", *(f"datex2:{name}" for name in _DETAILS)),
}
_NOTHING = Meaning(Says.NOTHING)
_UNKNOWN = {"withheld": Meaning(Says.WITHHELD), "ask": Meaning(Says.TOO_LITTLE), "says nothing": _NOTHING}


def _lists_of(scheme: str) -> tuple[str, ...]:
    """Return the lists in which a code of `scheme` is looked for: causes and details share theirs."""
    return _SHARED.get(scheme, (scheme,))


def read(codes: Iterable[Code]) -> Standing:
    """Return what `codes` come to together."""
    known = [(code, meaning) for code in codes if (meaning := TABLES.meaning(code))]
    if not known:
        return _SILENT
    schemes = {code.scheme.strip().casefold() for code, _ in known}
    meanings = [meaning for _, meaning in known]
    stated = {meaning.effect for meaning in meanings}
    said = {says: frozenset(meaning.hazard for meaning in meanings if meaning.says is says) for says in Says}
    return Standing(
        causes=said[Says.LISTED],
        measures=said[Says.MEASURE],
        fields=said[Says.FIELD],
        asks=bool(said[Says.TOO_LITTLE]),
        is_withheld=bool(said[Says.WITHHELD]),
        effect=next((effect for effect in TABLES.effects if effect in stated), ""),
        no_effect=any(meaning.no_effect for meaning in meanings),
        names_roads=not schemes.isdisjoint(TABLES.of_roads),
    )


_SILENT = Standing()


def load(text: str) -> Tables:
    """Return the tables that a TOML document states. Raises ValueError for a type or an effect that is not listed."""
    data = tomllib.loads(text)
    effects = {name: Effect(entry["hazard"], entry["label"]) for name, entry in data["effects"].items()}
    lists = {name.casefold(): dict(_rows(name, entry, effects)) for name, entry in data["lists"].items()}
    for effect in effects.values():
        _require(effect.hazard, HAZARDS)
    unknown = {name.casefold(): _UNKNOWN[entry.get("unknown", "withheld")] for name, entry in data["lists"].items()}
    return Tables(
        meanings=lists,
        unknown=unknown
        | dict.fromkeys(("siri_sx", "gtfs_rt"), _NOTHING)
        | dict.fromkeys(_SHARED, _UNKNOWN["withheld"]),
        tpeg={number.casefold(): name.casefold() for number, name in data["tpeg"].items()},
        effects=effects,
        of_roads=frozenset(data["names"]["of_roads"]),
    )


def _rows(name: str, entry: Mapping[str, object], effects: Mapping[str, Effect]) -> Iterator[tuple[str, Meaning]]:
    """Yield code and meaning for each row of one list."""
    for verdict, listed in entry.items():
        if isinstance(listed, dict):
            for column, codes in listed.items():
                meaning = _of_column(verdict, column, effects)
                yield from ((_key(name, code), meaning) for code in codes)
        elif isinstance(listed, list):
            meaning = Meaning(Says.NOTHING, no_effect=True) if verdict == "no_effect" else _UNKNOWN[verdict]
            yield from ((_key(name, code), meaning) for code in listed)


def _key(name: str, code: str) -> str:
    return fold(code) if name == _WORDS else code.casefold()


def _of_column(verdict: str, column: str, effects: Mapping[str, Effect]) -> Meaning:
    if verdict == "effect":
        _require(column, effects)
        return Meaning(Says.NOTHING, effect=column)
    _require(column, HAZARDS)
    return Meaning({"pass": Says.LISTED, "measure": Says.MEASURE, "field": Says.FIELD}[verdict], hazard=column)


def _require(name: str, listed: Mapping[str, object]) -> None:
    if name not in listed:
        raise ValueError(f"{name} is on no list")


SOURCE = resources.files("tocsin").joinpath("gate_codes.toml").read_text(encoding="utf-8")
"""The text of the tables; part of the rule-set hash."""

TABLES = load(SOURCE)


def hazard_in_field(words: str, fallback: str) -> str:
    """Return the hazard that `words` name within the field (CAP category) of `fallback`, or `fallback` itself.

    The field is stated by a code; the words only tell which of its hazards it is, the worst where they name several.
    """
    field = set(HAZARDS[fallback].categories) - {Category.OTHER, Category.SAFETY}
    folded = fold(words).split()[:_MOST_WORDS]
    spans = (folded[at : at + size] for size in range(1, _LONGEST + 1) for at in range(len(folded) - size + 1))
    found = {slug for span in spans if (slug := _TERMS.get(" ".join(span)))}
    return next((slug for slug, one in HAZARDS.items() if slug in found and field & set(one.categories)), fallback)


_MOST_WORDS = 40
_LONGEST = 4  # words of a term
_TERMS = {fold(term): slug for slug, hazard in HAZARDS.items() for terms in hazard.terms.values() for term in terms}
