from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tocsin.ledger import witness
from tocsin.ledger.errors import ForkError, FormatError
from tocsin.ledger.note import COSIGNATURE, ED25519, Checkpoint, Verifier, from_seed, open_note, parse_vkey, signed
from tocsin.ledger.tlog import EMPTY_ROOT, Node, grown, leaf_hash, prove_consistency, root
from tocsin.ledger.witness import Answer, Logs, Request, judge, origin_of, parse

ORIGIN = "tocsin.example/log"
LOG = from_seed(ORIGIN, bytes(range(32)))
WITNESS = from_seed("works-council.example/w", bytes(32), kind=COSIGNATURE)
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
LOGS: Logs = {ORIGIN: [LOG.verifier]}
SIZE = 40
NODES: dict[Node, bytes] = {}


def read(nodes: Sequence[Node]) -> list[bytes]:
    return [NODES[node] for node in nodes]


for number in range(SIZE):
    NODES.update(grown(number, leaf_hash(b"%d" % number), read))


def checkpoint(size: int) -> Checkpoint:
    return Checkpoint(origin=ORIGIN, size=size, root=root(size, read))


def request(old: int, size: int, **changed: Any) -> Request:
    text = checkpoint(size).text
    proof = tuple(prove_consistency(old, size, read)) if 0 < old <= size else ()
    return replace(Request(old=old, proof=proof, signed=signed(text, LOG.sign(text))), **changed)


def asked(wish: Request, seen: int | None) -> Answer:
    last = checkpoint(seen) if seen is not None else None
    return judge(wish, logs=LOGS, seen=last, signer=WITNESS, now=NOW)


@pytest.mark.parametrize(("seen", "size"), [(None, 1), (None, SIZE), (1, 2), (7, SIZE), (8, 16), (SIZE, SIZE)])
def test_growth_is_cosigned_and_remembered(seen: int | None, size: int) -> None:
    wish = request(seen or 0, size)
    answer = asked(wish, seen)
    assert (answer.status, answer.remember) == (HTTPStatus.OK, checkpoint(size))
    cosigned = open_note(wish.signed + answer.body.encode(), [LOG.verifier, WITNESS.verifier])
    assert {one.verifier.name: one.at for one in cosigned.signatures}[WITNESS.verifier.name] == NOW


FORK = Checkpoint(origin=ORIGIN, size=7, root=leaf_hash(b"another history"))


@pytest.mark.parametrize(
    ("wish", "seen", "status", "body"),
    [
        pytest.param(request(9, 8), 9, HTTPStatus.BAD_REQUEST, "", id="backwards"),
        pytest.param(request(6, SIZE), 7, HTTPStatus.CONFLICT, "7\n", id="begins-elsewhere"),
        pytest.param(request(0, SIZE), 7, HTTPStatus.CONFLICT, "7\n", id="begins-anew"),
        pytest.param(
            request(7, 7, signed=signed(FORK.text, LOG.sign(FORK.text))), 7, HTTPStatus.CONFLICT, "7\n", id="fork"
        ),
        pytest.param(request(7, SIZE, proof=()), 7, HTTPStatus.UNPROCESSABLE_ENTITY, "", id="no-proof"),
        pytest.param(
            request(7, SIZE, proof=(EMPTY_ROOT,) * 6), 7, HTTPStatus.UNPROCESSABLE_ENTITY, "", id="false-proof"
        ),
        pytest.param(request(0, 5, signed=b"no note"), None, HTTPStatus.BAD_REQUEST, "", id="no-note"),
        pytest.param(
            request(0, 5, signed=signed("a\nb\n", LOG.sign("a\nb\n"))),
            None,
            HTTPStatus.BAD_REQUEST,
            "",
            id="no-checkpoint",
        ),
    ],
)
def test_refused(wish: Request, seen: int | None, status: HTTPStatus, body: str) -> None:
    answer = asked(wish, seen)
    assert (answer.status, answer.body, answer.is_size, answer.remember) == (status, body, bool(body), None)


@pytest.mark.parametrize(
    ("origin", "seed", "status"),
    [
        pytest.param(ORIGIN, bytes(32), HTTPStatus.FORBIDDEN, id="another-key"),
        pytest.param("else.example/log", bytes(32), HTTPStatus.NOT_FOUND, id="unknown-log"),
    ],
)
def test_log_that_is_not_known_is_refused(origin: str, seed: bytes, status: HTTPStatus) -> None:
    text = Checkpoint(origin=origin, size=1, root=bytes(32)).text
    wish = Request(old=0, proof=(), signed=signed(text, from_seed(origin, seed).sign(text)))
    assert asked(wish, None).status is status


def test_known_key_under_another_name_is_refused() -> None:
    text = Checkpoint(origin="else.example/log", size=1, root=bytes(32)).text
    line = f"\u2014 else.example/log {base64.b64encode(LOG.verifier.id + bytes(64)).decode()}\n"
    assert asked(Request(old=0, proof=(), signed=signed(text, line)), None).status is HTTPStatus.FORBIDDEN


BODY = b"old 7\n" + base64.b64encode(EMPTY_ROOT) + b"\n\nnote"


def test_parse() -> None:
    assert parse(BODY) == Request(old=7, proof=(EMPTY_ROOT,), signed=b"note")
    assert parse(b"old 0\n\n").proof == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old\n\n",
        b"old 07\n\n",
        b"old -1\n\n",
        b"new 7\n\n",
        b"old 7\n!\n\n",
        b"old 7\nAAAA\n\n",
        b"\xff\n\n",
        b"old 7\n" + (base64.b64encode(EMPTY_ROOT) + b"\n") * 64 + b"\n",
        b"old 7\n\n" + bytes(witness.MAX_REQUEST),
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        parse(body)


def test_origin_of() -> None:
    assert origin_of(request(0, 5)) == ORIGIN


def test_fork_error_names_the_size() -> None:
    assert ForkError("two roots", size=7).size == 7


@pytest.mark.shared
def test_exchange_of_another_implementation(shared: Path) -> None:
    exchanges = json.loads((shared / "vectors/tlog/witness_exchange.json").read_text(encoding="utf-8"))
    words = re.split(r"[ ;,]+", exchanges["note"])
    hexed = next(word for word in words if len(word) == 64)
    sumdb = next(word for word in words if word.startswith("sum.golang.org+"))
    sigsum = origin_of(parse(exchanges["exchanges"][0]["body"].encode()))
    logs = {
        sigsum: [Verifier(name=sigsum, kind=ED25519, key=bytes.fromhex(hexed))],
        "go.sum database tree": [parse_vkey(sumdb)],
    }
    seen: dict[str, Checkpoint] = {}
    for exchange in sorted(exchanges["exchanges"], key=lambda one: one["seq"]):
        wish = parse(exchange["body"].encode())
        answer = judge(wish, logs=logs, seen=seen.get(origin_of(wish)), signer=WITNESS, now=NOW)
        assert answer.status == exchange["status"], exchange["seq"]
        if answer.remember:
            seen[answer.remember.origin] = answer.remember
