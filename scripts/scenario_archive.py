"""What the three scenario scripts have in common: a poll, and times that are quick to write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Poll:
    """One line of an archive: a source was asked at `at` and gave `body`, kept as `file`; or failed with `error`."""

    at: datetime
    source: str
    format: str
    file: str = ""
    body: bytes = b""
    error: str = ""


def utc(text: str) -> datetime:
    """Return "2021-12-10 22:20" or "2021-12-10 22:20:40" as a moment in UTC."""
    return datetime.fromisoformat(f"{text}+00:00")


def json_body(value: Any) -> bytes:
    """Return a document as an API sends it: compact, and readable in a diff by one feature a line."""
    head = {key: member for key, member in value.items() if key != "features"}
    features = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in value["features"])
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "features": [\n{features}\n]}}\n'.encode()
