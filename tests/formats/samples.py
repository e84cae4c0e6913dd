"""The samples of all formats: documents and what a reader must find in them.

A sample is tests/formats/<format>/<case>.<anything>, and beside it <case>.json, written by scripts/expect.py and
reviewed by eye. Whatever a reader must never read holds the word UNREAD.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape

from tocsin import formats, record
from tocsin.model import Reading

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SOURCE = "sample"
_HERE = Path(__file__).parent
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One document of a format, and the file that says what must be found in it."""

    format: str
    document: Path

    @property
    def expected(self) -> Path:
        return self.document.with_suffix(".json")

    @property
    def id(self) -> str:
        return f"{self.format}/{self.document.name}"

    def read(self, body: bytes | None = None) -> Reading:
        """Return what the reader finds in the document, or in `body` in its place."""
        body = self.document.read_bytes() if body is None else body
        return formats.read(self.format, body, source=SOURCE, now=NOW)


def samples() -> Iterator[Sample]:
    for name in formats.FORMATS:
        for document in sorted((_HERE / name).glob("*")):
            if document.suffix != ".json":
                yield Sample(format=name, document=document)


def plain(reading: Reading) -> Any:
    """Return a reading as short JSON: what is empty left out, shapes as text to 1e-5 degrees."""
    return _short(record.to_json(reading))


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(member) for member in value]
    if not isinstance(value, dict):
        return value
    if "coordinates" in value or "geometries" in value:
        return shapely.to_wkt(shape(value).normalize(), rounding_precision=5)
    if value.get("has_unread") is False:
        value = {name: member for name, member in value.items() if name != "has_unread"}
    return {name: _short(member) for name, member in value.items() if member not in _EMPTY}
