"""What can be wrong with a ledger. An error means that the world is wrong; an AssertionError means that we are.

LedgerError
├── FormatError  bytes are not what the specification says: a note, a key, a tile path, a proof file, an entry
├── ProofError   what is claimed does not follow: an entry, a proof, a signature
└── ForkError    two histories exist for one length: the ledger does not extend a head that was seen before
"""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger does not hold together, or says something that it may not say."""


class FormatError(LedgerError):
    """These bytes are not what the specification says."""


class ProofError(LedgerError):
    """What is claimed does not follow from what is given."""


class ForkError(LedgerError):
    """Two histories exist. `size` is the number of entries at which they are known to differ."""

    def __init__(self, message: str, *, size: int) -> None:
        super().__init__(f"at {size} entries: {message}")
        self.size = size
