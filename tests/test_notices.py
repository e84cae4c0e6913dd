"""When a channel must hear about a place: the decision as a table, and two hours of an issuer who wavers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.model import (
    Blindness,
    Certainty,
    Concern,
    Event,
    Evidence,
    Level,
    Notice,
    Reason,
    Relation,
    Response,
    Severity,
    Text,
    Told,
    Urgency,
)
from tocsin.notices import (
    COVERAGE,
    EASE_AFTER,
    LONGER_BY,
    SOONER_BY,
    Due,
    due,
    due_coverage,
    group,
    is_remembered,
    settles,
    told_after,
)

T = datetime(2021, 12, 11, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
BEGINS = T + 4 * HOUR
ENDS = T + 8 * HOUR

CALM, NOTICE, AWARE, PREPARED, ACT = Level


def evidence(event: str) -> Evidence:
    return Evidence(
        event=event,
        source="nws",
        identifier=event,
        sent=T,
        severity=Severity.SEVERE,
        urgency=Urgency.EXPECTED,
        certainty=Certainty.LIKELY,
        area_exact=True,
    )


def concern(level: Level = PREPARED, **fields: Any) -> Concern:
    defaults: dict[str, Any] = {
        "place": "depot",
        "family": "wind",
        "hazard": "tornado",
        "level": level,
        "people": level,
        "buildings": CALM,
        "traffic": CALM,
        "begins": BEGINS,
        "ends": ENDS,
        "relation": Relation.INSIDE,
        "distance_m": 0.0,
        "threads": ("t",),
        "evidence": (evidence("e"),),
    }
    return Concern(**(defaults | fields))


def told(level: Level = PREPARED, **fields: Any) -> Told:
    """Return what was told of such a concern, long enough ago for an easing."""
    defaults: dict[str, Any] = {
        "channel": "mail",
        "place": "depot",
        "family": "wind",
        "at": T - EASE_AFTER,
        "level": level,
        "begins": BEGINS,
        "ends": ENDS,
        "threads": ("t",),
    }
    return Told(**(defaults | fields))


FRESH: dict[str, Any] = {"at": T - EASE_AFTER + SECOND}
GONE: dict[str, Any] = {"threads": ("another",)}


@pytest.mark.parametrize(
    ("current", "before", "reason"),
    [
        pytest.param(None, None, None, id="nothing"),
        pytest.param(concern(AWARE), None, Reason.FIRST, id="first-at-the-level"),
        pytest.param(concern(NOTICE), None, None, id="first-below-the-level"),
        pytest.param(concern(), told(), None, id="same"),
        pytest.param(concern(ACT), told(), Reason.WORSE, id="worse"),
        pytest.param(concern(ACT), told(**FRESH), Reason.WORSE, id="worse-is-never-held-back"),
        pytest.param(concern(ACT, begins=T), told(), Reason.WORSE, id="worse-before-sooner"),
        pytest.param(None, told(), Reason.ENDED, id="ended"),
        pytest.param(None, told(**FRESH), Reason.ENDED, id="ended-is-never-held-back"),
        pytest.param(concern(AWARE), told(), Reason.EASED, id="eased"),
        pytest.param(concern(AWARE), told(**FRESH), None, id="eased-too-soon-after-the-last-word"),
        pytest.param(concern(NOTICE), told(), Reason.EASED, id="eased-below-the-level"),
        pytest.param(concern(CALM), told(), Reason.EASED, id="eased-to-calm"),
        pytest.param(concern(CALM), told(NOTICE), None, id="below-the-level-nothing-more-is-eased"),
        pytest.param(None, told(NOTICE), None, id="below-the-level-nothing-more-is-ended"),
        pytest.param(concern(NOTICE), told(CALM), None, id="below-the-level-nothing-gets-worse"),
        pytest.param(concern(AWARE), told(NOTICE), Reason.WORSE, id="back-over-the-level"),
        pytest.param(concern(AWARE, **GONE), told(NOTICE), Reason.FIRST, id="something-new-over-the-level"),
        pytest.param(concern(begins=BEGINS - SOONER_BY), told(), Reason.SOONER, id="sooner-by-the-threshold"),
        pytest.param(concern(begins=BEGINS - SOONER_BY + SECOND), told(), None, id="sooner-just-under"),
        pytest.param(concern(begins=BEGINS + HOUR), told(), None, id="later"),
        pytest.param(concern(begins=T - HOUR), told(), Reason.SOONER, id="has-begun-and-was-told-for-later"),
        pytest.param(
            concern(begins=T - HOUR), told(begins=T + SOONER_BY), Reason.SOONER, id="has-begun-half-an-hour-early"
        ),
        pytest.param(
            concern(begins=T - HOUR), told(begins=T + SOONER_BY - SECOND), None, id="has-begun-nearly-as-told"
        ),
        pytest.param(concern(begins=T - HOUR), told(begins=T), None, id="a-begin-that-has-passed-never-rings"),
        pytest.param(concern(begins=T), told(begins=None), None, id="no-begin-was-told"),
        pytest.param(concern(AWARE, begins=T), told(**FRESH), Reason.SOONER, id="sooner-though-less"),
        pytest.param(concern(ends=ENDS + LONGER_BY), told(), Reason.LONGER, id="longer-by-the-threshold"),
        pytest.param(concern(ends=ENDS + LONGER_BY - SECOND), told(), None, id="longer-just-under"),
        pytest.param(concern(ends=ENDS - HOUR), told(), None, id="shorter"),
        pytest.param(concern(ends=ENDS + LONGER_BY), told(ends=None), None, id="no-end-was-told"),
        pytest.param(concern(AWARE, ends=ENDS + LONGER_BY), told(**FRESH), None, id="longer-and-less-waits"),
        pytest.param(concern(AWARE, ends=ENDS + LONGER_BY), told(), Reason.EASED, id="longer-and-less-is-eased"),
        pytest.param(concern(response=(Response.SHELTER,)), told(), Reason.INSTRUCTION, id="shelter"),
        pytest.param(concern(response=(Response.EVACUATE,)), told(), Reason.INSTRUCTION, id="evacuate"),
        pytest.param(concern(response=(Response.PREPARE,)), told(), Reason.INSTRUCTION, id="prepare"),
        pytest.param(concern(response=(Response.EXECUTE,)), told(), Reason.INSTRUCTION, id="execute"),
        pytest.param(concern(response=(Response.AVOID,)), told(), Reason.INSTRUCTION, id="avoid"),
        pytest.param(concern(response=(Response.MONITOR,)), told(), None, id="monitor-asks-for-nothing"),
        pytest.param(concern(response=(Response.ALL_CLEAR,)), told(), None, id="all-clear-asks-for-nothing"),
        pytest.param(
            concern(response=(Response.SHELTER,)), told(response=(Response.SHELTER,)), None, id="shelter-was-told"
        ),
        pytest.param(
            concern(AWARE, response=(Response.EVACUATE,)), told(**FRESH), Reason.INSTRUCTION, id="evacuate-though-less"
        ),
        pytest.param(concern(**GONE), told(), None, id="a-second-issuer-of-the-same-storm"),
    ],
)
def test_due(current: Concern | None, before: Told | None, reason: Reason | None) -> None:
    assert due(current, before, now=T, at_least=AWARE) is reason


@pytest.mark.parametrize(
    ("current", "reason"),
    [pytest.param(concern(CALM), None, id="calm"), pytest.param(concern(NOTICE), Reason.FIRST, id="notice")],
)
def test_due_never_rings_for_calm(current: Concern, reason: Reason | None) -> None:
    assert due(current, None, now=T, at_least=CALM) is reason


@pytest.mark.parametrize(
    ("current", "before", "moment"),
    [
        pytest.param(None, told(), None, id="over"),
        pytest.param(concern(), None, None, id="not-told"),
        pytest.param(concern(), told(), None, id="same"),
        pytest.param(concern(ACT), told(), None, id="worse"),
        pytest.param(concern(AWARE), told(at=T), T + EASE_AFTER, id="eased"),
    ],
)
def test_settles(current: Concern | None, before: Told | None, moment: datetime | None) -> None:
    assert settles(current, before) == moment


def test_settles_names_the_first_moment_at_which_easing_is_due() -> None:
    current, before = concern(AWARE), told(at=T)
    moment = settles(current, before)
    assert moment is not None
    reasons = [due(current, before, now=now, at_least=AWARE) for now in (moment - SECOND, moment)]
    assert reasons == [None, Reason.EASED]


# --- what stays told ----------------------------------------------------------------------------------------------


def change(reason: Reason, current: Concern | Blindness | None, before: Told | None = None, **fields: Any) -> Due:
    return Due(
        **{"channel": "mail", "place": "depot", "family": "wind"} | fields, reason=reason, current=current, told=before
    )


def test_told_after_first_is_what_was_said() -> None:
    current = concern(response=(Response.SHELTER,))
    assert told_after(change(Reason.FIRST, current), now=T) == told(at=T, response=(Response.SHELTER,), rang=(T,))


@pytest.mark.parametrize(
    ("reason", "level"),
    [
        pytest.param(Reason.WORSE, ACT, id="worse"),
        pytest.param(Reason.EASED, AWARE, id="eased"),
    ],
)
def test_told_after_a_change_of_level_is_the_new_one(reason: Reason, level: Level) -> None:
    current = concern(level, response=(Response.AVOID,))
    after = told_after(change(reason, current, told(response=(Response.SHELTER,))), now=T)
    assert after == told(level, at=T, response=(Response.AVOID,), rang=(T,))


@pytest.mark.parametrize("reason", [Reason.SOONER, Reason.INSTRUCTION, Reason.LONGER])
def test_told_after_other_changes_keeps_level_and_responses(reason: Reason) -> None:
    current = concern(AWARE, begins=T, ends=ENDS + HOUR, response=(Response.EVACUATE,))
    after = told_after(change(reason, current, told(response=(Response.AVOID,))), now=T)
    assert after == told(at=T, begins=T, ends=ENDS + HOUR, response=(Response.EVACUATE, Response.AVOID), rang=(T,))


@pytest.mark.parametrize("reason", [Reason.ENDED, Reason.SEEING_AGAIN])
def test_told_after_the_end_is_forgotten(reason: Reason) -> None:
    assert told_after(change(reason, None, told()), now=T) is None


def rang(*minutes: float) -> tuple[datetime, ...]:
    return tuple(T + minute * MINUTE for minute in minutes)


def test_told_after_an_end_within_the_hour_is_remembered_as_calm() -> None:
    after = told_after(change(Reason.ENDED, None, told(rang=rang(-59))), now=T)
    assert after == told(CALM, at=T, begins=None, ends=None, rang=rang(-59, 0))
    assert is_remembered(after, T + HOUR - SECOND)
    assert not is_remembered(after, T + HOUR)


def test_told_after_an_end_keeps_no_word_older_than_an_hour() -> None:
    assert told_after(change(Reason.ENDED, None, told(rang=rang(-60))), now=T) is None


@pytest.mark.parametrize(
    ("current", "before", "reason"),
    [
        pytest.param(None, told(rang=rang(-59, -30)), Reason.ENDED, id="end-is-the-third-word"),
        pytest.param(None, told(rang=rang(-59, -30, -1)), None, id="end-would-be-the-fourth"),
        pytest.param(None, told(rang=rang(-60, -30, -1)), Reason.ENDED, id="end-an-hour-after-the-first"),
        pytest.param(concern(AWARE), told(at=T - HOUR, rang=rang(-59, -30, -29)), None, id="easing-as-the-fourth"),
        pytest.param(concern(ACT), told(rang=rang(-3, -2, -1)), Reason.WORSE, id="a-rise-waits-for-nothing"),
        pytest.param(concern(), told(CALM, rang=rang(-3, -2, -1)), Reason.FIRST, id="after-an-end-a-first-word"),
        pytest.param(None, told(CALM, rang=rang(-3, -2)), None, id="what-is-over-is-told-once"),
    ],
)
def test_due_of_what_comes_and_goes(current: Concern | None, before: Told, reason: Reason | None) -> None:
    assert due(current, before, now=T, at_least=NOTICE) is reason


def test_settles_names_the_first_moment_at_which_an_end_is_due() -> None:
    before = told(rang=rang(-59, -30, -1))
    moment = settles(None, before)
    assert moment == T + MINUTE
    assert due(None, before, now=moment, at_least=NOTICE) is Reason.ENDED
    assert settles(None, told(CALM)) is None


def blindness(*families: str, place: str = "depot", sources: tuple[str, ...] = ("nws",)) -> Blindness:
    return Blindness(place=place, families=families, sources=sources)


def told_blind(*families: str, place: str = "depot") -> Told:
    return Told(channel="mail", place=place, family=COVERAGE, at=T, level=NOTICE, families=families)


def test_told_after_blind_keeps_the_families() -> None:
    after = told_after(change(Reason.BLIND, blindness("flood", "wind"), family=COVERAGE), now=T)
    assert after == told_blind("flood", "wind")


@pytest.mark.parametrize(
    ("current", "before", "reason"),
    [
        pytest.param(None, None, None, id="all-seen"),
        pytest.param(blindness("wind"), None, Reason.BLIND, id="blind"),
        pytest.param(blindness(), None, None, id="blind-to-nothing"),
        pytest.param(blindness("wind"), told_blind("wind"), None, id="told-already"),
        pytest.param(blindness("flood", "wind"), told_blind("wind"), Reason.BLIND, id="one-more"),
        pytest.param(blindness("flood"), told_blind("wind"), Reason.BLIND, id="another"),
        pytest.param(blindness("wind"), told_blind("flood", "wind"), None, id="one-less"),
        pytest.param(None, told_blind("wind"), Reason.SEEING_AGAIN, id="all-seen-again"),
    ],
)
def test_due_coverage(current: Blindness | None, before: Told | None, reason: Reason | None) -> None:
    assert due_coverage(current, before) is reason


# --- stories ------------------------------------------------------------------------------------------------------


def play(
    concerns: Iterable[Concern | None], *, at_least: Level = AWARE, every: timedelta = MINUTE
) -> list[tuple[int, Reason]]:
    """Return what is told, as (minute, reason), when the concern is so at one step after another."""
    known: Told | None = None
    rung = []
    for step, current in enumerate(concerns):
        now = T + step * every
        reason = due(current, known, now=now, at_least=at_least)
        if reason is not None:
            known = told_after(change(reason, current, known), now=now)
            rung.append((int((now - T) / MINUTE), reason))
    return rung


FLIPS: dict[str, Callable[[int], Concern]] = {
    "severe-and-minor": lambda minute: concern([PREPARED, NOTICE][minute % 2]),
    "severe-and-moderate": lambda minute: concern([PREPARED, AWARE][minute % 2]),
    "odd-rhythm": lambda minute: concern([ACT, ACT, AWARE][minute % 3]),
    "with-an-end-that-flips-too": lambda minute: concern(
        [PREPARED, AWARE][minute % 2], ends=[ENDS, ENDS + 5 * HOUR][minute % 2]
    ),
}


@pytest.mark.parametrize("flip", [pytest.param(flip, id=name) for name, flip in FLIPS.items()])
def test_a_level_that_flips_for_two_hours_rings_at_most_four_times_an_hour(flip: Callable[[int], Concern]) -> None:
    rung = [minute for minute, _ in play(map(flip, range(121)))]
    assert max(sum(start <= minute < start + 60 for minute in rung) for start in range(121)) <= 4


def test_a_level_that_flips_tells_each_rise_at_once_and_an_easing_later() -> None:
    assert play(map(FLIPS["severe-and-minor"], range(64))) == [
        (0, Reason.FIRST),
        (31, Reason.EASED),
        (32, Reason.WORSE),
        (63, Reason.EASED),
    ]


def test_an_end_that_creeps_rings_when_the_steps_add_up() -> None:
    creeping = [concern(ends=ENDS + hours * HOUR) for hours in range(8)]
    assert play(creeping, every=HOUR) == [(0, Reason.FIRST), (180, Reason.LONGER), (360, Reason.LONGER)]


def test_a_begin_that_creeps_rings_when_the_steps_add_up() -> None:
    creeping = [concern(begins=BEGINS - 10 * step * MINUTE) for step in range(7)]
    assert play(creeping) == [(0, Reason.FIRST), (3, Reason.SOONER), (6, Reason.SOONER)]


def test_a_warning_from_watch_to_end_rings_once_for_each_change() -> None:
    story = [concern(AWARE)] * 40 + [concern(ACT, response=(Response.SHELTER,))] * 45 + [concern(NOTICE)] * 10 + [None]
    assert play(story) == [(0, Reason.FIRST), (40, Reason.WORSE), (85, Reason.EASED)]


def test_an_end_is_told_to_whoever_was_told_of_the_danger() -> None:
    assert play([concern(), None, None]) == [(0, Reason.FIRST), (1, Reason.ENDED)]


def test_an_instruction_that_flips_with_the_level_rings_once() -> None:
    flip = [concern(PREPARED, response=(Response.SHELTER,)), concern(AWARE, response=(Response.AVOID,))]
    assert play(flip * 14) == [(0, Reason.FIRST), (1, Reason.INSTRUCTION)]


# --- grouping -----------------------------------------------------------------------------------------------------

EVENT = Event(
    source="nws",
    sender="example.org",
    identifier="e",
    sent=T,
    sender_name="Weather office",
    web="https://example.org/e",
    texts=(Text(language="en", headline="Tornado"),),
)


def first(place: str, level: Level = PREPARED, **fields: Any) -> Due:
    return change(Reason.FIRST, concern(level, place=place, **fields), place=place)


def grouped(*changes: Due, events: dict[str, Event] | None = None) -> tuple[Notice, ...]:
    return group(changes, now=T, events={"e": EVENT} if events is None else events)


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([first("b"), first("a")], [("a", "b")], id="many-places"),
        pytest.param([first("a"), replace(first("a"), channel="hook")], [("a",), ("a",)], id="channels"),
        pytest.param([first("a"), first("b", ACT)], [("a",), ("b",)], id="levels"),
        pytest.param([first("a"), replace(first("b"), family="flood")], [("a",), ("b",)], id="families"),
        pytest.param(
            [first("a"), change(Reason.WORSE, concern(place="b"), told(AWARE, place="b"), place="b")],
            [("a",), ("b",)],
            id="reasons",
        ),
        pytest.param(
            [change(Reason.ENDED, None, told(place=name), place=name) for name in "ab"], [("a", "b")], id="ended"
        ),
        pytest.param(
            [
                change(Reason.ENDED, None, told(level, place=name), place=name)
                for name, level in zip("ab", (AWARE, ACT), strict=True)
            ],
            [("a",), ("b",)],
            id="ended-by-the-level-that-was-told",
        ),
        pytest.param(
            [change(Reason.BLIND, blindness("wind", place=name), place=name, family=COVERAGE) for name in "ab"],
            [("a", "b")],
            id="blind",
        ),
        pytest.param(
            [
                change(Reason.BLIND, blindness("wind"), place="a", family=COVERAGE),
                change(Reason.BLIND, blindness("flood"), place="b", family=COVERAGE),
            ],
            [("a",), ("b",)],
            id="blind-to-other-families",
        ),
        pytest.param(
            [
                change(Reason.BLIND, blindness("wind"), place="a", family=COVERAGE),
                change(Reason.BLIND, blindness("wind", sources=("dwd",)), place="b", family=COVERAGE),
            ],
            [("a",), ("b",)],
            id="blind-by-other-sources",
        ),
        pytest.param(
            [
                change(Reason.SEEING_AGAIN, None, told_blind("wind", place=name), place=name, family=COVERAGE)
                for name in "ab"
            ],
            [("a", "b")],
            id="seeing-again",
        ),
    ],
)
def test_group(changes: list[Due], places: list[tuple[str, ...]]) -> None:
    assert sorted(notice.places for notice in grouped(*changes)) == places


def test_group_puts_the_worst_notice_first() -> None:
    assert [notice.level for notice in grouped(first("a", AWARE), first("b", ACT), first("c"))] == [
        ACT,
        PREPARED,
        AWARE,
    ]


def test_group_spans_the_earliest_begin_to_the_latest_end() -> None:
    (notice,) = grouped(first("a", begins=T), first("b", ends=ENDS + HOUR))
    assert (notice.begins, notice.ends) == (T, ENDS + HOUR)


def test_group_joins_the_threads() -> None:
    (notice,) = grouped(first("a", threads=("v", "t")), first("b", threads=("u",)))
    assert notice.threads == ("t", "u", "v")


def test_group_sorts_concerns_by_begin_and_place() -> None:
    (notice,) = grouped(first("c"), first("b", begins=T), first("a"))
    assert [one.place for one in notice.concerns] == ["b", "a", "c"]


def test_group_quotes_the_worst_evidence() -> None:
    (notice,) = grouped(first("a"))
    assert (notice.texts, notice.sender_name, notice.web) == (EVENT.texts, EVENT.sender_name, EVENT.web)


@pytest.mark.parametrize(
    ("changes", "events"),
    [
        pytest.param([first("a")], {}, id="event-not-there"),
        pytest.param([first("a", evidence=())], {"e": EVENT}, id="no-evidence"),
        pytest.param([change(Reason.ENDED, None, told())], {"e": EVENT}, id="ended"),
    ],
)
def test_group_without_the_event_quotes_nothing(changes: list[Due], events: dict[str, Event]) -> None:
    (notice,) = grouped(*changes, events=events)
    assert (notice.texts, notice.sender_name, notice.web) == ((), "", "")


def test_group_tells_of_an_end_in_the_terms_of_what_was_told() -> None:
    (notice,) = grouped(change(Reason.ENDED, None, told()))
    assert (notice.level, notice.begins, notice.ends, notice.threads) == (PREPARED, BEGINS, ENDS, ("t",))


def test_group_names_the_families_and_sources_of_blindness() -> None:
    (notice,) = grouped(change(Reason.BLIND, blindness("wind"), family=COVERAGE))
    assert (notice.family, notice.families, notice.sources) == (COVERAGE, ("wind",), ("nws",))


def test_group_names_the_families_that_are_seen_again() -> None:
    (notice,) = grouped(change(Reason.SEEING_AGAIN, None, told_blind("wind"), family=COVERAGE))
    assert (notice.families, notice.sources) == (("wind",), ())


def test_group_is_the_same_in_any_order() -> None:
    changes: Sequence[Due] = [first("c"), first("a", ACT), first("b"), replace(first("d"), channel="hook")]
    assert grouped(*changes) == grouped(*reversed(changes))


def test_notice_id_is_the_same_everywhere() -> None:
    (notice,) = grouped(first("a"))
    # printf '["2021-12-11T02:00:00+00:00", "mail", "first", "wind", 3, ["a"], ["t"]]' | sha256sum | cut -c 1-26
    assert notice.id == "ntc_026c84070bff1a7c5abb96d9d1"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(first("b"), id="place"),
        pytest.param(first("a", ACT), id="level"),
        pytest.param(first("a", threads=("u",)), id="thread"),
        pytest.param(replace(first("a"), channel="hook"), id="channel"),
        pytest.param(replace(first("a"), family="flood"), id="family"),
        pytest.param(replace(first("a"), reason=Reason.WORSE), id="reason"),
    ],
)
def test_notice_id_differs_by(other: Due) -> None:
    assert grouped(first("a"))[0].id != grouped(other)[0].id


def test_notice_id_differs_by_moment() -> None:
    now, then = (group([first("a")], now=now, events={})[0].id for now in (T, T + SECOND))
    assert now != then
