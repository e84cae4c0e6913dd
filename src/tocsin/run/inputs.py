"""The files that an operator names: the configuration and the places, read and completed."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path

from tocsin import catalogue, channels, config, extensions, formats, regions
from tocsin.config import Config
from tocsin.egress import Reach
from tocsin.errors import ConfigError
from tocsin.gate import inlets
from tocsin.geocodes import Geocodes, Pack
from tocsin.ledger import FormatError, note, policy
from tocsin.ledger.policy import Policy
from tocsin.model import Code, Place, Source
from tocsin.places import Listed, read_again
from tocsin.run import cosign, keys
from tocsin.run.publish import Log


def load_config(path: Path) -> Config:
    """Return the checked configuration: sources known and readable, channels and policy sound. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path} cannot be read; `tocsin init` writes an example") from None
    loaded = config.parse(text)
    sources_of(loaded)
    for channel in loaded.channels:
        channels.check(channel)
    policy_of(loaded, path.resolve().parent)
    return loaded


def sources_of(loaded: Config) -> tuple[Source, ...]:
    """Return the configured sources, those that extend the catalogue last.

    Raises ConfigError for one that is unknown or refused, in a format not yet read, or in words that the gate refuses.
    """
    sources = (*map(catalogue.find, loaded.sources), *extensions_of(loaded))
    for source in sources:
        if source.format not in formats.FORMATS:
            raise ConfigError(
                f"{source.id} is published as {source.format}, which cannot be read yet", setting="sources"
            )
    return sources


def extensions_of(loaded: Config) -> tuple[Source, ...]:
    """Return the sources by which a configuration extends the catalogue. Raises ConfigError for a refused one."""
    sources = extensions.read(loaded.extra_sources)
    for index, source in enumerate(sources):
        for key in ("publisher", "attribution", "licence", "about"):
            why = inlets.why_not_title(getattr(source, key))
            if why is not None:
                raise ConfigError(why, setting=f"extra_sources[{index}].{key}")
    return sources


def log_of(loaded: Config, folder: Path) -> Log:
    """Return the transparency log that a configuration in `folder` names; its key is made when there is none.

    A new log is named at random, so that no two of them can be taken for one. Raises ConfigError, also when the policy
    is about other logs than this one.
    """
    path = folder / loaded.ledger_key
    if path.exists():
        signer = keys.load(path, kind=note.ED25519)
    else:
        signer = keys.make(path, f"tocsin.invalid/{secrets.token_hex(8)}", kind=note.ED25519)
    asked = policy_of(loaded, folder)
    log = Log(folder=folder / loaded.ledger, signer=signer, key_file=path, policy=asked, reach=_reach(loaded))
    # By name: a key that was rotated since is no reason to refuse to start.
    if asked is not None and signer.verifier.name not in {key.name for key in asked.logs}:
        line = f"log {signer.verifier.vkey}"
        raise ConfigError(f"{loaded.policy} does not name this log; put this line into it: {line}", setting="policy")
    return log


def policy_of(loaded: Config, folder: Path) -> Policy | None:
    """Return the policy that a configuration in `folder` names, None where it names none. Raises ConfigError."""
    if not loaded.policy:
        return None
    try:
        found = policy.parse((folder / loaded.policy).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{loaded.policy} cannot be read", setting="policy") from None
    except FormatError as error:
        raise ConfigError(f"{loaded.policy}, {error}", setting="policy") from None
    cosign.check(found, _reach(loaded))
    return found


def _reach(loaded: Config) -> Reach:
    return Reach(loopback=loaded.allow_private_witnesses, private=loaded.allow_private_witnesses)


def load_places(path: Path) -> tuple[Place, ...]:
    """Return the places of a file, each with the country and region codes of where it lies. Raises ConfigError."""
    return list_places(path, before=Listed()).places


def list_places(path: Path, *, before: Listed) -> Listed:
    """Return the same, with what is needed to read the file again at little cost: `before` is what was read last."""
    try:
        body = path.read_bytes()
    except OSError:
        raise ConfigError(f"{path} cannot be read", setting="places") from None
    found = read_again(body, name=path.name, why_not=inlets.why_not_name, before=before)
    shared: dict[tuple[Code, ...], tuple[Code, ...]] = {}
    return replace(found, places=tuple(_located(place, shared) for place in found.places))


def load_geocodes(path: Path | None = None) -> Geocodes:
    """Return the outlines of geocodes: the operator's pack, if there is one, before those that Tocsin brings.

    Raises ConfigError when a file cannot be read.
    """
    if path is None:
        return Geocodes(bundled_packs())
    try:
        body = path.read_bytes()
    except OSError:
        raise ConfigError(f"{path} cannot be read", setting="geocodes") from None
    return Geocodes((Pack(body), *bundled_packs()))


@cache
def bundled_packs() -> tuple[Pack, ...]:
    """Return the packs beside `tocsin.geocodes`, by name; which there are depends on how Tocsin was installed."""
    found = (one for one in resources.files("tocsin.geocodes").iterdir() if one.name.endswith(".pack"))
    return tuple(Pack(one.read_bytes()) for one in sorted(found, key=lambda one: one.name))


def _located(place: Place, shared: dict[tuple[Code, ...], tuple[Code, ...]]) -> Place:
    """Return the place with the codes of where it lies; equal ones are one value, for places are many and codes few."""
    if any(code.scheme == "ISO3166-1" for code in place.geocodes):
        return place
    codes = (*place.geocodes, *regions.codes_at(place.geometry))
    return replace(place, geocodes=shared.setdefault(codes, codes))
