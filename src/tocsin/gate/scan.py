"""A cheap look at a text before the rules: whether any of them could fire at all. It may say yes too often, never no.

The ordinary text of an ordinary warning is passed by one run of RE2 over it, and is not touched. Whatever trips that
is judged by the rules themselves. Each look is the shadow of a rule, which it names; the tests compare the two on
every text that there is. What is seen is a number, one bit for each kind of list and kind of identifier.

Two machines look: one for marks, in the text as it is, and one for phrases, in the text as it is compared. One for both
would be slower than the two, for its states are the pairs of theirs. RE2 reads a text once, whatever is in it: the two
take 16 microseconds for 1.5 kB, and some milliseconds for 16 kB of hostile text.
"""

from __future__ import annotations

import functools
import operator
import re
import unicodedata
from collections.abc import Iterable

import re2

from tocsin.gate import rules
from tocsin.gate.disguise import IMITATIONS, LETTERS, undisguised, with_lone_digits
from tocsin.gate.rules import RULES
from tocsin.hazards import FLAT, fold

_BLANK = r"[\s\p{Z}]"
_DARK = r"[^\s\p{Z}]"
_SIGNS = r"[^\pL\pM\pN]+"
_GAP = "[^A-Za-z0-9]+"
_WORD = "[A-Za-z0-9]+"


def _one_of(words: Iterable[str]) -> str:
    return "(?:" + "|".join(map(re2.escape, sorted(words))) + ")"


def _accented(pattern: str) -> str:
    """Return `pattern` for endings as they are written: with a small letter, which may have an accent."""
    return functools.reduce(
        lambda said, vowel: said.replace(vowel[0], f"[{vowel}]"), ("aáà", "eéèê", "iíì", "oóò"), pattern
    )


# --- what is looked for -----------------------------------------------------------------------------------------------

_AT, _DOT, _SOCIAL = _one_of({*RULES.at_words, "@"}), _one_of(RULES.dot_words), _one_of(RULES.social)
# Cues with letters that are not ASCII are not looked for: in such a text every number of four digits is looked at.
_CUES = _one_of(cue for cue in RULES.number_cues if cue.isascii())
_PLATES = r"\b" + _one_of(cue for cue in RULES.plate_cues if cue.isascii()) + r"\b"
_MARKS = {
    "signed": (r"\$\$", r"&\s*\z", r"\n&&\n", r"(?m:^[ \t]*(?:[A-Z]{0,15}/[A-Z]{2,15}|FORECASTER.*)[ \t]*$)"),
    "identified": (
        "@",
        rf"(?i:{_PLATES})",
        r"[0-9]{2}-[A-Z]{2}-[0-9]{2}",
        r"[A-ZÄÖÜ]{1,3}-(?:[0-9]{2,3}-[A-Z]|[A-Z]{1,2} [0-9]{2})",
        r"[A-Z]{2}\p{Nd}{2}[\s\x{a0}\x{202f}]?[A-Z]{3}",
        r"#[^ ]",
        r"(?i:data:|mailto:|tel:|sms:)",
        r"[A-Za-z0-9+/]{24}",
        rf"(?i:(?:https?://|www\.){_DARK}*(?:[?#~%]|/users/|/profile))",
        rf"(?i:(?:https?://|www\.)(?:[^\s/]*\.)?{_SOCIAL}\.)",
        rf"(?i:(?:\A|[^a-z0-9_]){_SOCIAL}\.[a-z]{{2,10}}/)",
        rf"(?i:[(\[{{<]{_BLANK}?{_AT}{_BLANK}?[)\]}}>])",
        rf"(?i:{_BLANK}{_AT}{_BLANK}{{1,2}}{_DARK}{{1,63}}{_BLANK}{_DOT}{_BLANK})",
        rf"(?i:{_BLANK}{_AT}{_BLANK}{{1,2}}{_DARK}{{1,63}}{_BLANK}?[(\[{{]{_BLANK}?(?:{_DOT}|\.))",
        rf"(?i:[._+]{_DARK}{{1,31}}{_BLANK}{_AT}{_BLANK}{{1,2}}[a-z]{_DARK}{{0,62}}\.{_DARK})",
    ),
    "numbered": (
        r"\p{Nd}(?:[ ().\-/\x{a0}\x{2010}-\x{2013}\x{202f}]{0,3}\p{Nd}){5}",
        rf"(?i:{_CUES}[^a-z0-9]+(?:[a-z0-9]+[^a-z0-9]+)?[0-9]{{4}})",
    ),
    "short": (r"\p{Nd}{4}",),
    "mixed": (r"[0-9][\pL\pM]", r"[\pL\pM][0-9]"),
    "agent": (rf"{_accented(_one_of(RULES.agents))}{_SIGNS}\p{{Lu}}[\pL\pM\pN]{{0,40}}{_SIGNS}\p{{Lu}}",),
    "addressed": (rf"(?:\A|[^\pL\pM\pN.])(?i:{_one_of(RULES.addressed)})\.(?:ssa|ra|ª)?[\s\p{{Z}}]?\p{{Lu}}",),
    "aged": (r"[(,][\s\x{a0}\x{202f}]?\p{Nd}{1,3}[^(),]{0,12}[),]",),
}
_KINDS = (
    rules.TOPIC,
    rules.PERSON,
    rules.TITLE,
    rules.ROLE,
    rules.SMALL_ROLE,
    rules.NAMED,
    rules.ASKED,
    rules.SMALL_TOPIC,
    rules.FIRST_TOPIC,
)
_HALVES = [f"{half}{number}" for half in (rules.ONE, rules.OTHER) for number in range(RULES.pairs)]
_BITS = {name: 1 << at for at, name in enumerate((*_MARKS, *_KINDS, *_HALVES, "spelled"))}

