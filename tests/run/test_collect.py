from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tocsin import lifecycle, record
from tocsin.ledger import parse
from tocsin.model import Event, Health, IssuerClass, Verdict
from tocsin.run import collect, examining
from tocsin.run.collect import Document, Poll, take
from tocsin.store import Store
from worlds import MESSAGES, MINUTE, NOW, World, cap, quakes

UNKNOWN = Health(source=MESSAGES.id)


def _poll(*bodies: bytes, format_: str = "cap") -> Poll:
    return Poll(documents=tuple(Document(format=format_, body=body) for body in bodies), etag='"1"')


def test_take_stores_what_the_gate_admits_and_its_decisions() -> None:
    with Store.open(None) as store:
        collected = take(store, MESSAGES, _poll(cap("a"), cap("b", status="Test")), UNKNOWN, now=NOW)
        assert [decision.verdict for decision in collected.decisions] == [Verdict.PASS, Verdict.DROP]
        assert [event.identifier for event in store.events_of(MESSAGES.id, NOW)] == ["a"]
        assert [parse(entry.leaf)["kind"] for entry in store.ledger_entries()] == ["batch", "event"]
        assert {key: parse(store.ledger_entries()[0].leaf)[key] for key in ("seen", "kept")} == {"seen": 2, "kept": 1}


def test_take_remembers_the_validators_and_that_it_worked() -> None:
    with Store.open(None) as store:
        health = take(store, MESSAGES, _poll(cap("a")), replace(UNKNOWN, failures=3, error="timeout"), now=NOW).health
        assert (health.succeeded, health.failures, health.error, health.etag) == (NOW, 0, "", '"1"')
        assert store.healths() == (health,)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"", "empty-body", id="empty"),
        pytest.param(b" \r\n\t", "empty-body", id="blank"),
        pytest.param(b"<!doctype html><html><body>Sign in</body></html>", "html-page", id="captive-portal"),
        pytest.param(b"\n<HTML lang='en'>", "html-page", id="page-without-doctype"),
        pytest.param(cap("a")[:300], "unreadable", id="truncated"),
    ],
)
def test_take_counts_a_poll_of_nothing_readable_as_failed(body: bytes, code: str) -> None:
    with Store.open(None) as store:
        known = replace(UNKNOWN, succeeded=NOW - MINUTE, etag='"0"')
        health = take(store, MESSAGES, _poll(body), known, now=NOW).health
        assert (health.succeeded, health.failures, health.error, health.etag) == (NOW - MINUTE, 1, code, "")


def test_take_loses_nothing_after_a_bad_document() -> None:
    with Store.open(None) as store:
        collected = take(store, MESSAGES, _poll(cap("a"), b"<alert", cap("b")), UNKNOWN, now=NOW)
        assert {event.identifier for event in store.events_of(MESSAGES.id, NOW)} == {"a", "b"}
        assert [problem.at.split()[0] for problem in collected.problems] == ["document[1]"]


def test_take_of_an_unregistered_issuer_stores_nothing() -> None:
    with Store.open(None) as store:
        stranger = replace(MESSAGES, issuer_class=IssuerClass.UNREGISTERED)
        take(store, stranger, _poll(cap("a")), UNKNOWN, now=NOW)
        assert store.events_of(MESSAGES.id, NOW) == ()


def test_an_unchanged_poll_adds_no_row_and_no_entry() -> None:
    with Store.open(None) as store:
        taken = take(store, MESSAGES, _poll(cap("a")), UNKNOWN, now=NOW)
        head = store.ledger_size()
        take(store, MESSAGES, _poll(cap("a")), taken.health, now=NOW + MINUTE)
        assert store.ledger_size() == head


SNAPSHOT = replace(MESSAGES, format="usgs", snapshot=True, families=("earthquake",))
FIVE = (4.9, 5.0, 5.1, 5.2, 5.3)


def test_a_snapshot_that_lost_nearly_all_at_once_is_looked_at_twice() -> None:
    world = World(source=SNAPSHOT)
    world.poll(quakes(*FIVE))
    world.now += MINUTE
    world.poll(quakes(updated=NOW, generated=world.now))
    assert world.desk.healths[SNAPSHOT.id].suspected
    assert world.desk.situation.events
    world.now += MINUTE
    world.poll(quakes(updated=NOW, generated=world.now))
    assert not world.desk.situation.events


