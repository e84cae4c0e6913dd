"""Batches, hourly sums, openings, and which entry a notice is about."""

from __future__ import annotations

import ast
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from changes import DAY, HOUR, NOW, admitted, concern, dump, event, item, name, notice, ruled, stored, told

from tocsin import catalogue, gate, ledger, record
from tocsin.ledger import tlog
from tocsin.ledger.items import ItemLeaf
from tocsin.model import Reason, Verdict
from tocsin.store import Change, Opening, Store, items

NWS = catalogue.SOURCES["us-nws-alerts"]
USGS = catalogue.SOURCES["us-usgs-earthquakes"]
ON_THE_HOUR = NOW.replace(minute=0, second=0)


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with Store.open(None if request.param == "memory" else tmp_path / "tocsin.db") as opened:
        yield opened


def entries(store: Store, kind: str) -> list[dict[str, Any]]:
    bodies = [ledger.parse(entry.leaf) for entry in store.ledger_entries()]
    return [body for body in bodies if body["kind"] == kind]


def kinds(store: Store) -> list[str]:
    return [ledger.parse(entry.leaf)["kind"] for entry in store.ledger_entries()]


# --- batches ------------------------------------------------------------------------------------------------------


def test_poll_that_keeps_nothing_new_adds_no_entry(store: Store) -> None:
    change = stored(
        admitted(), decisions=(ruled(b"kept", events=(name(),)), ruled(b"dropped", "protected", Verdict.DROP))
    )
    store.commit(change, now=NOW)
    size = store.ledger_size()
    store.commit(change, now=NOW + HOUR)
    assert kinds(store) == ["batch", "event"]
    assert store.ledger_size() == size


def test_batch_says_how_much_was_seen_and_kept_and_names_its_source_by_hash(store: Store) -> None:
    store.commit(
        stored(admitted("a"), admitted("b"), decisions=tuple(ruled(b"%d" % n) for n in range(7))),
        now=NOW,
    )
    (batch,) = entries(store, "batch")
    assert (batch["minute"], batch["seen"], batch["kept"]) == ("2021-12-11T02:14Z", 7, 2)
    assert batch["source"] == record.source_number("nws")


def test_repeated_items_of_a_poll_count_as_seen(store: Store) -> None:
    store.commit(stored(admitted(), decisions=(ruled(b"same"), ruled(b"same"))), now=NOW)
    assert entries(store, "batch")[0]["seen"] == 2


def test_events_of_two_sources_in_one_change_are_our_mistake(store: Store) -> None:
    with pytest.raises(AssertionError):
        store.commit(stored(admitted("a"), admitted("b", source="usgs")), now=NOW)


def test_only_items_that_gave_what_was_kept_are_in_the_batch(store: Store) -> None:
    kept, dropped = ruled(b"kept", events=(name("a"),)), ruled(b"dropped", "protected", Verdict.DROP)
    store.commit(stored(admitted("a"), decisions=(kept, dropped)), now=NOW)
    assert [opening.entry for opening in store.openings(b"kept")] == [0]
    assert [opening.entry for opening in store.openings(b"dropped")] == [None]


def test_item_that_waited_and_is_kept_later_goes_into_the_batch(store: Store) -> None:
    store.commit(Change(decisions=(ruled(b"item"),)), now=NOW)
    store.commit(stored(admitted("a"), decisions=(ruled(b"item", events=(name("a"),)),)), now=NOW)
    assert [opening.entry for opening in store.openings(b"item")] == [0]
    store.sum_up(NOW)
    assert [opening.entry for opening in store.openings(b"item")] == [0]


# --- hourly sums --------------------------------------------------------------------------------------------------


def test_nothing_is_summed_up_before_the_first_entry(store: Store) -> None:
    assert not store.sum_up(NOW)
    assert store.ledger_size() == 0


