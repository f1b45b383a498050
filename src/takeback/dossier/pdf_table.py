"""Long tables on paper: each row ruled below, the head again on each page.

A case with a thousand exhibits has tens of thousands of cells. ReportLab's own table measures and copies all
that is left for each page, and sets each cell as a paragraph; this one measures each letter once.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from reportlab.lib.colors import Color
from reportlab.platypus import Flowable
from typing_extensions import override

from takeback.dossier.pdf_fonts import printable, runs, width_of

_PADDING = 2
_LEADING = 1.25
"""Of a line, in sizes of its letters."""

Cell = str | tuple[str, ...]
"""Any text, which is broken where it must be; several: each begins on a line of its own."""
Lines = Sequence[Sequence[str]]
"""Of one row: each cell's lines."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a whole table is, wherever it is cut."""

    language: str
    size: float
    widths: Sequence[float]
    ink: Color
    rule: Color
    rows: Sequence[Lines]
    """The first is the head."""
    ends: Sequence[float]
    """How high so many of the rows are together."""


def ruled_table(
    language: str,
    size: float,
    widths: Sequence[float],
    rows: Sequence[Sequence[Cell]],
    ink: Color,
    rule: Color,
) -> "RuledTable":
    """A whole table.

    Args:
        language: whose font its letters have.
        size: of the letters, in points.
        widths: of the columns, in points.
        rows: each cell's text; the first row is the head.
        ink: colour of the letters.
        rule: colour of the lines between rows.
    """
    inner = [width - 2 * _PADDING for width in widths]
    lines = [
        [
            [line for text in _texts(cell) for line in broken(language, printable(text), size, width)]
            for cell, width in zip(row, inner, strict=True)
        ]
        for row in rows
    ]
    ends = [0.0, *accumulate(_tall(row, size) for row in lines)]
    return RuledTable(_Setting(language, size, widths, ink, rule, lines, ends), 1, len(lines))


class RuledTable(Flowable):
    """The head of a table, and its rows from `first` up to `last`."""

    def __init__(self, setting: _Setting, first: int, last: int) -> None:
        super().__init__()
        self._setting, self._first, self._last = setting, first, last

    @override
    def wrap(self, aW: float, aH: float) -> tuple[float, float]:
        """Width and height, whatever is available."""
        ends = self._setting.ends
        return sum(self._setting.widths), ends[1] + ends[self._last] - ends[self._first]

    @override
    def split(self, aW: float, aH: float, /) -> list[Flowable]:
        """Return what fits the height, and the rest; nothing if not even one row fits."""
        ends = self._setting.ends
        cut = bisect_right(ends, aH - ends[1] + ends[self._first]) - 1
        if not self._first < cut < self._last:
            return []
        return [RuledTable(self._setting, self._first, cut), RuledTable(self._setting, cut, self._last)]

    def draw(self) -> None:
        """From the top down."""
        setting, (width, top) = self._setting, self.wrap(0, 0)
        text = self.canv.beginText()
        text.setFillColor(setting.ink)
        for number in (0, *range(self._first, self._last)):
            row, left = setting.rows[number], 0.0
            for cell, wide in zip(row, setting.widths, strict=True):
                for place, line in enumerate(cell):
                    y = top - _PADDING - setting.size * (1 + place * _LEADING)
                    text.setTextOrigin(left + _PADDING, y)
                    for font, run in runs(setting.language, line):
                        text.setFont(font, setting.size)
                        text.textOut(run)
                left += wide
            top -= _tall(row, setting.size)
            self.canv.setStrokeColor(setting.rule if number else setting.ink)
            self.canv.setLineWidth(0.3 if number else 0.8)
            self.canv.line(0, top, width, top)
        self.canv.drawText(text)


def _texts(cell: Cell) -> tuple[str, ...]:
    return (cell,) if isinstance(cell, str) else cell


def _tall(row: Lines, size: float) -> float:
    return max(map(len, row)) * size * _LEADING + 2 * _PADDING


def broken(language: str, text: str, size: float, width: float) -> list[str]:
    """A printable text in lines: broken at spaces, and anywhere where there is none, as in a hash."""
    lines: list[str] = []
    start, space, used = 0, -1, 0.0
    for place, letter in enumerate(text):
        used += width_of(language, letter) * size
        while used > width and place > start:
            cut = space + 1 if space >= start else place
            lines.append(text[start:cut].rstrip())
            start, used = cut, size * sum(width_of(language, each) for each in text[cut : place + 1])
        if letter == " ":
            space = place
    return [*lines, text[start:]]
