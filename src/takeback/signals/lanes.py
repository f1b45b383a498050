"""Two lanes for strangers' files, so that no file holds up another that costs little.

The fast lane reads what is cheap by its header (`decoder.cost`). It has an allowance of processor time for
each kind of file, which fills steadily. Cheap files are free; dearer ones are charged with what they took. A
file that would take more than a quarter of what is left is deferred, unread. So a hundred dear files cost the
fast lane no more than its allowance, and files of other kinds nothing.

The slow lane has children, limits and a queue of its own, and reads one file at a time. What it cannot read
alone within the long limit is too slow for good. Time here is a stopwatch (`time.monotonic`).
"""

import threading
import time
from enum import Enum, auto

FAST_SECONDS = 5.0
"""The longest that one file may hold a fast child; one that does is read again in the slow lane."""
FAST_BYTES = 1 << 30
"""Address space of a fast child."""
SLOW_TIMES = 3
"""How much longer than `decode_seconds` a picture may take there; a clip three times as long again."""
FREE = 0.05
"""Seconds that any file may cost: 6 megapixels of JPEG, 0.8 of PNG."""
MOST = 4.0
"""Seconds that are saved up for each kind of file."""
REFILL = 0.5
"""Seconds a second."""
_SHARE = 4


class When(Enum):
    """How a caller wants a file read."""

    NOW = auto()
    """Wait for the slow lane, if it must be."""
    SOON = auto()
    """In the fast lane, or `Deferred`."""
    CROWDED = auto()
    """The same of a file that came with many others: nothing of it is free."""


class Allowance:
    """Seconds that the fast lane may still spend on each kind of file. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}
        """Seconds, and when that was so."""

    def most(self, kind: str, *, free: bool = True) -> float:
        """Return the seconds that one file may cost now; 0: it is deferred unread.

        With `free` it may cost `FREE` in any case, unless files of its kind took much longer than their
        headers said.
        """
        left = self._now(kind)
        return max(left / _SHARE, FREE if free and left > -MOST / 2 else 0.0)

    def charge(self, kind: str, seconds: float, *, free: bool = True) -> None:
        """Take what a file cost beyond what is free."""
        if free and seconds <= FREE:
            return
        left = self._now(kind)
        with self._lock:
            self._left[kind] = left - seconds, time.monotonic()

    def _now(self, kind: str) -> float:
        now = time.monotonic()
        with self._lock:
            left, at = self._left.get(kind, (MOST, now))
            return min(MOST, left + (now - at) * REFILL)
