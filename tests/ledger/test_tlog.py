"""One tree grown leaf by leaf: at each size every proof is made, checked, and refused when a bit of it is flipped."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.ledger.errors import ProofError
from tocsin.ledger.tlog import (
    EMPTY_ROOT,
    Node,
    check_consistency,
    check_inclusion,
    grown,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root,
    row,
)

LEAVES = 70


class Tree:
    """A tree in memory: a dictionary of nodes, and the roots it had."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.nodes: dict[Node, bytes] = {}
        self.leaves: list[bytes] = []
        self.roots = [EMPTY_ROOT]
        for entry in entries:
            self.nodes.update(grown(len(self.leaves), leaf_hash(entry), self.read))
            self.leaves.append(leaf_hash(entry))
            self.roots.append(root(len(self.leaves), self.read))

    def read(self, nodes: Sequence[Node]) -> list[bytes]:
        return [self.nodes[node] for node in nodes]


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """Return MTH as RFC 6962, 2.1 writes it."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(plain_root(leaves[:split]), plain_root(leaves[split:]))


TREE = Tree([f"entry {number}".encode() for number in range(LEAVES)])


def flipped(hashes: Sequence[bytes], at: int, bit: int) -> list[bytes]:
    changed = bytearray(hashes[at])
    changed[bit // 8] ^= 1 << bit % 8
    return [*hashes[:at], bytes(changed), *hashes[at + 1 :]]


@pytest.mark.parametrize("size", range(LEAVES + 1))
def test_root_is_that_of_the_definition(size: int) -> None:
    assert TREE.roots[size] == plain_root(TREE.leaves[:size])


@pytest.mark.parametrize("size", range(1, LEAVES + 1))
def test_every_leaf_is_proved_and_nothing_else(size: int) -> None:
    for index in range(size):
        proof = prove_inclusion(index, size, TREE.read)
        told: dict[str, Any] = {"index": index, "size": size, "root": TREE.roots[size]}
        check_inclusion(TREE.leaves[index], proof=proof, **told)
        refused = [flipped(proof, at, (index * 7 + at) % 256) for at in range(len(proof))]
        refused += [[*proof, EMPTY_ROOT], [EMPTY_ROOT, *proof], *([proof[:-1], proof[1:]] if proof else [])]
        for wrong in refused:
            with pytest.raises(ProofError):
                check_inclusion(TREE.leaves[index], proof=wrong, **told)
        with pytest.raises(ProofError):
            check_inclusion(TREE.leaves[index], proof=proof, **told | {"root": flipped([TREE.roots[size]], 0, 9)[0]})
        with pytest.raises(ProofError):
            check_inclusion(leaf_hash(b"another"), proof=proof, **told)


@pytest.mark.parametrize("size", range(1, LEAVES + 1))
def test_every_beginning_is_proved_and_nothing_else(size: int) -> None:
    for old in range(1, size + 1):
        proof = prove_consistency(old, size, TREE.read)
        told: dict[str, Any] = {"old": old, "old_root": TREE.roots[old], "size": size, "root": TREE.roots[size]}
        check_consistency(proof=proof, **told)
        refused = [flipped(proof, at, (old * 5 + at) % 256) for at in range(len(proof))]
        refused += [[*proof, EMPTY_ROOT], *([proof[:-1]] if proof else [])]
        for wrong in refused:
            with pytest.raises(ProofError):
                check_consistency(proof=wrong, **told)
        with pytest.raises(ProofError):
            check_consistency(proof=proof, **told | {"old_root": flipped([TREE.roots[old]], 0, 3)[0]})
        if old < size:
            with pytest.raises(ProofError):
                check_consistency(proof=proof, **told | {"root": flipped([TREE.roots[size]], 0, 3)[0]})


def test_every_tree_begins_with_the_empty_one() -> None:
    check_consistency(old=0, old_root=EMPTY_ROOT, size=5, root=TREE.roots[5], proof=[])
    with pytest.raises(ProofError):
        check_consistency(old=0, old_root=TREE.roots[1], size=5, root=TREE.roots[5], proof=[])


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"old": 6, "size": 5}, id="newer-is-smaller"),
        pytest.param({"old": -1, "size": 5}, id="below-nothing"),
        pytest.param({"old": 3, "size": 5}, id="no-proof"),
    ],
)
def test_consistency_of_impossible_sizes_is_refused(told: dict[str, int]) -> None:
    with pytest.raises(ProofError):
        check_consistency(old_root=TREE.roots[3], root=TREE.roots[5], proof=[], **told)


@pytest.mark.parametrize("index", [-1, 5, 6, 2**70])
def test_leaf_that_the_tree_has_not_is_refused(index: int) -> None:
    with pytest.raises(ProofError):
        check_inclusion(TREE.leaves[0], index=index, size=5, proof=[], root=TREE.roots[5])


def test_element_of_another_length_is_refused() -> None:
    proof = prove_inclusion(0, 2, TREE.read)
    with pytest.raises(ProofError, match="32 bytes"):
        check_inclusion(TREE.leaves[0], index=0, size=2, proof=[proof[0][:31]], root=TREE.roots[2])


@given(low=st.integers(0, 6).map(lambda n: n * 1024), count=st.integers(0, 1024))
def test_row_covers_exactly_its_leaves(low: int, count: int) -> None:
    covered = [leaf for level, index in row(low, low + count) for leaf in range(index << level, (index + 1) << level)]
    assert covered == list(range(low, low + count))


def test_leaf_and_node_cannot_be_taken_for_one_another() -> None:
    assert leaf_hash(TREE.leaves[0] + TREE.leaves[1]) != node_hash(TREE.leaves[0], TREE.leaves[1])


# --- vectors of others --------------------------------------------------------------------------------------------


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def decoded(hashes: Sequence[str] | None) -> list[bytes]:
    return [base64.b64decode(one) for one in hashes or ()]


@pytest.mark.shared
def test_inclusion_vectors_of_others(shared: Path) -> None:
    wrong = []
    for case in lines(shared / "vectors/tlog/merkle_inclusion.jsonl"):
        try:
            check_inclusion(
                base64.b64decode(case["leafHash"]),
                index=case["leafIdx"],
                size=case["treeSize"],
                proof=decoded(case["proof"]),
                root=base64.b64decode(case["root"]),
            )
            is_refused = False
        except ProofError:
            is_refused = True
        if is_refused is not case["wantErr"]:
            wrong.append(case["case"])
    # The first uses a leaf and a root of no bytes, the one degenerate case that a strict verifier may refuse.
    assert [name for name in wrong if "empty-root-and-leaf" not in name] == []


@pytest.mark.shared
@pytest.mark.parametrize("name", ["merkle_consistency.jsonl", "consistency_own.jsonl"])
def test_consistency_vectors_of_others(shared: Path, name: str) -> None:
    wrong = []
    for number, case in enumerate(lines(shared / "vectors/tlog" / name)):
        try:
            check_consistency(
                old=case["size1"],
                old_root=base64.b64decode(case["root1"]),
                size=case["size2"],
                root=base64.b64decode(case["root2"]),
                proof=decoded(case["proof"]),
            )
            is_refused = False
        except ProofError:
            is_refused = True
        if is_refused is not case["wantErr"]:
            wrong.append(case.get("case", str(number)))
    assert [name for name in wrong if "sizes-are-equal-one-and-proof-is-empty" not in name] == []


@pytest.mark.shared
def test_roots_of_certificate_transparency(shared: Path) -> None:
    vectors = json.loads((shared / "vectors/tlog/rfc6962_roots.json").read_text(encoding="utf-8"))
    tree = Tree([bytes.fromhex(entry) for entry in vectors["leaves_hex"]])
    assert [one.hex() for one in tree.roots] == vectors["roots_hex_by_size"]
