"""The declaration of neutrality: whole, and one text wherever it is shown."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tocsin import gate
from tocsin.declaration import DECLARATION, Clause, annex, parse

ROOT = Path(__file__).resolve().parents[1]


def test_twelve_clauses_in_their_order() -> None:
    assert [clause.id for clause in DECLARATION.clauses] == [f"N{number}" for number in range(1, 13)]


@pytest.mark.parametrize("clause", [pytest.param(clause, id=clause.id) for clause in DECLARATION.clauses])
def test_a_clause_says_what_no_check_shows_and_its_checks_bear_its_name(clause: Clause) -> None:
    assert clause.text.endswith(".")
    assert clause.limit.endswith(".")
    assert all(check.id.startswith(f"{clause.id}-") for check in clause.checks)


def test_the_period_of_notice_is_that_of_the_text() -> None:
    text = next(clause.text for clause in DECLARATION.clauses if clause.id == "N10")
    assert f"before {DECLARATION.notice.days} days have passed" in text


def test_another_text_has_another_name() -> None:
    source = (ROOT / "src" / "tocsin" / "declaration.toml").read_bytes()
    assert parse(source).sha256 == DECLARATION.sha256
    assert parse(source.replace(b"Purpose", b"purpose")).sha256 != DECLARATION.sha256


def test_the_annex_names_the_rules_that_hold() -> None:
    assert annex()["rules"]["sha256"] == gate.RULESET
    assert annex()["checks"].keys() == {check.id for check in DECLARATION.checks}


def test_docs_hold_the_text_that_is_shipped() -> None:
    spec = importlib.util.spec_from_file_location("neutrality_page", ROOT / "scripts" / "neutrality_page.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    shown = (ROOT / "docs" / "neutrality.md").read_text(encoding="utf-8")
    assert shown == script.page(), "run scripts/neutrality_page.py"
