"""Who may be a source: what an address says of its issuer, and what no address may be about.

Two ways lead in. An address of the catalogue's own hosts; or an *extension*: a host under a name that its registry
gives to governments only, or that belongs whole to an operator whom we list, which says that it is a service of
hazards, roads or transit. Whatever a host is called, one
that is about labour, protest, politics, courts and police, persons, the press, religion or social networks is refused
here, in code, and no setting knows of it. The lists are `issuers.toml`. Nothing here asks a network.

Source: NEUTRALITY 2 and 9.1, declaration N6; docs/sources.md.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from urllib.parse import SplitResult, unquote, urlsplit

SOURCE = resources.files("tocsin").joinpath("issuers.toml").read_text(encoding="utf-8")

_LABEL = re.compile(r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_GAPS = re.compile(r"[\W_]+")
_SQUEEZING = str.maketrans("015", "ols", ".-")
_UNQUOTES = 3  # what was escaped more often than that stays escaped, and its digits and letters are no words
_LONGEST = 2_000  # characters of an address
_SEARCHES = {
    "q", "query", "search", "searchterm", "keyword", "keywords", "term", "terms", "hashtag", "tag", "name", "firstname",
    "lastname", "surname", "fullname", "dob", "person", "user", "username", "userid", "handle", "account", "author",
    "phone", "email", "mail", "plate", "licenseplate", "vin", "face", "image", "bridge", "screenname", "channel",
}  # fmt: skip
_SECRETS = {
    "key", "apikey", "mapkey", "token", "accesstoken", "authtoken", "auth", "password", "pwd", "secret", "appid",
    "appkey", "clientid", "clientsecret", "subscriptionkey", "sig", "signature",
}  # fmt: skip


class Words:
    """A list of words. "abc" is a whole word, "abc*" its beginning, "*abc*" any part of it, "a b" words in a row."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._pattern = re.compile("|".join(map(_as_pattern, patterns)))

    def are_in(self, words: str) -> bool:
        """Return whether one of them stands in `words`, which is words with one blank around each."""
        return self._pattern.search(words) is not None


