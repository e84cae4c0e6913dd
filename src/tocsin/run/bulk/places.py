"""PLACES of a bulk match: ids and positions in batches, from CSV or GeoParquet, however large the file is.

Every batch but the last has the same number of rows of the file, whatever its format. A row that cannot be a place is
left out with a Problem that names its line (CSV) or row (Parquet), never what stands there. That an id stands in the
file twice is not seen: it would take all of them in memory.
"""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.errors import ConfigError
from tocsin.model import Problem
from tocsin.run.bulk import arrow

Mask = npt.NDArray[np.bool_]

_DEGREES = re.compile(r"\s*[+-]?[0-9]{1,3}([.,][0-9]*)?\s*")
_NO_ID = "there is no id; left out"
_NO_POSITION = "there is no position on Earth; left out"
_NOT_AS_WIDE = "not as many columns as the header has; left out"
_LARGEST = np.array((180.0, 90.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Sound rows: `ids` are texts, a list or a column of Arrow; `lonlat` is (n, 2) in degrees.

    `share` of the file was read with it; `problems` are of the rows that were left out.
    """

    ids: Any
    lonlat: arrow.Floats
    share: float
    problems: Sequence[Problem]


def batches(path: Path, size: int, *, threads: bool) -> Iterator[Batch]:
    """Yield the places of a file, `size` rows of it each. Raises ConfigError when the file as a whole is not sound."""
    ending = path.suffix.lower()
    if ending == ".csv":
        return _of_csv(path, size)
    if ending == ".parquet":
        arrow.require()
        return _of_parquet(path, size, threads=threads)
    raise ConfigError("places are read from .csv or .parquet here", setting=str(path))


def _of_parquet(path: Path, size: int, *, threads: bool) -> Iterator[Batch]:
    before = 0
    for column, every, share in arrow.place_rows(path, size, threads=threads):
        yield of_columns(column, every, before=before, share=share)
        before += len(every)


def of_columns(column: Any, lonlat: arrow.Floats, *, before: int = 0, share: float = 1.0) -> Batch:
    """Return the sound rows of a column of ids and positions; `before` rows came before them."""
    ids, has_id = arrow.filled(column)
    is_sound, problems = _judged(has_id, lonlat, range(before + 1, before + 1 + len(lonlat)), "row")
    if problems:
        ids, lonlat = ids.filter(is_sound), lonlat[is_sound]
    return Batch(ids=ids, lonlat=lonlat, share=share, problems=problems)


def _judged(has_id: Mask, lonlat: arrow.Floats, numbers: Sequence[int], unit: str) -> tuple[Mask, list[Problem]]:
    """Return which rows are places, and a problem for each of the others. NaN is nowhere."""
    has_position = (np.abs(lonlat) <= _LARGEST).all(axis=1)
    is_sound: Mask = has_id & has_position
    return is_sound, [
        Problem(at=f"{unit} {numbers[row]}", message=_NO_POSITION if has_id[row] else _NO_ID)
        for row in np.flatnonzero(~is_sound).tolist()
    ]


# --- CSV ----------------------------------------------------------------------------------------------------------


class _Rows:
    """Rows of a CSV file that wait to become a batch: texts, and the line on which each began."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.lons: list[str] = []
        self.lats: list[str] = []
        self.lines = array("q")
        self.problems: list[Problem] = []

    def __len__(self) -> int:
        return len(self.ids) + len(self.problems)

    def batch(self, share: float) -> Batch:
        """Return them as a batch."""
        ids = list(map(str.strip, self.ids))
        has_id = np.fromiter(map(bool, ids), dtype=np.bool_, count=len(ids))
        lonlat = np.column_stack((_degrees(self.lons), _degrees(self.lats)))
        is_sound, problems = _judged(has_id, lonlat, self.lines, "line")
        if problems:
            ids, lonlat = list(compress(ids, is_sound.tolist())), lonlat[is_sound]
        every = sorted([*self.problems, *problems], key=_line) if self.problems else problems
        return Batch(ids=ids, lonlat=lonlat, share=share, problems=every)


def _line(problem: Problem) -> int:
    return int(problem.at.rpartition(" ")[2])


def _of_csv(path: Path, size: int) -> Iterator[Batch]:
    """Yield batches of a file with a header. Source: RFC 4180; separated by comma, semicolon or tab."""
    try:
        with path.open("rb") as raw:
            length = max(path.stat().st_size, 1)
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
            header = text.readline()
            reader = csv.reader(chain((header,), text), delimiter=max(",;\t", key=header.count), strict=True)
            for rows in _csv_rows(reader, path, size):
                yield rows.batch(min(raw.tell() / length, 1.0))
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", setting=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("this is not UTF-8 text; save it as UTF-8", setting=str(path)) from None


def _csv_rows(reader: Any, path: Path, size: int) -> Iterator[_Rows]:
    rows = _Rows()
    try:
        columns = [column.strip() for column in next(reader, [])]
        missing = [name for name in ("id", "lon", "lat") if columns.count(name) != 1]
        if missing:
            raise ConfigError(f"the header must name once each of id, lon, lat; not so {missing[0]}", setting=str(path))
        pick, width, line = itemgetter(*map(columns.index, ("id", "lon", "lat"))), len(columns), reader.line_num + 1
        for cells in reader:
            if len(cells) == width or (len(cells) > width and not any(cells[width:])):
                one, lon, lat = pick(cells)
                rows.ids.append(one)
                rows.lons.append(lon)
                rows.lats.append(lat)
                rows.lines.append(line)
            elif any(cells):
                rows.problems.append(Problem(at=f"line {line}", message=_NOT_AS_WIDE))
            line = reader.line_num + 1
            if len(rows) == size:
                yield rows
                rows = _Rows()
    except csv.Error:
        raise ConfigError(
            f"this is not CSV; is a quotation mark left open? (at line {line})", setting=str(path)
        ) from None
    if len(rows):
        yield rows


def _degrees(texts: list[str]) -> arrow.Floats:
    """Return numbers, NaN for what is none."""
    if not any("_" in text for text in texts):  # Python takes 1_0 for a number
        try:
            return np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
        except ValueError:
            pass
    numbers = (float(text.replace(",", ".")) if _DEGREES.fullmatch(text) else np.nan for text in texts)
    return np.fromiter(numbers, dtype=np.float64, count=len(texts))
