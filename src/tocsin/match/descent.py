"""The descent, compiled: which slices of the sorted places lie in an area. Needs the extra `tocsin[fast]` (numba).

`raster` gives the same answer without a compiler. Compiled code is kept beside this file, or in the user's cache; the
first use on a machine takes some seconds, a later start half of one, and both are paid before the first warning.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from tocsin.match.grid import CODE_BITS, Whole

Starts = npt.NDArray[np.uint32]
Ids = npt.NDArray[np.uint32]
Parts = npt.NDArray[np.intp]
Listed = npt.NDArray[np.int32]

_DEEPEST = 32  # a cell of side 2^32 is all the Earth
_WAITING = 3 * _DEEPEST + 2  # three siblings on each level of the way down
_CORNER, _LEVEL, _FIRST, _END, _BEGIN, _STOP, _INSIDE = range(7)  # what is known of a cell that waits
_MOST_TESTED = 128  # more than `_is_few` allows


@njit(nogil=True, cache=True)
def descend_all(codes: Whole, starts: Starts, edges: Whole, parts: Parts) -> Whole:
    """Return the slices [first, end) of `codes` in each part of an area, one part after the other.

    Part p has the edges from parts[p] to parts[p + 1]. Slices of two parts may overlap.
    """
    low = CODE_BITS
    while (1 << (CODE_BITS - low)) < len(starts) - 1:
        low -= 1
    found, count = np.empty((64, 2), np.int64), 0
    for part in range(len(parts) - 1):
        found, count = descend(codes, starts, low, edges[parts[part] : parts[part + 1]], found, count)
    return found[:count]


@njit(nogil=True, cache=True)
def copied(ids: Ids, slices: Whole) -> Ids:
    """Return the ids of slices [first, end), slice by slice."""
    count = 0
    for k in range(len(slices)):
        count += slices[k, 1] - slices[k, 0]
    found, at = np.empty(count, np.uint32), 0
    for k in range(len(slices)):
        for position in range(slices[k, 0], slices[k, 1]):
            found[at] = ids[position]
            at += 1
    return found


@njit(nogil=True, cache=True)
def descend(codes: Whole, starts: Starts, low: int, edges: Whole, found: Whole, count: int) -> tuple[Whole, int]:
    """Add the slices [first, end) of `codes` that lie in one part of an area or on its boundary, in order.

    `codes` are sorted; `starts[k]` is the position of the first that is at least k << `low`; `edges` close rings.
    `found` has `count` slices already; returns both, grown.

    A cell is a square of the grid whose side is a power of two, and one slice of the codes. The descent begins with
    the smallest that holds all edges, and keeps of each cell (1) a list with every edge that meets it, its border
    counted, and (2) whether its lower left corner is inside. Then:

    - No edge in the list: no boundary in the cell, so all its places are where its corner is: a slice or none, and no
      place is looked at.
    - Few places: each is tested. The path from the corner up to the height of the place and then across to it lies in
      the cell, so only listed edges can cross it. The place is inside if the corner is, turned over at each crossing;
      or if it lies on an edge.
    - Else the four children: their corners are reached by such paths too, and their lists are parts of this one.

    A list may hold an edge too many, because what crosses is decided exactly; so lists are made with sloppy floats.
    What is exact is `_is_left`: twice the area of a triangle on the grid is below 2^63, so that sums that wrap around
    on the way come out right. A corner may lie on an edge: all corners and places are therefore taken to be moved by
    a tiny step to the right and a small one up, both less than anything on the grid is apart. That takes no place
    that is not on an edge across one. Half-open spans ((y1 <= y) != (y2 <= y)) and the ties of `_is_left` are these
    steps.

    No value in `starts` leads out of `codes`, whatever stands there.
    """
    waiting = np.empty((_WAITING, 7), np.int64)
    if len(edges) == 0 or not _root(codes, starts, low, edges, waiting[0]):
        return found, count
    listed = np.empty(4 * len(edges) + 256, np.int32)
    listed[: len(edges)] = np.arange(len(edges))
    hits = np.empty((3, _MOST_TESTED), np.int64)
    before, depth = count, 1
    while depth > 0:
        depth -= 1
        cell = waiting[depth]
        first, end, begin, stop = cell[_FIRST], cell[_END], cell[_BEGIN], cell[_STOP]
        if begin == stop:
            if cell[_INSIDE]:
                found, count = _add(found, count, before, first, end)
        elif cell[_LEVEL] == 0 or _is_few(end - first, stop - begin):
            found, count = _add_tested(codes, edges, listed[begin:stop], cell, hits, found, count, before)
        else:
            if stop + 4 * (stop - begin) > len(listed):
                listed = np.concatenate((listed, np.empty(len(listed) + 4 * (stop - begin), np.int32)))
            depth = _split(codes, starts, low, edges, listed, waiting, depth)
    return found, count


@njit(nogil=True, cache=True)
def _is_few(places: int, edges: int) -> bool:
    """Return whether to test the places should cost less than to look at four children: an estimate, not tuned."""
    return places * (edges + 2) <= 200 + 5 * edges


@njit(nogil=True, cache=True)
def _add(found: Whole, count: int, before: int, first: int, end: int) -> tuple[Whole, int]:
    """Add a slice, to the last one if it goes on there; those up to `before` are another part's."""
    if count > before and found[count - 1, 1] == first:
        found[count - 1, 1] = end
        return found, count
    if count == len(found):
        found = np.concatenate((found, np.empty((len(found), 2), np.int64)))
    found[count, 0], found[count, 1] = first, end
    return found, count + 1


