"""Canaries in every field leak nothing: a share of what `python3 dev.py fuzz gate` does."""

from __future__ import annotations

import pytest
from metamorphic import DISGUISES, FAMILIES, Passing, canaries, passing, run
from samples import samples

CASES = 2_000
ELSEWHERE = "two fields"  # nobody can tell a name of which the cue stands in another field; measured, not promised


@pytest.fixture(scope="module")
def documents() -> list[Passing]:
    return list(passing())


def test_canaries_leak_nothing(documents: list[Passing]) -> None:
    report = run(documents, canaries("canaries.tsv"), cases=CASES, seed=2_026)
    told = [(leak.canary.text, leak.disguise, leak.document) for leak in report.leaks if leak.disguise != ELSEWHERE]
    assert told == []


def test_canaries_are_put_where_something_is_kept(documents: list[Passing]) -> None:
    report = run(documents, canaries("canaries.tsv"), cases=400, seed=1)
    assert report.kept.total() > 300


def test_a_gate_that_keeps_everything_would_be_found(documents: list[Passing]) -> None:
    """A sentence that no rule knows is found in what is kept: the look for leaks is not blind."""
    harmless = [
        one._replace(text="Carry a lamp at night.", secrets=("lamp at night",)) for one in canaries("canaries.tsv")
    ]
    assert len(run(documents, harmless, cases=400, seed=1).leaks) > 20


def test_every_format_and_family_is_there(documents: list[Passing]) -> None:
    assert {one.format for one in documents} == {one.format for one in samples()}
    assert {one.family for one in canaries("canaries.tsv")} == set(FAMILIES)
    assert len(DISGUISES) > 15
