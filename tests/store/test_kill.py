"""A real process is killed (SIGKILL) at many points; afterwards nothing that it had said is lost.

Promises (docs/store.md), checked after each kill and again after the run that follows it:
- what a commit has returned for is there: the ledger is at least as long as it was said to be, and verifies;
- rows and entries agree: whatever is in the ledger has its row;
- every notice is sent in the end, always under the same id, and again at most once a crash.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from victim import CHANNELS, STEPS

from tocsin import ledger, record

pytestmark = pytest.mark.timeout(600)  # hundreds of processes, on a machine that may be busy

LINES = 64  # points of the sweep over lines
KILLED = -9
_MEMORY = Path("/dev/shm")  # noqa: S108
NOTICES = {f"ntc_{step}_{channel}" for step in range(STEPS) for channel in CHANNELS}


class Victim:
    """The program in `victim.py`, ready to be run and killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, str(Path(__file__).with_name("victim.py")), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def run(self, name: str, **where: int) -> dict[str, Any]:
        """Run in the folder `name`; return what it took, and the status (-9 when it was killed)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"run": name, **where}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    # What SIGKILL leaves does not depend on the disk, and memory does not wait for one.
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else tmp_path_factory.getbasetemp()) as folder:
        process = Victim(Path(folder))
        yield process
        process.close()


@pytest.fixture(scope="module")
def whole(victim: Victim) -> dict[str, Any]:
    """Return what an undisturbed run takes."""
    took = victim.run("whole", count=1)
    assert took["status"] == 0
    assert sent(victim.folder / "whole") == Counter(NOTICES)
    return took


def said(home: Path) -> list[tuple[str, str]]:
    path = home / "said"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def sent(home: Path) -> Counter[str]:
    return Counter(what for verb, what in said(home) if verb == "sent")


def committed(home: Path) -> int:
    return max((int(what) for verb, what in said(home) if verb == "committed"), default=0)


def check(home: Path) -> None:
    """Check what must hold at any moment, with no help from the store that died: plain SQL, and the ledger's code."""
    with closing(sqlite3.connect(home / "tocsin.db")) as connection:
        if not connection.execute("SELECT name FROM sqlite_master").fetchall():
            assert said(home) == []  # killed before the first table stood
            return
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT n, leaf, leaf_hash FROM ledger ORDER BY n").fetchall()
        states = dict(connection.execute("SELECT id, state FROM notices").fetchall())
        events = connection.execute(
            "SELECT count(*), (SELECT value FROM meta WHERE key = 'seq') FROM events"
        ).fetchone()
    entries = [ledger.Entry(n=n, leaf=leaf, leaf_hash=hashed) for n, leaf, hashed in rows]
    assert ledger.verify(entries).size >= committed(home), "what a commit has returned for is there"
    entered = [ledger.parse(entry.leaf) for entry in entries]
    new = [entry for entry in entered if entry["kind"] == "event" and entry["act"] == "new"]
    purged = sum(entry["events"] for entry in entered if entry["kind"] == "purge")
    assert events[0] == len(new) - purged
    number = {name: record.notice_number(name) for name in states}
    settled = {name for name, state in states.items() if state == "sent"}
    assert {one["notice"] for one in entered if one["kind"] == "notice"} == set(number.values())
    assert {one["notice"] for one in entered if one["kind"] == "delivery"} == {number[name] for name in settled}
    assert settled <= sent(home).keys() <= states.keys(), "nothing goes out that was not committed first"


def survive(victim: Victim, name: str, *kills: dict[str, int]) -> tuple[int, int]:
    """Run with these kills, one after the other, then to the end; check after each; return (crashes, repeats)."""
    home = victim.folder / name
    crashes = 0
    for kill in kills:
        status = victim.run(name, **kill)["status"]
        assert status in {0, KILLED}
        crashes += status == KILLED
        check(home)
    assert victim.run(name)["status"] == 0
    check(home)
    counts = sent(home)
    repeats = counts.total() - len(NOTICES)
    assert counts.keys() == NOTICES
    assert repeats <= crashes, "at most one notice goes out again for each crash"
    shutil.rmtree(home)
    return crashes, repeats


def test_kill_at_lines_of_our_code(victim: Victim, whole: dict[str, Any]) -> None:
    crashes = 0
    for number in range(LINES):
        crashes += survive(victim, f"line{number}", {"line": 1 + number * whole["lines"] // LINES})[0]
    assert crashes == LINES


def test_kill_at_every_statement(victim: Victim, whole: dict[str, Any]) -> None:
    crashes = repeats = 0
    for number in range(1, whole["statements"] + 1):
        one = survive(victim, f"statement{number}", {"statement": number})
        crashes, repeats = crashes + one[0], repeats + one[1]
    assert crashes == whole["statements"] > 100
    assert repeats > 0, "the sweep must reach between sending and committing"


def test_kill_again_and_again(victim: Victim, whole: dict[str, Any]) -> None:
    """Crashes do not add up: each later run is killed too, at a place that the one before did not reach."""
    for number in range(1, 11):
        kills = [{"statement": 1 + (10 * number + 37 * more) % whole["statements"]} for more in range(4)]
        survive(victim, f"again{number}", *kills)


def test_check_finds_what_was_lost(victim: Victim, whole: dict[str, Any]) -> None:
    """The control: a store put back to an earlier state, under later words, must be noticed."""
    victim.run("lost", statement=whole["statements"] * 2 // 3)
    home = victim.folder / "lost"
    check(home)
    shutil.copytree(home, victim.folder / "older")
    victim.run("lost")
    shutil.copy(home / "said", victim.folder / "older" / "said")
    with pytest.raises(AssertionError):
        check(victim.folder / "older")
