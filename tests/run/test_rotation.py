"""A new key for the log: who signs when, what an auditor with the old key sees, and a crash at any line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import tocsin_audit
from tocsin.errors import ConfigError
from tocsin.ledger.note import ED25519, Verifier, open_note, parse_checkpoint, parse_vkey, split
from tocsin.run import keys, rotation
from tocsin.run.publish import BOTH_SIGN, CHECKPOINT, VKEY, Log, key_hash, publish
from tocsin.run.rotation import rotate, settled
from tocsin.store import Change, Store, vouching
from worlds import NOW

MINUTE = timedelta(minutes=1)
ORIGIN = "tocsin.example/log"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "tocsin.db") as store:
        store.commit(Change(is_start=True), now=NOW)
        yield store


@pytest.fixture
def log(tmp_path: Path) -> Log:
    path = tmp_path / "ledger.key"
    return Log(folder=tmp_path / "ledger", signer=keys.make(path, ORIGIN, kind=ED25519), key_file=path)


def grown(store: Store, log: Log, now: datetime) -> None:
    store.commit(Change(is_start=True), now=now)
    publish(store, log, now=now, whole=True)


def names(log: Log, **known: Verifier) -> set[str]:
    """Return which of these keys have signed the published checkpoint, all its signatures being of them."""
    body = (log.folder / CHECKPOINT).read_bytes()
    by_key = {verifier.key: name for name, verifier in known.items()}
    found = {by_key[one.verifier.key] for one in open_note(body, known.values()).signatures}
    assert len(found) == len(split(body)[1])
    assert parse_checkpoint(split(body)[0]).origin == ORIGIN
    return found


def audit(log: Log, key: Verifier, state: Path) -> int:
    return tocsin_audit.main([str(log.folder), "--key", key.vkey, "--state", str(state), "--lang", "en"])


SOUND = 3  # sound in itself; no policy was given, so nobody was asked who else vouches for it
BROKEN = 2


def test_both_keys_sign_for_a_time_and_then_the_new_one(store: Store, log: Log, tmp_path: Path) -> None:
    old = log.signer.verifier
    publish(store, log, now=NOW, whole=True)
    assert audit(log, old, tmp_path / "paper") == SOUND
    new = rotate(store, log, now=NOW)
    assert names(log, old=old) == {"old"}, "what is published does not change by itself"
    publish(store, log, now=NOW + MINUTE, whole=True)
    assert names(log, old=old, new=new) == {"old", "new"}
    assert [parse_vkey(line) for line in (log.folder / VKEY).read_text().splitlines()] == [old, new]
    grown(store, log, NOW + BOTH_SIGN)
    assert names(log, old=old, new=new) == {"old", "new"}
    assert audit(log, old, tmp_path / "paper") == audit(log, new, tmp_path / "paper") == SOUND
    publish(store, log, now=NOW + MINUTE + BOTH_SIGN, whole=True)
    assert names(log, old=old, new=new) == {"new"}, "the same head, signed anew when the time has come"
    assert audit(log, new, tmp_path / "paper") == SOUND
    assert audit(log, old, tmp_path / "paper") == BROKEN


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "passes to another key"), ("de", "anderen Schlüssel"), ("fr", "une autre clé")]
)
def test_auditor_with_the_old_key_is_told_of_the_new_one(
    store: Store, log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str, words: str
) -> None:
    old, new = log.signer.verifier, rotate(store, log, now=NOW)
    publish(store, log, now=NOW, whole=True)
    told = []
    for keys_ in ([old], [old, new], [new]):
        given = [argument for key in keys_ for argument in ("--key", key.vkey)]
        code = tocsin_audit.main([str(log.folder), *given, "--state", str(tmp_path / "paper"), "--lang", lang])
        assert code == SOUND
        said = capsys.readouterr().out
        assert (key_hash(new) in said) is (words in said)
        told.append(words in said)
    assert told == [True, False, False]


def test_entry_names_both_keys_and_is_covered_by_the_old_one(store: Store, log: Log) -> None:
    old = log.signer.verifier
    new = rotate(store, log, now=NOW)
    told = store.rotation()
    assert told is not None
    assert (told.old, told.new, told.shown) == (key_hash(old), key_hash(new), None)
    publish(store, log, now=NOW, whole=True)
    body = (log.folder / CHECKPOINT).read_bytes()
    assert parse_checkpoint(open_note(body, [old]).text).size > told.n


def test_new_key_takes_the_old_ones_place_when_its_time_has_come(store: Store, log: Log) -> None:
    old, new = log.signer.verifier, rotate(store, log, now=NOW)
    publish(store, log, now=NOW, whole=True)
    assert settled(store, log, now=NOW + BOTH_SIGN - MINUTE) == log
    after = settled(store, log, now=NOW + BOTH_SIGN)
    assert after.signer.verifier == new
    assert log.key_file is not None
    assert keys.load(log.key_file, kind=ED25519).verifier == new
    assert after.next_file is not None
    assert not after.next_file.exists()
    grown(store, after, NOW + BOTH_SIGN)
    grown(store, log, NOW + BOTH_SIGN + MINUTE)  # a service that was not started anew reads the file too
    assert names(log, old=old, new=new) == {"new"}
    third = rotate(store, after, now=NOW + BOTH_SIGN + MINUTE)
    publish(store, after, now=NOW + BOTH_SIGN + MINUTE, whole=True)
    assert names(log, new=new, third=third) == {"new", "third"}


def test_both_sign_for_the_whole_time_even_if_nothing_was_published_for_long(store: Store, log: Log) -> None:
    """The time counts from the first checkpoint under both: before it nobody could learn of the new key."""
    old, new = log.signer.verifier, rotate(store, log, now=NOW)
    late = NOW + 2 * BOTH_SIGN
    assert settled(store, log, now=late) == log
    publish(store, log, now=late, whole=True)
    assert names(log, old=old, new=new) == {"old", "new"}
    assert settled(store, log, now=late + BOTH_SIGN - MINUTE) == log


def test_one_rotation_at_a_time(store: Store, log: Log) -> None:
    rotate(store, log, now=NOW)
    with pytest.raises(ConfigError, match="once `tocsin run` has signed it; one rotation at a time"):
        rotate(store, log, now=NOW)
    publish(store, log, now=NOW, whole=True)
    with pytest.raises(ConfigError, match="until 2026-05-30; one rotation at a time"):
        rotate(store, log, now=NOW, is_lost=True)


def test_next_key_that_is_lost(store: Store, log: Log) -> None:
    old, lost = log.signer.verifier, rotate(store, log, now=NOW)
    assert log.next_file is not None
    log.next_file.unlink()
    publish(store, log, now=NOW, whole=True)
    assert names(log, old=old, lost=lost) == {"old"}
    before = store.ledger_size()
    with pytest.raises(ConfigError, match="restore it from its backup"):
        rotate(store, log, now=NOW)
    assert (store.ledger_size(), log.next_file.exists()) == (before, False), "nothing was changed"
    new = rotate(store, log, now=NOW, is_lost=True)
    publish(store, log, now=NOW, whole=True)
    assert names(log, old=old, new=new) == {"old", "new"}


def test_key_file_that_is_missing(store: Store, log: Log) -> None:
    assert log.key_file is not None
    log.key_file.unlink()
    with pytest.raises(ConfigError, match="missing: restore it from its backup"):
        rotate(store, log, now=NOW)
    assert (store.rotation(), log.next_file and log.next_file.exists()) == (None, False)


# --- a crash at any line --------------------------------------------------------------------------------------------

EVERY = 3  # with two ways through them, two lines of three; all of them take a minute
OURS = {rotation.__file__, keys.__file__, vouching.__file__}


class DiedError(BaseException):
    """The program ended here."""


def dies_at(line: int, act: Callable[[], object]) -> bool:
    """Do `act` and die before the n-th line of the rotation's code; return whether there was one."""
    left = [line]

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename not in OURS:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] < 0:
                raise DiedError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    except DiedError:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file that the dead left open
