"""What a log asks a witness, and what the witness answers: it has never seen this log shrink or change its past.

    POST /add-checkpoint        old 300
                                <base64 of a hash of the consistency proof, a line each>

                                <the log's new checkpoint, a signed note>

The answer is a cosignature, or why there is none. `judge` decides it, from the request and the one checkpoint that the
witness remembers of that log; whoever serves it must have stored `Answer.remember` before the answer leaves, for a
witness that forgets can be made to vouch for two histories. `cosigned` and `size_of` are how the log reads the answer:
it believes nothing of it but a signature that verifies.

Source: C2SP tlog-witness, "add-checkpoint"; the numbers are HTTP status codes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from tocsin.ledger import note, tlog
from tocsin.ledger.errors import FormatError, LedgerError, ProofError
from tocsin.ledger.note import Checkpoint, Signer, Verifier

MAX_REQUEST = 64 * 1024  # bytes; 63 hashes and a note with many signatures are far below
MAX_PROOF = 63  # hashes; a tree of 2**63 leaves needs no more
_OLD = "old "
_SIZE = re.compile(rb"(?:0|[1-9][0-9]{0,17})\n")

Logs = Mapping[str, Sequence[Verifier]]
"""The keys by which each log is known, by its origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A log's wish to be seen: from `old` entries on, by this proof, to the checkpoint in `signed`."""

    old: int
    proof: tuple[bytes, ...]
    signed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: a status, a body and what kind it is. `remember` is to be stored first, where there is one."""

    status: HTTPStatus
    body: str = ""
    is_size: bool = False
    remember: Checkpoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """That a witness vouches for the log's first `size` entries. `witness` is its vkey, `line` goes below the note."""

    size: int
    witness: str
    at: datetime
    line: str


def write(request: Request) -> bytes:
    """Return the bytes that are posted."""
    proof = "".join(f"{base64.b64encode(one).decode('ascii')}\n" for one in request.proof)
    return f"{_OLD}{request.old}\n{proof}\n".encode("ascii") + request.signed


def cosigned(answer: bytes, *, of: Checkpoint, by: Verifier) -> Cosignature:
    """Return the cosignature of `by` in the body of a 200. Lines of other keys are passed over.

    Raises FormatError when these are no signature lines, ProofError when `by` has not signed or its signature does
    not verify. Whether its time can be true is for the caller, who has a clock.
    """
    text, lines = note.split(f"{of.text}\n".encode() + answer)
    if text != of.text:  # the answer held an empty line, and with it a text of its own
        raise FormatError("the answer is more than signature lines")
    signature = next((sig for name, key_id, sig in lines if (name, key_id) == (by.name, by.id)), None)
    moment = by.check(of.text, signature) if signature is not None else None
    if signature is None or moment is None:
        raise ProofError(f"{by.name} has not cosigned")
    return Cosignature(size=of.size, witness=by.vkey, at=moment, line=note.line(by, signature))


def size_of(answer: bytes) -> int:
    """Return the size in the body of a 409: how far the witness has seen this log. Raises FormatError."""
    if not _SIZE.fullmatch(answer):
        raise FormatError("the answer is not a size")
    return int(answer)


def parse(body: bytes) -> Request:
    """Return the request that these bytes are. Raises FormatError."""
    if len(body) > MAX_REQUEST:
        raise FormatError("the request is too long")
    head, _, signed = body.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
        size = first.removeprefix(_OLD)
        old = int(size)
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except (ValueError, binascii.Error):
        raise FormatError("this is no request to a witness") from None
    is_sound = first.startswith(_OLD) and str(old) == size and old >= 0 and len(proof) <= MAX_PROOF
    if not is_sound or any(len(one) != tlog.HASH_SIZE for one in proof):
        raise FormatError("this is no request to a witness")
    return Request(old=old, proof=proof, signed=signed)


def origin_of(request: Request) -> str:
    """Return which log the request says that it is of, to look up its last checkpoint. Raises FormatError."""
    return note.parse_checkpoint(note.split(request.signed)[0]).origin


def judge(request: Request, *, logs: Logs, seen: Checkpoint | None, signer: Signer, now: datetime) -> Answer:
    """Return the answer to a request of a log of which `seen` is the last checkpoint, None when there was none.

    404: the log is not known. 403: none of its keys has signed. 400: the request is not one, or goes backwards.
    409: it does not begin at what was seen last, whose size is the body; or a second root for one size. 422: the
    proof does not hold.
    """
    try:
        text, lines = note.split(request.signed)
        new = note.parse_checkpoint(text)
        if new.origin not in logs:
            return Answer(status=_stranger(lines, logs))
        note.open_note(request.signed, logs[new.origin])
    except FormatError:
        return Answer(status=HTTPStatus.BAD_REQUEST)
    except ProofError:
        return Answer(status=HTTPStatus.FORBIDDEN)
    return _witnessed(request, new, seen or Checkpoint(origin=new.origin, size=0, root=tlog.EMPTY_ROOT), signer, now)


def _stranger(lines: Sequence[tuple[str, bytes, bytes]], logs: Logs) -> HTTPStatus:
    """Return 403 to who signs with the key of a known log under another name, 404 to who is just not known."""
    known = {key.id for keys in logs.values() for key in keys}
    return HTTPStatus.FORBIDDEN if any(key_id in known for _, key_id, _ in lines) else HTTPStatus.NOT_FOUND


def _witnessed(request: Request, new: Checkpoint, seen: Checkpoint, signer: Signer, now: datetime) -> Answer:
    if request.old > new.size:
        return Answer(status=HTTPStatus.BAD_REQUEST)
    if request.old != seen.size:
        return Answer(status=HTTPStatus.CONFLICT, body=f"{seen.size}\n", is_size=True)
    if new.size == seen.size and new.root != seen.root:
        return Answer(status=HTTPStatus.CONFLICT, body=f"{seen.size}\n", is_size=True)
    try:
        tlog.check_consistency(old=seen.size, old_root=seen.root, size=new.size, root=new.root, proof=request.proof)
    except LedgerError:
        return Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return Answer(status=HTTPStatus.OK, body=signer.sign(new.text, at=now), remember=new)
