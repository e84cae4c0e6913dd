"""Archives of CAP: one bad file costs itself, and an archive of something else is not claimed."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime

import pytest

from tocsin.errors import FormatError
from tocsin.formats import cap_zip, name_of
from tocsin.model import Reading

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def alert(name: str) -> bytes:
    return (
        f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>x</sender>'
        "<sent>2026-11-20T08:00:00Z</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope></alert>"
    ).encode()


def packed(*contents: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as writer:
        for number, content in enumerate(contents):
            writer.writestr(f"{number}.xml", content)
    return body.getvalue()


def read(body: bytes) -> Reading:
    return cap_zip.read(body, source="de", now=NOW)


def test_every_entry_is_an_item() -> None:
    reading = read(packed(alert("a"), alert("b")))
    assert [event.identifier for item in reading.items for event in item.events] == ["a", "b"]
    assert [item.at for item in reading.items] == ["entry[1]", "entry[2]"]
    assert reading.is_complete


@pytest.mark.parametrize("bad", [b"", b"<alert", b"words", b"<!DOCTYPE a []><a/>", packed(alert("c"))])
def test_a_bad_entry_costs_itself_and_the_snapshot_its_proof(bad: bytes) -> None:
    reading = read(packed(alert("a"), bad, alert("b")))
    assert [len(item.events) for item in reading.items] == [1, 0, 1]
    assert all(problem.at.startswith("entry[2]") for problem in reading.items[1].problems)
    assert not reading.is_complete


def test_an_archive_of_which_nothing_can_be_read_is_refused() -> None:
    with pytest.raises(FormatError, match="no entry"):
        read(packed(b"words", b"<alert"))


def test_an_empty_archive_is_a_quiet_snapshot() -> None:
    assert read(packed()) == Reading()


def test_gzip_is_one_alert() -> None:
    (item,) = read(gzip.compress(alert("a"))).items
    assert [event.identifier for event in item.events] == ["a"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param(packed(alert("a"), b"words"), "cap_zip", id="zip"),
        pytest.param(packed(), "cap_zip", id="empty-zip"),
        pytest.param(gzip.compress(alert("a")), "cap_zip", id="gzip"),
        pytest.param(packed(b"words"), None, id="zip-of-words"),
        pytest.param(gzip.compress(b"words"), None, id="gzip-of-words"),
        pytest.param(gzip.compress(bytes(20_000_000)), None, id="bomb"),
        pytest.param(packed(alert("a"))[:-10], None, id="cut"),
    ],
)
def test_claims(body: bytes, name: str | None) -> None:
    assert name_of(body) == name
