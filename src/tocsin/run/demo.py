"""The bundled scenarios on a virtual clock: what a newcomer sees first, through the same loops as the real thing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from tocsin.run import inputs
from tocsin.run.board import LiveBoard
from tocsin.run.replay import Replay, read_archive
from tocsin.store import Store

# Real time between two moments of a scenario: enough to read what was told, and little where nothing was.
TO_READ, TO_PASS = timedelta(seconds=8), timedelta(seconds=0.4)
PAUSE_BETWEEN = timedelta(seconds=20)


def folder() -> Path:
    """Return the folder of the bundled scenarios."""
    return Path(str(resources.files("tocsin") / "demo"))


def scenarios() -> list[str]:
    """Return the names of the bundled scenarios, in the order in which they are played."""
    order = ("tornado-2021-12-10", "winter-storm-north-england", "earthquake-revisions")
    found = {path.parent.name for path in folder().glob("*/index.jsonl")}
    return [name for name in order if name in found] + sorted(found - set(order))


def load(name: str, store: Store) -> Replay:
    """Return a scenario by name, ready to be played into `store`."""
    archive = folder() / name
    return Replay(read_archive(archive), inputs.load_places(archive / "places.csv"), store=store)


class Demo:
    """Plays scenarios one after another, for ever, to a board that the console reads."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._store = Store.open(None)
        self._replay = load(names[0], self._store)
        self.board = LiveBoard(self._replay.desk, lambda: self._replay.at, scenario=names[0])

    @staticmethod
    def headless(name: str) -> Iterator[dict[str, Any]]:
        """Yield what a scenario tells, as JSON objects, as fast as it goes."""
        with Store.open(None) as store:
            replay = load(name, store)
            for moment in replay.moments():
                for notice in moment.notices:
                    yield replay.rendered(notice).json

    async def run(self, *, tell: Callable[[str], None]) -> None:
        """Play until cancelled; `tell` gets a line for each scenario and each notice."""
        while True:
            for name in self._names:
                await self._play(name, tell)
                await asyncio.sleep(PAUSE_BETWEEN.total_seconds())

    async def _play(self, name: str, tell: Callable[[str], None]) -> None:
        store = Store.open(None)
        replay = load(name, store)
        with self.board.lock:
            self._store.close()
            self._store, self._replay = store, replay
            self.board.show(replay.desk, scenario=name)
        tell(f"scenario {name}: {len(replay.lines)} polls from {replay.at:%Y-%m-%d %H:%M} UTC")
        for moment in self._locked(replay):
            for notice in moment.notices:
                tell(f"  {moment.at:%H:%M} UTC  {replay.rendered(notice).subject}")
            await self.board.changes()
            await asyncio.sleep((TO_READ if moment.notices else TO_PASS).total_seconds())

    def _locked(self, replay: Replay) -> Iterator[Any]:
        """Yield the moments, holding the board's lock while each is made."""
        moments = replay.moments()
        while True:
            with self.board.lock:
                moment = next(moments, None)
            if moment is None:
                return
            yield moment
