"""What of a text may stay: whole sentences go when they speak of persons or of what people organise.

What a sentence speaks of is judged in `subjects`, identifiers are found in `spans`. The text that stays is the issuer's
own.

Source: NEUTRALITY sections 1 and 2: names and topics cost the sentence, identifiers the span.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

from tocsin.gate import rules, scan, spans
from tocsin.gate.rules import RULES
from tocsin.gate.subjects import has_name, is_barred, is_called_by_name, is_topic, names_topic, words_of
from tocsin.hazards import fold

_LIMIT = 16_384  # characters of one field; what is longer is cut
_UNESCAPES = 3  # HTML that was escaped twice is not rare; deeper is an attack, and stays escaped
_SHORT_LINE = 45  # a line that ends earlier than a wrapped one is a line of its own
_MOST_SENTENCES = 400  # of one field; a warning has some dozens, and what comes after is cut
_LANGUAGES = RULES.languages | {"und", ""}
_UNITS = frozenset(("m", "km", "h", "ft", "min"))
_WRAPPED = 3  # lines that are read together
_SCRIPTS = ("LATIN", "ARABIC", "DEVANAGARI")
_STOPS = frozenset(".!?।؟。！？…")
_ENDS = re.compile("[.!?।؟。！？…\n]")
_ENTITY = re.compile("&(?:[Aa][Mm][Pp]|[LlGg][Tt]|[Qq][Uu][Oo][Tt]|[Nn][Bb][Ss][Pp]|[Ss][Hh][Yy]);")
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,15})(?:[\s/][^<>]{0,1000})?>")
_INLINE = {"a", "abbr", "b", "em", "font", "i", "mark", "small", "span", "strong", "sub", "sup", "u", "wbr"}
_BLANKS = re.compile(r"[ \t]+")
_BREAKS = re.compile(r"\n ?\n[ \n]*")
_BEFORE_STOP = re.compile(r" ([.,;:!?)])")
_BULLETS = frozenset("*•-–\n") | {""}
_SIGNED = re.compile(r"^[ \t]{0,20}\$\$", re.MULTILINE)
_INITIALS = re.compile(
    r"^[ \t]{0,20}(?:[A-Z]{2,15}/[A-Z]{2,15}|[A-Z]{0,15}/[A-Z]{2,5}|FORECASTER.{0,60})[ \t]{0,20}$", re.MULTILINE
)


class Scrubbed(NamedTuple):
    """A text after the scrub: what stays, whether anything went, and how many of its sentences went."""

    text: str
    changed: bool = False
    lost: int = 0
    kept: int = 0


def clean(text: str) -> str:
    """Return `text` with HTML read, wide letters made plain, and invisible and control characters gone."""
    return text[:_LIMIT] if scan.is_clean(text) else clean_exactly(text)


def clean_exactly(text: str) -> str:
    """Return what `clean` does, without its shortcut."""
    for _ in range(_UNESCAPES):
        shown = html.unescape(_ENTITY.sub(lambda entity: entity[0].lower(), text))
        if shown == text:
            break
        text = shown
    text = _TAG.sub(lambda tag: "" if tag[1].lower() in _INLINE else "\n", text[:_LIMIT].translate(_PLAIN))
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace(scan.ENCODED_AT, "@")
    return scan.MARK.sub("", unicodedata.normalize("NFC", text)) if scan.MARK.search(text) else text


class _Plain(dict[int, str]):
    """What becomes of each character on entry."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.category(char)
        shown = char
        if kind in {"Cf", "Co", "Cn", "Cs"} or (kind == "Cc" and char not in "\n\t\r") or char in _BLANK_LETTERS:
            shown = ""
        elif unicodedata.decomposition(char).startswith(("<wide>", "<font>", "<circle>", "<small>")):
            shown = unicodedata.normalize("NFKC", char)
        self[code] = shown
        return shown


_BLANK_LETTERS = "\u034f\u115f\u1160\u3164"  # letters by category that show nothing
_PLAIN = _Plain()


def scrub(text: str, *, without: Collection[int] = ()) -> Scrubbed:
    """Return what may stay of `text`: identifiers cut out, sentences about persons and topics left out.

    `without` names further sentences that go, by their place among those that are not blank.

    About 30 microseconds for the 1.5 kB of an ordinary warning in ASCII, of which nothing goes; a text that some
    rule may speak of is looked into sentence by sentence, in time that grows with the text and nothing else.
    """
    if without:
        return scrub_exactly(text, without)
    if text in _UNTOUCHED:
        return Scrubbed(text)
    cleaned = clean(text)
    seen = scan.look(cleaned)
    body, signed = _unsigned(cleaned) if seen & scan.SIGNED else (cleaned.rstrip("\n& "), False)
    found = spans.find(body) if may_hold(body, seen) else []
    if found or "@" in body or not scan.is_short(body) or scan.may_bar(seen, body):
        return _judged(body, found, signed, is_barred_soon)
    kept = Scrubbed(tidied(body), signed)
    if kept.text == text and len(text) <= _REMEMBERED_LENGTH:
        _remember(text)
    return kept