SIGNED, IDENTIFIED, NUMBERED, _SHORT, _MIXED, _AGENT, _ADDRESSED, _AGED = (_BITS[name] for name in _MARKS)
SPELLED = _BITS["spelled"]
_BARRING = _BITS[rules.TOPIC] | _BITS[rules.PERSON] | _BITS[rules.ASKED]
_ONES = sum(_BITS[name] for name in _HALVES if name.startswith(rules.ONE))


def _needles(kind: str) -> list[str]:
    return sorted({needle for listed, needle in RULES.phrases.needles() if listed == kind})


def _fewest(needles: Iterable[str]) -> list[str]:
    """Return sorted `needles` without those that begin with another: where they stand, that one stands."""
    kept: list[str] = []
    for needle in needles:
        if not kept or not needle.startswith(kept[-1]):
            kept.append(needle)
    return kept


def _written(needles: Iterable[str], *, small: bool = False) -> str:
    """Return a pattern for folded `needles` as they stand in ASCII text; with `small`, first letters are small."""
    phrases = []
    for needle in needles:
        words = _GAP.join(map(re2.escape, needle.split()))
        phrase = f"{words[0]}(?i:{words[1:]})" if small else f"(?i:{words})"
        phrases.append(r"\b" * needle.startswith(" ") + phrase + r"\b" * needle.endswith(" "))
    return f"(?:{'|'.join(phrases)})"


def _flat(needles: Iterable[str]) -> str:
    """Return a pattern for folded `needles` in a text of small letters and figures with any blanks between words."""
    phrases = ((needle, " +".join(map(re2.escape, needle.split()))) for needle in sorted(needles))
    return "|".join(" " * needle.startswith(" ") + said + " " * needle.endswith(" ") for needle, said in phrases)


def _machine(*patterns: str) -> re2.Set:
    options = re2.Options()
    options.max_mem = _MEMORY
    machine = re2.Set.SearchSet(options)
    for pattern in patterns:
        machine.Add(pattern)
    machine.Compile()
    return machine


_MEMORY = 24 << 20
"""Bytes a machine may grow to. With RE2's own limit of 8 MB the lists do not compile; ordinary text takes a third."""

