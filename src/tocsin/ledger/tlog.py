"""The Merkle tree of RFC 6962 as arithmetic: which hashes there are, how they combine, what proves what.

No file, no clock, no lock. The world enters through one function, `Read`: give me the hashes of these nodes.

Leaves are counted from 0. A *node* (level, n) is the root of the perfect subtree over the 2**level leaves from
n * 2**level on; a node exists in a tree of n leaves when all of those leaves do. A tree whose size is no power of
two is a row of perfect subtrees of falling size, joined from the right. So every hash that a proof needs is either a
node or a row of nodes joined, and each function below first says which nodes it wants and then asks for all at once.

    leaf hash   SHA-256(0x00 || entry)             Source: RFC 6962, 2.1
    node hash   SHA-256(0x01 || left || right)     Source: RFC 6962, 2.1

Two kinds of failure, never mixed: a proof that proves nothing raises ProofError; a size or index of our own that makes
no sense is an AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from tocsin.ledger.errors import ProofError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves. Source: RFC 6962, 2.1."""


class Node(NamedTuple):
    """The root of a perfect subtree: `level` from 0 (a leaf) to 63, `n` counted among the nodes of its level."""

    level: int
    n: int


Read = Callable[[Sequence[Node]], Sequence[bytes]]
"""Returns the hashes (32 bytes each) of the nodes, in their order. Raises whatever its store raises."""


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry), 32 bytes. Source: RFC 6962, 2.1."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right), 32 bytes. Source: RFC 6962, 2.1."""
    return sha256(b"\x01" + left + right).digest()


# --- making -------------------------------------------------------------------------------------------------------


def grown(size: int, leaf: bytes, read: Read) -> list[tuple[Node, bytes]]:
    """Return the nodes that come to exist when the leaf hash `leaf` is appended to a tree of `size` leaves.

    The first is the leaf itself; each further one closes a perfect subtree. Cost: at most 63 hashes, 2 on average;
    one call of `read` for at most as many nodes.
    """
    levels = _trailing_ones(size)
    lefts = read([Node(level, (size >> level) - 1) for level in range(levels)])
    found = [(Node(0, size), leaf)]
    for level, left in enumerate(lefts, 1):
        found.append((Node(level, size >> level), node_hash(left, found[-1][1])))
    return found


def _trailing_ones(number: int) -> int:
    return (~number & (number + 1)).bit_length() - 1


def root(size: int, read: Read) -> bytes:
    """Return the root hash of the first `size` leaves. Cost: one call of `read` for at most 63 nodes."""
    return _joined(read(row(0, size))) if size else EMPTY_ROOT


def prove_inclusion(index: int, size: int, read: Read) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves, from the leaf upwards.

    Cost: one call of `read` for at most 126 nodes. Source: RFC 6962, 2.1.1.
    """
    assert 0 <= index < size, "no such leaf"
    return _hashes(list(_path(index, 0, size)), read)


def prove_consistency(old: int, size: int, read: Read) -> list[bytes]:
    """Return the proof that the tree of `size` leaves begins with the tree of `old` leaves.

    Cost: one call of `read` for at most 126 nodes. Source: RFC 6962, 2.1.2.
    """
    assert 0 < old <= size, "a tree without leaves is the beginning of every tree, and no longer one of a shorter"
    return _hashes(list(_subproof(old, 0, size, is_whole=True)), read)


def row(low: int, high: int) -> list[Node]:
    """Return the perfect subtrees that make up the leaves from `low` to before `high`, left to right.

    `low` must be where a subtree of the whole row's size can begin: 0, or a multiple of the power of two that is not
    smaller than high - low. All rows that trees and proofs ask for are so.
    """
    nodes = []
    while low < high:
        level = (high - low).bit_length() - 1
        assert low % (1 << level) == 0, "no subtree begins here"
        nodes.append(Node(level, low >> level))
        low += 1 << level
    return nodes


def _joined(hashes: Sequence[bytes]) -> bytes:
    """Return the hash of a row of subtrees, joined from the right."""
    whole = hashes[-1]
    for left in reversed(hashes[:-1]):
        whole = node_hash(left, whole)
    return whole


def _hashes(ranges: Sequence[tuple[int, int]], read: Read) -> list[bytes]:
    """Return the hash of each range of leaves, all asked for at once."""
    rows = [row(low, high) for low, high in ranges]
    hashes = iter(read([node for nodes in rows for node in nodes]))
    return [_joined([next(hashes) for _ in nodes]) for nodes in rows]


def _split(count: int) -> int:
    """Return the largest power of two below `count`: where RFC 6962 parts a tree."""
    return 1 << ((count - 1).bit_length() - 1)


def _path(index: int, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of leaves beside the way from leaf `index` up to the root of `low` to `high`."""
    if high - low == 1:
        return
    middle = low + _split(high - low)
    if index < middle:
        yield from _path(index, low, middle)
        yield middle, high
    else:
        yield from _path(index, middle, high)
        yield low, middle


