"""Named children of an XML element whatever their namespace: for standards whose publishers disagree about it.

DATEX II has a namespace for each part of its model, national ones besides, and is published without any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from lxml import etree

from tocsin.formats._elements import MAX_NAME, Elements
from tocsin.formats._xml import text_of

_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,79}")
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_TRUE = {"true", "1"}
_NONE: Mapping[str, Sequence[etree._Element]] = {}


def _token(element: etree._Element) -> str:
    text = text_of(element)
    if text == "_extended":
        text = element.get("_extendedValue") or ""
    return text if _TOKEN.fullmatch(text) else ""


class LocalElements(Elements):
    """`Elements` that finds children by their local name alone."""

    def _by_name(self, element: etree._Element) -> Mapping[str, Sequence[etree._Element]]:  # noqa: ARG002
        return _NONE  # children are asked for by name: most elements of a snapshot are asked for nothing

    def _named(self, name: str) -> Iterator[etree._Element]:
        return self._own.iterchildren(f"{{*}}{name}")

    def count(self, name: str) -> int:
        """Return how many children have this local name."""
        return sum(1 for _ in self._named(name))

    def each(self, name: str) -> list[Self]:
        """Return every child of this local name, in document order."""
        found = enumerate(self._named(name), 1)
        return [type(self)(child, at=f"{self.at}/{name}[{n}]", problems=self.problems) for n, child in found]

    def texts_of(self, name: str) -> Sequence[str]:
        """Return the text of every child of this local name, with that of elements within it."""
        return [text_of(child) for child in self._named(name)]

    def at_path(self, *names: str) -> list[LocalElements]:
        """Return the elements at the end of a path of local names, in document order."""
        found = [self]
        for name in names:
            found = [child for element in found for child in element.each(name)]
        return found

    def within(self, *names: str) -> Iterator[LocalElements]:
        """Yield every descendant of one of these local names, in document order."""
        wanted = [f"{{*}}{name}" for name in names]
        for element in self._own.iterdescendants(*wanted):
            yield LocalElements(element, at=f"{self.at}//{self.local_of(element)}", problems=self.problems)

    def words(self, suffix: str = "") -> Iterator[tuple[str, str]]:
        """Yield (local name, word) of every child whose name ends so and that is one word of a code list."""
        for child in self._own.iterchildren(etree.Element):
            name = self.local_of(child)
            if name.endswith(suffix) and not len(child) and (word := _token(child)):
                yield name, word

    def word(self, *path: str) -> str:
        """Return the first word of a code list at the end of a path of local names; "" where there is none."""
        found = [self._own]
        for name in path:
            found = [child for element in found for child in element.iterchildren(f"{{*}}{name}")]
        return next(filter(None, map(_token, found)), "")

    @staticmethod
    def local_of(element: etree._Element) -> str:
        """Return an element's name without its namespace."""
        return str(element.tag).rpartition("}")[2]

    @property
    def has_children(self) -> bool:
        """Return whether elements stand within this one."""
        return len(self._own) > 0

    def attribute(self, name: str) -> str:
        """Return an attribute with single blanks for white space; "" where there is none or it is too long."""
        value = " ".join((self._own.get(name) or "").split())
        return value if len(value) <= MAX_NAME else ""

    def inherited(self, name: str) -> str:
        """Return the attribute of this element, or else of the nearest that holds it."""
        for holder in (self._own, *self._own.iterancestors()):
            if holder.get(name):
                return " ".join(str(holder.get(name)).split())[:MAX_NAME]
        return ""

    def xsi_type(self) -> str:
        """Return the local part of xsi:type, whether or not its prefix is declared; "" for none."""
        found = (self._own.get(_XSI_TYPE) or "").rpartition(":")[2].strip()
        return found if _TOKEN.fullmatch(found) else ""

    def token(self) -> str:
        """Return the element's text if it is one word of a code list; of an extended one the word in the extension."""
        return _token(self._own)

    def is_true(self, name: str) -> bool:
        """Return whether a child says true (XML Schema 2, boolean)."""
        return any(text in _TRUE for text in self.texts_of(name))

    def texts(self) -> list[tuple[str, str]]:
        """Return (language, text) of an element that holds text, or values of text in several languages.

        The language is "" where none is stated. White space is one blank. Source: DATEX II, MultilingualString.
        """
        values = list(self._own.iterdescendants("{*}value")) or [self._own]
        found = ((value.get("lang") or "", " ".join(text_of(value).split())) for value in values)
        return [(language, text) for language, text in found if text]
