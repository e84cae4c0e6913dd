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
