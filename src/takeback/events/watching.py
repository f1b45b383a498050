"""What can happen to a watcher itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchSetAside:
    """Posts of a stream could not be processed, for a reason that nobody foresaw; the stream went on.

    They are kept and tried again. Recorded for the first of a stream, until none of it is set aside.
    """

    connector: str
    shard: str
    pieces: int
    """Posts and the like."""
    error: str
    """Its class."""


@dataclass(frozen=True, slots=True)
class WatcherFailed:
    """A part of a watcher ended for a reason that nobody foresaw; it is started again."""

    part: str
    error: str
    """Its class."""
