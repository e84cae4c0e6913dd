"""The closed list of hazards, and the one function that finds a document's hazard on it.

`hazards.toml` is the list; this file reads it, checks it and looks things up in it. A hazard is found by a code of a
listed scheme or by an event term that is on the list word for word, once case, accents, punctuation and words of
level ("orange", "warning") are set aside. Nothing is searched inside a longer text and nothing is scored: what is on
no list is None, and the gate refuses it.

Source: OASIS CAP 1.2, 3.2.2 event and eventCode; 47 CFR 11.31 (SAME); NWSI 10-1703 (VTEC phenomena); MeteoAlarm CAP
profile (awareness_type); CAP-CP Event 0.4; OASIS Event Terms List.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from types import MappingProxyType
from typing import Any

from tocsin.model import Category, Code

_SCHEMES = ("same", "vtec", "oet", "awareness_type", "cap_cp", "gdacs", "usgs", "emsc")
_SIGNIFICANCE = frozenset("WAYSOFN")  # NWSI 10-1703: warning, watch, advisory, statement, outlook, forecast, synopsis
_LONGEST = 200  # characters; CAP events are a few words, and a longer one is no term
_MOST_WORDS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One entry of the closed list. `lasts` is the life of an event whose issuer states no end.

    `codes` holds the codes that mean this hazard, by scheme; `terms` the issuers' own words for it, by language.
    """

    slug: str
    family: str
    label: str
    categories: tuple[Category, ...]
    lasts: timedelta
    codes: Mapping[str, tuple[str, ...]]
    terms: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardList:
    """A hazard list, indexed. `hazards` is in the order of the file, worst first; `families` maps slug to label."""

    families: Mapping[str, str]
    hazards: Mapping[str, Hazard]
    codes: Mapping[Code, str]
    terms: Mapping[str, str]
    level_words: frozenset[str]
    joiners: frozenset[str]

    def hazard_of(self, codes: Iterable[Code], terms: Iterable[str]) -> str | None:
        """Return the slug of the hazard that `codes` and `terms` name, or None when none is on the list.

        Codes and terms that agree on the family give the term's hazard, which is the finer; where they disagree the
        worse one counts, so that neither can hide the other. A term that joins several ("wind and rain") counts when
        every part is listed, as the worst of them.
        """
        coded = self.worst(filter(None, map(self._of_code, codes)))
        named = self.worst(filter(None, map(self._of_term, terms)))
        if coded and named and self.hazards[coded].family == self.hazards[named].family:
            return named
        return self.worst(filter(None, (coded, named)))

    def worst(self, slugs: Iterable[str]) -> str | None:
        """Return the worst of some slugs, or None of none."""
        found = set(slugs)
        if len(found) < 2:  # noqa: PLR2004  one has no worse one beside it
            return found.pop() if found else None
        return next(slug for slug in self.hazards if slug in found)

    def _of_code(self, code: Code) -> str | None:
        name = scheme(code.scheme)
        value = code.value.strip().casefold()
        if name == "awareness_type":
            value = value.partition(";")[0].strip()
        elif name == "vtec" and len(value) == len("TOW") and value[-1].upper() in _SIGNIFICANCE:
            value = value[:2]
        return self.codes.get(Code(name, value)) if name else None

    def _of_term(self, term: str) -> str | None:
        if len(term) > _LONGEST:
            return None
        words = fold(term).split()
        if len(words) > _MOST_WORDS:
            return None
        return self._of_words(words) or self._of_parts(term)

    def _of_words(self, words: list[str]) -> str | None:
        for trimmed in _trimmings(words, self.level_words):
            if slug := self.terms.get(" ".join(trimmed)):
                return slug
        return None

    def _of_parts(self, term: str) -> str | None:
        """Return the worst hazard of a term that joins several, when each part is listed."""
        parts: list[list[str]] = [[]]
        for word in fold(term, breaks=True).split():
            if word == _BREAK or word in self.joiners:
                parts.append([])
            else:
                parts[-1].append(word)
        # A part of level words alone ("Wind, orange") says nothing of its own.
        told = [part for part in parts if any(word not in self.level_words for word in part)]
        found = [self._of_words(part) for part in told]
        return self.worst(slug for slug in found if slug) if all(found) else None


_BREAK = "|"
_STROKES = {"ł": "l", "đ": "d", "ø": "o"}  # letters with a stroke, which no normal form takes off
_BREAKS = frozenset(",;/+&|·•()[]-–—:、，،؛")


class _Folding(dict[int, str]):
    """What becomes of each character, worked out once: `str.translate` asks for the rest."""

    def __init__(self, breaks: frozenset[str]) -> None:
        self._breaks = breaks

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.category(char)
        if char in self._breaks:
            shown = f" {_BREAK} "
        elif "\u0300" <= char <= "\u036f" or kind == "Cf":
            shown = ""
        else:
            shown = " " if kind[0] in "PSZC" else _STROKES.get(char, char)
        self[code] = shown
        return shown


