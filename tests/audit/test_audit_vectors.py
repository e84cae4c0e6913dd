"""The auditor on vectors made by others: Merkle proofs, signed notes, Ed25519 at its edges, whole logs."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

import tocsin_audit
from tocsin_audit import Broken, Key

pytestmark = pytest.mark.shared


@pytest.fixture(scope="session")
def tlog(shared: Path) -> Path:
    return shared / "vectors" / "tlog"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def hashes(texts: list[str] | None) -> list[bytes]:
    return [base64.b64decode(text) for text in texts or []]


def test_roots_of_rfc6962(tlog: Path) -> None:
    facts = json.loads((tlog / "rfc6962_roots.json").read_text(encoding="utf-8"))
    leaves = [tocsin_audit.sha256(tocsin_audit.LEAF, bytes.fromhex(leaf)) for leaf in facts["leaves_hex"]]
    for size, root in enumerate(facts["roots_hex_by_size"]):
        assert tocsin_audit.root_of(leaves[:size]).hex() == root
    assert tocsin_audit.sha256(tocsin_audit.LEAF, b"L123456").hex() == facts["leaf_hash_L123456"]
    assert tocsin_audit.sha256(tocsin_audit.NODE, b"N123", b"N456").hex() == facts["node_hash_N123_N456"]


def included(row: dict[str, Any]) -> bool:
    leaf, root, steps = base64.b64decode(row["leafHash"]), base64.b64decode(row["root"]), hashes(row["proof"])
    if any(len(each) != 32 for each in (leaf, root, *steps)):  # the program's unbase64 refuses these before
        return False
    try:
        return tocsin_audit.included_root(row["leafIdx"], row["treeSize"], leaf, steps) == root
    except ValueError:
        return False


# Two vectors use a root that is not 32 bytes, see the vectors' MANIFEST.md; a strict verifier may refuse them.
DEGENERATE = {
    "inclusion/single-entry/empty-root-and-leaf",
    "consistency/additional/sizes-are-equal-one-and-proof-is-empty",
}


def test_inclusion_vectors(tlog: Path) -> None:
    cases = [row for row in rows(tlog / "merkle_inclusion.jsonl") if row["case"] not in DEGENERATE]
    assert [row["case"] for row in cases if included(row) == row["wantErr"]] == []
    assert len(cases) > 50


def test_signed_notes_agree_with_go(tlog: Path) -> None:
    for row in rows(tlog / "signed_notes.jsonl"):
        verdict = row["go_sumdb_note_0.7.0"]
        try:
            keys = [Key.parse(vkey) for vkey in row["vkeys"]]
        except ValueError:
            assert verdict.startswith("bad vkey"), row["name"]
            continue
        if verdict == "ok":
            text, signers = tocsin_audit.open_note(row["note"].encode(), keys)
            assert row["note"].startswith(text.decode())
            assert len(signers) == row["sigs"]
            continue
        with pytest.raises(Broken) as refused:
            tocsin_audit.open_note(row["note"].encode(), keys)
        assert refused.value.code == ("damaged" if "malformed" in verdict else "signature"), row["name"]


def test_ed25519_edges(tlog: Path) -> None:
    """The verdicts are those of Go and OpenSSL: no cofactor is multiplied, and R is compared as bytes."""
    for row in json.loads((tlog / "ed25519_edge.json").read_text(encoding="utf-8")):
        key = Key("edge", b"", tocsin_audit.LOG_ED25519, bytes.fromhex(row["key"]))
        expected = not {"low_order_residue", "non_canonical_R"} & {*(row["flags"] or [])}
        try:
            key.signed_at(row["msg"].encode(), bytes.fromhex(row["sig"]))
        except InvalidSignature:
            assert not expected, row["number"]
        else:
            assert expected, row["number"]


def audit(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, set[str]]:
    code = tocsin_audit.main([*map(str, arguments), "--json"])
    return code, {line["code"] for line in json.loads(capsys.readouterr().out)["lines"]}


SHAPES = ["size1", "size255", "size256", "size257", "size600", "base300", "grown420"]


@pytest.mark.parametrize("name", SHAPES)
def test_logs_that_meet_their_policy(name: str, tlog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trust = ("--policy", tlog / "logs" / "policy.txt", "--state", tmp_path / "head")
    assert audit(capsys, tlog / "logs" / name, "--tree", *trust)[0] == 0
    assert audit(capsys, tlog / "logs" / name, *trust)[0] == 1  # their entries are not of Tocsin's schema


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("grown420", 0, "extends"),
        ("rewritten420", 2, "rewritten"),
        ("dropped419", 2, "rewritten"),
        ("rolledback250", 2, "rollback"),
        ("splitview300", 2, "rewritten"),
    ],
)
def test_logs_after_the_base_was_kept(
    name: str, code: int, why: str, tlog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = ("--tree", "--policy", tlog / "logs" / "policy.txt")
    assert audit(capsys, tlog / "logs" / "base300", "--state", tmp_path / "head", *trust)[0] == 0
    found, codes = audit(capsys, tlog / "logs" / name, "--state", tmp_path / "head", *trust)
    assert found == code
    assert why in codes
    alone, codes = audit(capsys, tlog / "logs" / name, "--state", tmp_path / "fresh", *trust)
    assert alone == (0 if name == "grown420" else 3)  # sound in itself; only the quorum shows that something is wrong
    assert "tree" in codes


def test_log_of_tessera(tlog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy").write_text(
        f"log {(tlog / 'tessera-log.vkey').read_text().strip()}\nquorum none\n", encoding="utf-8"
    )
    trust = ("--tree", "--policy", tmp_path / "policy", "--state", tmp_path / "head")
    assert audit(capsys, tlog / "tessera-log", *trust)[0] == 0


@pytest.mark.parametrize(
    ("name", "code"), [("entry0", 0), ("entry299", 0), ("entry419", 0), ("bad_index", 2), ("bad_sibling", 2)]
)
def test_proofs(name: str, code: int, tlog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ("--proof", tlog / "proofs" / f"{name}.tlog-proof", "--entry", tlog / "proofs" / f"{name}.leaf")
    trust = ("--policy", tlog / "logs" / "policy.txt", "--state", tmp_path / "head")
    assert audit(capsys, *files, *trust)[0] == code
