"""Whether somebody who works watches a place: quiet as of, or blind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tocsin.coverage import Account, Silence, account, blindness, covers, is_working, silence, silent_from, watch
from tocsin.hazards import FAMILIES
from tocsin.model import Code, Health, IssuerClass, Place, Source, State

T = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STALE = 15 * MINUTE


def source(
    name: str = "met", *families: str, jurisdiction: tuple[str, ...] = ("GB",), snapshot: bool = False
) -> Source:
    return Source(
        id=name,
        publisher="Weather Office",
        url="https://feeds.example.org/cap",
        format="atom",
        issuer_class=IssuerClass.HAZARD,
        jurisdiction=jurisdiction,
        families=families or ("wind",),
        stale_after=STALE,
        snapshot=snapshot,
    )


def health(
    succeeded: datetime | None, name: str = "met", *, as_of: datetime | None = None, failures: int = 0
) -> Health:
    return Health(source=name, succeeded=succeeded, as_of=as_of, failures=failures)


def place(*codes: str) -> Place:
    geocodes = tuple(Code(*code.split("=")) for code in codes)
    return Place(id="depot", name="Depot", geometry=shapely.Point(-1.5, 53.8), geocodes=geocodes)


LEEDS = place("ISO3166-1=GB", "ISO3166-2=GB-ENG")


@pytest.mark.parametrize(
    ("known", "working"),
    [
        pytest.param(health(T), True, id="just-now"),
        pytest.param(health(T - STALE + timedelta(seconds=1)), True, id="just-fresh"),
        pytest.param(health(T - STALE), False, id="just-stale"),
        pytest.param(health(T - 5 * MINUTE, failures=3), True, id="failing-but-fresh"),
        pytest.param(health(None, failures=3), False, id="never-succeeded"),
        pytest.param(None, False, id="never-polled"),
    ],
)
def test_source_works_by_its_last_success(known: Health | None, working: bool) -> None:
    assert is_working(source(), known, T) is working


@pytest.mark.parametrize(
    ("snapshot", "behind", "working"),
    [
        pytest.param(True, 120 * MINUTE, False, id="frozen"),
        pytest.param(True, 120 * MINUTE - timedelta(seconds=1), True, id="just-not-frozen"),
        pytest.param(False, 120 * MINUTE, True, id="messages-may-rest"),
    ],
)
def test_snapshot_that_stands_still_is_frozen(snapshot: bool, behind: timedelta, working: bool) -> None:
    # 4 x 15 minutes + 1 hour
    assert is_working(source(snapshot=snapshot), health(T, as_of=T - behind), T) is working


@pytest.mark.parametrize(
    ("started", "working"),
    [
        pytest.param(T, True, id="fresh-start"),
        pytest.param(T - STALE, False, id="silent-since-the-start"),
    ],
)
@pytest.mark.parametrize("known", [None, health(None, failures=1)], ids=["never-polled", "never-succeeded"])
def test_source_never_heard_gets_its_time_from_the_start(
    known: Health | None, started: datetime, working: bool
) -> None:
    assert is_working(source(), known, T, since=started) is working


def test_source_that_was_heard_before_the_restart_is_judged_by_that() -> None:
    assert not is_working(source(), health(T - 60 * MINUTE), T, since=T)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.booleans())
def test_silent_from_is_the_moment_at_which_working_ends(heard: int, behind: int, later: int, snapshot: bool) -> None:
    one, known = source(snapshot=snapshot), health(T - heard * MINUTE, as_of=T - behind * MINUTE)
    moment = silent_from(one, known)
    assert moment is not None
    now = T + later * MINUTE
    assert is_working(one, known, now) == (now < moment)


def test_silent_from_of_a_source_never_heard_is_unknown() -> None:
    assert silent_from(source(), None) is None


@pytest.mark.parametrize(
    ("jurisdiction", "codes", "expected"),
    [
        pytest.param(("US",), ("ISO3166-1=US",), True, id="country"),
        pytest.param(("US",), ("ISO3166-2=US-IL",), True, id="country-of-a-state"),
        pytest.param(("US",), ("iso3166-2= us-il ",), True, id="spelling"),
        pytest.param(("US-IL",), ("ISO3166-1=US", "ISO3166-2=US-IL"), True, id="state"),
        pytest.param(("US-MO",), ("ISO3166-1=US", "ISO3166-2=US-IL"), False, id="another-state"),
        pytest.param(("US-MO",), ("ISO3166-1=US",), True, id="state-not-known"),
        pytest.param(("DE",), ("ISO3166-1=US",), False, id="another-country"),
        pytest.param(("DE",), ("ISO3166-2=US-IL",), False, id="another-country-by-state"),
        pytest.param(("DE", "US"), ("ISO3166-1=US",), True, id="one-of-two"),
        pytest.param(("001",), ("ISO3166-1=US",), True, id="world"),
        pytest.param((), ("ISO3166-1=US",), False, id="nowhere"),
        pytest.param(("DE",), (), True, id="place-not-known"),
        pytest.param(("DE",), ("UGC=ILC119",), True, id="place-known-by-other-codes-only"),
    ],
)
def test_covers(jurisdiction: tuple[str, ...], codes: tuple[str, ...], expected: bool) -> None:
    assert covers(source(jurisdiction=jurisdiction), place(*codes)) is expected


def test_watch_of_a_working_source_is_quiet_as_of_its_last_success() -> None:
    found = watch(LEEDS, [source("met", "wind", "snow")], {"met": health(T - MINUTE)}, T)
    assert set(found) == {"wind", "snow"}
    assert (found["wind"].state, found["wind"].as_of, found["wind"].sources) == (State.QUIET, T - MINUTE, ("met",))


def test_watch_of_a_family_with_one_working_source_names_that_one() -> None:
    sources = [source("a"), source("b")]
    found = watch(LEEDS, sources, {"a": health(T - 60 * MINUTE, "a"), "b": health(T - 2 * MINUTE, "b")}, T)["wind"]
    assert (found.state, found.as_of, found.sources) == (State.QUIET, T - 2 * MINUTE, ("b",))


def test_watch_of_a_family_without_a_working_source_is_blind_since_the_last_was_heard() -> None:
    sources = [source("a"), source("b")]
    found = watch(LEEDS, sources, {"a": health(T - 60 * MINUTE, "a"), "b": health(T - 30 * MINUTE, "b")}, T)["wind"]
    assert (found.state, found.as_of, found.sources) == (State.BLIND, T - 30 * MINUTE, ("a", "b"))


def test_watch_holds_no_family_that_nobody_covers() -> None:
    assert watch(LEEDS, [source(jurisdiction=("FR",))], {}, T) == {}


def test_blindness_is_none_while_all_work() -> None:
    assert blindness(LEEDS, [source()], {"met": health(T)}, T) is None


def test_blindness_is_none_where_nobody_is_configured() -> None:
    assert blindness(LEEDS, [source(jurisdiction=("FR",))], {}, T) is None


def test_blindness_is_none_just_after_the_start() -> None:
    assert blindness(LEEDS, [source()], {}, T, since=T) is None


def test_blindness_names_families_sources_and_since_when() -> None:
    sources = [source("met", "wind", "snow"), source("floods", "flood"), source("coast", "wind")]
    healths = {
        "met": health(T - 60 * MINUTE, "met"),
        "floods": health(T, "floods"),
        "coast": health(T - 40 * MINUTE, "coast"),
    }
    found = blindness(LEEDS, sources, healths, T)
    assert found is not None
    assert found.place == "depot"
    assert found.families == ("snow", "wind")
    assert found.sources == ("coast", "met")
    assert found.since == T - 60 * MINUTE


def test_blindness_of_a_source_never_heard_has_no_since() -> None:
    found = blindness(LEEDS, [source()], {}, T)
    assert found is not None
    assert found.since is None


# --- the whole account --------------------------------------------------------------------------------------------


def accounts(
    *sources: Source, healths: dict[str, Health] | None = None, known: tuple[Source, ...] = ()
) -> dict[str, Account]:
    ((_, rows),) = account([LEEDS], sources, healths, T, known=known)
    return {row.family: row for row in rows}


def test_account_has_a_row_for_every_family() -> None:
    assert accounts(source()).keys() == set(FAMILIES)


@pytest.mark.parametrize(
    ("healths", "state", "sources"),
    [
        pytest.param(None, "watched", (("met", ""),), id="nothing-has-run"),
        pytest.param({"met": health(T)}, "watched", (("met", "working"),), id="works"),
        pytest.param({"met": health(T - STALE)}, "blind", (("met", "no-answer"),), id="silent"),
        pytest.param({}, "blind", (("met", "never-answered"),), id="never-heard"),
    ],
)
def test_account_of_who_watches(
    healths: dict[str, Health] | None, state: str, sources: tuple[tuple[str, str], ...]
) -> None:
    row = accounts(source(), healths=healths)["wind"]
    assert (row.state, row.sources, row.candidates) == (state, sources, ())
    assert row.reason.startswith("met")


def test_account_of_what_nobody_watches_names_who_could() -> None:
    free = source("floods", "flood")
    row = accounts(source(), known=(free, source("far", "flood", jurisdiction=("FR",))))["flood"]
    assert (row.state, row.sources, row.candidates) == ("unwatched", (), ("floods",))
    assert row.reason == "no configured source watches it; the catalogue has floods"


def test_account_groups_places_of_which_all_is_the_same() -> None:
    paris = Place(id="p", name="P", geometry=shapely.Point(2.3, 48.8), geocodes=(Code("ISO3166-1", "FR"),))
    london = Place(id="l", name="L", geometry=shapely.Point(0, 51.5), geocodes=(Code("ISO3166-1", "GB"),))
    groups = account([LEEDS, paris, london], [source()], None, T)
    assert [[one.id for one in some] for some, _ in groups] == [["depot", "l"], ["p"]]


def test_silence_names_what_went_missing_first() -> None:
    beating = replace(source(snapshot=True), cadence=5 * MINUTE, heartbeat=MINUTE)
    known = Health(source="met", succeeded=T, as_of=T - 19 * MINUTE, beat=T - MINUTE)
    assert silence(beating, known, T) is None
    assert silence(beating, known, T + MINUTE) is Silence.FROZEN
    assert silence(beating, known, T + 60 * MINUTE) is Silence.FROZEN
    assert silence(beating, replace(known, as_of=T), T + 2 * MINUTE) is Silence.NO_HEARTBEAT
