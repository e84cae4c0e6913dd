"""What is in force: CAP's reference graph as tables. `test_lifecycle_any_order` shows that order does not matter."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tocsin.hazards import HAZARDS
from tocsin.lifecycle import (
    AHEAD_AT_MOST,
    LIFE_WITHOUT_HAZARD,
    Vanished,
    boundary,
    ends,
    in_force,
    is_ahead,
    keys,
    reissues,
    threads,
    vanished,
    went_back,
)
from tocsin.model import Area, Code, Event, MsgType, Reference, Scope, Severity, Status

T = datetime(2021, 12, 11, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
VTEC = "vtec:KLSX.TO.W.0040.2021"
OTHER_VTEC = "vtec:KLSX.TO.A.0561.2021"


def event(identifier: str, minute: float = 0, *referenced: Event, **fields: Any) -> Event:
    """Return an Alert, or an Update of the events that it references, sent some minutes after T."""
    defaults: dict[str, Any] = {
        "source": "nws",
        "sender": "example.org",
        "identifier": identifier,
        "sent": T + minute * MINUTE,
        "expires": T + 6 * HOUR,
        "hazard": "tornado",
        "msg_type": MsgType.UPDATE if referenced else MsgType.ALERT,
        "references": tuple(to(one) for one in referenced),
    }
    return Event(**(defaults | fields))


def cancel(identifier: str, minute: float, *referenced: Event, **fields: Any) -> Event:
    return event(identifier, minute, *referenced, **({"msg_type": MsgType.CANCEL} | fields))


def to(referenced: Event) -> Reference:
    return Reference(referenced.sender, referenced.identifier, referenced.sent)


def zones(*codes: str, scheme: str = "UGC") -> tuple[Area, ...]:
    return (Area(geocodes=tuple(Code(scheme, code) for code in codes)),)


def standing(*events: Event, now: datetime = T + HOUR, absent: tuple[str, ...] = ()) -> set[str]:
    return {one.identifier for one in in_force(events, now, absent=absent)}


A = event("A")
U = event("U", 1, A)


@pytest.mark.parametrize(
    ("events", "left"),
    [
        pytest.param([A], {"A"}, id="alert"),
        pytest.param([A, U], {"U"}, id="update"),
        pytest.param([U], {"U"}, id="update-without-its-alert"),
        pytest.param([A, event("B", 1, A), event("C", 2, A)], {"B", "C"}, id="two-updates-of-one-alert-stay-both"),
        pytest.param([A, event("B"), event("C", 2, A, event("B"))], {"C"}, id="update-of-many"),
        pytest.param([A, U, event("V", 2, U)], {"V"}, id="chain"),
        pytest.param([A, event("V", 2, U)], {"A", "V"}, id="a-missing-link-replaces-nothing"),
        pytest.param(
            [A, event("B", 1, msg_type=MsgType.ALERT, references=(to(A),))], {"A", "B"}, id="alert-that-refers"
        ),
        pytest.param([A, event("U", 0, A)], {"U"}, id="update-of-the-same-second"),
        pytest.param([A, event("U", -1, A)], {"A", "U"}, id="reference-into-the-future-proves-nothing"),
        pytest.param([event("U", 1, event("U", 1))], {"U"}, id="reference-to-itself"),
        pytest.param([A, event("A", 1)], {"A"}, id="identifier-used-again"),
        pytest.param([A, event("B", 1, A, sender="other.test")], {"A", "B"}, id="update-by-another-sender"),
        pytest.param([A, event("B", 1, A, source="mirror")], {"A", "B"}, id="update-in-another-source"),
        pytest.param([A, event("A", 0, sender="other.test")], {"A"}, id="one-identifier-of-two-senders"),
        pytest.param([A, event("A", 1, source="mirror")], {"A"}, id="one-identifier-in-two-sources"),
        pytest.param([A, event("B", 1, A, status=Status.TEST)], {"A"}, id="a-test-replaces-nothing"),
        pytest.param([A, event("B", 1, A, scope=Scope.RESTRICTED)], {"A"}, id="what-is-not-public-replaces-nothing"),
        pytest.param([A, event("A", 1, msg_type=MsgType.ERROR)], {"A"}, id="an-error-replaces-nothing"),
        pytest.param([A, event("B", 1, A, is_over=True)], set(), id="update-that-says-it-is-over"),
        pytest.param([A, event("B", 60 * 24 * 8, A)], {"A"}, id="update-of-next-week-replaces-nothing"),
    ],
)
def test_in_force_after_updates(events: list[Event], left: set[str]) -> None:
    assert standing(*events) == left


@pytest.mark.parametrize(
    ("events", "left"),
    [
        pytest.param([A, cancel("X", 1, A)], set(), id="cancel"),
        pytest.param([cancel("X", 1, A)], set(), id="cancel-of-the-unknown"),
        pytest.param([A, cancel("X", 1)], {"A"}, id="cancel-of-nothing"),
        pytest.param([cancel("X", 1, A), A], set(), id="cancel-before-its-alert"),
        pytest.param([A, U, event("V", 2, U), cancel("X", 3, A)], set(), id="cancel-of-the-first-ends-what-followed"),
        pytest.param([U, cancel("X", 3, A)], set(), id="cancel-of-a-missing-ancestor"),
        pytest.param([A, event("U", 3, A), cancel("X", 3, A)], {"U"}, id="update-of-the-same-second-stands"),
        pytest.param([A, event("U", 4, A), cancel("X", 3, A)], {"U"}, id="follower-after-the-cancel-stays"),
        pytest.param([A, U, cancel("X", 3, U)], set(), id="cancel-of-the-last"),
        pytest.param([A, event("B"), cancel("X", 3, A)], {"B"}, id="cancel-of-one-of-two"),
        pytest.param([A, cancel("X", 1, A, sender="other.test")], {"A"}, id="cancel-by-another-sender"),
        pytest.param([A, cancel("X", 1, A, source="mirror")], {"A"}, id="cancel-in-another-source"),
        pytest.param([A, cancel("X", 1, A, status=Status.EXERCISE)], {"A"}, id="cancel-in-an-exercise"),
        pytest.param([A, cancel("X", 60 * 24 * 8, A)], {"A"}, id="cancel-of-next-week"),
        pytest.param(
            [A, U, cancel("X", 3, A), cancel("Y", 2, A), cancel("Z", 1, U)], set(), id="several-cancels-of-one-thread"
        ),
        pytest.param(
            [A, U, event("V", 4, U), cancel("X", 3, A), cancel("Y", 5, U)], set(), id="later-cancel-reaches-further"
        ),
    ],
)
def test_in_force_after_cancels(events: list[Event], left: set[str]) -> None:
    assert standing(*events) == left


def circle(*identifiers: str) -> list[Event]:
    """Return Updates of one moment of which each references the next, and the last the first."""
    onward = [*identifiers[1:], identifiers[0]]
    return [event(one, 0, event(other)) for one, other in zip(identifiers, onward, strict=True)]


@pytest.mark.parametrize(
    ("events", "left"),
    [
        pytest.param(circle("A", "B"), {"A", "B"}, id="two"),
        pytest.param(circle("A", "B", "C"), {"A", "B", "C"}, id="three"),
        pytest.param([*circle("A", "B"), event("C", 0, event("B"))], {"A", "C"}, id="one-from-outside"),
        pytest.param([*circle("A"), event("B", 0, event("A"))], {"B"}, id="one-that-references-itself"),
        pytest.param([*circle("A", "B"), cancel("X", 1, event("A"))], set(), id="cancelled"),
        pytest.param([event("A", 0, event("B", 1)), event("B", 1, event("A"))], {"B"}, id="the-later-stays"),
        pytest.param([event("A", 0, event("B")), event("B", 0, event("C")), event("C")], {"A"}, id="a-chain-is-none"),
    ],
)
def test_in_force_with_a_circle_of_references(events: list[Event], left: set[str]) -> None:
    assert standing(*events) == left


@pytest.mark.parametrize(
    ("fields", "is_in_force"),
    [
        pytest.param({}, True, id="alert"),
        pytest.param({"msg_type": MsgType.UPDATE}, True, id="update"),
        pytest.param({"msg_type": MsgType.CANCEL}, False, id="cancel"),
        pytest.param({"msg_type": MsgType.ACK}, False, id="ack"),
        pytest.param({"msg_type": MsgType.ERROR}, False, id="error"),
        pytest.param({"status": Status.EXERCISE}, False, id="exercise"),
        pytest.param({"status": Status.SYSTEM}, False, id="system"),
        pytest.param({"status": Status.TEST}, False, id="test"),
        pytest.param({"status": Status.DRAFT}, False, id="draft"),
        pytest.param({"scope": Scope.RESTRICTED}, False, id="restricted"),
        pytest.param({"scope": Scope.PRIVATE}, False, id="private"),
        pytest.param({"is_over": True}, False, id="over-by-its-own-word"),
        pytest.param({"hazard": None}, True, id="no-hazard"),
        pytest.param({"expires": T + HOUR}, False, id="expires-now"),
        pytest.param({"expires": T + HOUR + SECOND}, True, id="expires-in-a-second"),
        pytest.param({"expires": T}, False, id="expires-when-sent"),
        pytest.param({"sent": T + HOUR + AHEAD_AT_MOST, "expires": None}, True, id="a-week-ahead"),
        pytest.param({"sent": T + HOUR + AHEAD_AT_MOST + SECOND, "expires": None}, False, id="over-a-week-ahead"),
        pytest.param({"sent": T.replace(year=1925), "expires": None}, False, id="a-century-ago"),
    ],
)
def test_in_force_by_its_own_words(fields: dict[str, Any], is_in_force: bool) -> None:
    assert bool(standing(event("A", **fields))) is is_in_force


def test_in_force_leaves_out_what_is_absent() -> None:
    assert standing(A, event("B"), absent=(A.id,)) == {"B"}


def test_in_force_keeps_what_an_absent_update_replaced_replaced() -> None:
    assert standing(A, U, absent=(U.id,)) == set()


def test_in_force_replaces_all_parts_of_a_message() -> None:
    assert standing(event("A", part=0), event("A", part=1), U) == {"U"}


def test_in_force_is_sorted_by_id() -> None:
    assert [one.identifier for one in in_force([event("C"), event("A"), event("B")], T)] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("events", "left"),
    [
        pytest.param(
            [event("1", 0, aliases=("quake:us1",)), event("2", 1, aliases=("quake:us1",))], {"2"}, id="revision"
        ),
        pytest.param(
            [event("1", 0, aliases=("quake:us1",)), event("2", 1, aliases=("quake:at9", "quake:us1"))],
            {"2"},
            id="id-change",
        ),
        pytest.param(
            [event("1", 0, aliases=("quake:us1",)), event("2", 1, aliases=("quake:us1",), is_over=True)],
            set(),
            id="deleted",
        ),
        pytest.param(
            [event("1", 0, aliases=("quake:us1",)), event("2", 0, aliases=("quake:us1",))], {"1", "2"}, id="one-moment"
        ),
        pytest.param(
            [event("1", 0, aliases=("quake:us1",)), event("2", 1, aliases=("quake:us1",), source="mirror")],
            {"1", "2"},
            id="another-source",
        ),
        pytest.param(
            [event("1", 0.001, aliases=("quake:us1",)), event("1", 0.002, aliases=("quake:us1",))],
            {"1"},
            id="two-revisions-in-one-second-do-not-end-each-other",
        ),
        pytest.param(
            [event("1", 0, aliases=("wzdx:1",)), event("2", 1, aliases=("wzdx:1",))], {"1", "2"}, id="any-other-alias"
        ),
    ],
)
def test_in_force_by_alias(events: list[Event], left: set[str]) -> None:
    assert standing(*events) == left


def vtec(identifier: str, minute: float, *codes: str, **fields: Any) -> Event:
    return event(identifier, minute, **({"aliases": (VTEC,), "areas": zones(*codes)} | fields))


@pytest.mark.parametrize(
    ("events", "left"),
    [
        pytest.param([vtec("1", 0, "ILC119"), vtec("2", 1, "ILC119")], {"2"}, id="same-zone"),
        pytest.param([vtec("1", 0, "ILC119"), vtec("2", 1, "ILC119", "ILC005")], {"2"}, id="more-zones"),
        pytest.param([vtec("1", 0, "ILC119", "ILC005"), vtec("2", 1, "ILC119")], {"1", "2"}, id="fewer-zones"),
        pytest.param(
            [vtec("1", 0, "ILC119", "ILC005"), vtec("2", 1, "ILC119"), vtec("3", 1, "ILC005")],
            {"2", "3"},
            id="segments-together",
        ),
        pytest.param(
            [vtec("1", 0, "ILC119", "ILC005"), vtec("2", 1, "ILC119"), vtec("3", 2, "ILC005")],
            {"2", "3"},
            id="segments-one-after-another",
        ),
        pytest.param(
            [vtec("1", 0, "ILC119", "ILC005"), vtec("2", 1, "ILC119"), vtec("3", 1, "ILC005", is_over=True)],
            {"2"},
            id="one-segment-over",
        ),
        pytest.param([vtec("1", 0, "ILC119"), vtec("2", 0, "ILC119")], {"1", "2"}, id="one-moment"),
        pytest.param([vtec("1", 0), vtec("2", 1, "ILC119")], {"2"}, id="without-zones"),
        pytest.param([vtec("1", 0, "ILC119"), vtec("2", 1)], {"1", "2"}, id="later-without-zones"),
        pytest.param(
            [vtec("1", 0, areas=zones("017119", scheme="SAME")), vtec("2", 1, areas=zones("017119", scheme="SAME"))],
            {"2"},
            id="same-codes-where-there-is-no-ugc",
        ),
        pytest.param(
            [vtec("1", 0, areas=zones("017119", scheme="SAME")), vtec("2", 1, areas=zones("017005", scheme="SAME"))],
            {"1", "2"},
            id="other-codes-where-there-is-no-ugc",
        ),
        pytest.param(
            [vtec("1", 0, "ILC119", source="mirror"), vtec("2", 1, "ILC119")], {"1", "2"}, id="another-source"
        ),
        pytest.param(
            [vtec("1", 0, "ILC119", aliases=(VTEC, OTHER_VTEC)), vtec("2", 1, "ILC119")],
            {"1", "2"},
            id="one-of-two-vtec-is-not-enough",
        ),
        pytest.param(
            [
                vtec("1", 0, "ILC119", aliases=(VTEC, OTHER_VTEC)),
                vtec("2", 1, "ILC119"),
                vtec("3", 2, "ILC119", aliases=(OTHER_VTEC,)),
            ],
            {"2", "3"},
            id="both-of-two-vtec",
        ),
        pytest.param(
            [vtec("1", 0, "ILC119"), vtec("1", 0, "ILC005", part=1), vtec("2", 1, "ILC119")],
            {"1", "2"},
            id="only-the-part-that-is-spoken-for",
        ),
    ],
)
def test_in_force_by_vtec(events: list[Event], left: set[str]) -> None:
    assert standing(*events) == left


LASTS = HAZARDS["tornado"].lasts
LAST_DAY = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        pytest.param({"expires": T + HOUR}, T + HOUR, id="expires"),
        pytest.param({"expires": T + HOUR, "onset": T + HOUR - SECOND}, T + HOUR, id="expires-after-onset"),
        pytest.param({"expires": T + HOUR, "onset": T + HOUR}, T + HOUR + LASTS, id="expires-at-onset"),
        pytest.param({"expires": T + HOUR, "onset": T + 2 * HOUR}, T + 2 * HOUR + LASTS, id="expires-before-onset"),
        pytest.param({"expires": T, "onset": T + HOUR}, T, id="expires-when-sent"),
        pytest.param({"expires": T - HOUR}, T - HOUR, id="expires-before-sent"),
        pytest.param({"expires": None}, T + LASTS, id="no-expires"),
        pytest.param({"expires": None, "onset": T + HOUR}, T + HOUR + LASTS, id="no-expires-with-onset"),
        pytest.param({"expires": None, "onset": T - HOUR}, T + LASTS, id="no-expires-onset-past"),
        pytest.param({"expires": None, "hazard": None}, T + LIFE_WITHOUT_HAZARD, id="no-hazard"),
        pytest.param({"expires": None, "hazard": "no-longer-listed"}, T + LIFE_WITHOUT_HAZARD, id="hazard-unlisted"),
        pytest.param({"expires": None, "onset": LAST_DAY}, datetime.max.replace(tzinfo=UTC), id="end-of-time"),
    ],
)
def test_ends(fields: dict[str, Any], end: datetime) -> None:
    assert ends(event("A", **fields)) == end


@pytest.mark.parametrize(
    ("events", "moment"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([A], T + 6 * HOUR, id="end"),
        pytest.param([event("A", onset=T + HOUR)], T + HOUR, id="onset"),
        pytest.param([event("A", onset=T)], T + 6 * HOUR, id="onset-now"),
        pytest.param([event("A", expires=T + SECOND), event("B")], T + SECOND, id="the-soonest"),
        pytest.param([event("A", expires=T + SECOND), U], T + 6 * HOUR, id="not-of-the-superseded"),
        pytest.param([event("A", expires=T)], None, id="over"),
        pytest.param([event("A", 60 * 24 * 8, expires=None)], T + timedelta(days=1), id="held-back"),
    ],
)
def test_boundary(events: list[Event], moment: datetime | None) -> None:
    assert boundary(events, T) == moment


patiently = settings(deadline=None)  # a busy machine is no finding
minutes = st.integers(-60 * 24 * 9, 60 * 24 * 9)


@patiently
@given(
    spans=st.lists(st.tuples(minutes, minutes, st.none() | minutes, st.booleans()), max_size=6),
    share=st.floats(0, 1, exclude_max=True),
)
def test_in_force_does_not_change_before_the_boundary(
    spans: list[tuple[int, int, int | None, bool]], share: float
) -> None:
    events: list[Event] = []
    for position, (sent, onset, expires, is_update) in enumerate(spans):
        fields = {"onset": T + onset * MINUTE, "expires": None if expires is None else T + expires * MINUTE}
        events.append(event(str(position), sent, *(events[-1:] if is_update else ()), **fields))
    moment = boundary(events, T) or T + timedelta(days=400)
    assert in_force(events, T + share * (moment - T - SECOND)) == in_force(events, T)


def test_keys_are_every_name_that_may_join() -> None:
    stranger = Reference("other.test", "Z", T)
    subject = event("U", 1, A, references=(to(A), stranger), aliases=(VTEC,))
    assert keys(subject) == {
        "nws|example.org|U|20211211T020100Z",
        "nws|example.org|U",
        "nws|example.org|A|20211211T020000Z",
        f"nws|{VTEC}",
    }


def test_keys_keep_senders_apart_that_write_our_mark() -> None:
    one, other = event("y|z", sender="x"), event("z", sender="x|y")
    assert not keys(one) & keys(other)


@pytest.mark.parametrize(
    ("events", "groups"),
    [
        pytest.param([A, event("B")], {"A", "B"}, id="strangers"),
        pytest.param([A, U, event("V", 2, U)], {"AUV"}, id="chain"),
        pytest.param([event("B", 1, A), event("C", 2, A)], {"BC"}, id="siblings-of-a-missing-alert"),
        pytest.param([A, event("B"), event("C", 1, A, event("B"))], {"ABC"}, id="joined-by-an-update"),
        pytest.param([A, event("B", 1, A, sender="other.test")], {"A", "B"}, id="another-sender"),
        pytest.param([A, event("B", 1, A, source="mirror")], {"A", "B"}, id="another-source"),
        pytest.param(
            [vtec("1", 0, "ILC119"), vtec("2", 0, "ILC005", sender="other.test")], {"12"}, id="alias-over-senders"
        ),
        pytest.param(
            [vtec("1", 0, "ILC119"), vtec("2", 0, "ILC005", source="mirror")], {"1", "2"}, id="alias-in-one-source"
        ),
        pytest.param(circle("A", "B", "C"), {"ABC"}, id="circle"),
        pytest.param([A, cancel("X", 3, A)], {"AX"}, id="cancel"),
    ],
)
def test_threads(events: list[Event], groups: set[str]) -> None:
    found: dict[str, str] = {}
    for one in sorted(events, key=lambda one: one.identifier):
        thread = threads(events)[one.id]
        found[thread] = found.get(thread, "") + one.identifier
    assert set(found.values()) == groups


@pytest.mark.parametrize(
    ("events", "name"),
    [
        pytest.param([A, U], A, id="the-alert"),
        pytest.param([U], A, id="an-alert-only-referenced"),
        pytest.param([event("A", 5), event("A", 2)], event("A", 2), id="identifier-used-again"),
        pytest.param([vtec("2", 0), vtec("1", 0)], event("1"), id="of-one-moment-the-first-by-name"),
    ],
)
def test_threads_are_named_after_the_earliest_message(events: list[Event], name: Event) -> None:
    assert set(threads(events).values()) == {name.message}


FIVE = ("1", "2", "3", "4", "5")
TEN = tuple("0123456789")


@pytest.mark.parametrize(
    ("live", "listed", "suspected", "outcome"),
    [
        pytest.param(FIVE, FIVE, False, (set(), False), id="all-listed"),
        pytest.param(FIVE, (*FIVE, "6"), False, (set(), False), id="one-more-listed"),
        pytest.param(FIVE, ("1",), False, ({"2", "3", "4", "5"}, False), id="four-fifths-vanish"),
        pytest.param(FIVE, (), False, (set(), True), id="all-of-five-vanish"),
        pytest.param(FIVE[:4], (), False, (set(), True), id="all-of-four-vanish"),
        pytest.param(FIVE[:4], ("1",), False, (set("234"), False), id="three-of-four"),
        pytest.param(("1",), (), False, (set(), True), id="the-only-one-vanishes"),
        pytest.param(("1",), ("cancel",), False, (set(), True), id="a-cancel-in-place-of-the-only-one"),
        pytest.param(("1",), (), True, ({"1"}, False), id="the-only-one-at-the-second-look"),
        pytest.param(TEN, ("0", "1"), False, (set("23456789"), False), id="eight-of-ten"),
        pytest.param(TEN, ("0",), False, (set(), True), id="nine-of-ten"),
        pytest.param(FIVE, (), True, (set(FIVE), False), id="second-look"),
        pytest.param(FIVE, FIVE, True, (set(), False), id="second-look-finds-them-again"),
        pytest.param((), (), False, (set(), False), id="nothing-live"),
    ],
)
def test_vanished(
    live: tuple[str, ...], listed: tuple[str, ...], suspected: bool, outcome: tuple[set[str], bool]
) -> None:
    absent, is_suspected = outcome
    expected = Vanished(absent=frozenset(absent), suspected=is_suspected)
    assert vanished(live, listed, suspected=suspected) == expected


# --- recorded scenarios -------------------------------------------------------------------------------------------


def _scenario_events(shared: Path, name: str) -> list[Event]:
    """Return the lifecycle of a scenario's documents: their names, times and references, and nothing else."""
    lines = (shared / "vectors" / "feeds" / "scenarios.jsonl").read_text(encoding="utf-8").splitlines()
    steps = next(found["steps"] for line in lines if (found := json.loads(line))["id"] == name)
    return list({one.id: one for step in steps for one in map(_event_of, step["docs"])}.values())


