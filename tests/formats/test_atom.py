"""Indices of CAP, claim by claim."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.errors import FormatError
from tocsin.formats import atom
from tocsin.model import Link, Reading

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALERT = (
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>a</identifier><sender>s</sender>'
    "<sent>2026-11-20T10:00:00Z</sent><status>Actual</status><msgType>Cancel</msgType><scope>Public</scope></alert>"
)


def feed(inner: str) -> Reading:
    return atom.read(f'<feed xmlns="http://www.w3.org/2005/Atom">{inner}</feed>'.encode(), source="s", now=NOW)


def channel(inner: str) -> Reading:
    return atom.read(f'<rss version="2.0"><channel>{inner}</channel></rss>'.encode(), source="s", now=NOW)


@pytest.mark.parametrize(
    ("links", "url"),
    [
        pytest.param('<link href="https://example.org/1"/>', "https://example.org/1", id="plain"),
        pytest.param(
            '<link type="text/html" href="https://example.org/1"/><link href="https://example.org/2"/>',
            "https://example.org/2",
            id="not-a-page",
        ),
        pytest.param(
            '<link href="https://example.org/1"/><link type="application/cap+xml" href="https://example.org/2"/>',
            "https://example.org/2",
            id="stated-as-cap",
        ),
        pytest.param('<link type="text/html" href="https://example.org/1"/>', "https://example.org/1", id="page-only"),
        pytest.param('<link href="ftp://example.org/1"/><link href="/2"/>', None, id="none-on-the-web"),
        pytest.param("", None, id="none"),
    ],
)
def test_link_of_an_entry(links: str, url: str | None) -> None:
    reading = feed(f"<entry><updated>2026-11-20T10:00:00Z</updated>{links}</entry>")
    assert reading.links == (() if url is None else (Link(url=url, fresh="2026-11-20T10:00:00Z"),))
    assert reading.is_complete is (url is not None)


def test_entry_without_a_link_costs_no_other() -> None:
    entry = '<entry><link href="https://example.org/{}"/></entry>'
    reading = feed(entry.format(1) + "<entry/>" + entry.format(3))
    assert [link.url[-1] for link in reading.links] == ["1", "3"]
    assert [problem.at for problem in reading.problems] == ["entry[2]"]


def test_bad_alert_costs_no_other() -> None:
    bad = ALERT.replace("2026-11-20T10:00:00Z", "soon")
    reading = feed(f"<entry>{ALERT}</entry><entry>{bad}</entry><entry><content>{ALERT}</content></entry>")
    assert [(item.at, len(item.events)) for item in reading.items] == [
        ("entry[1]", 1),
        ("entry[2]", 0),
        ("entry[3]", 1),
    ]
    assert not reading.is_complete


def test_alerts_under_the_feed_and_two_in_an_entry() -> None:
    reading = feed(f"{ALERT}<entry>{ALERT}{ALERT}</entry>")
    assert [item.at for item in reading.items] == ["feed/alert[1]", "entry[1]/alert[1]", "entry[1]/alert[2]"]


def test_entry_that_links_to_the_index_says_that_all_is_quiet() -> None:
    reading = feed('<link href="https://example.org/"/><entry><link href="https://example.org/"/></entry>')
    assert (reading.links, reading.problems, reading.is_complete) == ((), (), True)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        pytest.param("<lastBuildDate>Fri, 20 Nov 2026 12:55:00 +0100</lastBuildDate>", 11, id="rfc-822"),
        pytest.param("<pubDate>Fri, 20 Nov 2026 11:55:00 GMT</pubDate>", 11, id="pub-date"),
        pytest.param("<pubDate>Fri, 20 Nov 2026 11:55:00</pubDate>", 11, id="no-offset"),
        pytest.param("<pubDate>2026-11-20T11:55:00Z</pubDate>", 11, id="iso-8601"),
        pytest.param(
            "<lastBuildDate>now</lastBuildDate><pubDate>Fri, 20 Nov 2026 11:55:00 GMT</pubDate>", 11, id="2nd"
        ),
        pytest.param("<pubDate>Fri, 31 Dec 9999 23:55:00 -0100</pubDate>", None, id="after-all-time"),
        pytest.param("<pubDate></pubDate>", None, id="empty"),
        pytest.param("", None, id="none"),
    ],
)
def test_as_of_rss(inner: str, expected: int | None) -> None:
    as_of = channel(inner).as_of
    assert as_of == (None if expected is None else datetime(2026, 11, 20, expected, 55, tzinfo=UTC))


def test_as_of_atom() -> None:
    assert feed("<updated>2026-11-20T11:55:00-00:00</updated>").as_of == datetime(2026, 11, 20, 11, 55, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"<rss/>", b"<alert/>", b"<rdf/>"])
def test_what_is_no_index_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        atom.read(body, source="s", now=NOW)


def test_too_many_entries_are_refused() -> None:
    with pytest.raises(FormatError, match="20000 entries"):
        feed("<entry/>" * 20_001)
