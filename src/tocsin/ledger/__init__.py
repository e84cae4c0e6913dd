"""The ledger: an append-only list of small statements, each of which seals all before it.

This package stands alone: the standard library, and nothing else of Tocsin. An outside expert can read and run it by
itself. It does no I/O: entries come in and hashes go out.

    leaf        canonical JSON of one entry, at most 1,024 bytes, of a closed schema   (entries.py)
    leaf hash   SHA-256(0x00 || leaf)                                                  Source: RFC 6962, 2.1
    chain hash  SHA-256(0x01 || chain hash of the entry before || leaf hash)
    before the first entry stands SHA-256(""), the hash of the empty tree              Source: RFC 6962, 2.1

A chain shows that nothing was changed, dropped or put in between for whoever kept an older head. It does not show
what was never entered, and it does not stop whoever holds the database from writing a second one.
"""

from __future__ import annotations

from tocsin.ledger.chain import EMPTY, Entry, ForkError, Head, LedgerError, ProofError, extend, leaf_hash, verify
from tocsin.ledger.entries import KINDS, MAX_LEAF, check, leaf, parse

__all__ = [
    "EMPTY",
    "KINDS",
    "MAX_LEAF",
    "Entry",
    "ForkError",
    "Head",
    "LedgerError",
    "ProofError",
    "check",
    "extend",
    "leaf",
    "leaf_hash",
    "parse",
    "verify",
]
