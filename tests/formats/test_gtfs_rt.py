"""What the GTFS-Realtime reader copies, what it walks over, and what it refuses before it costs memory."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.transit.gtfs_realtime_pb2 import FeedMessage

from tocsin import formats, lifecycle
from tocsin.errors import FormatError
from tocsin.formats import gtfs_rt
from tocsin.model import Code, Event, MsgType, Reading, Reference

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MADE = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
HEADER = b"\n\x05\n\x032.0"


def feed(*entities: Any, **header: Any) -> bytes:
    head = {"gtfs_realtime_version": "2.0", "timestamp": int(MADE.timestamp())} | header
    return json.dumps({"header": head, "entity": list(entities)}).encode()


def alert(name: str = "a", **fields: Any) -> dict[str, Any]:
    return {"id": name, "alert": fields}


def read(body: bytes, now: datetime = NOW) -> Reading:
    return gtfs_rt.read(body, source="transit", now=now)


def events(reading: Reading) -> list[Event]:
    return [event for item in reading.items for event in item.events]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param({"cause": "STRIKE"}, "STRIKE", id="name"),
        pytest.param({"cause": 4}, "STRIKE", id="number"),
        pytest.param({"cause": "4"}, "STRIKE", id="number-as-text"),
        pytest.param({"cause": "special_event"}, "SPECIAL_EVENT", id="lower-case"),
        pytest.param({}, "UNKNOWN_CAUSE", id="missing"),
        pytest.param({"cause": "RAIN_OF_FROGS"}, "UNKNOWN_CAUSE", id="unlisted"),
        pytest.param({"cause": 10**30}, "UNKNOWN_CAUSE", id="a-number-too-long"),
        pytest.param({"cause": {"a": 1}}, "UNKNOWN_CAUSE", id="an-object"),
    ],
)
def test_cause(given: dict[str, Any], code: str) -> None:
    (event,) = events(read(feed(alert(**given))))
    assert event.codes[0] == Code("gtfs_rt:cause", code)


@pytest.mark.parametrize(
    ("value", "onset"),
    [
        pytest.param(int(MADE.timestamp()), MADE, id="seconds"),
        pytest.param(str(int(MADE.timestamp())), MADE, id="seconds-as-text"),
        pytest.param(float(MADE.timestamp()), MADE, id="seconds-as-float"),
        pytest.param(int(MADE.timestamp()) * 1000, MADE, id="milliseconds"),
        pytest.param(0, None, id="zero-is-no-value"),
        pytest.param("", None, id="empty"),
        pytest.param(-5, None, id="negative"),
        pytest.param(1e300, None, id="absurd-float"),
        pytest.param("٣", None, id="digits-of-another-script"),
        pytest.param([1], None, id="a-list"),
    ],
)
def test_start_of_a_period(value: Any, onset: datetime | None) -> None:
    (event,) = events(read(feed(alert(active_period=[{"start": value}]))))
    assert event.onset == onset


@pytest.mark.parametrize("end", [None, 0, 32503698000, 253402300799, 2**64 - 1])
def test_until_further_notice_is_in_force_until_the_feed_drops_it(end: int | None) -> None:
    period = {"start": int(MADE.timestamp()) - 10**7} | ({} if end is None else {"end": end})
    for periods in ([period], [period, period]):
        (event,) = events(read(feed(alert(active_period=periods))))
        assert lifecycle.in_force([event], NOW + timedelta(days=400)) == (event,)


def test_feed_that_says_the_same_all_day_says_nothing_new() -> None:
    earlier, later = (events(read(feed(alert(), timestamp=int(MADE.timestamp()) + s)))[0].id for s in (0, 3600))
    assert earlier == later


def test_words_of_another_day_replace_those_before() -> None:
    day = int(timedelta(days=1).total_seconds())
    first, second = (events(read(feed(alert(), timestamp=int(MADE.timestamp()) + s)))[0] for s in (0, day))
    assert lifecycle.in_force([first, second], NOW + timedelta(days=1)) == (second,)


def test_each_period_is_a_part_numbered_alike_whenever_it_is_read() -> None:
    begins = [int(MADE.timestamp()) + 86400 * day for day in range(60)]
    body = feed(alert(active_period=[{"start": begin, "end": begin + 60} for begin in reversed(begins)]))
    there = {event.part: event.onset for event in events(read(body))}
    later = {event.part: event.onset for event in events(read(body, NOW + timedelta(days=30)))}
    assert list(there) == list(range(50))
    assert list(later) == list(range(30, 60))
    assert all(there[part] == later[part] for part in range(30, 50))


def test_deleted_entity_ends_what_was_said_before() -> None:
    (said,) = events(read(feed(alert(), incrementality="DIFFERENTIAL")))
    reading = read(feed({"id": "a", "is_deleted": True}, incrementality=1, timestamp=int(MADE.timestamp()) + 90000))
    (ended,) = events(reading)
    assert (ended.msg_type, ended.references[0].identifier, reading.is_complete) == (MsgType.CANCEL, "a", False)
    assert lifecycle.in_force([said, ended], NOW + timedelta(days=1)) == ()


def test_deleted_on_the_same_day_names_the_message_itself() -> None:
    (said,) = events(read(feed(alert(), incrementality="DIFFERENTIAL")))
    (ended,) = events(read(feed({"id": "a", "isDeleted": True}, incrementality="DIFFERENTIAL")))
    assert ended.references == (Reference(said.sender, said.identifier, said.sent),)
    assert lifecycle.in_force([said, ended], NOW) == ()


def test_selectors_are_read_once() -> None:
    selector = {"routeId": "35", "stopId": "9", "trip": {"tripId": "t"}}
    (event,) = events(read(feed(alert(informedEntity=[selector, selector, {"agencyId": "A"}]))))
    (area,) = event.areas
    assert [(code.scheme, code.value) for code in area.geocodes] == [
        ("gtfs:route_id", "35"),
        ("gtfs:stop_id", "9"),
        ("gtfs:trip_id", "t"),
        ("gtfs:agency_id", "A"),
    ]


def test_alert_for_the_whole_feed_has_an_area_without_a_name() -> None:
    (event,) = events(read(feed(alert())))
    assert len(event.areas) == 1


def test_header_of_any_length_is_protobuf() -> None:
    """A header of 123 bytes begins as JSON with a line break does."""
    for length in range(200):
        message = FeedMessage()
        message.header.gtfs_realtime_version = "2.0"
        message.header.feed_version = "x" * length
        body = message.SerializeToString()
        assert read(body) == Reading()
        assert length > 118 or formats.name_of(body) == "gtfs_rt"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(HEADER + b"\x12\x00" * 300_000, id="empty-entities"),
        pytest.param(HEADER + b"\x12\x80\x80\x00" * 300_000, id="empty-entities-with-long-lengths"),
        pytest.param(HEADER + b"\x12\x04\n\x021234" * 300_000, id="entities-of-nothing-but-an-id"),
        pytest.param(HEADER + b"\x12\xff\xff\xff\xff\x07", id="length-beyond-the-end"),
        pytest.param(HEADER + b"\x12\x05\n\x02e1", id="cut"),
        pytest.param(HEADER + b"\xa3\x06" * 5_000, id="groups"),
        pytest.param(HEADER + b"\xff" * 20, id="number-without-end"),
        pytest.param(HEADER + b"\x02\x00", id="field-zero"),
        pytest.param(b"\x12\x02\n\x00", id="no-header"),
        pytest.param(b"\n\x03\x18\x80\x01", id="no-version"),
        pytest.param(b"\n\x05\n\x03\xff\xfe.", id="version-not-utf-8"),
        pytest.param(b'{"header": {"gtfs_realtime_version": "2.0"}, "entity": {}}', id="entities-no-list"),
        pytest.param(b'{"entity": []}', id="json-without-header"),
        pytest.param(b'{"header": 2}', id="json-header-no-object"),
    ],
)
def test_refused_at_once(body: bytes) -> None:
    before = time.process_time()
    with pytest.raises(FormatError):
        read(body)
    assert time.process_time() - before < 0.5  # some 5 ms; a gate machine may be busy


def test_too_many_entities_are_refused() -> None:
    entity = {"id": "x"}
    assert read(feed(*[entity] * gtfs_rt.MAX_ENTITIES)).items == ()
    with pytest.raises(FormatError, match="entities"):
        read(feed(*[entity] * (gtfs_rt.MAX_ENTITIES + 1)))


def test_too_many_selectors_are_refused() -> None:
    alerts = [alert(str(n), informedEntity=[{"stopId": "1"}] * 10_000) for n in range(11)]
    assert len(read(feed(*alerts[:10])).items) == 10
    with pytest.raises(FormatError, match="selectors"):
        read(feed(*alerts))


def test_body_that_is_too_large_is_refused() -> None:
    with pytest.raises(FormatError, match="larger"):
        read(HEADER + bytes(gtfs_rt.MAX_BYTES))


@pytest.mark.parametrize(
    "entity",
    [
        pytest.param(b"\n\x02\xff\xfe*\x00", id="id-not-utf-8"),
        pytest.param(b"\n\x01a*\x06R\x04\n\x02\xff\xfe", id="text-not-a-message"),
        pytest.param(b"\n\x01a*\x02\xa3\x06", id="group-in-the-alert"),
        pytest.param(b"\n\x01a" + b"*\x00" * 200, id="too-many-fields"),
        pytest.param(b"*\x00", id="no-id"),
    ],
)
def test_broken_alert_costs_itself_only(entity: bytes) -> None:
    sound = b"\n\x01b*\x00"
    body = b"".join(b"\x12" + _varint(len(one)) + one for one in (entity, sound))
    reading = read(HEADER + body)
    assert [len(item.events) for item in reading.items] == [0, 1]
    assert reading.items[0].problems
    assert not reading.is_complete


def test_text_that_is_not_utf_8_is_repaired() -> None:
    reading = read(HEADER + b"\x12\x0d\n\x01a*\x08R\x06\n\x04\n\x02\xffx")
    assert events(reading)[0].texts[0].headline == "\ufffdx"


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + _varint(number >> 7)


def test_alert_made_of_empty_parts_is_not_parsed() -> None:
    selectors, words = b"*\x00" * 200_000, b"R" + _varint(400_000) + b"\n\x00" * 200_000
    for content in (selectors, words):
        inner = b"\n\x01a*" + _varint(len(content)) + content
        (item,) = read(HEADER + b"\x12" + _varint(len(inner)) + inner).items
        assert (item.events, len(item.problems)) == ((), 1)


@pytest.mark.shared
def test_recorded(shared: Path) -> None:
    lines = (shared / "feeds/dev/MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [cells for cells in (line.split("\t") for line in lines) if cells[1] == "gtfs_rt"]
    assert len(rows) == 4
    for row in rows:
        body, expected = (shared / "feeds/dev" / row[0]).read_bytes(), json.loads(row[-1])
        reading = read(body)
        first = [item.events[0] for item in reading.items]
        assert (formats.name_of(body), len(reading.items)) == ("gtfs_rt", expected["events"])
        if "timestamp" in expected:
            assert reading.as_of == datetime.fromtimestamp(expected["timestamp"], UTC)
            assert {event.identifier for event in first} >= set(expected["ids"])
            assert Counter(event.codes[0].value for event in first) == expected["causes"]
            assert Counter(event.codes[1].value for event in first) == expected["effects"]
            assert len(events(reading)) == expected["periods"]
            assert {text.language for event in first for text in event.texts} == set(expected["languages"])


@pytest.mark.shared
def test_recorded_vehicles_leave_nothing(shared: Path) -> None:
    reading = read((shared / "feeds/dev/gtfs_rt/us_cats_vehiclepositions.pb").read_bytes())
    assert (reading.items, reading.problems, reading.is_complete) == ((), (), True)


@pytest.mark.shared
def test_recorded_alerts_say_the_same_in_both_spellings(shared: Path) -> None:
    folder = shared / "feeds/dev/gtfs_rt"
    assert read((folder / "us_cats_alerts.pb").read_bytes()) == read((folder / "us_cats_alerts.json").read_bytes())


_CHILD = """
import resource, sys, time
from datetime import UTC, datetime
from tocsin.errors import FormatError
from tocsin.formats import gtfs_rt
body = sys.stdin.buffer.read()
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    gtfs_rt.read(body, source="x", now=datetime(2026, 11, 22, tzinfo=UTC))
    outcome = "accept"
