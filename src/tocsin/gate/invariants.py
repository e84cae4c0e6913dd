"""The second look: an event that holds what no event may hold is dropped, whatever the first look thought of it.

Written apart from the scrub, on purpose: it shares no rule and no pattern with it, and is simple enough to be read in
a minute. Source: NEUTRALITY 3.1, N3-invariant.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import re2

from tocsin.model import Event

_MARKS = (
    "@", "base64", "data:image", "data:text", "mailto:", "tel:+", "derefuri",
    "://x.com/", "twitter.com/", "facebook.com/", "instagram.com/", "tiktok.com/",
    "://t.me/", "linkedin.com/", "wa.me/",
)  # fmt: skip
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f]"  # of ASCII: all but tab and line feed
_FORBIDDEN = re2.compile("|".join((_CONTROL, *map(re2.escape, _MARKS))))
_CONTROL_ALLOWED = "\n\t"
_WITHOUT_STRINGS = frozenset({type(None), datetime, bool, int, float})
_INVISIBLE = ("Cf", "Cs", "Co")


def holds(event: Event) -> bool:
    """Return whether no string of `event` has an address, an account, embedded data, or a character nobody can see."""
    return is_sound("\n".join(strings(event)))


def strings(value: Any) -> list[str]:
    """Return every string within a value of the model, keys of mappings included."""
    found: list[str] = []
    parts = [value]
    for part in parts:  # which grow meanwhile by what is in them
        kind = part.__class__
        if kind is str:
            found.append(part)
        elif kind in _WITHOUT_STRINGS:
            continue
        elif isinstance(part, tuple):
            parts += part
        elif isinstance(part, str):
            found.append(part)
        elif parts_of := _parts_of(kind):
            parts += parts_of(part)
    return found


@functools.cache
def _parts_of(kind: type[object]) -> Callable[[Any], tuple[Any, ...]] | None:
    """Return what takes a value of this class apart; None for a class that holds no strings."""
    if dataclasses.is_dataclass(kind):
        return operator.attrgetter(*(one.name for one in dataclasses.fields(kind)))
    return _entries if issubclass(kind, Mapping) else None


def _entries(mapping: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*mapping, *mapping.values())


def is_sound(text: str) -> bool:
    """Return whether no string of those that `text` joins by line breaks is unsound; no mark spans a line break."""
    return _is_visible(text) and not _FORBIDDEN.search(unicodedata.normalize("NFKC", text).casefold())


def _is_visible(text: str) -> bool:
    """Return whether no character beyond ASCII hides; in ASCII only control characters do, which are forbidden."""
    if text.isascii() or text.replace("\n", "").isprintable():
        return True
    kinds = ((char, unicodedata.category(char)) for char in text)
    return not any(kind in _INVISIBLE or (kind == "Cc" and char not in _CONTROL_ALLOWED) for char, kind in kinds)
