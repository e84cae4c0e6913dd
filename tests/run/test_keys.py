from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.errors import ConfigError
from tocsin.ledger.note import COSIGNATURE, ED25519
from tocsin.run import keys


@pytest.mark.parametrize("kind", [ED25519, COSIGNATURE])
def test_key_and_back(tmp_path: Path, kind: int) -> None:
    made = keys.make(tmp_path / "a.key", "dpo.example/w", kind=kind)
    assert keys.load(tmp_path / "a.key", kind=kind).verifier == made.verifier
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600


def test_key_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    keys.make(tmp_path / "a.key", "a", kind=ED25519)
    before = (tmp_path / "a.key").read_bytes()
    with pytest.raises(ConfigError, match="nothing was changed"):
        keys.make(tmp_path / "a.key", "b", kind=ED25519)
    assert (tmp_path / "a.key").read_bytes() == before


@pytest.mark.parametrize("text", ["", "name", "name zz", "name 00", "a+b " + "00" * 32])
def test_key_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.key").write_text(text)
    with pytest.raises(ConfigError, match="no key file"):
        keys.load(tmp_path / "a.key", kind=ED25519)


def test_name_that_no_note_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="blank"):
        keys.make(tmp_path / "a.key", "works council", kind=COSIGNATURE)
