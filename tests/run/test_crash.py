"""kill -9 at any line: nothing committed is lost, and a notice goes out again at most once, under the same id."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

POINTS = 60


@pytest.mark.skipif(sys.platform == "win32", reason="the kill sweep forks")
@pytest.mark.timeout(900)
def test_kill_at_any_line_loses_nothing_and_repeats_once_at_most(tmp_path: Path) -> None:
    sweep = Path(__file__).with_name("crash_sweep.py")
    done = subprocess.run(  # noqa: S603  our own script
        [sys.executable, str(sweep), str(tmp_path), str(POINTS)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(sweep.parents[1])},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert [crash for crash in found["crashes"] if crash["fault"]] == []
    assert len(found["crashes"]) == POINTS + found["notices"]
    # The window in which a repeat is allowed was really hit: after each sending, before its record.
    assert [crash["repeats"] for crash in found["crashes"] if "after_sending" in crash] == [1] * found["notices"]
    assert found["notices"] >= 4
    assert found["lines"] > 10 * POINTS
