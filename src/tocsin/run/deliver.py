"""The deliver loop's step: hand over the notices that wait, and write down what became of each.

A notice is sent only after the commit that made it. If the machine dies between the receiver's yes and our commit,
the notice goes out once more under the same id; it is never lost. Each channel has its own queue, so that a dead
receiver delays nobody else.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random

from tocsin.channels import Channel, backoff
from tocsin.errors import DeliveryError
from tocsin.ledger.state import LogState
from tocsin.model import Notice, Place
from tocsin.render import Message, render
from tocsin.store import Change, Outcome, Store, Waiting

BATCH = 50  # notices taken up at once; more wait for the next turn


async def deliver(
    store: Store,
    channels: Mapping[str, Channel],
    places: Mapping[str, Place],
    *,
    clock: Callable[[], datetime],
    random: Random,
    log_state: Callable[[], LogState] | None = None,
) -> tuple[Outcome, ...]:
    """Send what waits, each channel's notices in order, and commit each outcome as soon as it is known.

    Every message says how the ledger stands, as `log_state` tells it.
    """
    waiting = await asyncio.to_thread(store.waiting, clock(), BATCH)
    state = await asyncio.to_thread(log_state) if waiting and log_state else None
    queues: defaultdict[str, list[Waiting]] = defaultdict(list)
    for one in waiting:
        queues[one.notice.channel].append(one)
    done = await asyncio.gather(
        *(
            _empty(queue, store, channels.get(name), places, clock=clock, random=random, state=state)
            for name, queue in queues.items()
        )
    )
    return tuple(outcome for outcomes in done for outcome in outcomes)


async def _empty(
    queue: Sequence[Waiting],
    store: Store,
    channel: Channel | None,
    places: Mapping[str, Place],
    *,
    clock: Callable[[], datetime],
    random: Random,
    state: LogState | None,
) -> list[Outcome]:
    outcomes = []
    for waiting in queue:
        outcome = await _send(waiting, channel, places, clock=clock, random=random, state=state)
        await asyncio.to_thread(store.commit, Change(outcomes=(outcome,)), now=clock())
        outcomes.append(outcome)
    return outcomes


async def _send(
    waiting: Waiting,
    channel: Channel | None,
    places: Mapping[str, Place],
    *,
    clock: Callable[[], datetime],
    random: Random,
    state: LogState | None,
) -> Outcome:
    notice, now = waiting.notice, clock()
    if channel is None:
        return Outcome(notice=notice.id, state="given-up", at=now, error="no-such-channel")
    try:
        await channel.send(notice.id, message(notice, places, state=state), now=now)
    except DeliveryError as error:
        now = clock()
        wait = backoff(waiting.attempts + 1, random=random) if error.retry else None
        if wait is None:
            return Outcome(notice=notice.id, state="given-up", at=now, error=_code(error))
        return Outcome(notice=notice.id, state="failed", at=now, next_try=now + wait, error=_code(error))
    return Outcome(notice=notice.id, state="sent", at=clock())


def message(notice: Notice, places: Mapping[str, Place], *, state: LogState | None = None) -> Message:
    """Return the notice in the first language of its first place, and how the ledger stands where that is known."""
    languages = [places[name].languages[0] for name in notice.places if name in places and places[name].languages]
    return render(notice, places, language=languages[0] if languages else "en", state=state)


def _code(error: DeliveryError) -> str:
    return "gone" if error.gone else "refused" if not error.retry else "unreachable"
