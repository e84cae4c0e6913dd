"""The time of this machine, steadied: a clock that jumps ends no warning early and tells none late.

Between two looks as much time has passed as the monotonic clock says. Where the wall clock disagrees by more than
`JUMP_FROM` it has jumped: that is recorded, and time goes on steadily until the wall clock has held to its new reading
for `SETTLES`, as it does when it was wrong before and has been set right. Small corrections (NTP) are followed at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tocsin.store import Jump

JUMP_FROM = timedelta(seconds=30)
SETTLES = timedelta(minutes=10)
KEPT = 20  # jumps kept in memory; the ledger has them all


def utc_now() -> datetime:
    """Return the time of this machine, aware, in UTC."""
    return datetime.now(UTC)


def uptime() -> timedelta:
    """Return the time since this machine started; time asleep counts where the system can tell."""
    which = getattr(time, "CLOCK_BOOTTIME", None)
    return timedelta(seconds=time.monotonic() if which is None else time.clock_gettime(which))


class SteadyClock:
    """A callable that returns the time. `jumps` holds the latest jumps of the wall clock, oldest first."""

    def __init__(self, wall: Callable[[], datetime] = utc_now, elapsed: Callable[[], timedelta] = uptime) -> None:
        self._wall, self._elapsed = wall, elapsed
        self._anchor = (wall(), elapsed())
        self._held: tuple[timedelta, timedelta] | None = None  # how far the wall clock is off, and since which uptime
        self._lock = threading.Lock()
        self._untold: list[Jump] = []
        self.jumps: tuple[Jump, ...] = ()

    def __call__(self) -> datetime:
        """Return the steady time, aware, in UTC."""
        with self._lock:
            wall, elapsed = self._wall(), self._elapsed()
            steady = self._anchor[0] + (elapsed - self._anchor[1])
            off = wall - steady
            if abs(off) > JUMP_FROM and not self._has_settled(off, elapsed, steady):
                return steady
            if self._held is not None and abs(off) <= JUMP_FROM:
                self._record(Jump(at=wall, by=-self._held[0]))  # it has jumped back
            self._anchor, self._held = (wall, elapsed), None
            return wall

    def untold(self) -> tuple[Jump, ...]:
        """Return the jumps that were not returned by an earlier call."""
        with self._lock:
            found, self._untold = tuple(self._untold), []
            return found

    def _has_settled(self, off: timedelta, elapsed: timedelta, steady: datetime) -> bool:
        if self._held is None or abs(off - self._held[0]) > JUMP_FROM:
            self._held = (off, elapsed)
            self._record(Jump(at=steady, by=off))
        return elapsed - self._held[1] >= SETTLES

    def _record(self, jump: Jump) -> None:
        self.jumps = (*self.jumps, jump)[-KEPT:]
        self._untold.append(jump)
