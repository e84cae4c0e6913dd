"""The ledger from end to end: what Tocsin publishes, a witness cosigns and an auditor that shares no code checks."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

import tocsin_audit
from tocsin import ledger
from tocsin.ledger import ForkError, note, tlog
from tocsin.ledger.note import COSIGNATURE, ED25519
from tocsin.run import keys, publish
from tocsin.run.publish import Log
from tocsin.run.witness import Memory, look
from tocsin.store import Change, Store
from worlds import NOW, World, cap

OK, BROKEN, UNWITNESSED = 0, 2, 3


class Site:
    """A site with a store, a published log, a witness, and an auditor who keeps what it has seen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "tocsin.db"
        self.log = Log(
            folder=folder / "ledger", signer=keys.make(folder / "log.key", "tocsin.example/log", kind=ED25519)
        )
        self.witness = keys.make(folder / "witness.key", "council.example/w", kind=COSIGNATURE)
        policy = f"log {self.log.signer.verifier.vkey}\nwitness council {self.witness.verifier.vkey}\nquorum council\n"
        (folder / "policy.txt").write_text(policy)

    def warn(self, *names: str) -> None:
        """Collect alerts, and publish the log."""
        with Store.open(self.database) as store:
            world = World(store=store)
            store.commit(Change(is_start=True, sources=(world.source,)), now=NOW)
            world.poll(*map(cap, names))
            publish.publish(store, self.log, now=NOW, whole=True)

    def cosign(self, *, memory: str = "witness.db") -> None:
        logs = {self.log.signer.verifier.name: [self.log.signer.verifier]}
        with Memory(self.folder / memory) as kept:
            look(self.log.folder, memory=kept, logs=logs, signer=self.witness, now=datetime.now(UTC))

    def audit(self, *, state: str = "state") -> int:
        arguments = [str(self.log.folder), "--policy", str(self.folder / "policy.txt")]
        return tocsin_audit.main([*arguments, "--state", str(self.folder / state)])

    def rewrite(self) -> None:
        """Exchange an event's entry in the database, forget what was signed, and publish anew, as an insider would."""
        with sqlite3.connect(self.database) as database:
            entries = [json.loads(leaf) for (leaf,) in database.execute("SELECT leaf FROM ledger ORDER BY n")]
            n = next(number for number, entry in enumerate(entries) if entry["kind"] == "event")
            leaf = ledger.leaf(entries[n] | {"commitment": "00" * 32})
            database.execute("UPDATE ledger SET leaf = ?, leaf_hash = ? WHERE n = ?", (leaf, tlog.leaf_hash(leaf), n))
            database.execute("DELETE FROM signed")
            database.execute("DELETE FROM ledger_tree")
        for path in sorted(self.log.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_what_is_published_is_witnessed_and_audited(site: Site) -> None:
    site.warn("a")
    assert site.audit() == UNWITNESSED
    site.cosign()
    assert site.audit() == OK
    site.warn("b", "c")
    site.cosign()
    assert site.audit() == OK


def test_rewritten_log_is_caught_by_who_kept_a_checkpoint(site: Site) -> None:
    site.warn("a")
    site.cosign()
    assert site.audit() == OK
    site.rewrite()
    site.warn("b")
    site.cosign(memory="deceived.db")
    assert site.audit() == BROKEN
    assert site.audit(state="another") == OK, "the negative control: who kept nothing sees nothing"


def test_rewritten_log_is_not_cosigned_by_a_witness_that_remembers(site: Site) -> None:
    site.warn("a")
    site.cosign()
    site.rewrite()
    site.warn("b")
    with pytest.raises(ForkError):
        site.cosign()
    assert site.audit(state="another") == UNWITNESSED


def test_both_ends_agree_on_the_key(site: Site) -> None:
    assert note.parse_vkey(site.log.signer.verifier.vkey) == site.log.signer.verifier
