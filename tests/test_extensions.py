"""Sources that an operator adds to the catalogue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tocsin import catalogue, extensions
from tocsin.errors import ConfigError
from tocsin.model import IssuerClass

ROW: dict[str, Any] = {
    "id": "xx-met",
    "publisher": "Example Weather Service",
    "url": "https://alerts.weather.example.gov/cap.atom",
    "format": "atom",
    "licence": "CC0",
    "issuer_class": "official_hazard",
    "jurisdiction": ["US", "US-CA"],
    "watches": ["weather", "floods"],
}


def test_read_gives_the_source_that_a_table_states() -> None:
    (source,) = extensions.read([{**ROW, "interval_s": 120, "stale_after_s": 600, "snapshot": True}])
    assert (source.id, source.url, source.issuer_class) == ("xx-met", ROW["url"], IssuerClass.HAZARD)
    assert (source.interval, source.stale_after, source.snapshot) == (
        timedelta(minutes=2), timedelta(minutes=10), True,
    )  # fmt: skip
    assert source.attribution == source.publisher
    assert "flood" in source.families
    assert catalogue.hosts(source) == ("alerts.weather.example.gov",)
    assert not catalogue.lists(source)
    assert catalogue.lists(catalogue.SOURCES["us-nws-alerts"])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"id": "XX met"}, "small letters, digits and hyphens", id="id"),
        pytest.param({"id": "us-nws-alerts"}, "name it under `sources`", id="id-of-the-catalogue"),
        pytest.param({"url": catalogue.SOURCES["us-nws-alerts"].url}, "the catalogue has this address", id="address"),
        pytest.param({"urls": "x"}, "urls is not known; did you mean url?", id="key"),
        pytest.param({"verified": True}, "verified is not known", id="not-the-operators-to-say"),
        pytest.param({"hosts": ["evil.example"]}, "hosts is not known", id="no-further-hosts"),
        pytest.param({"headers": {"X": "y"}}, "headers is not known", id="no-headers"),
        pytest.param({"publisher": ""}, "has no publisher", id="without-publisher"),
        pytest.param({"publisher": 7}, "publisher must be text in quotes", id="no-text"),
        pytest.param({"snapshot": 1}, "snapshot must be true or false", id="no-yes-or-no"),
        pytest.param({"interval_s": True}, "interval_s must be a whole number", id="no-number"),
        pytest.param({"watches": "weather"}, "watches must be a list", id="no-list"),
        pytest.param({"watches": [1]}, "list of words", id="no-words"),
        pytest.param({"watches": ["wether"]}, "did you mean weather?", id="family"),
        pytest.param({"jurisdiction": ["001"]}, "ISO 3166", id="the-world-is-no-operators-to-speak-for"),
        pytest.param({"issuer_class": "unregistered"}, "issuer_class must be one of", id="class"),
        pytest.param({"issuer_class": None}, "issuer_class must be text", id="class-that-is-no-text"),
        pytest.param({"format": "html"}, "format is not listed", id="format"),
        pytest.param({"url": "https://alerts.example.org/cap"}, "proves no government", id="host"),
        pytest.param({"url": "https://alerts.weather.example.gov/strikes"}, "may be about (labour)", id="topic"),
        pytest.param({"url": "http://alerts.weather.example.gov/cap"}, "plain https", id="http"),
        pytest.param({"interval_s": 59}, "interval_s must be 60 or more", id="impolite"),
        pytest.param({"interval_s": 300, "stale_after_s": 899}, "three times interval_s", id="stale-at-once"),
    ],
)  # fmt: skip
def test_read_refuses(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        extensions.read([{**ROW, **changed}])
    assert str(raised.value).startswith("extra_sources[0]: ")
    assert says in str(raised.value)


def test_read_refuses_a_second_table_of_one_id() -> None:
    with pytest.raises(ConfigError, match=r"extra_sources\[1\]: xx-met is named twice"):
        extensions.read([ROW, ROW])


@pytest.mark.parametrize(
    "row", [{**ROW, "url": "https://alerts.example.org/secret-word"}, {**ROW, "id": "secret-word "}]
)
def test_errors_do_not_repeat_what_was_typed(row: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as raised:
        extensions.read([row])
    assert "secret-word" not in str(raised.value)
