"""Asking the witnesses: real ones that agree, that have seen more or something else, and false ones of every sort."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feed_server import Answer, FeedServer, Reply, Request, gzip_bomb, html, redirect, reset, stalled, status, truncated
from tocsin import record
from tocsin.egress import Reach
from tocsin.errors import ConfigError
from tocsin.ledger import ForkError, policy, witness
from tocsin.ledger.note import COSIGNATURE, Checkpoint, Signer, from_seed, open_note, parse_checkpoint, split
from tocsin.ledger.state import LogState
from tocsin.run.cosign import ASK_AGAIN_AFTER, CONTRADICTED, COSIGNED, MAX_ANSWER, MOST_APART, Said, Witnesses, check
from tocsin.run.publish import CHECKPOINT, Log, publish, show, sign, state_of_log
from tocsin.store import Change, Store
from witness_server import LOOPBACK, Witness, now, said, watched
from worlds import NOW

SIGNER = from_seed("tocsin.example/log", bytes(range(32)))
LIAR = from_seed("council.example/w", bytes(32), kind=COSIGNATURE)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "tocsin.db") as store:
        yield store


def grow(store: Store, entries: int = 1) -> None:
    for _ in range(entries):
        store.commit(Change(entries=(record.drill_entry(canaries=1, found=0, now=NOW),)), now=NOW)


def ask(
    store: Store, log: Log, *, within_s: float = 10, at: timedelta = timedelta(), anew: bool = False
) -> dict[str, str]:
    """Return by name what came of asking the witnesses of the log."""

    async def once() -> dict[str, str]:
        witnesses = Witnesses(log, within_s=within_s)
        try:
            return said(await witnesses.ask(store, now=now() + at, anew=anew))
        finally:
            await witnesses.close()

    return asyncio.run(once())


def step(store: Store, log: Log) -> LogState:
    """Do one step of the publish loop and return the state after it."""
    sign(store, log, now=now(), whole=True)
    ask(store, log)
    show(store, log, now=now())
    return state_of_log(store, log, now=now())


def cosigners(log: Log) -> set[str]:
    """Return who has signed the published checkpoint, the log itself among them."""
    assert log.policy is not None
    known = [log.signer.verifier, *log.policy.witnesses.values()]
    return {one.verifier.name for one in open_note((log.folder / CHECKPOINT).read_bytes(), known).signatures}


# --- real witnesses -----------------------------------------------------------------------------------------------


def test_two_witnesses_are_a_quorum_and_one_is_not(store: Store, tmp_path: Path) -> None:
    council, officer = (Witness(tmp_path, name, SIGNER.verifier) for name in ("council", "officer"))
    with council, officer:
        log = watched(tmp_path / "ledger", SIGNER, council, officer)
        grow(store)
        state = step(store, log)
        assert (state.state, state.witnesses) == ("witnessed", ("council", "officer"))
        assert state.witnessed_size == store.ledger_size()
        assert cosigners(log) == {"tocsin.example/log", "council.example/w", "officer.example/w"}
        grow(store, 300)
        seen = step(store, log).witnessed_size
        assert seen == store.ledger_size() > 300
    with council:  # the officer's machine is off
        grow(store)
        state = step(store, log)
        assert (state.head.size, state.witnessed_size, state.state) == (store.ledger_size(), seen, "witnessed")
        assert state.head.size > seen
        assert cosigners(log) == {"tocsin.example/log", "council.example/w"}
        with officer:
            state = step(store, log)
    assert (state.head.size, state.witnessed_size) == (store.ledger_size(), store.ledger_size())
    assert cosigners(log) == {"tocsin.example/log", "council.example/w", "officer.example/w"}


def test_what_a_quorum_has_overtaken_is_forgotten(store: Store, tmp_path: Path) -> None:
    with Witness(tmp_path, "council", SIGNER.verifier) as council:
        log = watched(tmp_path / "ledger", SIGNER, council)
        for _ in range(3):
            grow(store)
            step(store, log)
    assert [one.size for one in store.cosignatures()] == [store.ledger_size()]


def test_log_that_does_not_grow_is_vouched_for_anew_each_hour(store: Store, tmp_path: Path) -> None:
    clock = [now()]
    with Witness(tmp_path, "council", SIGNER.verifier, clock=lambda: clock[0]) as council:
        log = watched(tmp_path / "ledger", SIGNER, council)
        grow(store)
        step(store, log)
        assert ask(store, log, at=ASK_AGAIN_AFTER - MINUTE) == {}
        clock[0] += ASK_AGAIN_AFTER
        assert ask(store, log, at=ASK_AGAIN_AFTER + MINUTE) == {"council": COSIGNED}
    (kept,) = store.cosignatures()
    assert abs(kept.at - clock[0]) < MINUTE


def test_witness_that_is_ahead_of_what_we_know_says_from_where(store: Store, tmp_path: Path) -> None:
    with Witness(tmp_path, "council", SIGNER.verifier) as council:
        log = watched(tmp_path / "ledger", SIGNER, council)
        grow(store, 5)
        step(store, log)
        store.drop_cosignatures(below=store.ledger_size() + 1)
        assert store.cosignatures() == ()
        grow(store, 4)
        assert step(store, log).witnessed_size == store.ledger_size()


def test_witness_that_lost_its_memory_begins_anew(store: Store, tmp_path: Path) -> None:
    council = Witness(tmp_path, "council", SIGNER.verifier)
    with council:
        log = watched(tmp_path / "ledger", SIGNER, council)
        grow(store, 5)
        step(store, log)
    (tmp_path / "council.db").unlink()
    grow(store)
    with council:
        assert step(store, log).witnessed_size == store.ledger_size()


def test_witness_that_does_not_know_the_log(store: Store, tmp_path: Path) -> None:
    other = from_seed("other.example/log", bytes(32))
    with Witness(tmp_path, "council", other.verifier) as council:
        log = watched(tmp_path / "ledger", SIGNER, council)
        grow(store)
        sign(store, log, now=now(), whole=True)
        assert ask(store, log) == {"council": "http-404"}


@pytest.mark.parametrize("ahead", [MOST_APART + MINUTE, -MOST_APART - MINUTE])
def test_clock_that_is_far_off_gives_no_cosignature(store: Store, tmp_path: Path, ahead: timedelta) -> None:
    with Witness(tmp_path, "council", SIGNER.verifier, clock=lambda: now() + ahead) as council:
        log = watched(tmp_path / "ledger", SIGNER, council)
        grow(store)
        sign(store, log, now=now(), whole=True)
        assert ask(store, log) == {"council": "clock"}
    assert store.cosignatures() == ()


# --- the first signature after a start ----------------------------------------------------------------------------


def held(
    store: Store, log: Log, rounds: int, back: Callable[[int], None] = lambda _: None
) -> tuple[dict[str, str], int]:
    """Ask as before the first signature; return what was said, and how often was waited. `back` is told the round."""
    waited = []

    async def once() -> dict[str, str]:
        witnesses = Witnesses(log, within_s=2, hold_every_s=0)
        asked = witnesses._round  # noqa: SLF001  where one round begins

        async def counted(store: Store, now: datetime, *, anew: bool) -> Mapping[str, Said]:
            waited.append(now)
            back(len(waited))
            return await asked(store, now, anew=anew)

        witnesses._round = counted  # type: ignore[method-assign]  # noqa: SLF001
        try:
            return said(await witnesses.ask(store, now=now(), anew=True))
        finally:
            await witnesses.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tocsin.run.cosign.HOLD_ROUNDS", rounds)
        return asyncio.run(once()), len(waited) - 1


def coming_back(witness: Witness, stack: ExitStack, at: int) -> Callable[[int], None]:
    """Return what starts the witness in the round `at`."""

    def back(number: int) -> None:
        if number == at:
            stack.enter_context(witness)

    return back


def test_signature_waits_for_a_witness_that_is_away(store: Store, tmp_path: Path) -> None:
    council = Witness(tmp_path, "council", SIGNER.verifier)
    with council:
        log = watched(tmp_path / "ledger", SIGNER, council)
        grow(store)
        step(store, log)
    with ExitStack() as stack:
        answers, waited = held(store, log, 9, coming_back(council, stack, 4))
    assert (answers, waited) == ({"council": COSIGNED}, 3)


def test_restored_database_is_not_signed_though_the_witness_was_away_at_the_start(tmp_path: Path) -> None:
    council = Witness(tmp_path, "council", SIGNER.verifier)
    with council, Store.open(tmp_path / "tocsin.db") as store:
        log = watched(tmp_path / "ledger", SIGNER, council)
        grow(store, 3)
        signed = step(store, log).head
    shutil.copy(tmp_path / "tocsin.db", tmp_path / "older.db")
    with council, Store.open(tmp_path / "tocsin.db") as store:
        grow(store, 4)
        step(store, log)
    shutil.rmtree(tmp_path / "ledger")
    with Store.open(tmp_path / "older.db") as store, ExitStack() as stack:
        grow(store, 2)
        answers, _ = held(store, log, 9, coming_back(council, stack, 3))
        assert answers == {"council": CONTRADICTED}
        with pytest.raises(ForkError):
            sign(store, log, now=now(), whole=True)
        assert store.signed_ledger() == signed


def test_waiting_ends(store: Store, tmp_path: Path) -> None:
    """The control beside the test above: what nobody says within the time is signed."""
    with Witness(tmp_path, "council", SIGNER.verifier) as council:  # which is off from then on
        log = watched(tmp_path / "ledger", SIGNER, council)
    grow(store)
    assert held(store, log, 3) == ({"council": "unreachable"}, 3)
    sign(store, log, now=now(), whole=True)


def test_what_is_due_is_done_while_the_signature_waits(store: Store, tmp_path: Path) -> None:
    with Witness(tmp_path, "council", SIGNER.verifier) as council:  # which is off from then on
        log = watched(tmp_path / "ledger", SIGNER, council)
    grow(store)
    held(store, log, 1)
    assert b'"kind":"sum"' in store.ledger_entries()[-1].leaf


@pytest.mark.parametrize(
    ("quorum", "answers", "silent"),
    [
        pytest.param("all", {"a": COSIGNED}, [], id="one-of-all"),
        pytest.param("all", {"a": "timeout"}, ["a", "b", "c"], id="nobody"),
        pytest.param("all", {"a": CONTRADICTED}, [], id="whoever-contradicts-has-answered"),
        pytest.param("all", {"a": "http-404"}, [], id="whoever-does-not-know-the-log-has-seen-nothing"),
        pytest.param("all", {"a": "garbage"}, ["a", "b", "c"], id="garbage-is-no-answer"),
        pytest.param("2", {"a": COSIGNED}, ["b", "c"], id="the-other-two-could-be-a-quorum"),
        pytest.param("2", {"a": COSIGNED, "c": COSIGNED}, [], id="two-of-three"),
        pytest.param("any", {"a": COSIGNED, "b": COSIGNED}, ["c"], id="any-one-could-have-seen-more"),
    ],
)
def test_who_must_answer_before_the_first_signature(
    tmp_path: Path, quorum: str, answers: dict[str, str], silent: list[str]
) -> None:
    keys = [Witness(tmp_path, name, SIGNER.verifier).signer.verifier.vkey for name in "abc"]
    named = "".join(f"witness {name} {vkey} https://{name}.example/\n" for name, vkey in zip("abc", keys, strict=True))
    text = f"log {SIGNER.verifier.vkey}\n{named}group some {quorum} a b c\nquorum some\n"
    log = Log(folder=tmp_path, signer=SIGNER, policy=policy.parse(text))
    said_so_far = {name: Said(code=code) for name, code in answers.items()}
    assert list(Witnesses(log).silent(said_so_far)) == silent


def test_policy_without_a_quorum_waits_for_nobody(tmp_path: Path) -> None:
    vkey = Witness(tmp_path, "a", SIGNER.verifier).signer.verifier.vkey
    text = f"log {SIGNER.verifier.vkey}\nwitness a {vkey} https://a.example/\nquorum none\n"
    assert not Witnesses(Log(folder=tmp_path, signer=SIGNER, policy=policy.parse(text))).silent({})


# --- another history ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [0, 1, 20], ids=["shorter", "a-little-longer", "longer-than-seen"])
def test_log_restored_from_an_older_copy_is_in_conflict_and_not_signed(tmp_path: Path, more: int) -> None:
    """The published files are lost too: only the witness knows better. The conflict outlives a restart."""
    database, folder = tmp_path / "tocsin.db", tmp_path / "ledger"
    with Witness(tmp_path, "council", SIGNER.verifier) as council:
        log = watched(folder, SIGNER, council)
        with Store.open(database) as store:
            grow(store, 3)
            signed = step(store, log).head
        shutil.copy(database, tmp_path / "older.db")
        with Store.open(database) as store:
            grow(store, 4)
            step(store, log)
        shutil.rmtree(folder)
        shutil.copy(tmp_path / "older.db", database)
        for _ in range(2):
            with Store.open(database) as store:
                ask(store, log, anew=True)  # as the service does before its first signature
                store.commit(Change(is_start=True), now=NOW + MINUTE)
                grow(store, more)
                with pytest.raises(ForkError, match="council saw another history"):
                    sign(store, log, now=now(), whole=True)
                assert store.signed_ledger() == signed
                state = state_of_log(store, log, now=now())
                assert (state.state, state.contradicted_by) == ("conflict", ("council",))
    assert not folder.exists()


def test_lost_database_is_noticed_before_anything_is_signed(tmp_path: Path) -> None:
    with Witness(tmp_path, "council", SIGNER.verifier) as council:
        log = watched(tmp_path / "ledger", SIGNER, council)
        with Store.open(tmp_path / "one.db") as store:
            grow(store, 3)
            step(store, log)
        with Store.open(tmp_path / "another.db") as store:
            assert ask(store, replace(log, folder=tmp_path / "new")) == {"council": CONTRADICTED}


def test_fork_that_is_longer_is_found_by_its_proof(tmp_path: Path) -> None:
    """Nobody asked before signing, for the witness was away: the fork is signed once, and then no more."""
    council = Witness(tmp_path, "council", SIGNER.verifier)
    with council, Store.open(tmp_path / "one.db") as store:
        log = watched(tmp_path / "ledger", SIGNER, council)
        grow(store, 3)
        step(store, log)
    with Store.open(tmp_path / "another.db") as store:
        other = replace(log, folder=tmp_path / "another")
        store.commit(Change(is_start=True), now=NOW + MINUTE)
        grow(store, 8)
        sign(store, other, now=now(), whole=True)
        assert ask(store, other, within_s=2) == {"council": "unreachable"}
        with council:
            assert ask(store, other) == {"council": CONTRADICTED}
        with pytest.raises(ForkError):
            sign(store, other, now=now(), whole=True)


def test_fork_of_the_same_length(tmp_path: Path) -> None:
    council = Witness(tmp_path, "council", SIGNER.verifier)
    log = replace(watched(tmp_path / "ledger", SIGNER, council))
    for name, code in (("one", COSIGNED), ("another", CONTRADICTED)):
        with council, Store.open(tmp_path / f"{name}.db") as store:
            log = watched(tmp_path / name, SIGNER, council)
            store.commit(Change(is_start=True), now=NOW if name == "one" else NOW + MINUTE)
            sign(store, log, now=now(), whole=True)
            assert ask(store, log) == {"council": code}


def test_witness_that_cosigns_takes_its_contradiction_back(store: Store, tmp_path: Path) -> None:
    with FeedServer() as server, Witness(tmp_path, "council", SIGNER.verifier) as council:
        grow(store)
        mistaken = _log(tmp_path, server.put("/add-checkpoint", Reply(status=409, body=b"7\n")), council.signer)
        first = publish(store, mistaken, now=now(), whole=True)
        assert ask(store, mistaken) == {"council": CONTRADICTED}
        log = watched(tmp_path / "ledger", SIGNER, council)
        assert state_of_log(store, log, now=now()).state == "conflict"
        assert ask(store, log) == {"council": COSIGNED}
        assert state_of_log(store, log, now=now()).state == "witnessed"
        grow(store)
        assert sign(store, log, now=now(), whole=True).size > first.size


def test_witness_that_was_taken_out_of_the_policy_stops_nothing(store: Store, tmp_path: Path) -> None:
    with FeedServer() as server:
        log = _log(tmp_path, server.put("/add-checkpoint", Reply(status=409, body=b"7\n")))
        grow(store)
        first = publish(store, log, now=now(), whole=True)
        ask(store, log)
        grow(store)
        with pytest.raises(ForkError):
            sign(store, log, now=now(), whole=True)
        assert sign(store, replace(log, policy=None), now=now(), whole=True).size > first.size


# --- false witnesses ----------------------------------------------------------------------------------------------


def _log(folder: Path, url: str, signer: Signer = LIAR) -> Log:
    prefix = url.removesuffix("/add-checkpoint")
    text = f"log {SIGNER.verifier.vkey}\nwitness council {signer.verifier.vkey} {prefix}/\nquorum council\n"
    return Log(folder=folder / "ledger", signer=SIGNER, policy=policy.parse(text), reach=LOOPBACK)


def _answering(lines: Callable[[Checkpoint], str]) -> Answer:
    """Return a witness that answers 200 with `lines` about the checkpoint that it was asked about."""

    def answer(request: Request) -> Reply:
        text, _ = split(witness.parse(request.body).signed)
        return Reply(body=lines(parse_checkpoint(text)).encode())

    return answer


def _other(checkpoint: Checkpoint) -> Checkpoint:
    return replace(checkpoint, root=bytes(32))


STRANGER = from_seed("council.example/w", bytes([9]) * 32, kind=COSIGNATURE)
SENSELESS = base64.b64encode(LIAR.verifier.id + bytes(72)).decode()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(html(), "garbage", id="a-page-for-people"),
        pytest.param(Reply(), "garbage", id="nothing"),
        pytest.param(Reply(body=b"\n\n\n"), "garbage", id="empty-lines"),
        pytest.param(Reply(body=bytes(100)), "garbage", id="zeros"),
        pytest.param(Reply(body=b"\xff" * 100), "garbage", id="not-utf-8"),
        pytest.param(Reply(body="— council.example/w AAAA\n".encode()), "garbage", id="short-signature"),
        pytest.param(Reply(body=f"— council.example/w {SENSELESS}\n".encode()), "garbage", id="false-signature"),
        pytest.param(_answering(lambda one: STRANGER.sign(one.text, at=now())), "garbage", id="key-of-another"),
        pytest.param(_answering(lambda one: LIAR.sign(_other(one).text, at=now())), "garbage", id="of-another-root"),
        pytest.param(
            _answering(lambda one: f"\nother\n1\n\n{LIAR.sign(one.text, at=now())}"), "garbage", id="text-of-its-own"
        ),
        pytest.param(_answering(lambda one: LIAR.sign(one.text, at=now()) * 101), "garbage", id="a-hundred-and-one"),
        pytest.param(_answering(lambda one: LIAR.sign(one.text, at=NOW)), "clock", id="of-another-day"),
        pytest.param(Reply(body=b"x" * (MAX_ANSWER + 1)), "too-long", id="too-long"),
        pytest.param(gzip_bomb(2**24), "garbage", id="packed"),
        pytest.param(redirect("/add-checkpoint", 307), "http-307", id="redirect-to-itself"),
        pytest.param(redirect("http://192.0.2.1/", 302), "http-302", id="redirect-elsewhere"),
        pytest.param(status(403), "http-403", id="not-this-key"),
        pytest.param(status(422), "http-422", id="proof-refused-where-none-was"),
        pytest.param(status(500), "http-500", id="broken"),
        pytest.param(status(429, retry_after="999999"), "http-429", id="busy"),
        pytest.param(status(204, body=b""), "http-204", id="no-content"),
        pytest.param(Reply(status=409, body=b""), "garbage", id="conflict-without-a-size"),
        pytest.param(Reply(status=409, body=b"007\n"), "garbage", id="conflict-leading-zeros"),
        pytest.param(Reply(status=409, body=b"-1\n"), "garbage", id="conflict-negative"),
        pytest.param(Reply(status=409, body="7٧\n".encode()), "garbage", id="conflict-other-digits"),
        pytest.param(Reply(status=409, body=b"9" * 5000), "garbage", id="conflict-endless-number"),
        pytest.param(Reply(status=409, body=b"0\n"), "unsettled", id="conflict-at-nothing"),
        pytest.param(truncated(b"x" * 10, at=5), "unreachable", id="cut-short"),
        pytest.param(reset(b"x"), "unreachable", id="reset"),
        pytest.param(stalled(b"x" * 10, at=5), "timeout", id="never-ends"),
        pytest.param(Reply(status=409, body=b"8\n"), CONTRADICTED, id="says-it-saw-more"),
    ],
)
def test_false_witness_gives_nothing_and_breaks_nothing(
    store: Store, tmp_path: Path, answer: Answer, code: str
) -> None:
    with FeedServer() as server:
        log = _log(tmp_path, server.put("/add-checkpoint", answer))
        grow(store, 7)
        publish(store, log, now=now(), whole=True)
        assert ask(store, log, within_s=0.5 if code == "timeout" else 10) == {"council": code}
        assert store.cosignatures() == ()
        assert (state_of_log(store, log, now=now()).state == "conflict") is (code == CONTRADICTED)
        show(store, log, now=now())
    assert cosigners(log) == {"tocsin.example/log"}


def test_witness_that_is_not_there(store: Store, tmp_path: Path) -> None:
    with FeedServer() as server:
        log = _log(tmp_path, server.url("/add-checkpoint"))
    grow(store)
    publish(store, log, now=now(), whole=True)
    assert ask(store, log) == {"council": "unreachable"}


def test_false_witness_keeps_no_true_one_back(store: Store, tmp_path: Path) -> None:
    with FeedServer() as server, Witness(tmp_path, "council", SIGNER.verifier) as council:
        prefix = server.put("/add-checkpoint", stalled(b"x" * 10, at=5)).removesuffix("/add-checkpoint")
        slow = f"witness slow {STRANGER.verifier.vkey} {prefix}\n"
        log = watched(tmp_path / "ledger", SIGNER, council, quorum=f"{slow}quorum council\n")
        grow(store)
        sign(store, log, now=now(), whole=True)
        assert ask(store, log, within_s=0.5) == {"council": COSIGNED, "slow": "timeout"}
        assert state_of_log(store, log, now=now()).witnesses == ("council",)


def test_private_address_is_refused_unless_it_is_allowed(store: Store, tmp_path: Path) -> None:
    log = replace(_log(tmp_path, "https://127.0.0.1:1/add-checkpoint"), reach=Reach())
    grow(store)
    publish(store, log, now=now(), whole=True)
    assert ask(store, log) == {"council": "address-refused"}


@pytest.mark.parametrize(
    ("url", "reach", "words"),
    [
        pytest.param("http://council.example/", Reach(), "must begin with https", id="in-the-clear"),
        pytest.param("https://10.0.0.7/", Reach(), "not a public one", id="private"),
        pytest.param("https://169.254.169.254/", LOOPBACK, "not a public one", id="metadata"),
        pytest.param("https://user@council.example/", Reach(), "user name", id="user-name"),
        pytest.param("ftp://council.example/", Reach(), "must begin with https", id="another-scheme"),
    ],
)
def test_addresses_of_a_policy_are_checked_offline(tmp_path: Path, url: str, reach: Reach, words: str) -> None:
    found = _log(tmp_path, url).policy
    assert found is not None
    with pytest.raises(ConfigError, match=f"witness council.*{words}"):
        check(found, reach)
