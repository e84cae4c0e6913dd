from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.errors import ConfigError
from tocsin.run.replay import Replay, known_or_stranger, read_archive
from tocsin.store import Store
from worlds import HOUR, MINUTE, NOW, PLACES, cap, quakes, stamp

LINE = {"at": stamp(NOW), "source": "stranger", "format": "cap", "file": "a.xml"}


def archive(folder: Path, *lines: object) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "index.jsonl").write_text(text)
    return folder


def poll(folder: Path, after: timedelta, body: bytes) -> dict[str, str]:
    name = f"{int(after.total_seconds())}.xml"
    (folder / name).write_bytes(body)
    return {**LINE, "at": stamp(NOW + after), "file": name}


def failure(after: timedelta) -> dict[str, str]:
    return {"at": stamp(NOW + after), "source": "stranger", "format": "cap", "error": "http-503"}


def told(folder: Path) -> list[tuple[int, str]]:
    """Return (minutes after the start, reason) of everything told."""
    with Store.open(None) as store:
        replay = Replay(read_archive(folder), PLACES, store=store)
        notices = [notice for moment in replay.moments() for notice in moment.notices]
    return [(round((notice.at - NOW) / MINUTE), notice.reason.value) for notice in notices]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param(["{"], "not a line of JSON", id="no-json"),
        pytest.param(["[]"], "must be an object", id="no-object"),
        pytest.param([{"at": stamp(NOW)}], "must be an object", id="keys-missing"),
        pytest.param([{**LINE, "more": "x"}], "must be an object", id="unknown-key"),
        pytest.param([{**LINE, "error": "x"}], "must name a file", id="file-and-error"),
        pytest.param([{**LINE, "file": 1}], "as text", id="file-no-text"),
        pytest.param([{**LINE, "at": "soon"}], "not an ISO 8601 time", id="no-time"),
        pytest.param([{**LINE, "at": "2026-03-01T12:00:00"}], "no offset", id="no-offset"),
        pytest.param([{**LINE, "file": "../x"}], "outside the archive", id="outside"),
    ],
)
def test_read_archive_names_the_line_that_is_wrong(tmp_path: Path, lines: list[object], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read_archive(archive(tmp_path, *lines))
    assert "index.jsonl:1" in str(caught.value)


def test_read_archive_of_no_archive_says_what_one_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a folder with index\.jsonl"):
        read_archive(tmp_path)


def test_an_archive_without_lines_is_refused(tmp_path: Path) -> None:
    with Store.open(None) as store, pytest.raises(ConfigError, match="no lines"):
        Replay(read_archive(archive(tmp_path)), PLACES, store=store)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a\.xml"):
        told(archive(tmp_path, LINE))


def test_time_alone_ends_a_warning_between_two_lines(tmp_path: Path) -> None:
    first = poll(tmp_path, timedelta(), cap("a", expires=NOW + HOUR))
    last = poll(tmp_path, 3 * HOUR, cap("b", sent=NOW + 3 * HOUR, status="Test"))
    assert told(archive(tmp_path, first, last)) == [(0, "first"), (60, "ended")]


def test_a_gap_in_a_recording_is_not_blindness(tmp_path: Path) -> None:
    first = poll(tmp_path, timedelta(), cap("a", expires=NOW + 48 * HOUR))
    last = poll(tmp_path, 24 * HOUR, cap("a", expires=NOW + 48 * HOUR))
    assert told(archive(tmp_path, first, last)) == [(0, "first")]


def test_a_feed_that_dies_is_blindness_after_its_patience(tmp_path: Path) -> None:
    first = poll(tmp_path, timedelta(), cap("a", expires=NOW + 48 * HOUR))
    again = poll(tmp_path, 2 * HOUR, cap("a", expires=NOW + 48 * HOUR))
    assert told(archive(tmp_path, first, failure(30 * MINUTE), failure(40 * MINUTE), again)) == [
        (0, "first"),
        (45, "blind"),
        (120, "seeing-again"),
    ]


def test_problems_of_documents_come_with_their_file(tmp_path: Path) -> None:
    folder = archive(tmp_path, poll(tmp_path, timedelta(), b"<alert"))
    with Store.open(None) as store:
        (moment,) = Replay(read_archive(folder), PLACES, store=store).moments()
    assert [file for file, _ in moment.problems] == ["0.xml"]


def test_a_known_source_is_the_catalogues() -> None:
    assert known_or_stranger("us-nws-alerts", "nws").snapshot
    assert known_or_stranger("nobody", "cap").jurisdiction == ("001",)


def test_a_recording_of_a_frozen_feed_is_blindness(tmp_path: Path) -> None:
    bodies = [poll(tmp_path, number * HOUR, quakes(5.2, generated=NOW) + b" " * number) for number in range(4)]
    lines = [{**line, "source": "us-usgs-earthquakes", "format": "usgs"} for line in bodies]
    assert ("blind" in [reason for _, reason in told(archive(tmp_path, *lines))]) is True


def test_a_recording_that_names_one_file_again_says_not_modified(tmp_path: Path) -> None:
    line = {**poll(tmp_path, timedelta(), quakes(5.2)), "source": "us-usgs-earthquakes", "format": "usgs"}
    lines = [{**line, "at": stamp(NOW + number * HOUR)} for number in range(4)]
    assert "blind" not in [reason for _, reason in told(archive(tmp_path, *lines))]
