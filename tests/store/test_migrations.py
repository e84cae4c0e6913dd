"""The steps on files that are full: what older programs wrote is there afterwards, and what is given up is gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from changes import DAY, HOUR, NOW, admitted, dump, everything, name, ruled, stored
from sqlalchemy import Connection

from tocsin import ledger
from tocsin.ledger import Head, tlog
from tocsin.model import Verdict
from tocsin.store import Change, Store, opening, tables

DECISIONS = [ruled(b"kept", events=(name("z"),)), ruled(b"of a person", "person", Verdict.DROP)]
OLD_DECISION = {"kind": "decision", "v": 1, "day": "2021-12-10", "commitment": "ab" * 32}


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def of_shape(path: Path, revision: str, rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """Make the file that a program of this shape would have left, with these rows as far as it has their columns."""
    with pytest.MonkeyPatch.context() as patch:

        def some_steps(connection: Connection) -> None:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(Path(opening.__file__).parent / "migrations"))
            config.set_main_option("path_separator", "os")
            command.upgrade(config, revision)

        patch.setattr(opening, "_run_steps", some_steps)
        Store.open(path).close()
    with raw(path) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        for table in (
            row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        ):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            for row in rows.get(table, []) if table != "alembic_version" else []:
                known = {column: row[column] for column in columns if column in row}
                quoted = ", ".join(f'"{column}"' for column in known)
                database.execute(
                    f"INSERT INTO {table} ({quoted}) VALUES ({', '.join('?' * len(known))})",  # noqa: S608  names of ours
                    list(known.values()),
                )


def filled(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a store of today in which everything has happened, summed up and signed."""
    with Store.open(path) as store:
        store.commit(everything(), now=NOW)
        store.commit(stored(admitted("z"), decisions=tuple(DECISIONS)), now=NOW)
        store.sum_up(NOW)
        store.commit(Change(decisions=(ruled(b"waits", "unmapped", Verdict.DROP),)), now=NOW)
        store.sign_ledger(store.verify_ledger(), at=NOW)
    with raw(path) as database:
        database.row_factory = sqlite3.Row
        return {
            table: [dict(row) for row in database.execute(f"SELECT * FROM {table}")]  # noqa: S608
            for table in tables.metadata.tables
        }


