"""A document of which the format is not stated yet, opened at most once in each way, for `claims` of the readers.

`claims` asks what the content itself says: a root element and its namespaces, the keys of JSON, the first line of a
text. It never tries to read. A document that is cut, or refused by its opener, names nothing.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from lxml import etree

from tocsin.errors import FormatError
from tocsin.formats._json import loads
from tocsin.formats._stream import beginning
from tocsin.formats._xml import local, namespace, open_xml

_MARKS = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"  # byte order marks, halves of UTF-16, white space
_HEAD = 4_096  # bytes of a text in which it must say what it is


class Opened:
    """The bytes of one document, and lazily its XML root, its JSON value and the head of its text."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._start = body.lstrip(_MARKS)[:1]

    @cached_property
    def xml(self) -> etree._Element | None:
        """Return the root element of a sound XML document, else None."""
        if self._start != b"<":
            return None
        try:
            return open_xml(self.body)[0]
        except FormatError:
            return None

    @cached_property
    def beginning(self) -> list[etree._Element]:
        """Return the first elements of an XML document of any size, packed or not, in document order."""
        return beginning(self.body)

    @property
    def root(self) -> tuple[str, str]:
        """Return (local name, namespace) of the root element, ("", "") where this is no XML."""
        return (local(self.xml), namespace(self.xml)) if self.xml is not None else ("", "")

    @cached_property
    def json(self) -> Any:
        """Return the value of a sound JSON document, else None."""
        if self._start not in {b"{", b"["}:
            return None
        try:
            return loads(self.body)
        except FormatError:
            return None

    @cached_property
    def head(self) -> str:
        """Return the first characters of the document as text, "" where it is none."""
        try:
            return self.body[:_HEAD].decode("utf-8-sig", "strict" if len(self.body) <= _HEAD else "ignore")
        except UnicodeDecodeError:
            return ""

    def features(self) -> list[dict[str, Any]]:
        """Return the `properties` of the features of a GeoJSON document, with the feature's `id`; [] for another."""
        document = self.json
        if not isinstance(document, dict):
            return []
        listed = document.get("features") if document.get("type") == "FeatureCollection" else [document]
        return [
            {"id": feature.get("id"), **feature["properties"]}
            for feature in (listed if isinstance(listed, list) else ())
            if isinstance(feature, dict) and isinstance(feature.get("properties"), dict)
        ]
