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
from tocsin.match.grid import Whole, encode, snap
from tocsin.match.points import Points
from tocsin.model import Problem
from tocsin.run.bulk.areas import Areas, read_areas
from tocsin.run.bulk.out import Writer, ended, kind_of, whole_or_nothing
from tocsin.run.bulk.places import Batch, batches

__all__ = ["BATCH", "Progress", "Summary", "match"]

BATCH = 500_000
"""Rows of the places file in one index. Part of what `match` promises: the order of rows follows from it."""
PIECE = 500_000
"""Rows of OUT made at once, more only where one area has more of a batch."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What lies in each area: slices of a batch's index, by the position of the area. It no longer needs the batch."""

    ids: Any  # as the writer wants them
    points: Points
    slices: list[tuple[int, Whole]]
    left_out: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Some areas of what was found in a batch."""

    found: _Found
    slices: list[tuple[int, Whole]]
    is_last: bool = False


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
) -> Summary:
    """Write the pairs of a place and an area that it lies in, and return their number.

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
        return _written(_heard(rows, lambda problem: tell(places, problem)), outlines, writer, pool, progress)


def _written(
    rows: Iterator[Batch], areas: Areas, writer: Writer, pool: tuple[Executor | None, int], progress: Progress
) -> Summary:
    count = places = left_out = 0
    found = _in_order(pool, lambda batch: _look_up(batch, areas, writer), rows)
    pieces = (piece for one in found for piece in _pieces(one))
    for piece, pairs, made in _in_order(pool, lambda piece: _made(piece, writer), pieces):
        if pairs:
            writer.write(made)
            count += pairs
        if piece.is_last:
            places += len(piece.found.points)
            left_out += piece.found.left_out
            progress(piece.found.share, count)
    return Summary(places=places, areas=len(areas), rows=count, left_out=left_out)


def _heard(rows: Iterator[Batch], tell: Callable[[Problem], None]) -> Iterator[Batch]:
    for batch in rows:
        for problem in batch.problems:
            tell(problem)
        yield batch


def _look_up(batch: Batch, areas: Areas, writer: Writer) -> _Found:
    points = Points.of(encode(snap(batch.lonlat)))
    slices = []
    for position, (outline, edges) in enumerate(zip(areas.outlines, areas.edges, strict=True)):
        found = points.slices(outline, edges)
        if len(found):
            slices.append((position, found))
    ids, left_out = writer.ids(batch.ids), len(batch.problems)
    return _Found(ids=ids, points=points, slices=slices, left_out=left_out, share=batch.share)


def _pieces(found: _Found) -> Iterator[_Piece]:
    """Yield what was found in parts of at most `PIECE` pairs, or of one area. There is always a last one."""
    held: list[tuple[int, Whole]] = []
    count = 0
    for one in found.slices:
        pairs = int((one[1][:, 1] - one[1][:, 0]).sum())
        if held and count + pairs > PIECE:
            yield _Piece(found=found, slices=held)
            held, count = [], 0
        held.append(one)
        count += pairs
    yield _Piece(found=found, slices=held, is_last=True)


def _made(piece: _Piece, writer: Writer) -> tuple[_Piece, int, Any]:
    """Return a piece with the number of its pairs and what the writer makes of them, in order of area and place."""
    each = [np.sort(piece.found.points.ids_in(slices)) for _, slices in piece.slices]
    if not each:
        return piece, 0, None
    places = np.concatenate(each).astype(np.int64)
    areas = np.repeat(np.array([area for area, _ in piece.slices], dtype=np.int32), [len(some) for some in each])
    return piece, len(places), writer.rows(piece.found.ids, places, areas)


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
