"""A store that fails at its k-th call, for every k: nothing half is left, and the next try succeeds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from changes import DAY, HOUR, NOW, admitted, dump, everything, name, notice, seen, stored, told
from sqlalchemy import Engine, event

from tocsin.errors import StoreError
from tocsin.model import Level
from tocsin.store import Change, Outcome, Store


class Countdown:
    """Counts the statements and commits of an engine and refuses the k-th."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.calls = 0

    def tick(self, *_: Any) -> None:
        self.calls += 1
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise sqlite3.OperationalError("disk I/O error")


@contextmanager
def countdown(store: Store) -> Iterator[Countdown]:
    engine: Engine = store._writer  # noqa: SLF001
    counter = Countdown()
    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(engine, moment, counter.tick)
    try:
        yield counter
    finally:
        for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.remove(engine, moment, counter.tick)


def _nothing(_: Store) -> None:
    """Leave the store empty."""


def _prepare(store: Store) -> None:
    store.commit(everything(), now=NOW)


def _collect(store: Store) -> None:
    rewritten = admitted("a", onset=NOW)
    store.commit(
        Change(
            events=((rewritten, "u", NOW), (admitted("c"), "u", NOW)),
            threads={name("b"): "u"},
            absent={name("b"): NOW},
            decisions=everything().decisions,
            impacts=(seen(people=Level.NOTICE),),
            notices=(notice("ntc_3"),),
            told=(told(level=Level.NOTICE),),
            forget=(("desk", "depot", "tornado"),),
            outcomes=(Outcome(notice="ntc_1", state="sent", at=NOW),),
        ),
        now=NOW + HOUR,
    )


def _purge(store: Store) -> None:
    store.purge(NOW + 40 * DAY)


def _sum_up(store: Store) -> None:
    store.sum_up(NOW)


WRITES = [
    pytest.param(_nothing, _prepare, id="first-commit"),
    pytest.param(_prepare, _collect, id="commit-over-rows"),
    pytest.param(_prepare, _purge, id="purge"),
    pytest.param(_prepare, _sum_up, id="sum"),
]


@pytest.mark.parametrize(("before", "write"), WRITES)
def test_failure_at_any_call_leaves_no_half_commit(
    tmp_path: Path, before: Callable[[Store], None], write: Callable[[Store], None]
) -> None:
    k = 0
    while True:
        k += 1
        with Store.open(tmp_path / f"{k}.db") as store:
            before(store)
            state = dump(store)
            with countdown(store) as counter:
                counter.left = k
                try:
                    write(store)
                except (StoreError, sqlite3.OperationalError):
                    assert dump(store) == state, f"call {k}"
                else:
                    break
            write(store)
            assert dump(store) != state
            store.verify_ledger()
    assert k > 10, "the countdown must reach into the commit"


def test_countdown_counts_what_it_is_meant_to(tmp_path: Path) -> None:
    """The control: without the transaction the same sweep would find half commits."""
    with Store.open(tmp_path / "tocsin.db") as store, countdown(store) as counter:
        store.commit(stored(admitted()), now=NOW)
    assert counter.calls > 10


def test_full_disk_is_refused_with_advice_and_survived(tmp_path: Path) -> None:
    with Store.open(tmp_path / "tocsin.db") as store:
        store.commit(stored(admitted("0")), now=NOW)
        state = dump(store)
        with store._transaction() as connection:  # noqa: SLF001
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreError, match=r"SQLITE_FULL.*free some space"):
            store.commit(stored(*(admitted(str(number)) for number in range(200))), now=NOW)
        assert dump(store) == state
        with store._transaction() as connection:  # noqa: SLF001
            connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        assert store.commit(stored(admitted("1")), now=NOW).seq == 2
