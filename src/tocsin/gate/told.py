"""What is found of the words of one item, whose events often say the same of other areas.

Most items are ordinary: no rule could take a word from them. That is told by one look at all that an item says, its
fields and what its sentences would say over two of them, each once. Only where it trips is field after field judged.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain

from tocsin.gate import scan, seams, sentences
from tocsin.gate.sentences import Scrubbed
from tocsin.model import Event

_NOTHING: Sequence[int] = ()


class Told:
    """The words of the events of one item, what stays of them, and what was worked out about them on the way."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._ends: seams.Ends = {}
        self._bodies: dict[tuple[str, tuple[int, ...]], Scrubbed] = {}
        self._is_ordinary: bool | None = None

    def is_ordinary(self) -> bool:
        """Return whether no rule could take anything from the events but blanks: it may say no too often, never yes."""
        if self._is_ordinary is None:
            self._is_ordinary = self._look()
        return self._is_ordinary

    def _look(self) -> bool:
        fields = [seams.fields_of(event) for event in self._events]
        each = dict.fromkeys(chain.from_iterable(fields))
        # No identifier goes over a line break, and a phrase that goes over one is seen although it is none.
        words = "\n".join(each)
        if not sentences.is_ordinary(words) or not all(map(sentences.is_ordinary_field, each)):
            return False
        said = dict.fromkeys(
            chain.from_iterable(
                seams.joined(of, len(event.texts), self._ends) for of, event in zip(fields, self._events, strict=True)
            )
        )
        together = "\n".join((words, *said))
        seen = scan.look(together)
        return not (seen & scan.SIGNED or sentences.may_hold(words, seen) or scan.may_bar(seen, together))

    def cuts(self, event: Event) -> list[Sequence[int]]:
        """Return, for each field of `event` in the order of `seams.fields_of`, which sentences belong to another's."""
        fields = seams.fields_of(event)
        broken = () if self.is_ordinary() else seams.broken(fields, len(event.texts), self._ends)
        if not broken:
            return [_NOTHING] * len(fields)
        return [[piece.end for piece in broken if piece.field == at] for at in range(len(fields))]

    def scrub(self, words: str, without: Collection[int] = ()) -> Scrubbed:
        """Return what `sentences.scrub` does of a field of one of the events."""
        if self.is_ordinary():
            return Scrubbed(sentences.tidied(words))
        return sentences.scrub(words, without=without)

    def scrub_body(self, words: str, without: Sequence[int]) -> Scrubbed:
        """Return what `scrub` does, of a long text that other events of the item may have too."""
        said = words, tuple(without)
        if said not in self._bodies:
            self._bodies[said] = self.scrub(words, without)
        return self._bodies[said]
