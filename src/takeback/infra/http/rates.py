"""Token buckets, for whatever may be asked so many times at once and then so often. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket's size, and the time in which it gains one token."""

    burst: int
    every: timedelta

    def times(self, factor: int) -> "Rate":
        """Return the rate for something so many times as large."""
        return Rate(self.burst * factor, self.every / factor)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The content of a bucket when it was last looked at."""

    tokens: float
    at: datetime


def take(rate: Rate, bucket: Bucket | None, now: datetime, cost: float = 1) -> tuple[Bucket, timedelta]:
    """Take tokens if there are enough; None is a full bucket.

    Returns:
        The bucket afterwards, and the time to wait until there are enough: zero if they were taken.
    """
    bucket = bucket or Bucket(rate.burst, now)
    tokens = min(float(rate.burst), bucket.tokens + max(timedelta(), now - bucket.at) / rate.every)
    if tokens < cost:
        return Bucket(tokens, now), (cost - tokens) * rate.every
    return Bucket(tokens - cost, now), timedelta()
