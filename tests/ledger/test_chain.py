"""The chain: what is sealed verifies, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tocsin import ledger
from tocsin.ledger import EMPTY, Entry, Head, ProofError, extend, leaf_hash, verify
from tocsin.ledger.chain import chain_hash

LEAVES = [f"leaf {number}".encode() for number in range(6)]


def chain(leaves: list[bytes] = LEAVES) -> list[Entry]:
    return list(extend(Head(), leaves))


def test_empty_tree_has_the_hash_of_rfc_6962() -> None:
    # Test vector of Certificate Transparency implementations: the root of an empty tree.
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_leaf_hash_of_an_empty_leaf_is_that_of_rfc_6962() -> None:
    # The same vectors: the leaf hash of the empty string.
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_chain_hash_is_the_node_hash_of_rfc_6962() -> None:
    left, right = sha256(b"left").digest(), sha256(b"right").digest()
    assert chain_hash(left, right) == sha256(b"\x01" + left + right).digest()


def test_leaf_and_node_cannot_be_taken_for_one_another() -> None:
    left, right = sha256(b"left").digest(), sha256(b"right").digest()
    assert leaf_hash(left + right) != chain_hash(left, right)


def test_empty_ledger_verifies() -> None:
    assert verify([]) == Head(size=0, hash=EMPTY)


def test_first_entry_follows_the_empty_tree() -> None:
    (entry,) = chain([b"x"])
    assert entry == Entry(n=0, leaf=b"x", leaf_hash=leaf_hash(b"x"), chain_hash=chain_hash(EMPTY, leaf_hash(b"x")))
    assert entry.head == Head(size=1, hash=entry.chain_hash)


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_every_beginning_verifies_and_can_be_gone_on_with(size: int) -> None:
    head = verify(chain()[:size])
    assert head.size == size
    assert list(extend(head, LEAVES[size:])) == chain()[size:]
    assert verify(chain()[size:], after=head) == chain()[-1].head


@pytest.mark.parametrize("n", range(len(LEAVES)))
@pytest.mark.parametrize("field", ["leaf", "leaf_hash", "chain_hash"])
@pytest.mark.parametrize("bit", [0, 7])
def test_flipped_bit_is_found_at_its_entry(n: int, field: str, bit: int) -> None:
    entries = chain()
    value = bytearray(getattr(entries[n], field))
    value[0] ^= 1 << bit
    changes: dict[str, Any] = {field: bytes(value)}
    entries[n] = replace(entries[n], **changes)
    with pytest.raises(ProofError) as caught:
        verify(entries)
    assert caught.value.n == n


@pytest.mark.parametrize("n", range(len(LEAVES) - 1))
def test_dropped_entry_is_found(n: int) -> None:
    entries = chain()
    del entries[n]
    with pytest.raises(ProofError) as caught:
        verify(entries)
    assert caught.value.n == n


@pytest.mark.parametrize("n", range(len(LEAVES) - 1))
def test_swapped_entries_are_found(n: int) -> None:
    entries = chain()
    entries[n], entries[n + 1] = entries[n + 1], entries[n]
    with pytest.raises(ProofError) as caught:
        verify(entries)
    assert caught.value.n == n


@pytest.mark.parametrize("n", range(1, len(LEAVES)))
def test_rewritten_entry_breaks_the_chain_after_it(n: int) -> None:
    """Whoever rewrites an entry with all its own hashes is found at the next one, or by a head kept elsewhere."""
    entries = chain()
    before = verify(entries[: n - 1])
    (forged,) = extend(before, [b"forged"])
    entries[n - 1] = forged
    with pytest.raises(ProofError) as caught:
        verify(entries)
    assert caught.value.n == n


def test_other_history_does_not_follow_a_kept_head() -> None:
    kept = verify(chain()[:3])
    other = chain([b"other", *LEAVES[1:]])
    with pytest.raises(ProofError) as caught:
        verify(other[3:], after=kept)
    assert caught.value.n == 3


def test_errors_are_ledger_errors() -> None:
    assert issubclass(ledger.ProofError, ledger.LedgerError)
    assert issubclass(ledger.ForkError, ledger.LedgerError)
    assert str(ledger.ProofError("x", n=3)) == "entry 3: x"
    assert str(ledger.ForkError("x", n=3)) == "at 3 entries: x"


def test_public_names_are_listed_in_order() -> None:
    constants = [name for name in ledger.__all__ if name.isupper()]
    classes = [name for name in ledger.__all__ if name[0].isupper() and not name.isupper()]
    functions = [name for name in ledger.__all__ if name.islower()]
    assert ledger.__all__ == [*sorted(constants), *sorted(classes), *sorted(functions)]
