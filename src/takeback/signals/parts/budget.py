"""Bounds on all further views of one file together: time, pixels, bytes and number.

The ordinary view has limits of its own. The rest is bounded for the whole file, not for each view, so a small
file that unpacks to thousands of views costs no more than a large picture. What a bound leaves out is counted
in the reading. Time here is a stopwatch (`time.monotonic`).
"""

import time
from collections.abc import Iterator
from typing import TypeVar

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.parts.decode import MAX_PIXELS, said_as_unreadable

_T = TypeVar("_T")

MOST_LEFT_OUT = 65_535
"""A larger number is said as this one."""


class Budget:
    """The room that is left for one file.

    Args:
        seconds: from now; what comes later is left out.
        max_pixels: of one view.
        pixels: of all further views together; None: as many.
        views: how many.
        max_bytes: that may be unpacked out of the file, all members together.
    """

    def __init__(
        self,
        seconds: float,
        *,
        views: int,
        max_pixels: int = MAX_PIXELS,
        pixels: int | None = None,
        max_bytes: int = 256 << 20,
    ) -> None:
        self._deadline = time.monotonic() + seconds
        self._pixels = max_pixels if pixels is None else pixels
        self._bytes = max_bytes
        self._views = views
        self.max_pixels = max_pixels
        self.left_out = 0
        """Views, frames, pages or members that exist and were not looked at."""

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be looked at."""
        return self._views <= 0 or time.monotonic() > self._deadline

    @property
    def seconds_left(self) -> float:
        """Never less than 0."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def bytes_left(self) -> int:
        """Bytes that may still be unpacked."""
        return self._bytes

    def leave_out(self, count: int = 1) -> None:
        """Count what is not looked at."""
        self.left_out = min(MOST_LEFT_OUT, self.left_out + max(0, count))

    def could_not(self, error: Unreadable) -> None:
        """Count what could not be looked at, but for what is no picture and nobody can be shown."""
        if error.why is not WhyUnreadable.NOT_A_PICTURE:
            self.leave_out()

    def take_view(self) -> None:
        """Count one view that is looked at."""
        self._views -= 1

    def take_bytes(self, count: int) -> None:
        """Count what was unpacked."""
        self._bytes -= count

    def take_pixels(self, width: int, height: int) -> None:
        """Pay for a view before it is decoded. Raises Unreadable: TOO_MANY_PIXELS; the view is to be left
        out.
        """
        room = min(self._pixels, self.max_pixels)
        if width * height > room:
            raise Unreadable(WhyUnreadable.TOO_MANY_PIXELS, f"{width} x {height} pixels, room for {room}")
        self._pixels -= width * height


def guarded(items: Iterator[_T], budget: Budget) -> Iterator[_T]:
    """Yield what can be had of one source of views; where it breaks off, that counts as one left out."""
    try:
        with said_as_unreadable():
            yield from items
    except Unreadable as error:
        budget.could_not(error)
