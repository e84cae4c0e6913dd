"""An insider who holds the log's key rewrites, drops, cuts back or shows two histories: who catches it, and who cannot.

Each attack is tried on an auditor with one kept checkpoint and no witness, on one with a quorum and nothing kept, and,
as the control, on one with neither, who must see nothing: else the test would not show what catches it. The witnesses
are Tocsin's own (`tocsin witness look`). `--tree`, because an insider would see to it that the entries make sense.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tile_log
import tocsin_audit
from tile_log import COUNCIL, LOG, OFFICER, POLICY
from tocsin.ledger import LedgerError
from tocsin.ledger.note import COSIGNATURE, Signer, from_seed, parse_vkey
from tocsin.run.witness import Memory, look

OK, FINDING, BROKEN, UNWITNESSED = 0, 1, 2, 3
ENTRIES = list(tile_log.story(700))
KNOWN = 600  # entries that witnesses and auditors have seen: two full tiles and a partial one
OTHER = tile_log.leaf("purge", day="2025-03-04", events=0, notices=0)
NOW = datetime.now(UTC)
NOBODY = f"log {LOG.vkey}\nquorum none\n"


def rewritten(n: int) -> Sequence[bytes]:
    return [*ENTRIES[:n], OTHER, *ENTRIES[n + 1 :]]


def dropped(n: int, count: int = 1) -> Sequence[bytes]:
    return [*ENTRIES[:n], *ENTRIES[n + count :]]


def put_between(n: int) -> Sequence[bytes]:
    return [*ENTRIES[:n], OTHER, *ENTRIES[n:]]


def swapped(n: int) -> Sequence[bytes]:
    return [*ENTRIES[:n], ENTRIES[n + 1], ENTRIES[n], *ENTRIES[n + 2 :]]


ATTACKS: Mapping[str, Sequence[bytes]] = {
    "rewritten-first": rewritten(0),
    "rewritten-at-the-end-of-a-tile": rewritten(255),
    "rewritten-within": rewritten(300),
    "rewritten-last-that-was-seen": rewritten(KNOWN - 1),
    "rewritten-and-no-longer": rewritten(300)[:KNOWN],
    "swapped": swapped(411),
    "dropped-first": dropped(0),
    "dropped-within": dropped(300),
    "dropped-last-that-was-seen": dropped(KNOWN - 1),
    "dropped-a-tile": dropped(256, 256),
    "put-between": put_between(300),
    "put-before-all": put_between(0),
    "rolled-back-by-one": ENTRIES[: KNOWN - 1],
    "rolled-back-to-a-full-tile": ENTRIES[:512],
    "rolled-back-to-one": ENTRIES[:1],
    "rolled-back-to-nothing": [],
    "rolled-back-and-grown-anew": [*ENTRIES[:500], *[OTHER] * 200],
    "split-at-the-last": [*ENTRIES[: KNOWN - 1], OTHER],
    "split-longer": [*ENTRIES[: KNOWN - 1], *[OTHER] * 50],
    "split-shorter": [*ENTRIES[:500], OTHER],
    "split-from-the-beginning": list(tile_log.story(KNOWN, seed=2)),
}
attacks = pytest.mark.parametrize("shown", ATTACKS.values(), ids=ATTACKS)
Audit = Callable[..., tuple[int, set[str]]]


@pytest.fixture
def audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Audit:
    """Return an audit: what is given, and where the auditor's checkpoint is kept -> (exit code, codes)."""

    def run(folder: Path, *more: str, policy: str = POLICY, state: str = "nothing-kept") -> tuple[int, set[str]]:
        (tmp_path / "policy.txt").write_text(policy, encoding="utf-8")
        files = ["--policy", str(tmp_path / "policy.txt"), "--state", str(tmp_path / state)]
        code = tocsin_audit.main([str(folder), "--tree", "--json", *files, *more])
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        if state == "nothing-kept":
            (tmp_path / state).unlink(missing_ok=True)
        return code, {line["code"] for line in report["lines"]}

    return run


def signer(witness: tile_log.Signer) -> Signer:
    made = from_seed(witness.name, tile_log.sha(witness.name.encode()), kind=COSIGNATURE)
    assert made.verifier.vkey == witness.vkey
    return made


def publish(folder: Path, entries: Sequence[bytes]) -> Path:
    """Write a log as the insider does: signed by its key, and vouched for by nobody yet."""
    tile_log.write(folder, entries, at_s=0, witnesses=())
    return folder


class Outside:
    """Witnesses of other people, each with a memory of its own."""

    def __init__(self, folder: Path, *witnesses: tile_log.Signer) -> None:
        self.folder = folder
        self.witnesses = witnesses or (COUNCIL, OFFICER)

    def cosign(self, log: Path, *, only: Sequence[tile_log.Signer] = (), now: datetime = NOW) -> list[str]:
        """Show a log to the witnesses; return who cosigned it."""
        cosigned = []
        logs = {LOG.name: [parse_vkey(LOG.vkey)]}
        for one in only or self.witnesses:
            with Memory(self.folder / f"{one.name.replace('/', '-')}.db") as memory, suppress(LedgerError):
                look(log, memory=memory, logs=logs, signer=signer(one), now=now)
                cosigned.append(one.name)
        return cosigned


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    """Return two witnesses that have seen the honest log grow, as far as it was known."""
    witnesses = Outside(tmp_path)
    for size in (1, 257, KNOWN):
        assert len(witnesses.cosign(publish(tmp_path / f"honest-{size}", ENTRIES[:size]))) == 2
    return witnesses


