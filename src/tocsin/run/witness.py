"""What a witness remembers, and its two ways to look: asked over HTTP, or at an exported folder without a network.

One row a log: the last checkpoint that was cosigned. It is committed, with the disk's word for it, before a
cosignature leaves, so that no crash can make this witness vouch for two histories.

Source: C2SP tlog-witness ("the witness MUST persist the checkpoint before responding").
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from tocsin.errors import StoreError
from tocsin.ledger import note, tile, tlog, witness
from tocsin.ledger.errors import ForkError, FormatError, LedgerError, ProofError
from tocsin.ledger.note import Checkpoint, Signer
from tocsin.ledger.tile import Tile
from tocsin.ledger.witness import Answer, Logs, Request

CHECKPOINT = "checkpoint"  # C2SP tlog-tiles: where a log's folder or address has it


class Memory:
    """The last cosigned checkpoint of each log, in one SQLite file. Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL)"
            )
        except sqlite3.Error:
            raise StoreError(f"{path} cannot be used as the memory of a witness") from None
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def seen(self, origin: str) -> Checkpoint | None:
        """Return the last checkpoint of a log, None for one that was never seen."""
        row = self._database.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
        return Checkpoint(origin=origin, size=row[0], root=row[1]) if row else None

    def decided(self, origin: str, decide: Callable[[Checkpoint | None], Answer]) -> Answer:
        """Return what `decide` answers, given what was seen last; what it says to remember is on disk by then."""
        with self._one_at_a_time:
            answer = decide(self.seen(origin))
            if answer.remember is not None:
                row = (origin, answer.remember.size, answer.remember.root)
                self._database.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", row)
            return answer


def add_checkpoint(body: bytes, *, memory: Memory, logs: Logs, signer: Signer, now: datetime) -> Answer:
    """Return the answer to the body of a request to add a checkpoint."""
    try:
        request = witness.parse(body)
        origin = witness.origin_of(request)
    except FormatError:
        return Answer(status=HTTPStatus.BAD_REQUEST)
    return memory.decided(origin, lambda seen: witness.judge(request, logs=logs, seen=seen, signer=signer, now=now))


def look(folder: Path, *, memory: Memory, logs: Logs, signer: Signer, now: datetime) -> Checkpoint:
    """Cosign the exported log in `folder`, in its checkpoint file, and return what was cosigned.

    The proof is computed here, from the tiles, so nobody need be asked. Raises FormatError or ProofError when the
    folder does not hold a log that is known, ForkError when it does not extend what was seen before.
    """
    path = folder / CHECKPOINT
    signed = _file(path)
    new = note.parse_checkpoint(note.split(signed)[0])

    def decide(seen: Checkpoint | None) -> Answer:
        old = seen.size if seen else 0
        if old > new.size:
            raise ForkError("this witness has seen a longer log; this one was cut back", size=new.size)
        proof = tuple(_proof(folder, old, new.size)) if old else ()
        request = Request(old=old, proof=proof, signed=signed)
        answer = witness.judge(request, logs=logs, seen=seen, signer=signer, now=now)
        if answer.status in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}:
            raise ForkError(
                "the log does not extend what this witness has seen; keep both, they are evidence", size=old
            )
        if answer.status is not HTTPStatus.OK:
            raise ProofError("the checkpoint is not of a log that this witness knows")
        return answer

    answer = memory.decided(new.origin, decide)
    if not any(key_id == signer.verifier.id for _, key_id, _ in note.split(signed)[1]):
        _write(path, signed + answer.body.encode())
    return new


def _proof(folder: Path, old: int, size: int) -> list[bytes]:
    def read_tiles(tiles: Sequence[Tile]) -> Mapping[Tile, bytes]:
        return {one: _file(folder / one.path) for one in tiles}

    read = tile.reader(size, read_tiles)
    return tlog.prove_consistency(old, size, read)


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise LedgerError(f"{path} is not there; is this the folder of an exported log?") from None


def _write(path: Path, body: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
