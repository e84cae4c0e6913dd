"""CAP alerts in a zip archive, as Germany's weather service publishes its full state; or one alert in gzip.

An archive holds all that is in force. Each entry is one alert in a file of its own; its name is never looked at, so
two of one name are two, and nothing is ever written. A bad entry costs itself; what is refused whole, and the limits,
stand in `_archive`. An archive without entries is a legal word: nothing is in force.

Never read is what `cap` never reads, and the names, times and comments of entries.

Positions count the entries from 1: entry[3], then as in `cap`.

Source: DWD, CAP profile 2.1; CAP 1.2; PKWARE APPNOTE 6.3.10; RFC 1952 (gzip).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from tocsin.errors import FormatError
from tocsin.formats import cap
from tocsin.formats._archive import gunzip, is_gzip, is_zip, unzip
from tocsin.formats._opened import Opened
from tocsin.model import Item, Problem, Reading

SNAPSHOT = True


def read(body: bytes, *, source: str, now: datetime) -> Reading:
    """Return one item for each entry. Raises FormatError when this is no archive, or nothing of it can be had."""
    if is_gzip(body):
        return cap.read(gunzip(body), source=source, now=now)
    items = tuple(
        _item(content, source=source, now=now, at=f"entry[{number}]") for number, content in enumerate(unzip(body), 1)
    )
    if items and not any(item.events for item in items):
        raise FormatError("no entry of the archive can be read", at="document")
    return Reading(items=items, is_complete=all(item.events for item in items))


def claims(opened: Opened) -> bool:
    """Return whether the first file of the archive is a CAP alert, or the archive is an empty zip."""
    if not is_gzip(opened.body) and not is_zip(opened.body):
        return False
    try:
        first = next(_contents(opened.body), None)
    except FormatError:
        return False  # an archive that we do not open may be another reader's
    return first is None or (isinstance(first, bytes) and cap.claims(Opened(first)))


def _contents(body: bytes) -> Iterator[bytes | FormatError]:
    return iter([gunzip(body)]) if is_gzip(body) else unzip(body)


def _item(content: bytes | FormatError, *, source: str, now: datetime, at: str) -> Item:
    if isinstance(content, FormatError):
        return Item(at=at, problems=(Problem(at=at, message=content.message),))
    try:
        root, repaired = cap.open_alert(content)
    except FormatError as error:
        return Item(at=at, problems=(Problem(at=f"{at} {error.at}", message=error.message),))
    item = cap.read_alert(root, source=source, now=now, at=at)
    told = (replace(problem, at=f"{at} {problem.at}") for problem in repaired)
    return replace(item, problems=(*told, *item.problems))
