"""Writes the bundled demo scenarios into src/tocsin/demo, or another folder: `python scripts/scenarios.py [FOLDER]`.

Documents in the real formats with words of our own, from facts of public record; each scenario's README says which.
Running it again gives the same bytes, so the output is committed beside it. places.csv and README.md are written by
hand and left alone.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import scenario_earthquake
import scenario_tornado
import scenario_winter_storm
from scenario_archive import Poll

DEMO = Path(__file__).resolve().parents[1] / "src" / "tocsin" / "demo"
LARGEST_BYTES = 1_500_000  # of all scenarios together; they travel in every wheel


@dataclass
class Archive:
    """One scenario's folder. A document that was there before is not written twice."""

    folder: Path
    lines: list[str] = field(default_factory=list)
    written: dict[str, bytes] = field(default_factory=dict)

    def add(self, poll: Poll) -> None:
        """Add a line to the index, and the document that it names."""
        line = {"at": _iso(poll.at), "source": poll.source, "format": poll.format}
        if poll.error:
            line["error"] = poll.error
        else:
            line["file"] = poll.file
            if self.written.setdefault(poll.file, poll.body) != poll.body:
                raise ValueError(f"{poll.file} would be two documents")
        self.lines.append(json.dumps(line))

    def write(self) -> int:
        """Write the folder's documents and index; return their size in bytes."""
        for name in {Path(file).parts[0] for file in self.written}:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for name, body in self.written.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        self.folder.mkdir(parents=True, exist_ok=True)
        index = "".join(f"{line}\n" for line in self.lines).encode()
        (self.folder / "index.jsonl").write_bytes(index)
        return len(index) + sum(map(len, self.written.values()))


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _write(folder: Path, polls: Iterable[Poll]) -> int:
    archive = Archive(folder)
    for poll in sorted(polls, key=lambda poll: poll.at):
        archive.add(poll)
    size = archive.write()
    print(f"{folder.name}: {len(archive.lines)} polls, {len(archive.written)} documents, {size} bytes")
    return size


def main(folder: Path) -> None:
    """Write all scenarios below `folder`."""
    total = sum(
        _write(folder / name, polls)
        for name, polls in (
            ("tornado-2021-12-10", scenario_tornado.polls()),
            ("winter-storm-north-england", scenario_winter_storm.polls()),
            ("earthquake-revisions", scenario_earthquake.polls()),
        )
    )
    if total > LARGEST_BYTES:
        raise SystemExit(f"{total} bytes are too much for a wheel; the limit is {LARGEST_BYTES}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else DEMO)
