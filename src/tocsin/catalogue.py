"""The known public sources, from `sources.toml`: what Tocsin may read, and nothing else can be configured.

A closed list is the point: no setting opens it for social media, news, people search or registers of assemblies.
Whether a host answers is not known here; nothing in this module asks one.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from importlib import resources
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from tocsin.errors import ConfigError
from tocsin.model import IssuerClass, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A source as the catalogue lists it.

    `hosts` are all hosts that belong to it, that of its URL first. A `planned` one is listed but cannot be
    configured yet; the address of a `verified` one stands in a public document. `sunset` is the day on which its
    publisher will switch it off, where that was announced. `headers` are what its server wants beside a User-Agent.
    """

    source: Source
    hosts: tuple[str, ...]
    is_planned: bool = False
    is_verified: bool = False
    sunset: date | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


WORLD = "001"  # UN M49
EVERYBODY = "*"  # of `mirrors`: a hub that repeats whoever publishes
_PLAIN = {"id", "publisher", "url", "format", "licence", "attribution", "language", "snapshot", "about"}
_SPANS = ("interval_s", "stale_after_s", "cadence_s", "heartbeat_s")
_KEYS = {
    *_PLAIN,
    *("jurisdiction", "watches", "issuer_class"),
    *_SPANS,
    *("like", "hosts", "planned", "verified", "sunset", "mirrors", "headers"),
}
_REQUIRED = ("id", "publisher", "url", "format", "licence", "attribution", "jurisdiction", "watches")


def parse(text: str) -> tuple[Mapping[str, Entry], frozenset[str]]:
    """Return the entries by id and the names of formats that `text` (TOML) states.

    Raises ConfigError naming the entry for an unknown key, a missing one, a second entry of one id, or an address
    that is not plain https.
    """
    table = tomllib.loads(text)
    _refuse_unknown(table, {"formats", "watches", "like", "source"}, "sources.toml")
    entries: dict[str, Entry] = {}
    for row in table["source"]:
        name = str(row.get("id", "without id"))
        if name in entries:
            raise ConfigError("is listed twice", setting=name)
        alike = row.get("like")
        if alike is not None and alike not in table["like"]:
            raise ConfigError(f"is like {alike}, which is not there", setting=name)
        merged = {**table["like"][alike], **row} if alike else row
        entries[name] = _entry(merged, table["watches"], table["formats"])
    for name, entry in entries.items():
        _refuse_unknown(entry.source.mirrors, {*entries.keys() - {name}, EVERYBODY}, name)
    return MappingProxyType(entries), frozenset(table["formats"])


def _entry(row: Mapping[str, Any], watches: Mapping[str, list[str]], formats: Iterable[str]) -> Entry:
    name = str(row.get("id", "without id"))
    _refuse_unknown(row, _KEYS, name)
    missing = [key for key in _REQUIRED if not row.get(key)]
    if missing:
        raise ConfigError(f"has no {missing[0]}", setting=name)
    host = _host(row["url"])
    if host is None:
        raise ConfigError("its address must be plain https", setting=name)
    if row["format"] not in formats:
        raise ConfigError("its format is not listed", setting=name)
    _refuse_unknown(dict.fromkeys(row["watches"]), watches, name)
    spans: dict[str, Any] = {key.removesuffix("_s"): timedelta(seconds=row[key]) for key in _SPANS if key in row}
    source = Source(
        **{key: row[key] for key in _PLAIN & row.keys()},
        **spans,
        jurisdiction=tuple(row["jurisdiction"]),
        families=tuple(dict.fromkeys(family for word in row["watches"] for family in watches[word])),
        mirrors=tuple(row.get("mirrors", ())),
        issuer_class=IssuerClass(row.get("issuer_class", IssuerClass.HAZARD)),
    )
    return Entry(
        source=source,
        hosts=(host, *row.get("hosts", ())),
        is_planned=row.get("planned", False),
        is_verified=row.get("verified", False),
        sunset=row.get("sunset"),
        headers=row.get("headers", {}),
    )


def search(words: Iterable[str] = (), *, country: str = "", family: str = "") -> tuple[Entry, ...]:
    """Return the entries that hold every word in id, publisher or format, speak for `country`, and watch `family`.

    `country` is an ISO 3166 code; sources for the world speak for every country. Order: that of the file.
    """
    wanted = [word.casefold() for word in words]
    return tuple(
        entry
        for entry in ENTRIES.values()
        if all(
            word in f"{entry.source.id} {entry.source.publisher} {entry.source.format}".casefold() for word in wanted
        )
        and (not country or {country.upper(), WORLD} & {code.partition("-")[0] for code in entry.source.jurisdiction})
        and (not family or family in entry.source.families)
    )


def _refuse_unknown(found: Iterable[str], known: Iterable[str], name: str) -> None:
    for key in found:
        if key not in known:
            raise ConfigError(f"{key} is not known; {_nearest(key, known)}", setting=name)


def _nearest(word: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _host(url: str) -> str | None:
    """Return the host of a plain https address: no credentials, no port of its own; None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or "@" in parts.netloc or port not in {None, 443}:
        return None
    return parts.hostname or None


_TEXT = resources.files("tocsin").joinpath("sources.toml").read_text(encoding="utf-8")
ENTRIES, FORMATS = parse(_TEXT)

CATALOGUE = hashlib.sha256(_TEXT.encode()).hexdigest()
"""The SHA-256 of the catalogue in hex, as `sha256sum sources.toml` gives it; it stands in the ledger at each start."""

SOURCES: Mapping[str, Source] = MappingProxyType({name: entry.source for name, entry in ENTRIES.items()})
"""Every source of the catalogue by its id, planned ones too."""

_HOSTS = frozenset(host for entry in ENTRIES.values() for host in entry.hosts)


def find(name: str) -> Source:
    """Return the source with this id, ready to be read. Raises ConfigError naming the nearest one, or why not yet."""
    entry = ENTRIES.get(name)
    if entry is None:
        near = get_close_matches(name, SOURCES, n=1)
        hint = f"did you mean {near[0]}?" if near else "`tocsin sources list` shows them"
        raise ConfigError(f"{name} is not in the catalogue; {hint}", setting="sources")
    if entry.is_planned:
        raise ConfigError(
            f"{name} cannot be read yet (format {entry.source.format}): {why_not_yet(entry)}", setting="sources"
        )
    return entry.source


def why_not_yet(entry: Entry) -> str:
    """Return why a planned source cannot be read, and what to take instead where there is something."""
    return entry.source.about


def hosts(source: Source) -> tuple[str, ...]:
    """Return the hosts that belong to `source`; for one that the catalogue does not list that of its own URL."""
    entry = ENTRIES.get(source.id)
    if entry is not None and entry.source.url == source.url:
        return entry.hosts
    return (urlsplit(source.url).hostname or "",)


def headers(source: Source) -> Mapping[str, str]:
    """Return the headers that the server of `source` wants; none for a source that the catalogue does not list."""
    entry = ENTRIES.get(source.id)
    return entry.headers if entry is not None and entry.source.url == source.url else {}


def refuses(url: str, format: str) -> str | None:  # noqa: A002 - the word of the command line
    """Return why a source with this address and format cannot be configured, or None where it can.

    Only hosts of the catalogue are accepted, compared whole: a look-alike name is another host.
    """
    host = _host(url)
    if host is None:
        return "the address is not plain https"
    if host not in _HOSTS:
        return "the host belongs to no public authority or operator of the catalogue"
    if format not in FORMATS:
        return "the format is not one of those that hazards and disruptions are published in"
    return None
