"""Who is named, and what is only the name of a place: rules that hold for words nobody has listed."""

from __future__ import annotations

import pytest

from tocsin.gate.sentences import scrub


@pytest.mark.parametrize(
    ("text", "goes"),
    [
        pytest.param("O faroleiro Zeno Quaresma mediu.", True, id="trade-before-a-name"),
        pytest.param("Faroleiro Zeno Quaresma mediu.", True, id="trade-begins-the-sentence"),
        pytest.param("L'éclusière Aude Tressan ouvre.", True, id="trade-with-an-accent"),
        pytest.param("El sector Las Flores está seco.", False, id="no-trade"),
        pytest.param("El minero San José está seco.", False, id="trade-before-a-saint"),
        pytest.param("SOLDIER KEY CONVOY POINT.", False, id="capitals-only"),
        pytest.param("Il custode della diga Ettore Fossati apre.", True, id="title-of-something"),
        pytest.param("Kierowniczka pociągu Ada Roux pomaga.", True, id="title-of-something-without-a-little-word"),
        pytest.param("Il custode della diga apre tutte le paratoie.", False, id="title-of-something-without-a-name"),
        pytest.param("Doctor Roux Street is shut.", False, id="street-after-a-doctor"),
        pytest.param("Father Roux High School is shut.", False, id="school-after-a-father"),
        pytest.param("Father Roux High said so.", True, id="no-school"),
        pytest.param("La rue du Docteur Roux est fermée.", False, id="street-before-a-doctor"),
        pytest.param("Chiuso in via Don Roux.", False, id="via-as-a-street"),
        pytest.param("Vertrek via Burgemeester Roux.", True, id="via-as-a-preposition"),
        pytest.param("Gebruik de Burgemeester Rouxstraat.", False, id="street-in-one-word"),
        pytest.param("Cheia em Greve de Cima.", False, id="upper-part-of-a-village"),
        pytest.param("Cheia em Greve de Setembro.", True, id="no-part-of-a-village"),
        pytest.param("Ada Roux (71) wurde nass.", True, id="age-in-brackets"),
        pytest.param("Ada Roux (71) und Bo Rey.", False, id="exit-in-brackets"),
        pytest.param("ADA ROUX (71) WURDE NASS.", True, id="age-in-capitals"),
        pytest.param("Ada Rouх (71 ani) e bine.", True, id="age-with-imitated-letters"),
        pytest.param("आज सुमन पाल (61) को निकाला गया।", True, id="age-without-capitals"),
        pytest.param("आज राजमार्ग पाल (61) को खोला गया।", False, id="road-without-capitals"),
        pytest.param("CONTACT ADA ROUX FOR SANDBAGS TODAY.", True, id="name-behind-its-cue-in-capitals"),
        pytest.param("Ring Ada on 07700 900461.", True, id="called-by-one-name"),
        pytest.param("Ring Floodline on 07700 900461.", False, id="called-by-the-name-of-an-office"),
        pytest.param("The lorry, index YD71 KPO, burns.", False, id="plate-goes-and-not-the-sentence"),
        pytest.param("Kasjerki z sieci Modra\nrozbiły namioty pod\ncentralą.", True, id="line-before-a-barred-one"),
        pytest.param("A march of storms will strike.", False, id="march-of-storms"),
        pytest.param("Water rose as postman Ada Roux left.", True, id="role-right-before-a-name"),
        pytest.param("Water rose as Busfahrerin Ada Roux left.", True, id="role-in-a-language-of-capitals"),
        pytest.param("Baker Rapids Ferry is shut.", False, id="surname-of-a-role-in-a-place"),
        pytest.param("The walker path to Roux School is shut.", False, id="role-before-no-name"),
        pytest.param("The resident of Roux Hospital is safe.", False, id="role-beside-an-institution"),
        pytest.param("A NEPHEW ROUX REACH IS SHUT TODAY.", False, id="role-in-capitals"),
        pytest.param("Le col est fermé par M. Roux dès midi.", True, id="addressed-with-a-full-stop"),
        pytest.param("M 4.2, 3 km off Roux.", False, id="magnitude-is-no-form-of-address"),
        pytest.param("La strada è chiusa da Dott.ssa Roux ieri.", True, id="addressed-with-an-ending"),
        pytest.param("Chiuso in via Gen. Roux.", False, id="street-of-somebody-addressed"),
        pytest.param("Niebla en La Huelga y alrededores.", False, id="place-with-a-capital-article"),
        pytest.param("Niebla: La Huelga y alrededores.", True, id="article-that-begins"),
        pytest.param("Un couvreur de 38 ans est tombé.", True, id="age-of-somebody"),
        pytest.param("Une crue de retour de 50 ans est possible.", False, id="age-of-a-flood"),
    ],
)
def test_sentence_about_somebody_goes(text: str, goes: bool) -> None:
    assert (scrub(text).lost > 0, bool(scrub(text).text)) == (goes, not goes)


def test_number_spelled_with_signs_of_vowels_goes() -> None:
    assert "सात" not in scrub("बाढ़ आई है। दल से नौ आठ सात छह पाँच चार तीन दो एक शून्य पर कहें।").text


def test_plate_of_a_vehicle_goes() -> None:
    assert scrub("The lorry, index YD71 KPO, burns.").text == "The lorry, index, burns."


@pytest.mark.parametrize("text", ["UV index 11 today.", "Winds NW25 KTS.", "A van on the A12."])
def test_figures_beside_such_words_stay(text: str) -> None:
    assert scrub(text).text == text
