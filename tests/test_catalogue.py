"""The closed list of sources."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin import catalogue, formats, hazards
from tocsin.catalogue import ENTRIES, SOURCES
from tocsin.errors import ConfigError
from tocsin.model import IssuerClass

HERE = Path(__file__).parent
READABLE = [name for name, entry in ENTRIES.items() if not entry.is_planned]


def test_catalogue_has_the_sources_that_everything_else_names() -> None:
    assert {
        "us-nws-alerts",
        "us-usgs-earthquakes",
        "uk-metoffice",
        "meteoalarm-united-kingdom",
        "de-dwd",
        "gdacs",
    } <= set(SOURCES)


def test_catalogue_is_as_wide_as_it_is_meant_to_be() -> None:
    countries = {code.partition("-")[0] for source in SOURCES.values() for code in source.jurisdiction} - {"001"}
    assert len(SOURCES) >= 150
    assert len(countries) >= 60


def test_every_planned_source_says_why_it_cannot_be_read() -> None:
    assert [name for name, entry in ENTRIES.items() if entry.is_planned and not entry.source.about] == []


def test_no_address_is_listed_twice() -> None:
    urls = [source.url for source in SOURCES.values()]
    assert sorted(urls) == sorted(set(urls))


@pytest.mark.parametrize("name", ENTRIES)
def test_every_source_can_be_polled_politely(name: str) -> None:
    source = SOURCES[name]
    assert source.interval * 0.8 >= timedelta(seconds=48)
    assert source.stale_after >= 3 * source.interval


@pytest.mark.parametrize("name", ENTRIES)
def test_every_source_says_whom_to_credit_and_where_it_speaks(name: str) -> None:
    source = SOURCES[name]
    assert source.attribution
    assert source.jurisdiction
    assert source.issuer_class is not IssuerClass.UNREGISTERED


@pytest.mark.parametrize("name", ENTRIES)
def test_every_family_is_one_that_hazards_have(name: str) -> None:
    assert set(SOURCES[name].families) <= set(hazards.FAMILIES)


@pytest.mark.parametrize("name", READABLE)
def test_every_readable_source_has_a_reader(name: str) -> None:
    assert SOURCES[name].format in formats.FORMATS


def test_nws_is_never_asked_more_often_than_it_wishes() -> None:
    assert SOURCES["us-nws-alerts"].interval * 0.8 >= timedelta(seconds=60)


def test_find() -> None:
    assert catalogue.find("us-nws-alerts").url == "https://api.weather.gov/alerts/active"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("us-nws-alert", "did you mean us-nws-alerts", id="near"),
        pytest.param("???", "tocsin sources list", id="unlike-any"),
        pytest.param("uk-metoffice", "cannot be read yet (format nswws)", id="planned"),
    ],
)
def test_find_refuses(name: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        catalogue.find(name)
    assert says in str(raised.value)


def test_hosts_are_those_of_the_catalogue() -> None:
    assert catalogue.hosts(SOURCES["hk-hko"]) == ("alerts.weather.gov.hk", "rss.weather.gov.hk")


def test_headers_are_those_of_the_catalogue_and_go_nowhere_else() -> None:
    source = SOURCES["no-entur-sx"]
    assert catalogue.headers(source).keys() == {"ET-Client-Name"}
    assert catalogue.headers(replace(source, url="http://127.0.0.1:8000/feed")) == {}
    assert catalogue.headers(SOURCES["hk-hko"]) == {}


def test_hosts_of_a_source_with_another_address_are_its_own() -> None:
    rehearsal = replace(SOURCES["hk-hko"], url="http://127.0.0.1:8000/feed")
    assert catalogue.hosts(rehearsal) == ("127.0.0.1",)


def test_hosts_of_a_source_without_a_host_are_none_that_answers() -> None:
    assert catalogue.hosts(replace(SOURCES["hk-hko"], id="xx", url="feed.xml")) == ("",)


@pytest.mark.parametrize(
    ("url", "format_", "says"),
    [
        pytest.param("https://api.weather.gov/alerts/active", "nws", None, id="listed"),
        pytest.param("https://API.weather.gov:443/alerts", "nws", None, id="listed-otherwise-written"),
        pytest.param("http://api.weather.gov/alerts/active", "nws", "plain https", id="http"),
        pytest.param("https://api.weather.gov:8443/", "nws", "plain https", id="other-port"),
        pytest.param("https://api.weather.gov:x/", "nws", "plain https", id="no-port"),
        pytest.param("https://api.weather.gov@evil.example/", "nws", "plain https", id="credentials"),
        pytest.param("https://", "nws", "plain https", id="no-host"),
        pytest.param("https://api.weather.gov.evil.example/", "nws", "proves no government", id="look-alike"),
        pytest.param("https://weather.gov/", "nws", None, id="parent-that-a-government-has"),
        pytest.param("https://weather.example/rss", "atom", "no public authority", id="stranger"),
        pytest.param("https://api.weather.gov/", "html", "format", id="page"),
    ],
)
def test_refuses(url: str, format_: str, says: str | None) -> None:
    why = catalogue.refuses(url, format_)
    assert why is None if says is None else says in (why or "")


@pytest.mark.shared
def test_refuses_as_the_examples_expect(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "gate" / "sources.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows if _verdict(row) != row["expected"]] == []


OWN = [json.loads(line) for line in (HERE / "gate" / "sources.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", OWN, ids=[row["id"] for row in OWN])
def test_refuses_as_our_own_cases_expect(row: dict[str, str]) -> None:
    assert _verdict(row) == row["expected"], row["why"]


def _verdict(row: dict[str, str]) -> str:
    return "accept" if catalogue.refuses(row["url"], row["format"]) is None else "refuse"


ROW = """
formats = ["cap"]
[watches]
weather = ["wind"]
[like.met]
format = "cap"
interval_s = 60
[[source]]
id = "xx-met"
like = "met"
publisher = "Example Weather Service"
url = "https://alerts.example.org/"
licence = "CC0"
attribution = "Example Weather Service"
jurisdiction = ["US"]
watches = ["weather"]
"""


def test_parse_joins_a_row_with_what_it_is_like() -> None:
    entries = catalogue.parse(ROW).entries
    source = entries["xx-met"].source
    assert (source.interval, source.families, entries["xx-met"].is_verified) == (timedelta(minutes=1), ("wind",), False)


def test_parse_knows_mirrors() -> None:
    hub = (
        ROW[ROW.index("[[source]]") :].replace("xx-met", "hub").replace("licence =", 'mirrors = ["xx-met"]\nlicence =')
    )
    entries = catalogue.parse(ROW + hub).entries
    assert (entries["hub"].source.mirrors, entries["xx-met"].source.mirrors) == (("xx-met",), ())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            "publisher =", "publischer =", "xx-met: publischer is not known; did you mean publisher", id="key"
        ),
        pytest.param("formats =", "zzz = 1\nformats =", "known are", id="table"),
        pytest.param('like = "met"', 'like = "net"', "is like net", id="like"),
        pytest.param('url = "https://alerts.example.org/"', "", "has no url", id="missing"),
        pytest.param('licence = "CC0"', "", "has no licence", id="without-licence"),
        pytest.param("https://alerts", "http://alerts", "plain https", id="http"),
        pytest.param('format = "cap"', 'format = "cup"', "format is not listed", id="format"),
        pytest.param('watches = ["weather"]', 'watches = ["wether"]', "did you mean weather", id="watches"),
        pytest.param("[[source]]", "[[source]]\nid = 'xx-met'\n[[source]]", "has no publisher", id="half-a-row"),
        pytest.param("licence =", 'mirrors = ["yy-met"]\nlicence =', "xx-met: yy-met is not known", id="mirror"),
        pytest.param("licence =", 'mirrors = ["xx-met"]\nlicence =', "xx-met: xx-met is not known", id="own-mirror"),
    ],
)
def test_parse_refuses(old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        catalogue.parse(ROW.replace(old, new, 1))
    assert says in str(raised.value)


def test_parse_refuses_a_second_row_of_one_id() -> None:
    row = ROW[ROW.index("[[source]]") :]
    with pytest.raises(ConfigError, match="listed twice"):
        catalogue.parse(ROW + row)


def test_docs_show_the_catalogue_as_it_is() -> None:
    docs = (Path(__file__).parents[1] / "docs" / "catalogue.md").read_text(encoding="utf-8")
    rows = [f"| `{name}` |" for name in ENTRIES]
    assert [row for row in rows if docs.count(row) != 1] == [], "run scripts/catalogue_table.py"


@pytest.mark.parametrize(
    ("words", "filters", "found"),
    [
        pytest.param(["nws"], {}, {"us-nws-alerts"}, id="word"),
        pytest.param(["meteoalarm", "GERMANY"], {}, {"meteoalarm-germany"}, id="words-whatever-their-case"),
        pytest.param(["bureau of nothing"], {}, set(), id="none"),
        pytest.param(["usgs"], {"country": "nz"}, {"us-usgs-earthquakes"}, id="country-of-a-source-for-the-world"),
        pytest.param(["us-"], {"family": "volcano"}, {"us-usgs-volcanoes"}, id="family"),
    ],
)
def test_search(words: list[str], filters: dict[str, Any], found: set[str]) -> None:
    assert {entry.source.id for entry in catalogue.search(words, **filters)} >= found
    assert found or not catalogue.search(words, **filters)
