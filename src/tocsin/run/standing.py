"""The sorted points of a large estate, kept in a file: opened when it stands and is sound, else made and written.

Only an estate of `match.SORTED_FROM` points or more has one. The file is a cache: what it holds follows from the
places, so losing it costs the time of sorting them, and one that cannot be written stops nobody.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import structlog

from tocsin import placefile
from tocsin.errors import StoreError
from tocsin.match import Sort
from tocsin.match.grid import Whole
from tocsin.match.points import Points
from tocsin.match.raster import Ids

log = structlog.get_logger("tocsin")

ENDING = ".places"


def beside(database: Path) -> Path:
    """Return where the index of the places of a database stands: `tocsin.places` beside `tocsin.db`."""
    return database.with_name(database.name.removesuffix(".db") + ENDING)


def kept_at(path: Path) -> Sort:
    """Return how points are sorted where their order is kept in the file at `path`.

    A file of other places, of another version or with a bit that turned is made anew, and the log says why. It is read
    whole once, for a place that is not found is not warned; then it is mapped. Cost: 5 milliseconds for a million.
    """

    def sort(codes: Whole, ids: Ids) -> Points:
        table = table_of(codes, ids)
        if path.exists():
            try:
                return _opened(path, table)
            except StoreError as error:
                log.info("place index made anew", code="index-not-of-these-places", why=str(error))
        points = Points.of(codes, ids)
        try:
            placefile.write(path, points, table=table)
            return placefile.open_points(path, table=table)  # mapped: its memory can be taken back at any time
        except StoreError as error:
            log.warning("place index not kept", code="index-not-written", why=str(error))
            return points

    return sort


def table_of(codes: Whole, ids: Ids) -> bytes:
    """Return the digest of which place lies where: the codes and ids in the order of the places file."""
    digest = hashlib.sha256(ids.astype("<u4", copy=False).tobytes())
    digest.update(codes.astype("<i8", copy=False).tobytes())
    return digest.digest()


def _opened(path: Path, table: bytes) -> Points:
    points = placefile.open_points(path, table=table)
    placefile.verify(path)
    return points
