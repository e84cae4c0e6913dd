"""The drill: canaries through the real fetch, readers, gate, store, loops and log, then a sweep for each of them.

It works in a folder of its own beside the installation's data, on the same disk: the running service is not disturbed,
nobody is told anything, and what it leaves is deleted. So it tries this program on this machine, not that process.
Places and channels are the drill's own: one place that is everywhere, one outbox that writes files.

Source: NEUTRALITY section 5, point 5, and N3-drill.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import shapely
import structlog

from tocsin import egress, fetch
from tocsin.channels import Channel
from tocsin.config import ChannelConfig
from tocsin.errors import StoreError, TocsinError
from tocsin.hazards import FAMILIES
from tocsin.ledger import note
from tocsin.model import Level, Place, Source
from tocsin.neutrality.canaries import Canary
from tocsin.neutrality.outward import ask
from tocsin.neutrality.sealed import SealedSource
from tocsin.neutrality.sweep import Swept, sweep
from tocsin.render import Message
from tocsin.run.deliver import deliver
from tocsin.run.publish import Log, hand_out, publish
from tocsin.run.service import Loops
from tocsin.store import Change, Store
from tocsin.web.app import create_app

EVERYWHERE = Place(id="drill", name="Drill", geometry=shapely.box(-179.9, -84.9, 179.9, 84.9))
CHANNEL = ChannelConfig(id="drill", kind="drill", at_least=Level.NOTICE)
SHOWN = {"/": "overview.html", "/api/overview": "overview.json", "/api/map.svg": "map.svg"}
_DATABASE, _OUTBOX = "drill.db", "outbox"


class DrillError(TocsinError):
    """The drill could not be made as it must be, so that it shows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """What a drill came to. `strings` is how many were looked for, `found` how many were there, `leaks` where each
    was. `events` and `notices` say that the loops really ran: what was kept of the documents, and what was told.
    """

    documents: int
    strings: int
    events: int
    notices: int
    swept: Swept
    leaks: tuple[Leak, ...]

    @property
    def found(self) -> int:
        """Return how many strings were found."""
        return len({(leak.canary, leak.number) for leak in self.leaks})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A string that was found again: of which canary, which of its strings (from 1), in which file, written how."""

    canary: str
    number: int
    file: Path
    written: str


class Outbox(Channel):
    """A channel whose receiver is a folder: each notice is a file with all that any channel would send of it."""

    settings_type = Path

    def __init__(self, settings: Path) -> None:
        self.folder = settings
        self.folder.mkdir(exist_ok=True)

    async def send(self, notice_id: str, message: Message, *, now: datetime) -> None:  # noqa: ARG002
        """Write the notice's subject, text, HTML and JSON into one file."""
        said = json.dumps(asdict(message), ensure_ascii=False, default=str)
        (self.folder / f"{notice_id}.json").write_text(said, encoding="utf-8")


def drill(
    beside: Path, canaries: Sequence[Canary], *, clock: Callable[[], datetime], also: Sequence[Path] = ()
) -> Drilled:
    """Send `canaries` through everything in a new folder within `beside`, and look for their strings there.

    `also` are files and folders of the installation that are looked at too. The folder is deleted, unless something
    was found in it. Raises DrillError when a canary could not be put in, or when the sweep misses what was planted.
    """
    owners = _owners(canaries)
    strings = list(owners)
    folder = Path(tempfile.mkdtemp(prefix="drill-", dir=beside))
    has_leaked = False
    try:
        with _logging_to(folder / "drill.log"):
            looks, events, notices = asyncio.run(_run(folder, canaries, clock, lambda: sweep([folder, *also], strings)))
        looks.append(sweep([folder], strings))
        swept = replace(looks[1], hits=tuple(dict.fromkeys(hit for look in looks for hit in look.hits)))
        _check_sweep(folder)
        has_leaked = any(hit.file.is_relative_to(folder) for hit in swept.hits)
    finally:
        if not has_leaked:
            shutil.rmtree(folder)
    leaks = [(*owners[strings[hit.number]], hit) for hit in swept.hits]
    return Drilled(
        documents=len(canaries),
        strings=len(strings),
        events=events,
        notices=notices,
        swept=swept,
        leaks=tuple(
            Leak(canary=name, number=number, file=hit.file, written=hit.written) for name, number, hit in leaks
        ),
    )


