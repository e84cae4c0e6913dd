"""Fill `tests/gate/entries.tsv`: for every entry of the gate's word lists a sentence whose judgement needs it.

    python scripts/gate_entries.py [--again] [--delete]

Rows of entries that are gone, or that a sentence of the corpora needs by now, are left out. For a new entry a real
word is looked for in the corpora where it has an open end, and a plain sentence is put around it. Entries that no
sentence needs stand in `entries_unneeded.tsv`, with what covers them; `--delete` takes the covered ones out of the
lists. An ordinary run takes a minute, one with `--again` or `--delete` some ten.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests" / "gate"
sys.path.insert(0, str(TESTS))

import mutating  # noqa: E402
from mutating import Entry, Lists  # noqa: E402

from tocsin.hazards import fold  # noqa: E402

_SHIPPED = Path(__file__).parents[1] / "src" / "tocsin"
_ENDINGS = ("s", "en", "e", "i", "ul", "ow", "a")
_NAMES = {"ar": "سمير حداد", "hi": "सुमन पाल"}
_TOPICS = (
    "strike",
    "Strike",
    "hunger strike",
    "إضراب",
    "हड़ताल",
    "Streik",
    "greve",
    "Greve",
    "huelga",
    "Huelga",
    "protest",
)
_AROUND: Mapping[str, tuple[str, ...]] = {
    "codes": ("{x}",),
    "codes.figures": ("{x} 00497700900461", "{x} 4915123456789"),
    "terms": ("{x}", "{X}", "{X} today"),
    "person_alerts": ("{x}", "Notice: {x}."),
    "topics.allow": ("Today {x} here.", "{x}", "Today {x} {p} here.", "Today {p} {x} here."),
    "topics.first": ("{X} today here.", "Today {x} here."),
    "topics": ("Today {x} here.", "{x}", "Today {X} here.", "Today {T} here.", "TODAY {U} HERE."),
    "topics.pairs": ("Today {x} {p} here.", "Today {p} {x} here.", "Today {X} {p} here.", "Today {T} {p} here."),
    "persons.any": ("Today {x} here.", "Today {X} here.", "Today {X} Street is shut.", "Today {T} Street is shut."),
    "persons.titles": (
        "Today {x} Roux left.",
        "Today {X} Roux left.",
        "{x} {n}",
        "Today {T} Roux left.",
        "Today cape {T} Roux left.",
    ),
    "persons.roles": ("Today {x} Ada Roux left.", "Today {X} Ada Roux left.", "Today cape {T} Ada Roux left."),
    "persons.small_roles": ("Today {x} Ada Roux left.", "Today {l} Ada Roux left."),
    "persons.named": ("Today {x} Ada Roux left.", "today {x} the one Ada Roux", "Today cape {X} Ada Roux left."),
    "persons.asked": ("Today {x} Ada Roux.", "today {x} ada roux", "{x} {n}", "Today cape {X} Ada Roux."),
    "persons.addressed": (
        "A hunger strike near {X}. Roux is calm today.",
        "Shut today by {X}. Roux from noon.",
        "Shut today by {x}. Roux from noon.",
    ),
    "persons.agents": ("O far{x} Zeno Quaresma left.", "O farabl{x} Zeno Quaresma left."),
    "persons.no_agents": ("El {x} Zeno Quaresma left.",),
    "persons.institutions": ("Today Doctor {X} left.", "Contact Ada {X} today.", "signed Ada {X}", "الدكتور {x}"),
    "places.nouns": ("{t} {X} is shut.", "Today Doctor {X} left.", "{t} {x} .", "{x} {t} ."),
    "places.plain": ("Doctor Roux {X} is shut.",),
    "places.street_endings": ("Gebruik de Burgemeester Roux{x}.",),
    "places.parts": ("Cheia em Greve de {X}.",),
    "places.streets": ("Today {x} Docteur Roux is shut.",),
    "places.before": ("Today {x} {t} is shut.", "Today {x} de {t} is shut."),
    "places.endings": ("Streik{x} is shut.", "Demonstrations{x} is shut.", "Protest{x} is shut."),
    "places.links": ("Today rue {x} Docteur Roux is shut.", "Greve {x} Cima is shut.", "rua {x} Greve is shut."),
    "phones.keep": ("Ring {x}123456 now.", "Ring {x} 123 456 now.", "Ring {x} now."),
    "phones.trunk": ("Ring +{x} 800 123456 now.", "Ring +{x} 0800 123456 now.", "Ring +{x} 900 123456 now."),
    "phones.cues": ("{x} 312555 now.", "the {x} 31255 now."),
    "phones.spelled": ("Ring {x} {x} {x} {x} {x} {x} now.",),
    "plates.shaped": ("The {x} YD71 KPO burns.",),
    "plates.cues": ("The {x} YD71 KPO burns.", "The {x} 4711 burns."),
    "addresses.at": (
        "Ring ada.roux {x} harbour dot org now.",
        "Ring ada.roux {x} harbour.org now.",
        "ring ada ({x}) harbour.org now",
    ),
    "addresses.dot": ("Ring ada at harbour {x} org now.",),
    "addresses.social": ("See {x}.com/ada now.", "See {x}.me/ada now.", "See https://{x}.com/ada now."),
    "sentences.abbreviations": (
        "A hunger strike near {X}. Roux is calm today.",
        "A hunger strike near {x}. Roux is calm today.",
    ),
}


def _other_half(kind: str) -> str:
    """Return the kind of the words that a word of a pair needs beside it; "" for any other kind."""
    half, _, number = kind.partition(" ")
    return {"one": f"other {number}", "other": f"one {number}"}.get(half, "") if number.isdecimal() else ""


_CODES = ("codes.person.", "codes.protected.", "codes.silent.")
_AS_DIGITS = str.maketrans("oieast", "013457")  # a word in disguise, which the endings of trades do not find


def _around(path: str) -> tuple[str, ...]:
    while path and path not in _AROUND:
        path = path.rpartition(".")[0]
    return _AROUND.get(path, ("Today {x} here.",))


def _forms(entry: Entry, real: Mapping[str, str]) -> Iterator[str]:
    """Yield `entry` as it may stand in a text: an open end as a real word has it, else with a plain ending."""
    words = [word.replace("#", "31") for word in entry.words.split()]
    for ending in ("real", *_ENDINGS, ""):
        if ending == "real":
            said = [real.get(word, "") if "*" in word else word for word in words]
            if not all(said):
                continue
        else:
            said = [("wild" * word.startswith("*")) + word.strip("*") + (ending * word.endswith("*")) for word in words]
        yield " ".join(said)
        if "*" not in entry.words:
            return


def _cases(lists: Lists, entry: Entry, real: Mapping[str, str], partners: Mapping[str, list[str]]) -> Iterator[str]:
    kind = lists.kind_of.get(entry, "")
    for form in _forms(entry, real):
        beside = partners.get(_other_half(kind), [])
        scheme = entry.path.rpartition(".")[2]
        scheme = {"cap_cp": "profile:CAP-CP:Event:0.4"}.get(scheme, scheme)
        said = f"{scheme} {form}" if entry.path.startswith(_CODES) else form
        if entry.path == "topics.allow":
            yield from _with_topics(lists, fold(form).split(), partners)
        for text in _around(entry.path):
            for partner in beside[:40] if "{p}" in text else [""]:
                for topic in _TOPICS if "{t}" in text else [""]:
                    yield text.format(
                        x=said,
                        X=said[:1].upper() + said[1:],
                        T=said.title(),
                        U=said.upper(),
                        l=said[:1] + said[1:].translate(_AS_DIGITS),
                        p=partner.replace("*", ""),
                        t=topic,
                        n=_NAMES.get(entry.file, _NAMES["ar"]),
                    )


def _with_topics(lists: Lists, words: list[str], partners: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield a look-alike with each phrase about a topic that can overlap it, and with what a pair needs beside it."""
    for entry, kind in lists.kind_of.items():
        if kind not in {"topic", "small topic", "first topic", "topic term"} and not _other_half(kind):
            continue
        parts = entry.words.split()
        for at in range(1 - len(parts), len(words)):
            over = [(part, words[at + n]) for n, part in enumerate(parts) if 0 <= at + n < len(words)]
            if not all(_covers(part, word) for part, word in over):
                continue
            plain = [part.replace("*", "").replace("#", "31") for part in parts]
            said = " ".join([*plain[: max(-at, 0)], *words, *plain[len(words) - at :]])
            for partner in partners.get(_other_half(kind), [""])[:8]:
                yield from (said, f"Today {said} {partner} here.", f"Today {partner} {said} here.")


