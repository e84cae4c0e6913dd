"""CAP, where one alert says one thing: each claim in a document as small as it can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import shapely

from tocsin.formats import cap
from tocsin.model import Certainty, Event, Item, Problem, Reference, Response, Severity, Status, Urgency

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SENT = "2026-11-20T10:00:00+00:00"
SQUARE = "<polygon>50.0,8.0 50.0,8.2 50.2,8.2 50.2,8.0 50.0,8.0</polygon>"
OTHER = "<polygon>40.0,8.0 40.0,8.2 40.2,8.2 40.2,8.0 40.0,8.0</polygon>"


def alert(*infos: str, sent: str = SENT, head: str = "", status: str = "Actual", declared: str = "") -> bytes:
    return (
        f'{declared}<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>a</identifier>'
        f"<sender>warn@example.org</sender><sent>{sent}</sent><status>{status}</status><msgType>Alert</msgType>"
        f"<scope>Public</scope>{head}{''.join(infos)}</alert>"
    ).encode()


def info(
    inner: str = "",
    *,
    language: str = "en",
    event: str = "Flood",
    severity: str = "Severe",
    area: str = f"<area><areaDesc>here</areaDesc>{SQUARE}</area>",
) -> str:
    return (
        f"<info><language>{language}</language><category>Met</category><event>{event}</event>"
        f"<urgency>Expected</urgency><severity>{severity}</severity><certainty>Likely</certainty>{inner}{area}</info>"
    )


def item(body: bytes) -> Item:
    (only,) = cap.read(body, source="s", now=NOW).items
    return only


def events(*infos: str) -> tuple[Event, ...]:
    return item(alert(*infos)).events


def parameter(name: str, value: str) -> str:
    return f"<parameter><valueName>{name}</valueName><value>{value}</value></parameter>"


def geocode(value: str) -> str:
    return (
        f"<area><areaDesc>{value}</areaDesc><geocode><valueName>UGC</valueName><value>{value}</value></geocode></area>"
    )


# --- several infos ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("infos", "languages"),
    [
        pytest.param([info()], [["en"]], id="one"),
        pytest.param([info(), info(language="de")], [["en", "de"]], id="two-languages"),
        pytest.param([info(), info(language="EN")], [["en", "EN"]], id="one-language-twice"),
        pytest.param([info(), info(event="Wind")], [["en"], ["en"]], id="one-language-two-events"),
        pytest.param(
            [info(), info(event="Wind"), info(language="de", event="Flut"), info(language="de", event="Sturm")],
            [["en", "de"], ["en", "de"]],
            id="two-languages-two-events",
        ),
        pytest.param([info(), info(severity="Minor")], [["en"], ["en"]], id="two-severities"),
        pytest.param(
            [info(), info(severity="Minor"), info(language="de"), info(language="de", severity="Minor")],
            [["en", "de"], ["en", "de"]],
            id="two-severities-two-languages",
        ),
        pytest.param([info(), info(severity="Minor", language="de")], [["en", "de"]], id="languages-differ"),
        pytest.param(
            [info(), info(area=f"<area><areaDesc>there</areaDesc>{OTHER}</area>", language="de")],
            [["en"], ["de"]],
            id="two-places",
        ),
        pytest.param([info(area=geocode("A")), info(area=geocode("A"), language="de")], [["en", "de"]], id="one-code"),
        pytest.param([info(area=geocode("A")), info(area=geocode("B"), language="de")], [["en"], ["de"]], id="codes"),
        pytest.param(
            [
                info(area="<area><areaDesc>north</areaDesc></area>"),
                info(area="<area><areaDesc>south</areaDesc></area>"),
            ],
            [["en"], ["en"]],
            id="two-names-in-one-language",
        ),
        pytest.param(
            [
                info(area="<area><areaDesc>north</areaDesc></area>"),
                info(area="<area><areaDesc>Norden</areaDesc></area>", language="de", severity="Minor"),
            ],
            [["en"], ["de"]],
            id="names-alone-do-not-join-what-differs",
        ),
        pytest.param(
            [
                info("<onset>2026-11-20T11:00:00Z</onset>"),
                info("<onset>2026-11-20T12:00:00Z</onset>"),
            ],
            [["en"], ["en"]],
            id="two-onsets",
        ),
        pytest.param(
            [
                info("<eventCode><valueName>SAME</valueName><value>FFW</value></eventCode>"),
                info("<eventCode><valueName>SAME</valueName><value>TOR</value></eventCode>", language="de"),
            ],
            [["en"], ["de"]],
            id="two-event-codes",
        ),
        pytest.param(
            [
                info("<eventCode><valueName>LIST</valueName><value>078</value></eventCode>"),
                info("<eventCode><valueName>LIST:2</valueName><value>078</value></eventCode>", language="de"),
            ],
            [["en", "de"]],
            id="one-code-of-two-versions-of-a-list",
        ),
    ],
)
def test_infos_are_joined_or_kept_apart(infos: list[str], languages: list[list[str]]) -> None:
    found = events(*infos)
    assert [[text.language for text in event.texts] for event in found] == languages
    assert [event.part for event in found] == list(range(len(languages)))


def test_joined_languages_that_differ_lower_nothing() -> None:
    (event,) = events(
        info("<onset>2026-11-20T13:00:00Z</onset><expires>2026-11-20T18:00:00Z</expires>"),
        info(
            "<onset>2026-11-20T11:00:00Z</onset><expires>2026-11-20T15:00:00Z</expires>",
            language="de",
            severity="Extreme",
        ),
    )
    assert event.severity is Severity.EXTREME
    assert (event.onset, event.expires) == (
        datetime(2026, 11, 20, 11, tzinfo=UTC),
        datetime(2026, 11, 20, 18, tzinfo=UTC),
    )


def test_language_that_states_no_onset_has_begun() -> None:
    (event,) = events(info("<onset>2026-11-20T13:00:00Z</onset>"), info(language="de"))
    assert event.onset is None


def test_all_clear_in_one_language_only_ends_nothing() -> None:
    (event,) = events(
        info("<responseType>AllClear</responseType>"),
        info("<responseType>Shelter</responseType>", language="de"),
    )
    assert not event.is_over
    assert event.response == (Response.SHELTER, Response.ALL_CLEAR)


def test_all_clear_of_those_that_respond_ends() -> None:
    (event,) = events(info("<responseType>AllClear</responseType>"), info(language="de"))
    assert event.is_over


@pytest.mark.parametrize(("number", "is_read"), [(500, True), (501, False)])
def test_number_of_infos(number: int, is_read: bool) -> None:
    found = item(alert(*[info(event=f"Flood {n}") for n in range(number)]))
    assert bool(found.events) is is_read


# --- what identifies an alert ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "now", "at"),
    [
        pytest.param("<identifier>a</identifier>", "", "alert/identifier", id="no-identifier"),
        pytest.param("<identifier>a<", f"<identifier>{'a' * 1001}<", "alert/identifier", id="long-identifier"),
        pytest.param("<sender>warn@example.org</sender>", "<sender/>", "alert/sender", id="empty-sender"),
        pytest.param(f"<sent>{SENT}</sent>", "", "alert/sent", id="no-sent"),
        pytest.param(SENT, "today", "alert/sent", id="unreadable-sent"),
        pytest.param("Actual", "Real", "alert/status", id="unknown-status"),
        pytest.param("<msgType>Alert</msgType>", "", "alert/msgType", id="no-msgType"),
        pytest.param("<status>", "<status>Test</status><status>", "alert/status", id="status-twice"),
    ],
)
def test_alert_without_identity_is_refused(was: str, now: str, at: str) -> None:
    found = item(alert(info()).replace(was.encode(), now.encode()))
    assert (found.events, found.problems[-1].at) == ((), at)


def test_alert_with_children_in_no_namespace_is_refused() -> None:
    body = alert(info()).replace(b"<alert xmlns", b"<c:alert xmlns:c").replace(b"</alert", b"</c:alert")
    assert item(body).events == ()


def test_children_in_another_namespace_are_not_read() -> None:
    (event,) = events(info('<headline xmlns="urn:example">other</headline>'))
    assert event.texts[0].headline == ""


@pytest.mark.parametrize(("ahead", "problems"), [(timedelta(days=7), 0), (timedelta(days=7, seconds=1), 1)])
def test_sent_far_ahead_is_kept_and_told(ahead: timedelta, problems: int) -> None:
    found = item(alert(info(), sent=f"{NOW + ahead:%Y-%m-%dT%H:%M:%SZ}"))
    assert (len(found.events), len(found.problems)) == (1, problems)


def test_wrong_namespace_is_read_and_told() -> None:
    found = item(alert(info()).replace(b"cap:1.2", b"cap:9.9"))
    assert [problem.is_repaired for problem in found.problems] == [True]
    assert len(found.events) == 1


# --- references -----------------------------------------------------------------------------------------------------

FIRST = Reference("warn@example.org", "first", datetime(2026, 11, 20, 8, tzinfo=UTC))
SECOND = Reference("The River Office", "second", datetime(2026, 11, 20, 9, tzinfo=UTC))
ONE = "warn@example.org,first,2026-11-20T08:00:00Z"
TWO = "The River Office,second,2026-11-20T10:00:00+01:00"


@pytest.mark.parametrize(
    ("text", "references", "problems"),
    [
        pytest.param("", (), 0, id="empty"),
        pytest.param(ONE, (FIRST,), 0, id="one"),
        pytest.param(f"{ONE}\n\t{TWO}", (FIRST, SECOND), 0, id="two-and-a-sender-of-words"),
        pytest.param(f"{ONE} {ONE}", (FIRST,), 0, id="twice"),
        pytest.param(f" {ONE} , {TWO}", (FIRST, SECOND), 1, id="comma-between"),
        pytest.param(f"lost,{ONE}", (FIRST,), 1, id="out-of-step"),
        pytest.param(f"{ONE} lost", (FIRST,), 1, id="rest"),
        pytest.param("warn@example.org,first", (), 1, id="no-time"),
        pytest.param("warn@example.org,first,yesterday", (), 1, id="unreadable-time"),
        pytest.param(",first,2026-11-20T08:00:00Z", (), 1, id="no-sender"),
        pytest.param(f"warn@example.org,a,{SENT}", (), 1, id="itself"),
        pytest.param("warn@example.org,first,2026-11-20T08:00:00", (FIRST,), 1, id="no-offset"),
    ],
)
def test_references(text: str, references: tuple[Reference, ...], problems: int) -> None:
    found = item(alert(info(), head=f"<references>{text}</references>"))
    assert found.events[0].references == references
    assert len(found.problems) == problems


def test_references_are_no_more_than_a_thousand() -> None:
    text = " ".join(f"s,{n},2026-11-20T08:00:00Z" for n in range(1_500))
    found = item(alert(info(), head=f"<references>{text}</references>"))
    assert (len(found.events[0].references), len(found.problems)) == (1_000, 1)


# --- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "problems"),
    [
        pytest.param("2026-11-20T11:00:00+00:00", "11:00:00", 0, id="utc"),
        pytest.param("2026-11-20T11:00:00-00:00", "11:00:00", 0, id="minus-zero"),
        pytest.param("2026-11-20T11:00:00Z", "11:00:00", 0, id="z"),
        pytest.param("2026-11-20t11:00:00z", "11:00:00", 0, id="small-letters"),
        pytest.param("2026-11-20T13:00:00+0200", "11:00:00", 0, id="offset-without-colon"),
        pytest.param("2026-11-20T13:00:00+02", "11:00:00", 0, id="offset-of-hours"),
        pytest.param("2026-11-20T11:00Z", "11:00:00", 0, id="no-seconds"),
        pytest.param("2026-11-20 11:00:00 Z", "11:00:00", 0, id="blanks"),
        pytest.param(" 2026-11-20T11:00:00Z\n", "11:00:00", 0, id="white-space"),
        pytest.param("2026-11-20T11:00:00.1234567890123456789Z", "11:00:00", 0, id="many-digits"),
        pytest.param("2026-11-20T11:00:00,5Z", "11:00:00", 0, id="comma"),
        pytest.param("2026-11-21T01:00:00+14:00", "11:00:00", 0, id="widest-offset"),
        pytest.param("2026-11-20T11:00:00", "11:00:00", 1, id="no-offset"),
        pytest.param("2026-11-19T24:00:00-11:00", "11:00:00", 1, id="24-hours"),
        pytest.param("2026-11-20T11:59:60Z", "11:59:59", 1, id="leap-second"),
    ],
)
def test_time(text: str, expected: str, problems: int) -> None:
    found = item(alert(info(f"<onset>{text}</onset>")))
    assert found.events[0].onset == datetime.fromisoformat(f"2026-11-20T{expected}+00:00")
    assert [problem.is_repaired for problem in found.problems] == [True] * problems


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-11-20", id="date"),
        pytest.param("20.11.2026 11:00", id="german"),
        pytest.param("2026-02-30T11:00:00Z", id="no-such-day"),
        pytest.param("2026-11-20T24:00:01Z", id="after-24-hours"),
        pytest.param("2026-11-20T11:60:00Z", id="minute-60"),
        pytest.param("2026-11-20T11:00:00+14:01", id="offset-too-wide"),
        pytest.param("2026-11-20T11:00:00-15:00", id="offset-too-wide-west"),
        pytest.param("2026-11-20T11:00:00+01:75", id="offset-of-75-minutes"),
        pytest.param("0001-01-01T00:00:00+14:00", id="before-all-time"),
        pytest.param("9999-12-31T24:00:00Z", id="after-all-time"),
        pytest.param("٢٠٢٦-11-20T11:00:00Z", id="digits-of-another-script"),
    ],
)
def test_time_refused(text: str) -> None:
    found = item(alert(info(f"<onset>{text}</onset>")))
    assert found.events[0].onset is None
    assert [problem.is_repaired for problem in found.problems] == [False]


@pytest.mark.parametrize(
    ("times", "problems"),
    [
        pytest.param(f"<expires>{SENT}</expires>", 0, id="as-sent"),
        pytest.param("<expires>2026-11-20T09:59:59Z</expires>", 1, id="before-sent"),
        pytest.param(
            "<onset>2026-11-20T12:00:00Z</onset><expires>2026-11-20T11:00:00Z</expires>", 1, id="before-onset"
        ),
    ],
)
def test_end_before_the_beginning_is_kept_and_told(times: str, problems: int) -> None:
    found = item(alert(info(times)))
    assert found.events[0].expires is not None
    assert len(found.problems) == problems


# --- VTEC -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vtec", "sent", "aliases", "is_over", "status"),
    [
        pytest.param(
            "/O.NEW.KLSX.TO.W.0040.211211T0200Z-211211T0245Z/",
            "2021-12-11T02:00:00Z",
            ("vtec:KLSX.TO.W.0040.2021",),
            False,
            Status.ACTUAL,
            id="new",
        ),
        pytest.param(
            "/O.CON.KLSX.TO.W.0040.000000T0000Z-211211T0245Z/",
            "2021-12-11T02:20:00Z",
            ("vtec:KLSX.TO.W.0040.2021",),
            False,
            Status.ACTUAL,
            id="continued",
        ),
        pytest.param(
            "/O.EXT.KLSX.FL.W.0040.000000T0000Z-000000T0000Z/",
            "2022-01-03T02:20:00Z",
            ("vtec:KLSX.FL.W.0040.2022", "vtec:KLSX.FL.W.0040.2021"),
            False,
            Status.ACTUAL,
            id="extended-in-january",
        ),
        pytest.param(
            "/O.NEW.KLSX.FL.W.0001.000000T0000Z-220104T0000Z/",
            "2022-01-03T02:20:00Z",
            ("vtec:KLSX.FL.W.0001.2022",),
            False,
            Status.ACTUAL,
            id="new-in-january",
        ),
        pytest.param(
            "/O.NEW.KLSX.WS.A.0012.220101T0600Z-220102T0000Z/",
            "2021-12-31T02:20:00Z",
            ("vtec:KLSX.WS.A.0012.2022",),
            False,
            Status.ACTUAL,
            id="begins-next-year",
        ),
        pytest.param(
            "/O.EXP.KLSX.TO.W.0040.000000T0000Z-211211T0245Z/",
            "2021-12-11T02:46:00Z",
            ("vtec:KLSX.TO.W.0040.2021",),
            True,
            Status.ACTUAL,
            id="expired",
        ),
        pytest.param(
            "/O.UPG.KLSX.WS.A.0012.220101T0600Z-220102T0000Z/ /O.NEW.KLSX.WS.W.0013.220101T0600Z-220102T0000Z/",
            "2022-01-01T02:20:00Z",
            ("vtec:KLSX.WS.A.0012.2022", "vtec:KLSX.WS.W.0013.2022"),
            False,
            Status.ACTUAL,
            id="upgraded-into-another",
        ),
        pytest.param(
            "/E.NEW.KLSX.TO.W.0040.211211T0200Z-211211T0245Z/",
            "2021-12-11T02:00:00Z",
            ("vtec:KLSX.TO.W.0040.2021",),
            False,
            Status.EXERCISE,
            id="exercise",
        ),
        pytest.param(
            "/X.NEW.KLSX.TO.W.0040.211211T0200Z-211211T0245Z/",
            "2021-12-11T02:00:00Z",
            ("vtec:KLSX.TO.W.0040.2021",),
            False,
            Status.TEST,
            id="experimental",
        ),
        pytest.param("no VTEC", "2021-12-11T02:00:00Z", (), False, Status.ACTUAL, id="none"),
        pytest.param(
            "/O.NEW.KLSX.TO.W.0040.211332T0200Z-211211T0245Z/",
            "2021-12-11T02:00:00Z",
            ("vtec:KLSX.TO.W.0040.2021",),
            False,
            Status.ACTUAL,
            id="no-such-day",
        ),
    ],
)
def test_vtec(vtec: str, sent: str, aliases: tuple[str, ...], is_over: bool, status: Status) -> None:
    (event,) = item(alert(info(parameter("VTEC", vtec)), sent=sent)).events
    assert (event.aliases, event.is_over, event.status) == (aliases, is_over, status)


def test_vtec_knows_the_later_end() -> None:
    inner = "<expires>2021-12-11T02:30:00Z</expires>"
    inner += parameter("VTEC", "/O.NEW.KLSX.TO.W.0040.211211T0200Z-211211T0245Z/")
    (event,) = item(alert(info(inner), sent="2021-12-11T02:00:00Z")).events
    assert event.expires == datetime(2021, 12, 11, 2, 45, tzinfo=UTC)


# --- the values -----------------------------------------------------------------------------------------------------


def test_very_likely_is_likely() -> None:
    found = item(alert(info()).replace(b">Likely<", b">Very Likely<"))
    assert found.events[0].certainty is Certainty.LIKELY
    assert found.problems == (
        Problem(
            at="alert/info[1]/certainty",
            message="not spelled as in the list; read as the value meant",
            is_repaired=True,
        ),
    )


def test_element_of_info_twice_counts_once() -> None:
    found = item(alert(info("<urgency>Past</urgency>")))
    assert found.events[0].urgency is Urgency.EXPECTED
    assert [problem.is_repaired for problem in found.problems] == [False]


def test_long_text_is_cut() -> None:
    found = item(alert(info(f"<description>{'a' * 16_385}</description>")))
    assert len(found.events[0].texts[0].description) == 16_384
    assert len(found.problems) == 1


@pytest.mark.parametrize(
    ("language", "expected"), [("de-LS", "de-LS"), ("en_US", "en-US"), ("", "en-US"), ("call 555", "und")]
)
def test_language(language: str, expected: str) -> None:
    assert events(info(language=language))[0].texts[0].language == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://example.org/a?b=c", True, id="https"),
        pytest.param("http://example.org", True, id="http"),
        pytest.param("javascript:alert(1)", False, id="script"),
        pytest.param("https://warn@example.org/", False, id="user"),
        pytest.param("https://[example.org/", False, id="broken"),
        pytest.param("//example.org", False, id="no-scheme"),
        pytest.param("https:///a", False, id="no-host"),
        pytest.param("https://example.org/a b", False, id="blank"),
        pytest.param(f"https://example.org/{'a' * 2000}", False, id="long"),
    ],
)
def test_web(url: str, expected: bool) -> None:
    found = item(alert(info(f"<web>{url}</web>")))
    assert found.events[0].web == (url if expected else "")
    assert len(found.problems) == (0 if expected else 1)


def test_codes_without_a_value_or_too_long_are_left_out() -> None:
    area = (
        "<area><areaDesc>here</areaDesc><geocode><valueName>A</valueName><value/></geocode>"
        f"<geocode><valueName>B</valueName><value>{'b' * 1001}</value></geocode><geocode>c=d</geocode>"
        "<geocode><value>\n e \n f </value></geocode></area>"
    )
    found = item(alert(info(area=area)))
    assert found.events[0].areas[0].geocodes == (("c", "d"), ("", "e f"))
    assert len(found.problems) == 1


@pytest.mark.parametrize(
    ("inner", "code", "problems"),
    [
        pytest.param("<valueName>A</valueName><value> b\n c </value>", ("A", "b c"), 0, id="as-nearly-all"),
        pytest.param("<value>b</value><valueName>A</valueName>", ("A", "b"), 0, id="the-other-way-round"),
        pytest.param("<valueName>A</valueName><value>b</value><note>c</note>", ("A", "b"), 0, id="a-third-beside-them"),
        pytest.param("<valueName>A</valueName><value>b</value><value>c</value>", ("A", "b"), 1, id="two-values"),
        pytest.param("<valueName>A</valueName><value>b<i>c</i></value>", ("A", "bc"), 0, id="markup-inside"),
        pytest.param(
            '<valueName>A</valueName><value xmlns="urn:other">c</value><value>b</value>', ("A", "b"), 0, id="another-s"
        ),
    ],
)
def test_code_is_a_name_and_a_value_however_they_stand(inner: str, code: tuple[str, str], problems: int) -> None:
    found = item(alert(info(area=f"<area><areaDesc>here</areaDesc><geocode>{inner}</geocode></area>")))
    assert found.events[0].areas[0].geocodes == (code,)
    assert len(found.problems) == problems


def test_text_with_markup_inside_is_text() -> None:
    (event,) = events(info("<headline>All <b>roads</b> closed</headline>"))
    assert event.texts[0].headline == "All roads closed"


def test_shape_said_twice_is_told_once() -> None:
    area = "<area><areaDesc>here</areaDesc><polygon>50,8 50,9 51,9</polygon></area>"
    found = item(alert(info(area=area), info(area=area, language="de")))
    assert [problem.at for problem in found.problems] == ["alert/info[1]/area[1]/polygon[1]"]
    assert len(found.events) == 1


def test_bad_shape_leaves_the_event() -> None:
    area = "<area><areaDesc>here</areaDesc><polygon>50,8 50,9 50,8</polygon></area>"
    found = item(alert(info(area=area)))
    assert found.events[0].areas[0].geometry is None
    assert [problem.is_repaired for problem in found.problems] == [False]


# --- what a hostile alert may cost --------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "is_told"), [(20, False), (21, True)])
def test_circles_beyond_a_number_are_drawn_as_boxes(count: int, *, is_told: bool) -> None:
    circles = "".join(f"<circle>{lat}.5,10.0 5</circle>" for lat in range(count))
    found = item(alert(info(area=f"<area><areaDesc>here</areaDesc>{circles}</area>")))
    (geometry,) = (area.geometry for area in found.events[0].areas)
    assert geometry is not None
    assert [len(part.exterior.coords) for part in shapely.get_parts(geometry)].count(5) == count - 20
    assert any("drawn as boxes" in problem.message for problem in found.problems) == is_told


def test_equal_circles_are_drawn_once() -> None:
    circles = "<circle>1.5,10.0 5</circle>" * 500
    found = item(alert(info(area=f"<area><areaDesc>here</areaDesc>{circles}</area>")))
    assert not found.problems