def is_ordinary(words: str) -> bool:
    """Return whether `words` are all clean and hold no "@", as it is with each part of them between line breaks."""
    return "@" not in words and scan.is_clean(words)


def is_ordinary_field(text: str) -> bool:
    """Return whether a clean text is far from every limit, so that it need not be split or cut."""
    return len(text) <= _LIMIT and scan.is_short(text)


def is_barred_soon(sentence: str) -> bool:
    """Return what `is_barred` does of a cleaned sentence; most are told by a cheap look."""
    may = len(sentence) >= scan.LONGEST or scan.may_bar(scan.look(sentence), sentence)
    return may and is_barred(sentence)


def scrub_exactly(text: str, without: Collection[int] = ()) -> Scrubbed:
    """Return what `scrub` does, by the rules alone: the tests compare the two."""
    body, signed = _unsigned(clean_exactly(text))
    return _judged(body, spans.find(body), signed, is_barred, without)


def may_hold(body: str, seen: int) -> bool:
    """Return whether identifiers must be looked for; most figures are told from telephone numbers here."""
    return bool(seen & (scan.IDENTIFIED | scan.SPELLED)) or (bool(seen & scan.NUMBERED) and any(spans.numbers(body)))


_UNTOUCHED: set[str] = set()
_REMEMBERED = 2_048  # texts of at most `_REMEMBERED_LENGTH` characters: 16 MB where each takes four bytes a character
_REMEMBERED_LENGTH = 2_048


def _remember(text: str) -> None:
    """Keep in mind that `text` stays as it is, letter for letter: nothing is remembered that is not stored anyway."""
    if len(_UNTOUCHED) >= _REMEMBERED:
        _UNTOUCHED.clear()
    _UNTOUCHED.add(text)


def _judged(
    body: str, found: Sequence[spans.Span], changed: bool, bars: Callable[[str], bool], without: Collection[int] = ()
) -> Scrubbed:
    """Return what stays of `body` when each sentence is judged by `bars` and the spans `found` are cut out."""
    sentences = list(islice(split(body), _MOST_SENTENCES))
    places = list(accumulate(map(len, sentences), initial=0))
    spans_of = [spans.within(found, start, end) if found else [] for start, end in pairwise(places)]
    barred = [bars(sentence) or _is_contact(sentence, here) for sentence, here in zip(sentences, spans_of, strict=True)]
    if without:
        said = [at for at, sentence in enumerate(sentences) if sentence.strip()]
        for at in without:
            barred[said[at]] = True
    _bar_wrapped(sentences, barred, bars)
    kept = [
        "\n" * sentence.startswith("\n\n") if goes else spans.cut(sentence, here).replace("@", " ")
        for sentence, here, goes in zip(sentences, spans_of, barred, strict=True)
    ]
    lost, at = sum(barred), places[-1]
    words = "".join(kept)
    words = tidied(_BEFORE_STOP.sub(r"\1", _BLANKS.sub(" ", words)) if found or "@" in body else words)
    changed |= bool(found) or bool(lost) or at < len(body)
    return Scrubbed(words, changed, lost, sum(bool(one.strip()) for one in kept))


def _bar_wrapped(sentences: Sequence[str], barred: list[bool], bars: Callable[[str], bool]) -> None:
    """Bar the lines too that are one sentence together, and what follows a barred line without a stop.

    "Contact:" belongs to the name on the next line; a short line may have been broken by hand.
    """
    runs = [sentence.endswith("\n") and sentence.strip()[-1:] not in _STOPS for sentence in sentences]
    for first in range(len(sentences)):
        for last in range(first + 1, min(first + _WRAPPED, len(sentences))):
            if not runs[last - 1] or sentences[last].lstrip(" \t")[:1] in _BULLETS or any(barred[first:last]):
                break
            if not barred[last] and bars(" ".join(map(str.strip, sentences[first : last + 1]))):
                barred[first : last + 1] = [True] * (last + 1 - first)
    for at in range(len(sentences) - 1, 0, -1):
        barred[at - 1] |= barred[at] and runs[at - 1] and sentences[at].lstrip(" \t")[:1].islower()
    for at in range(1, len(sentences)):
        ran_on = barred[at - 1] and runs[at - 1] and "\n" not in sentences[at - 1].strip()
        barred[at] |= ran_on and sentences[at].lstrip(" \t")[:1] not in _BULLETS


