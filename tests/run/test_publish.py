"""The log in files: whole after a crash at any write, and never signed when it would be a fork."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.errors import StoreError
from tocsin.ledger import ForkError, Head, ProofError
from tocsin.ledger.note import ED25519, from_seed, open_note, parse_checkpoint, parse_vkey
from tocsin.ledger.tile import ENTRIES, entries_of, tiles
from tocsin.ledger.tlog import Node, grown, leaf_hash, root
from tocsin.run import publish as publishing
from tocsin.run.publish import CHECKPOINT, VKEY, Log, publish
from tocsin.store import Store
from worlds import NOW, World, cap

SIGNER = from_seed("tocsin.example/log", bytes(range(32)), kind=ED25519)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = Store.open(tmp_path / "tocsin.db")
    yield World(store=store)
    store.close()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(folder=tmp_path / "ledger", signer=SIGNER)


def audited(folder: Path) -> Head:
    """Return the head of a published log, after everything in it was recomputed from its entries."""
    vkey = (folder / VKEY).read_text(encoding="ascii")
    signed = parse_checkpoint(open_note((folder / CHECKPOINT).read_bytes(), [parse_vkey(vkey)]).text)
    nodes: dict[Node, bytes] = {}
    count = 0
    for tile in tiles(signed.size):
        if tile.level == ENTRIES:
            for entry in entries_of((folder / tile.path).read_bytes(), tile.width):
                nodes.update(grown(count, leaf_hash(entry), lambda wanted: [nodes[node] for node in wanted]))
                count += 1
    assert count == signed.size
    assert root(signed.size, lambda wanted: [nodes[node] for node in wanted]) == signed.root
    for tile in tiles(signed.size):
        if tile.level == 0:
            expected = b"".join(nodes[Node(0, tile.index * 256 + at)] for at in range(tile.width))
            assert (folder / tile.path).read_bytes() == expected
    return Head(size=signed.size, root=signed.root)


def test_log_is_published_and_grows(world: World, log: Log) -> None:
    world.poll(cap("a"))
    first = publish(world.store, log, now=NOW, whole=True)
    assert audited(log.folder) == first
    world.poll(cap("b"), cap("c"))
    second = publish(world.store, log, now=NOW, whole=False)
    assert audited(log.folder) == second
    assert second.size > first.size


def test_nothing_new_changes_no_file(world: World, log: Log) -> None:
    world.poll(cap("a"))
    publish(world.store, log, now=NOW, whole=True)
    before = {path: path.stat().st_mtime_ns for path in log.folder.rglob("*")}
    publish(world.store, log, now=NOW, whole=True)
    assert {path: path.stat().st_mtime_ns for path in log.folder.rglob("*")} == before


def test_crash_at_any_write_leaves_a_whole_log(world: World, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try dies one write later; in between the old checkpoint holds, and at the end the new one."""
    world.poll(cap("a"))
    before = publish(world.store, log, now=NOW, whole=True)
    world.poll(cap("b"))
    put, writes = publishing._put, 0  # noqa: SLF001  the one function that touches the disk
    for allowed in range(100):
        left = [allowed]

        def dying(path: Path, body: bytes, left: list[int] = left) -> None:
            if not left[0]:
                raise StoreError("died")
            left[0] -= 1
            put(path, body)

        monkeypatch.setattr(publishing, "_put", dying)
        try:
            head = publish(world.store, log, now=NOW, whole=True)
        except StoreError:
            writes += 1
            assert audited(log.folder) == before
        else:
            assert audited(log.folder) == head
            break
    assert writes > 2


def test_lost_files_are_written_again(world: World, log: Log) -> None:
    world.poll(cap("a"))
    head = publish(world.store, log, now=NOW, whole=True)
    shutil.rmtree(log.folder)
    publish(world.store, log, now=NOW, whole=True)
    assert audited(log.folder) == head


def test_database_from_an_older_backup_is_not_signed(world: World, log: Log, tmp_path: Path) -> None:
    world.poll(cap("a"))
    publish(world.store, log, now=NOW, whole=True)
    published = (log.folder / CHECKPOINT).read_bytes()
    with Store.open(tmp_path / "older.db") as older:
        restored = World(store=older)
        for names in (["b"], ["c", "d", "e"]):  # as long as what was published, and longer
            restored.poll(*map(cap, names))
            with pytest.raises(ForkError):
                publish(older, log, now=NOW, whole=True)
    assert (log.folder / CHECKPOINT).read_bytes() == published


def test_log_of_another_key_is_not_overwritten(world: World, log: Log) -> None:
    world.poll(cap("a"))
    publish(world.store, log, now=NOW, whole=True)
    world.poll(cap("b"))
    other = Log(folder=log.folder, signer=from_seed("other.example/log", bytes(32)))
    with pytest.raises(ProofError):
        publish(world.store, other, now=NOW, whole=True)


def test_folder_that_cannot_be_written_is_said(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    world.poll(cap("a"))
    with pytest.raises(StoreError, match="published"):
        publish(world.store, Log(folder=tmp_path / "file", signer=SIGNER), now=NOW, whole=True)
