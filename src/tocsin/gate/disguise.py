"""Words written so that a list does not find them: digits for letters, letters of another script for Latin ones."""

from __future__ import annotations

_LEET = str.maketrans("013457@$!", "oieastasi")
_LATIN_LIKE = str.maketrans("авекмнорстухіјѕԁԛԝαεικνορτυχ", "abekmhopctyxijsdqwaeiknoptux")

IMITATIONS = frozenset(map(chr, _LATIN_LIKE))
"""The letters that are read as Latin ones in a word that has Latin ones too."""


def undisguised(word: str) -> str:
    """Return the folded `word` with imitated Latin letters, and digits among letters, as the letters they stand for."""
    latin = word.translate(_LATIN_LIKE)
    if latin != word and any("a" <= char <= "z" for char in word):
        word = latin
    letters = sum(char.isalpha() for char in word)
    return word.translate(_LEET) if letters > 1 and letters < len(word) else word
