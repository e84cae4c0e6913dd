"""Each check of the declaration: passes on what a real service leaves, fails when that is broken."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from installation import DAY, NOW, build, finding, findings, sql

from tocsin import catalogue, record
from tocsin.declaration import DECLARATION
from tocsin.errors import ConfigError, StoreError
from tocsin.ledger import note
from tocsin.model import IssuerClass
from tocsin.neutrality import outward
from tocsin.neutrality.checks import CHECKS
from tocsin.neutrality.findings import Outcome
from tocsin.neutrality.folder import opened
from tocsin.store import Change, Store
from tocsin.web import guard

WITHHELD = "json_extract(body, '$.sender') = 'withheld'"
WITH_WORDS = "json_extract(body, '$.hazard') = 'flood'"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def config(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole.parent, tmp_path / "copy")
    return tmp_path / "copy" / whole.name


def test_every_check_of_the_declaration_is_made() -> None:
    assert list(CHECKS) == [check.id for check in DECLARATION.checks]


def test_what_a_real_service_leaves_breaks_nothing(whole: Path) -> None:
    found = findings(whole)
    assert {name: one.faults for name, one in found.items() if one.outcome is Outcome.FAIL} == {}
    assert {name for name, one in found.items() if one.outcome is Outcome.NOT_APPLICABLE} == NOT_APPLICABLE
    assert len(found) == len(CHECKS) + 1, "and a line for the clause that is not for machines"


NOT_APPLICABLE = {"N1", "N3-drill", "N11-witness"}


def put(field: str, value: str, where: str = WITH_WORDS) -> str:
    return f"UPDATE events SET body = json_set(body, '$.{field}', {value}) WHERE {where}"  # noqa: S608


BROKEN = [
    pytest.param("N2-closed", "UPDATE events SET hazard = 'rally' WHERE hazard = 'flood'", id="type-of-column"),
    pytest.param(
        "N2-closed",
        "UPDATE events SET hazard = 'rally', body = json_set(body, '$.hazard', 'rally') WHERE hazard = 'flood'",
        id="type-not-listed",
    ),
    pytest.param("N2-closed", "UPDATE notices SET hazard = 'rally'", id="type-of-notice"),
    pytest.param("N3-strings", put("texts[0].headline", "'Write to jo@ex.example'"), id="mail"),
    pytest.param("N3-strings", put("texts[0].headline", "'Write to jo\uff20ex.example'"), id="mail-full-width"),
    pytest.param("N3-strings", put("texts[0].headline", "'Ask @jo_41'"), id="account"),
    pytest.param("N3-strings", put("web", "'https://www.facebook.com/41'"), id="social"),
    pytest.param("N3-strings", put("texts[0].description", "'data:image/png;base64,AAAA'"), id="embedded"),
    pytest.param("N3-strings", put("texts[0].headline", "'a' || char(8203) || 'b'"), id="invisible"),
    pytest.param("N3-strings", "UPDATE health SET error = 'jo@ex.example'", id="in-a-column"),
    pytest.param("N3-schema", "CREATE TABLE notes (note TEXT)", id="table"),
    pytest.param("N3-schema", "ALTER TABLE events ADD COLUMN cause TEXT", id="column"),
    pytest.param("N3-schema", put("cause", "'unknown'"), id="field"),
    pytest.param("N3-schema", put("measures", "json('{\"Quill Bean\": 1}')"), id="name-of-measure"),
    pytest.param("N3-schema", "UPDATE health SET etag = x'89504e47'", id="file-in-text"),
    pytest.param("N3-schema", "UPDATE day_keys SET key = x'89504e47'", id="file-in-key"),
    pytest.param("N4-effect", put("web", "'https://city.example/x'", WITHHELD), id="link"),
    pytest.param("N4-effect", put("identifier", "'march-41'", WITHHELD), id="identifier"),
    pytest.param("N4-effect", put("sender_name", "'City'", WITHHELD), id="sender"),
    pytest.param("N4-effect", put("aliases[0]", "'march-41'", WITHHELD), id="alias"),
    pytest.param("N4-effect", put("texts[0].headline", "'Avoid the march'", WITHHELD), id="headline"),
    pytest.param("N4-effect", put("texts[0].description", "'A march'", WITHHELD), id="description"),
    pytest.param("N4-effect", put("codes", 'json(\'[["cause", "41"]]\')', WITHHELD), id="code"),
    pytest.param("N4-effect", put("references", 'json(\'[["city", "41", "2026"]]\')', WITHHELD), id="reference"),
    pytest.param("N5-shape", put("measures", "json('{\"people\": 41}')", WITHHELD), id="measure"),
    pytest.param("N5-shape", put("onset", "'2026-03-01T11:52:00Z'", WITHHELD), id="time"),
    pytest.param("N5-shape", put("category", "json('[\"Security\"]')", WITHHELD), id="category"),
    pytest.param("N5-age", "UPDATE events SET ends = '2026-02-28T11:00:00.000000Z'", id="old-event"),
    pytest.param(
        "N5-age",
        "UPDATE notices SET hazard = 'avoid-area', state = 'sent', next_try = NULL, at = '2026-02-27T11:00:00.000000Z',"
        " ends = '2026-02-27T11:00:00.000000Z'",
        id="old-notice",
    ),
    pytest.param("N5-tables", "CREATE VIEW closures AS SELECT source, count(*) FROM events", id="view"),
    pytest.param("N5-tables", "CREATE VIRTUAL TABLE words USING fts5(body)", id="index-of-words"),
    pytest.param("N5-tables", "ANALYZE", id="statistics"),
    pytest.param("N6-sources", "UPDATE health SET source = 'social-feed'", id="source"),
    pytest.param("N6-sources", "UPDATE sources SET url = 'https://elsewhere.example/feed'", id="address-in-the-table"),
    pytest.param("N6-sources", "UPDATE sources SET issuer_class = 'official_civil'", id="class-in-the-table"),
    pytest.param("N6-sources", "DELETE FROM sources", id="source-that-is-only-in-the-log"),
    pytest.param(
        "N6-sources",
        "INSERT INTO sources VALUES ('us-usgs-earthquakes', 'https://x.example/', 'official_hazard', 0, 2)",
        id="source-that-the-log-lacks",
    ),
    pytest.param("N7-tables", "CREATE TABLE receipts (worker TEXT)", id="reader"),
    pytest.param("N7-tables", "ALTER TABLE notices ADD COLUMN opened_by TEXT", id="opened"),
    pytest.param("N9-leaves", 'UPDATE ledger SET leaf = \'{"kind":"start","who":"jo"}\' WHERE n = 1', id="leaf"),
    pytest.param("N9-counts", "ALTER TABLE weekly ADD COLUMN place TEXT", id="count-by-place"),
    pytest.param("N9-counts", "UPDATE weekly SET week = '2026-03-01'", id="count-by-day"),
    pytest.param("N9-counts", "UPDATE weekly SET reason = 'labour' WHERE reason = 'unmapped'", id="count-by-topic"),
    pytest.param(
        "N12-entered",
        "INSERT INTO stopped VALUES ('us-nws-alerts', 'N3', '2026-03-01T11:00:00.000000Z')",
        id="collected-though-stopped",
    ),
    pytest.param("N9-counts", "ALTER TABLE decisions ADD COLUMN rule TEXT", id="rules-that-could-be-counted"),
    pytest.param("N9-items", "UPDATE decisions SET ruleset = 'a march'", id="words-in-a-decision"),
    pytest.param("N9-items", "UPDATE decisions SET day = '2026-02-28' WHERE entry IS NOT NULL", id="another-day"),
    pytest.param("N9-items", "UPDATE side_trees SET hashes = CAST('a march' AS BLOB)", id="words-for-a-tree"),
    pytest.param(
        "N9-items",
        "UPDATE side_trees SET entry = 0 WHERE entry = (SELECT min(entry) FROM side_trees)",
        id="tree-of-another-entry",
    ),
    pytest.param("N9-keys", "UPDATE day_keys SET day = '2026-01-20'", id="key"),
]


@pytest.mark.parametrize(("check", "statement"), BROKEN)
def test_a_broken_folder_is_found(config: Path, check: str, statement: str) -> None:
    sql(config, statement)
    assert finding(config, check).outcome is Outcome.FAIL


def test_a_fault_names_the_place_and_not_what_stands_there(config: Path) -> None:
    sql(config, put("texts[0].headline", "'Write to jo@ex.example'"), 'CREATE TABLE "jo, last seen at 41" (x)')
    said = "\n".join(fault for name in ("N3-strings", "N3-schema") for fault in finding(config, name).faults)
    assert "events row " in said
    assert "jo" not in said


# --- what no SQL can break ------------------------------------------------------------------------------------------


def test_a_source_that_the_catalogue_lacks_is_found_in_the_configuration(config: Path) -> None:
    config.write_text(config.read_text().replace('"us-nws-alerts"', '"social-feed"'))
    assert finding(config, "N6-sources").faults == ("sources, number 1: not in the catalogue",)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"url": "https://api.weather.gov/alerts/other"}, id="another-address"),
        pytest.param({"id": "us-nws-other"}, id="another-name"),
        pytest.param({"issuer_class": IssuerClass.CIVIL}, id="another-class"),
    ],
)
def test_a_source_that_was_read_elsewhere_is_found_in_the_log(config: Path, changes: dict[str, Any]) -> None:
    listed = catalogue.SOURCES["us-nws-alerts"]
    with Store.open(config.parent / "tocsin.db") as store:
        store.commit(Change(is_start=True, sources=(replace(listed, **changes),)), now=NOW)
        (added,) = [entry.n for entry in store.ledger_entries() if b'"act":"added"' in entry.leaf][1:]
    found = finding(config, "N6-sources")
    assert any(fault.startswith(f"entry {added}: ") for fault in found.faults), found.faults
    with Store.open(config.parent / "tocsin.db") as store:
        store.commit(Change(is_start=True, sources=(listed,)), now=NOW)
    assert finding(config, "N6-sources").outcome is Outcome.PASS, "once it is read where it should be"


def test_a_catalogue_that_lets_everything_in_is_found(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.catalogue.refuses", lambda _url, _format: None)
    found = finding(config, "N6-refusals")
    assert found.outcome is Outcome.FAIL
    assert found.count > len(found.faults)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(outward.Answer(500, (), b""), "answers 500", id="error"),
        pytest.param(outward.Answer(200, (("set-cookie", "a=b"),), b""), "sets a cookie", id="cookie"),
        pytest.param(
            outward.Answer(200, (), b'<img src="https://x.example/p.gif">'), "loads from another server", id="pixel"
        ),
        pytest.param(outward.Answer(200, (), b"<p>"), "may load from other servers", id="no-policy"),
    ],
)
def test_what_no_page_may_do(answer: outward.Answer, said: str) -> None:
    assert said in list(outward.page_faults(answer))


def test_a_page_with_a_cookie_is_found(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(guard.HEADERS, "Set-Cookie", "seen=1")
    assert "/: sets a cookie" in finding(config, "N7-pages").faults


def test_a_gate_that_forgets_what_it_said_is_found(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["one", "another"])
    monkeypatch.setattr("tocsin.neutrality.canaries.fingerprint", lambda: next(answers))
    assert finding(config, "N8-same").count == 2


def test_other_rules_than_those_of_the_last_start_are_found(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.gate.RULESET", "4" * 64)
    assert finding(config, "N8-rules").outcome is Outcome.FAIL


def test_a_published_bundle_with_words_is_found(config: Path) -> None:
    bundle = next(path for path in (config.parent / "ledger" / "tile" / "entries").rglob("*") if path.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b'"kind"', b'"kinb"', 1))
    assert finding(config, "N9-leaves").count == 1


# --- changes, drills, breaches --------------------------------------------------------------------------------------


def started(config: Path, ruleset: str, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.gate.RULESET", ruleset)
    with Store.open(config.parent / "tocsin.db") as store:
        store.commit(Change(is_start=True), now=at)


def entered(config: Path, *entries: dict[str, object], at: datetime = NOW) -> None:
    with Store.open(config.parent / "tocsin.db") as store:
        store.commit(Change(entries=entries), now=at)


NEW = "b" * 64


@pytest.mark.parametrize(
    ("notice", "at", "outcome"),
    [
        pytest.param(False, NOW + DAY, Outcome.FAIL, id="without"),
        pytest.param(True, NOW + 14 * DAY, Outcome.PASS, id="in-time"),
        pytest.param(True, NOW + 13 * DAY, Outcome.FAIL, id="a-day-early"),
    ],
)
def test_new_wording_of_the_declaration_wants_notice(
    config: Path, monkeypatch: pytest.MonkeyPatch, notice: bool, at: datetime, outcome: Outcome
) -> None:
    if notice:
        effective = (NOW + 14 * DAY).date()
        entered(config, record.announce_entry(subject="declaration", hash=NEW, effective=effective, now=NOW))
    monkeypatch.setattr("tocsin.store.writing.DECLARATION", replace(DECLARATION, sha256=NEW))
    with Store.open(config.parent / "tocsin.db") as store:
        store.commit(Change(is_start=True), now=at)
    found = finding(config, "N10-notice", at)
    assert found.outcome is outcome
    assert all("declaration" in fault for fault in found.faults)


def announced(at: datetime, effective: datetime) -> dict[str, object]:
    return record.announce_entry(subject="ruleset", hash=NEW, effective=effective.date(), now=at)


def breach(at: datetime = NOW, *, is_repaired: bool = False) -> dict[str, object]:
    return record.breach_entry(clause="N3", is_repaired=is_repaired, now=at)


@pytest.mark.parametrize(
    ("entries", "at", "outcome"),
    [
        pytest.param((), NOW + DAY, Outcome.FAIL, id="without"),
        pytest.param((announced(NOW, NOW + 14 * DAY),), NOW + 14 * DAY, Outcome.PASS, id="in-time"),
        pytest.param((announced(NOW, NOW + 14 * DAY),), NOW + 13 * DAY, Outcome.FAIL, id="a-day-early"),
        pytest.param((announced(NOW, NOW + DAY),), NOW + 2 * DAY, Outcome.FAIL, id="period-cut-short"),
        pytest.param((announced(NOW, NOW + 20 * DAY),), NOW + 15 * DAY, Outcome.FAIL, id="before-the-day-named"),
        pytest.param((breach(), announced(NOW, NOW)), NOW + DAY, Outcome.PASS, id="repair"),
        pytest.param(
            (breach(), breach(is_repaired=True), announced(NOW, NOW)), NOW + DAY, Outcome.FAIL, id="already-repaired"
        ),
    ],
)
def test_new_rules_want_notice(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    entries: tuple[dict[str, object], ...],
    at: datetime,
    outcome: Outcome,
) -> None:
    entered(config, *entries)
    started(config, NEW, at, monkeypatch)
    assert finding(config, "N10-notice", at).outcome is outcome


@pytest.mark.parametrize(
    ("entries", "now", "outcome"),
    [
        pytest.param((record.drill_entry(canaries=4, found=0, now=NOW),), NOW + 92 * DAY, Outcome.PASS, id="clean"),
        pytest.param((record.drill_entry(canaries=4, found=0, now=NOW),), NOW + 93 * DAY, Outcome.FAIL, id="long-ago"),
        pytest.param((record.drill_entry(canaries=4, found=1, now=NOW),), NOW, Outcome.FAIL, id="found"),
    ],
)
def test_the_last_drill(config: Path, entries: tuple[dict[str, object], ...], now: datetime, outcome: Outcome) -> None:
    entered(config, *entries)
    assert finding(config, "N3-drill", now).outcome is outcome


FOUND = record.drill_entry(canaries=4, found=1, now=NOW)


@pytest.mark.parametrize(
    ("entries", "now", "outcome"),
    [
        pytest.param((FOUND,), NOW + timedelta(hours=24), Outcome.PASS, id="still-time"),
        pytest.param((FOUND,), NOW + timedelta(hours=25), Outcome.FAIL, id="kept-quiet"),
        pytest.param((FOUND, breach(NOW + timedelta(hours=24))), NOW + 2 * DAY, Outcome.PASS, id="entered"),
        pytest.param((FOUND, breach(NOW + timedelta(hours=25))), NOW + 2 * DAY, Outcome.FAIL, id="entered-late"),
        pytest.param((breach(), breach(is_repaired=True)), NOW, Outcome.PASS, id="repaired"),
        pytest.param((breach(is_repaired=True),), NOW, Outcome.FAIL, id="repaired-unfound"),
    ],
)
def test_breaches_are_entered(
    config: Path, entries: tuple[dict[str, object], ...], now: datetime, outcome: Outcome
) -> None:
    entered(config, *entries)
    assert finding(config, "N12-entered", now).outcome is outcome


# --- could not look -------------------------------------------------------------------------------------------------


def test_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"), opened(tmp_path / "tocsin.toml", NOW):
        pass


def test_no_database(config: Path) -> None:
    (config.parent / "tocsin.db").unlink()
    with pytest.raises(StoreError, match="is not there"), opened(config, NOW):
        pass


def test_a_database_of_another_shape(config: Path) -> None:
    sql(config, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreError, match="another shape"), opened(config, NOW):
        pass


def test_no_database_at_all(config: Path) -> None:
    (config.parent / "tocsin.db").write_bytes(b"words" * 1000)
    with pytest.raises(StoreError, match="cannot be read"), opened(config, NOW):
        pass


def test_a_start_is_what_the_rules_are_held_to(config: Path) -> None:
    sql(config, "DELETE FROM ledger")
    assert {finding(config, name).outcome for name in ("N8-rules", "N10-notice")} == {Outcome.NOT_APPLICABLE}


# --- witnesses ------------------------------------------------------------------------------------------------------

LOG = note.from_seed("tests.example/log", bytes(32), kind=note.ED25519)
COUNCIL = note.from_seed("council.example/w", bytes(31) + b"1", kind=note.COSIGNATURE)
OFFICER = note.from_seed("officer.example/w", bytes(31) + b"2", kind=note.COSIGNATURE)


def with_policy(config: Path, *cosigned: note.Signer) -> None:
    """Name the council as witness, and cosign the published checkpoint."""
    policy = f"log {LOG.verifier.vkey}\nwitness council {COUNCIL.verifier.vkey}\nquorum council\n"
    (config.parent / "policy.txt").write_text(policy)
    config.write_text(f'policy = "policy.txt"\n{config.read_text()}')
    checkpoint = config.parent / "ledger" / "checkpoint"
    text = note.split(checkpoint.read_bytes())[0]
    checkpoint.write_bytes(note.signed(text, LOG.sign(text), *(signer.sign(text, at=NOW) for signer in cosigned)))


@pytest.mark.parametrize(
    ("cosigned", "outcome"),
    [
        pytest.param((COUNCIL,), Outcome.PASS, id="by-the-council"),
        pytest.param((), Outcome.FAIL, id="by-nobody"),
        pytest.param((OFFICER,), Outcome.FAIL, id="by-somebody-else"),
    ],
)
def test_the_checkpoint_is_cosigned(config: Path, cosigned: tuple[note.Signer, ...], outcome: Outcome) -> None:
    with_policy(config, *cosigned)
    assert finding(config, "N11-witness").outcome is outcome


def test_a_checkpoint_by_another_log(config: Path) -> None:
    with_policy(config, COUNCIL)
    checkpoint = config.parent / "ledger" / "checkpoint"
    text = note.split(checkpoint.read_bytes())[0]
    checkpoint.write_bytes(note.signed(text, OFFICER.sign(text, at=NOW)))
    assert "nobody" in finding(config, "N11-witness").faults[0]


@pytest.mark.parametrize("gone", ["policy.txt", "ledger/checkpoint"])
def test_a_policy_or_checkpoint_that_is_gone(config: Path, gone: str) -> None:
    with_policy(config, COUNCIL)
    (config.parent / gone).unlink()
    assert "is not there" in finding(config, "N11-witness").faults[0]


def test_a_policy_that_is_none(config: Path) -> None:
    with_policy(config, COUNCIL)
    (config.parent / "policy.txt").write_text("council\n")
    assert finding(config, "N11-witness").faults[0].startswith("policy.txt: ")