_FOLDING = _Folding(frozenset())
_BREAKING = _Folding(_BREAKS)
FLAT = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(0x80)) + bytes(0x80)
"""What becomes of each byte of ASCII where words are compared."""


def fold(text: str, *, breaks: bool = False) -> str:
    """Return `text` as it is compared: NFKC, no case, no accents of Latin, Greek or Cyrillic, words between blanks.

    Signs become blanks; with `breaks`, those that can stand between two terms become "|" words instead. Vowel signs
    of other scripts stay, since without them other words arise.
    """
    if text.isascii() and not breaks:
        return b" ".join(text.encode("ascii").translate(FLAT).split()).decode("ascii")
    shown = unicodedata.normalize("NFKC", text).casefold().replace("ı", "i")
    decomposed = unicodedata.normalize("NFD", shown)
    return " ".join(decomposed.translate(_BREAKING if breaks else _FOLDING).split())


def scheme(name: str) -> str:
    """Return our name of the code list that an issuer calls `name`, or "" when it is none of ours."""
    folded = name.strip().casefold()
    if folded in _NAMES:
        return _NAMES[folded]
    if folded.startswith("profile:cap-cp:event"):
        return "cap_cp"
    return "oet" if folded.startswith(("oet", "oasis")) else ""


_NAMES: Mapping[str, str] = {
    "same": "same",
    "nationalweatherservice": "vtec",
    "awareness_type": "awareness_type",
    "gdacs": "gdacs",
    "gdacs:eventtype": "gdacs",
    "eventtype": "gdacs",
    "usgs:type": "usgs",
    "emsc:evtype": "emsc",
}


def _trimmings(words: list[str], level_words: frozenset[str]) -> Iterator[list[str]]:
    """Yield `words`, then without level words at the ends (fewest first), then without any level word."""
    first, last = 0, len(words)
    while first < last and words[first] in level_words:
        first += 1
    while last > first and words[last - 1] in level_words:
        last -= 1
    spans = ((i, j) for i in range(first + 1) for j in range(last, len(words) + 1) if i < j)
    for i, j in sorted(spans, key=lambda span: span[0] - span[1]):
        yield words[i:j]
    yield [word for word in words if word not in level_words]


def load(text: str) -> HazardList:
    """Return the hazard list that a TOML document states.

    Raises ValueError when it contradicts itself: an unknown family or category, a code or a term in two hazards.
    """
    data = tomllib.loads(text)
    families: dict[str, str] = data["families"]
    hazards: dict[str, Hazard] = {}
    codes: dict[Code, str] = {}
    terms: dict[str, str] = {}
    for slug, entry in data["hazard"].items():
        hazard = _hazard(slug, entry)
        if hazard.family not in families:
            raise ValueError(f"{slug}: family {hazard.family} is not listed")
        hazards[slug] = hazard
        for code in (Code(scheme, value.casefold()) for scheme, values in hazard.codes.items() for value in values):
            _claim(codes, code, slug)
        for term in (fold(term) for words in hazard.terms.values() for term in words):
            _claim(terms, term, slug)
    return HazardList(
        families=MappingProxyType(families),
        hazards=MappingProxyType(hazards),
        codes=MappingProxyType(codes),
        terms=MappingProxyType(terms),
        level_words=frozenset(fold(word) for words in data["level_words"].values() for word in words),
        joiners=frozenset(fold(word) for word in data["joiners"]),
    )


def _hazard(slug: str, entry: Mapping[str, Any]) -> Hazard:
    unknown = entry.keys() - {"family", "label", "categories", "lasts_h", "terms", *_SCHEMES}
    if unknown:
        raise ValueError(f"{slug}: unknown key {min(unknown)}")
    return Hazard(
        slug=slug,
        family=entry["family"],
        label=entry["label"],
        categories=tuple(Category(name) for name in entry["categories"]),
        lasts=timedelta(hours=entry["lasts_h"]),
        codes=MappingProxyType({scheme: tuple(entry[scheme]) for scheme in _SCHEMES if scheme in entry}),
        terms=MappingProxyType({tag: tuple(words) for tag, words in entry.get("terms", {}).items()}),
    )


def _claim(claimed: dict[Any, str], key: Any, slug: str) -> None:
    if claimed.setdefault(key, slug) != slug:
        raise ValueError(f"{slug}: {key} is listed under {claimed[key]} already")


SOURCE = resources.files("tocsin").joinpath("hazards.toml").read_text(encoding="utf-8")
"""The text of the closed list; part of the gate's rule-set hash."""

LIST = load(SOURCE)
HAZARDS: Mapping[str, Hazard] = LIST.hazards
FAMILIES: Mapping[str, str] = LIST.families


def hazard_of(codes: Iterable[Code], terms: Iterable[str]) -> str | None:
    """Return the slug of the listed hazard that `codes` and `terms` name, or None. See `HazardList.hazard_of`."""
    return LIST.hazard_of(codes, terms)


def worst(slugs: Iterable[str]) -> str | None:
    """Return the worst hazard of some slugs, or None of none."""
    return LIST.worst(slugs)
