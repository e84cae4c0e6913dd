"""Sentences that begin in one field of an event and end in another: neither half says much, both say all.

The fields are read in the order in which people read them, and each is put together with the next. Of a field only its
first and its last sentence can belong to another, so that the work grows with the fields and with nothing else.

Source: NEUTRALITY section 2 (names and topics cost the sentence).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise, permutations
from typing import NamedTuple

from tocsin.gate import scan
from tocsin.gate.sentences import clean, is_single, split
from tocsin.gate.subjects import is_barred_across
from tocsin.model import Event

FIRST, LAST = 0, -1
_CLOSING = ")]\"'»”’"
_STOPS = (".", "!", "?", "।", "؟", "。", "！", "？", "…")
_EVENT, _HEADLINE = 1, 2  # where they stand among the fields of an event: its sender's name comes first
FIELDS = 4  # of a text: term, headline, description, instruction
_TOLD = (_HEADLINE, _HEADLINE + 1)
_MOST_LANGUAGES = 3  # whose texts are put together


class Piece(NamedTuple):
    """A sentence at one end of a field: which field, and which of its sentences."""

    field: int
    end: int


def fields_of(event: Event) -> tuple[str, ...]:
    """Return the words of `event`, field by field: sender, four for each text, one for each area."""
    texts = ((text.event, text.headline, text.description, text.instruction) for text in event.texts)
    return (event.sender_name, *chain.from_iterable(texts), *(area.description for area in event.areas))


class Seam(NamedTuple):
    """Two sentences that may be one: the one at `end` of a field, and the one at `other_end` of the field after."""

    before: int
    end: int
    one: str
    after: int
    other_end: int
    other: str


Ends = dict[str, tuple[str, ...]]
"""The first and the last sentence of each clean field that was read, once where they are one."""


def joined(fields: Sequence[str], texts: int, known: Ends) -> list[str]:
    """Return each two sentences, of clean `fields` of an event with so many texts, that may be one.

    `known` is filled, for the other events of the item.
    """
    return [f"{one} {other}" for _, _, one, _, _, other in _seams(fields, fields, texts, known)]


def broken(fields: Sequence[str], texts: int, known: Ends) -> frozenset[Piece]:
    """Return the pieces of `fields`, of an event with so many texts, that are barred only together with another.

    `known` is filled, for the other events of the item.
    """
    seams = [Seam(*seam) for seam in _seams(fields, [clean(words) for words in fields], texts, known)]
    found: set[Piece] = set()
    # One look at all seams at once: in an ordinary event none of them can be barred.
    if _may_bar("\n".join(f"{seam.one} {seam.other}" for seam in seams)):
        for seam in seams:
            if _may_bar(f"{seam.one} {seam.other}") and is_barred_across(seam.one, seam.other):
                found |= {Piece(seam.before, seam.end), Piece(seam.after, seam.other_end)}
    return frozenset(found)


def _seams(
    fields: Sequence[str], cleaned: Sequence[str], texts: int, known: Ends
) -> Iterator[tuple[int, int, str, int, int, str]]:
    """Yield what a `Seam` holds, for each two sentences of which the first may go on in the second."""
    for before, after in _order(fields, texts):
        if _is_closed(cleaned[before]):
            continue
        for end, one in zip(_PLACES, _ends(cleaned[before], known), strict=False):
            if not one.rstrip(_CLOSING).endswith(_STOPS):
                for other_end, other in zip(_PLACES, _ends(cleaned[after], known), strict=False):
                    yield before, end, one, after, other_end, other


def _is_closed(text: str) -> bool:
    """Return whether every sentence of `text` ends with a stop, where that is told without splitting it."""
    return text.endswith(_STOPS) and "\n" not in text


def _may_bar(text: str) -> bool:
    return len(text) >= scan.LONGEST or scan.may_bar(scan.look(text), text)


_PLACES = (FIRST, LAST)
_TAIL = 400  # characters of a field in which its last sentence is looked for before all of it is split


def _ends(text: str, known: Ends) -> tuple[str, ...]:
    """Return the first and the last sentence of a clean field, once where they are one."""
    if text not in known:
        known[text] = _ends_of(text)
    return known[text]


def _ends_of(text: str) -> tuple[str, ...]:
    if is_single(text):
        return (stripped,) if (stripped := text.strip()) else ()
    first = next(_sentences(text), "")
    tail = list(_sentences(text[-_TAIL:].partition(" ")[2])) if len(text) > 2 * _TAIL else []
    if len(tail) > 1:  # so that the last one begins where a sentence does
        return first, tail[-1]
    sentences = list(_sentences(text))
    return (*sentences[:1], *sentences[1:][-1:])


def _sentences(text: str) -> Iterator[str]:
    return (stripped for sentence in split(text) if (stripped := sentence.strip()))


def _order(fields: Sequence[str], texts: int) -> Iterator[tuple[int, int]]:
    """Yield what is read after what: each field after the one before; a headline also after sender or last area.

    Where there are several languages, headings and bodies stand beside each other in some formats.
    """
    filled = [at for at, words in enumerate(fields) if words]
    yield from pairwise(filled)
    if _HEADLINE in filled:
        if filled[-1] > _HEADLINE:
            yield filled[-1], _HEADLINE
        if filled[:2] == [0, _EVENT]:
            yield 0, _HEADLINE
    if texts < 2:  # noqa: PLR2004  one has no other beside it
        return
    told = [FIELDS * text + kind for text in range(min(texts, _MOST_LANGUAGES)) for kind in _TOLD]
    yield from (
        (one, other)
        for one, other in permutations((at for at in told if fields[at]), 2)
        if (one - 1) // FIELDS != (other - 1) // FIELDS
    )
