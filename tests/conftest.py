"""Fixtures that every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# At a desk each run tries other examples; a gate that judges a change must judge it alike each time.
settings.register_profile("desk", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "desk")

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of recorded documents beside the checkout; skip, saying so, where it is absent."""
    if not (_SHARED / "feeds" / "dev" / "MANIFEST.tsv").is_file():
        pytest.skip("the recorded documents (../shared) are not on this machine")
    return _SHARED
