"""Structured identifiers in a text: addresses, numbers of telephones, accounts, links, embedded data.

Each finder works from short anchors outwards, or with quantifiers that have an upper bound and cannot overlap, so that
no text makes it slow. What is found is cut out; the words around it are judged in `sentences`.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import islice
from typing import NamedTuple

from tocsin.gate.disguise import in_latin
from tocsin.gate.rules import RULES
from tocsin.hazards import fold


class Kind(Enum):
    """What was found. A `PERSONAL` span makes the words beside it suspect, a `HARMLESS` one does not."""

    PERSONAL = auto()
    HARMLESS = auto()


class Span(NamedTuple):
    """Where an identifier stands, and what takes its place."""

    start: int
    end: int
    kind: Kind
    instead: str = ""


_AFTER_AT = re.compile(r"[\w.-]{1,253}")
_WORDS_AT = re.compile(
    r"(?:[(\[{<]\s?(?:at|@|{at})\s?[)\]}>]|\s(?:at|{at})\s|\s@\s)".replace(
        "{at}", "|".join(map(re.escape, RULES.at_words))
    ),
    re.IGNORECASE,
)
_SPELLED_AFTER = re.compile(
    r"\s?[\w-]{1,63}(?:\s?[(\[{]\s?(?:{dot}|\.)\s?[)\]}]\s?[\w-]{1,63}|\s(?:{dot})\s[\w-]{1,63}){1,4}(?:\.[\w-]{1,63}){0,3}".replace(
        "{dot}", "|".join(map(re.escape, RULES.dot_words))
    ),
    re.IGNORECASE,
)
_DOTTED_LOCAL = re.compile(r"[a-z][\w-]{0,30}[._+][\w.-]{1,30}", re.IGNORECASE)
_DOTTED_HOST = re.compile(r"\s?[a-z][\w-]{0,62}(?:\.[\w-]{1,63}){0,3}\.[a-z]{2,24}(?![\w.])", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|www\.|mailto:|tel:|sms:)[^\s<>\"')\]}]{1,2000}", re.IGNORECASE)
_SOCIAL = re.compile(
    r"(?<![\w.@-])(?:[\w-]{1,30}\.){0,2}(?:{hosts})\.[a-z]{2,10}/[^\s<>\"')\]}]{0,500}".replace(
        "{hosts}", "|".join(sorted(map(re.escape, RULES.social)))
    ),
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@])@[\w.-]{1,60}(?<![.-])")
_HASHTAG = re.compile(r"(?<![\w&#])#(?=\w{0,60}[^\W\d_])\w{1,80}")
_DATA = re.compile(r"data:[\w/+.;=-]{0,80},[^\s<>\"']{0,16384}", re.IGNORECASE)
_BLOB = re.compile(r"(?<![\w+/.])[A-Za-z0-9+/]{40,16384}={0,2}")
_TOKEN = re.compile(
    r"(?<![\w+/.])(?=[a-zA-Z]{0,23}[0-9])(?=[A-Z0-9]{0,23}[a-z])(?=[a-z0-9]{0,23}[A-Z])[A-Za-z0-9]{24,40}={0,2}(?!\w)"
)
_NUMBER = re.compile(r"(?<![\w.,/])[+(]?\(?\d(?:[ ().\-/\u00a0\u2010-\u2013\u202f]{0,3}\d){5,17}(?![\d%°])")
# A number among further figures ("97 312-555-0142", "+44 20 7946 0142 0530").
_INNER = re.compile(
    r"^\(?\+\d(?:[ ().\-/\u00a0\u2010-\u2013\u202f]{0,3}\d){5,14}(?!\d)"
    r"|(?<!\d)(?:\(\d{3}\) ?|\d{3}[.\-])\d{3}[.\-]\d{4}(?!\d)"
)
_DIALLED = re.compile(r"(?<![^\s/;,])(?:\+\d(?:[ ().\-/]{0,2}\d){6,14}(?!\d)|\(\d{3}\) ?\d{3}[ -]\d{4}(?!\d))")
_CUED_NUMBER = re.compile(r"(?<![\w.,])\d{4,6}(?![\w.,]\d)")
_PLATE = re.compile(
    r"(?<!\w)(?i:{cues})\W{1,6}(?:(?i:no|nr|is|was|ist)\W{1,3})?"
    r"(?P<plate>(?=[{letters}a-z0-9{blanks}-]{0,9}[0-9])(?:[{letters}0-9]{1,7}|[A-Z][a-z]{1,2})"
    r"(?:[{blanks}-](?:[{letters}0-9]{1,4}|[0-9]{0,4}[A-Z][a-z]{1,2})){0,3})(?!\w)".replace(
        "{cues}", "|".join(map(re.escape, sorted(RULES.plate_cues, key=len, reverse=True)))
    )
    .replace("{letters}", "A-ZÄÖÜΑ-ΩА-Я")
    .replace("{blanks}", " \\n\u00a0\u202f")
)
_SHAPED_PLATE = re.compile(
    r"(?<![\w-])(?:[A-Z]{2}-\d{3}-[A-Z]{2}|[A-Z]{2}-\d{2}-[A-Z]{2}|\d{2}-[A-Z]{2}-\d{2}"
    r"|[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} \d{2,4}[EH]?)(?![\w-])"
)
_PLATE_OF_VEHICLE = re.compile(
    r"(?<!\w)(?i:{vehicles})(?:\W{1,3}[a-z]{1,12}){0,2}\W{1,3}(?P<plate>[A-Z]{2}\d{2}[{blanks}]?[A-Z]{3})(?!\w)".replace(
        "{vehicles}", "|".join(map(re.escape, sorted(RULES.vehicles, key=len, reverse=True)))
    ).replace("{blanks}", " \\n\u00a0\u202f")
)
_WORD = re.compile(r"[\w\u0900-\u0963\u0966-\u097f]+")  # signs of vowels are no word to Python
_MOST_BETWEEN = 4  # signs and blanks between two words of a number that is spelled out
_FEWEST_SPELLED = 6  # words for digits in a row
_BLANKS = str.maketrans("\u00a0\u202f", "  ")
_MOST = 300  # identifiers in one field
_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
_SPELLED_PARTS = 3
_REAR = 40
_MAX_DIGITS = 15
_MIN_DIGITS = 7
_THREES = re.compile(r"[1-9]\d{0,2}(?:[ .\u00a0\u202f]\d{3}){1,4}$")
_GROUPED = re.compile(
    r"(?:\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}|[5-9]\d{2}[ \-]\d{3}[ \-]\d{3}|[6-9]\d{4}[ \-]\d{5}"
    r"|[2-9]\d{2}-\d{4}|[6-9]\d{9}|[5-9]\d{8})$"
)
_DATE = re.compile(r"(?:19|20)\d{2}[-/. ][01]?\d[-/. ][0-3]?\d|[0-3]?\d[-/. ][0-3]?\d[-/. ](?:19|20)\d{2}")


def find(text: str) -> list[Span]:
    """Return all identifiers in `text`, in order, without overlap."""
    text = in_latin(text.translate(_BLANKS))  # of the same length
    finders = (_data, _links, _mailboxes, _spelled, _accounts, numbers, _spelled_numbers, _plates)
    spans = [span for finder in finders for span in islice(finder(text), _MOST)]
    # A text that is nothing but identifiers is no warning: all of it goes.
    return _without_overlap(spans) if len(spans) < _MOST else [Span(0, len(text), Kind.PERSONAL)]


def _without_overlap(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
        elif span.end > kept[-1].end:
            kept[-1] = Span(kept[-1].start, span.end, Kind.PERSONAL)
    return kept


def within(found: Sequence[Span], start: int, end: int) -> list[Span]:
    """Return the part of `found` that lies between two positions, counted from the first of them."""
    first = bisect.bisect_right(found, start, key=lambda span: span.end)
    last = bisect.bisect_left(found, end, key=lambda span: span.start)
    return [
        Span(max(span.start - start, 0), min(span.end, end) - start, span.kind, span.instead * (span.start >= start))
        for span in found[first:last]
    ]


def cut(text: str, found: Sequence[Span]) -> str:
    """Return `text` without the spans `found` in it."""
    out, at = [], 0
    for span in found:
        out += [text[at : span.start], span.instead]
        at = span.end
    return "".join([*out, text[at:]])


def _data(text: str) -> Iterator[Span]:
    for pattern in (_DATA, _BLOB, _TOKEN):
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), Kind.HARMLESS)


def _links(text: str) -> Iterator[Span]:
    for match in _LINK.finditer(text):
        link = match[0].rstrip(".,;:!?")
        end = match.start() + len(link)
        kept = "" if is_personal_link(link) else re.split(r"[?#]", link, maxsplit=1)[0]
        if kept != link:
            yield Span(match.start(), end, Kind.HARMLESS if kept else Kind.PERSONAL, kept)


def is_personal_link(link: str) -> bool:
    """Return whether a link names a user: an address, an account, a social network, a scheme of telephones."""
    lowered = link.lower()
    if not lowered.startswith(("http://", "https://", "www.")) or "@" in link or "%40" in link or "/~" in link:
        return True
    host = (
        lowered.removeprefix("https://").removeprefix("http://").partition("/")[0].partition("?")[0].partition(":")[0]
    )
    labels = host.split(".")
    return any(label in RULES.social for label in labels[:-1]) or "/users/" in lowered or "/profile" in lowered


def _mailboxes(text: str) -> Iterator[Span]:
    at = text.find("@")
    while at >= 0:
        start = _run_back(text, at)
        after = _AFTER_AT.match(text, at + 1)
        if start < at and after:
            yield Span(start, at + 1 + len(after[0].rstrip(".-")), Kind.PERSONAL)
        at = text.find("@", at + 1)


def _spelled(text: str) -> Iterator[Span]:
    for anchor in _WORDS_AT.finditer(text):
        start, end = anchor.span()
        stop = start - (text[start - 1 : start] == " ")
        start = _run_back(text, stop)
        host = _SPELLED_AFTER.match(text, end)
        if not host and _DOTTED_LOCAL.fullmatch(text, start, stop):
            host = _DOTTED_HOST.match(text, end)
        if host and start < stop:
            yield Span(_with_spelled_dots(text, start), host.end(), Kind.PERSONAL)


def _run_back(text: str, end: int) -> int:
    """Return where the local part of an address that ends before `end` begins; `end` when there is none."""
    start = end
    while start > 0 and end - start < _LOCAL_PART and (text[start - 1].isalnum() or text[start - 1] in "._+%'-"):
        start -= 1
    return start


def _with_spelled_dots(text: str, start: int) -> int:
    """Return where an address begins that spells its dots ("jane dot doe"), of which the last word is at `start`."""
    for _ in range(_SPELLED_PARTS):
        before = text[max(0, start - _LOCAL_PART) : start].split()
        if len(before) < len(("jane", "dot")) or before[-1].strip("()[]{}").casefold() not in RULES.dot_words:
            break
        start = text.rindex(before[-2], 0, text.rindex(before[-1], 0, start))
    return start


def _accounts(text: str) -> Iterator[Span]:
    for match in _SOCIAL.finditer(text):
        yield Span(match.start(), match.start() + len(match[0].rstrip(".,;:!?")), Kind.PERSONAL)
    for match in _HANDLE.finditer(text):
        yield Span(match.start(), match.end(), Kind.PERSONAL)
    for match in _HASHTAG.finditer(text):
        yield Span(match.start(), match.end(), Kind.HARMLESS)


def numbers(text: str) -> Iterator[Span]:
    """Yield the telephone numbers in `text` that may belong to somebody."""
    for match in _NUMBER.finditer(text):
        cued = _is_cued(text, match.start())
        # A figure with which the next sentence begins is none of the number.
        for number in dict.fromkeys((match[0].partition(". ")[0], match[0])):
            if _digits(number) <= _MAX_DIGITS and is_telephone(number, cued=cued):
                yield Span(match.start(), match.start() + len(number), Kind.PERSONAL)
                break
        else:
            yield from _inner(match)
    for match in _CUED_NUMBER.finditer(text):
        if not match[0].startswith(("1", "0800")) and _follows_cue(text, match.start()):
            yield Span(match.start(), match.end(), Kind.PERSONAL)


def _inner(match: re.Match[str]) -> Iterator[Span]:
    """Yield the telephone numbers among the figures of `match`."""
    for inner in _INNER.finditer(match[0]):
        if is_telephone(inner[0], cued=False):
            yield Span(match.start() + inner.start(), match.start() + inner.end(), Kind.PERSONAL)


def _spelled_numbers(text: str) -> Iterator[Span]:
    """Yield the numbers that are written digit by digit in words."""
    start = end = count = 0
    for match in _WORD.finditer(text):
        if fold(match[0]) not in RULES.spelled:
            continue
        if count and (match.start() - end > _MOST_BETWEEN or "\n\n" in text[end : match.start()]):
            if count >= _FEWEST_SPELLED:
                yield Span(start, end, Kind.PERSONAL)
            count = 0
        start = start if count else match.start()
        count, end = count + 1, match.end()
    if count >= _FEWEST_SPELLED:
        yield Span(start, end, Kind.PERSONAL)


def is_dialled(name: str) -> bool:
    """Return whether a name holds a number in the manner of dialling, as no name that a machine made does."""
    return any(is_telephone(found[0], cued=False) for found in _DIALLED.finditer(name))


def _plates(text: str) -> Iterator[Span]:
    for pattern in (_PLATE, _PLATE_OF_VEHICLE):
        for match in pattern.finditer(text):
            yield Span(match.start("plate"), match.end("plate"), Kind.HARMLESS)
    for match in _SHAPED_PLATE.finditer(text):
        yield Span(match.start(), match.end(), Kind.HARMLESS)


def _digits(text: str) -> int:
    return sum(map(str.isdecimal, text))


def _words_before(text: str, at: int) -> list[str]:
    return fold(text[max(0, at - _REAR) : at]).split()


def _is_cued(text: str, at: int) -> bool:
    return not RULES.number_cues.isdisjoint(_words_before(text, at))


def _follows_cue(text: str, at: int) -> bool:
    """Return whether a word like "call" stands right before, or one little word between ("call on")."""
    return not RULES.number_cues.isdisjoint(_words_before(text, at)[-2:])


def is_telephone(number: str, *, cued: bool) -> bool:
    """Return whether `number` is a telephone number that may belong to somebody.

    Free and shared-cost ranges and European 116xxx do not. Dates, and figures in groups of three ("120 000 000"),
    are no telephone numbers unless the words before say so.
    """
    digits = "".join(char for char in unicodedata.normalize("NFKC", number) if char.isdecimal())
    digits = "".join(str(unicodedata.decimal(char)) for char in digits)
    if _is_free(digits, number) or _DATE.match(number):
        return False
    if cued or number.startswith(("+", "(+", "00")):
        return True
    if len(digits) < _MIN_DIGITS:
        return False
    if number.startswith(("0", "(0")) or _GROUPED.match(number):
        return not (_THREES.match(number) and number.endswith("000"))
    return False


def _is_free(digits: str, number: str) -> bool:
    if digits.startswith(RULES.free_numbers) and (digits[0] in "01" or number[0] in "89" or digits.startswith("116")):
        return True
    if not number.startswith(("+", "00", "(+")):
        return False
    bare = digits.removeprefix("00")
    return any(
        bare.startswith(trunk)
        and (
            bare.removeprefix(trunk).startswith(RULES.free_numbers)
            or ("0" + bare.removeprefix(trunk)).startswith(RULES.free_numbers)
        )
        for trunk in RULES.trunks
    )
