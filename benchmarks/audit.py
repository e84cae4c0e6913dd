"""Time and memory of tocsin-audit on a log of 1,000,000 entries.

    python dev.py bench audit [ENTRIES] [FOLDER]     (it puts tests/, with its log writer, on the path)

Writes an honest log of all kinds of entries (FOLDER is kept and used again), then audits it in a process of its own,
once whole and once with --tree, and prints the seconds and the highest resident memory (ru_maxrss) of each.
"""

from __future__ import annotations

import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tile_log
import tocsin_audit


def main(arguments: list[str]) -> None:
    """Write the log, run the audits, print the figures."""
    count = int(arguments[0]) if arguments else 1_000_000
    folder = Path(arguments[1] if len(arguments) > 1 else tempfile.mkdtemp()) / f"log-{count}"
    if not (folder / "checkpoint").is_file():  # in another process: a child's peak begins with its parent's memory
        writer = multiprocessing.get_context("spawn").Process(target=_write, args=(folder, count))
        writer.start()
        writer.join()
    for options in ((), ("--tree",)):
        _audit(folder, *options)


def _write(folder: Path, count: int) -> None:
    tile_log.write(folder, list(tile_log.story(count, a_day=2_000)), at_s=tile_log.seen_at(count, a_day=2_000))
    (folder.parent / "policy.txt").write_text(tile_log.POLICY, encoding="utf-8")


def _audit(folder: Path, *options: str) -> None:
    program = [sys.executable, tocsin_audit.__file__, str(folder), "--policy", str(folder.parent / "policy.txt")]
    before = time.perf_counter()
    with tempfile.TemporaryDirectory() as state:
        ended = subprocess.run([*program, "--state", f"{state}/head", *options], check=False)  # noqa: S603
    seconds = time.perf_counter() - before
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_024
    print(f"exit {ended.returncode}  {seconds:.1f} s  {peak_mb:.0f} MB  {folder.name} {' '.join(options)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
