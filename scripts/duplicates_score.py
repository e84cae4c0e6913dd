"""Print how well duplicates are found in the labelled scenes of tests/duplicates, and each pair that is wrong.

    .venv/bin/python scripts/duplicates_score.py

The figures of docs/duplicates.md are these.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "duplicates"))

from labelled import KINDS, pairs, score


def main() -> None:
    """Print one line a kind, then the wrong pairs."""
    found = list(pairs())
    print("kind      pairs  rightly  wrongly  missed  precision  recall")
    for kind in KINDS:
        of = [pair for pair in found if pair.kind == kind]
        right, wrong, missed = score(of)
        figures = f"{right / (right + wrong):9.2f}  {right / (right + missed):6.2f}"
        print(f"{kind:8}  {len(of):5}  {right:7}  {wrong:7}  {missed:6}  {figures}")
    for pair in found:
        if pair.is_one != pair.is_joined:
            print(f"{'missed' if pair.is_one else 'wrong '}  {pair.kind}: {pair.scene} ({' and '.join(pair.names)})")


if __name__ == "__main__":
    main()