def _real_words(lists: Lists, texts: list[str]) -> dict[str, str]:
    """Return for each word with an open end of the lists a word of the corpora that it stands for."""
    said = sorted({word.strip(".,;:!?()«»\"'„“”") for text in texts for word in text.split()})
    folded = [(fold(word), word) for word in said if word.isalpha()]
    found: dict[str, str] = {}
    for pattern in sorted({word for entry in lists.entries for word in entry.words.split() if "*" in word}):
        bare = fold(pattern.strip("*"))
        for plain, word in folded:
            fits = (
                bare in plain
                if pattern[0] == pattern[-1]
                else plain.endswith(bare)
                if pattern[0] == "*"
                else plain.startswith(bare)
            )
            if fits and plain != bare and " " not in plain:
                found[pattern] = word
                break
    return found


def _covers(other: str, word: str) -> bool:
    """Return whether every word that the pattern `word` stands for is one of the pattern `other`."""
    part, bare = fold(other.strip("*")), fold(word.strip("*"))
    if other == word:
        return True
    if "#" in other + word:
        return False
    starts, ends = other.startswith("*"), other.endswith("*")
    if starts and ends:
        return part in bare
    if ends:
        return not word.startswith("*") and bare.startswith(part)
    if starts:
        return not word.endswith("*") and bare.endswith(part)
    return "*" not in word and part == bare


