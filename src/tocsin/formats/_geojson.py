"""What feeds in GeoJSON have in common: features in document order, and named fields of JSON objects.

`Fields` is how "readers copy named fields only" is kept in JSON: a value is had by its name and kind or not at all,
and what is wrong with it is noted by position. It knows nothing of any one feed.

Source: RFC 7946, 3.2 and 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from shapely.geometry.base import BaseGeometry

from tocsin import geo
from tocsin.errors import FormatError
from tocsin.formats._named import named
from tocsin.formats._time import read_time
from tocsin.model import Problem

MAX_TEXT = 16_384  # characters of one field
_LARGEST = 1e15  # beyond any magnitude, depth or coordinate; an integer of 400 digits is no float
_LARGEST_MS = 3e13  # some 950 years either way of 1970
MAX_NAME = 1_000  # characters of an identifier, a code or a name
_SHORT = 200  # characters up to which a text is looked at whole, before anything is done to it
MAX_LIST = 10_000  # members of one list of names; an alert for all zones of the United States has some 8,000
_CONTROLS = bytes([*range(0x09), *range(0x0B, 0x20), 0x7F])  # all of ASCII but tab and line feed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Choice = TypeVar("Choice", bound=StrEnum)


def features(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield (position, feature) of a FeatureCollection, or of one Feature that stands alone.

    Raises FormatError when the document is neither.
    """
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Feature":
        return iter([("feature", document)])
    members = document.get("features") if kind == "FeatureCollection" else None
    if not isinstance(members, list):
        raise FormatError("neither a GeoJSON FeatureCollection nor a Feature", at="document")
    return ((f"features[{position}]", feature) for position, feature in enumerate(members))


class Fields:
    """The members of one JSON object, by name and kind. Missing and null are the same: empty.

    A value of the wrong kind is empty too, and a Problem says so. Raises FormatError when `value` is no object.
    """

    def __init__(self, value: Any, *, at: str, problems: list[Problem] | None = None) -> None:
        if not isinstance(value, dict):
            raise FormatError("not a JSON object", at=at)
        self._value = value
        self.at = at
        self.problems: list[Problem] = [] if problems is None else problems

    def object(self, name: str) -> Fields:
        """Return the fields of a nested object, which note their problems here; none when it is missing."""
        value = self._value.get(name)
        if value is not None and not isinstance(value, dict):
            self.problem(name, "not a JSON object")
            value = None
        return Fields(value or {}, at=f"{self.at}.{name}", problems=self.problems)

    def raw(self, name: str) -> Any:
        """Return the value as it stands, for a reader that checks it itself (a geometry)."""
        return self._value.get(name)

    def list(self, name: str) -> list[Any]:
        """Return the members of a list; one value alone counts as a list of it. Cut at MAX_LIST."""
        value = self._value.get(name)
        members = value if isinstance(value, list) else [] if value is None else [value]
        if len(members) <= MAX_LIST:
            return members
        self.problem(name, f"the list was cut at {MAX_LIST} members", is_repaired=True)
        return members[:MAX_LIST]

    def text(self, name: str, limit: int = MAX_TEXT) -> str:
        """Return a text without control characters and without white space around it."""
        value = self._value.get(name)
        if value is None:
            return ""
        if isinstance(value, str) and len(value) <= _SHORT <= limit and value.isprintable():
            return value.strip()
        return self._text(value, name, limit)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list of names, without empty ones and repetitions."""
        values = self.list(name)
        if len(values) <= 1 or not _are_plain(values):
            values = [self._text(value, name, MAX_NAME, place) for place, value in enumerate(values)]
        return tuple(dict.fromkeys(filter(None, values)))

    def number(self, name: str) -> float | None:
        """Return a finite number."""
        value = self._value.get(name)
        if value is None:
            return None
        if type(value) in {int, float} and abs(value) <= _LARGEST:
            return float(value)
        self.problem(name, "not a finite number")
        return None

    def time(self, name: str) -> datetime | None:
        """Return a moment that is written as in ISO 8601."""
        text = self.text(name, MAX_NAME)
        if not text:
            return None
        try:
            moment, problems = read_time(text, at=f"{self.at}.{name}")
        except FormatError as error:
            self.problem(name, error.message)
            return None
        self.problems += problems
        return moment

    def epoch_ms(self, name: str) -> datetime | None:
        """Return a moment that is written in milliseconds since 1970, without fractions of a second."""
        milliseconds = self.number(name)
        if milliseconds is None:
            return None
        if abs(milliseconds) > _LARGEST_MS:
            self.problem(name, "not a moment that exists")
            return None
        return (_EPOCH + timedelta(milliseconds=milliseconds)).replace(microsecond=0)

    def geometry(self, name: str) -> BaseGeometry | None:
        """Return a geometry; what is wrong with it is noted, and one that cannot be read is None."""
        try:
            geometry, problems = geo.from_geojson(self._value.get(name), at=f"{self.at}.{name}")
        except FormatError as error:
            self.problem(name, error.message)
            return None
        self.problems += problems
        return geometry

    def choice(self, kind: type[Choice], name: str) -> Choice | None:
        """Return a value of one of CAP's lists, whatever its case; None when empty or, as a Problem, unknown."""
        found, text = self._named(kind, name)
        if text and found is None:
            self.problem(name, "not a value of CAP's list; read as unknown", is_repaired=True)
        return found

    def exactly(self, kind: type[Choice], name: str) -> Choice:
        """Return the value of a field for which nothing may be assumed. Raises FormatError."""
        found, _ = self._named(kind, name)
        if found is None:
            raise FormatError("not a value of CAP's list", at=f"{self.at}.{name}")
        return found

    def problem(self, name: str, message: str, *, is_repaired: bool = False) -> None:
        """Note what is wrong with a field."""
        self.problems.append(Problem(at=f"{self.at}.{name}", message=message, is_repaired=is_repaired))

    def _named(self, kind: type[Choice], name: str) -> tuple[Choice | None, str]:
        """Return the value of a list that a text spells, and the text; most spell it as it stands there."""
        value = self._value.get(name)
        if isinstance(value, str) and (found := named(kind, value)) is not None:
            return found, value
        text = self.text(name, MAX_NAME)
        return named(kind, text), text

    def _text(self, value: Any, name: str, limit: int, place: int | None = None) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            self.problem(name if place is None else f"{name}[{place}]", "not a text")
            return ""
        # By bytes: a regular expression takes five times as long.
        written = value.encode("utf-8", "replace")
        kept = written.translate(None, _CONTROLS)
        text = (value if len(kept) == len(written) else kept.decode()).strip()
        if len(text) <= limit:
            return text
        self.problem(
            name if place is None else f"{name}[{place}]",
            f"the text was cut at {limit} characters",
            is_repaired=True,
        )
        return text[:limit]


def _are_plain(values: list[Any]) -> bool:
    """Return whether these are short words without a blank, as codes are: to be taken as they stand, all at once."""
    try:
        words = "".join(values)
    except TypeError:
        return False
    return words.isprintable() and " " not in words and max(map(len, values), default=0) <= MAX_NAME
