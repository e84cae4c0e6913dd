"""What several commands take: times, files, and how problems are named."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tocsin.model import Problem

_FIRST_YEAR, _LAST_YEAR = 1900, 2500
DONE, NO, COULD_NOT_RUN, HAD_PROBLEMS = 0, 1, 2, 3


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time with offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time, aware, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("must be an ISO 8601 time such as 2021-12-11T02:06:00Z", param, ctx)
        if moment.tzinfo is None:
            self.fail("must have an offset: add Z for UTC, or +01:00", param, ctx)
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:  # spans are added to it
            self.fail(f"must lie between the years {_FIRST_YEAR} and {_LAST_YEAR}", param, ctx)
        return moment.astimezone(UTC)


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)  # a default need not be there when it is not used
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
ANY_PATH = click.Path(exists=True, path_type=Path)


def put(row: Any) -> None:
    """Write one JSON object as one line to stdout. A reader that has seen enough, as `| head` has, ends the command."""
    try:
        click.echo(json.dumps(row, ensure_ascii=False, separators=(", ", ": ")))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that nothing is said at exit either
        raise click.exceptions.Exit(DONE) from None


def name_problems(file: str, problems: Iterable[Problem]) -> bool:
    """Name each problem on stderr by file and position; return whether one was not repaired."""
    unrepaired = False
    for problem in problems:
        unrepaired |= not problem.is_repaired
        word = "repaired" if problem.is_repaired else "problem"
        click.echo(f"{file}: {word}: {problem.message} (at {problem.at})", err=True)
    return unrepaired


def is_terminal() -> bool:
    """Return whether a person watches stderr, so that progress may be drawn there."""
    return sys.stderr.isatty()