def test_a_snapshot_with_a_broken_item_ends_nothing() -> None:
    world = World(source=SNAPSHOT)
    world.poll(quakes(5.2))
    broken = (
        quakes(5.2).replace(b'"Point"', b'"Pxint"').replace(b'"us0"', b'"us9"').replace(b'"code": "0"', b'"code": ""')
    )
    world.now += MINUTE
    world.poll(broken)
    assert len(world.desk.situation.events) >= 1


def test_a_thread_grows_together_from_messages_in_any_order() -> None:
    with Store.open(None) as store:
        later = cap("b", sent=NOW + MINUTE, msg_type="Update", references=["a"])
        take(store, MESSAGES, _poll(later), UNKNOWN, now=NOW)
        take(store, MESSAGES, _poll(cap("a")), UNKNOWN, now=NOW)
        threads = {standing.thread for standing in store.standing(store.live_threads(NOW))}
        assert len(threads) == 1


def test_links_are_those_of_the_index() -> None:
    index = b"""<feed xmlns="http://www.w3.org/2005/Atom"><updated>2026-03-01T12:00:00Z</updated><entry><id>x</id>
    <link type="application/cap+xml" href="https://weather.example.org/a.cap"/></entry></feed>"""
    atom = replace(MESSAGES, format="atom")
    assert [link.url for link in collect.links(atom, index, now=NOW)] == ["https://weather.example.org/a.cap"]
    assert collect.links(atom, b"<html>", now=NOW) == ()


def test_faults_are_kept_for_the_letter_but_not_those_of_what_was_dropped() -> None:
    faulty = cap("a").replace(b"+00:00</sent>", b"</sent>")
    unmapped = cap("b", event="Village fair").replace(b"+00:00</sent>", b"</sent>")
    with Store.open(None) as store:
        take(store, MESSAGES, _poll(faulty, unmapped), UNKNOWN, now=NOW)
        (found,) = store.faults(MESSAGES.id)
        assert (found.where, found.count, found.first) == ("alert/sent", 1, NOW.date())


def test_documents_that_cannot_be_read_are_faults_too() -> None:
    with Store.open(None) as store:
        take(store, MESSAGES, _poll(b"<html></html>"), UNKNOWN, now=NOW)
        (found,) = store.faults(MESSAGES.id)
        assert (found.message, found.is_repaired) == ("this is an HTML page, not a feed", False)


def test_take_names_an_area_far_off_the_issuers_territory_and_keeps_it() -> None:
    swapped = "8.0,50.0 8.4,50.0 8.4,50.2 8.0,50.2 8.0,50.0"
    with Store.open(None) as store:
        collected = take(store, MESSAGES, _poll(cap("a", polygon=swapped)), UNKNOWN, now=NOW)
        assert len(store.events_of(MESSAGES.id, NOW)) == 1
        assert ["far off" in problem.message for problem in collected.problems] == [True]


ROADS = replace(
    MESSAGES,
    format="datex2",
    snapshot=True,
    families=("transport",),
    issuer_class=IssuerClass.TRAFFIC,
    jurisdiction=("NL",),
)


def _situations(*names: str) -> bytes:
    """Return a packed snapshot of closed roads in DATEX II, as a national access point gives it."""
    closed = """<situation id="{0}"><situationRecord xsi:type="RoadOrCarriagewayOrLaneManagement" id="{0}-1">
    <situationRecordVersionTime>2026-03-01T08:00:00Z</situationRecordVersionTime><locationReference><pointByCoordinates>
    <pointCoordinates><latitude>52.1</latitude><longitude>4.3</longitude></pointCoordinates></pointByCoordinates>
    </locationReference><roadOrCarriagewayOrLaneManagementType>roadClosed</roadOrCarriagewayOrLaneManagementType>
    </situationRecord></situation>"""
    inner = "".join(map(closed.format, names))
    document = f"""<d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><payloadPublication xsi:type="SituationPublication" lang="nl">
    {inner}</payloadPublication></d2LogicalModel>"""
    return gzip.compress(document.encode())


