"""A message as `render` makes it."""

from __future__ import annotations

from typing import Any

from tocsin.render import Message


def message(**fields: Any) -> Message:
    """Return a message about an invented place."""
    given = {"subject": "Tornado: act now", "text": "Take shelter.", "html": "<p>Take shelter.</p>", "json": {}}
    return Message(**{**given, **fields})
