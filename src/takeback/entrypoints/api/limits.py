"""How much one key may ask: a bucket that fills steadily and pays for each question. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

PER_SECOND = 100.0
"""Questions about a hash that a key may ask for good; a picture costs as much as ten."""
MOST = 500.0
"""Saved up, for bursts."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a key has left."""

    tokens: float
    at: datetime


def take(bucket: Bucket | None, cost: float, now: datetime) -> tuple[Bucket, timedelta]:
    """Pay for one question.

    Returns:
        The bucket afterwards, and how long to wait: zero means that it was paid, else nothing was taken.
    """
    bucket = bucket or Bucket(MOST, now)
    passed = max((now - bucket.at).total_seconds(), 0.0)
    tokens = min(bucket.tokens + passed * PER_SECOND, MOST)
    if tokens < cost:
        return Bucket(tokens, now), timedelta(seconds=(cost - tokens) / PER_SECOND)
    return Bucket(tokens - cost, now), timedelta(0)
