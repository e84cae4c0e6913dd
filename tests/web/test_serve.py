"""The program as an operator runs it: a process with an address that ends when it is told to."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from tocsin.errors import ConfigError
from tocsin.run.board import LiveBoard
from tocsin.web.serve import free_port, serve
from worlds import NOW, World


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_serves_until_a_signal_and_ends_without_a_word_of_python(number: signal.Signals) -> None:
    command = [sys.executable, "-c", "from tocsin.cli import main; main()", "demo", "--port", str(free_port(18200))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as demo:  # noqa: S603  our own program
        assert demo.stderr is not None
        address = next(line.split()[1] for line in demo.stderr if line.startswith("console: "))
        for line in demo.stderr:
            if line.startswith("scenario"):
                break
        with urllib.request.urlopen(f"{address}healthz", timeout=20) as answer:  # noqa: S310  loopback
            assert answer.status == 200
        demo.send_signal(number)
        assert "Traceback" not in demo.stderr.read()
    assert demo.returncode == 0


def test_free_port_passes_over_one_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_serve_says_that_its_port_is_taken() -> None:
    async def loops() -> None:
        await asyncio.Event().wait()

    async def steps() -> None:
        board = LiveBoard(World().desk, lambda: NOW)
        await serve(board, loops(), host="127.0.0.1", port=taken.getsockname()[1], tell=print)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="cannot be listened on"):
            asyncio.run(steps())


def test_what_ends_the_loops_ends_the_server() -> None:
    async def loops() -> None:
        raise ConfigError("a secret is not set")

    async def steps() -> None:
        board = LiveBoard(World().desk, lambda: NOW)
        await serve(board, loops(), host="127.0.0.1", port=0, tell=told.append)

    told: list[str] = []
    with pytest.raises(ConfigError, match="a secret is not set"):
        asyncio.run(steps())
    assert told[0].startswith("http://127.0.0.1:")
