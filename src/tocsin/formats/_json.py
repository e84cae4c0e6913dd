"""The one opener of JSON: limits on size and depth, strict UTF-8, and no numbers that JSON does not know.

It knows nothing of any feed. A name that occurs twice in one object keeps its last value, as nearly every reader does
(RFC 8259, 4 leaves it open), so two of our readers can never see two documents in one.

Source: RFC 8259 (JSON).
"""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any, NoReturn

import orjson

from tocsin.errors import FormatError

MAX_BYTES = 64 * 1024 * 1024
"""The largest document. Recorded: Switzerland's MeteoAlarm feed was 9.4 MB, one NWS snapshot 1.5 MB."""

MAX_DEPTH = 64
"""The deepest nesting. A GeoJSON MultiPolygon inside a feature collection needs 8."""

_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_CONTAINERS = {dict, list}


def loads(body: bytes) -> Any:
    """Return the value of a JSON document.

    A leading byte order mark is ignored (RFC 8259, 8.1); half of a surrogate pair, which no UTF-8 can hold, becomes
    "?". Whole numbers beyond 64 bits may come back as floats, and numbers beyond a double's range as infinite: readers
    ask `math.isfinite` of what they keep. Raises FormatError, with line and column where there is one.
    """
    if len(body) > MAX_BYTES:
        raise FormatError(f"document is larger than {MAX_BYTES} bytes", at="document")
    body = body.removeprefix(_BOM)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Four times as fast, orjson refuses a little more: the standard library has the last word, and the position.
        value = _loads_leniently(body)
    _refuse_depth(value)
    return value


def _loads_leniently(body: bytes) -> Any:
    try:
        text = body.decode()
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
    return _without_lone_surrogates(value) if _SURROGATE.search(text) else value


def _refuse_constant(_name: str) -> NoReturn:
    raise FormatError("NaN and Infinity are not JSON numbers", at="document")


def _refuse_depth(value: Any) -> None:
    """Raise FormatError when lists and objects nest deeper than MAX_DEPTH. Each round goes one level down."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(MAX_DEPTH):
        members = chain.from_iterable(one.values() if type(one) is dict else one for one in level)
        level = [member for member in members if type(member) in _CONTAINERS]
        if not level:
            return
    raise FormatError(f"nested deeper than {MAX_DEPTH}", at="document")


def _without_lone_surrogates(value: Any) -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
