"""The descent, compiled: which slices of the sorted places lie in an area. Needs the extra `tocsin[fast]` (numba).

`raster` gives the same answer without a compiler. Compiled code is kept beside this file, or in the user's cache; the
first use on a machine takes some seconds, a later start half of one, and both are paid before the first warning.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from tocsin.match.grid import CODE_BITS, EAST, NORTH, STEPS, Degrees, Whole

Starts = npt.NDArray[np.uint32]
Ids = npt.NDArray[np.uint32]
Parts = npt.NDArray[np.intp]
Listed = npt.NDArray[np.int32]

_DEEPEST = 32  # a cell of side 2^32 is all the Earth
_WAITING = 3 * _DEEPEST + 2  # three siblings on each level of the way down
_CORNER, _LEVEL, _FIRST, _END, _BEGIN, _STOP, _INSIDE = range(7)  # what is known of a cell that waits
_LANES = 16  # places that are tested side by side; the compiler makes vectors of 16, of 8 it makes none
_X, _Y, _IN, _ON = range(4)  # what is known of each
_SLOPPY = 65536.0  # by which a float of the descent may be wrong


@njit(nogil=True, cache=True)
def descend_all(codes: Whole, starts: Starts, edges: Whole, parts: Parts) -> Whole:
    """Return the slices [first, end) of `codes` in each part of an area, one part after the other.

    Part p has the edges from parts[p] to parts[p + 1]. Slices of two parts may overlap.
    """
    low = _low_bits(starts)
    found, count = np.empty((64, 2), np.int64), 0
    for part in range(len(parts) - 1):
        found, count = descend(codes, starts, low, edges[parts[part] : parts[part + 1]], found, count)
    return found[:count]


@njit(nogil=True, cache=True)
def descend_ring(codes: Whole, starts: Starts, lonlat: Degrees) -> Whole:
    """Return the slices of `codes` in a closed ring of degrees (n, 2). Positions are rounded as `grid.snap` does.

    Raises ValueError where one is not on Earth. Most areas are one ring, and this is half of the time of `snap` and
    `descend_all`: arrays of a hundred corners are over before NumPy has begun.
    """
    edges = np.empty((max(len(lonlat) - 1, 0), 4), np.int64)
    for i in range(len(lonlat)):
        x, y = np.rint(lonlat[i, 0] * STEPS), np.rint(lonlat[i, 1] * STEPS)
        if not (abs(x) <= EAST // 2 and abs(y) <= NORTH // 2):  # NaN is not
            raise ValueError("a position lies beyond 180 degrees of longitude or 90 of latitude")
        if i < len(edges):
            edges[i, 0], edges[i, 1] = int(x) + EAST // 2, int(y) + NORTH // 2
        if i > 0:
            edges[i - 1, 2], edges[i - 1, 3] = int(x) + EAST // 2, int(y) + NORTH // 2
    found, count = descend(codes, starts, _low_bits(starts), edges, np.empty((64, 2), np.int64), 0)
    return found[:count]


@njit(nogil=True, cache=True)
def descend_each(codes: Whole, starts: Starts, edges: Whole, parts: Parts, areas: Parts) -> tuple[Whole, Whole]:
    """Return the slices of `codes` in each of many areas, in order and disjoint, and where each area's begin.

    Area a has the parts from areas[a] to areas[a + 1]. The last of what is returned is where the last area's end.
    """
    low = _low_bits(starts)
    found, count = np.empty((64 * len(areas), 2), np.int64), 0
    begins = np.zeros(len(areas), np.int64)
    for area in range(len(areas) - 1):
        before = count
        for part in range(areas[area], areas[area + 1]):
            found, count = descend(codes, starts, low, edges[parts[part] : parts[part + 1]], found, count)
        if areas[area + 1] - areas[area] > 1:
            count = _unite(found, before, count)
        begins[area + 1] = count
    return found[:count], begins


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
    What is exact is `turn`, from which `_is_left` decides: twice the area of a triangle on the grid is below 2^63, so
    that sums that wrap around on the way come out right. A corner may lie on an edge: all corners and places are
    therefore taken to be moved by a tiny step to the right and a small one up, both less than anything on the grid is
    apart. That takes no place that is not on an edge across one. Half-open spans (`_spans`) and `tie` are these steps.

    No value in `starts` leads out of `codes`, whatever stands there.
    """
    waiting = np.empty((_WAITING, 7), np.int64)
    if len(edges) == 0 or not _root(codes, starts, low, edges, waiting):
        return found, count
    listed = np.empty(4 * len(edges) + 256, np.int32)
    listed[: len(edges)] = np.arange(len(edges))
    lanes = np.empty((4, _LANES), np.int64)
    before, depth = count, 1
    while depth > 0:
        depth -= 1
        first, end = waiting[depth, _FIRST], waiting[depth, _END]
        begin, stop = waiting[depth, _BEGIN], waiting[depth, _STOP]
        if begin == stop:
            if waiting[depth, _INSIDE]:
                found, count = _add(found, count, before, first, end)
        elif waiting[depth, _LEVEL] == 0 or _is_few(end - first, stop - begin):
            found, count = _add_tested(codes, edges, listed[begin:stop], waiting[depth], lanes, found, count, before)
        else:
            if stop + 4 * (stop - begin) > len(listed):
                listed = np.concatenate((listed, np.empty(len(listed) + 4 * (stop - begin), np.int32)))
            depth = _split(codes, starts, low, edges, listed, waiting, depth)
    return found, count


