"""`tocsin neutrality`: the declaration, whether it is kept, and what is written because of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.arguments import DONE, FILE, NEW_FILE, NO, Moment, put
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.config import Config
    from tocsin.neutrality.drill import Drilled
    from tocsin.neutrality.findings import Finding
    from tocsin.neutrality.papers import Facts
    from tocsin.store import Store

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


@neutrality.command()
@_CONFIG
@_JSON
@click.option(
    "--canaries", type=FILE, help="test items of your own: JSON Lines of id, format, source_class, document, canaries"
)
def drill(config_: Path, as_json: bool, canaries: Path | None) -> int:
    """Send made-up people and notices through the real loops; exit 1 when one is found in any file afterwards.

    It works in a folder of its own beside the data, which is deleted; nobody is told anything. The installation's
    database and log are looked at too. The result is an entry of the log.

    \b
    Examples:
      tocsin neutrality drill
      tocsin neutrality drill --canaries works-council.jsonl --json
    """
    from random import SystemRandom

    from tocsin import record
    from tocsin.neutrality import canaries as made
    from tocsin.neutrality import drill as drills
    from tocsin.store import Change

    now = datetime.now(UTC)
    items = made.read(canaries) if canaries else made.own(SystemRandom(), now)
    with _opened(config_) as (store, loaded, folder):
        database = folder / loaded.database
        also = [database, *(database.with_name(f"{database.name}{end}") for end in ("-wal", "-shm"))]
        done = drills.drill(folder, items, clock=lambda: datetime.now(UTC), also=[*also, folder / loaded.ledger])
        entry = record.drill_entry(canaries=done.strings, found=done.found, now=now)
        store.commit(Change(entries=(entry,)), now=now)
    _tell_drill(done, as_json=as_json)
    return NO if done.found else DONE


def _tell_drill(done: Drilled, *, as_json: bool) -> None:
    leaks = [
        {"canary": leak.canary, "string": leak.number, "file": str(leak.file), "written": leak.written}
        for leak in done.leaks
    ]
    counts = {
        "documents": done.documents,
        "strings": done.strings,
        "events": done.events,
        "notices": done.notices,
        "files": done.swept.files,
        "bytes": done.swept.size_bytes,
        "found": done.found,
    }
    if as_json:
        put({**counts, "leaks": leaks})
        return
    for name, value in counts.items():
        click.echo(f"{name:<10} {value:>12,}")
    for leak in leaks:
        click.echo(f"  item {leak['canary']}, string {leak['string']}: in {leak['file']}, written as {leak['written']}")
    if done.found:
        click.echo("a breach: enter it within 24 hours (tocsin neutrality breach --clause N3)", err=True)


@neutrality.command()
@_CONFIG
@click.argument("subject", type=click.Choice(["ruleset", "catalogue", "declaration"]))
@click.argument("hash_", metavar="SHA256")
@click.option("--effective", type=Moment(), help="from when it is to hold (default: as soon as the notice allows)")
def announce(config_: Path, subject: str, hash_: str, effective: datetime | None) -> int:
    """Give notice in the log that SUBJECT will have the SHA-256 that the coming release prints (N10).

    `tocsin neutrality show --json` of that release prints them. The service of the new release is not started before
    the day that this prints; only what repairs a breach that stands in the log may be started at once.

    \b
    Example:
      tocsin neutrality announce ruleset 2a0d0355bfa1f77efd623746ab52cd97e63d4cc8ddecc12a5e71d66721426dd8
    """
    from tocsin import record
    from tocsin.declaration import DECLARATION
    from tocsin.ledger.entries import HASH
    from tocsin.store import Change

    if not HASH.fullmatch(hash_):
        raise ConfigError(
            "must be 64 digits of a SHA-256, as `tocsin neutrality show --json` prints it", setting="SHA256"
        )
    now = datetime.now(UTC)
    with _opened(config_) as (store, _, _):
        is_repair = bool(open_breaches(store))
        earliest = now if is_repair else now + DECLARATION.notice
        day = (effective or earliest).date()
        if day < earliest.date():
            raise ConfigError(f"notice must be given until {earliest.date()} at least", setting="--effective")
        entry = record.announce_entry(subject=subject, hash=hash_, effective=day, now=now)
        store.commit(Change(entries=(entry,)), now=now)
    click.echo(f"{subject} {hash_[:16]} may hold from {day} on")
    return DONE


@neutrality.command()
@_CONFIG
@click.option("--clause", required=True, type=click.Choice([f"N{number}" for number in range(1, 13)]))
@click.option("--source", metavar="ID", help="collect nothing more from this source until the breach is repaired")
@click.option("--repaired", is_flag=True, help="the breach that was entered before is repaired")
def breach(config_: Path, clause: str, source: str | None, repaired: bool) -> int:
    """Enter into the log that a clause of the declaration was broken, or that this is repaired (N12).

    What is entered stays readable for ever. Enter a breach within 24 hours of its finding. Which source was stopped
    stands in the database only; the running service heeds it with the next poll, and the source counts as silent.

    \b
    Examples:
      tocsin neutrality breach --clause N3 --source us-nws-alerts
      tocsin neutrality breach --clause N3 --repaired
    """
    from tocsin import record
    from tocsin.run import inputs
    from tocsin.store import Change

    now = datetime.now(UTC)
    with _opened(config_) as (store, loaded, _):
        configured = {one.id for one in inputs.sources_of(loaded)}
        if source is not None and (repaired or source not in configured):
            raise ConfigError("must be a configured source, and goes with a breach that is found", setting="--source")
        if repaired and clause not in open_breaches(store):
            raise ConfigError(
                f"no breach of {clause} stands open in the log, so there is none to repair", setting="--repaired"
            )
        entry = record.breach_entry(clause=clause, is_repaired=repaired, now=now)
        stops = ((source, clause),) if source else ()
        store.commit(Change(entries=(entry,), stops=stops, repaired=(clause,) if repaired else ()), now=now)
        number = store.ledger_size() - 1
    click.echo(f"entry {number}: breach of {clause} {'repaired' if repaired else 'found'}")
    return DONE


@neutrality.command()
@_CONFIG
@click.option("-o", "--output", required=True, type=NEW_FILE, help="the file to write: .md or .html")
@click.option("--force", is_flag=True, help="write over a file that is there")
def dpia(config_: Path, output: Path, force: bool) -> int:
    """Write a pre-filled impact assessment (Art. 35 GDPR) and record of processing (Art. 30 GDPR) into a file.

    What the program knows is filled in: sources, channels by class, periods, rules, log, witnesses, today's checks.
    What only the controller can know is a marked blank. It is no legal advice.

    \b
    Examples:
      tocsin neutrality dpia -o dpia.html
      tocsin neutrality dpia -o dpia.md
    """
    from tocsin.neutrality import paper, papers

    if output.suffix not in {".md", ".html"}:
        raise ConfigError("must end in .md or .html", setting="--output")
    if output.exists() and not force:
        raise ConfigError("is there already; name another file, or say --force", setting=str(output))
    document = papers.blocks(_facts(config_, datetime.now(UTC)))
    text = paper.page(document) if output.suffix == ".html" else paper.markdown(document)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be written ({error.strerror})", setting=str(output)) from None
    blanks = sum(isinstance(block, paper.Blank) for block in document)
    click.echo(f"wrote {output}; {blanks} blanks, marked {paper.BLANK}, wait for the controller", err=True)
    return DONE


def _facts(path: Path, now: datetime) -> Facts:
    """Return what is known of an installation. Nothing is made: a log without a key has none yet."""
    from tocsin.neutrality import checks, folder, papers
    from tocsin.run import inputs

    loaded = inputs.load_config(path)
    beside = path.resolve().parent
    places = inputs.load_places(beside / loaded.places)
    findings = []
    if (beside / loaded.database).exists():
        with folder.opened(path, now) as data:
            findings = list(checks.run(data))
    return papers.Facts(
        config=loaded,
        sources=inputs.sources_of(loaded),
        places=len(places),
        counted=sum(place.headcount is not None or bool(place.shifts) for place in places),
        log=inputs.log_of(loaded, beside) if (beside / loaded.ledger_key).exists() else None,
        policy=inputs.policy_of(loaded, beside),
        findings=findings,
        now=now,
    )


def open_breaches(store: Store) -> set[str]:
    """Return the clauses of which a breach was found and is not repaired."""
    found: set[str] = set()
    for entry in store.ledger_entries():
        if b'"kind":"breach"' in entry.leaf:
            body = json.loads(entry.leaf)
            (found.add if body["act"] == "found" else found.discard)(body["clause"])
    return found


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Store, Config, Path]]:
    """Give the store, configuration and folder of an installation. Raises ConfigError when there is no database yet."""
    from tocsin.run import inputs
    from tocsin.store import Store

    loaded = inputs.load_config(path)
    folder = path.resolve().parent
    database = folder / loaded.database
    if not database.exists():
        raise ConfigError(f"{database} is not there yet; `tocsin run` makes it", setting="database")
    with Store.open(database) as store:
        yield store, loaded, folder


COMMANDS = (neutrality,)
