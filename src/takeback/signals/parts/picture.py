"""A picture file to all its signals: the whole, its trimmed form and its panels, each hashed fast or exactly.

The working picture (a JPEG decoded small) decides where parts lie, in both modes, so that fast and exact
always speak of the same parts. A hash of the working picture comes with its doubt; one in too much doubt is
made of the full size at once. Who compares a doubtful hash and lands near a bank entry asks again, exactly.

Everything else that the file can show (`stills`) is a view with parts of its own. Those are always hashed
exactly, since few files have any.

The exact way decodes a file twice. It is asked for entries and for the few files that come near one, never
for the many that pass.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from takeback.errors import Unreadable
from takeback.signals.model import MIN_QUALITY, MOST_PARTS, Box, Cut, Pdq, PictureSignals, Variant
from takeback.signals.parts.budget import Budget
from takeback.signals.parts.decode import (
    MAX_BYTES,
    MAX_PIXELS,
    Picture,
    Working,
    check_size,
    decode,
    in_grey,
    opened,
    said_as_unreadable,
    working_of,
)
from takeback.signals.parts.panels import cuts
from takeback.signals.parts.stills import others
from takeback.signals.parts.view import Still
from takeback.signals.pdq import hashing
from takeback.signals.pdq.reference import Pixels

_SAME = 2
"""Bits: a part this near to the whole, or to a part before it, is found whenever that is."""
MOST_VIEWS = 40
"""Of one picture file, beside the ordinary one."""
VIEW_PIXELS = 64_000_000
"""Of all of them together: one of the largest photographs on black, or 16 frames of 4 megapixels."""
VIEW_SECONDS = 5.0
"""From the beginning of the reading."""


class _Hashed(NamedTuple):
    pdq: Pdq
    doubt: int
    flips: tuple[Pdq, ...]


class _Source:
    """One view: its working picture, and its full-size pixels once somebody needs them."""

    def __init__(self, shown: Working, full: Picture | partial[Picture]) -> None:
        self.working = shown
        self._full = full

    def pixels(self, box: Box | None) -> Pixels:
        """Return a part of the picture at full size, or all of it."""
        if not isinstance(self._full, Picture):
            self._full = self._full()
        return part_of_pixels(self._full.rgb, box)


class Parts:
    """Hashes of one file's views, as far as they differ; with `flips` in all eight ways."""

    def __init__(self, *, flips: bool) -> None:
        self._flips = flips
        self._all: list[Pdq] = []
        self.variants: list[Variant] = []

    def first(self, source: _Source, *, exact: bool) -> _Hashed:
        """Take the ordinary view's parts. Returns the hash of its whole."""
        whole = self._hashed(source, None, exact=exact)
        self._all.append(whole.pdq)
        self.variants += self._inside(source, "", exact=exact)
        return whole

    def add(self, still: Still, rgb: Pixels) -> None:
        """Take a further view, if it shows anything that no view before it does."""
        source = _Source(in_grey(Picture(rgb, "")), Picture(rgb, ""))
        whole = self._hashed(source, None, exact=True)
        is_new = whole.pdq.quality >= MIN_QUALITY and not self._is_known(whole.pdq, still.apart)
        if not is_new and still.apart > _SAME:
            return
        self._all.append(whole.pdq)
        # Two frames may differ in a small part alone, which moves no bit of the whole.
        inside = self._inside(source, still.name, exact=True)
        if is_new or inside:
            box = Box(0, 0, source.working.width, source.working.height)
            self._keep(Variant(Cut.WHOLE, box, whole.pdq, 0, whole.flips, still.name), *inside)

    def add_moment(self, moment: Variant) -> None:
        """Take a moment of a clip in the file."""
        if not self._is_known(moment.pdq, _SAME):
            self._all.append(moment.pdq)
            self._keep(moment)

    def _keep(self, *variants: Variant) -> None:
        self.variants += variants[: max(0, MOST_PARTS - len(self.variants))]

    @property
    def is_full(self) -> bool:
        """Whether no more can be kept."""
        return len(self.variants) >= MOST_PARTS

    def _inside(self, source: _Source, view: str, *, exact: bool) -> list[Variant]:
        found = []
        for cut, box in boxes(source.working):
            part = self._hashed(source, box, exact=exact)
            if part.pdq.quality >= MIN_QUALITY and not self._is_known(part.pdq, _SAME):
                self._all.append(part.pdq)
                found.append(Variant(cut, box, part.pdq, part.doubt, part.flips, view))
        return found

    def _is_known(self, value: Pdq, apart: int) -> bool:
        return any(value.apart(other) <= apart for other in self._all)

    def _hashed(self, source: _Source, box: Box | None, *, exact: bool) -> _Hashed:
        if self._flips:
            eight = hashing.hash_pixels_flips(source.pixels(box))
            return _Hashed(eight[0], 0, eight)
        if not exact:
            fast, doubt = hashing.hash_working(source.working, box)
            if doubt <= hashing.MAX_DOUBT:
                return _Hashed(fast, doubt, ())
        return _Hashed(hashing.hash_pixels(source.pixels(box)), 0, ())


