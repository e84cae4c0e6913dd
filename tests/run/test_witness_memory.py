"""The witness with its memory: over HTTP as another implementation asks, and at folders that were tampered with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tocsin.errors import StoreError
from tocsin.ledger import note
from tocsin.ledger.errors import ForkError, LedgerError, ProofError
from tocsin.ledger.note import COSIGNATURE, Checkpoint, from_seed, open_note, parse_vkey, signed
from tocsin.ledger.witness import MAX_REQUEST, Logs
from tocsin.run.witness import Memory, look
from tocsin.web.witness import create_witness

ORIGIN = "tocsin.example/log"
LOG = from_seed(ORIGIN, bytes(range(32)))
SIGNER = from_seed("works-council.example/w", bytes(32), kind=COSIGNATURE)
LOGS: Logs = {ORIGIN: [LOG.verifier]}
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "witness.db") as kept:
        yield kept


def wish(size: int, root: bytes, old: int = 0) -> bytes:
    text = Checkpoint(origin=ORIGIN, size=size, root=root).text
    return f"old {old}\n\n".encode() + signed(text, LOG.sign(text))


def test_first_checkpoint_is_cosigned_over_http(memory: Memory) -> None:
    asked = TestClient(create_witness(memory, LOGS, SIGNER, lambda: NOW))
    body = wish(5, bytes(32))
    answer = asked.post("/add-checkpoint", content=body)
    assert answer.status_code == HTTPStatus.OK
    whole = body.partition(b"\n\n")[2] + answer.content
    assert len(open_note(whole, [LOG.verifier, SIGNER.verifier]).signatures) == 2
    assert memory.seen(ORIGIN) == Checkpoint(origin=ORIGIN, size=5, root=bytes(32))


def test_conflict_says_from_where_to_begin(memory: Memory) -> None:
    asked = TestClient(create_witness(memory, LOGS, SIGNER, lambda: NOW))
    asked.post("/add-checkpoint", content=wish(5, bytes(32)))
    answer = asked.post("/add-checkpoint", content=wish(9, bytes(32)))
    assert (answer.status_code, answer.text) == (HTTPStatus.CONFLICT, "5\n")
    assert answer.headers["content-type"] == "text/x.tlog.size"


@pytest.mark.parametrize("body", [b"", b"nonsense", b"x" * (MAX_REQUEST + 1), b"old 0\n\nno note\n"])
def test_what_is_no_request_is_refused_over_http(memory: Memory, body: bytes) -> None:
    asked = TestClient(create_witness(memory, LOGS, SIGNER, lambda: NOW))
    assert asked.post("/add-checkpoint", content=body).status_code == HTTPStatus.BAD_REQUEST
    assert asked.get("/add-checkpoint").status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_memory_outlives_the_process(tmp_path: Path) -> None:
    for size, status in ((5, HTTPStatus.OK), (6, HTTPStatus.CONFLICT)):
        with Memory(tmp_path / "witness.db") as kept:
            asked = TestClient(create_witness(kept, LOGS, SIGNER, lambda: NOW))
            assert asked.post("/add-checkpoint", content=wish(size, bytes(32))).status_code == status


def test_memory_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "witness.db").write_bytes(b"something else" * 100)
    with pytest.raises(StoreError):
        Memory(tmp_path / "witness.db")


# --- folders ------------------------------------------------------------------------------------------------------


@pytest.fixture
def logs(shared: Path) -> Path:
    return shared / "vectors/tlog/logs"


def known(logs: Path) -> Logs:
    verifier = parse_vkey((logs / "log.vkey").read_text(encoding="utf-8"))
    return {verifier.name: [verifier]}


def seen(logs: Path, name: str, memory: Memory, tmp_path: Path) -> Checkpoint:
    """Return what the witness says to a copy of one of the logs."""
    copy = tmp_path / name
    shutil.copytree(logs / name, copy, dirs_exist_ok=True)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return look(copy, memory=memory, logs=known(logs), signer=SIGNER, now=NOW)


@pytest.mark.shared
def test_log_that_grew_is_cosigned_in_its_folder(logs: Path, memory: Memory, tmp_path: Path) -> None:
    assert seen(logs, "base300", memory, tmp_path).size == 300
    assert seen(logs, "grown420", memory, tmp_path).size == 420
    before = (tmp_path / "grown420/checkpoint").read_bytes()
    look(tmp_path / "grown420", memory=memory, logs=known(logs), signer=SIGNER, now=NOW)
    assert (tmp_path / "grown420/checkpoint").read_bytes() == before, "signed once is enough"
    (verifier,) = next(iter(known(logs).values()))
    opened = open_note((tmp_path / "grown420/checkpoint").read_bytes(), [verifier, SIGNER.verifier])
    assert [one.at for one in opened.signatures if one.verifier == SIGNER.verifier] == [NOW]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["rewritten420", "dropped419", "rolledback250", "splitview300"])
def test_log_that_was_tampered_with_is_not(logs: Path, memory: Memory, tmp_path: Path, name: str) -> None:
    seen(logs, "base300", memory, tmp_path)
    with pytest.raises(ForkError):
        seen(logs, name, memory, tmp_path)
    last = memory.seen(next(iter(known(logs))))
    assert last is not None
    assert last.size == 300


@pytest.mark.shared
@pytest.mark.parametrize("name", ["rewritten420", "dropped419", "rolledback250", "splitview300"])
def test_without_memory_nothing_is_noticed(logs: Path, memory: Memory, tmp_path: Path, name: str) -> None:
    """The negative control: a log signed anew is whole by itself, and only memory tells."""
    assert seen(logs, name, memory, tmp_path).size > 0


@pytest.mark.shared
def test_log_of_another_key_is_not_cosigned(logs: Path, memory: Memory, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(logs / "base300", copy)
    with pytest.raises(ProofError):
        look(copy, memory=memory, logs=LOGS, signer=SIGNER, now=NOW)


def test_folder_without_a_log_is_named(memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="checkpoint is not there"):
        look(tmp_path, memory=memory, logs=LOGS, signer=SIGNER, now=NOW)


def test_note_module_knows_both_kinds() -> None:
    assert {note.ED25519, note.COSIGNATURE} == {1, 4}
