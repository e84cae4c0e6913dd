"""The sweep finds a string however it was written, and nothing that is not there."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tocsin.neutrality.sweep import sweep, ways

NAME = "Ünal Brandt & Søn"

WRITTEN = [
    pytest.param(NAME.encode(), id="utf-8"),
    pytest.param(NAME.encode("utf-16-le"), id="utf-16le"),
    pytest.param(NAME.encode("utf-16-be"), id="utf-16be"),
    pytest.param(json.dumps({"a": NAME}).encode(), id="json"),
    pytest.param(json.dumps(NAME).replace("\\u00", "\\U00").encode(), id="json-upper-case"),
    pytest.param(html.escape(NAME).encode(), id="html"),
    pytest.param(quote(NAME).encode(), id="url"),
    pytest.param(NAME.upper().encode(), id="upper"),
    pytest.param(NAME.lower().encode(), id="lower"),
    *(
        pytest.param(base64.b64encode(bytes(before) + NAME.encode() + bytes(after)), id=f"base64-{before}-{after}")
        for before in range(4)
        for after in range(3)
    ),
]


@pytest.mark.parametrize("written", WRITTEN)
def test_found_in_a_folder_below(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.bin").write_bytes(bytes(5000) + written + b"\xff" * 5000)
    swept = sweep([tmp_path], ["Somebody Else", NAME])
    assert {hit.number for hit in swept.hits} == {1}
    assert swept.files == 1
    assert swept.size_bytes == 10000 + len(written)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("Ünal Brand", id="a-part"),
        pytest.param("", id="empty"),
        pytest.param("\x00".join(NAME) + "\x00 x", id="spread"),
    ],
)
def test_nothing_found(tmp_path: Path, written: str) -> None:
    (tmp_path / "b.bin").write_bytes(written.encode())
    assert sweep([tmp_path, tmp_path / "gone"], [NAME]).hits == ()
    assert sweep([tmp_path], []).files == 1


def test_a_short_string_is_not_looked_for_in_base64() -> None:
    assert [way for way in ways("ab41cd") if way.startswith("base64")] == []