_LISTS = [_fewest(_needles(kind)) for kind in (*_KINDS, *_HALVES)]
_REACH = max(len(needle.split()) for listed in _LISTS for needle in listed)  # words, from one of a phrase on
_DIGITS = str.maketrans(LETTERS)
_AS_LETTERS = bytes.maketrans("".join(LETTERS).encode(), "".join(LETTERS.values()).encode())
_MARKED = _machine(*("|".join(marks) for marks in _MARKS.values()))
# With digits as letters too, so that one look tells of both readings of a text that no phrase stands in either.
_SAID = _machine(
    *(_flat({*listed, *(needle.translate(_DIGITS) for needle in listed)}) for listed in _LISTS),
    rf"(?:{_one_of(RULES.spelled)} +){{5}}",
)
# What only the original letters tell: the rules that ask for a capital or a small letter, in ASCII text.
_NAME = f"[A-Z][A-Za-z0-9]*{_GAP}[A-Z]"
_TITLES, _CALLS = _written(_needles(rules.TITLE)), _written(_needles(rules.NAMED))
_FIRSTS = _needles(rules.FIRST_TOPIC)
_CASES = (
    (_BITS[rules.TITLE], re2.compile(f"{_TITLES}{_GAP}(?:{_WORD}{_GAP}){{0,2}}[A-Z]")),
    (_BITS[rules.ROLE], re2.compile(f"{_written(_needles(rules.ROLE))}{_GAP}(?:{_WORD}{_GAP}){{0,2}}{_NAME}")),
    (
        _BITS[rules.SMALL_ROLE],
        re2.compile(f"{_written(_needles(rules.SMALL_ROLE), small=True)}{_GAP}(?:{_WORD}{_GAP}){{0,2}}{_NAME}"),
    ),
    (_BITS[rules.NAMED], re2.compile(f"{_CALLS}(?:{_GAP}{_WORD}){{0,2}}{_GAP}{_NAME}")),
    (_BITS[rules.NAMED], re2.compile(f"{_NAME}[A-Za-z0-9]*(?:{_GAP}{_WORD}){{0,3}}{_GAP}{_CALLS}")),
    (
        _BITS[rules.SMALL_TOPIC] | _BITS[rules.FIRST_TOPIC],
        re2.compile(_written([*_needles(rules.SMALL_TOPIC), *_FIRSTS], small=True)),
    ),
    (_BITS[rules.FIRST_TOPIC], re2.compile(f"{_written(_FIRSTS)}{_GAP}[a-z]")),
)
_ANY_CASE = functools.reduce(operator.or_, (bits for bits, _ in _CASES))


# --- the look ---------------------------------------------------------------------------------------------------------

_DOTLESS = "\u0130\u0131"  # Python's re holds these for an "i", RE2 does not
_ACCENTED_CUES = sorted({cue[1:] for cue in RULES.plate_cues if not cue.isascii()})  # without the capital letter


def look(text: str) -> int:
    """Return the bits of what cleaned `text` could hold; for `SIGNED`, `IDENTIFIED`, `NUMBERED` and `may_bar`."""
    if text.isascii():
        seen = _seen(_MARKED, text)
        if "_" in text:  # a blank before a cue, and a letter of an account
            seen |= _seen(_MARKED, text.replace("_", " "))
        flat = b" %b " % text.encode("ascii").translate(FLAT)
        return seen | _seen(_SAID, flat) << len(_MARKS) if _SAID.Match(flat.translate(_AS_LETTERS)) else seen & ~_MIXED
    seen = _seen(_MARKED, text)
    if seen & _SHORT:
        seen |= NUMBERED
    plain = _with_blanks(text)
    small = plain.lower()
    if any(one in text for one in _DOTLESS) or any(one in small for one in _ACCENTED_CUES):
        seen |= IDENTIFIED
    folded = f" {fold(text)} "
    # Where signs fall apart, as one half does, words are told apart in another way.
    apart = not unicodedata.is_normalized("NFKC", plain)
    if apart or not (folded.isascii() or IMITATIONS.isdisjoint(folded)):
        return seen | _BARRING | SPELLED | IDENTIFIED
    letters = functools.reduce(lambda said, pair: said.replace(*pair), LETTERS.items(), folded)
    return seen | _seen(_SAID, folded) << len(_MARKS) if _SAID.Match(letters) else seen & ~_MIXED


