"""The publish loop's steps: keep the store small and the ledger checked, sign what is new, and put it into files.

In this order, so that a crash at any line leaves a log that is whole: the head is recorded as signed (one root for each
size, in the database), tiles are written beside their place and moved there, and the checkpoint, which makes them
count, comes last. What a crash left out is written with the next step; signing again gives the same bytes.

Between signing and showing, the witnesses are asked (`run.cosign`): so the checkpoint that is published carries their
cosignatures from its first moment. It never waits for a witness for longer than that takes.

Source: C2SP tlog-tiles (files and their paths), tlog-checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from tocsin import egress
from tocsin.errors import StoreError
from tocsin.ledger import ForkError, Head, note
from tocsin.ledger.note import Checkpoint, Signer, Verifier
from tocsin.ledger.policy import Policy
from tocsin.ledger.state import LogState, state_of
from tocsin.ledger.tile import tiles
from tocsin.run import keys
from tocsin.store import Store

CHECKPOINT = "checkpoint"
VKEY = "log.vkey"
"""Beside the log, for whoever has nothing else yet. An auditor compares it with the line on paper."""


BOTH_SIGN = timedelta(days=90)
"""How long both keys sign when the log passes from one to the next, from the first checkpoint on that is published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Where the log is published, and the key by which it is signed; `signer.verifier.name` is its origin.

    `key_file` is where that key is, None for one in memory only; beside it lies the next one while the log passes from
    one to the other (`run.rotation`). `policy` names the witnesses that are asked, within `reach`.
    """

    folder: Path
    signer: Signer
    key_file: Path | None = None
    policy: Policy | None = None
    reach: egress.Reach = egress.PUBLIC

    @property
    def next_file(self) -> Path | None:
        """Return where the next key is, if there is one."""
        return self.key_file.with_name(f"{self.key_file.name}.next") if self.key_file else None

    def current(self) -> Signer:
        """Return the key as it is on disk now: another process may have rotated it. Raises ConfigError."""
        return keys.load(self.key_file, kind=note.ED25519) if self.key_file else self.signer

    def next(self) -> Signer | None:
        """Return the next key, None where there is none. Raises ConfigError when its file is damaged."""
        path = self.next_file
        return keys.load(path, kind=note.ED25519) if path and path.exists() else None

    @property
    def verifiers(self) -> Sequence[Verifier]:
        """Return the keys by which a checkpoint of this log is known."""
        return tuple(one.verifier for one in (self.current(), self.next()) if one is not None)


def key_hash(verifier: Verifier) -> str:
    """Return what the entry `key-rotated` calls a key: the SHA-256 of its 32 bytes, in hex."""
    return sha256(verifier.key).hexdigest()


def signers(store: Store, log: Log, *, size: int, now: datetime) -> Sequence[Signer]:
    """Return who signs the head of `size` entries at `now`: one key, or both while the log passes from one to the next.

    Raises ConfigError when the file of the key is gone.
    """
    old, new, told = log.current(), log.next(), store.rotation()
    if new is None or told is None or told.new != key_hash(new.verifier) or size <= told.n:
        return (old,)  # the log does not tell of it, or this head does not cover that
    if told.shown is not None and now - told.shown >= BOTH_SIGN:
        return (new,)
    return (old, new)


def publish(store: Store, log: Log | None, *, now: datetime, whole: bool) -> Head:
    """Sum up the hour, delete what has served its time, check the ledger (all of it if `whole`), publish it.

    Returns the head. Raises LedgerError when the ledger is broken or would have to be forked; nothing is signed then.
    """
    head = sign(store, log, now=now, whole=whole)
    if log is not None:
        show(store, log, now=now)
    return head


def tidy(store: Store, *, now: datetime) -> None:
    """Sum up the hour, and delete what has served its time. Raises LedgerError when an entry is none."""
    store.sum_up(now)  # first, so that no decision loses its key before it is in the ledger
    store.purge(now)


def sign(store: Store, log: Log | None, *, now: datetime, whole: bool) -> Head:
    """Delete what has served its time, check the ledger, and record its head as signed; publish nothing yet.

    Returns the head. Raises LedgerError when the ledger is broken or would have to be forked; nothing is signed then.
    """
    tidy(store, now=now)
    head = store.verify_ledger(whole=whole)
    if log is not None:
        _refuse_fork(store, log, head, now)
        if head.size > (store.signed_ledger() or Head()).size:
            store.sign_ledger(head, at=now)
    return head


def _refuse_fork(store: Store, log: Log, head: Head, now: datetime) -> None:
    """Raise ForkError when `head` does not extend what was signed, what is published, or what a witness has seen."""
    signed = store.signed_ledger() or Head()
    if head.size < signed.size:
        raise ForkError("the ledger is shorter than when it was last signed; was a backup restored?", size=head.size)
    if head.size == signed.size and head != signed:
        raise ForkError("the ledger has another root than was signed", size=head.size)
    shown = _published(log)
    if shown.size > signed.size or store.ledger_root(shown.size) != shown.root:
        raise ForkError("the published checkpoint is not of this log; was a backup restored?", size=shown.size)
    state = state_of_log(store, log, now=now)
    if state.contradicted_by:
        names = ", ".join(state.contradicted_by)
        raise ForkError(
            f"witness {names} saw another history of this log; was a backup restored? Nothing is signed until it "
            "cosigns again: see docs/witness.md, Conflict",
            size=head.size,
        )


def show(store: Store, log: Log, *, now: datetime) -> None:
    """Put the last signed head into files, under all the cosignatures that it has by now; do nothing that is done."""
    signed = store.signed_ledger()
    if signed is None:
        return
    shown = _published(log)
    if shown.size < signed.size or (log.folder / CHECKPOINT).read_bytes() != checkpoint(store, log, signed, now=now):
        hand_out(store, log, signed, log.folder, now=now, since=shown.size)
    if len(signers(store, log, size=signed.size, now=now)) > 1:
        store.show_rotation(at=now)


def signed_head(store: Store) -> Head:
    """Return the last signed head as it is recorded; the empty one where nothing was signed, or no head stands there.

    For showing and asking: whether the entries lead to it, `sign` says.
    """
    signed = store.signed_ledger()
    # Whoever edits a database by hand leaves anything. It must not take down what only wants to show it.
    is_head = signed is not None and isinstance(signed.size, int) and isinstance(signed.root, bytes)
    return signed if signed is not None and is_head else Head()


def state_of_log(store: Store, log: Log | None, *, now: datetime) -> LogState:
    """Return how far others vouch for the log."""
    return state_of(
        signed_head(store),
        policy=log.policy if log else None,
        cosignatures=store.cosignatures(),
        contradicting=store.contradicting(),
        first=store.first_signed(),
        now=now,
    )


def checkpoint(store: Store, log: Log, head: Head, *, now: datetime) -> bytes:
    """Return the signed note that vouches for `head`, which must be recorded as signed, with its cosignatures."""
    text = Checkpoint(origin=log.signer.verifier.name, size=head.size, root=head.root).text
    witnesses = {key.vkey for key in log.policy.witnesses.values()} if log.policy else set()
    cosigned = [one.line for one in store.cosignatures() if one.size == head.size and one.witness in witnesses]
    return note.signed(text, *(one.sign(text) for one in signers(store, log, size=head.size, now=now)), *cosigned)


def hand_out(store: Store, log: Log, head: Head, folder: Path, *, now: datetime, since: int = 0) -> None:
    """Write the files of a signed tree into `folder`, those that the tree of `since` entries had left out."""
    for one in tiles(head.size, since=since):
        _put(folder / one.path, store.ledger_tile(one))
    vkeys = (one.verifier.vkey for one in signers(store, log, size=head.size, now=now))
    _put(folder / VKEY, "".join(f"{vkey}\n" for vkey in vkeys).encode())
    _put(folder / CHECKPOINT, checkpoint(store, log, head, now=now))


def _published(log: Log) -> Checkpoint:
    """Return the checkpoint that stands in the folder; one of size 0 where there is none of ours."""
    try:
        opened = note.open_note((log.folder / CHECKPOINT).read_bytes(), log.verifiers)
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
