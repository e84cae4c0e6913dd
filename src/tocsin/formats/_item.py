"""One item of a document: what a reader makes of it, or the reason why it could make nothing."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.errors import FormatError
from tocsin.model import Event, Item, Problem


def read_item(at: str, read: Callable[[list[Problem]], tuple[Event, ...]], *, has_unread: bool = False) -> Item:
    """Return the item at position `at` with the events that `read` returns and the problems that it notes in its list.

    Where `read` raises FormatError the item has no events, and that is its last problem: one bad item loses no other.
    """
    problems: list[Problem] = []
    try:
        events = read(problems)
    except FormatError as error:
        return Item(at=at, problems=(*problems, Problem(at=error.at or at, message=error.message)))
    return Item(at=at, events=events, has_unread=has_unread, problems=tuple(problems))
