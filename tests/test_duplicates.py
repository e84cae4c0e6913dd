"""What is one thing and what is not; and that joining takes nothing from any place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled import KINDS, MIRRORS, moment, pairs, quake, score, warning
from shapely import Point

from tocsin import lifecycle
from tocsin.cli import tocsin
from tocsin.duplicates import KM, MAGNITUDES, MAX_AT_ONCE, SECONDS, happenings
from tocsin.match import PlaceIndex
from tocsin.model import Area, Code, Concern, Event, IssuerClass, Place, Reference, Severity, Source
from tocsin.run.situation import Situation
from tocsin.store import Standing
from worlds import quakes as quakes_of_usgs

TIME = "2026-03-01T04:00:00"
NOW = moment(TIME) + timedelta(minutes=30)
DOCS = Path(__file__).parents[1] / "docs" / "duplicates.md"
KM_PER_DEGREE = 111.195
patiently = settings(deadline=None, max_examples=60)


def at(seconds: float) -> str:
    return (moment(TIME) + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def names(*said: Sequence[Event]) -> list[str]:
    """Return the name of what happens for the first event of each."""
    events = [event for parts in said for event in parts]
    threads = lifecycle.threads(events)
    found = happenings([(event, threads[event.id]) for event in events], MIRRORS)
    return [found[parts[0].id] for parts in said]


def are_one(*said: Sequence[Event]) -> bool:
    return len(set(names(*said))) == 1


# --- rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "km", "magnitude", "is_one"),
    [
        pytest.param(0, 0, 5.0, True, id="equal"),
        pytest.param(SECONDS, 0, 5.0, True, id="time-at-the-limit"),
        pytest.param(SECONDS + 1, 0, 5.0, False, id="time-beyond"),
        pytest.param(-SECONDS, 0, 5.0, True, id="earlier-at-the-limit"),
        pytest.param(0, KM * 0.99, 5.0, True, id="distance-within"),
        pytest.param(0, KM * 1.01, 5.0, False, id="distance-beyond"),
        pytest.param(0, 0, 5.0 + MAGNITUDES, True, id="magnitude-at-the-limit"),
        pytest.param(0, 0, 5.0 + MAGNITUDES + 0.1, False, id="magnitude-beyond"),
        pytest.param(0, 0, None, True, id="no-magnitude"),
    ],
)
def test_limits_of_one_quake(seconds: float, km: float, magnitude: float | None, is_one: bool) -> None:
    first = quake("usgs", "a", TIME, 0.0, 20, 10, 5.0)
    assert are_one(first, quake("emsc", "b", at(seconds), km / KM_PER_DEGREE, 20, 10, magnitude)) is is_one


def test_one_catalogue_lists_a_quake_once() -> None:
    assert not are_one(quake("usgs", "a", TIME, 0, 20, 10, 5.0), quake("usgs", "b", TIME, 0, 20, 10, 5.0))


def test_better_agreeing_pair_goes_first() -> None:
    first, second = quake("usgs", "a", TIME, 0, 20, 10, 5.0), quake("usgs", "b", at(12), 0, 20, 10, 5.0)
    one, other = quake("emsc", "c", at(1), 0, 20, 10, 5.0), quake("emsc", "d", at(13), 0, 20, 10, 5.0)
    found = names(first, second, one, other)
    assert (found[0], found[1]) == (found[2], found[3])
    assert found[0] != found[1]


def test_alias_of_another_agency_goes_before_the_limits() -> None:
    far = quake("gdacs", "EQ1", at(-300), 9, 29, 10, 6.9, ids=("us1",))
    assert are_one(quake("usgs", "us1", TIME, 0, 20, 10, 5.0), far)


def test_all_bands_of_a_quake_have_one_name() -> None:
    parts = quake("usgs", "a", TIME, 0, 20, 10, 7.0)
    assert len(parts) == 4
    assert len(set(names(*((part,) for part in parts)))) == 1


def test_what_is_no_earthquake_is_not_joined_by_place_and_time() -> None:
    blasts = [
        tuple(replace(part, hazard="quarry-blast") for part in quake(source, source, TIME, 0, 20, 10, 3.0))
        for source in ("usgs", "emsc")
    ]
    assert not are_one(*blasts)


def alert(source: str = "national", **changed: object) -> tuple[Event, ...]:
    said = {
        "source": source,
        "sender": "met.example",
        "id": "A",
        "sent": TIME,
        "hazard": "wind",
        "severity": "Severe",
        "onset": TIME,
        "expires": at(9000),
        "box": [8, 50, 9, 51],
    }
    return (warning({**said, **changed}),)


@pytest.mark.parametrize(
    ("source", "changed", "is_one"),
    [
        pytest.param("stranger", {}, True, id="one-message-of-two-sources"),
        pytest.param("stranger", {"sent": at(60)}, True, id="a-later-version"),
        pytest.param("stranger", {"sender": "x.example"}, False, id="other-sender"),
        pytest.param("stranger", {"id": "B"}, False, id="other-identifier-of-no-mirror"),
        pytest.param("hub", {"id": "B"}, True, id="other-identifier-of-a-mirror"),
        pytest.param("second-hub", {"id": "B", "sender": "x.example"}, True, id="a-mirror-of-everybody"),
        pytest.param("hub", {"id": "B", "severity": "Moderate"}, False, id="mirror-other-severity"),
        pytest.param("hub", {"id": "B", "expires": at(9060)}, False, id="mirror-other-end"),
        pytest.param("hub", {"id": "B", "hazard": "rain"}, False, id="mirror-other-hazard"),
        pytest.param("hub", {"id": "B", "box": [10, 50, 11, 51]}, False, id="mirror-other-area"),
    ],
)
def test_copies(source: str, changed: dict[str, object], is_one: bool) -> None:
    assert are_one(alert(), alert(source, **changed)) is is_one


def test_copy_that_lost_its_first_message_is_found_by_what_it_refers_to() -> None:
    (first,), (later,) = alert(), alert("hub", id="B", severity="Extreme")
    update = replace(later, references=(Reference("met.example", "A", first.sent),))
    assert are_one((first,), (update,))


def test_mirror_without_shapes_is_found_by_codes() -> None:
    coded = [
        tuple(replace(event, areas=(Area(geocodes=(Code("EMMA_ID", "DE001"),)),)) for event in alert(source, id=name))
        for source, name in (("national", "A"), ("hub", "B"))
    ]
    assert are_one(*coded)


def test_warning_without_times_is_not_taken_for_a_mirrored_one() -> None:
    first, second = ((replace(alert(source, id=source)[0], onset=None),) for source in ("national", "hub"))
    assert not are_one(first, second)


def test_flood_of_quakes_in_one_second_costs_little() -> None:
    said = [quake(f"s{number % 2}", f"q{number}", TIME, 0, 20, 600, 3.0) for number in range(10 * MAX_AT_ONCE)]
    assert len(set(names(*said))) >= 5 * MAX_AT_ONCE


# --- what is published about it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_figures_of_the_docs_are_those_of_the_scenes(kind: str) -> None:
    of = [pair for pair in pairs() if pair.kind == kind]
    right, wrong, missed = score(of)
    row = f"| {kind} | {len(of)} | {right} | {wrong} | {missed} |"
    assert row in DOCS.read_text(encoding="utf-8")


# --- nothing is taken from any place -------------------------------------------------------------------------------

SOURCES = {
    name: Source(
        id=name,
        publisher=name,
        url="",
        format="cap",
        issuer_class=IssuerClass.HAZARD,
        jurisdiction=("001",),
        mirrors=mirrors,
    )
    for name, mirrors in {"usgs": (), "emsc": (), "gdacs": ("usgs",), "national": (), "hub": ("*",)}.items()
}
PLACES = [Place(id=f"p{lon}", name="", geometry=Point(lon / 10, 50.5)) for lon in range(75, 95, 2)]

quakes = st.builds(
    quake,
    st.sampled_from(["usgs", "emsc", "gdacs"]),
    st.sampled_from(["q1", "q2", "q3"]),
    st.integers(-30, 30).map(at),
    st.floats(50, 51),
    st.floats(7.5, 9.5),
    st.sampled_from([5, 30, 200]),
    st.one_of(st.none(), st.floats(2.5, 7.5)),
    ids=st.sampled_from([(), ("us1",)]),
)
alerts = st.builds(
    alert,
    st.sampled_from(["national", "hub"]),
    id=st.sampled_from("AB"),
    severity=st.sampled_from([one.value for one in Severity]),
    expires=st.sampled_from([at(5400), at(9000)]),
    box=st.sampled_from([[8, 50, 9, 51], [7.5, 50, 8.2, 51]]),
)
worlds = st.lists(st.one_of(quakes, alerts), min_size=1, max_size=7)


def concerns(events: Sequence[Event]) -> dict[tuple[str, str], Concern]:
    """Return the concern of every place and family."""
    once = list({event.id: event for event in events}.values())
    threads = lifecycle.threads(once)
    situation = Situation(PlaceIndex(PLACES), SOURCES)
    situation.replace([Standing(event=event, thread=threads[event.id], absent_since=None) for event in once], NOW)
    return {
        (place.id, family): found
        for position, place in enumerate(PLACES)
        for family, found in situation.concerns(position).items()
    }


def of_source(events: Sequence[Event], source: str) -> list[Event]:
    return [event for event in events if event.source == source]


@patiently
@given(worlds)
def test_joining_takes_nothing_from_any_place(said: list[tuple[Event, ...]]) -> None:
    """Beside each source alone: no place less, no level lower, no begin later, no end earlier, no evidence missing."""
    events = [event for parts in said for event in parts]
    together = concerns(events)
    for source in SOURCES:
        for key, alone in concerns(of_source(events, source)).items():
            joined = together[key]
            assert joined.level >= alone.level
            assert joined.people >= alone.people
            assert joined.buildings >= alone.buildings
            assert joined.traffic >= alone.traffic
            assert joined.begins <= alone.begins
            assert joined.ends >= alone.ends
            assert {one.event for one in alone.evidence} <= {one.event for one in joined.evidence}


@patiently
@given(worlds, st.data())
def test_names_do_not_depend_on_the_order(said: list[tuple[Event, ...]], data: st.DataObject) -> None:
    events = list({event.id: event for parts in said for event in parts}.values())
    threads = lifecycle.threads(events)
    known = [(event, threads[event.id]) for event in events]
    shuffled = data.draw(st.permutations(known))
    assert happenings(known, MIRRORS) == happenings(shuffled, MIRRORS)


@patiently
@given(worlds)
def test_quakes_of_one_source_come_together_only_by_alias(said: list[tuple[Event, ...]]) -> None:
    events = list({event.id: replace(event, aliases=()) for parts in said for event in parts}.values())
    quaking = [event for event in events if event.hazard == "earthquake"]
    threads = lifecycle.threads(quaking)
    found = happenings([(event, threads[event.id]) for event in quaking], {})
    for first in quaking:
        for second in quaking:
            if first.source == second.source and threads[first.id] != threads[second.id]:
                assert found[first.id] != found[second.id]


# --- as it is shown ------------------------------------------------------------------------------------------------


def test_situation_names_one_quake_of_two_sources_and_lists_both() -> None:
    said = [*quake("usgs", "a", TIME, 50.5, 8.5, 10, 6.0), *quake("emsc", "b", at(3), 50.52, 8.5, 10, 6.1)]
    joined = concerns(said)["p85", "earthquake"]
    assert {one.source for one in joined.evidence} == {"usgs", "emsc"}
    assert len({one.happening for one in joined.evidence}) == 1


def test_situation_parts_them_again_when_one_is_revised_away() -> None:
    situation = Situation(PlaceIndex(PLACES), SOURCES)

    def hear(*events: Event) -> None:
        threads = lifecycle.threads(events)
        situation.replace([Standing(event=one, thread=threads[one.id], absent_since=None) for one in events], NOW)

    hear(*quake("usgs", "a", TIME, 50.5, 8.5, 10, 6.0))
    hear(*(one := quake("emsc", "b", at(3), 50.52, 8.5, 10, 6.1)))
    position = PLACES.index(next(place for place in PLACES if place.id == "p85"))
    assert len({each.happening for each in situation.concerns(position)["earthquake"].evidence}) == 1
    moved = [
        replace(each, sent=each.sent + timedelta(minutes=1)) for each in quake("emsc", "b", at(40), 50.52, 8.5, 10, 6.1)
    ]
    hear(*one, *moved)
    assert len({each.happening for each in situation.concerns(position)["earthquake"].evidence}) == 2


def test_check_shows_both_sources_of_one_quake(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("id,name,lat,lon\nharbour,Harbour depot,50.1,8.1\n", encoding="utf-8")
    (tmp_path / "usgs.json").write_bytes(quakes_of_usgs(6.2))
    said = {
        "unid": "20260301_0000041",
        "time": "2026-03-01T12:00:04.0Z",
        "lastupdate": "2026-03-01T12:08:00Z",
        "evtype": "ke",
        "mag": 6.0,
        "depth": 10.0,
        "flynn_region": "GERMANY",
    }
    point = {"type": "Point", "coordinates": [8.25, 50.15, -10.0]}
    (tmp_path / "emsc.json").write_text(json.dumps({"type": "Feature", "geometry": point, "properties": said}))
    feeds = [part for name in ("usgs.json", "emsc.json") for part in ("--feeds", str(tmp_path / name))]
    asked = ["check", str(tmp_path / "places.csv"), *feeds, "--at", "2026-03-01T13:00:00Z", "--json"]
    shown = json.loads(CliRunner().invoke(tocsin, asked).stdout)
    ((concern,),) = [place["concerns"] for place in shown["places"]]
    assert {one["source"] for one in concern["evidence"]} == {"recorded-usgs", "recorded-emsc"}
    assert len({one["happening"] for one in concern["evidence"]}) == 1
    assert concern["ends"] == "2026-03-02T12:00:04Z"