def _event_of(document: str) -> Event:
    alert = etree.fromstring(document.encode())
    text = {one.tag.split("}")[1]: one.text or "" for one in alert.iter() if isinstance(one.tag, str)}
    referenced = [one.split(",") for one in text.get("references", "").split()]
    return Event(
        source="test",
        sender=text["sender"],
        identifier=text["identifier"],
        sent=datetime.fromisoformat(text["sent"]),
        status=Status(text["status"]),
        msg_type=MsgType(text["msgType"]),
        references=tuple(Reference(who, which, datetime.fromisoformat(sent)) for who, which, sent in referenced),
        onset=datetime.fromisoformat(text["onset"]),
        expires=datetime.fromisoformat(text["expires"]),
    )


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "at", "left"),
    [
        ("d-dup", "10:05", {"d-a"}),
        ("d-dup-newid", "10:05", {"d-a", "d-b"}),
        ("d-rollback", "10:06", {"d-b"}),
        ("d-vanish", "10:05", {"d-a"}),
        ("d-vanish", "22:01", set()),
        ("d-down", "13:00", {"d-a"}),
        ("d-future", "10:00", set()),
        ("d-past", "10:00", set()),
        ("d-expired", "23:00", set()),
        ("d-exp-before-onset", "11:30", {"d-a"}),
        ("d-status-test", "10:00", set()),
        ("d-status-exercise", "10:00", set()),
        ("d-cancel-unknown", "10:00", set()),
        ("d-cancel-other-sender", "10:05", {"d-a"}),
        ("d-cancel-before-alert", "10:05", set()),
        ("d-ref-cycle", "10:01", {"d-a", "d-b"}),
        ("d-id-collision", "10:05", {"d-a"}),
        ("d-clock", "13:05", {"d-a"}),
    ],
)
def test_scenario(shared: Path, name: str, at: str, left: set[str]) -> None:
    now = datetime.fromisoformat(f"2026-11-20T{at}:00+00:00")
    assert standing(*_scenario_events(shared, name), now=now) == left


