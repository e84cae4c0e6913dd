"""`tocsin ledger`: look at the transparency log, prove single entries, and hand it out."""

from __future__ import annotations

import sys
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.arguments import DONE, FILE, HAD_PROBLEMS, NEW_FILE, name_problems, put
from tocsin.errors import ConfigError
from tocsin.ledger import Head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.config import Config
    from tocsin.run.publish import Log
    from tocsin.store import Opening, Store

_CONFIG = click.option(
    "--config", "config_", type=NEW_FILE, default="tocsin.toml", help="whose ledger (default tocsin.toml)"
)
_KEY = "ledger_key"  # the setting


@click.group()
def ledger() -> None:
    """Look at the transparency log, prove an entry, export the log for an auditor, change its key."""


@ledger.command()
@_CONFIG
def key(config_: Path) -> int:
    """Print the log's public key: the line that works council, regulator and witnesses keep on paper.

    Two lines while the log passes from one key to the next: the second stays.

    \b
    Example:
      tocsin ledger key
    """
    with _opened(config_) as (_, log):
        for verifier in log.verifiers:
            click.echo(verifier.vkey)
    return DONE


@ledger.command()
@_CONFIG
@click.option("--lost", is_flag=True, help="the file of the next key is gone for good: make another")
def rotate(config_: Path, lost: bool) -> int:
    """Pass from the log's key to a new one, and print its public line: everybody writes it down in time.

    The log tells of it; then both keys sign for 90 days, and later the new one alone. Nothing need be started anew.

    \b
    Example:
      tocsin ledger rotate
    """
    from tocsin.run import inputs, rotation
    from tocsin.run.clock import utc_now

    path = config_.resolve().parent / inputs.load_config(config_).ledger_key
    if not path.exists():
        raise ConfigError(
            f"{path} is missing: restore it from its backup. Without it nobody can vouch for a new key", setting=_KEY
        )
    with _opened(config_) as (store, log):
        new = rotation.rotate(store, log, now=utc_now(), is_lost=lost)
    click.echo(new.vkey)
    click.echo(f"keep {log.next_file} in the backup, as {path}; both keys sign for 90 days", err=True)
    click.echo("give the new line to whoever holds the old one: auditors, witnesses, and policy.txt", err=True)
    return DONE


@ledger.command()
@_CONFIG
def head(config_: Path) -> int:
    """Check the whole ledger; print its head, the last that was signed, and who vouches for it.

    \b
    Example:
      tocsin ledger head
    """
    from tocsin.run.clock import utc_now
    from tocsin.run.publish import state_of_log

    with _opened(config_) as (store, log):
        now, state = store.verify_ledger(whole=True), state_of_log(store, log, now=utc_now())
        put({"origin": log.signer.verifier.name, "size": now.size, "root": now.root.hex(), **state.json()})
    return DONE


@ledger.command()
@_CONFIG
@click.argument("number", metavar="N", type=click.IntRange(min=0))
def show(config_: Path, number: int) -> int:
    """Print entry number N, counted from 0, as it stands in the log.

    \b
    Example:
      tocsin ledger show 0
    """
    with _opened(config_) as (store, _):
        found = store.ledger_entries(number, number + 1)
        if not found:
            raise ConfigError(f"there is none; the ledger has {store.ledger_size()} entries", setting=f"entry {number}")
        click.echo(found[0].leaf.decode("ascii"))
    return DONE


@ledger.command()
@_CONFIG
@click.argument("number", metavar="N", type=click.IntRange(min=0))
def prove(config_: Path, number: int) -> int:
    """Print the proof that entry N is under the last signed checkpoint (C2SP tlog-proof).

    \b
    Example:
      tocsin ledger prove 41 > entry-41.tlog-proof
    """
    from tocsin.ledger import proof
    from tocsin.run.clock import utc_now
    from tocsin.run.publish import checkpoint

    with _opened(config_) as (store, log):
        signed = _signed(store)
        if number >= signed.size:
            raise ConfigError(f"is not signed yet; the last checkpoint covers {signed.size}", setting=f"entry {number}")
        path = store.prove_entry(number, signed.size)
        file = proof.write(proof.Proof(index=number, path=path, signed=checkpoint(store, log, signed, now=utc_now())))
    sys.stdout.buffer.write(file)
    return DONE


