"""`tocsin sources`: what can be read, from whom, under which licence, and whether it answers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.arguments import DONE, FILE, NEW_FILE, NO, put
from tocsin.errors import ConfigError
from tocsin.model import Problem

if TYPE_CHECKING:
    from tocsin.catalogue import Entry
    from tocsin.model import Fault, Source
    from tocsin.run.probe import Probe

_SHOWN_PROBLEMS = 20


@click.group()
def sources() -> None:
    """List, search, check and explain the public sources that Tocsin can read."""


_CONFIG = click.option(
    "--config", "config_", type=NEW_FILE, default="tocsin.toml", help="whose extensions are known (default tocsin.toml)"
)


@sources.command(name="list")
@_CONFIG
@click.option(
    "--country", metavar="CC", default="", help="only those that speak for this country (ISO 3166), or the world"
)
@click.option("--hazard", "family", metavar="FAMILY", default="", help="only those that watch this hazard family")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line in place of the table")
@click.argument("words", nargs=-1)
def list_(config_: Path, country: str, family: str, as_json: bool, words: tuple[str, ...]) -> int:
    """List the sources that hold all WORDS in their id, publisher or format; all of them without any.

    \b
    Examples:
      tocsin sources list --country NL
      tocsin sources list met office --json
    """
    from tocsin import catalogue
    from tocsin.hazards import FAMILIES

    if family and family not in FAMILIES:
        raise ConfigError(f"there is no such family; there are {', '.join(FAMILIES)}", setting="--hazard")
    found = catalogue.search(words, country=country, family=family, also=_extensions(config_))
    if as_json:
        for entry in found:
            put(_row(entry))
    else:
        _table(found)
    return DONE if found else NO


@sources.command()
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="one JSON object in place of lines")
@click.argument("name", metavar="ID")
def show(config_: Path, as_json: bool, name: str) -> int:
    """Show all that the catalogue, or the configuration that extends it, says of the source ID.

    \b
    Example:
      tocsin sources show meteoalarm-germany
    """
    row = _row(_entry(name, config_))
    if as_json:
        put(row)
        return DONE
    width = max(map(len, row))
    for key, value in row.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{key:<{width}}  {'yes' if value is True else 'no' if value is False else shown}")
    return DONE


@sources.command()
@click.option(
    "--config", "config_", type=NEW_FILE, default="tocsin.toml", help="whose contact is sent (default tocsin.toml)"
)
@click.option("--contact", help="the contact that the request names, in place of the configuration's")
@click.option("--json", "as_json", is_flag=True, help="one JSON object in place of lines")
@click.argument("name", metavar="ID")
def probe(config_: Path, contact: str | None, as_json: bool, name: str) -> int:
    """Ask the source ID once, politely, and say what it answers. Exit 1 when it cannot be had or read.

    \b
    Example:
      tocsin sources probe us-nws-alerts --contact mailto:ops@example.org
    """
    import asyncio

    from tocsin.run import inputs
    from tocsin.run.clock import utc_now
    from tocsin.run.probe import probe as look
    from tocsin.run.service import client

    source = _readable(_entry(name, config_))
    named = contact or inputs.load_config(config_).contact

    async def once() -> Probe:
        async with client(named) as http:
            return await look(source, http, clock=utc_now)

    found = asyncio.run(once())
    put(_probe_row(found)) if as_json else _say(found)
    return NO if found.error else DONE


@sources.command()
@click.option(
    "--feeds", multiple=True, type=FILE, help="recorded documents of the source, in place of what was collected"
)
@click.option(
    "--config",
    "config_",
    type=NEW_FILE,
    default="tocsin.toml",
    help="whose database holds the faults (default tocsin.toml)",
)
@click.argument("name", metavar="ID")
def letter(feeds: tuple[Path, ...], config_: Path, name: str) -> int:
    """Write the letter that tells the publisher of the source ID which faults its documents have.

    \b
    Examples:
      tocsin sources letter meteoalarm-germany > letter.txt
      tocsin sources letter meteoalarm-germany --feeds recorded.xml
    """
    from tocsin import letters

    source = _entry(name, config_).source
    found = _faults_in(source, feeds) if feeds else _faults_kept(source, config_)
    click.echo(letters.letter(source, found), nl=False)
    return DONE


def _faults_in(source: Source, feeds: tuple[Path, ...]) -> tuple[Fault, ...]:
    """Return the faults of recorded documents. They are read, and nothing of them is kept."""
    from tocsin import formats, letters
    from tocsin.errors import FormatError
    from tocsin.run.clock import utc_now

    now, problems = utc_now(), []
    for file in feeds:
        body = file.read_bytes()
        try:
            reading = formats.read(formats.name_of(body) or source.format, body, source=source.id, now=now)
        except FormatError as error:
            problems.append(Problem(at=error.at or "document", message=error.message))
        else:
            problems += [*reading.problems, *(problem for item in reading.items for problem in item.problems)]
    return letters.faults(source.id, problems, day=now.date())


def _faults_kept(source: Source, config: Path) -> tuple[Fault, ...]:
    from tocsin.run import inputs
    from tocsin.store import Store

    database = config.resolve().parent / inputs.load_config(config).database
    if not database.exists():
        raise ConfigError(f"{database} is not there yet; `tocsin run` collects, and --feeds takes recorded documents")
    with Store.open(database) as store:
        return store.faults(source.id)


def _extensions(config: Path) -> list[Entry]:
    """Return the entries of the sources that a configuration adds, if there is one."""
    from tocsin.catalogue import Entry, hosts
    from tocsin.run import inputs

    if not config.exists():
        return []
    return [Entry(source=one, hosts=hosts(one)) for one in inputs.extensions_of(inputs.load_config(config))]


def _entry(name: str, config: Path) -> Entry:
    """Return what the catalogue, else the configuration says of a source. Raises ConfigError naming the nearest one."""
    from tocsin import catalogue

    if name in catalogue.ENTRIES:
        return catalogue.ENTRIES[name]
    added = next((entry for entry in _extensions(config) if entry.source.id == name), None)
    if added is None:
        catalogue.find(name)  # raises, naming the nearest one
        raise AssertionError("what the catalogue does not list cannot be found")
    return added


def _readable(entry: Entry) -> Source:
    """Return the source of an entry that can be read. Raises ConfigError that says why it cannot."""
    from tocsin import catalogue

    return catalogue.find(entry.source.id) if catalogue.lists(entry.source) else entry.source


def _row(entry: Entry) -> dict[str, Any]:
    """Return a source as plain JSON types, under the names of the catalogue file."""
    from tocsin import catalogue

    source = entry.source
    return {
        "id": source.id,
        "origin": "catalogue" if catalogue.lists(source) else "extension",
        "publisher": source.publisher,
        "url": source.url,
        "hosts": list(entry.hosts),
        "headers": [f"{name}: {value}" for name, value in entry.headers.items()],
        "format": source.format,
        "issuer_class": source.issuer_class.value,
        "jurisdiction": list(source.jurisdiction),
        "families": list(source.families),
        "language": source.language,
        "licence": source.licence,
        "attribution": source.attribution,
        "interval_s": int(source.interval.total_seconds()),
        "stale_after_s": int(source.stale_after.total_seconds()),
        "snapshot": source.snapshot,
        "mirrors": list(source.mirrors),
        "planned": entry.is_planned,
        "verified": entry.is_verified,
        "sunset": entry.sunset.isoformat() if entry.sunset else "",
        "about": source.about,
    }


def _table(entries: tuple[Entry, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tocsin import catalogue

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("Id", "Publisher", "Speaks for", "Format", "Watches"):
        table.add_column(column, overflow="fold", no_wrap=column in {"Id", "Format"})
    for entry in entries:
        source = entry.source
        style = "dim" if entry.is_planned else ""
        where = ", ".join("the world" if code == "001" else code for code in source.jurisdiction)
        word = "planned" if entry.is_planned else "" if catalogue.lists(source) else "extension"
        state = f"{source.format} ({word})" if word else source.format
        cells = (source.id, source.publisher, where, state, ", ".join(source.families))
        table.add_row(*(Text(cell, style=style) for cell in cells))
    Console().print(table)
    click.echo(f"{len(entries)} sources", err=True)


def _probe_row(found: Probe) -> dict[str, Any]:
    row = asdict(found)
    row["age_s"] = None if found.age is None else round(found.age.total_seconds())
    del row["age"]
    return row


def _say(found: Probe) -> None:
    if found.error and not found.size_bytes:
        click.echo(f"{found.source}: no answer ({found.error}; docs/sources.md says what that means)")
        return
    click.echo(
        f"{found.source}: {found.size_bytes:,} bytes, "
        f"{'conditional requests possible' if found.is_conditional else 'no validator, every poll is a whole one'}"
    )
    click.echo(f"  content names the format: {found.named or 'no'}")
    if found.error:
        click.echo("  cannot be read as the format that the catalogue states")
    else:
        whole = "whole" if found.is_complete else "not whole: absence from it proves nothing"
        click.echo(f"  {found.items} items, {found.admitted} pass the gate, {found.links} links; {whole}")
    if found.age is not None:
        click.echo(f"  made {_ago(found.age)} by its own time")
    for problem in found.problems[:_SHOWN_PROBLEMS]:
        click.echo(f"  {'repaired' if problem.is_repaired else 'problem'}: {problem.message} (at {problem.at})")
    if len(found.problems) > _SHOWN_PROBLEMS:
        click.echo(f"  ... and {len(found.problems) - _SHOWN_PROBLEMS} more")


def _ago(age: timedelta) -> str:
    minutes = round(age.total_seconds() / 60)
    return f"{minutes} min ago" if abs(minutes) < 120 else f"{round(minutes / 60)} h ago"  # noqa: PLR2004  two hours


COMMANDS = (sources,)
