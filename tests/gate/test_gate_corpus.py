"""The corpora: our own lines, one file a language, and the recorded documents."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gate_events import CORPUS, event, examine, only

from tocsin import formats, gate
from tocsin.gate import invariants
from tocsin.model import (
    Area,
    IssuerClass,
    Text,
    Verdict,
)


def corpus(folder: str) -> list[Any]:
    rows = [
        (path.stem, number, json.loads(line))
        for path in sorted((CORPUS / folder).glob("*.jsonl"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]
    return [pytest.param(language, row, id=f"{language}-{number}") for language, number, row in rows]


@pytest.mark.parametrize(("language", "row"), corpus("keep"))
def test_corpus_keep(language: str, row: dict[str, Any]) -> None:
    text = Text(language=language, event="Flood", description=row["text"])
    ruling = examine(event(texts=(text,)))
    assert (only(ruling).texts[0].description, ruling.decision.verdict) == (row["text"], Verdict.PASS)


@pytest.mark.parametrize(("language", "row"), corpus("redact"))
@pytest.mark.parametrize("field", ["description", "instruction"])
def test_corpus_redact(language: str, row: dict[str, Any], field: str) -> None:
    text = replace(Text(language=language, event="Flood"), **{field: row["text"]})
    ruling = examine(event(texts=(text,)))
    kept = getattr(only(ruling).texts[0], field)
    wrong = [word for word in row["gone"] if word in kept] + [word for word in row["stays"] if word not in kept]
    assert (wrong, ruling.decision.verdict) == ([], Verdict.PASS_SCRUBBED), kept


@pytest.mark.parametrize(("language", "row"), corpus("redact"))
def test_corpus_redact_in_names_and_headings(language: str, row: dict[str, Any]) -> None:
    text = Text(language=language, event="Flood", headline=row["text"])
    kept = only(examine(event(texts=(text,), sender_name=row["text"], areas=(Area(description=row["text"]),))))
    assert not [word for word in row["gone"] if word in "\n".join(invariants.strings(replace(kept, keyed=())))]


@pytest.mark.parametrize(("language", "row"), corpus("drop"))
def test_corpus_drop(language: str, row: dict[str, Any]) -> None:
    text = Text(language=language, event=row["event"], headline=row["headline"])
    ruling = examine(event(texts=(text,)), issuer=IssuerClass.HAZARD)
    assert (ruling.decision.verdict, ruling.decision.rule) == (Verdict.DROP, row["rule"])


@pytest.mark.shared
def test_recorded_corpus(shared: Path) -> None:
    """No item with a reader leaks, is wrongly admitted or is over-blocked; nor is a physical effect lost."""
    wrong: list[Any] = []
    now = datetime(2026, 11, 24, tzinfo=UTC)
    for line in (shared / "gate" / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["format"] not in formats.FORMATS:
            continue
        items = formats.read(row["format"], row["document"].encode(), source="s", now=now).items
        rulings = [gate.examine(item, issuer_class=IssuerClass(row["source_class"])) for item in items]
        (verdict,) = {ruling.decision.verdict for ruling in rulings}
        kept = " ".join(
            text for ruling in rulings for one in ruling.admitted for text in invariants.strings(one.event)
        ).casefold()
        told = [word for word in row["must_not_survive"] if word.casefold() in kept]
        lost = [word for word in row["must_survive"] if word.casefold() not in " ".join(kept.split())]
        if told or lost or verdict.startswith("pass") is not row["expected"].startswith("pass"):
            wrong.append((row["id"], verdict, told, lost))
        if row["expected"] in {"effect_only", "drop"} and verdict != row["expected"]:
            wrong.append((row["id"], verdict))
    assert wrong == []


def documents() -> list[Any]:
    paths = sorted((CORPUS / "documents").glob("*.jsonl"))
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return [pytest.param(row, id=row["id"]) for row in rows]


@pytest.mark.parametrize("row", documents())
def test_document(row: dict[str, Any]) -> None:
    """Whole documents in eight formats: what comes of them, which words go and which stay.

    Where `withheld_in_vain` stands, a harmless look-alike goes that no rule tells from what must go.
    """
    now = datetime(2026, 11, 24, tzinfo=UTC)
    items = formats.read(row["format"], row["document"].encode(), source="s", now=now).items
    rulings = [gate.examine(item, issuer_class=IssuerClass(row["source_class"])) for item in items]
    kept = "\n".join(text for ruling in rulings for one in ruling.admitted for text in invariants.strings(one.event))
    assert [ruling.decision.verdict for ruling in rulings] == [row["verdict"]]
    assert [word for word in row["gone"] if word.casefold() in kept.casefold()] == []
    assert [word for word in row["stays"] if word not in kept] == []
