"""The geocode pack: one file that holds the outline of every code of several lists, read piece by piece.

    tocsin-geocodes 1 LF
    4 bytes, little endian: length of the directory
    the directory: JSON, deflated
    the boxes: int16, west south east north of each code in hundredths of a degree, rounded outwards, in directory order
    the blocks, deflated, one after the other
    SHA-256 of all that stands before, 32 bytes

The directory is {"lists": {scheme: {"origin", "licence", "sha256", ...}}, "codes": {scheme: {code: block number}},
"aliases": {scheme: {code: [scheme, code]}}, "blocks": [length, ...]}. Codes are in their normal spelling (`spelling`),
and those of one block follow each other. A block is five arrays, deflated as one: uint32 counts (of codes, of
polygons), uint32 polygons of each code, rings of each polygon, positions of each ring, and the positions as steps of
1e-4 degrees from the one before: zigzag uint32, all first bytes, then all second bytes and so on, because the upper
ones are nearly all 0. Eleven metres are far finer than the lists are drawn.

A pack is opened whole and its hash checked, so that a damaged file is an error and never a wrong outline; blocks are
inflated when one of their codes is asked for, and some are kept.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from tocsin.errors import ConfigError
from tocsin.model import Code

STEP = 1e-4
"""Degrees between two positions that the pack can tell apart."""

_MAGIC = b"tocsin-geocodes 1\n"
_HASH = hashlib.sha256().digest_size
_BOX_STEP = 0.01
_BLOCK = 6_000  # positions of a block: small enough to inflate in a millisecond, large enough to deflate well
_KEPT_BLOCKS = 256  # inflated blocks in memory: some 50 MB at most
_LARGEST = 256 << 20  # bytes of a block or directory once inflated
_Counts = NDArray[np.uint32]
Boxes = NDArray[np.float64]
"""West, south, east, north in degrees, one row for each code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlines:
    """One list of codes to be packed. `about` says where it comes from: origin, licence, sha256 of the file."""

    scheme: str
    about: Mapping[str, str]
    shapes: Mapping[str, BaseGeometry]
    aliases: Mapping[str, Code] = field(default_factory=dict)


def pack(lists: Iterable[Outlines]) -> bytes:
    """Return the file of these lists. Equal lists give equal bytes."""
    directory: dict[str, Any] = {"lists": {}, "codes": {}, "aliases": {}, "blocks": []}
    blocks: list[bytes] = []
    boxes: list[tuple[float, float, float, float]] = []
    for outlines in sorted(lists, key=lambda one: one.scheme):
        directory["lists"][outlines.scheme] = dict(outlines.about)
        numbers: dict[str, int] = {}
        directory["codes"][outlines.scheme] = numbers
        directory["aliases"][outlines.scheme] = {code: list(alias) for code, alias in sorted(outlines.aliases.items())}
        for codes in _in_blocks(outlines.shapes):
            numbers |= dict.fromkeys(codes, len(blocks))
            shapes = [_on_grid(outlines.shapes[code]) for code in codes]
            boxes += [shape.bounds for shape in shapes]
            blocks.append(_deflated(shapes))
    directory["blocks"] = [len(block) for block in blocks]
    index = zlib.compress(json.dumps(directory, separators=(",", ":")).encode(), 9)
    body = _MAGIC + struct.pack("<I", len(index)) + index + _rounded_out(boxes) + b"".join(blocks)
    return body + hashlib.sha256(body).digest()


