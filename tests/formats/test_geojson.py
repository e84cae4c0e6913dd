"""Named fields of a JSON object: their limits, and what is said of a value that cannot be used."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.formats import _geojson as reading
from tocsin.formats._geojson import Fields


def fields(**members: Any) -> Fields:
    return Fields(members, at="x")


@pytest.mark.parametrize(("excess", "problems"), [(-1, 0), (0, 0), (1, 1)])
def test_text_is_cut_at_its_limit(excess: int, problems: int) -> None:
    given = fields(name="a" * (reading.MAX_TEXT + excess))
    assert len(given.text("name")) == reading.MAX_TEXT + min(excess, 0)
    assert len(given.problems) == problems


@pytest.mark.parametrize(("excess", "problems"), [(-1, 0), (0, 0), (1, 1)])
def test_list_is_cut_at_its_limit(excess: int, problems: int) -> None:
    given = fields(names=["a"] * (reading.MAX_LIST + excess))
    assert len(given.list("names")) == reading.MAX_LIST + min(excess, 0)
    assert len(given.problems) == problems


@pytest.mark.parametrize("milliseconds", [1e300, -1e15])
def test_moment_that_no_calendar_has_is_none_and_said(milliseconds: float) -> None:
    given = fields(time=milliseconds)
    assert given.epoch_ms("time") is None
    assert [(problem.at, problem.is_repaired) for problem in given.problems] == [("x.time", False)]


def test_value_of_another_kind_is_empty_and_said() -> None:
    given = fields(name=7, size="7", inner=[], flag=True)
    assert (given.text("name"), given.number("size"), given.number("flag"), given.object("inner").text("a")) == (
        "",
        None,
        None,
        "",
    )
    assert [problem.at for problem in given.problems] == ["x.name", "x.size", "x.flag", "x.inner"]


def test_missing_and_null_are_empty_and_nothing_is_said() -> None:
    given = fields(name=None)
    assert (given.text("name"), given.number("name"), given.list("name"), given.time("other")) == ("", None, [], None)
    assert given.problems == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(" short ", "short", id="short"),
        pytest.param("two\r\nlines\tand a tab\n", "two\nlines\tand a tab", id="lines"),
        pytest.param("be\x07ll \x00and\x7f rest", "bell and rest", id="controls"),
        pytest.param("é\x07" * 150, "é" * 150, id="controls-in-a-long-text-beyond-ascii"),
    ],
)
def test_text_holds_no_control_characters(text: str, expected: str) -> None:
    assert fields(name=text).text("name") == expected


@pytest.mark.parametrize(
    ("names", "expected", "problems"),
    [
        pytest.param(["ILC119", "ILC120", "ILC119"], ("ILC119", "ILC120"), 0, id="codes"),
        pytest.param(["", None, "ILC119"], ("ILC119",), 0, id="empty-ones"),
        pytest.param([" ILC119", "two words"], ("ILC119", "two words"), 0, id="blanks"),
        pytest.param(["a\x07b"], ("ab",), 0, id="controls"),
        pytest.param([7, "ILC119", {}], ("ILC119",), 2, id="no-texts"),
        pytest.param("ILC119", ("ILC119",), 0, id="one-alone"),
        pytest.param([], (), 0, id="none"),
        pytest.param(["a" * reading.MAX_NAME], ("a" * reading.MAX_NAME,), 0, id="as-long-as-allowed"),
        pytest.param(["a" * (reading.MAX_NAME + 1)], ("a" * reading.MAX_NAME,), 1, id="too-long"),
    ],
)
def test_texts_of_a_list(names: Any, expected: tuple[str, ...], problems: int) -> None:
    given = fields(names=names)
    assert (given.texts("names"), len(given.problems)) == (expected, problems)


def test_short_limit_is_kept_and_said() -> None:
    given = fields(name="abcdef")
    assert (given.text("name", 3), len(given.problems)) == ("abc", 1)
