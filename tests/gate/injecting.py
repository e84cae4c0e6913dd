"""Documents with a sentence more: every field of every syntax that a reader of ours may copy from.

A document is opened once. `Opened.slots` names its fields; `Opened.injected` returns the document again with other
words in one of them, or in two. Nothing here knows a format.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from growth import wire, wire_fields
from lxml import etree

_COMMENT = "#comment"
_MOST_SLOTS = 400
_WIRE_BYTES = 2

Words = Callable[[str], str]
"""Makes the words of a field of those that stand there."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A document whose fields are named by `slots`; `write` makes it again with other words in some of them."""

    slots: tuple[str, ...]
    write: Callable[[Mapping[str, Words]], bytes]


def opened(body: bytes) -> Opened | None:
    """Return `body`, opened by its syntax; None where it has none that is known here."""
    if body[:2] == b"PK":
        return _archive(body)
    head = body.lstrip()[:1]
    if head == b"<":
        return _xml(body)
    if head in {b"{", b"["}:
        return _json(body)
    if body[:1] == b"\n" or b"\0" in body[:200]:
        return _wire(body)
    return _calendar(body) if body.startswith(b"BEGIN:") else _lines(body)


def _xml(body: bytes) -> Opened | None:
    """Elements, attributes, and a comment."""
    try:
        root = etree.fromstring(body)
    except (etree.XMLSyntaxError, ValueError):
        return None
    tree = root.getroottree()
    elements = [one for one in root.iter(etree.Element) if len(one) == 0 or (one.text or "").strip()]
    slots = [tree.getelementpath(one) for one in elements]
    slots += [f"{tree.getelementpath(one)}\0{name}" for one in root.iter(etree.Element) for name in one.keys()]  # noqa: SIM118

    def write(changes: Mapping[str, Words]) -> bytes:
        again = copy.deepcopy(root)
        for slot, words in changes.items():
            path, _, attribute = slot.partition("\0")
            if slot == _COMMENT:
                again.append(etree.Comment(_of_xml(words("")).replace("--", "-").rstrip("-")))
                continue
            element: Any = again if path == "." else again.find(path)
            if attribute:
                element.set(attribute, _of_xml(words(element.get(attribute))))
            else:
                element.text = _of_xml(words(element.text or ""))
        return etree.tostring(again, encoding="utf-8")

    return Opened((*slots[:_MOST_SLOTS], _COMMENT), write)


def _of_xml(words: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", words)


def _json(body: bytes) -> Opened | None:
    """Strings."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    slots: list[tuple[Any, ...]] = []
    _gather(document, (), slots)

    def write(changes: Mapping[str, Words]) -> bytes:
        again = orjson.loads(body)
        for slot, words in changes.items():
            *way, last = orjson.loads(slot)
            at = again
            for step in way:
                at = at[step]
            at[last] = words(at[last])
        return orjson.dumps(again)

    return Opened(tuple(orjson.dumps(slot).decode() for slot in slots[:_MOST_SLOTS]), write)


def _gather(value: Any, way: tuple[Any, ...], slots: list[tuple[Any, ...]]) -> None:
    if isinstance(value, str) and way:
        slots.append(way)
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        _gather(member, (*way, name), slots)


def _calendar(body: bytes) -> Opened:
    """Values of properties. Source: RFC 5545, 3.1 and 3.3.11."""
    lines = re.sub(r"\r?\n[ \t]", "", body.decode("utf-8", "replace")).splitlines()
    slots = [str(at) for at, line in enumerate(lines) if ":" in line and not line.startswith(("BEGIN:", "END:"))]

    def write(changes: Mapping[str, Words]) -> bytes:
        again = list(lines)
        for slot, words in changes.items():
            name, _, value = again[int(slot)].partition(":")
            said = words(re.sub(r"\\([,;\\])", r"\1", value).replace("\\n", "\n"))
            again[int(slot)] = name + ":" + re.sub(r"([,;\\])", r"\\\1", said).replace("\n", "\\n")
        return "\r\n".join([*again, ""]).encode()

    return Opened(tuple(slots[:_MOST_SLOTS]), write)


def _lines(body: bytes) -> Opened:
    """Lines of text, or fields of comma-separated ones."""
    lines = body.decode("utf-8", "replace").splitlines()
    commas = sum("," in line for line in lines[:3]) > 1 and lines[0].count(",") > 4
    slots = [f"{at}:{field}" for at, line in enumerate(lines) for field in range(line.count(",") + 1 if commas else 1)]

    def write(changes: Mapping[str, Words]) -> bytes:
        again = list(lines)
        for slot, words in changes.items():
            at, field = map(int, slot.split(":"))
            fields = again[at].split(",") if commas else [again[at]]
            fields[field] = words(fields[field])
            again[at] = ",".join(fields)
        return "\n".join([*again, ""]).encode()

    return Opened(tuple(slots[:_MOST_SLOTS]), write)


def _wire(body: bytes) -> Opened | None:
    """Strings in protobuf, wherever they stand."""
    slots: list[tuple[int, ...]] = []
    _gather_wire(body, (), slots)

    def write(changes: Mapping[str, Words]) -> bytes:
        again = body
        for slot, words in changes.items():
            again = _rewired(again, tuple(map(int, slot.split("."))), words)
        return again

    return Opened(tuple(".".join(map(str, slot)) for slot in slots[:_MOST_SLOTS]), write) if slots else None


def _gather_wire(body: bytes, way: tuple[int, ...], slots: list[tuple[int, ...]]) -> None:
    for place, (_, kind, content) in enumerate(wire_fields(body) or ()):
        if kind != _WIRE_BYTES:
            continue
        if content[:1].isalpha() and content.isascii() and content.decode().isprintable():
            slots.append((*way, place))
        else:
            _gather_wire(content, (*way, place), slots)


def _rewired(body: bytes, way: tuple[int, ...], words: Words) -> bytes:
    fields = wire_fields(body) or []
    number, kind, content = fields[way[0]]
    inner = _rewired(content, way[1:], words) if way[1:] else words(content.decode()).encode()
    return wire([*fields[: way[0]], (number, kind, inner), *fields[way[0] + 1 :]])


def _archive(body: bytes) -> Opened | None:
    """The fields of the first XML file of an archive."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(body))
        names = packed.namelist()
        inner = _xml(packed.read(names[0])) if names else None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return None
    if not inner:
        return None

    def write(changes: Mapping[str, Words]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(names[0], inner.write(changes))
        return out.getvalue()

    return Opened(inner.slots, write)
