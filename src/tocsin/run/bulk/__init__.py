"""Which of very many places lie in which areas: files in, one file out, in memory that does not grow with the places.

Places are taken in batches of half a million rows. A batch becomes a small place index of `tocsin.match`, in
which every area is looked up; what is found stays slices of it until rows are made of it, and rows are made a piece at
a time. So memory holds the areas, two batches for each of `workers` threads, and as many pieces. All that takes long
(sorting, the compiled descent, GEOS, Parquet) lets go of Python's lock meanwhile.

Rows are in order of batch, then area, then place, each as its file has them, and are the same bytes however many
workers there are: batches are cut by rows alone and finished work is taken in the order in which it was given out.

A place on the edge of an area is inside it, as everywhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tocsin.errors import ConfigError
from tocsin.match.points import Points
from tocsin.model import Problem
from tocsin.run.bulk.areas import read_areas
from tocsin.run.bulk.lookup import Lookup, Piece
from tocsin.run.bulk.out import Writer, ended, kind_of, whole_or_nothing
from tocsin.run.bulk.places import Batch, batches

__all__ = ["BATCH", "Progress", "Summary", "match"]

BATCH = 500_000
"""Rows of the places file in one index. Part of what `match` promises: the order of rows follows from it."""

Progress = Callable[[float, int], None]
"""Is told the share of the places file that is done, and how many rows were written."""

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many places and areas were matched, rows written, and places left out because their row is not sound."""

    places: int
    areas: int
    rows: int
    left_out: int


def match(
    places: Path,
    areas: Path,
    out: Path,
    *,
    now: datetime,
    workers: int,
    tell: Callable[[Path, Problem], None],
    progress: Progress,
    batch: int = BATCH,
    within_m: float = 0.0,
) -> Summary:
    """Write the pairs of a place and an area that it lies in, or is at most `within_m` from, and return their number.

    `tell` hears what was wrong with a row or an area; the sound rest is matched. Raises ConfigError when a file as a
    whole cannot be read, StoreError when the disk refuses; `out` is then as it was.
    """
    make = kind_of(out)
    for given in (places, areas):
        if out.exists() and out.samefile(given):
            raise ConfigError("it would be written over; name another file", setting=str(out))
    rows = batches(places, batch, threads=workers > 1)
    outlines, problems = read_areas(areas, now=now)
    for problem in problems:
        tell(areas, problem)
    Points.at(np.zeros((1, 2), dtype=np.int64)).warm()
    with whole_or_nothing(out) as file, _pool(workers) as pool, ended(make(file, outlines.ids)) as writer:
        lookup = Lookup(outlines, within_m)
        return _written(_heard(rows, lambda problem: tell(places, problem)), lookup, writer, pool, progress)


def _written(
    rows: Iterator[Batch], lookup: Lookup, writer: Writer, pool: tuple[Executor | None, int], progress: Progress
) -> Summary:
    count = places = left_out = 0
    found = _in_order(pool, lambda batch: (batch, writer.ids(batch.ids), lookup.find(batch.lonlat)), rows)
    pieces = ((batch, ids, piece) for batch, ids, one in found for piece in one.pieces())
    for batch, piece, pairs, made in _in_order(pool, lambda given: _made(*given, lookup, writer), pieces):
        if pairs:
            writer.write(made)
            count += pairs
        if piece.is_last:
            places += len(batch.lonlat)
            left_out += len(batch.problems)
            progress(batch.share, count)
    return Summary(places=places, areas=len(lookup.areas), rows=count, left_out=left_out)


def _made(batch: Batch, ids: Any, piece: Piece, lookup: Lookup, writer: Writer) -> tuple[Batch, Piece, int, Any]:
    """Return a piece with its batch, the number of its pairs and what the writer makes of them."""
    pairs = lookup.pairs(piece)
    return batch, piece, len(pairs.places), writer.rows(ids, *pairs) if len(pairs.places) else None


def _heard(rows: Iterator[Batch], tell: Callable[[Problem], None]) -> Iterator[Batch]:
    for batch in rows:
        for problem in batch.problems:
            tell(problem)
        yield batch


# --- threads ------------------------------------------------------------------------------------------------------


@contextmanager
def _pool(workers: int) -> Iterator[tuple[Executor | None, int]]:
    """Give threads and how many there are, none for one worker. What was not begun is forgotten at the end."""
    if workers == 1:
        yield None, 1
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool, workers
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: tuple[Executor | None, int], make: Callable[[_Given], _Made], given: Iterable[_Given]
) -> Iterator[_Made]:
    """Yield what is made of each, in order. As many are made or wait to be taken as there are threads."""
    executor, workers = pool
    if executor is None:
        yield from map(make, given)
        return
    waiting: deque[Future[_Made]] = deque()
    for one in given:
        waiting.append(executor.submit(make, one))
        if len(waiting) >= workers:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
