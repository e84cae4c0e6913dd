"""The publish loop's step: keep the store small and the ledger checked, sign what is new, and put it into files.

In this order, so that a crash at any line leaves a log that is whole: the head is recorded as signed (one root for each
size, in the database), tiles are written beside their place and moved there, and the checkpoint, which makes them
count, comes last. What a crash left out is written with the next step; signing again gives the same bytes.

Source: C2SP tlog-tiles (files and their paths), tlog-checkpoint.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tocsin.errors import StoreError
from tocsin.ledger import ForkError, Head, note
from tocsin.ledger.note import Checkpoint, Signer
from tocsin.ledger.tile import tiles
from tocsin.store import Store

CHECKPOINT = "checkpoint"
VKEY = "log.vkey"
"""Beside the log, for whoever has nothing else yet. An auditor compares it with the line on paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Where the log is published, and the key by which it is signed; `signer.verifier.name` is its origin."""

    folder: Path
    signer: Signer


def publish(store: Store, log: Log | None, *, now: datetime, whole: bool) -> Head:
    """Delete what has served its time, check the ledger (all of it if `whole`, else what is new), publish it.

    Returns the head. Raises LedgerError when the ledger is broken or would have to be forked; nothing is signed then.
    """
    store.purge(now)
    head = store.verify_ledger(whole=whole)
    if log is not None:
        _publish(store, log, head, now)
    return head


def _publish(store: Store, log: Log, head: Head, now: datetime) -> None:
    signed = store.signed_ledger() or Head()
    if head.size < signed.size:
        raise ForkError("the ledger is shorter than when it was last signed; was a backup restored?", size=head.size)
    if head.size > signed.size:
        store.sign_ledger(head, at=now)
    elif head != signed:
        raise ForkError("the ledger has another root than was signed", size=head.size)
    shown = _published(log)
    if shown.size > head.size or store.ledger_root(shown.size) != shown.root:
        raise ForkError("the published checkpoint is not of this log; was a backup restored?", size=shown.size)
    if shown.size < head.size:
        hand_out(store, log, head, log.folder, since=shown.size)


def checkpoint(log: Log, head: Head) -> bytes:
    """Return the signed note that vouches for `head`, which must be recorded as signed."""
    text = Checkpoint(origin=log.signer.verifier.name, size=head.size, root=head.root).text
    return note.signed(text, log.signer.sign(text))


def hand_out(store: Store, log: Log, head: Head, folder: Path, *, since: int = 0) -> None:
    """Write the files of a signed tree into `folder`, those that the tree of `since` entries had left out."""
    for one in tiles(head.size, since=since):
        _put(folder / one.path, store.ledger_tile(one))
    _put(folder / VKEY, f"{log.signer.verifier.vkey}\n".encode())
    _put(folder / CHECKPOINT, checkpoint(log, head))


def _published(log: Log) -> Checkpoint:
    """Return the checkpoint that stands in the folder; one of size 0 where there is none of ours."""
    try:
        opened = note.open_note((log.folder / CHECKPOINT).read_bytes(), [log.signer.verifier])
    except FileNotFoundError:
        return Checkpoint(origin=log.signer.verifier.name, size=0, root=Head().root)
    except OSError as error:
        raise StoreError(f"{log.folder}: the published log cannot be read ({error.strerror})") from None
    return note.parse_checkpoint(opened.text)


def _put(path: Path, body: bytes) -> None:
    """Write a file whole or not at all, so that it outlives a loss of power. Raises StoreError."""
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); the ledger is not published") from None
