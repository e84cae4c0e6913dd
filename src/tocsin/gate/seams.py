"""Sentences that begin in one field of an event and end in another: neither half says much, both say all.

The fields are read in the order in which people read them, and each is put together with the next. Of a field only its
first and its last sentence can belong to another, so that the work grows with the fields and with nothing else.

Source: NEUTRALITY section 2 (names and topics cost the sentence).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from tocsin.gate import scan
from tocsin.gate.sentences import clean, split
from tocsin.gate.subjects import is_barred_across
from tocsin.model import Event

FIRST, LAST = 0, -1
_CLOSING = ")]\"'»”’"
_STOPS = (".", "!", "?", "।", "؟", "。", "！", "？", "…")
_EVENT, _HEADLINE = 1, 2  # where they stand among the fields of an event: its sender's name comes first
_QUIET: set[tuple[str, ...]] = set()
_REMEMBERED = 1_024  # fields of events of which no two belong together; of at most `_REMEMBERED_LENGTH`: 8 MB
_REMEMBERED_LENGTH = 2_048


class Piece(NamedTuple):
    """A sentence at one end of a field: which field, and which of its sentences."""

    field: int
    end: int


def fields_of(event: Event) -> tuple[str, ...]:
    """Return the words of `event`, field by field: sender, four for each text, one for each area."""
    texts = ((text.event, text.headline, text.description, text.instruction) for text in event.texts)
    return (event.sender_name, *chain.from_iterable(texts), *(area.description for area in event.areas))


def broken(fields: Sequence[str]) -> frozenset[Piece]:
    """Return the pieces of `fields` that are barred only together with a piece of another field."""
    known = tuple(fields)
    if known in _QUIET:
        return frozenset()
    ends = [_ends(at, words) for at, words in enumerate(map(clean, fields))]
    seams = [(one, other) for before, after in _order(fields) for one in ends[before] for other in ends[after]]
    # One look at all seams at once: in an ordinary event none of them can be barred.
    together = "\n".join(_joined(one, other) for one, other in seams)
    found: set[Piece] = set()
    if scan.may_bar(scan.look(together), together):
        for one, other in seams:
            if not one[1].rstrip(_CLOSING).endswith(_STOPS) and is_barred_across(one[1], other[1]):
                found |= {one[0], other[0]}
    if not found and sum(map(len, fields)) <= _REMEMBERED_LENGTH:
        if len(_QUIET) >= _REMEMBERED:
            _QUIET.clear()
        _QUIET.add(known)
    return frozenset(found)


_End = tuple[Piece, str]


def _ends(at: int, words: str) -> list[_End]:
    """Return the first and the last sentence of a field, once where they are one."""
    sentences = [sentence for sentence in split(words) if sentence.strip()]
    if not sentences:
        return []
    first = (Piece(at, FIRST), sentences[0].strip())
    return [first] if len(sentences) == 1 else [first, (Piece(at, LAST), sentences[-1].strip())]


def _order(fields: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield what is read after what: each field after the one before; a headline also after sender or last area."""
    filled = [at for at, words in enumerate(fields) if words]
    yield from pairwise(filled)
    if _HEADLINE in filled:
        if filled[-1] > _HEADLINE:
            yield filled[-1], _HEADLINE
        if filled[:2] == [0, _EVENT]:
            yield 0, _HEADLINE


def _joined(one: _End, other: _End) -> str:
    return f"{one[1]} {other[1]}"
