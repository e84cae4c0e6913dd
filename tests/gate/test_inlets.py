"""Text that people type: what of it is refused."""

from __future__ import annotations

import pytest

from tocsin.gate import inlets
from tocsin.gate.inlets import IDENTIFIER, LANGUAGE, TOPIC
from tocsin.gate.rules import RULES


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param("Depot North", None, id="name"),
        pytest.param("Trades union house", None, id="house-of-a-union"),
        pytest.param("Gewerkschaftshaus", None, id="house-of-a-union-de"),
        pytest.param(
            "St Mary's Church, Martin Luther King Jr. Blvd 12", None, id="church-in-a-street-named-after-somebody"
        ),
        pytest.param("Lagerstr. 12, 20095 Hamburg", None, id="postcode"),
        pytest.param("350 Fifth Avenue, New York, NY 10118-0110", None, id="postcode-us"),
        pytest.param("仓库一号", None, id="any-script"),
        pytest.param("Depot (ask jane.doe@example.org)", IDENTIFIER, id="mail"),
        pytest.param("Depot, jane dot doe at example dot org", IDENTIFIER, id="mail-spelled"),
        pytest.param("Depot, call +44 20 7946 0142", IDENTIFIER, id="telephone"),
        pytest.param("Depot @janedoe", IDENTIFIER, id="account"),
        pytest.param("Depot https://x.com/janedoe", IDENTIFIER, id="social-link"),
        pytest.param("Depot\u200b", IDENTIFIER, id="a-character-nobody-can-see"),
    ],
)
def test_why_not_name(words: str, why: str | None) -> None:
    assert inlets.why_not_name(words) == why


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param("", None, id="empty"),
        pytest.param("Deutscher Wetterdienst", None, id="publisher"),
        pytest.param("Open Government Licence v3.0, https://www.example.gov.uk/licence", None, id="licence"),
        pytest.param("The workers' union calls for a strike", TOPIC, id="topic"),
        pytest.param("Appel à la grève du syndicat", TOPIC, id="topic-fr"),
        pytest.param("press officer Quentin Foxglove", TOPIC, id="person"),
        pytest.param("#solidarity", IDENTIFIER, id="hashtag"),
        pytest.param("desk@example.org", IDENTIFIER, id="mail"),
        pytest.param("Єдиний вісник погоди", LANGUAGE, id="letters-that-cannot-be-judged"),
    ],
)
def test_why_not_title(words: str, why: str | None) -> None:
    assert inlets.why_not_title(words) == why


NOTES = {
    "ar": ("الطريق مغلق بسبب الفيضان", "دعت النقابة إلى إضراب"),
    "de": ("Keller trocken, Tor zu.", "Die Gewerkschaft ruft zum Streik auf."),
    "en": ("Basement dry, gate shut.", "The trade union calls a strike."),
    "es": ("Sótano seco.", "El sindicato convoca una huelga."),
    "fr": ("Cave sèche.", "Le syndicat appelle à la grève."),
    "hi": ("तहखाना सूखा है", "मज़दूर संघ ने हड़ताल बुलाई"),
    "it": ("Cantina asciutta.", "Il sindacato proclama uno sciopero."),
    "nl": ("Kelder droog.", "De vakbond roept op tot staking."),
    "pl": ("Piwnica sucha.", "Związek zawodowy ogłasza strajk."),
    "pt": ("Cave seca.", "O sindicato convoca uma greve."),
    "ro": ("Subsol uscat.", "Sindicatul anunță o grevă."),
}


def test_there_is_a_note_in_every_language_that_has_rules() -> None:
    assert NOTES.keys() == RULES.languages


@pytest.mark.parametrize("language", NOTES)
def test_why_not_note(language: str) -> None:
    clean, topic = NOTES[language]
    assert inlets.why_not_note(clean, language) is None
    assert inlets.why_not_note(topic, language) == TOPIC
    assert inlets.why_not_note(f"{clean} jane.doe@example.org", language) == IDENTIFIER


@pytest.mark.parametrize("language", ["sv", "uk", "ja", "el", ""])
def test_no_note_in_a_language_without_rules(language: str) -> None:
    assert inlets.why_not_note("Depot", language) == LANGUAGE