@njit(nogil=True, cache=True)
def _is_few(places: int, edges: int) -> bool:
    """Return whether to test the places should cost less than to look at four children: from 200 to 1000 alike."""
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
def _unite(found: Whole, before: int, count: int) -> int:
    """Put the slices from `before` on in order, those that overlap or adjoin as one; return how many there are then."""
    some = found[before:count].copy()
    reached = before
    for k in np.argsort(some[:, 0]):
        if reached > before and some[k, 0] <= found[reached - 1, 1]:
            found[reached - 1, 1] = max(found[reached - 1, 1], some[k, 1])
        else:
            found[reached] = some[k]
            reached += 1
    return reached


@njit(nogil=True, cache=True)
def _root(codes: Whole, starts: Starts, low: int, edges: Whole, waiting: Whole) -> bool:
    """Let the smallest cell that holds all edges wait; return whether it has places."""
    west, south, east, north = edges[0, 0], edges[0, 1], edges[0, 0], edges[0, 1]
    for i in range(len(edges)):
        west, east = min(west, edges[i, 0]), max(east, edges[i, 0])
        south, north = min(south, edges[i, 1]), max(north, edges[i, 1])
    level = 0
    while (west ^ east) >> level or (south ^ north) >> level:
        level += 1
    x, y = (west >> level) << level, (south >> level) << level
    inside = 0
    for i in range(len(edges)):
        x1, y1, dx, dy, tie = _edge(edges, i)
        turn = dx * (y - y1) - dy * (x - x1)
        turn_far_west = turn + dy * (x + 1)  # there, one step off the grid, nothing is inside
        inside ^= _spans(y1, edges[i, 3], y) & (_is_left(turn, tie) ^ _is_left(turn_far_west, tie))
    corner = _spread(x) | (_spread(y) << 1)
    first, end = _within(codes, starts, low, corner, 0, len(codes)), len(codes)
    if level < _DEEPEST:
        end = _within(codes, starts, low, corner + (1 << (2 * level)), first, end)
    _wait(waiting[0], corner, level, first, end, 0, len(edges), inside)
    return first < end


@njit(nogil=True, cache=True)
def _wait(cell: Whole, corner: int, level: int, first: int, end: int, begin: int, stop: int, inside: int) -> int:
    """Set what is known of a cell, if it has places; return how many cells that makes."""
    cell[_CORNER], cell[_LEVEL], cell[_INSIDE] = corner, level, inside
    cell[_FIRST], cell[_END], cell[_BEGIN], cell[_STOP] = first, end, begin, stop
    return int(first < end)


@njit(nogil=True, cache=True)
def _split(codes: Whole, starts: Starts, low: int, edges: Whole, listed: Listed, waiting: Whole, depth: int) -> int:
    """Put the children that have places where the cell waited, the first on top; return how many cells wait then."""
    corner, level, inside = waiting[depth, _CORNER], waiting[depth, _LEVEL] - 1, waiting[depth, _INSIDE]
    begin, stop = waiting[depth, _BEGIN], waiting[depth, _STOP]
    side, quarter, room = 1 << level, 1 << (2 * level), stop - begin
    x, y = _gather(corner), _gather(corner >> 1)
    right, above, opposite = inside, inside, 0
    # Each child's list has room for all edges; the one that is looked at first lies last, and all after it is free.
    stop_3, stop_2, stop_1, stop_0 = stop, stop + room, stop + 2 * room, stop + 3 * room
    for j in range(begin, stop):
        i = listed[j]
        x1, y1, dx, dy, tie = _edge(edges, i)
        x2, y2 = edges[i, 2], edges[i, 3]
        turn = dx * (y - y1) - dy * (x - x1)
        at_corner, at_right = _is_left(turn, tie), _is_left(turn - dy * side, tie)
        at_above, at_middle = _is_left(turn + dx * side, tie), _is_left(turn + dx * side - dy * side, tie)
        right ^= _spans(y1, y2, y) & (at_corner ^ at_right)
        above ^= _spans(x1, x2, x) & (at_corner ^ at_above)
        opposite ^= _spans(y1, y2, y + side) & (at_above ^ at_middle)
        # An edge misses a child if its box does, or if the line through it passes the middle of the child by more than
        # its corners are off. Products below 2^66 as floats are right to 2^13, five of them to 2^16.
        over, rise = 2.0 * float(dy) * float(side), 2.0 * float(dx) * float(side)
        off = float(dx) * float(2 * (y - y1) + side) - float(dy) * float(2 * (x - x1) + side)
        reach = 0.5 * (abs(over) + abs(rise)) + _SLOPPY
        west, east = min(x1, x2) <= x + side, max(x1, x2) >= x + side
        south, north = min(y1, y2) <= y + side, max(y1, y2) >= y + side
        listed[stop_0] = listed[stop_1] = listed[stop_2] = listed[stop_3] = i
        stop_0 += int(west & south & (abs(off) <= reach))
        stop_1 += int(east & south & (abs(off - over) <= reach))
        stop_2 += int(west & north & (abs(off + rise) <= reach))
        stop_3 += int(east & north & (abs(off + rise - over) <= reach))
    opposite ^= above
    first, end = waiting[depth, _FIRST], waiting[depth, _END]
    half = _within(codes, starts, low, corner + 2 * quarter, first, end)
    cut = _within(codes, starts, low, corner + quarter, first, half)
    last = _within(codes, starts, low, corner + 3 * quarter, half, end)
    depth += _wait(waiting[depth], corner + 3 * quarter, level, last, end, stop, stop_3, opposite)
    depth += _wait(waiting[depth], corner + 2 * quarter, level, half, last, stop + room, stop_2, above)
    depth += _wait(waiting[depth], corner + quarter, level, cut, half, stop + 2 * room, stop_1, right)
    return depth + _wait(waiting[depth], corner, level, first, cut, stop + 3 * room, stop_0, inside)


