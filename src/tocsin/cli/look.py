"""`tocsin check` and `tocsin replay`: what threatens the places, now or in a recording."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from tocsin.cli.arguments import (
    ANY_PATH,
    DONE,
    FILE,
    FOLDER,
    HAD_PROBLEMS,
    NEW_FILE,
    NO,
    Moment,
    is_terminal,
    name_problems,
    put,
)
from tocsin.errors import ConfigError
from tocsin.model import Level, Problem

if TYPE_CHECKING:
    from tocsin.geocodes import Geocodes
    from tocsin.run.replay import Line, Replay

_SLOWEST, _FASTEST = 0.001, 1e9
_LEVELS = {level.words.lower(): level for level in Level if level}
_COLOURS = {0: "dim", 1: "blue", 2: "yellow", 3: "dark_orange", 4: "bold red"}
_MARKS = {0: "·", 1: "ⓘ", 2: "△", 3: "◆", 4: "⯃"}


@click.command()
@click.option("--feeds", multiple=True, type=ANY_PATH, help="recorded documents, or a folder with index.jsonl")
@click.option("--at", type=Moment(), help="the moment to look at (default: now)")
@click.option("--json", "as_json", is_flag=True, help="one JSON object in place of the table")
@click.option("--fail-on", type=click.Choice(list(_LEVELS)), help="exit 1 when a place is at this level or above")
@click.option(
    "--config", "config_", type=NEW_FILE, default="tocsin.toml", help="where the sources stand (default tocsin.toml)"
)
@click.option("--geocodes", type=FILE, help="a geocode pack for --feeds (the configuration names that of the sources)")
@click.argument("places", type=FILE)
def check(
    feeds: tuple[Path, ...],
    at: datetime | None,
    as_json: bool,
    fail_on: str | None,
    config_: Path,
    geocodes: Path | None,
    places: Path,
) -> int:
    """Look once at what threatens each of PLACES: danger, quiet, or blind.

    \b
    Examples:
      tocsin check places.csv
      tocsin check places.csv --feeds alerts.json --at 2021-12-11T02:10:00Z --fail-on "be prepared"
    """
    from tocsin.run import inputs, overview

    now = at or datetime.now(UTC)
    loaded = inputs.load_places(places)
    if feeds:
        desk, had_problems = _from_recordings(feeds, loaded, now, inputs.load_geocodes(geocodes))
    else:
        if at is not None:
            raise click.UsageError("--at needs --feeds: the public feeds tell only what is true now")
        desk, had_problems = _from_sources(config_, loaded)
    seen = overview.look(desk, now)
    put(seen) if as_json else _table(seen)
    if fail_on and any(place["level"] >= _LEVELS[fail_on] for place in seen["places"]):
        return NO
    return HAD_PROBLEMS if had_problems else DONE


def _from_recordings(feeds: tuple[Path, ...], places: Any, now: datetime, geocodes: Geocodes) -> tuple[Any, bool]:
    from tocsin.run.replay import Replay, read_archive
    from tocsin.store import Store

    lines: list[Line] = []
    had_problems = False
    for path in feeds:
        if path.is_dir():
            lines += [line for line in read_archive(path) if line.at <= now]
        elif line := _line_of(path, now):
            lines.append(line)
        else:
            had_problems = True
    if not lines:
        why = "none of the documents names its format" if had_problems else "none of them had arrived at that time"
        raise ConfigError(why, setting="--feeds")
    with Store.open(None) as store:
        replay = Replay(sorted(lines, key=lambda line: line.at), places, store=store, geocodes=geocodes)
        return replay.desk, _play(replay, until=now) or had_problems


def _line_of(path: Path, now: datetime) -> Line | None:
    """Return the poll that this document stands for; None, said on stderr, where it does not name its format."""
    from tocsin import formats
    from tocsin.run.replay import Line

    name = formats.name_of(path.read_bytes())
    if name is None:
        message = "the content does not name its format; put it into an archive with index.jsonl"
        name_problems(str(path), [Problem(at="document", message=message)])
        return None
    return Line(at=now, source=f"recorded-{name}", format=name, file=path, error="")


def _from_sources(config: Path, places: Any) -> tuple[Any, bool]:
    import asyncio

    from tocsin.run import inputs, standing
    from tocsin.run.service import look_once
    from tocsin.store import Store

    loaded = inputs.load_config(config)
    folder = config.resolve().parent
    geocodes = inputs.load_geocodes(folder / loaded.geocodes if loaded.geocodes else None)
    index_file = standing.beside(folder / loaded.database)
    with Store.open(None) as store:
        sources = inputs.sources_of(loaded)
        looking = look_once(store, sources, places, contact=loaded.contact, geocodes=geocodes, index_file=index_file)
        desk = asyncio.run(looking)
        return desk, any(health.error for health in desk.healths.values())


@click.command()
@click.option("--speed", default="max", help="times real time, or max (default)")
@click.option("--json", "as_json", is_flag=True, help="notices as JSON Lines in place of a line to read for each")
@click.option("--geocodes", type=FILE, help="a geocode pack of yours")
@click.argument("archive", type=FOLDER)
@click.argument("places", type=FILE)
def replay(speed: str, as_json: bool, geocodes: Path | None, archive: Path, places: Path) -> int:
    """Play the recorded documents of ARCHIVE through the same loops and print what PLACES would have been told.

    \b
    Examples:
      tocsin replay recordings/2021-12-10 places.csv
      tocsin replay recordings/2021-12-10 places.csv --json --speed 60
    """
    from tocsin.run import inputs
    from tocsin.run.replay import Replay, read_archive
    from tocsin.store import Store

    loaded = inputs.load_places(places)
    tell = put if as_json or not sys.stdout.isatty() else _say
    with Store.open(None) as store:
        played = Replay(read_archive(archive), loaded, store=store, geocodes=inputs.load_geocodes(geocodes))
        had_problems = _play(played, tell=tell, speed=speed)
    return HAD_PROBLEMS if had_problems else DONE


def _say(notice: dict[str, Any]) -> None:
    click.echo(f"{notice['at']}  {notice['subject']}")


def _play(
    replay: Replay,
    *,
    until: datetime | None = None,
    tell: Callable[[dict[str, Any]], None] | None = None,
    speed: str = "max",
) -> bool:
    """Play to the end; give each notice to `tell`; return whether a document had a problem."""
    import time

    from rich.console import Console
    from rich.progress import Progress

    factor = _factor(speed)
    reasons: Counter[str] = Counter()
    had_problems = False
    before: datetime | None = None
    with Progress(console=Console(stderr=True), transient=True, disable=tell is None or not is_terminal()) as progress:
        task = progress.add_task("replaying", total=len(replay.lines))
        for moment in replay.moments(until=until):
            if factor and before:
                time.sleep((moment.at - before).total_seconds() / factor)
            before = moment.at
            for file, problem in moment.problems:
                had_problems |= name_problems(file, [problem])
            for notice in moment.notices:
                reasons[notice.reason.value] += 1
                if tell is not None:
                    tell(replay.rendered(notice).json)
            progress.update(task, completed=replay.played)
    if tell is not None:
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "nothing"
        click.echo(f"{len(replay.lines)} polls replayed up to {replay.at:%Y-%m-%d %H:%M} UTC; told: {told}", err=True)
    return had_problems


def _factor(speed: str) -> float | None:
    if speed == "max":
        return None
    try:
        factor = float(speed)
    except ValueError:
        factor = 0
    if not _SLOWEST <= factor <= _FASTEST:  # neither nor "nan"
        raise click.BadParameter(f"must be a number from {_SLOWEST} to {_FASTEST}, or max", param_hint="--speed")
    return factor


def _table(seen: dict[str, Any]) -> None:
    """Draw the places, worst first, and below them the sources that say so."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("Place", "State", "What", "From – until", "People", "Buildings", "Traffic", "Where"):
        table.add_column(column, overflow="fold")
    for place in sorted(seen["places"], key=lambda place: (-place["level"], place["state"], place["name"])):
        rows = [_concern_row(concern, place) for concern in place["concerns"]] or [_calm_row(place)]
        for number, row in enumerate(rows):
            table.add_row(Text(place["name"] if number == 0 else ""), *row)
    console = Console()
    console.print(table)
    console.print()
    for source in seen["sources"]:
        word = {"working": "working", "failing": "failing", "stale": "silent"}[source["state"]]
        said = f"{source['id']}: {word}, last answer {source['succeeded'] or 'never'}{_vague(source['areas'])}"
        console.print(Text(said, style="dim"))
        for note in source["notes"]:
            console.print(Text(f"  {note}", style="yellow"))


