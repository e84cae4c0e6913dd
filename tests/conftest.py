"""Fixtures that every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of recorded documents beside the checkout; skip, saying so, where it is absent."""
    if not (_SHARED / "feeds" / "dev" / "MANIFEST.tsv").is_file():
        pytest.skip("the recorded documents (../shared) are not on this machine")
    return _SHARED
