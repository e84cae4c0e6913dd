"""What reading hostile documents costs, in processor time and memory: a program of its own.

    python tests/formats/costs.py cap_zip ../shared/vectors/zip/cases.jsonl
    python tests/formats/costs.py --grown firms [bytes]

The first reads each document of a list of vectors and prints the slowest and the peak of memory as JSON. The second
blows up each sample of a format in every way that `growth` knows, and prints a line for each way that is dear: the
milliseconds to read it and to find its format, the same at four times the size, and the exponent of the growth.

A program of its own, so that neither the tests nor what they have loaded are in the figures. The address space is
limited too: a reader that wants gigabytes fails here.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from growth import grown
from samples import samples

from tocsin import formats
from tocsin.errors import FormatError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ADDRESS_SPACE = 2 * 2**30  # of which shared libraries take some 700 MB
SIZE = 64_000
DEAR_MS = 100.0  # for a document of SIZE
LONGEST_S = 30.0


class TooLongError(BaseException):
    """Reading took more than LONGEST_S of processor time."""


def cost_ms(task: Callable[[], object]) -> float:
    """Return the processor time of a task that may refuse its document."""
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    before = time.process_time()
    try:
        with suppress(FormatError):
            task()
    except TooLongError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return 1000 * (time.process_time() - before)


def read(name: str, body: bytes) -> object:
    return formats.read(name, body, source="hostile", now=NOW)


def peak_mb() -> int:
    """Return the most memory that this program had; ru_maxrss would count that of who started it, before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) // 1024 for line in status.read_text().splitlines() if "VmHWM" in line)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def vectors(name: str, cases: Path) -> None:
    """Read every document of a list in the format of this name."""
    costs = {}
    for line in cases.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        costs[case.get("file") or case["name"]] = cost_ms(partial(read, name, body_of(case, name, cases.parent)))
    slowest = max(costs, key=costs.__getitem__)
    say(
        json.dumps(
            {
                "documents": len(costs),
                "slowest": slowest,
                "slowest_ms": round(costs[slowest], 1),
                "peak_mb": peak_mb(),
            }
        )
    )


def body_of(case: dict[str, str], name: str, folder: Path) -> bytes:
    """Return the document of a case: a file beside the list, or what is written in it."""
    if "file" not in case:
        return base64.b64decode(case["b64"]) if "b64" in case else gzip.decompress(base64.b64decode(case["gz_b64"]))
    body = (folder / case["file"]).read_bytes()
    return gzip.decompress(body) if case["file"].endswith(".gz") and name != "cap_zip" else body


def growing(name: str, size: int) -> None:
    """Read every sample of a format, blown up; say what is dear."""
    count, worst, peak = 0, 0.0, peak_mb()
    for sample in samples():
        if sample.format != name:
            continue
        body = sample.document.read_bytes()
        for (way, document), (_, larger) in zip(grown(body, size), grown(body, 4 * size), strict=True):
            count += 1
            cost = cost_ms(partial(read, name, document))
            naming = cost_ms(partial(formats.name_of, document))
            more, peak = peak_mb() - peak, peak_mb()
            worst = max(worst, cost)
            if max(cost, naming) > DEAR_MS * size / SIZE or more > 20:
                dear = cost_ms(partial(read, name, larger))
                exponent = math.log(dear / cost) / math.log(len(larger) / len(document)) if cost > 1 else 0.0
                say(
                    f"{sample.id:40} {way:70} {len(document) // 1000:5} kB {cost:7.0f} ms, named {naming:6.0f} ms,"
                    f" {len(larger) // 1000:5} kB {dear:7.0f} ms, exponent {exponent:4.1f}, +{more} MB"
                )
    say(f"{name}: {count} documents, worst {worst:.0f} ms, peak {peak} MB")


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  a program


def too_long(_signal: int, _frame: object) -> None:
    raise TooLongError


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    signal.signal(signal.SIGPROF, too_long)
    if sys.argv[1] == "--grown":
        growing(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else SIZE)
    else:
        vectors(sys.argv[1], Path(sys.argv[2]))
