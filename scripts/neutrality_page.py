"""Write docs/neutrality.md from the declaration that is shipped.

.venv/bin/python scripts/neutrality_page.py
"""

from __future__ import annotations

from pathlib import Path

from tocsin.declaration import DECLARATION, Clause

DOCS = Path(__file__).resolve().parents[1] / "docs" / "neutrality.md"
HEAD = """# Declaration of neutrality

Written by `scripts/neutrality_page.py` from `src/tocsin/declaration.toml`, which the console shows at `/neutrality`
and `tocsin neutrality show` prints. Version {version}. It binds an installation, not a company: see the limits under
each clause.

"""
TAIL = """## The annex for machines

`tocsin neutrality check` makes every check named above against a data folder, or a copy of one, and prints a line for
each: `pass`, `fail` with the place (table, column and row; never what stands there), or `n/a` with the reason. With
`--json` it prints one JSON object a line. It exits with 0 when nothing failed, 1 when a clause is broken, 2 when it
could not run. The folder is only read. The check reads the database with `sqlite3` itself and judges what it finds by
patterns of its own: it uses neither the store's way of reading nor the gate's rules for words.

`tocsin neutrality show --json` prints the annex: the SHA-256 of this text, of the closed list, the catalogue and the
rules, and the checks.

## Who does what
- **Anybody** reads this text at `/neutrality` and compares.
- **The works council, or whoever is named**, audits the log ([audit.md](audit.md)) and asks for a drill with test items
  of its own.
- **The operator** announces changes (`tocsin neutrality announce`), enters breaches (`breach`), hands over the papers
  (`dpia`).
- **A regulator** finds its page in [regulator.md](regulator.md).
"""


def section(clause: Clause) -> str:
    """Return the section of one clause: its text, what is checked, and what no check shows."""
    checks = [f"- `{check.id}`: {check.says}." for check in clause.checks]
    lines = (
        f"## {clause.id} {clause.title}",
        "",
        f"> {clause.text}",
        "",
        *checks,
        f"- *Limit:* {clause.limit}",
        "",
        "",
    )
    return "\n".join(lines)


def main() -> None:
    """Write the file."""
    DOCS.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page."""
    return HEAD.format(version=DECLARATION.version) + "".join(map(section, DECLARATION.clauses)) + TAIL


if __name__ == "__main__":
    main()
