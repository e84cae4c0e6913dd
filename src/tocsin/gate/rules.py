"""The lists of the gate, read from `gate_rules.toml` and `gate_packs/`, and phrases found in folded words.

Nothing here backtracks: a phrase is looked for word by word, so the work grows with the text and with nothing else.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

from tocsin.hazards import fold

_STEM = 3  # letters by which beginnings and ends of words are indexed
PERSON_ALERT, PERSON, TITLE, NAMED, ASKED = "person alert", "person", "title", "named", "asked"
ROLE, SMALL_ROLE = "role", "small role"
TOPIC, SMALL_TOPIC, FIRST_TOPIC = "topic", "small topic", "first topic"
TOPIC_TERM, ALLOWED = "topic term", "allowed"
ONE, OTHER = "one ", "other "  # the halves of a pair, with its number
_LISTS = {
    PERSON_ALERT: ("person_alerts", "phrases"),
    SMALL_TOPIC: ("topics", "small"),
    FIRST_TOPIC: ("topics", "first"),
    ALLOWED: ("topics", "allow"),
    PERSON: ("persons", "any"),
    TITLE: ("persons", "titles"),
    ROLE: ("persons", "roles"),
    SMALL_ROLE: ("persons", "small_roles"),
    NAMED: ("persons", "named"),
    ASKED: ("persons", "asked"),
}
_TOPICS = ("labour", "protest", "politics", "religion", "press")
_Phrase = tuple[str, tuple[str, ...]]
_FIGURE = re.compile(r"^\d+")
_DIGITS = 3  # a "#" is at most this many digits: an age, not a year


class Hit(NamedTuple):
    """A phrase found: from which list it is, and which words it covers."""

    kind: str
    words: range


class Phrases:
    """Lists of phrases in the notation of `gate_rules.toml`, found in one pass over folded words."""

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        self._exact: defaultdict[str, list[_Phrase]] = defaultdict(list)
        self._stems: defaultdict[str, list[_Phrase]] = defaultdict(list)
        self._figures: defaultdict[str, list[_Phrase]] = defaultdict(list)  # by what follows the figure
        self._parts: list[_Phrase] = []
        self._ends: defaultdict[str, list[_Phrase]] = defaultdict(list)
        for kind, phrases in lists.items():
            for phrase in phrases:
                words = tuple(map(_pattern, phrase.split()))
                self._shelf(words[0]).append((kind, words))
        self._lengths = sorted(set(map(len, self._stems)))
        within = {words[0].strip("*") for _, words in self._parts}
        self._part = re.compile("|".join(map(re.escape, sorted(within))) or "(?!)")

    def needles(self) -> Iterator[tuple[str, str]]:
        """Yield list and string for each phrase: in folded words between blanks it stands wherever the phrase does."""
        by_words = (self._figures, self._exact, self._stems, self._ends)
        shelves = [self._parts, *(shelf for shelves in by_words for shelf in shelves.values())]
        for kind, phrase in (entry for shelf in shelves for entry in shelf):
            if phrase[0][0] == "#" and len(phrase[0]) > 1:
                yield from ((kind, digit + _needle(phrase)) for digit in "0123456789")
            else:
                yield kind, _needle(phrase)

    def _shelf(self, first: str) -> list[_Phrase]:
        if first[0] == "#":
            return self._figures[first[1:]]
        if first[0] == "*":
            return self._parts if first[-1] == "*" else self._ends[first[-_STEM:]]
        return self._stems[first[:_STEM].rstrip("*")] if first[-1] == "*" else self._exact[first]

    def find(self, words: Sequence[str]) -> list[Hit]:
        """Return every phrase in `words`, by position of its first word."""
        parts = self._parts if self._part.search(" ".join(words)) else None
        found = []
        for at, word in enumerate(words):
            shelves = [self._exact.get(word), parts, self._ends.get(word[-_STEM:])]
            shelves += [self._stems.get(word[:length]) for length in self._lengths if length <= len(word)]
            if word[:1].isdecimal():
                shelves.append(self._of_figure(word))
            after = words[at + 1] if at + 1 < len(words) else None
            for shelf in shelves:
                for kind, phrase in shelf or ():
                    size = len(phrase)
                    # The second word first: of many phrases that begin alike it is what tells.
                    if size == 1 or (after is not None and _is(phrase[1], after)):
                        said = words[at : at + size]
                        if len(said) == size and all(map(_is, phrase, said)):
                            found.append(Hit(kind, range(at, at + size)))
        return found

    def _of_figure(self, word: str) -> list[_Phrase] | None:
        unit = _FIGURE.sub("", word)
        return self._figures.get(unit) if _is(f"#{unit}", word) else None


def _pattern(word: str) -> str:
    """Return a word of the rules, folded like the words it is compared with; "*" and "#" stay."""
    before, after = word[: word.startswith(("*", "#"))], "*" * (word.endswith("*") and len(word) > 1)
    return before + fold(word.strip("*#")) + after


def _needle(phrase: tuple[str, ...]) -> str:
    """Return what folded text holds wherever `phrase` stands in it: its words up to the first with an open end."""
    needle = "" if phrase[0][0] in "#*" else " "
    for at, word in enumerate(phrase):
        if at and word[0] in "#*":
            break
        needle += word.strip("#*")
        if word[-1] == "*":
            break
        needle += " "
    return needle


def _is(pattern: str, word: str) -> bool:
    if pattern[0] == "#":
        figure = word.removesuffix(pattern[1:])
        plain = figure.isdecimal() and (len(pattern) == 1 or figure.isascii())
        return plain and len(figure) <= _DIGITS and word.endswith(pattern[1:])
    if pattern[0] == "*":
        part = pattern.strip("*")
        return part in word if pattern[-1] == "*" else word.endswith(part)
    return word.startswith(pattern[:-1]) if pattern[-1] == "*" else word == pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that `gate_rules.toml` and the packs state, ready for use. `no_names` are places and institutions."""

    person_codes: frozenset[tuple[str, str]]
    protected_codes: frozenset[tuple[str, str]]
    silent_codes: frozenset[tuple[str, str]]
    figure_schemes: tuple[str, ...]
    protected_terms: frozenset[str]
    phrases: Phrases
    pairs: int
    places: frozenset[str]
    places_before: frozenset[str]
    plain_places: frozenset[str]
    streets: frozenset[str]
    street_endings: tuple[str, ...]
    parts: frozenset[str]
    addressed: frozenset[str]
    agents: tuple[str, ...]
    no_agents: frozenset[str]
    place_endings: tuple[str, ...]
    links: frozenset[str]
    no_names: frozenset[str]
    free_numbers: tuple[str, ...]
    trunks: tuple[str, ...]
    number_cues: frozenset[str]
    spelled: frozenset[str]
    plate_cues: tuple[str, ...]
    vehicles: tuple[str, ...]
    at_words: tuple[str, ...]
    dot_words: tuple[str, ...]
    social: frozenset[str]
    abbreviations: frozenset[str]
    languages: frozenset[str]


