"""What goes into the store in one commit, and what its readers give back.

Values only. Everything that one step of a loop found out is one `Change`; the store writes it whole, with its ledger
entries, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

from tocsin.gate import Admitted
from tocsin.model import Decision, Event, Fault, Health, Impact, Notice, Source, Told

Delivery = Literal["waiting", "sent", "failed", "given-up"]
"""How far a notice has come. `failed` will be tried again, `given-up` will not."""

SeenOutcome = Literal["told", "no-meaningful-change", "below-level", "no-channel"]
"""Why an impact led to a notice or to none: nothing changed that matters, or it is below every channel's level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One impact and what came of it, so that what was seen and not sent is recorded with the reason."""

    impact: Impact
    outcome: SeenOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one try to send a notice. `error` is a code ("unreachable"), never a receiver's words.

    `next_try` is set for `failed` only.
    """

    notice: str
    state: Literal["sent", "failed", "given-up"]
    at: datetime
    next_try: datetime | None = None
    error: str = ""

    def __post_init__(self) -> None:
        assert (self.state == "failed") == (self.next_try is not None), "what failed, and only that, is tried again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """That the log passes from one key to another: entry `n` says so, by the hashes of the keys in hex.

    `shown` is when a checkpoint that covers the entry was first published under both, None while none was.
    """

    n: int
    old: str
    new: str
    shown: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A jump of this machine's clock: at which steady time, and by how much, ahead or (negative) back."""

    at: datetime
    by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """What the gate decided on an item: its digest (`record.item_digest`), and the ids of the events that it gave."""

    decision: Decision
    digest: bytes
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Everything that one commit writes. All fields may be empty; the order of items has no meaning.

    `events` holds (admitted, thread, received): only the gate makes an `Admitted`, so storing an unexamined event is a
    type error. An event that arrives counts as listed again. `threads` moves stored events to another thread (threads
    merge). `absent` says since when a snapshot has ended an event by no longer listing it, `unlisted` since when its
    source no longer lists it, which ends nothing by itself; in both None means that it is listed again, and an event
    that has a moment already keeps its first. All events of a change are of one source. `decisions` are those on all
    items that the poll read; a digest is turned into a keyed commitment inside the transaction and goes no further.
    `faults` are added to those that are known of their source. `notices` are put in the outbox, `told` and `forget`
    (channel, place, family) change what each channel was told, `outcomes` what became of the notices.
    `channel_classes` says of what kind each channel in `notices` is, for the ledger. `is_start` records that the
    service has started, and under which declaration, `sources` are those that are configured, where that may have
    changed (None: as before), `jumps` records that the machine's clock has jumped, `entries` are acts that are
    nothing but their entry (`record`): an announcement, a drill, a breach. `stops` names (source, clause): because of
    a breach of that clause nothing more is collected from this source; `repaired` are clauses whose breach is over.
    """

    events: tuple[tuple[Admitted, str, datetime], ...] = ()
    threads: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, datetime | None] = field(default_factory=dict)
    unlisted: Mapping[str, datetime | None] = field(default_factory=dict)
    decisions: tuple[Ruled, ...] = ()
    health: tuple[Health, ...] = ()
    faults: tuple[Fault, ...] = ()
    impacts: tuple[Seen, ...] = ()
    notices: tuple[Notice, ...] = ()
    told: tuple[Told, ...] = ()
    forget: tuple[tuple[str, str, str], ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    channel_classes: Mapping[str, str] = field(default_factory=dict)
    is_start: bool = False
    sources: tuple[Source, ...] | None = None
    jumps: tuple[Jump, ...] = ()
    entries: tuple[Mapping[str, Any], ...] = ()
    stops: tuple[tuple[str, str], ...] = ()
    repaired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit changed. `seq` is the store's highest after it; `added` and `rewritten` are ids of events.

    An event is rewritten when its id came again with another body: an issuer used one name twice.
    """

    seq: int
    added: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What shows to whoever holds a public document what the gate decided on an item of it, and that the log holds it.

    `key` opens the commitment to this item and no other. `index`, `size` and `path` lead from the item's leaf in the
    side tree to the `items_root` of ledger entry `entry`; that is None while the hour's sum is not yet written.
    """

    day: date
    key: bytes
    digest: bytes
    decision: Decision
    entry: int | None = None
    index: int = 0
    size: int = 0
    path: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How much a purge removed."""

    events: int = 0
    notices: int = 0
    day_keys: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An event as the store holds it: its thread, since when absence has ended it, and since when it is not listed."""

    event: Event
    thread: str
    absent_since: datetime | None = None
    unlisted_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A notice that is due to be sent, and how often that was tried before."""

    notice: Notice
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A notice as the outbox holds it."""

    notice: Notice
    state: Delivery
    attempts: int = 0
    next_try: datetime | None = None
    sent_at: datetime | None = None
    error: str = ""
