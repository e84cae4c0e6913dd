"""What the iCalendar reader copies, which occurrences it finds, and when each begins and ends."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
import pytest

from tocsin import formats, lifecycle
from tocsin.errors import FormatError
from tocsin.formats import ical
from tocsin.model import Event, MsgType, Reading

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
START = "DTSTART:20261123T080000Z"


def vevent(*lines: str, uid: str = "u") -> str:
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T080000Z", *lines, "END:VEVENT"])


def read(*parts: str, now: datetime = NOW) -> Reading:
    document = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *parts, "END:VCALENDAR", ""])
    return ical.read(document.encode(), source="town", now=now)


def events(reading: Reading) -> list[Event]:
    return [event for item in reading.items for event in item.events]


def times(reading: Reading) -> list[str]:
    return [f"{event.onset:%m-%d %H:%M}" for event in events(reading)]


DEFINED = """BEGIN:VTIMEZONE
TZID:{name}
{more}BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE"""


@pytest.mark.parametrize(
    ("lines", "onset"),
    [
        pytest.param(["DTSTART:20260701T120000Z"], "07-01 12:00", id="utc"),
        pytest.param(["DTSTART:20260701T120000"], "07-01 12:00", id="floating-is-utc-without-a-zone"),
        pytest.param(["DTSTART;TZID=Europe/Oslo:20260701T120000"], "07-01 10:00", id="iana-without-vtimezone"),
        pytest.param(["DTSTART;TZID=Eastern Standard Time:20260701T120000"], "07-01 16:00", id="windows"),
        pytest.param(["DTSTART;TZID=/x.org/1/Europe/Oslo:20260701T120000"], "07-01 10:00", id="prefixed"),
        pytest.param(["DTSTART;TZID=America/Argentina/Salta:20260701T120000"], "07-01 15:00", id="three-parts"),
        pytest.param(["DTSTART;TZID=../../etc/passwd:20260701T120000"], "07-01 12:00", id="a-path"),
        pytest.param(["DTSTART;TZID=Europe:20260701T120000"], "07-01 12:00", id="a-folder"),
        pytest.param(["DTSTART;TZID=Home:20260701T120000"], "07-01 10:00", id="defined-summer"),
        pytest.param(["DTSTART;TZID=Home:20260101T120000"], "01-01 11:00", id="defined-winter"),
        pytest.param(["DTSTART;TZID=Away:20260101T120000"], "01-01 03:00", id="defined-by-its-location"),
        pytest.param(["DTSTART;VALUE=DATE:20260701"], "07-01 00:00", id="a-day"),
    ],
)
def test_zone(lines: list[str], onset: str) -> None:
    away = DEFINED.format(name="Away", more="X-LIC-LOCATION:Asia/Tokyo\n")
    assert times(read(DEFINED.format(name="Home", more=""), away, vevent(*lines))) == [onset]


def test_calendar_has_a_zone_for_what_has_none() -> None:
    reading = read("X-WR-TIMEZONE:Europe/Oslo", vevent("DTSTART:20260701T120000"), vevent("DTSTART:20260701", uid="d"))
    assert times(reading) == ["07-01 10:00", "06-30 22:00"]


@pytest.mark.parametrize(
    ("lines", "hours"),
    [
        pytest.param([START, "DTEND:20261123T100000Z"], 2, id="end"),
        pytest.param([START, "DURATION:P1DT2H"], 26, id="duration"),
        pytest.param([START], None, id="none"),
        pytest.param([START, "DTEND:20261123T080000Z"], None, id="at-once"),
        pytest.param([START, "DTEND:20261122T080000Z"], None, id="before"),
        pytest.param([START, "DURATION:-PT1H"], None, id="negative"),
        pytest.param([START, "DURATION:PT"], None, id="nothing-said"),
        pytest.param(["DTSTART;VALUE=DATE:20261123"], 24, id="a-day"),
        pytest.param(["DTSTART:20261123", "DTEND:20261123"], 24, id="a-day-that-ends-that-day"),
        pytest.param(["DTSTART:20261123", "DTEND:20261126"], 72, id="days"),
    ],
)
def test_length(lines: list[str], hours: int | None) -> None:
    (event,) = events(read(vevent(*lines)))
    assert event.onset is not None
    assert event.expires == (None if hours is None else event.onset + timedelta(hours=hours))


WEEKLY = "RRULE:FREQ=WEEKLY"


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        pytest.param([WEEKLY], ["23", "30", "07", "14"], id="from-a-day-ago-to-30-days-ahead"),
        pytest.param([f"{WEEKLY};COUNT=2"], ["23", "30"], id="count"),
        pytest.param([f"{WEEKLY};UNTIL=20261207T080000Z"], ["23", "30", "07"], id="until-a-moment"),
        pytest.param([f"{WEEKLY};UNTIL=20261207"], ["23", "30", "07"], id="until-a-day"),
        pytest.param([f"{WEEKLY};UNTIL=20261206T235959"], ["23", "30"], id="until-a-local-time"),
        pytest.param([WEEKLY, "EXDATE:20261130T080000Z,20261207T080000Z"], ["23", "14"], id="without-some"),
        pytest.param([WEEKLY, "EXDATE;VALUE=DATE:20261130"], ["23", "07", "14"], id="without-a-day"),
        pytest.param(["RDATE:20261125T080000Z,20270601T080000Z"], ["23", "25"], id="dates"),
        pytest.param(["RDATE;VALUE=PERIOD:20261125T080000Z/PT1H"], ["23", "25"], id="a-period"),
        pytest.param(["RRULE:FREQ=HOURLY"], ["23"], id="a-rule-that-is-not-followed"),
        pytest.param([f"{WEEKLY};UNTIL=soon"], ["23"], id="until-nobody-knows"),
        pytest.param(["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"], ["23"], id="a-rule-that-never-falls"),
    ],
)
def test_occurrences(lines: list[str], days: list[str]) -> None:
    assert [f"{event.onset:%d}" for event in events(read(vevent(START, *lines)))] == days


def test_occurrences_keep_local_time_when_the_clocks_change() -> None:
    rule = vevent("DTSTART;TZID=Europe/Oslo:20261018T080000", "RRULE:FREQ=WEEKLY;COUNT=3")
    assert times(read(rule, now=datetime(2026, 10, 18, tzinfo=UTC))) == ["10-18 06:00", "10-25 07:00", "11-01 07:00"]


def test_occurrence_keeps_its_name_from_day_to_day() -> None:
    daily = vevent("DTSTART:20200101T080000Z", "DTEND:20200101T100000Z", "RRULE:FREQ=DAILY")
    today, tomorrow = ({event.id: event for event in events(read(daily, now=NOW + timedelta(days=d)))} for d in (0, 1))
    assert len(today) == len(tomorrow) == 31
    assert len(today.keys() & tomorrow.keys()) == 30


def test_occurrence_with_a_vevent_of_its_own_is_that_one() -> None:
    moved = vevent("RECURRENCE-ID:20261130T080000Z", "DTSTART:20261201T080000Z")
    gone = vevent("RECURRENCE-ID;VALUE=DATE:20261207", START, "STATUS:CANCELLED")
    series, one, other = read(vevent(START, WEEKLY), moved, gone).items
    assert [f"{event.onset:%d}" for event in series.events] == ["23", "14"]
    assert one.events[0].identifier == "u/20261130T080000Z"
    assert other.events[0].msg_type is MsgType.CANCEL


def test_series_without_an_occurrence_in_the_window_is_its_first() -> None:
    assert times(read(vevent("DTSTART:20200101T080000Z", f"{WEEKLY};COUNT=3"))) == ["01-01 08:00"]
    assert times(read(vevent("DTSTART:20280101T080000Z", WEEKLY))) == ["01-01 08:00"]


def test_cancelled_ends_what_was_said_before() -> None:
    said = events(read(vevent(START, WEEKLY)))
    later = vevent("LAST-MODIFIED:20261110T080000Z", START, WEEKLY, "STATUS:CANCELLED")
    ended = events(read(later))
    assert len(lifecycle.in_force(said, NOW)) == 4
    assert lifecycle.in_force([*said, *ended], NOW) == ()


def test_uid_that_may_be_an_address_is_not_kept() -> None:
    (event,) = events(read(vevent(START, uid="jo.doe@example.org")))
    assert (len(event.identifier), "@" in event.id) == (32, False)


def test_lines_are_unfolded_before_they_are_decoded() -> None:
    body = f"BEGIN:VCALENDAR\r\n{vevent(START, 'SUMMARY:Fête')}\r\nEND:VCALENDAR".encode()
    place = body.index("ê".encode()) + 1
    reading = ical.read(body[:place] + b"\r\n " + body[place:], source="town", now=NOW)
    assert events(reading)[0].texts[0].headline == "Fête"


def test_broken_event_costs_itself_only() -> None:
    reading = read(vevent("DTSTART:soon"), vevent(START, uid="b"))
    assert [len(item.events) for item in reading.items] == [0, 1]
    assert not reading.is_complete


@pytest.mark.parametrize(
    ("method", "is_complete"), [("METHOD:PUBLISH", True), ("VERSION:2.0", True), ("METHOD:REQUEST", False)]
)
def test_calendar_is_a_list_unless_it_is_a_message(method: str, *, is_complete: bool) -> None:
    assert read(method, vevent(START)).is_complete is is_complete


def test_cut_calendar_is_read_and_not_complete() -> None:
    body = f"BEGIN:VCALENDAR\n{vevent(START)}\nBEGIN:VEVENT\nUID:x".encode()
    reading = ical.read(body, source="town", now=NOW)
    assert ([len(item.events) for item in reading.items], reading.is_complete) == ([1, 0], False)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "ical", id="calendar"),
        pytest.param(b"\xef\xbb\xbf\nbegin:vcalendar\nend:vcalendar", "ical", id="mark-and-lower-case"),
        pytest.param(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", None, id="cut"),
        pytest.param(b"BEGIN:VCARD\r\nEND:VCARD\r\n", None, id="a-person's-card"),
    ],
)
def test_claims(body: bytes, name: str | None) -> None:
    assert formats.name_of(body) == name


LINES = [
    pytest.param("\n".join(vevent(START, "RRULE:FREQ=DAILY", uid=str(n)) for n in range(600)), id="daily"),
    pytest.param("\n".join(vevent("DTSTART:10000101", "RRULE:FREQ=YEARLY;COUNT=9999") for _ in range(600)), id="count"),
    pytest.param("\n".join(vevent(START, "RRULE:FREQ=SECONDLY;INTERVAL=1") for _ in range(600)), id="secondly"),
    pytest.param("BEGIN:VEVENT\n" * 5_000, id="begin"),
    pytest.param("BEGIN:X\n" * 8_000, id="deep"),
    pytest.param("END:VEVENT\n" * 6_000, id="end"),
    pytest.param(vevent("SUMMARY" + ';A="' * 16_000), id="open-quotes"),
    pytest.param(vevent("SUMMARY" + ";A=b,c" * 10_000 + ":x"), id="parameters"),
    pytest.param(vevent(START, "DESCRIPTION:" + "\\" * 60_000), id="backslashes"),
    pytest.param(vevent(START, "RDATE:" + "20261125," * 7_000), id="dates"),
    pytest.param(vevent(START, *["EXDATE:20261125"] * 4_000), id="exclusions"),
    pytest.param("\n ".join("x" * 32_000), id="folds"),
]  # fmt: skip


@pytest.mark.parametrize("lines", LINES)
def test_hostile_64_kilobytes_are_read_at_once(lines: str) -> None:
    before = time.process_time()
    reading = read(lines)
    assert time.process_time() - before < 1  # at most some 0.1 s
    assert len(events(reading)) < 5_000


def test_hostile_zone_is_read_at_once() -> None:
    zone = DEFINED.format(name="Z", more="").replace("FREQ=YEARLY", "FREQ=YEARLY;COUNT=99999;BYSETPOS=5")
    before = time.process_time()
    read(zone, *(vevent(f"DTSTART;TZID=Z:20{n:02}0101T000000", uid=str(n)) for n in range(90)))
    assert time.process_time() - before < 2  # some 0.1 s


def test_too_large_is_refused() -> None:
    with pytest.raises(FormatError, match="larger"):
        ical.read(b"BEGIN:VCALENDAR\n" + bytes(10 * 2**20), source="x", now=NOW)
    with pytest.raises(FormatError, match="events"):
        read("BEGIN:VEVENT\nEND:VEVENT\n" * 20_001)


@pytest.mark.shared
def test_recorded(shared: Path) -> None:
    lines = (shared / "feeds/dev/MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [cells for cells in (line.split("\t") for line in lines) if cells[1] == "ical"]
    assert len(rows) == 7
    for row in rows:
        body, expected = (shared / "feeds/dev" / row[0]).read_bytes(), json.loads(row[-1])
        reading = ical.read(body, source="recorded", now=NOW)
        first = [item.events[0] for item in reading.items]
        assert (formats.name_of(body), len(first)) == ("ical", expected["events"])
        assert sum(any(area.geometry for area in event.areas) for event in first) == expected["geo"]
        assert sum(bool(event.areas[0].description) for event in first) == expected["location"]
        assert sum("/" in event.identifier for event in first) == expected["rrule"] + expected["rdate"]


@pytest.mark.shared
def test_recorded_times_are_those_of_icalendar(shared: Path) -> None:
    for name in ("city_events", "timezoned"):
        body = (shared / f"feeds/dev/ical/{name}.ics").read_bytes()
        ours = [item.events[0] for item in ical.read(body, source="recorded", now=NOW).items]
        theirs = icalendar.Calendar.from_ical(body).events
        for event, other in zip(ours, theirs, strict=True):
            if isinstance(other.start, datetime) and not other.rrules:
                assert isinstance(other.end, datetime)
                assert (event.onset, event.expires) == (other.start.astimezone(UTC), other.end.astimezone(UTC))
