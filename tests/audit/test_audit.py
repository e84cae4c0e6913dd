"""The auditor on logs of our own: what it says, what it keeps, and that no edit of a copy escapes it."""

from __future__ import annotations

import ast
import base64
import gzip
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import pytest

import tile_log
import tocsin_audit
from tile_log import COUNCIL, HASH, LOG, OFFICER, POLICY, RULES, SOURCE, leaf

SIZE = 700
Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a run of the auditor with the tests' policy and a state of its own: (exit code, the JSON it prints)."""
    policy = tmp_path / "policy.txt"
    policy.write_text(POLICY, encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def runs(*arguments: object, trust: tuple[object, ...] = ("--policy", policy)) -> tuple[int, dict[str, Any]]:
        code = tocsin_audit.main([str(each) for each in (*arguments, *trust, "--json")])
        report = json.loads(capsys.readouterr().out)
        assert report["exit"] == code
        report["codes"] = {line["code"] for line in report["lines"]}
        return code, report

    return runs


def written(folder: Path, entries: list[bytes], **options: Any) -> Path:
    tile_log.write(folder, entries, **({"at_s": tile_log.seen_at(len(entries))} | options))
    return folder


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(
        tmp_path_factory.mktemp("honest"), list(tile_log.story(SIZE, a_day=10)), at_s=tile_log.seen_at(SIZE, a_day=10)
    )


def test_honest_log_is_ok_and_is_kept(honest: Path, run: Run, tmp_path: Path) -> None:
    code, report = run(honest)
    assert (code, report["codes"]) == (0, {"signed", "witnessed", "aged", "content", "tree", "kept"})
    kept = next(line["values"]["path"] for line in report["lines"] if line["code"] == "kept")
    assert Path(kept).read_bytes() == (honest / "checkpoint").read_bytes()
    assert Path(kept).is_relative_to(tmp_path / "state" / "tocsin-audit")
    assert run(honest)[1]["codes"] == {"signed", "witnessed", "aged", "content", "tree", "extends"}


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513])
def test_sizes_around_a_tile(size: int, tmp_path: Path, run: Run) -> None:
    assert run(written(tmp_path / "log", list(tile_log.story(size))[:size]))[0] == 0


def test_three_levels_of_tiles(tmp_path: Path, run: Run) -> None:
    folder = written(tmp_path / "log", [b"%d" % number for number in range(65_600)], at_s=1_743_379_200)
    assert (folder / "tile/2/000.p/1").is_file()
    assert run(folder, "--tree")[0] == 0
    (folder / "tile/2/000.p/1").write_bytes(bytes(32))
    assert run(folder, "--tree")[0] == 2


@pytest.mark.parametrize(
    ("trust", "code", "why"),
    [
        (("--key", LOG.vkey), 3, "no-policy"),
        (("--key", tile_log.Signer("tocsin.example/other", 1).vkey), 2, "signature"),
        (("--key", COUNCIL.vkey), 2, "no-key"),
        (("--key", "no key at all"), 2, "no-key"),
        (("--key", ""), 2, "no-key"),
        ((), 2, "no-key"),
        (("--policy", "/nowhere"), 2, "unreadable"),
    ],
)
def test_only_given_keys_are_trusted(trust: tuple[str, ...], code: int, why: str, honest: Path, run: Run) -> None:
    found, report = run(honest, trust=trust)
    assert found == code
    assert why in report["codes"]


@pytest.mark.parametrize(
    ("witnesses", "code", "why"),
    [((), 3, "quorum-missed"), ((COUNCIL,), 3, "quorum-missed"), ((OFFICER, COUNCIL), 0, "witnessed")],
)
def test_quorum(witnesses: tuple[tile_log.Signer, ...], code: int, why: str, tmp_path: Path, run: Run) -> None:
    found, report = run(written(tmp_path / "log", list(tile_log.story(9)), witnesses=witnesses))
    assert found == code
    assert why in report["codes"]


def test_policy_without_a_quorum_asks_for_none(honest: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "none").write_text(f"log {LOG.vkey}\nquorum none\n", encoding="utf-8")
    assert run(honest, trust=("--policy", tmp_path / "none"))[0] == 0


def test_old_quorum_is_a_finding_when_asked_for(honest: Path, run: Run) -> None:
    assert run(honest, "--max-age", "24")[0] == 1
    assert run(honest, "--max-age", "1e9")[0] == 0


