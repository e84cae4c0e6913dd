"""Words written so that a list does not find them: digits for letters, letters of another script for Latin ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

LETTERS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"}
"""The digits that stand for letters, and the letters."""

_LEET = str.maketrans(LETTERS | {"@": "a", "$": "s", "!": "i"})
_LATIN_LIKE = str.maketrans(
    "АВЕКМНОРСТУХІЈЅԚԜавекмнорстухіјѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβεηικνορτυχγω",
    "ABEKMHOPCTYXIJSQWabekmhopctyxijsdqwABEZHIKMNOPTYXabenikvoptuxyw",
)

IMITATIONS = frozenset(map(chr, _LATIN_LIKE)) | frozenset(chr(code).lower() for code in _LATIN_LIKE)
"""The letters that are read as Latin ones in a word that has Latin ones too, or has no others."""


_WORD = re.compile(r"\w+")


def in_latin(text: str) -> str:
    """Return `text` with imitated Latin letters as the letters they stand for; it is as long as before."""
    if text.isascii() or IMITATIONS.isdisjoint(text):
        return text
    return _WORD.sub(lambda word: _in_latin(word[0]), text)


def _in_latin(word: str) -> str:
    latin = word.translate(_LATIN_LIKE)
    mixed = latin != word and (latin.isascii() or any("a" <= char <= "z" for char in word.lower()))
    return latin if mixed else word


def undisguised(word: str) -> str:
    """Return `word` with imitated Latin letters, and digits among letters, as the letters they stand for."""
    if not word.isascii():
        word = _in_latin(word)
    is_mixed = not word.isalpha() and any(map(str.isalpha, word))
    return word.translate(_LEET) if is_mixed else word


def with_lone_digits(words: Sequence[str], read: Sequence[str]) -> list[str]:
    """Return `read`, which are `words` undisguised, with a digit alone beside a disguised word as a letter too."""
    result = list(read)
    for at, (before, after) in enumerate(zip(words, read, strict=True)):
        if before != after and not before.isalpha():
            for beside in range(max(at - 1, 0), min(at + 2, len(result))):
                if len(result[beside]) == 1:
                    result[beside] = result[beside].translate(_LEET)
    return result
