"""A data folder, opened for reading only: the configuration, the database as it lies there, the published log.

The database is read with `sqlite3` itself, so that what the store's own code would leave out is seen too.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tocsin.config import Config, parse
from tocsin.errors import ConfigError, StoreError
from tocsin.ledger import LedgerError, entries
from tocsin.store.tables import REVISIONS


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, by its number, with its columns and, where there is one, its `body` read as JSON."""

    table: str
    n: int
    columns: Mapping[str, Any]
    body: Any = None

    def __str__(self) -> str:
        return f"{self.table} row {self.n}"


class Folder:
    """What the checks look at. `now` is the moment at which the declaration must hold."""

    def __init__(self, config: Config, path: Path, database: sqlite3.Connection, now: datetime) -> None:
        self.config = config
        self.path = path
        self.database = database
        self.now = now

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table; a body that is no JSON object counts as an empty one."""
        cursor = self.database.execute(f"SELECT rowid, * FROM {_quoted(table)}")  # noqa: S608  a name, quoted
        names = [column[0] for column in cursor.description[1:]]
        for n, *values in cursor:
            columns = dict(zip(names, values, strict=True))
            yield Row(table, n, columns, _object(columns["body"]) if "body" in columns else None)

    @cached_property
    def events(self) -> list[Row]:
        """Return the stored events."""
        return list(self.rows("events"))

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """Return the entries of the log in their order, {} for one that is outside the closed schema."""
        leaves = self.database.execute("SELECT leaf FROM ledger ORDER BY n")
        return [_entry(leaf) for (leaf,) in leaves]

    def logged(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the entries of these kinds, in their order."""
        return [entry for entry in self.entries if entry.get("kind") in kinds]

    @cached_property
    def objects(self) -> dict[str, list[str]]:
        """Return the names of what the database is made of, by type: table, index, view, trigger."""
        found: dict[str, list[str]] = {"table": [], "index": [], "view": [], "trigger": []}
        for kind, name in self.database.execute("SELECT type, name FROM sqlite_master ORDER BY name"):
            found.setdefault(kind, []).append(name)
        return found

    def columns(self, table: str) -> list[str]:
        """Return the names of a table's columns."""
        return [row[1] for row in self.database.execute(f"PRAGMA table_info({_quoted(table)})")]


@contextmanager
def opened(config: Path, now: datetime) -> Iterator[Folder]:
    """Give the data folder of a configuration file. Raises ConfigError or StoreError when it cannot be looked at."""
    try:
        loaded = parse(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{config} cannot be read; name the installation's own file with --config") from None
    path = config.resolve().parent
    file = path / loaded.database
    if not file.exists():
        raise StoreError(f"{file} is not there; `tocsin run` makes it")
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            _check_revision(file, database)
            database.execute("BEGIN")  # all checks see one moment
            yield Folder(loaded, path, database, now)
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise StoreError(f"{file}: the database cannot be read ({name})") from None


def _check_revision(file: Path, database: sqlite3.Connection) -> None:
    found = database.execute("SELECT version_num FROM alembic_version").fetchone()
    if found is None or found[0] != REVISIONS[-1]:
        raise StoreError(
            f"{file} has another shape than this program's; check it with the Tocsin that wrote it, or start this "
            "one's service once"
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _object(text: Any) -> Any:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _entry(leaf: Any) -> dict[str, Any]:
    try:
        return entries.parse(leaf)
    except (LedgerError, TypeError):
        return {}