def load(common: str, packs: Mapping[str, str]) -> Rules:
    """Return the rules that TOML documents state: the common one, and one for each language by its tag."""
    data = tomllib.loads(common)
    stated = [data, *map(tomllib.loads, packs.values())]
    phones, persons = data["phones"], data["persons"]
    lists = {kind: [*_listed(stated, *path)] for kind, path in _LISTS.items()}
    lists[TOPIC] = [phrase for topic in _TOPICS for phrase in _listed(stated, "topics", topic)]
    lists[TOPIC_TERM] = data["terms"]["topics"]
    pairs = [*_listed(stated, "topics", "pairs")]
    for number, (one, other) in enumerate(pairs):
        lists |= {f"{ONE}{number}": one, f"{OTHER}{number}": other}
    institutions = frozenset(map(fold, persons["institutions"]))
    addressed = frozenset(persons["addressed"])
    places = frozenset(map(fold, data["places"]["nouns"]))
    before = frozenset(map(fold, data["places"]["before"]))
    return Rules(
        person_codes=_codes(data["codes"]["person"]),
        protected_codes=_codes(data["codes"]["protected"]),
        silent_codes=_codes(data["codes"]["silent"]),
        figure_schemes=tuple(data["codes"]["figures"]),
        protected_terms=frozenset(map(fold, data["terms"]["protected"])),
        phrases=Phrases(lists),
        pairs=len(pairs),
        places=places,
        places_before=before,
        plain_places=frozenset(map(fold, data["places"]["plain"])),
        streets=frozenset(map(fold, data["places"]["streets"])),
        street_endings=tuple(data["places"]["street_endings"]),
        parts=frozenset(data["places"]["parts"]),
        addressed=addressed,
        agents=tuple(persons["agents"]),
        no_agents=frozenset(persons["no_agents"]),
        place_endings=tuple(data["places"]["endings"]),
        links=frozenset(data["places"]["links"]),
        no_names=places | before | institutions,
        free_numbers=tuple(phones["keep"]),
        trunks=tuple(phones["trunk"]),
        number_cues=frozenset(map(fold, phones["cues"])),
        spelled=frozenset(map(fold, phones["spelled"])),
        plate_cues=tuple(data["plates"]["cues"]),
        vehicles=tuple(data["plates"]["shaped"]),
        at_words=tuple(data["addresses"]["at"]),
        dot_words=tuple(data["addresses"]["dot"]),
        social=frozenset(data["addresses"]["social"]),
        abbreviations=addressed.union(map(fold, data["sentences"]["abbreviations"])),
        languages=frozenset(packs),
    )


def _listed(stated: Iterable[Mapping[str, Any]], section: str, name: str) -> Iterator[Any]:
    """Yield the entries of a list, of each document that has it."""
    for document in stated:
        yield from document.get(section, {}).get(name, ())


def _codes(lists: Mapping[str, Iterable[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((scheme, value.casefold()) for scheme, values in lists.items() for value in values)


_SHIPPED = resources.files("tocsin")
_COMMON = _SHIPPED.joinpath("gate_rules.toml").read_text(encoding="utf-8")
_PACKS = {
    pack.name.removesuffix(".toml"): pack.read_text(encoding="utf-8")
    for pack in sorted(_SHIPPED.joinpath("gate_packs").iterdir(), key=lambda pack: pack.name)
    if pack.name.endswith(".toml")
}

SOURCE = "".join([_COMMON, *_PACKS.values()])
"""The text of the rules and packs; part of the rule-set hash."""

RULES = load(_COMMON, _PACKS)
