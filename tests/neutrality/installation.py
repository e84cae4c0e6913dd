"""A real data folder: canaries collected, told and published by the real steps, and a way to break it by SQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tocsin import catalogue
from tocsin.config import EXAMPLE
from tocsin.ledger import note
from tocsin.match import PlaceIndex
from tocsin.model import Health
from tocsin.neutrality import canaries
from tocsin.neutrality.checks import make, run
from tocsin.neutrality.findings import Finding
from tocsin.neutrality.folder import opened
from tocsin.run import collect
from tocsin.run.publish import Log, publish
from tocsin.run.reconcile import Desk
from tocsin.run.situation import Situation
from tocsin.store import Change, Store
from worlds import CHANNEL, PLACES

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def build(folder: Path) -> Path:
    """Fill `folder` as a running service would have, and return its configuration file."""
    config = folder / "tocsin.toml"
    config.write_text(EXAMPLE, encoding="utf-8")
    with Store.open(folder / "tocsin.db") as store:
        listed = catalogue.SOURCES["us-nws-alerts"]
        store.commit(Change(is_start=True, sources=(listed,)), now=NOW)
        for canary in canaries.own(Random(7), NOW):
            source = replace(listed, format=canary.format, issuer_class=canary.issuer_class, snapshot=False)
            poll = collect.Poll(documents=(collect.Document(format=canary.format, body=canary.document),))
            collect.take(store, source, poll, Health(source=source.id), now=NOW)
        situation = Situation(PlaceIndex(PLACES), {listed.id: listed})
        assert Desk(store, situation, (CHANNEL,), started=NOW).reconcile(NOW)
        signer = note.from_seed("tests.example/log", bytes(32), kind=note.ED25519)
        publish(store, Log(folder=folder / "ledger", signer=signer), now=NOW, whole=True)
    return config


def findings(config: Path, now: datetime = NOW) -> dict[str, Finding]:
    """Return what the checks find in the folder, by name."""
    with opened(config, now) as data:
        return {finding.check: finding for finding in run(data)}


def finding(config: Path, check: str, now: datetime = NOW) -> Finding:
    """Return what one check finds in the folder."""
    with opened(config, now) as data:
        return make(check, data)


def sql(config: Path, *statements: str) -> None:
    """Break the database, as somebody with a shell on the machine could."""
    with closing(sqlite3.connect(config.parent / "tocsin.db")) as database, database:
        for statement in statements:
            database.execute(statement)
