"""`tocsin init`, `demo`, `run` and `completion`: setting up, showing, and serving."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from tocsin.cli.arguments import DONE, NEW_FILE, put
from tocsin.errors import ConfigError

_PLACES = """\
id,name,lat,lon,kind,timezone,languages,headcount,traits
hq,Head office,51.5072,-0.1276,office,Europe/London,en,240,
warehouse-1,Warehouse Leeds,53.7997,-1.5492,warehouse,Europe/London,en,85,outdoor_yard
school-1,School Newcastle,54.9783,-1.6178,school,Europe/London,en,410,basement
"""


@click.command()
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> int:
    """Write a commented tocsin.toml and an example places.csv into DIR; existing files are left alone.

    \b
    Examples:
      tocsin init
      tocsin init /srv/tocsin
    """
    from tocsin.config import EXAMPLE

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("tocsin.toml", EXAMPLE), ("places.csv", _PLACES)):
        path = folder / name
        if path.exists():
            raise ConfigError(f"{path} is there already; nothing was changed")
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {path}", err=True)
    click.echo("next: put your places and sources in, then: tocsin check places.csv", err=True)
    return DONE


@click.command()
@click.option("--config", "config_", type=NEW_FILE, default="tocsin.toml", show_default=True, help="the configuration")
def run(config_: Path) -> int:
    """Run the service: read the sources, tell the channels, serve the console. Ctrl-C ends it.

    \b
    Examples:
      tocsin run
      tocsin run --config /srv/tocsin/tocsin.toml
    """
    from tocsin.run import edits, inputs, rotation, standing
    from tocsin.run.clock import utc_now
    from tocsin.run.service import Loops, client
    from tocsin.store import Store
    from tocsin.web.serve import serve

    loaded = inputs.load_config(config_)
    folder = config_.resolve().parent
    places = edits.PlacesFile(folder / loaded.places)
    geocodes = inputs.load_geocodes(folder / loaded.geocodes if loaded.geocodes else None)
    inputs.log_of(loaded, folder)  # what is wrong with it is said before a database is made

    async def service() -> None:
        database = folder / loaded.database
        with Store.open(database) as store:
            log = rotation.settled(store, inputs.log_of(loaded, folder), now=utc_now())
            for verifier in log.verifiers:
                click.echo(f"ledger: {verifier.vkey}  (the line to keep on paper)", err=True)
            async with client(loaded.contact) as http:
                sources = inputs.sources_of(loaded)
                loops = Loops(
                    store,
                    sources,
                    places.listed.places,
                    loaded.channels,
                    http,
                    geocodes=geocodes,
                    ledger=log,
                    index_file=standing.beside(database),
                    places_file=places,
                )
                loops.open_channels()  # what is missing is said before an address is
                running, shown = loops.run(), log.folder
                await serve(loops.board, running, host=loaded.host, port=loaded.port, tell=_address, ledger=shown)

    asyncio.run(service())
    return DONE


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    help="the next free one is taken if it is in use",
)
@click.option("--once", is_flag=True, help="play every scenario headless and print what was told, as JSON Lines")
@click.option("--scenario", metavar="NAME", help="only this scenario")
def demo(port: int, once: bool, scenario: str | None) -> int:
    """Play recorded scenarios with a virtual clock, no network: a tornado outbreak, a winter storm, an earthquake.

    \b
    Examples:
      tocsin demo
      tocsin demo --once --scenario tornado-2021-12-10
    """
    from tocsin.run.demo import Demo, scenarios

    names = scenarios()
    if scenario is not None and scenario not in names:
        raise ConfigError(f"there is no such scenario; there are {', '.join(names)}", setting="--scenario")
    chosen = [scenario] if scenario else names
    if once:
        for name in chosen:
            for notice in Demo.headless(name):
                put({"scenario": name, **notice})
        return DONE
    from tocsin.web.serve import free_port, serve

    async def service() -> None:
        shown = Demo(chosen)
        await serve(shown.board, shown.run(tell=_line), host="127.0.0.1", port=free_port(port), tell=_address)

    asyncio.run(service())
    return DONE


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script that completes tocsin's commands in SHELL.

    \b
    Examples:
      tocsin completion bash > ~/.local/share/bash-completion/completions/tocsin
      tocsin completion fish > ~/.config/fish/completions/tocsin.fish
    """
    from click.shell_completion import get_completion_class

    from tocsin.cli import tocsin

    kind = get_completion_class(shell)
    assert kind is not None, "click knows the shells of the choice"
    click.echo(kind(tocsin, {}, "tocsin", "_TOCSIN_COMPLETE").source())
    return DONE


def _address(url: str) -> None:
    click.echo(f"console: {url}  (Ctrl-C ends it)", err=True)


def _line(text: str) -> None:
    click.echo(text, err=True)


COMMANDS = (init, run, demo, completion)
