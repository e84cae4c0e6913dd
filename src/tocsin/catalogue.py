"""The known public sources, from `sources.toml`, and the rule by which an operator may extend them.

A closed list is the point: no setting opens it for social media, news, people search or registers of assemblies. An
extension is a feed of a public authority whose name proves that it is one (`issuers`); it is in the ledger as such.
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

from tocsin import issuers
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What `sources.toml` says: entries by id, words for formats and for families.

    `spellings` are other words for formats: "siri" means one, "json" all that it can carry.
    """

    entries: Mapping[str, Entry]
    formats: frozenset[str]
    spellings: Mapping[str, tuple[str, ...]]
    watches: Mapping[str, tuple[str, ...]]


WORLD = "001"  # UN M49
EVERYBODY = "*"  # of `mirrors`: a hub that repeats whoever publishes
_PLAIN = {"id", "publisher", "url", "format", "licence", "attribution", "language", "snapshot", "about"}
SPANS = ("interval_s", "stale_after_s", "cadence_s", "heartbeat_s")
KEYS = {
    *_PLAIN,
    *("jurisdiction", "watches", "issuer_class"),
    *SPANS,
    *("like", "hosts", "planned", "verified", "sunset", "mirrors", "headers"),
}
_REQUIRED = ("id", "publisher", "url", "format", "licence", "jurisdiction", "watches")
# What an address must say beside a format in which anything can be published; the other formats are for warnings.
_ENOUGH: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("atom", "rss", "georss", "geojson"), ()),
    "ical": ("calendars",),
}


def parse(text: str) -> Catalogue:
    """Return the catalogue that `text` (TOML) states. A source without attribution is credited to its publisher.

    Raises ConfigError naming the entry for an unknown key, a missing one, a second entry of one id, or an address
    that is not plain https.
    """
    table = tomllib.loads(text)
    refuse_unknown(table, {"formats", "spellings", "watches", "like", "source"}, "sources.toml")
    entries: dict[str, Entry] = {}
    for row in table["source"]:
        name = str(row.get("id", "without id"))
        if name in entries:
            raise ConfigError("is listed twice", setting=name)
        alike = row.get("like")
        if alike is not None and alike not in table["like"]:
            raise ConfigError(f"is like {alike}, which is not there", setting=name)
        merged = {**table["like"][alike], **row} if alike else row
        entries[name] = read_entry(merged, table["watches"], table["formats"], name)
    for name, entry in entries.items():
        refuse_unknown(entry.source.mirrors, {*entries.keys() - {name}, EVERYBODY}, name)
    return Catalogue(
        entries=MappingProxyType(entries),
        formats=frozenset(table["formats"]),
        spellings={word: tuple(meant) for word, meant in table.get("spellings", {}).items()},
        watches={word: tuple(families) for word, families in table["watches"].items()},
    )


