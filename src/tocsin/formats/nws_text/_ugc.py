"""Universal Geographic Codes in text: "OKZ036-037-TXZ083-086>090-311500-".

Source: NWS Instruction 10-1702, section 3 (SSFNNN; "-" between codes, ">" for a range, ALL or 000 for the whole
state, DDHHMM- when the product is purged).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tocsin.model import Code

_FIRST = re.compile(r"[A-Z]{2}[CZ](?:[0-9]{3}|ALL)[A-Z0-9>-]*")
_MORE = re.compile(r"[A-Z0-9>-]+")
_PURGE = re.compile(r"(?:^|-)([0-9]{6})-?$")
_TOKEN = re.compile(r"([A-Z]{2}[CZ])?([0-9]{3}|ALL)(?:>([A-Z]{2}[CZ])?([0-9]{3}))?")
MOST_CODES = 10_000
"""Codes of a short document beyond which no more are read; the United States have some 8,000 zones and counties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """One block of codes. `purge` is (day, hour, minute) or None; `is_whole` is false where part was no code."""

    codes: tuple[Code, ...]
    purge: tuple[int, int, int] | None
    is_whole: bool
    lines: int


def blocks(lines: Sequence[str], *, limit: int = MOST_CODES) -> Iterator[tuple[int, Zones]]:
    """Yield the offset of every block of codes, and the block, with at most `limit` codes in all. Cost: linear.

    A range of nine characters stands for a thousand codes, so that their number is no bound by itself.
    """
    number = 0
    while number < len(lines):
        if not _FIRST.fullmatch(lines[number].strip()):
            number += 1
            continue
        end = _end(lines, number)
        text = "".join(line.strip() for line in lines[number:end])
        if purge := _PURGE.search(text):
            codes, is_whole = _expanded(text[: purge.start()], limit)
            limit -= len(codes)
            moment = (int(purge[1][:2]), int(purge[1][2:4]), int(purge[1][4:]))
            yield number, Zones(codes=codes, purge=moment, is_whole=is_whole, lines=end - number)
        number = end


def _end(lines: Sequence[str], start: int) -> int:
    """Return where a block ends: after its purge time, else where lines of codes end."""
    for number in range(start, len(lines)):
        line = lines[number].strip()
        if not _MORE.fullmatch(line):
            return number
        if _PURGE.search(line):
            return number + 1
    return len(lines)


def _expanded(block: str, limit: int) -> tuple[tuple[Code, ...], bool]:
    found: dict[Code, None] = {}
    prefix, is_whole = "", True
    for token in filter(None, block.split("-")):
        match = _TOKEN.fullmatch(token)
        if match is None or not (prefix or match[1]) or (match[3] or match[1] or prefix) != (match[1] or prefix):
            is_whole = False
            continue
        prefix = match[1] or prefix
        numbers = _numbers(match[2], match[4])
        is_whole = is_whole and bool(numbers) and len(found) + len(numbers) <= limit
        found.update((Code("UGC", f"{prefix}{number:03}"), None) for number in numbers[: limit - len(found)])
    return tuple(found), is_whole


def _numbers(first: str, last: str | None) -> range:
    """Return the numbers of a code or a range, none of a range that runs backwards; ALL is 0, as 000 is."""
    start = 0 if first == "ALL" else int(first)
    return range(start, int(last or start) + 1)
