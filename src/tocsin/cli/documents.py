"""`tocsin read` and `tocsin gate`: what documents say, and what the gate makes of it."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tocsin.cli.arguments import DONE, FILE, HAD_PROBLEMS, Moment, is_terminal, name_problems, put
from tocsin.errors import FormatError, TocsinError
from tocsin.model import Decision, IssuerClass, Item, Problem, Reading

_WORTH_A_BAR = 20  # files; fewer are read before a bar is drawn


def readings(
    files: tuple[Path, ...],
    format_: str | None,
    source: str | None,
) -> Iterator[tuple[Path, str, Reading]]:
    """Yield (file, source id, reading), for a streamed format once for each part of the file.

    A file that cannot be read gives a reading with the problem only.
    """
    from rich.console import Console
    from rich.progress import track

    from tocsin import formats

    now = datetime.now(UTC)
    quiet = not is_terminal() or len(files) < _WORTH_A_BAR
    for file in track(files, "reading", console=Console(stderr=True), disable=quiet, transient=True):
        body = file.read_bytes()
        name = format_ or formats.name_of(body) or ""
        source_id = source or f"recorded-{name}"
        try:
            for reading in formats.stream(name, body, source=source_id, now=now) if name else (_NAMELESS,):
                yield file, source_id, reading
        except FormatError as error:
            refused = Problem(at=error.at or "document", message=error.message)
            yield file, source_id, Reading(problems=(refused,), is_complete=False)


_NAMELESS = Reading(
    problems=(Problem(at="document", message="the content does not name its format; say --format"),),
    is_complete=False,
)


def _tell(file: Path, reading: Reading) -> bool:
    problems = [*reading.problems, *(problem for item in reading.items for problem in item.problems)]
    return name_problems(str(file), problems)


@click.command()
@click.option("--format", "format_", metavar="F", help="format, where the content does not name it without doubt")
@click.option("--source", metavar="ID", help="id of the catalogue's source that published the documents")
@click.option("--at", type=Moment(), help="also say what is in force at this time")
@click.argument("files", nargs=-1, required=True, type=FILE)
def read(format_: str | None, source: str | None, at: datetime | None, files: tuple[Path, ...]) -> int:
    """Print the events that FILES hold, after the gate, one JSON object a line.

    \b
    Examples:
      tocsin read alert.cap
      tocsin read --at 2021-12-11T02:10:00Z *.json
    """
    from tocsin import gate, lifecycle, record
    from tocsin.run.replay import known_or_stranger

    events, had_problems = [], False
    for file, source_id, reading in readings(files, format_, source):
        had_problems |= _tell(file, reading)
        issuer_class = known_or_stranger(source_id, format_ or "").issuer_class
        rulings = [gate.examine(item, issuer_class=issuer_class) for item in reading.items]
        events += [one.event for ruling in rulings for one in ruling.admitted]
    threads = lifecycle.threads(events)
    standing = {event.id for event in lifecycle.in_force(events, at)} if at else set()
    for event in events:
        row = {**record.to_json(event), "id": event.id, "thread": threads[event.id]}
        put(row | {"in_force": event.id in standing} if at else row)
    return HAD_PROBLEMS if had_problems else DONE


@click.command()
@click.option("--format", "format_", metavar="F", help="format, where the content does not name it without doubt")
@click.option(
    "--issuer-class",
    type=click.Choice([one.value for one in IssuerClass]),
    default=IssuerClass.HAZARD.value,
    show_default=True,
    help="what the catalogue says of the issuer",
)
@click.option("--items", type=FILE, help="judge test items instead: JSON Lines of id, format, source_class, document")
@click.option("--sources", type=FILE, help="judge source configurations instead: JSON Lines of id, url, format")
@click.argument("files", nargs=-1, type=FILE)
def gate(
    format_: str | None, issuer_class: str, items: Path | None, sources: Path | None, files: tuple[Path, ...]
) -> int:
    """Print what the gate decides on each item of FILES and why, and what would be stored.

    \b
    Examples:
      tocsin gate alerts.json
      tocsin gate --items our-canaries.jsonl
    """
    if items is not None:
        return _judge(items, _judge_item)
    if sources is not None:
        return _judge(sources, _judge_source)
    if not files:
        raise click.UsageError("name at least one FILE, or --items, or --sources")
    from tocsin import gate as the_gate
    from tocsin import record

    had_problems = False
    for file, _, reading in readings(files, format_, None):
        had_problems |= _tell(file, reading)
        for item in reading.items:
            ruling = the_gate.examine(item, issuer_class=IssuerClass(issuer_class))
            put(
                {
                    "file": str(file),
                    "item": item.at,
                    "verdict": ruling.decision.verdict.value,
                    "rule": ruling.decision.rule,
                    "ruleset": ruling.decision.ruleset,
                    "digest": record.item_digest(item).hex(),
                    "events": [record.to_json(one.event) for one in ruling.admitted],
                }
            )
    return HAD_PROBLEMS if had_problems else DONE


def _judge(path: Path, judge: Any) -> int:
    had_problems = False
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                put({"id": row["id"], **judge(row)})
            except (ValueError, KeyError, TypeError):
                had_problems = True
                click.echo(f"{path}:{number}: problem: not a line of the form that --help names", err=True)
    return HAD_PROBLEMS if had_problems else DONE


def _judge_source(row: dict[str, Any]) -> dict[str, Any]:
    from tocsin import catalogue

    why = catalogue.refuses(str(row["url"]), str(row["format"]))
    return {"verdict": "accept" if why is None else "refuse", "why": why or "a catalogue source"}


def _judge_item(row: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict on one test item with everything that Tocsin would keep, write or log because of it."""
    from tocsin import formats, record
    from tocsin import gate as the_gate

    try:
        items = formats.read(row["format"], _body(row), source="test-item", now=datetime.now(UTC)).items
    except TocsinError:
        items = ()
    items = items or (Item(at="document"),)
    issuer_class = IssuerClass(row["source_class"])
    rulings = [the_gate.examine(item, issuer_class=issuer_class) for item in items]
    stored = [record.to_json(one.event) for ruling in rulings for one in ruling.admitted]
    first = (
        max(rulings, key=lambda ruling: _HARSHNESS[ruling.decision.verdict.value])
        if not stored
        else next(ruling for ruling in rulings if ruling.admitted)
    )
    digests = [record.item_digest(item) for item in items]
    return {
        "verdict": first.decision.verdict.value,
        "rule": first.decision.rule,
        "ruleset": first.decision.ruleset,
        "digest": digests[rulings.index(first)].hex(),
        "stored": stored or None,
        "ledger": [_leaf(digest, ruling.decision) for digest, ruling in zip(digests, rulings, strict=True)],
        "log": "",
    }


def _leaf(digest: bytes, decision: Decision) -> Any:
    """Return the leaf that a decision would get in a side tree, under the key of a day that is over at once."""
    from tocsin import record
    from tocsin.ledger.items import ItemLeaf

    noise = record.item_commitment(record.item_key(secrets.token_bytes(32), digest), digest, decision)
    leaf = ItemLeaf(day=datetime.now(UTC).date().isoformat(), ruleset=decision.ruleset, commitment=noise)
    return json.loads(leaf.leaf)


_HARSHNESS = {"pass": 0, "pass_scrubbed": 1, "effect_only": 2, "drop": 3}


def _body(row: dict[str, Any]) -> bytes:
    document = str(row["document"])
    if row.get("encoding") != "base64":
        return document.encode()
    try:
        return base64.b64decode(document, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


COMMANDS = (read, gate)
