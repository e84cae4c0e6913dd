"""What enters and what is dropped, and that nobody else can let anything in."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate_events import EARLIER, event, examine, only

import tocsin
from tocsin import gate
from tocsin.gate import wording
from tocsin.model import (
    Area,
    Category,
    Code,
    Event,
    IssuerClass,
    Item,
    MsgType,
    Response,
    Scope,
    Status,
    Text,
    Verdict,
)


@pytest.mark.parametrize(
    ("events", "issuer", "verdict", "rule"),
    [
        pytest.param([event()], IssuerClass.UNREGISTERED, "drop", "unregistered", id="issuer-unregistered"),
        pytest.param([], IssuerClass.HAZARD, "drop", "malformed", id="item-unreadable"),
        pytest.param([event(status=Status.DRAFT)], IssuerClass.HAZARD, "drop", "not-public", id="status-draft"),
        pytest.param([event(status=Status.TEST)], IssuerClass.HAZARD, "drop", "not-public", id="status-test"),
        pytest.param([event(scope=Scope.PRIVATE)], IssuerClass.CIVIL, "drop", "not-public", id="scope-private"),
        pytest.param([event(msg_type=MsgType.ACK)], IssuerClass.CIVIL, "drop", "not-public", id="acknowledgement"),
        pytest.param(
            [event(), event(scope=Scope.RESTRICTED)], IssuerClass.CIVIL, "drop", "not-public", id="one-of-two-private"
        ),
        pytest.param([event()], IssuerClass.HAZARD, "pass", "listed", id="listed"),
        pytest.param([event("Sack race")], IssuerClass.HAZARD, "drop", "unmapped", id="unlisted"),
        pytest.param(
            [event("", codes=(Code("SAME", "TOR"),))], IssuerClass.HAZARD, "pass", "listed", id="listed-by-code"
        ),
        pytest.param(
            [event("Child notice", codes=(Code("SAME", "CAE"),))],
            IssuerClass.HAZARD,
            "drop",
            "person",
            id="person-by-same",
        ),
        pytest.param(
            [event("Avis", codes=(Code("profile:CAP-CP:Event:0.4", "missingPerso"),))],
            IssuerClass.CIVIL,
            "drop",
            "person",
            id="person-by-cap-cp",
        ),
        pytest.param(
            [event("Flood"), event("Amber Alert")], IssuerClass.CIVIL, "drop", "person", id="person-beside-flood"
        ),
        pytest.param(
            [event("Amber Alert", msg_type=MsgType.CANCEL, references=(EARLIER,))],
            IssuerClass.CIVIL,
            "drop",
            "person",
            id="cancel-of-person",
        ),
        pytest.param(
            [event("Evacuation", headline="Missing child in the wood")],
            IssuerClass.CIVIL,
            "drop",
            "person",
            id="person-in-headline-of-civil-term",
        ),
        pytest.param(
            [event("Flood", headline="Missing child")],
            IssuerClass.CIVIL,
            "pass_scrubbed",
            "listed",
            id="person-in-headline-of-hazard",
        ),
        pytest.param(
            [event("Security notice", category=(Category.SECURITY,))],
            IssuerClass.CIVIL,
            "drop",
            "protected",
            id="security-without-effect",
        ),
        pytest.param(
            [event("Security notice", category=(Category.SECURITY,), response=(Response.SHELTER,))],
            IssuerClass.CIVIL,
            "effect_only",
            "effect",
            id="security-with-shelter",
        ),
        pytest.param(
            [event("Security notice", category=(Category.SECURITY,), response=(Response.SHELTER,))],
            IssuerClass.TRAFFIC,
            "drop",
            "protected",
            id="security-of-traffic-issuer",
        ),
        pytest.param(
            [event("Law Enforcement Warning", response=(Response.AVOID,))],
            IssuerClass.HAZARD,
            "effect_only",
            "effect",
            id="protected-term-with-effect",
        ),
        pytest.param(
            [event("Evacuation", category=(Category.SECURITY,))],
            IssuerClass.CIVIL,
            "effect_only",
            "effect",
            id="civil-hazard-of-security",
        ),
        pytest.param(
            [event("Dam failure", codes=(Code("SAME", "CDW"),))],
            IssuerClass.HAZARD,
            "pass",
            "listed",
            id="protected-code-explained-by-term",
        ),
        pytest.param(
            [event("Law Enforcement Warning", codes=(Code("SAME", "LEW"), Code("NationalWeatherService", "LEW")))],
            IssuerClass.HAZARD,
            "drop",
            "protected",
            id="protected-term-with-a-code-of-snow",
        ),
        pytest.param([event("Strike")], IssuerClass.HAZARD, "drop", "protected", id="topic-of-hazard-issuer"),
        pytest.param(
            [event("Strike", response=(Response.AVOID,))],
            IssuerClass.HAZARD,
            "drop",
            "protected",
            id="topic-with-effect-of-hazard-issuer",
        ),
        pytest.param(
            [event("Strike", response=(Response.AVOID,))],
            IssuerClass.CIVIL,
            "effect_only",
            "effect",
            id="topic-with-effect-of-civil-issuer",
        ),
        pytest.param(
            [event("Wind, protest march")], IssuerClass.CIVIL, "drop", "protected", id="topic-beside-hazard-in-term"
        ),
        pytest.param(
            [event("Flood"), event("Strike")], IssuerClass.CIVIL, "drop", "protected", id="topic-in-second-event"
        ),
        pytest.param(
            [event("Flood"), event("Sack race")],
            IssuerClass.CIVIL,
            "pass_scrubbed",
            "listed",
            id="unlisted-beside-flood-left-out",
        ),
        pytest.param(
            [event("Required Monthly Test", codes=(Code("SAME", "RMT"),))],
            IssuerClass.HAZARD,
            "drop",
            "unmapped",
            id="administrative-test",
        ),
        pytest.param(
            [event("Flood", codes=(Code("SAME", "ADR"),))],
            IssuerClass.HAZARD,
            "drop",
            "unmapped",
            id="administrative-flood",
        ),
        pytest.param(
            [event("Siren test", codes=(Code("SAME", "DMO"),))],
            IssuerClass.CIVIL,
            "pass",
            "listed",
            id="listed-public-test",
        ),
        pytest.param(
            [event("", msg_type=MsgType.CANCEL, references=(EARLIER,))],
            IssuerClass.CIVIL,
            "pass_scrubbed",
            "cancel",
            id="cancel-without-info",
        ),
        pytest.param(
            [event("", msg_type=MsgType.CANCEL)], IssuerClass.CIVIL, "drop", "unmapped", id="cancel-of-nothing"
        ),
        pytest.param(
            [event("Strike", msg_type=MsgType.CANCEL, references=(EARLIER,))],
            IssuerClass.CIVIL,
            "effect_only",
            "effect",
            id="cancel-of-protected",
        ),
        pytest.param(
            [event("Flood", identifier="x\u0085y", areas=(Area(geocodes=(Code("UGC", "A@B"),)),))],
            IssuerClass.CIVIL,
            "pass",
            "listed",
            id="dirt-cleaned",
        ),
    ],
)
def test_examine_decides(events: list[Event], issuer: IssuerClass, verdict: str, rule: str) -> None:
    decision = gate.examine(Item(at="1", events=tuple(events)), issuer_class=issuer).decision
    assert (decision.verdict, decision.rule) == (verdict, rule)


def test_examine_fills_the_hazard() -> None:
    assert only(examine(event("Vigilance orange orages"))).hazard == "severe-thunderstorm"


def test_examine_names_its_ruleset() -> None:
    assert examine(event()).decision.ruleset == gate.RULESET


def test_dropped_items_leave_nothing() -> None:
    assert examine(event("Sack race")).admitted == ()


def test_admitted_event_is_not_changed_by_a_second_examination() -> None:
    once = only(examine(event("Flood", sender_name="River Office", web="https://example.org/now")))
    assert only(examine(once)) == once


def test_admitted_cannot_be_made_elsewhere() -> None:
    with pytest.raises(TypeError, match="only the gate"):
        gate.Admitted(event(), seal=object())


def test_admitted_is_made_in_one_file_only() -> None:
    root = Path(tocsin.__file__).parent
    makers = [path for path in root.rglob("*.py") if "Admitted(" in path.read_text(encoding="utf-8")]
    assert makers == [root / "gate" / "__init__.py"]


def test_second_look_drops_what_the_first_let_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "sender_of", lambda sender: sender)
    assert examine(event(sender="jo@example.org")).decision.verdict is Verdict.DROP


def test_item_with_words_that_no_reader_copies_is_not_whole() -> None:
    item = Item(at="1", events=(event(),), has_unread=True)
    assert gate.examine(item, issuer_class=IssuerClass.CIVIL).decision.verdict is Verdict.PASS_SCRUBBED


def test_field_of_a_warning_is_refined_by_each_title_anew() -> None:
    titles = ["M 5.1 near the coast", "Volcano alert raised", "M 5.1 near the coast"]
    codes_ = (Code("georss:category", "Geo"),)
    found = [
        only(examine(event("", codes=codes_, texts=(Text(language="en", headline=one),)))).hazard for one in titles
    ]
    assert found == ["earthquake", "volcano", "earthquake"]
