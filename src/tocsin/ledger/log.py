"""Entries in their order, and the head that they lead to. No I/O: entries come in, heads go out.

A `Frontier` is all that has to be kept of a tree to go on with it: the roots of the perfect subtrees that make it up,
at most 63 hashes. So whoever has checked a log up to some size checks only what is new, and still knows the root.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.ledger.errors import ProofError
from tocsin.ledger.tlog import EMPTY_ROOT, leaf_hash, node_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as it is stored. `n` counts from 0 without gaps; `leaf_hash` is 32 bytes."""

    n: int
    leaf: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How many entries there are, and the Merkle root over all of them (32 bytes)."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """A tree as far as it must be known to be gone on with: its size, and its perfect subtrees from left to right.

    `last` is the leaf hash of its last entry, b"" where there is none.
    """

    size: int = 0
    subtrees: tuple[bytes, ...] = ()
    last: bytes = b""

    @property
    def head(self) -> Head:
        """Return the head. Cost: at most 62 hashes."""
        if not self.size:
            return Head()
        whole = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            whole = node_hash(left, whole)
        return Head(size=self.size, root=whole)

    def extended(self, leaf: bytes) -> Frontier:
        """Return the tree with one more leaf hash. Cost: at most 63 hashes, one on average."""
        subtrees, whole, size = list(self.subtrees), leaf, self.size
        while size & 1:
            whole, size = node_hash(subtrees.pop(), whole), size >> 1
        return Frontier(size=self.size + 1, subtrees=(*subtrees, whole), last=leaf)


class EntryError(ProofError):
    """An entry is not what its number or its hash say. `n` is the first such entry."""

    def __init__(self, message: str, *, n: int) -> None:
        super().__init__(f"entry {n}: {message}")
        self.n = n


def verify(entries: Iterable[Entry], *, after: Frontier | None = None) -> Frontier:
    """Return the tree that `entries` lead to from `after` (default: from the beginning).

    Raises EntryError naming the first entry that is missing, or whose leaf does not hash to its leaf hash. What the
    leaves say is not looked at; `entries.parse` does that. Cost: two hashes an entry on average.
    """
    tree = after or Frontier()
    for entry in entries:
        if entry.n != tree.size:
            raise EntryError(f"missing; the next one here is {entry.n}", n=tree.size)
        # Whoever edits a database by hand leaves text, numbers or nothing where bytes should be.
        if not all(isinstance(value, bytes) for value in (entry.leaf, entry.leaf_hash)):
            raise EntryError("something other than bytes stands here", n=entry.n)
        if leaf_hash(entry.leaf) != entry.leaf_hash:
            raise EntryError("the leaf does not hash to the leaf hash", n=entry.n)
        tree = tree.extended(entry.leaf_hash)
    return tree
