"""Codes of traffic, transit and calendars."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gate_events import CORPUS, event, examine, only

from tocsin import gate
from tocsin.gate import codes, invariants
from tocsin.model import (
    Area,
    Code,
    IssuerClass,
    Text,
    Verdict,
)

CODED = [json.loads(line) for line in (CORPUS / "codes.jsonl").read_text(encoding="utf-8").splitlines()]


def coded(row: dict[str, Any]) -> gate.Ruling:
    text = Text(language="en", headline=row.get("headline", "Read the notice"))
    area = Area(description=row.get("road", ""), geocodes=(Code("gtfs:stop_id", "4711"),))
    one = event(
        "",
        codes=tuple(Code(*code) for code in row["codes"]),
        texts=(text,),
        areas=(area,),
        web="https://roads.example/notice",
    )
    return examine(one, issuer=IssuerClass(row["issuer"]))


@pytest.mark.parametrize("row", CODED, ids=lambda row: "+".join(code[1] for code in row["codes"]))
def test_codes_decide(row: dict[str, Any]) -> None:
    ruling = coded(row)
    kept = [one.event for one in ruling.admitted]
    assert ruling.decision.verdict == row["verdict"]
    assert [one.hazard for one in kept] == [row["hazard"]] if "hazard" in row else True
    assert [code.value for one in kept for code in one.codes] == [row["effect"]] if "effect" in row else True


@pytest.mark.parametrize("row", [row for row in CODED if "effect" in row], ids=lambda row: row["effect"])
def test_effect_on_traffic_tells_nothing_of_the_cause(row: dict[str, Any]) -> None:
    said = "\n".join(invariants.strings(only(coded(row))))
    assert not [value for _, value in row["codes"] if value in said]
    assert row.get("headline", "Read the notice") not in said
    assert "roads.example" not in said
    assert row.get("kept", "") in said
    assert "4711" in said


TOPICS = [json.loads(line) for line in (CORPUS / "topic.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", TOPICS, ids=lambda row: f"{row['language']}-{row['text'][:30]}")
def test_closure_whose_words_name_a_topic_is_kept_without_them(row: dict[str, Any]) -> None:
    closed = (Code("datex2", "MaintenanceWorks"), Code("datex2:RoadOrCarriagewayOrLaneManagement", "roadClosed"))
    text = Text(language=row["language"], description=row["text"])
    ruling = examine(event("", codes=closed, texts=(text,)), issuer=IssuerClass.TRAFFIC)
    assert ruling.decision.verdict is (Verdict.EFFECT_ONLY if row["topic"] else Verdict.PASS)
    assert (row["text"] in "\n".join(invariants.strings(only(ruling)))) is not row["topic"]


@pytest.mark.parametrize("table", ['[lists.x]\npass.nothing = ["a"]', '[lists.x]\neffect.nothing = ["a"]'])
def test_tables_of_codes_name_listed_things_only(table: str) -> None:
    with pytest.raises(ValueError, match="on no list"):
        codes.load("[effects]\n[names]\nof_roads = []\n[tpeg]\n" + table)
