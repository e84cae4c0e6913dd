"""The opener of archives, against its limits and against archives that lie."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

import pytest

from tocsin.errors import FormatError
from tocsin.formats import _archive as archive

DEFLATED = zipfile.ZIP_DEFLATED


def packed(*contents: bytes, method: int = DEFLATED, mode: int = 0o100644) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", method) as writer:
        for number, content in enumerate(contents):
            entry = zipfile.ZipInfo(f"{number}.xml")
            entry.external_attr, entry.compress_type = mode << 16, method
            writer.writestr(entry, content)
    return body.getvalue()


def found(body: bytes) -> list[bytes | str]:
    """Return what comes out of each entry, or the word that says why nothing does."""
    return [one.message if isinstance(one, FormatError) else one for one in archive.unzip(body)]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, DEFLATED], ids=["stored", "deflated"])
def test_every_entry_comes_out_in_the_order_of_the_directory(method: int) -> None:
    assert found(packed(b"<one/>", b"", b"<two/>", method=method)) == [b"<one/>", b"", b"<two/>"]


def test_folders_are_left_out() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as writer:
        writer.mkdir("warnings")
        writer.writestr("warnings/a.xml", b"<a/>")
    assert found(body.getvalue()) == [b"<a/>"]


def test_sizes_may_stand_after_the_bytes() -> None:
    """A writer that cannot seek leaves them out of the local header (4.3.9)."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.body = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, piece: bytes) -> int:  # type: ignore[override]  # zipfile hands over bytes
            self.body += piece
            return len(piece)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", DEFLATED) as writer:
        writer.writestr("a.xml", b"<a/>" * 100)
    assert found(bytes(stream.body)) == [b"<a/>" * 100]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(packed(b"<a/>", method=zipfile.ZIP_BZIP2), "packed in a way", id="bzip2"),
        pytest.param(packed(b"/etc/hostname", mode=0o120777), "a link", id="symbolic-link"),
        pytest.param(packed(b"", mode=0o020666), "a link or a device", id="device"),
        pytest.param(packed(packed(b"<a/>")), "an archive again", id="zip-in-zip"),
        pytest.param(packed(gzip.compress(b"<a/>")), "an archive again", id="gzip-in-zip"),
        pytest.param(packed(b" " * 1_000_000), "come out", id="out-of-proportion"),
    ],
)
def test_a_bad_entry_costs_itself(body: bytes, message: str) -> None:
    (said,) = found(body)
    assert isinstance(said, str)
    assert message in said


def changed(offset_in_directory: int, form: str, value: int) -> bytes:
    """Return an archive of two entries, of which the first says something else in the directory."""
    body = bytearray(packed(b"<one/>", b"<two/>", method=zipfile.ZIP_STORED))
    struct.pack_into(form, body, body.index(b"PK\x01\x02") + offset_in_directory, value)
    return bytes(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(changed(8, "<H", 0x1), id="encrypted"),
        pytest.param(changed(8, "<H", 0x40), id="strongly-encrypted"),
        pytest.param(changed(16, "<L", 1), id="another-checksum"),
        pytest.param(changed(20, "<L", 3), id="cut-short"),
    ],
)
def test_an_entry_that_lies_leaves_the_other(body: bytes) -> None:
    first, second = found(body)
    assert (type(first), second) == (str, b"<two/>")


