"""A place index in one file that is mapped into memory, so that a hundred million places are open at once.

    header   128 bytes: magic, version, bits, count, digest of the table of places, of the body, of the header itself
    codes    count x 8 bytes: sorted codes of positions (`match.grid`)
    ids      count x 4 bytes: the row of each place in its table
    starts   (2^bits + 1) x 4 bytes: where the codes of each coarse cell start (`match.points`)

All numbers are little-endian. The body takes 12 to 13 bytes a place.

Who reads what: `write` refuses codes that are not sorted and makes the digests; `verify` reads all of it and compares.
`open_points` reads the header only, for it must cost nothing: that is enough to know that the file is whole, of this
version and of this table. What it cannot see is a bit that turned in the body afterwards. That may give a wrong answer,
until `verify` finds it, but never a read outside the file: no value in the body is believed as a position in it.

A file is written beside its place and then renamed, so that a reader sees the old one or the new one and no half. It
is the owner's only (mode 0600), for it tells where an organisation's places lie.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tocsin.errors import StoreError
from tocsin.match.points import Points, starts_of

VERSION = 1
DIGEST_BYTES = 32

_MAGIC = b"TocsinPI"
_FIELDS = struct.Struct(f"<8sIIQ{DIGEST_BYTES}s{DIGEST_BYTES}s")  # all of the header but its own digest
_HEADER_BYTES = 128
_MOST_BITS = 30
_CHUNK = 1 << 22  # codes looked at or bytes hashed at once
_AGAIN = "build the index again from the places file"


def write(path: Path, points: Points, *, table: bytes) -> None:
    """Write the index of `points`, atomically; `table` is a digest of the table whose rows the ids are.

    Raises ValueError when the points are not sorted or the arrays do not belong together, StoreError when the disk
    refuses. Cost: 0.8 seconds for 10 million places.
    """
    if not _is_sorted(points.codes):
        raise ValueError("the codes are not sorted; use Points.of")
    if len(points.ids) != len(points.codes) or not np.array_equal(points.starts, starts_of(points.codes)):
        raise ValueError("the arrays of the points do not belong together; use Points.of")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "wb", opener=_opened_for_the_owner) as file:
            file.write(bytes(_HEADER_BYTES))
            digest = hashlib.sha256()
            for chunk in _body(points):
                file.write(chunk)
                digest.update(chunk)
            file.seek(0)
            file.write(_header(points, table, digest.digest()))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise StoreError(f"{path.name} cannot be written ({error.strerror}); is there room on the disk?") from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def open_points(path: Path, *, table: bytes) -> Points:
    """Return the points of a file, mapped: what is not asked for is not read.

    Raises StoreError when it is not an index, not whole, of another version, or of another table than `table`.
    """
    count, bits, of_table, _ = _read_header(path)
    if of_table != table:
        raise StoreError(f"{path.name} is the index of other places; {_AGAIN}")
    return _mapped(path, count, bits)


def verify(path: Path) -> None:
    """Read a whole file and compare it with its digests, its order and its directory. Raises StoreError."""
    count, bits, _, expected = _read_header(path)
    points = _mapped(path, count, bits)
    digest = hashlib.sha256()
    for chunk in _body(points):
        digest.update(chunk)
    if digest.digest() != expected:
        raise StoreError(f"{path.name} is not as it was written: its checksum differs; {_AGAIN}")
    if not _is_sorted(points.codes) or not np.array_equal(points.starts, starts_of(points.codes)):
        raise StoreError(f"{path.name} was written wrongly: it is not sorted; {_AGAIN}")


def _opened_for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _header(points: Points, table: bytes, digest: bytes) -> bytes:
    if len(table) != DIGEST_BYTES:
        raise ValueError(f"the digest of the table must have {DIGEST_BYTES} bytes")
    bits = (len(points.starts) - 1).bit_length() - 1
    fields = _FIELDS.pack(_MAGIC, VERSION, bits, len(points), table, digest)
    return (fields + hashlib.sha256(fields).digest()).ljust(_HEADER_BYTES, b"\0")


def _read_header(path: Path) -> tuple[int, int, bytes, bytes]:
    """Return count, bits, digest of the table and digest of the body, after all checks that cost nothing."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise StoreError(f"{path.name} cannot be opened ({error.strerror})") from None
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise StoreError(f"{path.name} is not a place index")
    _, version, bits, count, table, digest = _FIELDS.unpack_from(header)
    if version != VERSION:
        raise StoreError(f"{path.name} has version {version} of the format, this program {VERSION}; {_AGAIN}")
    if header[_FIELDS.size :] != hashlib.sha256(header[: _FIELDS.size]).digest().ljust(
        len(header) - _FIELDS.size, b"\0"
    ):
        raise StoreError(f"the header of {path.name} is damaged; {_AGAIN}")
    if bits > _MOST_BITS or size != _HEADER_BYTES + 12 * count + 4 * ((1 << bits) + 1):
        raise StoreError(f"{path.name} is not whole: it has {size} bytes; {_AGAIN}")
    return count, bits, table, digest


def _mapped(path: Path, count: int, bits: int) -> Points:
    body: npt.NDArray[np.uint8] = np.memmap(path, dtype=np.uint8, mode="r", offset=_HEADER_BYTES)
    plain = body.view(np.ndarray)  # a memmap's own slicing is slow, and its class not compiled
    codes, ids, starts = plain[: 8 * count], plain[8 * count : 12 * count], plain[12 * count :]
    assert len(starts) == 4 * ((1 << bits) + 1)
    return Points(codes.view("<i8"), ids.view("<u4"), starts.view("<u4"))


def _body(points: Points) -> Iterator[bytes]:
    for array, kind in ((points.codes, "<i8"), (points.ids, "<u4"), (points.starts, "<u4")):
        for start in range(0, len(array), _CHUNK):
            yield array[start : start + _CHUNK].astype(kind, copy=False).tobytes()


def _is_sorted(codes: npt.NDArray[np.int64]) -> bool:
    """Return whether no code is below the one before it. In chunks, which overlap by one: no copy of all."""
    chunks = (codes[start : start + _CHUNK + 1] for start in range(0, len(codes), _CHUNK))
    return all(bool((chunk[1:] >= chunk[:-1]).all()) for chunk in chunks)
