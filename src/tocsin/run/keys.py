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
        raise ConfigError("is no key file; `new-key` makes one", setting=str(path)) from None


def make(path: Path, name: str, *, kind: int) -> Signer:
    """Write a new key file and return its signer. Raises ConfigError when a file is there already."""
    try:
        signer = note.from_seed(name, os.urandom(tlog.HASH_SIZE), kind=kind)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except FormatError as error:
        raise ConfigError(str(error), setting="NAME") from None
    except OSError:
        raise ConfigError("is there already, or cannot be written; nothing was changed", setting=str(path)) from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{name} {note.seed(signer).hex()}\n")
    return signer
