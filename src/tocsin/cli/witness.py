"""`tocsin witness`: vouch for a log that it has never changed its past, over HTTP or at a folder on a stick."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.arguments import DONE, FOLDER, NEW_FILE, NO
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from tocsin.ledger.note import Verifier
    from tocsin.ledger.witness import Logs

_KEY = click.option("--key", type=NEW_FILE, default="witness.key", show_default=True, help="the witness's key file")
_LOG = click.option("--log", "vkeys", multiple=True, required=True, metavar="VKEY", help="key of a log that is known")
_MEMORY = click.option(
    "--memory", type=NEW_FILE, default="witness.db", show_default=True, help="what was seen before; never start afresh"
)


@click.group()
def witness() -> None:
    """Vouch that a transparency log has only grown since it was last seen. Any C2SP log, not only Tocsin's."""


@witness.command(name="new-key")
@_KEY
@click.argument("name")
def new_key(key: Path, name: str) -> int:
    """Make the key of the witness NAME, such as works-council.example/w1, and print its public line.

    \b
    Example:
      tocsin witness new-key works-council.example/w1
    """
    from tocsin.ledger.note import COSIGNATURE
    from tocsin.run import keys

    click.echo(keys.make(key, name, kind=COSIGNATURE).verifier.vkey)
    click.echo(f"{key} holds the private key: keep it where only the witness can read it", err=True)
    return DONE


@witness.command()
@_KEY
@_LOG
@_MEMORY
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True)
def serve(key: Path, vkeys: tuple[str, ...], memory: Path, host: str, port: int) -> int:
    """Answer POST /add-checkpoint until Ctrl-C (C2SP tlog-witness).

    \b
    Example:
      tocsin witness serve --log tocsin.example/log+28fe742d+AXkh9nD1...
    """
    import uvicorn

    from tocsin.ledger.note import COSIGNATURE
    from tocsin.run import keys
    from tocsin.run.clock import utc_now
    from tocsin.run.witness import Memory
    from tocsin.web.witness import create_witness

    signer, logs = keys.load(key, kind=COSIGNATURE), _logs(vkeys)
    with Memory(memory) as kept:
        click.echo(f"witness {signer.verifier.name} on http://{host}:{port}/  (Ctrl-C ends it)", err=True)
        app = create_witness(kept, logs, signer, utc_now)
        uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, lifespan="off")
    return DONE


@witness.command()
@_KEY
@_LOG
@_MEMORY
@click.argument("folder", type=FOLDER)
def look(key: Path, vkeys: tuple[str, ...], memory: Path, folder: Path) -> int:
    """Check that the exported log in FOLDER extends what was seen before, and cosign it there. No network.

    Exit 1 when it does not: keep the folder, the two signed checkpoints are evidence.

    \b
    Example:
      tocsin witness look --log tocsin.example/log+28fe742d+AXkh9nD1... /media/stick/ledger
    """
    from tocsin.ledger.errors import LedgerError
    from tocsin.ledger.note import COSIGNATURE
    from tocsin.run import keys
    from tocsin.run.clock import utc_now
    from tocsin.run.witness import Memory
    from tocsin.run.witness import look as check

    signer, logs = keys.load(key, kind=COSIGNATURE), _logs(vkeys)
    with Memory(memory) as kept:
        try:
            seen = check(folder, memory=kept, logs=logs, signer=signer, now=utc_now())
        except LedgerError as error:
            click.echo(f"not cosigned: {error}", err=True)
            return NO
    click.echo(f"cosigned: {seen.origin}, {seen.size} entries, root {seen.root.hex()[:16]}")
    return DONE


def _logs(vkeys: tuple[str, ...]) -> Logs:
    from tocsin.ledger.errors import FormatError
    from tocsin.ledger.note import parse_vkey

    known: defaultdict[str, list[Verifier]] = defaultdict(list)
    for vkey in vkeys:
        try:
            verifier = parse_vkey(vkey)
        except FormatError as error:
            raise ConfigError(str(error), setting="--log") from None
        known[verifier.name].append(verifier)
    return known


COMMANDS = (witness,)
