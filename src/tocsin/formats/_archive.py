"""Zip and gzip in memory, within limits: what a feed packs is taken out by position, and never written anywhere.

Python's own `zipfile` is not asked: before 3.11.8 it unpacks entries that overlap, so that 100 kB become gigabytes,
and it believes what headers say. Here an archive is refused whole when its structure lies (no directory, entries that
overlap or lie outside it, too many of them, too much in all), and one entry is refused by itself when only it is bad
(encrypted, damaged, a link, an archive again, grown out of proportion). What counts is the bytes that come out.

Source: PKWARE APPNOTE 6.3.10, 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (end); RFC 1951, RFC 1952.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.errors import FormatError
from tocsin.formats._xml import MAX_BYTES as MAX_ENTRY_BYTES

MAX_PACKED = 10 * 2**20
MAX_PLAIN = 100 * 2**20
MAX_ENTRIES = 5_000
MAX_RATIO = 200
RATIO_FROM = 100_000  # bytes that may come out whatever the ratio; a short alert of blanks is no bomb

_PIECE = 4_096  # bytes that go in at a time, so that a bomb is known after the first
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_COMMENT = 0xFFFF
_ENCRYPTED = 0x1 | 0x40  # 4.4.4: by password, and strongly
_STORED, _DEFLATED = 0, 8
_FILE_TYPE, _REGULAR = 0xF000, (0, 0x8000)  # the upper half of the external attributes is a Unix mode
_GZIP = b"\x1f\x8b"
_ZIP = b"PK"
_PACKED = (_GZIP, _ZIP, b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What the central directory says of one file, and where its bytes lie."""

    flags: int
    method: int
    crc: int
    packed: int
    mode: int
    header: int
    is_folder: bool


@dataclass(slots=True)
class _Room:
    """How many bytes may still come out of an archive. What came out of a bad entry counts too: it took its time."""

    left: int


