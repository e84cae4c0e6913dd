"""How many heaps the allocator keeps for the threads of the service: few.

The GNU C library gives each busy thread an arena of its own, eight for each core, and an arena keeps what its largest
document once needed. The service does its work in turn in whichever thread is free, so that the same memory would be
kept several times over: a seventh of the peak with 10,000 places and 5,000 warnings (`benchmarks/service.py`).
"""

from __future__ import annotations

import ctypes
import sys

ARENAS = 2
_M_ARENA_MAX = -8  # malloc.h of the GNU C library; the environment's MALLOC_ARENA_MAX is the same setting


def few() -> None:
    """Let the process keep `ARENAS` heaps, before its threads start. Elsewhere than on Linux nothing is done."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has one heap and no such call
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, ARENAS)
