"""A new key for the log, under the same name. First the log tells of it, then both keys sign, then the new one alone.

    ledger.key         the key that signs
    ledger.key.next    the new one, from `rotate` until it takes the place of the other

The entry `key-rotated` is covered by a checkpoint that the old key has signed, so whoever holds the old key on paper
learns of the new one from somebody whom they know. From the first published checkpoint that covers it both sign for
90 days: time enough for councils, auditors and witnesses to write the new line down. Then the new key signs alone, and
at the next start its file takes the old one's place, which destroys the old key.

A crash at any line leaves a key that signs: the new file is on disk before the log tells of it, and moved in one step.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tocsin.errors import ConfigError
from tocsin.ledger.note import ED25519, Verifier
from tocsin.run import keys
from tocsin.run.publish import BOTH_SIGN, Log, key_hash, signed_head, signers
from tocsin.store import Store


def rotate(store: Store, log: Log, *, now: datetime, is_lost: bool = False) -> Verifier:
    """Make the log's next key and enter it into the log; return its public half.

    Goes on where a rotation was interrupted. Raises ConfigError while another is under way, and when a key file is
    missing: then nothing is changed. `is_lost` says that the file of the next key is gone for good, and makes another.
    """
    log = settled(store, log, now=now)
    old, path = log.current(), log.next_file
    assert path is not None, "a log with a configuration has a file for its key"
    told, new = store.rotation(), log.next()
    is_under_way = told is not None and told.old == key_hash(old.verifier)
    if is_under_way and new is not None:
        until = f"until {told.shown + BOTH_SIGN:%Y-%m-%d}" if told and told.shown else "once `tocsin run` has signed it"
        raise ConfigError(f"both keys sign, {until}; one rotation at a time", setting="ledger_key")
    if is_under_way and not is_lost:
        raise ConfigError(
            f"{path} is missing, and the log says that this key takes over: restore it from its backup. "
            "Where it is gone for good, --lost makes another",
            setting="ledger_key",
        )
    new = new or keys.make(path, old.verifier.name, kind=ED25519)
    store.rotate_key(old=old.verifier.key, new=new.verifier.key, now=now)
    return new.verifier


def settled(store: Store, log: Log, *, now: datetime) -> Log:
    """Return the log after the new key has taken the old one's place on disk, if its time has come."""
    new, last = log.next(), signed_head(store)
    if log.key_file is None or log.next_file is None or new is None:
        return log
    if [one.verifier for one in signers(store, log, size=last.size, now=now)] != [new.verifier]:
        return log
    keys.move(log.next_file, log.key_file)
    return replace(log, signer=new)
