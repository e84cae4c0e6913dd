"""What a poll tells of the feed itself: its rhythm, its heartbeat, whether it went back, what is odd about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from tocsin import coverage, formats
from tocsin.coverage import Silence, patience, silence, silent_from
from tocsin.model import Flag, Health, Mark
from tocsin.run import collect, vitals
from tocsin.store import Store
from worlds import HOUR, MESSAGES, MINUTE, NOW, World, cap, quakes, stamp

FEED = replace(MESSAGES, format="atom")
SNAPSHOT = replace(MESSAGES, format="usgs", snapshot=True, families=("earthquake",))
DAY = timedelta(days=1)


def moved(health: Health, minutes: float, *, news: bool = False) -> Health:
    """Return the health after a poll, some minutes after the last, of a feed that was made just then."""
    assert health.as_of is not None
    now = health.as_of + minutes * MINUTE
    known = replace(health, succeeded=now - MINUTE)
    return vitals.moved(FEED, known, as_of=now, digest=str(now), has_news=news, now=now)


def fed(*minutes: float, news: bool = False) -> Health:
    health = vitals.moved(FEED, Health(source="x"), as_of=NOW, digest="0", has_news=news, now=NOW)
    for one in minutes:
        health = moved(health, one, news=news)
    return health


# --- rhythm -------------------------------------------------------------------------------------------------------


def test_a_snapshot_that_moves_each_minute_is_soon_missed_once_that_is_known() -> None:
    allowed = patience(SNAPSHOT, fed(*[1] * 1500))
    assert allowed is not None
    assert allowed <= 3 * 1.2 * MINUTE + SNAPSHOT.interval
    assert patience(SNAPSHOT, fed(*[1] * 100)) == 4 * SNAPSHOT.stale_after + HOUR  # not known yet


def test_a_declared_cadence_is_the_bound_whatever_was_learned() -> None:
    declared = replace(SNAPSHOT, cadence=10 * MINUTE)
    assert patience(declared, fed(*[1] * 1500)) == 30 * MINUTE + SNAPSHOT.interval


def test_a_feed_of_messages_may_rest_unless_it_moves_by_itself() -> None:
    assert patience(FEED, fed(*[1] * 1500, news=True)) is None
    assert patience(FEED, fed(*[1] * 1500)) is not None
    assert patience(FEED, Health(source="x")) is None


def test_a_feed_that_sleeps_at_night_is_told_as_silent_once_and_then_never() -> None:
    health, silences = fed(), 0
    for _ in range(30):
        for minutes in [*[2] * 480, 8 * 60]:
            allowed = patience(SNAPSHOT, health)
            assert allowed is not None
            silences += minutes * MINUTE > allowed
            health = moved(health, minutes)
    assert silences == 1
    allowed = patience(SNAPSHOT, health)
    assert allowed is not None
    assert 8 * HOUR < allowed < 16 * HOUR


def month_of_office_hours(rests_at_night: bool) -> tuple[int, Health]:
    """Return how often a feed that works on weekdays is told as silent in thirty days, and what is known of it."""
    monday = NOW + (7 - NOW.weekday()) * DAY
    health, silences = replace(fed(), as_of=monday), 0
    day = 9 * 60 if rests_at_night else 24 * 60
    for begin in (monday + number * DAY for number in range(30)):
        if begin.weekday() >= 5:
            continue
        assert health.as_of is not None
        for minutes in [(begin - health.as_of) / MINUTE, *[10] * (day // 10)]:
            allowed = patience(SNAPSHOT, health)
            assert allowed is not None
            silences += minutes * MINUTE > allowed
            health = moved(health, minutes) if minutes else health
    return silences, health


@pytest.mark.parametrize(("rests_at_night", "told"), [(True, 2), (False, 1)], ids=["nights-too", "weekends-only"])
def test_a_feed_that_rests_at_weekends_is_told_as_silent_on_the_first(rests_at_night: bool, told: int) -> None:
    silences, health = month_of_office_hours(rests_at_night)
    assert silences == told
    assert health.as_of is not None
    wednesday = health.as_of + (2 - health.as_of.weekday()) % 7 * DAY
    allowed = patience(SNAPSHOT, replace(health, as_of=wednesday))
    assert allowed is not None
    assert allowed < 2 * DAY  # on a weekday it is missed before a weekend would be over


def test_what_happened_while_nobody_asked_is_not_learned() -> None:
    health = fed(*[1] * 100)
    assert health.as_of is not None
    later = health.as_of + 3 * DAY
    known = replace(health, succeeded=health.as_of)
    assert vitals.moved(FEED, known, as_of=later, digest="z", has_news=True, now=later).gaps == health.gaps


def test_a_feed_without_a_time_of_its_own_is_learned_by_its_content() -> None:
    health = Health(source="x")
    for number in range(3):
        now = NOW + number * 10 * MINUTE
        health = vitals.moved(
            FEED, replace(health, succeeded=now), as_of=None, digest=str(number // 2), has_news=True, now=now
        )
    assert sum(health.gaps.values()) == 1
    assert health.changed == NOW + 20 * MINUTE
    assert health.as_of is None


def test_the_age_at_the_first_look_is_a_rest() -> None:
    first = vitals.moved(FEED, Health(source="x"), as_of=NOW - 3 * DAY, digest="0", has_news=True, now=NOW)
    assert sum(first.gaps.values()) == 1


# --- heartbeat, frozen --------------------------------------------------------------------------------------------

BEATING = replace(MESSAGES, heartbeat=MINUTE)


def test_a_heartbeat_that_stops_is_silence_within_three_minutes() -> None:
    world = World(source=BEATING)
    world.poll(cap("t0", status="Test"))
    world.now += MINUTE
    world.poll(cap("t1", status="System", sent=world.now))
    health = world.desk.healths[BEATING.id]
    assert health.beat == NOW + MINUTE
    assert silent_from(BEATING, health) == NOW + 4 * MINUTE
    assert silence(BEATING, health, NOW + 4 * MINUTE) is Silence.NO_HEARTBEAT
    world.now = NOW + 4 * MINUTE
    assert world.poll(cap("t1", status="System", sent=NOW + MINUTE)) == ["blind"]
    world.now += MINUTE
    assert world.poll(cap("t2", status="Test", sent=world.now)) == ["seeing-again"]


def test_a_heartbeat_that_never_came_is_waited_for_from_the_first_answer() -> None:
    with Store.open(None) as store:
        poll = collect.Poll(documents=(collect.Document(format="usgs", body=quakes()),))
        health = collect.take(store, BEATING, poll, Health(source=BEATING.id), now=NOW).health
    assert health.beat == NOW


def test_a_message_that_the_gate_dropped_is_no_heartbeat() -> None:
    world = World(source=BEATING)
    world.poll(cap("t0", status="Test"))
    world.now += MINUTE
    world.poll(cap("x", sent=world.now, event="Missing person"))
    assert world.desk.healths[BEATING.id].beat == NOW


@pytest.mark.parametrize("documents", [1, 0], ids=["always-200", "always-304"])
def test_a_frozen_generator_is_seen_whatever_http_says(documents: int) -> None:
    source = replace(SNAPSHOT, cadence=5 * MINUTE)
    world = World(source=source)
    world.poll(quakes(5.2))
    reasons = []
    for _ in range(5):
        world.now += 5 * MINUTE
        reasons += world.poll(*[quakes(5.2)] * documents)
    assert reasons == ["blind"]
    assert world.told[-1].at == NOW + 20 * MINUTE
    assert world.desk.situation.events  # and nothing ended


def test_a_time_of_making_ahead_of_our_clock_is_not_believed() -> None:
    world = World(source=SNAPSHOT)
    world.poll(quakes(5.2, generated=NOW + HOUR))
    assert world.desk.healths[SNAPSHOT.id].as_of is None


# --- back in time, half empty -------------------------------------------------------------------------------------


def test_an_older_snapshot_ends_and_changes_nothing_and_what_it_alone_knows_is_kept() -> None:
    world = World(source=SNAPSHOT)
    world.poll(quakes(5.2, 4.9, generated=NOW))
    world.now += 2 * MINUTE
    world.poll(quakes(5.2, 4.9, 5.0, generated=world.now))
    before = set(world.desk.situation.events)
    world.now += MINUTE
    assert world.poll(quakes(5.2, generated=NOW - MINUTE)) == []
    assert set(world.desk.situation.events) == before
    health = world.desk.healths[SNAPSHOT.id]
    assert [mark.flag for mark in health.marks] == [Flag.WENT_BACK]
    assert health.as_of == NOW + 2 * MINUTE
    assert health.etag == ""


def test_a_doubt_is_not_settled_by_not_modified() -> None:
    world = World(source=SNAPSHOT)
    world.poll(quakes(5.2))
    world.now += MINUTE
    world.poll(quakes(generated=world.now))
    assert world.desk.healths[SNAPSHOT.id].suspected
    world.now += MINUTE
    assert world.poll() == []
    assert world.desk.healths[SNAPSHOT.id].suspected
    assert world.desk.situation.events
    world.now += MINUTE
    assert world.poll(quakes(generated=world.now)) == ["ended"]


def test_a_cancel_of_something_else_does_not_end_the_only_alert_at_once() -> None:
    source = replace(MESSAGES, snapshot=True)
    world = World(source=source)
    world.poll(cap("a"))
    world.now += MINUTE
    other = cap("c", sent=world.now, msg_type="Cancel", references=["elsewhere"])
    assert world.poll(other) == []
    assert world.desk.situation.unlisted_since(next(iter(world.desk.situation.events))) == world.now
    world.now += MINUTE
    assert world.poll(other) == ["ended"]


# --- marks --------------------------------------------------------------------------------------------------------


def test_marks_count_what_is_new_and_go_a_day_after_the_last() -> None:
    marks = vitals.marked((), {Flag.LATE: 2, Flag.REPAIRED: 0}, {Flag.TIME_AHEAD}, NOW)
    assert marks == (Mark(flag=Flag.LATE, last=NOW, times=2), Mark(flag=Flag.TIME_AHEAD, last=NOW, times=1))
    later = NOW + vitals.MARKS_KEPT
    assert vitals.marked(marks, {}, {Flag.TIME_AHEAD}, later - MINUTE)[1].times == 1
    assert vitals.marked(marks, {}, (), later) == ()


def test_a_mark_says_nothing_twice_of_one_message() -> None:
    world = World()
    late = cap("a", sent=NOW - 3 * HOUR, expires=NOW - HOUR)
    for _ in range(3):
        world.poll(late)
    assert [(mark.flag, mark.times) for mark in world.desk.healths[MESSAGES.id].marks] == [(Flag.LATE, 1)]


def test_every_flag_and_silence_is_said_in_words() -> None:
    assert coverage.FLAGS.keys() == set(Flag)
    assert coverage.SILENCES.keys() == set(Silence)


def test_marks_and_rhythm_outlive_a_restart() -> None:
    world = World()
    for number in range(3):
        world.poll(cap("a", sent=NOW - 3 * HOUR, expires=NOW - HOUR, severity=("Minor", "Severe", "Extreme")[number]))
        world.now += MINUTE
    assert world.store.healths() == (world.desk.healths[MESSAGES.id],)
    assert world.restarted().healths == world.desk.healths


# --- a reader of ours that fails ----------------------------------------------------------------------------------


def test_a_mistake_of_a_reader_costs_its_document_only(monkeypatch: pytest.MonkeyPatch) -> None:
    read = formats.FORMATS["cap"].read

    class Broken:
        SNAPSHOT = False
        claims = staticmethod(lambda _: False)

        @staticmethod
        def read(body: bytes, **where: object) -> object:
            if b">bad<" in body:
                raise KeyError(body.decode())
            return read(body, **where)  # type: ignore[arg-type]

    monkeypatch.setattr(formats, "FORMATS", {**formats.FORMATS, "cap": Broken})
    world = World()
    with structlog.testing.capture_logs() as said:
        assert world.poll(cap("bad"), cap("a")) == ["first"]
    (entry,) = (one for one in said if one["log_level"] == "error")
    assert (entry["error"], entry["document"]) == ("KeyError", 0)
    assert entry["at"].startswith("test_vitals.py:")
    assert stamp(NOW) not in str(entry)
    assert Flag.PARTLY_UNREADABLE in {mark.flag for mark in world.desk.healths[MESSAGES.id].marks}
