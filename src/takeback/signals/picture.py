"""A picture file to all its signals: the whole, its trimmed form and its panels, each hashed fast or exactly.

Where the parts lie is decided on the working picture (a JPEG decoded small), in both modes, so that fast and
exact always speak of the same parts. A hash made of the working picture comes with its doubt; one that is in
too much doubt is made of the full size at once. Who compares a doubtful hash and lands near a bank entry asks
again, exactly: the fast way changes speed, never an answer.

The trade-off: the exact way decodes a file twice. It is asked for entries and for the few files that come
near one, never for the many that pass.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals import pdq
from takeback.signals.decode import MAX_BYTES, MAX_PIXELS, Working, decode, working
from takeback.signals.model import MIN_QUALITY, Box, Cut, Pdq, Variant
from takeback.signals.panels import cuts
from takeback.signals.pdq_exact import Pixels
from takeback.signals.wire import Seen

_SAME = 2
"""Bits: a part this near to the whole, or to a part before it, is found whenever that is."""


class _Hashed(NamedTuple):
    pdq: Pdq
    doubt: int
    flips: tuple[Pdq, ...]


class _Source:
    """One file: its working picture, and its full-size pixels once somebody needs them."""

    def __init__(self, data: bytes, max_bytes: int, max_pixels: int) -> None:
        self.working = working(data, max_bytes=max_bytes, max_pixels=max_pixels)
        self._decode = partial(decode, data, max_bytes=max_bytes, max_pixels=max_pixels)
        self._rgb: Pixels | None = None

    def pixels(self, box: Box | None) -> Pixels:
        """A part of the picture at full size, or all of it."""
        if self._rgb is None:
            self._rgb = self._decode().rgb
        if box is None:
            return self._rgb
        return np.ascontiguousarray(
            self._rgb[box.top : box.top + box.height, box.left : box.left + box.width]
        )


def read_picture(
    data: bytes,
    *,
    exact: bool = False,
    flips: bool = False,
    box: Box | None = None,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
) -> Seen:
    """Reduce a picture file to its signals.

    Args:
        data: the whole file.
        exact: hash from the full size.
        flips: hash everything in all eight ways, and exactly.
        box: read this part as if it were the picture, without parts of its own; None: all of it.
        max_bytes: a longer file is refused.
        max_pixels: more pixels, declared or decoded, are refused.

    Raises:
        Unreadable: EMPTY, NOT_A_PICTURE, DAMAGED, TOO_MANY_BYTES, TOO_MANY_PIXELS or TOO_MUCH_MEMORY; DAMAGED
            also if the box does not lie in the picture.
    """
    source = _Source(data, max_bytes, max_pixels)
    shown = source.working
    if box is not None:
        if box.left + box.width > shown.width or box.top + box.height > shown.height:
            raise Unreadable(WhyUnreadable.DAMAGED, "the part does not lie in the picture")
        part = _hashed(source, box, exact=exact, flips=flips)
        return Seen(box.width, box.height, shown.format, part.pdq, part.doubt, part.flips, ())
    whole = _hashed(source, None, exact=exact, flips=flips)
    variants: list[Variant] = []
    for cut, inside in boxes(shown):
        part = _hashed(source, inside, exact=exact, flips=flips)
        before = (whole.pdq, *(variant.pdq for variant in variants))
        if part.pdq.quality >= MIN_QUALITY and min(_apart(part.pdq, other) for other in before) > _SAME:
            variants.append(Variant(cut, inside, part.pdq, part.doubt, part.flips))
    return Seen(shown.width, shown.height, shown.format, whole.pdq, whole.doubt, whole.flips, tuple(variants))


def boxes(shown: Working) -> Iterator[tuple[Cut, Box]]:
    """The parts of a working picture, in pixels of the picture at full size."""
    scale = shown.scale
    for cut, box in cuts(shown.grey):
        left, top = box.left * scale, box.top * scale
        # The last column and row of a working picture may stand for fewer pixels than the others.
        right = min((box.left + box.width) * scale, shown.width)
        bottom = min((box.top + box.height) * scale, shown.height)
        yield cut, Box(left, top, right - left, bottom - top)


def _hashed(source: _Source, box: Box | None, *, exact: bool, flips: bool) -> _Hashed:
    if flips:
        eight = pdq.hash_pixels_flips(source.pixels(box))
        return _Hashed(eight[0], 0, eight)
    if not exact:
        fast, doubt = pdq.hash_working(source.working, box)
        if doubt <= pdq.MAX_DOUBT:
            return _Hashed(fast, doubt, ())
    return _Hashed(pdq.hash_pixels(source.pixels(box)), 0, ())


def _apart(one: Pdq, other: Pdq) -> int:
    return (int.from_bytes(one.hash) ^ int.from_bytes(other.hash)).bit_count()
