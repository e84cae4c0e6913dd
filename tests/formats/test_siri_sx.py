"""What the SIRI reader copies of a situation, which version of it counts, and when it is over."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import formats, lifecycle
from tocsin.errors import FormatError
from tocsin.formats import siri_sx
from tocsin.formats._periods import MAX_PERIODS
from tocsin.model import Code, Event, MsgType, Reading, Scope, Severity, Status

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEAD = '<Siri xmlns="http://www.siri.org.uk/siri"><ServiceDelivery><SituationExchangeDelivery>'
TAIL = "</SituationExchangeDelivery></ServiceDelivery></Siri>"
PERIOD = "<ValidityPeriod><StartTime>2026-11-20T08:00:00Z</StartTime></ValidityPeriod>"


def situation(inner: str = PERIOD, *, number: str = "1", version: str = "1", sent: str = "2026-11-20T08:00:00Z") -> str:
    return (
        f"<PtSituationElement><CreationTime>{sent}</CreationTime><ParticipantRef>OP</ParticipantRef>"
        f"<SituationNumber>{number}</SituationNumber><Version>{version}</Version>{inner}</PtSituationElement>"
    )


def read(*situations: str, before: str = "", now: datetime = NOW) -> Reading:
    document = f"{HEAD}{before}<Situations>{''.join(situations)}</Situations>{TAIL}"
    return siri_sx.read(document.encode(), source="transit", now=now)


def events(reading: Reading) -> list[Event]:
    return [event for item in reading.items for event in item.events]


def event_of(inner: str) -> Event:
    (event,) = events(read(situation(inner)))
    return event


@pytest.mark.parametrize(
    ("inner", "status"),
    [
        pytest.param("", Status.ACTUAL, id="no-progress"),
        pytest.param("<Progress>open</Progress>", Status.ACTUAL, id="open"),
        pytest.param("<Progress>published</Progress>", Status.ACTUAL, id="published"),
        pytest.param("<Progress>closing</Progress>", Status.ACTUAL, id="closing"),
        pytest.param("<Progress>draft</Progress>", Status.DRAFT, id="draft"),
        pytest.param("<Progress>pendingApproval</Progress>", Status.DRAFT, id="pending"),
        pytest.param("<Reality>securityExercise</Reality>", Status.EXERCISE, id="exercise"),
        pytest.param("<Reality>test</Reality>", Status.TEST, id="test"),
    ],
)
def test_status(inner: str, status: Status) -> None:
    event = event_of(inner)
    assert (event.status, event.msg_type) == (status, MsgType.ALERT)


@pytest.mark.parametrize(
    ("audience", "scope"),
    [
        ("public", Scope.PUBLIC),
        ("", Scope.PUBLIC),
        ("staff", Scope.RESTRICTED),
        ("emergencyServices", Scope.RESTRICTED),
    ],
)
def test_scope(audience: str, scope: Scope) -> None:
    assert event_of(f"<Audience>{audience}</Audience>").scope is scope


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_later_version_counts_whatever_the_order(order: list[int]) -> None:
    versions = [situation(version="9"), situation("<Progress>closed</Progress>", version="10")]
    reading = read(*(versions[position] for position in order))
    assert [event.msg_type for event in events(reading)] == [MsgType.CANCEL]
    assert reading.is_complete


def test_version_that_cannot_be_read_hides_no_sound_one() -> None:
    late = situation(version="3", sent="2026-11-20T09:00:00Z")
    assert [e.sent.hour for e in events(read(situation(version="many"), late))] == [9]


@pytest.mark.parametrize("sent", ["2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z"])
def test_closed_ends_what_was_said_before(sent: str) -> None:
    two = "".join(
        f"<ValidityPeriod><StartTime>2026-11-{day}T08:00:00Z</StartTime></ValidityPeriod>" for day in (20, 21)
    )
    said = events(read(situation(two)))
    versioned = f"<VersionedAtTime>{sent}</VersionedAtTime><Progress>closed</Progress>"
    ended = events(read(situation(versioned, version="2")))
    known = {event.id: event for event in (*said, *ended)}
    assert len(said) == 2
    assert lifecycle.in_force(said, NOW) == tuple(said)
    assert lifecycle.in_force(known.values(), NOW) == ()


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("", id="none"),
        pytest.param("<EndTime>9999-12-31T23:59:59Z</EndTime>", id="the-last-day-of-all"),
        pytest.param("<EndTime>22022-01-01T00:00:00Z</EndTime>", id="five-digits"),
        pytest.param("<EndTime>2999-01-01T00:00:00Z</EndTime>", id="nobody-means-it"),
        pytest.param("<EndTime/>", id="empty"),
    ],
)
def test_without_an_end_that_is_meant_it_holds(end: str) -> None:
    event = event_of(f"<ValidityPeriod><StartTime>2020-11-20T08:00:00Z</StartTime>{end}</ValidityPeriod>")
    assert lifecycle.in_force([event], NOW + timedelta(days=400)) == (event,)


def test_periods_are_parts_in_the_order_of_time() -> None:
    days = (22, 20, 21, 20)
    periods = "".join(
        f"<ValidityPeriod><StartTime>2026-11-{day}T18:00:00Z</StartTime><EndTime>2026-11-{day}T20:00:00Z</EndTime>"
        "</ValidityPeriod>"
        for day in days
    )
    found = events(read(situation(periods)))
    assert [(event.part, event.onset and event.onset.day) for event in found] == [(0, 20), (1, 21), (2, 22)]


def test_periods_beyond_the_limit_leave_those_to_come() -> None:
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    nights = [begins + timedelta(days=day) for day in range(365)]
    periods = "".join(
        f"<ValidityPeriod><StartTime>{night.isoformat()}</StartTime>"
        f"<EndTime>{(night + timedelta(hours=6)).isoformat()}</EndTime></ValidityPeriod>"
        for night in nights
    )
    (item,) = read(situation(periods)).items
    assert len(item.events) == 42  # from 20 November on
    assert len(read(situation(periods), now=begins).items[0].events) == MAX_PERIODS


def test_reasons_of_all_groups_are_codes_as_they_stand() -> None:
    given = {
        "MiscellaneousReason": "bridgeStrike",
        "PersonnelReason": "pti23_1",
        "EquipmentSubReason": "x",
        "EnvironmentReason": "fog",
        "AlertCause": "weather",
        "UnknownReason": "unknown",
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in given.items())
    assert set(event_of(inner).codes) == {Code(f"siri_sx:{name}", value) for name, value in given.items()}


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        ("noImpact", Severity.MINOR),
        ("slight", Severity.MINOR),
        ("normal", Severity.MODERATE),
        ("pti26_4", Severity.SEVERE),
        ("verySevere", Severity.SEVERE),
        ("undefined", Severity.UNKNOWN),
        ("dreadful", Severity.UNKNOWN),
    ],
)
def test_severity(given: str, severity: Severity) -> None:
    event = event_of(f"<Severity>{given}</Severity>")
    assert (event.severity, event.codes) == (severity, (Code("siri_sx:severity", given),))


def test_delivery_that_failed_is_no_quiet() -> None:
    with pytest.raises(FormatError, match="failed"):
        read(before="<Status>false</Status><ErrorCondition><OtherError/></ErrorCondition>")


def test_situations_before_a_break_are_kept() -> None:
    document = f"{HEAD}<Situations>{situation()}{situation(number='2')}<PtSituationElement>"
    reading = siri_sx.read(document.encode(), source="transit", now=NOW)
    assert ([event.identifier for event in events(reading)], reading.is_complete) == (["1", "2"], False)
    assert reading.problems


def test_deliveries_of_one_document_are_all_read() -> None:
    delivery = "<SituationExchangeDelivery>{}<Situations>{}</Situations></SituationExchangeDelivery>"
    parts = (
        delivery.format(
            f"<MoreData>{n == 2}</MoreData>".lower().replace("moredata", "MoreData"), situation(number=str(n))
        )
        for n in (1, 2)
    )
    document = f'<Siri xmlns="http://www.siri.org.uk/siri">{"".join(parts)}</Siri>'
    reading = siri_sx.read(document.encode(), source="transit", now=NOW)
    assert ([event.identifier for event in events(reading)], reading.is_complete) == (["1", "2"], False)


def test_packed_document_is_read() -> None:
    document = f"{HEAD}<Situations>{situation()}</Situations>{TAIL}"
    packed = gzip.compress(document.encode())
    assert formats.name_of(packed) == "siri_sx"
    assert siri_sx.read(packed, source="transit", now=NOW) == read(situation())


def test_part_of_a_longer_delivery_is_not_complete() -> None:
    assert not read(situation(), before="<MoreData>true</MoreData>").is_complete


def test_other_deliveries_are_refused() -> None:
    vehicles = '<Siri xmlns="http://www.siri.org.uk/siri"><ServiceDelivery><VehicleMonitoringDelivery/>'
    with pytest.raises(FormatError, match="no situations"):
        siri_sx.read(f"{vehicles}</ServiceDelivery></Siri>".encode(), source="x", now=NOW)


@pytest.mark.parametrize(
    ("document", "name"),
    [
        pytest.param(HEAD + TAIL, "siri_sx", id="siri"),
        pytest.param(HEAD, "siri_sx", id="cut"),
        pytest.param(f"<Envelope>{HEAD}{TAIL}</Envelope>", "siri_sx", id="soap"),
        pytest.param((HEAD + TAIL).replace(' xmlns="http://www.siri.org.uk/siri"', ""), None, id="no-namespace"),
        pytest.param('<Siri xmlns="http://www.siri.org.uk/siri"/>', None, id="no-situations"),
    ],
)
def test_claims(document: str, name: str | None) -> None:
    assert formats.name_of(document.encode()) == name


def test_document_without_the_namespace_is_read_where_its_format_is_stated() -> None:
    document = f"{HEAD}<Situations>{situation()}</Situations>{TAIL}".replace(' xmlns="http://www.siri.org.uk/siri"', "")
    assert len(siri_sx.read(document.encode(), source="x", now=NOW).items) == 1


def test_thousands_of_stops_and_situations_take_linear_time() -> None:
    stop = (
        "<AffectedStopPoint><StopPointRef>{n}</StopPointRef><StopPointName>{n}</StopPointName>"
        "<Location><Longitude>1.{n}</Longitude><Latitude>2</Latitude></Location></AffectedStopPoint>"
    )
    stops = "".join(stop.format(n=n) for n in range(5_000))
    before = time.process_time()
    (event,) = events(read(situation(f"<Affects><StopPoints>{stops}</StopPoints></Affects>")))
    assert len(event.areas) == siri_sx.MAX_AREAS + 1
    assert len(events(read(*(situation(number=str(n)) for n in range(3_000))))) == 3_000
    assert time.process_time() - before < 10  # some 0.6 s


@pytest.mark.shared
def test_recorded(shared: Path) -> None:
    lines = (shared / "feeds/dev/MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [cells for cells in (line.split("\t") for line in lines) if cells[1] == "siri_sx"]
    assert len(rows) == 3
    for row in rows:
        body, expected = (shared / "feeds/dev" / row[0]).read_bytes(), json.loads(row[-1])
        reading = siri_sx.read(body, source="recorded", now=NOW)
        found = {f"{c.scheme}:{c.value}" for e in events(reading) for c in e.codes if c.scheme.endswith("Reason")}
        assert (formats.name_of(body), len(reading.items)) == ("siri_sx", expected["events"])
        assert found == {f"siri_sx:{reason}" for reason in expected["reasons"]}
        is_over = expected["progress"][-1:] == ["closed"]
        assert len(events(reading)) == (1 if is_over else expected["periods"])
        assert all((event.msg_type is MsgType.CANCEL) == is_over for event in events(reading))
