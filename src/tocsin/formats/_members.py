"""Named members of one JSON object that spells an XML element: CAP as JSON.

An element that may stand again is a list, of which one alone may stand without it; null is as good as absent. Numbers
are taken as their text. Positions are those of the document, counted from 0: warnings[3].alert.info[1].area[0].
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tocsin.formats._named import Named
from tocsin.model import Problem

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # what XML could not hold either


class Members(Named):
    """The members of one JSON value; of one that is no object there are none."""

    def __init__(self, value: Any, *, at: str, problems: list[Problem]) -> None:
        super().__init__(at=at, problems=problems)
        self._own = value
        self._members = value if isinstance(value, dict) else {}

    def where(self, name: str) -> str:
        """Return the position of a member."""
        return f"{self.at}.{name}"

    def count(self, name: str) -> int:
        """Return how many values a member has."""
        return len(self._values(name))

    def each(self, name: str) -> list[Members]:
        """Return every value of a member, in document order."""
        values = enumerate(self._values(name))
        return [Members(value, at=f"{self.at}.{name}[{n}]", problems=self.problems) for n, value in values]

    def texts_of(self, name: str) -> Sequence[str]:
        """Return the text of every value of a member; "", and a Problem, for one that is no text."""
        return [self._text(value, self.where(name)) for value in self._values(name)]

    def own_text(self) -> str:
        """Return the value itself as text, with single blanks for white space."""
        return "" if isinstance(self._own, dict) else " ".join(self._text(self._own, self.at).split())

    def _values(self, name: str) -> Sequence[Any]:
        value = self._members.get(name)
        if isinstance(value, list):
            return value
        return () if value is None else (value,)

    def _text(self, value: Any, at: str) -> str:
        if isinstance(value, str):
            return _CONTROLS.sub("", value.replace("\r\n", "\n")).strip()
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        if value is not None:
            self.problems.append(Problem(at=at, message="not a text; left out"))
        return ""