@njit(nogil=True, cache=True)
def _root(codes: Whole, starts: Starts, low: int, edges: Whole, cell: Whole) -> bool:
    """Set the smallest cell that holds all edges; return whether it has places."""
    west, south, east, north = edges[0, 0], edges[0, 1], edges[0, 0], edges[0, 1]
    for i in range(len(edges)):
        west, east = min(west, edges[i, 0]), max(east, edges[i, 0])
        south, north = min(south, edges[i, 1]), max(north, edges[i, 1])
    level = 0
    while (west ^ east) >> level or (south ^ north) >> level:
        level += 1
    x, y = (west >> level) << level, (south >> level) << level
    corner = _spread(x) | (_spread(y) << 1)
    inside = False
    for i in range(len(edges)):
        inside ^= _meets_across(edges, i, -1, x, y)  # west of the grid nothing is inside
    cell[_CORNER], cell[_LEVEL], cell[_INSIDE] = corner, level, inside
    cell[_FIRST] = _within(codes, starts, low, corner, 0, len(codes))
    cell[_END] = len(codes)
    if level < _DEEPEST:
        cell[_END] = _within(codes, starts, low, corner + (1 << (2 * level)), cell[_FIRST], len(codes))
    cell[_BEGIN], cell[_STOP] = 0, len(edges)
    return cell[_FIRST] < cell[_END]


@njit(nogil=True, cache=True)
def _split(codes: Whole, starts: Starts, low: int, edges: Whole, listed: Listed, waiting: Whole, depth: int) -> int:
    """Put the children that have places where the cell waited, the first on top; return how many cells wait then."""
    cell = waiting[depth]
    corner, level, first, end = cell[_CORNER], cell[_LEVEL] - 1, cell[_FIRST], cell[_END]
    begin, stop, inside = cell[_BEGIN], cell[_STOP], cell[_INSIDE]
    side, quarter = 1 << level, 1 << (2 * level)
    x, y = _gather(corner), _gather(corner >> 1)
    above, right, opposite = inside, inside, np.int64(0)
    for j in range(begin, stop):
        i = listed[j]
        above ^= _meets_up(edges, i, x, y, y + side)
        right ^= _meets_across(edges, i, x, x + side, y)
        opposite ^= _meets_across(edges, i, x, x + side, y + side)
    opposite ^= above
    middle = _within(codes, starts, low, corner + 2 * quarter, first, end)
    cut = (
        _within(codes, starts, low, corner + quarter, first, middle),
        _within(codes, starts, low, corner + 3 * quarter, middle, end),
    )
    top = stop
    for child in (3, 2, 1, 0):
        begins = (first, cut[0], middle, cut[1])[child]
        ends = (cut[0], middle, cut[1], end)[child]
        if begins >= ends:
            continue
        west, south = x + side * (child & 1), y + side * (child >> 1)
        below = top
        for j in range(begin, stop):
            listed[top] = listed[j]
            top += _may_meet(edges, listed[j], west, south, side)
        cell = waiting[depth]
        cell[_CORNER], cell[_LEVEL], cell[_FIRST], cell[_END] = corner + child * quarter, level, begins, ends
        cell[_BEGIN], cell[_STOP], cell[_INSIDE] = below, top, (inside, right, above, opposite)[child]
        depth += 1
    return depth


@njit(nogil=True, cache=True)
def _add_tested(
    codes: Whole, edges: Whole, listed: Listed, cell: Whole, hits: Whole, found: Whole, count: int, before: int
) -> tuple[Whole, int]:
    """Add those places of a cell that are inside or on an edge."""
    first, end = cell[_FIRST], cell[_END]
    if cell[_LEVEL] == 0:  # all at one spot, however many
        _test(codes[first : first + 1], edges, listed, cell, hits)
        return _add(found, count, before, first, end) if hits[2, 0] else (found, count)
    _test(codes[first:end], edges, listed, cell, hits)
    for k in range(end - first):
        if hits[2, k]:
            found, count = _add(found, count, before, first + k, first + k + 1)
    return found, count


