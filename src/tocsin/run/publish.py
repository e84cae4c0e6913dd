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


def publish(store: Store, *, now: datetime) -> Head:
    """Delete what has served its time and return the ledger's head. Raises LedgerError when the chain is broken."""
    store.purge(now)
    store.verify_ledger()
    size, head = store.ledger_head()
    return Head(size=size, hash=head)
