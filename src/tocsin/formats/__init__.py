"""One reader a format. A new format is one file here, one sample in tests/formats, and one line in `FORMATS`.

A reader turns bytes into a `Reading` and copies named fields only; it decides nothing. It never loses the items
after a bad one, and it raises FormatError, with a position and never with content, only when nothing can be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats import (
    alertswiss,
    atom,
    cap,
    cap_zip,
    datex2,
    ea_flood,
    edxl,
    emsc,
    firms,
    gdacs_geojson,
    gdacs_rss,
    geojson,
    georss,
    gtfs_rt,
    ibi511,
    ical,
    meteoalarm,
    nhc,
    nina,
    nws,
    nws_text,
    open511,
    siri_sx,
    usgs,
    wzdx,
)
from tocsin.formats._opened import Opened
from tocsin.model import Reading

__all__ = ["FORMATS", "Format", "Joined", "Streamed", "is_streamed", "joined", "name_of", "read", "stream"]


class Format(Protocol):
    """What the module of every format offers. Its docstring names the standard and what is never read."""

    @property
    def SNAPSHOT(self) -> bool:  # noqa: N802  a constant of the module
        """Whether a document lists all that is in force, so that absence from it can end an event.

        A source of the catalogue may be a snapshot only where its format is; otherwise documents are messages.
        """

    def read(self, body: bytes, *, source: str, now: datetime) -> Reading:
        """Return what the document says. Raises FormatError when nothing of it can be read."""

    def claims(self, opened: Opened) -> bool:
        """Return whether the content names this format without doubt. Raises FormatError when it belies itself."""


@runtime_checkable
class Streamed(Protocol):
    """What a format offers besides when its documents may be larger than memory. They may come packed (gzip)."""

    def stream(self, body: bytes, *, source: str, now: datetime) -> Iterator[Reading]:
        """Yield what the document says in parts that `read` joins, each dropped before the next is asked for.

        The document is read to its end only when the last part has been taken. Raises FormatError as `read` does;
        what breaks off later is a part that is not complete.
        """


@runtime_checkable
class Joined(Protocol):
    """What a format offers besides when one alert lies in two documents (`Link.beside`)."""

    def joined(self, body: bytes, beside: bytes) -> bytes:
        """Return one document that `read` reads of both, or `body` where what lies beside it is unsound."""


FORMATS: Mapping[str, Format] = {
    "cap": cap,
    "datex2": datex2,
    "cap_zip": cap_zip,
    "edxl": edxl,
    "meteoalarm": meteoalarm,
    "nina": nina,
    "alertswiss": alertswiss,
    "nws": nws,
    "nhc": nhc,
    "nws_text": nws_text,  # after nhc, whose advisories are bulletins too
    "usgs": usgs,
    "wzdx": wzdx,
    "open511": open511,
    "ibi511": ibi511,
    "gtfs_rt": gtfs_rt,
    "siri_sx": siri_sx,
    "ical": ical,
    "gdacs_rss": gdacs_rss,
    "gdacs_geojson": gdacs_geojson,
    "emsc": emsc,
    "ea_flood": ea_flood,
    "firms": firms,
    "georss": georss,  # after every feed of places that has a reader of its own
    "geojson": geojson,  # after every list of features that has one
    "atom": atom,  # after every other feed in Atom or RSS: what is no list of places may be an index
}


def read(format: str, body: bytes, *, source: str, now: datetime) -> Reading:  # noqa: A002  one name everywhere
    """Return what `body`, stated to be of `format`, says. Raises FormatError, also for an unknown format."""
    with geo.Effort(len(body)):
        return _reader(format).read(body, source=source, now=now)


def stream(format: str, body: bytes, *, source: str, now: datetime) -> Iterator[Reading]:  # noqa: A002
    """Yield what `read` returns, in parts: one for most formats, one for each item of a streamed one."""
    reader = _reader(format)
    if not isinstance(reader, Streamed):
        yield read(format, body, source=source, now=now)
        return
    parts, effort = reader.stream(body, source=source, now=now), geo.Effort(len(body))
    while True:
        with effort:
            part = next(parts, None)
        if part is None:
            return
        yield part


def joined(format: str, body: bytes, beside: bytes) -> bytes:  # noqa: A002
    """Return one document of an alert and what an index names beside it, or the alert where its format has none."""
    reader = _reader(format)
    return reader.joined(body, beside) if isinstance(reader, Joined) else body


def is_streamed(format: str) -> bool:  # noqa: A002
    """Return whether documents of this format are unpacked by their reader, piece by piece, and name no others."""
    return isinstance(FORMATS.get(format), Streamed)


def _reader(format: str) -> Format:  # noqa: A002
    reader = FORMATS.get(format)
    if reader is None:
        raise FormatError(f"there is no reader for this format; there are {', '.join(FORMATS)}", at="document")
    return reader


def name_of(body: bytes) -> str | None:
    """Return the format that the content itself names without doubt, the first of `FORMATS` that claims it, or None.

    Reads the whole document, so that a cut one names nothing; of a streamed format only the beginning.
    """
    opened = Opened(body)
    try:
        return next((name for name, reader in FORMATS.items() if reader.claims(opened)), None)
    except FormatError:
        return None
