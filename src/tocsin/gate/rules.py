"""The gate's lists, read from `gate_rules.toml`, and phrases found in folded words.

Nothing here backtracks: a phrase is looked for word by word, so the work grows with the text and with nothing else.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from tocsin.hazards import fold

_STEM = 3  # letters by which beginnings of words are indexed
_DIGITS = 3  # a "#" is at most this many digits: an age, not a year


class Phrases:
    """A set of phrases in the notation of `gate_rules.toml`, findable in a list of folded words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._exact: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._stems: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._other: list[tuple[str, ...]] = []
        for phrase in phrases:
            words = tuple(_pattern(word) for word in phrase.split())
            first = words[0]
            if first[0] in "*#":
                self._other.append(words)
            elif first[-1] == "*":
                self._stems[first.rstrip("*")[:_STEM]].append(words)
            else:
                self._exact[first].append(words)

    def find(self, words: Sequence[str]) -> Iterator[range]:
        """Yield the positions of every phrase in `words`, as ranges."""
        for at, word in enumerate(words):
            for stem in {word[:length] for length in range(1, _STEM + 1)}:
                yield from _matches(self._stems.get(stem, ()), words, at)
            yield from _matches(self._exact.get(word, ()), words, at)
            yield from _matches(self._other, words, at)


def _pattern(word: str) -> str:
    """Return a word of the rules, folded like the words it is compared with; "*" and "#" stay."""
    before, after = word[: word.startswith(("*", "#"))], "*" * (word.endswith("*") and len(word) > 1)
    return before + fold(word.strip("*#")) + after


def _matches(phrases: Iterable[tuple[str, ...]], words: Sequence[str], at: int) -> Iterator[range]:
    for phrase in phrases:
        if len(phrase) <= len(words) - at and all(_is(p, w) for p, w in zip(phrase, words[at:], strict=False)):
            yield range(at, at + len(phrase))


def _is(pattern: str, word: str) -> bool:
    if pattern[0] == "#":
        figure = word.rstrip(pattern[1:]) if len(pattern) == 1 else word.removesuffix(pattern[1:])
        return figure.isdecimal() and len(figure) <= _DIGITS and word.endswith(pattern[1:])
    if pattern[0] == "*":
        part = pattern.strip("*")
        return part in word if pattern[-1] == "*" else word.endswith(part)
    return word.startswith(pattern[:-1]) if pattern[-1] == "*" else word == pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that `gate_rules.toml` states, ready for use. Codes are by scheme, upper or lower case as published."""

    person_codes: frozenset[tuple[str, str]]
    protected_codes: frozenset[tuple[str, str]]
    silent_codes: frozenset[tuple[str, str]]
    protected_terms: frozenset[str]
    topic_terms: Phrases
    person_alerts: Phrases
    topics: Phrases
    small_topics: Phrases
    pairs: tuple[tuple[Phrases, Phrases], ...]
    allowed: Phrases
    persons: Phrases
    titles: Phrases
    named: Phrases
    institutions: frozenset[str]
    places: frozenset[str]
    free_numbers: tuple[str, ...]
    trunks: tuple[str, ...]
    number_cues: frozenset[str]
    at_words: tuple[str, ...]
    dot_words: tuple[str, ...]
    social: frozenset[str]
    abbreviations: frozenset[str]
    languages: frozenset[str]


def load(text: str) -> Rules:
    """Return the rules that a TOML document states."""
    data = tomllib.loads(text)
    topics, persons, phones = data["topics"], data["persons"], data["phones"]
    return Rules(
        person_codes=_codes(data["codes"]["person"]),
        protected_codes=_codes(data["codes"]["protected"]),
        silent_codes=_codes(data["codes"]["silent"]),
        protected_terms=frozenset(map(fold, data["terms"]["protected"])),
        topic_terms=Phrases(data["terms"]["topics"]),
        person_alerts=Phrases(data["person_alerts"]["phrases"]),
        topics=Phrases(topics["any"]),
        small_topics=Phrases(topics["lower"]),
        pairs=tuple((Phrases(one), Phrases(other)) for one, other in topics["pairs"]),
        allowed=Phrases(topics["allow"]),
        persons=Phrases(persons["any"]),
        titles=Phrases(persons["titles"]),
        named=Phrases(persons["named"]),
        institutions=frozenset(map(fold, persons["institutions"])),
        places=frozenset(map(fold, data["places"]["nouns"])),
        free_numbers=tuple(phones["keep"]),
        trunks=tuple(phones["trunk"]),
        number_cues=frozenset(map(fold, phones["cues"])),
        at_words=tuple(data["addresses"]["at"]),
        dot_words=tuple(data["addresses"]["dot"]),
        social=frozenset(data["addresses"]["social"]),
        abbreviations=frozenset(map(fold, data["sentences"]["abbreviations"])),
        languages=frozenset(data["sentences"]["languages"]),
    )


def _codes(lists: Mapping[str, Iterable[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((scheme, value.casefold()) for scheme, values in lists.items() for value in values)


SOURCE = resources.files("tocsin").joinpath("gate_rules.toml").read_text(encoding="utf-8")
"""The text of the rules; part of the rule-set hash."""

RULES = load(SOURCE)