# --- what is told of too far ahead --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "ahead"),
    [
        pytest.param({}, False, id="now"),
        pytest.param({"sent": T + AHEAD_AT_MOST}, False, id="sent-just-not-ahead"),
        pytest.param({"sent": T + AHEAD_AT_MOST + SECOND}, True, id="sent-ahead"),
        pytest.param({"hazard": "earthquake", "onset": T + AHEAD_AT_MOST + SECOND}, True, id="quake-of-the-future"),
        pytest.param({"hazard": "earthquake", "onset": T + HOUR}, False, id="quake-within-the-hour"),
        pytest.param({"hazard": "flood", "onset": T + 2 * AHEAD_AT_MOST}, False, id="flood-foreseen"),
        pytest.param({"hazard": None, "onset": T + 2 * AHEAD_AT_MOST}, False, id="no-hazard"),
        pytest.param({"hazard": "of-a-newer-list", "onset": T + 2 * AHEAD_AT_MOST}, False, id="unknown-hazard"),
    ],
)
def test_is_ahead(fields: dict[str, Any], ahead: bool) -> None:
    assert is_ahead(event("A", **fields), T) is ahead


def test_a_quake_of_the_future_is_let_in_when_it_is_near() -> None:
    onset = T + 9 * 24 * HOUR
    quake = event("A", hazard="earthquake", onset=onset, expires=onset + HOUR)
    assert standing(quake, now=T) == set()
    assert boundary([quake], T) == onset - AHEAD_AT_MOST
    assert standing(quake, now=onset - AHEAD_AT_MOST) == {"A"}


