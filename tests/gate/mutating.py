"""The lists of the gate with one entry taken away, and what the gate then says of a sentence.

An entry is one string of `gate_rules.toml` or of a pack, in the list where it stands. Phrases are most of them: their
finder runs once over a sentence, and the hits of one phrase are left out. For any other entry the rules are put
together anew from the lists without it, which takes a millisecond.
"""

from __future__ import annotations

import importlib.util
import json
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from types import ModuleType
from typing import Any, NamedTuple

from gate_events import CORPUS, event, examine

from tocsin import gate
from tocsin.gate import rules, sentences, spans, subjects, terms, wording
from tocsin.gate.rules import RULES, Hit, Phrases, Rules
from tocsin.model import Code

_READERS: tuple[ModuleType, ...] = (gate, sentences, spans, subjects, terms, wording)


class Entry(NamedTuple):
    """One entry: the file without its ending, the list by its sections, the place in it, the string."""

    file: str
    path: str
    at: int
    words: str

    @property
    def name(self) -> tuple[str, str]:
        """What a row of the table calls it."""
        return f"{self.file}:{self.path}", self.words


class _Leaf(str):
    """A string of a list that knows its entry, wherever the loader puts it."""

    __slots__ = ("entry",)
    entry: Entry


class _Caught:
    """In the place of `Phrases` while lists are loaded: what the loader made phrases of."""

    lists: Mapping[str, Iterable[str]]

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        _Caught.lists = lists


class _Traced(Phrases):
    """The phrases of all lists, each under a kind of its own, so that the hits of one can be left out."""

    def __init__(self, kinds: Sequence[tuple[str, _Leaf]]) -> None:
        super().__init__({str(number): [phrase] for number, (_, phrase) in enumerate(kinds)})
        self._kinds = kinds
        self._found: dict[tuple[str, ...], list[tuple[Entry, Hit]]] = {}
        self.without: Entry | None = None
        self.seen: dict[Entry, None] = {}

    def found(self, words: Sequence[str]) -> list[tuple[Entry, Hit]]:
        """Return every phrase in `words` with its entry; remembered."""
        said = tuple(words)
        if said not in self._found:
            hits = super().find(words)
            self._found[said] = [
                (phrase.entry, Hit(kind, hit.words)) for hit in hits for kind, phrase in [self._kinds[int(hit.kind)]]
            ]
        return self._found[said]

    def find(self, words: Sequence[str]) -> list[Hit]:
        found = self.found(words)
        self.seen |= dict.fromkeys(entry for entry, _ in found)
        return [hit for entry, hit in found if entry is not self.without]


