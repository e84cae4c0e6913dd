"""Hostile texts cost a bounded time; the second look refuses what the first let by."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from gate_events import EARLIER, event

from tocsin import hazards
from tocsin.gate import invariants, rules
from tocsin.gate.sentences import scrub

HOSTILE = [
    "a",
    "a.",
    "@a",
    "a@",
    " at a dot ",
    "1 ",
    "0-",
    "+",
    "<",
    "&amp;",
    "#",
    "A/",
    "http://",
    "\n",
    "strike ",
    "Mr Aa ",
    "data:",
    "(at)",
    "x.com/",
    ". ",
    "a. ",
    "tel 1",
]


@pytest.mark.parametrize("piece", HOSTILE, ids=[repr(piece) for piece in HOSTILE])
def test_scrub_of_hostile_text_is_bounded(piece: str) -> None:
    """64 KB of anything cost a bounded number of calls; the patterns themselves have bounded quantifiers."""
    calls = 0

    def count(_frame: FrameType, kind: str, _arg: object) -> None:
        nonlocal calls
        calls += kind in {"call", "c_call"}

    text = piece * (65_536 // len(piece))
    scrub(text)  # so that tables filled on first use do not count
    sys.setprofile(count)
    try:
        scrub(text)
    finally:
        sys.setprofile(None)
    assert calls < 20 * 16_384


@pytest.mark.parametrize(
    "text",
    [
        "jo@example.org",
        "ｊｏ＠example",
        "data:image/png",
        "see https://x.com/jo",
        "base64,AAAA",
        "a\x07b",
        "a\u200bb",
        "\ud800",
    ],
    ids=["mail", "wide-mail", "data", "social", "base64", "bell", "invisible", "surrogate"],
)
def test_second_look_refuses(text: str) -> None:
    assert not invariants.holds(event(sender_name=text))


def test_second_look_reads_every_string() -> None:
    assert not invariants.holds(event(measures={"jo@example.org": 1.0}))


def test_a_text_of_addresses_goes_as_a_whole() -> None:
    assert scrub("a@b.example " * 400).text == ""


def test_second_look_accepts_a_sound_event() -> None:
    assert invariants.holds(event(sender_name="River Office\nNorth", references=(EARLIER,), measures={"depth_km": 1.0}))


def test_rules_have_no_list_twice() -> None:
    assert rules.RULES.languages == {"en", "fr", "es", "de", "it", "pl", "nl", "pt", "ro", "ar", "hi"}


def test_every_label_of_a_hazard_passes_the_gate() -> None:
    """Our own words must not be what the gate removes."""
    assert [one.label for one in hazards.HAZARDS.values() if scrub(one.label).text != one.label] == []