class Pack:
    """An opened pack. Cost of opening: a hash of the file and its directory; of a look-up: at most one block."""

    def __init__(self, body: bytes) -> None:
        """Open a file's bytes. Raises ConfigError when it is no pack, of another version, or damaged."""
        if not body.startswith(_MAGIC):
            raise ConfigError("this is not a geocode pack that can be read; `tocsin geocodes build` makes one")
        content = memoryview(body)[:-_HASH]
        if hashlib.sha256(content).digest() != body[-_HASH:]:
            raise ConfigError("the geocode pack is damaged: its hash does not match")
        start = len(_MAGIC) + 4
        end = start + struct.unpack_from("<I", body, len(_MAGIC))[0]
        directory = orjson.loads(_inflated(content[start:end]))
        self.lists: Mapping[str, Mapping[str, str]] = directory["lists"]
        self._block_of = {Code(s, c): number for s, codes in directory["codes"].items() for c, number in codes.items()}
        self.codes = tuple(self._block_of)
        self._aliases = {
            Code(scheme, code): Code(*alias)
            for scheme, aliases in directory["aliases"].items()
            for code, alias in aliases.items()
        }
        box_bytes = len(self.codes) * 4 * 2
        self.boxes: Boxes = np.frombuffer(content[end : end + box_bytes], "<i2").reshape(-1, 4) * _BOX_STEP
        self._edges = [end + box_bytes, *accumulate(directory["blocks"], initial=end + box_bytes)][1:]
        self._content = content
        self._members: defaultdict[int, list[Code]] = defaultdict(list)
        for code, number in self._block_of.items():
            self._members[number].append(code)
        self._shapes = lru_cache(maxsize=_KEPT_BLOCKS)(self._read)

    def __contains__(self, code: Code) -> bool:
        """Return whether the pack has an outline for a code in its normal spelling."""
        return self._aliases.get(code, code) in self._block_of

    def find(self, code: Code) -> BaseGeometry | None:
        """Return the outline (a valid MultiPolygon, WGS 84, lon/lat) of a code in its normal spelling, or None."""
        code = self._aliases.get(code, code)
        number = self._block_of.get(code)
        return None if number is None else self._shapes(number)[code]

    def counts(self) -> Mapping[str, int]:
        """Return how many codes of each list have an outline, aliases included."""
        found = dict.fromkeys(self.lists, 0)
        for code in (*self._block_of, *(code for code in self._aliases if code in self)):
            found[code.scheme] = found.get(code.scheme, 0) + 1
        return found

    def _read(self, number: int) -> Mapping[Code, BaseGeometry]:
        start, end = self._edges[number : number + 2]
        return dict(zip(self._members[number], _shapes_of(_inflated(self._content[start:end])), strict=True))


def _in_blocks(shapes: Mapping[str, BaseGeometry]) -> Iterator[list[str]]:
    """Yield the codes in order, as many together as make a block: neighbours have much in common."""
    block: list[str] = []
    size = 0
    for code in sorted(shapes):
        positions = int(shapely.get_num_coordinates(shapes[code]))
        if block and size + positions > _BLOCK:
            yield block
            block, size = [], 0
        block.append(code)
        size += positions
    if block:
        yield block


def _on_grid(shape: BaseGeometry) -> BaseGeometry:
    """Return the valid polygons of a shape on the pack's grid; what is smaller than the grid keeps its box."""
    found = shapely.set_precision(shape, STEP)
    polygons = [part for part in shapely.get_parts(found) if part.geom_type == "Polygon" and not part.is_empty]
    if polygons:
        return shapely.MultiPolygon(polygons)
    west, south, east, north = np.round(np.array(shape.bounds) / STEP) * STEP
    return shapely.MultiPolygon([shapely.box(west - STEP, south - STEP, east + STEP, north + STEP)])


def _deflated(shapes: Sequence[BaseGeometry]) -> bytes:
    _, positions, (rings, polygons, codes) = shapely.to_ragged_array(list(shapes))
    grid = np.rint(positions / STEP).astype(np.int64)
    steps = np.diff(grid, axis=0, prepend=0).ravel()
    zigzag = ((steps << 1) ^ (steps >> 63)).astype("<u4")
    planes = zigzag.view(np.uint8).reshape(-1, 4).T.tobytes()
    counts = [np.array([len(shapes), len(polygons) - 1, len(rings) - 1])]
    counts += [np.diff(codes), np.diff(polygons), np.diff(rings)]
    return zlib.compress(np.concatenate(counts).astype("<u4").tobytes() + planes, 9)


def _shapes_of(block: bytes) -> NDArray[np.object_]:
    codes, polygons, rings = np.frombuffer(block, "<u4", 3).tolist()
    counts = np.frombuffer(block, "<u4", codes + polygons + rings, 12)
    offsets = [_offsets(part) for part in np.split(counts, (codes, codes + polygons))]
    planes = np.frombuffer(block, np.uint8, offset=12 + counts.nbytes).reshape(4, -1)
    zigzag = np.ascontiguousarray(planes.T).view("<u4").ravel().astype(np.int64)
    steps = (zigzag >> 1) ^ -(zigzag & 1)
    positions = np.cumsum(steps.reshape(-1, 2), axis=0) * STEP
    found: NDArray[np.object_] = shapely.from_ragged_array(
        shapely.GeometryType.MULTIPOLYGON, positions, (offsets[2], offsets[1], offsets[0])
    )
    return found


def _offsets(counts: _Counts) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def _rounded_out(boxes: Sequence[tuple[float, float, float, float]]) -> bytes:
    rows = np.array(boxes, dtype=np.float64).reshape(-1, 4) / _BOX_STEP
    return np.hstack((np.floor(rows[:, :2]), np.ceil(rows[:, 2:]))).astype("<i2").tobytes()


def _inflated(data: memoryview) -> bytes:
    found = zlib.decompressobj()
    inflated = found.decompress(data, _LARGEST)
    if not found.eof:
        raise ConfigError("the geocode pack is damaged: a part of it is cut or too large")
    return inflated