def test_sum_holds_what_came_since_the_last_one(store: Store) -> None:
    store.commit(stored(admitted("a"), decisions=(ruled(b"1"), ruled(b"2")), notices=(notice(),)), now=NOW)
    store.commit(stored(admitted("b"), admitted("c"), decisions=(ruled(b"3"),)), now=NOW)
    assert store.sum_up(NOW + HOUR)
    assert store.sum_up(NOW + 2 * HOUR)
    totals = [{key: body[key] for key in ("batches", "seen", "kept", "notices")} for body in entries(store, "sum")]
    assert totals == [
        {"batches": 2, "seen": 3, "kept": 3, "notices": 1},
        {"batches": 0, "seen": 0, "kept": 0, "notices": 0},
    ]
    assert [body["hour"] for body in entries(store, "sum")] == ["2021-12-11T02:00Z", "2021-12-11T03:00Z"]


@pytest.mark.parametrize(
    ("after", "is_due"),
    [(timedelta(0), False), (HOUR - timedelta(seconds=1), False), (HOUR, True), (5 * HOUR, True), (-HOUR, True)],
    ids=["at-once", "just-before", "at-the-hour", "late", "clock-set-back"],
)
def test_sum_is_written_once_an_hour(store: Store, after: timedelta, is_due: bool) -> None:
    store.commit(Change(is_start=True), now=ON_THE_HOUR)
    assert store.sum_up(ON_THE_HOUR)
    assert store.sum_up(ON_THE_HOUR + after) is is_due


def test_sum_is_written_once_over_a_restart(tmp_path: Path) -> None:
    for is_first in (True, False):
        with Store.open(tmp_path / "tocsin.db") as store:
            store.commit(Change(is_start=True), now=NOW)
            assert store.sum_up(NOW) is is_first


def test_decisions_of_two_days_go_into_one_sum(store: Store) -> None:
    store.commit(Change(is_start=True, decisions=(ruled(b"item"),)), now=NOW)
    store.commit(Change(decisions=(ruled(b"item"),)), now=NOW + DAY)
    store.sum_up(NOW + DAY)
    assert [(opening.day, opening.entry) for opening in store.openings(b"item")] == [
        (NOW.date(), 2),
        ((NOW + DAY).date(), 2),
    ]


def test_neither_count_nor_source_nor_minute_of_what_was_not_kept_shows(tmp_path: Path) -> None:
    """Two installations that dropped much or nothing: but for the noise their logs are the same."""
    logs = []
    for number, dropped in enumerate((0, 12)):
        with Store.open(tmp_path / f"{number}.db") as store:
            store.commit(stored(admitted(), decisions=(ruled(b"kept", events=(name(),)),)), now=NOW)
            rulings = tuple(ruled(b"%d" % n, "protected", Verdict.DROP) for n in range(dropped))
            store.commit(Change(decisions=rulings), now=NOW + timedelta(minutes=7))
            store.sum_up(NOW + HOUR)
            bodies = [ledger.parse(entry.leaf) for entry in store.ledger_entries()]
            logs.append([{**body, "commitment": "", "items_root": ""} for body in bodies])
            assert {len(row[2]) for row in dump(store)["side_trees"]} == {16 * 32}
    assert logs[0] == logs[1]


# --- openings -----------------------------------------------------------------------------------------------------


def check(store: Store, opening: Opening) -> None:
    """Check an opening as an outsider would, by nothing of ours but the tree's arithmetic."""
    assert opening.entry is not None
    decision = opening.decision
    said = {
        "digest": opening.digest.hex(),
        "verdict": decision.verdict.value,
        "rule": decision.rule,
        "ruleset": decision.ruleset,
    }
    content = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    commitment = hmac.digest(opening.key, content, "sha256")
    leaf = ItemLeaf(day=opening.day.isoformat(), ruleset=decision.ruleset, commitment=commitment).leaf
    body = ledger.parse(store.ledger_entries(opening.entry, opening.entry + 1)[0].leaf)
    tlog.check_inclusion(
        tlog.leaf_hash(leaf),
        index=opening.index,
        size=opening.size,
        proof=opening.path,
        root=bytes.fromhex(body["items_root"]),
    )