def with_verdicts(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows with the columns that `decisions` had before 0009, filled with words that are easily found."""
    return rows | {"decisions": [row | {"verdict": "drop", "rule": "seekwords"} for row in rows["decisions"]]}


@pytest.fixture
def today(tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    return filled(tmp_path / "today.db")


# --- 0009 ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "old.db"


def test_0009_keeps_every_row_but_for_two_columns(
    path: Path, tmp_path: Path, today: dict[str, list[dict[str, Any]]]
) -> None:
    of_shape(path, "0008", with_verdicts(today))
    with Store.open(path) as store, Store.open(tmp_path / "today.db") as expected:
        assert dump(store) == dump(expected)
        assert store.verify_ledger(whole=True) == expected.verify_ledger(whole=True)


def test_0009_decisions_of_before_can_be_opened(path: Path, today: dict[str, list[dict[str, Any]]]) -> None:
    of_shape(path, "0008", with_verdicts(today))
    with Store.open(path) as store:
        assert [store.openings(one.digest)[0].decision for one in DECISIONS] == [one.decision for one in DECISIONS]
        assert store.openings(b"waits")[0].entry is None
        assert store.sum_up(NOW + HOUR)
        assert store.openings(b"waits")[0].entry == store.ledger_size() - 1
        store.purge(NOW + 31 * DAY)
        assert dump(store)["decisions"] == []


def test_0009_leaves_nothing_of_what_it_gave_up(path: Path, today: dict[str, list[dict[str, Any]]]) -> None:
    of_shape(path, "0008", with_verdicts(today))
    assert b"seekwords" in path.read_bytes(), "the control"
    store = Store.open(path)
    files = [file for file in path.parent.iterdir() if file.name.startswith(path.name)]
    assert len(files) > 1, "the store is open, and its write-ahead log is there"
    for file in files:
        assert b"seekwords" not in file.read_bytes()
        assert b"verdict" not in file.read_bytes()
    store.close()


def test_new_file_never_names_a_verdict(path: Path) -> None:
    with Store.open(path) as store:
        store.commit(everything(), now=NOW)
    assert b"verdict" not in path.read_bytes()


# --- 0008 ---------------------------------------------------------------------------------------------------------


def of_before_side_trees(today: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return rows as 0007 had them: each decision is an entry of its own, and nothing is summed up."""
    kept = [row for row in today["ledger"] if b'"kind":"sum"' not in row["leaf"]]
    leaf = json.dumps(OLD_DECISION, sort_keys=True, separators=(",", ":")).encode()
    leaves = [row["leaf"] for row in kept]
    leaves.insert(1, leaf)
    rows = [{"n": n, "leaf": one, "leaf_hash": tlog.leaf_hash(one)} for n, one in enumerate(leaves)]
    meta = [row for row in today["meta"] if row["key"] == "seq"]
    return with_verdicts(today) | {"ledger": rows, "ledger_tree": [], "signed": [], "meta": meta}


def test_0008_keeps_events_notices_and_log(path: Path, today: dict[str, list[dict[str, Any]]]) -> None:
    before = of_before_side_trees(today)
    of_shape(path, "0007", before)
    with raw(path) as database:
        assert database.execute("SELECT count(*) FROM decisions").fetchone()[0] == len(today["decisions"])
    with Store.open(path) as store:
        found = dump(store)
        for table in ("events", "event_keys", "notices", "impacts", "health", "day_keys", "told"):
            assert len(found[table]) == len(before[table]) > 0, table
        assert found["decisions"] == found["side_trees"] == found["sources"] == []
        leaves = [entry.leaf for entry in store.ledger_entries()]
        assert leaves == [row["leaf"] for row in before["ledger"]], "no entry is touched"
        assert store.verify_ledger(whole=True).size == len(leaves)


def test_0008_events_of_before_stand_in_the_last_entry_of_one(
    path: Path, today: dict[str, list[dict[str, Any]]]
) -> None:
    of_shape(path, "0007", of_before_side_trees(today))
    with Store.open(path) as store:
        last = max(entry.n for entry in store.ledger_entries() if b'"kind":"event"' in entry.leaf)
    with raw(path) as database:
        assert {row[0] for row in database.execute("SELECT entry FROM events")} == {last}
        assert {row[0] for row in database.execute("SELECT about FROM told")} == {last}


def test_0008_goes_on_with_sums_and_signing(path: Path, today: dict[str, list[dict[str, Any]]]) -> None:
    """What was entered before, old decisions too, which are no entries of today's schema, is not summed up."""
    of_shape(path, "0007", of_before_side_trees(today))
    with Store.open(path) as store:
        assert store.sum_up(NOW + HOUR)
        (entry,) = store.ledger_entries(store.ledger_size() - 1)
        said = ledger.parse(entry.leaf)
        assert {field: said[field] for field in ("batches", "seen", "kept", "notices")} == dict.fromkeys(
            ("batches", "seen", "kept", "notices"), 0
        )
        store.commit(stored(admitted("new"), decisions=(ruled(b"new", events=(name("new"),)),)), now=NOW + HOUR)
        assert store.openings(b"new")[0].entry is not None
        head = store.verify_ledger(whole=True)
        store.sign_ledger(head, at=NOW + HOUR)
        assert store.signed_ledger() == head != Head()


def test_0008_of_an_empty_log_sums_up_from_the_beginning(path: Path) -> None:
    of_shape(path, "0007", {})
    with Store.open(path) as store:
        store.commit(everything(), now=NOW)
        assert store.sum_up(NOW + timedelta(hours=1))
        last = ledger.parse(store.ledger_entries()[-1].leaf)
        assert last["kept"] == sum(b'"kind":"event"' in entry.leaf for entry in store.ledger_entries())
