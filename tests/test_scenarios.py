"""The bundled scenarios, played through the loops: who hears what, when, and how often."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from tocsin.model import Level, Notice, Reason
from tocsin.run import demo
from tocsin.store import Store

TORNADO, STORM, QUAKE = "tornado-2021-12-10", "winter-storm-north-england", "earthquake-revisions"
SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "scenarios.py"

Told = tuple[datetime, Reason, Level]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cache
def notices(name: str) -> tuple[Notice, ...]:
    with Store.open(None) as store:
        return tuple(notice for moment in demo.load(name, store).moments() for notice in moment.notices)


def told(name: str, family: str) -> dict[str, list[Told]]:
    """Return for each place what it heard about a family, in order."""
    heard: defaultdict[str, list[Told]] = defaultdict(list)
    for notice in notices(name):
        if notice.family == family:
            for place in notice.places:
                heard[place].append((notice.at, notice.reason, notice.level))
    return dict(heard)


# --- all of them --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [TORNADO, STORM, QUAKE])
def test_is_bundled_and_reads_without_a_problem(name: str) -> None:
    with Store.open(None) as store:
        assert [found for moment in demo.load(name, store).moments() for found in moment.problems] == []


@pytest.mark.parametrize("name", [TORNADO, STORM, QUAKE])
def test_whoever_was_told_gets_one_all_clear_at_the_end(name: str) -> None:
    for family in {notice.family for notice in notices(name)} - {"coverage"}:
        for heard in told(name, family).values():
            assert [reason for _, reason, _ in heard].count(Reason.ENDED) == 1
            assert heard[-1][1] is Reason.ENDED


def test_documents_are_what_the_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], check=True, capture_output=True)  # noqa: S603  our own
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {path: (demo.folder() / path).read_bytes() for path in written}
    bundled = {path.relative_to(demo.folder()) for path in demo.folder().rglob("*") if path.is_file()}
    assert {path.name for path in bundled - written.keys()} == {"places.csv", "README.md"}


# --- (a) the tornado ----------------------------------------------------------------------------------------------

FIRST_WARNING = {"edwardsville-1", "edwardsville-2", "pontoon-beach", "granite-city", "hazelwood"}
WATCH_ONLY = {"st-louis-south", "greenville", "springfield"}


def test_tornado_warning_is_told_once_and_in_the_loop_of_its_arrival() -> None:
    warned = {
        place: [at for at, _, level in heard if level is Level.ACT_NOW]
        for place, heard in told(TORNADO, "tornado").items()
    }
    assert warned == {
        **{place: [utc("2021-12-11 02:06:40")] for place in FIRST_WARNING},
        "litchfield": [utc("2021-12-11 02:34:40")],
        **{place: [] for place in WATCH_ONLY},
    }


def test_tornado_warning_comes_before_the_strike() -> None:
    strike = utc("2021-12-11 02:27")
    first = min(at for at, _, level in told(TORNADO, "tornado")["edwardsville-1"] if level is Level.ACT_NOW)
    assert (strike - first).total_seconds() / 60 == pytest.approx(20, abs=1)


def test_tornado_all_clear_goes_to_exactly_those_told() -> None:
    heard = told(TORNADO, "tornado")
    ended = {place: at for place, said in heard.items() for at, reason, _ in said if reason is Reason.ENDED}
    west, east = utc("2021-12-11 03:45:40"), utc("2021-12-11 05:00:00")
    assert ended == {
        **dict.fromkeys(FIRST_WARNING | {"st-louis-south"}, west),
        **dict.fromkeys(("litchfield", "greenville", "springfield"), east),
    }


def test_tornado_is_not_heard_of_in_minneapolis() -> None:
    assert not any("minneapolis" in notice.places for notice in notices(TORNADO))


# --- (b) the winter storm -----------------------------------------------------------------------------------------

DEAD, BACK = utc("2021-11-26 17:30"), utc("2021-11-26 22:45")
EVERYWHERE = ["carlisle", "hull", "leeds", "london", "manchester", "newcastle"]


def test_storm_with_a_dead_feed_is_blind_everywhere_once_it_is_stale() -> None:
    heard = [(one.at, one.reason, sorted(one.places)) for one in notices(STORM) if one.family == "coverage"]
    assert heard == [
        (utc("2021-11-26 18:00"), Reason.BLIND, EVERYWHERE),
        (BACK, Reason.SEEING_AGAIN, EVERYWHERE),
    ]


def test_storm_blindness_names_what_nobody_watches_and_no_more() -> None:
    (blind,) = (one for one in notices(STORM) if one.reason is Reason.BLIND)
    assert {"wind", "winter"} <= set(blind.families)
    assert "flood" not in blind.families


def test_storm_nothing_of_the_dead_feed_ends_while_it_is_dead() -> None:
    assert [one for one in notices(STORM) if DEAD <= one.at < BACK and one.reason in {Reason.ENDED, Reason.EASED}] == []


def test_storm_the_other_source_is_heard_meanwhile() -> None:
    assert [one.places for one in notices(STORM) if one.family == "flood" and DEAD <= one.at < BACK] == [("hull",)]


def test_storm_what_was_missed_is_told_when_the_feed_is_back() -> None:
    worse = {place for place, said in told(STORM, "winter").items() if (BACK, Reason.WORSE, 3) in said}
    assert worse == {"leeds", "manchester"}


def test_storm_upgrade_rings_on_the_coast_only() -> None:
    upgraded = utc("2021-11-26 09:40")
    assert [one.places for one in notices(STORM) if one.at == upgraded] == [("newcastle",)]


def test_storm_moved_area_reaches_hull_and_leaves_carlisle() -> None:
    moved = utc("2021-11-26 13:05")
    assert {(one.reason, one.places) for one in notices(STORM) if one.at == moved} == {
        (Reason.WORSE, ("hull",)),
        (Reason.ENDED, ("carlisle",)),
    }


def test_storm_london_is_told_only_that_nobody_watches() -> None:
    assert {one.family for one in notices(STORM) if "london" in one.places} == {"coverage"}


# --- (c) the earthquake -------------------------------------------------------------------------------------------


def test_quake_rings_once_and_once_for_the_revision_that_raises_the_level() -> None:
    first, revised = utc("2025-03-04 14:15:20"), utc("2025-03-04 14:27:20")
    until_the_end = {
        place: [(at, reason, int(level)) for at, reason, level in heard if at < utc("2025-03-05 00:00")]
        for place, heard in told(QUAKE, "earthquake").items()
    }
    assert until_the_end == {
        "lahontan": [(first, Reason.FIRST, 3), (revised, Reason.WORSE, 4)],
        **{
            place: [(first, Reason.FIRST, 2), (revised, Reason.WORSE, 3)]
            for place in ("silver-springs", "fallon", "fernley")
        },
        "dayton": [(first, Reason.FIRST, 1), (revised, Reason.WORSE, 2)],
        "verdi": [(revised, Reason.FIRST, 1)],
    }


def test_quake_all_ids_are_one_thread() -> None:
    rang = [one for one in notices(QUAKE) if one.reason in {Reason.FIRST, Reason.WORSE}]
    assert len({thread for one in rang for thread in one.threads}) == 1
