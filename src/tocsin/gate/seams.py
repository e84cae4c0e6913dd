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


Ends = dict[str, tuple[str, ...]]
"""The first and the last sentence of each field that was read, once where they are one."""


def broken(fields: Sequence[str], texts: int, known: Ends) -> frozenset[Piece]:
    """Return the pieces of `fields`, of an event with so many texts, that are barred only together with another.

    `known` is filled, for the other events of the item.
    """
    ends = [_ends(at, words, known) for at, words in enumerate(fields)]
    seams = [
        (one, other)
        for before, after in _order(fields, texts)
        for one in ends[before]
        if not one[1].rstrip(_CLOSING).endswith(_STOPS)
        for other in ends[after]
    ]
    # One look at all seams at once: in an ordinary event none of them can be barred.
    together = "\n".join(_joined(one, other) for one, other in seams)
    found: set[Piece] = set()
    if _may_bar(together):
        for one, other in seams:
            if _may_bar(_joined(one, other)) and is_barred_across(one[1], other[1]):
                found |= {one[0], other[0]}
    return frozenset(found)


def _may_bar(text: str) -> bool:
    return len(text) >= scan.LONGEST or scan.may_bar(scan.look(text), text)


_End = tuple[Piece, str]
_TAIL = 400  # characters of a field in which its last sentence is looked for before all of it is split


def _ends_of(text: str) -> tuple[str, ...]:
    if is_single(text):
        return (text.strip(),) if text.strip() else ()
    first = next(_sentences(text), "")
    tail = list(_sentences(text[-_TAIL:].partition(" ")[2])) if len(text) > 2 * _TAIL else []
    if len(tail) > 1:  # so that the last one begins where a sentence does
        return first, tail[-1]
    sentences = list(_sentences(text))
    return (*sentences[:1], *sentences[1:][-1:])


def _sentences(text: str) -> Iterator[str]:
    return (stripped for sentence in split(text) if (stripped := sentence.strip()))


def _ends(at: int, words: str, known: Ends) -> list[_End]:
    """Return the first and the last sentence of a field, once where they are one."""
    if words not in known:
        known[words] = _ends_of(clean(words))
    return [(Piece(at, end), sentence) for end, sentence in zip((FIRST, LAST), known[words], strict=False)]


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
    told = [FIELDS * text + kind for text in range(min(texts, _MOST_LANGUAGES)) for kind in _TOLD]
    yield from (
        (one, other)
        for one, other in permutations((at for at in told if fields[at]), 2)
        if (one - 1) // FIELDS != (other - 1) // FIELDS
    )


def _joined(one: _End, other: _End) -> str:
    return f"{one[1]} {other[1]}"
