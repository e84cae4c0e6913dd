"""The protobuf wire format, walked without being parsed: what a message holds, counted before it costs memory.

A parser makes objects of some hundred bytes of every two bytes of an empty message. Walking makes none, so limits
hold before a parser sees anything, and parts that nobody reads are never parsed.

Source: Protocol Buffers, "Encoding" (https://protobuf.dev/programming-guides/encoding/). Groups, deprecated since
2008, are refused: their nesting is what a parser must be protected from.
"""

from __future__ import annotations

from typing import NamedTuple

from tocsin.errors import FormatError

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_MORE = 0x80


class Place(NamedTuple):
    """Where one field of a message lies: its number, its first byte, its content; the value of a varint."""

    number: int
    at: int
    start: int
    stop: int
    value: int | None


def refuse_crumbs(body: bytes, *, least: int, limit: int) -> None:
    """Raise FormatError when more than `limit` fields of a message hold fewer than `least` bytes.

    That many say nothing, and only cost: a million empty entities are two megabytes. What is wrong otherwise is left
    for `walk` to tell.
    """
    position, last, crumbs = 0, len(body) - 1, 0
    while position < last and body[position] & 7 == _BYTES and body[position] < _MORE:
        size, start = body[position + 1], position + 2
        if size >= _MORE:
            size, start = _varint(body, position + 1, len(body))
        position = start + size
        if size < least:
            crumbs += 1
            if crumbs > limit:
                raise FormatError(f"more than {limit} fields hold nothing", at=f"byte {position}")


def walk(body: bytes, start: int, stop: int, *, limit: int) -> list[Place]:
    """Return the fields of the message that lies in `body[start:stop]`, in their order.

    Raises FormatError, with the byte, for what is cut, lies about a length, holds a group or more than `limit` fields.
    Cost: linear in the fields, whatever they hold.
    """
    found: list[Place] = []
    position = start
    while position < stop:
        at = position
        tag, position = _varint(body, position, stop)
        kind = tag & 7
        value = None
        if kind == _BYTES:
            size, position = _varint(body, position, stop)
            end = position + size
        elif kind == _VARINT:
            value, end = _varint(body, position, stop)
        elif kind in {_FIXED_64, _FIXED_32}:
            end = position + (8 if kind == _FIXED_64 else 4)
        else:
            raise FormatError("a protobuf group or a type of field that does not exist", at=f"byte {at}")
        if end > stop or tag < 1 << 3:
            raise FormatError("not a protobuf message, or one that is cut", at=f"byte {at}")
        if len(found) >= limit:
            raise FormatError(f"more than {limit} fields in one message", at=f"byte {at}")
        found.append(Place(tag >> 3, at, position, end, value))
        position = end
    return found


def _varint(body: bytes, position: int, stop: int) -> tuple[int, int]:
    """Return the number that begins at `position`, and where it ends."""
    if position < stop and body[position] < _MORE:
        return body[position], position + 1
    number = 0
    for count, byte in enumerate(body[position : min(position + _LONGEST_VARINT, stop)]):
        number |= (byte & 0x7F) << 7 * count
        if byte < _MORE:
            return number, position + count + 1
    raise FormatError("not a protobuf message, or one that is cut", at=f"byte {position}")
