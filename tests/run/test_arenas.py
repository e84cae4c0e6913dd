"""Threads share the heaps that the process may keep."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from tocsin.run import arenas

BUSY = """
import ctypes, sys, threading
from tocsin.run import arenas
if sys.argv[1:] == ["few"]:
    arenas.few()
together = threading.Barrier(8)
def work():
    held = [bytes(1_000) for _ in range(1_000)]
    together.wait()
    together.wait() if held else None
threads = [threading.Thread(target=work) for _ in range(7)]
for thread in threads:
    thread.start()
together.wait()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
together.wait()
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library is not GNU's"
)


def heaps(*arguments: str) -> int:
    command = [sys.executable, "-c", BUSY, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  our own program
    return run.stdout.count("<heap nr=")


def test_threads_share_few_heaps() -> None:
    assert heaps("few") <= arenas.ARENAS


def test_threads_would_have_more_heaps() -> None:
    assert heaps() > arenas.ARENAS
