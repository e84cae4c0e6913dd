"""Real witnesses on loopback: the application that `tocsin witness serve` serves, each with a memory in a file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from tocsin import egress
from tocsin.ledger import policy
from tocsin.ledger.note import COSIGNATURE, Signer, Verifier, from_seed
from tocsin.run.publish import Log
from tocsin.run.witness import Memory
from tocsin.web.witness import create_witness

LOOPBACK = egress.Reach(loopback=True)


def now() -> datetime:
    return datetime.now(UTC)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class Witness:
    """One witness. It starts with `with`, and can start again: its memory is in a file."""

    def __init__(self, folder: Path, name: str, *logs: Verifier, clock: Callable[[], datetime] = now) -> None:
        self.name = name
        self.signer: Signer = from_seed(f"{name}.example/w", name.encode().ljust(32), kind=COSIGNATURE)
        self._path = folder / f"{name}.db"
        self._logs = {log.name: [one for one in logs if one.name == log.name] for log in logs}
        self._clock = clock
        self._port = 0

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        memory = self._stack.enter_context(Memory(self._path))
        app = create_witness(memory, self._logs, self.signer, self._clock)
        config = uvicorn.Config(app, port=self._port, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        self._server = _Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()))
        self._thread.start()
        assert self._server.ready.wait(10)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._stack.close()

    @property
    def url(self) -> str:
        """Return its submission prefix."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def line(self) -> str:
        """Return its line in a policy."""
        return f"witness {self.name} {self.signer.verifier.vkey} {self.url}\n"


def watched(folder: Path, signer: Signer, *witnesses: Witness, quorum: str = "") -> Log:
    """Return the log of `signer` in `folder`, asked of whom are these witnesses; all of them are the quorum."""
    lines = "".join(one.line for one in witnesses)
    names = " ".join(one.name for one in witnesses)
    text = f"log {signer.verifier.vkey}\n{lines}" + (quorum or f"group all-of-them all {names}\nquorum all-of-them\n")
    return Log(folder=folder, signer=signer, policy=policy.parse(text), reach=LOOPBACK)


def said(answers: Mapping[str, Any]) -> dict[str, str]:
    """Return what came of asking, in codes."""
    return {name: answer.code for name, answer in answers.items()}
