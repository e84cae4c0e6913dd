"""What reading each document of a list of vectors costs: prints the slowest and the peak of memory as JSON.

    python tests/formats/costs.py cap_zip ../shared/vectors/zip/cases.jsonl

A program of its own, so that neither the tests nor what they have loaded are in the figures. The address space is
limited too: a reader that wants gigabytes fails here.
"""

from __future__ import annotations

import gzip
import json
import resource
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tocsin import formats
from tocsin.errors import FormatError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ADDRESS_SPACE = 2 * 2**30  # of which shared libraries take some 700 MB


def cost_ms(name: str, body: bytes) -> float:
    before = time.perf_counter()
    with suppress(FormatError):
        formats.read(name, body, source="hostile", now=NOW)
    return 1000 * (time.perf_counter() - before)


def peak_mb() -> int:
    """Return the most memory that this program had; ru_maxrss would count that of who started it, before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) // 1024 for line in status.read_text().splitlines() if "VmHWM" in line)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(name: str, cases: Path) -> None:
    """Read every document in the format of this name."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    costs = {}
    for line in cases.read_text(encoding="utf-8").splitlines():
        file = json.loads(line)["file"]
        body = (cases.parent / file).read_bytes()
        if file.endswith(".gz") and name != "cap_zip":
            body = gzip.decompress(body)
        costs[file] = cost_ms(name, body)
    slowest = max(costs, key=costs.__getitem__)
    print(  # noqa: T201  a program
        json.dumps(
            {
                "documents": len(costs),
                "slowest": slowest,
                "slowest_ms": round(costs[slowest], 1),
                "peak_mb": peak_mb(),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
