"""Asking the witnesses: has anybody seen another history of this log, and who cosigns its newest head?

All are asked at once, each within ten seconds and 16 kB, no redirect followed, each address vetted. What a witness says
is believed where it can be checked (a cosignature under its key, at a time that can be true) or where not to believe it
would be worse: a witness that has seen more of this log than there is, or another root, stops the signing. Whatever
else it does, it delays nothing but its own cosignature; but for the first signature after a start, which waits half an
hour for it where nobody else could know that the database is an older copy.

Source: C2SP tlog-witness, "add-checkpoint".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import httpx2
import structlog

from tocsin import __version__, egress
from tocsin.errors import ConfigError, EgressError
from tocsin.ledger import Head, LedgerError, witness
from tocsin.ledger.note import Checkpoint, Verifier
from tocsin.ledger.policy import Policy
from tocsin.ledger.witness import Cosignature, Request
from tocsin.run.publish import Log, checkpoint, signed_head, state_of_log, tidy
from tocsin.store import Store

log = structlog.get_logger("tocsin")

ASK_WITHIN_S = 10.0
MAX_ANSWER = 16 * 1024  # bytes; a cosignature has some 150
MOST_APART = timedelta(minutes=10)  # a cosignature's time and our clock; the auditor allows 15
ASK_AGAIN_AFTER = timedelta(hours=1)  # a log that does not grow is vouched for anew, so that its quorum is not old

HOLD_ROUNDS = 30  # how often silent witnesses are asked before the first signature after a start
HOLD_EVERY_S = 60.0

COSIGNED, CONTRADICTED = "cosigned", "another-history"

ADVICE: Mapping[str, str] = {
    CONTRADICTED: "the witness saw another history of this log; nothing is signed any more",
    "timeout": f"no answer within {ASK_WITHIN_S:g} s",
    "unreachable": "no connection, or it broke",
    "http-403": "the witness does not know this log's key; give it the line of `tocsin ledger key`",
    "http-404": "the witness does not know this log; give it the line of `tocsin ledger key`",
    "garbage": "the answer is not one of a witness, or its signature does not verify",
    "clock": "the clock of the witness and ours are more than ten minutes apart",
    "too-long": "the answer does not end",
    "unsettled": "the witness changed its mind in between; it is asked again",
    "address-refused": "the address is not public; `allow_private_witnesses` would allow it",
}
"""What the codes in the log of the service mean."""

_ANSWERS = frozenset({COSIGNED, CONTRADICTED, "http-404"})
"""What says whether the witness has seen more of this log than there is. Who does not know the log has seen none."""

_ELSE = "the witness, or what stands before it, refused; ask who runs it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of asking one witness: a code of `ADVICE` or COSIGNED, and the cosignature where there is one."""

    code: str
    cosignature: Cosignature | None = None


