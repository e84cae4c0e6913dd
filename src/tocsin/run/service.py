"""The four loops, running. The only scheduling, and the only file that reads the (steadied) clock.

Every loop has the same shape: do one step, then sleep until there is a reason to do the next. A step that fails is
logged and tried again; nothing that it did not commit has happened.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import structlog

from tocsin import __version__, catalogue, channels, coverage, fetch, formats
from tocsin.channels import Channel
from tocsin.config import ChannelConfig
from tocsin.errors import ConfigError, FetchError, TocsinError
from tocsin.geocodes import NONE, Geocodes
from tocsin.ledger import LedgerError
from tocsin.ledger.state import LogState
from tocsin.match import PlaceIndex
from tocsin.match.points import Points
from tocsin.model import Health, Link, Mark, Place, Source
from tocsin.run import collect, standing
from tocsin.run.board import LiveBoard
from tocsin.run.clock import SteadyClock
from tocsin.run.cosign import Witnesses
from tocsin.run.deliver import deliver
from tocsin.run.edits import PlacesFile
from tocsin.run.publish import Log, show, sign, state_of_log
from tocsin.run.reconcile import Desk
from tocsin.run.situation import Situation
from tocsin.store import Change, Store

log = structlog.get_logger("tocsin")

Clock = Callable[[], datetime]
PUBLISH_EVERY = timedelta(minutes=1)
VERIFY_WHOLE_EVERY = timedelta(hours=1)  # and at the start: an edited old entry is found within the hour
RETRY_STEP_AFTER = timedelta(seconds=5)
LOOK_AT_PLACES_EVERY = timedelta(seconds=5)
IDLE = timedelta(minutes=1)  # the longest that a loop sleeps without looking


class Bell:
    """Something that a loop waits for: rung by another loop, or by the passing of time."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits."""
        self._event.set()

    async def wait(self, at_most: timedelta) -> None:
        """Return when the bell is rung, or after `at_most`."""
        try:
            async with asyncio.timeout(max(at_most.total_seconds(), 0)):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()


