"""Recorded documents through the same loops, with a virtual clock.

An archive is a folder with `index.jsonl`, one line a poll in time order: {"at", "source", "format", "file"}, or
"error" in place of "file" for a fetch that failed. Between its lines a source that last answered is taken to answer
"not modified", and so is a line that names the same file once more; one that last failed goes on failing. So a gap in
a recording is not blindness, a dead feed is, and so are new files in which the feed's own time stands still.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from tocsin import catalogue
from tocsin.config import ChannelConfig
from tocsin.errors import ConfigError
from tocsin.geocodes import NONE, Geocodes
from tocsin.hazards import FAMILIES
from tocsin.match import PlaceIndex
from tocsin.model import Health, IssuerClass, Level, Notice, Place, Problem, Source
from tocsin.render import Message
from tocsin.run import collect
from tocsin.run.deliver import message
from tocsin.run.reconcile import Desk
from tocsin.run.situation import Situation
from tocsin.store import Change, Store

CHANNEL = ChannelConfig(id="replay", kind="replay", at_least=Level.NOTICE)
HOUR = timedelta(hours=1)
_KEYS = {"at", "source", "format", "file", "error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an archive's index: a poll of `source` at `at` that gave `file`, or failed with `error`."""

    at: datetime
    source: str
    format: str
    file: Path | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one wake of the loops gave: the notices told, and the problems met in documents (source, problem)."""

    at: datetime
    notices: tuple[Notice, ...]
    problems: tuple[tuple[str, Problem], ...] = ()


def read_archive(folder: Path) -> tuple[Line, ...]:
    """Return the lines of `folder`/index.jsonl in time order. Raises ConfigError naming the line that is wrong."""
    index = folder / "index.jsonl"
    try:
        rows = index.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{index} cannot be read; an archive is a folder with index.jsonl") from None
    lines = [_line(row, folder, f"{index}:{number}") for number, row in enumerate(rows, 1) if row.strip()]
    return tuple(sorted(lines, key=lambda line: line.at))


def _line(row: str, folder: Path, where: str) -> Line:
    try:
        entry = json.loads(row)
    except ValueError:
        raise ConfigError(f"{where}: not a line of JSON") from None
    if not isinstance(entry, dict) or entry.keys() - _KEYS or not {"at", "source", "format"} <= entry.keys():
        raise ConfigError(f"{where}: must be an object with at, source, format and file (or error)")
    if ("file" in entry) == ("error" in entry) or not all(isinstance(value, str) for value in entry.values()):
        raise ConfigError(f"{where}: must name a file, or an error in its place, as text")
    try:
        at = datetime.fromisoformat(entry["at"])
    except ValueError:
        raise ConfigError(f"{where}: at is not an ISO 8601 time") from None
    if at.tzinfo is None:
        raise ConfigError(f"{where}: at has no offset")
    return Line(
        at=at.astimezone(UTC),
        source=entry["source"],
        format=entry["format"],
        file=_inside(folder, entry["file"], where) if "file" in entry else None,
        error=entry.get("error", ""),
    )


def _inside(folder: Path, name: str, where: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ConfigError(f"{where}: file lies outside the archive")
    return path


def sources_of(lines: Sequence[Line]) -> dict[str, Source]:
    """Return the sources that an archive names; one that the catalogue does not know is taken as `stranger` says."""
    return {line.source: known_or_stranger(line.source, line.format) for line in lines}


def known_or_stranger(name: str, format: str) -> Source:  # noqa: A002  one name for one thing everywhere
    """Return the catalogue's source, or for a recording of one that it lacks an official source of hazard messages.

    Only for recorded documents that somebody hands over by name: what is polled must be in the catalogue.
    """
    known = catalogue.SOURCES.get(name)
    if known is not None:
        return known
    speakers = {source.jurisdiction for source in catalogue.SOURCES.values() if source.format == format}
    return Source(
        id=name,
        publisher=name,
        url="",
        format=format,
        issuer_class=IssuerClass.HAZARD,
        jurisdiction=speakers.pop() if len(speakers) == 1 else ("001",),
        families=tuple(FAMILIES),
    )


class Replay:
    """An archive, the places, and a desk with a virtual clock. Iterate `moments` to play it."""

    def __init__(
        self,
        lines: Sequence[Line],
        places: Sequence[Place],
        *,
        store: Store,
        sources: Mapping[str, Source] | None = None,
        channels: Sequence[ChannelConfig] = (CHANNEL,),
        geocodes: Geocodes = NONE,
    ) -> None:
        if not lines:
            raise ConfigError("the archive's index.jsonl has no lines")
        self.lines = lines
        self.sources = dict(sources if sources is not None else sources_of(lines))
        self.store = store
        self._places = {place.id: place for place in places}
        self.at = lines[0].at
        self.desk = Desk(store, Situation(PlaceIndex(places, geocodes), self.sources), channels, started=self.at)
        self.played = 0
        self._heard: dict[str, Health] = {}  # as of the last line of each source that was no repetition
        self._files: dict[str, Path | None] = {}
        store.commit(Change(sources=tuple(self.sources.values())), now=self.at)

    def rendered(self, notice: Notice) -> Message:
        """Return the message that the channel would have sent for `notice`."""
        return message(notice, self._places)

    def moments(self, *, until: datetime | None = None) -> Iterator[Moment]:
        """Yield each wake of the loops in time order: when documents arrive, and when time alone changes something.

        Ends with the last line, or at `until` when that is later.
        """
        for at, group in groupby(self.lines, key=lambda line: line.at):
            yield from self._wait_until(at)
            self._advance(at)
            polls = list(group)
            problems = tuple(found for line in polls for found in self._poll(line))
            self.played += len(polls)
            yield self._wake(at, problems)
        if until is not None:
            yield from self._wait_until(until)
            yield self._wake(until)

    def _wait_until(self, at: datetime) -> Iterator[Moment]:
        while True:
            self._confirm(at)
            wake = self.desk.next_wake(self.at)
            if wake is None or wake >= at:
                return
            yield self._wake(wake)

    def _wake(self, at: datetime, problems: tuple[tuple[str, Problem], ...] = ()) -> Moment:
        self._advance(at)
        self._confirm(at)
        return Moment(at=at, notices=self.desk.reconcile(at), problems=problems)

    def _advance(self, to: datetime) -> None:
        """Let the time pass, and each hour of it be summed up in the ledger."""
        hour = self.at.replace(minute=0, second=0, microsecond=0) + HOUR
        while hour <= to:
            self.store.sum_up(hour)
            hour += HOUR
        self.at = to

    def _confirm(self, at: datetime) -> None:
        """Let every source that last answered have been asked again just now, and have said "not modified".

        Its own time goes on with ours from where it stood: a gap is not a frozen feed, and a frozen feed is one.
        """
        for name, heard in self._heard.items():
            if heard.succeeded is not None and not heard.error:
                gone = at - heard.succeeded
                as_of, beat = (moment + gone if moment else None for moment in (heard.as_of, heard.beat))
                self.desk.healths[name] = replace(heard, attempted=at, succeeded=at, as_of=as_of, beat=beat)

    def _poll(self, line: Line) -> Iterator[tuple[str, Problem]]:
        source = self.sources[line.source]
        health = self._heard.get(source.id) or Health(source=source.id)
        if line.file is None:
            confirmed = self.desk.healths.get(source.id) or health
            self._heard[source.id] = collect.fail(self.store, health, line.error, now=line.at)
            self.desk.healths[source.id] = replace(
                self._heard[source.id], succeeded=confirmed.succeeded, as_of=confirmed.as_of, beat=confirmed.beat
            )
            return
        try:
            body = line.file.read_bytes()
        except OSError:
            raise ConfigError(f"{line.file.name}: this file of the archive cannot be read") from None
        poll = collect.Poll(documents=(collect.Document(format=line.format, body=body),))
        collected = collect.take(self.store, source, poll, health, now=line.at)
        self.desk.healths[source.id] = collected.health
        if self._files.get(source.id) != line.file or health.error:
            self._heard[source.id] = collected.health
        self._files[source.id] = line.file
        yield from ((line.file.name, problem) for problem in collected.problems)
