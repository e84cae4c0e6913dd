"""How a database file is opened: its mode, its settings, and the steps that bring an older one up to date.

alembic is imported only when a file needs a step: it costs a third of a second.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, StaticPool, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError

from tocsin.errors import StoreError
from tocsin.store.tables import REVISIONS, metadata

BUSY_TIMEOUT_S = 30.0  # a second process waits this long for the writer before it gives up
READERS = 8
_MODE = 0o600
_OTHERS = 0o077
_MIGRATIONS = Path(__file__).parent / "migrations"
_one_migration = threading.Lock()  # alembic keeps its context in module-wide proxies

# Each of these holds for one connection only. synchronous=FULL makes a commit outlive a loss of power, secure_delete
# overwrites what is deleted with zeros, temp_store keeps sorting and savepoints off the disk.
_SETTINGS = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
)

# What can be done about the refusals that an operator meets.
_ADVICE = {
    "SQLITE_FULL": "the disk is full; free some space",
    "SQLITE_READONLY": "the file cannot be written; check its owner and mode",
    "SQLITE_CANTOPEN": "the file cannot be opened; check that its folder exists and may be written",
    "SQLITE_BUSY": "another program holds the database; end it",
    "SQLITE_NOTADB": "the file is no SQLite database; name another one",
    "SQLITE_CORRUPT": "the file is damaged; restore a backup",
    "SQLITE_IOERR": "the disk does not read or write; check it",
}


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the database refuses into a StoreError that says what to do and quotes no row."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        # from None: the chained error would quote the row.
        raise StoreError(_why(cause)) from None


def _why(cause: BaseException | None) -> str:
    name = getattr(cause, "sqlite_errorname", None) or type(cause).__name__
    advice = next((advice for prefix, advice in _ADVICE.items() if name.startswith(prefix)), "see docs/store.md")
    return f"the database refused ({name}): {advice}. What was being written has not been written"


def memory() -> Engine:
    """Return an engine on a new database in memory, of the newest shape. All its users share one connection."""
    engine = create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True, connect_args=_arguments())
    _configure(engine, begin="BEGIN IMMEDIATE")
    metadata.create_all(engine)
    return engine


def file(path: Path) -> tuple[Engine, Engine]:
    """Return (writer, readers): engines on the database at `path`, made or brought up to date where needed.

    Raises StoreError when the file cannot be had, is not ours, or is newer than this program.
    """
    _make(path)
    url = URL.create("sqlite", database=os.fspath(path))
    writer = create_engine(
        url, poolclass=QueuePool, pool_size=1, max_overflow=0, hide_parameters=True, connect_args=_arguments()
    )
    _configure(writer, begin="BEGIN IMMEDIATE")
    try:
        with refusals():
            _upgrade(writer, path)
    except BaseException:
        writer.dispose()
        raise
    readers = create_engine(
        url, poolclass=QueuePool, pool_size=READERS, max_overflow=-1, hide_parameters=True, connect_args=_arguments()
    )
    _configure(readers, begin="BEGIN", settings=(*_SETTINGS, "PRAGMA query_only=ON"))
    return writer, readers


def _arguments() -> dict[str, Any]:
    # Connections go from thread to thread, one at a time; SQLAlchemy's pool sees to that. Transactions are begun by
    # us: the driver's own rules would begin them late and let two writers deadlock.
    return {"check_same_thread": False, "timeout": BUSY_TIMEOUT_S, "isolation_level": None}


def _configure(engine: Engine, *, begin: str, settings: tuple[str, ...] = _SETTINGS) -> None:
    @event.listens_for(engine, "connect")
    def _set(connection: sqlite3.Connection, _: object) -> None:
        for setting in settings:
            connection.execute(setting)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def outside_transaction(engine: Engine, statement: str) -> None:
    """Run one statement that SQLite takes only where no transaction is open."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute(statement).close()
    finally:
        connection.close()


def _make(path: Path) -> None:
    """Make the file, or take other people's rights to it away: it tells where an organisation's places lie."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            if os.fstat(descriptor).st_mode & _OTHERS:
                os.fchmod(descriptor, _MODE)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{path}: the database cannot be opened ({error.strerror})") from None


def _upgrade(writer: Engine, path: Path) -> None:
    with writer.begin() as connection:
        revision = _revision(connection, path)  # before anything is changed in a file that may not be ours
    if revision == REVISIONS[-1]:
        return
    outside_transaction(writer, "PRAGMA journal_mode=WAL")
    # One transaction for all steps: a program killed in between leaves the old shape, whole.
    with _one_migration, writer.begin() as connection:
        if _revision(connection, path) != REVISIONS[-1]:
            _run_steps(connection)
    # What a step gave up still stands in the file until the write-ahead log is taken back into it.
    outside_transaction(writer, "PRAGMA wal_checkpoint(TRUNCATE)")


def _revision(connection: Connection, path: Path) -> str | None:
    """Return the shape of the file, None when it is empty. Raises StoreError when it is not for this program."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if not {"alembic_version", "ledger"} <= set(tables):
        raise StoreError(f"{path}: this is the database of another program; name another file as `database`")
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    if revision not in REVISIONS:
        raise StoreError(
            f"{path}: this database was written by a newer Tocsin (shape {revision}; this one knows {REVISIONS[-1]} "
            "at most). Install that version again, or restore the backup made before the upgrade. Nothing was changed"
        )
    return str(revision)


def _run_steps(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))  # % is configparser's own
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
