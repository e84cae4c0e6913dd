"""Every entry of the gate's word lists is needed by a sentence: without it the answer is another."""

from __future__ import annotations

from dataclasses import replace

import mutating
import pytest

from tocsin.gate import codes
from tocsin.model import Code

ADVICE = "add one to tests/gate/entries.tsv (python scripts/gate_entries.py), or delete it"


def test_every_entry_has_a_case_that_fails_without_it() -> None:
    lists, rows, unneeded = mutating.Lists(), mutating.table(), mutating.unneeded()
    wrong = []
    with mutating.judged_by(lists.rules):
        by_corpora = mutating.needed_by_corpora(lists)
        for entry in lists.entries:
            cases = rows.get(entry.name, ())
            if entry in by_corpora or entry.name in unneeded:
                continue
            if not any(mutating.needed(lists, entry, text) for text in cases):
                wrong.append(f"entry {entry.words!r} of {entry.file}:{entry.path} has no case; {ADVICE}")
    assert wrong == []


def test_entry_without_a_case_is_told() -> None:
    lists = mutating.Lists()
    (entry,) = (entry for entry in lists.entries if entry.name == ("de:topics.labour", "*streik*"))
    with mutating.judged_by(lists.rules):
        assert not mutating.needed(lists, entry, "Heute ist es windig.")
        assert mutating.needed(lists, entry, "Heute ist Warnstreik.")


@pytest.mark.parametrize("name", sorted(codes.TABLES.meanings))
def test_every_code_is_needed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its row a code says nothing, where each list is read by itself and its unknown codes say nothing.

    In the tables most unknown codes withhold, and causes share their lists: rows say so once more, for who reads them.
    """
    monkeypatch.setattr(codes, "_SHARED", {})
    listed = codes.TABLES.meanings[name]
    said = {code: codes.read([Code(name, code)]) for code in listed}
    for code in listed:
        fewer = {one: meaning for one, meaning in listed.items() if one != code}
        with monkeypatch.context() as patched:
            meanings = {**codes.TABLES.meanings, name: fewer}
            patched.setattr(codes, "TABLES", replace(codes.TABLES, meanings=meanings, unknown={}))
            assert codes.read([Code(name, code)]) != said[code], f"code {code} of {name} decides nothing; delete it"


def test_every_number_of_a_code_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = codes.TABLES
    schemes = [name for name in tables.meanings if name.startswith("siri_sx:")]
    said = {number: [codes.read([Code(name, number)]) for name in schemes] for number in tables.tpeg}
    unneeded = []
    for number in tables.tpeg:
        fewer = {one: name for one, name in tables.tpeg.items() if one != number}
        with monkeypatch.context() as patched:
            patched.setattr(codes, "TABLES", replace(tables, tpeg=fewer, unknown={}))
            if [codes.read([Code(name, number)]) for name in schemes] == said[number]:
                unneeded.append(number)
    assert unneeded == []
