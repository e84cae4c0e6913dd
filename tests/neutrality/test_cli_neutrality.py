"""`tocsin neutrality` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from installation import build, sql

from tocsin.cli import tocsin
from tocsin.declaration import DECLARATION

AT = "2026-03-01T12:00:00Z"


def typed(*arguments: str | Path) -> Result:
    return CliRunner().invoke(tocsin, ["neutrality", *map(str, arguments)], standalone_mode=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return build(tmp_path)


def test_show_prints_all_clauses_and_the_annex() -> None:
    said = typed("show").output
    assert [clause.id for clause in DECLARATION.clauses if f"\n{clause.id} {clause.title}\n" not in said] == []
    assert json.loads(typed("show", "--json").output)["checks"].keys() == {check.id for check in DECLARATION.checks}


def test_check_of_a_whole_folder(config: Path) -> None:
    done = typed("check", "--config", config, "--at", AT)
    assert done.return_value == 0
    assert done.output.endswith("nothing found that breaks the declaration\n")
    assert "n/a   N3-drill" in done.output


def test_check_of_a_broken_folder_names_clauses_and_rows(config: Path) -> None:
    sql(config, "CREATE VIEW closures AS SELECT 1", "UPDATE events SET hazard = 'rally'")
    done = typed("check", "--config", config, "--at", AT)
    assert done.return_value == 1
    assert done.output.endswith("broken: N2, N5\n")
    assert "! and " in done.output, "of many rows a few are named and the rest counted"
    rows = [json.loads(line) for line in typed("check", "--config", config, "--at", AT, "--json").output.splitlines()]
    assert {row["clause"] for row in rows if row["outcome"] == "fail"} == {"N2", "N5"}


def test_check_without_a_folder_could_not_run(tmp_path: Path) -> None:
    done = typed("check", "--config", tmp_path / "tocsin.toml")
    assert "cannot be read" in str(done.exception)
