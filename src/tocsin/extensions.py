"""Sources that an operator adds to the catalogue: `[[extra_sources]]` in `tocsin.toml`.

What may be added is decided by `catalogue.refuses` and nothing else; here a table of the operator's is read with errors
that say what to do. An extension is in the ledger as one, and is shown as one.

Source: NEUTRALITY 9.1, declaration N6; docs/sources.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tocsin import catalogue
from tocsin.errors import ConfigError
from tocsin.model import IssuerClass, Source

KEYS = catalogue.KEYS - {"like", "hosts", "planned", "verified", "sunset", "mirrors", "headers"}
SHORTEST_S = 60
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_TERRITORY = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
_CLASSES = {one.value for one in IssuerClass} - {IssuerClass.UNREGISTERED.value}
_KINDS: Mapping[str, tuple[type, str]] = {
    "jurisdiction": (list, "a list"),
    "watches": (list, "a list"),
    "snapshot": (bool, "true or false"),
    **dict.fromkeys(catalogue.SPANS, (int, "a whole number of seconds")),
}
_TEXT = (str, "text in quotes")


def read(rows: Iterable[Mapping[str, Any]]) -> tuple[Source, ...]:
    """Return the sources that an operator's tables state, in their order.

    Raises ConfigError that says which table and what to do; what an address holds is never repeated.
    """
    sources: dict[str, Source] = {}
    for index, row in enumerate(rows):
        setting = f"extra_sources[{index}]"
        source = _source(row, setting)
        if source.id in sources:
            raise ConfigError(f"{source.id} is named twice", setting=setting)
        sources[source.id] = source
    return tuple(sources.values())


def _source(row: Mapping[str, Any], setting: str) -> Source:
    catalogue.refuse_unknown(row, KEYS, setting)
    for key, value in row.items():
        _check_kind(key, value, setting)
    _check_name(row, setting)
    if not all(map(_TERRITORY.fullmatch, row.get("jurisdiction", ()))):
        raise ConfigError('jurisdiction must hold codes of ISO 3166 such as "DE" or "US-CA"', setting=setting)
    if row.get("issuer_class") not in _CLASSES:
        raise ConfigError(f"issuer_class must be one of {', '.join(sorted(_CLASSES))}", setting=setting)
    source = catalogue.read_entry(row, catalogue.LISTED.watches, catalogue.FORMATS, setting).source
    why = catalogue.refuses(source.url, source.format)
    if why is not None:
        raise ConfigError(f"{why} (docs/sources.md)", setting=setting)
    if source.interval.total_seconds() < SHORTEST_S:
        raise ConfigError(f"interval_s must be {SHORTEST_S} or more: the server is somebody else's", setting=setting)
    if source.stale_after < 3 * source.interval:
        raise ConfigError("stale_after_s must be three times interval_s or more", setting=setting)
    return source


def _check_kind(key: str, value: Any, setting: str) -> None:
    kind, said = _KINDS.get(key, _TEXT)
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise ConfigError(f"{key} must be {said}", setting=setting)
    if isinstance(value, list) and not all(isinstance(one, str) and one for one in value):
        raise ConfigError(f"{key} must be a list of words in quotes", setting=setting)


def _check_name(row: Mapping[str, Any], setting: str) -> None:
    if not _ID.fullmatch(row.get("id", "")):
        raise ConfigError("id must be 1 to 60 small letters, digits and hyphens", setting=setting)
    if row["id"] in catalogue.ENTRIES:
        raise ConfigError("the catalogue has this id already; name it under `sources`", setting=setting)
    if row.get("url") in catalogue.ADDRESSES:
        raise ConfigError("the catalogue has this address; `tocsin sources list` shows its id", setting=setting)
