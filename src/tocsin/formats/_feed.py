"""What feeds in Atom and RSS have in common: where the entries stand, when the feed was made, and named fields of one.

It knows nothing of what an entry is about. A field is had by its whole name, in its own namespace, or not at all.
Positions are XPath, counted from 1: entry[3], or item[3] in RSS.

Source: RFC 4287 (Atom), 4.1.1 and 4.1.2; RSS 2.0; RDF Site Summary 1.0, 5.5; RFC 5322, 3.3 (dates of RSS).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats._time import read_time
from tocsin.formats._url import is_web
from tocsin.formats._xml import children, local, text_of
from tocsin.model import Problem

ATOM = "http://www.w3.org/2005/Atom"
MAX_ENTRIES = 20_000
MAX_TEXT = 16_384  # characters of one field
MAX_NAME = 1_000  # characters of an identifier, a code or a name
_MAX_TIME = 100  # characters
_LARGEST = 1e15  # beyond anything that is measured
_MIN_YEAR, _MAX_YEAR = 1000, 9000


class Feed(NamedTuple):
    """The element that holds the fields of the feed, its entries, their local name, and when the feed was made."""

    element: etree._Element
    entries: list[etree._Element]
    kind: str
    as_of: datetime | None


def feed_of(root: etree._Element) -> Feed:
    """Return the parts of an Atom or RSS document. Raises FormatError when it is neither, or has too many entries."""
    if local(root) == "feed":
        return _counted(Feed(root, list(children(root, "entry")), "entry", moment(root, "updated")))
    if local(root) not in {"rss", "RDF"}:
        raise FormatError("the root element is neither feed nor rss", at="document")
    channel = next(root.iterchildren("{*}channel"), None)
    if channel is None:
        raise FormatError("the RSS document has no channel", at="rss")
    as_of = moment(channel, "lastBuildDate") or moment(channel, "pubDate")
    # RSS 1.0 puts its items beside the channel.
    holder = channel if local(root) == "rss" else root
    return _counted(Feed(channel, list(holder.iterchildren("{*}item")), "item", as_of))


def _counted(feed: Feed) -> Feed:
    if len(feed.entries) > MAX_ENTRIES:
        raise FormatError(f"more than {MAX_ENTRIES} entries", at="document")
    return feed


def moment(parent: etree._Element, name: str) -> datetime | None:
    """Return the time in the first child of this name, in the parent's namespace, or None. See `read_moment`."""
    text = next((text_of(child) for child in children(parent, name)), "")
    return read_moment(text)


def read_moment(text: str) -> datetime | None:
    """Return the moment that a text names, without fractions, or None: ISO 8601 in Atom, RFC 5322 in RSS.

    Both are published in either. A time without an offset is UTC.
    """
    text = text.strip()[:_MAX_TIME]
    try:
        return read_time(text, at="time")[0]
    except FormatError:
        pass
    try:
        found = parsedate_to_datetime(text)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if _MIN_YEAR <= found.year <= _MAX_YEAR else None


class Entry:
    """One entry. `names` are whole names: "{namespace}local", or "local" for the entry's own namespace.

    Of several names the first that has a value counts.
    """

    def __init__(self, element: etree._Element, *, at: str, problems: list[Problem]) -> None:
        self.element = element
        self.at = at
        self.problems = problems
        self._space = etree.QName(element).namespace or ""

    def all(self, name: str) -> Iterator[etree._Element]:
        """Yield the children of this name, in document order."""
        own = f"{{{self._space}}}{name}" if self._space and name[0] != "{" else name
        return self.element.iterchildren(own)

    def text(self, *names: str, limit: int = MAX_TEXT) -> str:
        """Return the text of the first child that has one, cut at `limit`."""
        text = next(filter(None, (text_of(child) for name in names for child in self.all(name))), "")
        if len(text) > limit:
            self.problem(names[0], f"the text was cut at {limit} characters", is_repaired=True)
        return text[:limit]

    def name(self, *names: str) -> str:
        """Return the text of a short field, with single blanks for white space."""
        return " ".join(self.text(*names, limit=MAX_NAME).split())

    def moment(self, *names: str) -> datetime | None:
        """Return the first of these times that can be read; a Problem for one that cannot."""
        for name in names:
            text = self.text(name, limit=MAX_NAME)
            found = read_moment(text) if text else None
            if found is not None:
                return found
            if text:
                self.problem(name, "not a date and time")
        return None

    def number(self, text: str, name: str) -> float | None:
        """Return `text`, which stands in the child `name`, as a finite number, or None and a Problem."""
        try:
            value = float(text) if text.isascii() and len(text) <= _MAX_TIME else float("nan")
        except ValueError:
            value = float("nan")
        if abs(value) <= _LARGEST:
            return value
        if text:
            self.problem(name, "not a number; left out")
        return None

    def link(self) -> str:
        """Return the first web address that the entry links to, "" for none: `href` in Atom, the text in RSS."""
        found = ((child.get("href") or text_of(child)).strip() for child in self.all("link"))
        return next(filter(is_web, found), "")

    def problem(self, name: str, message: str, *, is_repaired: bool = False) -> None:
        """Note what is wrong with a child."""
        where = f"{self.at}/{name.rpartition('}')[2]}"
        self.problems.append(Problem(at=where, message=message, is_repaired=is_repaired))