class _NoAnswerError(Exception):
    """The witness gave no answer that means anything. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check(policy: Policy, reach: egress.Reach) -> None:
    """Raise ConfigError where an address in the policy may not be asked. No network."""
    for name, url in policy.urls.items():
        try:
            egress.check_url(_address(url), reach=reach)
        except EgressError as error:
            raise ConfigError(f"the address of witness {name}: {error}", setting="policy") from None


def _address(url: str) -> str:
    return f"{url.rstrip('/')}/add-checkpoint"


class Witnesses:
    """The witnesses of one log that have an address. Close it when done."""

    def __init__(
        self,
        own: Log,
        *,
        resolve: egress.Resolve = egress.resolve,
        within_s: float = ASK_WITHIN_S,
        hold_every_s: float = HOLD_EVERY_S,
    ) -> None:
        self._log = own
        self._policy = own.policy or Policy(logs=())
        self._within_s = within_s
        self._hold_every_s = hold_every_s
        self._said: dict[str, str] = {}
        self._http = egress.client(user_agent=f"Tocsin/{__version__}", reach=own.reach, resolve=resolve)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def ask(self, store: Store, *, now: datetime, anew: bool = False) -> Mapping[str, Said]:
        """Ask every witness that has not cosigned the last signed head, and keep what they say; return it by name.

        With `anew` those too that have: an older copy of the database holds their cosignatures, and they saw more.
        So it goes on asking, for half an hour at most, while those that give no answer could be a quorum for more than
        there is. A log that has signed nothing yet asks about the empty one: a witness that knows it says so.
        """
        if not self._policy.urls:
            return {}
        said = await self._round(store, now, anew=anew)
        return await self._held(store, said, now) if anew else said

    async def _held(self, store: Store, said: Mapping[str, Said], now: datetime) -> Mapping[str, Said]:
        """Ask until whoever is silent can be no quorum; return the last that each said. What is due meanwhile is done.

        Two quorums of one log need not meet, so a single answer is not enough: one of each possible quorum must speak.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        for number in range(HOLD_ROUNDS):
            silent = self.silent(said)
            if not silent:
                return said
            if not number:
                log.warning("nothing is signed before witnesses answer", witnesses=silent, rounds=HOLD_ROUNDS)
            await asyncio.to_thread(tidy, store, now=now + timedelta(seconds=clock() - began))
            await asyncio.sleep(self._hold_every_s)
            said = {**said, **await self._round(store, now + timedelta(seconds=clock() - began), anew=True)}
        if self.silent(said):
            log.error("signing without an answer of the witnesses: whether this is the newest database nobody said")
        return said

    def silent(self, said: Mapping[str, Said]) -> Sequence[str]:
        """Return the witnesses that must still answer before nobody can have seen more of the log than there is.

        None where the policy asks for no quorum, and none where every possible quorum has a member that answered.
        """
        answered = {name for name, one in said.items() if one.code in _ANSWERS}
        rest = [key for name, key in self._policy.witnesses.items() if name not in answered]
        if self._policy.is_met(()) or not self._policy.is_met(rest):
            return ()
        return sorted(self._policy.urls.keys() - answered)

    async def _round(self, store: Store, now: datetime, *, anew: bool) -> Mapping[str, Said]:
        head, due = await asyncio.to_thread(self._due, store, now, anew=anew)
        asked = await asyncio.gather(*(self._one(store, head, name, old, now) for name, old in due.items()))
        said = dict(zip(due, asked, strict=True))
        if said:
            await asyncio.to_thread(self._keep, store, head, said, now)
        self._tell(said)
        return said

    def _due(self, store: Store, now: datetime, *, anew: bool) -> tuple[Head, Mapping[str, int]]:
        """Return the head to ask about, and for each witness to ask how far we know that it has seen the log."""
        head = signed_head(store)
        seen: dict[str, Cosignature] = {}
        for one in store.cosignatures():
            seen.setdefault(one.witness, one)  # the largest comes first
        due = {}
        for name in self._policy.urls:
            last = seen.get(self._policy.witnesses[name].vkey)
            if anew or last is None or last.size < head.size or now - last.at >= ASK_AGAIN_AFTER:
                due[name] = last.size if last else 0
        return head, due

    async def _one(self, store: Store, head: Head, name: str, old: int, now: datetime) -> Said:
        """Return what one witness says; never raises for what a witness does."""
        try:
            async with asyncio.timeout(self._within_s):
                return await self._dialogue(store, head, name, old, now)
        except TimeoutError:
            return Said(code="timeout")
        except _NoAnswerError as error:
            return Said(code=error.code)
        except EgressError as error:
            return Said(code=error.code)
        except httpx2.HTTPError:
            return Said(code="unreachable")
        except LedgerError:
            return Said(code="garbage")

    async def _dialogue(self, store: Store, head: Head, name: str, old: int, now: datetime) -> Said:
        """Ask from `old` on; where the witness has seen another size, once more from there."""
        for _ in range(2):
            status, answer = await self._post(store, head, name, old, now)
            if status == HTTPStatus.CONFLICT:
                seen = witness.size_of(answer)
                if seen > head.size or seen == old == head.size > 0:
                    return Said(code=CONTRADICTED)
                old = seen
            elif status == HTTPStatus.UNPROCESSABLE_ENTITY and old:
                return Said(
                    code=CONTRADICTED
                )  # the proof leads from its own size to our head, and its root is not ours
            elif status == HTTPStatus.OK:
                return self._cosigned(head, name, answer, now)
            else:
                return Said(code=f"http-{status}")
        return Said(code="unsettled")

    def _cosigned(self, head: Head, name: str, answer: bytes, now: datetime) -> Said:
        found = witness.cosigned(answer, of=self._checkpoint(head), by=self._key(name))
        if abs(found.at - now) > MOST_APART:
            return Said(code="clock")
        return Said(code=COSIGNED, cosignature=found)

    def _key(self, name: str) -> Verifier:
        return self._policy.witnesses[name]

    def _checkpoint(self, head: Head) -> Checkpoint:
        return Checkpoint(origin=self._log.signer.verifier.name, size=head.size, root=head.root)

    async def _post(self, store: Store, head: Head, name: str, old: int, now: datetime) -> tuple[int, bytes]:
        """Return status and body. Raises _NoAnswerError, EgressError, httpx2.HTTPError."""
        body = await asyncio.to_thread(self._request, store, head, old, now)
        url = egress.check_url(_address(self._policy.urls[name]), reach=self._log.reach)
        headers = {"Accept-Encoding": "identity", "Content-Type": "text/plain; charset=utf-8"}
        async with self._http.stream("POST", url, content=body, headers=headers) as response:
            answer = b""
            async for piece in response.aiter_raw():
                answer += piece
                if len(answer) > MAX_ANSWER:
                    raise _NoAnswerError("too-long")
            return response.status_code, answer

    def _request(self, store: Store, head: Head, old: int, now: datetime) -> bytes:
        signed = checkpoint(store, self._log, head, now=now)
        return witness.write(Request(old=old, proof=store.prove_growth(old, head.size), signed=signed))

    def _keep(self, store: Store, head: Head, said: Mapping[str, Said], now: datetime) -> None:
        found = [one.cosignature for one in said.values() if one.cosignature is not None and head.size]
        against = [self._key(name).vkey for name, one in said.items() if one.code == CONTRADICTED]
        store.heard(found, contradicting=against, size=head.size, at=now)
        store.drop_cosignatures(below=state_of_log(store, self._log, now=now).witnessed_size)

    def _tell(self, said: Mapping[str, Said]) -> None:
        """Log what a witness says when it is another thing than last time."""
        for name, one in said.items():
            if self._said.get(name) == one.code:
                continue
            if one.code == COSIGNED:
                log.info("witness cosigned", witness=name)
            elif one.code == CONTRADICTED:
                log.critical("a witness contradicts the ledger", witness=name, about=ADVICE[one.code])
            else:
                log.warning("no cosignature", witness=name, code=one.code, about=ADVICE.get(one.code, _ELSE))
            self._said[name] = one.code
