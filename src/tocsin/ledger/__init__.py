"""The ledger: an append-only Merkle log of small statements, which an outsider can check.

This package stands alone: the standard library and `cryptography`, and nothing else of Tocsin. An outside expert can
read and run it by itself. It does no I/O: entries, hashes and notes come in and go out as bytes.

    entries   what an entry may say: canonical JSON of a closed schema, at most 1,024 bytes
    items     side trees, of whose leaves an entry holds the root only
    tlog      the tree of RFC 6962: roots, proofs, and how they are checked
    log       entries in their order, and the head that they lead to
    tile      the tree cut into files (C2SP tlog-tiles)
    note      signed notes, keys, checkpoints, cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature)
    proof     one entry proved by one file (C2SP tlog-proof)
    policy    whose word is enough (C2SP tlog-policy)
    witness   what a witness answers (C2SP tlog-witness)
    errors    what can be wrong

Three words for how far an entry has come: *sequenced*, it has its number and is on the disk; *integrated*, it is in the
tree; *published*, it is under a signed checkpoint. An act is never done before its entry is sequenced.

A log shows that nothing was changed, dropped or put in between, to whoever kept an older checkpoint or asks a witness
that did. It does not show what was never entered.
"""

from __future__ import annotations

from tocsin.ledger.entries import KINDS, MAX_LEAF, check, leaf, parse
from tocsin.ledger.errors import ForkError, FormatError, LedgerError, ProofError
from tocsin.ledger.log import Entry, EntryError, Frontier, Head, verify

__all__ = [
    "KINDS",
    "MAX_LEAF",
    "Entry",
    "EntryError",
    "ForkError",
    "FormatError",
    "Frontier",
    "Head",
    "LedgerError",
    "ProofError",
    "check",
    "leaf",
    "parse",
    "verify",
]
