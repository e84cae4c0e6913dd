"""What the reader of NWS text products finds, and how it decides what the text leaves open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin import formats, gate, lifecycle
from tocsin.errors import FormatError
from tocsin.formats import nws_text
from tocsin.model import Certainty, Code, Event, IssuerClass, MsgType, Reading, Severity, Status, Urgency, Verdict

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TORNADO = "O.NEW.KQQQ.TO.W.0035.261120T1154Z-261120T1230Z"


def product(
    *vtecs: str,
    header: str = "WFUS53 KQQQ 201154",
    awips: str = "TORQQQ",
    zones: str = "KSC015-201230-",
    body: str = "",
) -> bytes:
    """Return a product of one segment."""
    lines = [header, awips, "", zones, *(f"/{vtec}/" for vtec in vtecs), "", body, "", "$$", ""]
    return "\n".join(lines).encode()


def read(*bodies: bytes, now: datetime = NOW) -> Reading:
    return nws_text.read(b"\n".join(bodies), source="wire", now=now)


def events_of(*bodies: bytes, now: datetime = NOW) -> list[Event]:
    return [event for item in read(*bodies, now=now).items for event in item.events]


def event_of(body: bytes, *, now: datetime = NOW) -> Event:
    (event,) = events_of(body, now=now)
    return event


def ugc(event: Event) -> str:
    return " ".join(code.value for area in event.areas for code in area.geocodes)


@pytest.mark.parametrize(
    ("zones", "found"),
    [
        pytest.param("KSC015-173-202330-", "KSC015 KSC173", id="list"),
        pytest.param("OKZ086>088-202330-", "OKZ086 OKZ087 OKZ088", id="range"),
        pytest.param("OKZ036-TXZ083>084-OKC001-202330-", "OKZ036 TXZ083 TXZ084 OKC001", id="state-changes"),
        pytest.param("OKZ036-037-\n038-039-\n202330-", "OKZ036 OKZ037 OKZ038 OKZ039", id="three-lines"),
        pytest.param("OKZ036-\n037-202330-", "OKZ036 OKZ037", id="wrapped"),
        pytest.param("KSC000-202330-", "KSC000", id="whole-state"),
        pytest.param("KSCALL-202330-", "KSC000", id="whole-state-as-ALL"),
        pytest.param("KSC015-202330", "KSC015", id="no-last-dash"),
        pytest.param("KSC015-015-202330-", "KSC015", id="said-twice"),
        pytest.param("KSC015-020>018-202330-", "KSC015", id="range-backwards"),
        pytest.param("KSC015-X18-202330-", "KSC015", id="no-number"),
        pytest.param("KSZ010>KSZ012-202330-", "KSZ010 KSZ011 KSZ012", id="range-with-state"),
        pytest.param("KSZ011-010>OKZ012-202330-", "KSZ011", id="range-over-states"),
    ],
)
def test_zones(zones: str, found: str) -> None:
    assert ugc(event_of(product(TORNADO, zones=zones))) == found


def test_codes_are_capped() -> None:
    states = [f"{a}{b}C" for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABC"]
    reading = read(product(TORNADO, zones="-\n".join(f"{state}001>999" for state in states) + "-202330-"))
    assert len(reading.items[0].events[0].areas[0].geocodes) == 10_000
    assert any("too many" in problem.message for problem in reading.items[0].problems)


@pytest.mark.parametrize(
    ("line", "wkt"),
    [
        pytest.param("LAT...LON 3791 9728 3773 9701 3753 9729", "-97.28 37.91", id="four-digits"),
        pytest.param("LAT...LON 3276 11174 3279 11180 3290 11191", "-111.74 32.76", id="five-digits"),
        pytest.param("LAT...LON 730 13430 740 13440 735 13450", "-134.3 7.3", id="three-digits"),
        pytest.param("LAT...LON 44738786 45378992 45829078", "-87.86 44.73", id="eight-digits"),
        pytest.param("LAT...LON 44730280 45370392 45820478", "-102.8 44.73", id="eight-digits-beyond-100"),
        pytest.param("LAT...LON 3791 9728\n      3773 9701\n  3753 9729", "-97.28 37.91", id="wrapped"),
        pytest.param("Lat...Lon 3791 9728 3773 9701 3753 9729", "-97.28 37.91", id="mixed-case"),
        pytest.param("LAT...LON 3791 9728 3773 9701 3753 9729 TIME...MOT...LOC\n2210Z 004DEG 11KT 2455 8106",
                     "-97.28 37.91", id="motion-on-its-line"),
        pytest.param("LAT...LON MISSING\n\nTIME...MOT...LOC 2205Z 2DEG 2KT 3818 8905 3802 8911 3793 8936", None,
                     id="missing"),
        pytest.param("TIME...MOT...LOC 2022Z 281DEG 27KT 3818 8905 3802 8911 3793 8936", None, id="motion-alone"),
        pytest.param("LAT...LON 1837 6474 1837 6475", None, id="two-points"),
        pytest.param("LAT...LON 3791 9728 3773", None, id="odd"),
        pytest.param("LAT...LON 9991 9728 3773 9701 3753 9729", None, id="beyond-the-pole"),
        pytest.param("LAT...LON", None, id="empty"),
    ],
)  # fmt: skip
def test_polygon(line: str, wkt: str | None) -> None:
    geometry = event_of(product(TORNADO, body=line)).areas[0].geometry
    assert (geometry is None) == (wkt is None)
    assert wkt is None or (geometry and wkt in geometry.wkt)


def test_longitudes_of_the_western_pacific_are_east() -> None:
    body = product(TORNADO, zones="GUC010-201230-", body="LAT...LON 1364 14486 1350 14495 1340 14470")
    geometry = event_of(body).areas[0].geometry
    assert geometry is not None
    assert geometry.bounds == (144.70, 13.40, 144.95, 13.64)


def test_latitudes_of_samoa_are_south() -> None:
    body = product(TORNADO, zones="ASZ001-201230-", body="LAT...LON 1420 17070 1430 17080 1435 17060")
    geometry = event_of(body).areas[0].geometry
    assert geometry is not None
    assert geometry.bounds == (-170.8, -14.35, -170.6, -14.2)


def test_polygon_over_the_180th_meridian_is_cut() -> None:
    geometry = event_of(product(TORNADO, body="LAT...LON 5173 17980 5201 18020 5240 17990")).areas[0].geometry
    assert geometry is not None
    assert (geometry.area < 1, geometry.bounds[0]) == (True, -180)


@pytest.mark.parametrize(
    ("header", "written", "now", "sent"),
    [
        pytest.param("201154", "", NOW, "2026-11-20T11:54", id="today"),
        pytest.param("312354", "", NOW, "2026-10-31T23:54", id="the-month-before"),
        pytest.param("211154", "", NOW, "2026-11-21T11:54", id="a-day-ahead"),
        pytest.param("211201", "", NOW, "2026-10-21T12:01", id="more-than-a-day-ahead"),
        pytest.param("312300", "", datetime(2027, 1, 1, 1, tzinfo=UTC), "2026-12-31T23:00", id="new-year"),
        pytest.param("290000", "", datetime(2027, 2, 28, 12, tzinfo=UTC), "2027-01-29T00:00", id="no-29-february"),
        pytest.param("291656", "1151 AM CDT MON AUG 29 2005", NOW, "2005-08-29T16:56", id="written-line"),
        pytest.param("010030", "730 PM EST SAT DEC 31 2005", NOW, "2006-01-01T00:30", id="written-in-another-year"),
        pytest.param("252330", "930 am ChST Thu Nov 26 2026", NOW, "2026-11-25T23:30", id="ahead-of-utc"),
        pytest.param("291656", "1951 AM CDT MON AUG 29 2005", NOW, "2005-08-29T16:56", id="hour-that-is-none"),
        pytest.param("391656", "1151 AM CDT MON AUG 29 2005", NOW, "2005-08-29T16:51", id="day-that-is-none"),
        pytest.param("201154", "1151 AM XYZ MON AUG 29 2005", NOW, "2026-11-20T11:54", id="zone-that-is-none"),
        pytest.param("201154", "1151 AM CDT MON FEB 30 2005", NOW, "2026-11-20T11:54", id="date-that-is-none"),
        pytest.param("201154", "12 PM AKDT FRI NOV 20 2026", NOW, "2026-11-20T11:54", id="hour-alone"),
    ],
)
def test_sent(header: str, written: str, now: datetime, sent: str) -> None:
    body = product(header=f"WWUS84 KQQQ {header}", awips="SPSQQQ", body=written)
    assert event_of(body, now=now).sent == datetime.fromisoformat(sent).replace(tzinfo=UTC)


def test_year_is_that_of_the_vtec_where_no_line_says_it() -> None:
    body = product("O.NEW.KQQQ.TO.W.0035.120415T0327Z-120415T0400Z", header="WFUS53 KQQQ 150327")
    assert event_of(body).sent == datetime(2012, 4, 15, 3, 27, tzinfo=UTC)


def test_product_from_far_ahead_is_told() -> None:
    (item,) = read(product(TORNADO, header="WFUS53 KQQQ 201154"), now=NOW - timedelta(days=30)).items
    assert [problem.message for problem in item.problems] == [
        "the product says that it was sent more than a week from now"
    ]


@pytest.mark.parametrize(
    ("action", "msg_type", "is_over"),
    [
        ("NEW", MsgType.ALERT, False),
        ("CON", MsgType.UPDATE, False),
        ("EXT", MsgType.UPDATE, False),
        ("EXA", MsgType.UPDATE, False),
        ("EXB", MsgType.UPDATE, False),
        ("COR", MsgType.UPDATE, False),
        ("ROU", MsgType.UPDATE, False),
        ("UPG", MsgType.CANCEL, True),
        ("CAN", MsgType.CANCEL, True),
        ("EXP", MsgType.UPDATE, True),
    ],
)
def test_action(action: str, msg_type: MsgType, *, is_over: bool) -> None:
    event = event_of(product(TORNADO.replace("NEW", action)))
    assert (event.msg_type, event.is_over) == (msg_type, is_over)
    assert (event.urgency is Urgency.PAST) == is_over


@pytest.mark.parametrize(
    ("product_class", "status"),
    [("O", Status.ACTUAL), ("T", Status.TEST), ("E", Status.EXERCISE), ("X", Status.TEST)],
)
def test_product_class(product_class: str, status: Status) -> None:
    assert event_of(product(product_class + TORNADO[1:])).status is status


@pytest.mark.parametrize(
    ("vtec", "onset", "expires"),
    [
        pytest.param("261120T1300Z-261120T1500Z", "2026-11-20T13:00", "2026-11-20T15:00", id="both"),
        pytest.param("000000T0000Z-261120T1500Z", None, "2026-11-20T15:00", id="begun"),
        pytest.param("261120T1300Z-000000T0000Z", "2026-11-20T13:00", "2026-11-20T12:30", id="until-further-notice"),
        pytest.param("700101T0000Z-261120T1500Z", None, "2026-11-20T15:00", id="zero-of-a-generator"),
        pytest.param("261320T1300Z-261120T1500Z", None, "2026-11-20T15:00", id="month-that-is-none"),
    ],
)
def test_times(vtec: str, onset: str | None, expires: str) -> None:
    event = event_of(product(f"O.NEW.KQQQ.FL.W.0035.{vtec}"))
    assert event.onset == (datetime.fromisoformat(onset).replace(tzinfo=UTC) if onset else None)
    assert event.expires == datetime.fromisoformat(expires).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "severity", "certainty"),
    [
        pytest.param("", Severity.SEVERE, Certainty.LIKELY, id="none"),
        pytest.param("FLASH FLOOD...OBSERVED", Severity.SEVERE, Certainty.OBSERVED, id="seen"),
        pytest.param("FLASH FLOOD...RADAR INDICATED", Severity.SEVERE, Certainty.LIKELY, id="radar"),
        pytest.param("FLASH FLOOD DAMAGE THREAT...CONSIDERABLE", Severity.SEVERE, Certainty.LIKELY, id="considerable"),
        pytest.param("FLASH FLOOD DAMAGE THREAT...CATASTROPHIC", Severity.EXTREME, Certainty.LIKELY, id="catastrophe"),
        pytest.param("THUNDERSTORM DAMAGE THREAT...DESTRUCTIVE", Severity.EXTREME, Certainty.LIKELY, id="destructive"),
        pytest.param("A FLASH FLOOD DAMAGE THREAT...CATASTROPHIC", Severity.SEVERE, Certainty.LIKELY, id="no-tag"),
    ],
)
def test_tags_raise(body: str, severity: Severity, certainty: Certainty) -> None:
    event = event_of(product("O.NEW.KQQQ.FF.W.0035.261120T1154Z-261120T1230Z", body=f"&&\n\n{body}"))
    assert (event.severity, event.certainty) == (severity, certainty)


def test_tags_never_lower() -> None:
    event = event_of(product(TORNADO, body="TORNADO DAMAGE THREAT...CONSIDERABLE"))
    assert event.severity is Severity.EXTREME


@pytest.mark.parametrize(
    ("line", "measures"),
    [
        ("HAIL...1.00IN", {"hail_in": 1.0}),
        ("HAIL...<.75IN", {"hail_in": 0.75}),
        ("MAX HAIL SIZE...2.50 IN", {"hail_in": 2.5}),
        ("WIND...60MPH", {"gust_mph": 60.0}),
        ("MAX WIND GUST...70 MPH", {"gust_mph": 70.0}),
        ("WIND...>34KTS", {"gust_kt": 34.0}),
        ("MAX WIND GUST...MPH", {}),
        ("HAIL...BIG", {}),
    ],
)
def test_measures(line: str, measures: dict[str, float]) -> None:
    assert event_of(product(TORNADO, body=line)).measures == measures


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("Stay inside. Call 555-0142 for help.", "Stay inside.", id="call"),
        pytest.param("Stay inside. Questions: (555) 555-0142.", "Stay inside.", id="number"),
        pytest.param("Stay inside. Write to desk@example.org.", "Stay inside.", id="mailbox"),
        pytest.param("Contact the desk. Stay inside.", "Stay inside.", id="contact"),
        pytest.param("Avoid contact with flood water.", "Avoid contact with flood water.", id="contact-with-water"),
        pytest.param("Snow above 3500-4000 feet.", "Snow above 3500-4000 feet.", id="range"),
        pytest.param("Stay inside.\n\n...Smith", "Stay inside.", id="signature"),
        pytest.param("Stay inside.\n\n..SMITH/JONES.. 07/26/2013", "Stay inside.", id="signature-with-date"),
        pytest.param("Stay inside.\n\n&&\n\nTable", "Stay inside.", id="table"),
        pytest.param(
            "Begins at 0600 UTC Nov 26 2026.", "Begins at 0600 UTC Nov 26 2026.", id="a-time-that-is-no-issuance-line"
        ),
        pytest.param("HEADING\n-------\nStay inside.", "HEADING\n\nStay inside.", id="underlined"),
        pytest.param("* What\n  rain.\n* When\n  now.", "* What rain.\n\n* When now.", id="bullets"),
        pytest.param("Alpha     10 AM\nBeta      11 AM", "Alpha     10 AM\nBeta      11 AM", id="columns"),
    ],
)
def test_description(text: str, kept: str) -> None:
    assert event_of(product(TORNADO, body=text)).texts[0].description == kept


@pytest.mark.parametrize(
    ("action", "lines", "headline"),
    [
        pytest.param("NEW", "...A TORNADO WARNING IS IN EFFECT...", "A TORNADO WARNING IS IN EFFECT", id="one"),
        pytest.param("NEW", "...A TORNADO\nWARNING...\n...A WATCH...", "A TORNADO WARNING", id="its-own"),
        pytest.param("NEW", "...STORMS...", "STORMS", id="names-nothing"),
        pytest.param("NEW", "...UNCLOSED\nHEADLINE\n\nText.", "UNCLOSED HEADLINE", id="unclosed"),
        pytest.param("NEW", "", "Tornado Warning", id="none"),
        pytest.param("CAN", "...A TORNADO WARNING IS IN EFFECT...", "Tornado Warning cancelled", id="of-another"),
        pytest.param("CAN", "...THE TORNADO WARNING IS CANCELLED...", "THE TORNADO WARNING IS CANCELLED", id="ended"),
        pytest.param("UPG", "", "Tornado Warning replaced by another", id="upgraded"),
        pytest.param("EXP", "", "Tornado Warning expired", id="expired"),
    ],
)
def test_headline(action: str, lines: str, headline: str) -> None:
    assert event_of(product(TORNADO.replace("NEW", action), body=lines)).texts[0].headline == headline


@pytest.mark.parametrize(
    ("lines", "is_over"),
    [
        ("...THE TORNADO WARNING IS CANCELLED...", True),
        ("...A TORNADO WARNING REMAINS IN EFFECT...", False),
        ("...THE TORNADO WARNING IS CANCELLED...\n...A TORNADO WARNING REMAINS IN EFFECT...", False),
        ("...THE TORNADO WATCH IS CANCELLED...", False),
        ("", False),
    ],
)
def test_corrected_end(lines: str, *, is_over: bool) -> None:
    assert event_of(product(TORNADO.replace("NEW", "COR"), body=lines)).is_over == is_over


def test_two_hazards_of_one_segment_have_their_own_threads() -> None:
    found = events_of(
        product(
            "O.NEW.KQQQ.WW.Y.0015.261120T0932Z-261120T1500Z",
            "O.EXA.KQQQ.WC.Y.0008.000000T0000Z-261120T1500Z",
            awips="WSWQQQ",
        )
    )
    assert [event.codes for event in found] == [
        (Code("NationalWeatherService", "WWY"),),
        (Code("NationalWeatherService", "WCY"),),
    ]
    assert len(set(lifecycle.threads(found).values())) == 2


def test_text_and_api_name_a_thread_alike() -> None:
    assert event_of(product(TORNADO)).aliases == ("vtec:KQQQ.TO.W.0035.2026",)


def test_routine_statements_have_no_thread() -> None:
    assert event_of(product("O.ROU.KQQQ.HY.S.0000.000000T0000Z-000000T0000Z")).aliases == ()


def in_force(*bodies: bytes, at: datetime = NOW) -> list[str]:
    """Return the zones of what is in force after these products."""
    return sorted(ugc(event) for event in lifecycle.in_force(events_of(*bodies), at))


WATCH = "O.{}.KQQQ.WS.A.0001.{}-261121T0000Z"
NEW = product(WATCH.format("NEW", "261120T1800Z"), header="WWUS43 KQQQ 200900", zones="KSZ001>003-202100-")


@pytest.mark.parametrize(
    ("later", "zones"),
    [
        pytest.param((), ["KSZ001 KSZ002 KSZ003"], id="new"),
        pytest.param(
            [product(WATCH.format("CON", "261120T1800Z"), header="WWUS43 KQQQ 201000", zones="KSZ001>003-202100-")],
            ["KSZ001 KSZ002 KSZ003"],
            id="goes-on",
        ),
        pytest.param(
            [
                product(WATCH.format("CAN", "261120T1800Z"), header="WWUS43 KQQQ 201000", zones="KSZ001-202100-")
                + product(WATCH.format("CON", "261120T1800Z"), header="WWUS43 KQQQ 201000", zones="KSZ002>003-202100-")
            ],
            ["KSZ002 KSZ003"],
            id="partly-cancelled",
        ),
        pytest.param(
            [product(WATCH.format("EXA", "261120T1800Z"), header="WWUS43 KQQQ 201000", zones="KSZ004-202100-")],
            ["KSZ001 KSZ002 KSZ003", "KSZ004"],
            id="further-zones",
        ),
        pytest.param(
            [
                product(
                    WATCH.format("UPG", "261120T1800Z"),
                    "O.NEW.KQQQ.WS.W.0001.261120T1800Z-261121T0000Z",
                    header="WWUS43 KQQQ 201000",
                    zones="KSZ001>003-202100-",
                )
            ],
            ["KSZ001 KSZ002 KSZ003"],
            id="upgraded",
        ),
        pytest.param(
            [product(WATCH.format("EXP", "000000T0000Z"), header="WWUS43 KQQQ 201000", zones="KSZ001>003-202100-")],
            [],
            id="expired",
        ),
        pytest.param(
            [product(WATCH.format("NEW", "261120T1800Z"), header="WWUS43 KQQQ 200900 CCA", zones="KSZ001>002-202100-")],
            ["KSZ001 KSZ002"],
            id="corrected-at-the-same-time",
        ),
        pytest.param(
            [
                product(WATCH.format("NEW", "261120T1800Z"), header=f"WWUS43 KQQQ 200900 CC{n}", zones=zones)
                for n, zones in (("A", "KSZ001>002-202100-"), ("B", "KSZ001-202100-"))
            ],
            ["KSZ001"],
            id="corrected-twice",
        ),
    ],
)
def test_series(later: tuple[bytes, ...], zones: list[str]) -> None:
    assert in_force(NEW, *later) == zones
    assert in_force(*reversed(later), NEW) == zones


@pytest.mark.parametrize(
    ("between", "description"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("\n", "", id="empty-line"),
        pytest.param("ALPHA-BETA-\n", "ALPHA, BETA", id="names-first"),
    ],
)
def test_vtec_belongs_to_the_codes_before_it(between: str, description: str) -> None:
    body = product(TORNADO).replace(b"/O.NEW", f"{between}/O.NEW".encode())
    event = event_of(body)
    assert (ugc(event), event.areas[0].description) == ("KSC015", description)


def test_names_that_are_a_sentence_keep_their_dashes() -> None:
    body = product(TORNADO).replace(b"/\n\n", b"/\nThe Alpha-Beta border\n\n")
    assert event_of(body).areas[0].description == "The Alpha-Beta border"


def test_codes_of_the_whole_product_are_no_segment() -> None:
    body = product(TORNADO).replace(
        b"\n\nKSC015-201230-", b"\nKSC015-KSC016-201230-\n\nFLOOD STATEMENT\n\nKSC015-201230-"
    )
    assert ugc(event_of(body)) == "KSC015"


def test_same_product_twice_is_one() -> None:
    first, second = events_of(NEW, NEW.replace(b"\n", b"\r\r\n"))
    assert first.id == second.id


def test_two_statements_of_one_minute_are_two() -> None:
    first, second = (product(awips="SPSQQQ", body=text) for text in ("One.", "Two."))
    assert len({event.id for event in events_of(first, second)}) == 2


@pytest.mark.parametrize("awips", ["AFDQQQ", "ZFPQQQ", "HWOQQQ", "LSRQQQ", "SWOMCD", "CLIQQQ", "TCDAT5", "RWSQQQ"])
def test_what_is_no_alert_is_no_item(awips: str) -> None:
    assert read(product(awips=awips, body="A word.")) == Reading()


@pytest.mark.parametrize("category", ["CAE", "BLU", "MEP", "LAE", "LEW", "CDW", "CEM", "RWT", "DMO", "ADR", "NMN"])
def test_messages_about_persons_are_dropped(category: str) -> None:
    (item,) = read(product(awips=f"{category}QQQ", body="A word.")).items
    assert gate.examine(item, issuer_class=IssuerClass.HAZARD).decision.verdict is Verdict.DROP


@pytest.mark.parametrize(
    ("vtec", "hazard"),
    [
        ("TO.W", "tornado"), ("TO.A", "tornado"), ("SV.W", "severe-thunderstorm"), ("FF.W", "flash-flood"),
        ("FA.Y", "flood"), ("FL.W", "flood"), ("HY.S", "flood"), ("WC.Y", "cold"), ("CW.Y", "cold"), ("WW.Y", "snow"),
        ("ZR.Y", "ice-storm"), ("LB.Y", "snow"), ("BS.Y", "blizzard"), ("MA.W", "special-marine"),
        ("MA.S", "rough-sea"), ("SC.Y", "rough-sea"), ("GL.W", "marine-storm"), ("SR.W", "marine-storm"),
        ("HF.W", "marine-storm"), ("UP.W", "freezing-spray"), ("UP.Y", "freezing-spray"), ("FW.W", "fire-weather"),
        ("FW.A", "fire-weather"), ("TI.W", "tropical-storm"), ("HI.W", "hurricane"), ("TY.W", "hurricane"),
        ("HU.S", "hurricane"), ("SS.W", "storm-surge"), ("RP.S", "high-surf"), ("BH.S", "high-surf"),
        ("SU.Y", "high-surf"), ("DF.W", "landslide"), ("XH.W", "heat"), ("EH.A", "heat"), ("EC.W", "cold"),
        ("HZ.W", "frost"), ("ZF.Y", "fog"), ("MF.Y", "fog"), ("MS.Y", "smoke"), ("MH.Y", "ash"), ("AF.W", "ash"),
        ("AS.Y", "air-quality"), ("SQ.W", "snow-squall"), ("DS.W", "dust"), ("DU.Y", "dust"), ("LO.Y", "rough-sea"),
        ("TS.W", "tsunami"), ("EW.W", "extreme-wind"), ("LS.W", "flood"), ("CF.S", "coastal-flood"),
        ("AV.W", "avalanche"), ("BW.Y", "rough-sea"), ("IP.W", "ice-storm"),
    ],
)  # fmt: skip
def test_every_phenomenon_is_on_the_list(vtec: str, hazard: str) -> None:
    (item,) = read(product(f"O.NEW.KQQQ.{vtec}.0035.261120T1154Z-261120T1230Z", awips="WSWQQQ")).items
    ruling = gate.examine(item, issuer_class=IssuerClass.HAZARD)
    assert [admitted.event.hazard for admitted in ruling.admitted] == [hazard]


@pytest.mark.parametrize(
    "category", ["SPS", "MWS", "AVW", "AQA", "ESF", "SEL", "EVI", "FRW", "HMW", "NUW", "SPW", "TOE"]
)
def test_alerts_without_vtec_pass(category: str) -> None:
    (item,) = read(product(awips=f"{category}QQQ", body="A word.")).items
    ruling = gate.examine(item, issuer_class=IssuerClass.HAZARD)
    assert (ruling.decision.verdict, len(ruling.admitted)) == (Verdict.PASS, 1)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param(NEW, "nws_text", id="header"),
        pytest.param(b"\x01\r\r\n517 \r\r\n" + NEW, "nws_text", id="control-and-number"),
        pytest.param(b"CDUS27 KZME 270616\nKHKS DS 26/11 661152/", "nws_text", id="climate"),
        pytest.param(b"WWUS43 KQQQ", None, id="half-a-header"),
        pytest.param(b"WEATHER " * 2_000, None, id="text"),
    ],
)
def test_name_of(body: bytes, name: str | None) -> None:
    assert formats.name_of(body) == name


def test_hostile_text_is_read_in_linear_time() -> None:
    body = b"WFUS53 KQQQ 201154\nTORQQQ\n" + b"KSC001>999-\n" * 20_000 + b"LAT...LON 1 1\n" * 20_000 + b"...\n" * 50_000
    assert read(body + NEW).items


def test_number_of_vtec_in_a_segment_is_capped() -> None:
    (item,) = read(product(*[TORNADO] * 100)).items
    assert len(item.events) == 60
    assert any("more VTEC" in problem.message for problem in item.problems)


def test_codes_of_all_products_are_capped() -> None:
    states = [f"{letter}{other}C000>999" for letter in "ABC" for other in "DE"]
    reading = read(*[product(TORNADO, zones="-".join(states) + "-202330-")] * 10)
    assert sum(len(event.areas[0].geocodes) for item in reading.items for event in item.events) == 10_000
    assert any("too many" in problem.message for problem in reading.items[-1].problems)


def test_codes_that_are_written_out_are_all_read() -> None:
    zones = "-\n".join(f"A{chr(65 + n % 26)}Z{n:03}" for n in range(999)) + "-202330-"
    reading = read(*[product(TORNADO, zones=zones)] * 12)
    assert sum(len(event.areas[0].geocodes) for item in reading.items for event in item.events) == 12 * 999


@pytest.mark.parametrize(("count", "read_count"), [(200, 200), (201, 200), (3_000, 200)])
def test_number_of_segments_of_a_product_is_capped(count: int, read_count: int) -> None:
    segments = "\n\n".join(f"KSC015-201230-\n/{TORNADO}/\n\n$$" for _ in range(count))
    (item,) = read(f"WFUS53 KQQQ 201154\nTORQQQ\n\n{segments}\n".encode()).items
    assert len(item.events) == read_count
    assert any("more than 200 segments" in problem.message for problem in item.problems) == (count > read_count)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(
            (b"WFUS53 KQQQ 201154\nSPSQQQ\n%b\n" % (b"WORD " * 25)) * 1_001, "more than 1000 alerts", id="alerts"
        ),
        pytest.param(b"WFUS53 KQQQ 201154\nSPSQQQ\n" + b"KSC015-201230-\n" * 3, "", id="three-segments"),
        pytest.param((b"WFUS53 KQQQ 201154\nSPSQQQ\n" + b"KSC015-201230-\n$$\n" * 200) * 11, "2000", id="segments"),
    ],
)
def test_number_of_alerts_is_capped(body: bytes, message: str) -> None:
    reading = read(body)
    assert message in "".join(problem.message for problem in reading.problems)
    assert bool(reading.problems) == bool(message)
    assert reading.is_complete != bool(message)


@pytest.mark.parametrize("body", [b"WFUS53 KQQQ 201154\n" * 20_001, b"WFUS53 KQQQ 201154\n" + b" " * 5 * 2**20])
def test_document_that_is_too_large_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        read(body)


def test_a_document_holds_no_more_alerts_than_its_length_can() -> None:
    one = b"WWUS84 KJAN 291100\r\nSPSJAN\r\nMSC049-291145-\r\n\r\n$$\r\n"
    for count, read in ((nws_text.FEW_ALERTS, nws_text.FEW_ALERTS), (1_000, 1_000 * len(one) // 128)):
        found = nws_text.read(one * count, source="s", now=NOW)
        assert len(found.items) == read
        assert found.is_complete is (read == count)
        assert bool(found.problems) is (read < count)
