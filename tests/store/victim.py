"""A program to be killed: it collects, writes notices, sends them, and says of each step that it is done.

    python victim.py FOLDER

reads commands from standard input, one a line, and answers each with one line of JSON:

    {"run": NAME}                   run to the end
    {"run": NAME, "count": 1}       the same; answers {"lines": N, "statements": M}: how many it took
    {"run": NAME, "line": K}        run, and be killed (SIGKILL) just before the K-th line of Tocsin's own code
    {"run": NAME, "statement": K}   run, and be killed when the K-th SQL statement begins (BEGIN and COMMIT count)

Each run is a fresh process forked from this one, which has imported everything but opened nothing, so that a kill costs
milliseconds. NAME is a folder inside FOLDER; it holds the database and `said`, to which the run appends what it has
done: "committed N" after the N-th commit returned, "sent ID" when a receiver took a notice. A run that finds both
goes on from there, as the service does at a start: what to do next is read from the store alone.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import alembic.command  # noqa: F401  (imported here so that no child has to)
import changes
from changes import DAY, HOUR, NOW, admitted, health, name, notice, ruled, seen, told
from sqlalchemy import Engine, event

import tocsin
from tocsin import lifecycle, record
from tocsin.model import Verdict
from tocsin.store import Change, Outcome, Store

STEPS = 2
CHANNELS = ("desk", "mail")
_OURS = str(Path(tocsin.__file__).parent)


class Said:
    """What the run tells the world: appended and never taken back. SIGKILL leaves it whole."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, words: str) -> None:
        os.write(self._file, f"{words}\n".encode())


# --- the pipeline: what it does next depends on the store only ----------------------------------------------------


def collect(step: int) -> Change:
    """Return what the poll of this step gives: a new event, an Update's rewrite, moves, an absence, decisions."""
    news = admitted(f"event {step}", aliases=(f"vtec:{step // 2}",))
    rewritten = admitted("event 0", onset=NOW + step * HOUR / 10)
    return Change(
        events=((news, f"thread {step // 2}", NOW), (rewritten, "thread 0", NOW)),
        absent={name(f"event {step - 1}"): NOW} if step else {},
        decisions=(
            ruled(record.item_digest(changes.item(news.event)), events=(news.event.id,)),
            ruled(b"dropped", "protected", Verdict.DROP),
        ),
        health=(health(digest=str(step)),),
    )


def notices(step: int) -> Change:
    """Return what reconcile writes after the poll of this step: one notice a channel, and what was told."""
    return Change(
        impacts=(seen(identifier=f"event {step}"),),
        notices=tuple(notice(f"ntc_{step}_{channel}", channel=channel) for channel in CHANNELS),
        told=tuple(told(channel=channel, threads=(f"thread {step // 2}",)) for channel in CHANNELS),
        forget=(("desk", "shop", "flood"),),
        channel_classes={"desk": "webhook", "mail": "email"},
    )


def pipeline(database: Path | None, said: Said) -> None:
    """Run every step that the store does not show as done."""
    committed = 0

    def commit(store: Store, change: Change, now: datetime = NOW) -> None:
        nonlocal committed
        store.commit(change, now=now)
        committed += 1
        said(f"committed {store.ledger_size()}")

    with Store.open(database) as store:
        commit(store, Change(is_start=True))
        for step in range(STEPS):
            if not store.threads_of(lifecycle.keys(changes.event(f"event {step}"))) or not _is_polled(store, step):
                commit(store, collect(step))
            if store.notice(f"ntc_{step}_desk") is None:
                commit(store, notices(step))
            for waiting in store.waiting(NOW + DAY, 10):
                said(f"sent {waiting.notice.id}")  # the receiver took it; now we may die before we know
                commit(store, Change(outcomes=(Outcome(notice=waiting.notice.id, state="sent", at=NOW),)))
        store.purge(NOW + 8 * DAY)
        store.verify_ledger()
        said(f"committed {store.ledger_size()}")


def _is_polled(store: Store, step: int) -> bool:
    """Return whether the store has taken the poll of this step or a later one."""
    return any(int(one.digest) >= step for one in store.healths())


# --- the axe ------------------------------------------------------------------------------------------------------


@dataclass
class Axe:
    """Counts lines of our code and SQL statements, and kills the process at the chosen one."""

    at_line: int = 0
    at_statement: int = 0
    lines: int = 0
    statements: int = 0

    def line(self, frame: FrameType, what: str, _: Any) -> Callable[..., Any] | None:
        """Be the trace function: see `sys.settrace`."""
        if what == "call":
            return self.line if frame.f_code.co_filename.startswith(_OURS) else None
        if what == "line":
            self.lines += 1
            if self.lines == self.at_line:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.line

    def statement(self, _: str) -> None:
        """Be the driver's trace callback: see `sqlite3.Connection.set_trace_callback`."""
        self.statements += 1
        if self.statements == self.at_statement:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Begin to count, in this thread and in all that it starts."""

        @event.listens_for(Engine, "connect")
        def _watch(connection: sqlite3.Connection, _: object) -> None:
            connection.set_trace_callback(self.statement)

        if not self.at_statement:  # tracing lines is slow
            threading.settrace(self.line)
            sys.settrace(self.line)


def run(folder: Path, order: dict[str, Any]) -> None:
    """Be the forked child: run the pipeline under the axe and write down what it took."""
    folder.mkdir(exist_ok=True)
    axe = Axe(at_line=order.get("line", 0), at_statement=order.get("statement", 0))
    if order.keys() & {"line", "statement", "count"}:
        axe.watch()
    pipeline(folder / "tocsin.db", Said(folder / "said"))
    sys.settrace(None)
    (folder / "took").write_text(json.dumps({"lines": axe.lines, "statements": axe.statements}))


def main(folder: Path) -> None:
    """Serve orders until standard input ends."""
    pipeline(None, Said(Path(os.devnull)))  # so that no child has to warm up first
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        home = folder / order["run"]
        child = os.fork()
        if child == 0:
            code = 1
            try:
                run(home, order)
                code = 0
            finally:
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        took = json.loads((home / "took").read_text()) if status == 0 else {}
        print(json.dumps({"status": status, **took}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
