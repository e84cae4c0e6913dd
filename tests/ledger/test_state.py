from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.ledger import Head
from tocsin.ledger.note import COSIGNATURE, from_seed
from tocsin.ledger.policy import Policy, parse
from tocsin.ledger.state import OVERDUE, LogState, state_of
from tocsin.ledger.witness import Cosignature

NOW = datetime(2026, 11, 25, 13, 5, tzinfo=UTC)
HEAD = Head(size=41230, root=bytes.fromhex("9f2c11aa") * 8)
KEYS = {
    name: from_seed(f"{name}.example/w", bytes([number]) * 32, kind=COSIGNATURE).verifier
    for number, name in enumerate(("council", "spare", "officer"), 1)
}
LOG = f"log {from_seed('tocsin.example/log', bytes(32)).verifier.vkey}\n"
NAMED = LOG + "".join(f"witness {name} {key.vkey}\n" for name, key in KEYS.items())
# Two keys of the council are one organisation.
BOTH = parse(NAMED + "group ours any council spare\ngroup both all ours officer\nquorum both\n")
NOBODY = parse(NAMED + "quorum none\n")


def by(*names: str, size: int = HEAD.size, at: datetime = NOW) -> list[Cosignature]:
    return [Cosignature(size=size, witness=KEYS[name].vkey, at=at, line="") for name in names]


def state(policy: Policy | None, *found: Cosignature, **changed: Any) -> LogState:
    return state_of(HEAD, policy=policy, cosignatures=found, first=changed.pop("first", NOW), now=NOW, **changed)


DAY_AGO = NOW - OVERDUE
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param(state(None), "unwitnessed", id="no-policy"),
        pytest.param(state(BOTH), "unwitnessed", id="not-yet"),
        pytest.param(state(BOTH, *by("officer")), "unwitnessed", id="no-quorum"),
        pytest.param(state(BOTH, *by("council", "spare")), "unwitnessed", id="two-keys-one-organisation"),
        pytest.param(
            state(BOTH, *by("officer", at=NOW + SECOND * 60), *by("spare")),
            "witnessed by spare, officer at 2026-11-25 13:05 UTC",
            id="quorum-is-as-old-as-its-oldest",
        ),
        pytest.param(
            state(BOTH, *by("officer"), *by("council", "officer", size=41000)),
            "witnessed to 41000 by council, officer at 2026-11-25 13:05 UTC",
            id="older-head",
        ),
        pytest.param(state(BOTH, *by("officer", size=41000), *by("council")), "unwitnessed", id="two-heads-no-quorum"),
        pytest.param(
            state(BOTH, *by("council", "officer", at=DAY_AGO)),
            "witnessed by council, officer at 2026-11-24 13:05 UTC",
            id="a-day-old",
        ),
        pytest.param(
            state(BOTH, *by("council", "officer", at=DAY_AGO - SECOND)),
            "unwitnessed, the last quorum was by council, officer at 2026-11-24 13:04 UTC",
            id="older-than-a-day",
        ),
        pytest.param(state(BOTH, first=DAY_AGO), "unwitnessed", id="none-for-a-day"),
        pytest.param(
            state(BOTH, first=DAY_AGO - SECOND),
            "unwitnessed, no quorum of witnesses for more than a day",
            id="none-for-longer",
        ),
        pytest.param(state(NOBODY, first=DAY_AGO - SECOND), "unwitnessed", id="none-asked-for"),
        pytest.param(state(NOBODY, *by("council")), "witnessed by council at 2026-11-25 13:05 UTC", id="one-is-told"),
        pytest.param(
            state(BOTH, *by("council", "officer"), contradicting={KEYS["spare"].vkey}),
            "CONFLICT: spare saw another history of this ledger; nothing more is signed",
            id="conflict",
        ),
        pytest.param(state(BOTH, contradicting={"nobody's"}), "unwitnessed", id="who-is-not-in-the-policy"),
        pytest.param(LogState(), "nothing signed yet", id="nothing"),
    ],
)
def test_state_in_words(found: LogState, words: str) -> None:
    assert found.words == words
    assert found.state == ("conflict" if "CONFLICT" in words else words.partition(" ")[0].strip(",")).replace(
        "nothing", "unwitnessed"
    )
    assert found.is_overdue == ("last quorum" in words or "more than a day" in words)


def test_tag_is_size_and_the_first_digits_of_the_root() -> None:
    assert state(None).tag == "41230/9f2c11aa"


def test_json_has_all_of_it() -> None:
    assert state(BOTH, *by("council", "officer", size=7)).json() == {
        "signed_size": 41230,
        "signed_root": "9f2c11aa" * 8,
        "state": "witnessed",
        "witnesses": ["council", "officer"],
        "witnessed_size": 7,
        "witnessed_at": "2026-11-25T13:05:00Z",
        "contradicted_by": [],
        "is_overdue": False,
        "tag": "41230/9f2c11aa",
        "words": "witnessed to 7 by council, officer at 2026-11-25 13:05 UTC",
    }
