"""What was not kept is counted by week and merged reason, once a day an item, and small numbers are never shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model import Decision, Verdict
from tocsin.store import Change, Ruled, Store

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)  # of week 10
NEXT = MONDAY + timedelta(days=7)
DAY = timedelta(days=1)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        yield store


def decided(store: Store, rule: str, numbers: range, at: datetime = MONDAY, verdict: Verdict = Verdict.DROP) -> None:
    decision = Decision(verdict=verdict, rule=rule, ruleset="ab" * 32)
    items = tuple(Ruled(decision=decision, digest=f"{rule} {number}".encode()) for number in numbers)
    store.commit(Change(decisions=items), now=at)


@pytest.mark.parametrize(("number", "shown"), [(9, "<10"), (10, "10"), (11, "11")])
def test_below_ten_is_not_shown(store: Store, number: int, shown: str) -> None:
    decided(store, "person", range(number))
    assert store.weeks(NEXT)["2026-W10"] == {
        "malformed": "<10",
        "not-public": "<10",
        "person": shown,
        "protected": "<10",
        "unmapped": "<10",
    }


def test_the_week_that_runs_is_not_shown(store: Store) -> None:
    decided(store, "person", range(20))
    assert store.weeks(MONDAY + 6 * DAY) == {}
    assert store.weeks(MONDAY + 6 * DAY + timedelta(hours=12)).keys() == {"2026-W10"}, "once it is Monday"


def test_an_item_counts_once_a_day(store: Store) -> None:
    for _ in range(3):
        decided(store, "unmapped", range(10))
    decided(store, "unmapped", range(4), MONDAY + DAY)
    assert store.weeks(NEXT)["2026-W10"]["unmapped"] == "14"


def test_what_was_kept_is_not_counted(store: Store) -> None:
    decided(store, "listed", range(20), verdict=Verdict.PASS)
    decided(store, "effect", range(20), verdict=Verdict.EFFECT_ONLY)
    assert store.weeks(NEXT) == {}


def test_weeks_are_those_of_iso_8601_and_old_ones_are_not_shown(store: Store) -> None:
    decided(store, "person", range(10), datetime(2027, 1, 1, tzinfo=UTC))
    decided(store, "person", range(10), datetime(2027, 1, 5, tzinfo=UTC))
    assert list(store.weeks(datetime(2027, 1, 12, tzinfo=UTC))) == ["2027-W01", "2026-W53"]
    assert store.weeks(datetime(2027, 6, 1, tzinfo=UTC)) == {}


def test_a_stopped_source_goes_on_when_the_breach_is_repaired(store: Store) -> None:
    store.commit(Change(stops=(("a", "N3"), ("b", "N4"))), now=MONDAY)
    store.commit(Change(stops=(("a", "N3"), ("a", "N4"))), now=NEXT)
    assert store.stopped() == {"a", "b"}
    store.commit(Change(repaired=("N4",)), now=NEXT)
    assert store.stopped() == {"a"}
    store.commit(Change(repaired=("N3",)), now=NEXT)
    assert store.stopped() == frozenset()