@ledger.command()
@_CONFIG
@click.option("--witnessed", is_flag=True, help="only as far as the quorum of witnesses has seen it")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def export(config_: Path, folder: Path, witnessed: bool) -> int:
    """Write the signed log into DIR, a new folder: checkpoint, tiles, entries, and the public key (C2SP tlog-tiles).

    \b
    Example:
      tocsin ledger export /media/stick/ledger && tocsin-audit /media/stick/ledger --key VKEY
    """
    from tocsin.run.clock import utc_now
    from tocsin.run.publish import hand_out, state_of_log

    if folder.exists() and any(folder.iterdir()):
        raise ConfigError("is not empty; an export goes into a folder of its own", setting=str(folder))
    with _opened(config_) as (store, log):
        now = utc_now()
        signed, state = _signed(store), state_of_log(store, log, now=now)
        if witnessed and not state.witnessed_size:
            raise ConfigError("no quorum of witnesses has seen the log yet", setting="--witnessed")
        if witnessed:
            signed = Head(size=state.witnessed_size, root=store.ledger_root(state.witnessed_size))
        hand_out(store, log, signed, folder, now=now)
    click.echo(f"{signed.size} entries, root {signed.root.hex()[:16]}; {state.words}", err=True)
    return DONE


@ledger.command()
@_CONFIG
@click.option("--format", "format_", metavar="F", help="format, where the content does not name it without doubt")
@click.argument("files", nargs=-1, required=True, metavar="DOCUMENT...", type=FILE)
def open(config_: Path, format_: str | None, files: tuple[Path, ...]) -> int:  # noqa: A001  the command's word
    """Print what opens the decisions on the items of public documents, one JSON object a line, for an auditor.

    An opening shows to whoever holds the document what the gate decided on that item, and that the log holds it.
    It opens no other item. Only what was read in the last 30 days can be opened.

    \b
    Example:
      tocsin ledger open alerts.json > openings.jsonl
    """
    from tocsin import record
    from tocsin.cli.documents import readings

    had_problems = False
    with _opened(config_) as (store, _):
        for file, _, reading in readings(files, format_, None):
            had_problems |= name_problems(str(file), reading.problems)
            for item in reading.items:
                found = store.openings(record.item_digest(item))
                for opening in found:
                    if opening.entry is None:
                        click.echo(f"{file}: {item.at}: goes into the log with the hour's sum", err=True)
                    else:
                        put(_opening(opening))
                if not found:
                    click.echo(f"{file}: {item.at}: not read on a day whose key is still kept", err=True)
    return HAD_PROBLEMS if had_problems else DONE


def _opening(opening: Opening) -> dict[str, Any]:
    """Return an opening as the auditor reads it; key and path are in base64, as in C2SP tlog-proof."""
    return {
        "day": opening.day.isoformat(),
        "ruleset": opening.decision.ruleset,
        "key": b64encode(opening.key).decode(),
        "digest": opening.digest.hex(),
        "verdict": opening.decision.verdict.value,
        "rule": opening.decision.rule,
        "entry": opening.entry,
        "index": opening.index,
        "size": opening.size,
        "path": [b64encode(step).decode() for step in opening.path],
    }


def _signed(store: Store) -> Head:
    signed = store.signed_ledger()
    if signed is None:
        raise ConfigError("nothing has been signed yet; `tocsin run` signs every minute", setting="ledger")
    return signed


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Store, Log]]:
    """Give the store and the log of a configuration. Raises ConfigError when there is no database yet."""
    from tocsin.run import inputs
    from tocsin.store import Store

    loaded: Config = inputs.load_config(path)
    folder = path.resolve().parent
    database = folder / loaded.database
    if not database.exists():
        raise ConfigError(f"{database} is not there yet; `tocsin run` makes it", setting="database")
    with Store.open(database) as store:
        yield store, inputs.log_of(loaded, folder)


COMMANDS = (ledger,)
