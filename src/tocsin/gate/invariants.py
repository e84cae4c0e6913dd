"""The second look: an event that holds what no event may hold is dropped, whatever the first look thought of it.

Written apart from the scrub, on purpose: it shares no rule and no pattern with it, and is simple enough to be read in
a minute. Source: NEUTRALITY 3.1, N3-invariant.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from tocsin.model import Event

_FORBIDDEN = (
    "@", "base64", "data:image", "data:text", "mailto:", "tel:+", "derefuri",
    "://x.com/", "twitter.com/", "facebook.com/", "instagram.com/", "tiktok.com/",
    "://t.me/", "linkedin.com/", "wa.me/",
)  # fmt: skip
_CONTROL_ALLOWED = "\n\t"
_INVISIBLE = ("Cf", "Cs", "Co")


def holds(event: Event) -> bool:
    """Return whether no string of `event` has an address, an account, embedded data, or a character nobody can see."""
    return all(_is_sound(text) for text in strings(event))


def strings(value: Any) -> Iterator[str]:
    """Yield every string within a value of the model, keys of mappings included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield key
            yield from strings(held)
    elif isinstance(value, tuple):
        for held in value:
            yield from strings(held)
    elif dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            yield from strings(getattr(value, one.name))


def _is_sound(text: str) -> bool:
    seen = unicodedata.normalize("NFKC", text).casefold()
    if any(mark in seen for mark in _FORBIDDEN):
        return False
    kinds = ((char, unicodedata.category(char)) for char in text)
    return not any(kind in _INVISIBLE or (kind == "Cc" and char not in _CONTROL_ALLOWED) for char, kind in kinds)
