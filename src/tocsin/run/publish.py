"""The publish loop's step: keep the ledger checkable and the store small.

The ledger is a plain hash chain for now; a later issue signs checkpoints here and serves tiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How long the ledger is, and the hash that all of it leads to (hex, "" when it is empty)."""

    size: int
    hash: str


def publish(store: Store, *, now: datetime, whole: bool) -> Head:
    """Delete what has served its time, check the ledger (all of it if `whole`, else what is new), return its head.

    Raises LedgerError when the chain is broken.
    """
    store.purge(now)
    store.verify_ledger(whole=whole)
    size, head = store.ledger_head()
    return Head(size=size, hash=head)