@njit(nogil=True, cache=True)
def _test(codes: Whole, edges: Whole, listed: Listed, cell: Whole, hits: Whole) -> None:
    """Set hits[2] for each place of a cell that is inside or on an edge. Edge by edge: places then go side by side."""
    left, low = _gather(cell[_CORNER]), _gather(cell[_CORNER] >> 1)
    count = len(codes)
    xs, ys = hits[0], hits[1]
    is_in, is_on = np.empty(_MOST_TESTED, np.int64), np.zeros(_MOST_TESTED, np.int64)
    for k in range(count):
        xs[k], ys[k], is_in[k] = _gather(codes[k]), _gather(codes[k] >> 1), cell[_INSIDE]
    for i in listed:
        x1, y1, x2, y2 = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
        dx, dy = x2 - x1, y2 - y1
        west, east, south, north = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        spans_left = np.int64((x1 <= left) != (x2 <= left))
        tie = np.int64(dx > 0 or (dx == 0 and dy < 0))
        at_left = dy * (left - x1)
        turn = dx * (low - y1) - at_left
        at_corner = np.int64(turn > 0) | (np.int64(turn == 0) & tie)
        for k in range(count):
            rise = dx * (ys[k] - y1)
            turn = rise - at_left
            at_bend = np.int64(turn > 0) | (np.int64(turn == 0) & tie)
            turn = rise - dy * (xs[k] - x1)
            spans = np.int64((y1 <= ys[k]) != (y2 <= ys[k]))
            is_in[k] ^= (spans_left & (at_corner ^ at_bend)) ^ (spans & (at_bend ^ np.int64(turn > 0)))
            in_box = (
                np.int64(west <= xs[k]) & np.int64(xs[k] <= east) & np.int64(south <= ys[k]) & np.int64(ys[k] <= north)
            )
            is_on[k] |= np.int64(turn == 0) & in_box
    for k in range(count):
        hits[2, k] = is_in[k] | is_on[k]


@njit(nogil=True, cache=True)
def _is_left(edges: Whole, i: int, x: int, y: int) -> bool:
    """Return whether a position, moved by the two steps, lies left of an edge. Exact."""
    dx, dy = edges[i, 2] - edges[i, 0], edges[i, 3] - edges[i, 1]
    turn = dx * (y - edges[i, 1]) - dy * (x - edges[i, 0])
    return turn > 0 or (turn == 0 and (dx > 0 or (dx == 0 and dy < 0)))


@njit(nogil=True, cache=True)
def _meets_across(edges: Whole, i: int, x: int, other_x: int, y: int) -> bool:
    """Return whether the edge crosses the way from (x, y) to (other_x, y)."""
    if (edges[i, 1] <= y) == (edges[i, 3] <= y):
        return False
    return _is_left(edges, i, x, y) != _is_left(edges, i, other_x, y)


@njit(nogil=True, cache=True)
def _meets_up(edges: Whole, i: int, x: int, y: int, other_y: int) -> bool:
    """Return whether the edge crosses the way from (x, y) to (x, other_y)."""
    if (edges[i, 0] <= x) == (edges[i, 2] <= x):
        return False
    return _is_left(edges, i, x, y) != _is_left(edges, i, x, other_y)


@njit(nogil=True, cache=True)
def _may_meet(edges: Whole, i: int, west: int, south: int, side: int) -> bool:
    """Return False only if the edge does not meet the cell, its border counted."""
    x1, y1, x2, y2 = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
    if max(x1, x2) < west or min(x1, x2) > west + side or max(y1, y2) < south or min(y1, y2) > south + side:
        return False
    # The line through it passes the middle of the cell by more than its corners are off. Products below 2^66 as floats
    # are right to 2^13, three of them to 2^15: twice that is allowed for.
    dx, dy = float(x2 - x1), float(y2 - y1)
    turn = dx * float(2 * (south - y1) + side) - dy * float(2 * (west - x1) + side)
    return abs(turn) <= (abs(dx) + abs(dy)) * float(side) + 65536.0


@njit(nogil=True, cache=True)
def _within(codes: Whole, starts: Starts, low: int, code: int, first: int, end: int) -> int:
    """Return the first position from `first` to `end` whose code is at least `code`."""
    if code < 0:  # one more than the last code of all has 64 bits
        return end
    key = code >> low
    start = _clamped(int(starts[key]), first, end)
    if code & ((1 << low) - 1) == 0:
        return start
    first, end = start, _clamped(int(starts[key + 1]), start, end)
    while first < end:
        middle = (first + end) >> 1
        if codes[middle] < code:
            first = middle + 1
        else:
            end = middle
    return first


@njit(nogil=True, cache=True)
def _clamped(position: int, first: int, end: int) -> int:
    if position < first:
        return first
    return min(position, end)


@njit(nogil=True, cache=True)
def _spread(number: int) -> int:
    """Return a number of 32 bits with a 0 before each bit, as `grid` does."""
    number = (number | (number << 16)) & 0x0000FFFF0000FFFF
    number = (number | (number << 8)) & 0x00FF00FF00FF00FF
    number = (number | (number << 4)) & 0x0F0F0F0F0F0F0F0F
    number = (number | (number << 2)) & 0x3333333333333333
    return (number | (number << 1)) & 0x5555555555555555


@njit(nogil=True, cache=True)
def _gather(number: int) -> int:
    """Return the even bits of a code."""
    number &= 0x5555555555555555
    number = (number | (number >> 1)) & 0x3333333333333333
    number = (number | (number >> 2)) & 0x0F0F0F0F0F0F0F0F
    number = (number | (number >> 4)) & 0x00FF00FF00FF00FF
    number = (number | (number >> 8)) & 0x0000FFFF0000FFFF
    return (number | (number >> 16)) & 0x00000000FFFFFFFF