def _subproof(old: int, low: int, high: int, *, is_whole: bool) -> Iterator[tuple[int, int]]:
    """Yield the ranges of SUBPROOF(old, D[low:high], is_whole). Source: RFC 6962, 2.1.2."""
    if old == high:
        if not is_whole:
            yield low, high
        return
    middle = low + _split(high - low)
    if old <= middle:
        yield from _subproof(old, low, middle, is_whole=is_whole)
        yield middle, high
    else:
        yield from _subproof(old, middle, high, is_whole=False)
        yield low, middle


# --- checking -----------------------------------------------------------------------------------------------------


def check_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless `proof` shows that the leaf hash `leaf` is number `index` of the tree with this root.

    Cost: one hash for each element of the proof. Source: RFC 9162, 2.1.3.2.
    """
    if not 0 <= index < size:
        raise ProofError("the tree has no leaf of this number")
    position, last, whole = index, size - 1, leaf
    for sibling in _checked(proof):
        if last == 0:
            raise ProofError("the proof is longer than the tree is high")
        if position & 1 or position == last:
            whole = node_hash(sibling, whole)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            whole = node_hash(whole, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the proof is shorter than the tree is high")
    if whole != root:
        raise ProofError("the proof leads to another root")


def check_consistency(*, old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofError unless `proof` shows that the tree (size, root) begins with the tree (old, old_root).

    Cost: two hashes for each element of the proof. Source: RFC 9162, 2.1.4.2.
    """
    if not 0 <= old <= size:
        raise ProofError("the newer tree is the smaller one")
    if old in {0, size}:
        expected = EMPTY_ROOT if old == 0 else root
        if proof or old_root != expected:
            raise ProofError("two trees of one size differ, or an empty tree has another root than the empty one")
        return
    elements = list(_checked(proof))
    if not old & (old - 1):
        elements.insert(0, old_root)  # a perfect tree is itself the first element
    if not elements:
        raise ProofError("the proof is empty")
    _climb(old - 1, size - 1, elements, (old_root, root))


def _climb(position: int, last: int, elements: Sequence[bytes], roots: tuple[bytes, bytes]) -> None:
    while position & 1:
        position, last = position >> 1, last >> 1
    older = newer = elements[0]
    for element in elements[1:]:
        if last == 0:
            raise ProofError("the proof is longer than the tree is high")
        if position & 1 or position == last:
            older, newer = node_hash(element, older), node_hash(element, newer)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            newer = node_hash(newer, element)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the proof is shorter than the tree is high")
    if (older, newer) != roots:
        raise ProofError("the proof leads to another root")


def _checked(proof: Sequence[bytes]) -> Iterator[bytes]:
    for element in proof:
        if len(element) != HASH_SIZE:
            raise ProofError("an element of the proof is not 32 bytes")
        yield element