def leaves(data: Any, path: str = "") -> Iterator[tuple[list[Any], str]]:
    """Yield each list of strings in a TOML document, with its sections; in the order of the document."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, f"{path}.{key}".lstrip("."))
    elif data and isinstance(data[0], list):
        for number, value in enumerate(data):
            yield from leaves(value, f"{path}.{number}")
    elif isinstance(data, list):
        yield data, path


class Lists:
    """All lists of words, read once; `without` judges with one entry away."""

    def __init__(self) -> None:
        shipped = resources.files("tocsin")
        packs = sorted(one.name.removesuffix(".toml") for one in shipped.joinpath("gate_packs").iterdir())
        files = {"gate_rules": shipped.joinpath("gate_rules.toml")} | {
            pack: shipped.joinpath("gate_packs", f"{pack}.toml") for pack in packs
        }
        self._data = {name: tomllib.loads(path.read_text(encoding="utf-8")) for name, path in files.items()}
        self._packs = {pack: pack for pack in packs}
        self._list_of: dict[tuple[str, str], list[Any]] = {}
        self.entries: list[Entry] = []
        for name, document in self._data.items():
            for listed, path in leaves(document):
                self._list_of[name, path] = listed
                for at, words in enumerate(listed):
                    listed[at] = leaf = _Leaf(words)
                    leaf.entry = Entry(name, path, at, words)
                    self.entries.append(leaf.entry)
        self._load()
        kinds = [(kind, phrase) for kind, phrases in _Caught.lists.items() for phrase in phrases]
        self.kind_of: dict[Entry, str] = {phrase.entry: kind for kind, phrase in kinds if isinstance(phrase, _Leaf)}
        self.traced = _Traced([(kind, phrase) for kind, phrase in kinds if isinstance(phrase, _Leaf)])
        self.rules = replace(RULES, phrases=self.traced)

    def _load(self) -> Rules:
        """Return the rules that the lists as they are now state, but for their phrases."""
        loader = vars(rules)
        kept = {name: loader[name] for name in ("Phrases", "tomllib")}
        loader.update(Phrases=_Caught, tomllib=_Reader(self._data))
        try:
            return rules.load("gate_rules", self._packs)
        finally:
            loader.update(kept)

    @contextmanager
    def without(self, entry: Entry | None) -> Iterator[None]:
        """Let the gate judge by the lists without `entry`."""
        if entry is None or entry in self.kind_of:
            self.traced.without = entry
            try:
                yield
            finally:
                self.traced.without = None
            return
        listed = self._list_of[entry.file, entry.path]
        leaf = listed.pop(entry.at)
        try:
            fewer = replace(self._load(), phrases=self.traced)
        finally:
            listed.insert(entry.at, leaf)
        with judged_by(fewer):
            yield


class _Reader(NamedTuple):
    """In the place of `tomllib`: documents that were read before, by name."""

    data: Mapping[str, Any]

    def loads(self, name: str) -> Any:
        return self.data[name]


@contextmanager
def judged_by(stated: Rules) -> Iterator[None]:
    """Let the gate judge by `stated`; nothing that it remembers of other rules counts."""
    kept = [(module, name, value) for module in _READERS for name, value in vars(module).items() if name in _REPLACED]
    rules_before = rules.RULES
    rules.RULES = stated
    fresh = _patterns_anew(stated)
    try:
        for module, name, value in kept:
            setattr(module, name, stated if name == "RULES" else fresh if name == "spans" else type(value)())
        yield
    finally:
        rules.RULES = rules_before
        for module, name, value in kept:
            setattr(module, name, value)


_REPLACED = frozenset(("RULES", "spans", "_SOUND", "_QUIET", "_UNTOUCHED", "_LISTED"))
_SPANS: dict[tuple[object, ...], ModuleType] = {}


def _patterns_anew(stated: Rules) -> ModuleType:
    """Return `spans` with its patterns made from `stated`."""
    key = (stated.at_words, stated.dot_words, stated.social, stated.plate_cues, stated.vehicles)
    if key not in _SPANS:
        spec = importlib.util.find_spec("tocsin.gate.spans")
        assert spec is not None
        assert spec.loader is not None
        _SPANS[key] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(_SPANS[key])
    vars(_SPANS[key])["RULES"] = stated
    return _SPANS[key]


def _of_text(text: str) -> object:
    return sentences.scrub_exactly(text).text


def _of_code(text: str) -> object:
    """The verdict on a flood, and on what has no term, with one code: "same CAE"."""
    code = (Code(*text.split(" ", 1)),)
    return [examine(event(term, codes=code)).decision for term in ("Flood", "")]


def _of_area(text: str) -> object:
    """What is kept of the codes of an area: "fips 006037"."""
    scheme, _, value = text.rpartition(" ")
    return wording._codes((Code(scheme, value),))  # noqa: SLF001


_ALLOWED = "topics.allow"
_BY_PATH: Mapping[str, Callable[[str], object]] = {
    "codes": _of_code,
    "codes.figures": _of_area,
    "terms.protected": terms.read,
    "terms.topics": sentences.is_topic_term,
    "person_alerts": sentences.is_person_alert,
    "topics": subjects.is_barred,
    _ALLOWED: lambda text: (subjects.is_barred(text), sentences.is_topic_term(text)),
    "persons.any": subjects.is_barred,
    "persons.titles": subjects.is_barred,
    "persons.roles": subjects.is_barred,
    "persons.small_roles": subjects.is_barred,
    "persons.named": subjects.is_barred,
    "persons.asked": subjects.is_barred,
}


def judge(path: str, text: str) -> object:
    """Return what the gate says of the case `text` of an entry in the list `path`."""
    by = _BY_PATH.get(path) or _BY_PATH.get(path.partition(".")[0]) or _of_text
    return by(text)


def needed(lists: Lists, entry: Entry, text: str) -> bool:
    """Return whether the answer on `text` changes when `entry` alone is taken away."""
    before = judge(entry.path, text)
    with lists.without(entry):
        return judge(entry.path, text) != before


TABLE = CORPUS / "entries.tsv"
"""For each entry that no sentence of the corpora needs: list, entry and a sentence that does."""


def table() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the sentences of the table, by list and entry."""
    rows: defaultdict[tuple[str, str], tuple[str, ...]] = defaultdict(tuple)
    for line in TABLE.read_text(encoding="utf-8").splitlines() if TABLE.exists() else ():
        path, words, text = line.split("\t")
        rows[path, words] += (text,)
    return dict(rows)


UNNEEDED = CORPUS / "entries_unneeded.tsv"
"""Entries for which no sentence was found, and why: another entry covers most of them, and they may be deleted."""


def unneeded() -> dict[tuple[str, str], str]:
    """Return why an entry has no sentence, by list and entry."""
    lines = UNNEEDED.read_text(encoding="utf-8").splitlines() if UNNEEDED.exists() else []
    return {(path, words): why for path, words, why in (line.split("\t") for line in lines)}


def corpora() -> list[str]:
    """Return the sentences that other tests of the gate judge, one a line."""
    rows = [
        json.loads(line)
        for path in (*sorted(CORPUS.glob("[krd]*/??.jsonl")), CORPUS / "topic.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    said = [row[key] for row in rows for key in ("text", "event", "headline") if key in row]
    for name in ("canaries.tsv", "held_out.tsv"):
        lines = (CORPUS / name).read_text(encoding="utf-8").splitlines()
        said += [line.split("\t")[2].translate({ord("⟦"): None, ord("⟧"): None}) for line in lines]
    return said


def needed_by_corpora(lists: Lists) -> set[Entry]:
    """Return the phrases that a sentence of the corpora needs."""
    needed_entries: set[Entry] = set()
    for text in corpora():
        for sentence in sentences.split(text):
            lists.traced.seen = {}
            subjects.is_barred(sentence)
            for entry in [*lists.traced.seen]:
                if entry not in needed_entries and needed(lists, entry, sentence):
                    needed_entries.add(entry)
    return needed_entries
