"""The console and the loops in one process: served until Ctrl-C, then both end together."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
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


async def serve(
    board: Board, loops: Coroutine[Any, Any, None], *, host: str, port: int, tell: Callable[[str], None]
) -> None:
    """Serve the console over `board` while `loops` run; `tell` gets the address. Returns when either ends.

    Raises ConfigError when the port is taken, and whatever ended the loops.
    """
    hosts = LOOPBACK if host in {*LOOPBACK, "::1"} else None
    config = uvicorn.Config(
        create_app(board, hosts=hosts),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=CLOSE_WITHIN_S,
    )
    try:
        listener = config.bind_socket()
    except SystemExit:  # how uvicorn says that it could not bind
        loops.close()
        raise ConfigError(f"{host}:{port} cannot be listened on; is another program there?", setting="port") from None
    tell(f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/")
    serving = asyncio.create_task(uvicorn.Server(config).serve(sockets=[listener]))
    looping = asyncio.create_task(loops)
    done, _ = await asyncio.wait({serving, looping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (serving, looping):
        task.cancel()
    await asyncio.gather(serving, looping, return_exceptions=True)
    for task in done:
        task.result()
