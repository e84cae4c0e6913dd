"""The store in one SQLite file: one writer, many readers, safe to call from several threads and processes.

Every commit is on the disk when `commit` returns (WAL, synchronous=FULL). A reader sees one moment and never waits
for the writer. What SQLite refuses comes out as a StoreError that quotes no row.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from tocsin.ledger import Entry, Frontier, Head, tlog
from tocsin.ledger.tile import Tile
from tocsin.ledger.witness import Cosignature
from tocsin.model import Event, Fault, Health, Told
from tocsin.store import counting, items, keys, log, opening, reading, retention, vouching, writing
from tocsin.store.change import Change, Committed, Kept, Opening, Purged, Rotation, Seen, Standing, Waiting


class Store:
    """Everything that Tocsin remembers. `open` makes one; close it, or use it in a `with` statement."""

    def __init__(self, writer: Engine, readers: Engine) -> None:
        self._writer = writer
        self._readers = readers
        self._writing = threading.Lock()
        self._is_shared = writer is readers  # one connection for all, so readers take turns with the writer
        self._verified = Frontier()
        self._key: bytes | None = None

    @classmethod
    def open(cls, path: Path | None) -> Self:
        """Return the store at `path`, made or brought up to date where needed; None is one in memory, for one look.

        The file gets mode 0600. Raises StoreError when it cannot be had, belongs to another program, or was written
        by a newer Tocsin.
        """
        if path is None:
            engine = opening.memory()
            return cls(engine, engine)
        return cls(*opening.file(path))

    def close(self) -> None:
        """Let go of the file. A store that is not closed loses nothing."""
        self._readers.dispose()
        self._writer.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- writing ------------------------------------------------------------------------------------------------

    def commit(self, change: Change, *, now: datetime) -> Committed:
        """Write all of `change` and its ledger entries, or nothing; return what changed.

        When it returns, the change outlives a crash and a loss of power. Saying the same again changes nothing: equal
        events, decisions of the same day, known notices and settled deliveries add no row and no entry. Waits for
        another process that is writing. Raises StoreError when the database refuses.
        """
        prepared = writing.prepare(change)
        with self._transaction() as connection:
            return writing.write(connection, prepared, now)

    def installation_key(self) -> bytes:
        """Return this installation's key, 32 random bytes, made when it is first asked for.

        Under it the gate names what is kept without its cause. It stays in the database and leaves it in no export.
        """
        if self._key is None:
            with self._transaction() as connection:
                self._key = keys.installation_key(connection)
        return self._key

    def purge(self, now: datetime) -> Purged:
        """Delete what has served its time (`retention`), and wipe it from the write-ahead log; return how much."""
        with self._transaction() as connection:
            purged = retention.purge(connection, now)
        if purged != Purged() and not self._is_shared:
            # Overwritten rows still stand in the log until it is taken back into the file.
            with self._writing, opening.refusals():
                opening.outside_transaction(self._writer, "PRAGMA wal_checkpoint(TRUNCATE)")
        return purged

    def sum_up(self, now: datetime) -> bool:
        """Enter the sum of what was entered since the last one, once an hour; return whether it was due.

        Raises LedgerError when an entry that is to be summed up is none.
        """
        with self._transaction() as connection:
            return items.sum_up(connection, now)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._writing, opening.refusals(), self._writer.begin() as connection:
            yield connection

    # --- reading: events ----------------------------------------------------------------------------------------

    @contextmanager
    def _moment(self) -> Iterator[Connection]:
        turn = self._writing if self._is_shared else nullcontext()
        with turn, opening.refusals(), self._readers.begin() as connection:
            yield connection

    def standing(self, threads: Iterable[str]) -> tuple[Standing, ...]:
        """Return all events of the given threads, with their thread and since when they are no longer listed."""
        with self._moment() as connection:
            return reading.standing(connection, threads)

    def events_of(self, source: str, now: datetime) -> tuple[Event, ...]:
        """Return the events that no snapshot of a source has ended, of threads that have not ended by our clock.

        An ended member of a thread that goes on is among them: `lifecycle.in_force` wants whole threads.
        """
        with self._moment() as connection:
            return reading.events_of(connection, source, now)

    def listed(self, source: str, now: datetime) -> frozenset[str]:
        """Return the ids of the events that a source still lists and that have not ended by our clock."""
        with self._moment() as connection:
            return reading.listed(connection, source, now)

    def threads_of(self, keys: Iterable[str]) -> set[str]:
        """Return the threads that hold an event with one of `keys` (see `lifecycle.keys`)."""
        with self._moment() as connection:
            return reading.threads_of(connection, keys)

    def live_threads(self, now: datetime) -> set[str]:
        """Return the threads of which at least one event has not ended by our clock."""
        with self._moment() as connection:
            return reading.live_threads(connection, now)

    def changed_since(self, seq: int) -> tuple[set[str], int]:
        """Return the threads of all events that changed after `seq`, and the highest `seq`. 0 gives all threads."""
        with self._moment() as connection:
            return reading.changed_since(connection, seq)

    # --- reading: sources, places, channels ---------------------------------------------------------------------

    def healths(self) -> tuple[Health, ...]:
        """Return what is known of each source that was ever polled."""
        with self._moment() as connection:
            return reading.healths(connection)

    def faults(self, source: str) -> tuple[Fault, ...]:
        """Return the faults that were found in a source's documents, each sort once."""
        with self._moment() as connection:
            return reading.faults(connection, source)

    def stopped(self) -> frozenset[str]:
        """Return the ids of the sources from which nothing is collected because of a breach that is not repaired."""
        with self._moment() as connection:
            return reading.stopped(connection)

    def weeks(self, now: datetime) -> dict[str, dict[str, str]]:
        """Return what was not kept: week -> reason -> "<10" or how many, of the last weeks that are over."""
        with self._moment() as connection:
            return counting.weeks(connection, now)

    def told(self) -> tuple[Told, ...]:
        """Return what each channel was last told about each place and family."""
        with self._moment() as connection:
            return reading.told(connection)

    def impacts_of(self, place: str) -> tuple[Seen, ...]:
        """Return the impacts at a place and what came of each, the latest first."""
        with self._moment() as connection:
            return reading.impacts_of(connection, place)

    def waiting(self, now: datetime, limit: int) -> tuple[Waiting, ...]:
        """Return the notices that are due to be sent, oldest first, at most `limit` of each channel."""
        with self._moment() as connection:
            return reading.waiting(connection, now, limit)

    def next_waiting(self) -> datetime | None:
        """Return when the next notice is due to be sent, or None when none waits."""
        with self._moment() as connection:
            return reading.next_waiting(connection)

    def recent_notices(self, limit: int) -> tuple[Kept, ...]:
        """Return the latest notices, newest first."""
        with self._moment() as connection:
            return reading.recent_notices(connection, limit)

    def notice(self, name: str) -> Kept | None:
        """Return the notice with this id."""
        with self._moment() as connection:
            return reading.notice(connection, name)

    # --- reading: the ledger ------------------------------------------------------------------------------------

    def ledger_size(self) -> int:
        """Return how many entries there are: all of them are numbered and on the disk."""
        with self._moment() as connection:
            return log.size(connection)

    def ledger_head(self) -> Head:
        """Return the head that the leaf hashes lead to, for showing; `verify_ledger` says whether it is true.

        Cost: a hash for each entry since the last check.
        """
        with self._moment() as connection:
            return log.shown(connection, self._verified).head

    def ledger_entries(self, start: int = 0, stop: int | None = None) -> tuple[Entry, ...]:
        """Return the ledger's entries from number `start` up to but not including `stop`."""
        with self._moment() as connection:
            return tuple(log.entries(connection, start, stop))

    def openings(self, digest: bytes) -> tuple[Opening, ...]:
        """Return what opens each decision on the item with this digest, one for each day whose key is still kept."""
        with self._moment() as connection:
            return tuple(items.openings(connection, digest))

    def verify_ledger(self, *, whole: bool = False) -> Head:
        """Check what was added since the last check (or all of it) and return the head it leads to.

        Raises EntryError for a changed or missing entry, ForkError when the ledger no longer extends the last head
        that was checked, or the last that was signed. Cost: two hashes an entry.
        """
        with self._moment() as connection:
            self._verified = log.verified(connection, self._verified, whole=whole)
            return self._verified.head

    def sign_ledger(self, head: Head, *, at: datetime) -> None:
        """Record that `head` is signed; from here on no other root can have its size. Whoever signs calls this first.

        Raises ForkError when the entries do not lead to it, or not to what was signed before; then nothing is signed.
        """
        with self._transaction() as connection:
            log.sign(connection, head, at)

    def signed_ledger(self) -> Head | None:
        """Return the largest head that was signed, None when none was."""
        with self._moment() as connection:
            return log.last_signed(connection)

    def ledger_root(self, size: int) -> bytes:
        """Return the root over the first `size` entries, at most as many as were signed."""
        with self._moment() as connection:
            return tlog.root(size, log.reader(connection, size))

    def ledger_tile(self, tile: Tile) -> bytes:
        """Return what the file of a tile or of a bundle of entries holds; it must be of a size that was signed."""
        with self._moment() as connection:
            return log.tile_bytes(connection, tile)

    def prove_entry(self, n: int, size: int) -> tuple[bytes, ...]:
        """Return the audit path of entry `n` in the tree of the first `size` entries, a size that was signed."""
        with self._moment() as connection:
            return tuple(tlog.prove_inclusion(n, size, log.reader(connection, size)))

    def prove_growth(self, old: int, size: int) -> tuple[bytes, ...]:
        """Return the consistency proof from the first `old` entries to `size`, a size that was signed; none from 0."""
        with self._moment() as connection:
            return tuple(tlog.prove_consistency(old, size, log.reader(connection, size))) if old else ()

    # --- the ledger's witnesses ---------------------------------------------------------------------------------

    def cosignatures(self) -> tuple[Cosignature, ...]:
        """Return the cosignatures that are kept, those of the largest head first."""
        with self._moment() as connection:
            return vouching.cosignatures(connection)

    def contradicting(self) -> frozenset[str]:
        """Return the vkeys of the witnesses that saw another history."""
        with self._moment() as connection:
            return vouching.contradicting(connection)

    def first_signed(self) -> datetime | None:
        """Return when a head was signed for the first time, None when none was."""
        with self._moment() as connection:
            return vouching.first_signed(connection)

    def heard(
        self, cosignatures: Sequence[Cosignature] = (), *, contradicting: Collection[str] = (), size: int, at: datetime
    ) -> None:
        """Keep what witnesses said when they were asked about the head of `size` entries.

        A witness that cosigns takes back what it said against the ledger before; `contradicting` are vkeys of those
        that saw another history.
        """
        with self._transaction() as connection:
            vouching.cosign(connection, cosignatures)
            vouching.contradict(connection, contradicting, size=size, at=at)

    def drop_cosignatures(self, *, below: int) -> None:
        """Forget the cosignatures for heads of fewer than `below` entries."""
        with self._transaction() as connection:
            vouching.drop_cosignatures(connection, below=below)

    # --- the ledger's key ---------------------------------------------------------------------------------------

    def rotation(self) -> Rotation | None:
        """Return the last change of the log's key that the log tells of, None when there was none."""
        with self._moment() as connection:
            return vouching.rotation(connection)

    def rotate_key(self, *, old: bytes, new: bytes, now: datetime) -> None:
        """Enter into the ledger that the log passes from one public key to another, 32 bytes each."""
        with self._transaction() as connection:
            vouching.rotate_key(connection, old=old, new=new, now=now)

    def show_rotation(self, *, at: datetime) -> None:
        """Keep when a checkpoint was first published under both keys; a later time changes nothing."""
        with self._transaction() as connection:
            vouching.show_rotation(connection, at=at)
