from __future__ import annotations

from datetime import date

import pytest

from tocsin import letters
from tocsin.letters import ADVICE, advice, faults, letter
from tocsin.model import Fault, Problem
from worlds import MESSAGES

DAY = date(2026, 11, 25)


def problem(message: str = "the ring is open; closed", at: str = "alert/info[1]/area[2]/polygon[3]") -> Problem:
    return Problem(at=at, message=message, is_repaired="; closed" in message)


def fault(message: str = "the ring is open; closed", **fields: object) -> Fault:
    (found,) = faults("weather", [problem(message)], day=DAY)
    return Fault(**{name: getattr(found, name) for name in found.__dataclass_fields__} | fields)


def test_one_mistake_in_a_template_is_one_fault() -> None:
    found = faults("weather", [problem(at=f"alert/info[{n}]/area[{n}]/polygon[1]") for n in range(1, 8)], day=DAY)
    assert [(one.where, one.example, one.count) for one in found] == [
        ("alert/info[]/area[]/polygon[]", "alert/info[1]/area[1]/polygon[1]", 7)
    ]


def test_two_places_are_two_faults() -> None:
    assert len(faults("weather", [problem(), problem(at="alert/info[1]/expires")], day=DAY)) == 2


def test_hostile_feed_has_a_limit() -> None:
    many = [problem(message=f"fault {n}") for n in range(letters.MAX_FAULTS + 50)]
    assert len(faults("weather", many, day=DAY)) == letters.MAX_FAULTS


def test_letter_says_what_where_how_often_and_what_to_do() -> None:
    text = letter(MESSAGES, [fault(count=1412, first=date(2026, 11, 3))])
    assert "To: Weather service\nAbout: https://weather.example.org/feed" in text
    assert "1. The ring is open; closed." in text
    assert "1,412 times, from 2026-11-03 to 2026-11-25" in " ".join(text.split())
    assert "for example alert/info[1]/area[2]/polygon[3]" in " ".join(text.split())
    assert "Repeat the first position" in text
    assert "CAP 1.2, 3.2.4 polygon" in text


def test_what_costs_a_warning_comes_first() -> None:
    repaired, costly = fault(count=900), fault("not a list of lat,lon pairs; left out", count=1)
    text = letter(MESSAGES, [repaired, costly])
    assert text.index("1. Not a list") < text.index("2. The ring")
    assert "1 of them we could repair when reading; 1 cost a warning" in " ".join(text.split())


def test_fault_without_advice_is_told_all_the_same() -> None:
    text = letter(MESSAGES, [fault("something that nobody has thought of")])
    assert "1. Something that nobody has thought of." in text
    assert "Please:" not in text


def test_letter_without_faults_thanks() -> None:
    assert "no fault" in letter(MESSAGES, [])


def test_lines_of_a_letter_can_be_mailed() -> None:
    text = letter(MESSAGES, [fault(message) for message in ADVICE])
    assert max(len(line) for line in text.splitlines()) <= letters.WIDTH


def test_the_longest_beginning_counts() -> None:
    short, long = advice("not a value of CAP's list"), advice("not a date and time that exists")
    assert short is not None
    assert long is not None
    assert short != long


def test_every_advice_says_what_to_do() -> None:
    assert [says for says, one in ADVICE.items() if not one.please.endswith((".", ">."))] == []


def test_one_beginning_twice_is_refused() -> None:
    row = '[[fault]]\nsays = "a"\nclause = ""\nplease = "b"\n'
    with pytest.raises(ValueError, match="twice"):
        letters.load(row + row)
