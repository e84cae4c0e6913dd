"""The JSON opener, against its limits and the public JSON test suite."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tocsin.errors import FormatError
from tocsin.formats import _json as opener


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b'{"a": 1, "a": 2}', {"a": 2}, id="last-of-equal-names"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', {"a": 1}, id="byte-order-mark"),
        pytest.param(b'["\\ud83d\\ude00"]', ["\U0001f600"], id="surrogate-pair"),
        pytest.param(b'["\\ud83d!"]', ["?!"], id="half-a-surrogate-pair"),
        pytest.param(b'["[[[[\\"]]"]', ['[[[["]]'], id="brackets-in-a-string"),
        pytest.param(b"[18446744073709551616]", [2.0**64], id="a-whole-number-beyond-64-bits"),
        pytest.param(b"[1e400]", [float("inf")], id="beyond-a-double"),
        pytest.param(b"7", 7, id="a-number-alone"),
    ],
)
def test_value(body: bytes, value: object) -> None:
    assert opener.loads(body) == value


@pytest.mark.parametrize("depth", [opener.MAX_DEPTH - 1, opener.MAX_DEPTH])
def test_depth_within_the_limit(depth: int) -> None:
    assert opener.loads(nested(depth)) is not None


@pytest.mark.parametrize("depth", [opener.MAX_DEPTH + 1, 500, 1_000_000])
def test_depth_beyond_the_limit(depth: int) -> None:
    with pytest.raises(FormatError, match="nested deeper"):
        opener.loads(nested(depth))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b"<html></html>", "not JSON", id="html"),
        pytest.param(b"{'type': 'FeatureCollection'}", "line 1 column 2", id="python-repr"),
        pytest.param(b'{"a": NaN}', "NaN and Infinity", id="nan"),
        pytest.param(b"[-Infinity]", "NaN and Infinity", id="minus-infinity"),
        pytest.param(b'["\xe9"]', "not UTF-8 (at byte 2)", id="latin-1"),
        pytest.param(b"[" + b"9" * 5000 + b"]", "too long", id="number-of-5000-digits"),
        pytest.param(b'["a' + b'\\"' * 1000, "not JSON", id="cut-in-a-string"),
        pytest.param(b"[" * 1_000_000, "nested deeper", id="open-brackets-only"),
    ],
)
def test_refused(body: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        opener.loads(body)
    assert message in str(caught.value)


def test_size_beyond_the_limit() -> None:
    with pytest.raises(FormatError, match="larger than"):
        opener.loads(b" " * (opener.MAX_BYTES + 1))


def test_error_holds_no_content() -> None:
    with pytest.raises(FormatError) as caught:
        opener.loads(b'{"name": "Jane Roe", oops}')
    assert "Jane" not in repr((caught.value.args, caught.value.__cause__, caught.value.__suppress_context__))


@pytest.mark.shared
def test_json_test_suite(shared: Path) -> None:
    wrong = []
    for line in (shared / "vectors/json/jsontestsuite.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        try:
            opener.loads(base64.b64decode(case["b64"]))
            verdict = "accept"
        except FormatError:
            verdict = "reject"
        if case["expect"] not in {verdict, "either"}:
            wrong.append(case["name"])
    assert wrong == []
