"""Write docs/catalogue.md from sources.toml: every source in one table, in the order of the file.

.venv/bin/python scripts/catalogue_table.py
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tocsin.catalogue import ENTRIES, WORLD, Entry

DOCS = Path(__file__).resolve().parents[1] / "docs" / "catalogue.md"
HEAD = """# The catalogue of sources

Written by `scripts/catalogue_table.py` from `sources.toml`: {count} sources that speak for {countries} countries and
territories, and {world} for the world. "Documented" says that the address stands in a public document that was seen:
the issuer's own, or a register that calls the feed operating. None was called while this was written. A planned one
cannot be configured yet; `tocsin sources show ID` says why.

| id | publisher | speaks for | format | class | every | snapshot | documented |
|---|---|---|---|---|---|---|---|
"""


def span(interval: timedelta) -> str:
    """Return an interval as people write it: 75 s, 5 min, 6 h."""
    seconds = int(interval.total_seconds())
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def row(entry: Entry) -> str:
    """Return the table's row of one source."""
    source = entry.source
    planned = " (planned)" if entry.is_planned else ""
    cells = (
        f"`{source.id}`",
        source.publisher,
        " ".join(source.jurisdiction).replace(WORLD, "the world"),
        f"{source.format}{planned}",
        source.issuer_class.value.removeprefix("official_"),
        span(source.interval),
        "yes" if source.snapshot else "no",
        "yes" if entry.is_verified else "no",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the file."""
    codes = {code.partition("-")[0] for entry in ENTRIES.values() for code in entry.source.jurisdiction}
    world = sum(WORLD in entry.source.jurisdiction for entry in ENTRIES.values())
    head = HEAD.format(count=len(ENTRIES), countries=len(codes - {WORLD}), world=world)
    DOCS.write_text(head + "\n".join(map(row, ENTRIES.values())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
