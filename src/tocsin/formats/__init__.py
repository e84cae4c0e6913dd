"""One reader a format. A new format is one file here, one sample in tests/formats, and one line in `FORMATS`.

A reader turns bytes into a `Reading` and copies named fields only; it decides nothing. It never loses the items
after a bad one, and it raises FormatError, with a position and never with content, only when nothing can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from tocsin.errors import FormatError
from tocsin.formats import atom, cap, nws, usgs
from tocsin.formats._json import loads
from tocsin.formats._xml import local, namespace, open_xml
from tocsin.model import Reading

__all__ = ["FORMATS", "Reader", "name_of", "read"]


class Reader(Protocol):
    """What every format's `read` is."""

    def __call__(self, body: bytes, *, source: str, now: datetime) -> Reading:
        """Return what the document says. Raises FormatError when nothing of it can be read."""


FORMATS: Mapping[str, Reader] = {
    "cap": cap.read,
    "atom": atom.read,
    "nws": nws.read,
    "usgs": usgs.read,
}


def read(format: str, body: bytes, *, source: str, now: datetime) -> Reading:  # noqa: A002  one name everywhere
    """Return what `body`, stated to be of `format`, says. Raises FormatError, also for an unknown format."""
    reader = FORMATS.get(format)
    if reader is None:
        raise FormatError(f"there is no reader for this format; there are {', '.join(FORMATS)}", at="document")
    return reader(body, source=source, now=now)


def name_of(body: bytes) -> str | None:
    """Return the format that the content itself names without doubt: an XML root's namespace or JSON keys."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        return _name_of_xml(body)
    return _name_of_json(body) if start == b"{" else None


def _name_of_xml(body: bytes) -> str | None:
    try:
        root, _ = open_xml(body)
    except FormatError:
        return None
    if local(root) == "alert" and namespace(root) in cap.NAMESPACES:
        return "cap"
    return "atom" if local(root) in {"feed", "rss"} else None


def _name_of_json(body: bytes) -> str | None:
    try:
        document = loads(body)
    except FormatError:
        return None
    features = document.get("features", [document])
    feature = features[0] if isinstance(features, list) and features else document
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        metadata = document.get("metadata")
        return "usgs" if isinstance(metadata, dict) and "generated" in metadata else None
    if properties.get("@type") == "wx:Alert" or {"messageType", "areaDesc", "sender"} <= properties.keys():
        return "nws"
    return "usgs" if {"mag", "place", "time"} <= properties.keys() else None
