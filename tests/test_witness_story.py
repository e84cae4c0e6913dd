"""From the operator's files to the auditor's word: the service asks two witnesses, one of them a process of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import tocsin_audit
from tocsin import cli, egress, fetch
from tocsin.errors import ConfigError
from tocsin.ledger.note import from_seed, parse_vkey
from tocsin.ledger.state import LogState
from tocsin.run import inputs
from tocsin.run.service import Loops
from tocsin.store import Store
from tocsin.web.serve import free_port
from witness_server import Witness
from worlds import PLACES

OK, UNWITNESSED = 0, 3
WITHIN_S = 30
CONFIG = """
contact = "mailto:tests@example.org"
sources = ["us-usgs-earthquakes"]
policy = "policy.txt"
allow_private_witnesses = true
"""
COMMAND = [sys.executable, "-c", "from tocsin.cli import main; main()"]


class Operator:
    """An operator's folder: what one types, and the service in this process, without a source."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        patch.chdir(folder)
        self.folder = folder
        (folder / "tocsin.toml").write_text(CONFIG.replace("policy =", "# policy ="))
        Store.open(folder / "tocsin.db").close()
        self.vkey = self.tocsin("ledger", "key").strip()

    def tocsin(self, *arguments: str) -> str:
        ended = CliRunner().invoke(cli.tocsin, arguments, standalone_mode=False)
        assert ended.exception is None, ended.exception
        return ended.stdout

    @contextmanager
    def witness(self, name: str) -> Iterator[str]:
        """Run a witness in a process; give its line of a policy."""
        key = ["--key", f"{name}.key"]
        vkey = self.tocsin("witness", "new-key", *key, f"{name}.example/w").strip()
        port = str(free_port(18300))
        served = ["serve", *key, "--log", self.vkey, "--memory", f"{name}.db", "--port", port]
        with subprocess.Popen([*COMMAND, "witness", *served], cwd=self.folder, stderr=subprocess.PIPE) as process:  # noqa: S603
            assert process.stderr is not None
            assert process.stderr.readline().startswith(b"witness")
            try:
                yield f"witness {name} {vkey} http://127.0.0.1:{port}\n"
            finally:
                process.terminate()

    def watch(self, *lines: str) -> None:
        """Write the policy: every one of these witnesses must have seen the log."""
        names = " ".join(line.split()[1] for line in lines)
        text = f"log {self.vkey}\n{''.join(lines)}group both all {names}\nquorum both\n"
        (self.folder / "policy.txt").write_text(text)
        (self.folder / "tocsin.toml").write_text(CONFIG)

    def run_until(self, ready: Callable[[LogState], bool]) -> LogState:
        """Run the service until the ledger stands as `ready` wants it."""
        loaded = inputs.load_config(self.folder / "tocsin.toml")

        async def service() -> LogState:
            with Store.open(self.folder / loaded.database) as store:
                client = fetch.client("mailto:tests@example.org", "0", reach=egress.Reach())
                async with client, asyncio.timeout(WITHIN_S):
                    loops = Loops(store, (), PLACES, (), client, ledger=inputs.log_of(loaded, self.folder))
                    running = asyncio.create_task(loops.run())
                    version = 0
                    while not ready(loops.log_state()):
                        version = await loops.board.changed(version)
                    running.cancel()
                    await asyncio.gather(running, return_exceptions=True)
                    return loops.log_state()

        return asyncio.run(service())

    def audit(self) -> int:
        """Export the log onto a stick, and let the auditor look at it."""
        stick = self.folder / "stick"
        shutil.rmtree(stick, ignore_errors=True)
        self.tocsin("ledger", "export", str(stick))
        policy, state = str(self.folder / "policy.txt"), str(self.folder / "state")
        return tocsin_audit.main([str(stick), "--policy", policy, "--state", state])

    def lose_all_but_the_key(self) -> None:
        shutil.rmtree(self.folder / "ledger")
        for path in self.folder.glob("tocsin.db*"):
            path.unlink()


def test_service_is_witnessed_exported_and_audited_and_cannot_begin_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = Operator(tmp_path, monkeypatch)
    council = Witness(tmp_path, "council", parse_vkey(operator.vkey))
    with operator.witness("officer") as officer:
        with council:
            operator.watch(council.line, officer)
            state = operator.run_until(lambda state: state.state == "witnessed")
            assert state.witnesses == ("council", "officer")
            assert operator.audit() == OK
            head: dict[str, Any] = json.loads(operator.tocsin("ledger", "head"))
            assert (head["state"], head["witnesses"]) == ("witnessed", ["council", "officer"])
            assert head["signed_size"] == head["witnessed_size"] == state.head.size
        # The council is away: what is new waits for its word, and the service goes on.
        state = operator.run_until(lambda state: state.head.size > head["signed_size"])
        assert state.witnessed_size == head["signed_size"]
        assert operator.audit() == UNWITNESSED
        operator.tocsin("ledger", "export", "--witnessed", str(tmp_path / "older"))
        policy, fresh = str(tmp_path / "policy.txt"), str(tmp_path / "fresh")
        assert tocsin_audit.main([str(tmp_path / "older"), "--policy", policy, "--state", fresh]) == OK
        operator.lose_all_but_the_key()
        state = operator.run_until(lambda state: state.state == "conflict")
        assert state.contradicted_by == ("officer",)
        assert not state.head.size, "nothing of the new history was signed"
        assert operator.run_until(lambda state: state.state == "conflict").head == state.head


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        pytest.param(None, "policy.txt cannot be read", id="absent"),
        pytest.param("log x\n", "line 1: this is no verifier key", id="no-key"),
        pytest.param("{log}witness w {witness} http://10.0.0.1/\nquorum w\n", "must begin with https", id="address"),
        pytest.param("log {other}\nquorum none\n", "put this line into it: log {vkey}", id="another-log"),
    ],
)
def test_policy_that_cannot_be_used_is_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str | None, words: str
) -> None:
    operator = Operator(tmp_path, monkeypatch)
    text = CONFIG.replace("allow_private", "# allow_private")
    (tmp_path / "tocsin.toml").write_text(text)
    if policy is not None:
        other = from_seed("other.example/log", bytes(32)).verifier.vkey
        witness = Witness(tmp_path, "w").signer.verifier.vkey
        named = {"log": f"log {operator.vkey}\n", "other": other, "witness": witness}
        (tmp_path / "policy.txt").write_text(policy.format(**named))
    with pytest.raises(ConfigError, match="policy") as raised:
        inputs.log_of(inputs.load_config(tmp_path / "tocsin.toml"), tmp_path)
    assert words.format(vkey=operator.vkey) in str(raised.value)
