"""The closed list: what is on it, how a document's words and codes find it, and that nothing else does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import formats, hazards
from tocsin.gate.sentences import is_topic_term
from tocsin.hazards import FAMILIES, HAZARDS, hazard_of
from tocsin.model import Category, Code, Status

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("codes", "terms", "slug"),
    [
        pytest.param([("SAME", "TOR")], [], "tornado", id="same"),
        pytest.param([("same", "svr")], [], "severe-thunderstorm", id="same-in-small-letters"),
        pytest.param([("NationalWeatherService", "XHW")], [], "heat", id="nws-phenomenon-and-significance"),
        pytest.param([("NationalWeatherService", "SPS")], [], "severe-weather", id="nws-product"),
        pytest.param([("OET:v1.2", "OET-081")], [], "flood", id="oasis-event-terms"),
        pytest.param([("OASIS:EventTerms", "oet-079")], [], "flash-flood", id="oasis-event-terms-long"),
        pytest.param([("awareness_type", "1; Wind")], [], "wind", id="meteoalarm"),
        pytest.param([("awareness_type", "12")], [], "flood", id="meteoalarm-number"),
        pytest.param([("profile:CAP-CP:Event:0.4", "freezeRain")], [], "ice-storm", id="cap-cp"),
        pytest.param([("usgs:type", "quarry blast")], [], "quarry-blast", id="usgs"),
        pytest.param([("gdacs:eventtype", "TC")], [], "tropical-cyclone", id="gdacs"),
        pytest.param([("somebody", "TOR")], [], None, id="code-of-unknown-scheme"),
        pytest.param([("SAME", "ADR")], [], None, id="code-that-is-no-hazard"),
        pytest.param([("NationalWeatherService", "TOX")], [], None, id="significance-unknown"),
        pytest.param([], ["Flood"], "flood", id="term"),
        pytest.param([], ["  FLOOD! "], "flood", id="term-shouted"),
        pytest.param([], ["Severe Thunderstorm Watch"], "severe-thunderstorm", id="term-with-level"),
        pytest.param([], ["Red Flag Warning"], "fire-weather", id="term-that-holds-a-level"),
        pytest.param([], ["Warning of severe floods"], "flood", id="level-words-before"),
        pytest.param([], ["Strong gusty winds"], "high-wind", id="level-word-inside-the-term"),
        pytest.param([], ["Inundacion"], "flood", id="without-accents"),
        pytest.param([], ["Yoğun kar yağışı"], "snow", id="dotless-i"),
        pytest.param([], ["Vigilance orange : orages"], "severe-thunderstorm", id="french"),
        pytest.param([], ["Amtliche WARNUNG vor STURMBÖEN"], "high-wind", id="german"),
        pytest.param([], ["GEWITTER mit STARKREGEN"], "severe-thunderstorm", id="joined-by-a-word"),
        pytest.param([], ["Rain, wind and snow"], "snow", id="joined-worst-of-three"),
        pytest.param([], ["Wind/Rain, orange"], "wind", id="joined-with-a-level"),
        pytest.param([], ["Wind and picnic"], None, id="joined-with-something-unlisted"),
        pytest.param(
            [], ["VORABINFORMATION UNWETTER vor SCHWEREM GEWITTER"], "severe-thunderstorm", id="joined-german"
        ),
        pytest.param([], ["Snow-ice"], "ice", id="hyphen"),
        pytest.param([], ["ओलावृष्टि की चेतावनी"], "hail", id="hindi"),
        pytest.param([], ["تحذير من السيول"], "flash-flood", id="arabic"),
        pytest.param([], ["大雨警報"], "rain", id="japanese"),
        pytest.param([], ["Silný vítr"], "high-wind", id="czech"),
        pytest.param([], ["Public warning system test"], "public-warning-test", id="public-test"),
        pytest.param([], ["A flood of applause"], None, id="longer-text-that-holds-a-term"),
        pytest.param([], ["Floodlight"], None, id="longer-word-that-holds-a-term"),
        pytest.param([], ["Amber Alert"], None, id="level-words-alone"),
        pytest.param([], ["Warning"], None, id="one-level-word"),
        pytest.param([], ["Orange, red"], None, id="joined-level-words-alone"),
        pytest.param([], [""], None, id="empty"),
        pytest.param([], [], None, id="nothing"),
        pytest.param([], ["flood " * 40], None, id="too-long"),
        pytest.param([], ["a " * 20], None, id="too-many-words"),
        pytest.param([("awareness_type", "2; snow-ice")], ["Snow"], "snow", id="term-finer-than-code"),
        pytest.param([("SAME", "FRW")], ["Sack race"], "wildfire", id="code-with-unlisted-term"),
        pytest.param([("SAME", "CEM")], ["Flood"], "flood", id="term-with-unlisted-code"),
        pytest.param([("NationalWeatherService", "FWA")], ["Hurricane Watch"], "hurricane", id="worse-term-wins"),
        pytest.param([("SAME", "TOR")], ["Wind"], "tornado", id="worse-code-wins"),
        pytest.param([], ["Wind", "Vent", "Tornade"], "tornado", id="worst-of-languages"),
        pytest.param([("profile:CAP-CP:Event:0.4", "rdCondition")], [], "road-conditions", id="road-conditions"),
        pytest.param([], ["Wegwerkzaamheden"], "roadworks", id="roadworks-dutch"),
        pytest.param([], ["Verkehrsunfall"], "road-obstruction", id="road-obstruction-german"),
        pytest.param([], ["Roadworks and road closed"], "road-closure", id="closure-is-worse-than-works"),
        pytest.param([], ["Post-Tropical Cyclone"], "tropical-cyclone", id="post-tropical"),
        pytest.param([], ["Subtropical Depression"], "tropical-storm", id="subtropical-depression"),
        pytest.param([], ["Kermis"], "planned-event", id="planned-event"),
    ],
)
def test_hazard_of(codes: list[tuple[str, str]], terms: list[str], slug: str | None) -> None:
    assert hazard_of([Code(*code) for code in codes], terms) == slug


MINIMAL = """
joiners = ["and"]
families = {sea = "Sea"}
level_words = {en = ["big"]}
[hazard.wave]
family = "sea"
label = "Wave"
categories = ["Met"]
lasts_h = 1.5
same = ["WAV"]
terms = {en = ["wave"]}
[hazard.swell]
family = "sea"
label = "Swell"
categories = ["Met"]
lasts_h = 1
"""


def test_load_reads_a_list() -> None:
    wave = hazards.load(MINIMAL).hazards["wave"]
    assert (wave.family, wave.categories, wave.lasts) == ("sea", (Category.MET,), timedelta(minutes=90))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param('same = ["wav"]', "listed under wave", id="code-twice"),
        pytest.param('terms = {de = ["WAVE"]}', "listed under wave", id="term-twice"),
        pytest.param("colour = 1", "unknown key colour", id="unknown-key"),
    ],
)
def test_load_refuses_a_contradiction(wrong: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hazards.load(MINIMAL + wrong)


def test_load_refuses_an_unlisted_family() -> None:
    with pytest.raises(ValueError, match="family land is not listed"):
        hazards.load(MINIMAL.replace('family = "sea"', 'family = "land"', 1))


def test_load_refuses_an_unknown_category() -> None:
    with pytest.raises(ValueError, match="Sea"):
        hazards.load(MINIMAL.replace('["Met"]', '["Sea"]', 1))


def test_every_family_has_a_hazard() -> None:
    assert {hazard.family for hazard in HAZARDS.values()} == set(FAMILIES)


@pytest.mark.parametrize("hazard", HAZARDS.values(), ids=HAZARDS)
def test_every_term_finds_its_own_hazard(hazard: hazards.Hazard) -> None:
    terms = [term for words in hazard.terms.values() for term in words]
    assert [term for term in terms if hazard_of((), [term]) != hazard.slug] == []


@pytest.mark.parametrize("hazard", HAZARDS.values(), ids=HAZARDS)
def test_every_hazard_has_a_life_and_a_category(hazard: hazards.Hazard) -> None:
    assert hazard.categories
    assert timedelta(0) < hazard.lasts <= timedelta(days=7)


def test_no_hazard_is_a_person_or_a_topic() -> None:
    terms = ["Blue Alert", "Child Abduction Emergency", "Law Enforcement Warning", "Strike", "Grève", "Demonstration"]
    assert [term for term in terms if hazard_of((), [term])] == []


def test_no_term_of_a_planned_event_names_a_protected_topic() -> None:
    terms = [term for words in HAZARDS["planned-event"].terms.values() for term in words]
    assert [term for term in terms if is_topic_term(term)] == []


# Everything api.weather.gov/alerts/types lists that is a hazard.
NWS_EVENTS = """911 Telephone Outage|Air Quality Alert|Air Stagnation Advisory|Ashfall Advisory|Avalanche Warning
Beach Hazards Statement|Blizzard Warning|Blowing Dust Advisory|Brisk Wind Advisory|Coastal Flood Statement
Cold Weather Advisory|Dense Fog Advisory|Dense Smoke Advisory|Dust Storm Warning|Earthquake Warning
Evacuation - Immediate|Extreme Cold Watch|Extreme Fire Danger|Extreme Heat Warning|Extreme Wind Warning|Fire Warning
Fire Weather Watch|Flash Flood Statement|Flood Advisory|Freeze Warning|Freezing Fog Advisory|Freezing Spray Advisory
Frost Advisory|Gale Warning|Hard Freeze Watch|Hazardous Materials Warning|Hazardous Seas Warning
Hazardous Weather Outlook|Heat Advisory|Heavy Freezing Spray Warning|High Surf Advisory|High Wind Watch
Hurricane Force Wind Warning|Hurricane Local Statement|Hydrologic Outlook|Ice Storm Warning|Lake Effect Snow Warning
Lake Wind Advisory|Lakeshore Flood Statement|Low Water Advisory|Marine Weather Statement|Nuclear Power Plant Warning
Radiological Hazard Warning|Red Flag Warning|Rip Current Statement|Severe Thunderstorm Watch|Severe Weather Statement
Shelter In Place Warning|Short Term Forecast|Small Craft Advisory For Hazardous Seas|Small Stream Flood Advisory
Snow Squall Warning|Special Marine Warning|Special Weather Statement|Storm Surge Watch|Storm Warning|Tornado Watch
Tropical Depression Local Statement|Tropical Storm Warning|Tsunami Advisory|Typhoon Watch
Urban And Small Stream Flood Advisory|Volcano Warning|Wind Advisory|Wind Chill Watch|Winter Storm Warning
Winter Weather Advisory"""


@pytest.mark.parametrize("name", NWS_EVENTS.replace("\n", "|").split("|"))
def test_names_of_the_weather_service_are_listed(name: str) -> None:
    assert hazard_of((), [name])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("folder", "name"),
    [("cap10", "cap"), ("cap11", "cap"), ("cap12", "cap"), ("nws_geojson", "nws"), ("usgs_geojson", "usgs")],
)
def test_recorded_documents_are_listed(shared: Path, folder: str, name: str) -> None:
    """All but messages that name no hazard: civil emergency, homeland security, "Gefahrendurchsage", no term."""
    unlisted = set()
    for path in sorted((shared / "feeds" / "dev" / folder).iterdir()):
        for item in formats.read(name, path.read_bytes(), source="s", now=NOW).items:
            for event in item.events:
                terms = [text.event for text in event.texts]
                if event.status is Status.ACTUAL and terms and not hazard_of(event.codes, terms):
                    unlisted.update(terms)
    assert unlisted <= {
        "",
        "Civil Emergency Message",
        "Local Area Emergency",
        "Homeland Security Advisory System Update",
        "Gefahrendurchsage",
    }


@pytest.mark.shared
def test_recorded_items_that_must_pass_are_listed(shared: Path) -> None:
    unlisted = []
    for line in (shared / "gate" / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["format"] in {"cap", "nws"} and row["expected"].startswith("pass"):
            items = formats.read(row["format"], row["document"].encode(), source="s", now=NOW).items
            events = [event for item in items for event in item.events]
            found = [hazard_of(event.codes, [text.event for text in event.texts]) for event in events]
            unlisted += [row["id"]] * (not all(found))
    assert unlisted == []