def is_zip(body: bytes) -> bool:
    """Return whether the bytes begin as a zip archive does, an empty one too."""
    return body[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def is_gzip(body: bytes) -> bool:
    """Return whether the bytes begin as a gzip member does."""
    return body.startswith(_GZIP)


def gunzip(body: bytes) -> bytes:
    """Return the content of one gzip member, whole. Raises FormatError; also for more members than one."""
    _refuse_size(body)
    return _inflated(zlib.decompressobj(zlib.MAX_WBITS | 16), body, _Room(MAX_ENTRY_BYTES))


def unzip(body: bytes) -> Iterator[bytes | FormatError]:
    """Yield the bytes of each file in the order of the directory, or why it cannot be had. Folders are left out.

    Raises FormatError when the archive as a whole is refused, at the latest after MAX_PLAIN bytes.
    """
    _refuse_size(body)
    entries, end = _directory(body)
    spans = [_span(body, entry) for entry in entries]
    _refuse_overlap(spans, end)
    room = _Room(MAX_PLAIN)
    for entry, (_, start, stop) in zip(entries, spans, strict=True):
        if entry.is_folder:
            continue
        content: bytes | FormatError
        try:
            content = _plain(entry, body[start:stop], room)
        except FormatError as error:
            content = error
        if room.left < 0:
            raise FormatError(f"more than {MAX_PLAIN} bytes come out of the archive", at="document")
        yield content


def _refuse_size(body: bytes) -> None:
    if len(body) > MAX_PACKED:
        raise FormatError(f"the archive is larger than {MAX_PACKED} bytes", at="document")


def _directory(body: bytes) -> tuple[list[_Entry], int]:
    """Return the entries of the central directory, and where it begins."""
    found = body.rfind(b"PK\x05\x06", max(0, len(body) - _END.size - _MAX_COMMENT))
    if found < 0 or found + _END.size > len(body):
        raise FormatError("the archive has no end: it is cut, or is none", at="document")
    _, disk, first_disk, _, count, size, start, _ = _END.unpack_from(body, found)
    if disk or first_disk or start + size > found:
        raise FormatError("the directory of the archive lies outside it", at="document")
    if count > MAX_ENTRIES:
        raise FormatError(f"the archive has more than {MAX_ENTRIES} entries", at="document")
    entries = []
    at = start
    while at + _ENTRY.size <= start + size:
        entry, at = _entry(body, at)
        entries.append(entry)
        if len(entries) > MAX_ENTRIES:
            raise FormatError(f"the archive has more than {MAX_ENTRIES} entries", at="document")
    if len(entries) != count or at != start + size:
        raise FormatError("the directory of the archive is not what its end says", at="document")
    return entries, start


def _entry(body: bytes, at: int) -> tuple[_Entry, int]:
    """Return one entry of the directory, and where the next begins."""
    mark, _, _, flags, method, _, _, crc, packed, _, name, extra, comment, _, _, outside, header = _ENTRY.unpack_from(
        body, at
    )
    if mark != b"PK\x01\x02":
        raise FormatError("the directory of the archive is damaged", at="document")
    is_folder = body[at + _ENTRY.size + name - 1 : at + _ENTRY.size + name] == b"/"
    entry = _Entry(
        flags=flags, method=method, crc=crc, packed=packed, mode=outside >> 16, header=header, is_folder=is_folder
    )
    return entry, at + _ENTRY.size + name + extra + comment


def _span(body: bytes, entry: _Entry) -> tuple[int, int, int]:
    """Return where an entry's header begins, its bytes begin, and its bytes end."""
    if entry.header + _LOCAL.size > len(body) or body[entry.header : entry.header + 4] != b"PK\x03\x04":
        raise FormatError("an entry of the archive lies outside it", at="document")
    *_, name, extra = _LOCAL.unpack_from(body, entry.header)
    start = entry.header + _LOCAL.size + name + extra
    return entry.header, start, start + entry.packed


def _refuse_overlap(spans: list[tuple[int, int, int]], end: int) -> None:
    reached = 0
    for header, _, stop in sorted(spans):
        if header < reached:
            raise FormatError("entries of the archive overlap", at="document")
        reached = stop
    if reached > end:
        raise FormatError("an entry of the archive lies outside it", at="document")


def _plain(entry: _Entry, packed: bytes, room: _Room) -> bytes:
    if entry.flags & _ENCRYPTED:
        raise FormatError("the entry is encrypted", at="document")
    if entry.mode & _FILE_TYPE not in _REGULAR:
        raise FormatError("the entry is a link or a device, no file", at="document")
    if entry.method == _STORED:
        plain = packed
        room.left -= len(plain)
    elif entry.method == _DEFLATED:
        plain = _inflated(zlib.decompressobj(-zlib.MAX_WBITS), packed, room)
    else:
        raise FormatError("the entry is packed in a way that is not read", at="document")
    if zlib.crc32(plain) != entry.crc:
        raise FormatError("the entry is damaged", at="document")
    if plain.startswith(_PACKED):
        raise FormatError("the entry is an archive again; left out", at="document")
    return plain


def _inflated(stream: zlib._Decompress, packed: bytes, room: _Room) -> bytes:
    """Return all that comes out, within the limits and in proportion to what went in so far. Raises FormatError."""
    out = bytearray()
    taken = 0
    while taken < len(packed) and not stream.eof:
        piece = packed[taken : taken + _PIECE]
        taken += len(piece)
        most = min(MAX_ENTRY_BYTES, max(RATIO_FROM, MAX_RATIO * taken))
        try:
            plain = stream.decompress(piece, most - len(out) + 1)
        except zlib.error:
            raise FormatError("the packed bytes are damaged", at="document") from None
        out += plain
        room.left -= len(plain)
        if len(out) > most or room.left < 0:
            raise FormatError(f"more than {most} bytes come out, or {MAX_RATIO} times what went in", at="document")
    if not stream.eof or stream.unused_data or taken < len(packed):
        raise FormatError("the packed bytes break off, or go on after their end", at="document")
    return bytes(out)
