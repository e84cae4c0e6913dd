"""Atom and RSS as indices of CAP: the alerts that there are, by link or embedded; all that is active, or messages.

An entry that embeds a whole alert gives an item. An entry that links to one gives a link, also when it repeats some
of the alert's fields: half an alert is not read, because what it lacks may be the end of it. An index without
entries is a legal word: nothing is in force. So is an entry that links to the index itself ("no active warnings").

Never read: title, summary, author, contributor, category, media and every other element of an entry, since the alert
itself says it under the gate's eyes.

Positions are XPath, counted from 1: entry[3], or item[3] in RSS.

Source: RFC 4287 (Atom), 4.1.2 and 4.2.7; RSS 2.0; OASIS CAP Feeds 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from tocsin.formats._feed import ATOM, feed_of
from tocsin.formats._opened import Opened
from tocsin.formats._url import is_web
from tocsin.formats._xml import children, local, open_xml, text_of
from tocsin.formats.cap import NAMESPACES, read_alert
from tocsin.model import Item, Link, Problem, Reading

SNAPSHOT = True  # where the issuer lists what is active
NEVER_READ = frozenset({"title", "subtitle", "summary", "author", "contributor", "category", "rights", "logo", "icon"})

_OTHER_FEEDS = frozenset({"http://www.georss.org/georss", "http://www.gdacs.org"})
_MAX_FRESH = 100  # characters of a time
_CAP_TYPES = ("application/cap+xml", "application/common-alerting-protocol+xml")
_ALERTS = tuple(f"{{{space}}}alert" for space in NAMESPACES)


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return the embedded alerts and the links of an index. Raises FormatError when the document is none."""
    root, repaired = open_xml(body)
    feed, entries, kind, as_of = feed_of(root)
    own = {target for _, target in _targets(feed)}
    items = [*_alerts_in(feed, "feed", source=source, now=now)]
    links: dict[Link, None] = {}
    problems: list[Problem] = []
    for number, entry in enumerate(entries, 1):
        at = f"{kind}[{number}]"
        embedded = list(_alerts_in(entry, at, source=source, now=now))
        items += embedded
        if embedded:
            continue
        link = _link_of(entry)
        if link is None:
            problems.append(Problem(at=at, message="the entry neither holds nor links to an alert"))
        elif link.url not in own:
            links[link] = None
    return Reading(
        items=tuple(items),
        problems=(*repaired, *problems),
        links=tuple(links),
        as_of=as_of,
        is_complete=all(item.events for item in items) and not problems,
    )


def claims(opened: Opened) -> bool:
    """Return whether this is an Atom or RSS document, and no feed of places unless that says that it is about CAP."""
    name, space = opened.root
    if opened.xml is None or (name, space) not in {("feed", ATOM), ("rss", "")}:
        return False
    # Others than CAP's issuers publish GeoRSS.
    return _OTHER_FEEDS.isdisjoint(opened.xml.nsmap.values()) or names_cap(opened.xml)


def names_cap(root: etree._Element) -> bool:
    """Return whether a feed speaks of CAP: by a namespace, a whole alert, or the type of a link."""
    if not set(root.nsmap.values()).isdisjoint(NAMESPACES) or next(root.iter(*_ALERTS), None) is not None:
        return True
    return any(kind in _CAP_TYPES for entry in feed_of(root).entries for kind, _ in _targets(entry))


def _alerts_in(parent: etree._Element, at: str, *, source: str, now: datetime) -> Iterator[Item]:
    """Yield the whole alerts inside an entry, wherever they stand in it, or directly under the feed."""
    is_entry = local(parent) in {"entry", "item"}
    alerts = list(parent.iter(*_ALERTS) if is_entry else parent.iterchildren(*_ALERTS))
    for number, alert in enumerate(alerts, 1):
        where = f"{at}/alert" if len(alerts) > 1 or not is_entry else at
        yield read_alert(alert, source=source, now=now, at=f"{where}[{number}]" if where != at else at)


def _targets(parent: etree._Element) -> list[tuple[str, str]]:
    """Return (media type, address) of every link. Atom names the address in href, RSS as the element's text."""
    links = ((link.get("type") or "", (link.get("href") or text_of(link)).strip()) for link in children(parent, "link"))
    return [(kind.lower(), url) for kind, url in links if is_web(url)]


def _link_of(entry: etree._Element) -> Link | None:
    """Return the link that most likely leads to the alert: stated as CAP, else not as a page, else the first."""
    targets = _targets(entry)
    ranked = sorted(targets, key=lambda target: (target[0] not in _CAP_TYPES, "html" in target[0]))
    if not ranked:
        return None
    fresh = next((text_of(child) for name in ("updated", "pubDate") for child in children(entry, name)), "")
    return Link(url=ranked[0][1], fresh=fresh[:_MAX_FRESH])
