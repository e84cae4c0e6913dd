"""The segments of a product: each begins with a block of zone codes and ends before the next block.

"$$" ends what a segment says (`_wording`), but a polygon may still follow it.

What stands before the first block is the product's preamble: its name, its office, its issuance line and, in some
products, headlines and calls to action for all segments; some say the codes of all segments there. A stretch without
codes but with a VTEC is a segment too.

Source: NWSI 10-1701, 4 (segmented products); NWSI 10-1702 (UGC); NWSI 10-1703 (P-VTEC and H-VTEC lines).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tocsin.formats._bulletin import written_time
from tocsin.formats._vtec import Vtec, read_vtec
from tocsin.formats.nws_text._tags import read_tags
from tocsin.formats.nws_text._ugc import MOST_CODES, Zones, blocks

_MOST_VTECS = 60
_DATED_WITHIN = 40  # lines of a segment among which its issuance line stands
_END = "$$"
_SHAPE = re.compile(r"/[OTEX]\.[A-Z0-9]{3}\.[A-Z0-9]{4}\.")
_ZONELESS = Zones(codes=(), purge=None, is_whole=True, lines=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment. `lines` follow the codes and VTECs; `line` is the offset of its first line within the product."""

    line: int
    zones: Zones
    vtecs: tuple[Vtec, ...]
    sites: tuple[str, ...]
    lines: tuple[str, ...]
    tags: Mapping[str, str]
    is_cut: bool

    @property
    def is_garbled(self) -> bool:
        """Return whether a line has the shape of a VTEC and is none."""
        return any(map(looks_coded, self.sites))

    @property
    def states(self) -> frozenset[str]:
        """Return the first two letters of the codes."""
        return frozenset(code.value[:2] for code in self.zones.codes)

    @property
    def dated(self) -> int:
        """Return how many lines there are up to the issuance line, with it; 0 where none stands near the top."""
        near = enumerate(self.lines[:_DATED_WITHIN], 1)
        return next((number for number, line in near if written_time(line)), 0)


def looks_coded(line: str) -> bool:
    """Return whether the line has the shape of a VTEC, product class first."""
    return bool(_SHAPE.match(line.strip()))


def split(lines: Sequence[str], *, limit: int = MOST_CODES) -> tuple[tuple[str, ...], tuple[Segment, ...]]:
    """Return the preamble of a product and its segments, in order, with at most `limit` zones in all. Cost: linear."""
    zoned = dict(blocks(lines, limit=limit))
    starts = sorted({*zoned, *_codeless(lines, zoned)})
    bounds = [*starts, len(lines)]
    found = tuple(
        _segment(start, zoned.get(start, _ZONELESS), lines[start:end])
        for start, end in zip(starts, bounds[1:], strict=True)
    )
    preamble = tuple(lines[: bounds[0]])
    if len(found) > 1 and _is_summary(found[0]):
        return (*preamble, *found[0].lines), found[1:]
    return preamble, found


def _is_summary(first: Segment) -> bool:
    """Return whether a first block of codes is that of the whole product: no VTEC, and no end before the next one."""
    return not first.vtecs and not first.is_garbled and _END not in first.lines


def _codeless(lines: Sequence[str], zoned: Mapping[int, Zones]) -> Iterator[int]:
    """Yield where a VTEC stands that no block of codes leads: before the first block, or after the end of a segment."""
    is_open = False
    for number, line in enumerate(lines):
        is_open = number in zoned or (is_open and line.strip() != _END)
        if not is_open and _is_code(line) and read_vtec([line]):
            yield number
            is_open = True


def _is_code(line: str) -> bool:
    return line.lstrip().startswith("/")


def _segment(line: int, zones: Zones, lines: Sequence[str]) -> Segment:
    """Return the segment of these lines. VTEC and H-VTEC lines follow the codes, after empty lines at most."""
    coded = zones.lines
    while coded < len(lines) and (_is_code(lines[coded]) or not lines[coded]):
        coded += 1
    # An empty line that stands before the words is theirs.
    while coded > zones.lines and not lines[coded - 1]:
        coded -= 1
    end = lines.index(_END) if _END in lines else len(lines)
    codes = [text.strip() for text in lines[zones.lines : end] if _is_code(text)]
    vtecs = read_vtec(codes)
    return Segment(
        line=line,
        zones=zones,
        vtecs=vtecs[:_MOST_VTECS],
        sites=tuple(text for text in codes if not read_vtec([text])),
        lines=tuple(text for text in lines[coded:] if not (_is_code(text) and read_vtec([text]))),
        tags=read_tags(lines[coded:]),
        is_cut=len(vtecs) > _MOST_VTECS,
    )
