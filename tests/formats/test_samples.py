"""What holds for every format and every sample; a new format is tested by adding samples, not tests."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lxml import etree
from samples import NOW, SOURCE, Sample, plain, samples

from tocsin import formats, record
from tocsin.errors import FormatError
from tocsin.model import Reading

SAMPLES = list(samples())
CUTS = 150  # a sample is cut at so many places and has so many bytes flipped


def _is_json(sample: Sample) -> bool:
    """Return whether the document is an object or a list in JSON."""
    try:
        return isinstance(json.loads(sample.document.read_bytes()), (dict, list))
    except ValueError:
        return False


every_sample = pytest.mark.parametrize("sample", [pytest.param(sample, id=sample.id) for sample in SAMPLES])
every_format = pytest.mark.parametrize("name", formats.FORMATS)


def times(value: Any) -> Iterator[datetime]:
    """Yield every time in a noun."""
    if isinstance(value, datetime):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from times(getattr(value, field.name))
    elif isinstance(value, tuple):
        for member in value:
            yield from times(member)


@every_format
def test_format_has_samples(name: str) -> None:
    assert [sample for sample in SAMPLES if sample.format == name]


@every_sample
def test_sample_is_read_as_expected(sample: Sample) -> None:
    assert plain(sample.read()) == json.loads(sample.expected.read_text(encoding="utf-8"))


@every_sample
def test_sample_read_twice_is_equal(sample: Sample) -> None:
    assert sample.read() == sample.read()


@every_sample
def test_identifiers_within_a_sample_are_told_apart(sample: Sample) -> None:
    for item in sample.read().items:
        ids = [event.id for event in item.events]
        assert len(ids) == len(set(ids))
        assert [event.part for event in item.events] == sorted(event.part for event in item.events)


@every_sample
def test_every_time_is_in_utc(sample: Sample) -> None:
    assert all(moment.tzinfo is UTC for moment in times(sample.read()))


@every_sample
def test_reader_leaves_the_hazard_to_the_gate(sample: Sample) -> None:
    assert [event.hazard for item in sample.read().items for event in item.events if event.hazard] == []


@every_sample
def test_what_is_never_read_is_not_found(sample: Sample) -> None:
    assert "UNREAD" not in json.dumps(plain(sample.read()))


@every_sample
def test_every_event_names_its_source(sample: Sample) -> None:
    assert {event.source for item in sample.read().items for event in item.events} <= {SOURCE}


@every_sample
def test_item_without_events_says_why(sample: Sample) -> None:
    assert all(item.problems for item in sample.read().items if not item.events)


@every_sample
def test_cut_document_is_refused_or_read(sample: Sample) -> None:
    body = sample.document.read_bytes()
    for end in range(0, len(body), max(1, len(body) // CUTS)):
        assert_refused_or_read(sample, body[:end])


@every_sample
def test_flipped_bytes_are_refused_or_read(sample: Sample) -> None:
    body = sample.document.read_bytes()
    random = Random(sample.id)
    for _ in range(CUTS):
        flipped = bytearray(body)
        for _ in range(random.randint(1, 4)):
            flipped[random.randrange(len(flipped))] = random.randrange(256)
        assert_refused_or_read(sample, bytes(flipped))


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value within a JSON value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from _paths(member, (*path, key))


PLACES = 60  # in a sample, at each of which values of other kinds are put
OTHER_KINDS: tuple[Any, ...] = (
    *(None, True, -1, 1.5, 10**30, "", "x", "9999-12-31T23:59:59Z"),
    *([], {}, [[]], [None], [{}]),
)


@pytest.mark.parametrize("sample", [pytest.param(s, id=s.id) for s in SAMPLES if _is_json(s)])
def test_values_of_another_kind_are_refused_or_read(sample: Sample) -> None:
    """Whatever stands where, in place of what is meant to: no error but one with a position."""
    body = sample.document.read_bytes()
    paths = list(_paths(json.loads(body)))
    random = Random(sample.id)
    for path in random.sample(paths, min(PLACES, len(paths))):
        document = json.loads(body)
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        for value in random.sample(OTHER_KINDS, 4):
            holder[path[-1]] = value
            assert_refused_or_read(sample, json.dumps(document).encode())


def assert_refused_or_read(sample: Sample, body: bytes) -> None:
    try:
        reading = sample.read(body)
    except FormatError as error:
        assert error.at  # noqa: PT017  the error is one of two good ends
    else:
        assert isinstance(reading, Reading)


@every_sample
def test_error_and_problems_hold_no_content(sample: Sample) -> None:
    """A word of the sample may stand in a message only where the reader's own source says it."""
    module = importlib.import_module(f"tocsin.formats.{sample.format}")
    assert module.__doc__
    reading = sample.read()
    problems = [*reading.problems, *(problem for item in reading.items for problem in item.problems)]
    said = " ".join(problem.message for problem in problems)
    texts = [text for item in reading.items for event in item.events for text in event.texts]
    headlines = [text.headline for text in texts if len(text.headline) > 12]
    assert [headline for headline in headlines if headline in said] == []


@pytest.mark.parametrize(
    "sample", [pytest.param(s, id=s.id) for s in SAMPLES if s.format in {"cap", "atom", "gdacs_rss", "georss"}]
)
def test_sample_in_xml_says_what_its_reader_never_reads(sample: Sample) -> None:
    body = sample.document.read_bytes()
    module = importlib.import_module(f"tocsin.formats.{sample.format}")
    found = json.dumps(plain(sample.read()), ensure_ascii=False)
    root = etree.fromstring(body)
    space = etree.QName(root).namespace
    for name in module.NEVER_READ:
        for element in root.iter(f"{{{space}}}{name}" if space else name):
            text = (element.text or "").strip()
            assert not text or text not in found


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00" * 100, id="zeros"),
        pytest.param(b"<html><body>moved</body></html>", id="page"),
        pytest.param(b"[]", id="empty-list"),
        pytest.param(b"{}", id="empty-object"),
        pytest.param(b"null", id="null"),
        pytest.param(b"PK\x03\x04", id="zip"),
        pytest.param(bytes(range(256)), id="all-bytes"),
    ],
)
@every_format
def test_what_is_no_feed_is_refused(name: str, body: bytes) -> None:
    if (name, body) == ("nina", b"[]"):
        return  # an index of no alerts, which is what it says when all is quiet
    with pytest.raises(FormatError):
        formats.read(name, body, source=SOURCE, now=NOW)


def test_unknown_format_is_refused() -> None:
    with pytest.raises(FormatError, match="there are cap, "):
        formats.read("telex", b"", source=SOURCE, now=NOW)


def test_docs_show_the_formats_as_they_are() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    shown = {line.split("|")[1].strip(" `"): line.endswith("| yes |") for line in docs.splitlines() if "| `" in line}
    assert shown == {name: one.SNAPSHOT for name, one in formats.FORMATS.items()}, "run scripts/formats_table.py"


@every_sample
def test_digest_is_that_of_whoever_reads_the_document_elsewhere_and_later(sample: Sample) -> None:
    body = sample.document.read_bytes()
    here, there = (
        formats.read(sample.format, body, source=source, now=now).items
        for source, now in ((SOURCE, NOW), ("recorded", NOW + timedelta(hours=7)))
    )
    assert list(map(record.item_digest, here)) == list(map(record.item_digest, there))
