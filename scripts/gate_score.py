"""Make predictions for a gate corpus with the readers that exist: `gate_score.py CORPUS.jsonl > PREDICTIONS.jsonl`.

The corpus is one JSON object a line: {id, format, source_class, document}. Items of formats without a reader are left
out and counted on stderr. What a prediction holds under `stored` is what the store would be given.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from tocsin import formats, gate, record
from tocsin.errors import FormatError
from tocsin.model import IssuerClass, Verdict

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def predict(row: dict[str, str]) -> dict[str, object]:
    """Return the prediction for one corpus item; the worst verdict where a document holds several items."""
    try:
        items = formats.read(row["format"], row["document"].encode(), source="corpus", now=NOW).items
    except FormatError:
        return {"id": row["id"], "verdict": "drop", "rule": "malformed", "stored": None, "ledger": None, "log": ""}
    rulings = [gate.examine(item, issuer_class=IssuerClass(row["source_class"])) for item in items]
    worst = max(rulings, key=lambda ruling: list(Verdict).index(ruling.decision.verdict))
    stored = [record.to_json(admitted.event) for ruling in rulings for admitted in ruling.admitted]
    return {
        "id": row["id"],
        "verdict": worst.decision.verdict,
        "rule": worst.decision.rule,
        "stored": stored or None,
        "ledger": None,
        "log": "",
    }


def main() -> None:
    """Write predictions for the corpus named on the command line."""
    skipped: Counter[str] = Counter()
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["format"] in formats.FORMATS:
            print(json.dumps(predict(row), ensure_ascii=False))
        else:
            skipped[row["format"]] += 1
    print(f"no reader: {dict(skipped)}", file=sys.stderr)


if __name__ == "__main__":
    main()