@pytest.mark.parametrize("settles", [False, True], ids=["first", "with-the-old-key-to-be-replaced"])
def test_crash_at_any_line_leaves_a_key_that_signs(tmp_path: Path, settles: bool) -> None:
    """Afterwards the log is signed by a key that is known, and the rotation can be gone on with."""
    for line in range(int(settles), 1000, EVERY):
        folder = tmp_path / str(line)
        folder.mkdir()
        path, now = folder / "ledger.key", NOW
        log = Log(folder=folder / "ledger", signer=keys.make(path, ORIGIN, kind=ED25519), key_file=path)
        known = [log.signer.verifier]
        with Store.open(None) as store:
            if settles:
                known.append(rotate(store, log, now=NOW))
                publish(store, log, now=NOW, whole=True)
                now += BOTH_SIGN
            died = dies_at(line, partial(rotate, store, log, now=now))
            grown(store, log, now)
            signed = open_note((log.folder / CHECKPOINT).read_bytes(), known).signatures
            assert known[-1] in [one.verifier for one in signed], f"line {line}"
            if not died:
                break
            told = store.rotation()
            if told is None or told.new == key_hash(known[-1]):  # the log does not tell of the newest yet
                known.append(rotate(store, log, now=now))
                grown(store, log, now)
                signed = open_note((log.folder / CHECKPOINT).read_bytes(), known).signatures
                assert {one.verifier for one in signed} == set(known[-2:]), f"line {line}"
    assert line > 20