@attacks
def test_one_kept_checkpoint_catches_it(shown: Sequence[bytes], audit: Audit, tmp_path: Path) -> None:
    assert audit(publish(tmp_path / "before", ENTRIES[:KNOWN]), policy=NOBODY, state="kept")[0] == OK
    log = publish(tmp_path / "shown", shown)
    code, said = audit(log, policy=NOBODY, state="kept")
    assert code == BROKEN
    assert said & {"rewritten", "rollback"}
    assert "evidence" in said
    assert audit(log, policy=NOBODY)[0] == OK, "the control: without it nothing shows"


@attacks
def test_quorum_alone_catches_it(shown: Sequence[bytes], audit: Audit, outside: Outside, tmp_path: Path) -> None:
    log = publish(tmp_path / "shown", shown)
    assert outside.cosign(log) == []
    code, said = audit(log)
    assert (code, "quorum-missed" in said) == (UNWITNESSED, True)
    assert audit(log, policy=NOBODY)[0] == OK, "the control: without witnesses nothing shows"
    (tmp_path / "new").mkdir()
    assert len(Outside(tmp_path / "new").cosign(log)) == 2
    assert audit(log)[0] == OK, "the control: witnesses that remember nothing are none"


@attacks
def test_one_honest_witness_of_the_quorum_is_enough(
    shown: Sequence[bytes], audit: Audit, outside: Outside, tmp_path: Path
) -> None:
    log = publish(tmp_path / "shown", shown)
    (tmp_path / "council.example-w.db").unlink()  # this one was talked into forgetting
    assert outside.cosign(log) == [COUNCIL.name]
    assert audit(log)[0] == UNWITNESSED


def test_honest_growth_is_caught_by_nobody(audit: Audit, outside: Outside, tmp_path: Path) -> None:
    assert audit(tmp_path / f"honest-{KNOWN}", state="kept")[0] == OK
    log = publish(tmp_path / "grown", ENTRIES)
    assert len(outside.cosign(log)) == 2
    assert audit(log, state="kept") == (OK, {"signed", "witnessed", "tree", "extends", "kept"})


# --- Rolled back to what was witnessed once: every signature on it is genuine. ----------------------------------------


@pytest.fixture
def old_copy(outside: Outside, tmp_path: Path) -> Path:
    """Return the honest log of 257 entries, with the cosignatures that it had four weeks ago."""
    log = publish(tmp_path / "old", ENTRIES[:257])
    (tmp_path / "then").mkdir()
    then = datetime.fromtimestamp(NOW.timestamp() - 28 * 86_400, UTC)
    assert len(Outside(tmp_path / "then").cosign(log, now=then)) == 2
    assert outside.cosign(publish(tmp_path / "again", ENTRIES[:257])) == [], "nobody cosigns it anew"
    return log


def test_old_copy_is_caught_by_a_kept_checkpoint(old_copy: Path, audit: Audit, tmp_path: Path) -> None:
    assert audit(tmp_path / f"honest-{KNOWN}", state="kept")[0] == OK
    code, said = audit(old_copy, state="kept")
    assert (code, "rollback" in said) == (BROKEN, True)


def test_old_copy_is_caught_by_the_age_of_its_quorum(old_copy: Path, audit: Audit, tmp_path: Path) -> None:
    code, said = audit(old_copy, "--max-age", "24")
    assert (code, "stale" in said) == (FINDING, True)
    assert audit(tmp_path / f"honest-{KNOWN}", "--max-age", "24")[0] == OK
    code, said = audit(old_copy)
    assert (code, "aged" in said) == (OK, True), "the control: without the limit it is told, and no more"


def test_quorum_is_as_old_as_its_witnesses_and_not_as_others(audit: Audit, tmp_path: Path) -> None:
    """A witness beyond the quorum that was away for a month makes nobody's word old."""
    log = publish(tmp_path / "log", ENTRIES[:9])
    long_ago = datetime.fromtimestamp(NOW.timestamp() - 28 * 86_400, UTC)
    (tmp_path / "w").mkdir()
    witnesses = Outside(tmp_path / "w")
    witnesses.cosign(log, only=[COUNCIL], now=long_ago)
    witnesses.cosign(log, only=[OFFICER])
    either = POLICY.replace("group both all", "group both any")
    assert audit(log, "--max-age", "24", policy=either)[0] == OK
    assert audit(log, "--max-age", "24")[0] == FINDING


# --- A split view among the witnesses themselves. ---------------------------------------------------------------------


THIRD = tile_log.Signer("third.example/w", 4)


def of_three(threshold: int) -> str:
    witnesses = "".join(
        f"witness {name} {one.vkey}\n" for name, one in zip("abc", (COUNCIL, OFFICER, THIRD), strict=True)
    )
    return f"log {LOG.vkey}\n{witnesses}group some {threshold} a b c\nquorum some\n"


@pytest.mark.parametrize(
    ("threshold", "verdicts"),
    [
        pytest.param(2, {OK, UNWITNESSED}, id="more-than-half"),
        pytest.param(1, {OK}, id="control-one-of-three"),
    ],
)
def test_split_among_witnesses_is_caught_where_any_two_quorums_meet(
    threshold: int, verdicts: set[int], audit: Audit, tmp_path: Path
) -> None:
    """Each history is shown to whoever cosigns it first, from the very beginning; nobody keeps anything."""
    policy = of_three(threshold)
    witnesses = Outside(tmp_path, COUNCIL, OFFICER, THIRD)
    one = publish(tmp_path / "one", ENTRIES[:KNOWN])
    two = publish(tmp_path / "two", ATTACKS["split-from-the-beginning"])
    assert witnesses.cosign(one, only=[COUNCIL, OFFICER]) == [COUNCIL.name, OFFICER.name]
    assert witnesses.cosign(two, only=[OFFICER, THIRD]) == [THIRD.name]
    assert {audit(log, policy=policy)[0] for log in (one, two)} == verdicts
