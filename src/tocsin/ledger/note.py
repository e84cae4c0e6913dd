"""Signed notes: a text, and below it who vouches for it.

    tocsin.example/log
    15
    rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=
                                                    an empty line parts the text from its signatures
    — tocsin.example/log M9e0luh4jTG+UMBqOUo9...    em dash, blank, key name, blank, base64(key id || signature)

A verifier key ("vkey") is `name+hash+base64(type || public key)`. The hash is the key id in hex: the first four bytes
of SHA-256(name || 0x0A || type || public key). A note may hold signatures of keys that are not known: they are passed
over. A signature of a *known* key that does not verify makes the whole note worthless. Keys are of type

    0x01  Ed25519 over the text                                      Source: C2SP signed-note, "Signature Types"
    0x04  a witness's cosignature: Ed25519 over the time and the text, the time (8 bytes, seconds since 1970, UTC)
          before the signature                                       Source: C2SP tlog-cosignature, "Ed25519"

Ed25519 is `cryptography`'s, in which Go and OpenSSL agree about every odd signature; libsodium does not.
Source: C2SP signed-note.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tocsin.ledger.errors import FormatError, ProofError

ED25519, COSIGNATURE = 0x01, 0x04
MAX_NOTE = 1_000_000  # bytes; Go's verifier has the same bound
MAX_SIGNATURES = 100
_KEY_ID = 4  # bytes
_KEY = 32
_SIGNATURE = 64
_TIME = struct.Struct(">Q")
_SPLIT = "\n\n"
_DASH = "\u2014 "
_NAME = re.compile(r"[^\s+]+")
_LAST_TIME = 253_402_300_799  # the end of the year 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A public key with its name, by which signatures are recognised and checked."""

    name: str
    kind: int
    key: bytes

    @property
    def id(self) -> bytes:
        """Return the key id, 4 bytes."""
        return _key_id(self.name, self.kind, self.key)

    @property
    def vkey(self) -> str:
        """Return the key as one line that can be printed, dictated and compared."""
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([self.kind]) + self.key)}"

    def check(self, text: str, signature: bytes) -> datetime | None:
        """Return when a cosignature was made, None for another. Raises ProofError when it does not verify."""
        moment, message, bare = None, text.encode(), signature
        if self.kind == COSIGNATURE:
            if len(signature) != _TIME.size + _SIGNATURE:
                raise ProofError(f"the cosignature of {self.name} has another length than one has")
            (seconds,) = _TIME.unpack(signature[: _TIME.size])
            if seconds > _LAST_TIME:
                raise ProofError(f"the cosignature of {self.name} is from after the year 9999")
            moment, bare = datetime.fromtimestamp(seconds, UTC), signature[_TIME.size :]
            message = _cosigned(text, seconds)
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(bare, message)
        except (InvalidSignature, ValueError):
            raise ProofError(f"the signature of {self.name} does not verify") from None
        return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key with its name. Whoever prints one prints `verifier.vkey`."""

    verifier: Verifier
    secret: Ed25519PrivateKey

    def sign(self, text: str, *, at: datetime | None = None) -> str:
        """Return the signature line for `text`; `at` is when a witness signs, and must be given for one only."""
        assert (at is not None) == (self.verifier.kind == COSIGNATURE), "witnesses, and only they, say when"
        if at is None:
            signature = self.secret.sign(text.encode())
        else:
            seconds = int(at.timestamp())
            signature = _TIME.pack(seconds) + self.secret.sign(_cosigned(text, seconds))
        return line(self.verifier, signature)

    def __repr__(self) -> str:
        return f"Signer({self.verifier.name}, secret=<secret>)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature that verified: whose, and for a witness when."""

    verifier: Verifier
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note whose known signatures all verified; `signatures` is never empty. `text` ends with a line's end."""

    text: str
    signatures: tuple[Signature, ...]


def parse_vkey(vkey: str) -> Verifier:
    """Return the verifier that a line of text is. Raises FormatError for a wrong hash, length, type or name."""
    name, _, rest = vkey.strip().partition("+")
    hexed, _, coded = rest.partition("+")
    try:
        body = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError("this is no verifier key") from None
    if not _NAME.fullmatch(name) or len(body) != 1 + _KEY or body[0] not in {ED25519, COSIGNATURE}:
        raise FormatError("this is no verifier key of a type that is known")
    verifier = Verifier(name=name, kind=body[0], key=body[1:])
    if verifier.id.hex() != hexed:
        raise FormatError("the verifier key's hash is not that of its name and key")
    return verifier


