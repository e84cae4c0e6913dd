"""One reader a format. A new format is one file here, one sample in tests/formats, and one line in `FORMATS`.

A reader turns bytes into a `Reading` and copies named fields only; it decides nothing. It never loses the items
after a bad one, and it raises FormatError, with a position and never with content, only when nothing can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from tocsin.errors import FormatError
from tocsin.formats import (
    alertswiss,
    atom,
    cap,
    cap_zip,
    ea_flood,
    edxl,
    emsc,
    firms,
    gdacs_geojson,
    gdacs_rss,
    geojson,
    georss,
    gtfs_rt,
    meteoalarm,
    nina,
    nws,
    nws_text,
    siri_sx,
    usgs,
)
from tocsin.formats._opened import Opened
from tocsin.model import Reading

__all__ = ["FORMATS", "Format", "name_of", "read"]


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


FORMATS: Mapping[str, Format] = {
    "cap": cap,
    "cap_zip": cap_zip,
    "edxl": edxl,
    "meteoalarm": meteoalarm,
    "nina": nina,
    "alertswiss": alertswiss,
    "nws": nws,
    "nws_text": nws_text,
    "usgs": usgs,
    "gtfs_rt": gtfs_rt,
    "siri_sx": siri_sx,
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
    reader = FORMATS.get(format)
    if reader is None:
        raise FormatError(f"there is no reader for this format; there are {', '.join(FORMATS)}", at="document")
    return reader.read(body, source=source, now=now)


def name_of(body: bytes) -> str | None:
    """Return the format that the content itself names without doubt, the first of `FORMATS` that claims it, or None.

    Reads the whole document: a cut one names nothing.
    """
    opened = Opened(body)
    try:
        return next((name for name, reader in FORMATS.items() if reader.claims(opened)), None)
    except FormatError:
        return None