class Loops:
    """The loops over one store. `run` returns only when it is cancelled.

    `index_file` is where the order of the places is kept (`standing`), None for nowhere; `places_file` the file that is
    looked at again and again for edits, None where nobody edits it.
    """

    def __init__(
        self,
        store: Store,
        sources: Sequence[Source],
        places: Sequence[Place],
        configs: Sequence[ChannelConfig],
        client: fetch.Client,
        *,
        geocodes: Geocodes = NONE,
        ledger: Log | None = None,
        index_file: Path | None = None,
        places_file: PlacesFile | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        self.store = store
        self.ledger = ledger
        self.sources = {source.id: source for source in sources}
        self.places = {place.id: place for place in places}
        self._places_file = places_file
        self.client = client
        self.clock = clock or SteadyClock()
        self.random = random or Random()  # noqa: S311  jitter, not a secret
        sort = standing.kept_at(index_file) if index_file else Points.of
        situation = Situation(PlaceIndex(places, geocodes, sort=sort), self.sources)
        self.desk = Desk(store, situation, configs, started=self.clock())
        self.board = LiveBoard(self.desk, self.clock, log_state=self.log_state)
        self._configs = configs
        self._channels: Mapping[str, Channel] = {}
        self._collected, self._noticed = Bell(), Bell()
        self._taking = asyncio.Lock()  # one document in memory as a tree at a time; the store has one writer anyway
        self._links: dict[str, dict[Link, frozenset[str]]] = {}
        self._silences: dict[str, coverage.Silence | None] = {}
        self._verified: datetime | None = None
        self._witnesses: Witnesses | None = None

    def open_channels(self) -> None:
        """Make the channels. Raises ConfigError where a secret cannot be had, so that it is said before all else."""
        self._channels = {config.id: channels.make(config) for config in self._configs}

    async def run(self) -> None:
        """Run all loops until cancelled, then close the channels."""
        if not self._channels:
            self.open_channels()
        async with AsyncExitStack() as stack:
            for channel in self._channels.values():
                stack.push_async_callback(channel.close)
            if self.ledger is not None:
                self._witnesses = Witnesses(self.ledger)
                stack.push_async_callback(self._witnesses.close)
            await self._stored(_start, tuple(self.sources.values()), now=self.clock())
            async with asyncio.TaskGroup() as group:
                for source in self.sources.values():
                    group.create_task(forever(f"collect {source.id}", self._collecting(source)))
                group.create_task(forever("reconcile", self._reconciling))
                group.create_task(forever("deliver", self._delivering))
                group.create_task(forever("publish", self._publishing))
                if self._places_file is not None:
                    group.create_task(forever("places", self._watching_places))

    def _collecting(self, source: Source) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            health = self.desk.healths.get(source.id) or Health(source=source.id)
            if health.next_due is None or health.next_due <= self.clock():
                health = await self.poll(source)
            assert health.next_due is not None, "a poll says when the next one is due"
            await asyncio.sleep((health.next_due - self.clock()).total_seconds())

        return step

    async def poll(self, source: Source) -> Health:
        """Fetch one source, store what it gave or that it failed, and return its health."""
        health = self.desk.healths.get(source.id) or Health(source=source.id)
        answer: fetch.Fetched | FetchError
        try:
            answer, poll = await self._fetch(source, health)
        except FetchError as error:
            answer = error
            health = await self._stored(collect.fail, health, error.code, now=self.clock())
        else:
            async with self._taking:
                collected = await self._stored(collect.take, source, poll, health, now=self.clock())
            health = collected.health
            log.info(
                "collected", source=source.id, decisions=len(collected.decisions), problems=len(collected.problems)
            )
            self._remember_links(source, collected)
        due = fetch.next_due(source, health, now=self.clock(), random=self.random, answer=answer)
        scheduled: Health = await self._stored(collect.schedule, health, due, now=self.clock())
        before = self.desk.healths.get(source.id)
        self.desk.healths[source.id] = scheduled
        for mark in _earned(scheduled, before):
            log.warning("feed flagged", source=source.id, flag=mark.flag.value, about=coverage.FLAGS[mark.flag])
        if health.failures:
            log.warning("poll failed", source=source.id, code=health.error, failures=health.failures)
        self._collected.ring()
        return scheduled

    async def _stored(self, step: Callable[..., Any], *arguments: Any, now: datetime) -> Any:
        return await asyncio.to_thread(step, self.store, *arguments, now=now)

    async def _fetch(self, source: Source, health: Health) -> tuple[fetch.Fetched, collect.Poll]:
        if source.id in await asyncio.to_thread(self.store.stopped):
            raise FetchError("a breach of the declaration is not repaired", code="stopped", retry=False)
        etag, last_modified = fetch.validators(health, random=self.random)
        hosts = catalogue.hosts(source)
        answer = await fetch.fetch(
            self.client,
            source.url,
            now=self.clock(),
            etag=etag,
            last_modified=last_modified,
            hosts=hosts,
            headers=catalogue.headers(source),
            unpack=not formats.is_streamed(source.format),
        )
        if answer.body is None:
            return answer, collect.Poll(etag=answer.etag, last_modified=answer.last_modified, digest=health.digest)
        linked, is_whole = await self._linked(source, answer.body, hosts)
        named = self._links[source.id]
        return answer, collect.Poll(
            documents=(collect.Document(format=source.format, body=answer.body), *linked),
            etag=answer.etag,
            last_modified=answer.last_modified,
            digest=hashlib.sha256(answer.body).hexdigest(),
            standing=frozenset().union(*named.values()),
            is_whole=is_whole,
        )

    async def _linked(self, source: Source, index: bytes, hosts: Sequence[str]) -> tuple[list[collect.Document], bool]:
        """Fetch the documents that an index names and that we have not had in this state, each once.

        Returns them, and whether there is none left to fetch: if there is, the next poll gets the index whole again.
        """
        seen = self._links.setdefault(source.id, {})
        links = await asyncio.to_thread(collect.links, source, index, now=self.clock())
        documents = []
        for link in fetch.due_links(links, seen=seen):
            try:
                answer = await fetch.fetch(self.client, link.url, now=self.clock(), hosts=hosts)
            except FetchError as error:
                log.warning("linked document not fetched", source=source.id, code=error.code)
                continue
            seen[link] = frozenset()
            if answer.body is not None:
                body = await self._joined(source, link, answer.body, hosts)
                documents.append(collect.Document(format=link.format, body=body, link=link))
        for gone in seen.keys() - set(links):
            del seen[gone]
        return documents, seen.keys() >= set(links)

    async def _joined(self, source: Source, link: Link, body: bytes, hosts: Sequence[str]) -> bytes:
        """Return a linked document with what lies beside it, or by itself where that cannot be had: no alert waits."""
        if not link.beside:
            return body
        try:
            beside = (await fetch.fetch(self.client, link.beside, now=self.clock(), hosts=hosts)).body
        except FetchError as error:
            log.warning("shapes of a linked document not fetched", source=source.id, code=error.code)
            return body
        return await asyncio.to_thread(formats.joined, link.format, body, beside) if beside else body

    def _remember_links(self, source: Source, collected: collect.Collected) -> None:
        """Keep in mind which events each link gave, so that they count as listed as long as the index names it."""
        self._links.setdefault(source.id, {}).update(collected.named)

    async def _reconciling(self) -> None:
        found = await asyncio.to_thread(self.reconcile)
        if found:
            self._noticed.ring()
        await self.board.changes()
        wake = self.desk.next_wake(self.clock())
        await self._collected.wait(min(IDLE, wake - self.clock()) if wake else IDLE)

    def reconcile(self) -> int:
        """Put what is due now into the outbox; return how many notices that were."""
        now = self.clock()
        self._record_jumps(now)
        with self.board.lock:
            found = self.desk.reconcile(now)
        self._log_silences(now)
        for notice in found:
            log.info("notice", id=notice.id, reason=notice.reason.value, places=len(notice.places))
        return len(found)

    def _record_jumps(self, now: datetime) -> None:
        """Log the jumps of the machine's clock and put them into the ledger."""
        jumps = self.clock.untold() if isinstance(self.clock, SteadyClock) else ()
        for jump in jumps:
            log.warning("the clock jumped; time goes on steadily", seconds=round(jump.by.total_seconds()))
        if jumps:
            self.store.commit(Change(jumps=jumps), now=now)

    def _log_silences(self, now: datetime) -> None:
        """Say once when a source falls silent, and why, and once when it is heard again."""
        for source in self.sources.values():
            why = coverage.silence(source, self.desk.healths.get(source.id), now, since=self.desk.started)
            if why is not self._silences.get(source.id):
                if why is None:
                    log.info("source heard again", source=source.id)
                else:
                    log.warning("source silent", source=source.id, why=why.value, about=coverage.SILENCES[why])
            self._silences[source.id] = why

    async def _watching_places(self) -> None:
        assert self._places_file is not None, "the loop runs only where there is a file"
        try:
            places = await asyncio.to_thread(self._places_file.edited)
        except ConfigError as error:
            log.error("places file not taken over; the places stay as they were", code="places-refused", why=str(error))  # noqa: TRY400  it is the file that is wrong
        else:
            if places is not None:
                await asyncio.to_thread(self.take_places, places)
                self._collected.ring()
        await asyncio.sleep(LOOK_AT_PLACES_EVERY.total_seconds())

    def take_places(self, places: Sequence[Place]) -> None:
        """Look after these places from now on; the next `reconcile` tells what is due there. One call at a time."""
        estate, edit = self.desk.estate.edited(places)  # while others go on with the estate as it is
        with self.board.lock:
            self.desk.move(estate, edit)
            self.places = {place.id: place for place in places}
        log.info("places taken over", places=len(estate), come=len(edit.come.positions), gone=len(edit.gone))

    async def _delivering(self) -> None:
        outcomes = await deliver(
            self.store, self._channels, self.places, clock=self.clock, random=self.random, log_state=self.log_state
        )
        if outcomes:
            await self.board.changes()
            return
        due = await asyncio.to_thread(self.store.next_waiting)
        await self._noticed.wait(min(IDLE, due - self.clock()) if due else IDLE)

    async def _publishing(self) -> None:
        began = self.clock()
        try:
            if self._verified is None:
                await self._ask(anew=True)  # before the first signature: was the database cut back meanwhile?
            await self._publish()
        except LedgerError as error:
            # People are warned all the same; whoever edited the ledger must not silence the bell with it.
            log.critical("the ledger is broken: keep a copy of the database and tell the auditors", error=str(error))
            await self._ask()
        await self.board.changes()
        await asyncio.sleep(max(PUBLISH_EVERY - (self.clock() - began), timedelta()).total_seconds())

    async def _publish(self) -> None:
        """Sign what is new, have it cosigned, and show it."""
        now = self.clock()
        whole = self._verified is None or now - self._verified >= VERIFY_WHOLE_EVERY
        await asyncio.to_thread(sign, self.store, self.ledger, now=now, whole=whole)
        self._verified = now if whole else self._verified
        if self.ledger is not None:
            await self._ask()
            await asyncio.to_thread(show, self.store, self.ledger, now=self.clock())

    async def _ask(self, *, anew: bool = False) -> None:
        if self._witnesses is not None:
            await self._witnesses.ask(self.store, now=self.clock(), anew=anew)

    def log_state(self) -> LogState:
        """Return how far others vouch for the ledger."""
        return state_of_log(self.store, self.ledger, now=self.clock())


def _earned(after: Health, before: Health | None) -> Iterator[Mark]:
    """Yield the marks that are new, or count more than before."""
    known = {mark.flag: mark.times for mark in before.marks} if before else {}
    yield from (mark for mark in after.marks if mark.times > known.get(mark.flag, 0))


def _start(store: Store, sources: tuple[Source, ...], *, now: datetime) -> None:
    """Put into the ledger that this program has started under these rules, and which sources came and went."""
    store.commit(Change(is_start=True, sources=sources), now=now)


async def look_once(
    store: Store,
    sources: Sequence[Source],
    places: Sequence[Place],
    *,
    contact: str,
    geocodes: Geocodes = NONE,
    index_file: Path | None = None,
) -> Desk:
    """Return a desk that has asked every source once and told nobody."""
    async with client(contact) as http:
        loops = Loops(store, sources, places, (), http, geocodes=geocodes, index_file=index_file)
        loops.desk.started = None  # there is no later look for which a source might still answer
        await asyncio.gather(*(loops.poll(source) for source in sources))
        loops.desk.reconcile(loops.clock())
        return loops.desk


async def forever(name: str, step: Callable[[], Awaitable[None]]) -> None:
    """Do `step` again and again. What the world does to it is logged and tried again; our own mistakes end it."""
    while True:
        try:
            await step()
        except TocsinError as error:
            log.error("step failed", loop=name, error=str(error))  # noqa: TRY400  the world failed, a traceback tells nothing
            await asyncio.sleep(RETRY_STEP_AFTER.total_seconds())


def client(contact: str) -> fetch.Client:
    """Return the client with which this version of Tocsin asks public feeds."""
    return fetch.client(contact, __version__)
