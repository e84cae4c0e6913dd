"""How a file is opened: its mode, its settings, its shape, and what is refused."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from changes import NOW, admitted, dump, everything, notice, stored
from sqlalchemy import Connection

from tocsin.errors import StoreError
from tocsin.store import Change, Outcome, Store, opening, tables


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.db"


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("journal_mode", "wal", id="readers-never-wait"),
        pytest.param("foreign_keys", 1, id="foreign-keys"),
        pytest.param("synchronous", 2, id="full"),
        pytest.param("secure_delete", 1, id="deleted-is-overwritten"),
        pytest.param("busy_timeout", 30_000, id="waits-for-another-writer"),
    ],
)
def test_every_connection_has_the_setting(path: Path, setting: str, value: str | int) -> None:
    with Store.open(path) as store:
        for context in (store._transaction, store._moment):  # noqa: SLF001
            with context() as connection:
                assert connection.exec_driver_sql(f"PRAGMA {setting}").scalar() == value


def test_readers_cannot_write(path: Path) -> None:
    with (
        Store.open(path) as store,
        pytest.raises(StoreError, match="READONLY"),
        store._moment() as connection,  # noqa: SLF001
    ):
        connection.exec_driver_sql("DELETE FROM ledger")


@pytest.mark.parametrize("before", [pytest.param(None, id="new"), pytest.param(0o644, id="was-open-to-all")])
def test_files_are_the_owners_only(path: Path, before: int | None) -> None:
    if before is not None:
        path.touch()
        path.chmod(before)
    with Store.open(path) as store:
        store.commit(everything(), now=NOW)
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"tocsin.db": 0o600, "tocsin.db-wal": 0o600, "tocsin.db-shm": 0o600}


def test_closed_store_is_one_file(path: Path) -> None:
    with Store.open(path) as store:
        store.commit(everything(), now=NOW)
    assert [file.name for file in path.parent.iterdir()] == ["tocsin.db"]


def test_reopened_store_holds_the_same(path: Path) -> None:
    with Store.open(path) as store:
        store.commit(everything(), now=NOW)
        before = dump(store)
    with Store.open(path) as store:
        assert dump(store) == before
        store.verify_ledger()


def test_path_may_hold_signs_that_mean_something_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "100% höher?#x.db"
    with Store.open(path) as store:
        store.commit(everything(), now=NOW)
    assert path.is_file()


# --- shape --------------------------------------------------------------------------------------------------------


def test_steps_lead_to_the_tables(path: Path) -> None:
    with Store.open(path) as store, store._moment() as connection:  # noqa: SLF001
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_memory_and_file_have_the_same_shape(path: Path) -> None:
    with Store.open(path) as file, Store.open(None) as memory:
        assert _shape(file) == _shape(memory)


def _shape(store: Store) -> dict[str, list[str]]:
    with store._moment() as connection:  # noqa: SLF001
        shape = {}
        for table in tables.metadata.tables:
            for pragma in ("table_info", "foreign_key_list", "index_list"):
                rows = connection.exec_driver_sql(f"PRAGMA {pragma}({table})")
                shape[f"{pragma} {table}"] = sorted(str(tuple(row[1:])) for row in rows)
            query = "SELECT sql FROM sqlite_master WHERE name = ?"
            made = connection.exec_driver_sql(query, (table,)).scalar_one()
            shape[f"checks {table}"] = sorted(re.findall(r"CONSTRAINT \w+ CHECK \(.*\)", made))
        return shape


def test_revisions_are_those_of_the_steps() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(opening.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    steps = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(reversed([step.revision for step in steps])) == tables.REVISIONS


def test_interrupted_step_leaves_the_old_shape_and_is_done_next_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_steps = opening._run_steps  # noqa: SLF001

    def interrupted(connection: Connection) -> None:
        run_steps(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "_run_steps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Store.open(path)
    with raw(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    monkeypatch.undo()
    with Store.open(path) as store:
        store.commit(everything(), now=NOW)


def test_file_that_another_process_has_brought_up_to_date_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(path).close()
    revision, looks = opening._revision, iter([None])  # noqa: SLF001

    def late(connection: Connection, path: Path) -> str | None:
        return next(looks, revision(connection, path))  # what the first look saw is no longer so

    monkeypatch.setattr(opening, "_revision", late)
    with Store.open(path) as store:
        store.commit(everything(), now=NOW)


def test_alembic_is_not_loaded_for_a_file_of_today(path: Path) -> None:
    Store.open(path).close()
    code = (
        "import sys, pathlib; from tocsin.store import Store;"
        f"Store.open(pathlib.Path({str(path)!r})).close(); Store.open(None).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


# --- refused ------------------------------------------------------------------------------------------------------


def test_newer_shape_is_refused_and_left_alone(path: Path) -> None:
    Store.open(path).close()
    with raw(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer Tocsin \(shape 9999.*Install that version"):
        Store.open(path)
    assert path.read_bytes() == before


def test_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with raw(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store.open(path)
    assert path.read_bytes() == before


def test_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"id,name,lat,lon\n" * 100)
    with pytest.raises(StoreError, match=r"SQLITE_NOTADB.*no SQLite database"):
        Store.open(path)


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        Store.open(tmp_path / "nowhere" / "tocsin.db")


def test_damaged_file_says_what_to_do(path: Path) -> None:
    with Store.open(path) as store:
        store.commit(stored(*(admitted(str(number)) for number in range(100))), now=NOW)
    body = path.read_bytes()
    path.write_bytes(body[:4096] + os.urandom(len(body) - 4096))
    with pytest.raises(StoreError, match="restore a backup"), Store.open(path) as store:
        store.standing(["t"])


# --- together -----------------------------------------------------------------------------------------------------


def test_readers_see_whole_commits_while_one_writes(path: Path) -> None:
    """Each commit adds one event and one notice, so a reader must never count them apart."""
    seen: list[tuple[int, int]] = []
    with Store.open(path) as store:
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                with store._moment() as connection:  # noqa: SLF001
                    counts = [
                        connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608
                        for table in ("events", "notices")
                    ]
                seen.append((counts[0], counts[1]))

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for number in range(30):
            change = stored(admitted(str(number)), notices=(notice(f"n{number}"),))
            store.commit(change, now=NOW)
        done.set()
        for reader in readers:
            reader.join()
    assert seen
    assert all(events == notices for events, notices in seen)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_threads_write_one_after_the_other(path: Path, kind: str) -> None:
    with Store.open(path if kind == "file" else None) as store:

        def write(first: int) -> None:
            for number in range(first, first + 10):
                store.commit(stored(admitted(str(number)), notices=(notice(f"n{number}"),)), now=NOW)
                store.commit(Change(outcomes=(Outcome(notice=f"n{number}", state="sent", at=NOW),)), now=NOW)
                store.waiting(NOW, 5)

        writers = [threading.Thread(target=write, args=(10 * number,)) for number in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert store.verify_ledger().size == 160
        assert store.changed_since(0)[1] == 40


_SECOND = """
import sys
from pathlib import Path
from changes import NOW, admitted, stored
from tocsin.store import Store
path, name = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
with Store.open(path) as store:
    for number in range(20):
        store.commit(stored(admitted(f"{name}{number}")), now=NOW)
"""


def test_processes_take_turns_from_the_first_opening_on(path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(  # noqa: S603
                    [sys.executable, "-c", _SECOND, str(path), name],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=environment,
                    text=True,
                )
            )
            for name in ("a", "b")
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.wait() for process in processes] == [0, 0]
    with Store.open(path) as store:
        assert store.verify_ledger().size == 80
        assert store.changed_since(0)[1] == 40