BAD_POLICIES = {
    "no quorum": f"log {LOG.vkey}\n",
    "two quorums": f"log {LOG.vkey}\nquorum none\nquorum none\n",
    "quorum of nobody": f"log {LOG.vkey}\nquorum x\n",
    "log twice": f"log {LOG.vkey}\nlog {LOG.vkey}\nquorum none\n",
    "witness twice": f"log {LOG.vkey}\nwitness a {COUNCIL.vkey}\nwitness b {COUNCIL.vkey}\nquorum a\n",
    "name twice": f"log {LOG.vkey}\nwitness a {COUNCIL.vkey}\nwitness a {OFFICER.vkey}\nquorum a\n",
    "a log as witness": f"log {LOG.vkey}\nwitness a {LOG.vkey}\nquorum a\n",
    "member twice": f"log {LOG.vkey}\nwitness a {COUNCIL.vkey}\ngroup g all a\ngroup h any a\nquorum g\n",
    "member in advance": f"log {LOG.vkey}\ngroup g all a\nwitness a {COUNCIL.vkey}\nquorum g\n",
    "member none": f"log {LOG.vkey}\ngroup g all none\nquorum g\n",
    "threshold 0": f"log {LOG.vkey}\nwitness a {COUNCIL.vkey}\ngroup g 0 a\nquorum g\n",
    "threshold 2 of 1": f"log {LOG.vkey}\nwitness a {COUNCIL.vkey}\ngroup g 2 a\nquorum g\n",
    "threshold 01": f"log {LOG.vkey}\nwitness a {COUNCIL.vkey}\ngroup g 01 a\nquorum g\n",
    "empty group": f"log {LOG.vkey}\ngroup g all\nquorum g\n",
    "carriage return": f"log {LOG.vkey}\r\nquorum none\n",
    "unknown word": f"log {LOG.vkey}\nquorum none\nextra\n",
    "one word too many": f"log {LOG.vkey} url url\nquorum none\n",
    "binary": "\x00\x01",
}


