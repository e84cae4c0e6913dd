"""The store: everything that Tocsin remembers, in one SQLite file. `docs/store.md` describes tables and promises.

About ten methods read, one writes: `Store.commit(Change)` puts everything that one step found out, and the ledger
entries for it, into one transaction. Nothing is here that the gate did not admit.
"""

from __future__ import annotations

from tocsin.store.change import (
    Change,
    Committed,
    Delivery,
    Jump,
    Kept,
    Opening,
    Outcome,
    Purged,
    Ruled,
    Seen,
    SeenOutcome,
    Standing,
    Waiting,
)
from tocsin.store.sqlite import Store

__all__ = [
    "Change",
    "Committed",
    "Delivery",
    "Jump",
    "Kept",
    "Opening",
    "Outcome",
    "Purged",
    "Ruled",
    "Seen",
    "SeenOutcome",
    "Standing",
    "Store",
    "Waiting",
]
