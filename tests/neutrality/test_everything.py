"""The canary sweep over a data folder after everything was put through the real loops: recorded items and feeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin import formats
from tocsin.model import IssuerClass
from tocsin.neutrality import canaries, drill
from tocsin.neutrality.canaries import Canary
from tocsin.neutrality.sweep import Swept, sweep
from tocsin.store import Store

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RECORDED = 226  # different strings of gate/dev.jsonl
OURS = Path(__file__).parent / "dressed.jsonl"


def test_news_about_a_campaign_dressed_as_feed_items_leaves_nothing(tmp_path: Path) -> None:
    done = drill.drill(tmp_path, canaries.read(OURS), clock=lambda: NOW)
    assert done.leaks == ()
    assert done.strings > 2 * done.documents
    assert done.events == 0, "no item of them states an effect, so a commitment is all that is kept"


@pytest.fixture
def items(shared: Path, tmp_path: Path) -> tuple[Canary, ...]:
    """Return the recorded items with their strings, but for those that a database without any item holds."""
    Store.open(tmp_path / "empty.db").close()
    items = canaries.read(shared / "gate" / "dev.jsonl", shortest=1)
    return without(items, sweep([tmp_path / "empty.db"], strings_of(items)))


def strings_of(items: Iterable[Canary]) -> list[str]:
    return sorted({text for item in items for text in item.strings})


def without(items: Sequence[Canary], swept: Swept) -> tuple[Canary, ...]:
    """Return `items` without the strings that were found."""
    strings = strings_of(items)
    said = {strings[hit.number] for hit in swept.hits}
    return tuple(replace(item, strings=tuple(text for text in item.strings if text not in said)) for item in items)


@pytest.mark.shared
@pytest.mark.slow
def test_recorded_items_leave_no_canary(items: tuple[Canary, ...], tmp_path: Path) -> None:
    done = drill.drill(tmp_path, items, clock=lambda: NOW)
    assert done.leaks == ()
    assert done.strings >= RECORDED - 1, "one is the name of a column"
    assert done.events > 200


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_recorded_feeds_and_items_together_leave_no_canary(
    shared: Path, items: tuple[Canary, ...], tmp_path: Path
) -> None:
    feeds = shared / "feeds" / "dev"
    recorded = [_recorded(path) for path in sorted(feeds.rglob("*")) if path.suffix not in {".tsv", ".md"}]
    # What the recorded feeds themselves say ("limiting", a town called Whitehall) is no trace of an item.
    items = without(items, sweep([feeds], strings_of(items)))
    done = drill.drill(tmp_path, (*items, *filter(None, recorded)), clock=lambda: NOW)
    assert done.leaks == ()
    assert done.strings > RECORDED - 6
    assert done.events > 2000


def _recorded(path: Path) -> Canary | None:
    body = path.read_bytes() if path.is_file() else b""
    name = formats.name_of(body)
    if name is None:
        return None
    return Canary(name=path.name, format=name, issuer_class=IssuerClass.HAZARD, document=body, strings=())