def read_entry(
    row: Mapping[str, Any], watches: Mapping[str, Iterable[str]], formats: Iterable[str], name: str
) -> Entry:
    """Return the entry that `row` states under the keys of `sources.toml`. Raises ConfigError under `name`."""
    refuse_unknown(row, KEYS, name)
    missing = [key for key in _REQUIRED if not row.get(key)]
    if missing:
        raise ConfigError(f"has no {missing[0]}", setting=name)
    host = issuers.host_of(row["url"])
    if host is None:
        raise ConfigError("its address must be plain https", setting=name)
    if row["format"] not in formats:
        raise ConfigError("its format is not listed", setting=name)
    refuse_unknown(dict.fromkeys(row["watches"]), watches, name)
    spans: dict[str, Any] = {key.removesuffix("_s"): timedelta(seconds=row[key]) for key in SPANS if key in row}
    source = Source(
        **{"attribution": row["publisher"]} | {key: row[key] for key in _PLAIN & row.keys()},
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


def search(
    words: Iterable[str] = (), *, country: str = "", family: str = "", also: Iterable[Entry] = ()
) -> tuple[Entry, ...]:
    """Return the entries that hold every word in id, publisher or format, speak for `country`, and watch `family`.

    `country` is an ISO 3166 code; sources for the world speak for every country. Order: that of the file, then `also`.
    """
    wanted = [word.casefold() for word in words]
    return tuple(
        entry
        for entry in (*ENTRIES.values(), *also)
        if all(
            word in f"{entry.source.id} {entry.source.publisher} {entry.source.format}".casefold() for word in wanted
        )
        and (not country or {country.upper(), WORLD} & {code.partition("-")[0] for code in entry.source.jurisdiction})
        and (not family or family in entry.source.families)
    )


def refuse_unknown(found: Iterable[str], known: Iterable[str], name: str) -> None:
    """Raise ConfigError for the first of `found` that is not `known`, naming the nearest one."""
    for key in found:
        if key not in known:
            raise ConfigError(f"{key} is not known; {_nearest(key, known)}", setting=name)


def _nearest(word: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


_TEXT = resources.files("tocsin").joinpath("sources.toml").read_text(encoding="utf-8")
LISTED = parse(_TEXT)
ENTRIES, FORMATS = LISTED.entries, LISTED.formats

CATALOGUE = hashlib.sha256((_TEXT + issuers.SOURCE).encode()).hexdigest()
"""The SHA-256 of the lists of sources in hex, as `cat sources.toml issuers.toml | sha256sum` gives it; it stands in the
ledger at each start."""

SOURCES: Mapping[str, Source] = MappingProxyType({name: entry.source for name, entry in ENTRIES.items()})
"""Every source of the catalogue by its id, planned ones too."""

ADDRESSES = frozenset(source.url for source in SOURCES.values())
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


def lists(source: Source) -> bool:
    """Return whether the catalogue has a source of this id at this address."""
    entry = ENTRIES.get(source.id)
    return entry is not None and entry.source.url == source.url


def hosts(source: Source) -> tuple[str, ...]:
    """Return the hosts that belong to `source`; for one that the catalogue does not list that of its own URL."""
    return ENTRIES[source.id].hosts if lists(source) else (urlsplit(source.url).hostname or "",)


def headers(source: Source) -> Mapping[str, str]:
    """Return the headers that the server of `source` wants; none for a source that the catalogue does not list."""
    return ENTRIES[source.id].headers if lists(source) else {}


def refuses(url: str, format: str) -> str | None:  # noqa: A002 - the word of the command line
    """Return why a source with this address and format cannot be configured, or None where it can.

    A host of the catalogue is accepted, compared whole: a look-alike name is another host. So is a host under a name
    that only governments get, if host or path say that it serves hazards, roads or transit. Whatever the host, an
    address that is about people or what they organise is refused; the catalogue's own addresses are not judged.
    """
    host = issuers.host_of(url)
    if host is None:
        return "the address is not plain https to a named host, without user, password and port"
    about = None if url in ADDRESSES else _what_it_asks(url)
    if about is not None:
        return about
    if host not in _HOSTS:
        return _what_it_lacks(url, host, format)
    return None if _meant(format) else _NO_FORMAT


def _what_it_asks(url: str) -> str | None:
    """Return what is wrong with the words of an address, whatever its host, or None."""
    topic = issuers.topic_of(url)
    if topic is not None:
        return f"the address is about what no source may be about ({topic})"
    if issuers.searches(url):
        return "the address asks a question of its own; take one that gives the whole feed"
    if issuers.has_secret(url):
        return "the address holds a key or password; such a source cannot be configured yet"
    return None


def _what_it_lacks(url: str, host: str, format: str) -> str | None:  # noqa: A002
    """Return why an address at a host that the catalogue does not list is no extension of it, or None."""
    is_operator = issuers.is_operator(host)
    if not (is_operator or issuers.is_government(host)):
        return "the host belongs to no public authority or operator that is listed, and its name proves no government"
    if any(issuers.is_look_alike(host, known) for known in _HOSTS):
        return "the host looks like one of the catalogue and is another; see how it is written there"
    meant = _meant(format)
    if len(meant) != 1:
        return _NO_FORMAT
    enough = _ENOUGH.get(min(meant), ("warnings",))
    if (is_operator and "warnings" in enough) or issuers.names_purpose(url, ("hazards", "roads", *enough)):
        return None
    return "neither host nor path say that it serves hazards, roads or transit; ask for an entry of the catalogue"


_NO_FORMAT = "the format is not one of those that hazards and disruptions are published in"


def _meant(format: str) -> frozenset[str]:  # noqa: A002
    """Return the formats that a word can mean: one, or all that are carried in it ("json")."""
    return frozenset({format} if format in FORMATS else LISTED.spellings.get(format, ()))