@pytest.mark.parametrize("policy", BAD_POLICIES.values(), ids=BAD_POLICIES)
def test_policy_of_bad_form_is_refused(policy: str, honest: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(policy.encode())
    code, report = run(honest, trust=("--policy", tmp_path / "bad"))
    assert (code, report["codes"]) == (2, {"policy"})


def test_key_may_be_given_beside_the_policy_that_names_it(honest: Path, run: Run) -> None:
    assert run(honest, "--key", LOG.vkey)[0] == 0


def test_interrupted_run_is_no_good_run(honest: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tocsin_audit, "split_bundle", interrupted)
    code, report = run(honest)
    assert code == 2
    assert "kept" not in report["codes"]


def test_policy_of_groups(honest: Path, run: Run, tmp_path: Path) -> None:
    absent = tile_log.Signer("absent.example", 4)
    lines = f"""  # a comment\tof ours
log {LOG.vkey} https://tocsin.example/
\twitness  a {COUNCIL.vkey}
witness b {OFFICER.vkey} https://officer.example/
witness é {absent.vkey}
group any-of any a é
group two 2 b any-of
quorum two
"""
    (tmp_path / "groups").write_text(lines, encoding="utf-8")
    assert run(honest, trust=("--policy", tmp_path / "groups"))[0] == 0


ENTRIES = list(tile_log.story(300))
LAST = max(number for number in range(200) if b'"delivery"' in ENTRIES[number])
OTHER = leaf("event", day="2025-03-01", act="new", commitment=HASH)
NOTHING = leaf("purge", day="2025-03-04", events=0, notices=0)
ONE_EVENT = next(number for number in range(7, 200) if b'"event"' in ENTRIES[number])
HISTORIES = {  # after 200 kept entries: what is shown next, the verdict with what was kept, the sentence
    "grown": (ENTRIES, 0, "extends"),
    "same": (ENTRIES[:200], 0, "extends"),
    "rewritten": ([*ENTRIES[:ONE_EVENT], OTHER, *ENTRIES[ONE_EVENT + 1 :]], 2, "rewritten"),
    "dropped": (ENTRIES[:LAST] + [NOTHING] * 100, 2, "rewritten"),
    "split view": ([*ENTRIES[:199], ENTRIES[201]], 2, "rewritten"),
    "rolled back": (ENTRIES[:150], 2, "rollback"),
}


@pytest.mark.parametrize(("entries", "code", "why"), HISTORIES.values(), ids=HISTORIES)
def test_history_against_the_kept_checkpoint(
    entries: list[bytes], code: int, why: str, tmp_path: Path, run: Run
) -> None:
    state = tmp_path / "kept" / "head"
    assert run(written(tmp_path / "old", ENTRIES[:200]), "--state", state)[0] == 0
    before = state.read_bytes()
    now = written(tmp_path / "new", entries)
    found, report = run(now, "--state", state)
    assert found == code
    assert why in report["codes"]
    if code:  # both signed heads are the evidence, and the good one stays
        assert state.read_bytes() == before
        assert report["notes"] == [before.decode(), (now / "checkpoint").read_text(encoding="utf-8")]
        copy = next(line["values"]["path"] for line in report["lines"] if line["code"] == "evidence")
        assert Path(copy).read_bytes() == (now / "checkpoint").read_bytes()
    assert run(now, "--state", tmp_path / "fresh")[0] == 0  # the negative control: without a past nothing shows


def test_damage_is_not_called_a_rewritten_past(tmp_path: Path, run: Run) -> None:
    folder = written(tmp_path / "log", ENTRIES[:200])
    assert run(folder)[0] == 0
    (folder / "tile/entries/000.p/200").write_bytes(b"")
    assert "rewritten" not in run(folder)[1]["codes"]


@pytest.mark.parametrize("kept", [b"", b"x" * 2_000_000, b"\xff\xfe"])
def test_kept_checkpoint_that_is_none_stops_the_audit(kept: bytes, honest: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "head").write_bytes(kept)
    code, report = run(honest, "--state", tmp_path / "head")
    assert code == 2
    assert "kept-unfit" in report["codes"]
    assert (tmp_path / "head").read_bytes() == kept


def test_kept_checkpoint_of_another_log(honest: Path, run: Run, tmp_path: Path) -> None:
    other = tile_log.Signer("tocsin.example/other", 1)
    written(tmp_path / "other", ENTRIES[:5], log=other)
    code, report = run(honest, "--state", tmp_path / "other" / "checkpoint", "--key", other.vkey)
    assert code == 2
    assert "kept-unfit" in report["codes"]


def test_unwritable_state_is_said(honest: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    code, report = run(honest, "--state", tmp_path / "file" / "head")
    assert code == 1
    assert "not-kept" in report["codes"]


START = leaf("start", minute="2025-03-01T00:00Z", release="0.1.0", ruleset=RULES, catalogue=RULES)
EVENT = leaf("event", day="2025-03-01", act="new", commitment=HASH)
PURGE = leaf("purge", day="2025-03-01", events=1, notices=0)
FORBIDDEN = {
    "text": b"Strike at depot 7",
    "empty": b"",
    "not an object": b"[]",
    "deep": b"[" * 1_000,
    "unknown kind": leaf("strike", day="2025-03-01"),
    "no kind": b'{"v":1}',
    "a decision of its own": leaf("decision", day="2025-03-01", ruleset=RULES, commitment=HASH),
    "one field more": leaf("event", day="2025-03-01", act="new", commitment=HASH, text="march"),
    "one field less": leaf("event", day="2025-03-01", act="new"),
    "free word": leaf("event", day="2025-03-01", act="march", commitment=HASH),
    "short hash": leaf("event", day="2025-03-01", act="new", commitment=HASH[2:]),
    "upper case": leaf("event", day="2025-03-01", act="new", commitment=HASH.upper()),
    "no such day": leaf("event", day="2025-02-30", act="new", commitment=HASH),
    "no such hour": leaf("start", minute="2025-03-01T24:00Z", release="0.1.0", ruleset=RULES, catalogue=RULES),
    "seconds": leaf("start", minute="2025-03-01T00:00:00Z", release="0.1.0", ruleset=RULES, catalogue=RULES),
    "release with text": leaf(
        "start", minute="2025-03-01T00:00Z", release="0.1.0+meier", ruleset=RULES, catalogue=RULES
    ),
    "text in a number": leaf("purge", day="2025-03-01", events="meier", notices=0),
    "float": leaf("purge", day="2025-03-01", events=1.5, notices=0),
    "negative": leaf("purge", day="2025-03-01", events=-1, notices=0),
    "true": leaf("purge", day="2025-03-01", events=True, notices=0),
    "long number": leaf("purge", day="2025-03-01", events=10**20, notices=0),
    "blank": PURGE.replace(b":1", b": 1"),
    "line end": PURGE + b"\n",
    "not sorted": b'{"v":1,"kind":"key-destroyed","day":"2025-03-01"}',
    "field twice": b'{"day":"2025-03-01","day":"2025-03-01","kind":"key-destroyed","v":1}',
    "escaped": PURGE.replace(b"purge", b"\\u0070urge"),
    "other version": PURGE.replace(b'"v":1', b'"v":2'),
    "not ASCII": PURGE.replace(b"2025", "２025".encode()),
    "too long": leaf("event", day="2025-03-01", act="new", commitment="ab" * 600),
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("entry", FORBIDDEN.values(), ids=FORBIDDEN)
def test_forbidden_content_is_found_and_not_repeated(entry: bytes, tmp_path: Path, run: Run) -> None:
    folder = written(tmp_path / "log", [START, entry, PURGE])
    code, report = run(folder)
    assert code == 1
    line = next(line for line in report["lines"] if line["code"] == "schema")
    assert line["at"][0].startswith("#1 ")
    assert "content" not in report["codes"]
    assert not any(word in json.dumps(report["lines"]) for word in ("march", "meier", "Strike"))
    assert run(folder, "--tree")[0] == 0


def test_every_kind_of_the_honest_log_is_allowed() -> None:
    kinds = {json.loads(entry)["kind"] for entry in tile_log.story(5_000)}
    assert kinds | {json.loads(entry)["kind"] for entry in RARE} == tocsin_audit.KINDS.keys()


def at(text: str) -> bytes:
    return START.replace(b"2025-03-01T00:00Z", text.encode())


def jump(text: str) -> bytes:
    return leaf("clock-jump", minute=text, direction="back", seconds=1_555_200)


RARE = [
    leaf("declaration", minute="2025-03-01T00:00Z", hash=HASH),
    jump("2025-03-01T00:00Z"),
    leaf("key-rotated", minute="2025-03-01T00:00Z", old=HASH, new=RULES),
    leaf("announce", day="2025-03-01", subject="ruleset", hash=HASH, effective="2025-04-01"),
    leaf("drill", minute="2025-03-01T00:00Z", canaries=9, found=0),
    leaf("breach", minute="2025-03-01T00:00Z", clause="N12", act="found"),
]


def gone(text: str) -> bytes:
    return leaf("key-destroyed", day=text)


def told(number: str, about: int = 3, reason: str = "first", minute: str = "2025-03-01T01:00Z") -> bytes:
    return tile_log.notice(minute, number * 32, about, HASH, reason)


def sent(number: str, minute: str = "2025-03-01T01:00Z") -> bytes:
    return leaf("delivery", minute=minute, notice=number * 32, state="sent", attempts=1)


def source(act: str = "added", name: str = SOURCE) -> bytes:
    return tile_log.added("2025-03-01T00:00Z", name, act)


def batch(kept: int = 1, *, minute: str = "2025-03-01T00:30Z", name: str = SOURCE, ruleset: str = RULES) -> bytes:
    return leaf("batch", minute=minute, source=name, ruleset=ruleset, seen=9, kept=kept, items_root=HASH)


def summed(hour: str = "2025-03-01T00:00Z", **changes: int) -> bytes:
    return leaf("sum", hour=hour, items_root=HASH, **{"batches": 1, "seen": 9, "kept": 1, "notices": 0} | changes)


def purged(day: str) -> bytes:
    return PURGE.replace(b"2025-03-01", day.encode())


KEPT = [START, source(), batch(), EVENT]
MEANING = {  # the entries, the codes of findings
    "in order": ([at("2025-03-01T00:00Z"), purged("2025-03-01"), at("2025-03-02T00:00Z")], set()),
    "rare kinds": ([START, *RARE], set()),
    "a day back": ([at("2025-03-02T10:00Z"), at("2025-03-01T10:00Z")], set()),
    "more than a day back": ([at("2025-03-02T10:00Z"), at("2025-03-01T09:59Z")], {"sense"}),
    "a day bucket back": ([at("2025-03-03T00:00Z"), purged("2025-03-01")], {"sense"}),
    "back by a jump that is told": (
        [at("2025-03-20T00:00Z"), jump("2025-03-02T00:00Z"), at("2025-03-02T00:05Z")],
        set(),
    ),
    "back, and told too late": (
        [at("2025-03-20T00:00Z"), at("2025-03-02T00:05Z"), jump("2025-03-02T00:00Z")],
        {"sense"},
    ),
    "later than the witness": ([at("2025-03-31T00:16Z")], {"ahead"}),
    "as late as the witness": ([at("2025-03-31T00:15Z")], set()),
    "one wild time does not spoil the rest": ([at("2099-01-01T00:00Z"), at("2025-03-02T00:00Z")], {"ahead"}),
    "told and delivered": ([*KEPT, told("ab"), sent("ab")], set()),
    "delivered before told": ([*KEPT, sent("ab"), told("ab")], {"sense"}),
    "told of a batch": ([*KEPT, told("ab", 2)], {"sense"}),
    "told of itself": ([*KEPT, told("ab", 4)], {"sense"}),
    "told of what came later": ([*KEPT, told("ab", 6), batch(), EVENT], {"sense"}),
    "told of nothing that is": ([*KEPT, told("ab", 10**14)], {"sense"}),
    "blind": ([*KEPT, told("ab", 1, "blind"), told("cd", 1, "seeing-again")], set()),
    "blind, about an event": ([*KEPT, told("ab", 3, "blind")], {"sense"}),
    "told of a source": ([*KEPT, told("ab", 1)], {"sense"}),
    "told of a source that went": ([START, source(), source("removed"), told("ab", 2, "blind")], {"sense"}),
    "kept from a source that was not added": ([START, source(name=HASH), batch(), EVENT], {"sense"}),
    "kept from a source before it was added": ([START, batch(), EVENT, source()], {"sense"}),
    "kept from a source that was removed": ([START, source(), source("removed"), batch(), EVENT], {"sense"}),
    "source that came back": ([START, source(), source("removed"), source(), batch(), EVENT], set()),
    "source added twice": ([START, source(), source()], {"sense"}),
    "source removed before it came": ([START, source("removed")], {"sense"}),
    "fewer events than the batch says": ([START, source(), batch(2), EVENT, PURGE], {"sense"}),
    "more events than the batch says": ([*KEPT, EVENT], {"sense"}),
    "no batch before an event": ([START, EVENT], {"sense"}),
    "no start": ([source(), batch(), EVENT], {"sense"}),
    "rules changed": ([START, source(), batch(ruleset=HASH), EVENT], {"sense"}),
    "rules changed at a start": ([START.replace(b"ab", b"ac"), source(), batch(ruleset="ac" * 32), EVENT], set()),
    "summed up": ([*KEPT, summed(), batch(minute="2025-03-01T03:00Z"), EVENT], set()),
    "summed up too seldom": ([*KEPT, summed(), batch(minute="2025-03-01T03:01Z"), EVENT], {"sense"}),
    "summed up never": ([*KEPT, told("ab", minute="2025-03-01T02:01Z")], {"sense"}),
    "an hour left out": ([*KEPT, summed(), summed("2025-03-01T04:00Z", batches=0, seen=0, kept=0)], {"sense"}),
    "stood still": ([*KEPT, told("ab"), at("2025-03-02T07:00Z"), sent("ab", "2025-03-02T08:00Z")], set()),
    "a batch too few": ([*KEPT, summed(batches=0)], {"sense"}),
    "one seen too many": ([*KEPT, summed(seen=10)], {"sense"}),
    "one kept too few": ([*KEPT, summed(kept=0)], {"sense"}),
    "a notice too many": ([*KEPT, summed(notices=1)], {"sense"}),
    "what was summed up counts no more": ([*KEPT, summed(), summed("2025-03-01T01:00Z")], {"sense"}),
    "key gone in time": ([at("2025-02-01T00:00Z"), gone("2025-02-01"), at("2025-03-03T00:00Z")], set()),
    "key gone early": ([at("2025-02-01T00:00Z"), gone("2025-02-01"), at("2025-03-01T00:00Z")], {"key"}),
    "key gone early, says the witness": ([at("2025-03-10T00:00Z"), gone("2025-03-10")], {"key"}),
    "key gone twice": ([gone("2025-02-01"), gone("2025-02-01")], {"key"}),
    "key overdue": ([*(entry.replace(b"03-01", b"02-01") for entry in KEPT), at("2025-03-20T00:00Z")], {"key"}),
}


@pytest.mark.parametrize(("entries", "codes"), MEANING.values(), ids=MEANING)
def test_meaning(entries: list[bytes], codes: set[str], tmp_path: Path, run: Run) -> None:
    seen = 1_743_379_200  # 2025-03-31T00:00Z
    code, report = run(written(tmp_path / "log", entries, at_s=seen))
    assert code == (1 if codes else 0)
    assert report["codes"] - {"signed", "witnessed", "aged", "content", "tree", "kept", "rotated"} == codes


def test_time_of_a_kept_cosignature_binds_what_it_covered(tmp_path: Path, run: Run) -> None:
    entries = [at("2025-03-01T00:00Z"), at("2025-03-03T00:00Z")]
    early, late = 1_740_873_600, 1_743_379_200  # 2025-03-02 and 2025-03-31
    assert run(written(tmp_path / "late", entries, at_s=late), "--state", tmp_path / "late-state")[0] == 0
    tile_log.write(tmp_path / "early", entries[:1], at_s=early)
    lied = [entries[0].replace(b"03-01", b"03-03"), entries[1]]
    tile_log.write(tmp_path / "early-lied", lied[:1], at_s=early)
    assert run(tmp_path / "early-lied", "--state", tmp_path / "state-file")[0] == 1
    code, report = run(written(tmp_path / "lied", lied, at_s=late), "--state", tmp_path / "state-file")
    assert code == 1
    assert next(line["at"] for line in report["lines"] if line["code"] == "ahead") == ["#0 start"]


def test_extension_lines_are_text_too(tmp_path: Path, run: Run) -> None:
    folder = written(tmp_path / "log", ENTRIES[:5])
    text = (folder / "checkpoint").read_text(encoding="utf-8").split("\n\n")[0] + "\nthe march on Monday\n"
    signed = (
        text + "\n" + LOG.line(text) + COUNCIL.line(text, 1_800_000_000 - 10**8) + OFFICER.line(text, 1_743_379_200)
    )
    (folder / "checkpoint").write_text(signed, encoding="utf-8")
    code, report = run(folder)
    assert code == 1
    assert "march" not in json.dumps(report["lines"])


# --- Hostile copies. ---


def copies(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edited(files: dict[str, bytes], dice: Random) -> dict[str, bytes]:
    """Return the files with one random edit: a bit, a byte, a cut, an insertion, a swap, a removal, an addition."""
    files = dict(files)
    name = dice.choice(sorted(files))
    raw, place = files[name], dice.randrange(len(files[name]))
    match dice.randrange(8):
        case 0:
            files[name] = raw[:place] + bytes([raw[place] ^ 1 << dice.randrange(8)]) + raw[place + 1 :]
        case 1:
            files[name] = raw[:place] + dice.randbytes(1) + raw[place + 1 :]
        case 2:
            files[name] = raw[:place]
        case 3:
            files[name] = raw[:place] + dice.randbytes(dice.randrange(1, 9)) + raw[place:]
        case 4:
            other = dice.choice(sorted(files))
            files[name], files[other] = files[other], files[name]
        case 5:
            del files[name]
        case 6:
            files[f"tile/{dice.choice(['0', 'entries', '1', 'note'])}/{dice.randrange(1_000):03d}"] = raw
        case 7:
            end = dice.randrange(place, len(raw)) + 1
            files[name] = raw[:place] + raw[end:] + raw[place:end]
    return files


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_every_random_edit_of_a_copy_is_caught(run: Run, tmp_path: Path) -> None:
    dice, tried = Random(4), 0
    files = copies(written(tmp_path / "log", ENTRIES))
    written(tmp_path / "old", ENTRIES[:280])
    may_go = {"tile/0/001.p/24", "tile/entries/001.p/24"}  # partial files of an older checkpoint may stay, or go
    for name in may_go:
        files[name] = (tmp_path / "old" / name).read_bytes()
    folder = tmp_path / "edited"
    put(folder, {}, files)
    assert run(folder, "--state", tmp_path / "new-0")[0] == 0
    before = files
    trials = int(os.environ.get("TOCSIN_TRIALS", "2000"))
    while tried < trials:
        after = edited(files, dice)
        if after == files or not may_go <= after.keys():
            continue
        put(folder, before, after)
        code, report = run(folder, "--state", tmp_path / "never")
        assert code in {1, 2, 3}, sorted(name for name in {*files, *after} if files.get(name) != after.get(name))
        assert not (code == 1 and report["codes"] & {"tree"} and not report["codes"] & {"stray"})
        before, tried = after, tried + 1
        (tmp_path / "never").unlink(missing_ok=True)


def put(folder: Path, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    for name in {*before, *after}:
        if before.get(name) != after.get(name):
            if name in after:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(after[name])
            else:
                (folder / name).unlink()


def link(path: Path) -> None:
    target = path.with_name("elsewhere")
    path.rename(target)
    path.symlink_to(target)


def link_folder(path: Path) -> None:
    path.parent.rename(path.parents[2] / "elsewhere")
    path.parent.symlink_to(path.parents[2] / "elsewhere")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def empty(path: Path) -> None:
    path.write_bytes(b"")


HOSTILE: dict[str, Callable[[Path], None]] = {
    "symlink": link, "symlinked folder": link_folder, "a terabyte": sparse, "pipe": pipe, "folder": folder_instead,
    "empty": empty, "missing": Path.unlink,
}  # fmt: skip


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000", "tile/entries/002.p/188", "tile/1/000.p/2"])
@pytest.mark.parametrize("act", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_end_in_a_sentence(
    act: Callable[[Path], None], name: str, honest: Path, run: Run, tmp_path: Path
) -> None:
    if act is link_folder and "/" not in name:
        return
    shutil.copytree(honest, tmp_path / "log")
    act(tmp_path / "log" / name)
    assert run(tmp_path / "log")[0] == 2


STRAYS = [
    "tile/0/000.p/0", "tile/0/0", "tile/0/999", "tile/00/000", "tile/7/000", "tile/64/000", "tile/x", "tile/0/002",
    "tile/entries/x000/000", "tile/0/002.p/189", "tile/entries/003", "tile/0/000.p/256", "tile/0/000.p/01",
    "tile/note/000",
]  # fmt: skip


@pytest.mark.parametrize("name", STRAYS)
def test_stray_file_inside_the_log(name: str, honest: Path, run: Run, tmp_path: Path) -> None:
    shutil.copytree(honest, tmp_path / "log")
    (tmp_path / "log" / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "log" / name).write_bytes(b"a list of names")
    code, report = run(tmp_path / "log")
    assert code == 1
    assert "stray" in report["codes"]


def test_stray_names_cannot_steer_a_terminal(honest: Path, run: Run, tmp_path: Path) -> None:
    shutil.copytree(honest, tmp_path / "log")
    (tmp_path / "log" / "tile" / "\x1b[2J\u202e").write_bytes(b"")
    lines = run(tmp_path / "log")[1]["lines"]
    assert [line["at"] for line in lines if line["code"] == "stray"] == [["tile/\\x1b[2J\\u202e"]]


def test_full_tile_stands_in_for_a_deleted_partial_one(tmp_path: Path, run: Run) -> None:
    grown = written(tmp_path / "grown", ENTRIES[:280])
    old = written(tmp_path / "old", ENTRIES[:200])
    for name in ("0", "entries"):
        shutil.rmtree(old / "tile" / name / "000.p")
        shutil.copy(grown / "tile" / name / "000", old / "tile" / name / "000")
    code, report = run(old)
    assert code == 1  # the log is whole, but the copy holds entries that nobody has signed
    assert {"tree", "stray"} <= report["codes"]


def test_huge_claim_ends_at_the_first_gap(tmp_path: Path, run: Run) -> None:
    text = f"{LOG.name}\n{10**17}\n{'A' * 43}=\n"
    (tmp_path / "log" / "tile").mkdir(parents=True)
    (tmp_path / "log" / "checkpoint").write_text(text + "\n" + LOG.line(text), encoding="utf-8")
    assert run(tmp_path / "log")[0] == 2


# --- Proofs. ---


def proof(number: int, entries: list[bytes], **changes: str) -> str:
    hashes = [tile_log.sha(b"\0" + entry) for entry in entries]
    steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in tile_log.inclusion(number, hashes))
    head = tile_log.checkpoint(hashes, at_s=tile_log.seen_at(len(entries)))
    parts = {"first": "c2sp.org/tlog-proof@v1\n", "extra": "", "index": f"index {number}\n", "steps": steps} | changes
    return "".join(parts.values()) + "\n" + head


PROOFS: dict[str, tuple[dict[str, str], int]] = {
    "right": ({}, 0),
    "extra": ({"extra": "extra AAAA\n"}, 0),
    "extra of bad form": ({"extra": "extra AAA\n"}, 2),
    "other index": ({"index": "index 8\n"}, 2),
    "leading zero": ({"index": "index 07\n"}, 2),
    "negative": ({"index": "index -1\n"}, 2),
    "no index": ({"index": ""}, 2),
    "other format": ({"first": "c2sp.org/tlog-proof@v2\n"}, 2),
    "no steps": ({"steps": ""}, 2),
}


@pytest.mark.parametrize(("changes", "code"), PROOFS.values(), ids=PROOFS)
def test_proof_of_one_entry(changes: dict[str, str], code: int, tmp_path: Path, run: Run) -> None:
    (tmp_path / "proof").write_text(proof(7, ENTRIES[:40], **changes), encoding="utf-8")
    (tmp_path / "entry").write_bytes(ENTRIES[7])
    assert run("--proof", tmp_path / "proof", "--entry", tmp_path / "entry")[0] == code


def test_proof_needs_its_entry(tmp_path: Path, run: Run) -> None:
    (tmp_path / "proof").write_text(proof(7, ENTRIES[:40]), encoding="utf-8")
    (tmp_path / "entry").write_bytes(ENTRIES[8])
    assert run("--proof", tmp_path / "proof", "--entry", tmp_path / "entry")[0] == 2
    assert run("--proof", tmp_path / "proof")[0] == 2
    assert run("--proof", tmp_path / "proof", "--entry", tmp_path / "nothing")[0] == 2


# --- A served log. ---


class Server(SimpleHTTPRequestHandler):
    """Serves a folder; /packed/... compressed, /away/... by a redirect."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        first, _, rest = self.path.removeprefix("/").partition("/")
        if first == "away":
            self.send_response(302)
            self.send_header("Location", f"/plain/{rest}")
            self.end_headers()
        elif first == "packed" and (Path(self.directory) / rest).is_file():
            body = gzip.compress((Path(self.directory) / rest).read_bytes())
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        elif first == "bomb":
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(gzip.compress(bytes(50_000_000)))
        else:
            self.path = f"/{rest}"
            super().do_GET()


@pytest.fixture
def served(honest: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=str(honest))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(("place", "code"), [("plain", 0), ("plain/", 0), ("packed", 0), ("away", 2), ("bomb", 2)])
def test_served_log(place: str, code: int, served: str, run: Run) -> None:
    assert run(f"{served}/{place}")[0] == code


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "ftp://127.0.0.1/", "file:///etc", "https://", "http://[", "https://a@b/", "https://a/?q",
     "http://localhost@example.org/", "http://127.0.0.1:1/"],
)  # fmt: skip
def test_addresses_that_are_refused_or_dead(url: str, run: Run) -> None:
    code, report = run(url)
    assert (code, report["codes"]) == (2, {"unreadable"})


# --- The program itself. ---


def test_program_is_one_file_of_few_lines_and_fewer_imports() -> None:
    source = Path(tocsin_audit.__file__).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 800
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    roots = {name.split(".")[0] for name in names}
    assert roots <= {*sys.stdlib_module_names, "cryptography"}


@pytest.mark.parametrize("code", tocsin_audit.SENTENCES)
def test_sentences_say_the_same_in_each_language(code: str) -> None:
    severity, *said = tocsin_audit.SENTENCES[code]
    assert severity in {"note", "result", *tocsin_audit.EXIT}
    assert len(said) == len(tocsin_audit.LANGUAGES)
    fields = [{part.split("}")[0] for part in sentence.split("{")[1:]} for sentence in said]
    assert fields[0] == fields[1] == fields[2]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "nothing to object"), ("de", "keine Beanstandung"), ("fr", "rien à redire")]
)
def test_report_for_people(
    language: str, words: str, honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy").write_text(POLICY, encoding="utf-8")
    arguments = [honest, "--policy", tmp_path / "policy", "--state", tmp_path / "head", "--lang", language]
    assert tocsin_audit.main([str(each) for each in arguments]) == 0
    assert words in capsys.readouterr().out


def test_nothing_to_do_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        tocsin_audit.main([])
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
