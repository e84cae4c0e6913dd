from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin.ledger import proof
from tocsin.ledger.errors import FormatError, LedgerError, ProofError
from tocsin.ledger.note import COSIGNATURE, Checkpoint, from_seed, parse_vkey, signed
from tocsin.ledger.proof import Proof
from tocsin.ledger.tlog import Node, grown, leaf_hash, prove_inclusion, root

LOG = from_seed("tocsin.example/log", bytes(range(32)))
WITNESS = from_seed("dpo.example/w", bytes(32), kind=COSIGNATURE)
SIZE, INDEX = 11, 6
NODES: dict[Node, bytes] = {}


def read(nodes: Sequence[Node]) -> list[bytes]:
    return [NODES[node] for node in nodes]


for number in range(SIZE):
    NODES.update(grown(number, leaf_hash(b"%d" % number), read))
CHECKPOINT = Checkpoint(origin="tocsin.example/log", size=SIZE, root=root(SIZE, read))
COSIGNED = WITNESS.sign(CHECKPOINT.text, at=datetime(2026, 11, 25, tzinfo=UTC))
SIGNED = signed(CHECKPOINT.text, LOG.sign(CHECKPOINT.text), COSIGNED)
PROOF = Proof(index=INDEX, path=tuple(prove_inclusion(INDEX, SIZE, read)), signed=SIGNED)
FILE = proof.write(PROOF)


def test_file_and_back() -> None:
    assert proof.parse(FILE) == PROOF


def test_entry_is_proved_with_who_vouches_for_it() -> None:
    checkpoint, vouching = proof.check(PROOF, b"6", log=LOG.verifier, witnesses=[WITNESS.verifier])
    assert checkpoint == CHECKPOINT
    assert [one.verifier.name for one in vouching] == ["tocsin.example/log", "dpo.example/w"]


def test_another_entry_is_not_proved() -> None:
    with pytest.raises(ProofError):
        proof.check(PROOF, b"7", log=LOG.verifier)


def test_another_log_is_not_this_one() -> None:
    other = from_seed("other.example/log", bytes(32))
    text = CHECKPOINT.text
    foreign = Proof(index=INDEX, path=PROOF.path, signed=signed(text, other.sign(text)))
    with pytest.raises(ProofError, match="not this log's"):
        proof.check(foreign, b"6", log=other.verifier)


def test_witness_alone_does_not_make_a_log() -> None:
    alone = Proof(index=INDEX, path=PROOF.path, signed=signed(CHECKPOINT.text, COSIGNED))
    with pytest.raises(ProofError, match="not this log's"):
        proof.check(alone, b"6", log=LOG.verifier, witnesses=[WITNESS.verifier])


@pytest.mark.parametrize("at", range(0, len(FILE), 3))
def test_flipped_byte_is_refused_or_costs_the_witness(at: int) -> None:
    changed = bytearray(FILE)
    changed[at] ^= 1
    try:
        _, vouching = proof.check(proof.parse(bytes(changed)), b"6", log=LOG.verifier, witnesses=[WITNESS.verifier])
    except LedgerError:
        return
    # In the name or the key id of the second signature: that of somebody who is not known.
    assert [one.verifier for one in vouching] == [LOG.verifier]
    assert at >= FILE.index(b"dpo.example") - len("\u2014 ".encode())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(FILE.replace(b"@v1", b"@v2"), id="version"),
        pytest.param(FILE.replace(b"index 6", b"index 06"), id="zero-before-the-index"),
        pytest.param(FILE.replace(b"index 6", b"number 6"), id="no-index"),
        pytest.param(FILE.replace(b"index 6\n", b"index 6\n!\n"), id="no-base64"),
        pytest.param(b"\xff" + FILE, id="not-ascii"),
    ],
)
def test_what_is_no_proof_file_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        proof.parse(body)


@pytest.mark.shared
def test_proof_files_of_others(shared: Path) -> None:
    folder = shared / "vectors/tlog/proofs"
    logs = shared / "vectors/tlog/logs"
    log = parse_vkey((logs / "log.vkey").read_text(encoding="utf-8"))
    witnesses = [parse_vkey(line) for line in (logs / "witness.vkeys").read_text(encoding="utf-8").split()]
    holds = {}
    for path in sorted(folder.glob("*.tlog-proof")):
        try:
            entry = path.with_suffix(".leaf").read_bytes()
            _, vouching = proof.check(proof.parse(path.read_bytes()), entry, log=log, witnesses=witnesses)
            holds[path.stem] = len(vouching) == 3
        except LedgerError:
            holds[path.stem] = False
    assert len(holds) == 5
    assert holds == {name: not name.startswith("bad_") for name in holds}
