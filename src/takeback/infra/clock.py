"""The one place that reads the clock. Rules take `now` as an argument; only shells call this."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present, in UTC, to the microsecond."""
    return datetime.now(UTC)
