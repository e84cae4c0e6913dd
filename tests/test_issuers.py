"""Whose feed may be read: what a name proves, and what no address may be about."""

from __future__ import annotations

import tomllib

import pytest

from tocsin import issuers


@pytest.mark.parametrize(
    ("url", "host"),
    [
        pytest.param("https://Alerts.Example.GOV/cap", "alerts.example.gov", id="small-letters"),
        pytest.param("https://alerts.example.gov:443/cap", "alerts.example.gov", id="the-port-of-https"),
        pytest.param("https://alerts.example.gov:444/cap", None, id="another-port"),
        pytest.param("https://alerts.example.gov:x/cap", None, id="no-port"),
        pytest.param("http://alerts.example.gov/cap", None, id="http"),
        pytest.param("https://me@alerts.example.gov/cap", None, id="user"),
        pytest.param("https://alerts.example.gov./cap", None, id="final-dot"),
        pytest.param("https://alerts..gov/cap", None, id="empty-label"),
        pytest.param("https://gov/cap", None, id="one-label"),
        pytest.param("https://192.0.2.1/cap", None, id="address"),
        pytest.param("https://[2001:db8::1]/cap", None, id="address-of-version-6"),
        pytest.param("https://[/cap", None, id="broken"),
        pytest.param("https://xn--e1afmkfd.gov/cap", None, id="punycode"),
        pytest.param("https://alеrts.gov/cap", None, id="cyrillic"),
        pytest.param("https://alerts.example.gov\\@evil.example/", None, id="backslash"),
        pytest.param("https://alerts.example.gov/ cap", None, id="blank"),
        pytest.param("https://alerts.example.gov/\u202ecap", None, id="turned-round"),
        pytest.param(f"https://alerts.example.gov/{'a' * 2_000}", None, id="too-long"),
    ],
)
def test_host_of(url: str, host: str | None) -> None:
    assert issuers.host_of(url) == host


@pytest.mark.parametrize(
    ("host", "proves"),
    [
        pytest.param("alerts.weather.gov", True, id="gov"),
        pytest.param("gov", False, id="the-suffix-itself"),
        pytest.param("gov.uk", False, id="the-suffix-of-a-country-itself"),
        pytest.param("weather.gov.uk", True, id="country"),
        pytest.param("weather.gov.example", False, id="country-that-has-none"),
        pytest.param("dot.state.or.us", True, id="state"),
        pytest.param("state.or.us", False, id="state-itself"),
        pytest.param("protezionecivile.regione.lombardia.it", True, id="region"),
        pytest.param("regione.lombardia.evil.it", False, id="region-elsewhere"),
        pytest.param("weather.mil", False, id="armed-forces"),
        pytest.param("mygov.uk", False, id="half-a-label"),
    ],
)
def test_is_government(host: str, *, proves: bool) -> None:
    assert issuers.is_government(host) is proves


@pytest.mark.parametrize(
    ("host", "belongs"),
    [
        pytest.param("smhi.se", True, id="the-name-itself"),
        pytest.param("api.smhi.se", True, id="beneath-it"),
        pytest.param("notsmhi.se", False, id="look-alike"),
        pytest.param("smhi.se.example", False, id="in-front-of-another"),
    ],
)
def test_is_operator(host: str, *, belongs: bool) -> None:
    assert issuers.is_operator(host) is belongs


@pytest.mark.parametrize(
    ("host", "looks_alike"),
    [
        pytest.param("api-weather.gov", True, id="another-sign"),
        pytest.param("api.weatherr.gov", True, id="a-letter-more"),
        pytest.param("api.weathe.gov", True, id="a-letter-less"),
        pytest.param("api.weathor.gov", True, id="another-letter"),
        pytest.param("api.waether.gov", True, id="two-exchanged"),
        pytest.param("api.weather.gov", False, id="itself"),
        pytest.param("apis.weather.gov", False, id="a-neighbour"),
        pytest.param("api.weather.gob", False, id="another-country"),
        pytest.param("api.wether2.gov", False, id="two-changes"),
        pytest.param("water.gov", False, id="another-word"),
    ],
)
def test_is_look_alike(host: str, *, looks_alike: bool) -> None:
    assert issuers.is_look_alike(host, "api.weather.gov") is looks_alike


def test_figures_pass_for_letters() -> None:
    assert issuers.is_look_alike("ap1.fl00d.gov", "apl.flood.example.gov".replace("example.", ""))


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        pytest.param("cap.xml", None, id="none"),
        pytest.param("strikes.xml", "labour", id="word"),
        pytest.param("lightning/strikes.xml", None, id="look-alike"),
        pytest.param("lightning-strikes/strikes.xml", "labour", id="look-alike-and-word"),
        pytest.param("unionElections.xml", "labour", id="run-together"),
        pytest.param("gr%C3%A8ves.xml", "labour", id="accent"),
        pytest.param("%25%36%35lections.xml", "politics", id="escaped-twice"),
        pytest.param("ＮＥＷＳ.xml", "press", id="wide"),
        pytest.param("selections.xml", None, id="inside-another-word"),
        pytest.param("laboratory.xml", None, id="beginning-of-another-word"),
        pytest.param("tribunals/cap.xml", "justice", id="beginning"),
        pytest.param("somemissingpersons.xml", "persons", id="part"),
        pytest.param("?format=cap&list=mostwanted", "justice", id="query"),
        pytest.param("@bureau/cap.xml", "social", id="account"),
        pytest.param("~bureau/cap.xml", "social", id="account-of-old"),
        pytest.param("إضراب.xml", "unreadable", id="letters-that-cannot-be-judged"),
        pytest.param("cap.xml#parishes", None, id="a-fragment-is-not-sent"),
    ],
)
def test_topic_of(path: str, topic: str | None) -> None:
    assert issuers.topic_of(f"https://alerts.example.gov/{path}") == topic


def test_an_address_that_is_none_is_about_nothing_readable() -> None:
    assert issuers.topic_of("nonsense") == "unreadable"
    assert not issuers.names_purpose("nonsense", ["hazards"])
    assert not issuers.searches("nonsense?q=1")


@pytest.mark.parametrize(
    ("query", "asks"),
    [
        pytest.param("format=json&bbox=1,2,3,4", False, id="no-question"),
        pytest.param("last_name=doe", True, id="name"),
        pytest.param("a=1;Q=union", True, id="after-a-semicolon"),
        pytest.param("%71=union", True, id="escaped"),
    ],
)
def test_searches(query: str, *, asks: bool) -> None:
    assert issuers.searches(f"https://alerts.example.gov/cap?{query}") is asks


@pytest.mark.parametrize("query", ["api_key=1", "x=1&Access-Token=2", "appid=3"])
def test_has_secret(query: str) -> None:
    assert issuers.has_secret(f"https://alerts.example.gov/cap?{query}")


def test_no_topic_is_named_twice_and_every_word_is_folded() -> None:
    lists = tomllib.loads(issuers.SOURCE)
    for words in (*lists["refused"].values(), *lists["purpose"].values()):
        assert [word for word in words if not word.isascii() or word != word.lower()] == []
        assert len(words) == len(set(words))


@pytest.mark.parametrize("table", ["governments", "operators"])
def test_names_are_names(table: str) -> None:
    names = [name for group in tomllib.loads(issuers.SOURCE)[table].values() for name in group]
    assert len(names) == len(set(names))
    assert all(name in {"gov", "int"} or "." in name for name in names)
