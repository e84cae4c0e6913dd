"""Any order of arrival of the same messages gives the same state, whether it is computed at once or kept up to date.

An issuer writes messages: alerts, updates of anything (also of what it never wrote, and of later messages), cancels,
re-used identifiers, VTEC segments, revisions of a quake. Two observers listen. The one receives them as they are
written; the other in any order, some twice, and keeps its state thread by thread as `run` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tocsin.lifecycle import boundary, ends, in_force, keys, threads
from tocsin.model import Area, Code, Event, MsgType, Reference, Status

T = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOOKS = [T + minute * MINUTE for minute in (0, 3, 15, 60, 60 * 24 * 5, 60 * 24 * 11)]

patiently = settings(deadline=None)  # a busy machine is no finding

senders = st.sampled_from(["example.org", "other.test"])
sources = st.sampled_from(["one", "one", "one", "two"])
identifiers = st.sampled_from("ABCDEF")
sents = st.integers(0, 4).map(lambda minute: T + minute * MINUTE) | st.just(T + timedelta(days=10))
references = st.lists(st.builds(Reference, senders, identifiers, sents), min_size=1, max_size=3).map(tuple)
aliases = st.sampled_from([(), ("quake:us1",), ("quake:us1", "quake:at2"), ("vtec:1",), ("vtec:1", "vtec:2")])
areas = st.lists(st.sampled_from([Code("UGC", "Z1"), Code("UGC", "Z2"), Code("SAME", "1")]), max_size=2, unique=True)
expiries = st.none() | st.sampled_from([T, T + 10 * MINUTE, T + timedelta(days=12)])

messages = st.builds(
    Event,
    source=sources,
    sender=senders,
    identifier=identifiers,
    sent=sents,
    part=st.integers(0, 1),
    status=st.sampled_from([Status.ACTUAL] * 5 + [Status.TEST]),
    msg_type=st.sampled_from([MsgType.ALERT, MsgType.UPDATE, MsgType.UPDATE, MsgType.CANCEL]),
    references=st.just(()) | references,
    aliases=aliases,
    areas=areas.map(lambda codes: (Area(geocodes=tuple(codes)),)),
    is_over=st.sampled_from([False] * 5 + [True]),
    hazard=st.just("flood"),
    onset=st.none() | st.just(T + 5 * MINUTE),
    expires=expiries,
)


class Observer:
    """Keeps what arrived, and what is in force at each look, by looking only at the thread of what arrives."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self._keys: dict[str, set[str]] = {}
        self.in_force: list[set[str]] = [set() for _ in LOOKS]

    def receive(self, event: Event) -> None:
        self.events[event.id] = event
        for key in keys(event):
            self._keys.setdefault(key, set()).add(event.id)
        thread = self._thread(event)
        for standing, now in zip(self.in_force, LOOKS, strict=True):
            standing -= {one.id for one in thread}
            standing |= {one.id for one in in_force(thread, now)}

    def _thread(self, event: Event) -> list[Event]:
        found: set[str] = set()
        ahead = {event.id}
        while ahead:
            found |= ahead
            ahead = {name for one in ahead for key in keys(self.events[one]) for name in self._keys[key]} - found
        return [self.events[name] for name in found]


def state(events: Iterable[Event]) -> tuple[object, ...]:
    """Return all that lifecycle says of these events, at every look."""
    events = list(events)
    return (
        threads(events),
        [[event.id for event in in_force(events, now)] for now in LOOKS],
        [boundary(events, now) for now in LOOKS],
    )


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.written: dict[str, Event] = {}
        self.as_written = Observer()
        self.as_it_comes = Observer()

    @rule(message=messages)
    def write(self, message: Event) -> None:
        if message.id not in self.written:
            self.written[message.id] = message
            self.as_written.receive(message)

    @precondition(lambda self: self.written)
    @rule(data=st.data(), msg_type=st.sampled_from([MsgType.UPDATE, MsgType.CANCEL]), identifier=identifiers)
    def answer(self, data: st.DataObject, msg_type: MsgType, identifier: str) -> None:
        """Write an Update or a Cancel that surely references messages of its own sender."""
        first = data.draw(st.sampled_from(list(self.written.values())))
        named = Reference(first.sender, first.identifier, first.sent)
        self.write(
            Event(
                source=first.source,
                sender=first.sender,
                identifier=identifier,
                sent=first.sent + data.draw(st.integers(0, 2)) * MINUTE,
                msg_type=msg_type,
                references=(named, *data.draw(st.just(()) | references)),
                aliases=data.draw(aliases),
                hazard="flood",
                expires=data.draw(expiries),
            )
        )

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Deliver any message to the second observer, perhaps once more."""
        self.as_it_comes.receive(data.draw(st.sampled_from(list(self.written.values()))))

    @invariant()
    def keeping_up_to_date_is_the_same_as_looking_at_all(self) -> None:
        for observer in (self.as_written, self.as_it_comes):
            at_once = [{event.id for event in in_force(observer.events.values(), now)} for now in LOOKS]
            assert observer.in_force == at_once

    def teardown(self) -> None:
        for name in sorted(self.written.keys() - self.as_it_comes.events.keys(), reverse=True):
            self.as_it_comes.receive(self.written[name])
        assert state(self.as_it_comes.events.values()) == state(self.written.values())
        assert self.as_it_comes.in_force == self.as_written.in_force


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

written = st.lists(messages, max_size=12, unique_by=lambda message: message.id)


@patiently
@given(written, st.data())
def test_state_is_the_same_in_any_order(events: Sequence[Event], data: st.DataObject) -> None:
    assert state(data.draw(st.permutations(events))) == state(events)


@patiently
@given(written)
def test_without_a_cancel_the_newest_word_of_a_thread_stays(events: Sequence[Event]) -> None:
    now = max(LOOKS)
    heard = [event for event in events if event.status is Status.ACTUAL and event.msg_type is not MsgType.CANCEL]
    standing = {event.id for event in in_force(heard, now)}
    for thread in set((named := threads(heard)).values()):
        members = [event for event in heard if named[event.id] == thread]
        newest = [event for event in members if event.sent == max(one.sent for one in members)]
        if all(now < ends(event) and not event.is_over for event in newest):
            assert standing & {event.id for event in newest}


@patiently
@given(written, messages.filter(lambda message: message.status is Status.TEST))
def test_a_test_changes_nothing(events: Sequence[Event], test: Event) -> None:
    others = [event for event in events if event.id != test.id]
    assert [in_force([*others, test], now) for now in LOOKS] == [in_force(others, now) for now in LOOKS]


@patiently
@given(written)
def test_no_source_has_an_effect_on_another(events: Sequence[Event]) -> None:
    one = [event for event in events if event.source == "one"]
    for now in LOOKS:
        assert [event for event in in_force(events, now) if event.source == "one"] == list(in_force(one, now))


@patiently
@given(written)
def test_no_sender_cancels_anothers_message(events: Sequence[Event]) -> None:
    cancels = [event for event in events if event.msg_type is MsgType.CANCEL and event.sender == "other.test"]
    others = [event for event in events if event not in cancels]
    for now in LOOKS:
        with_cancels = {event.id for event in in_force(events, now) if event.sender == "example.org"}
        assert with_cancels >= {
            event.id for event in in_force(others, now) if event.sender == "example.org" and not event.aliases
        }