def test_openings_prove_what_was_decided(store: Store) -> None:
    digest = record.item_digest(item(event()))
    drop = ruled(b"other", "protected", Verdict.DROP)
    store.commit(stored(admitted(), decisions=(ruled(digest, events=(name(),)), drop)), now=NOW)
    store.sum_up(NOW + HOUR)
    (of_batch,), (of_sum,) = store.openings(digest), store.openings(b"other")
    assert (of_batch.entry, of_batch.decision.verdict) == (0, Verdict.PASS)
    assert (of_sum.entry, of_sum.decision.verdict, of_sum.decision.rule) == (2, Verdict.DROP, "protected")
    check(store, of_batch)
    check(store, of_sum)
    lie = replace(of_sum, decision=replace(of_sum.decision, verdict=Verdict.PASS))
    with pytest.raises(ledger.ProofError):
        check(store, lie)


@pytest.mark.parametrize(("verdict", "rule"), sorted(items.SORTS))
def test_opening_finds_what_was_decided_though_no_row_says_it(store: Store, verdict: Verdict, rule: str) -> None:
    store.commit(Change(is_start=True, decisions=(ruled(b"item", rule, verdict),)), now=NOW)
    store.sum_up(NOW)
    (opening,) = store.openings(b"item")
    assert (opening.decision.verdict, opening.decision.rule) == (verdict, rule)
    check(store, opening)
    assert {rule, verdict.value}.isdisjoint(dump(store)["decisions"][0])


def test_rule_that_no_opening_would_find_is_our_mistake(store: Store) -> None:
    with pytest.raises(AssertionError, match="no opening"):
        store.commit(Change(decisions=(ruled(b"item", "of-tomorrow"),)), now=NOW)


