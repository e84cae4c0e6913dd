"""The reconcile loop's step: compare what is true now with what was last told, and write the difference as notices.

Level-triggered: nothing here reacts to an arrival. An arrival, the passing of time, a restart and an edited places
file all lead to the same comparison, so none of them needs a special case and none can ring twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tocsin import coverage, notices
from tocsin.config import ChannelConfig
from tocsin.match.estate import Edit, Estate
from tocsin.model import Blindness, Code, Health, Notice, Place, Told
from tocsin.notices import COVERAGE, Due
from tocsin.run.situation import Situation
from tocsin.store import Change, Seen, Store

# The whole situation is read again from the store this often, so that no slip of the cache can last.
REFRESH_AFTER = timedelta(hours=1)


class Desk:
    """The watch desk: it holds the situation and what each channel was told, and says what must be told now."""

    def __init__(
        self, store: Store, situation: Situation, channels: Sequence[ChannelConfig], *, started: datetime | None
    ) -> None:
        """Take up the work. From `started` a source has time to answer for the first time; None gives it none."""
        self.store = store
        self.situation = situation
        self.channels = {channel.id: channel for channel in channels}
        self.started = started
        self.healths: dict[str, Health] = {health.source: health for health in store.healths()}
        self._told: dict[tuple[str, str, str], Told] = {}
        self._families: defaultdict[str, set[str]] = defaultdict(set)
        for told in store.told():
            self._remember(told)
        self._settles: dict[tuple[str, str, str], datetime] = {}
        self._positions = {place.id: position for position, place in self.estate}
        self._come: set[int] = set()
        self._seq = 0
        self._refreshed: datetime | None = None
        self._working: frozenset[str] | None = None
        self._blind: dict[str, Blindness] = {}

    @property
    def estate(self) -> Estate:
        """Return the places as they stand now."""
        return self.situation.estate

    def move(self, estate: Estate, edit: Edit) -> None:
        """Take over an estate that was edited. What is to be told of it the next `reconcile` says, as after a start."""
        gone = {self.estate[position].id for position in edit.gone}
        self._come = (self._come | self.situation.move(estate, edit)).difference(edit.gone)
        for place in gone:
            self._positions.pop(place)
            self._blind.pop(place, None)
        self._positions |= {estate[position].id: position for position in edit.come.positions}
        self._settles = {key: moment for key, moment in self._settles.items() if key[1] not in gone}

    def blindness(self, place: str) -> Blindness | None:
        """Return what nobody who works watches at a place, as of the last reconcile."""
        return self._blind.get(place)

    def reconcile(self, now: datetime) -> tuple[Notice, ...]:
        """Commit and return the notices that are due at `now`. Cost: that of the places whose picture changed."""
        touched = self._refresh(now) | self._come
        changes = [change for position in sorted(touched) for change in self._due_at(position, now)]
        changes += self._due_coverage(now)
        found = notices.group(changes, now=now, events=self.situation.events)
        after = [(change, notices.told_after(change, now=now)) for change in changes]
        over = self._silently_over(touched, now)
        impacts = tuple(self._seen(changes))
        if changes or impacts or over:
            self.store.commit(
                Change(
                    notices=found,
                    told=tuple(told for _, told in after if told is not None),
                    forget=(*over, *(_key(change) for change, told in after if told is None)),
                    impacts=impacts,
                    channel_classes={channel.id: channel.kind for channel in self.channels.values()},
                ),
                now=now,
            )
        self._come = set()
        for key in over:
            self._forget(key)
        for change, told in after:
            if told is None:
                self._forget(_key(change))
            else:
                self._remember(told)
        return found

    def next_wake(self, now: datetime) -> datetime | None:
        """Return the next moment at which the comparison may come out differently without anything arriving."""
        moments = [self.situation.boundary(now), *self._settles.values()]
        moments += [
            coverage.silent_from(source, self.healths.get(source.id), since=self.started)
            for source in self.situation.sources.values()
        ]
        return min((moment for moment in moments if moment is not None and moment > now), default=None)

    def _refresh(self, now: datetime) -> set[int]:
        """Bring the situation up to the store and to `now`; return the positions to look at again."""
        threads, self._seq = self.store.changed_since(self._seq)
        if self._refreshed is None or now - self._refreshed >= REFRESH_AFTER:
            self._refreshed, threads = now, self.store.live_threads(now)
        touched = self.situation.replace(self.store.standing(threads), now) | self.situation.expire(now)
        touched |= {self._positions[key[1]] for key, moment in self._settles.items() if moment <= now}
        if self._refreshed == now:  # what was told and is no longer true must be looked at too
            touched |= {self._positions[place] for _, place, _ in self._told if place in self._positions}
        return touched

    def _due_at(self, position: int, now: datetime) -> Iterator[Due]:
        place = self.estate[position]
        concerns = self.situation.concerns(position)
        families = sorted(concerns.keys() | self._families[place.id] - {COVERAGE})
        for channel in self._channels_of(place):
            for family in families:
                key = (channel.id, place.id, family)
                current, told = concerns.get(family), self._told.get(key)
                self._settles.pop(key, None)
                reason = notices.due(current, told, now=now, at_least=channel.at_least)
                if reason is not None:
                    yield Due(
                        channel=channel.id, place=place.id, family=family, reason=reason, current=current, told=told
                    )
                elif moment := notices.settles(current, told):
                    self._settles[key] = moment

    def _silently_over(self, touched: set[int], now: datetime) -> tuple[tuple[str, str, str], ...]:
        """Return what had eased below its channel's level and is over now: nothing to tell, nothing to remember."""
        return tuple(
            key
            for key, told in self._told.items()
            if key[1] in self._positions
            and (position := self._positions[key[1]]) in touched
            and key[2] not in self.situation.concerns(position)
            and key[0] in self.channels
            and key[2] != COVERAGE
            and told.level < self.channels[key[0]].at_least
            and not notices.is_remembered(told, now)
        )

    def _due_coverage(self, now: datetime) -> Iterator[Due]:
        """Yield what must be told of blindness; looks at the places only when they, or a source, came or went."""
        sources = self.situation.sources.values()
        working = frozenset(
            source.id
            for source in sources
            if coverage.is_working(source, self.healths.get(source.id), now, since=self.started)
        )
        places = [self.estate[position] for position in sorted(self._come)]
        if working != self._working:
            places = [place for _, place in self.estate]
        self._working = working
        seen: dict[tuple[Code, ...], Blindness | None] = {}
        for place in places:
            if place.geocodes not in seen:
                seen[place.geocodes] = coverage.blindness(place, sources, self.healths, now, since=self.started)
            found = seen[place.geocodes]
            self._blind.pop(place.id, None)
            if found is not None:
                self._blind[place.id] = Blindness(
                    place=place.id, families=found.families, sources=found.sources, since=found.since
                )
            for channel in self._channels_of(place):
                current, told = self._blind.get(place.id), self._told.get((channel.id, place.id, COVERAGE))
                reason = notices.due_coverage(current, told)
                if reason is not None:
                    yield Due(
                        channel=channel.id, place=place.id, family=COVERAGE, reason=reason, current=current, told=told
                    )

    def _seen(self, changes: Iterable[Due]) -> Iterator[Seen]:
        """Yield what arrived at each place and what came of it, so that silence is on record with its reason."""
        told = {(change.place, change.family) for change in changes}
        for one in self.situation.arrived():
            channels = list(self._channels_of(self.estate[self._positions[one.place]]))
            if (one.place, one.family) in told:
                yield Seen(impact=one, outcome="told")
            elif not channels:
                yield Seen(impact=one, outcome="no-channel")
            elif all(one.level < channel.at_least for channel in channels):
                yield Seen(impact=one, outcome="below-level")
            else:
                yield Seen(impact=one, outcome="no-meaningful-change")

    def _channels_of(self, place: Place) -> Iterable[ChannelConfig]:
        if not place.channels:
            return self.channels.values()
        return [self.channels[name] for name in place.channels if name in self.channels]

    def _remember(self, told: Told) -> None:
        self._told[told.channel, told.place, told.family] = told
        self._families[told.place].add(told.family)

    def _forget(self, key: tuple[str, str, str]) -> None:
        self._told.pop(key, None)
        self._settles.pop(key, None)
        _, place, family = key
        if not any((other, place, family) in self._told for other in self.channels):
            self._families[place].discard(family)


def _key(change: Due) -> tuple[str, str, str]:
    return (change.channel, change.place, change.family)
