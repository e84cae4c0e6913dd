"""Named children of one XML element by name and kind, and what is wrong with them by position.

`Elements` is how "readers copy named fields only" is kept in XML: a value is had by its name and kind or not at all.
It knows nothing of any one format. Positions are XPath, counted from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache, cached_property
from typing import TypeVar

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats._time import read_time
from tocsin.formats._url import is_web
from tocsin.formats._xml import by_name, local, namespace, text_of
from tocsin.model import Code, Problem

MAX_TEXT = 16_384  # characters of one field
MAX_NAME = 1_000  # characters of an identifier, a code or a name

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}")  # the shape of an RFC 5646 tag
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"  # XML 1.0, 2.12
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{0,20})?")

Choice = TypeVar("Choice", bound=StrEnum)


class Elements:
    """The children of one element in its own namespace. `problems` is shared by all that is read of one item."""

    def __init__(self, element: etree._Element, *, at: str, problems: list[Problem]) -> None:
        self.at = at
        self.problems = problems
        self._own = element

    @property
    def name(self) -> str:
        """Return the element's own name, without its namespace."""
        return local(self._own)

    @cached_property
    def _children(self) -> Mapping[str, Sequence[etree._Element]]:
        return by_name(self._own)

    def each(self, name: str) -> list[Elements]:
        """Return every child of this name, in document order."""
        found = enumerate(self._children.get(name, ()), 1)
        return [Elements(child, at=f"{self.at}/{name}[{n}]", problems=self.problems) for n, child in found]

    def below(self, *names: str) -> list[Elements]:
        """Return every element of these names, however deep it lies below, in document order."""
        space = namespace(self._own)
        tags = [f"{{{space}}}{name}" if space else name for name in names]
        found = enumerate(self._own.iterdescendants(*tags), 1) if tags else ()
        return [Elements(one, at=f"{self.at}//{local(one)}[{n}]", problems=self.problems) for n, one in found]

    def spoken(self, name: str, default: str) -> Iterator[tuple[str, str]]:
        """Yield (language, text) of each child of this name that has a text; `default` where no xml:lang stands."""
        for child in self._children.get(name, ()):
            language = (child.get(_XML_LANG) or "").replace("_", "-")
            if text := text_of(child)[:MAX_TEXT]:
                yield language if _LANGUAGE.fullmatch(language) else default, text

    def count(self, name: str) -> int:
        """Return how many children have this name."""
        return len(self._children.get(name, ()))

    def problem(self, name: str, message: str) -> None:
        """Note what is wrong with a child and could not be helped."""
        self.problems.append(Problem(at=f"{self.at}/{name}", message=message))

    def repaired(self, name: str, message: str) -> None:
        """Note what is wrong with a child and was helped."""
        self.problems.append(Problem(at=f"{self.at}/{name}", message=message, is_repaired=True))

    def own_text(self) -> str:
        """Return the element's own text, with single blanks for white space."""
        return " ".join(text_of(self._own).split())

    def one(self, name: str) -> str:
        """Return the text of a child that stands once, "" for none; the first of several, and a Problem."""
        found = self._children.get(name, ())
        if len(found) > 1:
            self.problem(name, "an element that must stand once stands there again; the first counts")
        return text_of(found[0]) if found else ""

    def required(self, name: str) -> str:
        """Return the text of a child with single blanks for white space. Raises FormatError when there is none."""
        value = " ".join(self.one(name).split())
        if not value or len(value) > MAX_NAME:
            raise FormatError("an element that must stand there is missing or too long", at=f"{self.at}/{name}")
        return value

    def text(self, name: str, limit: int = MAX_TEXT) -> str:
        """Return the texts of all children of this name, a line each, up to `limit` characters."""
        text = "\n".join(filter(None, map(text_of, self._children.get(name, ()))))
        if len(text) > limit:
            self.repaired(name, f"the text is cut at {limit} characters")
        return text[:limit]

    def language(self, name: str, default: str) -> str:
        """Return a language tag; `default` when there is none, "und" for what cannot be one."""
        language = self.one(name).replace("_", "-")
        if not language or _LANGUAGE.fullmatch(language):
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
            moment, problems = read_time(text, at=f"{self.at}/{name}")
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
        return self._chosen(kind, self.one(name), name, former or {}) or default

    def choices(self, kind: type[Choice], name: str) -> tuple[Choice, ...]:
        """Return every value of an enumeration that stands there, once, in the order of the enumeration."""
        chosen = (self._chosen(kind, text_of(child), name, {}) for child in self._children.get(name, ()))
        return union(kind, [[value for value in chosen if value is not None]])

    def decisive(self, kind: type[Choice], name: str) -> Choice:
        """Return a value that decides whether anybody is warned, so that none is assumed: raises FormatError."""
        value = _named(kind, self.required(name))
        if value is None:
            raise FormatError("not a value of the list", at=f"{self.at}/{name}")
        return value

    def _chosen(self, kind: type[Choice], text: str, name: str, former: Mapping[str, Choice]) -> Choice | None:
        value = former.get(text.lower()) or _named(kind, text)
        if value is None:
            self.repaired(name, "missing, or not a value of the list; read as the default")
        elif value.value != text:
            self.repaired(name, "not spelled as in the list; read as the value meant")
        return value

    def codes(self, name: str, only: Iterable[str] | None = None) -> tuple[Code, ...]:
        """Return the valueName and value of each child that has a value, once; of all, or `only` of these names.

        CAP 1.0 wrote "fips6=006109" without elements.
        """
        found: dict[Code, None] = {}
        for child in self.each(name):
            scheme, value = _pair(child)
            if not value or (only is not None and scheme not in only):
                continue
            if len(scheme) > MAX_NAME or len(value) > MAX_NAME:
                self.problem(name, "the code is too long; left out")
                continue
            found[Code(scheme, value)] = None
        return tuple(found)


def _pair(element: Elements) -> tuple[str, str]:
    if element.count("value") or element.count("valueName"):
        scheme, value = (" ".join(element.one(part).split()) for part in ("valueName", "value"))
        return scheme, value
    scheme, _, value = element.own_text().partition("=")
    return scheme.strip(), value.strip()


def union(kind: type[Choice], values: Iterable[Sequence[Choice]]) -> tuple[Choice, ...]:
    """Return every value once, in the order of the enumeration."""
    found = {value for some in values for value in some}
    return tuple(value for value in kind if value in found)


@cache
def _spellings(kind: type[StrEnum]) -> Mapping[str, StrEnum]:
    return {value.value.lower(): value for value in kind}


def _named(kind: type[Choice], text: str) -> Choice | None:
    value = _spellings(kind).get(text.lower())
    return value if isinstance(value, kind) else None
