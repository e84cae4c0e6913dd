"""Named values of one element or object by name and kind, and what is wrong with them by position.

`Named` is how "readers copy named fields only" is kept wherever CAP's own words are read: a value is had by its name
and kind or not at all. CAP is published as XML and as JSON; the two differ only in how a name is looked up
(`_elements.Elements`, `_members.Members`), so that the rules of CAP are written once. It knows nothing of any feed.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Self, TypeVar

from tocsin.errors import FormatError
from tocsin.formats._time import read_time
from tocsin.formats._url import is_web
from tocsin.model import Code, Problem

MAX_TEXT = 16_384  # characters of one field
MAX_NAME = 1_000  # characters of an identifier, a code or a name

LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}")
"""The shape of an RFC 5646 tag."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{0,20})?")

Choice = TypeVar("Choice", bound=StrEnum)


class Named(ABC):
    """The values of one element or object. `problems` is shared by all that is read of one item."""

    def __init__(self, *, at: str, problems: list[Problem]) -> None:
        self.at = at
        self.problems = problems

    # --- what each way of writing says for itself ------------------------------------------------------------------

    @abstractmethod
    def where(self, name: str) -> str:
        """Return the position of a child."""

    @abstractmethod
    def count(self, name: str) -> int:
        """Return how many children have this name."""

    @abstractmethod
    def each(self, name: str) -> list[Self]:
        """Return every child of this name, in document order."""

    @abstractmethod
    def texts_of(self, name: str) -> Sequence[str]:
        """Return the text of every child of this name, in document order, without white space at its ends."""

    @abstractmethod
    def own_text(self) -> str:
        """Return the own text, with single blanks for white space."""

    # --- what follows from it --------------------------------------------------------------------------------------

    def problem(self, name: str, message: str) -> None:
        """Note what is wrong with a child and could not be helped."""
        self.problems.append(Problem(at=self.where(name), message=message))

    def repaired(self, name: str, message: str) -> None:
        """Note what is wrong with a child and was helped."""
        self.problems.append(Problem(at=self.where(name), message=message, is_repaired=True))

    def one(self, name: str) -> str:
        """Return the text of a child that stands once, "" for none; the first of several, and a Problem."""
        found = self.texts_of(name)
        if not found:
            return ""
        if len(found) > 1:
            self.problem(name, "an element that must stand once stands there again; the first counts")
        return found[0]

    def required(self, name: str) -> str:
        """Return the text of a child with single blanks for white space. Raises FormatError when there is none."""
        value = " ".join(self.one(name).split())
        if not value or len(value) > MAX_NAME:
            raise FormatError("an element that must stand there is missing or too long", at=self.where(name))
        return value

    def text(self, name: str, limit: int = MAX_TEXT) -> str:
        """Return the texts of all children of this name, a line each, up to `limit` characters."""
        found = self.texts_of(name)
        if not found:
            return ""
        text = found[0] if len(found) == 1 else "\n".join(filter(None, found))
        if len(text) <= limit:
            return text
        self.repaired(name, f"the text is cut at {limit} characters")
        return text[:limit]

    def language(self, name: str, default: str) -> str:
        """Return a language tag; `default` when there is none, "und" for what cannot be one."""
        language = self.one(name).replace("_", "-")
        if not language or LANGUAGE.fullmatch(language):
            return language or default
        self.repaired(name, "not a language tag; read as undetermined")
        return "und"

    def web(self, name: str) -> str:
        """Return an http or https address, or ""."""
        url = self.one(name)
        if not url or is_web(url):
            return url
        self.repaired(name, "not a web address; left out")
        return ""

    def time(self, name: str) -> datetime | None:
        """Return a moment, or None."""
        text = self.one(name)
        if not text:
            return None
        try:
            moment, problems = read_time(text, at=self.where(name))
        except FormatError as error:
            self.problem(name, f"{error.message}; left out")
            return None
        self.problems += problems
        return moment

    def number(self, name: str) -> float | None:
        """Return a decimal number, or None."""
        text = self.one(name)
        if not text or _NUMBER.fullmatch(text):
            return float(text) if text else None
        self.problem(name, "not a number; left out")
        return None

    def choice(
        self, kind: type[Choice], name: str, default: Choice, former: Mapping[str, Choice] | None = None
    ) -> Choice:
        """Return a value of an enumeration; `default`, and a Problem, when it is none. `former` are its old names."""
        return self._chosen(kind, self.one(name), name, former) or default

    def choices(self, kind: type[Choice], name: str) -> tuple[Choice, ...]:
        """Return every value of an enumeration that stands there, once, in the order of the enumeration."""
        chosen = [self._chosen(kind, text, name, None) for text in self.texts_of(name)]
        return in_order(kind, [value for value in chosen if value is not None])

    def decisive(self, kind: type[Choice], name: str) -> Choice:
        """Return a value that decides whether anybody is warned, so that none is assumed: raises FormatError."""
        value = named(kind, self.required(name))
        if value is None:
            raise FormatError("not a value of the list", at=self.where(name))
        return value

    def _chosen(self, kind: type[Choice], text: str, name: str, former: Mapping[str, Choice] | None) -> Choice | None:
        value = named(kind, text)
        if value is None and former:
            value = former.get(text.lower())
        if value is None:
            self.repaired(name, "missing, or not a value of the list; read as the default")
        elif value != text:
            self.repaired(name, "not spelled as in the list; read as the value meant")
        return value

    def codes(self, name: str, only: Iterable[str] | None = None) -> tuple[Code, ...]:
        """Return the valueName and value of each child that has a value, once; of all, or `only` of these names.

        CAP 1.0 wrote "fips6=006109" without elements.
        """
        if not self.count(name):
            return ()
        found: dict[Code, None] = {}
        for scheme, value in self.pairs(name):
            if not value or (only is not None and scheme not in only):
                continue
            if len(scheme) > MAX_NAME or len(value) > MAX_NAME:
                self.problem(name, "the code is too long; left out")
                continue
            found[Code(scheme, value)] = None
        return tuple(found)

    def pairs(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield the valueName and value of each child of this name, with single blanks for white space."""
        return map(pair, self.each(name))


def pair(child: Named) -> tuple[str, str]:
    """Return the valueName and value of `child`, or the halves of its own "name=value"."""
    if child.count("value") or child.count("valueName"):
        return " ".join(child.one("valueName").split()), " ".join(child.one("value").split())
    scheme, _, value = child.own_text().partition("=")
    return scheme.strip(), value.strip()


def in_order(kind: type[Choice], values: Iterable[Choice]) -> tuple[Choice, ...]:
    """Return every value once, in the order of the enumeration."""
    found = set(values)
    return tuple(found) if len(found) <= 1 else tuple([value for value in kind if value in found])


def named(kind: type[Choice], text: str) -> Choice | None:
    """Return the value of an enumeration that `text` spells, in whatever case."""
    spellings = _spellings(kind)
    found: Choice | None = spellings.get(text) or spellings.get(text.lower())
    return found


@cache
def _spellings(kind: type[StrEnum]) -> Mapping[str, Any]:
    return {spelling: value for value in kind for spelling in (value.value, value.value.lower())}
