"""Documents blown up: whatever a sample holds once, it holds here until the document has a given size.

Each XML element, JSON value, block of lines, field of protobuf and file of an archive is repeated where it stands,
once as it is and once with other names and positions in each copy, and each text is lengthened. What grows faster
than the document is found by this without knowing the format.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson
from lxml import etree

Grown = Iterator[tuple[str, bytes]]
"""(what was done, the document) of each way in which a sample grows."""

_NAME = re.compile(r"(?=[^ ]*[A-Za-z])[A-Za-z0-9][^ T]*[0-9]")  # an identifier: no time, no number, no sentence
_DECIMAL = re.compile(r"([0-9]\.[0-9])[0-9]*")
_MOST_COPIES = 50_000
_GLUE = {"": "joined", " ": "apart", ",": "listed"}


def grown(body: bytes, size: int) -> Grown:
    """Yield the sample in each way in which it grows to about `size` bytes."""
    if body[:2] == b"PK":
        yield from _grown_archive(body, size)
    elif body[:1] == b"\n" or b"\0" in body[:200]:
        yield from _grown_wire(body, size)
    elif body.lstrip()[:1] == b"<":
        yield from _grown_xml(body, size)
    elif body.lstrip()[:1] in {b"{", b"["}:
        yield from _grown_json(body, size)
    else:
        yield from _grown_lines(body, size)


def _other(text: str, number: int) -> str:
    """Return a text with another name and other decimals, for the copy of this number."""
    if _NAME.fullmatch(text):
        return f"{text}{number}"
    return _DECIMAL.sub(lambda found: f"{found[1]}{number % 9_973:04}", text)


# --- XML -----------------------------------------------------------------------------------------------------------


def _grown_xml(body: bytes, size: int) -> Grown:
    try:
        root = etree.fromstring(body)
    except (etree.XMLSyntaxError, ValueError):
        return
    for way, path in _first_of_each(root):
        element = _at(root, path)
        if element.getparent() is not None:
            for is_other in (False, True):
                yield f"{way} {'other' if is_other else 'same'}", _repeated(root, path, size, is_other=is_other)
        if element.text and element.text.strip():
            for glue, how in _GLUE.items():
                longer = copy.deepcopy(root)
                _at(longer, path).text = _lengthened(element.text.strip(), glue, size)
                yield f"{way} {how}", etree.tostring(longer)


def _first_of_each(root: Any) -> Iterator[tuple[str, str]]:
    """Yield (names, path) of the first element of each kind."""
    tree, seen = root.getroottree(), set()
    for element in root.iter(etree.Element):
        way = "/".join(str(one.tag).rpartition("}")[2] for one in reversed([element, *element.iterancestors()]))
        if way not in seen:
            seen.add(way)
            yield way, tree.getelementpath(element)


def _at(root: Any, path: str) -> Any:
    return root if path == "." else root.find(path)


def _repeated(root: Any, path: str, size: int, *, is_other: bool) -> bytes:
    wider = copy.deepcopy(root)
    element = _at(wider, path)
    tail, element.tail = element.tail, None
    copies = min(max(size // max(len(etree.tostring(element)), 1), 1), _MOST_COPIES)
    parent, at = element.getparent(), element.getparent().index(element)
    parent[at:at] = [_renamed(element, number) if is_other else copy.deepcopy(element) for number in range(copies)]
    element.tail = tail
    return etree.tostring(wider)


def _renamed(element: Any, number: int) -> Any:
    own = copy.deepcopy(element)
    for one in own.iter(etree.Element):
        one.text = _other(one.text, number) if one.text else None
        for name, value in one.items():
            one.set(name, _other(value, number))
    return own


def _lengthened(text: str, glue: str, size: int) -> str:
    return glue.join([text] * max(size // (len(text.encode()) + len(glue)), 2))


# --- JSON ----------------------------------------------------------------------------------------------------------


def _grown_json(body: bytes, size: int) -> Grown:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    seen: set[str] = set()
    for way, value, replaced in _values(document, "$", lambda new: new):
        if way in seen:
            continue
        seen.add(way)
        if isinstance(value, list) and value:
            for is_other in (False, True):
                copies = min(max(size // max(len(orjson.dumps(value)), 1), 1), _MOST_COPIES)
                wider = [_differing(one, n) if is_other else one for n in range(copies) for one in value]
                yield f"{way} {'other' if is_other else 'same'}", orjson.dumps(replaced(wider))
        elif isinstance(value, str) and value:
            for glue, how in _GLUE.items():
                yield f"{way} {how}", orjson.dumps(replaced(_lengthened(value, glue, size)))
        elif isinstance(value, dict) and value:
            name = next(iter(value))
            more = {f"{name}{number}": number for number in range(size // (len(name) + 12))}
            yield f"{way} members", orjson.dumps(replaced({**value, **more}))


def _values(value: Any, way: str, replaced: Callable[[Any], Any]) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    """Yield (names, value, what makes the document with another in its place) of each value."""
    yield way, value, replaced
    if isinstance(value, dict):
        for name, member in value.items():

            def inside(new: Any, value: dict[str, Any] = value, name: str = name) -> Any:
                return replaced({**value, name: new})

            yield from _values(member, f"{way}.{name}", inside)
    elif isinstance(value, list):
        for place, member in enumerate(value):

            def at(new: Any, value: list[Any] = value, place: int = place) -> Any:
                return replaced([*value[:place], new, *value[place + 1 :]])

            yield from _values(member, f"{way}[]", at)


def _differing(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {name: _differing(member, number) for name, member in value.items()}
    if isinstance(value, list):
        return [_differing(member, number) for member in value]
    if isinstance(value, float):
        return value + number % 9_973 / 1e5
    return _other(value, number) if isinstance(value, str) else value


# --- text ----------------------------------------------------------------------------------------------------------


def _grown_lines(body: bytes, size: int) -> Grown:
    lines = body.decode("utf-8", "replace").splitlines()
    for first, last in _blocks(lines):
        block = lines[first:last]
        copies = min(max(size // (sum(len(line) + 2 for line in block) or 1), 1), _MOST_COPIES)
        for is_other in (False, True):
            again = [_other(line, n) if is_other else line for n in range(copies) for line in block]
            yield f"lines {first}-{last} {'other' if is_other else 'same'}", _text(lines[:first], again, lines[last:])
    for number, line in enumerate(lines):
        for piece in dict.fromkeys([line, line[-8:], line[-1:]]):
            for glue, how in _GLUE.items() if piece else ():
                again = [line + glue + _lengthened(piece, glue, size)]
                yield f"line {number} {how} {len(piece)}", _text(lines[:number], again, lines[number + 1 :])


def _text(*parts: Sequence[str]) -> bytes:
    return "\r\n".join(line for part in parts for line in part).encode()


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of each line, of what begins and ends, of each paragraph and two, and of all."""
    yield 0, len(lines)
    yield from ((number, number + 1) for number in range(len(lines)))
    begun = []
    for number, line in enumerate(lines):
        if line.startswith("BEGIN:"):
            begun.append(number)
        elif line.startswith("END:") and begun:
            yield begun.pop(), number + 1
    blanks = [-1, *(number for number, line in enumerate(lines) if not line.strip() or line == "$$"), len(lines)]
    for skip in (1, 2, 4):
        for place in range(len(blanks) - skip):
            if blanks[place] + 1 < blanks[place + skip]:
                yield blanks[place] + 1, blanks[place + skip]