def _vague(areas: dict[str, int]) -> str:
    """Return how many areas of a source could only be matched by a wider region, "" for none."""
    vague = areas["coarse"] + areas["unknown"]
    return f", {vague} of {sum(areas.values())} areas not exact" if vague else ""


def _concern_row(concern: dict[str, Any], place: dict[str, Any]) -> list[Any]:
    from rich.text import Text

    zone = ZoneInfo(place["timezone"])
    begins, ends = (datetime.fromisoformat(concern[key]).astimezone(zone) for key in ("begins", "ends"))
    exact = all(one["area_exact"] for one in concern["evidence"])
    distance = concern["distance_m"]
    near = "" if not distance else f", {distance / 1000:.0f} km away"
    return [
        _level(concern["level"]),
        Text(concern["label"]),
        Text(f"{begins:%a %H:%M} – {ends:%a %H:%M %Z}"),
        *(_level(concern[key]) for key in ("people", "buildings", "traffic")),
        Text(f"{concern['relation']}{near}" if exact else "area not exact"),
    ]


def _calm_row(place: dict[str, Any]) -> list[Any]:
    from rich.text import Text

    if place["state"] == "blind":
        unwatched = ", ".join(place["blind"]) or "anything"
        return [Text("blind", style="bold reverse"), Text(f"no working source watches {unwatched}"), *[""] * 5]
    as_of = place["quiet_as_of"]
    return [Text("quiet", style="green"), Text(f"as of {as_of}, {', '.join(place['watched_by'])}"), *[""] * 5]


def _level(level: int) -> Any:
    from rich.text import Text

    return Text(f"{_MARKS[level]} {Level(level).words}", style=_COLOURS[level])


COMMANDS = (check, replay)
