"""DATEX II: what a record means, how large documents are read, and what hostile ones cost."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely

from tocsin import formats, record
from tocsin.errors import FormatError
from tocsin.formats.datex2 import read, stream
from tocsin.model import Certainty, Code, Event, Reading, Scope, Severity, Status

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEAD = (
    b'<d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    b'<payloadPublication xsi:type="SituationPublication" lang="en">'
    b"<publicationTime>2026-11-20T11:00:00Z</publicationTime>"
)
TAIL = b"</payloadPublication></d2LogicalModel>"
FIELDS = "<situationRecordVersionTime>2026-11-20T10:00:00Z</situationRecordVersionTime>"


def situation(inner: str = "", *, number: int = 1, kind: str = "Accident", header: str = "") -> bytes:
    """Return a situation of one record with these elements in it."""
    return (
        f'<situation id="s{number}">{header}<situationRecord xsi:type="{kind}" id="r{number}">'
        f"{FIELDS}{inner}</situationRecord></situation>"
    ).encode()


def document(*situations: bytes) -> bytes:
    return HEAD + b"".join(situations) + TAIL


def reading(body: bytes) -> Reading:
    return read(body, source="test", now=NOW)


def the_event(inner: str = "", **situated: Any) -> Event:
    (item,) = reading(document(situation(inner, **situated))).items
    (event,) = item.events
    return event


def header(**words: str) -> str:
    inner = "".join(f"<{name}>{word}</{name}>" for name, word in words.items())
    return f"<headerInformation>{inner}</headerInformation>"


def validity(inner: str, status: str = "active") -> str:
    specification = f"<validityTimeSpecification>{inner}</validityTimeSpecification>"
    return f"<validity><validityStatus>{status}</validityStatus>{specification}</validity>"


def located(inner: str) -> str:
    return f"<locationReference>{inner}</locationReference>"


def coordinates(lat: str, lon: str) -> str:
    return f"<pointCoordinates><latitude>{lat}</latitude><longitude>{lon}</longitude></pointCoordinates>"


def comment(words: str, kind: str = "") -> str:
    told = f"<commentType>{kind}</commentType>" if kind else ""
    value = f"<comment><values><value>{words}</value></values></comment>"
    return f"<generalPublicComment>{value}{told}</generalPublicComment>"


# --- what a record means ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "scope"),
    [
        pytest.param({}, Status.ACTUAL, Scope.PUBLIC, id="unstated"),
        pytest.param({"informationStatus": "real"}, Status.ACTUAL, Scope.PUBLIC, id="real"),
        pytest.param({"informationStatus": "test"}, Status.TEST, Scope.PUBLIC, id="test"),
        pytest.param({"informationStatus": "securityExercise"}, Status.EXERCISE, Scope.PUBLIC, id="exercise"),
        pytest.param({"confidentiality": "noRestriction"}, Status.ACTUAL, Scope.PUBLIC, id="no-restriction"),
        pytest.param({"confidentiality": "restrictedToAuthorities"}, Status.ACTUAL, Scope.RESTRICTED, id="restricted"),
        pytest.param({"confidentiality": "somethingNew"}, Status.ACTUAL, Scope.RESTRICTED, id="restriction-unknown"),
    ],
)
def test_header_says_for_whom(words: dict[str, str], status: Status, scope: Scope) -> None:
    event = the_event(header=header(**words))
    assert (event.status, event.scope) == (status, scope)


@pytest.mark.parametrize(
    ("inner", "onset", "expires", "note"),
    [
        pytest.param("<overallStartTime>2026-11-20T10:00:00Z</overallStartTime>", 20, None, "", id="open"),
        pytest.param(
            "<overallStartTime>2026-11-20T10:00:00Z</overallStartTime>"
            "<overallEndTime>2026-11-22T10:00:00Z</overallEndTime>",
            20, 22, "", id="bounds",
        ),
        pytest.param(
            "<overallStartTime>2026-11-20T10:00:00Z</overallStartTime>"
            "<overallEndTime>2026-11-29T10:00:00Z</overallEndTime>"
            "<validPeriod><startOfPeriod>2026-11-23T08:00:00Z</startOfPeriod>"
            "<endOfPeriod>2026-11-24T08:00:00Z</endOfPeriod></validPeriod>",
            23, 24, "", id="one-period-narrows",
        ),
        pytest.param(
            "<overallStartTime>2026-11-20T10:00:00Z</overallStartTime>"
            "<validPeriod><startOfPeriod>2026-11-21T08:00:00Z</startOfPeriod></validPeriod>"
            "<validPeriod><startOfPeriod>2026-11-23T08:00:00Z</startOfPeriod></validPeriod>",
            21, None, "Not all of that time: in 2 periods.", id="periods",
        ),
        pytest.param(
            "<overallStartTime>2026-11-20T10:00:00Z</overallStartTime>"
            "<validPeriod><recurringDayWeekMonthPeriod/></validPeriod>",
            20, None, "Not all of that time: at certain hours or days only.", id="recurring",
        ),
        pytest.param(
            "<overallStartTime>2026-11-20T10:00:00Z</overallStartTime><exceptionPeriod/>",
            20, None, "Not all of that time: with exceptions.", id="exceptions",
        ),
        pytest.param("<overallStartTime>soon</overallStartTime>", None, None, "", id="unreadable"),
    ],
)  # fmt: skip
def test_validity(inner: str, onset: int | None, expires: int | None, note: str) -> None:
    event = the_event(validity(inner))
    assert (event.onset and event.onset.day) == onset
    assert event.expires is not None
    assert (event.expires.day if event.expires.year == NOW.year else None) == expires
    assert [text.description for text in event.texts] == ([note] if note else [])


@pytest.mark.parametrize(
    ("inner", "is_over"),
    [
        pytest.param("", False, id="unstated"),
        pytest.param(validity("", "active"), False, id="active"),
        pytest.param(validity("", "planned"), False, id="planned"),
        pytest.param(validity("", "suspended"), True, id="suspended"),
        pytest.param(
            "<management><lifeCycleManagement><cancel>true</cancel></lifeCycleManagement></management>",
            True,
            id="cancel",
        ),
        pytest.param(
            "<management><lifeCycleManagement><end>false</end></lifeCycleManagement></management>",
            False,
            id="not-ended",
        ),
        pytest.param("<operatorActionStatus>implemented</operatorActionStatus>", False, id="implemented"),
        pytest.param("<operatorActionStatus>rejected</operatorActionStatus>", True, id="rejected"),
    ],
)
def test_is_over(inner: str, is_over: bool) -> None:
    assert the_event(inner).is_over is is_over


@pytest.mark.parametrize(
    ("inner", "severity", "certainty"),
    [
        pytest.param("", Severity.UNKNOWN, Certainty.UNKNOWN, id="unstated"),
        pytest.param("<severity>highest</severity>", Severity.SEVERE, Certainty.UNKNOWN, id="highest"),
        pytest.param("<severity>none</severity>", Severity.MINOR, Certainty.UNKNOWN, id="none"),
        pytest.param("<severity>terrible</severity>", Severity.UNKNOWN, Certainty.UNKNOWN, id="no-value-of-the-list"),
        pytest.param(
            "<probabilityOfOccurrence>certain</probabilityOfOccurrence>",
            Severity.UNKNOWN,
            Certainty.OBSERVED,
            id="certain",
        ),
    ],
)
def test_ratings(inner: str, severity: Severity, certainty: Certainty) -> None:
    event = the_event(inner)
    assert (event.severity, event.certainty) == (severity, certainty)


@pytest.mark.parametrize(
    ("kind", "inner", "codes"),
    [
        pytest.param("sit:PublicEvent", "<publicEventType>market</publicEventType>",
                     [("datex2", "PublicEvent"), ("datex2:PublicEvent", "market")], id="prefix-not-declared"),
        pytest.param("", "<accidentType>collision</accidentType>",
                     [("datex2:SituationRecord", "collision")], id="no-type"),
        pytest.param("Conditions", "<weatherRelatedRoadConditionType>ice</weatherRelatedRoadConditionType>"
                     "<weatherRelatedRoadConditionType>snow</weatherRelatedRoadConditionType>",
                     [("datex2", "Conditions"), ("datex2:Conditions", "ice"), ("datex2:Conditions", "snow")], id="two"),
        pytest.param("Accident", "<accidentType>two words</accidentType>", [("datex2", "Accident")], id="a-sentence"),
        pytest.param("Accident", "<mobility><mobilityType>mobile</mobilityType></mobility>",
                     [("datex2", "Accident")], id="type-of-something-else"),
        pytest.param("Accident", "<cause><causeType>weather</causeType></cause>",
                     [("datex2", "Accident"), ("datex2:cause", "weather")], id="cause"),
        pytest.param("Works", "<impact><trafficConstrictionType>roadBlocked</trafficConstrictionType></impact>",
                     [("datex2", "Works"), ("datex2:Impact", "roadBlocked")], id="constriction"),
    ],
)  # fmt: skip
def test_codes(kind: str, inner: str, codes: list[tuple[str, str]]) -> None:
    assert the_event(inner, kind=kind).codes == tuple(Code(*code) for code in codes)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        pytest.param(comment("Mind the gap."), ["Mind the gap."], id="no-kind"),
        pytest.param(comment("Mind the gap.", "description"), ["Mind the gap."], id="description"),
        pytest.param(comment("At the bridge.", "locationDescriptor"), ["At the bridge."], id="location"),
        pytest.param(comment("Call Jan.", "internalNote"), [], id="internal"),
        pytest.param(comment("Call Jan.", "other"), [], id="other"),
        pytest.param(comment("Contactpersoon: Jan"), [], id="contact"),
        pytest.param(comment(" - KONTAKT Jan"), [], id="contact-behind-a-sign"),
        pytest.param(comment("Road closed,jan jansen, Town, 0180-330 300,"), [], id="number"),
        pytest.param(comment("Road closed, +31 6 1234 5678"), [], id="number-abroad"),
        pytest.param(comment("Road closed. info@example.org"), [], id="mail"),
        pytest.param(
            comment("From 09-06-2025 07:00 to 31-07-2025."), ["From 09-06-2025 07:00 to 31-07-2025."], id="dates"
        ),
        pytest.param(comment("x" * 5_000), ["x" * 4_000], id="long"),
        pytest.param(comment("Twice.") + comment("Twice."), ["Twice."], id="twice"),
        pytest.param(comment(""), [], id="empty"),
    ],
)
def test_comments(stated: str, said: list[str]) -> None:
    assert [text.description for text in the_event(stated).texts] == said


GML = "<gmlLineString {}><posList>{}</posList></gmlLineString>".format
TPEG = "<tpegLinearLocation><to>{}</to><from>{}</from></tpegLinearLocation>".format
POINT = f"<pointByCoordinates>{coordinates('1', '2')}</pointByCoordinates>"
DISPLAY = "<coordinatesForDisplay><latitude>1</latitude><longitude>2</longitude></coordinatesForDisplay>"
ONE, THREE = coordinates("1", "2"), coordinates("3", "4")


@pytest.mark.parametrize(
    ("inner", "wkt"),
    [
        pytest.param(POINT, "POINT (2 1)", id="point"),
        pytest.param(GML("", "1 2 3 4"), "LINESTRING (2 1, 4 3)", id="gml"),
        pytest.param(GML("srsName='CRS84'", "1 2 3 4"), "LINESTRING (1 2, 3 4)", id="longitude-first"),
        pytest.param(GML("srsName='EPSG:25832'", "500000 0 500000 1105412.49"), "LINESTRING (9 0, 9 10)", id="utm"),
        pytest.param(GML("srsName='EPSG:28992'", "1 2 3 4"), None, id="national-grid"),
        pytest.param(GML("srsDimension='3'", "1 2 0 3 4 0"), "LINESTRING (2 1, 4 3)", id="with-heights"),
        pytest.param(GML("", "1 2 3"), None, id="half-a-position"),
        pytest.param(GML("", "1 2 3 x"), None, id="no-number"),
        pytest.param(GML("", "1 2 1 2") + POINT, "POINT (2 1)", id="line-without-length-then-point"),
        pytest.param(TPEG(THREE, ONE) + POINT, "LINESTRING (2 1, 4 3)", id="tpeg-line"),
        pytest.param(TPEG(ONE, ONE), "POINT (2 1)", id="tpeg-ends-equal"),
        pytest.param(TPEG(ONE, ""), "POINT (2 1)", id="tpeg-one-end"),
        pytest.param("<tpegPointLocation><point><name/></point></tpegPointLocation>", None, id="name-only"),
        pytest.param(DISPLAY, "POINT (2 1)", id="display"),
        pytest.param(DISPLAY + GML("", "1 2 3 4"), "LINESTRING (2 1, 4 3)", id="display-counts-last"),
    ],
)
def test_geometry(inner: str, wkt: str | None) -> None:
    (area,) = the_event(located(inner)).areas
    assert (shapely.to_wkt(area.geometry, rounding_precision=5) if area.geometry else None) == wkt


def test_group_and_itinerary_give_an_area_each() -> None:
    point = "<location><pointByCoordinates>{}</pointByCoordinates></location>".format
    members = "".join(
        f"<locationContainedInItinerary>{point(coordinates(str(n), '4'))}</locationContainedInItinerary>"
        for n in range(3)
    )
    assert len(the_event(located(members)).areas) == 3


def test_record_that_cannot_be_read_costs_itself_only() -> None:
    nameless = situation(number=2).replace(b'id="s2"', b"")
    found = reading(document(situation(number=1), nameless, situation(number=3)))
    assert [len(item.events) for item in found.items] == [1, 0, 1]
    assert not found.is_complete


def test_later_version_has_the_name_of_the_earlier_one() -> None:
    body = document(situation())
    (before,), (after,) = (
        item.events
        for one in (body, body.replace(b"T10:00:00Z</sit", b"T10:30:00Z</sit"))
        for item in reading(one).items
    )
    assert (before.identifier, before.aliases) == (after.identifier, after.aliases)
    assert before.sent < after.sent


def test_empty_snapshot_is_complete() -> None:
    assert reading(document()) == Reading(as_of=datetime(2026, 11, 20, 11, 0, tzinfo=UTC))


def test_document_from_days_ahead_is_a_problem() -> None:
    assert reading(document().replace(b"2026-11-20T11", b"2026-12-20T11")).problems


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'<d2LogicalModel xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
                     b'<payloadPublication i:type="MeasuredDataPublication"/></d2LogicalModel>', id="measurements"),
        pytest.param(b"<rss><channel/></rss>", id="rss"),
        pytest.param(b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>', id="cap"),
    ],
)  # fmt: skip
def test_other_publications_are_refused(body: bytes) -> None:
    assert formats.name_of(body) != "datex2"
    with pytest.raises(FormatError):
        reading(body)


# --- large and hostile documents ----------------------------------------------------------------------------------


def utf_16(body: bytes) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-16"?>'.decode().encode("utf-16") + body.decode().encode("utf-16-le")


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(lambda body: body, id="plain"),
        pytest.param(gzip.compress, id="gzip"),
        pytest.param(lambda body: b"\xef\xbb\xbf\n" + body, id="byte-order-mark"),
        pytest.param(utf_16, id="utf-16"),
        pytest.param(lambda body: b'<?xml version="1.0" encoding="UTF-16"?>' + body, id="utf-16-said-utf-8-meant"),
        pytest.param(lambda body: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + body, id="latin-1-said"),
    ],
)
def test_wrapping_changes_nothing(packed: Callable[[bytes], bytes]) -> None:
    words = "Straße gesperrt, " * 9_000  # so that letters of two bytes are cut by pieces
    body = document(*(situation(comment(f"{n} Straße"), number=n) for n in range(500)), situation(comment(words)))
    wrapped = packed(body)
    assert formats.name_of(wrapped) == "datex2"
    found = reading(wrapped)
    assert (found.items, found.is_complete) == (reading(body).items, True)


def test_parts_join_to_the_reading() -> None:
    body = document(*(situation(number=n) for n in range(9)))
    parts = list(stream(body, source="test", now=NOW))
    assert [len(part.items) for part in parts] == [1] * 9 + [0]
    assert tuple(item for part in parts for item in part.items) == reading(body).items
    assert list(formats.stream("datex2", body, source="test", now=NOW)) == parts


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda body: body[: len(body) * 2 // 3], id="cut"),
        pytest.param(lambda body: gzip.compress(body)[:-200], id="packed-cut"),
        pytest.param(lambda body: body.replace(b'id="s150"', b'id="s150'), id="malformed"),
        pytest.param(lambda body: body.replace(b'<situation id="s150">', b"<situation " + b" ".join(
            b'a%d="x"' % n for n in range(300)) + b">"), id="laden"),
        pytest.param(lambda body: body.replace(b'id="r150">', b'id="r150">' + b"<a>" * 100 + b"</a>" * 100), id="deep"),
        pytest.param(lambda body: body.replace(b'id="r150">', b'id="r150">' + b"<a/>" * 100_001), id="many-elements"),
        pytest.param(lambda body: body.replace(b'id="r150">', b'id="r150">' + b"x" * 5_000_000), id="long"),
        pytest.param(lambda body: gzip.compress(body) + b"more", id="more-behind"),
    ],
)  # fmt: skip
def test_what_was_read_before_a_fault_is_kept(broken: Callable[[bytes], bytes]) -> None:
    body = document(*(situation(comment("x" * 400), number=n) for n in range(200)))
    found = reading(broken(body))
    assert not found.is_complete
    assert found.problems
    assert 100 <= len(found.items) <= 200
    assert found.items == reading(body).items[: len(found.items)]


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(HEAD) + b"".join(packer.compress(b" " * 2**20) for _ in range(megabytes)) + packer.flush()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(bomb(50), id="gzip-bomb"),
        pytest.param(HEAD + b"<x/>" * 2_000_000, id="junk-without-end"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY b "c">]>' + document(), id="dtd"),
        pytest.param(b"<!--" + b"x" * 100_000 + b'--><!DOCTYPE a [<!ENTITY b "c">]>' + document(), id="dtd-far-behind"),
        pytest.param(b"<a>" * 300, id="deep"),
        pytest.param(gzip.compress(b""), id="packed-nothing"),
        pytest.param(gzip.compress(gzip.compress(document())), id="packed-twice"),
        pytest.param(b"\x1f\x8b\x08damaged", id="packed-damaged"),
    ],
)
def test_hostile_document_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        reading(body)


def test_entities_are_not_resolved() -> None:
    with pytest.raises(FormatError):
        reading(document(situation(comment("&file;"))))


def peak_bytes(situations: int) -> int:
    """Return how much memory of Python the reading of a document of so many situations takes at most."""

    def packed() -> Iterator[bytes]:
        packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        yield packer.compress(HEAD)
        for number in range(situations):
            junk = b"<p><q/></p>" * 3
            yield packer.compress(junk + situation(comment(f"{number:x}" * 400), number=number))
        yield packer.compress(TAIL) + packer.flush()

    body = b"".join(packed())
    tracemalloc.start()
    count = sum(len(part.items) for part in stream(body, source="test", now=NOW))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == situations
    return peak


def test_memory_does_not_grow_with_the_document() -> None:
    assert peak_bytes(1_600) < peak_bytes(400) * 1.5


# --- recorded documents -------------------------------------------------------------------------------------------


def recorded(shared: Path) -> list[tuple[Path, dict[str, Any]]]:
    lines = (shared / "feeds/dev/MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    cells = [line.split("\t") for line in lines]
    return [(shared / "feeds/dev" / row[0], json.loads(row[-1])) for row in cells if row[1].startswith("datex2")]


def facts(found: Reading) -> dict[str, Any]:
    """Return what the manifest says of a document, as the reading has it."""
    events = [event for item in found.items for event in item.events]
    kinds = [code.value for event in events for code in event.codes if code.scheme == "datex2"]
    starts = [event.onset for event in events if event.onset]
    return {
        "events": len(found.items),
        "records": len(events),
        "record_types": dict(Counter(kinds)),
        "situation_ids": [item.events[0].identifier.partition("/")[0] for item in found.items][:3],
        "is_complete": found.is_complete,
        "earliest": min(starts),
    }


@pytest.mark.shared
def test_recorded_documents_give_what_the_manifest_says(shared: Path) -> None:
    wrong = []
    for path, expected in recorded(shared):
        found = facts(reading(path.read_bytes()))
        said = {**expected, "is_complete": True, "earliest": found["earliest"]}
        # A record that names periods begins with the first of them, never before its overall start.
        start = datetime.fromisoformat(expected["start_min"]).replace(microsecond=0)
        if found != {key: said[key] for key in found} or found["earliest"] < start:
            wrong.append((path.name, found))
    assert wrong == []


@pytest.mark.shared
def test_recorded_documents_name_their_format(shared: Path) -> None:
    assert [path.name for path, _ in recorded(shared) if formats.name_of(path.read_bytes()) != "datex2"] == []


@pytest.mark.shared
def test_recorded_documents_are_placed_unless_they_state_codes_only(shared: Path) -> None:
    unplaced = Counter(
        path.name
        for path, _ in recorded(shared)
        for item in reading(path.read_bytes()).items
        for event in item.events
        if not any(area.geometry for area in event.areas)
    )
    assert unplaced == {
        "fi_fintraffic_roadworks.xml": 3,  # Alert-C alone
        "nl_ndw_planned_works_a.xml": 2,
        "nl_ndw_situations_2026-07-25.xml": 1,
    }


@pytest.mark.shared
def test_what_must_survive_the_gate_is_read(shared: Path) -> None:
    lost = []
    for line in (shared / "gate/dev.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["format"] == "datex2":
            found = reading(row["document"].encode())
            words = json.dumps([record.to_json(item) for item in found.items], ensure_ascii=False).casefold()
            lost += [(row["id"], word) for word in row["must_survive"] if word.casefold() not in words]
    assert lost == []
