"""What is cut out of words, and what stays."""

from __future__ import annotations

import pytest

from tocsin.gate.sentences import clean, has_topic, is_readable, scrub, split
from tocsin.gate.spans import is_telephone


@pytest.mark.parametrize(
    ("number", "cued", "personal"),
    [
        pytest.param("07700 900123", False, True, id="mobile"),
        pytest.param("0800 123 4567", False, False, id="free-gb"),
        pytest.param("+44 800 123 4567", False, False, id="free-with-country"),
        pytest.param("+49 170 1234567", False, True, id="mobile-with-country"),
        pytest.param("0049 170 1234567", False, True, id="mobile-with-00"),
        pytest.param("1-800-222-1222", False, False, id="free-us"),
        pytest.param("800 123 456", False, False, id="free-it"),
        pytest.param("116 117", True, False, id="european-116"),
        pytest.param("+999 55 1234", False, True, id="unknown-country"),
        pytest.param("212-555-0142", False, True, id="us-number"),
        pytest.param("612 345 678", False, True, id="es-mobile"),
        pytest.param("612 345 000", False, False, id="figure-in-thousands"),
        pytest.param("120 000 000", False, False, id="figure-in-millions"),
        pytest.param("2026-03-14", False, False, id="date"),
        pytest.param("14.03.2026", False, False, id="date-reversed"),
        pytest.param("123456", False, False, id="six-digits"),
        pytest.param("123456", True, True, id="six-digits-after-call"),
        pytest.param("3456 9876", False, False, id="grid-figures"),
        pytest.param("٠٧٩١١١٢٢٢٣", True, True, id="arabic-digits"),
    ],
)
def test_is_telephone(number: str, cued: bool, personal: bool) -> None:
    assert is_telephone(number, cued=cued) is personal


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("Call 4711 now.", "Call now.", id="short-number-after-call"),
        pytest.param("Call 1077 now.", "Call 1077 now.", id="national-short-code"),
        pytest.param("Gate 4711 is shut.", "Gate 4711 is shut.", id="short-number-without-call"),
        pytest.param("Map: www.example.org/a.", "Map: www.example.org/a.", id="plain-link"),
        pytest.param("Map: https://example.org/a?b=c.", "Map: https://example.org/a.", id="link-with-query"),
        pytest.param("Write mailto:jo at once.", "Write at once.", id="mailto"),
        pytest.param("Meet @ the gate.", "Meet the gate.", id="lone-at"),
        pytest.param("See t.me/floods.", "See.", id="social"),
        pytest.param("Ring tel:+49 170 1234567 now.", "Ring now.", id="number-in-a-link"),
        pytest.param("Write jo [at] example [dot] org now.", "Write now.", id="brackets"),
        pytest.param("Write j.hill at mail.example now.", "Write now.", id="spelled-at"),
        pytest.param("News at weather.example now.", "News at weather.example now.", id="site-is-no-address"),
        pytest.param(
            "Write a dot b dot c dot d dot e at mail dot example.", "Write a dot.", id="spelled-dots-have-an-end"
        ),
        pytest.param("Rain @.", "Rain.", id="at-without-host"),
        pytest.param("Rain &amp;amp;amp;amp; wind.", "Rain &amp; wind.", id="escaped-four-times"),
        pytest.param("A\r\nB", "A\nB", id="line-ends"),
        pytest.param("½ m of snow.", "½ m of snow.", id="sign-that-falls-apart"),
        pytest.param("", "", id="empty"),
        pytest.param("Rain.\n\n\n\nWind.", "Rain.\n\nWind.", id="empty-lines"),
        pytest.param("Flood.\n\n$$\n\nOTTERBORN", "Flood.", id="signature"),
        pytest.param("Flood.\n\nOTTER/BRN", "Flood.", id="initials"),
        pytest.param(
            "Rain at Cape Strike.\nPickets hold the\ngate.\n* Wind.",
            "Rain at Cape Strike.\n\n* Wind.",
            id="wrapped-lines",
        ),
        pytest.param("Wind.\nContact:\nJane Reed\nStay in.", "Wind.\nStay in.", id="name-on-the-next-line"),
        pytest.param("Picket at the\n* Stay in.", "* Stay in.", id="bullet-after-a-barred-line"),
        pytest.param("<p>Rain <b>now</b></p><ul><li>5 < 6", "Rain now\n\n5 < 6", id="markup"),
        pytest.param("Wind.\n  \nRain.", "Wind.\n\nRain.", id="blank-line"),
        pytest.param("कखग jo@example.org", "", id="caseless-sentence-goes-with-its-address"),
        pytest.param("A lorry, number plate AB12 CDE.", "A lorry, number plate.", id="plate-after-its-cue"),
        pytest.param("Kennzeichen: B-AB 1234 steht.", "Kennzeichen: steht.", id="plate-german"),
        pytest.param("A van AB-123-CD blocks it.", "A van blocks it.", id="plate-by-its-shape"),
        pytest.param("Ring 692 817 340. 1 lane is open.", "Ring. 1 lane is open.", id="number-before-a-figure"),
        pytest.param(
            "Ring oh seven seven, double one, two three. Wait one, two hours.",
            "Ring. Wait one, two hours.",
            id="number-in-words",
        ),
        pytest.param(
            "Ring one two three four five six by day. Ring nine eight seven six five four by night.",
            "Ring by day. Ring by night.",
            id="numbers-in-words",
        ),
        pytest.param("Marigold Hathersage, 47, of Quenby is well.", "", id="age-after-a-name"),
        pytest.param("Market Street, 47, is shut.", "Market Street, 47, is shut.", id="house-number"),
        pytest.param("Snow above 300 m. Pickets at the gate.", "Snow above 300 m.", id="unit-before-a-stop"),
        pytest.param("The striking\ncrane drivers\nof the port.\nStay in.", "Stay in.", id="broken-lines"),
        pytest.param("DETALII LA SMARANDA BEJENARU.", "", id="asked-for-in-capitals"),
        pytest.param(
            "In der Streikelstraße steht Wasser.", "In der Streikelstraße steht Wasser.", id="place-by-ending"
        ),
        pytest.param("Opracowała Zdzisława Mroczek.", "", id="letter-with-a-stroke"),
        pytest.param("المهندس نضال القضاة هناك.", "", id="title-without-capitals"),
        pytest.param("حفرة في شارع الدكتور نضال.", "حفرة في شارع الدكتور نضال.", id="title-in-a-street"),
        pytest.param("Αn Εlectιοn ιs near.", "", id="greek-capitals"),
        pytest.param("e\u0332lecti\u0332on day.", "", id="marks-under-letters"),
        pytest.param("Diyarbakır: call 123456.", "Diyarbakır: call.", id="number-beside-a-dotless-i"),
    ],
)
def test_scrub(text: str, kept: str) -> None:
    assert scrub(text).text == kept


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        pytest.param("One. Two.", ["One.", " Two."], id="two"),
        pytest.param("At St. Mary's. Go.", ["At St. Mary's.", " Go."], id="abbreviation"),
        pytest.param("By J. Hill. Go.", ["By J. Hill.", " Go."], id="initial"),
        pytest.param("5.2 m. go on", ["5.2 m. go on"], id="figure-and-small-letter"),
        pytest.param("Go! Now? Yes", ["Go!", " Now?", " Yes"], id="other-stops"),
        pytest.param("Ends with no.", ["Ends with no."], id="abbreviation-at-the-end"),
    ],
)
def test_split(text: str, sentences: list[str]) -> None:
    assert list(split(text)) == sentences


@pytest.mark.parametrize(
    ("text", "language", "readable"),
    [
        pytest.param("Rain", "en-GB", True, id="english"),
        pytest.param("Rain", "und", True, id="undetermined"),
        pytest.param("Rain", "fi", False, id="no-pack"),
        pytest.param("Дождь и ветер", "en", False, id="other-script-than-stated"),
        pytest.param("", "en", True, id="empty"),
        pytest.param("बारिश", "hi", True, id="devanagari"),
    ],
)
def test_is_readable(text: str, language: str, readable: bool) -> None:
    assert is_readable(text, language) is readable


def test_sentence_without_end_counts_as_one_about_a_topic() -> None:
    assert has_topic("Picket " + "rain " * 1_001)
    assert not has_topic("Storms strike. " + "Rain. " * 1_001)


def test_clean_cuts_an_endless_field() -> None:
    assert len(clean("a" * 70_000)) == 16_384


def test_scrub_reports_what_an_endless_row_of_sentences_lost() -> None:
    assert scrub("Rain. " * 1_000).changed
