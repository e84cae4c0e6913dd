"""Write docs/formats.md from the readers: what each reads, and whether its documents are snapshots.

.venv/bin/python scripts/formats_table.py
"""

from __future__ import annotations

import inspect
from pathlib import Path

from tocsin.formats import FORMATS

DOCS = Path(__file__).resolve().parents[1] / "docs" / "formats.md"
HEAD = """# Formats: what is read

Written by `scripts/formats_table.py` from the readers in `src/tocsin/formats`: {count} formats. The first lines of each
reader say which standard it follows, what becomes an item and a part, and what is never read and why.

A *snapshot* lists all that is in force, so that absence from a complete one can end a warning; the other documents are
messages, and only their words end anything. Whether one source's documents are snapshots stands in the catalogue.
`tocsin read` and `tocsin gate` recognise every format here by its content where that names it without doubt.

| format | what it is | snapshot |
|---|---|---|
"""


def row(name: str) -> str:
    """Return the table's row of one format: the first sentence of its module says what it is."""
    module = FORMATS[name]
    said = " ".join((inspect.getdoc(module) or "").partition("\n\n")[0].split())
    return f"| `{name}` | {said} | {'yes' if module.SNAPSHOT else 'no'} |"


def main() -> None:
    """Write the file."""
    DOCS.write_text(HEAD.format(count=len(FORMATS)) + "\n".join(map(row, FORMATS)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
