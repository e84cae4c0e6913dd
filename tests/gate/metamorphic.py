"""Canary sentences in every field of every passing document, in every disguise: a program, and a test.

    python3 dev.py fuzz gate --cases 100000 [--seed 1] [--held-out]

A canary is a sentence about a person or a protected topic; what may not survive of it stands between double brackets.
A case puts one into a field of a document that passes, reads and judges the document, and looks for it in whatever
would be stored. `canaries.tsv` was written without the gate's lists at hand, and the gate was mended on it since;
`held_out.tsv` is measured and never mended on, so its rate is the honest one.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import random
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from injecting import Opened, opened
from samples import samples

from tocsin import formats, gate
from tocsin.errors import FormatError
from tocsin.gate import invariants
from tocsin.model import IssuerClass

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LARGEST = 16_384  # bytes of a document; larger ones take long and have no other fields
CLASSES = (IssuerClass.HAZARD, IssuerClass.CIVIL, IssuerClass.TRAFFIC, IssuerClass.TRANSIT, IssuerClass.EVENTS)


class Canary(NamedTuple):
    """A sentence, its language and family, and the parts of it that may not survive."""

    language: str
    family: str
    text: str
    secrets: tuple[str, ...]


class Passing(NamedTuple):
    """A document of which something passes when its issuer is of this class, and what is stored of it."""

    name: str
    format: str
    issuer: IssuerClass
    document: Opened
    stored: str


class Leak(NamedTuple):
    """What survived, and in which case."""

    canary: Canary
    disguise: str
    document: str
    slots: tuple[str, ...]
    kept: str


def canaries(name: str) -> list[Canary]:
    """Return the canaries of one file."""
    rows = (line.split("\t") for line in (HERE / name).read_text(encoding="utf-8").splitlines())
    return [
        Canary(language, family, re.sub("[⟦⟧]", "", text), tuple(re.findall("⟦(.*?)⟧", text)))
        for language, family, text in rows
    ]


# --- disguises --------------------------------------------------------------------------------------------------------


def _between(sign: str) -> Callable[[str], str]:
    return lambda text: re.sub(r"(?<=\w\w)(?=\w\w)", sign, text)


_LIKE = str.maketrans("aceopxyiAEOPCBHKMTX", "асеорхуіАЕОРСВНКМТХ")
_GREEK = str.maketrans("oviAEOTKNX", "ονιΑΕΟΤΚΝΧ")
_LEET = str.maketrans("oieastOIEAST", "013457013457")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _spelled(text: str) -> str:
    return re.sub(r"\d", lambda digit: f" {_DIGITS[int(digit[0])]} ", text) if re.search(r"\d{2}", text) else text


def _spelled_mail(text: str) -> str:
    return re.sub(r"(\S+)@(\S+?)\.(\w+)", r"\1 at \2 dot \3", text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "zero width": _between("\u200b"),
    "soft hyphen": _between("\u00ad"),
    "full width": _wide,
    "cyrillic": lambda text: text.translate(_LIKE),
    "greek": lambda text: text.translate(_GREEK),
    "leet": lambda text: text.translate(_LEET) if not re.search(r"\d|@", text) else text,
    "escaped": html.escape,
    "escaped twice": lambda text: "".join(f"&amp;#{ord(char)};" if char in "aeoiu@" else char for char in text),
    "tags": lambda text: re.sub(r"(?<=\w\w)(?=\w\w\w)", "<b></b>", text, count=9),
    "base64": _encoded,
    "upper case": str.upper,
    "no stops": lambda text: re.sub(r"[.,;:।،](?=\s|$)", "", text),
    "one line each": lambda text: text.replace(", ", ",\n"),
    "wrapped": lambda text: re.sub(r"(.{20,40}?) ", r"\1\n", text),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "spelled out": lambda text: _spelled_mail(_spelled(text)),
    "combining": lambda text: re.sub(r"([aeiou])", "\\1\u0332", text),
    "two fields": str,
}

FAMILIES = ("person", "labour", "protest", "politics", "press", "religion", "phone", "mail", "handle", "plate")
_ONLY_FOR = {"spelled out": ("phone", "mail"), "leet": FAMILIES[:6]}
"""Disguises that leave a number, an address or a name what it is in these families only."""


def folded(text: str) -> str:
    """Return `text` as those who look for leaks compare it: without what nobody sees, without case."""
    plain = unicodedata.normalize("NFKC", text).translate(_UNSEEN)
    return re.sub(r"\s+", " ", plain).casefold()


_UNSEEN = dict.fromkeys(
    (0xAD, 0x34F, 0x332, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
)


# --- one case ---------------------------------------------------------------------------------------------------------


def stored(format_: str, body: bytes, issuer: IssuerClass) -> str | None:
    """Return every string that would be stored of a document, a line each; None where nothing would."""
    try:
        items = formats.read(format_, body, source="s", now=NOW).items
    except FormatError:
        return None
    kept = [one.event for item in items for one in gate.examine(item, issuer_class=issuer).admitted]
    return "\n".join(string for event in kept for string in invariants.strings(event)) if kept else None


def passing() -> Iterator[Passing]:
    """Yield every document there is of which something passes: own samples, own items, recorded ones where they are."""
    for name, format_, body, classes in _documents():
        document = opened(body) if len(body) <= LARGEST else None
        for issuer in classes if document else ():
            kept = stored(format_, body, issuer)
            if document and document.slots and kept:
                yield Passing(name, format_, issuer, document, folded(kept))
                break


def _documents() -> Iterator[tuple[str, str, bytes, Sequence[IssuerClass]]]:
    for sample in samples():
        yield sample.id, sample.format, sample.document.read_bytes(), CLASSES
    for path in (*sorted((HERE / "documents").glob("*.jsonl")), SHARED / "gate" / "dev.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            row = json.loads(line)
            yield row["id"], row["format"], row["document"].encode(), (IssuerClass(row["source_class"]),)
    for path in sorted((SHARED / "feeds" / "dev").glob("*/*")):
        if path.is_file() and path.stat().st_size <= LARGEST:
            body = path.read_bytes()
            name = formats.name_of(body)
            if name:
                yield f"{path.parent.name}/{path.name}", name, body, CLASSES


def _words(said: str, way: int) -> Callable[[str], str]:
    """Return what puts `said` into a field: in its place, behind, before, or on a line of its own."""
    return (
        lambda _: said,
        lambda there: f"{there} {said}".strip(),
        lambda there: f"{said} {there}".strip(),
        lambda there: f"{there}\n\n{said}\n".lstrip("\n"),
    )[way]


@dataclass(slots=True)
class Report:
    """What a run found: how many cases of each family and disguise there were, in how many something was kept."""

    cases: Counter[tuple[str, str]]
    kept: Counter[tuple[str, str]]
    leaks: list[Leak]


def run(documents: Sequence[Passing], listed: Sequence[Canary], *, cases: int, seed: int) -> Report:
    """Return the report of `cases` cases, the same for the same seed and documents."""
    dice = random.Random(seed)
    by_format: dict[str, list[Passing]] = {}
    for one in documents:
        by_format.setdefault(one.format, []).append(one)
    report = Report(Counter(), Counter(), [])
    for _ in range(cases):
        target = dice.choice(by_format[dice.choice(sorted(by_format))])
        canary = dice.choice(listed)
        disguise = dice.choice([name for name in sorted(DISGUISES) if canary.family in _ONLY_FOR.get(name, FAMILIES)])
        said = DISGUISES[disguise](canary.text)
        at = dice.randrange(len(target.document.slots))
        cut = said.find(" ", len(said) // 2) if disguise == "two fields" else len(said)
        halves = [half.strip() for half in (said[:cut], said[cut:]) if half]
        slots = target.document.slots[at : at + len(halves)]
        way = dice.randrange(4)
        body = target.document.write({slot: _words(half, way) for slot, half in zip(slots, halves, strict=False)})
        key = canary.family, disguise
        report.cases[key] += 1
        kept = stored(target.format, body, target.issuer)
        if kept is None:
            continue
        report.kept[key] += 1
        told = folded(kept)
        leaked = any(secret in told and secret not in target.stored for secret in _secrets(canary, disguise))
        # Half a sentence says little; both together say all.
        if leaked and all(folded(half) in told for half in halves if len(halves) > 1):
            report.leaks.append(Leak(canary, disguise, target.name, slots, kept))
    return report


def _secrets(canary: Canary, disguise: str) -> Iterator[str]:
    """Yield what may not be found, folded: each secret as it is, and as the disguise leaves it."""
    for secret in canary.secrets:
        yield folded(secret)
        if disguise == "base64":
            whole = _encoded(canary.text)
            yield from (folded(whole[at : at + 20]) for at in range(0, len(whole) - 20, 20))
        else:
            yield folded(DISGUISES[disguise](secret))


def main() -> int:
    """Print the report by family and by disguise; return 1 where something leaked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held-out", action="store_true", help="the canaries that nothing is mended on")
    parser.add_argument("--show", type=int, default=0, help="how many leaks to show")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    documents = list(passing())
    listed = canaries("held_out.tsv" if arguments.held_out else "canaries.tsv")
    report = run(documents, listed, cases=arguments.cases, seed=arguments.seed)
    for number, name in enumerate(("family", "disguise")):
        say(f"{name:18}{'cases':>9}{'kept':>9}{'leaks':>9}")
        leaks = Counter((leak.canary.family, leak.disguise)[number] for leak in report.leaks)
        for one in sorted({key[number] for key in report.cases}):
            counts = (sum(n for key, n in table.items() if key[number] == one) for table in (report.cases, report.kept))
            say(f"{one:18}{next(counts):9}{next(counts):9}{leaks[one]:9}")
    for leak in report.leaks[: arguments.show]:
        say(f"\n{leak.document} {leak.slots} {leak.disguise}: {leak.canary.text}\n  {leak.kept!r:.1500}")
    formats_ = len({one.format for one in documents})
    took = time.perf_counter() - begun
    sentences = len({leak.canary.text for leak in report.leaks})
    say(
        f"{arguments.cases} cases with {len(listed)} canaries in {len(documents)} documents of {formats_} formats: "
        f"{len(report.leaks)} leaks, of {sentences} canaries, in {took:.0f} s (seed {arguments.seed})"
    )
    return 1 if report.leaks else 0


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  a program


if __name__ == "__main__":
    sys.exit(main())
