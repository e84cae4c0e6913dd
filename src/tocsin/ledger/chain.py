"""The hash chain: how entries are sealed, and how a chain is checked. No I/O, no clock.

LedgerError
├── ProofError   an entry does not hash to what the ledger says; names the first one
└── ForkError    two histories exist for one length: the ledger does not extend a head that was seen before
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

EMPTY = sha256(b"").digest()  # RFC 6962, 2.1: the hash of an empty list


class LedgerError(Exception):
    """The ledger does not hold together."""


class ProofError(LedgerError):
    """An entry is not what its hashes say. `n` is the first such entry."""

    def __init__(self, message: str, *, n: int) -> None:
        super().__init__(f"entry {n}: {message}")
        self.n = n


class ForkError(LedgerError):
    """The ledger does not extend a head that it once had. `n` is the number of entries in that head."""

    def __init__(self, message: str, *, n: int) -> None:
        super().__init__(f"at {n} entries: {message}")
        self.n = n


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How many entries there are, and the chain hash of the last one (32 bytes; `EMPTY` when there is none)."""

    size: int = 0
    hash: bytes = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sealed entry. `n` counts from 0 without gaps; both hashes are 32 bytes."""

    n: int
    leaf: bytes
    leaf_hash: bytes
    chain_hash: bytes

    @property
    def head(self) -> Head:
        """Return the head of a ledger that ends with this entry."""
        return Head(size=self.n + 1, hash=self.chain_hash)


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(0x00 || leaf), 32 bytes. Source: RFC 6962, 2.1."""
    return sha256(b"\x00" + leaf).digest()


def chain_hash(previous: bytes, of_leaf: bytes) -> bytes:
    """Return SHA-256(0x01 || previous || of_leaf), 32 bytes: the interior node of RFC 6962, 2.1."""
    return sha256(b"\x01" + previous + of_leaf).digest()


def extend(head: Head, leaves: Iterable[bytes]) -> Iterator[Entry]:
    """Yield the entries that seal `leaves` in their order after `head`."""
    for leaf in leaves:
        of_leaf = leaf_hash(leaf)
        entry = Entry(n=head.size, leaf=leaf, leaf_hash=of_leaf, chain_hash=chain_hash(head.hash, of_leaf))
        yield entry
        head = entry.head


def verify(entries: Iterable[Entry], *, after: Head | None = None) -> Head:
    """Return the head that `entries` lead to from `after` (default: from the beginning).

    Raises ProofError naming the first entry that is missing, changed, or chained to something else. What the leaves
    say is not looked at; `entries.parse` does that. Cost: two hashes an entry.
    """
    head = after or Head()
    for entry in entries:
        if entry.n != head.size:
            raise ProofError(f"missing; the next one here is {entry.n}", n=head.size)
        # Whoever edits a database by hand leaves text, numbers or nothing where bytes should be.
        if not all(isinstance(value, bytes) for value in (entry.leaf, entry.leaf_hash, entry.chain_hash)):
            raise ProofError("something other than bytes stands here", n=entry.n)
        if leaf_hash(entry.leaf) != entry.leaf_hash:
            raise ProofError("the leaf does not hash to the leaf hash", n=entry.n)
        if chain_hash(head.hash, entry.leaf_hash) != entry.chain_hash:
            raise ProofError("the chain hash does not follow from the entry before", n=entry.n)
        head = entry.head
    return head
