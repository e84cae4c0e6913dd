"""The keys that the store makes: one a day for commitments, destroyed by `retention`, and one of the installation.

Each is 32 random bytes. Runs inside the caller's transaction.
"""

from __future__ import annotations

import secrets
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.dialects import sqlite

from tocsin import record
from tocsin.model import Decision
from tocsin.store import tables


class DayKey:
    """The key of one day, made when it is first needed."""

    def __init__(self, connection: Connection, day: date) -> None:
        self.day = day
        self._connection = connection
        self._key: bytes | None = None

    def commitment(self, content: bytes) -> bytes:
        """Return the commitment to `content` under this day's key."""
        return record.commitment(self._get(), content)

    def of_item(self, digest: bytes, decision: Decision) -> bytes:
        """Return the commitment to what was decided on the item with this digest, under the item's own key."""
        return record.item_commitment(record.item_key(self._get(), digest), digest, decision)

    def _get(self) -> bytes:
        if self._key is None:
            fresh = sqlite.insert(tables.day_keys).values(day=self.day, key=secrets.token_bytes(32))
            self._connection.execute(fresh.on_conflict_do_nothing())
            kept = select(tables.day_keys.c.key).where(tables.day_keys.c.day == self.day)
            self._key = bytes(self._connection.execute(kept).scalar_one())
        return self._key


def installation_key(connection: Connection) -> bytes:
    """Return the key of this installation, made where there is none yet."""
    fresh = sqlite.insert(tables.installation).values(n=1, key=secrets.token_bytes(32))
    connection.execute(fresh.on_conflict_do_nothing())
    return bytes(connection.execute(select(tables.installation.c.key)).scalar_one())
