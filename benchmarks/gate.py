"""What reading and judging one document costs on one core: ordinary ones, and the dearest of 64 KB.

    python dev.py bench gate [--grown] [--formats ical,cap] [--bytes 64000]

- ordinary: the samples of all formats, the items of tests/gate, and from ../shared the gate's items and recorded
  documents, where they are; each is read and judged as new, in five rounds of another order. `documents_per_s` counts
  all up to 64 KB; `p50_ms`, `p99_ms` and `most_ms` are those up to 16 KB, of all rounds.
- grown (`--grown`): each sample blown up to 64 KB in every way that tests/formats/growth.py knows, read and judged
  once; again, the cheaper counts, where it took more than 50 ms. Printed are how many there are, p50, p99, how many
  take more than 50 ms, and the dearest by name. Takes some minutes.

By the time of this process's processor, so that a neighbour counts less.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
sys.path[:0] = [str(ROOT / "tests" / "formats")]

from growth import grown  # noqa: E402
from samples import samples  # noqa: E402

from tocsin import formats, gate  # noqa: E402
from tocsin.errors import FormatError  # noqa: E402
from tocsin.model import IssuerClass  # noqa: E402

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ROUNDS = 5
LARGEST, ORDINARY = 64 * 1024, 16 * 1024  # bytes
GOAL_MS = 50.0
DEAREST = 8  # that are named, of each format


def documents() -> Iterator[tuple[str, str, bytes]]:
    """Yield (name, format, document) of ordinary size."""
    for sample in samples():
        yield sample.id, sample.format, sample.document.read_bytes()
    for path in (*sorted((ROOT / "tests" / "gate" / "documents").glob("*.jsonl")), SHARED / "gate" / "dev.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            row = json.loads(line)
            text = str(row["document"])
            body = base64.b64decode(text) if row.get("encoding") == "base64" else text.encode()
            yield f"{path.stem}/{row['id']}", str(row["format"]), body
    for path in sorted((SHARED / "feeds" / "dev").glob("*/*")):
        body = path.read_bytes() if path.is_file() and path.stat().st_size <= LARGEST else b""
        if name := formats.name_of(body) if body else None:
            yield f"{path.parent.name}/{path.name}", name, body


def cost_ms(format_: str, body: bytes) -> float:
    """Return the milliseconds of processor time to read a document and judge all of its items."""
    begun = time.process_time()
    try:
        for item in formats.read(format_, body, source="benchmark", now=NOW).items:
            gate.examine(item, issuer_class=IssuerClass.CIVIL)
    except FormatError:
        pass
    return 1000 * (time.process_time() - begun)


def ordinary() -> dict[str, Any]:
    """Return the figures of documents as they come."""
    known = [one for one in documents() if len(one[2]) <= LARGEST]
    small, rates, slowest = [], [], ("", 0.0)
    dice = random.Random(20261130)
    for _ in range(ROUNDS + 1):  # the first compiles and loads what is loaded at first use
        dice.shuffle(known)
        costs = [(name, len(body), cost_ms(format_, body)) for name, format_, body in known]
        rates.append(1000 * len(costs) / sum(cost for _, _, cost in costs))
        small.append([cost for _, size, cost in costs if size <= ORDINARY])
        slowest = max(((name, cost) for name, _, cost in costs), key=lambda one: one[1])
    costs_ms = sorted(cost for costs in small[1:] for cost in costs)
    return {
        "documents": len(known),
        "documents_per_s": round(statistics.median(rates[1:])),
        "up_to_16_KB": len(small[0]),
        "p50_ms": _at(costs_ms, 0.5),
        "p99_ms": _at(costs_ms, 0.99),
        "most_ms": _at(costs_ms, 1.0),
        "dearest": f"{slowest[0]} {slowest[1]:.1f} ms",
    }


def blown_up(name: str, size: int) -> dict[str, Any]:
    """Return the figures of the samples of one format, each grown in every way."""
    costs = []
    for sample in samples():
        if sample.format == name:
            for way, body in grown(sample.document.read_bytes(), size):
                if len(body) <= size * 1.05:
                    cost = cost_ms(name, body)
                    costs.append((min(cost, cost_ms(name, body)) if cost > GOAL_MS else cost, f"{sample.id} {way}"))
    costs.sort(reverse=True)
    in_order = sorted(cost for cost, _ in costs)
    return {
        "documents": len(costs),
        "p50_ms": _at(in_order, 0.5),
        "p99_ms": _at(in_order, 0.99),
        "over_goal": sum(cost > GOAL_MS for cost in in_order),
        "dearest": [f"{cost:.0f} ms {way}" for cost, way in costs[:DEAREST]],
    }


def _at(in_order: Sequence[float], share: float) -> float:
    return round(in_order[min(int(len(in_order) * share), len(in_order) - 1)], 2) if in_order else 0.0


def main() -> None:
    """Print the figures as JSON, of grown documents a line for each format."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grown", action="store_true")
    parser.add_argument("--formats", default=",".join(formats.FORMATS))
    parser.add_argument("--bytes", type=int, default=64_000)
    arguments = parser.parse_args()
    if not arguments.grown:
        print(json.dumps({"python": sys.version.split()[0], **ordinary()}, indent=1))
        return
    for name in arguments.formats.split(","):
        print(json.dumps({"format": name, **blown_up(name, arguments.bytes)}, indent=1), flush=True)


if __name__ == "__main__":
    main()
