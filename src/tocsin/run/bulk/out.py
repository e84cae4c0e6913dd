"""OUT of a bulk match: pairs as CSV or Parquet, in a file that appears only when it is whole.

What is written stands beside OUT under another name until then. However the work ends, that file is gone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from tocsin.errors import ConfigError, StoreError
from tocsin.run.bulk import arrow

COLUMNS = ("place", "area", "relation", "distance_m")
_INSIDE, _NEAR = arrow.RELATIONS
_NEEDS_QUOTES = ('"', ",", "\r", "\n")


class Writer(Protocol):
    """What a kind of file must be able to do. Only `write` and `close` touch the file."""

    def ids(self, ids: Any) -> Any:
        """Return the ids of a batch, a list or a column of Arrow, as `rows` wants them."""

    def rows(self, ids: Any, places: arrow.Positions, areas: npt.NDArray[np.int32], metres: arrow.Floats) -> Any:
        """Return pairs, given by position in the batch and in the areas, as what `write` takes. Inside is 0 metres."""

    def write(self, rows: Any) -> None:
        """Write what `rows` returned."""

    def close(self) -> None:
        """Write what ends the file."""


class _Csv:
    """RFC 4180, with lines that end as on Unix."""

    def __init__(self, file: IO[bytes], areas: Sequence[str]) -> None:
        self._file = file
        self._areas = _quoted(areas)
        file.write((",".join(COLUMNS) + "\n").encode())

    def ids(self, ids: Any) -> list[str]:
        return _quoted(ids if isinstance(ids, list) else ids.to_pylist())

    def rows(
        self, ids: list[str], places: arrow.Positions, areas: npt.NDArray[np.int32], metres: arrow.Floats
    ) -> bytes:
        parts = []
        cuts = np.flatnonzero(np.diff(areas) | (np.diff(metres > 0))) + 1
        for some in np.split(np.arange(len(areas)), cuts):
            named, area = [ids[place] for place in places[some].tolist()], self._areas[areas[some[0]]]
            if metres[some[0]] == 0:
                end = f",{area},{_INSIDE},0\n"
                parts.append(end.join(named))
                parts.append(end)
            else:
                end = f",{area},{_NEAR},"
                parts.extend(f"{one}{end}{away}\n" for one, away in zip(named, metres[some].tolist(), strict=True))
        return "".join(parts).encode()

    def write(self, rows: bytes) -> None:
        self._file.write(rows)

    def close(self) -> None:
        pass  # a CSV file has no end of its own


class _Parquet(arrow.Writer):
    """GeoParquet has no say in a file without geometries: this is Parquet."""

    def ids(self, ids: Any) -> Any:
        return arrow.of_ids(ids) if isinstance(ids, list) else ids


def _quoted(texts: Sequence[str]) -> list[str]:
    """Return texts as cells of CSV."""
    whole = "".join(texts)
    if not any(sign in whole for sign in _NEEDS_QUOTES):  # nearly always, and many times quicker
        return list(texts)
    return [_cell(text) for text in texts]


def _cell(text: str) -> str:
    if any(sign in text for sign in _NEEDS_QUOTES):
        return '"' + text.replace('"', '""') + '"'
    return text


def kind_of(path: Path) -> Callable[[IO[bytes], Sequence[str]], Writer]:
    """Return what writes a file of this ending, given the file and the ids of the areas. Raises ConfigError."""
    ending = path.suffix.lower()
    if ending == ".csv":
        return _Csv
    if ending == ".parquet":
        arrow.require()
        return _Parquet
    raise ConfigError("the output must end in .csv or .parquet", setting=str(path))


@contextmanager
def ended(writer: Writer) -> Iterator[Writer]:
    """Give a writer that is closed after the block, also when the block fails: its file goes then, failing or not."""
    try:
        yield writer
    except BaseException:
        with suppress(Exception):
            writer.close()
        raise
    writer.close()


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that becomes `path` when the block ends well and is removed when it does not.

    Raises StoreError when the disk refuses.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        why = error.strerror or "the disk refused"
        raise StoreError(f"{path.name} cannot be written ({why}); is there room, and may you write there?") from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