def ending(offset: int, form: str, value: int) -> bytes:
    """Return an archive of two entries, of which the end record says something else."""
    body = bytearray(packed(b"<one/>", b"<two/>"))
    struct.pack_into(form, body, body.index(b"PK\x05\x06") + offset, value)
    return bytes(body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"", "no end", id="nothing"),
        pytest.param(packed(b"<a/>")[:-1], "no end", id="cut-in-the-end"),
        pytest.param(packed(b"<a/>")[:-30], "no end", id="cut-before-the-end"),
        pytest.param(ending(4, "<H", 1), "lies outside", id="on-another-disk"),
        pytest.param(ending(10, "<H", 1), "not what its end says", id="fewer-entries-than-there-are"),
        pytest.param(ending(10, "<H", 3), "not what its end says", id="more-entries-than-there-are"),
        pytest.param(ending(12, "<L", 50), "not what its end says", id="half-a-directory"),
        pytest.param(ending(12, "<L", 1_000_000), "lies outside", id="a-directory-larger-than-the-archive"),
        pytest.param(ending(16, "<L", 0), "damaged", id="a-directory-elsewhere"),
        pytest.param(changed(42, "<L", 10_000), "lies outside", id="an-entry-outside"),
        pytest.param(changed(20, "<L", 40), "overlap", id="an-entry-over-the-next"),
        pytest.param(b"junk" + packed(b"<a/>"), "damaged", id="something-before-it"),
        pytest.param(packed(*[b""] * (archive.MAX_ENTRIES + 1)), "more than 5000 entries", id="too-many-entries"),
        pytest.param(b"PK" + bytes(archive.MAX_PACKED), "larger than", id="too-large"),
    ],
)
def test_an_archive_that_lies_is_refused_whole(body: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        found(body)


def test_as_many_entries_as_are_allowed() -> None:
    assert len(found(packed(*[b""] * archive.MAX_ENTRIES))) == archive.MAX_ENTRIES


def test_two_entries_of_one_place_overlap() -> None:
    """One stretch of bytes named again and again is how 100 kB become gigabytes."""
    body = packed(b"<one/>")
    start, end = body.index(b"PK\x01\x02"), body.index(b"PK\x05\x06")
    twice = body[start:end] * 2
    record = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(twice), start, 0)
    with pytest.raises(FormatError, match="overlap"):
        found(body[:start] + twice + record)


def noise(size: int) -> bytes:
    """Return bytes that pack about 130 times smaller, so that only what comes out in all is too much."""
    return b"".join(number.to_bytes(4, "big") + bytes(1020) for number in range(size // 1024))


def test_too_much_in_all_is_refused_also_where_each_entry_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_PLAIN", 2_000_000)
    assert len(found(packed(noise(900_000), noise(900_000)))) == 2
    with pytest.raises(FormatError, match="come out of the archive"):
        found(packed(noise(900_000), noise(900_000), noise(900_000)))
    broken = bytearray(packed(noise(900_000), noise(900_000), noise(900_000)))
    at = 0
    while (at := broken.find(b"PK\x01\x02", at + 1)) > 0:
        struct.pack_into("<L", broken, at + 16, 1)
    with pytest.raises(FormatError, match="come out of the archive"):
        found(bytes(broken))


MEMBER = gzip.compress(b"<a/>" * 1000, mtime=0)


def test_one_member_of_gzip() -> None:
    assert archive.gunzip(MEMBER) == b"<a/>" * 1000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(MEMBER[:-1], id="cut"),
        pytest.param(MEMBER + MEMBER, id="two-members"),
        pytest.param(MEMBER + bytes(20_000), id="padding"),
        pytest.param(MEMBER[:-8] + zlib.crc32(b"").to_bytes(4, "little") + MEMBER[-4:], id="another-checksum"),
        pytest.param(MEMBER[:20] + b"\xff\xff" + MEMBER[22:], id="damaged"),
        pytest.param(gzip.compress(bytes(20_000_000)), id="bomb"),
        pytest.param(b"\x1f\x8b" + bytes(archive.MAX_PACKED), id="too-large"),
    ],
)
def test_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        archive.gunzip(body)


SOUND = packed(b"<one/>", b"<two/>")


@pytest.mark.parametrize("at", range(0, len(SOUND), 3))
def test_a_flipped_byte_never_gives_other_content(at: int) -> None:
    flipped = SOUND[:at] + bytes([SOUND[at] ^ 0xFF]) + SOUND[at + 1 :]
    try:
        out = found(flipped)
    except FormatError:
        return
    assert [one for one in out if isinstance(one, bytes) and one not in {b"<one/>", b"<two/>"}] == []
