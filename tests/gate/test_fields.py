"""Senders, names, links, codes, areas and headings of what is admitted."""

from __future__ import annotations

import pytest
from gate_events import SENT, event, examine, only

from tocsin.gate import wording
from tocsin.model import (
    Area,
    Code,
    Reference,
    Text,
    Verdict,
)


@pytest.mark.parametrize(
    ("sender", "kept"),
    [
        pytest.param("w-nws.webmaster@noaa.gov", "noaa.gov", id="mailbox"),
        pytest.param("Jo Hill <jo@example.org>", "example.org", id="mailbox-with-name"),
        pytest.param("2.49.0.0.276.0", "2.49.0.0.276.0", id="oid"),
        pytest.param(" alerts.example.org\u200b", "alerts.example.org", id="blank-and-invisible"),
    ],
)
def test_sender_keeps_the_domain_and_nothing_of_the_mailbox(sender: str, kept: str) -> None:
    assert only(examine(event(sender=sender))).sender == kept


def test_sender_without_a_domain_becomes_a_digest() -> None:
    assert "@" not in wording.sender_of("jo@home office")


def test_references_are_treated_like_senders() -> None:
    kept = only(examine(event(references=(Reference("jo@example.org", "jo@example.org/1", SENT),))))
    assert kept.references == (Reference("example.org", wording.identifier_of("jo@example.org/1"), SENT),)


def test_identifier_with_an_address_becomes_a_digest() -> None:
    assert only(examine(event(identifier="jo@example.org/1"))).identifier == wording.identifier_of("jo@example.org/1")


@pytest.mark.parametrize(
    ("identifier", "stays"),
    [
        pytest.param("w-1 +49 30 5550142", False, id="dialled-abroad"),
        pytest.param("roads.example/+1-312-555-0142", False, id="after-a-stroke"),
        pytest.param("(312) 555-0142", False, id="dialled-in-north-america"),
        pytest.param("jo%40example.org", False, id="encoded-address"),
        pytest.param("fire-20261120T0048Z+38.000+023.500", True, id="position"),
        pytest.param("2.49.0.1.276.0.DWD.PVW.1763640000000", True, id="oid"),
        pytest.param("030/5550142", True, id="figures-that-a-machine-may-have-made"),
        pytest.param("urn:x:+1-800-555-0142", True, id="freephone"),
        pytest.param("urn:x:a sentence", False, id="with-blanks"),
        pytest.param("union-calls-a-strike-17-june", False, id="slug"),
        pytest.param("SW5jaWRlbnQgY29tbWFuZGVyIFRoYWRkZXVzIFdyaWdnbGVz", False, id="base64"),
        pytest.param("vtec:KMKX.MS.Y.0001.2026", True, id="vtec"),
    ],
)
def test_identifier_with_a_telephone_number_becomes_a_digest(identifier: str, *, stays: bool) -> None:
    assert (only(examine(event(identifier=identifier))).identifier == identifier) == stays


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        pytest.param("Highway 97 312-555-0142", "Highway 97", id="after-figures"),
        pytest.param("Harbour +44 20 7946 0142 053015", "Harbour 053015", id="before-figures"),
        pytest.param("Pier 312.555.0142 /00000.N.ER", "", id="before-a-code"),
        pytest.param("Ask jo%40example.org here", "Ask here", id="encoded-address"),
        pytest.param("Highway 97 800-555-0142", "Highway 97 800-555-0142", id="freephone"),
        pytest.param("Posts 100 200 300 400 500 600", "Posts 100 200 300 400 500 600", id="figures"),
    ],
)
def test_telephone_numbers_among_figures_go(words: str, kept: str) -> None:
    assert only(examine(event(areas=(Area(description=words),)))).areas[0].description == kept


@pytest.mark.parametrize(
    ("web", "kept"),
    [
        pytest.param("https://example.org/flood", "https://example.org/flood", id="plain"),
        pytest.param("http://example.org", "http://example.org", id="http"),
        pytest.param("https://example.org/a?id=1", "", id="query"),
        pytest.param("https://example.org/a#b", "", id="fragment"),
        pytest.param("https://jo:pw@example.org/", "", id="userinfo"),
        pytest.param("https://facebook.com/office", "", id="social"),
        pytest.param("https://example.org/~jo", "", id="home-page"),
        pytest.param("ftp://example.org/", "", id="ftp"),
        pytest.param("javascript:alert(1)", "", id="script"),
        pytest.param("https://[::1", "", id="broken"),
        pytest.param("https://example.org/" + "a" * 2000, "", id="endless"),
        pytest.param("https:///path", "", id="no-host"),
    ],
)
def test_web_keeps_only_links_that_name_nobody(web: str, kept: str) -> None:
    assert only(examine(event(web=web))).web == kept


def test_codes_that_are_sentences_go() -> None:
    codes = (Code("SAME", "FLW"), Code("note", "protest march at noon"), Code("mail", "jo@example.org"))
    assert only(examine(event(codes=codes))).codes == codes[:1]


