"""The drill: finds nothing where the gate works, finds what a gate lets through, and knows when it shows nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result
from installation import build, finding

from tocsin.cli import tocsin
from tocsin.errors import ConfigError
from tocsin.model import IssuerClass
from tocsin.neutrality import canaries, drill
from tocsin.neutrality.canaries import Canary
from tocsin.neutrality.findings import Outcome
from tocsin.neutrality.sweep import Swept
from tocsin.store import Store
from worlds import cap

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def drilled(folder: Path, items: tuple[Canary, ...]) -> drill.Drilled:
    return drill.drill(folder, items, clock=lambda: NOW)


def warning(headline: str) -> Canary:
    """Return a warning whose headline says what is to be found, in words that any gate lets pass."""
    document = cap("w-1").replace(b"Strong wind", headline.encode())
    strings = (headline,)
    return Canary(name="wind", format="cap", issuer_class=IssuerClass.HAZARD, document=document, strings=strings)


def test_canaries_leave_nothing_but_what_may_be_kept(tmp_path: Path) -> None:
    items = canaries.own(Random(41), NOW)
    done = drilled(tmp_path, items)
    assert done.leaks == ()
    assert done.documents == len(items)
    assert done.strings > 3 * done.documents
    assert done.events >= 2 * 11, "a warning and an effect in each language"
    assert done.notices > 0
    assert done.swept.files > 10
    assert list(tmp_path.iterdir()) == [], "the drill's own folder is gone"


def test_what_is_kept_is_found_in_every_place_where_it_is(tmp_path: Path) -> None:
    done = drilled(tmp_path, (warning("Gale over the Quorvel pass"),))
    assert done.found == 1
    files = {leak.file.relative_to(next(tmp_path.glob("drill-*"))).parts[0] for leak in done.leaks}
    assert files >= {"drill.db", "outbox", "overview.html", "overview.json"}
    assert "drill.db-wal" in files, "it was looked for while the write-ahead log was there"
    assert {(leak.canary, leak.number) for leak in done.leaks} == {("wind", 1)}


def test_a_sweep_that_sees_nothing_shows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.neutrality.drill.sweep", lambda *_: Swept(0, 0, ()))
    with pytest.raises(drill.DrillError, match="what was planted"):
        drilled(tmp_path, (warning("Gale over the Quorvel pass"),))
    assert list(tmp_path.iterdir()) == []


def test_items_that_could_not_be_put_in_show_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.neutrality.sealed.SealedSource.urls", ["http://127.0.0.1:9/"])
    with pytest.raises(drill.DrillError, match="could be put in"):
        drilled(tmp_path, (warning("Gale over the Quorvel pass"),))


@pytest.mark.parametrize("canary", [pytest.param(one, id=one.name) for one in canaries.own(Random(5), NOW)])
def test_a_canary_is_read_by_its_reader_and_holds_its_strings(canary: Canary) -> None:
    assert all(text.encode() in canary.document for text in canary.strings)
    assert len(canary.strings) >= 3
    rules = {ruling.decision.rule for ruling in canaries.judged(canary, NOW)}
    assert rules, "an item was found"
    assert "malformed" not in rules


# --- as it is typed -------------------------------------------------------------------------------------------------


def typed(*arguments: str | Path) -> Result:
    return CliRunner().invoke(tocsin, ["neutrality", *map(str, arguments)], standalone_mode=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return build(tmp_path)


def last_entry(config: Path) -> dict[str, object]:
    with Store.open(config.parent / "tocsin.db") as store:
        entry: dict[str, object] = json.loads(store.ledger_entries()[-1].leaf)
    return entry


def lines(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def row(**changed: object) -> dict[str, object]:
    document = cap("w-1").decode().replace("Strong wind", "Gale over the Quorvel pass")
    said = {"id": "ours", "format": "cap", "source_class": "official_hazard", "document": document}
    return {**said, "canaries": ["Quorvel pass"], **changed}


def test_the_drill_is_entered_and_then_stands_in_the_check(config: Path) -> None:
    done = typed("drill", "--config", config)
    assert done.return_value == 0
    assert "found                 0" in done.output
    entry = last_entry(config)
    assert (entry["kind"], entry["found"]) == ("drill", 0)
    assert finding(config, "N3-drill", datetime.now(UTC)).outcome is Outcome.PASS
    assert sorted(path.name for path in config.parent.glob("drill-*")) == []


def test_items_of_somebody_else_that_are_found_are_a_breach_to_enter(config: Path, tmp_path: Path) -> None:
    done = typed("drill", "--config", config, "--canaries", lines(tmp_path / "ours.jsonl", row()), "--json")
    assert done.return_value == 1
    said = json.loads(done.output.splitlines()[0])
    assert said["found"] == 1
    assert {leak["canary"] for leak in said["leaks"]} == {"ours"}
    assert last_entry(config)["found"] == 1
    assert finding(config, "N3-drill", datetime.now(UTC)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param([row(canaries=[])], "nothing to look for", id="no-strings"),
        pytest.param([row(canaries=["abc"])], "at least 6", id="short"),
        pytest.param([row(format="post")], "no such format", id="format"),
        pytest.param([row(source_class="news")], "needs id", id="class"),
        pytest.param([{"id": "x"}], "needs id", id="fields"),
        pytest.param([row(document=None)], "needs id", id="document"),
    ],
)
def test_a_file_of_another_form(tmp_path: Path, rows: list[object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        canaries.read(lines(tmp_path / "ours.jsonl", *rows))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        canaries.read(tmp_path / "ours.jsonl")


# --- announcements and breaches -------------------------------------------------------------------------------------


def test_an_announcement_gives_fourteen_days(config: Path) -> None:
    done = typed("announce", "--config", config, "ruleset", "b" * 64)
    assert done.return_value == 0
    entry = last_entry(config)
    days = datetime.fromisoformat(str(entry["effective"])) - datetime.fromisoformat(str(entry["day"]))
    assert (entry["kind"], entry["hash"], days.days) == ("announce", "b" * 64, 14)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["ruleset", "b" * 63], "SHA256", id="hash"),
        pytest.param(["ruleset", "b" * 64, "--effective", "2026-01-01T00:00:00Z"], "notice must be given", id="early"),
    ],
)
def test_an_announcement_that_is_none(config: Path, arguments: list[str], said: str) -> None:
    assert said in str(typed("announce", "--config", config, *arguments).exception)
    assert last_entry(config)["kind"] != "announce"


def test_a_breach_is_entered_repaired_once_and_lets_its_repair_in_at_once(config: Path) -> None:
    assert "no breach of N3" in str(typed("breach", "--config", config, "--clause", "N3", "--repaired").exception)
    assert typed("breach", "--config", config, "--clause", "N3").output.endswith("breach of N3 found\n")
    typed("announce", "--config", config, "ruleset", "b" * 64)
    entry = last_entry(config)
    assert entry["effective"] == entry["day"]
    assert typed("breach", "--config", config, "--clause", "N3", "--repaired").return_value == 0
    assert last_entry(config)["act"] == "repaired"
    assert finding(config, "N12-entered", datetime.now(UTC)).outcome is Outcome.PASS


def test_a_breach_stops_its_source_until_it_is_repaired(config: Path) -> None:
    assert typed("breach", "--config", config, "--clause", "N3", "--source", "us-nws-alerts").return_value == 0
    with Store.open(config.parent / "tocsin.db") as store:
        assert store.stopped() == {"us-nws-alerts"}
    typed("breach", "--config", config, "--clause", "N3", "--repaired")
    with Store.open(config.parent / "tocsin.db") as store:
        assert store.stopped() == frozenset()


@pytest.mark.parametrize("more", [["--source", "gb-met-office"], ["--source", "us-nws-alerts", "--repaired"]])
def test_only_a_configured_source_of_a_found_breach_is_stopped(config: Path, more: list[str]) -> None:
    assert "configured source" in str(typed("breach", "--config", config, "--clause", "N3", *more).exception)
