"""Tiles: the tree of `tlog` cut into files of 256 hashes, which never change once they are full.

A tile (level, index) holds the hashes of 256 neighbouring nodes of tree level 8 * level, 8,192 bytes. The hashes of
the seven tree levels above are not stored: whoever has the tile computes them. The last tile of a level is *partial*
while it grows, with a width from 1 to 255, and lies under another path. The entries themselves lie in bundles of 256
at the level "entries", each with its length before it.

Paths, N in groups of three digits, all but the last with an "x": tile/0/x001/x234/067, tile/1/005.p/17,
tile/entries/x001/x234/067.

Source: C2SP tlog-tiles, "Merkle Tree" and "Log Entries".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tocsin.ledger.errors import FormatError
from tocsin.ledger.tlog import HASH_SIZE, Node, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEVEL = 63 // HEIGHT
ENTRIES = -1
"""The level of the bundles of entries; their path says "entries"."""

_GROUP = 1_000  # what one part of a path counts to
_LENGTH = struct.Struct(">H")
MAX_ENTRY = 2**16 - 1  # bytes, by the length before each entry


@dataclass(frozen=True, slots=True)
class Tile:
    """One file of the tree. `level` 0 to 7, or ENTRIES; `index` from 0; `width` 1 to 256 hashes or entries."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Return where the file lies, without a leading slash. Source: C2SP tlog-tiles, "Merkle Tree"."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        groups, rest = [f"{self.index % _GROUP:03}"], self.index // _GROUP
        while rest:
            groups.append(f"x{rest % _GROUP:03}")
            rest //= _GROUP
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def parse_path(path: str) -> Tile:
    """Return the tile that lies at `path`. Raises FormatError unless writing its path again gives the same."""
    try:
        word, level, *groups = path.split("/")
        width = int(groups.pop()) if groups[-2:-1] and groups[-2].endswith(".p") else WIDTH
        digits = "".join(group.removeprefix("x").removesuffix(".p") for group in groups)
        tile = Tile(ENTRIES if level == "entries" else int(level), int(digits), width)
    except (ValueError, IndexError):
        raise FormatError("this is no path of a tile") from None
    is_possible = ENTRIES <= tile.level <= MAX_LEVEL and 0 < tile.width <= WIDTH and len(digits) < len("9" * 19)
    if word != "tile" or not is_possible or tile.path != path:
        raise FormatError("this is no path of a tile")
    return tile


def tiles(size: int, *, since: int = 0) -> Iterator[Tile]:
    """Yield the tiles of hashes and the bundles of entries of a tree of `size` leaves that one of `since` lacked.

    Partial ones too. Cost: proportional to the number of tiles yielded.
    """
    for level in (ENTRIES, *range(MAX_LEVEL + 1)):
        shift = HEIGHT * max(level, 0)
        before, now = since >> shift, size >> shift
        if now == 0:
            return
        for index in range(before // WIDTH, -(-now // WIDTH)):
            width = min(now - index * WIDTH, WIDTH)
            if index * WIDTH + width > before:
                yield Tile(level, index, width)


def tile_of(node: Node, size: int) -> tuple[Tile, int, int]:
    """Return from which tile of a tree of `size` leaves `node` is computed: (tile, first hash, hash after the last)."""
    level, above = divmod(node.level, HEIGHT)
    first = node.n << above
    index, begin = divmod(first, WIDTH)
    width = min((size >> (HEIGHT * level)) - index * WIDTH, WIDTH)
    return Tile(level, index, width), begin, begin + (1 << above)


ReadTiles = Callable[[Sequence[Tile]], Mapping[Tile, bytes]]
"""Returns the bytes of each tile. Raises whatever its store raises when one is missing."""


def reader(size: int, read_tiles: ReadTiles) -> Callable[[Sequence[Node]], list[bytes]]:
    """Return the `tlog.Read` of a tree of `size` leaves whose tiles `read_tiles` gives.

    Nothing is trusted for being read: whoever needs to know proves it against a signed root.
    Raises FormatError when a tile has another length than its width says.
    """

    def read(nodes: Sequence[Node]) -> list[bytes]:
        wanted = [tile_of(node, size) for node in nodes]
        found = read_tiles(list(dict.fromkeys(tile for tile, _, _ in wanted)))
        return [subtree(hashes(found[tile], tile.width)[begin:end]) for tile, begin, end in wanted]

    return read


def hashes(body: bytes, width: int) -> list[bytes]:
    """Return the hashes in a tile of this width. Raises FormatError when it has another length."""
    if len(body) != width * HASH_SIZE:
        raise FormatError("the tile does not hold as many hashes as its path says")
    return [body[start : start + HASH_SIZE] for start in range(0, len(body), HASH_SIZE)]


def subtree(row: Sequence[bytes]) -> bytes:
    """Return the root of a perfect subtree over neighbouring hashes, a power of two of them."""
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as one file: each with its length before it. Source: C2SP tlog-tiles, "Log Entries"."""
    return b"".join(_LENGTH.pack(len(entry)) + entry for entry in entries)


def entries_of(body: bytes, width: int) -> list[bytes]:
    """Return the entries in a bundle. Raises FormatError when it does not hold exactly `width`."""
    found, at = [], 0
    while at < len(body):
        (length,) = _LENGTH.unpack(body[at : at + 2].ljust(2, b"\0"))
        entry = body[at + 2 : at + 2 + length]
        at += 2 + length
        found.append(entry)
    if at != len(body) or len(found) != width:
        raise FormatError("the bundle does not hold as many entries as its path says")
    return found