# --- protobuf ------------------------------------------------------------------------------------------------------

_BYTES = 2


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def _read_varint(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[at]
        number |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            return number, at


def wire_fields(body: bytes) -> list[tuple[int, int, bytes]] | None:
    """Return (number, kind, content) of each field, or None where these bytes are no message."""
    found, at = [], 0
    try:
        while at < len(body):
            tag, at = _read_varint(body, at)
            start = at
            if tag & 7 == _BYTES:
                length, start = _read_varint(body, at)
                at = start + length
            elif tag & 7 == 0:
                _, at = _read_varint(body, at)
            else:
                at += {1: 8, 5: 4}[tag & 7]
            if at > len(body) or not tag >> 3:
                return None
            found.append((tag >> 3, tag & 7, body[start:at]))
    except (IndexError, KeyError):
        return None
    return found


def wire(fields: Sequence[tuple[int, int, bytes]]) -> bytes:
    return b"".join(
        _varint(number << 3 | kind) + (_varint(len(content)) if kind == _BYTES else b"") + content
        for number, kind, content in fields
    )


def _grown_wire(body: bytes, size: int, way: str = "message", depth: int = 5) -> Grown:
    fields = wire_fields(body)
    seen = set()
    for place, (number, kind, content) in enumerate(fields or ()):
        if fields is None or number in seen:
            continue
        seen.add(number)
        one = fields[place : place + 1]
        copies = min(max(size // len(wire(one)), 1), _MOST_COPIES)
        yield f"{way}.{number} same", wire([*fields[:place], *one * copies, *fields[place:]])
        if kind == _BYTES:
            others = [(number, kind, _renumbered(content, n)) for n in range(copies)]
            yield f"{way}.{number} other", wire([*fields[:place], *others, *fields[place:]])
        if kind == _BYTES and depth:
            for inner, longer in _grown_wire(content, size, f"{way}.{number}", depth - 1):
                yield inner, wire([*fields[:place], (number, kind, longer), *fields[place + 1 :]])


def _renumbered(content: bytes, number: int) -> bytes:
    """Return a message with another text in its first field, which is an id wherever there is one."""
    fields = wire_fields(content)
    if not fields or fields[0][1] != _BYTES:
        return content
    return wire([(fields[0][0], _BYTES, fields[0][2] + str(number).encode()), *fields[1:]])


# --- archives ------------------------------------------------------------------------------------------------------


def _grown_archive(body: bytes, size: int) -> Grown:
    try:
        packed = zipfile.ZipFile(io.BytesIO(body))
        files = [packed.read(name) for name in packed.namelist()]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return
    for place, file in enumerate(files[:3]):
        yield f"file[{place}] same", _archive([file] * max(size // max(len(file), 1), 1))
        for way, longer in _grown_xml(file, size):
            yield f"file[{place}] {way}", _archive([longer])


def _archive(files: Sequence[bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, file in enumerate(files):
            archive.writestr(f"{number}.xml", file)
    return out.getvalue()
