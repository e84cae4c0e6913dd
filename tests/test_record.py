"""Nouns to JSON and back, and to ledger entries that say nothing they should not."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from shapely.geometry import MultiPolygon, Point, box

from tocsin import ledger, record
from tocsin.errors import FormatError
from tocsin.ledger import entries
from tocsin.model import (
    Area,
    Blindness,
    Category,
    Code,
    Concern,
    Event,
    Health,
    IssuerClass,
    Item,
    Level,
    Notice,
    Place,
    Problem,
    Reason,
    Reference,
    Relation,
    Response,
    Severity,
    Shift,
    Status,
    Text,
    Told,
)

NOW = datetime(2021, 12, 11, 2, 14, 30, tzinfo=UTC)

EVENT = Event(
    source="nws",
    sender="example.org",
    identifier="urn:1",
    sent=NOW,
    part=2,
    status=Status.EXERCISE,
    references=(Reference("example.org", "urn:0", NOW - timedelta(hours=1)),),
    aliases=("vtec:KLSX.TO.W.0040.2021",),
    category=(Category.MET, Category.CBRNE),
    codes=(Code("SAME", "TOR"),),
    hazard="tornado",
    severity=Severity.EXTREME,
    response=(Response.SHELTER,),
    onset=NOW + timedelta(microseconds=1),
    texts=(Text(language="ja", headline="竜巻注意情報", description='quoted " and \\ and \u2028'),),
    areas=(
        Area(description="two boxes", geometry=MultiPolygon([box(179, 0, 180, 1), box(-180, 0, -179, 1)])),
        Area(description="unplaced", geocodes=(Code("UGC", "ILC119"),), altitude_ft=0.1),
    ),
    measures={"depth_km": 10.0, "magnitude": 6.1},
)

CONCERN = Concern(
    place="depot",
    family="tornado",
    hazard="tornado",
    level=Level.ACT_NOW,
    people=Level.ACT_NOW,
    buildings=Level.BE_AWARE,
    traffic=Level.CALM,
    begins=NOW,
    ends=NOW,
    relation=Relation.UNPLACED,
    distance_m=float("inf"),
)

NOTICE = Notice(
    id="ntc_0123456789abcdef",
    at=NOW,
    channel="desk",
    reason=Reason.SEEING_AGAIN,
    family="coverage",
    hazard=None,
    level=Level.NOTICE,
    begins=None,
    ends=None,
    places=("depot", "shop"),
    concerns=(CONCERN,),
)

NOUNS = [
    pytest.param(EVENT, id="event"),
    pytest.param(CONCERN, id="concern"),
    pytest.param(NOTICE, id="notice"),
    pytest.param(Told(channel="c", place="p", family="f", at=NOW, level=Level.CALM), id="told"),
    pytest.param(Health(source="s", attempted=NOW, suspected=True), id="health"),
    pytest.param(Blindness(place="p", families=("f",), sources=("s",), since=NOW), id="blindness"),
    pytest.param(Item(at="x", problems=(Problem(at="1", message="m"),)), id="item"),
    pytest.param(
        Place(
            id="p",
            name="Depot",
            geometry=Point(-90, 38),
            shifts=(Shift(days=(0,), begins="06:00", ends="14:00", headcount=3),),
            traits=frozenset({"basement"}),
        ),
        id="place",
    ),
]


@pytest.mark.parametrize("noun", NOUNS)
def test_noun_is_read_as_it_was_written(noun: Any) -> None:
    assert record.from_json(type(noun), record.to_json(noun)) == noun
    assert record.from_text(type(noun), record.to_text(noun)) == noun


def test_json_is_plain() -> None:
    value = record.to_json(EVENT)
    assert value["sent"] == "2021-12-11T02:14:30Z"
    assert value["severity"] == "Extreme"
    assert value["areas"][0]["geometry"]["type"] == "MultiPolygon"
    assert value["areas"][1]["geometry"] is None


def test_infinite_distance_is_null() -> None:
    assert record.to_json(CONCERN)["distance_m"] is None


def test_equal_values_have_equal_text() -> None:
    other = replace(EVENT, measures=dict(sorted(EVENT.measures.items(), reverse=True)))
    assert record.to_text(other) == record.to_text(EVENT)


def test_text_is_compact_and_keeps_every_script() -> None:
    text = record.to_text(EVENT)
    assert "竜巻注意情報" in text
    assert '"altitude_ft":0.1' in text


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda: record.from_json(Event, {"source": ["secret"]}), id="json"),
        pytest.param(lambda: record.from_text(Event, '{"source": ["secret"]}'), id="text"),
        pytest.param(lambda: record.from_text(Event, "secret"), id="no-json"),
    ],
)
def test_unreadable_record_is_named_without_its_words(read: Any) -> None:
    with pytest.raises(FormatError, match="this is no Event") as caught:
        read()
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


# --- what a decision commits to -----------------------------------------------------------------------------------


def test_item_digest_do_not_depend_on_the_position_in_a_feed() -> None:
    first, second = Item(at="alert[0]", events=(EVENT,)), Item(at="alert[7]", events=(EVENT,))
    assert record.item_digest(first) == record.item_digest(second)


def test_item_digest_is_the_same_on_every_machine_and_release() -> None:
    item = Item(at="alert[0]", events=(replace(EVENT, measures=dict(sorted(EVENT.measures.items(), reverse=True))),))
    assert record.item_digest(item).hex() == "1ead089b7c27f06cf142ed3eb09fa53629f2f073c3807c83eb4721a0250da480"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Item(at="alert[0]", events=(EVENT, EVENT)), id="two-events"),
        pytest.param(Item(at="alert[0]", events=(replace(EVENT, areas=EVENT.areas[1:]),)), id="another-area"),
        pytest.param(Item(at="alert[0]", events=(replace(EVENT, measures={"depth_km": 9.0}),)), id="other-measures"),
        pytest.param(Item(at="alert[0]", events=(replace(EVENT, part=3),)), id="another-part"),
        pytest.param(Item(at="alert[0]"), id="unreadable"),
    ],
)
def test_different_items_have_different_bytes(other: Item) -> None:
    assert record.item_digest(other) != record.item_digest(Item(at="alert[0]", events=(EVENT,)))


def test_unreadable_items_are_told_apart_by_position() -> None:
    assert record.item_digest(Item(at="alert[0]")) != record.item_digest(Item(at="alert[1]"))


def test_commitment_is_hmac_sha256() -> None:
    # RFC 4231, 4.2, test case 1.
    expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    assert record.commitment(b"\x0b" * 20, b"Hi There").hex() == expected


def test_commitment_without_the_key_fits_no_guess() -> None:
    content = record.item_digest(Item(at="alert[0]", events=(EVENT,)))
    assert record.commitment(b"a" * 32, content) != record.commitment(b"b" * 32, content)


# --- entries ------------------------------------------------------------------------------------------------------

C = bytes(range(32))
RULESET = "0f" * 32
DAY = date(2021, 12, 11)
SOURCE = {"source": "nws", "url": "https://example.org/feed", "issuer_class": "official_hazard"}

ENTRIES: list[Any] = [
    pytest.param(
        record.start_entry(release="0.1.0.dev3+local", ruleset=RULESET, catalogue=RULESET, now=NOW), id="start"
    ),
    pytest.param(record.declaration_entry(hash=RULESET, now=NOW), id="declaration"),
    pytest.param(record.source_entry(**SOURCE, is_added=True, is_extension=False, now=NOW), id="source"),
    pytest.param(record.source_entry(**SOURCE, is_added=False, is_extension=True, now=NOW), id="source-removed"),
    pytest.param(record.batch_entry(source="nws", ruleset=RULESET, seen=9, kept=2, items_root=C, now=NOW), id="batch"),
    pytest.param(record.sum_entry(hour=NOW, batches=1, seen=9, kept=2, notices=1, items_root=C), id="sum"),
    pytest.param(record.event_entry(day=DAY, is_new=True, commitment=C), id="event"),
    pytest.param(record.event_entry(day=DAY, is_new=False, commitment=C), id="event-rewritten"),
    pytest.param(record.notice_entry(NOTICE, about=7, channel_class="webhook", commitment=C, now=NOW), id="notice"),
    pytest.param(record.notice_entry(NOTICE, about=7, channel_class="desk", commitment=C, now=NOW), id="notice-other"),
    pytest.param(record.delivery_entry(notice="x", state="failed", attempts=1, now=NOW), id="delivery"),
    pytest.param(record.purge_entry(events=1, notices=2, now=NOW), id="purge"),
    pytest.param(record.key_destroyed_entry(DAY), id="key-destroyed"),
    pytest.param(record.clock_jump_entry(at=NOW, by=timedelta(hours=-3)), id="clock-jump"),
    pytest.param(record.key_rotated_entry(old=C, new=C[::-1], now=NOW), id="key-rotated"),
    pytest.param(record.announce_entry(subject="ruleset", hash=RULESET, effective=DAY, now=NOW), id="announce"),
    pytest.param(record.drill_entry(canaries=20, found=0, now=NOW), id="drill"),
    pytest.param(record.breach_entry(clause="N3", is_repaired=False, now=NOW), id="breach"),
    pytest.param(record.breach_entry(clause="N12", is_repaired=True, now=NOW), id="breach-repaired"),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_fits_the_closed_schema(entry: dict[str, Any]) -> None:
    assert ledger.parse(ledger.leaf(entry)) == entry


def test_every_kind_of_entry_is_made_here() -> None:
    assert {param.values[0]["kind"] for param in ENTRIES} == ledger.KINDS.keys()


def test_notice_entry_counts_places_and_names_none() -> None:
    entry = record.notice_entry(NOTICE, about=7, channel_class="webhook", commitment=C, now=NOW)
    assert entry["places"] == 2
    assert b"depot" not in ledger.leaf(entry)
    assert entry["notice"] == record.notice_number(NOTICE.id)


def test_unlisted_channel_class_counts_as_other() -> None:
    entry = record.notice_entry(NOTICE, about=7, channel_class="my secret channel", commitment=C, now=NOW)
    assert entry["channel_class"] == "other"


def test_release_loses_its_local_part() -> None:
    assert (
        record.start_entry(release="0.1.0+example", ruleset=RULESET, catalogue=RULESET, now=NOW)["release"] == "0.1.0"
    )


def test_reasons_of_the_ledger_are_those_of_the_model() -> None:
    assert {reason.value for reason in Reason} == entries.REASONS


def test_issuer_classes_of_the_ledger_are_those_of_the_model() -> None:
    assert {issuer_class.value for issuer_class in IssuerClass} == entries.ISSUER_CLASSES


def test_source_entry_gives_neither_id_nor_address() -> None:
    entry = record.source_entry(**SOURCE, is_added=True, is_extension=False, now=NOW)
    assert entry["source"] == hashlib.sha256(b"nws").hexdigest()
    assert entry["url"] == hashlib.sha256(b"https://example.org/feed").hexdigest()
    assert b"example" not in ledger.leaf(entry)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_entered(reason: Reason) -> None:
    entry = record.notice_entry(replace(NOTICE, reason=reason), about=7, channel_class="email", commitment=C, now=NOW)
    assert ledger.parse(ledger.leaf(entry))["reason"] == reason


def test_days_and_minutes_are_in_utc() -> None:
    in_tokyo = datetime(2021, 12, 12, 8, 59, 59, tzinfo=timezone(timedelta(hours=9)))
    assert record.day_of(in_tokyo) == DAY
    assert record.minute_of(in_tokyo) == "2021-12-11T23:59Z"
