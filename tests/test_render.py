"""A notice as people read it: what the subject says, what the text holds, and what never comes through."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from tocsin.hazards import FAMILIES, HAZARDS
from tocsin.ledger import Head
from tocsin.ledger.state import LogState
from tocsin.model import (
    Certainty,
    Concern,
    Evidence,
    Level,
    Notice,
    Place,
    Reason,
    Relation,
    Severity,
    Step,
    Text,
    Urgency,
)
from tocsin.render import Message, link, plain, prose, render, subject, words

T = datetime(2021, 12, 11, 2, 28, tzinfo=UTC)
HOUR = timedelta(hours=1)

DEPOT = Place(
    id="stl-1",
    name="Edwardsville warehouse A",
    geometry=shapely.Point(-90, 38.8),
    timezone="America/Chicago",
    languages=("en", "es"),
)
BERLIN = Place(
    id="ber-1",
    name="Berlin <Mitte> & Co",
    geometry=shapely.Point(13.4, 52.5),
    timezone="Europe/Berlin",
    languages=("de",),
)
PLACES = {one.id: one for one in (DEPOT, BERLIN)}
ENGLISH = Text(language="en-US", event="Tornado", headline="Tornado Warning until 9 PM", instruction="TAKE COVER NOW!")
GERMAN = Text(language="de-DE", event="Tornado", headline="Tornadowarnung", instruction="SOFORT SCHUTZ SUCHEN!")


def evidence(**fields: Any) -> Evidence:
    given: dict[str, Any] = {
        "event": "e1",
        "source": "us-nws-alerts",
        "identifier": "urn:oid:2.49.0.1.840.0.1",
        "sent": T,
        "severity": Severity.EXTREME,
        "urgency": Urgency.IMMEDIATE,
        "certainty": Certainty.OBSERVED,
        "area_exact": True,
    }
    return Evidence(**{**given, **fields})


def concern(place: str = "stl-1", **fields: Any) -> Concern:
    given: dict[str, Any] = {
        "place": place,
        "family": "tornado",
        "hazard": "tornado",
        "level": Level.ACT_NOW,
        "people": Level.ACT_NOW,
        "buildings": Level.BE_PREPARED,
        "traffic": Level.CALM,
        "begins": T,
        "ends": T + HOUR,
        "relation": Relation.INSIDE,
        "distance_m": 0.0,
        "evidence": (evidence(),),
    }
    return Concern(**{**given, **fields})


def notice(**fields: Any) -> Notice:
    given: dict[str, Any] = {
        "id": "n-1",
        "at": T,
        "channel": "control-room",
        "reason": Reason.FIRST,
        "family": "tornado",
        "hazard": "tornado",
        "level": Level.ACT_NOW,
        "begins": T,
        "ends": T + HOUR,
        "places": ("stl-1",),
        "threads": ("t1",),
        "concerns": (concern(),),
        "texts": (ENGLISH, GERMAN),
        "sender_name": "NWS St. Louis MO",
        "web": "https://alerts.example.org/1",
    }
    return Notice(**{**given, **fields})


def blind(reason: Reason = Reason.BLIND, **fields: Any) -> Notice:
    coverage: dict[str, Any] = {
        "reason": reason, "family": "coverage", "hazard": None, "level": Level.NOTICE, "begins": None, "ends": None,
        "threads": (), "concerns": (), "texts": (), "sender_name": "", "web": "", "families": ("wind", "winter"),
        "sources": ("gb-metoffice",),
    }  # fmt: skip
    return notice(**{**coverage, **fields})


def test_blindness_names_the_places_and_the_hazards_that_it_blinds() -> None:
    told = render(blind(places=("ber-1", "stl-1")), PLACES)
    assert {"Edwardsville warehouse A", PLACES["ber-1"].name} <= set(told.text.splitlines())
    assert "Hazards that nobody watches there now: " in told.text
    assert "Hazards that nobody watches there now: " in told.html
    assert {"wind", "blizzard"} <= set(told.json["hazards"])
    assert "Hazards watched again: " in render(blind(Reason.SEEING_AGAIN), PLACES).text


def test_a_notice_of_many_messages_names_the_worst_and_counts_the_others() -> None:
    many = tuple(replace(concern().evidence[0], event=f"e{number}") for number in range(25))
    told = render(notice(concerns=(replace(concern(), evidence=many),)), PLACES)
    assert "and 5 more" in told.text
    assert told.text.count("severity ") == 20


# --- the subject --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "line"),
    [
        pytest.param(notice(), "Act now: Tornado — Edwardsville warehouse A", id="first"),
        pytest.param(
            notice(places=("ber-1", "stl-1"), concerns=(concern(),)),
            "Act now: Tornado — Edwardsville warehouse A (+1 place)",
            id="two-places-worst-first",
        ),
        pytest.param(
            notice(places=("a", "b", "stl-1")),
            "Act now: Tornado — Edwardsville warehouse A (+2 places)",
            id="three-places",
        ),
        pytest.param(
            notice(reason=Reason.WORSE),
            "Act now: Tornado — Edwardsville warehouse A, worse than told before",
            id="worse",
        ),
        pytest.param(
            notice(reason=Reason.EASED, level=Level.BE_AWARE),
            "Be aware: Tornado — Edwardsville warehouse A, eased",
            id="eased",
        ),
        pytest.param(
            notice(reason=Reason.ENDED, hazard=None, concerns=(), texts=()),
            "All clear: Tornado — Edwardsville warehouse A",
            id="ended",
        ),
        pytest.param(
            blind(),
            "Blind: no working source watches wind, snow and ice for Edwardsville warehouse A",
            id="blind",
        ),
        pytest.param(
            blind(families=("wind", "winter", "flood", "heat", "cold", "fog")),
            "Blind: no working source watches wind, snow and ice, flood, heat and 2 more for Edwardsville warehouse A",
            id="blind-for-many",
        ),
        pytest.param(
            blind(Reason.SEEING_AGAIN), "Seeing again: wind, snow and ice for Edwardsville warehouse A", id="seeing"
        ),
        pytest.param(
            blind(Reason.SEEING_AGAIN, families=()),
            "Seeing again: all sources work for Edwardsville warehouse A",
            id="seeing-all",
        ),
        pytest.param(notice(places=("gone",), concerns=()), "Act now: Tornado — gone", id="place-removed"),
        pytest.param(notice(hazard="unheard-of"), "Act now: Tornado — Edwardsville warehouse A", id="hazard-unlisted"),
    ],
)
def test_subject(what: Notice, line: str) -> None:
    assert subject(what, PLACES) == line


@pytest.mark.parametrize(
    ("headline", "marker"),
    [
        pytest.param("TEST - Tornado Warning", "TEST", id="test"),
        pytest.param("Tornado Warning (THIS IS A TEST)", "TEST", id="test-within"),
        pytest.param("Test message", "TEST", id="first-word"),
        pytest.param("  [Exercise] Tornado", "EXERCISE", id="first-word-in-brackets"),
        pytest.param("DRILL: tsunami", "DRILL", id="drill"),
        pytest.param("ÜBUNG: Sirenen", "ÜBUNG", id="german"),
        pytest.param("Probealarm der Sirenen", "PROBEALARM", id="german-probe"),
        pytest.param("EJERCICIO de tsunami", "EJERCICIO", id="spanish"),
        pytest.param("THIS IS NOT A TEST. Take cover", "", id="not-a-test"),
        pytest.param("KEINE ÜBUNG", "", id="german-denied"),
        pytest.param("NOT A DRILL. EXERCISE of caution", "EXERCISE", id="one-denied-one-not"),
        pytest.param("Fire at the covid test centre", "", id="test-as-a-common-word"),
        pytest.param("Latest news, CONTEST and TESTING", "", id="part-of-a-word"),
        pytest.param("Tornado Warning", "", id="none"),
    ],
)
def test_subject_begins_with_the_issuers_exercise_marker(headline: str, marker: str) -> None:
    line = subject(notice(texts=(Text(), Text(headline=headline))), PLACES)
    assert line == (f"{marker}: " if marker else "") + "Act now: Tornado — Edwardsville warehouse A"


def test_subject_is_cut_at_200_characters() -> None:
    long = replace(DEPOT, name="x" * 300)
    line = subject(notice(), {"stl-1": long})
    assert len(line) == 200
    assert line.endswith("…")


@given(st.text(), st.text())
def test_subject_is_one_line_without_control_characters(name: str, headline: str) -> None:
    line = subject(notice(texts=(Text(headline=headline),)), {"stl-1": replace(DEPOT, name=name)})
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line)


# --- the text -----------------------------------------------------------------------------------------------------


def test_text_as_a_whole() -> None:
    assert render(notice(), PLACES).text == (
        "Act now: Tornado — Edwardsville warehouse A\n"
        "\n"
        "New\n"
        "Tornado Warning until 9 PM\n"
        "\n"
        "Edwardsville warehouse A\n"
        "  from Fri 10 Dec 2021 20:28 CST (America/Chicago)\n"
        "  until Fri 10 Dec 2021 21:28 CST (America/Chicago)\n"
        "  people: act now, buildings: be prepared\n"
        "\n"
        "What to do, in the issuer's words:\n"
        "\n"
        "TAKE COVER NOW!\n"
        "\n"
        "Who says so: NWS St. Louis MO\n"
        "- us-nws-alerts: severity Extreme, urgency Immediate, certainty Observed; issued 2021-12-11 02:28 UTC"
        " as urn:oid:2.49.0.1.840.0.1\n"
        "\n"
        "https://alerts.example.org/1\n"
        "\n"
        "Told on 2021-12-11 02:28 UTC by notice n-1\n"
    )


def test_the_last_line_says_how_the_ledger_stands() -> None:
    state = LogState(head=Head(size=41230, root=bytes.fromhex("9f2c11aa") * 8))
    message = render(notice(), PLACES, state=state)
    assert message.text.endswith("by notice n-1\nledger 41230/9f2c11aa…, unwitnessed\n")
    assert "ledger <code>41230/9f2c11aa…</code>, unwitnessed" in message.html
    assert message.json["ledger"] == state.json()


def test_blind_text_as_a_whole() -> None:
    blinded = ", ".join(hazard.label for hazard in HAZARDS.values() if hazard.family in {"wind", "winter"})
    assert render(blind(), PLACES).text == (
        "Blind: no working source watches wind, snow and ice for Edwardsville warehouse A\n"
        "\n"
        "No source that works watches this now: no news is not good news\n"
        "\n"
        "Edwardsville warehouse A\n"
        "  not watched: Wind, Snow and ice\n"
        "\n"
        f"Hazards that nobody watches there now: {blinded}\n"
        "\n"
        "Silent sources: gb-metoffice\n"
        "\n"
        "Told on 2021-12-11 02:28 UTC by notice n-1\n"
    )


def test_seeing_again_calls_no_source_silent() -> None:
    text = render(blind(Reason.SEEING_AGAIN), PLACES).text
    assert "watched again: Wind" in text
    assert "ilent" not in text


def test_all_clear_repeats_no_instruction() -> None:
    message = render(notice(reason=Reason.ENDED, concerns=()), PLACES)
    assert "over, as known at Fri 10 Dec 2021 20:28 CST" in message.text
    assert "TAKE COVER" not in message.text + message.html


def test_each_place_is_shown_in_its_own_time() -> None:
    both = notice(places=("ber-1", "stl-1"), concerns=(concern("stl-1"), concern("ber-1")))
    text = render(both, PLACES).text
    assert "from Fri 10 Dec 2021 20:28 CST (America/Chicago)" in text
    assert "from Sat 11 Dec 2021 03:28 CET (Europe/Berlin)" in text


def test_level_that_changes_meanwhile_is_told_step_by_step() -> None:
    steps = (Step(Level.ACT_NOW, T, T + HOUR), Step(Level.BE_PREPARED, T + HOUR, T + 6 * HOUR))
    message = render(notice(concerns=(concern(ends=T + 6 * HOUR, steps=steps),)), PLACES)
    for shown in (message.text, message.html):
        assert "act now from Fri 10 Dec 2021 20:28 CST" in shown
        assert "be prepared from Fri 10 Dec 2021 21:28 CST" in shown


def test_place_that_was_removed_is_shown_by_its_id_in_utc() -> None:
    text = render(notice(places=("gone",), concerns=()), PLACES).text
    assert "gone\n  from Sat 11 Dec 2021 02:28 UTC (UTC)" in text


def test_time_not_stated_says_so() -> None:
    assert "from not stated" in render(notice(begins=None, concerns=()), PLACES).text


@pytest.mark.parametrize(
    ("relation", "distance_m", "says"),
    [
        pytest.param(Relation.NEAR, 900.0, "0.9 km from it", id="near"),
        pytest.param(Relation.NEAR, 12_345.0, "12 km from it", id="less-near"),
        pytest.param(Relation.APPROACH, 3000.0, "a road to it lies in the area, 3.0 km from it", id="approach"),
        pytest.param(Relation.UNPLACED, inf, "area not exact", id="unplaced"),
    ],
)
def test_text_says_how_the_area_lies(relation: Relation, distance_m: float, says: str) -> None:
    text = render(notice(concerns=(concern(relation=relation, distance_m=distance_m),)), PLACES).text
    assert says in text


def test_inside_needs_no_distance() -> None:
    assert " km" not in render(notice(), PLACES).text


def test_evidence_of_an_inexact_area_says_so() -> None:
    inexact = concern(evidence=(evidence(), evidence(event="e2", source="gdacs", area_exact=False)))
    text = render(notice(concerns=(inexact,)), PLACES).text
    assert "gdacs: severity Extreme, urgency Immediate, certainty Observed, area not exact; issued" in text
    assert text.count("not exact") == 1


def test_evidence_of_one_event_at_two_places_stands_once() -> None:
    both = notice(places=("ber-1", "stl-1"), concerns=(concern("stl-1"), concern("ber-1")))
    assert render(both, PLACES).text.count("us-nws-alerts") == 1


# --- languages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "expected"),
    [("de", GERMAN), ("de-AT", GERMAN), ("en", ENGLISH), ("fr", ENGLISH)],
)
def test_words_in_a_language_or_english(language: str, expected: Text) -> None:
    assert words(notice(texts=(GERMAN, ENGLISH)), language) == expected


def test_words_without_english_are_the_first() -> None:
    assert words(notice(texts=(GERMAN,)), "fr") == GERMAN


def test_words_of_a_notice_without_texts_are_empty() -> None:
    assert words(notice(texts=()), "en") == Text()


def test_instruction_is_shown_in_the_language_of_each_place() -> None:
    both = notice(places=("ber-1", "stl-1"))
    text = render(both, PLACES).text
    assert "TAKE COVER NOW!" in text
    assert "SOFORT SCHUTZ SUCHEN!" in text


def test_instruction_in_another_language_is_better_than_none() -> None:
    silent = replace(ENGLISH, instruction="")
    message = render(notice(texts=(silent, GERMAN)), PLACES)
    assert "SOFORT SCHUTZ SUCHEN!" in message.text
    assert message.json["instruction"] == "SOFORT SCHUTZ SUCHEN!"


def test_html_marks_the_language_of_the_issuers_words() -> None:
    page = render(notice(texts=(GERMAN, replace(ENGLISH, language="und"))), PLACES, language="de").html
    assert '<p lang="de-DE" dir="auto">Tornadowarnung</p>' in page


# --- what never comes through -------------------------------------------------------------------------------------

EVIL = '<script src="https://evil.test/x.js"></script><img src=x onerror=alert(1)>"\'&'


def everything_evil() -> Message:
    text = Text(language='"><script>', event=EVIL, headline=EVIL, description=EVIL, instruction=EVIL)
    what = notice(
        texts=(text,),
        sender_name=EVIL,
        web="javascript:alert(1)",
        sources=(EVIL,),
        concerns=(concern(evidence=(evidence(identifier=EVIL, source=EVIL),)),),
    )
    return render(what, {"stl-1": replace(DEPOT, name=EVIL)})


def test_html_escapes_all_that_comes_from_outside() -> None:
    page = lxml_html.document_fromstring(everything_evil().html)
    found = {element.tag for element in page.iter()}
    assert found <= {"html", "head", "meta", "title", "body", "h1", "h2", "p", "strong", "ul", "li", "br"}


def test_html_loads_nothing_and_links_only_to_the_issuer() -> None:
    page = lxml_html.document_fromstring(render(notice(), PLACES).html)
    links = [(element.tag, attribute, url) for element, attribute, url, _ in page.iterlinks()]
    assert links == [("a", "href", "https://alerts.example.org/1")]


@pytest.mark.parametrize(
    ("web", "is_offered"),
    [
        ("https://alerts.example.org/1?a=b&c=d#e", True),
        ("http://alerts.example.org", True),
        ("", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("ftp://alerts.example.org/1", False),
        ("https://", False),
        ("https://user@alerts.example.org/", False),
        ("https://alerts.example.org/a b", False),
        ("https://alerts.example.org/\nBcc: x", False),
        ('https://alerts.example.org/"onclick', False),
        ("https://[broken", False),
        ("alerts.example.org", False),
    ],
)
def test_link_is_offered_only_if_it_is_safe(web: str, is_offered: bool) -> None:
    message = render(notice(web=web), PLACES)
    assert link(web) == message.json["web"] == (web if is_offered else "")
    assert ("<a " in message.html) is is_offered


def test_control_characters_of_feeds_are_gone_from_the_text() -> None:
    text = Text(headline="A\r\nB\x00\u202eC", instruction="1\r\n2\u20283\x1b[31m\n\n\n\n4", description="x\ty")
    shown = render(notice(texts=(text,), sender_name="N\nS"), PLACES).text
    assert "\nA BC\n" in shown
    assert "\n1\n2\n3[31m\n\n4\n" in shown
    assert "Who says so: N S\n" in shown


@given(st.text())
def test_plain_and_prose_settle_at_once(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert prose(prose(text)) == prose(text)


# --- JSON ---------------------------------------------------------------------------------------------------------


def test_json_is_the_notice_of_the_contract() -> None:
    assert render(notice(), PLACES).json == {
        "id": "n-1",
        "at": "2021-12-11T02:28:00Z",
        "reason": "first",
        "channel": "control-room",
        "family": "tornado",
        "hazard": "tornado",
        "level": 4,
        "level_words": "Act now",
        "begins": "2021-12-11T02:28:00Z",
        "ends": "2021-12-11T03:28:00Z",
        "places": ["stl-1"],
        "place_names": ["Edwardsville warehouse A"],
        "threads": ["t1"],
        "families": [],
        "hazards": [],
        "sources": [],
        "subject": "Act now: Tornado — Edwardsville warehouse A",
        "headline": "Tornado Warning until 9 PM",
        "instruction": "TAKE COVER NOW!",
        "sender_name": "NWS St. Louis MO",
        "web": "https://alerts.example.org/1",
    }


@given(
    reason=st.sampled_from(Reason),
    family=st.sampled_from(sorted(FAMILIES)),
    hazard=st.one_of(st.none(), st.sampled_from(sorted(HAZARDS))),
    level=st.sampled_from(Level),
    places=st.sampled_from([("stl-1",), ("ber-1", "stl-1"), ("gone", "stl-1")]),
    concerns=st.sampled_from([(), (concern(),), (concern("ber-1", relation=Relation.UNPLACED, distance_m=inf),)]),
    texts=st.lists(
        st.builds(
            Text,
            language=st.sampled_from(["en", "de", "und"]),
            headline=st.text(),
            description=st.text(),
            instruction=st.text(),
        ),
        max_size=2,
    ),
)
def test_every_notice_can_be_shown(texts: list[Text], **fields: Any) -> None:
    message = render(notice(texts=tuple(texts), **fields), PLACES)
    assert message.subject
    assert message.text.endswith("by notice n-1\n")
    assert json.loads(json.dumps(message.json)) == message.json
