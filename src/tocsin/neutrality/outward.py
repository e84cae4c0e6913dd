"""Checks of what is asked and what is shown: sources, refusals, pages, and that the gate answers alike (N6 to N8)."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import Any

from tocsin import catalogue, extensions, record
from tocsin.errors import ConfigError
from tocsin.geocodes import NONE
from tocsin.match import PlaceIndex
from tocsin.model import Source
from tocsin.neutrality import canaries
from tocsin.neutrality.folder import Folder
from tocsin.run.board import LiveBoard
from tocsin.run.reconcile import Desk
from tocsin.run.situation import Situation
from tocsin.store import Store
from tocsin.web.app import create_app

_FROM_ELSEWHERE = re.compile(
    rb"""(?:src|href|action|poster)\s*=\s*["']?(?:[a-z]+:)?//[^"'\s>]+|@import|url\(["']?http""", re.IGNORECASE
)
_LINKS_FOR_PEOPLE = re.compile(rb"<a\s[^>]*>", re.IGNORECASE)
PAGES = ("/", "/neutrality", "/healthz", "/api/overview", "/api/map.svg", "/static/tocsin.css", "/static/theme.js")
_WITHIN_S = 60


# --- N6 -----------------------------------------------------------------------------------------------------------


def sources(data: Folder) -> Iterator[str]:
    """Yield the configured and stored sources that are neither in the catalogue nor a lawful extension of it."""
    for number, name in enumerate(data.config.sources, 1):
        if name not in catalogue.SOURCES:
            yield f"sources, number {number}: not in the catalogue"
    lawful = dict(catalogue.SOURCES)
    for number, table in enumerate(data.config.extra_sources, 1):
        try:
            lawful |= {source.id: source for source in extensions.read([table])}
        except ConfigError:
            yield f"extra_sources, number {number}: no lawful extension of the catalogue"
    for stored in ("events", "health", "faults"):
        for row in data.rows(stored):
            if row.columns["source"] not in lawful:
                yield f"{row}: of a source that is not in the catalogue"
    yield from _asked(data, lawful)


def _asked(data: Folder, lawful: Mapping[str, Source]) -> Iterator[str]:
    """Yield the sources that were read at another address, or for another class of issuer, than is lawful.

    The service enters each into the log before it asks, by the hashes of id and address; the table beside it holds
    the same openly. What is fetched never leaves the hosts of the source (`fetch`).
    """
    added: dict[str, tuple[int, str, str]] = {}
    for n, entry in enumerate(data.entries):
        if entry.get("kind") == "source":
            added.pop(entry["source"], None)
            if entry["act"] == "added":
                added[entry["source"]] = (n, entry["url"], entry["issuer_class"])
    allowed = {
        record.source_number(one.id): (sha256(one.url.encode()).hexdigest(), one.issuer_class.value)
        for one in lawful.values()
    }
    for number, (n, *said) in added.items():
        if allowed.get(number) != tuple(said):
            yield f"entry {n}: a source that is neither in the catalogue nor a lawful extension, or at another address"
    rows = {record.source_number(row.columns["source"]): row for row in data.rows("sources")}
    for number in sorted(added.keys() - rows.keys()):
        yield f"entry {added[number][0]}: a source of the log that the database does not know"
    for number, row in rows.items():
        stored = sha256(str(row.columns["url"]).encode()).hexdigest(), row.columns["issuer_class"]
        if number not in added or added[number][1:] != stored:
            yield f"{row}: not as the log has it"


def refusals(_data: Folder) -> Iterator[str]:
    """Yield the configurations of the bundled list that are judged wrongly."""
    text = resources.files("tocsin.neutrality").joinpath("sources.jsonl").read_text(encoding="utf-8")
    for number, row in enumerate(map(json.loads, text.splitlines()), 1):
        verdict = "refuse" if catalogue.refuses(row["url"], row["format"]) else "accept"
        if verdict != row["expected"]:
            yield f"sources.jsonl line {number}: {verdict} in place of {row['expected']}"


# --- N7 -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def pages(data: Folder) -> Iterator[str]:
    """Yield the pages that set a cookie, load something from elsewhere, or let a page of others in."""
    with Store.open(None) as store:
        desk = Desk(store, Situation(PlaceIndex((), NONE), {}), (), started=data.now)
        app = create_app(LiveBoard(desk, lambda: data.now))
        for path in PAGES:
            yield from (f"{path}: {said}" for said in page_faults(asyncio.run(ask(app, path))))


def page_faults(answer: Answer) -> Iterator[str]:
    """Yield what a page does that none may do."""
    headers: Mapping[str, str] = dict(answer.headers)
    if answer.status >= 400:  # noqa: PLR2004  RFC 9110, 15.5
        yield f"answers {answer.status}"
    if "set-cookie" in headers:
        yield "sets a cookie"
    if "default-src 'none'" not in headers.get("content-security-policy", ""):
        yield "may load from other servers"
    if _FROM_ELSEWHERE.search(_LINKS_FOR_PEOPLE.sub(b"", answer.body)):
        yield "loads from another server"


async def ask(app: Any, path: str) -> Answer:
    """Return what the application answers to a plain request, without a network. Source: ASGI 3.0, HTTP."""
    sent: list[dict[str, Any]] = []

    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in asked:
            return message
        await asyncio.Event().wait()  # whoever asks does not hang up
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in sent[0]["headers"])
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


# --- N8 -----------------------------------------------------------------------------------------------------------


def same_verdicts(_data: Folder) -> Iterator[str]:
    """Yield that the gate judged the same documents twice and not alike, here or in another process."""
    here = canaries.fingerprint()
    if canaries.fingerprint() != here:
        yield "the second judgement in this process is another one"
    command = [sys.executable, "-m", "tocsin.neutrality.canaries"]
    # Another order of sets and dictionaries, so that a rule that hangs on it comes out.
    environment = {**os.environ, "PYTHONHASHSEED": "4242", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    there = subprocess.run(  # noqa: S603  ourselves
        command, env=environment, capture_output=True, text=True, timeout=_WITHIN_S, check=False
    )
    if there.stdout.strip() != here:
        yield "the judgement of another process is another one"
