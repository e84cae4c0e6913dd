"""What Tocsin itself writes, as the auditor sees it: the two share no code, and this is where they meet."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

import tocsin
import tocsin_audit
from tocsin import ledger
from tocsin.ledger.note import ED25519, from_seed
from tocsin.places import read_places
from tocsin.run.publish import VKEY, Log, publish
from tocsin.run.replay import Replay, read_archive
from tocsin.store import Change, Store

DEMO = Path(tocsin.__file__).parent / "demo"
SIGNER = from_seed("tocsin.example/log", bytes(range(32)), kind=ED25519)


def test_both_know_the_same_kinds_and_fields() -> None:
    ours = {kind: set(fields) for kind, fields in ledger.KINDS.items()}
    assert {kind: set(fields) for kind, fields in tocsin_audit.KINDS.items()} == ours


@pytest.mark.parametrize("scenario", sorted(path.name for path in DEMO.iterdir() if path.is_dir()))
def test_log_of_a_replay_is_of_the_schema_and_grows(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Log(folder=tmp_path / "ledger", signer=SIGNER)
    lines = read_archive(DEMO / scenario)
    places = read_places((DEMO / scenario / "places.csv").read_bytes(), name="places.csv")
    verdicts = []
    with Store.open(tmp_path / "tocsin.db") as store:
        store.commit(Change(is_start=True), now=lines[0].at)
        replay = Replay(lines, places, store=store)
        for number, moment in enumerate(replay.moments(until=lines[-1].at + timedelta(hours=1))):
            if number % 200 == 0:
                publish(store, log, now=moment.at, whole=True)
                verdicts.append(audited(log.folder, tmp_path, capsys))
        a_month_later = lines[-1].at + timedelta(days=31)
        store.commit(Change(is_start=True), now=a_month_later)
        publish(store, log, now=a_month_later, whole=True)
        verdicts.append(audited(log.folder, tmp_path, capsys))
    assert {verdict for verdict, _ in verdicts} == {"unwitnessed"}, verdicts
    assert {"extends", "content", "tree"} <= verdicts[-1][1]
    assert b'"kind":"key-destroyed"' in b"".join(path.read_bytes() for path in log.folder.rglob("*") if path.is_file())


def audited(folder: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, set[str]]:
    key = (folder / VKEY).read_text(encoding="ascii").strip()
    tocsin_audit.main([str(folder), "--key", key, "--state", str(state / "head"), "--json"])
    report = json.loads(capsys.readouterr().out)
    return report["verdict"], {line["code"] for line in report["lines"]}
