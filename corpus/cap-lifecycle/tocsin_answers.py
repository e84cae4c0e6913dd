#!/usr/bin/env python3
"""Print what Tocsin holds to be in force in every case of the corpus: the answers that judge.py reads.

    python tocsin_answers.py > answers.jsonl && python judge.py answers.jsonl

Each document goes the way of a live one: reader, gate, life cycle. A feed is a source of its own; an alert that came
through two of them is one alert, named by (sender, identifier, sent).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import shapely
from judge import CASES, cases, questions

from tocsin import formats, gate, lifecycle
from tocsin.errors import FormatError
from tocsin.model import Event, IssuerClass


def answer(name: str, documents: Sequence[dict[str, Any]], at: str) -> list[dict[str, Any]]:
    """Return one entry for each warning in force at `at`, when the documents arrived in the order given."""
    known: dict[str, Event] = {}
    senders: dict[str, str] = {}  # as documents name them: what may be a person's name the gate does not keep
    for document in documents:
        body = (CASES / name / document["file"]).read_bytes()
        for event, sender in _events(body, document["feed"], datetime.fromisoformat(document["received"])):
            known[event.id], senders[event.sender] = event, sender
    standing = lifecycle.in_force(known.values(), datetime.fromisoformat(at))
    once = {event.id.partition("|")[2]: event for event in standing}
    return [_entry(event) | {"sender": senders[event.sender]} for event in once.values()]


def _events(body: bytes, feed: str, now: datetime) -> Iterable[tuple[Event, str]]:
    """Yield what may be kept of a document, each with its sender as published."""
    try:
        items = formats.read("cap", body, source=feed, now=now).items
    except FormatError:
        return
    for item in items:
        for one in gate.examine(item, issuer_class=IssuerClass.HAZARD).admitted:
            yield one.event, item.events[0].sender


def _entry(event: Event) -> dict[str, Any]:
    shapes = [area.geometry for area in event.areas if area.geometry is not None]
    return {
        "identifier": event.identifier,
        "severity": event.severity.value,
        "areas": [area.description for area in event.areas],
        "languages": [text.language for text in event.texts],
        "geometry": json.loads(shapely.to_geojson(shapely.union_all(shapes))) if shapes else None,
    }


def main() -> int:
    """Answer every question; return the exit code."""
    for name, case in cases().items():
        for question in questions(name, case):
            found = answer(name, question["documents"], question["at"])
            print(json.dumps({"case": name, "at": question["at"], "in_force": found}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
