"""The one opener of JSON: limits on size and depth, strict UTF-8, and no numbers that JSON does not know.

It knows nothing of any feed. A name that occurs twice in one object keeps its last value, as nearly every reader does
(RFC 8259, 4 leaves it open), so two of our readers can never see two documents in one.

Source: RFC 8259 (JSON).
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from tocsin.errors import FormatError

MAX_BYTES = 64 * 1024 * 1024
"""The largest document. Recorded: Switzerland's MeteoAlarm feed was 9.4 MB, one NWS snapshot 1.5 MB."""

MAX_DEPTH = 64
"""The deepest nesting. A GeoJSON MultiPolygon inside a feature collection needs 8."""

# Possessive, and with an optional closing quote, so that no input makes it look twice at a byte.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(body: bytes) -> Any:
    """Return the value of a JSON document, as the standard library spells it.

    A leading byte order mark is ignored (RFC 8259, 8.1); half of a surrogate pair, which no UTF-8 can hold, becomes
    "?". Numbers beyond a double's range come back as infinite: readers ask `math.isfinite` of what they keep.
    Raises FormatError, with line and column where there is one.
    """
    if len(body) > MAX_BYTES:
        raise FormatError(f"document is larger than {MAX_BYTES} bytes", at="document")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8", at=f"byte {error.start}") from None
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise FormatError("not JSON", at=f"line {error.lineno} column {error.colno}") from None
    except ValueError:
        # A whole number of more digits than Python converts (sys.get_int_max_str_digits).
        raise FormatError("a number is too long", at="document") from None
    except RecursionError:
        raise FormatError(f"nested deeper than {MAX_DEPTH}", at="document") from None
    _refuse_depth(body)
    return _without_lone_surrogates(value) if _SURROGATE.search(text) else value


def _refuse_constant(_name: str) -> NoReturn:
    raise FormatError("NaN and Infinity are not JSON numbers", at="document")


def _refuse_depth(body: bytes) -> None:
    """Raise FormatError when the brackets of a sound document nest deeper than MAX_DEPTH.

    Each round strikes out the innermost pairs, so a document is deeper when MAX_DEPTH rounds leave something.
    """
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if brackets:
        raise FormatError(f"nested deeper than {MAX_DEPTH}", at="document")


def _without_lone_surrogates(value: Any) -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
