"""Tocsin judged by its own public corpus, and the corpus by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice, permutations
from random import Random
from typing import Any

import pytest
from judge import CASES, cases, covers, faults, judge, main, questions
from tocsin_answers import answer

ALL = cases()
MOST_ORDERS = 24  # every order of up to four documents, a sample of longer sequences

every_case = pytest.mark.parametrize("name", ALL)


@every_case
def test_tocsin_holds_in_force_what_the_case_expects(name: str) -> None:
    asked = list(questions(name, ALL[name]))
    found = {(name, one["at"]): answer(name, one["documents"], one["at"]) for one in asked}
    assert [faults(one["in_force"], found[name, one["at"]]) for one in ALL[name]["expected"]] == [[]] * len(asked)


@every_case
def test_order_of_arrival_never_changes_the_final_state(name: str) -> None:
    documents = ALL[name]["documents"]
    last = ALL[name]["expected"][-1]
    orders = permutations(documents) if len(documents) <= 4 else _shuffled(documents)
    for order in islice(orders, MOST_ORDERS):
        assert faults(last["in_force"], answer(name, order, last["at"])) == []


def _shuffled(documents: list[dict[str, Any]]) -> Any:
    random = Random(len(documents))
    while True:
        yield random.sample(documents, len(documents))


@every_case
def test_case_is_whole(name: str) -> None:
    case = ALL[name]
    assert case["title"]
    assert case["why"]
    assert case["expected"], "a case expects something"
    files = {document["file"] for document in case["documents"]}
    assert {path.name for path in (CASES / name).iterdir()} == files | {"case.json"}
    assert case["expected"][-1]["at"] >= max(document["received"] for document in case["documents"])


def test_corpus_is_as_large_as_its_readme_says() -> None:
    readme = (CASES.parent / "README.md").read_text(encoding="utf-8")
    assert f"{len(ALL)} sequences" in readme
    assert len({json.dumps(case["title"]) for case in ALL.values()}) == len(ALL)


# --- the judge finds what is wrong --------------------------------------------------------------------------------

ENTRY = {"sender": "s", "identifier": "A", "severity": "Severe", "areas": ["North", "South"], "languages": ["en"]}


@pytest.mark.parametrize(
    ("answered", "count"),
    [
        pytest.param([ENTRY], 0, id="right"),
        pytest.param([ENTRY | {"areas": ["South", "North"]}], 0, id="lists-in-any-order"),
        pytest.param([], 1, id="missing"),
        pytest.param([ENTRY, ENTRY], 1, id="twice"),
        pytest.param([ENTRY, ENTRY | {"identifier": "B"}], 1, id="one-too-many"),
        pytest.param([ENTRY | {"severity": "Minor"}], 2, id="lowered"),
    ],
)
def test_faults(answered: list[dict[str, Any]], count: int) -> None:
    assert len(faults([ENTRY], answered)) == count


SQUARE = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]]
HOLE = [[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("geometry", "is_inside"),
    [
        pytest.param(None, False, id="none"),
        pytest.param({"type": "Polygon", "coordinates": [SQUARE]}, True, id="polygon"),
        pytest.param({"type": "Polygon", "coordinates": [SQUARE, HOLE]}, False, id="hole"),
        pytest.param({"type": "MultiPolygon", "coordinates": [[HOLE], [SQUARE]]}, True, id="several"),
        pytest.param(
            {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "coordinates": [SQUARE]}]},
            True,
            id="collection",
        ),
        pytest.param({"type": "Point", "coordinates": [2.0, 2.0]}, False, id="point"),
    ],
)
def test_covers(geometry: Any, is_inside: bool) -> None:
    assert covers(geometry, 2.0, 2.0) is is_inside


def test_misplaced_area_is_a_fault() -> None:
    expected = [ENTRY | {"covers": [[2.0, 2.0]], "covers_not": [[9.0, 9.0]]}]
    assert faults(expected, [ENTRY | {"geometry": None}]) == ["A does not cover 2.0, 2.0"]
    assert faults(expected, [ENTRY | {"geometry": {"type": "Polygon", "coordinates": [SQUARE]}}]) == []


def test_judge_wants_an_answer_to_every_question() -> None:
    found: Mapping[str, list[str]] = judge({})
    assert found.keys() == ALL.keys()
    assert all("no answer" in fault for wrong in found.values() for fault in wrong)


def test_main_says_what_is_wrong(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "answers.jsonl"
    rows = [
        {"case": name, "at": one["at"], "in_force": [] if name == "references/one" else one["in_force"]}
        for name, case in ALL.items()
        for one in case["expected"]
        if not any("covers" in entry for entry in one["in_force"])
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert main([str(path)]) == 1
    assert "references/one: at 2026-03-01T06:01:00Z: not in force, but should be" in capsys.readouterr().out
    assert main([str(tmp_path / "nowhere")]) == 2
    assert main(["--questions"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == sum(len(case["expected"]) for case in ALL.values())