@pytest.mark.parametrize(
    ("code", "stays"),
    [
        pytest.param(Code("SAME", "006037"), True, id="same-of-california"),
        pytest.param(Code("WARNCELLID", "905113000"), True, id="warncell"),
        pytest.param(Code("gtfs:stop_id", "0170123456"), True, id="stop"),
        pytest.param(Code("contact", "07700900123"), False, id="telephone-in-a-scheme-of-no-list"),
        pytest.param(Code("road", "Highway 97"), True, id="road"),
        pytest.param(Code("road", "Highway 97 +1-312-555-0142"), False, id="road-and-telephone"),
        pytest.param(Code("awareness_level", "2; yellow; Moderate"), True, id="awareness"),
        pytest.param(Code("awareness_level", "2; yellow; 312.555.0142"), False, id="awareness-and-telephone"),
    ],
)
def test_figures_stay_where_the_scheme_is_a_list(code: Code, stays: bool) -> None:
    kept = only(examine(event(areas=(Area(geocodes=(code,)),)))).areas[0].geocodes
    assert kept == (code,) * stays


def test_area_description_with_a_person_goes() -> None:
    kept = only(examine(event(areas=(Area(description="Garden of Mr. Alan Reed"), Area(description="Union Bay")))))
    assert [area.description for area in kept.areas] == ["", "Union Bay"]


def test_sender_name_with_a_person_goes() -> None:
    assert only(examine(event(sender_name="Duty forecaster Ann Lark"))).sender_name == ""


def test_headline_about_a_topic_becomes_the_label() -> None:
    assert only(examine(event("Flood", headline="Strikers flood the square"))).texts[0].headline == "Flood"


def test_unlisted_term_is_scrubbed_like_a_heading() -> None:
    kept = only(examine(event("Bulletin by jo@example.org", codes=(Code("SAME", "FFW"),))))
    assert kept.texts[0].event == "Bulletin by"


def test_text_in_a_language_without_rules_is_withheld() -> None:
    kept = only(examine(event(texts=(Text(language="sv", event="Storm", headline="Storm i natt"),))))
    assert kept.texts == (Text(language="en", event="High wind", headline="High wind"),)


@pytest.mark.parametrize(
    ("headline", "description", "stays"),
    [
        pytest.param("Crane drivers of Wexcombe", "ask for higher wages.", False, id="broken"),
        pytest.param("Crane drivers of Wexcombe.", "ask for higher wages.", True, id="ended"),
        pytest.param("Crane drivers of Wexcombe", "Wages are low.", False, id="begun-anew"),
        pytest.param("Water at Wexcombe", "and at Quenby.", True, id="harmless"),
    ],
)
def test_sentence_over_two_fields_costs_both(headline: str, description: str, stays: bool) -> None:
    text = Text(language="en", event="Flood", headline=headline, description=description)
    kept = only(examine(event(texts=(text,)))).texts[0]
    assert (kept.headline, kept.description) == ((headline, description) if stays else ("Flood", ""))


def test_language_tag_keeps_no_words() -> None:
    texts = tuple(Text(language=tag, event="Flood") for tag in ("pt-BR", "en-Jane-Reed"))
    assert [text.language for text in only(examine(event(texts=texts))).texts] == ["pt-BR", "en"]


def test_code_whose_list_is_named_by_a_sentence_goes() -> None:
    codes = (Code("Drivers voted to strike", "1"), Code("road", "one two three four five six seven eight"))
    assert only(examine(event(areas=(Area(geocodes=codes),)))).areas[0].geocodes == ()


def test_text_in_one_readable_language_is_enough() -> None:
    texts = (Text(language="sv", event="Storm"), Text(language="en", event="Storm"))
    ruling = examine(event(texts=texts))
    assert (only(ruling).texts, ruling.decision.verdict) == (texts[1:], Verdict.PASS_SCRUBBED)


def test_listed_by_code_without_texts_has_none() -> None:
    assert only(examine(event("", codes=(Code("SAME", "TOR"),)))).texts == ()


def test_body_that_is_mostly_about_persons_is_withheld() -> None:
    text = Text(language="en", event="Flood", description="Mr. Alan Reed said so. Mrs. Ann Lark agreed. Rain.")
    assert only(examine(event(texts=(text,)))).texts[0].description == ""


def test_reference_to_another_mailbox_of_the_domain_is_one_to_somebody_else() -> None:
    sent = event().sent
    named = (Reference("desk@example.org", "A", sent), Reference("Desk <DESK@example.org>", "B", sent))
    own = only(examine(event(sender="desk@example.org", references=named)))
    assert [reference.sender == own.sender for reference in own.references] == [True, True]
    foreign = only(examine(event(sender="office@example.org", references=named)))
    assert [reference.sender == foreign.sender for reference in foreign.references] == [False, False]
    assert "desk" not in str(foreign).casefold()
