"""`tocsin.toml` as a frozen `Config`.

Parsing only: text in, values out. Files, the environment and secrets are read by the layers that do I/O. An unknown
key is an error that names the nearest known one, so that a typing slip never silently means "the default".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from tocsin.errors import ConfigError
from tocsin.model import Level

_LAST_PORT = 65_535
_LEVELS = {level.words.lower(): level for level in Level if level is not Level.CALM}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One way to tell people. `settings` belong to the kind; `at_least` is the level from which it is told."""

    id: str
    kind: str
    at_least: Level = Level.BE_AWARE
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What an operator decided. `contact` goes into the User-Agent of every request to a public feed.

    `database`, `places`, `geocodes` and `policy` are paths as written, relative to the file that held them; `sources`
    are ids of the catalogue.
    """

    contact: str
    sources: tuple[str, ...]
    places: str = "places.csv"
    database: str = "tocsin.db"
    host: str = "127.0.0.1"
    port: int = 8080
    geocodes: str = ""
    ledger: str = "ledger"
    ledger_key: str = "ledger.key"
    policy: str = ""
    allow_private_witnesses: bool = False
    channels: tuple[ChannelConfig, ...] = ()
    extra_sources: tuple[Mapping[str, Any], ...] = ()


# key -> type and, for the docs and for `tocsin init`, one sentence; tests check that the docs name every one.
SETTINGS: Mapping[str, tuple[type, str]] = {
    "contact": (str, "an address at which the feeds' operators can reach you; sent in the User-Agent of every request"),
    "sources": (list, "ids of the public sources to read (see docs/sources.md)"),
    "places": (str, "file with the places you look after (.csv, .geojson, .gpkg)"),
    "database": (str, "the SQLite file; made when it is absent"),
    "host": (str, "address of the console; loopback unless a proxy with TLS and login stands before it"),
    "port": (int, "port of the console"),
    "geocodes": (str, "a geocode pack of yours, made by tocsin geocodes build; beside those that Tocsin brings"),
    "ledger": (str, "the folder into which the transparency log is published, for auditors and witnesses"),
    "ledger_key": (str, "the file with the log's private key; made when it is absent"),
    "policy": (
        str,
        "a file that names the witnesses of the log and their quorum (see docs/witness.md); none by default",
    ),
    "allow_private_witnesses": (bool, "true lets witnesses lie in your own network or on this machine"),
    "extra_sources": (
        list,
        "tables [[extra_sources]]: feeds of authorities that the catalogue lacks (docs/sources.md)",
    ),
    "channels": (list, "tables [[channels]]: id, kind, at_least and what the kind needs (see docs/channels.md)"),
}

EXAMPLE = """\
# Tocsin. Every key is explained in docs/configuration.md; a key that is not known is an error.

# {contact}.
contact = "mailto:emergency-planning@example.org"

# {sources}.
sources = ["us-nws-alerts", "us-usgs-earthquakes"]

# {places}.
places = "places.csv"

# {database}.
database = "tocsin.db"

# {host}.
host = "127.0.0.1"
port = 8080

# Whom to tell. Secrets never stand in this file: they are "env:NAME" or "file:PATH".
# [[channels]]
# id = "control-room"
# kind = "webhook"
# at_least = "be aware"          # notice, be aware, be prepared, act now
# url = "https://hooks.example.org/tocsin"
# secret = "env:TOCSIN_WEBHOOK_SECRET"
""".format(**{key: about for key, (_, about) in SETTINGS.items()})


def parse(text: str) -> Config:
    """Return the configuration that `text` (TOML) states. Raises ConfigError naming the setting."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is not TOML: {error}") from None
    refuse_unknown(table, SETTINGS, where="")
    for key, value in table.items():
        kind = SETTINGS[key][0]
        if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
            raise ConfigError(f"must be {_KINDS[kind]}", setting=key)
    if not 0 <= table.get("port", 0) <= _LAST_PORT:
        raise ConfigError(f"must lie between 0 (any free one) and {_LAST_PORT}", setting="port")
    extra_sources = tuple(table.pop("extra_sources", []))
    if not all(isinstance(one, dict) for one in extra_sources):
        raise ConfigError("must be tables [[extra_sources]]", setting="extra_sources")
    for key in ("contact", "sources"):
        if not table.get(key) and not (key == "sources" and extra_sources):
            raise ConfigError(f"is missing: {SETTINGS[key][1]}", setting=key)
    channels = tuple(_channel(entry, index) for index, entry in enumerate(table.pop("channels", [])))
    _refuse_twice((channel.id for channel in channels), "channels")
    sources = table.pop("sources", [])
    if not all(isinstance(source, str) for source in sources):
        raise ConfigError("must be a list of ids in quotes", setting="sources")
    _refuse_twice(sources, "sources")
    return Config(sources=tuple(sources), channels=channels, extra_sources=extra_sources, **table)


_KINDS = {str: "a text in quotes", int: "a whole number", list: "a list", bool: "true or false"}


def _channel(entry: Any, index: int) -> ChannelConfig:
    where = f"channels[{index}]"
    if not isinstance(entry, dict):
        raise ConfigError("must be a table [[channels]]", setting=where)
    settings = dict(entry)
    found = {}
    for key in ("id", "kind"):
        found[key] = settings.pop(key, None)
        if not isinstance(found[key], str) or not found[key]:
            raise ConfigError("is missing: text in quotes", setting=f"{where}.{key}")
    level = settings.pop("at_least", Level.BE_AWARE.words.lower())
    if level not in _LEVELS:
        raise ConfigError(f"must be one of {', '.join(_LEVELS)}", setting=f"{where}.at_least")
    return ChannelConfig(id=found["id"], kind=found["kind"], at_least=_LEVELS[level], settings=settings)


def refuse_unknown(table: Mapping[str, Any], known: Iterable[str], *, where: str) -> None:
    """Raise ConfigError for the first key of `table` that is not in `known`, naming the nearest known one."""
    known = list(known)
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise ConfigError(f"is not a setting; {hint}", setting=f"{where}{key}")


def _refuse_twice(ids: Iterable[str], setting: str) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ConfigError(f"{name} is named twice", setting=setting)
        seen.add(name)
