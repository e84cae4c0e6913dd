"""What an entry may say: the closed schema, and its one canonical form."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tocsin.ledger import KINDS, MAX_LEAF, LedgerError, check, leaf, parse
from tocsin.ledger.entries import CHANNEL_CLASSES, DELIVERIES, Field

HASH = "0f" * 32

SAMPLES: dict[str, dict[str, Any]] = {
    "declaration": {"minute": "2021-12-11T02:14Z", "hash": HASH},
    "start": {"minute": "2021-12-11T02:14Z", "release": "0.1.0", "ruleset": HASH, "catalogue": HASH},
    "source": {
        "minute": "2021-12-11T02:14Z",
        "act": "removed",
        "source": HASH,
        "url": HASH,
        "issuer_class": "official_transit",
        "origin": "catalogue",
    },
    "batch": {
        "minute": "2021-12-11T02:14Z",
        "source": HASH,
        "ruleset": HASH,
        "seen": 120,
        "kept": 2,
        "items_root": HASH,
    },
    "sum": {"hour": "2021-12-11T02:00Z", "batches": 3, "seen": 360, "kept": 4, "notices": 1, "items_root": HASH},
    "event": {"day": "2021-12-11", "act": "new", "commitment": HASH},
    "notice": {
        "minute": "2021-12-11T02:14Z",
        "notice": HASH,
        "reason": "seeing-again",
        "level": 4,
        "about": 12,
        "channel_class": "webhook",
        "places": 2**53 - 1,
        "commitment": HASH,
    },
    "delivery": {"minute": "2021-12-11T02:14Z", "notice": HASH, "state": "given-up", "attempts": 12},
    "purge": {"day": "2021-12-11", "events": 12, "notices": 0},
    "key-destroyed": {"day": "2021-12-11"},
    "clock-jump": {"minute": "2021-12-11T02:14Z", "direction": "ahead", "seconds": 10800},
    "key-rotated": {"minute": "2021-12-11T02:14Z", "old": HASH, "new": HASH},
    "announce": {"day": "2021-12-11", "subject": "declaration", "hash": HASH, "effective": "2022-01-11"},
    "drill": {"minute": "2021-12-11T02:14Z", "canaries": 226, "found": 0},
    "breach": {"minute": "2021-12-11T02:14Z", "clause": "N12", "act": "repaired"},
}


def body(kind: str, **changes: Any) -> dict[str, Any]:
    return {"v": 1, "kind": kind, **SAMPLES[kind], **changes}


KINDS_AND_FIELDS = [pytest.param(kind, name, id=f"{kind}.{name}") for kind in KINDS for name in KINDS[kind]]


def test_every_kind_has_a_sample() -> None:
    assert SAMPLES.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_sample_reads_as_it_was_written(kind: str) -> None:
    assert parse(leaf(body(kind))) == body(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_longest_entry_of_a_kind_fits(kind: str) -> None:
    assert len(leaf(body(kind))) <= MAX_LEAF // 2


def test_leaf_is_sorted_compact_ascii() -> None:
    expected = f'{{"act":"new","commitment":"{HASH}","day":"2021-12-11","kind":"event","v":1}}'
    assert leaf(body("event")) == expected.encode()


# --- the linter: no field can hold words --------------------------------------------------------------------------


def can_hold(field: Field, text: str) -> bool:
    if isinstance(field, re.Pattern):
        return field.fullmatch(text) is not None
    return isinstance(field, frozenset) and text in field


FORBIDDEN = [
    pytest.param("", id="nothing"),
    pytest.param("Dudley", id="name"),
    pytest.param("a march on the bridge", id="sentence"),
    pytest.param("strike", id="topic"),
    pytest.param("desk@example.org", id="address"),
    pytest.param("+44 20 7946 0000", id="telephone"),
    pytest.param("02079460000", id="telephone-digits"),
    pytest.param("38.7,-90.0", id="coordinates"),
    pytest.param("https://example.org/x", id="link"),
    pytest.param("2021-12-11T02:14:30Z", id="finer-than-a-minute"),
    pytest.param("2021-12-11\n", id="line-end"),
    pytest.param("२०२१-१२-११", id="digits-of-another-script"),
]


@pytest.mark.parametrize(("kind", "name"), KINDS_AND_FIELDS)
@pytest.mark.parametrize("text", FORBIDDEN)
def test_no_field_takes_words(kind: str, name: str, text: str) -> None:
    field = KINDS[kind][name]
    if name in {"notice", "ruleset"} and text.isdigit():
        return  # a number in hex may look like a telephone's; these two are hashes of our own
    with pytest.raises(LedgerError) as caught:
        check(body(kind, **{name: text}))
    assert str(caught.value) == f"{kind}.{name}: not what the schema allows"
    assert field is int or not can_hold(field, text) or not text.isascii()


@pytest.mark.parametrize(("kind", "name"), KINDS_AND_FIELDS)
@pytest.mark.parametrize("value", [None, True, 1.5, -1, 2**53, [], {}, ["new"]], ids=repr)
def test_no_field_takes_another_type(kind: str, name: str, value: Any) -> None:
    with pytest.raises(LedgerError):
        check(body(kind, **{name: value}))


def test_closed_sets_are_single_words() -> None:
    words = {word for fields in KINDS.values() for one in fields.values() if isinstance(one, frozenset) for word in one}
    assert all(re.fullmatch(r"[a-z]+([-_][a-z]+)*|N[0-9]+", word) for word in words)
    assert words >= CHANNEL_CLASSES | DELIVERIES


@pytest.mark.parametrize(("kind", "name"), KINDS_AND_FIELDS)
def test_no_field_may_be_missing(kind: str, name: str) -> None:
    short = body(kind)
    del short[name]
    with pytest.raises(LedgerError, match=f"^{kind}: must hold exactly"):
        check(short)


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_may_be_added(kind: str) -> None:
    with pytest.raises(LedgerError, match=f"^{kind}: must hold exactly"):
        check(body(kind, note="secret"))


@pytest.mark.parametrize("v", [None, 0, 2, True, 1.0, "1"], ids=repr)
def test_other_versions_are_refused(v: Any) -> None:
    with pytest.raises(LedgerError, match=r"^v:"):
        check(body("purge", v=v))


@pytest.mark.parametrize("kind", [None, "secret", 1, ["start"]], ids=repr)
def test_other_kinds_are_refused_without_quoting(kind: Any) -> None:
    with pytest.raises(LedgerError, match=r"^kind: not one of the closed list$"):
        check({"v": 1, "kind": kind})


# --- reading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="no-utf-8"),
        pytest.param(b"[" * MAX_LEAF, id="deep"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="empty-object"),
        pytest.param(b" " * (MAX_LEAF + 1), id="long"),
        pytest.param(json.dumps(body("purge")).encode(), id="blanks"),
        pytest.param(leaf(body("purge")) + b"\n", id="line-end"),
        pytest.param(leaf(body("purge")).replace(b'"v":1', b'"v":1,"v":1'), id="said-twice"),
        pytest.param(leaf(body("purge")).replace(b"12", b"12e0"), id="exponent"),
        pytest.param(leaf(body("purge")).replace(b"purge", b"\\u0070urge"), id="escape"),
    ],
)
def test_only_the_canonical_form_is_read(text: bytes) -> None:
    with pytest.raises(LedgerError):
        parse(text)


@pytest.mark.parametrize("size", [MAX_LEAF - 1, MAX_LEAF, MAX_LEAF + 1])
def test_limit_of_a_leaf(size: int) -> None:
    message = "at most 1024 bytes" if size > MAX_LEAF else "not JSON"
    with pytest.raises(LedgerError, match=message):
        parse(b" " * size)