def _owners(canaries: Sequence[Canary]) -> dict[str, tuple[str, int]]:
    """Return the strings to look for, each with the first canary that has it and its number there."""
    found: dict[str, tuple[str, int]] = {}
    for canary in canaries:
        for number, text in enumerate(canary.strings, 1):
            found.setdefault(text, (canary.name, number))
    return found


async def _run(
    folder: Path, canaries: Sequence[Canary], clock: Callable[[], datetime], look: Callable[[], Swept]
) -> tuple[list[Swept], int, int]:
    """Put the canaries in and let all loops do their work; return what `look` sees, events kept, notices told.

    It looks while what is over is still kept and while the write-ahead log is there, and again when all is published.
    """
    signer = note.from_seed("drill.invalid", secrets.token_bytes(32), kind=note.ED25519)
    log = Log(folder=folder / "ledger", signer=signer)
    with SealedSource([canary.document for canary in canaries]) as sealed, Store.open(folder / _DATABASE) as store:
        sources = [_source(number, *one) for number, one in enumerate(zip(canaries, sealed.urls, strict=True))]
        async with fetch.client("drill", "0", reach=egress.Reach(loopback=True)) as client:
            loops = Loops(store, sources, (EVERYWHERE,), (CHANNEL,), client, ledger=log, clock=clock)
            store.commit(Change(is_start=True), now=clock())
            for source in sources:
                await loops.poll(source)
            loops.reconcile()
        if sealed.asked < len(canaries):
            raise DrillError("not all test items could be put in; is loopback closed to this program?")
        outbox, notices = {CHANNEL.id: Outbox(folder / _OUTBOX)}, 0
        while sent := await deliver(store, outbox, loops.places, clock=clock, random=loops.random):
            notices += len(sent)
        events = len(store.standing(store.changed_since(0)[0]))
        before = look()
        now = clock()
        hand_out(store, log, publish(store, log, now=now, whole=True), folder / "export", now=now)
        await _show(loops, folder)
        return [before, look()], events, notices


def _source(number: int, canary: Canary, url: str) -> Source:
    return Source(
        id=f"drill-{number}",
        publisher="Drill",
        url=url,
        format=canary.format,
        issuer_class=canary.issuer_class,
        jurisdiction=("001",),
        families=tuple(FAMILIES),
    )


async def _show(loops: Loops, folder: Path) -> None:
    """Write what the console would show."""
    app = create_app(loops.board, ledger=loops.ledger.folder if loops.ledger else None)
    for path, name in SHOWN.items():
        answer = await ask(app, path)
        await asyncio.to_thread((folder / name).write_bytes, answer.body)


@contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    """Let the log lines of this program go into a file, as the service's go to its standard error."""
    before: dict[str, Any] = structlog.get_config()
    with file.open("w", encoding="utf-8") as lines:
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(lines), cache_logger_on_first_use=False)
        try:
            yield
        finally:
            structlog.configure(**before)


# --- is the sweep itself any good? --------------------------------------------------------------------------------


def _check_sweep(folder: Path) -> None:
    """Plant strings as carelessly as a program could, and raise DrillError when the sweep misses one of them."""
    random = Random(secrets.randbits(64))  # noqa: S311  a string that stands nowhere else, no secret
    planted = ["".join(random.choice("bdfglmnprstvz") + random.choice("aeiou") for _ in range(8)) for _ in range(4)]
    in_row, in_wide, in_packed, in_line = planted
    (folder / "planted.bin").write_bytes(b"\x00" + in_wide.encode("utf-16-be") + b"\x00")
    (folder / "planted.b64").write_bytes(base64.b64encode(b"x" + in_packed.encode() + b"xx"))
    (folder / "planted.log").write_text(f'{{"error": "{in_line.upper()}"}}', encoding="utf-8")
    try:
        with closing(sqlite3.connect(folder / _DATABASE)) as database:
            with database:
                database.execute("CREATE TABLE planted (words TEXT)")
                database.execute("INSERT INTO planted VALUES (?)", (in_row,))
            seen = {hit.number for hit in sweep([folder], planted).hits}
    except sqlite3.Error:
        raise StoreError("the drill's own database cannot be written; is the disk full?") from None
    if seen != set(range(len(planted))):
        raise DrillError("the sweep did not find what was planted for it, so this drill shows nothing")
