"""Polygons and attributes of an ESRI shapefile, in the zip in which agencies publish it.

Read are polygons (types 5, 15 and 25; heights and measures are left out) and the text of each attribute. Never read
are the projection file (the caller says that degrees are meant, and positions off the Earth are refused), indices
and metadata. Nothing is written to disk.

Source: ESRI Shapefile Technical Description (July 1998); dBASE III table format.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import FormatError

MAX_BYTES = 1 << 30
"""Of one file within the zip, once inflated: the US forecast zones are 110 MB."""

Rings = list[NDArray[np.float64]]

_POLYGONS = frozenset({5, 15, 25})
_HEADER, _RECORD_HEADER, _FIELD = 100, 8, 32
_END_OF_FIELDS = 0x0D
_LEAST_RECORD = 4  # bytes: its type


def records(body: bytes) -> Iterator[tuple[Mapping[str, str], Rings]]:
    """Yield (attributes, rings as arrays of lon, lat) of each polygon in a zip with one .shp and its .dbf.

    Raises FormatError when it holds anything else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            shp, dbf = (_member(archive, ending) for ending in (".shp", ".dbf"))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):
        raise FormatError("the zip is damaged, or packed in a way that is not read", at="document") from None
    rows = _rows(dbf)
    for rings, attributes in zip(_polygons(shp), rows, strict=False):
        if rings:
            yield attributes, rings


def _member(archive: zipfile.ZipFile, ending: str) -> bytes:
    names = [one for one in archive.infolist() if PurePosixPath(one.filename).suffix.lower() == ending]
    if len(names) != 1:
        raise FormatError(f"the zip must hold one file {ending}", at=ending)
    if names[0].file_size > MAX_BYTES:
        raise FormatError(f"a file of more than {MAX_BYTES} bytes", at=ending)
    with archive.open(names[0]) as member:
        found = member.read(MAX_BYTES + 1)
    if len(found) > MAX_BYTES:
        raise FormatError(f"a file of more than {MAX_BYTES} bytes", at=ending)
    return found


def _polygons(body: bytes) -> Iterator[Rings]:
    """Yield the rings of each record, none for an empty one."""
    at = _HEADER
    while at + _RECORD_HEADER < len(body):
        length = 2 * struct.unpack_from(">i", body, at + 4)[0]
        at += _RECORD_HEADER
        record = memoryview(body)[at : at + length]
        if length < _LEAST_RECORD or len(record) < length:
            raise FormatError("a record is cut", at=f"byte {at}")
        yield _rings(record, at)
        at += length


def _rings(record: memoryview, at: int) -> Rings:
    kind = struct.unpack_from("<i", record)[0]
    if kind == 0:
        return []
    if kind not in _POLYGONS:
        raise FormatError("the shapefile holds no polygons", at=f"byte {at}")
    try:
        parts, positions = struct.unpack_from("<2i", record, 36)
        starts = np.frombuffer(record, "<i4", parts, 44)
        points = np.frombuffer(record, "<f8", 2 * positions, 44 + 4 * parts).reshape(-1, 2)
    except (struct.error, ValueError):
        raise FormatError("a record is cut", at=f"byte {at}") from None
    return np.split(points, starts[1:])


def _rows(body: bytes) -> Iterator[Mapping[str, str]]:
    """Yield the attributes of each record as text without padding."""
    try:
        count, start, length = struct.unpack_from("<IHH", body, 4)
        fields, at, offset = [], _FIELD, 1
        while body[at] != _END_OF_FIELDS:
            name = body[at : at + 11].split(b"\0")[0].decode("ascii", "replace")
            fields.append((name, offset, offset + body[at + 16]))
            offset += body[at + 16]
            at += _FIELD
    except (struct.error, IndexError):
        raise FormatError("the table of attributes is cut", at=".dbf") from None
    for row in range(count):
        record = body[start + row * length : start + (row + 1) * length]
        yield {name: record[begin:end].decode("utf-8", "replace").strip(" \0") for name, begin, end in fields}
