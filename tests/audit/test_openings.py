"""What the operator opens, the published log, and the auditor's own run of the gate: do the three agree?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tocsin_audit
from tocsin import cli
from tocsin.run import inputs
from tocsin.run.publish import VKEY, publish
from tocsin.store import Change, Store
from worlds import HOUR, NOW, World, cap

CONFIG = 'contact = "mailto:ops@example.org"\nsources = ["us-nws-alerts"]\n'
Audit = Callable[..., tuple[int, dict[str, dict[str, Any]]]]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a run of the command line in a folder whose service read two documents: one kept, one dropped."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tocsin.toml").write_text(CONFIG)
    (tmp_path / "kept.cap").write_bytes(cap("a", severity="Severe"))
    (tmp_path / "dropped.cap").write_bytes(cap("t", status="Test"))
    log = inputs.log_of(inputs.load_config(tmp_path / "tocsin.toml"), tmp_path)
    with Store.open(tmp_path / "tocsin.db") as store:
        world = World(store=store)
        store.commit(Change(is_start=True, sources=(world.source,)), now=NOW)
        world.poll((tmp_path / "kept.cap").read_bytes(), (tmp_path / "dropped.cap").read_bytes())
        publish(store, log, now=NOW + HOUR, whole=True)
    (tmp_path / "log").symlink_to(log.folder)

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["tocsin", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        return capsys.readouterr().out

    return call


@pytest.fixture
def audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Audit:
    def run(openings: list[dict[str, Any]], decisions: list[dict[str, Any]]) -> tuple[int, dict[str, dict[str, Any]]]:
        for name, rows in (("openings", openings), ("decisions", decisions)):
            (tmp_path / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        folder = (tmp_path / "log").resolve()
        key = (folder / VKEY).read_text(encoding="ascii").strip()
        given = ["--opening", tmp_path / "openings", "--decisions", tmp_path / "decisions"]
        state = tmp_path / "state"
        state.unlink(missing_ok=True)
        code = tocsin_audit.main([str(each) for each in (folder, "--key", key, "--state", state, *given, "--json")])
        return code, {line["code"]: line for line in json.loads(capsys.readouterr().out)["lines"]}

    return run


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def both(said: Callable[..., str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    files = ("kept.cap", "dropped.cap")
    return rows(said("ledger", "open", *files)), rows(said("gate", *files))


def test_openings_agree_with_the_log_and_with_the_auditors_own_gate(said: Callable[..., str], audit: Audit) -> None:
    openings, decisions = both(said)
    assert [one["verdict"] for one in openings] == [one["verdict"] for one in decisions] == ["pass", "drop"]
    assert openings[0]["entry"] != openings[1]["entry"]
    code, lines = audit(openings, decisions)
    assert code == tocsin_audit.EXIT["unwitnessed"]
    assert lines["opened"]["values"] == {"count": 2, "own": 2, "missed": 0}


def test_what_was_not_opened_is_counted(said: Callable[..., str], audit: Audit) -> None:
    openings, decisions = both(said)
    assert audit(openings[:1], decisions)[1]["opened"]["values"] == {"count": 1, "own": 2, "missed": 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("verdict", "pass"), ("rule", "another"), ("ruleset", "0" * 64), ("digest", "0" * 64), ("day", "2026-02-28"),
        ("key", "A" * 43 + "="), ("key", "not base64"), ("entry", 0), ("entry", 10**9), ("entry", "x"), ("index", 17),
        ("size", 32), ("path", []), ("path", None),
    ],
)  # fmt: skip
def test_opening_that_lies_is_no_proof(said: Callable[..., str], audit: Audit, field: str, value: object) -> None:
    openings, decisions = both(said)
    code, lines = audit([openings[1] | {field: value}], decisions)
    assert code == tocsin_audit.EXIT["broken"]
    assert "unproven" in lines
    assert "opened" not in lines


@pytest.mark.parametrize(
    ("field", "value"), [("verdict", "pass"), ("rule", "x"), ("ruleset", "0" * 64), ("digest", "")]
)
def test_other_verdict_of_the_auditors_gate_is_a_finding(
    said: Callable[..., str], audit: Audit, field: str, value: str
) -> None:
    openings, decisions = both(said)
    code, lines = audit(openings, [decisions[0], decisions[1] | {field: value}])
    assert code == tocsin_audit.EXIT["finding"]
    assert lines["unlike"]["at"] == [f"#{openings[1]['entry']}"]
