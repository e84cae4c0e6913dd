"""One suite over both kinds of store: what is written is read, and saying it twice says it once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from changes import (
    DAY,
    HOUR,
    NOW,
    WORDS,
    admitted,
    decision,
    dump,
    event,
    everything,
    health,
    name,
    notice,
    ruled,
    seen,
    stored,
    told,
)
from sqlalchemy.exc import StatementError

from tocsin import ledger, lifecycle
from tocsin.errors import StoreError
from tocsin.ledger import Head
from tocsin.ledger.tile import entries_of, tiles
from tocsin.ledger.tlog import check_inclusion, leaf_hash
from tocsin.letters import MAX_FAULTS
from tocsin.model import Code, Fault, Level, MsgType, Reason, Reference, Verdict
from tocsin.store import Change, Committed, Kept, Outcome, Purged, Ruled, Store, Waiting, retention


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with Store.open(None if request.param == "memory" else tmp_path / "tocsin.db") as opened:
        yield opened


def entries(store: Store) -> list[dict[str, Any]]:
    return [ledger.parse(entry.leaf) for entry in store.ledger_entries()]


def kinds(store: Store) -> list[str]:
    return [entry["kind"] for entry in entries(store)]


# --- events -------------------------------------------------------------------------------------------------------


def test_event_is_read_as_it_was_admitted(store: Store) -> None:
    one = admitted()
    store.commit(stored(one), now=NOW)
    (standing,) = store.standing(["t"])
    assert (standing.event, standing.thread, standing.absent_since) == (one.event, "t", None)


def test_standing_is_empty_without_threads(store: Store) -> None:
    store.commit(stored(admitted()), now=NOW)
    assert store.standing([]) == ()


def test_event_that_comes_again_is_no_change(store: Store) -> None:
    store.commit(stored(admitted()), now=NOW)
    before = dump(store)
    again = store.commit(stored(admitted(), now=NOW + HOUR), now=NOW + HOUR)
    assert again == Committed(seq=1)
    assert dump(store) == before


def test_event_with_a_used_id_is_rewritten_and_reported(store: Store) -> None:
    store.commit(stored(admitted()), now=NOW)
    other = admitted(onset=NOW + HOUR / 2)
    committed = store.commit(stored(other), now=NOW)
    assert committed == Committed(seq=2, rewritten=(other.event.id,))
    assert [standing.event for standing in store.standing(["t"])] == [other.event]


def test_rewritten_event_is_found_by_its_new_keys_only(store: Store) -> None:
    store.commit(stored(admitted(aliases=("vtec:old",))), now=NOW)
    store.commit(stored(admitted(aliases=("vtec:new",))), now=NOW)
    assert store.threads_of(["nws|vtec:old"]) == set()
    assert store.threads_of(["nws|vtec:new"]) == {"t"}


def test_seq_rises_by_one_a_commit_that_changes_events(store: Store) -> None:
    first = store.commit(stored(admitted("a"), admitted("b")), now=NOW)
    second = store.commit(stored(admitted("c"), thread="u"), now=NOW)
    assert (first.seq, second.seq) == (1, 2)
    assert (first.added, second.added) == ((name("a"), name("b")), (name("c"),))


def test_changed_since_gives_threads_and_the_highest_seq(store: Store) -> None:
    store.commit(stored(admitted("a"), thread="t"), now=NOW)
    store.commit(stored(admitted("b"), thread="u"), now=NOW)
    assert store.changed_since(0) == ({"t", "u"}, 2)
    assert store.changed_since(1) == ({"u"}, 2)
    assert store.changed_since(2) == (set(), 2)


def test_threads_of_finds_by_every_key(store: Store) -> None:
    before = Reference("example.org", "earlier", NOW - HOUR)
    one = admitted("b", msg_type=MsgType.UPDATE, references=(before,))
    store.commit(stored(one), now=NOW)
    for key in lifecycle.keys(one.event):
        assert store.threads_of([key, "no such key"]) == {"t"}


def test_stored_event_moves_to_another_thread(store: Store) -> None:
    store.commit(stored(admitted("a"), thread="t"), now=NOW)
    store.commit(stored(admitted("b"), thread="u", threads={name("a"): "u"}), now=NOW)
    assert {standing.event.identifier for standing in store.standing(["u"])} == {"a", "b"}
    assert store.changed_since(1) == ({"u"}, 2)


def test_absence_is_kept_from_its_first_moment(store: Store) -> None:
    store.commit(stored(admitted()), now=NOW)
    store.commit(Change(absent={name(): NOW}), now=NOW)
    assert store.commit(Change(absent={name(): NOW + HOUR}), now=NOW).seq == 2
    assert store.standing(["t"])[0].absent_since == NOW


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(Change(absent={name(): None}), id="said"),
        pytest.param(stored(admitted()), id="arrived-again"),
        pytest.param(stored(admitted(onset=NOW)), id="rewritten"),
    ],
)
def test_event_that_is_listed_again_is_no_longer_absent(store: Store, change: Change) -> None:
    store.commit(stored(admitted(), absent={name(): NOW}), now=NOW)
    assert store.standing(["t"])[0].absent_since == NOW
    assert store.commit(change, now=NOW).seq == 2
    assert store.standing(["t"])[0].absent_since is None


def test_threads_and_absence_of_unknown_events_are_no_change(store: Store) -> None:
    assert store.commit(Change(threads={"x": "t"}, absent={"y": NOW}), now=NOW) == Committed(seq=0)


def test_events_of_a_source_are_those_still_listed(store: Store) -> None:
    store.commit(stored(admitted("a"), admitted("b"), absent={name("b"): NOW}), now=NOW)
    store.commit(stored(admitted("c", source="usgs")), now=NOW)
    assert [one.identifier for one in store.events_of("nws", NOW)] == ["a"]


def test_events_of_a_source_leave_out_threads_that_have_ended(store: Store) -> None:
    store.commit(stored(admitted("a"), thread="old"), now=NOW)
    later = NOW + 3 * HOUR
    store.commit(stored(admitted("b"), admitted("c", expires=later), thread="goes on"), now=NOW)
    assert [one.identifier for one in store.events_of("nws", NOW + 2 * HOUR)] == ["b", "c"]


def test_live_threads_end_with_their_last_event(store: Store) -> None:
    store.commit(stored(admitted("a"), admitted("b", expires=NOW + 2 * HOUR)), now=NOW)
    assert store.live_threads(NOW + 2 * HOUR - timedelta(seconds=1)) == {"t"}
    assert store.live_threads(NOW + 2 * HOUR) == set()


def test_more_names_than_one_statement_takes(store: Store) -> None:
    store.commit(stored(admitted()), now=NOW)
    assert store.threads_of([*(f"key {n}" for n in range(40_000)), admitted().event.message]) == {"t"}


# --- the gate and its ledger entries ------------------------------------------------------------------------------


def test_decision_leaves_a_commitment_and_no_content(store: Store) -> None:
    store.commit(Change(decisions=(ruled(WORDS.encode(), "protected", Verdict.DROP),)), now=NOW)
    (row,) = dump(store)["decisions"]
    assert row[1:3] == ("2021-12-11", decision().ruleset)
    assert len(row[3]) == 32
    assert entries(store) == []


def test_decision_of_the_same_day_is_written_once(store: Store) -> None:
    change = Change(decisions=(ruled(b"item"), ruled(b"item")))
    store.commit(change, now=NOW)
    store.commit(change, now=NOW + HOUR)
    assert len(dump(store)["decisions"]) == 1
    store.commit(change, now=NOW + DAY)
    assert len(dump(store)["decisions"]) == 2


def test_commitments_of_one_item_differ_between_stores(tmp_path: Path) -> None:
    change = Change(decisions=(ruled(b"item"),))
    commitments = set()
    for number in range(2):
        with Store.open(tmp_path / f"{number}.db") as opened:
            opened.commit(change, now=NOW)
            commitments.add(dump(opened)["decisions"][0][3])
    assert len(commitments) == 2


def test_rows_of_one_commit_do_not_tell_the_order_of_a_feed(store: Store) -> None:
    store.commit(Change(decisions=tuple(ruled(b"item %d" % n) for n in range(20))), now=NOW)
    commitments = [row[3] for row in dump(store)["decisions"]]
    assert commitments == sorted(commitments)


def test_new_and_rewritten_events_have_entries_after_their_batch(store: Store) -> None:
    store.commit(stored(admitted()), now=NOW)
    store.commit(stored(admitted(onset=NOW)), now=NOW)
    assert kinds(store) == ["batch", "event", "batch", "event"]
    assert [entry["act"] for entry in entries(store) if entry["kind"] == "event"] == ["new", "rewritten"]


def test_every_act_of_one_commit_has_its_entry(store: Store) -> None:
    store.commit(everything(), now=NOW)
    assert kinds(store) == ["start", "declaration", "batch", "event", "event", "notice", "notice"]
    assert [entry["channel_class"] for entry in entries(store)[-2:]] == ["webhook", "email"]


def test_ledger_holds_no_word_of_an_event_or_a_place(store: Store) -> None:
    store.commit(everything(), now=NOW)
    text = b"".join(entry.leaf for entry in store.ledger_entries()).lower()
    said = {field for fields in ledger.KINDS.values() for field in fields}
    for word in (*WORDS.lower().split(), "depot", "desk", "madison", "example.org", "nws", "ntc_1"):
        if len(word) > 3 and word not in said:  # shorter ones occur in hex
            assert word.encode() not in text


def test_entry_with_words_is_refused_and_leaves_nothing(store: Store) -> None:
    worded = replace(decision(), ruleset="a sentence")
    with pytest.raises(ledger.LedgerError):
        store.commit(
            Change(decisions=(Ruled(decision=worded, digest=b"item"),), health=(health(),), notices=(notice(),)),
            now=NOW,
        )
    assert {table for table, rows in dump(store).items() if rows} == set()


# --- the ledger ---------------------------------------------------------------------------------------------------


def test_ledger_of_a_new_store_is_empty(store: Store) -> None:
    assert store.ledger_size() == 0
    assert store.verify_ledger() == store.ledger_head() == Head()


def test_ledger_verifies_and_its_head_is_the_root_over_all_leaves(store: Store) -> None:
    store.commit(everything(), now=NOW)
    head = store.verify_ledger()
    assert head.size == store.ledger_size() == len(store.ledger_entries())
    assert head == store.ledger_head() == ledger.verify(store.ledger_entries()).head


def test_head_is_shown_without_a_check_and_whatever_stands_there(store: Store) -> None:
    store.commit(everything(), now=NOW)
    shown = store.ledger_head()
    assert shown.size == store.ledger_size()
    assert shown == store.verify_ledger()
    store.commit(Change(is_start=True), now=NOW)
    _tamper(store, "UPDATE ledger SET leaf_hash = 'text' WHERE n = 7")
    assert store.ledger_head() == shown


def test_ledger_can_be_read_in_parts(store: Store) -> None:
    store.commit(everything(), now=NOW)
    whole = store.ledger_entries()
    assert store.ledger_entries(2, 5) == whole[2:5]
    assert store.ledger_entries(5) == whole[5:]


@pytest.mark.parametrize("column", ["leaf", "leaf_hash"])
@pytest.mark.parametrize("value", ["X'00'", "'text'", "7"])
def test_changed_row_is_named(tmp_path: Path, column: str, value: str) -> None:
    with Store.open(tmp_path / "tocsin.db") as store:
        store.commit(everything(), now=NOW)
        _tamper(store, f"UPDATE ledger SET {column} = {value} WHERE n = 3")  # noqa: S608
        with pytest.raises(ledger.EntryError) as caught:
            store.verify_ledger()
    assert caught.value.n == 3


def test_dropped_row_is_named(store: Store) -> None:
    store.commit(everything(), now=NOW)
    _tamper(store, "DELETE FROM ledger WHERE n = 3")
    with pytest.raises(ledger.EntryError) as caught:
        store.verify_ledger()
    assert caught.value.n == 3


@pytest.mark.parametrize("statement", ["DELETE FROM ledger", "UPDATE ledger SET leaf_hash = X'00' WHERE n = 6"])
def test_ledger_that_does_not_extend_the_checked_one_is_a_fork(store: Store, statement: str) -> None:
    store.commit(everything(), now=NOW)
    assert store.verify_ledger().size == 7
    _tamper(store, statement)
    with pytest.raises(ledger.ForkError):
        store.verify_ledger()


def test_only_the_whole_check_finds_a_change_in_the_checked_part(store: Store) -> None:
    store.commit(everything(), now=NOW)
    store.verify_ledger()
    _tamper(store, "UPDATE ledger SET leaf = X'00' WHERE n = 3")
    store.verify_ledger()
    with pytest.raises(ledger.ProofError):
        store.verify_ledger(whole=True)


def _rewrite(store: Store, n: int) -> None:
    """Put another entry in the place of one, as an insider would: with the hash that belongs to it."""
    leaf = ledger.leaf({"v": 1, "kind": "key-destroyed", "day": "2020-02-02"})
    _tamper(store, f"UPDATE ledger SET leaf = X'{leaf.hex()}', leaf_hash = X'{leaf_hash(leaf).hex()}' WHERE n = {n}")  # noqa: S608


def test_rewritten_entry_is_found_by_whoever_checked_before(store: Store) -> None:
    store.commit(everything(), now=NOW)
    store.verify_ledger()
    _rewrite(store, 3)
    with pytest.raises(ledger.ForkError):
        store.verify_ledger(whole=True)


def test_rewritten_entry_is_found_after_a_restart_by_what_was_signed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "tocsin.db") as store:
        store.commit(everything(), now=NOW)
        store.sign_ledger(store.verify_ledger(), at=NOW)
    with Store.open(tmp_path / "tocsin.db") as store:
        _rewrite(store, 3)
        with pytest.raises(ledger.ForkError):
            store.verify_ledger(whole=True)


def test_without_a_signature_nobody_notices(tmp_path: Path) -> None:
    """The negative control: whoever remembers nothing cannot tell one history from another."""
    with Store.open(tmp_path / "tocsin.db") as store:
        store.commit(everything(), now=NOW)
        _rewrite(store, 3)
    with Store.open(tmp_path / "tocsin.db") as store:
        assert store.verify_ledger(whole=True).size == 7


def test_signed_head_has_one_root_for_ever(store: Store) -> None:
    store.commit(everything(), now=NOW)
    head = store.verify_ledger()
    store.sign_ledger(head, at=NOW)
    assert store.signed_ledger() == head
    with pytest.raises(StoreError):
        store.sign_ledger(head, at=NOW)


def test_head_to_which_the_entries_do_not_lead_is_not_signed(store: Store) -> None:
    store.commit(everything(), now=NOW)
    with pytest.raises(ledger.ForkError):
        store.sign_ledger(Head(size=7, root=bytes(32)), at=NOW)
    assert store.signed_ledger() is None


def test_every_entry_is_proved_by_tiles_from_the_database(store: Store) -> None:
    for _ in range(150):
        store.commit(Change(is_start=True), now=NOW)
    head = store.verify_ledger()
    store.sign_ledger(head, at=NOW)
    for entry in store.ledger_entries():
        check_inclusion(
            entry.leaf_hash, index=entry.n, size=head.size, proof=store.prove_entry(entry.n, head.size), root=head.root
        )
    paths = {tile.path: store.ledger_tile(tile) for tile in tiles(head.size)}
    assert len(paths["tile/0/000"]) == 8192
    assert entries_of(paths["tile/entries/001.p/44"], 44) == [entry.leaf for entry in store.ledger_entries(256)]


def _tamper(store: Store, statement: str) -> None:
    with store._transaction() as connection:  # noqa: SLF001
        connection.exec_driver_sql(statement)


# --- sources, places, channels ------------------------------------------------------------------------------------


def test_health_is_the_last_that_was_written(store: Store) -> None:
    store.commit(Change(health=(health("nws"), health("dwd"))), now=NOW)
    rhythm: dict[str, Any] = {"gaps": {24: 1.5, 60: 0.8}, "rests": ((1_795_197_600, 1_795_413_600),)}
    latest = health("nws", failures=3, error="http-503", suspected=True, as_of=None, **rhythm)
    store.commit(Change(health=(latest,)), now=NOW)
    assert store.healths() == (health("dwd"), latest)


def test_impact_is_read_as_it_was_seen(store: Store) -> None:
    far = seen("below-level", identifier="b", distance_m=float("inf"), begins=NOW - HOUR)
    store.commit(Change(impacts=(seen(), far, seen(place="shop"))), now=NOW)
    assert store.impacts_of("depot") == (seen(), far)


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        pytest.param(seen("below-level"), seen("told"), seen("told"), id="told-at-last"),
        pytest.param(seen("told"), seen("no-meaningful-change"), seen("told"), id="told-stays-told"),
        pytest.param(
            seen("told"),
            seen("no-meaningful-change", people=Level.NOTICE),
            seen("no-meaningful-change", people=Level.NOTICE),
            id="changed-and-not-told",
        ),
    ],
)
def test_impact_seen_again(store: Store, before: Any, after: Any, kept: Any) -> None:
    store.commit(Change(impacts=(before,)), now=NOW)
    store.commit(Change(impacts=(after,)), now=NOW)
    assert store.impacts_of("depot") == (kept,)


def test_told_is_kept_replaced_and_forgotten(store: Store) -> None:
    eased = told(level=Level.NOTICE)
    store.commit(Change(told=(told(), told(family="flood"))), now=NOW)
    store.commit(Change(told=(eased,), forget=(("desk", "depot", "flood"), ("no", "such", "row"))), now=NOW)
    assert store.told() == (eased,)


# --- the outbox ---------------------------------------------------------------------------------------------------


def test_notice_waits_until_it_is_sent(store: Store) -> None:
    store.commit(Change(notices=(notice(),)), now=NOW)
    assert store.waiting(NOW, 10) == (Waiting(notice=notice(), attempts=0),)
    assert store.next_waiting() == NOW
    store.commit(Change(outcomes=(Outcome(notice="ntc_1", state="sent", at=NOW + HOUR),)), now=NOW)
    assert store.waiting(NOW + DAY, 10) == ()
    assert store.next_waiting() is None
    assert store.notice("ntc_1") == Kept(notice=notice(), state="sent", attempts=1, sent_at=NOW + HOUR)


def test_failed_notice_waits_for_its_next_try(store: Store) -> None:
    store.commit(Change(notices=(notice(),)), now=NOW)
    store.commit(Change(outcomes=(_failed(next_try=NOW + HOUR),)), now=NOW)
    assert store.waiting(NOW + HOUR - timedelta(microseconds=1), 10) == ()
    assert store.waiting(NOW + HOUR, 10) == (Waiting(notice=notice(), attempts=1),)
    assert store.next_waiting() == NOW + HOUR


def test_notice_that_was_given_up_waits_no_more(store: Store) -> None:
    store.commit(Change(notices=(notice(),)), now=NOW)
    store.commit(Change(outcomes=(Outcome(notice="ntc_1", state="given-up", at=NOW, error="gone"),)), now=NOW)
    assert store.next_waiting() is None
    assert store.notice("ntc_1") == Kept(notice=notice(), state="given-up", attempts=1, error="gone")


def test_settled_notice_stays_settled(store: Store) -> None:
    store.commit(Change(notices=(notice(),)), now=NOW)
    store.commit(Change(outcomes=(Outcome(notice="ntc_1", state="sent", at=NOW),)), now=NOW)
    before = dump(store)
    store.commit(Change(outcomes=(_failed(next_try=NOW), _failed(notice="no such", next_try=NOW))), now=NOW)
    assert dump(store) == before


def test_every_try_has_an_entry(store: Store) -> None:
    store.commit(Change(notices=(notice(),)), now=NOW)
    store.commit(Change(outcomes=(_failed(next_try=NOW),)), now=NOW)
    store.commit(Change(outcomes=(Outcome(notice="ntc_1", state="sent", at=NOW),)), now=NOW)
    found = [(entry["state"], entry["attempts"]) for entry in entries(store) if entry["kind"] == "delivery"]
    assert found == [("failed", 1), ("sent", 2)]


def test_notice_with_a_known_id_is_left_as_it_is(store: Store) -> None:
    store.commit(Change(notices=(notice(),)), now=NOW)
    store.commit(Change(outcomes=(Outcome(notice="ntc_1", state="sent", at=NOW),)), now=NOW)
    before = dump(store)
    store.commit(Change(notices=(notice(reason=Reason.WORSE),)), now=NOW)
    assert dump(store) == before


def test_waiting_is_oldest_first_then_worst_first(store: Store) -> None:
    late = notice("late", at=NOW + HOUR)
    mild = notice("mild", level=Level.NOTICE)
    store.commit(Change(notices=(late, mild, notice("bad"))), now=NOW)
    assert [one.notice.id for one in store.waiting(NOW + HOUR, 10)] == ["bad", "mild", "late"]


def test_long_queue_of_one_channel_holds_up_no_other(store: Store) -> None:
    many = tuple(notice(f"n{number}", channel="dead") for number in range(5))
    store.commit(Change(notices=(*many, notice("other", channel="desk", at=NOW + HOUR))), now=NOW)
    assert [one.notice.id for one in store.waiting(NOW + HOUR, 2)] == ["n0", "n1", "other"]


def test_recent_notices_are_the_newest(store: Store) -> None:
    store.commit(Change(notices=tuple(notice(f"n{n}", at=NOW + n * HOUR) for n in range(3))), now=NOW)
    assert [kept.notice.id for kept in store.recent_notices(2)] == ["n2", "n1"]


def test_unknown_notice_is_none(store: Store) -> None:
    assert store.notice("ntc_1") is None


def test_failure_without_a_next_try_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        _failed(next_try=None)


def _failed(next_try: datetime | None, notice: str = "ntc_1") -> Outcome:
    return Outcome(notice=notice, state="failed", at=NOW, next_try=next_try, error="unreachable")


# --- retention ----------------------------------------------------------------------------------------------------


def test_event_is_purged_seven_days_after_its_end(store: Store) -> None:
    store.commit(stored(admitted(), impacts=(seen(),)), now=NOW)
    end = NOW + HOUR + 7 * DAY
    assert store.purge(end - timedelta(microseconds=1)) == Purged()
    assert store.purge(end) == Purged(events=1)
    assert dump(store)["events"] == dump(store)["event_keys"] == dump(store)["impacts"] == []
    assert entries(store)[-1] == {"v": 1, "kind": "purge", "day": "2021-12-18", "events": 1, "notices": 0}


def test_thread_is_purged_whole(store: Store) -> None:
    """Were only the Cancel purged, the long Alert that it ended would be in force again."""
    long = admitted("long", expires=NOW + 30 * DAY)
    cancel = admitted(
        "cancel", msg_type=MsgType.CANCEL, references=(Reference("example.org", "long", long.event.sent),)
    )
    store.commit(stored(long, cancel), now=NOW)
    assert store.purge(NOW + 20 * DAY).events == 0
    assert lifecycle.in_force([one.event for one in store.standing(["t"])], NOW + 20 * DAY) == ()
    assert store.purge(NOW + 37 * DAY).events == 2


def test_absent_event_ended_when_it_vanished(store: Store) -> None:
    store.commit(stored(admitted(expires=NOW + 30 * DAY), absent={name(): NOW}), now=NOW)
    assert store.purge(NOW + 7 * DAY) == Purged(events=1)


_BEFORE = (Reference("example.org", "before", NOW - HOUR),)


def _effect(**changes: Any) -> Any:
    return admitted("effect", codes=(Code("SAME", "EVI"),), texts=(), **changes)


def test_effect_without_a_cause_is_purged_after_a_day(store: Store) -> None:
    effect = _effect()
    assert effect.event.hazard == "evacuation"
    told_of = notice("effect", hazard="evacuation", ends=NOW + HOUR)
    store.commit(stored(effect, notices=(told_of, notice("tornado"))), now=NOW)
    store.commit(Change(outcomes=(Outcome(notice="effect", state="sent", at=NOW),)), now=NOW)
    end = NOW + HOUR + DAY
    assert store.purge(end - timedelta(microseconds=1)) == Purged()
    assert store.purge(end) == Purged(events=1, notices=1)
    assert store.notice("tornado") is not None


def test_lone_cancel_is_purged_after_a_day(store: Store) -> None:
    """It may be the end of an effect without a cause, of which nothing is kept."""
    cancel = admitted("end", msg_type=MsgType.CANCEL, codes=(), texts=(), references=_BEFORE, expires=None)
    assert cancel.event.hazard is None
    store.commit(stored(cancel), now=NOW)
    end = lifecycle.ends(cancel.event) + DAY
    assert store.purge(end - timedelta(microseconds=1)) == Purged()
    assert store.purge(end) == Purged(events=1)


def test_cancel_keeps_as_long_as_its_thread(store: Store) -> None:
    cancel = admitted("end", msg_type=MsgType.CANCEL, codes=(), texts=(), references=_BEFORE, expires=None)
    store.commit(stored(cancel, admitted()), now=NOW)
    assert store.purge(NOW + 5 * DAY) == Purged()


@pytest.mark.parametrize(
    ("family", "gone"), [pytest.param("civil", 1, id="of-an-effect"), pytest.param("tornado", 0, id="of-a-tornado")]
)
def test_all_clear_of_an_effect_is_purged_after_a_day(store: Store, family: str, gone: int) -> None:
    store.commit(Change(notices=(notice("end", reason=Reason.ENDED, hazard=None, family=family),)), now=NOW)
    store.commit(Change(outcomes=(Outcome(notice="end", state="sent", at=NOW),)), now=NOW)
    assert store.purge(NOW + HOUR + DAY) == Purged(notices=gone)


def test_notice_of_an_effect_that_still_waits_is_kept(store: Store) -> None:
    store.commit(Change(notices=(notice("effect", hazard="evacuation", ends=None),)), now=NOW)
    assert store.purge(NOW + 30 * DAY) == Purged()
    store.commit(Change(outcomes=(Outcome(notice="effect", state="given-up", at=NOW),)), now=NOW)
    assert store.purge(NOW + 30 * DAY) == Purged(notices=1)


def test_day_key_is_destroyed_after_thirty_days(store: Store) -> None:
    store.commit(Change(decisions=(ruled(b"item"),)), now=NOW)
    assert store.purge(NOW + 30 * DAY) == Purged()
    assert store.purge(NOW + 31 * DAY) == Purged(day_keys=1)
    assert dump(store)["day_keys"] == []
    assert entries(store)[-1] == {"v": 1, "kind": "key-destroyed", "day": "2021-12-11"}


def test_purge_of_nothing_has_no_entry(store: Store) -> None:
    store.purge(NOW)
    assert store.ledger_size() == 0


def test_seq_goes_on_rising_after_a_purge(store: Store) -> None:
    store.commit(stored(admitted()), now=NOW)
    store.purge(NOW + 30 * DAY)
    assert store.commit(stored(admitted("b")), now=NOW).seq == 2


def test_purged_words_are_gone_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    with Store.open(path) as store:
        store.commit(stored(admitted()), now=NOW)
        assert WORDS.encode() in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        store.purge(NOW + 30 * DAY)
        assert WORDS.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


# --- mistakes of ours ---------------------------------------------------------------------------------------------


def test_unexamined_event_is_a_type_error(store: Store) -> None:
    """mypy refuses this line too: were it to let it pass, it would report the ignore as unused."""
    unexamined = Change(events=((event(), "t", NOW),))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        store.commit(unexamined, now=NOW)
    assert store.changed_since(0) == (set(), 0)


def test_naive_time_is_our_mistake(store: Store) -> None:
    with pytest.raises(StatementError, match="aware"):
        store.commit(Change(health=(health(attempted=NOW.replace(tzinfo=None)),)), now=NOW)


def test_unreadable_row_is_named_without_its_words(store: Store) -> None:
    store.commit(stored(admitted()), now=NOW)
    _tamper(store, 'UPDATE events SET body = \'{"source": "secret words"}\'')
    with pytest.raises(Exception, match="this is no Event") as caught:
        store.standing(["t"])
    assert "secret" not in str(caught.value)


def test_refusal_quotes_no_row(store: Store) -> None:
    with pytest.raises(StoreError) as caught:
        _tamper(store, "INSERT INTO meta VALUES ('secret words', NULL)")
    assert "secret" not in str(caught.value)
    assert "SQLITE_CONSTRAINT_NOTNULL" in str(caught.value)
    assert caught.value.__suppress_context__


def test_event_of_the_samples_is_a_tornado_warning() -> None:
    assert admitted().event.hazard == "tornado"
    assert event().hazard is None


# --- faults -------------------------------------------------------------------------------------------------------


TODAY = NOW.date()


def fault(where: str = "alert/sent", *, day: date = TODAY, source: str = "weather", count: int = 1) -> Fault:
    return Fault(
        source=source,
        message="the time has no offset and was read as UTC",
        where=where,
        example=where,
        is_repaired=True,
        count=count,
        first=day,
        last=day,
    )


def test_faults_of_one_sort_are_counted_together(store: Store) -> None:
    later = NOW.date() + timedelta(days=3)
    store.commit(Change(faults=(fault(count=2), fault("alert/info[]/expires"))), now=NOW)
    store.commit(Change(faults=(fault(day=later, count=5), fault(source="rivers"))), now=NOW)
    expires, sent = store.faults("weather")
    assert (sent.count, sent.first, sent.last) == (7, NOW.date(), later)
    assert (expires.where, expires.count) == ("alert/info[]/expires", 1)
    assert [one.source for one in store.faults("rivers")] == ["rivers"]


def test_faults_of_one_source_have_a_limit(store: Store) -> None:
    store.commit(Change(faults=tuple(fault(f"a{n}") for n in range(MAX_FAULTS - 1))), now=NOW)
    store.commit(Change(faults=(fault("a0"), fault("b"), fault("c"))), now=NOW)
    kept = {one.where: one.count for one in store.faults("weather")}
    assert len(kept) == MAX_FAULTS
    assert (kept["a0"], kept["b"], kept.get("c")) == (2, 1, None)


def test_faults_that_are_no_longer_found_are_forgotten(store: Store) -> None:
    store.commit(Change(faults=(fault(),)), now=NOW)
    store.purge(NOW + retention.FAULTS_KEPT)
    assert len(store.faults("weather")) == 1
    store.purge(NOW + retention.FAULTS_KEPT + timedelta(days=1))
    assert store.faults("weather") == ()