def tidied(text: str) -> str:
    """Return `text` with one blank between words and at most one empty line between lines."""
    if "  " in text or "\t" in text:
        text = _BLANKS.sub(" ", text)
    return (_BREAKS.sub("\n\n", text) if "\n" in text else text).strip()


def _unsigned(text: str) -> tuple[str, bool]:
    """Return `text` before a forecaster's signature, and whether there was one. Source: NWSI 10-1701 ($$)."""
    end = _SIGNED.search(text)
    body = text[: end.start()] if end else text
    unsigned = _INITIALS.sub("", body)
    return unsigned.replace("\n&&\n", "\n\n").rstrip("\n& "), bool(end) or unsigned != body


def split(text: str) -> Iterator[str]:
    """Yield the sentences of `text` with the blanks and stops after them; together they are `text`.

    A line break ends a sentence when it stands for one: after a stop or a short line, before a bullet or empty line.
    """
    start = 0
    for candidate in _ENDS.finditer(text):
        at = candidate.start()
        if _is_line_end(text, start, at) if text[at] == "\n" else _is_end(text, start, at):
            yield text[start : at + 1]
            start = at + 1
    if start < len(text):
        yield text[start:]


def is_single(text: str) -> bool:
    """Return whether nothing in `text` but its last character can end a sentence, as in most headings."""
    return not _ENDS.search(text, 0, max(len(text) - 1, 0))


def _is_end(text: str, start: int, at: int) -> bool:
    following = text[at + 1 : at + 4]
    if text[at] != ".":
        return not following or following[0].isspace() or text[at] in "।؟。！？"
    if following and not following[0].isspace():
        return False
    last = text[max(start, at - 20) : at].rsplit(None, 2)[-2:]
    word = last[-1].casefold().strip("(\"'") if last else ""
    is_unit = word in _UNITS and last[0][-1:].isdecimal()
    if (word in RULES.abbreviations or len(word) == 1) and not word.isdecimal() and not is_unit:
        return not following.strip() or following[:1] == "\n"
    return not following.strip()[:1].islower()


def _is_line_end(text: str, start: int, at: int) -> bool:
    following = text[at + 1 : at + 3].lstrip(" \t")
    previous = text.rfind("\n", start, at) + 1 or start
    if following[:1] in _BULLETS:
        return True
    return text[at - 1 : at] != ":" and (at - previous < _SHORT_LINE or text[at - 1 : at] == ";")


def has_topic(text: str) -> bool:
    """Return whether a sentence of `text` speaks of labour, protest, politics, religion or journalism."""
    cleaned = clean(text)
    return scan.may_bar(scan.look(cleaned), cleaned) and any(map(names_topic, split(cleaned)))


def is_person_alert(words: str) -> bool:
    """Return whether a term or headline is that of an alert that looks for somebody."""
    return any(hit.kind == rules.PERSON_ALERT for hit in RULES.phrases.find(fold(clean(words)).split()))


def is_topic_term(term: str) -> bool:
    """Return whether an event term names a protected topic; words count here that in a sentence may be innocent."""
    return is_topic(clean(term).casefold())


def _is_contact(sentence: str, found: Sequence[spans.Span]) -> bool:
    """Return whether a personal identifier in `sentence` comes with a name, so that all of it must go.

    Where writing has no capitals a name cannot be told from other words, and the sentence goes with the identifier.
    """
    if not any(span.kind is spans.Kind.PERSONAL for span in found):
        return False
    words = words_of(spans.cut(sentence, found))
    return (
        has_name(words) or is_called_by_name(words) or not any(char.isupper() for word in words for char in word.shown)
    )


def is_readable(text: str, language: str, *, is_clean: bool = False) -> bool:
    """Return whether the gate has rules for `text`: a language with a pack, in a script that such languages use."""
    tag = language.partition("-")[0].lower()
    if tag not in _LANGUAGES:
        return False
    cleaned = text if is_clean else clean(text)
    return scan.is_of_known_letters(cleaned) or is_of_known_script(cleaned)


def is_of_known_script(cleaned: str) -> bool:
    """Return whether four of five letters are of a script that languages with a pack use."""
    letters = [char for char in cleaned if char.isalpha()]
    known = sum(char.isascii() or unicodedata.name(char, "").startswith(_SCRIPTS) for char in letters)
    return known * 10 >= len(letters) * 8