def _as_pattern(pattern: str) -> str:
    begins, ends = ("" if pattern.startswith("*") else " "), ("" if pattern.endswith("*") else " ")
    # Looked at and not taken, so that neighbours may share the blank between them.
    return f"(?<={begins}){re.escape(pattern.strip('*'))}(?={ends})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """What `issuers.toml` says."""

    governments: frozenset[str]
    operators: frozenset[str]
    refused: Mapping[str, Words]
    allowed: re.Pattern[str]
    purpose: Mapping[str, Words]


def parse(text: str) -> Lists:
    """Return the lists that `text` (TOML) states."""
    table = tomllib.loads(text)
    return Lists(
        governments=frozenset(name for names in table["governments"].values() for name in names),
        operators=frozenset(name for names in table["operators"].values() for name in names),
        refused={topic: Words(words) for topic, words in table["refused"].items()},
        allowed=re.compile("|".join(f"(?<= ){re.escape(phrase)}(?= )" for phrase in table["allowed"]["phrases"])),
        purpose={kind: Words(words) for kind, words in table["purpose"].items()},
    )


LISTS = parse(SOURCE)


def host_of(url: str) -> str | None:
    """Return the host of a plain https address, in small letters; None for anything else.

    Plain is: no credentials, no port of its own, no number for a host, no letters beyond ASCII and no Punycode in it,
    and nothing in the address that another reader could take for another host.
    """
    parts = _split(url)
    return parts.hostname if parts is not None else None


def topic_of(url: str) -> str | None:
    """Return what an address is about that no source may be about ("labour", "persons" ...), or None.

    It is judged by the words of host, path and query. Letters that are not Latin cannot be judged: "unreadable".
    """
    parts = _split(url)
    if parts is None:
        return "unreadable"
    shown = _unquoted(f"{parts.path}?{parts.query}#{parts.fragment}")
    if any(char.isalpha() and not char.isascii() for char in _folded(shown)):
        return "unreadable"
    if "/@" in shown or "/~" in shown:
        return "social"
    words = LISTS.allowed.sub("", _words(parts))
    return next((topic for topic, listed in LISTS.refused.items() if listed.are_in(words)), None)


def searches(url: str) -> bool:
    """Return whether an address asks a question of its own (a name, a word, an account), as people search does."""
    return not _keys(url).isdisjoint(_SEARCHES)


def has_secret(url: str) -> bool:
    """Return whether an address holds a key or a password."""
    return not _keys(url).isdisjoint(_SECRETS)


def is_government(host: str) -> bool:
    """Return whether the registry above `host` gives its names to governments only."""
    above = _ends(host) - {host}
    return not LISTS.governments.isdisjoint(above | {_starred(name) for name in above})


def is_operator(host: str) -> bool:
    """Return whether `host` belongs to an authority or operator whose names are listed one by one."""
    return not LISTS.operators.isdisjoint(_ends(host))


def is_look_alike(host: str, known: str) -> bool:
    """Return whether `host` could be read as `known`, of which it is no neighbour: other dots, one letter more or less.

    Hosts of one parent belong to one issuer, so that they may be as like as they wish.
    """
    parent, top = known.partition(".")[2], known.rpartition(".")[2]
    if host == known or host.endswith(f".{parent}") or host.rpartition(".")[2] != top:
        return False
    return _is_within_one(_squeezed(host), _squeezed(known))


def _squeezed(host: str) -> str:
    """Return a host without dots and hyphens, figures that pass for letters as these."""
    return host.translate(_SQUEEZING)


def _is_within_one(first: str, second: str) -> bool:
    """Return whether two words are the same but for one letter put in, left out or changed, or two exchanged."""
    short, long = sorted((first, second), key=len)
    same = next((at for at, pair in enumerate(zip(short, long, strict=False)) if pair[0] != pair[1]), len(short))
    rest, longer = short[same:], long[same:]
    swapped = rest[1::-1] + rest[2:]
    return longer in {rest, swapped} or longer[1:] in {rest, rest[1:]}


def _ends(host: str) -> set[str]:
    labels = host.split(".")
    return {".".join(labels[at:]) for at in range(len(labels))}


def _starred(name: str) -> str:
    """Return a name of three labels with "*" for the middle one, as lists of towns and states have it."""
    labels = name.split(".")
    return f"{labels[0]}.*.{labels[2]}" if len(labels) == len(("regione", "*", "it")) else name


def names_purpose(url: str, kinds: Iterable[str]) -> bool:
    """Return whether host or path say what the service is for, by one of the `kinds` of words under [purpose]."""
    parts = _split(url)
    return parts is not None and any(LISTS.purpose[kind].are_in(_words(parts)) for kind in kinds)


def _split(url: str) -> SplitResult | None:
    if len(url) > _LONGEST or not url.isprintable() or re.search(r"[\s\\]", url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or "@" in parts.netloc or port not in {None, 443}:
        return None
    labels = (parts.hostname or "").split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or not labels[-1].isalpha():  # noqa: PLR2004
        return None
    return parts


def _words(parts: SplitResult) -> str:
    """Return the words of host, path and query, folded, with one blank around each."""
    shown = f"{parts.hostname}/{_unquoted(parts.path)}?{_unquoted(parts.query)}"
    return f" {_GAPS.sub(' ', _folded(_CAMEL.sub(' ', shown))).strip()} "


def _unquoted(text: str) -> str:
    for _ in range(_UNQUOTES):
        text = unquote(text)
    return text


def _folded(text: str) -> str:
    """Return `text` without case and accents, wide letters made plain."""
    taken_apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in taken_apart if not unicodedata.combining(char)).casefold()


def _keys(url: str) -> set[str]:
    parts = _split(url)
    asked = _unquoted(f"{parts.query}&{parts.fragment}") if parts is not None else ""
    return {re.sub(r"[\W_]", "", part.partition("=")[0].casefold()) for part in re.split("[&;]", asked)}
