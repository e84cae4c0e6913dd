"""The checks by their names in the declaration, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tocsin.declaration import DECLARATION
from tocsin.neutrality import logged, outward, stored
from tocsin.neutrality.findings import SHOWN, Finding, NotApplicableError, Outcome
from tocsin.neutrality.folder import Folder

Check = Callable[[Folder], Iterator[str]]
"""Yields a sentence for each fault; raises NotApplicableError where there is nothing to look at."""

CHECKS: Mapping[str, Check] = {
    "N2-closed": stored.closed_list,
    "N3-strings": stored.strings,
    "N3-schema": stored.schema,
    "N3-drill": logged.last_drill,
    "N4-effect": stored.effects,
    "N5-shape": stored.shape,
    "N5-age": stored.age,
    "N5-tables": stored.gatherers,
    "N6-sources": outward.sources,
    "N6-refusals": outward.refusals,
    "N7-tables": stored.keyed_by_people,
    "N7-pages": outward.pages,
    "N8-same": outward.same_verdicts,
    "N8-rules": logged.same_rules,
    "N9-leaves": logged.leaves,
    "N9-items": logged.items,
    "N9-keys": logged.keys,
    "N9-counts": logged.counts,
    "N10-notice": logged.notice,
    "N11-witness": logged.witnessed,
    "N12-entered": logged.breaches,
}


def run(data: Folder) -> Iterator[Finding]:
    """Yield a finding for each check, and one for each clause that has none, in the order of the declaration."""
    for clause in DECLARATION.clauses:
        if not clause.checks:
            yield Finding(clause=clause.id, check=clause.id, outcome=Outcome.NOT_APPLICABLE, why=clause.limit)
        for check in clause.checks:
            yield make(check.id, data)


def make(name: str, data: Folder) -> Finding:
    """Return what the check of that name finds."""
    clause = name.partition("-")[0]
    try:
        faults = list(CHECKS[name](data))
    except NotApplicableError as reason:
        return Finding(clause=clause, check=name, outcome=Outcome.NOT_APPLICABLE, why=str(reason))
    return Finding(
        clause=clause,
        check=name,
        outcome=Outcome.FAIL if faults else Outcome.PASS,
        count=len(faults),
        faults=tuple(faults[:SHOWN]),
    )
