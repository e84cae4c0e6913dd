from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tocsin.ledger import note
from tocsin.ledger.errors import FormatError, LedgerError, ProofError
from tocsin.ledger.note import COSIGNATURE, Checkpoint, from_seed, open_note, parse_checkpoint, parse_vkey, signed

LOG = from_seed("tocsin.example/log", bytes(range(32)))
OTHER = from_seed("other.example/log", bytes(32))
WITNESS = from_seed("works-council.example/w1", bytes(range(1, 33)), kind=COSIGNATURE)
CHECKPOINT = Checkpoint(origin="tocsin.example/log", size=7, root=bytes(range(32)))
TEXT = CHECKPOINT.text
AT = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
NOTE = signed(TEXT, LOG.sign(TEXT))


def test_signed_note_is_opened_by_its_key() -> None:
    opened = open_note(NOTE, [LOG.verifier])
    assert opened.text == TEXT
    assert [(one.verifier, one.at) for one in opened.signatures] == [(LOG.verifier, None)]


def test_unknown_signatures_are_passed_over() -> None:
    both = signed(TEXT, OTHER.sign(TEXT), LOG.sign(TEXT))
    assert [one.verifier for one in open_note(both, [LOG.verifier]).signatures] == [LOG.verifier]


def test_witness_says_when() -> None:
    both = signed(TEXT, LOG.sign(TEXT), WITNESS.sign(TEXT, at=AT))
    times = {one.verifier.name: one.at for one in open_note(both, [LOG.verifier, WITNESS.verifier]).signatures}
    assert times == {"tocsin.example/log": None, "works-council.example/w1": AT}


def test_witness_signs_the_time_too() -> None:
    line = WITNESS.sign(TEXT, at=AT)
    name, coded = line.removeprefix("\u2014 ").split()
    body = bytearray(base64.b64decode(coded))
    body[11] ^= 1  # the last byte of the time
    changed = f"\u2014 {name} {base64.b64encode(body).decode()}\n"
    with pytest.raises(ProofError, match="works-council"):
        open_note(signed(TEXT, changed), [WITNESS.verifier])


@pytest.mark.parametrize("at", range(len(NOTE)))
def test_every_flipped_byte_is_refused(at: int) -> None:
    changed = bytearray(NOTE)
    changed[at] ^= 1
    with pytest.raises(LedgerError):
        open_note(bytes(changed), [LOG.verifier])


def test_key_is_told_apart_by_name_and_by_type() -> None:
    same_key = note.new_signer("tocsin.example/log", LOG.secret, kind=COSIGNATURE)
    assert same_key.verifier.id != LOG.verifier.id
    assert note.new_signer("else", LOG.secret).verifier.id != LOG.verifier.id


def test_vkey_and_back() -> None:
    for signer in (LOG, WITNESS):
        assert parse_vkey(signer.verifier.vkey) == signer.verifier


def test_seed_and_back() -> None:
    signer = note.new_signer("a", Ed25519PrivateKey.generate())
    assert from_seed("a", note.seed(signer)).verifier == signer.verifier


def test_secret_is_never_shown() -> None:
    assert repr(LOG) == "Signer(tocsin.example/log, secret=<secret>)"


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_seed_of_another_length_is_refused(seed: bytes) -> None:
    with pytest.raises(FormatError):
        from_seed("a", seed)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb"])
def test_name_that_no_note_can_hold_is_refused(name: str) -> None:
    with pytest.raises(FormatError):
        from_seed(name, bytes(32))


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a",
        "a+b",
        "a+00000000+",
        f"a+00000000+{base64.b64encode(bytes(33)).decode()}",
        LOG.verifier.vkey[:-4],
        "a+x+%",
    ],
)
def test_vkey_that_is_none_is_refused(vkey: str) -> None:
    with pytest.raises(FormatError):
        parse_vkey(vkey)


def test_time_beyond_all_calendars_is_refused() -> None:
    late = b"\xff" * 8 + bytes(64)
    line = f"\u2014 {WITNESS.verifier.name} {base64.b64encode(WITNESS.verifier.id + late).decode()}\n"
    with pytest.raises(ProofError, match="9999"):
        open_note(signed(TEXT, line), [WITNESS.verifier])


def test_cosignature_of_another_length_is_refused() -> None:
    line = f"\u2014 {WITNESS.verifier.name} {base64.b64encode(WITNESS.verifier.id + bytes(64)).decode()}\n"
    with pytest.raises(ProofError, match="length"):
        open_note(signed(TEXT, line), [WITNESS.verifier])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xff\n\n", id="not-utf-8"),
        pytest.param(b"a" * (note.MAX_NOTE + 1), id="too-long"),
        pytest.param(f"{TEXT}\n\u2014 a !\n".encode(), id="no-base64"),
        pytest.param(f"{TEXT}\n\u2014 a AAAA\n".encode(), id="key-id-only"),
    ],
)
def test_what_is_no_note_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        open_note(body, [LOG.verifier])


def test_checkpoint_and_back() -> None:
    assert parse_checkpoint(TEXT) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(TEXT.rstrip("\n"), id="no-last-end-of-line"),
        pytest.param(TEXT + "extension\n", id="extension"),
        pytest.param(TEXT.replace("\n7\n", "\n07\n"), id="zero-before-the-size"),
        pytest.param(TEXT.replace("\n7\n", "\n-7\n"), id="negative"),
        pytest.param(TEXT.replace("\n7\n", "\nseven\n"), id="no-number"),
        pytest.param(TEXT.partition("\n")[2], id="no-origin"),
        pytest.param(f"\n{TEXT.partition(chr(10))[2]}", id="empty-origin"),
        pytest.param("a\n7\nAAAA\n", id="short-root"),
        pytest.param("a\n7\n!\n", id="no-base64"),
    ],
)
def test_checkpoint_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_checkpoint(text)


@pytest.mark.shared
def test_notes_have_the_verdict_of_another_implementation(shared: Path) -> None:
    wrong = []
    for line in (shared / "vectors/tlog/signed_notes.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        try:
            count = len(open_note(case["note"].encode(), map(parse_vkey, case["vkeys"])).signatures)
        except LedgerError:
            count = None
        if count != case["sigs"] or (count is None) is (case["go_sumdb_note_0.7.0"] == "ok"):
            wrong.append(case["name"])
    assert wrong == []


@pytest.mark.shared
def test_odd_signatures_have_the_verdict_of_others(shared: Path) -> None:
    """C2SP/CCTV: keys and signatures of low order and not in canonical form, on which verifiers disagree."""
    cases = json.loads((shared / "vectors/tlog/ed25519_edge.json").read_text(encoding="utf-8"))
    accepted = 0
    for case in cases:
        verifier = note.Verifier(name="edge", kind=note.ED25519, key=bytes.fromhex(case["key"]))
        try:
            verifier.check(case["msg"], bytes.fromhex(case["sig"]))
        except ProofError:
            continue
        accepted += 1
    assert 0 < accepted < len(cases)
