"""Side trees: what a leaf says, that neither its place nor the count says anything, and that its path proves it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest

from tocsin.ledger import LedgerError
from tocsin.ledger.items import ItemLeaf, path, root, side_tree
from tocsin.ledger.tlog import check_inclusion, leaf_hash

RULESET = "0f" * 32


def one(number: int, **changes: str) -> ItemLeaf:
    fields = {"day": "2021-12-11", "ruleset": RULESET, **changes}
    return ItemLeaf(day=fields["day"], ruleset=fields["ruleset"], commitment=number.to_bytes(32, "big"))


def noise() -> Callable[[int], bytes]:
    numbers = itertools.count(10**6)
    return lambda size: next(numbers).to_bytes(size, "big")


def tree(count: int) -> tuple[bytes, ...]:
    return side_tree(map(one, range(count)), blank=one(0), noise=noise())


def test_leaf_says_no_more_than_n9_allows() -> None:
    expected = {"v": 1, "day": "2021-12-11", "ruleset": RULESET, "commitment": "00" * 31 + "07"}
    assert json.loads(one(7).leaf) == expected
    assert one(7).leaf == json.dumps(expected, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize("changes", [{"day": "today"}, {"ruleset": "a sentence"}, {"ruleset": ""}], ids=str)
def test_leaf_outside_the_schema_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(LedgerError, match=r"^item\.(day|ruleset): not what the schema allows$"):
        one(0, **changes).leaf  # noqa: B018


@pytest.mark.parametrize(
    ("count", "size"), [(0, 16), (1, 16), (15, 16), (16, 16), (17, 32), (32, 32), (33, 64), (1000, 1024)]
)
def test_count_shows_as_a_power_of_two_only(count: int, size: int) -> None:
    assert len(tree(count)) == size


def test_leaves_stand_in_the_order_of_their_commitments() -> None:
    ordered = side_tree([one(number) for number in (9, 3, 7)], blank=one(0), noise=noise())
    assert ordered[:3] == tuple(leaf_hash(one(number).leaf) for number in (3, 7, 9))


def test_same_leaf_twice_stands_once() -> None:
    assert side_tree([one(3), one(3)], blank=one(0), noise=noise()) == side_tree([one(3)], blank=one(0), noise=noise())


@pytest.mark.parametrize("count", [0, 5, 16, 40])
def test_path_of_every_leaf_leads_to_the_root(count: int) -> None:
    hashes = tree(count)
    for index, leaf in enumerate(hashes):
        check_inclusion(leaf, index=index, size=len(hashes), proof=path(hashes, index), root=root(hashes))
