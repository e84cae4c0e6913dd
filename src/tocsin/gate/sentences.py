"""What of a text may stay: whole sentences go when they speak of persons or of what people organise.

Matching is done on words without case, accents and invisible characters; letters that imitate Latin ones, and digits
in the place of letters, are read both ways. The text that stays is the issuer's own.

Source: NEUTRALITY sections 1 and 2: names and topics cost the sentence, identifiers the span.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tocsin.gate import spans
from tocsin.gate.rules import RULES, Phrases
from tocsin.hazards import fold

_LIMIT = 16_384  # characters of one field; what is longer is cut
_UNESCAPES = 3  # HTML that was escaped twice is not rare; deeper is an attack, and stays escaped
_SHORT_LINE = 45  # a line that ends earlier than a wrapped one is a line of its own
_NAME_REACH = 5  # words between a cue ("contact") and the name it announces
_LEET = str.maketrans("013457@$!", "oieastasi")
_LATIN_LIKE = str.maketrans("авекмнорстухіјѕԁԛԝαεικνορτυχ", "abekmhopctyxijsdqwaeiknoptux")
_SCRIPTS = ("LATIN", "ARABIC", "DEVANAGARI")
_STOPS = frozenset(".!?।؟。！？…")
_SIGNED = re.compile(r"^[ \t]{0,20}\$\$", re.M)
_INITIALS = re.compile(r"^[ \t]{0,20}(?:[A-Z]{2,15}/[A-Z]{2,15}|[A-Z]{0,15}/[A-Z]{2,5}|FORECASTER.{0,60})[ \t]{0,20}$", re.M)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A text after the scrub: what stays, whether anything went, and how many of its sentences went."""

    text: str
    changed: bool = False
    lost: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written and as compared."""

    shown: str
    folded: str

    @property
    def is_capital(self) -> bool:
        """Return whether it begins as a name does."""
        return self.shown[:1].isupper()


def clean(text: str) -> str:
    """Return `text` with HTML entities read, wide letters made plain, and invisible and control characters gone."""
    for _ in range(_UNESCAPES):
        shown = html.unescape(text)
        if shown == text:
            break
        text = shown
    text = "".join(map(_plain, text[:_LIMIT]))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _plain(char: str) -> str:
    kind = unicodedata.category(char)
    if kind in {"Cf", "Co", "Cn", "Cs"} or (kind == "Cc" and char not in "\n\t\r") or char in "\u034f\u115f\u1160\u3164":
        return ""
    form = unicodedata.decomposition(char)
    if form.startswith(("<wide>", "<font>", "<circle>", "<small>")):
        shown = unicodedata.normalize("NFKC", char)
        return shown if len(shown) == 1 else char
    return char


def scrub(text: str) -> Scrubbed:
    """Return what may stay of `text`: identifiers cut out, sentences about persons and topics left out."""
    cleaned = clean(text)
    body, signature = _unsigned(cleaned)
    kept: list[str] = []
    lost = cut = 0
    for sentence in split(body):
        found = spans.find(sentence)
        if sentence.strip() and (is_barred(sentence) or _is_contact(sentence, found)):
            lost += 1
            kept.append("\n" * (sentence.count("\n") > 1))
            continue
        cut += bool(found)
        kept.append(spans.cut(sentence, found).replace("@", " "))
    words = re.sub(r"[ \t]{2,1000}", " ", re.sub(r"\n{3,1000}", "\n\n", "".join(kept))).strip()
    return Scrubbed(words, bool(lost or cut or signature), lost, sum(bool(one.strip()) for one in kept))


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
    for at, char in enumerate(text):
        if (char in _STOPS and _is_end(text, start, at)) or (char == "\n" and _is_line_end(text, start, at)):
            yield text[start : at + 1]
            start = at + 1
    if start < len(text):
        yield text[start:]


def _is_end(text: str, start: int, at: int) -> bool:
    following = text[at + 1 : at + 4]
    if text[at] != ".":
        return not following or following[0].isspace() or text[at] in "।؟。！？"
    if following and not following[0].isspace():
        return False
    last = text[max(start, at - 20) : at].split()[-1:]
    word = fold(last[0]).split()[-1:] if last else []
    if word and (word[0] in RULES.abbreviations or len(word[0]) == 1) and not word[0].isdecimal():
        return not following.strip() or following[:1] == "\n"
    return not following.strip()[:1].islower()


def _is_line_end(text: str, start: int, at: int) -> bool:
    following = text[at + 1 : at + 3].lstrip(" \t")
    previous = text.rfind("\n", start, at) + 1 or start
    return following[:1] in "*•-–\n" or at - previous < _SHORT_LINE or text[at - 1 : at] in ":;"


def words_of(text: str) -> list[Word]:
    """Return the words of `text`; marks of vowels belong to their word, signs end one."""
    spaced = "".join(" " if unicodedata.category(char)[0] in "PSZC" else char for char in text)
    return [Word(shown, fold(shown).replace(" ", "")) for shown in spaced.split()]


def is_barred(sentence: str) -> bool:
    """Return whether `sentence` speaks of a person, or of labour, protest, politics, religion or journalism."""
    words = [word for word in words_of(sentence) if word.folded]
    return any(_is_about(words, list(reading)) for reading in _readings(words))


def _readings(words: Sequence[Word]) -> Iterator[Sequence[str]]:
    """Yield the folded words, then, where that differs, with imitated Latin letters and digits as letters."""
    plain = [word.folded for word in words]
    yield plain
    disguised = [_undisguised(word) for word in plain]
    if disguised != plain:
        yield disguised


def _undisguised(word: str) -> str:
    latin = word.translate(_LATIN_LIKE)
    if latin != word and any("a" <= char <= "z" for char in word):
        word = latin
    letters = sum(char.isalpha() for char in word)
    return word.translate(_LEET) if letters > 1 and letters < len(word) else word


def _is_about(words: Sequence[Word], folded: list[str]) -> bool:
    return has_topic(words, folded) or has_person(words, folded)


def is_topic_term(term: str) -> bool:
    """Return whether an event term names a protected topic; in a term, words count that in a sentence may be innocent."""
    words = words_of(term.casefold())
    folded = [word.folded for word in words]
    return has_topic(words, folded) or any(RULES.topic_terms.find(_without_allowed(folded)))


def _without_allowed(folded: Sequence[str]) -> list[str]:
    """Return the words with look-alikes ("lightning strike") made empty."""
    allowed = {at for span in RULES.allowed.find(folded) for at in span}
    return ["" if at in allowed else word for at, word in enumerate(folded)]


def has_topic(words: Sequence[Word], folded: list[str]) -> bool:
    """Return whether a protected topic is spoken of, with look-alikes and place names set aside."""
    left = _without_allowed(folded)

    def hit(phrases: Phrases) -> bool:
        return any(not _is_place(words, span) for span in phrases.find(left))

    if hit(RULES.topics) or any(not words[span[0]].is_capital for span in RULES.small_topics.find(left)):
        return True
    return any(hit(one) and any(other.find(left)) for one, other in RULES.pairs)


def _is_place(words: Sequence[Word], span: range) -> bool:
    """Return whether the words of `span` are the name of a place: "Demonstration Dam", "Cape Protest"."""
    beside = [words[at] for at in (span[0] - 1, span[-1] + 1) if 0 <= at < len(words)]
    caseless = not any(char.isupper() or char.islower() for char in words[span[0]].shown)
    return (caseless or words[span[0]].is_capital) and any(
        word.folded in RULES.places and (caseless or word.is_capital) for word in beside
    )


def has_person(words: Sequence[Word], folded: list[str]) -> bool:
    """Return whether somebody is spoken of: by a role that comes with a name, an age, a title before a name."""
    if any(RULES.persons.find(folded)):
        return True
    if any(_is_titled(words, span) for span in RULES.titles.find(folded)):
        return True
    if _is_all_capital(words):
        return False
    return any(
        _has_name(words[max(0, span[0] - _NAME_REACH) : span[0]]) or _has_name(words[span[-1] + 1 : span[-1] + _NAME_REACH])
        for span in RULES.named.find(folded)
    )


def _is_titled(words: Sequence[Word], span: range) -> bool:
    after = words[span[-1] + 1 : span[-1] + 2]
    return bool(after) and after[0].is_capital and after[0].folded not in RULES.places | RULES.institutions


def _is_all_capital(words: Sequence[Word]) -> bool:
    """Return whether capitals say nothing here, as in a headline."""
    return sum(word.is_capital for word in words) * 10 > len(words) * 7 and len(words) > _NAME_REACH


def _has_name(words: Sequence[Word]) -> bool:
    """Return whether two words with capitals stand together that are no institution and no place."""
    return any(
        one.is_capital and two.is_capital and {one.folded, two.folded}.isdisjoint(RULES.places | RULES.institutions)
        for one, two in pairwise(words)
    )


def _is_contact(sentence: str, found: Sequence[spans.Span]) -> bool:
    """Return whether a personal identifier in `sentence` comes with a name, so that all of it must go.

    Where writing has no capitals a name cannot be told from other words, and the sentence goes with the identifier.
    """
    if not any(span.kind is spans.Kind.PERSONAL for span in found):
        return False
    words = words_of(spans.cut(sentence, list(found)))
    return _has_name(words) or not any(char.isupper() for word in words for char in word.shown)


def is_readable(text: str, language: str) -> bool:
    """Return whether the gate has rules for `text`: a language with a pack, in a script that such languages use."""
    tag = language.partition("-")[0].lower()
    if tag not in RULES.languages | {"und", ""}:
        return False
    letters = [char for char in text[:_LIMIT] if char.isalpha()]
    known = sum(unicodedata.name(char, "").startswith(_SCRIPTS) for char in letters)
    return known * 10 >= len(letters) * 8
