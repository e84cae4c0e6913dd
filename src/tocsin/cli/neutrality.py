"""`tocsin neutrality`: the declaration, whether it is kept, and what is written because of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.arguments import DONE, NEW_FILE, NO, Moment, put

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.neutrality.findings import Finding

_CONFIG = click.option(
    "--config", "config_", type=NEW_FILE, default="tocsin.toml", help="whose data folder (default tocsin.toml)"
)
_JSON = click.option("--json", "as_json", is_flag=True, help="print JSON, one object a line")


@click.group()
def neutrality() -> None:
    """Show the declaration of neutrality, check that it is kept, try it with test items, enter what it asks for."""


@neutrality.command()
@click.option("--json", "as_json", is_flag=True, help="print the annex for machines: hashes and checks")
def show(as_json: bool) -> int:
    """Print the declaration of neutrality that this program is bound to.

    \b
    Examples:
      tocsin neutrality show
      tocsin neutrality show --json
    """
    from tocsin.declaration import DECLARATION, annex

    if as_json:
        put(annex())
        return DONE
    click.echo(f"Declaration of neutrality, version {DECLARATION.version}, SHA-256 {DECLARATION.sha256}")
    for clause in DECLARATION.clauses:
        click.echo(f"\n{clause.id} {clause.title}\n{click.wrap_text(clause.text, 100, '  ', '  ')}")
    return DONE


@neutrality.command()
@_CONFIG
@_JSON
@click.option("--at", type=Moment(), help="as of this time, for a copy of a data folder (default now)")
def check(config_: Path, as_json: bool, at: datetime | None) -> int:
    """Check a data folder against the declaration, clause by clause. Exit 1 when a clause is broken.

    The folder is only read; the service may run meanwhile. Faults are named by table and row, never by what stands
    there.

    \b
    Examples:
      tocsin neutrality check
      tocsin neutrality check --config /media/stick/copy/tocsin.toml --at 2026-11-25T12:00:00Z --json
    """
    from tocsin.neutrality import checks, folder
    from tocsin.neutrality.findings import Outcome

    with folder.opened(config_, at or datetime.now(UTC)) as data:
        findings = list(checks.run(data))
    if as_json:
        for finding in findings:
            put(_row(finding))
    else:
        for line in _table(findings):
            click.echo(line)
    return NO if any(finding.outcome is Outcome.FAIL for finding in findings) else DONE


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "clause": finding.clause,
        "check": finding.check,
        "outcome": finding.outcome.value,
        "count": finding.count,
        "faults": list(finding.faults),
        "why": finding.why,
    }


def _table(findings: Sequence[Finding]) -> Iterator[str]:
    from tocsin.declaration import DECLARATION

    says = {check.id: check.says for check in DECLARATION.checks}
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        yield f"{finding.outcome.value:<5} {finding.check:<{width}}  {finding.why or says[finding.check]}"
        yield from (f"{'':<{width + 8}}! {fault}" for fault in finding.faults)
        if finding.count > len(finding.faults):
            yield f"{'':<{width + 8}}! and {finding.count - len(finding.faults)} more"
    broken = sorted(
        {finding.clause for finding in findings if finding.outcome.value == "fail"}, key=lambda n: int(n[1:])
    )
    yield f"broken: {', '.join(broken)}" if broken else "nothing found that breaks the declaration"


COMMANDS = (neutrality,)
