from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.config import EXAMPLE, SETTINGS, parse
from tocsin.errors import ConfigError
from tocsin.model import Level

LEAST = 'contact = "mailto:a@example.org"\nsources = ["us-nws-alerts"]\n'
CHANNEL = '[[channels]]\nid = "desk"\nkind = "webhook"\n'


def test_parse_takes_defaults_for_what_is_not_said() -> None:
    config = parse(LEAST)
    assert (config.places, config.database, config.host, config.port) == ("places.csv", "tocsin.db", "127.0.0.1", 8080)
    assert config.channels == ()


def test_parse_keeps_what_belongs_to_the_channel() -> None:
    config = parse(LEAST + CHANNEL + 'at_least = "act now"\nurl = "https://hooks.example.org/"\n')
    assert config.channels[0].at_least is Level.ACT_NOW
    assert config.channels[0].settings == {"url": "https://hooks.example.org/"}


def test_the_example_is_a_valid_configuration() -> None:
    assert parse(EXAMPLE).sources == ("us-nws-alerts", "us-usgs-earthquakes")


@pytest.mark.parametrize(
    ("text", "setting", "words"),
    [
        pytest.param("contact = ", "", "not TOML", id="not-toml"),
        pytest.param(LEAST + 'plases = "x"', "plases", "did you mean places", id="typing-slip"),
        pytest.param(LEAST + 'zzz = "x"', "zzz", "known are", id="unknown"),
        pytest.param('sources = ["a"]', "contact", "is missing", id="no-contact"),
        pytest.param('contact = "x"', "sources", "is missing", id="no-sources"),
        pytest.param('contact = "x"\nsources = []', "sources", "is missing", id="empty-sources"),
        pytest.param('contact = "x"\nsources = [1]', "sources", "ids in quotes", id="sources-no-text"),
        pytest.param('contact = "x"\nsources = ["a", "a"]', "sources", "named twice", id="source-twice"),
        pytest.param(LEAST + 'port = "80"', "port", "whole number", id="port-as-text"),
        pytest.param(LEAST + "port = true", "port", "whole number", id="port-as-truth"),
        pytest.param(LEAST + "channels = [1]", "channels[0]", "must be a table", id="channel-no-table"),
        pytest.param(LEAST + '[[channels]]\nkind = "webhook"', "channels[0].id", "is missing", id="channel-no-id"),
        pytest.param(LEAST + '[[channels]]\nid = "a"\nkind = 1', "channels[0].kind", "is missing", id="kind-no-text"),
        pytest.param(LEAST + CHANNEL + 'at_least = "loud"', "channels[0].at_least", "be aware", id="no-such-level"),
        pytest.param(LEAST + CHANNEL + CHANNEL, "channels", "named twice", id="channel-twice"),
    ],
)
def test_parse_names_the_setting_and_what_to_do(text: str, setting: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.setting == setting
    assert words in str(caught.value)


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_stands_in_the_docs(key: str) -> None:
    docs = Path(__file__).parents[1] / "docs" / "configuration.md"
    assert f"`{key}`" in docs.read_text(encoding="utf-8")
