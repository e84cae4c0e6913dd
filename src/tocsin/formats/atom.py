"""Atom and RSS as indices of CAP: which alerts there are, by link or embedded whole. Messages, not snapshots.

An entry that embeds a whole alert gives an item. An entry that links to one gives a link, also when it repeats some
of the alert's fields: half an alert is not read, because what it lacks may be the end of it. An index without
entries is a legal word: nothing is in force.

Never read: title, summary, author, contributor, media and every other element of an entry, since the alert itself
says it under the gate's eyes.

Source: RFC 4287 (Atom), 4.1.2 and 4.2.7; RSS 2.0; OASIS CAP Feeds 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats._time import read_time
from tocsin.formats._xml import children, local, open_xml, text_of
from tocsin.formats.cap import NAMESPACES, read_alert
from tocsin.model import Item, Link, Problem, Reading

MAX_ENTRIES = 20_000
MAX_URL = 2_000
_CAP_TYPES = ("application/cap+xml", "application/common-alerting-protocol+xml")


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return the embedded alerts and the links of an index. Raises FormatError when the document is none."""
    root, problems = open_xml(body)
    kind = local(root)
    if kind == "feed":
        entries, stated = [*children(root, "entry")], _atom_time(root)
    elif kind == "rss":
        channel = next(children(root, "channel"), None)
        if channel is None:
            raise FormatError("the RSS document has no channel", at="rss")
        entries, stated = [*children(channel, "item")], _rss_time(channel)
    else:
        raise FormatError("the root element is neither feed nor rss", at="document")
    if len(entries) > MAX_ENTRIES:
        raise FormatError(f"more than {MAX_ENTRIES} entries", at="document")
    found: list[Problem] = list(problems)
    items = list(_alerts_in(root, "feed", source, now, direct=True))
    links: list[Link] = []
    for number, entry in enumerate(entries, 1):
        at = f"entry[{number}]"
        embedded = list(_alerts_in(entry, at, source, now))
        items += embedded
        link = None if embedded else _link_of(entry)
        if link is not None:
            links.append(link)
        elif not embedded:
            found.append(Problem(at=at, message="the entry neither holds nor links to an alert"))
    return Reading(
        items=tuple(items),
        problems=tuple(found),
        links=tuple(dict.fromkeys(links)),
        as_of=stated,
        is_complete=all(item.events for item in items) and len(found) == len(problems),
    )


def _alerts_in(parent: etree._Element, at: str, source: str, now: datetime, *, direct: bool = False) -> Iterator[Item]:
    """Yield the whole alerts inside an entry, wherever they stand in it, or directly under the feed."""
    for space in NAMESPACES:
        name = f"{{{space}}}alert"
        for alert in parent.iterchildren(name) if direct else parent.iter(name):
            yield read_alert(alert, source=source, now=now, at=at)


def _link_of(entry: etree._Element) -> Link | None:
    """Return the link that most likely leads to the alert: stated as CAP, else the first that is a web address."""
    links = list(children(entry, "link"))
    targets = [(element.get("type") or "", (element.get("href") or text_of(element)).strip()) for element in links]
    targets = [(kind, url) for kind, url in targets if _is_web(url)]
    stated = [url for kind, url in targets if kind.lower() in _CAP_TYPES]
    plain = [url for kind, url in targets if "html" not in kind.lower()]
    url = next(iter([*stated, *plain, *(url for _, url in targets)]), None)
    if url is None:
        return None
    fresh = next((text_of(child) for name in ("updated", "pubDate") for child in children(entry, name)), "")
    return Link(url=url, fresh=fresh[:100])


def _is_web(url: str) -> bool:
    if len(url) > MAX_URL:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None


def _atom_time(feed: etree._Element) -> datetime | None:
    text = next((text_of(child) for child in children(feed, "updated")), "")
    try:
        return read_time(text, at="feed/updated")[0]
    except FormatError:
        return None


def _rss_time(channel: etree._Element) -> datetime | None:
    """Return lastBuildDate, else pubDate. Source: RSS 2.0; RFC 822 dates."""
    for name in ("lastBuildDate", "pubDate"):
        for child in children(channel, name):
            try:
                moment = parsedate_to_datetime(text_of(child))
            except ValueError:
                continue
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
