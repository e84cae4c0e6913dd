"""A proof in a file: that one entry stands in a log which others vouch for. Can be mailed, printed, and kept.

    c2sp.org/tlog-proof@v1
    index 299
    <base64 of a hash of the audit path, a line each>

    <the checkpoint, a signed note>

The entry itself is not in it: whoever checks has it.  Source: C2SP tlog-proof.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.ledger import note, tlog
from tocsin.ledger.errors import FormatError, ProofError

HEAD = "c2sp.org/tlog-proof@v1"
_INDEX = "index "


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That entry number `index` is under the root of the checkpoint in `signed` (a note's bytes)."""

    index: int
    path: tuple[bytes, ...]
    signed: bytes


def write(proof: Proof) -> bytes:
    """Return the file."""
    lines = [HEAD, f"{_INDEX}{proof.index}", *(base64.b64encode(one).decode("ascii") for one in proof.path), "", ""]
    return "\n".join(lines).encode() + proof.signed


def parse(body: bytes) -> Proof:
    """Return the proof that a file holds. Raises FormatError unless writing it again gives the same bytes."""
    head, _, signed = body.partition(b"\n\n")
    try:
        first, second, *path = head.decode("ascii").split("\n")
        proof = Proof(
            index=int(second.removeprefix(_INDEX)),
            path=tuple(base64.b64decode(line, validate=True) for line in path),
            signed=signed,
        )
    except (ValueError, binascii.Error):
        raise FormatError("this is no proof file") from None
    if first != HEAD or not second.startswith(_INDEX) or write(proof) != body:
        raise FormatError("this is no proof file")
    return proof


def check(
    proof: Proof, entry: bytes, *, log: note.Verifier, witnesses: Sequence[note.Verifier] = ()
) -> tuple[note.Checkpoint, tuple[note.Signature, ...]]:
    """Return the checkpoint under which `entry` stands, and who vouches for it.

    Raises FormatError for what is no checkpoint, ProofError when it is not signed by `log`, names another origin, or
    does not hold the entry at that index. How many witnesses are enough is for the caller's policy.
    """
    opened = note.open_note(proof.signed, [log, *witnesses])
    checkpoint = note.parse_checkpoint(opened.text)
    if checkpoint.origin != log.name or not _has(opened.signatures, log):
        raise ProofError("the checkpoint is not this log's")
    tlog.check_inclusion(
        tlog.leaf_hash(entry), index=proof.index, size=checkpoint.size, proof=proof.path, root=checkpoint.root
    )
    return checkpoint, opened.signatures


def _has(signatures: Iterable[note.Signature], verifier: note.Verifier) -> bool:
    return any(signature.verifier == verifier for signature in signatures)
