"""How much work the crooked geometries of one document may cost together, counted and not timed.

Each geometry has limits of its own, but a document may hold thousands that just keep to them. So whoever reads a
document opens an `Effort` around the reading; repairs and unions of what is drawn meanwhile take their steps from it.
When it is spent, what is left is drawn as it would be beyond the limits of one geometry: as its convex hull, with a
Problem. What must not be repaired takes nothing. Outside an effort (files of places, of boundaries) nothing is taken.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType

LEAST_STEPS = 4_096
"""Of any document: some 20 ms. One alert of 25 adjoining districts (56 KB) takes 3,800, a small ring that crosses
itself once some 40."""
BYTES_A_STEP = 16
"""A document of more than 64 KB may take a step more for each of these, so that the work is linear in it."""


class Effort:
    """The steps that one document has left, each some 5 microseconds."""

    def __init__(self, size: int) -> None:
        self.left = max(LEAST_STEPS, size // BYTES_A_STEP)
        self._token: Token[Effort | None] | None = None

    def __enter__(self) -> None:
        self._token = _document.set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None, "left without being entered"
        _document.reset(self._token)


_document: ContextVar[Effort | None] = ContextVar("effort", default=None)


def takes(steps: int) -> bool:
    """Take steps of the document that is being read, if one is; return whether it had as many."""
    effort = _document.get()
    if effort is None:
        return True
    effort.left -= steps
    return effort.left >= 0