def test_take_reads_a_packed_stream_and_ends_what_it_lists_no_longer() -> None:
    with Store.open(None) as store:
        first = take(store, ROADS, _poll(_situations("a", "b"), format_="datex2"), UNKNOWN, now=NOW)
        assert [(one.identifier, one.hazard) for one in store.events_of(ROADS.id, NOW)] == [
            ("a/a-1", "road-closure"),
            ("b/b-1", "road-closure"),
        ]
        take(store, ROADS, _poll(_situations("b"), format_="datex2"), first.health, now=NOW + MINUTE)
        assert [one.identifier for one in store.events_of(ROADS.id, NOW)] == ["b/b-1"]


@pytest.mark.parametrize("turn", [1, -1])
def test_one_identifier_of_two_mailboxes_of_a_domain_is_two_warnings(turn: int) -> None:
    one = cap("a").replace(b"<sender>", b"<sender>desk@").replace(b"</headline>", b" in the north</headline>")
    other = cap("a").replace(b"<sender>", b"<sender>office@").replace(b"</headline>", b" in the south</headline>")
    with Store.open(None) as store:
        take(store, MESSAGES, _poll(one, other), UNKNOWN, now=NOW)
        before = {event.id: event for event in store.events_of(MESSAGES.id, NOW)}
        assert len(before) == 2
        assert not any("desk" in event.sender or "office" in event.sender for event in before.values())
        take(store, MESSAGES, _poll(*(one, other)[::turn]), UNKNOWN, now=NOW)
        assert {event.id: event for event in store.events_of(MESSAGES.id, NOW)} == before


# --- what is kept under the installation's key --------------------------------------------------------------------

BARE: dict[str, Any] = {"msg_type": "Cancel", "event": "End of the matter"}  # a term that no list knows


def _held(store: Store) -> list[Event]:
    return list(store.events_of(MESSAGES.id, NOW))


def _in_force(store: Store) -> set[str]:
    return {event.identifier for event in lifecycle.in_force(_held(store), NOW + 2 * MINUTE)}


@pytest.mark.parametrize(
    "polls",
    [
        pytest.param((("alert",), ("cancel",)), id="a-poll-later"),
        pytest.param((("cancel",), ("alert",)), id="a-poll-earlier"),
        pytest.param((("alert", "cancel"),), id="in-one-poll"),
        pytest.param((("cancel", "alert"),), id="in-one-poll-the-newest-first"),
    ],
)
def test_cancel_without_words_ends_what_is_stored_under_its_own_name(polls: tuple[tuple[str, ...], ...]) -> None:
    said = {"alert": cap("a"), "cancel": cap("c", sent=NOW + MINUTE, references=("a",), **BARE)}
    with Store.open(None) as store:
        for poll in polls:
            take(store, MESSAGES, _poll(*(said[name] for name in poll)), UNKNOWN, now=NOW + MINUTE)
        assert "a" in {event.identifier for event in _held(store)}
        assert not _in_force(store)


def test_cancel_of_what_was_dropped_leads_back_to_nothing() -> None:
    march = cap("strike-march-17-june", event="Union march")
    cancel = cap("no-strike-march", sent=NOW + MINUTE, references=("strike-march-17-june",), **BARE)
    with Store.open(None) as store:
        take(store, MESSAGES, _poll(march, cancel), UNKNOWN, now=NOW + MINUTE)
        (kept,) = _held(store)
        assert "strike" not in record.to_text(kept)
        assert "warn.example.org" not in record.to_text(kept)


def test_effect_keeps_its_name_over_a_restart(tmp_path: Path) -> None:
    shelter = cap("secret-slug", event="Law enforcement warning", response="Shelter")
    civil = replace(MESSAGES, issuer_class=IssuerClass.CIVIL)
    names = []
    for _ in range(2):
        with Store.open(tmp_path / "tocsin.db") as store:
            take(store, civil, _poll(shelter), UNKNOWN, now=NOW)
            (kept,) = _held(store)
            names.append(kept.identifier)
            key = store.installation_key()
    assert names[0] == names[1]
    assert len(key) == 32
    with Store.open(None) as other:
        take(other, civil, _poll(shelter), UNKNOWN, now=NOW)
        assert _held(other)[0].identifier != names[0]


def test_decision_does_not_depend_on_the_installation() -> None:
    document = Document(format="cap", body=cap("x", event="Law enforcement warning", response="Shelter"))
    one, other = (examining.examine([document], MESSAGES, NOW, key=bytes([n]) * 32) for n in (1, 2))
    assert [(ruled.decision, ruled.digest) for ruled in one.decisions] == [
        (ruled.decision, ruled.digest) for ruled in other.decisions
    ]
