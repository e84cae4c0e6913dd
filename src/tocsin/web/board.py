"""What the console needs of the running service: two methods."""

from __future__ import annotations

from typing import Any, Protocol


class Board(Protocol):
    """The situation as it is now, for showing.

    The dictionary holds plain JSON types: version, at, is_demo, scenario, sources, places (with their concerns),
    areas, notices, ledger, families. docs/console.md lists every key.
    """

    def overview(self) -> dict[str, Any]:
        """Return the whole situation. Called for each page, so it must be cheap; the caller does not change it."""
        ...

    async def changed(self, after: int) -> int:
        """Wait until the version is above `after`; return the version."""
        ...
