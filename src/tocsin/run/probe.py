"""One polite look at a source: does it answer, and can what it answers be read. Stores nothing, tells nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin import catalogue, fetch, formats, gate
from tocsin.errors import FetchError, FormatError
from tocsin.model import Problem, Source, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one request gave. `error` is a word of docs/sources.md, or "unreadable"; "" when all went well.

    `named` is the format that the content itself names; `admitted` counts the items that the gate would keep.
    `age` is how old the document is by its own time, where it states one.
    """

    source: str
    error: str = ""
    size_bytes: int = 0
    is_conditional: bool = False
    named: str = ""
    items: int = 0
    admitted: int = 0
    links: int = 0
    age: timedelta | None = None
    is_complete: bool = False
    problems: tuple[Problem, ...] = ()


async def probe(source: Source, client: fetch.Client, *, clock: Callable[[], datetime]) -> Probe:
    """Return what one request to `source` gives. Links of an index are counted, not followed."""
    try:
        answer = await fetch.fetch(
            client, source.url, now=clock(), hosts=catalogue.hosts(source), headers=catalogue.headers(source)
        )
    except FetchError as error:
        return Probe(source=source.id, error=error.code)
    body = answer.body or b""
    told = Probe(
        source=source.id,
        size_bytes=len(body),
        is_conditional=bool(answer.etag or answer.last_modified),
        named=formats.name_of(body) or "",
    )
    try:
        reading = formats.read(source.format, body, source=source.id, now=clock())
    except FormatError as error:
        return replace(told, error="unreadable", problems=(Problem(at=error.at, message=error.message),))
    rulings = [gate.examine(item, issuer_class=source.issuer_class) for item in reading.items]
    return replace(
        told,
        items=len(reading.items),
        admitted=sum(ruling.decision.verdict is not Verdict.DROP for ruling in rulings),
        links=len(reading.links),
        age=clock() - reading.as_of if reading.as_of else None,
        is_complete=reading.is_complete,
        problems=(*reading.problems, *(problem for item in reading.items for problem in item.problems)),
    )
