"""The console and the loops in one process: served until Ctrl-C, then both end together."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn

from tocsin.errors import ConfigError
from tocsin.web.app import create_app
from tocsin.web.board import Board
from tocsin.web.guard import LOOPBACK

PORTS_TRIED = 20
CLOSE_WITHIN_S = 2  # open event streams are cut after this long


def free_port(port: int, *, host: str = "127.0.0.1") -> int:
    """Return `port`, or the next one above it that is free. Raises ConfigError when twenty are taken."""
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    raise ConfigError(f"no free port from {port} on; name another one", setting="port")


class _Server(uvicorn.Server):
    """uvicorn without its own handling of signals, which ends in a KeyboardInterrupt and its traceback."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `_end_on_signals`."""
        yield


def _end_on_signals(server: uvicorn.Server) -> None:
    """Let Ctrl-C and a polite kill end the server, and with it the loops, after what is in hand."""

    def end() -> None:
        server.should_exit = True

    with suppress(NotImplementedError, RuntimeError):  # on Windows, and in a thread: the default handling stays
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, end)


async def serve(
    board: Board,
    loops: Coroutine[Any, Any, None],
    *,
    host: str,
    port: int,
    tell: Callable[[str], None],
    ledger: Path | None = None,
) -> None:
    """Serve the console over `board` while `loops` run; `tell` gets the address. Returns when either ends.

    Raises ConfigError when the port is taken, and whatever ended the loops.
    """
    hosts = LOOPBACK if host in {*LOOPBACK, "::1"} else None
    config = uvicorn.Config(
        create_app(board, hosts=hosts, ledger=ledger),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=CLOSE_WITHIN_S,
    )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
    except OSError:
        loops.close()
        raise ConfigError(f"{host}:{port} cannot be listened on; is another program there?", setting="port") from None
    shown = f"[{host}]" if ":" in host else host
    tell(f"http://{shown}:{listener.getsockname()[1]}/")
    server = _Server(config)
    _end_on_signals(server)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    looping = asyncio.create_task(loops)
    done, _ = await asyncio.wait({serving, looping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (serving, looping):
        task.cancel()
    await asyncio.gather(serving, looping, return_exceptions=True)
    listener.close()
    for task in done:
        task.result()
