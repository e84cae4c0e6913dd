"""What is kept of an event whose cause is withheld."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from gate_events import EARLIER, SENT, event, examine, only

from tocsin import gate, lifecycle
from tocsin.gate import codes, invariants
from tocsin.gate.effect import withheld
from tocsin.gate.sentences import scrub
from tocsin.model import (
    Area,
    Category,
    Code,
    Event,
    IssuerClass,
    Item,
    MsgType,
    Reference,
    Response,
    Verdict,
)

SECRET = event(
    "Law Enforcement Warning",
    headline="Armed suspect Quentin Foxglove",
    category=(Category.SECURITY,),
    codes=(Code("SAME", "LEW"),),
    response=(Response.MONITOR, Response.SHELTER),
    references=(EARLIER,),
    onset=SENT,
    expires=SENT + timedelta(hours=2),
    sender_name="Sheriff",
    web="https://example.org/strike",
    aliases=("vtec:x",),
    areas=(Area(description="Foxglove Mall", geocodes=(Code("SAME", "027053"),)),),
    measures={"suspects": 1.0},
)


def test_effect_says_what_to_do_only() -> None:
    kept = only(examine(SECRET))
    assert (kept.hazard, kept.response, kept.texts[0].headline) == ("shelter", (Response.SHELTER,), "Take shelter")


@pytest.mark.parametrize(
    "word", ["Foxglove", "Sheriff", "LEW", "strike", "vtec", "a-1", "a-0", "alerts.example.org", "suspects", "Security"]
)
def test_effect_tells_nothing_of_the_cause(word: str) -> None:
    assert word not in "\n".join(invariants.strings(only(examine(SECRET))))


def test_effect_keeps_the_area() -> None:
    assert only(examine(SECRET)).areas == (Area(geocodes=(Code("SAME", "027053"),)),)


def test_effect_times_are_rounded_outwards_to_the_quarter() -> None:
    kept = only(examine(SECRET))
    assert (f"{kept.sent:%H:%M:%S}", f"{kept.onset:%H:%M:%S}", f"{kept.expires:%H:%M:%S}") == (
        "09:15:00",
        "09:15:00",
        "11:30:00",
    )


def test_effect_end_on_the_quarter_stays() -> None:
    at = SENT.replace(minute=45, second=0)
    assert only(examine(replace(SECRET, expires=at))).expires == at


KEY = b"k" * 32


def keyed(*events: Event, key: bytes = KEY) -> gate.Ruling:
    return gate.examine(Item(at="1", events=events), issuer_class=IssuerClass.CIVIL, key=key)


def test_effect_is_ended_by_the_cancel_of_its_message() -> None:
    kept = only(keyed(SECRET))
    name = Reference(SECRET.sender, SECRET.identifier, SECRET.sent)
    at = SENT + timedelta(minutes=40)
    cancel = only(keyed(event("", identifier="a-2", sent=at, msg_type=MsgType.CANCEL, references=(name,))))
    assert lifecycle.in_force([kept], at)
    assert not lifecycle.in_force([kept, cancel], at)


def test_effect_is_not_ended_by_another_sender() -> None:
    kept = only(keyed(SECRET))
    name = Reference(SECRET.sender, SECRET.identifier, SECRET.sent)
    other = replace(SECRET, sender="other.example", identifier="b-1", sent=SENT + timedelta(minutes=40))
    cancel = only(keyed(replace(other, texts=(), codes=(), category=(), msg_type=MsgType.CANCEL, references=(name,))))
    update = only(keyed(replace(other, msg_type=MsgType.UPDATE, references=(name,))))
    assert lifecycle.in_force([kept, cancel], SENT + timedelta(hours=1))
    assert len(lifecycle.in_force([kept, update], SENT + timedelta(hours=1))) == 2


def test_effect_has_the_same_name_under_one_key_and_another_under_another() -> None:
    first, again, other = (only(keyed(SECRET, key=key)) for key in (KEY, KEY, b"x" * 32))
    assert first == again
    assert {first.identifier, *first.aliases, *first.references}.isdisjoint(
        {other.identifier, *other.aliases, *other.references}
    )


def test_nobody_without_the_key_can_try_a_name() -> None:
    """A list of all identifiers of the world gives none of the names, whatever common digest is taken."""
    kept = only(keyed(SECRET))
    said = "\n".join(invariants.strings(kept))
    names = [
        f"s|{SECRET.sender}|{SECRET.identifier}|20260314T092653Z",
        f"s|{SECRET.sender}|{SECRET.identifier}",
        "s|vtec:x",
    ]
    for name in names:
        assert hashlib.sha256(name.encode()).hexdigest()[:32] not in said
        assert hmac.digest(gate.NO_INSTALLATION, name.encode(), "sha256").hex()[:32] not in said


@pytest.mark.parametrize("slug", ["strike-march-17-june", "https://feed.example/strike", "greve-du-17"])
def test_no_part_of_a_slug_stays(slug: str) -> None:
    kept = only(keyed(replace(SECRET, identifier=slug, aliases=(slug,), references=(replace_name(slug),))))
    cancel = only(keyed(event("", msg_type=MsgType.CANCEL, identifier=f"{slug}-c", references=(replace_name(slug),))))
    for one in (kept, cancel):
        assert not {"strike", "march", "greve", "17"} & set(re.split(r"[^a-z0-9]+", " ".join(invariants.strings(one))))


def replace_name(slug: str) -> Reference:
    return EARLIER._replace(identifier=slug)


def test_bare_cancel_names_its_message_under_the_key_only() -> None:
    cancel = only(keyed(event("", msg_type=MsgType.CANCEL, references=(EARLIER,))))
    assert cancel.references == (withheld("s", EARLIER, KEY),)
    assert not {EARLIER.identifier, EARLIER.sender} & set(invariants.strings(cancel))


FLOOD = event("Flood", identifier="a-2", msg_type=MsgType.UPDATE, references=(EARLIER,))


@pytest.mark.parametrize(
    "named",
    [Reference(FLOOD.sender, FLOOD.identifier, FLOOD.sent), EARLIER],
    ids=["by its own name", "by what it follows, which never came"],
)
def test_bare_cancel_ends_what_is_stored_openly(named: Reference) -> None:
    """In one quarter of an hour, and in any order: the Cancel knows the second at which it was said."""
    at = SENT + timedelta(seconds=1)
    flood = only(keyed(FLOOD))
    cancel = only(keyed(event("", identifier="a-3", sent=at, msg_type=MsgType.CANCEL, references=(named,))))
    assert (flood.sender, cancel.sent) == (FLOOD.sender, at)
    assert lifecycle.in_force([flood], at) == (flood,)
    assert not lifecycle.in_force([cancel, flood], at)
    assert set(lifecycle.threads([cancel, flood]).values()) == {"s|alerts.example.org|a-0|20260314T082653Z"}


def test_bare_cancel_does_not_end_what_was_said_after_it() -> None:
    again = only(keyed(replace(FLOOD, sent=SENT + timedelta(seconds=1))))
    cancel = only(keyed(event("", identifier="a-3", sent=SENT, msg_type=MsgType.CANCEL, references=(EARLIER,))))
    assert lifecycle.in_force([cancel, again], SENT + timedelta(minutes=1)) == (again,)


def test_keyed_names_are_of_the_sender_only() -> None:
    foreign = EARLIER._replace(sender="other.example")
    assert len(only(keyed(replace(FLOOD, references=(EARLIER, foreign)))).keyed) == 2
    assert only(keyed(SECRET)).keyed == ()


def test_bare_cancel_says_no_more() -> None:
    cancel = only(
        examine(
            event(
                "Sack race", msg_type=MsgType.CANCEL, references=(EARLIER,), sender_name="X", web="https://example.org/"
            )
        )
    )
    assert (cancel.texts, cancel.sender_name, cancel.web, cancel.hazard) == ((), "", "", None)


def test_effect_that_is_over_ends() -> None:
    over = replace(SECRET, response=(Response.ALL_CLEAR,), is_over=True)
    assert only(examine(over)).is_over


def test_effect_leaves_out_other_events_of_the_item() -> None:
    kept = examine(SECRET, event("Flood", part=1)).admitted
    assert [one.event.hazard for one in kept] == ["shelter"]


def test_effect_of_one_record_stands_for_its_situation() -> None:
    """The closure is kept; the record of the march beside it is not, though it names the same road."""
    road = (Area(description="A690"),)
    march = event(
        "", codes=(Code("datex2", "DisturbanceActivity"), Code("datex2:DisturbanceActivity", "march")), areas=road
    )
    shut = event("", codes=(Code("datex2:RoadOrCarriagewayOrLaneManagement", "roadClosed"),), areas=road, part=1)
    kept = [one.event for one in examine(march, shut, issuer=IssuerClass.TRAFFIC).admitted]
    assert [(one.part, one.texts[0].headline) for one in kept] == [(1, "Road closed")]


def test_what_one_record_says_of_its_cause_explains_the_others() -> None:
    fair = event("", codes=(Code("datex2", "PublicEvent"), Code("datex2:PublicEvent", "funfair")))
    shut = event("", codes=(Code("datex2", "ReroutingManagement"), Code("datex2:cause", "publicEvent")), part=1)
    assert examine(fair, shut, issuer=IssuerClass.TRAFFIC).decision.verdict is Verdict.PASS


def test_versions_of_an_effect_are_one_thread() -> None:
    row = {"codes": (Code("gtfs_rt:cause", "STRIKE"), Code("gtfs_rt:effect", "NO_SERVICE"))}
    first, later = (
        only(examine(event("", sent=sent, **row), issuer=IssuerClass.TRANSIT))
        for sent in (SENT, SENT + timedelta(hours=2))
    )
    assert first.identifier != later.identifier
    assert first.aliases == later.aliases


def test_end_of_time_is_not_rounded_beyond_it() -> None:
    never = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    row = (Code("gtfs_rt:cause", "STRIKE"), Code("gtfs_rt:effect", "NO_SERVICE"))
    assert only(examine(event("", codes=row, expires=never), issuer=IssuerClass.TRANSIT)).expires == never


@pytest.mark.parametrize("effect", codes.TABLES.effects.values(), ids=str)
def test_every_label_of_an_effect_passes_the_gate(effect: codes.Effect) -> None:
    assert scrub(effect.label).text == effect.label
