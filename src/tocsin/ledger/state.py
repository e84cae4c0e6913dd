"""How far others vouch for a log, in one of three words: unwitnessed, witnessed, conflict. No I/O, no cryptography.

    ledger 41230/9f2c11aa…, witnessed by council, officer at 2026-11-25 13:05 UTC

Size and first digits of the root are enough for anybody to show later that a log with another past was shown to them;
so they stand wherever people look. A quorum counts as the policy says, for one head: two witnesses that have seen two
heads are not a quorum for either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from tocsin.ledger.log import Head

if TYPE_CHECKING:
    from tocsin.ledger.policy import Policy
    from tocsin.ledger.witness import Cosignature

OVERDUE = timedelta(days=1)  # from here on a missing quorum is no passing trouble
PREFIX = 8  # digits of a root that are shown to people: 32 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """The last signed head, and who vouches for it.

    `witnesses` have cosigned the first `witnessed_size` entries, all of them by `witnessed_at`: the time of the oldest
    of these cosignatures, for the quorum is as old as that. That may be fewer entries than are signed.
    `contradicted_by` are the witnesses that have seen another history; with one of them the state is conflict.
    `is_overdue` says that a policy asks for a quorum and has had none for a day.
    """

    head: Head = field(default_factory=Head)
    state: Literal["unwitnessed", "witnessed", "conflict"] = "unwitnessed"
    witnesses: tuple[str, ...] = ()
    witnessed_size: int = 0
    witnessed_at: datetime | None = None
    contradicted_by: tuple[str, ...] = ()
    is_overdue: bool = False

    @property
    def tag(self) -> str:
        """Return size and root as they are shown to people: "41230/9f2c11aa"."""
        return f"{self.head.size}/{self.head.root.hex()[:PREFIX]}"

    @property
    def words(self) -> str:
        """Return the state as a person reads it."""
        if self.state == "conflict":
            names = ", ".join(self.contradicted_by)
            return f"CONFLICT: {names} saw another history of this ledger; nothing more is signed"
        if not self.head.size:
            return "nothing signed yet"
        if self.witnessed_at is None:
            return "unwitnessed" + (", no quorum of witnesses for more than a day" if self.is_overdue else "")
        by = f"by {', '.join(self.witnesses)} at {self.witnessed_at:%Y-%m-%d %H:%M} UTC"
        if self.state == "unwitnessed":
            return f"unwitnessed, the last quorum was {by}"
        return (
            f"witnessed {by}" if self.witnessed_size == self.head.size else f"witnessed to {self.witnessed_size} {by}"
        )

    def json(self) -> dict[str, Any]:
        """Return the state as plain JSON types, and as people read it: `tag` and `words`."""
        at = self.witnessed_at
        return {
            "signed_size": self.head.size,
            "signed_root": self.head.root.hex(),
            "state": self.state,
            "witnesses": list(self.witnesses),
            "witnessed_size": self.witnessed_size,
            "witnessed_at": at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None,
            "contradicted_by": list(self.contradicted_by),
            "is_overdue": self.is_overdue,
            "tag": self.tag,
            "words": self.words,
        }


def state_of(
    head: Head,
    *,
    policy: Policy | None,
    cosignatures: Iterable[Cosignature],
    contradicting: Collection[str] = (),
    first: datetime | None,
    now: datetime,
) -> LogState:
    """Return the state of a log whose last signed head is `head`, and whose first was signed at `first`.

    `contradicting` are the vkeys of witnesses that saw another history; one that is no longer in the policy counts for
    nothing. A quorum older than a day makes the log unwitnessed again.
    """
    if policy is None:
        return LogState(head=head)
    size, names, at = _quorum(policy, cosignatures)
    others = tuple(name for name, key in policy.witnesses.items() if key.vkey in contradicting)
    last = at or first
    is_old = last is not None and now - last > OVERDUE
    return LogState(
        head=head,
        state="conflict" if others else "witnessed" if at and not is_old else "unwitnessed",
        witnesses=names,
        witnessed_size=size,
        witnessed_at=at,
        contradicted_by=others,
        is_overdue=is_old and not policy.is_met(()),
    )


def _quorum(policy: Policy, cosignatures: Iterable[Cosignature]) -> tuple[int, tuple[str, ...], datetime | None]:
    """Return the largest size that a quorum has cosigned, by whom, and since when all of them had."""
    names = {key.vkey: name for name, key in policy.witnesses.items()}
    by_size: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    for one in cosignatures:
        if one.witness in names:
            by_size[one.size][names[one.witness]] = one.at
    for size, times in sorted(by_size.items(), reverse=True):
        if policy.is_met([policy.witnesses[name] for name in times]):
            return size, tuple(name for name in policy.witnesses if name in times), min(times.values())
    return 0, (), None
