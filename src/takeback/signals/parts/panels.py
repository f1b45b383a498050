"""Places of pictures inside what is shown: in a border, a screenshot, a collage, on another picture.

A global hash sees the whole frame, so a known picture is missed as soon as something is put around it. Two
searches find parts that could have been pictures of their own, on a small grey copy:

1. Border and gutters: strip uniform edges, part at uniform lines, and so on inside the parts (XY-cut, depth
3).
2. Long straight edges: rectangles all of whose sides are edges or the picture's rim; for pictures without a
gap between them, on another picture, in a bubble or on a page.

A part too many costs one hash (a fraction of a millisecond) and no false match; a part too few loses the
picture. So doubtful parts are kept, up to a number. Edges that are not level are left to the second stage.
Every decoder process loads this module, so it needs nothing but numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from takeback.signals.model import Box, Cut

Grey: TypeAlias = NDArray[np.uint8]
Truths: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float32]

MOST_CUTS = 15
"""Together with the trimmed form."""
SMALLEST_SIDE = 64
"""Pixels; a smaller part has too little detail for a hash."""
SMALLEST_SHARE = 0.15
"""Of the same side of the whole; smaller parts are buttons, faces and letters."""
_SEARCH_SIDE = 400
"""Pixels; longer pictures are searched at every second, third ... pixel."""
_SAME = 0.97
"""Two boxes whose overlap is this share of their union hold the same picture."""
_TOLERANCE = 14
"""Grey levels that JPEG moves a uniform line by."""
_STRAY = 0.015
"""Share of a uniform line's pixels that may differ more."""
_ROUNDED = 0.1
"""The same for the border of a rectangle whose corners are rounded."""
_RIM = 8
"""Such a border is at most an eighth of the rectangle's side."""
_DEPTH = 3
_EDGE = 12
"""Grey levels between the two sides of an edge."""
_BESIDE = 8
"""Pixels on either side of a line that it is compared with."""
_BLOCKS = 8
"""An edge is looked for in eighths of a side: the sides of what lies on a picture are longer than two."""
_LINES = 10
"""The strongest straight edges of each direction that rectangles are made of."""
_STANDS_OUT = 0.37
"""How much more of a line's pixels must be edges than those of its neighbours."""
_WEAKEST_SIDE = 0.5
"""Share of a rectangle's side that must be an edge."""
_MOST_RECTANGLES = 5


class _Area(NamedTuple):
    """Rows `top` to `bottom`, columns `left` to `right`, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)

    def of(self, grey: Grey) -> Grey:
        return grey[self.top : self.bottom, self.left : self.right]


class _Lines(NamedTuple):
    """The straight edges of one direction, with both rims of the picture."""

    at: NDArray[np.intp]
    """Where: the line lies before this column or row. Ascending; the first is 0, the last the length."""
    edges: NDArray[np.int32]
    """[line, place]: how many of the line's pixels up to a place are edges."""