# --- a document that is older than one before ---------------------------------------------------------------------

B = event("B", 2)


@pytest.mark.parametrize(
    ("known", "listed", "absent", "back"),
    [
        pytest.param([A, U], [A], (), True, id="what-was-updated-comes-back"),
        pytest.param([A, U], [A, U], (), False, id="both-are-listed"),
        pytest.param([A, U], [U], (), False, id="the-newest"),
        pytest.param([A, U], [], (), False, id="nothing-listed"),
        pytest.param([A, U], [A, event("N")], (), False, id="something-new"),
        pytest.param([A, B], [A], (), False, id="the-newest-is-merely-dropped"),
        pytest.param([A, B], [A], (A.id,), True, id="what-was-gone-comes-back-without-the-newer"),
        pytest.param([A, cancel("X", 1, A)], [A], (), False, id="without-a-newer-one-in-force"),
        pytest.param([A, U], [event("A", severity=Severity.MINOR)], (), True, id="with-another-content"),
    ],
)
def test_went_back(known: list[Event], listed: list[Event], absent: tuple[str, ...], back: bool) -> None:
    assert went_back(known, listed, T + HOUR, absent=absent) is back


# --- the same alert under another name ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        pytest.param({}, {"B": "A"}, id="same-content"),
        pytest.param({"sent": T + HOUR}, {"B": "A"}, id="sent-later"),
        pytest.param({"severity": Severity.MINOR}, {}, id="another-severity"),
        pytest.param({"hazard": "flood"}, {}, id="another-hazard"),
        pytest.param({"expires": T + 7 * HOUR}, {}, id="lasts-longer"),
        pytest.param({"areas": zones("ILC119")}, {}, id="another-area"),
        pytest.param({"sender": "other.test"}, {}, id="another-sender"),
        pytest.param({"source": "mirror"}, {}, id="another-source"),
        pytest.param({"identifier": "A", "part": 1}, {}, id="another-part-of-one-message"),
    ],
)
def test_reissues(fields: dict[str, Any], found: dict[str, str]) -> None:
    again = replace(event("B", 1), **fields)
    names = {one.id: one.identifier for one in (A, again)}
    assert {names[new]: names[old] for new, old in reissues([again, A]).items()} == found
