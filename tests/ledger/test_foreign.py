"""Somebody else's program on our log: 100,000 entries, exported by `tocsin ledger export`, read by PyPI `aics-tlog`.

It needs Python 3.12 or newer with that package in an environment of its own: `python3 dev.py foreign` makes one, in
`.venv-foreign`, and runs this file with a proof of every entry. TOCSIN_FOREIGN_PYTHON names another interpreter that
has it. Where neither is there, what needs it is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import tile_log
import tocsin_audit
from tocsin import cli
from tocsin.ledger import tlog
from tocsin.ledger.tile import Tile, reader
from tocsin.run import inputs
from tocsin.run.publish import CHECKPOINT, checkpoint
from tocsin.store import Change, Store

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(1_200)]
SIZE = 100_000
A_DAY = 2_000
OLDER = (1, 255, 256, 257, 40_000, 65_536, 65_537, 99_999)  # sizes at which a checkpoint was kept, around full tiles
EVERY = "TOCSIN_EVERY_PROOF" in os.environ  # else each 97th entry and each 997th size
CONFIG = 'contact = "mailto:tests@example.org"\nsources = ["us-usgs-earthquakes"]\n'
NOW = datetime.fromtimestamp(tile_log.seen_at(SIZE, a_day=A_DAY), UTC)
READER = Path(__file__).with_name("foreign_reader.py")
HERE = Path(__file__).resolve().parents[2]

Read = Callable[..., Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Exported:
    """An export, the log's public line, and what an outsider kept and was given."""

    folder: Path
    vkey: str
    evidence: Path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Return a log of 100,000 entries that went through the store, with checkpoints of older sizes, and our proofs."""
    site, evidence = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("evidence")
    (site / "tocsin.toml").write_text(CONFIG, encoding="utf-8")
    (evidence / "heads").mkdir()
    own = inputs.log_of(inputs.load_config(site / "tocsin.toml"), site)
    leaves = tile_log.story(SIZE, a_day=A_DAY)
    with Store.open(site / "tocsin.db") as store:
        for size in (*OLDER, SIZE):
            while (known := store.ledger_size()) < size:
                some = tuple(json.loads(leaf) for leaf in islice(leaves, min(1_000, size - known)))
                store.commit(Change(entries=some), now=NOW)
            head = store.verify_ledger()
            store.sign_ledger(head, at=NOW)
            if size < SIZE:
                (evidence / "heads" / f"{size:06}").write_bytes(checkpoint(store, own, head, now=NOW))
    folder = site / "stick"
    ended = CliRunner().invoke(cli.tocsin, ["ledger", "export", "--config", str(site / "tocsin.toml"), str(folder)])
    assert ended.exit_code == 0, ended.output
    with (evidence / "proofs.jsonl").open("w", encoding="ascii") as file:
        file.writelines(f"{json.dumps(one)}\n" for one in proofs(folder))
    return Exported(folder, own.signer.verifier.vkey, evidence)


def proofs(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield proofs by our code, from the exported tiles alone."""

    @cache
    def body(tile: Tile) -> bytes:
        return (folder / tile.path).read_bytes()

    nodes = reader(SIZE, lambda tiles: {one: body(one) for one in tiles})
    known: dict[tlog.Node, bytes] = {}

    def read(wanted: Sequence[tlog.Node]) -> list[bytes]:
        if missing := [node for node in wanted if node not in known]:
            known.update(zip(missing, nodes(missing), strict=True))
        return [known[node] for node in wanted]

    for index in range(0, SIZE, 1 if EVERY else 97):
        yield {"index": index, "path": [step.hex() for step in tlog.prove_inclusion(index, SIZE, read)]}
    for old in range(1, SIZE, 100 if EVERY else 997):
        yield {"old": old, "path": [step.hex() for step in tlog.prove_consistency(old, SIZE, read)]}


@pytest.fixture(scope="module")
def foreign() -> Read:
    """Return a run of the foreign reader: what it prints. Skips where it is not to be had."""
    wanted = os.environ.get("TOCSIN_FOREIGN_PYTHON")
    python = Path(wanted) if wanted else HERE / ".venv-foreign" / "bin" / "python"
    has_it = python.exists() and not subprocess.run([python, "-c", "import aics_tlog"], check=False).returncode  # noqa: S603
    if not has_it:
        assert not wanted, f"TOCSIN_FOREIGN_PYTHON is {wanted}, which has no aics-tlog"
        pytest.skip("no Python 3.12 with aics-tlog here; `python3 dev.py foreign` makes one where it can be had")

    def read(folder: Path, vkey: str, *evidence: Path) -> Mapping[str, Any]:
        ended = subprocess.run([python, READER, folder, vkey, *evidence], check=False, capture_output=True, text=True)  # noqa: S603
        said: dict[str, Any] = json.loads(ended.stdout)
        assert (ended.returncode == 0) == ("refused" not in said), ended.stderr
        return said

    return read