def read_picture(data: bytes, *, exact: bool = False, flips: bool = False) -> PictureSignals:
    """Reduce a picture file to the signals of all that it can show, in this process.

    For files of known origin: a stranger's file belongs in `sandbox.Decoder`.

    Args:
        data: the whole file.
        exact: hash from the full size.
        flips: hash everything in all eight ways, and exactly.

    Raises:
        Unreadable: as `views_of`.
    """
    seen = views_of(data, exact=exact, flips=flips)
    return replace(seen, sha256=hashlib.sha256(data).digest())


def views_of(
    data: bytes,
    *,
    exact: bool = False,
    flips: bool = False,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    seconds: float = VIEW_SECONDS,
) -> PictureSignals:
    """Return the signals of all that a picture file can show, without its SHA-256.

    Args:
        data: the whole file.
        exact: hash from the full size.
        flips: hash everything in all eight ways, and exactly.
        max_bytes: a longer file is refused.
        max_pixels: more pixels of the ordinary view, declared or decoded, are refused.
        seconds: after which no further view is begun; those that come later are left out.

    Raises:
        Unreadable: EMPTY, NOT_A_PICTURE, DAMAGED, TOO_MANY_BYTES, TOO_MANY_PIXELS or TOO_MUCH_MEMORY.
    """
    check_size(data, max_bytes)
    # A picture that took long to read has no time left for further views: it must not be lost for them.
    budget = Budget(seconds, views=MOST_VIEWS, max_pixels=max_pixels, pixels=VIEW_PIXELS)
    parts = Parts(flips=flips)
    with said_as_unreadable(), opened(data, max_pixels) as image:
        shown, whole = _ordinary(parts, data, image, max_pixels, exact=exact)
        for still in others(data, image, "", budget):
            take(parts, still, budget)
        return PictureSignals(
            b"",
            whole.pdq,
            shown.width,
            shown.height,
            shown.format,
            whole.flips,
            tuple(parts.variants),
            whole.doubt,
            budget.left_out,
        )


def _ordinary(
    parts: Parts, data: bytes, image: Image.Image, max_pixels: int, *, exact: bool
) -> tuple[Working, _Hashed]:
    """Take the ordinary view; its full-size pixels are let go before further views are decoded."""
    shown, full = working_of(data, image, max_pixels)
    again = partial(decode, data, max_bytes=len(data), max_pixels=max_pixels)
    return shown, parts.first(_Source(shown, full or again), exact=exact)


def take(parts: Parts, still: Still, budget: Budget) -> None:
    """Take one further view, or count it as left out: over a bound, or damaged."""
    if budget.is_spent or parts.is_full:
        budget.leave_out()
        return
    budget.take_view()
    try:
        rgb = still.load()
    except Unreadable as error:
        budget.could_not(error)
        return
    parts.add(still, rgb)


def first_of(parts: Parts, rgb: Pixels, format_: str) -> PictureSignals:
    """Take the ordinary view of a file whose pictures lie inside it. Returns what is seen so far."""
    source = _Source(in_grey(Picture(rgb, format_)), Picture(rgb, format_))
    whole = parts.first(source, exact=True)
    height, width = rgb.shape[:2]
    return PictureSignals(b"", whole.pdq, width, height, format_, whole.flips)


def part_of_pixels(rgb: Pixels, box: Box | None) -> Pixels:
    """Return a part of a picture, or all of it."""
    if box is None:
        return rgb
    return np.ascontiguousarray(rgb[box.top : box.top + box.height, box.left : box.left + box.width])


def boxes(shown: Working) -> Iterator[tuple[Cut, Box]]:
    """Yield the parts of a working picture, in pixels of the picture at full size."""
    scale = shown.scale
    for cut, box in cuts(shown.grey):
        left, top = box.left * scale, box.top * scale
        # The last column and row of a working picture may stand for fewer pixels than the others.
        right = min((box.left + box.width) * scale, shown.width)
        bottom = min((box.top + box.height) * scale, shown.height)
        yield cut, Box(left, top, right - left, bottom - top)
