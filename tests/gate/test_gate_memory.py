"""What the gate remembers of earlier items changes no later verdict, however little it may keep in mind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import gate
from tocsin.gate import sentences, terms, wording
from tocsin.model import Area, Code, Event, IssuerClass, Item, Text

SENT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
MEMORIES: tuple[tuple[Any, str], ...] = (
    (gate, "_LISTED"),
    (terms, "_LISTED"),
    (wording, "_SOUND"),
    (wording, "_QUIET"),
    (sentences, "_UNTOUCHED"),
)

EVENTS = st.builds(
    Event,
    source=st.just("s"),
    sender=st.just("alerts.example.org"),
    identifier=st.sampled_from(["a-1", "a-2", "strike-march-17-june"]),
    sent=st.just(SENT),
    texts=st.lists(
        st.builds(
            Text,
            language=st.just("en"),
            event=st.sampled_from(["Flood", "Storm", "Missing person", "Strike", "Road closed", "Procession"]),
            headline=st.sampled_from(["", "Water is rising", "Jane Reed is missing", "Union calls a strike"]),
            description=st.sampled_from(["", "Keep away from the river. Mr. Reed said so.", "Rain. " * 3]),
        ),
        max_size=2,
    ).map(tuple),
    areas=st.lists(
        st.builds(
            Area,
            description=st.sampled_from(["The valley", "Mr. Reed's farm"]),
            geocodes=st.sampled_from([(), (Code("SAME", "006037"),), (Code("X", "call 07700 900123"),)]),
        ),
        max_size=2,
    ).map(tuple),
    codes=st.sampled_from([(), (Code("SAME", "TOR"),), (Code("SAME", "CAE"),), (Code("SAME", "ADR"),)]),
)


def forget() -> None:
    for module, name in MEMORIES:
        getattr(module, name).clear()


def examine(event: Event) -> gate.Ruling:
    return gate.examine(Item(at="1", events=(event,)), issuer_class=IssuerClass.CIVIL)


@pytest.fixture
def one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each memory hold one thing, so that it is emptied all the time."""
    for module in (gate, terms, wording, sentences):
        monkeypatch.setattr(module, "_REMEMBERED", 1)
    monkeypatch.setattr(wording, "_MOST_QUIET", 1)
    forget()


@pytest.mark.usefixtures("one_place")
@given(st.lists(EVENTS, min_size=2, max_size=6))
@settings(max_examples=200, deadline=None)
def test_memory_changes_no_verdict(events: list[Event]) -> None:
    forget()
    remembering = [examine(event) for event in events + events]
    afresh = []
    for event in events + events:
        forget()
        afresh.append(examine(event))
    assert [(one.decision, [kept.event for kept in one.admitted]) for one in remembering] == [
        (one.decision, [kept.event for kept in one.admitted]) for one in afresh
    ]


@pytest.mark.usefixtures("one_place")
def test_memory_keeps_no_more_than_it_may() -> None:
    for number in range(5):
        text = Text(language="en", event=f"Flood {number}", headline=f"Water {number}")
        area = Area(description="The valley", geocodes=(Code("SAME", f"00603{number}"),))
        examine(
            Event(
                source="s",
                sender="a.example.org",
                identifier=f"a-{number}",
                sent=SENT,
                texts=(text, Text(language="en", event=("Flood", "Storm", "Fire", "Snow", "Fog")[number])),
                areas=(area,),
            )
        )
    assert all(len(getattr(module, name)) <= 1 for module, name in MEMORIES)


def test_name_that_says_something_is_not_remembered() -> None:
    forget()
    assert wording.identifier_of("strike-march-17-june") == wording.identifier_of("strike-march-17-june") != ""
    assert not wording._QUIET  # noqa: SLF001  what must go may not stay here either