def _with_blanks(text: str) -> str:
    """Return `text` with plain blanks for what is told from none when it is compared."""
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2026", " ")


def _seen(machine: re2.Set, text: str | bytes) -> int:
    found = machine.Match(text)
    return sum([1 << at for at in found]) if found else 0


def may_bar(seen: int, text: str) -> bool:
    """Return whether a sentence of `text`, in which `look` saw `seen`, could be about people.

    The shadow of `sentences.is_barred`.
    """
    if _may(seen) or seen & (_AGED | _AGENT | _ADDRESSED):
        return True
    if seen & _ANY_CASE:
        if not text.isascii():
            return True
        written = text.replace("_", " ")
        if any(seen & bit and pattern.search(written) for bit, pattern in _CASES):
            return True
    return bool(seen & _MIXED) and _may_disguise(seen, text)


def _may(seen: int) -> bool:
    return bool(seen & _BARRING or seen & _ONES & seen >> RULES.pairs)


def _may_disguise(seen: int, text: str) -> bool:
    """Return whether `text`, in which `seen` was seen, could be barred in its second reading, with digits as letters.

    Only what reads in another way there is looked at, with the words around it as far as a phrase may reach.
    """
    words = fold(text).split()
    read = [word if word.isalpha() or word.isdecimal() else undisguised(word) for word in words]
    if read == words:
        return False
    near: list[int] = []
    for at, (word, letters) in enumerate(zip(words, read, strict=True)):
        if word != letters:
            near += range(max(at - _REACH, near[-1] + 1 if near else 0), min(at + _REACH + 1, len(words)))
    said = with_lone_digits([words[at] for at in near], [read[at] for at in near])
    again = _seen(_SAID, f" {' '.join(said)} ") << len(_MARKS)
    return _may(seen | again) or bool(again & _ANY_CASE)


# --- characters -------------------------------------------------------------------------------------------------------

_PLAIN = bytes(code for code in range(0x80) if chr(code).isprintable() and chr(code) not in "&<") + b"\n\t"
_ORDINARY = "\n\t\u00a0\u202f\u2026"  # neither printable nor in normal form, yet they stand for themselves
_SHOWS_NOTHING = "\u034f\u115f\u1160\u3164"  # letters by category
_ASCII_STOPS = ".!?\n"
_STOPS = _ASCII_STOPS + "।؟。！？…"
_MOST_STOPS = 390
LONGEST = 1_990
"""Characters of a sentence that cannot reach the limit of words in one."""
_FOREIGN = re.compile("[^\x00-\x7f\xa0-\xa9\xab-\xb4\xb6-\xb9\xbb-\u024f\u0600-\u06ff\u0900-\u097f\u2000-\u206f]")


MARK = re.compile("[\u0300-\u036f]")
"""What stands above and below letters; what is left of it after composition belongs to no word of any language."""

ENCODED_AT = "%40"
"""An "@" as links write it: some write it everywhere. Source: RFC 3986, 2.1."""


def is_clean(text: str) -> bool:
    """Return whether every character of `text` stands for itself; the shadow of `sentences.clean`."""
    if ENCODED_AT in text:
        return False
    if text.isascii():
        return not text.encode("ascii").translate(None, _PLAIN)
    rest = text
    for char in _ORDINARY:
        rest = rest.replace(char, "")
    return (
        "&" not in rest
        and "<" not in rest
        and rest.isprintable()
        and unicodedata.is_normalized("NFKC", rest)
        and not MARK.search(rest)
        and not any(char in rest for char in _SHOWS_NOTHING)
    )


def is_of_known_letters(text: str) -> bool:
    """Return whether each letter of cleaned `text` is of a script with a pack; the shadow of `is_readable`."""
    return text.isascii() or not _FOREIGN.search(text)


def is_short(text: str) -> bool:
    """Return whether `text` is far from the limits of `sentences`, so that it need not be split to be passed."""
    few = len(text) < _MOST_STOPS or sum(map(text.count, _ASCII_STOPS if text.isascii() else _STOPS)) < _MOST_STOPS
    # An empty line ends every sentence.
    return few and (len(text) < LONGEST or all(len(part) < LONGEST for part in text.split("\n\n")))
