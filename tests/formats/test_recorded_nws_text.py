"""The recorded text products of NWS, where they are on this machine: against the manifest, and in series."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tocsin import formats, gate, lifecycle
from tocsin.model import Event, IssuerClass, Reading

pytestmark = pytest.mark.shared

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NO_ALERTS = {"AFD.txt", "LSR_LSR.txt", "MCD_MPD_SWOMCD.txt", "pywwa_DSM.txt"}
# Where the manifest, which was written with regular expressions, counts less than there is: a block of codes over
# several lines is not found, "Lat...Lon" neither; and it counts "$$", of which these have one less or more.
MORE_CODES = {"TSU_TSUWCA_2024.txt", "WSWOUN_9.txt", "pywwa_EQR.txt"}
MORE_POLYGONS = {"mIxEd_CaSe_FLWLCH.txt"}
OTHER_SEGMENTS = {"WCN_WCN.txt", "SEL_SEL9.txt"}
SUMMARIES = {"FLSRAH.txt"}  # says its codes twice, for the product and for its only segment
OVER = {"CAN", "EXP", "UPG"}
CORRECTED = {"NPWGID_02.txt"}  # the correction of an end
NO_AREA = {"FLS_FLSSJU_twopoint.txt"}  # a polygon of two points
SERIES = [
    "FLSLBF", "FLWCAE", "FLWCHS_2019", "FLWMEG", "FLWMTR", "MWWLWX", "NPWGID", "NPWLCH", "NPWMRX", "RFWVEF",
    "SVRMEG_", "TORE_", "WSWDMX_WSW_0", "WSWDVN", "WSWGRR", "WSWOUN", "vtec_TORFWD", "vtec_WSWLWX", "vtec_crosses",
]  # fmt: skip
ENDED = {"NPWGID", "SVRMEG_", "vtec_TORFWD", "vtec_WSWLWX", "FLWCAE", "WSWDMX_WSW_0"}

CROSSING = {"FLW_FLWJKL_multipolygon.txt", "SVRLMK.txt", "SVSMOB.txt"}  # polygons that cross themselves

Row = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[Row]:
    lines = (shared / "feeds/dev/MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    cells = [line.split("\t") for line in lines]
    return [(shared / "feeds/dev" / row[0], json.loads(row[-1])) for row in cells if row[1] == "nws_text"]


def read(path: Path) -> Reading:
    return formats.read("nws_text", path.read_bytes(), source="recorded", now=NOW)


def events(path: Path) -> list[Event]:
    return [event for item in read(path).items for event in item.events]


def segments(path: Path) -> list[Event]:
    """Return the first event of each segment: those of one follow one another and have the same areas."""
    found: list[Event] = []
    for event in events(path):
        if not found or found[-1].areas != event.areas or found[-1].texts[0].description != event.texts[0].description:
            found.append(event)
    return found


def codes(path: Path) -> list[str]:
    return [code.value for event in segments(path) for area in event.areas for code in area.geocodes]


def test_recorded_products_name_their_format(rows: list[Row]) -> None:
    assert len(rows) > 200
    assert {path.name for path, _ in rows if formats.name_of(path.read_bytes()) != "nws_text"} == set()


def test_recorded_products_are_items_unless_they_are_no_alerts(rows: list[Row]) -> None:
    counts = {path.name: len(read(path).items) for path, _ in rows}
    assert {name for name, count in counts.items() if count != 1} == NO_ALERTS


def test_recorded_vtecs_are_counted(rows: list[Row]) -> None:
    wrong = []
    for path, expected in rows:
        found = [event for event in events(path) if event.codes[0].scheme == "NationalWeatherService"]
        pairs = Counter(f"{event.codes[0].value[:2]}.{event.codes[0].value[2]}" for event in found)
        if len(found) != expected["vtec"] or dict(pairs) != expected.get("phensig", {}):
            wrong.append(path.name)
    assert wrong == []


def test_recorded_vtecs_are_those_of_the_manifest(rows: list[Row]) -> None:
    wrong = []
    for path, expected in rows:
        for vtec, event in zip(expected.get("vtec_first", ()), events(path), strict=False):
            _, action, office, phenomenon, significance, number, times = vtec.split(".")
            alias = f"vtec:{office}.{phenomenon}.{significance}.{number}."
            moments = [None if time.startswith("0000") else time for time in times.split("-")]
            found = [moment and f"{moment:%y%m%dT%H%MZ}" for moment in (event.onset, event.expires)]
            if not (number == "0000" or event.aliases[0].startswith(alias)) or found[0] != moments[0]:
                wrong.append((path.name, vtec))
            if (moments[1] and found[1] != moments[1]) or event.is_over != (
                action in OVER or (action == "COR" and path.name in CORRECTED)
            ):
                wrong.append((path.name, vtec))
    assert wrong == []


def test_recorded_codes_are_counted(rows: list[Row]) -> None:
    read_all = {path.name: codes(path) for path, _ in rows if path.name not in NO_ALERTS}
    expected = {path.name: row for path, row in rows if path.name not in NO_ALERTS}
    assert {name for name, found in read_all.items() if len(found) > expected[name]["ugc"]} == MORE_CODES
    assert {name for name, found in read_all.items() if len(found) < expected[name]["ugc"]} == SUMMARIES
    firsts = {name: found[:3] for name, found in read_all.items() if name not in MORE_CODES | SUMMARIES}
    assert firsts == {name: expected[name].get("ugc_first", []) for name in firsts}


def test_recorded_polygons_and_segments_are_counted(rows: list[Row]) -> None:
    wrong = []
    for path, expected in rows:
        if path.name in NO_ALERTS:
            continue
        found = segments(path)
        drawn = sum(event.areas[0].geometry is not None for event in found)
        polygons = expected["polygons"] + (path.name in MORE_POLYGONS) - (path.name in NO_AREA)
        if drawn != polygons or (len(found) != expected["segments"]) != (path.name in OTHER_SEGMENTS):
            wrong.append(path.name)
    assert wrong == []


def test_recorded_products_are_sent_when_their_header_says(rows: list[Row]) -> None:
    times = {path.name: ({f"{event.sent:%d%H%M}" for event in events(path)}, row["wmo"][-6:]) for path, row in rows}
    assert {name for name, (found, header) in times.items() if found and found != {header}} == set()


def test_recorded_products_have_no_problems_but_of_shape(rows: list[Row]) -> None:
    problems = {path.name: [p for item in read(path).items for p in item.problems] for path, _ in rows}
    assert {name for name, found in problems.items() if any(not p.is_repaired for p in found)} == NO_AREA
    assert {name for name, found in problems.items() if found} - NO_AREA == CROSSING


def test_recorded_products_at_the_gate(rows: list[Row]) -> None:
    rules: Counter[str] = Counter()
    for path, _ in rows:
        for item in read(path).items:
            ruling = gate.examine(item, issuer_class=IssuerClass.HAZARD)
            rules[ruling.decision.rule] += 1
            assert ruling.decision.rule != "listed" or len(ruling.admitted) == len(item.events)
    assert rules == {"listed": len(rows) - len(NO_ALERTS) - 5, "not-public": 3, "person": 2}


def test_recorded_signatures_are_not_read(rows: list[Row]) -> None:
    leaked = []
    for path, _ in rows:
        lines = [line.strip() for line in path.read_text("latin-1").splitlines() if line.strip(" \x03\r")]
        last = lines[-1].strip("$ ")
        said = "\n".join(f"{t.headline}\n{t.description}\n{t.instruction}" for e in events(path) for t in e.texts)
        if re.fullmatch(r"[A-Za-z/ ]{4,30}", last) and last in said:
            leaked.append(path.name)
    assert leaked == []


@pytest.mark.parametrize("prefix", SERIES)
def test_recorded_series_ends_as_it_is_read_word_by_word(shared: Path, prefix: str) -> None:
    """After each product, the zones in force are those of which the last word, VTEC by VTEC, is not an end."""
    files = sorted((shared / "feeds/dev/nws_text").glob(f"{prefix}*.txt"))
    admitted = [
        one.event
        for path in files
        for item in read(path).items
        for one in gate.examine(item, issuer_class=IssuerClass.HAZARD).admitted
    ]
    assert len(files) > 1
    moments = sorted({event.sent for event in admitted})
    for moment in moments:
        heard = [event for event in admitted if event.sent <= moment]
        assert _standing(lifecycle.in_force(heard, moment)) == _last_words(heard, moment)
    assert (prefix in ENDED) == (not _last_words(admitted, moments[-1]))


def _standing(found: tuple[Event, ...]) -> set[tuple[str, str]]:
    return {(_key(event), code.value) for event in found for area in event.areas for code in area.geocodes}


def _key(event: Event) -> str:
    # Without its year: in January a string that no longer says when it began has two.
    return event.aliases[0].rpartition(".")[0] if event.aliases else event.identifier


def _last_words(heard: list[Event], moment: datetime) -> set[tuple[str, str]]:
    """Return (VTEC, zone) of what goes on, by taking for each the last product that speaks of it and no other rule."""
    words: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in sorted(heard, key=lambda event: (event.sent, event.identifier)):
        for zone in {code.value for area in event.areas for code in area.geocodes}:
            same = words[_key(event), zone]
            if same and same[-1].sent < event.sent:
                same.clear()
            same.append(event)
    return {
        name for name, same in words.items() if any(not one.is_over and moment < lifecycle.ends(one) for one in same)
    }
