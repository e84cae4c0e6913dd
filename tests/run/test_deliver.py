from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest

from tocsin.channels import Channel
from tocsin.errors import DeliveryError
from tocsin.render import Message
from tocsin.run.deliver import deliver
from tocsin.store import Outcome
from worlds import CHANNEL, HARBOUR_ONLY, MINUTE, PLACES, World, cap

BY_ID = {place.id: place for place in PLACES}
TRY_AGAIN = DeliveryError("webhook answered 503", retry=True)
NEVER = DeliveryError("webhook answered 400", retry=False)
GONE = DeliveryError("webhook answered 410", retry=False, gone=True)


class Recorder(Channel):
    """Takes notices, or raises what it is given, one for each try."""

    def __init__(self, *answers: DeliveryError | None) -> None:
        self.answers = list(answers)
        self.taken: list[tuple[str, Message]] = []

    async def send(self, notice_id: str, message: Message, *, now: datetime) -> None:
        assert now.tzinfo is not None
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.taken.append((notice_id, message))


def run(world: World, channel: Channel | None) -> Sequence[Outcome]:
    channels = {CHANNEL.id: channel} if channel else {}
    return asyncio.run(deliver(world.store, channels, BY_ID, clock=lambda: world.now, random=Random(1)))


@pytest.fixture
def world() -> World:
    world = World()
    world.poll(cap("a"))
    return world


def test_a_notice_is_sent_once_under_its_id(world: World) -> None:
    channel = Recorder()
    assert [outcome.state for outcome in run(world, channel)] == ["sent"]
    assert [notice_id for notice_id, _ in channel.taken] == [world.told[0].id]
    assert run(world, channel) == ()


def test_a_failed_try_is_repeated_after_its_wait_under_the_same_id(world: World) -> None:
    channel = Recorder(TRY_AGAIN)
    (outcome,) = run(world, channel)
    assert (outcome.state, outcome.error) == ("failed", "unreachable")
    assert run(world, channel) == ()
    assert outcome.next_try is not None
    world.now = outcome.next_try
    assert [again.state for again in run(world, channel)] == ["sent"]


@pytest.mark.parametrize(
    ("answer", "error"), [pytest.param(NEVER, "refused", id="400"), pytest.param(GONE, "gone", id="410")]
)
def test_what_can_never_be_taken_is_given_up(world: World, answer: DeliveryError, error: str) -> None:
    channel = Recorder(answer)
    assert [(outcome.state, outcome.error) for outcome in run(world, channel)] == [("given-up", error)]
    world.now += timedelta(days=4)
    assert run(world, channel) == ()


def test_a_channel_that_is_no_longer_configured_is_given_up(world: World) -> None:
    assert [outcome.error for outcome in run(world, None)] == ["no-such-channel"]


def test_notices_of_one_channel_go_out_in_order(world: World) -> None:
    world.now += MINUTE
    world.poll(cap("b", sent=world.now, msg_type="Cancel", references=["a"], polygon=HARBOUR_ONLY))
    channel = Recorder()
    run(world, channel)
    assert [message.json["reason"] for _, message in channel.taken] == ["first", "ended"]


def test_what_became_of_a_notice_is_in_the_ledger(world: World) -> None:
    before = world.store.ledger_size()
    run(world, Recorder(TRY_AGAIN))
    assert world.store.ledger_size() == before + 1
