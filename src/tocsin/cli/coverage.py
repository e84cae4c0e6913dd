"""`tocsin coverage`: which sources watch which hazards at each place, how they are, and what nobody watches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.arguments import DONE, FILE, NEW_FILE, put

if TYPE_CHECKING:
    from tocsin.coverage import Account
    from tocsin.model import Health, Place

_MOST_NAMED = 3
_STYLES = {"watched": "green", "blind": "bold red", "unwatched": "yellow"}


@click.command()
@click.option("--config", "config_", type=NEW_FILE, default="tocsin.toml", help="which sources (default tocsin.toml)")
@click.option("--json", "as_json", is_flag=True, help="one JSON object in place of the table")
@click.argument("places", type=FILE)
def coverage(config_: Path, as_json: bool, places: Path) -> int:
    """Say for each of PLACES and each kind of hazard who watches it, and what nobody watches.

    Sources are those of the configuration; how they are is taken from its database, where there is one. Places of
    which all sources hold the same stand in one group.

    \b
    Examples:
      tocsin coverage places.csv
      tocsin coverage places.csv --config /srv/tocsin/tocsin.toml --json
    """
    from tocsin import catalogue
    from tocsin import coverage as accounts
    from tocsin.run import inputs

    loaded = inputs.load_config(config_)
    healths = _healths(config_.resolve().parent / loaded.database)
    now = datetime.now(UTC)
    known = [entry.source for entry in catalogue.ENTRIES.values() if not entry.is_planned]
    groups = accounts.account(inputs.load_places(places), inputs.sources_of(loaded), healths, now, known=known)
    if as_json:
        states = {"at": now.isoformat(timespec="seconds"), "has_states": healths is not None}
        put({**states, "groups": [_group(some, rows) for some, rows in groups]})
    else:
        _table(groups)
    return DONE


def _healths(database: Path) -> Mapping[str, Health] | None:
    """Return what is known of each source, None where nothing has run yet: asking makes no database."""
    from tocsin.store import Store

    if not database.is_file():
        return None
    with Store.open(database) as store:
        return {health.source: health for health in store.healths()}


def _group(places: Sequence[Place], rows: Iterable[Account]) -> dict[str, Any]:
    return {
        "places": [place.id for place in places],
        "families": [
            {
                "family": row.family,
                "state": row.state,
                "sources": [{"id": source, "state": state} for source, state in row.sources],
                "reason": row.reason,
                "candidates": list(row.candidates),
            }
            for row in rows
        ],
    }


def _table(groups: Iterable[tuple[Sequence[Place], Sequence[Account]]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tocsin.hazards import FAMILIES

    console = Console()
    for places, rows in groups:
        names = ", ".join(place.name for place in places[:_MOST_NAMED])
        more = len(places) - _MOST_NAMED
        console.print(Text(f"{names} and {more} more places" if more > 0 else names, style="bold"))
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("Hazard", "State", "Why"):
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(
                Text(FAMILIES.get(row.family, row.family)), Text(row.state, style=_STYLES[row.state]), Text(row.reason)
            )
        console.print(table)
        console.print()


COMMANDS = (coverage,)
