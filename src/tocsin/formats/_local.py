"""Named children of an XML element whatever their namespace: for standards whose publishers disagree about it.

DATEX II has a namespace for each part of its model, national ones besides, and is published without any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from tocsin.formats._elements import MAX_NAME, Elements
from tocsin.formats._xml import text_of

_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,79}")
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_TRUE = {"true", "1"}


class LocalElements(Elements):
    """`Elements` that finds children by their local name alone."""

    def _by_name(self, element: etree._Element) -> Mapping[str, Sequence[etree._Element]]:
        found: dict[str, list[etree._Element]] = {}
        for child in element.iterchildren(etree.Element):
            found.setdefault(str(child.tag).rpartition("}")[2], []).append(child)
        return found

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

    def parts(self) -> Iterator[tuple[str, LocalElements]]:
        """Yield (local name, child) of every child, in document order."""
        for child in self._own.iterchildren(etree.Element):
            name = self.local_of(child)
            yield name, LocalElements(child, at=f"{self.at}/{name}", problems=self.problems)

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
        text = text_of(self._own)
        if text == "_extended":
            text = self._own.get("_extendedValue") or ""
        return text if _TOKEN.fullmatch(text) else ""

    def is_true(self, name: str) -> bool:
        """Return whether a child says true (XML Schema 2, boolean)."""
        return any(text_of(child) in _TRUE for child in self._children.get(name, ()))

    def texts(self) -> list[tuple[str, str]]:
        """Return (language, text) of an element that holds text, or values of text in several languages.

        The language is "" where none is stated. White space is one blank. Source: DATEX II, MultilingualString.
        """
        values = list(self._own.iterdescendants("{*}value")) or [self._own]
        found = ((value.get("lang") or "", " ".join(text_of(value).split())) for value in values)
        return [(language, text) for language, text in found if text]