def cuts(grey: Grey) -> tuple[tuple[Cut, Box], ...]:
    """Find the parts of uint8 [height, width] that may be pictures of their own, in its pixels.

    Returns:
        Its trimmed form, if it has a uniform border, then panels, the likeliest first; `MOST_CUTS` at most.
        No two are nearly the same, and none is nearly the whole.
    """
    height, width = grey.shape
    if min(height, width) < SMALLEST_SIDE:
        return ()
    step = -(-max(height, width) // _SEARCH_SIDE)
    small = np.ascontiguousarray(grey[::step, ::step])
    rows, columns = small.shape
    whole = _Area(0, 0, columns, rows)
    least = tuple(max(SMALLEST_SIDE / step, side * SMALLEST_SHARE) for side in (columns, rows))
    kept: list[_Area] = []

    def keep(area: _Area) -> bool:
        large = area.right - area.left >= least[0] and area.bottom - area.top >= least[1]
        new = large and all(_overlap(area, other) < _SAME for other in (whole, *kept))
        if new:
            kept.append(area)
        return new

    search = _Search(small)
    trimmed = _trim(search, whole)
    border = keep(trimmed)
    segments = _segments(search, trimmed, _DEPTH, least)
    # What nothing parts comes first: all cells of a collage before its rows and columns.
    for area, _ in sorted(segments, key=lambda found: (found[1], -found[0].size)):
        keep(area)
    found = 0
    for area in _rectangles(small, least):
        if any(_overlap(area, other) >= _SAME for other in kept):
            continue
        peeled = _peel(small, area)
        found += (keep(peeled) if peeled != area else False) + keep(area) > 0
        if found == _MOST_RECTANGLES:
            break
    return _enlarged(grey, kept, step, border=border)


def _enlarged(grey: Grey, areas: Sequence[_Area], step: int, *, border: bool) -> tuple[tuple[Cut, Box], ...]:
    """Return the areas in pixels of the picture. Sides move to edges nearby: of two that become one, one
    stays.
    """
    taken = [_Area(0, 0, grey.shape[1], grey.shape[0])]
    parts: list[tuple[Cut, Box]] = []
    for number, area in enumerate(areas):
        box = _enlarge(grey, area, step)
        place = _Area(box.left, box.top, box.left + box.width, box.top + box.height)
        if len(parts) < MOST_CUTS and all(_overlap(place, other) < _SAME for other in taken):
            taken.append(place)
            parts.append((Cut.TRIMMED if border and number == 0 else Cut.PANEL, box))
    return tuple(parts)


def _overlap(one: _Area, other: _Area) -> float:
    """Return intersection over union."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    if across <= 0 or down <= 0:
        return 0.0
    return across * down / (one.size + other.size - across * down)


# --- 1. border and gutters ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Search:
    """A picture and what is known of its lines: the same area is asked for its border and for its gutters."""

    grey: Grey
    seen: dict[tuple[_Area, bool], tuple[Floats, NDArray[np.int16]]] = field(default_factory=dict)

    def strays(self, area: _Area, *, rows: bool) -> tuple[Floats, NDArray[np.int16]]:
        """Return, of each row (or column) of an area, how much of it is not of its one colour, and the
        colour.
        """
        known = self.seen.get((area, rows))
        if known is None:
            part = area.of(self.grey)
            known = self.seen[area, rows] = _strays(part if rows else part.T)
        return known


def _strays(grey: Grey) -> tuple[Floats, NDArray[np.int16]]:
    """Return the share of each row that is far from its colour, which is the median of nine of its pixels."""
    height, width = grey.shape
    colour = np.partition(grey[:, np.arange(9) * (width - 1) // 8], 4, axis=1)[:, 4]
    level = colour[:, None]
    # Unsigned bytes stay bytes: a quarter of the time of a signed difference.
    stray = (np.maximum(grey, level) - np.minimum(grey, level)) > _TOLERANCE
    count = np.zeros(height, dtype=np.int32)
    if stray.flags.c_contiguous:
        count += np.bitwise_count(np.packbits(stray, axis=1)).sum(axis=1, dtype=np.int32)
    else:
        count += _count_down(stray.T)
    return (count / width).astype(np.float32), colour.astype(np.int16)


def _count_down(truths: Truths) -> NDArray[np.int32]:
    """Count the true ones of each column; bytes are added as bytes while they cannot overflow."""
    count = np.zeros(truths.shape[1], dtype=np.int32)
    for top in range(0, len(truths), 255):
        count += np.add.reduce(truths[top : top + 255].view(np.uint8), axis=0, dtype=np.uint8)
    return count


def _trim(search: _Search, area: _Area, stray: float = _STRAY) -> _Area:
    """Return an area without its uniform border; of a border in a border both go."""
    for _ in range(2):
        before = area
        start, stop = _inside(*search.strays(area, rows=True), stray)
        if start >= stop:
            return before
        area = area._replace(top=area.top + start, bottom=area.top + stop)
        start, stop = _inside(*search.strays(area, rows=False), stray)
        if start >= stop:
            return before
        area = area._replace(left=area.left + start, right=area.left + stop)
        if area == before:
            break
    return area


def _peel(grey: Grey, area: _Area) -> _Area:
    """Return a rectangle without its rounded corners and thin white edges: only its rim is looked at."""
    rows, columns = (area.bottom - area.top) // _RIM, (area.right - area.left) // _RIM
    part = area.of(grey)
    top, bottom = _uniform(part[:rows]), _uniform(part[: -rows - 1 : -1])
    level = part[top : len(part) - bottom].T
    left, right = _uniform(level[:columns]), _uniform(level[: -columns - 1 : -1])
    return _Area(area.left + left, area.top + top, area.right - right, area.bottom - bottom)


def _uniform(lines: Grey) -> int:
    """Count the lines of one colour before the first that is not."""
    # Nearly always the outermost line says no, and one line is cheap.
    line = lines[0].astype(np.int16)
    level = np.partition(line[np.arange(9) * (len(line) - 1) // 8], 4)[4]
    if np.count_nonzero(np.abs(line - level) > _TOLERANCE) > _ROUNDED * len(line):
        return 0
    strays, colour = _strays(lines)
    other = (strays > _ROUNDED) | (np.abs(colour - colour[0]) > _TOLERANCE)
    return int(other.argmax()) if other.any() else len(lines)


def _inside(strays: Floats, colour: NDArray[np.int16], stray: float) -> tuple[int, int]:
    """Return the lines that are left when uniform ones of one colour are taken from either end."""
    uniform = strays <= stray
    ends: list[int] = []
    for lines, colours in ((uniform, colour), (uniform[::-1], colour[::-1])):
        other = ~lines | (np.abs(colours - colours[0]) > _TOLERANCE)
        ends.append(int(other.argmax()) if other.any() else len(other))
    return ends[0], len(uniform) - ends[1]


def _segments(search: _Search, area: _Area, depth: int, least: tuple[float, ...]) -> list[tuple[_Area, bool]]:
    """Return the parts between gutters, and the parts between theirs (XY-cut), each with whether it has such
    parts.
    """
    if depth == 0:
        return []
    down = _runs(search.strays(area, rows=True)[0] <= _STRAY, least[1])
    across = _runs(search.strays(area, rows=False)[0] <= _STRAY, least[0])
    parts = [area._replace(top=area.top + start, bottom=area.top + stop) for start, stop in down]
    parts += [area._replace(left=area.left + start, right=area.left + stop) for start, stop in across]
    found: list[tuple[_Area, bool]] = []
    for part in parts:
        inner = _trim(search, part)
        if inner.right - inner.left >= least[0] and inner.bottom - inner.top >= least[1]:
            inside = _segments(search, inner, depth - 1, least)
            found += [(inner, bool(inside)), *inside]
    return found


def _runs(uniform: Truths, least: float) -> list[tuple[int, int]]:
    """Return the lines between uniform ones, where they are many enough; none if nothing parts them."""
    # A single uniform line is chance; a gutter has two at least.
    gutter = uniform.copy()
    gutter[1:-1] &= uniform[:-2] | uniform[2:]
    framed = np.ones(len(gutter) + 2, dtype=np.bool_)
    framed[1:-1] = gutter
    turns = np.flatnonzero(framed[1:] != framed[:-1])
    runs = [(int(start), int(stop)) for start, stop in turns.reshape(-1, 2) if stop - start >= least]
    return [] if runs == [(0, len(uniform))] else runs


# --- 2. long straight edges --------------------------------------------------------------------------------


def _rectangles(grey: Grey, least: tuple[float, ...]) -> list[_Area]:
    """Return rectangles all of whose sides are edges or rims, the likeliest first."""
    if min(grey.shape) < _BLOCKS:
        # A strip fifty times as long as it is wide: too narrow to be looked for lines in.
        return []
    across, down = _lines(grey), _lines(grey.T)
    if len(across.at) + len(down.at) == 4:  # noqa: PLR2004 (the rims alone)
        return []
    # How much of a line is an edge between two lines of the other direction: [line, from, to].
    upright, level = _shares(across, down.at), _shares(down, across.at)
    # By left, right, top, bottom: the weakest of the four sides.
    weakest = np.minimum(
        np.minimum(upright[:, None], upright[None]),
        np.minimum(level[:, None], level[None]).transpose(2, 3, 0, 1),
    )
    wide = least[0] <= np.subtract.outer(across.at, across.at).T
    high = least[1] <= np.subtract.outer(down.at, down.at).T
    weakest = np.where(wide[:, :, None, None] & high[None, None], weakest, 0)
    weakest[0, -1, 0, -1] = 0
    likely = np.argwhere(weakest >= _WEAKEST_SIDE)
    if not len(likely):
        return []
    left, right, top, bottom = likely.T
    # A rectangle that a line parts from side to side is two pictures: it comes after those that none parts.
    parted = _parted(upright, left, right, top, bottom) | _parted(level, top, bottom, left, right)
    strength = weakest[left, right, top, bottom] - parted
    order = np.argsort(-strength, kind="stable")[: 4 * _MOST_RECTANGLES]
    return [
        _Area(
            int(across.at[left[i]]), int(down.at[top[i]]), int(across.at[right[i]]), int(down.at[bottom[i]])
        )
        for i in order
    ]


def _parted(
    shares: Floats,
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    start: NDArray[np.intp],
    stop: NDArray[np.intp],
) -> Truths:
    """Return whether a line between the first and the last is an edge all along the other two."""
    counted = np.cumsum(shares >= _WEAKEST_SIDE, axis=0)
    return counted[last - 1, start, stop] > counted[first, start, stop]


def _lines(grey: Grey) -> _Lines:
    """Return the strongest upright edges."""
    height, width = grey.shape
    left, right = grey[:, :-2], grey[:, 2:]
    edge = (np.maximum(left, right) - np.minimum(left, right)) > _EDGE
    rows = height // _BLOCKS
    # At most 80 rows of the search are an eighth, so bytes can be added as bytes.
    eighths = edge[: rows * _BLOCKS].view(np.uint8).reshape(_BLOCKS, rows, -1)
    blocks = np.add.reduce(eighths, axis=1, dtype=np.uint8).astype(np.float32)
    windows = (blocks[:-1] + blocks[1:]) / (2 * rows)
    # Texture has edges everywhere; a border has more than what lies beside it.
    summed = np.zeros((_BLOCKS - 1, width - 1), dtype=np.float32)
    np.cumsum(windows, axis=1, out=summed[:, 1:])
    places = np.arange(width - 2)
    first, last = np.maximum(places - _BESIDE, 0), np.minimum(places + _BESIDE + 1, width - 2)
    score = (windows - (summed[:, last] - summed[:, first]) / (last - first)).max(axis=0)
    score -= np.arange(width - 2, dtype=np.float32) * np.float32(1e-6)  # an edge two pixels wide counts once
    peaks = np.flatnonzero((score >= _STANDS_OUT) & (score == _highest_nearby(score)))
    columns = np.sort(peaks[np.argsort(-score[peaks], kind="stable")[:_LINES]])
    edges = np.zeros((len(columns) + 2, height + 1), dtype=np.int32)
    np.cumsum(edge[:, columns].T, axis=1, out=edges[1:-1, 1:])
    edges[[0, -1]] = np.arange(height + 1)
    # The edge seen between column i and i + 2 is the step to i + 1 or to i + 2.
    return _Lines(np.concatenate(([0], columns + _steepest(grey, columns), [width])), edges)


def _highest_nearby(score: Floats) -> Floats:
    """Return the largest value within three places of each."""
    padded = np.zeros(len(score) + 6, dtype=score.dtype)
    padded[3:-3] = score
    two = np.maximum(padded[:-1], padded[1:])
    four = np.maximum(two[:-2], two[2:])
    return np.maximum(four[:-3], four[3:])


def _steepest(grey: Grey, columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return 1 or 2: to which of the next two columns the picture changes more."""
    near = [grey[:, columns + shift].astype(np.int16) for shift in range(3)]
    first, second = (np.abs(near[shift + 1] - near[shift]).sum(axis=0) for shift in range(2))
    return np.where(first > second, 1, 2)


def _shares(lines: _Lines, ends: NDArray[np.intp]) -> Floats:
    """Return [line, from, to]: the share of edge pixels of each line between two ends; 0 the wrong way
    round.
    """
    counts = lines.edges[:, ends]
    lengths = ends[None, :] - ends[:, None]
    inside = counts[:, None, :] - counts[:, :, None]
    return np.where(lengths > 0, inside / np.maximum(lengths, 1), 0).astype(np.float32)


# --- back to full size -------------------------------------------------------------------------------------


def _enlarge(grey: Grey, area: _Area, step: int) -> Box:
    """Return the area in pixels of the whole array, each side moved to the steepest step nearby."""
    height, width = grey.shape
    left, right = (min(x * step, width) for x in (area.left, area.right))
    top, bottom = (min(y * step, height) for y in (area.top, area.bottom))
    if step > 1:
        rows, columns = slice(top, bottom, step), slice(left, right, step)
        left, right = (_snap(grey[rows], x, step) for x in (left, right))
        top, bottom = (_snap(grey[:, columns].T, y, step) for y in (top, bottom))
    return Box(left, top, right - left, bottom - top)


def _snap(grey: Grey, at: int, step: int) -> int:
    """Return the place near `at` before which the columns change most; a rim stays."""
    length = grey.shape[1]
    if at in (0, length):
        return at
    first, last = max(0, at - step - 1), min(length, at + step + 1)
    strip = grey[:, first:last].astype(np.int16)
    return first + 1 + int(np.abs(strip[:, 1:] - strip[:, :-1]).sum(axis=0).argmax())
