"""The XML opener, seen through the CAP reader: what is refused, what is repaired, and how quickly."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime

import pytest

from tocsin.errors import FormatError
from tocsin.formats import cap
from tocsin.model import Reading

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALERT = (
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>a</identifier><sender>s</sender>'
    "<sent>2026-11-20T10:00:00Z</sent><status>Actual</status><msgType>Cancel</msgType><scope>Public</scope>"
    "<info><category>Met</category><event>Überflutung</event><urgency>Past</urgency><severity>Minor</severity>"
    "<certainty>Likely</certainty>{}</info></alert>"
)
XML = '<?xml version="1.0" encoding="{}"?>'


def read(body: bytes) -> Reading:
    return cap.read(body, source="s", now=NOW)


def event_term(reading: Reading) -> str:
    return reading.items[0].events[0].texts[0].event


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        pytest.param(ALERT.format("").encode(), 0, id="no-declaration"),
        pytest.param((XML.format("UTF-8") + ALERT.format("")).encode("utf-8-sig"), 0, id="byte-order-mark"),
        pytest.param(b"\r\n " + ALERT.format("").encode(), 0, id="white-space"),
        pytest.param(b"\n" + (XML.format("UTF-8") + ALERT.format("")).encode(), 1, id="white-space-before-declaration"),
        pytest.param((XML.format("ISO-8859-1") + ALERT.format("")).encode("latin-1"), 0, id="latin-1"),
        pytest.param((XML.format("ISO-8859-1") + ALERT.format("")).encode(), 1, id="utf-8-declared-latin-1"),
        pytest.param((XML.format("UTF-16") + ALERT.format("")).encode(), 1, id="utf-8-declared-utf-16"),
        pytest.param((XML.format("UTF-16") + ALERT.format("")).encode("utf-16"), 0, id="utf-16"),
        pytest.param((XML.format("UTF-8") + ALERT.format("")).encode("utf-16"), 1, id="utf-16-declared-utf-8"),
        pytest.param((XML.format("UTF-16") + ALERT.format("")).encode("utf-16-be"), 0, id="utf-16-without-mark"),
        pytest.param(ALERT.format("").encode("utf-16-le"), 0, id="utf-16-undeclared"),
        pytest.param(
            b'<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?><!-- a --><!-- b -->' + ALERT.format("").encode(),
            0,
            id="stylesheet-and-comments",
        ),
    ],
)
def test_document_is_read(body: bytes, problems: int) -> None:
    reading = read(body)
    assert event_term(reading) == "Überflutung"
    assert len(reading.problems) == problems


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf \n", "empty", id="blank"),
        pytest.param(b"alert", "not XML", id="words"),
        pytest.param(b"<!DOCTYPE alert><alert/>", "type declaration", id="doctype"),
        pytest.param(
            b'<?xml version="1.0"?>\n<!-- a -->\n<!DOCTYPE alert [<!ENTITY a "b">]><alert/>', "type", id="late"
        ),
        pytest.param("<!DOCTYPE alert><alert/>".encode("utf-16"), "type declaration", id="doctype-in-utf-16"),
        pytest.param(b"<!DOCTYPE html><html></html>", "HTML", id="html"),
        pytest.param(b'<?xml version="1.0"?><!-- a --><HTML>', "HTML", id="html-in-capitals"),
        pytest.param(b"<html", "HTML", id="html-cut"),
        pytest.param(XML.format("UTF-7").encode() + b"<alert/>", "UTF-7", id="utf-7"),
        pytest.param(XML.format("x-klingon").encode() + b"<alert/>", "well-formed", id="no-such-encoding"),
        pytest.param(b"\xff\xfe<\x00a", "cut", id="half-a-letter"),
        pytest.param(b"<alert>", "well-formed", id="cut"),
        pytest.param(b"<alert/><alert/>", "well-formed", id="two-roots"),
        pytest.param(b"<alert>&nbsp;</alert>", "well-formed", id="entity"),
        pytest.param(b"<alert>\xe9</alert>", "well-formed", id="not-utf-8"),
        pytest.param(b"<alert>\x00</alert>", "well-formed", id="nul"),
        pytest.param(b"<feed/>", "not a CAP alert", id="another-root"),
        pytest.param(b"<alert>" + b" " * 10 * 2**20 + b"</alert>", "larger than", id="too-large"),
    ],
)
def test_document_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(FormatError, match=said) as caught:
        read(body)
    assert caught.value.at
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("inner", "is_read"),
    [
        pytest.param("<x>" * 62 + "</x>" * 62, True, id="depth-64"),
        pytest.param("<x>" * 63 + "</x>" * 63, False, id="depth-65"),
        pytest.param("<x>" * 300 + "</x>" * 300, False, id="depth-302"),
        pytest.param("<x/>" * 99_986, True, id="elements"),
        pytest.param("<x/>" * 100_000, False, id="too-many-elements"),
        pytest.param("<x " + " ".join(f'a{n}=""' for n in range(200)) + "/>", True, id="200-attributes"),
        pytest.param("<x " + " ".join(f'a{n}=""' for n in range(201)) + "/>", False, id="201-attributes"),
    ],
)
def test_limits(inner: str, is_read: bool) -> None:
    body = ALERT.format(inner).encode()
    if is_read:
        assert event_term(read(body)) == "Überflutung"
    else:
        with pytest.raises(FormatError):
            read(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<!--" * 2_000_000, id="comments-without-end"),
        pytest.param(b"<?" * 4_000_000, id="instructions-without-end"),
        pytest.param(b" " * 10_000_000, id="blanks"),
        pytest.param(b"<!--a-->" * 1_000_000, id="a-million-comments"),
        pytest.param(ALERT.format(f"<headline>{' ' * 5_000_000}</headline>").encode(), id="blank-headline"),
        pytest.param(ALERT.format(f"<area><polygon>{'1 ' * 2_000_000}</polygon></area>").encode(), id="half-pairs"),
        pytest.param(ALERT.format(f"<area><polygon>{'1,' * 2_000_000}</polygon></area>").encode(), id="commas"),
        pytest.param(
            ALERT.format("").replace("<info>", f"<references>{',' * 5_000_000}</references><info>").encode(),
            id="references-of-commas",
        ),
    ],
)
def test_slow_documents_are_quick(body: bytes) -> None:
    before = time.process_time()
    with contextlib.suppress(FormatError):
        read(body)
    assert time.process_time() - before < 2.0
