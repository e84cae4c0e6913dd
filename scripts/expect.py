"""Write what the readers find in the samples of tests/formats, for review by eye.

    .venv/bin/python scripts/expect.py            all formats
    .venv/bin/python scripts/expect.py cap atom   these

Prints the files that changed. A changed file is a changed reader: read the difference before it is committed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "formats"))

from samples import plain, samples


def main(wanted: list[str]) -> None:
    """Write the expected readings of the wanted formats, of all when none is named."""
    for sample in samples():
        if wanted and sample.format not in wanted:
            continue
        text = json.dumps(plain(sample.read()), indent=1, ensure_ascii=False) + "\n"
        if not sample.expected.exists() or sample.expected.read_text(encoding="utf-8") != text:
            sample.expected.write_text(text, encoding="utf-8")
            print(sample.expected.name)


if __name__ == "__main__":
    main(sys.argv[1:])
