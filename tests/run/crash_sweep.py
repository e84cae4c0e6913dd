"""A process that runs the loops over a database file and is killed at a chosen line. Run by `test_crash.py`.

    python crash_sweep.py FOLDER POINTS

For each kill point it forks a child that works through the steps below with `kill -9` waiting at the n-th line of
Tocsin's own code, then a second child that goes on after the crash, and prints one JSON object of what was found.
Forking after the imports keeps a point at some tenths of a second. `FOLDER` is empty.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import threading
import traceback
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import tocsin
from tocsin.channels import Channel
from tocsin.match import PlaceIndex
from tocsin.model import Health
from tocsin.render import Message
from tocsin.run import collect
from tocsin.run.deliver import deliver
from tocsin.run.reconcile import Desk
from tocsin.run.situation import Situation
from tocsin.store import Store
from worlds import CHANNEL, HARBOUR_ONLY, MESSAGES, MINUTE, NOW, PLACES, cap

STEPS = (
    cap("a"),
    cap("b", sent=NOW + MINUTE, msg_type="Update", references=["a"], severity="Extreme", polygon=HARBOUR_ONLY),
    cap("c", sent=NOW + 2 * MINUTE, event="Heavy rain"),
    cap("d", sent=NOW + 3 * MINUTE, msg_type="Cancel", references=["a"]),
)
OURS = str(Path(tocsin.__file__).parent)


class Paper(Channel):
    """Writes the id of each notice to a file and waits until it is on the disk."""

    def __init__(self, path: Path, die_after: int) -> None:
        self.path = path
        self.die_after = die_after

    async def send(self, notice_id: str, message: Message, *, now: object) -> None:  # noqa: ARG002
        append(self.path, notice_id)
        if len(lines(self.path)) == self.die_after:
            os.kill(os.getpid(), signal.SIGKILL)


def append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def work(folder: Path, die_after: int) -> None:
    """Take each step that is not yet acknowledged: collect, reconcile, deliver; then acknowledge it."""
    sent, done = folder / "sent", folder / "done"
    with Store.open(folder / "tocsin.db") as store:
        index = PlaceIndex(PLACES)
        desk = Desk(store, Situation(index, {MESSAGES.id: MESSAGES}), [CHANNEL], started=NOW)
        for number, body in enumerate(STEPS):
            if str(number) in lines(done):
                continue
            now = NOW + number * MINUTE
            health = desk.healths.get(MESSAGES.id) or Health(source=MESSAGES.id)
            poll = collect.Poll(documents=(collect.Document(format="cap", body=body),))
            desk.healths[MESSAGES.id] = collect.take(store, MESSAGES, poll, health, now=now).health
            desk.reconcile(now)
            later = now + timedelta(seconds=30)
            places = {place.id: place for place in PLACES}
            channels = {CHANNEL.id: Paper(sent, die_after)}
            asyncio.run(deliver(store, channels, places, clock=lambda at=later: at, random=random.Random(1)))  # type: ignore[misc]
            append(done, str(number))


def killed_at(line: int, folder: Path, *, after_sending: int = 0) -> int:
    """Work in a child that dies at the n-th line of our code, or between the n-th sending and its record (0: never).

    Returns how many lines it ran, if it lived.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        ran = 0

        def trace(frame: FrameType, happening: str, _: Any) -> Any:
            nonlocal ran
            if not frame.f_code.co_filename.startswith(OURS):
                return None
            if happening == "line":
                ran += 1
                if ran == line:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        try:
            threading.settrace(trace)
            sys.settrace(trace)
            work(folder, after_sending)
            sys.settrace(None)
            os.write(writer, str(ran).encode())
        finally:
            if not ran or sys.exc_info()[0]:
                traceback.print_exc()
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return int(told or 0)


def outcome(folder: Path) -> dict[str, Any]:
    """Return what the database and the receiver hold."""
    with Store.open(folder / "tocsin.db") as store:
        store.verify_ledger(whole=True)
        kept = store.recent_notices(100)
        return {
            "events": sorted(event.identifier for event in store.events_of(MESSAGES.id, NOW)),
            "notices": sorted(one.notice.id for one in kept),
            "states": sorted({one.state for one in kept}),
            "sent": Counter(lines(folder / "sent")),
        }


def crash(folder: Path, expected: dict[str, Any], **point: int) -> dict[str, Any]:
    """Return what one crash and the work after it left behind: repeats, and the fault if there is one."""
    folder.mkdir()
    killed_at(point.get("line", 0), folder, after_sending=point.get("after_sending", 0))
    before = outcome(folder)["events"] if (folder / "tocsin.db").exists() else []
    acknowledged = {"abcd"[int(step)] for step in lines(folder / "done")}
    killed_at(0, folder)
    found = outcome(folder)
    repeats = sum(count - 1 for count in found["sent"].values())
    is_sound = (
        acknowledged <= set(before)
        and all(found[key] == expected[key] for key in ("events", "notices", "states"))
        and set(found["sent"]) == set(expected["sent"])
        and repeats <= 1
    )
    return {**point, "repeats": repeats, "fault": None if is_sound else {"before": before, "found": found}}


def main() -> None:
    folder, points = Path(sys.argv[1]), int(sys.argv[2])
    whole = folder / "whole"
    whole.mkdir()
    total = killed_at(0, whole)
    expected = outcome(whole)
    dice = random.Random(7)
    width = max(total // points, 1)
    crashes = [crash(folder / f"line-{n}", expected, line=1 + n * width + dice.randrange(width)) for n in range(points)]
    crashes += [crash(folder / f"sent-{n}", expected, after_sending=n) for n in range(1, len(expected["notices"]) + 1)]
    sys.stdout.write(json.dumps({"lines": total, "notices": len(expected["notices"]), "crashes": crashes}))


if __name__ == "__main__":
    main()
