"""What the console reads of the running loops, or of the demo that stands in for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tocsin.ledger.state import LogState
from tocsin.run import overview
from tocsin.run.clock import SteadyClock
from tocsin.run.reconcile import Desk

Clock = Callable[[], datetime]


class LiveBoard:
    """What the console reads: one look at a time, and a version that rises when something changed."""

    def __init__(
        self, desk: Desk, clock: Clock, *, scenario: str = "", log_state: Callable[[], LogState] = LogState
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._scenario = scenario
        self._log_state = log_state
        self._version = 1
        self._changed = asyncio.Condition()
        self.lock = threading.Lock()  # held by whoever reads or changes the desk

    def show(self, desk: Desk, *, scenario: str) -> None:
        """Show another desk from now on. The caller holds the lock."""
        self._desk, self._scenario = desk, scenario

    def overview(self) -> dict[str, Any]:
        """Return the overview of this moment."""
        with self.lock:
            now = self._clock()
            jumps = self._clock.jumps if isinstance(self._clock, SteadyClock) else ()
            return overview.overview(
                self._desk,
                now,
                version=self._version,
                scenario=self._scenario,
                jumps=jumps,
                log_state=self._log_state(),
            )

    async def changed(self, after: int) -> int:
        """Return the version as soon as it is greater than `after`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._version > after)
            return self._version

    async def changes(self) -> None:
        """Say that something changed."""
        async with self._changed:
            self._version += 1
            self._changed.notify_all()
