"""The declaration of neutrality, from `declaration.toml`: what this installation binds itself to, clause by clause.

One source for all who show it or check it: the console's page, docs/neutrality.md, the command, and the checks
themselves, which are named here and made in `neutrality`.

Source: NEUTRALITY section 3.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from typing import Any

from tocsin import catalogue, gate, hazards


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing of a clause that a machine can see. `says` completes the sentence "it was checked that"."""

    id: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One clause. `limit` is what its checks cannot show; a clause without checks is not for machines."""

    id: str
    title: str
    text: str
    limit: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The whole text and its periods. `sha256` is that of the file, by which the text is named, in hex."""

    version: int
    sha256: str
    notice: timedelta
    breach: timedelta
    drill: timedelta
    clauses: tuple[Clause, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """Return the checks of all clauses, in their order."""
        return tuple(check for clause in self.clauses for check in clause.checks)


def parse(source: bytes) -> Declaration:
    """Return the declaration that a TOML file states."""
    table = tomllib.loads(source.decode())
    return Declaration(
        version=table["version"],
        sha256=hashlib.sha256(source).hexdigest(),
        notice=timedelta(days=table["notice_days"]),
        breach=timedelta(hours=table["breach_hours"]),
        drill=timedelta(days=table["drill_days"]),
        clauses=tuple(map(_clause, table["clause"])),
    )


def _clause(row: dict[str, Any]) -> Clause:
    return Clause(
        id=row["id"],
        title=row["title"],
        text=" ".join(row["text"].split()),
        limit=row["limit"],
        checks=tuple(Check(**check) for check in row.get("check", ())),
    )


DECLARATION = parse(resources.files("tocsin").joinpath("declaration.toml").read_bytes())


def annex() -> dict[str, Any]:
    """Return the machine-checkable annex as plain JSON types: which text, lists and rules hold, by their SHA-256, and
    the checks with their criteria. Source: NEUTRALITY 3.1.
    """
    return {
        "neutrality": DECLARATION.version,
        "declaration": {"file": "declaration.toml", "sha256": DECLARATION.sha256},
        "closed_list": {"file": "hazards.toml", "sha256": _sha256("hazards.toml"), "types": len(hazards.HAZARDS)},
        "catalogue": {"file": "sources.toml", "sha256": catalogue.CATALOGUE, "sources": len(catalogue.SOURCES)},
        "rules": {"engine": f"tocsin.gate {gate.ENGINE}", "sha256": gate.RULESET},
        "checks": {check.id: check.says for check in DECLARATION.checks},
    }


def _sha256(name: str) -> str:
    return hashlib.sha256(resources.files("tocsin").joinpath(name).read_bytes()).hexdigest()
