"""One reader a format. A new format is one file here, one sample in tests/formats, and one line in `FORMATS`.

A reader turns bytes into a `Reading` and copies named fields only; it decides nothing. It never loses the items
after a bad one, and it raises FormatError, with a position and never with content, only when nothing can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats import atom, cap, nws, usgs
from tocsin.formats._json import loads
from tocsin.formats._xml import local, namespace, open_xml
from tocsin.model import Reading

__all__ = ["FORMATS", "Reader", "name_of", "read"]


_ATOM = "http://www.w3.org/2005/Atom"
_OTHER_FEEDS = frozenset({"http://www.georss.org/georss", "http://www.gdacs.org"})
_NWS_ALERT = "https://api.weather.gov/alerts/"


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
    """Return the format that the content itself names without doubt, else None.

    That is a root element in one of CAP's namespaces, the root of an Atom or RSS document that is no GeoRSS, or
    the keys of the NWS API and of the USGS catalogue. Reads the whole document: a cut one names nothing.
    """
    start = body.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    try:
        if start == b"<":
            return _name_of_xml(open_xml(body)[0])
        return _name_of_json(loads(body)) if start == b"{" else None
    except FormatError:
        return None


def _name_of_xml(root: etree._Element) -> str | None:
    if local(root) == "alert":
        return "cap" if namespace(root) in cap.NAMESPACES else None
    if (local(root), namespace(root)) not in {("feed", _ATOM), ("rss", "")}:
        return None
    spaces = set(root.nsmap.values())
    # A feed of places is no index of alerts, unless it says so: others than CAP's issuers publish GeoRSS.
    return "atom" if spaces.isdisjoint(_OTHER_FEEDS) or atom.names_cap(root) else None


def _name_of_json(document: Any) -> str | None:
    """Return whose GeoJSON this is. Source: NWS API, OpenAPI document; USGS GeoJSON Summary and Detail formats."""
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and {"generated", "api"} <= metadata.keys():
        return "usgs"
    if "api.weather.gov" in str(document.get("@context")):
        return "nws"
    features = document.get("features") if document.get("type") == "FeatureCollection" else [document]
    for feature in features[:1] if isinstance(features, list) else ():
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            continue
        if properties.get("@type") == "wx:Alert" or str(feature.get("id")).startswith(_NWS_ALERT):
            return "nws"
        if properties.keys() >= {"mag", "magType", "place"}:
            return "usgs"
    return None