@njit(nogil=True, cache=True)
def _add_tested(
    codes: Whole, edges: Whole, listed: Listed, cell: Whole, lanes: Whole, found: Whole, count: int, before: int
) -> tuple[Whole, int]:
    """Add those places of a cell that are inside or on an edge."""
    first, end = cell[_FIRST], cell[_END]
    if cell[_LEVEL] == 0:  # all at one spot, however many
        _test(codes[first : first + 1], edges, listed, cell, lanes)
        return _add(found, count, before, first, end) if lanes[_IN, 0] else (found, count)
    for start in range(first, end, _LANES):
        some = codes[start : min(start + _LANES, end)]
        _test(some, edges, listed, cell, lanes)
        for k in range(len(some)):
            if lanes[_IN, k]:
                found, count = _add(found, count, before, start + k, start + k + 1)
    return found, count


@njit(nogil=True, cache=True)
def _test(codes: Whole, edges: Whole, listed: Listed, cell: Whole, lanes: Whole) -> None:
    """Set lanes[_IN] to 1 for each of at most `_LANES` places of a cell that is inside or on an edge, else to 0."""
    left, low = _gather(cell[_CORNER]), _gather(cell[_CORNER] >> 1)
    xs, ys, is_in, is_on = lanes[_X], lanes[_Y], lanes[_IN], lanes[_ON]
    for k in range(_LANES):
        code = codes[min(k, len(codes) - 1)]
        xs[k], ys[k], is_in[k], is_on[k] = _gather(code), _gather(code >> 1), cell[_INSIDE], 0
    for i in listed:
        x1, y1, dx, dy, tie = _edge(edges, i)
        x2, y2 = edges[i, 2], edges[i, 3]
        west, east, south, north = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        spans_left = _spans(x1, x2, left)
        at_left = dy * (left - x1)
        at_corner = _is_left(dx * (low - y1) - at_left, tie)
        for k in range(_LANES):
            x, y = xs[k], ys[k]
            rise = dx * (y - y1)
            turn = rise - dy * (x - x1)
            at_bend = _is_left(rise - at_left, tie)
            is_in[k] ^= (spans_left & (at_corner ^ at_bend)) ^ (_spans(y1, y2, y) & (at_bend ^ int(turn > 0)))
            in_box = int(west <= x) & int(x <= east) & int(south <= y) & int(y <= north)
            is_on[k] |= int(turn == 0) & in_box
    for k in range(_LANES):
        is_in[k] |= is_on[k]


@njit(nogil=True, cache=True)
def _edge(edges: Whole, i: int) -> tuple[int, int, int, int, int]:
    """Return where an edge begins, its run, and 1 if what is on its line lies left when moved by the two steps."""
    dx, dy = edges[i, 2] - edges[i, 0], edges[i, 3] - edges[i, 1]
    return edges[i, 0], edges[i, 1], dx, dy, int(dx > 0 or (dx == 0 and dy < 0))


@njit(nogil=True, cache=True)
def _is_left(turn: int, tie: int) -> int:
    """Return 1 if a position, moved by the two steps, lies left of an edge, else 0; `turn` is twice the triangle."""
    return int(turn + tie > 0)


@njit(nogil=True, cache=True)
def _spans(one: int, other: int, at: int) -> int:
    return int((one <= at) != (other <= at))


@njit(nogil=True, cache=True)
def _low_bits(starts: Starts) -> int:
    """Return how many bits of a code `starts` does not tell apart."""
    low = CODE_BITS
    while (1 << (CODE_BITS - low)) < len(starts) - 1:
        low -= 1
    return low


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
