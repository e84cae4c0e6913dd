from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.ledger.errors import FormatError
from tocsin.ledger.note import COSIGNATURE, Verifier, from_seed, open_note
from tocsin.ledger.policy import parse

LOG = from_seed("tocsin.example/log", bytes(32)).verifier
COUNCIL, OFFICER, UNION = (
    from_seed(f"{name}.example/w", bytes([number]) * 32, kind=COSIGNATURE).verifier
    for number, name in enumerate(("council", "officer", "regulator"), 1)
)
KEYS = f"""
# who must have seen it
log {LOG.vkey}
witness council {COUNCIL.vkey} https://council.example/
witness officer {OFFICER.vkey}
witness regulator {UNION.vkey}
"""
TWO = f"{KEYS}group inside all council officer\n"
THREE = f"{KEYS}group enough 2 council officer regulator\n"


@pytest.mark.parametrize(
    ("text", "signed", "is_met"),
    [
        pytest.param(KEYS + "quorum none", [], True, id="none"),
        pytest.param(KEYS + "quorum council", [COUNCIL], True, id="one"),
        pytest.param(KEYS + "quorum council", [OFFICER], False, id="another"),
        pytest.param(TWO + "quorum inside", [COUNCIL], False, id="all-but-one"),
        pytest.param(TWO + "quorum inside", [COUNCIL, OFFICER], True, id="all"),
        pytest.param(THREE + "quorum enough", [UNION], False, id="too-few"),
        pytest.param(THREE + "quorum enough", [UNION, OFFICER], True, id="enough"),
        pytest.param(TWO + "group both any inside regulator\nquorum both", [UNION], True, id="group-of-groups"),
        pytest.param(THREE + "quorum enough", [LOG, UNION], False, id="the-log-is-no-witness"),
    ],
)
def test_quorum(text: str, signed: list[Verifier], is_met: bool) -> None:
    assert parse(text).is_met(signed) is is_met


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("quorum none", None, id="no-log"),
        pytest.param(KEYS, None, id="no-quorum"),
        pytest.param(KEYS + "quorum nobody", 7, id="unknown-quorum"),
        pytest.param(KEYS + "quorum none\nquorum none", 8, id="two-quorums"),
        pytest.param(KEYS + "group g all nobody\nquorum g", 7, id="unknown-member"),
        pytest.param(KEYS + "group g 0 council\nquorum g", 7, id="nobody-needed"),
        pytest.param(KEYS + "group g 2 council\nquorum g", 7, id="more-than-there-are"),
        pytest.param(KEYS + "group g 2 council council\nquorum g", 7, id="one-counted-twice"),
        pytest.param(TWO + "group g any council regulator\nquorum g", 8, id="member-of-two-groups"),
        pytest.param(KEYS + "group g none council\nquorum g", 7, id="nonsense-needed"),
        pytest.param(KEYS + "group g 01 council\nquorum g", 7, id="leading-zero"),
        pytest.param(KEYS + f"witness again {COUNCIL.vkey}\nquorum again", 7, id="one-key-two-names"),
        pytest.param(KEYS + f"log {LOG.vkey}\nquorum none", 7, id="log-twice"),
        pytest.param(KEYS + "quorum none # none", 7, id="comment-behind-a-line"),
        pytest.param(KEYS + "quorum none\r\n", 7, id="carriage-return"),
        pytest.param(KEYS + "group council any officer\nquorum council", 7, id="name-taken"),
        pytest.param(KEYS + "group none any officer\nquorum none", 7, id="name-reserved"),
        pytest.param(KEYS + f"witness w {LOG.vkey}\nquorum w", 7, id="log-key-as-witness"),
        pytest.param(f"log {COUNCIL.vkey}\nquorum none", 1, id="witness-key-as-log"),
        pytest.param("log x\nquorum none", 1, id="no-key"),
        pytest.param(KEYS + "audit all\nquorum none", 7, id="unknown-word"),
    ],
)
def test_policy_that_is_not_clear_is_refused(text: str, line: int | None) -> None:
    with pytest.raises(FormatError, match=f"line {line}:" if line else "at least one log"):
        parse(text)


def test_witnesses_have_addresses_where_they_are_asked() -> None:
    assert parse(KEYS + "quorum none").urls == {"council": "https://council.example/"}


@pytest.mark.shared
def test_quorum_of_the_logs_of_others(shared: Path) -> None:
    logs = shared / "vectors/tlog/logs"
    policy = parse((logs / "policy.txt").read_text(encoding="utf-8"))
    met = {}
    for folder in filter(Path.is_dir, logs.iterdir()):
        opened = open_note((folder / "checkpoint").read_bytes(), [*policy.logs, *policy.witnesses.values()])
        met[folder.name] = policy.is_met([one.verifier for one in opened.signatures])
    assert {name for name, is_met in met.items() if not is_met} == {
        "rewritten420",
        "dropped419",
        "rolledback250",
        "splitview300",
    }
