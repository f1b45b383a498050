"""One rate limiter for every entry point: token buckets by name, in this process's memory.

The trade-off: each process counts for itself, and a restart forgets. What must be counted exactly is counted
in the database.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_BUCKETS = 60_000
"""Some 20 MB."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, then one more each so often."""

    burst: int
    every: timedelta

    def times(self, factor: int) -> "Rate":
        """Return the rate for something so many times as large."""
        return Rate(self.burst * factor, self.every / factor)


class RateLimiter:
    """Counts what was taken. Safe between threads.

    Args:
        most: buckets that are kept. The one that was silent for longest is forgotten, which refuses nobody.
    """

    def __init__(self, most: int = MOST_BUCKETS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._buckets: dict[bytes, tuple[float, datetime]] = {}

    def left(self, name: bytes, rate: Rate, now: datetime) -> float:
        """Return the tokens that a bucket has."""
        tokens, at = self._buckets.get(name, (float(rate.burst), now))
        return min(float(rate.burst), tokens + max(timedelta(), now - at) / rate.every)

    def take(self, rates: Mapping[bytes, Rate], now: datetime, cost: float = 1) -> timedelta:
        """Take tokens from all buckets, or from none.

        Args:
            rates: of each bucket, by its name.
            now: the present.
            cost: in tokens, of each bucket.

        Returns:
            How long to wait until all have enough; nothing if the tokens were taken.
        """
        with self._lock:
            left = {name: self.left(name, rate, now) for name, rate in rates.items()}
            waits = [max(0.0, cost - left[name]) * rate.every for name, rate in rates.items()]
            if wait := max(waits, default=timedelta()):
                return wait
            for name, tokens in left.items():
                self._buckets.pop(name, None)
                self._buckets[name] = tokens - cost, now
            while len(self._buckets) > self._most:
                del self._buckets[next(iter(self._buckets))]
        return timedelta()
