"""Sentences that begin in one field and end in another."""

from __future__ import annotations

import pytest
from gate_events import event

from tocsin.gate.seams import FIRST, LAST, Piece, broken, fields_of
from tocsin.model import Area, Text


def pieces(*fields: str, texts: int = 1) -> frozenset[Piece]:
    return broken(fields, texts, {})


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        pytest.param(
            ("", "Flood", "Crane drivers of Wexcombe", "ask for higher wages.", ""), {2, 3}, id="headline-body"
        ),
        pytest.param(("Crane drivers of Wexcombe", "", "ask for higher wages.", "", ""), {0, 2}, id="sender-headline"),
        pytest.param(("Crane drivers", "Flood", "ask for higher wages.", "", ""), {0, 2}, id="sender-past-the-term"),
        pytest.param(("", "", "ask for higher wages.", "", "", "Crane drivers"), {2, 5}, id="area-headline"),
        pytest.param(("", "Flood", "Enquiries, contact", "Ada Roux", ""), {2, 3}, id="cue-and-name"),
        pytest.param(("", "Flood", "Rain at Ada Roux", "said the office", ""), set(), id="name-and-cue"),
        pytest.param(("", "Flood", "OFFICE OF JACKSON MS", "Tornado Warning", ""), set(), id="state"),
        pytest.param(("", "Flood", "Ada Roux", "(71) wurde nass", ""), {2, 3}, id="name-and-age"),
        pytest.param(("", "Flood", "Feira da Marcha", "Das 9 h", ""), set(), id="phrase-begun-anew"),
        pytest.param(("", "Flood", "Union workers strike", "for wages", ""), set(), id="each-goes-alone"),
        pytest.param(("", "Flood", "Crane drivers (all).", "ask for higher wages.", ""), set(), id="ended"),
        pytest.param(("", "", "", "", ""), set(), id="nothing"),
        pytest.param(("", "Flood", " \n ", "Rain.", ""), set(), id="blank"),
        pytest.param(("", "Flood", "w " * 1_500, "Rain.", ""), set(), id="endless"),
    ],
)
def test_pieces_of_one_sentence(fields: tuple[str, ...], found: set[int]) -> None:
    assert {piece.field for piece in pieces(*fields)} == found


def test_last_sentence_of_a_body_belongs_to_what_follows() -> None:
    fields = ("", "Flood", "", "Rain falls. Crane drivers of Wexcombe", "ask for higher wages. Stay in.")
    assert pieces(*fields) == {Piece(3, LAST), Piece(4, FIRST)}


def test_texts_of_other_languages_stand_beside_each_other() -> None:
    fields = ("", "Flood", "", "ask for higher wages.", "", "Crue", "Crane drivers of Wexcombe", "", "")
    assert {piece.field for piece in pieces(*fields, texts=2)} == {3, 6}


def test_fields_of_an_event() -> None:
    text = Text(language="en", event="a", headline="b", description="c", instruction="d")
    assert fields_of(event(texts=(text,), sender_name="s", areas=(Area(description="x"),))) == tuple("sabcdx")