def test_openings_know_whatever_the_gate_can_decide() -> None:
    """Read out of the gate's own text: each rule that it names there, with its verdict."""
    said: set[tuple[Verdict, Any]] = set()
    for node in ast.walk(ast.parse(Path(gate.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == "_refusal":
            words = [one.value for each in ast.walk(node) if isinstance(each, ast.Return) for one in ast.walk(each)
                     if isinstance(one, ast.Constant)]  # fmt: skip
            said |= {(Verdict.DROP, word) for word in words if word}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"_dropped", "_admitted"}:
            rules = [one.value for one in node.args if isinstance(one, ast.Constant)]
            names = [one.attr for arg in node.args[:1] for one in ast.walk(arg) if isinstance(one, ast.Attribute)]
            verdicts = [Verdict[name] for name in names] if node.func.id == "_admitted" else [Verdict.DROP]
            said |= {(verdict, rule) for verdict in verdicts for rule in rules}
    assert said == items.SORTS


def test_item_that_was_never_read_has_no_opening(store: Store) -> None:
    store.commit(Change(decisions=(ruled(b"item"),)), now=NOW)
    assert store.openings(b"another") == ()


def test_openings_end_with_the_days_key(store: Store) -> None:
    store.commit(Change(is_start=True, decisions=(ruled(b"item"),)), now=NOW)
    store.sum_up(NOW)
    store.purge(NOW + 30 * DAY)
    (opening,) = store.openings(b"item")
    check(store, opening)
    store.purge(NOW + 31 * DAY)
    assert store.openings(b"item") == ()
    assert [dump(store)[table] for table in ("decisions", "side_trees", "day_keys")] == [[], [], []]


def test_key_of_an_item_opens_no_other(store: Store) -> None:
    store.commit(Change(is_start=True, decisions=(ruled(b"one"), ruled(b"two"))), now=NOW)
    store.sum_up(NOW)
    (one,), (two,) = store.openings(b"one"), store.openings(b"two")
    assert one.key != two.key
    with pytest.raises(ledger.ProofError):
        check(store, replace(two, key=one.key))


# --- what a notice is about ---------------------------------------------------------------------------------------


def about(store: Store) -> list[int]:
    return [body["about"] for body in entries(store, "notice")]


def test_notice_is_about_the_newest_event_of_its_threads_and_evidence(store: Store) -> None:
    store.commit(stored(admitted("a"), thread="t"), now=NOW)
    store.commit(stored(admitted("b"), thread="t"), now=NOW)
    store.commit(stored(admitted("c"), thread="other"), now=NOW)
    store.commit(Change(notices=(notice(), notice("ntc_2", threads=("other",), concerns=()))), now=NOW)
    assert kinds(store) == ["batch", "event"] * 3 + ["notice"] * 2
    assert about(store) == [3, 5]


def test_notice_is_about_the_evidence_where_threads_have_moved(store: Store) -> None:
    store.commit(stored(admitted("a"), thread="moved"), now=NOW)
    store.commit(Change(notices=(notice(concerns=(concern(),)),)), now=NOW)
    assert about(store) == [1]


def test_rewritten_event_is_newer(store: Store) -> None:
    store.commit(stored(admitted("a")), now=NOW)
    store.commit(stored(admitted("a", onset=NOW)), now=NOW)
    store.commit(Change(notices=(notice(),)), now=NOW)
    assert about(store) == [3]


def test_end_of_an_event_that_was_deleted_is_about_what_was_told_before(store: Store) -> None:
    store.commit(stored(admitted("a"), notices=(notice(),), told=(told(),)), now=NOW)
    store.commit(stored(admitted("z"), thread="another"), now=NOW + 8 * DAY)
    store.purge(NOW + 8 * DAY)
    end = notice("ntc_2", reason=Reason.ENDED, concerns=())
    store.commit(Change(notices=(end,), forget=(("desk", "depot", "tornado"),)), now=NOW + 8 * DAY)
    assert about(store) == [1, 1]


def test_blindness_is_about_the_newest_of_the_sources_that_it_names(store: Store) -> None:
    store.commit(Change(is_start=True, sources=(NWS, USGS)), now=NOW)
    blind = notice("ntc_1", reason=Reason.BLIND, family="coverage", sources=(NWS.id,), concerns=(), threads=())
    nameless = notice("ntc_2", reason=Reason.SEEING_AGAIN, family="coverage", concerns=(), threads=())
    store.commit(Change(notices=(blind, nameless)), now=NOW)
    assert kinds(store) == ["start", "declaration", "source", "source", "notice", "notice"]
    names = [body["source"] for body in entries(store, "source")]
    assert about(store) == [2 + names.index(record.source_number(NWS.id)), 3]


# --- sources ------------------------------------------------------------------------------------------------------


def acts(store: Store) -> list[tuple[str, str, str]]:
    return [(body["act"], body["source"], body["origin"]) for body in entries(store, "source")]


def test_sources_are_entered_when_they_come_change_and_go(store: Store) -> None:
    number = record.source_number(NWS.id)
    store.commit(Change(is_start=True, sources=(NWS,)), now=NOW)
    store.commit(Change(is_start=True, sources=(NWS,)), now=NOW)
    assert acts(store) == [("added", number, "catalogue")]
    elsewhere = replace(NWS, url="https://alerts.example.gov/cap")
    store.commit(Change(is_start=True, sources=(elsewhere,)), now=NOW)
    store.commit(Change(is_start=True, sources=()), now=NOW)
    assert acts(store)[1:] == [
        ("removed", number, "catalogue"),
        ("added", number, "extension"),
        ("removed", number, "extension"),
    ]
    assert dump(store)["sources"] == []


def test_change_that_does_not_name_the_sources_leaves_them(store: Store) -> None:
    store.commit(Change(is_start=True, sources=(NWS,)), now=NOW)
    store.commit(stored(admitted()), now=NOW)
    assert [row[0] for row in dump(store)["sources"]] == [NWS.id]
