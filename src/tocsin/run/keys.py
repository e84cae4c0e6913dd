"""Key files: a name, a blank, and the 32 bytes of a private key in hex. Readable by their owner only."""

from __future__ import annotations

import os
from pathlib import Path

from tocsin.errors import ConfigError
from tocsin.ledger import FormatError, note, tlog
from tocsin.ledger.note import Signer

_MODE = 0o600


def load(path: Path, *, kind: int) -> Signer:
    """Return the signer that a key file holds, for logs (`note.ED25519`) or witnesses. Raises ConfigError."""
    try:
        name, seed = path.read_text(encoding="ascii").split()
        return note.from_seed(name, bytes.fromhex(seed), kind=kind)
    except (OSError, ValueError, FormatError):
        raise ConfigError(
            "is no key file, or is missing: restore it from its backup; a witness's first is made by `new-key`",
            setting=str(path),
        ) from None


def make(path: Path, name: str, *, kind: int) -> Signer:
    """Write a new key file, whole or not at all; return its signer. Raises ConfigError when one is there already."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        signer = note.from_seed(name, os.urandom(tlog.HASH_SIZE), kind=kind)
        if path.exists():
            raise FileExistsError
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{name} {note.seed(signer).hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _settle(path.parent)
    except FormatError as error:
        raise ConfigError(str(error), setting="NAME") from None
    except OSError:
        raise ConfigError("is there already, or cannot be written; nothing was changed", setting=str(path)) from None
    return signer


def move(path: Path, onto: Path) -> None:
    """Put a key file in the place of another, in one step, so that one of them is there whatever happens."""
    try:
        path.replace(onto)
        _settle(onto.parent)
    except OSError as error:
        raise ConfigError(f"cannot be replaced ({error.strerror})", setting=str(onto)) from None


def _settle(folder: Path) -> None:
    """Have the disk keep the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
