"""Named children of one XML element. Positions are XPath, counted from 1: alert/info[2]/area[1]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Self

from lxml import etree

from tocsin.formats._named import LANGUAGE, MAX_NAME, MAX_TEXT, Named, pair
from tocsin.formats._xml import by_name, local, namespace, text_of
from tocsin.model import Problem

__all__ = ["MAX_NAME", "MAX_TEXT", "Elements"]

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"  # XML 1.0, 2.12


class Elements(Named):
    """The children of one element in its own namespace. `problems` is shared by all that is read of one item."""

    def __init__(self, element: etree._Element, *, at: str, problems: list[Problem]) -> None:
        super().__init__(at=at, problems=problems)
        self._own = element
        self._children = self._by_name(element)

    def _by_name(self, element: etree._Element) -> Mapping[str, Sequence[etree._Element]]:
        return by_name(element)

    def _named(self, name: str) -> Iterable[etree._Element]:
        return self._children.get(name, ())

    @property
    def name(self) -> str:
        """Return the element's own name, without its namespace."""
        return local(self._own)

    def where(self, name: str) -> str:
        """Return the position of a child."""
        return f"{self.at}/{name}"

    def count(self, name: str) -> int:
        """Return how many children have this name."""
        return len(self._children.get(name, ()))

    def each(self, name: str) -> list[Self]:
        """Return every child of this name, in document order."""
        found = self._children.get(name)
        if not found:
            return []
        kind = type(self)
        return [kind(one, at=f"{self.at}/{name}[{n}]", problems=self.problems) for n, one in enumerate(found, 1)]

    def below(self, *names: str) -> list[Elements]:
        """Return every element of these names, however deep it lies below, in document order."""
        space = namespace(self._own)
        tags = [f"{{{space}}}{name}" if space else name for name in names]
        found = enumerate(self._own.iterdescendants(*tags), 1) if tags else ()
        return [Elements(one, at=f"{self.at}//{local(one)}[{n}]", problems=self.problems) for n, one in found]

    def spoken(self, name: str, default: str) -> Iterator[tuple[str, str]]:
        """Yield (language, text) of each child of this name that has a text; `default` where no xml:lang stands."""
        for child in self._named(name):
            language = (child.get(_XML_LANG) or "").replace("_", "-")
            if text := text_of(child)[:MAX_TEXT]:
                yield language if LANGUAGE.fullmatch(language) else default, text

    def texts_of(self, name: str) -> Sequence[str]:
        """Return the text of every child of this name, with that of elements within it."""
        found = self._children.get(name)
        if not found:
            return ()
        return (text_of(found[0]),) if len(found) == 1 else [text_of(child) for child in found]

    def pairs(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield the valueName and value of each child of this name; most hold the two in this order and no more."""
        space = namespace(self._own)
        plain = [f"{{{space}}}{part}" if space else part for part in ("valueName", "value")]
        for n, child in enumerate(self._named(name), 1):
            parts = child[:]
            if [part.tag for part in parts] == plain:
                yield " ".join(text_of(parts[0]).split()), " ".join(text_of(parts[1]).split())
            else:
                yield pair(type(self)(child, at=f"{self.at}/{name}[{n}]", problems=self.problems))

    def own_text(self) -> str:
        """Return the element's own text, with single blanks for white space."""
        return " ".join(text_of(self._own).split())
