"""The one look at all words of an item finds none ordinary from which the rules would take anything."""

from __future__ import annotations

import pytest
from gate_events import event
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.gate import rules, seams
from tocsin.gate.sentences import scrub_exactly
from tocsin.gate.told import Told
from tocsin.model import Area, Event, Text

NEEDLES = sorted(needle.strip() for _, needle in rules.RULES.phrases.needles())
PIECES = (
    *("Rain.", "Rain is expected", "in the valley", "Jane Reed", "Mr", "contact", "call 4711", "5AM", "(47)", ", 47,"),
    *("1", "4", "07700 900123", "str1ke", "don't", "drown. Madison", "Água", "Straße", "a\n\nb", "\n", ".", "  "),
    *("o xesteiro", "Zeno Quaresma", "jo@mail.example", "&amp;", "$$", "AB/CD", "https://example.org/a?b", "½"),
)
words = st.lists(st.sampled_from(PIECES) | st.sampled_from(NEEDLES), max_size=5).map(" ".join)
texts = st.builds(Text, language=st.just("en"), event=words, headline=words, description=words, instruction=words)
events = st.builds(
    lambda texts, areas, sender: event(
        texts=tuple(texts), areas=tuple(Area(description=one) for one in areas), sender_name=sender
    ),
    st.lists(texts, max_size=2),
    st.lists(words, max_size=2),
    words,
)


def loses_nothing(one: Event) -> bool:
    fields = seams.fields_of(one)
    found = [scrub_exactly(words) for words in fields]
    return not any(one.changed or one.lost for one in found) and not seams.broken(fields, len(one.texts), {})


def of(*fields: str) -> Event:
    return event(texts=(Text(language="en", event="Flood", headline=fields[0], description=fields[1]),))


@given(st.lists(events, min_size=1, max_size=2))
@settings(max_examples=400, deadline=None)
def test_what_is_ordinary_loses_nothing(several: list[Event]) -> None:
    assert not Told(several).is_ordinary() or all(map(loses_nothing, several))


@pytest.mark.parametrize("needle", NEEDLES[::97])
def test_phrase_that_begins_in_one_field_is_not_ordinary(needle: str) -> None:
    one, _, other = needle.partition(" ")
    several = of(f"rain at the {one}", f"{other} Zeno Quaresma is there. Rain")
    assert loses_nothing(several) or not Told([several]).is_ordinary()


@pytest.mark.parametrize(
    "several",
    [
        pytest.param(of("Water rises", "Stay in."), id="plain"),
        pytest.param(of("Das Wasser steigt", "Bleiben Sie über der Straße."), id="accents"),
    ],
)
def test_what_most_items_say_is_ordinary(several: Event) -> None:
    assert Told([several]).is_ordinary()


@pytest.mark.parametrize(
    "several",
    [
        pytest.param(of("Water rises", "Write to jo@mail.example."), id="address"),
        pytest.param(of("Water rises", "w" * 2_000), id="endless"),
        pytest.param(of("Water rises", "Rain &amp; hail."), id="escaped"),
        pytest.param(of("Crane drivers of Wexcombe", "ask for higher wages."), id="over-two-fields"),
        pytest.param(of("Water rises", "The un10n of crane drivers str1kes."), id="disguised"),
    ],
)
def test_what_a_rule_may_speak_of_is_not_ordinary(several: Event) -> None:
    assert not Told([several]).is_ordinary()