def test_foreign_program_accepts_log_proofs_and_growth(foreign: Read, exported: Exported) -> None:
    assert foreign(exported.folder, exported.vkey, exported.evidence) == {
        "size": SIZE,
        "tiles": 391 + 2 + 1,
        "bundles": 391,
        "inclusions": len(range(0, SIZE, 1 if EVERY else 97)),
        "growths": len(range(1, SIZE, 100 if EVERY else 997)),
        "heads": len(OLDER),
    }


@pytest.mark.parametrize("size", [OLDER[0], OLDER[-1]])
def test_our_auditor_accepts_the_same_log(
    size: int, exported: Exported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy").write_text(f"log {exported.vkey}\nquorum none\n", encoding="utf-8")
    kept = Path(shutil.copy(exported.evidence / "heads" / f"{size:06}", tmp_path / "kept"))  # at the visit before
    assert audit(exported.folder, tmp_path / "policy", kept) == 0, capsys.readouterr().out


def audit(folder: Path, policy: Path, state: Path) -> int:
    return tocsin_audit.main([str(folder), "--policy", str(policy), "--state", str(state)])


@pytest.mark.parametrize(
    ("file", "at"),
    [
        pytest.param("checkpoint", 3, id="origin"),
        pytest.param("checkpoint", -8, id="signature"),
        pytest.param("tile/0/000", 0, id="first-hash"),
        pytest.param("tile/0/200", 4_095, id="a-hash-within"),
        pytest.param("tile/0/390.p/160", -1, id="last-hash"),
        pytest.param("tile/1/000", 77, id="level-1"),
        pytest.param("tile/1/001.p/134", 40, id="level-1-that-grows"),
        pytest.param("tile/2/000.p/1", 0, id="level-2"),
        pytest.param("tile/entries/000", 30, id="first-bundle"),
        pytest.param("tile/entries/390.p/160", -2, id="last-bundle"),
    ],
)
def test_changed_byte_is_refused_by_both(
    file: str, at: int, foreign: Read, exported: Exported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(exported.folder, copy, copy_function=os.link)  # by name: the bytes are not doubled
    body = bytearray((copy / file).read_bytes())
    body[at] ^= 1
    (copy / file).unlink()
    (copy / file).write_bytes(body)
    assert "refused" in foreign(copy, exported.vkey)
    (tmp_path / "policy").write_text(f"log {exported.vkey}\nquorum none\n", encoding="utf-8")
    assert audit(copy, tmp_path / "policy", tmp_path / "state") == 2, capsys.readouterr().out


def test_another_key_is_refused(foreign: Read, exported: Exported) -> None:
    assert "refused" in foreign(exported.folder, tile_log.LOG.vkey)


def _changed_step(said: dict[str, Any]) -> None:
    said["path"][0] = f"{int(said['path'][0][0], 16) ^ 1:x}{said['path'][0][1:]}"


def _shorter(said: dict[str, Any]) -> None:
    del said["path"][-1]


def _next_one(said: dict[str, Any]) -> None:
    name = "index" if "index" in said else "old"
    said[name] += 1


@pytest.mark.parametrize("change", [_changed_step, _shorter, _next_one])
@pytest.mark.parametrize("sort", ["index", "old"])
def test_changed_proof_is_refused(
    change: Callable[[dict[str, Any]], None], sort: str, foreign: Read, exported: Exported, tmp_path: Path
) -> None:
    lines = (exported.evidence / "proofs.jsonl").read_text(encoding="ascii").splitlines()
    said = next(row for row in map(json.loads, lines) if row.get(sort, 0) > 1_000)
    change(said)
    (tmp_path / "proofs.jsonl").write_text(json.dumps(said), encoding="ascii")
    (tmp_path / "heads").mkdir()
    assert "refused" in foreign(exported.folder, exported.vkey, tmp_path)


def test_checkpoint_of_another_history_is_refused(foreign: Read, exported: Exported, tmp_path: Path) -> None:
    """The log's own key signed this older head, and the log does not lead there."""
    site = exported.folder.parent
    own = inputs.log_of(inputs.load_config(site / "tocsin.toml"), site)
    (tmp_path / "heads").mkdir()
    (tmp_path / "proofs.jsonl").write_bytes(b"")
    with Store.open(tmp_path / "other.db") as store:
        start, *rest = islice(tile_log.story(300, a_day=A_DAY, seed=2), 300)
        store.commit(Change(entries=tuple(json.loads(leaf) for leaf in (start, *rest))), now=NOW)
        head = store.verify_ledger()
        store.sign_ledger(head, at=NOW)
        (tmp_path / "heads" / "300").write_bytes(checkpoint(store, own, head, now=NOW))
    assert "refused" in foreign(exported.folder, exported.vkey, tmp_path)
    (tmp_path / "policy").write_text(f"log {exported.vkey}\nquorum none\n", encoding="utf-8")
    assert audit(exported.folder, tmp_path / "policy", tmp_path / "heads" / "300") == 2


def test_export_carries_its_checkpoint(exported: Exported) -> None:
    assert (exported.folder / CHECKPOINT).read_text(encoding="utf-8").splitlines()[1] == str(SIZE)