except FormatError:
    outcome = "reject"
took = time.process_time() - began
print(outcome, int(took * 1000), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def _hostile(shared: Path) -> list[tuple[dict[str, Any], bytes]]:
    lines = (shared / "vectors/protobuf/gtfsrt.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    packed = [base64.b64decode(case.get("gz_b64") or case["b64"]) for case in cases]
    return [(c, gzip.decompress(b) if "gz_b64" in c else b) for c, b in zip(cases, packed, strict=True)]


@pytest.mark.shared
def test_hostile_protobuf_is_refused_or_read_at_once(shared: Path) -> None:
    cases = _hostile(shared)
    assert len(cases) == 70
    wrong = []
    for case, body in cases:
        before = time.process_time()
        try:
            outcome = "accept" if read(body) else ""
        except FormatError:
            outcome = "reject"
        if time.process_time() - before > 0.2:
            wrong.append(f"{case['name']} is slow")
        if outcome != case["expect"] and case["expect"] in {"accept", "reject"}:
            wrong.append(f"{case['name']} is not {case['expect']}ed")
    assert wrong == []


@pytest.mark.shared
def test_hostile_protobuf_takes_no_memory(shared: Path) -> None:
    (body,) = (body for case, body in _hostile(shared) if case["name"] == "empty_entities")
    argv = [sys.executable, "-c", _CHILD]
    child = subprocess.run(argv, input=body, capture_output=True, check=True, timeout=60)  # noqa: S603  our own words
    outcome, took_ms, grew_mb = child.stdout.split()
    assert (outcome, int(took_ms) < 100, int(grew_mb) < 200) == (b"reject", True, True)