_WIDER = {
    "topic": ("topic",),
    "small topic": ("topic", "small topic"),
    "first topic": ("topic", "first topic"),
    "topic term": ("topic", "small topic", "first topic", "topic term"),
    "person": ("person",),
    "person alert": ("person alert",),
    "title": ("person", "title"),
    "named": ("person", "named"),
    "asked": ("person", "asked"),
    "role": ("person", "title", "named", "role"),
    "small role": ("person", "title", "named", "role", "small role", "topic"),
}
"""For each kind of phrase the kinds that fire wherever it does."""
_ABBREVIATIONS = "sentences.abbreviations"
_SAME_WORDS = {
    "persons.institutions": ("persons.institutions", "places.nouns", "places.before"),
    _ABBREVIATIONS: (_ABBREVIATIONS, "persons.addressed"),
}
"""Lists of single words that are read as part of another."""
_BEFORE_NAMES = ("title", "named", "role", "small role")


def _covering(lists: Lists, entry: Entry, gone: set[Entry]) -> str:
    """Return what fires wherever `entry` does: another phrase, a pair, or the same word once more; "" for nothing."""
    words, kind = entry.words.split(), lists.kind_of.get(entry)
    others = [other for other in lists.entries if other != entry and other not in gone]
    if kind is None:
        if entry.path == _ABBREVIATIONS and len(entry.words) == 1:
            return "every single letter"
        paths = _SAME_WORDS.get(entry.path, (entry.path,))
        return next((one.words for one in others if one.path in paths and fold(one.words) == fold(entry.words)), "")
    wider = _WIDER.get(kind, (kind, "topic") if _other_half(kind) else (kind,))
    halves: dict[str, str] = {}
    for other in others:
        of_other, parts = lists.kind_of.get(other, ""), other.words.split()
        if of_other not in wider and not (kind == "topic" and _other_half(of_other)):
            continue
        same = len(parts) == len(words)
        first = 0
        if not same and kind in _BEFORE_NAMES and of_other not in {"topic", "person"}:
            first = max(len(words) - len(parts), 0)  # what counts is what stands behind
        elif not same and kind in {"allowed", "asked", "small topic", "first topic"}:
            continue
        if any(all(map(_covers, parts, words[at:])) for at in range(first, len(words) - len(parts) + 1)):
            if of_other in wider:
                return other.words
            halves[of_other] = other.words
    pair = next((half for half in halves if _other_half(half) in halves), "")
    return f"{halves[pair]} + {halves[_other_half(pair)]}" if pair else ""


_STRING = re.compile(r'"[^"\n]*"(?:, ?)?')


def _delete(file: str, gone: set[int], count: int) -> None:
    """Take strings out of a file of lists, by their number in it."""
    path = _SHIPPED / "gate_rules.toml" if file == "gate_rules" else _SHIPPED / "gate_packs" / f"{file}.toml"
    number = itertools.count()
    lines = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.lstrip().startswith("#"):
            lines.append(line)
            continue
        changed = _STRING.sub(lambda found: "" if next(number) in gone else found[0], line)
        if changed != line:
            changed = re.sub(r", ?\]", "]", changed.rstrip(" "))
        if changed.strip() or not line.strip():
            lines.append(changed)
    if next(number) != count:
        raise ValueError(f"{file} holds strings that are no entries")
    path.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    """Write both tables; with `--again` entries are tried too for which no sentence was found before."""
    lists = Lists()
    known = {} if {"--again", "--delete"} & set(sys.argv) else mutating.unneeded()
    kept: list[tuple[str, str, str]] = []
    left: list[Entry] = []
    with mutating.judged_by(lists.rules):
        by_corpora = mutating.needed_by_corpora(lists)
        rows, real = mutating.table(), _real_words(lists, mutating.corpora())
        partners: dict[str, list[str]] = {}
        for entry, kind in lists.kind_of.items():
            if not mutating.judge("topics", f"Today {entry.words.replace('*', '')} here."):
                partners.setdefault(kind, []).append(entry.words)
        for entry in lists.entries:
            if entry in by_corpora:
                continue
            made = () if entry.name in known else _cases(lists, entry, real, partners)
            cases = itertools.chain(rows.get(entry.name, ()), made)
            case = next((text for text in cases if mutating.needed(lists, entry, text)), None)
            if case is None:
                left.append(entry)
            else:
                kept.append((*entry.name, case))
    gone: set[Entry] = set()
    reasons = []
    for entry in left:
        cover = "" if entry.name in known else _covering(lists, entry, gone)
        if cover:
            gone.add(entry)
        said = f"covered by {cover}" if cover else "no sentence found"
        reasons.append((*entry.name, known.get(entry.name, said)))
    _write(mutating.TABLE, kept)
    _write(mutating.UNNEEDED, reasons)
    print(f"{len(lists.entries)} entries: {len(by_corpora)} by corpora, {len(kept)} by the table, {len(left)} unneeded")
    if "--delete" in sys.argv:
        for file in sorted({entry.file for entry in gone}):
            of_file = [entry for entry in lists.entries if entry.file == file]
            _delete(file, {at for at, entry in enumerate(of_file) if entry in gone}, len(of_file))


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
