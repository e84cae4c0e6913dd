"""Side trees: the leaves of single items, of which the log itself holds only a root.

An item leaf is {v, day, ruleset, commitment} and nothing else. Neither its number nor its place says anything: leaves
are sorted by their commitment, which is noise, and filled up with leaves of random commitments to a power of two, at
least 16, so that not even their count shows. Whoever is shown one leaf and its path can check it against the root, and
learns nothing of the others. The tree is that of RFC 6962, always a perfect one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tocsin.ledger import entries
from tocsin.ledger.errors import LedgerError
from tocsin.ledger.tlog import HASH_SIZE, leaf_hash, node_hash

LEAST_LEAVES = 16
FIELDS = {"day": entries.DAY, "ruleset": entries.NUMBER, "commitment": entries.HASH}
"""What an item leaf holds beside `v`. Source: NEUTRALITY declaration, N9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLeaf:
    """What is recorded of one item: on which day, under which rules, and a commitment of 32 bytes."""

    day: str
    ruleset: str
    commitment: bytes

    @property
    def leaf(self) -> bytes:
        """Return the canonical bytes. Raises LedgerError when a field is not what the schema allows."""
        return entries.canonical({"v": entries.VERSION, **self.check()})

    def check(self) -> dict[str, str]:
        """Return the fields as they are written. Raises LedgerError when one is not what the schema allows."""
        body = {"day": self.day, "ruleset": self.ruleset, "commitment": self.commitment.hex()}
        for name, field in FIELDS.items():
            if not entries.fits(body[name], field):
                raise LedgerError(f"item.{name}: not what the schema allows")
        return body


def side_tree(leaves: Iterable[ItemLeaf], *, blank: ItemLeaf, noise: Callable[[int], bytes]) -> tuple[bytes, ...]:
    """Return the leaf hashes of the side tree of `leaves`, filled up: 16 or a larger power of two.

    What fills it is like `blank` but for the commitment, which `noise` gives: so many random bytes.
    """
    found = {one.commitment: leaf_hash(one.leaf) for one in leaves}
    size = max(LEAST_LEAVES, 1 << (len(found) - 1).bit_length() if found else 0)
    while len(found) < size:
        filling = ItemLeaf(day=blank.day, ruleset=blank.ruleset, commitment=noise(HASH_SIZE))
        found[filling.commitment] = leaf_hash(filling.leaf)
    return tuple(found[commitment] for commitment in sorted(found))


def root(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a side tree of these leaf hashes. Cost: a hash for each."""
    return _levels(hashes)[-1][0]


def path(hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the audit path of leaf `index`, from the leaf upwards. Cost: a hash for each leaf."""
    return tuple(level[(index >> height) ^ 1] for height, level in enumerate(_levels(hashes)[:-1]))


def _levels(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    assert len(hashes).bit_count() == 1, "a side tree is perfect"
    levels: list[Sequence[bytes]] = [hashes]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below), 2)])
    return levels