def new_signer(name: str, secret: Ed25519PrivateKey, *, kind: int = ED25519) -> Signer:
    """Return the signer of this name. Raises FormatError for a name that no note can hold."""
    if not _NAME.fullmatch(name):
        raise FormatError("a key's name has no blank and no plus sign")
    key = secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Signer(verifier=Verifier(name=name, kind=kind, key=key), secret=secret)


def seed(signer: Signer) -> bytes:
    """Return the 32 bytes from which the private key is made again; to be kept where only the log can read it."""
    return signer.secret.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def from_seed(name: str, seed: bytes, *, kind: int = ED25519) -> Signer:
    """Return the signer whose private key these 32 bytes are. Raises FormatError when they are not 32."""
    if len(seed) != _KEY:
        raise FormatError("a private key has 32 bytes")
    return new_signer(name, Ed25519PrivateKey.from_private_bytes(seed), kind=kind)


def line(verifier: Verifier, signature: bytes) -> str:
    """Return the line of a note that says that this key has made this signature."""
    return f"{_DASH}{verifier.name} {_base64(verifier.id + signature)}\n"


def signed(text: str, *lines: str) -> bytes:
    """Return the note that `text` and its signature lines are."""
    assert text.endswith("\n"), "a note's text ends with a line's end"
    return f"{text}\n{''.join(lines)}".encode()


def split(body: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return a note's text and its signatures as (name, key id, signature), none of them checked.

    Raises FormatError unless the bytes are a note. Source: C2SP signed-note, "Format".
    """
    if len(body) > MAX_NOTE:
        raise FormatError("the note is too long")
    try:
        whole = body.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("the note is not UTF-8") from None
    if any(char < " " and char != "\n" for char in whole):
        raise FormatError("the note holds a control character")
    text, parted, lines = whole.rpartition(_SPLIT)
    if not parted or not lines.endswith("\n"):
        raise FormatError("the note has no signatures")
    found = [_signature(line) for line in lines.removesuffix("\n").split("\n")]
    if len(found) > MAX_SIGNATURES:
        raise FormatError(f"the note has more than {MAX_SIGNATURES} signatures")
    return f"{text}\n", found


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, coded = line.removeprefix(_DASH).partition(" ")
    try:
        body = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError("a signature is not base64") from None
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(body) <= _KEY_ID:
        raise FormatError("a signature line is not one")
    return name, body[:_KEY_ID], body[_KEY_ID:]


def open_note(body: bytes, known: Iterable[Verifier]) -> Note:
    """Return the note, vouched for by at least one of the `known` keys.

    Raises FormatError when the bytes are no note, ProofError when a known key's signature does not verify or none of
    the known keys has signed. A key that signs twice is checked once.
    """
    text, lines = split(body)
    keys = {(verifier.name, verifier.id): verifier for verifier in known}
    found: dict[tuple[str, bytes], Signature] = {}
    for name, key_id, signature in lines:
        verifier = keys.get((name, key_id))
        if verifier is not None and (name, key_id) not in found:
            found[name, key_id] = Signature(verifier=verifier, at=verifier.check(text, signature))
    if not found:
        raise ProofError("none of the known keys has signed the note")
    return Note(text=text, signatures=tuple(found.values()))


def _cosigned(text: str, seconds: int) -> bytes:
    """Return what a witness signs. Source: C2SP tlog-cosignature, "Ed25519 signed message"."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _key_id(name: str, kind: int, key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:_KEY_ID]


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode("ascii")


# --- checkpoints --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log vouches for: so many entries, under this root. Source: C2SP tlog-checkpoint."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Return the text of the note that is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text is. Raises FormatError; extension lines are refused.

    Refused, because this log never writes one, and what nobody reads can mean anything.
    """
    lines: Sequence[str] = text.split("\n")
    try:
        origin, size, coded, end = lines
        checkpoint = Checkpoint(origin=origin, size=int(size), root=base64.b64decode(coded, validate=True))
    except (ValueError, binascii.Error):
        raise FormatError("the note is no checkpoint") from None
    is_sound = bool(origin) and checkpoint.size >= 0 and len(checkpoint.root) == _KEY and not end
    if not is_sound or checkpoint.text != text:
        raise FormatError("the note is no checkpoint")
    return checkpoint
